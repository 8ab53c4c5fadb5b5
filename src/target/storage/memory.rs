//! Resources in memory: both tables behind one lock, and what undoes a unit of work that fails.

use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use super::table::{Entry, Table};
use super::{Record, Taken, Transaction};
use crate::target::Kind;

#[derive(Default)]
pub(super) struct Memory(RwLock<Tables>);

#[derive(Default)]
pub(super) struct Tables {
    users: Table,
    groups: Table,
}

impl Tables {
    pub(super) fn table(&self, kind: Kind) -> &Table {
        match kind {
            Kind::User => &self.users,
            Kind::Group => &self.groups,
        }
    }

    fn table_mut(&mut self, kind: Kind) -> &mut Table {
        match kind {
            Kind::User => &mut self.users,
            Kind::Group => &mut self.groups,
        }
    }
}

impl Memory {
    pub(super) fn read(&self) -> RwLockReadGuard<'_, Tables> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a unit of work. What it wrote is undone where it returns an error, or panics.
    pub(super) fn write<T, E>(&self, unit: impl FnOnce(&mut Transaction<'_>) -> Result<T, E>) -> Result<T, E> {
        let mut tables = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let mut transaction = Transaction::memory(Undoing { tables: &mut tables, steps: Vec::new() });
        let outcome = unit(&mut transaction);
        if outcome.is_ok() {
            transaction.keep();
        }
        outcome
    }
}

/// What takes one write back: what stood in its place before.
struct Step {
    kind: Kind,
    place: u64,
    before: Option<Entry>,
}

/// The tables, and the way back to how they were, which going out of scope takes.
pub(super) struct Undoing<'t> {
    tables: &'t mut Tables,
    steps: Vec<Step>,
}

impl Undoing<'_> {
    pub(super) fn keep(&mut self) {
        self.steps.clear();
    }

    pub(super) fn table(&self, kind: Kind) -> &Table {
        self.tables.table(kind)
    }

    pub(super) fn insert(&mut self, kind: Kind, record: &Record) -> Result<(), Taken> {
        let table = self.tables.table_mut(kind);
        if table.find(&record.id).is_some() {
            return Err(Taken::Id);
        }
        if kind.has_unique_key() && table.has_key(&record.key) {
            return Err(Taken::Key);
        }
        let place = table.end();
        table.put(place, Some(Entry::of(record)));
        self.steps.push(Step { kind, place, before: None });
        Ok(())
    }

    pub(super) fn update(&mut self, kind: Kind, record: &Record) -> Result<(), Taken> {
        let table = self.tables.table_mut(kind);
        let Some(place) = table.find(&record.id) else { return Ok(()) };
        let is_renamed = table.entry(place).is_some_and(|entry| *entry.key != record.key);
        if is_renamed && kind.has_unique_key() && table.has_key(&record.key) {
            return Err(Taken::Key);
        }
        let before = table.put(place, Some(Entry::of(record)));
        self.steps.push(Step { kind, place, before });
        Ok(())
    }

    pub(super) fn delete(&mut self, kind: Kind, id: &str) -> bool {
        let table = self.tables.table_mut(kind);
        let Some(place) = table.find(id) else { return false };
        let before = table.put(place, None);
        self.steps.push(Step { kind, place, before });
        true
    }
}

impl Drop for Undoing<'_> {
    fn drop(&mut self) {
        while let Some(Step { kind, place, before }) = self.steps.pop() {
            self.tables.table_mut(kind).put(place, before);
        }
    }
}

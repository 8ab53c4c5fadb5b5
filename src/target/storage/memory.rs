//! Resources in memory: both tables behind one lock, and what undoes a unit of work that fails.

use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use super::reader::{Lookup, PAGE_BYTES, Reader, STEP, STEP_BYTES, Within, memberships};
use super::record::{Cursor, Extent, Record, Stored, Taken};
use super::table::{Entry, OwnedEntry, Table};
use super::terms::{Term, terms_of};
use super::{StorageError, Transaction, members};
use crate::target::Kind;

#[derive(Default)]
pub(super) struct Memory(RwLock<Tables>);

pub(super) struct Tables {
    users: Table,
    groups: Table,
}

impl Default for Tables {
    fn default() -> Self {
        Self { users: Table::new(Kind::User), groups: Table::new(Kind::Group) }
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

impl Tables {
    fn table(&self, kind: Kind) -> &Table {
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

    fn stored(&self, kind: Kind, place: u64, entry: Entry<'_>, extent: Extent) -> Result<Stored, StorageError> {
        let members = entry.members_at.filter(|_| extent.members).map(|at| {
            let pieces = self.groups.pieces(place).map(|(_, text)| Arc::clone(text)).collect();
            (at, pieces)
        });
        let mut stored = Stored::new(entry.body.into(), members);
        if kind == Kind::User && extent.groups && self.groups.len() > 0 {
            stored.groups = memberships(self, &stored.id())?;
        }
        Ok(stored)
    }

    /// What is at places, from the cursor's on.
    fn at(
        &self,
        kind: Kind,
        places: impl Iterator<Item = u64>,
        cursor: &mut Cursor,
        extent: Extent,
    ) -> Result<Vec<Stored>, StorageError> {
        let from = std::mem::replace(cursor, Cursor::END).0;
        let entries = places.filter(|place| *place >= from);
        self.step(kind, entries.filter_map(|place| Some((place, self.table(kind).entry(place)?))), cursor, extent)
    }

    /// The first of some entries, as many as can be held at once. The cursor moves behind the last one where there may
    /// be more.
    fn step<'t>(
        &self,
        kind: Kind,
        entries: impl Iterator<Item = (u64, Entry<'t>)>,
        cursor: &mut Cursor,
        extent: Extent,
    ) -> Result<Vec<Stored>, StorageError> {
        let (mut found, mut bytes) = (Vec::new(), 0);
        for (place, entry) in entries {
            let stored = self.stored(kind, place, entry, extent)?;
            bytes += stored.len();
            found.push(stored);
            if found.len() >= STEP || bytes > STEP_BYTES {
                *cursor = Cursor(place + 1);
                break;
            }
        }
        Ok(found)
    }
}

impl Reader for Tables {
    fn high_water(&self) -> Result<u64, StorageError> {
        Ok(0)
    }

    fn find(
        &self,
        kind: Kind,
        lookup: Lookup<'_>,
        cursor: &mut Cursor,
        extent: Extent,
    ) -> Result<Vec<Stored>, StorageError> {
        let table = self.table(kind);
        match lookup {
            Lookup::Id(id) => self.at(kind, table.find(id).into_iter(), cursor, extent),
            Lookup::Key(key) => self.at(kind, table.called(key), cursor, extent),
            Lookup::Field(field, text) => self.at(kind, table.having(field.term(text), cursor.0), cursor, extent),
            Lookup::Member(member) => self.at(kind, table.groups_with(member).into_iter(), cursor, extent),
        }
    }

    fn hits(&self, kind: Kind, lookup: Lookup<'_>, limit: usize) -> Result<usize, StorageError> {
        let table = self.table(kind);
        Ok(match lookup {
            Lookup::Id(id) => table.find(id).into_iter().count(),
            Lookup::Key(key) => table.called(key).take(limit).count(),
            Lookup::Field(field, text) => table.having(field.term(text), 0).take(limit).count(),
            Lookup::Member(member) => table.groups_with(member).len().min(limit),
        })
    }

    fn page(&self, kind: Kind, offset: u64, limit: usize, extent: Extent) -> Result<(u64, Vec<Stored>), StorageError> {
        let (mut page, mut bytes) = (Vec::new(), 0);
        for (place, entry) in self.table(kind).ranked(offset).take(limit) {
            let stored = self.stored(kind, place, entry, extent)?;
            bytes += stored.len();
            page.push(stored);
            if bytes >= PAGE_BYTES {
                break;
            }
        }
        Ok((self.table(kind).len(), page))
    }

    fn walk(&self, kind: Kind, cursor: &mut Cursor, extent: Extent) -> Result<Vec<Stored>, StorageError> {
        let mut next = Cursor(self.table(kind).end().max(cursor.0));
        let found = self.step(kind, self.table(kind).from(cursor.0), &mut next, extent)?;
        *cursor = next;
        Ok(found)
    }

    fn by_key_part(
        &self,
        kind: Kind,
        part: &str,
        within: Within,
        offset: u64,
        limit: usize,
        extent: Extent,
    ) -> Result<Vec<Stored>, StorageError> {
        let is_it = |entry: &Entry| match within {
            Within::Beginning => entry.key.starts_with(part),
            Within::Further => entry.key.contains(part) && !entry.key.starts_with(part),
        };
        let mut found: Vec<_> = self.table(kind).from(0).filter(|(_, entry)| is_it(entry)).collect();
        found.sort_unstable_by_key(|(place, entry)| (entry.key, *place));
        let page = found.into_iter().skip(usize::try_from(offset).unwrap_or(usize::MAX)).take(limit);
        page.map(|(place, entry)| self.stored(kind, place, entry, extent)).collect()
    }

    fn members(&self, group: &str) -> Result<Vec<String>, StorageError> {
        let Some(place) = self.groups.find(group) else { return Ok(Vec::new()) };
        let entries = self.groups.pieces(place).flat_map(|(_, text)| members::entries(text));
        Ok(entries.filter_map(|entry| members::value_of(&entry).map(str::to_owned)).collect())
    }

    fn members_size(&self, group: &str) -> Result<usize, StorageError> {
        Ok(self.groups.find(group).map_or(0, |place| self.groups.members_size(place)))
    }

    fn groups_with(&self, member: &str) -> Result<Vec<(String, Option<String>)>, StorageError> {
        let places = self.groups.groups_with(member).into_iter();
        let entries = places.filter_map(|place| self.groups.entry(place));
        Ok(entries.map(|entry| Stored::new(entry.body.into(), None).name()).collect())
    }
}

/// What takes one write back: what stood in its place before.
enum Step {
    /// The places of those who were added one after the other.
    Added(Kind, Range<u64>),
    Entry(Kind, u64, Option<Box<OwnedEntry>>),
    Piece(u64, u32, Option<Arc<str>>),
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

    pub(super) fn tables(&self) -> &Tables {
        self.tables
    }

    fn put(&mut self, kind: Kind, place: u64, entry: Option<Entry<'_>>, terms: &[Term]) {
        let is_added = place == self.tables.table(kind).end();
        let before = self.tables.table_mut(kind).put(place, entry, terms);
        match self.steps.last_mut() {
            Some(Step::Added(last, places)) if is_added && *last == kind && places.end == place => places.end += 1,
            _ if is_added => self.steps.push(Step::Added(kind, place..place + 1)),
            _ => self.steps.push(Step::Entry(kind, place, before.map(Box::new))),
        }
    }

    pub(super) fn insert(&mut self, kind: Kind, record: &Record) -> Result<Result<(), Taken>, StorageError> {
        // an id is unique among all resources (RFC 7643 section 3.1)
        if Kind::ALL.into_iter().any(|kind| self.tables.table(kind).find(&record.id).is_some()) {
            return Ok(Err(Taken::Id));
        }
        let table = self.tables.table_mut(kind);
        if kind.has_unique_key() && table.called(&record.key).next().is_some() {
            return Ok(Err(Taken::Key));
        }
        let place = table.end();
        self.put(kind, place, Some(Entry::of(record)), &record.terms);
        if kind == Kind::Group {
            members::write(&mut Pieces { undoing: self, place }, &record.members)?;
        }
        Ok(Ok(()))
    }

    pub(super) fn update(&mut self, kind: Kind, record: &Record) -> Result<Result<(), Taken>, StorageError> {
        let table = self.tables.table_mut(kind);
        let Some(place) = table.find(&record.id) else { return Ok(Ok(())) };
        if kind.has_unique_key() && table.called(&record.key).any(|other| other != place) {
            return Ok(Err(Taken::Key));
        }
        self.put(kind, place, Some(Entry::of(record)), &record.terms);
        if kind == Kind::Group {
            members::write(&mut Pieces { undoing: self, place }, &record.members)?;
        }
        Ok(Ok(()))
    }

    pub(super) fn delete(&mut self, kind: Kind, id: &str) -> Result<bool, StorageError> {
        let Some(place) = self.tables.table(kind).find(id) else { return Ok(false) };
        if kind == Kind::Group {
            members::write(&mut Pieces { undoing: self, place }, &super::record::Members::All(Vec::new()))?;
        }
        self.put(kind, place, None, &[]);
        Ok(true)
    }

    /// The entries of a group's members that have one of these values.
    pub(super) fn named_members(
        &mut self,
        group: &str,
        values: &[String],
    ) -> Result<Vec<serde_json::Value>, StorageError> {
        let Some(place) = self.tables.groups.find(group) else { return Ok(Vec::new()) };
        members::named(&Pieces { undoing: self, place }, values)
    }
}

impl Drop for Undoing<'_> {
    fn drop(&mut self) {
        while let Some(step) = self.steps.pop() {
            match step {
                Step::Added(kind, places) => {
                    for place in places.rev() {
                        self.tables.table_mut(kind).put(place, None, &[]);
                    }
                }
                Step::Entry(kind, place, before) => {
                    let before = before.as_deref().map(OwnedEntry::as_entry);
                    let terms = before.map(|before| terms_of(kind, before.body)).unwrap_or_default();
                    self.tables.table_mut(kind).put(place, before, &terms);
                }
                Step::Piece(place, number, before) => {
                    self.tables.groups.put_piece(place, number, before);
                }
            }
        }
    }
}

/// The members of the group at a place.
struct Pieces<'u, 't> {
    undoing: &'u mut Undoing<'t>,
    place: u64,
}

impl Pieces<'_, '_> {
    fn groups(&self) -> &Table {
        &self.undoing.tables.groups
    }
}

impl members::Pieces for Pieces<'_, '_> {
    fn numbers(&self) -> Result<Vec<u32>, StorageError> {
        Ok(self.groups().pieces(self.place).map(|(number, _)| number).collect())
    }

    fn last(&self) -> Result<Option<u32>, StorageError> {
        Ok(self.groups().pieces(self.place).next_back().map(|(number, _)| number))
    }

    fn with(&self, term: Term) -> Result<Vec<u32>, StorageError> {
        Ok(self.groups().pieces_with(self.place, term).collect())
    }

    fn text(&self, number: u32) -> Result<Option<Arc<str>>, StorageError> {
        Ok(self.groups().piece(self.place, number))
    }

    fn put(&mut self, number: u32, text: Option<String>) -> Result<(), StorageError> {
        let before = self.undoing.tables.groups.put_piece(self.place, number, text.map(Arc::from));
        self.undoing.steps.push(Step::Piece(self.place, number, before));
        Ok(())
    }
}

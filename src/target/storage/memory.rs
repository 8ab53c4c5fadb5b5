//! Resources in memory, dense, with an index by id and one by key.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::{Change, Cursor, Record, Taken, Update, Within};
use crate::target::Kind;

pub(super) struct Memory {
    users: RwLock<Table>,
    groups: RwLock<Table>,
}

impl Default for Memory {
    fn default() -> Self {
        let table = |kind| RwLock::new(Table::new(kind));
        Self { users: table(Kind::User), groups: table(Kind::Group) }
    }
}

impl Memory {
    pub(super) fn read(&self, kind: Kind) -> RwLockReadGuard<'_, Table> {
        self.table(kind).read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self, kind: Kind) -> RwLockWriteGuard<'_, Table> {
        self.table(kind).write().unwrap_or_else(PoisonError::into_inner)
    }

    fn table(&self, kind: Kind) -> &RwLock<Table> {
        match kind {
            Kind::User => &self.users,
            Kind::Group => &self.groups,
        }
    }
}

/// The resources of one kind.
pub(super) struct Table {
    kind: Kind,
    entries: Vec<Entry>,
    by_id: HashMap<Arc<str>, usize>,
    by_key: BTreeSet<(Arc<str>, usize)>,
}

struct Entry {
    id: Arc<str>,
    key: Arc<str>,
    body: Arc<str>,
}

impl Table {
    fn new(kind: Kind) -> Self {
        Self { kind, entries: Vec::new(), by_id: HashMap::new(), by_key: BTreeSet::new() }
    }

    pub(super) fn by_id(&self, id: &str) -> Option<Arc<str>> {
        self.by_id.get(id).map(|&at| Arc::clone(&self.entries[at].body))
    }

    pub(super) fn by_key(&self, key: &str) -> Vec<Arc<str>> {
        self.places(key).map(|at| Arc::clone(&self.entries[at].body)).collect()
    }

    fn places(&self, key: &str) -> impl Iterator<Item = usize> {
        let key: Arc<str> = key.into();
        self.by_key.range((Arc::clone(&key), 0)..=(key, usize::MAX)).map(|&(_, at)| at)
    }

    fn is_taken(&self, key: &str) -> bool {
        self.kind.has_unique_key() && self.places(key).next().is_some()
    }

    pub(super) fn page(&self, offset: u64, limit: usize) -> (u64, Vec<Arc<str>>) {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        let page = self.entries.iter().skip(offset).take(limit).map(|entry| Arc::clone(&entry.body)).collect();
        (self.entries.len() as u64, page)
    }

    pub(super) fn by_key_part(&self, part: &str, within: Within, offset: u64, limit: usize) -> Vec<Arc<str>> {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        let body = |(_, at): &(Arc<str>, usize)| Arc::clone(&self.entries[*at].body);
        match within {
            Within::Beginning => {
                let keys = self.by_key.range((part.into(), 0)..).take_while(|(key, _)| key.starts_with(part));
                keys.skip(offset).take(limit).map(body).collect()
            }
            Within::Further => {
                let keys = self.by_key.iter().filter(|(key, _)| !key.starts_with(part) && key.contains(part));
                keys.skip(offset).take(limit).map(body).collect()
            }
        }
    }

    pub(super) fn walk(&self, cursor: &mut Cursor, step: usize) -> Vec<Arc<str>> {
        let (_, page) = self.page(cursor.0.unsigned_abs(), step);
        cursor.0 += i64::try_from(page.len()).unwrap_or(i64::MAX);
        page
    }

    pub(super) fn insert(&mut self, records: Vec<Record>) -> Result<(), (usize, Taken)> {
        let before = self.entries.len();
        for (index, Record { id, key, body }) in records.into_iter().enumerate() {
            let (id, key): (Arc<str>, Arc<str>) = (id.into(), key.into());
            let taken = if self.by_id.contains_key(&id) {
                Some(Taken::Id)
            } else if self.is_taken(&key) {
                Some(Taken::Key)
            } else {
                None
            };
            if let Some(taken) = taken {
                for (at, entry) in (before..).zip(self.entries.drain(before..)) {
                    self.by_id.remove(&entry.id);
                    self.by_key.remove(&(entry.key, at));
                }
                return Err((index, taken));
            }
            let at = self.entries.len();
            self.by_id.insert(Arc::clone(&id), at);
            self.by_key.insert((Arc::clone(&key), at));
            self.entries.push(Entry { id, key, body: body.into() });
        }
        Ok(())
    }

    pub(super) fn update<E>(&mut self, id: &str, change: impl FnOnce(&str) -> Result<Change, E>) -> Result<Update, E> {
        let Some(&at) = self.by_id.get(id) else { return Ok(Update::Missing) };
        if let Change::Write { key, body } = change(&self.entries[at].body)? {
            if *self.entries[at].key != *key {
                if self.is_taken(&key) {
                    return Ok(Update::KeyTaken);
                }
                let key: Arc<str> = key.into();
                let old = std::mem::replace(&mut self.entries[at].key, Arc::clone(&key));
                self.by_key.remove(&(old, at));
                self.by_key.insert((key, at));
            }
            self.entries[at].body = body.into();
        }
        Ok(Update::Done(Arc::clone(&self.entries[at].body)))
    }

    /// The last entry takes the place of the deleted one.
    pub(super) fn delete(&mut self, id: &str) -> bool {
        let Some(at) = self.by_id.remove(id) else { return false };
        let gone = self.entries.swap_remove(at);
        self.by_key.remove(&(gone.key, at));
        if let Some(moved) = self.entries.get(at) {
            self.by_id.insert(Arc::clone(&moved.id), at);
            self.by_key.remove(&(Arc::clone(&moved.key), self.entries.len()));
            self.by_key.insert((Arc::clone(&moved.key), at));
        }
        true
    }
}

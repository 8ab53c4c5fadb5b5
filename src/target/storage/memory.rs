//! Resources in memory, dense, with an index by id and one by key.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Change, Cursor, Record, Taken, Update};

#[derive(Default)]
pub(super) struct Memory {
    entries: Vec<Entry>,
    by_id: HashMap<Arc<str>, usize>,
    by_key: HashMap<Arc<str>, usize>,
}

struct Entry {
    id: Arc<str>,
    key: Arc<str>,
    body: Arc<str>,
}

impl Memory {
    pub(super) fn by_id(&self, id: &str) -> Option<Arc<str>> {
        self.by_id.get(id).map(|&at| Arc::clone(&self.entries[at].body))
    }

    pub(super) fn by_key(&self, key: &str) -> Option<Arc<str>> {
        self.by_key.get(key).map(|&at| Arc::clone(&self.entries[at].body))
    }

    pub(super) fn page(&self, offset: u64, limit: usize) -> (u64, Vec<Arc<str>>) {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        let page = self.entries.iter().skip(offset).take(limit).map(|entry| Arc::clone(&entry.body)).collect();
        (self.entries.len() as u64, page)
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
            } else if self.by_key.contains_key(&key) {
                Some(Taken::Key)
            } else {
                None
            };
            if let Some(taken) = taken {
                for entry in self.entries.drain(before..) {
                    self.by_id.remove(&entry.id);
                    self.by_key.remove(&entry.key);
                }
                return Err((index, taken));
            }
            let at = self.entries.len();
            self.by_id.insert(Arc::clone(&id), at);
            self.by_key.insert(Arc::clone(&key), at);
            self.entries.push(Entry { id, key, body: body.into() });
        }
        Ok(())
    }

    pub(super) fn update<E>(&mut self, id: &str, change: impl FnOnce(&str) -> Result<Change, E>) -> Result<Update, E> {
        let Some(&at) = self.by_id.get(id) else { return Ok(Update::Missing) };
        let entry = &mut self.entries[at];
        if let Change::Write { key, body } = change(&entry.body)? {
            if *entry.key != *key {
                if self.by_key.contains_key(key.as_str()) {
                    return Ok(Update::KeyTaken);
                }
                self.by_key.remove(&entry.key);
                entry.key = key.into();
                self.by_key.insert(Arc::clone(&entry.key), at);
            }
            entry.body = body.into();
        }
        Ok(Update::Done(Arc::clone(&entry.body)))
    }

    /// The last entry takes the place of the deleted one.
    pub(super) fn delete(&mut self, id: &str) -> bool {
        let Some(at) = self.by_id.remove(id) else { return false };
        let gone = self.entries.swap_remove(at);
        self.by_key.remove(&gone.key);
        if let Some(moved) = self.entries.get(at) {
            self.by_id.insert(Arc::clone(&moved.id), at);
            self.by_key.insert(Arc::clone(&moved.key), at);
        }
        true
    }
}

//! What a unit of work may do: read and write several resources of both kinds, all or nothing.

use std::sync::Arc;

use super::memory::Undoing;
use super::sql::Sql;
use super::{Record, StorageError, Taken};
use crate::target::Kind;

/// The resources while nobody else can change them. What a unit of work writes, it reads.
pub(in crate::target) struct Transaction<'s> {
    inner: Inner<'s>,
    /// What failed in the file.
    pub(super) failure: Option<StorageError>,
}

enum Inner<'s> {
    Memory(Undoing<'s>),
    File(Sql<'s>),
}

impl<'s> Transaction<'s> {
    pub(super) fn memory(undoing: Undoing<'s>) -> Self {
        Self { inner: Inner::Memory(undoing), failure: None }
    }

    pub(super) fn file(sql: Sql<'s>) -> Self {
        Self { inner: Inner::File(sql), failure: None }
    }

    /// What stands now is to stay.
    pub(super) fn keep(&mut self) {
        if let Inner::Memory(memory) = &mut self.inner {
            memory.keep();
        }
    }

    fn note<T>(&mut self, outcome: rusqlite::Result<T>) -> Result<T, StorageError> {
        let outcome = outcome.map_err(StorageError::from);
        self.failure = outcome.as_ref().err().cloned();
        outcome
    }

    pub(in crate::target) fn by_id(&self, kind: Kind, id: &str) -> Result<Option<Arc<str>>, StorageError> {
        match &self.inner {
            Inner::Memory(memory) => Ok(memory.table(kind).by_id(id)),
            Inner::File(sql) => Ok(sql.by_id(kind, id)?),
        }
    }

    /// Those of a key, in a stable order.
    pub(in crate::target) fn by_key(&self, kind: Kind, key: &str) -> Result<Vec<Arc<str>>, StorageError> {
        match &self.inner {
            Inner::Memory(memory) => Ok(memory.table(kind).by_key(key)),
            Inner::File(sql) => Ok(sql.by_key(kind, key)?),
        }
    }

    /// Adds a resource, or says what stands in the way.
    pub(in crate::target) fn insert(&mut self, kind: Kind, record: &Record) -> Result<Result<(), Taken>, StorageError> {
        match &mut self.inner {
            Inner::Memory(memory) => Ok(memory.insert(kind, record)),
            Inner::File(sql) => {
                let outcome = sql.insert(kind, record);
                self.note(outcome)
            }
        }
    }

    /// Puts a record in the place of the resource of its id, or says what stands in the way. That resource is there: it
    /// was read in the same unit of work.
    pub(in crate::target) fn update(&mut self, kind: Kind, record: &Record) -> Result<Result<(), Taken>, StorageError> {
        match &mut self.inner {
            Inner::Memory(memory) => Ok(memory.update(kind, record)),
            Inner::File(sql) => {
                let outcome = sql.update(kind, record);
                self.note(outcome)
            }
        }
    }

    /// Whether there was such a resource.
    pub(in crate::target) fn delete(&mut self, kind: Kind, id: &str) -> Result<bool, StorageError> {
        match &mut self.inner {
            Inner::Memory(memory) => Ok(memory.delete(kind, id)),
            Inner::File(sql) => {
                let outcome = sql.delete(kind, id);
                self.note(outcome)
            }
        }
    }
}

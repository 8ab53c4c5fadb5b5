//! What a unit of work may do: read and write several resources of both kinds, all or nothing.

use std::ops::Deref;

use serde_json::Value;

use super::StorageError;
use super::file::{CACHE, LARGE_CACHE, set_cache};
use super::memory::Undoing;
use super::reader::Reader;
use super::record::{Record, Taken};
use super::sql::Sql;
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

impl<'s> Deref for Transaction<'s> {
    type Target = dyn Reader + 's;

    fn deref(&self) -> &Self::Target {
        match &self.inner {
            Inner::Memory(memory) => memory.tables(),
            Inner::File(sql) => sql,
        }
    }
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

    /// Does work that writes a lot: more of the file is kept in memory meanwhile.
    pub(in crate::target) fn with_large_cache<T, E: From<StorageError>>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.set_cache(LARGE_CACHE)?;
        let outcome = work(self);
        let reset = self.set_cache(CACHE);
        let done = outcome?;
        reset?;
        Ok(done)
    }

    fn set_cache(&self, size: i64) -> Result<(), StorageError> {
        match &self.inner {
            Inner::Memory(_) => Ok(()),
            Inner::File(sql) => Ok(set_cache(sql.connection(), size)?),
        }
    }

    /// Lets the file grow by so many pages and no more.
    #[cfg(test)]
    pub(super) fn limit(&self, pages: u32) {
        if let Inner::File(sql) = &self.inner {
            sql.limit(pages);
        }
    }

    fn note<T>(&mut self, outcome: Result<T, StorageError>) -> Result<T, StorageError> {
        self.failure = outcome.as_ref().err().cloned().or(self.failure.take());
        outcome
    }

    /// Adds a resource, or says what stands in the way.
    pub(in crate::target) fn insert(&mut self, kind: Kind, record: &Record) -> Result<Result<(), Taken>, StorageError> {
        let outcome = match &mut self.inner {
            Inner::Memory(memory) => memory.insert(kind, record),
            Inner::File(sql) => sql.insert(kind, record),
        };
        self.note(outcome)
    }

    /// Puts a record in the place of the resource of its id, or says what stands in the way. That resource is there: it
    /// was read in the same unit of work.
    pub(in crate::target) fn update(&mut self, kind: Kind, record: &Record) -> Result<Result<(), Taken>, StorageError> {
        let outcome = match &mut self.inner {
            Inner::Memory(memory) => memory.update(kind, record),
            Inner::File(sql) => sql.update(kind, record),
        };
        self.note(outcome)
    }

    /// Whether there was such a resource.
    pub(in crate::target) fn delete(&mut self, kind: Kind, id: &str) -> Result<bool, StorageError> {
        let outcome = match &mut self.inner {
            Inner::Memory(memory) => memory.delete(kind, id),
            Inner::File(sql) => sql.delete(kind, id),
        };
        self.note(outcome)
    }

    /// Makes the keys of a kind anew where they were kept by another rule. Memory doesn't outlive one.
    pub(in crate::target) fn rekey(
        &mut self,
        kind: Kind,
        rule: &str,
        key_of: &dyn Fn(&str) -> String,
    ) -> Result<(), StorageError> {
        match &self.inner {
            Inner::Memory(_) => Ok(()),
            Inner::File(sql) => {
                let outcome = sql.rekey(kind, rule, key_of);
                self.note(outcome)
            }
        }
    }

    /// Notes which attributes resources of a kind may have, or says which of those that they had are missing.
    pub(in crate::target) fn claim(&mut self, kind: Kind, attributes: &[String]) -> Result<(), StorageError> {
        match &self.inner {
            Inner::Memory(_) => Ok(()),
            Inner::File(sql) => {
                let outcome = sql.claim(kind, attributes);
                self.note(outcome)
            }
        }
    }

    /// The entries of a group's members that have one of these values, in order.
    pub(in crate::target) fn named_members(
        &mut self,
        group: &str,
        values: &[String],
    ) -> Result<Vec<Value>, StorageError> {
        match &mut self.inner {
            Inner::Memory(memory) => memory.named_members(group, values),
            Inner::File(sql) => sql.named_members(group, values),
        }
    }
}

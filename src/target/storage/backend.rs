//! One face for both kinds of storage.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::file::File;
use super::memory::Memory;
use crate::target::Kind;

/// Where an endpoint keeps its resources.
pub struct Storage(Backend);

enum Backend {
    Memory(Memory),
    File(Mutex<File>),
}

/// Why a file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// It can't be opened.
    #[error("the endpoint's data in `{path}` can't be opened; check that the folder exists and can be written to")]
    Open {
        /// The file.
        path: PathBuf,
        /// What `SQLite` says.
        #[source]
        source: rusqlite::Error,
    },
    /// It is something else.
    #[error("`{0}` isn't an endpoint's data; name another file")]
    Foreign(PathBuf),
    /// A newer version wrote it.
    #[error("`{path}` has format {found}, this version reads up to {known}; use the newer version that wrote it")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest format that is known here.
        known: i64,
    },
    /// Reading or writing failed later on.
    #[error("the endpoint's data can't be read or written")]
    Sqlite(#[from] rusqlite::Error),
}

/// A resource as it is kept.
#[derive(Debug, Clone)]
pub(in crate::target) struct Record {
    pub(in crate::target) id: String,
    /// What it is found by, unique among resources where the kind says so.
    pub(in crate::target) key: String,
    /// The JSON text, `meta` last in it.
    pub(in crate::target) body: String,
}

/// What stands in the way of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::target) enum Taken {
    Id,
    Key,
}

/// What an update makes of a resource.
pub(in crate::target) enum Change {
    Nothing,
    Write { key: String, body: String },
}

/// How an update ended.
pub(in crate::target) enum Update {
    Missing,
    KeyTaken,
    /// The text that is kept now.
    Done(Arc<str>),
}

/// Where in a key something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::target) enum Within {
    Beginning,
    /// Anywhere behind its beginning, and not there as well.
    Further,
}

/// Where a walk over all resources goes on.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::target) struct Cursor(pub(super) i64);

/// Without what is kept, which is about people.
impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Backend::Memory(_) => "Storage::memory",
            Backend::File(_) => "Storage::file",
        })
    }
}

impl Storage {
    /// In memory, gone with the process.
    pub fn memory() -> Self {
        Self(Backend::Memory(Memory::default()))
    }

    /// In a `SQLite` file, made if it isn't there. What was answered survives the end of the process at
    /// any moment; a power failure may cost the last writes.
    pub fn file(path: &Path) -> Result<Self, StorageError> {
        Ok(Self(Backend::File(Mutex::new(File::open(path)?))))
    }

    /// A number that grows with the resources ever made in a file.
    pub(in crate::target) fn high_water(&self) -> Result<u64, StorageError> {
        match &self.0 {
            Backend::Memory(_) => Ok(0),
            Backend::File(file) => lock(file).high_water(),
        }
    }

    pub(in crate::target) fn by_id(&self, kind: Kind, id: &str) -> Result<Option<Arc<str>>, StorageError> {
        match &self.0 {
            Backend::Memory(memory) => Ok(memory.read(kind).by_id(id)),
            Backend::File(file) => lock(file).by_id(kind, id),
        }
    }

    /// Those of a key, in a stable order.
    pub(in crate::target) fn by_key(&self, kind: Kind, key: &str) -> Result<Vec<Arc<str>>, StorageError> {
        match &self.0 {
            Backend::Memory(memory) => Ok(memory.read(kind).by_key(key)),
            Backend::File(file) => lock(file).by_key(kind, key),
        }
    }

    /// How many there are, and some of them in a stable order.
    pub(in crate::target) fn page(
        &self,
        kind: Kind,
        offset: u64,
        limit: usize,
    ) -> Result<(u64, Vec<Arc<str>>), StorageError> {
        match &self.0 {
            Backend::Memory(memory) => Ok(memory.read(kind).page(offset, limit)),
            Backend::File(file) => lock(file).page(kind, offset, limit),
        }
    }

    /// Those whose key has this text in it, sorted by key; the index alone is searched.
    pub(in crate::target) fn by_key_part(
        &self,
        kind: Kind,
        part: &str,
        within: Within,
        offset: u64,
        limit: usize,
    ) -> Result<Vec<Arc<str>>, StorageError> {
        match &self.0 {
            Backend::Memory(memory) => Ok(memory.read(kind).by_key_part(part, within, offset, limit)),
            Backend::File(file) => lock(file).by_key_part(kind, part, within, offset, limit),
        }
    }

    /// The next thousand of a walk; none at its end.
    pub(in crate::target) fn walk(&self, kind: Kind, cursor: &mut Cursor) -> Result<Vec<Arc<str>>, StorageError> {
        const STEP: usize = 1000;
        match &self.0 {
            Backend::Memory(memory) => Ok(memory.read(kind).walk(cursor, STEP)),
            Backend::File(file) => lock(file).walk(kind, cursor, STEP),
        }
    }

    /// Adds resources, all or none; the error is the first one that can't be added.
    pub(in crate::target) fn insert(
        &self,
        kind: Kind,
        records: Vec<Record>,
    ) -> Result<Result<(), (usize, Taken)>, StorageError> {
        match &self.0 {
            Backend::Memory(memory) => Ok(memory.write(kind).insert(records)),
            Backend::File(file) => lock(file).insert(kind, &records),
        }
    }

    /// Changes a resource while nobody else can.
    pub(in crate::target) fn update<E: From<StorageError>>(
        &self,
        kind: Kind,
        id: &str,
        change: impl FnOnce(&str) -> Result<Change, E>,
    ) -> Result<Update, E> {
        match &self.0 {
            Backend::Memory(memory) => memory.write(kind).update(id, change),
            Backend::File(file) => lock(file).update(kind, id, change),
        }
    }

    /// Whether there was such a resource.
    pub(in crate::target) fn delete(&self, kind: Kind, id: &str) -> Result<bool, StorageError> {
        match &self.0 {
            Backend::Memory(memory) => Ok(memory.write(kind).delete(id)),
            Backend::File(file) => lock(file).delete(kind, id),
        }
    }
}

fn lock(file: &Mutex<File>) -> MutexGuard<'_, File> {
    file.lock().unwrap_or_else(PoisonError::into_inner)
}

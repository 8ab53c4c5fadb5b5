//! One face for both kinds of storage.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::file::File;
use super::memory::Memory;

/// Where an endpoint keeps its resources.
pub struct Storage(Kind);

enum Kind {
    Memory(RwLock<Memory>),
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
    /// What must be unique among resources.
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

/// Where a walk over all resources goes on.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::target) struct Cursor(pub(super) i64);

/// Without what is kept, which is about people.
impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Memory(_) => "Storage::memory",
            Kind::File(_) => "Storage::file",
        })
    }
}

impl Storage {
    /// In memory, gone with the process.
    pub fn memory() -> Self {
        Self(Kind::Memory(RwLock::default()))
    }

    /// In a `SQLite` file, made if it isn't there. What was answered survives the end of the process at
    /// any moment; a power failure may cost the last writes.
    pub fn file(path: &Path) -> Result<Self, StorageError> {
        Ok(Self(Kind::File(Mutex::new(File::open(path)?))))
    }

    /// A number that grows with the resources ever made in a file.
    pub(in crate::target) fn high_water(&self) -> Result<u64, StorageError> {
        match &self.0 {
            Kind::Memory(_) => Ok(0),
            Kind::File(file) => lock(file).high_water(),
        }
    }

    pub(in crate::target) fn by_id(&self, id: &str) -> Result<Option<Arc<str>>, StorageError> {
        match &self.0 {
            Kind::Memory(memory) => Ok(read(memory).by_id(id)),
            Kind::File(file) => lock(file).by_id(id),
        }
    }

    pub(in crate::target) fn by_key(&self, key: &str) -> Result<Option<Arc<str>>, StorageError> {
        match &self.0 {
            Kind::Memory(memory) => Ok(read(memory).by_key(key)),
            Kind::File(file) => lock(file).by_key(key),
        }
    }

    /// How many there are, and some of them in a stable order.
    pub(in crate::target) fn page(&self, offset: u64, limit: usize) -> Result<(u64, Vec<Arc<str>>), StorageError> {
        match &self.0 {
            Kind::Memory(memory) => Ok(read(memory).page(offset, limit)),
            Kind::File(file) => lock(file).page(offset, limit),
        }
    }

    /// The next thousand of a walk; none at its end.
    pub(in crate::target) fn walk(&self, cursor: &mut Cursor) -> Result<Vec<Arc<str>>, StorageError> {
        const STEP: usize = 1000;
        match &self.0 {
            Kind::Memory(memory) => Ok(read(memory).walk(cursor, STEP)),
            Kind::File(file) => lock(file).walk(cursor, STEP),
        }
    }

    /// Adds resources, all or none; the error is the first one that can't be added.
    pub(in crate::target) fn insert(&self, records: Vec<Record>) -> Result<Result<(), (usize, Taken)>, StorageError> {
        match &self.0 {
            Kind::Memory(memory) => Ok(write(memory).insert(records)),
            Kind::File(file) => lock(file).insert(&records),
        }
    }

    /// Changes a resource while nobody else can.
    pub(in crate::target) fn update<E: From<StorageError>>(
        &self,
        id: &str,
        change: impl FnOnce(&str) -> Result<Change, E>,
    ) -> Result<Update, E> {
        match &self.0 {
            Kind::Memory(memory) => write(memory).update(id, change),
            Kind::File(file) => lock(file).update(id, change),
        }
    }

    /// Whether there was such a resource.
    pub(in crate::target) fn delete(&self, id: &str) -> Result<bool, StorageError> {
        match &self.0 {
            Kind::Memory(memory) => Ok(write(memory).delete(id)),
            Kind::File(file) => lock(file).delete(id),
        }
    }
}

fn lock(file: &Mutex<File>) -> MutexGuard<'_, File> {
    file.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read(memory: &RwLock<Memory>) -> RwLockReadGuard<'_, Memory> {
    memory.read().unwrap_or_else(PoisonError::into_inner)
}

fn write(memory: &RwLock<Memory>) -> RwLockWriteGuard<'_, Memory> {
    memory.write().unwrap_or_else(PoisonError::into_inner)
}

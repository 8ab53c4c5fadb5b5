//! One face for both kinds of storage.

use std::fmt;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use super::file::File;
use super::memory::Memory;
use super::{StorageError, Transaction};
use crate::target::Kind;

/// Where an endpoint keeps its resources.
pub struct Storage(Backend);

enum Backend {
    Memory(Memory),
    File(File),
}

/// A resource as it is kept.
#[derive(Debug, Clone)]
pub(in crate::target) struct Record {
    pub(in crate::target) id: String,
    /// What it is found by, unique among resources where the kind says so.
    pub(in crate::target) key: String,
    /// The JSON text, `id` first and `meta` last in it.
    pub(in crate::target) body: String,
}

/// What stands in the way of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::target) enum Taken {
    Id,
    Key,
}

/// Where a walk over all resources goes on.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::target) struct Cursor(pub(super) u64);

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
        Ok(Self(Backend::File(File::open(path)?)))
    }

    /// Ends writing: what waits is done, and folded into the file. Nothing can be written afterwards.
    pub fn close(&self) -> Result<(), StorageError> {
        match &self.0 {
            Backend::Memory(_) => Ok(()),
            Backend::File(file) => file.close(),
        }
    }

    /// A number that grows with the resources ever made in a file.
    pub(in crate::target) fn high_water(&self) -> Result<u64, StorageError> {
        match &self.0 {
            Backend::Memory(_) => Ok(0),
            Backend::File(file) => file.read(|sql| sql.high_water()),
        }
    }

    pub(in crate::target) fn by_id(&self, kind: Kind, id: &str) -> Result<Option<Arc<str>>, StorageError> {
        match &self.0 {
            Backend::Memory(memory) => Ok(memory.read().table(kind).by_id(id)),
            Backend::File(file) => file.read(|sql| sql.by_id(kind, id)),
        }
    }

    /// Those of a key, in a stable order.
    pub(in crate::target) fn by_key(&self, kind: Kind, key: &str) -> Result<Vec<Arc<str>>, StorageError> {
        match &self.0 {
            Backend::Memory(memory) => Ok(memory.read().table(kind).by_key(key)),
            Backend::File(file) => file.read(|sql| sql.by_key(kind, key)),
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
            Backend::Memory(memory) => Ok(memory.read().table(kind).page(offset, limit)),
            Backend::File(file) => file.read(|sql| sql.page(kind, offset, limit)),
        }
    }

    /// The next thousand of a walk; none at its end.
    pub(in crate::target) fn walk(&self, kind: Kind, cursor: &mut Cursor) -> Result<Vec<Arc<str>>, StorageError> {
        const STEP: usize = 1000;
        match &self.0 {
            Backend::Memory(memory) => Ok(memory.read().table(kind).walk(cursor, STEP)),
            Backend::File(file) => file.read(|sql| sql.walk(kind, cursor, STEP)),
        }
    }

    /// Runs a unit of work while nobody else writes. All that it wrote stands when this comes back with its value, and
    /// survives as the storage does; nothing of it where it returned an error.
    ///
    /// It may run on another thread, together with others, so it mustn't wait for anything. It runs even where nobody
    /// waits for its outcome any more.
    pub(in crate::target) async fn write<T, E>(
        &self,
        unit: impl FnOnce(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
    {
        match &self.0 {
            Backend::Memory(memory) => memory.write(unit),
            Backend::File(file) => file.writer.write(unit).await,
        }
    }

    /// The same for those who aren't asynchronous: the thread waits.
    pub(in crate::target) fn write_now<T, E>(
        &self,
        unit: impl FnOnce(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
    {
        wait_for(self.write(unit))
    }
}

/// Wakes a thread that waits.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for something that another thread does. A runtime isn't needed, and may be there: its own `block_on` refuses to
/// wait inside of it.
fn wait_for<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}

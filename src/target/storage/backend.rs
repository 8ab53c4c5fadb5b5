//! One face for both kinds of storage.

use std::fmt;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use super::file::{Durability, File};
use super::memory::Memory;
use super::reader::Reader;
use super::{StorageError, Transaction};

/// Where an endpoint keeps its resources.
pub struct Storage(Backend);

enum Backend {
    Memory(Box<Memory>),
    File(File),
}

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
        Self(Backend::Memory(Box::default()))
    }

    /// In a `SQLite` file, made if it isn't there. What was answered survives the end of the process at
    /// any moment; a power failure may cost the last writes. Several processes may use one file.
    pub fn file(path: &Path) -> Result<Self, StorageError> {
        Self::durable_file(path, Durability::Process)
    }

    /// The same, surviving what is asked for.
    pub fn durable_file(path: &Path, durability: Durability) -> Result<Self, StorageError> {
        Ok(Self(Backend::File(File::open(path, durability)?)))
    }

    /// Whether reading may have to wait for a disk.
    pub(in crate::target) fn is_file(&self) -> bool {
        matches!(self.0, Backend::File(_))
    }

    /// Ends writing: what waits is done, and folded into the file. Nothing can be written afterwards.
    pub fn close(&self) -> Result<(), StorageError> {
        match &self.0 {
            Backend::Memory(_) => Ok(()),
            Backend::File(file) => file.close(),
        }
    }

    /// Reads, all of it at one moment.
    pub(in crate::target) fn read<T>(
        &self,
        read: impl FnOnce(&dyn Reader) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        match &self.0 {
            Backend::Memory(memory) => read(&*memory.read()),
            Backend::File(file) => file.read(|sql| read(sql)),
        }
    }

    /// Runs a unit of work while nobody else writes. All that it wrote stands when this comes back with its value, and
    /// survives as the storage does; nothing of it where it returned an error.
    ///
    /// It may run on another thread, together with others, so it mustn't wait for anything. It runs even where nobody
    /// waits for its outcome any more, and once more from the beginning where there was no room for what it wrote.
    pub(in crate::target) async fn write<T, E>(
        &self,
        unit: impl FnMut(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
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
        unit: impl FnMut(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
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

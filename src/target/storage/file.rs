//! Resources in a `SQLite` file: opened, read, closed.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::milestones::Milestones;
use super::sql::Sql;
use super::writer::Writer;
use super::{StorageError, format};

/// What a write that was answered survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// The end of the process, whatever ends it. A power failure may cost the last writes, not the file.
    #[default]
    Process,
    /// A power failure too: each commit waits for the disk.
    Power,
}

/// An open file: the thread that writes it, and connections that read it.
pub(super) struct File {
    path: PathBuf,
    /// Closed before the writer, which can only take the log away when nobody reads any more.
    readers: Readers,
    pub(super) writer: Writer,
    milestones: Milestones,
}

/// How long another process may keep the file.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// How much of the file the writer keeps in memory, in KiB. More would make commits slower: after one in which a page of
/// an index was split, `SQLite` looks through all that is kept.
pub(super) const CACHE: i64 = 2 * 1024;
/// The same while it writes a lot in one transaction.
pub(super) const LARGE_CACHE: i64 = 16 * 1024;
/// How many read at once. Each of them holds files open, of which a process may have no more than so many.
const READERS: usize = 16;
/// What a connection can be asked without being prepared again.
const STATEMENTS: usize = 64;

/// Makes a file that isn't there yet so that only the user can read it, at the end of a link too. Where that fails,
/// opening it as a database fails as well, and says why.
fn make_private(path: &Path) {
    // one that is there may be in use: whoever closes it lets go of the locks that this process has on it
    if path.exists() {
        return;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    drop(options.open(path));
}

/// How a file is opened: as a file whatever its name is like.
pub(super) const WRITING: OpenFlags =
    OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_CREATE).union(OpenFlags::SQLITE_OPEN_NO_MUTEX);
const READING: OpenFlags = OpenFlags::SQLITE_OPEN_READ_ONLY.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

/// Makes Apple's disks write what they were given, which elsewhere goes without saying.
pub(super) fn force(connection: &Connection, durability: Durability) -> rusqlite::Result<()> {
    if durability == Durability::Power {
        connection.pragma_update(None, "fullfsync", true)?;
        connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    }
    Ok(())
}

/// Has a connection keep so many KiB of the file in memory.
pub(super) fn set_cache(connection: &Connection, size: i64) -> rusqlite::Result<()> {
    connection.pragma_update(None, "cache_size", -size)
}

impl File {
    pub(super) fn open(path: &Path, durability: Durability) -> Result<Self, StorageError> {
        let named = path;
        let fail = |source| StorageError::opening(named, source);
        // a relative one may have a meaning: `:memory:`
        let path = &std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        make_private(path);
        let pages = format::page_count(path);
        let mut connection = Connection::open_with_flags(path, WRITING).map_err(fail)?;
        if connection.is_readonly("main").map_err(fail)? {
            return Err(StorageError::ReadOnly(named.to_owned()));
        }
        connection.busy_timeout(PATIENCE).map_err(fail)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        format::prepare(&mut connection, named, pages)?;
        let synchronous = match durability {
            Durability::Process => "NORMAL",
            Durability::Power => "FULL",
        };
        connection.pragma_update(None, "synchronous", synchronous).map_err(fail)?;
        force(&connection, durability).map_err(fail)?;
        set_cache(&connection, CACHE).map_err(fail)?;
        Ok(Self {
            path: path.to_owned(),
            writer: Writer::start(connection, path, durability)?,
            readers: Readers::default(),
            milestones: Milestones::default(),
        })
    }

    /// Reads what was committed, all of it at one moment. The thread waits where many read already.
    pub(super) fn read<T>(&self, read: impl FnOnce(&Sql<'_>) -> Result<T, StorageError>) -> Result<T, StorageError> {
        let connection = self.readers.take(|| self.connect())?;
        connection.prepare_cached("BEGIN")?.execute([])?;
        let outcome = read(&Sql::with(&connection, &self.milestones));
        connection.prepare_cached("COMMIT")?.execute([])?;
        outcome
    }

    fn connect(&self) -> Result<Connection, StorageError> {
        let connection = Connection::open_with_flags(&self.path, READING)?;
        connection.busy_timeout(PATIENCE)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(connection)
    }

    /// Ends writing, and folds what was written last into the file.
    pub(super) fn close(&self) -> Result<(), StorageError> {
        self.readers.clear();
        self.writer.close()
    }
}

/// Connections that read: as many as are needed, up to a limit.
#[derive(Default)]
struct Readers {
    pool: Mutex<Pool>,
    is_one_free: Condvar,
}

#[derive(Default)]
struct Pool {
    idle: Vec<Connection>,
    /// With those that are in use.
    open: usize,
}

impl Readers {
    fn take(&self, connect: impl FnOnce() -> Result<Connection, StorageError>) -> Result<Taken<'_>, StorageError> {
        let mut pool = self.pool();
        while pool.idle.is_empty() && pool.open >= READERS {
            pool = self.is_one_free.wait(pool).unwrap_or_else(PoisonError::into_inner);
        }
        let mut taken = Taken { readers: self, connection: pool.idle.pop() };
        if taken.connection.is_none() {
            pool.open += 1;
            drop(pool);
            taken.connection = Some(connect()?);
        }
        Ok(taken)
    }

    /// Closes those that aren't in use.
    fn clear(&self) {
        let mut pool = self.pool();
        pool.open -= pool.idle.len();
        pool.idle.clear();
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that is in use, until it goes out of scope.
struct Taken<'r> {
    readers: &'r Readers,
    connection: Option<Connection>,
}

impl Deref for Taken<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("it is there until it is given back")
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        // one that couldn't end its transaction isn't used again
        let connection = self.connection.take().filter(Connection::is_autocommit);
        let mut pool = self.readers.pool();
        match connection {
            Some(connection) => pool.idle.push(connection),
            None => pool.open -= 1,
        }
        drop(pool);
        self.readers.is_one_free.notify_one();
    }
}

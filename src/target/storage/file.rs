//! Resources in a `SQLite` file: opened, read, closed.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
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
    idle: Mutex<Vec<Connection>>,
    pub(super) writer: Writer,
    milestones: Milestones,
}

/// How long another process may keep the file.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// How many connections wait to read; more are made where more read at once.
const IDLE: usize = 4;
/// What a connection can be asked without being prepared again.
const STATEMENTS: usize = 64;

/// Makes a file that isn't there yet so that only the user can read it. Where that fails, opening it
/// as a database fails too, and says why.
fn make_private(path: &Path) {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    drop(options.open(path));
}

impl File {
    pub(super) fn open(path: &Path, durability: Durability) -> Result<Self, StorageError> {
        let fail = |source| StorageError::opening(path, source);
        make_private(path);
        let pages = format::page_count(path);
        let mut connection = Connection::open(path).map_err(fail)?;
        connection.busy_timeout(PATIENCE).map_err(fail)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        format::prepare(&mut connection, path, pages)?;
        let synchronous = match durability {
            Durability::Process => "NORMAL",
            Durability::Power => "FULL",
        };
        connection.pragma_update(None, "synchronous", synchronous).map_err(fail)?;
        connection.pragma_update(None, "cache_size", -16384).map_err(fail)?;
        Ok(Self {
            path: path.to_owned(),
            writer: Writer::start(connection, path)?,
            idle: Mutex::default(),
            milestones: Milestones::default(),
        })
    }

    /// Reads what was committed, all of it at one moment.
    pub(super) fn read<T>(&self, read: impl FnOnce(&Sql<'_>) -> Result<T, StorageError>) -> Result<T, StorageError> {
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.connect()?,
        };
        connection.prepare_cached("BEGIN")?.execute([])?;
        let outcome = read(&Sql::with(&connection, &self.milestones));
        // A connection that can't end its transaction isn't used again.
        connection.prepare_cached("COMMIT")?.execute([])?;
        let mut idle = self.idle();
        if idle.len() < IDLE {
            idle.push(connection);
        }
        outcome
    }

    fn connect(&self) -> Result<Connection, StorageError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(PATIENCE)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(connection)
    }

    /// Ends writing, and folds what was written last into the file.
    pub(super) fn close(&self) -> Result<(), StorageError> {
        self.idle().clear();
        self.writer.close()
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

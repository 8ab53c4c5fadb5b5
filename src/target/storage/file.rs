//! Resources in a `SQLite` file: opened, checked, brought up to date, read.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::StorageError;
use super::sql::Sql;
use super::writer::Writer;

/// An open file: the thread that writes it, and connections that read it.
pub(super) struct File {
    path: PathBuf,
    pub(super) writer: Writer,
    idle: Mutex<Vec<Connection>>,
}

/// What each format adds to the one before; `user_version` counts them. A step is never changed once it
/// was released.
const STEPS: [&str; 2] = [
    "CREATE TABLE users (
        seq  INTEGER PRIMARY KEY AUTOINCREMENT,
        id   TEXT NOT NULL UNIQUE,
        key  TEXT NOT NULL UNIQUE,
        body TEXT NOT NULL
    ) STRICT;",
    "CREATE TABLE groups (
        seq  INTEGER PRIMARY KEY AUTOINCREMENT,
        id   TEXT NOT NULL UNIQUE,
        key  TEXT NOT NULL,
        body TEXT NOT NULL
    ) STRICT;
    CREATE INDEX groups_by_key ON groups (key, seq);",
];

#[expect(clippy::cast_possible_wrap, reason = "there is a handful of steps")]
const FORMAT: i64 = STEPS.len() as i64;

/// How long another process may keep the file.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many connections wait to read; more are made where more read at once.
const IDLE: usize = 4;

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
    pub(super) fn open(path: &Path) -> Result<Self, StorageError> {
        let fail = |source| StorageError::opening(path, source);
        make_private(path);
        let mut connection = Connection::open(path).map_err(fail)?;
        connection.busy_timeout(PATIENCE).map_err(fail)?;
        let found: i64 = match connection.pragma_query_value(None, "user_version", |row| row.get(0)) {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
                return Err(StorageError::Foreign(path.to_owned()));
            }
            found => found.map_err(fail)?,
        };
        if found > FORMAT {
            return Err(StorageError::Newer { path: path.to_owned(), found, known: FORMAT });
        }
        let schema = "SELECT count(*), coalesce(sum(name = 'users' AND sql LIKE '%body TEXT NOT NULL%'), 0)
                      FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
        let (tables, ours): (i64, i64) =
            connection.query_row(schema, [], |row| Ok((row.get(0)?, row.get(1)?))).map_err(fail)?;
        if (found == 0 && tables != 0) || (found != 0 && ours != 1) {
            return Err(StorageError::Foreign(path.to_owned()));
        }
        connection.pragma_update(None, "journal_mode", "WAL").map_err(fail)?;
        connection.pragma_update(None, "synchronous", "NORMAL").map_err(fail)?;
        if found < FORMAT {
            migrate(&mut connection).map_err(fail)?;
        }
        Ok(Self { path: path.to_owned(), writer: Writer::start(connection)?, idle: Mutex::default() })
    }

    /// Reads what was committed, all of it at one moment.
    pub(super) fn read<T>(&self, read: impl FnOnce(Sql<'_>) -> rusqlite::Result<T>) -> Result<T, StorageError> {
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.connect()?,
        };
        let transaction = connection.unchecked_transaction()?;
        let outcome = read(Sql(&transaction));
        drop(transaction);
        let mut idle = self.idle();
        if idle.len() < IDLE {
            idle.push(connection);
        }
        Ok(outcome?)
    }

    fn connect(&self) -> Result<Connection, StorageError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(PATIENCE)?;
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

/// Does the steps that the file lacks, all or none. The format is read again inside: another process may
/// have been faster.
fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for step in STEPS.iter().skip(usize::try_from(found).unwrap_or_default()) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", FORMAT)?;
    transaction.commit()
}

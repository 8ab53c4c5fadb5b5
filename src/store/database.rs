//! One job's file: opened, checked, migrated.

use std::cell::RefCell;
use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::migration::{self, Format};
use super::snapshot::Stamp;
use super::{CycleLock, Holder, Snapshot, StoreError, row};
use crate::base::Timestamp;
use crate::plan::FailedPart;

/// How long a statement waits for another connection to let go of the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The defaults (2 MB of cache, a checkpoint every 4 MB) halve the speed of a first cycle, whose ids
/// come in no order; 16 MB and 40 MB don't. The log is cut to 64 MB when a checkpoint has emptied it.
const SETUP: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;
    PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 10000; PRAGMA journal_size_limit = 67108864;";

/// The saved state of one job.
#[derive(Debug)]
pub struct Store {
    pub(super) connection: Connection,
    path: PathBuf,
    /// Row of the cycle that has begun.
    pub(super) cycle: Option<i64>,
    /// Whether the log keeps no names and values.
    pub(super) hides_personal_data: bool,
    /// What was read last, and of what.
    pub(super) kept: RefCell<Option<(Stamp, Snapshot)>>,
}

/// What `status` counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Objects that something is remembered of.
    pub objects: u64,
    /// Objects with an account.
    pub linked: u64,
    /// Groups among the linked ones.
    pub linked_groups: u64,
    /// Objects whose last export failed.
    pub failing: u64,
    /// When the oldest of these failures was.
    pub failing_since: Option<Timestamp>,
    /// Cycles, running and killed ones included.
    pub cycles: u64,
    /// Records in the log.
    pub records: u64,
}

impl Store {
    /// Opens the state of a job; folder (mode 0700) and file (mode 0600) are made where they are
    /// missing, an older format is brought up to date.
    pub fn open(dir: &Path, job: &str) -> Result<Self, StoreError> {
        let path = file_of(dir, job)?;
        make_folder(dir)?;
        // SQLite gives the files beside it the same permissions.
        drop(private_file(&path)?);
        let mut store = Self::connect(path)?;
        store.check_format()?;
        store.migrate()?;
        Ok(store)
    }

    /// Opens the state of a job for reading, if there is any; never makes a database.
    ///
    /// Whatever would change it fails as [`StoreError::NotWritable`]. `SQLite` keeps two auxiliary
    /// files beside the database while it is open.
    pub fn open_existing(dir: &Path, job: &str) -> Result<Option<Self>, StoreError> {
        let path = file_of(dir, job)?;
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => return Err(StoreError::NotAFile { path }),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => {
                return Err(StoreError::NotAFolder { path: dir.to_owned() });
            }
            Err(error) => return Err(StoreError::of_io("reading", &path, error)),
        }
        let mut store = Self::connect(path)?;
        if store.check_format()? == Format::Empty {
            return Ok(None);
        }
        store.migrate()?;
        store.try_sql(|sql| sql.pragma_update(None, "query_only", true))?;
        Ok(Some(store))
    }

    fn connect(path: PathBuf) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags).map_err(|error| StoreError::of(&path, error))?;
        let store = Self { connection, path, cycle: None, hides_personal_data: false, kept: RefCell::default() };
        store.try_sql(|sql| sql.busy_timeout(BUSY_TIMEOUT))?;
        Ok(store)
    }

    /// Refuses what isn't ours or too new, before anything is changed.
    fn check_format(&self) -> Result<Format, StoreError> {
        let supported = i64::try_from(migration::STEPS.len()).expect("a handful of steps");
        let path = || self.path.clone();
        match self.try_sql(migration::format)? {
            Format::Foreign => Err(StoreError::NotScimulate { path: path() }),
            Format::Ours(found) if found > supported => {
                let written_by = migration::written_by(&self.connection).unwrap_or_else(|| "of a later version".into());
                Err(StoreError::Newer { path: path(), found, supported, written_by })
            }
            Format::Ours(found) if found < 1 => {
                Err(StoreError::Corrupt { path: path(), what: format!("its format can't be {found}") })
            }
            format @ (Format::Ours(_) | Format::Empty) => Ok(format),
        }
    }

    fn migrate(&mut self) -> Result<(), StoreError> {
        self.try_sql(|sql| sql.execute_batch(SETUP))?;
        let path = &self.path;
        migration::migrate(&mut self.connection, migration::STEPS, env!("CARGO_PKG_VERSION"))
            .map_err(|error| StoreError::of(path, error))
    }

    /// From now on the log gets no names and values of people.
    pub fn hide_personal_data(&mut self) {
        self.hides_personal_data = true;
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes the job's lock for one cycle, or says who holds it.
    pub fn lock(&self, holder: &Holder) -> Result<CycleLock, StoreError> {
        CycleLock::take(self.path.with_extension("lock"), holder)
    }

    /// Who is in the middle of a cycle of this job; `None` when nobody is.
    pub fn lock_holder(&self) -> Option<Holder> {
        super::lock::current_holder(&self.path.with_extension("lock"))
    }

    /// Whether nothing is remembered of any object.
    pub(super) fn is_empty(&self) -> Result<bool, StoreError> {
        let select = "SELECT NOT EXISTS (SELECT 1 FROM object)";
        self.try_sql(|sql| sql.prepare_cached(select)?.query_row([], |row| row.get(0)))
    }

    /// Objects with which this part of an export failed last time.
    pub fn failing(&self, part: FailedPart) -> Result<u64, StoreError> {
        if let Some(snapshot) = self.kept_snapshot()? {
            return Ok((snapshot.users.failing(part) + snapshot.groups.failing(part)) as u64);
        }
        let select = "SELECT count(*) FROM object WHERE failed_part = ?1";
        self.try_sql(|sql| sql.prepare_cached(select)?.query_row([part.as_str()], |row| row::count(row, 0)))
    }

    /// Users and groups that have an account.
    pub fn linked(&self) -> Result<[u64; 2], StoreError> {
        if let Some(snapshot) = self.kept_snapshot()? {
            return Ok([snapshot.users.linked() as u64, snapshot.groups.linked() as u64]);
        }
        let select = "SELECT count(iif(kind = 'User', target_id, NULL)), count(iif(kind = 'Group', target_id, NULL))
                      FROM object";
        self.try_sql(|sql| {
            sql.prepare_cached(select)?.query_row([], |row| Ok([row::count(row, 0)?, row::count(row, 1)?]))
        })
    }

    /// Counts what is there.
    pub fn totals(&self) -> Result<Totals, StoreError> {
        let select = "SELECT count(*), count(target_id), count(iif(kind = 'Group', target_id, NULL)), count(failures),
                             min(failed_first), (SELECT count(*) FROM cycle), (SELECT count(*) FROM log) FROM object";
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Totals {
                objects: row::count(row, 0)?,
                linked: row::count(row, 1)?,
                linked_groups: row::count(row, 2)?,
                failing: row::count(row, 3)?,
                failing_since: row::optional_timestamp(row, 4)?,
                cycles: row::count(row, 5)?,
                records: row::count(row, 6)?,
            })
        };
        self.try_sql(|sql| sql.query_row(select, [], read))
    }

    /// Closes the file and folds the write-ahead log into it.
    pub fn close(self) -> Result<(), StoreError> {
        let path = self.path;
        self.connection.close().map_err(|(_, error)| StoreError::of(&path, error))
    }

    pub(super) fn try_sql<T>(&self, run: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        run(&self.connection).map_err(|error| StoreError::of(&self.path, error))
    }

    /// Reads what belongs together: what others commit meanwhile isn't seen.
    pub(super) fn reading<T>(&self, read: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        let failed = |error| StoreError::of(&self.path, error);
        let transaction = self.connection.unchecked_transaction().map_err(failed)?;
        let value = read()?;
        transaction.commit().map_err(failed)?;
        Ok(value)
    }

    /// Everything or nothing.
    pub(super) fn transaction<T>(
        &mut self,
        run: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let behavior = rusqlite::TransactionBehavior::Immediate;
        let transact = |connection: &mut Connection| {
            let transaction = connection.transaction_with_behavior(behavior)?;
            let value = run(&transaction)?;
            transaction.commit()?;
            Ok(value)
        };
        transact(&mut self.connection).map_err(|error| StoreError::of(&self.path, error))
    }
}

/// `<dir>/<job>.db`, for a job whose name stays inside the folder.
fn file_of(dir: &Path, job: &str) -> Result<PathBuf, StoreError> {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ');
    let why = if job.trim().is_empty() {
        "it is empty"
    } else if job.len() > 100 {
        "it has more than 100 bytes"
    } else if job.starts_with('.') || !job.chars().all(fits) {
        "only letters, digits, '-', '_', '.' and blanks can be in it, and no '.' at its start"
    } else if job.eq_ignore_ascii_case("target") {
        "target.db is the data of the embedded endpoint"
    } else {
        return Ok(dir.join(format!("{job}.db")));
    };
    Err(StoreError::JobName { name: job.to_owned(), why })
}

fn make_folder(dir: &Path) -> Result<(), StoreError> {
    if dir.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists | std::io::ErrorKind::NotADirectory => {
            StoreError::NotAFolder { path: dir.to_owned() }
        }
        std::io::ErrorKind::StorageFull => StoreError::of_io("making", dir, error),
        _ => StoreError::NotWritable { path: dir.to_owned(), source: Some(Arc::new(error)) },
    })
}

/// Opens a file for reading and writing; a new one is for its owner alone.
pub(super) fn private_file(path: &Path) -> Result<File, StoreError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| StoreError::of_io("opening", path, error))
}

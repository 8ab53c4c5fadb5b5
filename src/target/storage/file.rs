//! Resources in a `SQLite` file.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use super::{Change, Cursor, Record, StorageError, Taken, Update};

pub(super) struct File(Connection);

/// The format that is written; kept in `user_version`.
const FORMAT: i64 = 1;

const TABLES: &str = "
    CREATE TABLE users (
        seq  INTEGER PRIMARY KEY AUTOINCREMENT,
        id   TEXT NOT NULL UNIQUE,
        key  TEXT NOT NULL UNIQUE,
        body TEXT NOT NULL
    ) STRICT;
    PRAGMA user_version = 1;
";

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
        let fail = |source| StorageError::Open { path: path.to_owned(), source };
        make_private(path);
        let mut connection = Connection::open(path).map_err(fail)?;
        connection.busy_timeout(Duration::from_secs(5)).map_err(fail)?;
        let found: i64 = match connection.pragma_query_value(None, "user_version", |row| row.get(0)) {
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) => {
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
        if (found == 0 && tables != 0) || (found == FORMAT && ours != 1) {
            return Err(StorageError::Foreign(path.to_owned()));
        }
        connection.pragma_update(None, "journal_mode", "WAL").map_err(fail)?;
        connection.pragma_update(None, "synchronous", "NORMAL").map_err(fail)?;
        if found == 0 {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fail)?;
            transaction.execute_batch(TABLES).map_err(fail)?;
            transaction.commit().map_err(fail)?;
        }
        Ok(Self(connection))
    }

    pub(super) fn high_water(&self) -> Result<u64, StorageError> {
        let seq: Option<i64> = self
            .0
            .query_row("SELECT seq FROM sqlite_sequence WHERE name = 'users'", [], |row| row.get(0))
            .optional()?;
        Ok(seq.unwrap_or_default().unsigned_abs())
    }

    pub(super) fn by_id(&self, id: &str) -> Result<Option<Arc<str>>, StorageError> {
        Ok(self.0.prepare_cached("SELECT body FROM users WHERE id = ?1")?.query_row([id], body).optional()?)
    }

    pub(super) fn by_key(&self, key: &str) -> Result<Option<Arc<str>>, StorageError> {
        Ok(self.0.prepare_cached("SELECT body FROM users WHERE key = ?1")?.query_row([key], body).optional()?)
    }

    pub(super) fn page(&self, offset: u64, limit: usize) -> Result<(u64, Vec<Arc<str>>), StorageError> {
        let total: i64 = self.0.prepare_cached("SELECT count(*) FROM users")?.query_row([], |row| row.get(0))?;
        let mut statement = self.0.prepare_cached("SELECT body FROM users ORDER BY seq LIMIT ?1 OFFSET ?2")?;
        let rows = statement.query_map(params![signed(limit as u64), signed(offset)], body)?;
        Ok((total.unsigned_abs(), rows.collect::<Result<_, _>>()?))
    }

    pub(super) fn walk(&self, cursor: &mut Cursor, step: usize) -> Result<Vec<Arc<str>>, StorageError> {
        let mut statement =
            self.0.prepare_cached("SELECT body, seq FROM users WHERE seq > ?1 ORDER BY seq LIMIT ?2")?;
        let rows = statement.query_map(params![cursor.0, signed(step as u64)], |row| Ok((body(row)?, row.get(1)?)))?;
        let mut page = Vec::new();
        for row in rows {
            let (body, seq) = row?;
            cursor.0 = seq;
            page.push(body);
        }
        Ok(page)
    }

    pub(super) fn insert(&mut self, records: &[Record]) -> Result<Result<(), (usize, Taken)>, StorageError> {
        let transaction = self.0.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut insert = transaction
                .prepare_cached("INSERT INTO users (id, key, body) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?;
            for (index, record) in records.iter().enumerate() {
                if insert.execute(params![record.id, record.key, record.body])? == 0 {
                    let mut id = transaction.prepare_cached("SELECT 1 FROM users WHERE id = ?1")?;
                    let taken = if id.exists([&record.id])? { Taken::Id } else { Taken::Key };
                    return Ok(Err((index, taken)));
                }
            }
        }
        transaction.commit()?;
        Ok(Ok(()))
    }

    pub(super) fn update<E: From<StorageError>>(
        &mut self,
        id: &str,
        change: impl FnOnce(&str) -> Result<Change, E>,
    ) -> Result<Update, E> {
        let fail = |error: rusqlite::Error| E::from(StorageError::from(error));
        let transaction = self.0.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fail)?;
        let current: Option<Arc<str>> = transaction
            .prepare_cached("SELECT body FROM users WHERE id = ?1")
            .and_then(|mut select| select.query_row([id], body).optional())
            .map_err(fail)?;
        let Some(current) = current else { return Ok(Update::Missing) };
        let Change::Write { key, body } = change(&current)? else { return Ok(Update::Done(current)) };
        let changed = transaction
            .prepare_cached("UPDATE OR IGNORE users SET key = ?2, body = ?3 WHERE id = ?1")
            .and_then(|mut update| update.execute(params![id, key, body]))
            .map_err(fail)?;
        if changed == 0 {
            return Ok(Update::KeyTaken);
        }
        transaction.commit().map_err(fail)?;
        Ok(Update::Done(body.into()))
    }

    pub(super) fn delete(&self, id: &str) -> Result<bool, StorageError> {
        Ok(self.0.prepare_cached("DELETE FROM users WHERE id = ?1")?.execute([id])? > 0)
    }
}

fn body(row: &Row<'_>) -> rusqlite::Result<Arc<str>> {
    row.get_ref(0)?.as_str().map(Arc::from).map_err(Into::into)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

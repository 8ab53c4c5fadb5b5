//! Resources in a `SQLite` file.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use super::{Change, Cursor, Record, StorageError, Taken, Update, Within};
use crate::target::Kind;

pub(super) struct File(Connection);

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

/// The table of a kind.
const fn table(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "users",
        Kind::Group => "groups",
    }
}

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
        if (found == 0 && tables != 0) || (found != 0 && ours != 1) {
            return Err(StorageError::Foreign(path.to_owned()));
        }
        connection.pragma_update(None, "journal_mode", "WAL").map_err(fail)?;
        connection.pragma_update(None, "synchronous", "NORMAL").map_err(fail)?;
        if found < FORMAT {
            migrate(&mut connection).map_err(fail)?;
        }
        Ok(Self(connection))
    }

    pub(super) fn high_water(&self) -> Result<u64, StorageError> {
        let made: i64 = self.0.query_row("SELECT coalesce(sum(seq), 0) FROM sqlite_sequence", [], |row| row.get(0))?;
        Ok(made.unsigned_abs())
    }

    pub(super) fn by_id(&self, kind: Kind, id: &str) -> Result<Option<Arc<str>>, StorageError> {
        let sql = format!("SELECT body FROM {} WHERE id = ?1", table(kind));
        Ok(self.0.prepare_cached(&sql)?.query_row([id], body).optional()?)
    }

    pub(super) fn by_key(&self, kind: Kind, key: &str) -> Result<Vec<Arc<str>>, StorageError> {
        let sql = format!("SELECT body FROM {} WHERE key = ?1 ORDER BY seq", table(kind));
        Ok(self.0.prepare_cached(&sql)?.query_map([key], body)?.collect::<Result<_, _>>()?)
    }

    pub(super) fn page(&self, kind: Kind, offset: u64, limit: usize) -> Result<(u64, Vec<Arc<str>>), StorageError> {
        let table = table(kind);
        let count = format!("SELECT count(*) FROM {table}");
        let total: i64 = self.0.prepare_cached(&count)?.query_row([], |row| row.get(0))?;
        let page = format!("SELECT body FROM {table} ORDER BY seq LIMIT ?1 OFFSET ?2");
        let mut statement = self.0.prepare_cached(&page)?;
        let rows = statement.query_map(params![signed(limit as u64), signed(offset)], body)?;
        Ok((total.unsigned_abs(), rows.collect::<Result<_, _>>()?))
    }

    pub(super) fn by_key_part(
        &self,
        kind: Kind,
        part: &str,
        within: Within,
        offset: u64,
        limit: usize,
    ) -> Result<Vec<Arc<str>>, StorageError> {
        // no text that begins with the part sorts behind the part and the last of all characters
        let condition = match within {
            Within::Beginning => "key >= ?1 AND key < ?1 || char(1114111)",
            Within::Further => "instr(key, ?1) > 1",
        };
        let table = table(kind);
        let sql = format!("SELECT body FROM {table} WHERE {condition} ORDER BY key, seq LIMIT ?2 OFFSET ?3");
        let mut statement = self.0.prepare_cached(&sql)?;
        let rows = statement.query_map(params![part, signed(limit as u64), signed(offset)], body)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    pub(super) fn walk(&self, kind: Kind, cursor: &mut Cursor, step: usize) -> Result<Vec<Arc<str>>, StorageError> {
        let sql = format!("SELECT body, seq FROM {} WHERE seq > ?1 ORDER BY seq LIMIT ?2", table(kind));
        let mut statement = self.0.prepare_cached(&sql)?;
        let rows = statement.query_map(params![cursor.0, signed(step as u64)], |row| Ok((body(row)?, row.get(1)?)))?;
        let mut page = Vec::new();
        for row in rows {
            let (body, seq) = row?;
            cursor.0 = seq;
            page.push(body);
        }
        Ok(page)
    }

    pub(super) fn insert(
        &mut self,
        kind: Kind,
        records: &[Record],
    ) -> Result<Result<(), (usize, Taken)>, StorageError> {
        let table = table(kind);
        let transaction = self.0.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let insert = format!("INSERT INTO {table} (id, key, body) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING");
            let mut insert = transaction.prepare_cached(&insert)?;
            for (index, record) in records.iter().enumerate() {
                if insert.execute(params![record.id, record.key, record.body])? == 0 {
                    let mut id = transaction.prepare_cached(&format!("SELECT 1 FROM {table} WHERE id = ?1"))?;
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
        kind: Kind,
        id: &str,
        change: impl FnOnce(&str) -> Result<Change, E>,
    ) -> Result<Update, E> {
        let table = table(kind);
        let fail = |error: rusqlite::Error| E::from(StorageError::from(error));
        let transaction = self.0.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fail)?;
        let current: Option<Arc<str>> = transaction
            .prepare_cached(&format!("SELECT body FROM {table} WHERE id = ?1"))
            .and_then(|mut select| select.query_row([id], body).optional())
            .map_err(fail)?;
        let Some(current) = current else { return Ok(Update::Missing) };
        let Change::Write { key, body } = change(&current)? else { return Ok(Update::Done(current)) };
        let changed = transaction
            .prepare_cached(&format!("UPDATE OR IGNORE {table} SET key = ?2, body = ?3 WHERE id = ?1"))
            .and_then(|mut update| update.execute(params![id, key, body]))
            .map_err(fail)?;
        if changed == 0 {
            return Ok(Update::KeyTaken);
        }
        transaction.commit().map_err(fail)?;
        Ok(Update::Done(body.into()))
    }

    pub(super) fn delete(&self, kind: Kind, id: &str) -> Result<bool, StorageError> {
        let sql = format!("DELETE FROM {} WHERE id = ?1", table(kind));
        Ok(self.0.prepare_cached(&sql)?.execute([id])? > 0)
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

fn body(row: &Row<'_>) -> rusqlite::Result<Arc<str>> {
    row.get_ref(0)?.as_str().map(Arc::from).map_err(Into::into)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

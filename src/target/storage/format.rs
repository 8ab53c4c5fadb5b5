//! What a file looks like: its format, checked and brought up to date.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OptionalExtension, TransactionBehavior};
use serde_json::Value;

use super::StorageError;
use super::file::PATIENCE;
use super::record::{MEMBERS, Record};
use super::sql::{Sql, table};
use super::terms::terms_of;
use crate::target::Kind;

/// What each format adds to the one before; `user_version` counts them. A step is never changed once it
/// was released.
const STEPS: [Step; 4] = [
    Step {
        sql: "CREATE TABLE users (
                  seq  INTEGER PRIMARY KEY AUTOINCREMENT,
                  id   TEXT NOT NULL UNIQUE,
                  key  TEXT NOT NULL UNIQUE,
                  body TEXT NOT NULL
              ) STRICT;",
        fill: |_| Ok(()),
    },
    Step {
        sql: "CREATE TABLE groups (
                  seq  INTEGER PRIMARY KEY AUTOINCREMENT,
                  id   TEXT NOT NULL UNIQUE,
                  key  TEXT NOT NULL,
                  body TEXT NOT NULL
              ) STRICT;
              CREATE INDEX groups_by_key ON groups (key, seq);",
        fill: |_| Ok(()),
    },
    // Members of groups leave the bodies: `members_at` is where they belong, `members_size` how many bytes they have.
    // Terms are what `terms.rs` makes of values, 64 bits. AUTOINCREMENT goes, since it writes a page for each row.
    Step {
        sql: "ALTER TABLE users RENAME TO old_users;
              ALTER TABLE groups RENAME TO old_groups;
              DROP INDEX groups_by_key;
              CREATE TABLE users (
                  seq  INTEGER PRIMARY KEY,
                  id   TEXT NOT NULL UNIQUE,
                  key  TEXT NOT NULL UNIQUE,
                  body TEXT NOT NULL
              ) STRICT;
              CREATE TABLE groups (
                  seq  INTEGER PRIMARY KEY,
                  id   TEXT NOT NULL UNIQUE,
                  key  TEXT NOT NULL,
                  body TEXT NOT NULL,
                  members_at   INTEGER,
                  members_size INTEGER NOT NULL DEFAULT 0
              ) STRICT;
              CREATE INDEX groups_by_key ON groups (key, seq);
              INSERT INTO users SELECT seq, id, key, body FROM old_users;
              INSERT INTO groups (seq, id, key, body) SELECT seq, id, key, body FROM old_groups;
              CREATE TABLE pieces (
                  seq     INTEGER NOT NULL,
                  number  INTEGER NOT NULL,
                  entries TEXT NOT NULL,
                  PRIMARY KEY (seq, number)
              ) STRICT;
              CREATE TABLE memberships (
                  term   INTEGER NOT NULL,
                  seq    INTEGER NOT NULL,
                  number INTEGER NOT NULL,
                  PRIMARY KEY (term, seq, number)
              ) STRICT, WITHOUT ROWID;
              CREATE TABLE users_terms (
                  term INTEGER NOT NULL,
                  seq  INTEGER NOT NULL,
                  PRIMARY KEY (term, seq)
              ) STRICT, WITHOUT ROWID;
              CREATE TABLE groups_terms (
                  term INTEGER NOT NULL,
                  seq  INTEGER NOT NULL,
                  PRIMARY KEY (term, seq)
              ) STRICT, WITHOUT ROWID;
              CREATE TABLE totals (
                  name    TEXT PRIMARY KEY,
                  live    INTEGER NOT NULL,
                  deleted INTEGER NOT NULL
              ) STRICT, WITHOUT ROWID;
              INSERT INTO totals SELECT 'users', count(*),
                  coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'old_users'), 0) - count(*) FROM users;
              INSERT INTO totals SELECT 'groups', count(*),
                  coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'old_groups'), 0) - count(*) FROM groups;
              DROP TABLE old_users;
              DROP TABLE old_groups;
              PRAGMA application_id = 0x5363696D;",
        fill: index_everything,
    },
    // What the endpoint was like that wrote the file: see `settings.rs`.
    Step {
        sql: "CREATE TABLE settings (
                  name  TEXT PRIMARY KEY,
                  value TEXT NOT NULL
              ) STRICT, WITHOUT ROWID;",
        fill: |_| Ok(()),
    },
];

/// A write changes a few entries of each index, wherever they are, and the log takes whole pages: small ones make it
/// several times shorter.
const PAGE: i64 = 1024;

struct Step {
    sql: &'static str,
    fill: fn(&Connection) -> Result<(), StorageError>,
}

/// `Scim`, since format 3.
const APPLICATION: i64 = 0x5363_696D;

#[expect(clippy::cast_possible_wrap, reason = "there is a handful of steps")]
const FORMAT: i64 = STEPS.len() as i64;

/// How many pages a file says that it has, in its header. Asked before the file is opened as a database: whoever closes
/// a file lets go of all locks that the process has on it.
pub(super) fn page_count(path: &Path) -> u64 {
    let mut header = [0; 32];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut header));
    let count: [u8; 4] = header[28..].try_into().expect("four bytes");
    if read.is_ok() { u32::from_be_bytes(count).into() } else { 0 }
}

/// Refuses a file that is something else or isn't whole, and brings an older one up to date, all or nothing.
pub(super) fn prepare(connection: &mut Connection, path: &Path, pages: u64) -> Result<(), StorageError> {
    let fail = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => StorageError::Foreign(path.to_owned()),
        Some(ErrorCode::DatabaseCorrupt) => StorageError::Damaged(path.to_owned()),
        Some(ErrorCode::DatabaseBusy) => StorageError::Busy,
        _ => StorageError::opening(path, error),
    };
    let State { found, application, tables, ours } = State::read(connection).map_err(fail)?;
    let is_new = found == 0 && tables == 0 && application == 0;
    let is_ours = found > 0 && (application == APPLICATION || (application == 0 && ours == 1));
    if found > FORMAT && (is_ours || tables == 0) {
        return Err(StorageError::Newer { path: path.to_owned(), found, known: FORMAT });
    }
    if !(is_new || is_ours) {
        return Err(StorageError::Foreign(path.to_owned()));
    }
    if is_ours && !is_whole(connection, path, pages).map_err(fail)? {
        return Err(StorageError::Damaged(path.to_owned()));
    }
    if is_new {
        connection.pragma_update(None, "page_size", PAGE).map_err(fail)?;
    }
    keep_log(connection).map_err(fail)?;
    if found < FORMAT {
        migrate(connection).map_err(|error| match error {
            StorageError::Sqlite(source) => StorageError::Open { path: path.to_owned(), source },
            other => other,
        })?;
    }
    Ok(())
}

/// What a file says that it is.
struct State {
    found: i64,
    application: i64,
    tables: i64,
    ours: i64,
}

impl State {
    /// At one moment: another process may be making the file.
    fn read(connection: &mut Connection) -> rusqlite::Result<Self> {
        let transaction = connection.transaction()?;
        let pragma = |name| transaction.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let schema = "SELECT count(*), coalesce(sum(name = 'users' AND sql LIKE '%body TEXT NOT NULL%'), 0)
                      FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
        let (tables, ours) = transaction.query_row(schema, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(Self { found: pragma("user_version")?, application: pragma("application_id")?, tables, ours })
    }
}

/// Keeps a write-ahead log from now on. `SQLite` doesn't wait where another process does the same just then.
fn keep_log(connection: &Connection) -> rusqlite::Result<()> {
    let mut waited = Duration::ZERO;
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && waited < PATIENCE => {
                std::thread::sleep(PAUSE);
                waited += PAUSE;
            }
            other => return other,
        }
    }
}

/// How long to wait before trying again.
const PAUSE: Duration = Duration::from_millis(10);

/// Whether a file has everything that it should. Of a large one that is only looked at from outside: what is damaged
/// inside is found where it is read.
fn is_whole(connection: &Connection, path: &Path, pages: u64) -> rusqlite::Result<bool> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, u32>(0));
    let size = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    // what isn't in the file yet may be in the log
    let has_log = std::fs::metadata(with_suffix(path, "-wal")).is_ok_and(|metadata| metadata.len() > 0);
    if !has_log && size < pages * u64::from(pragma("page_size")?) {
        return Ok(false);
    }
    if size > SMALL {
        return Ok(true);
    }
    connection.query_row("PRAGMA quick_check(1)", [], |row| Ok(row.get::<_, String>(0)? == "ok"))
}

/// Up to which size a file is looked through when it is opened.
const SMALL: u64 = 16 * 1024 * 1024;

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Does the steps that the file lacks. The format is read again inside: another process may have been faster.
fn migrate(connection: &mut Connection) -> Result<(), StorageError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for step in STEPS.iter().skip(usize::try_from(found).unwrap_or_default()) {
        transaction.execute_batch(step.sql)?;
        (step.fill)(&transaction)?;
    }
    transaction.pragma_update(None, "user_version", FORMAT)?;
    Ok(transaction.commit()?)
}

/// Fills the indexes, and takes members out of the groups.
fn index_everything(connection: &Connection) -> Result<(), StorageError> {
    for kind in Kind::ALL {
        let table = table(kind);
        let next = format!("SELECT seq, id, key, body FROM {table} WHERE seq > ?1 ORDER BY seq LIMIT 1");
        let read = |row: &rusqlite::Row<'_>| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?, row.get::<_, String>(3)?))
        };
        let mut last = 0;
        while let Some((seq, id, key, body)) = connection.prepare_cached(&next)?.query_row([last], read).optional()? {
            last = seq;
            Sql::new(connection).add_terms(kind, seq, &terms_of(kind, &body))?;
            if kind == Kind::User {
                continue;
            }
            let Ok(Value::Object(document)) = serde_json::from_str(&body) else { continue };
            if document.contains_key(MEMBERS) {
                let record = Record::new(kind, id, key, document, None);
                Sql::new(connection).rewrite(seq, &record)?;
            }
        }
    }
    Ok(())
}

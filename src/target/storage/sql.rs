//! What is asked of a `SQLite` file, by readers and by the writer alike.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Cursor, Record, Taken};
use crate::target::Kind;

/// A connection and what it can be asked.
pub(super) struct Sql<'c>(pub(super) &'c Connection);

/// The table of a kind.
const fn table(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "users",
        Kind::Group => "groups",
    }
}

impl Sql<'_> {
    pub(super) fn high_water(&self) -> rusqlite::Result<u64> {
        let made: i64 = self.0.query_row("SELECT coalesce(sum(seq), 0) FROM sqlite_sequence", [], |row| row.get(0))?;
        Ok(made.unsigned_abs())
    }

    pub(super) fn by_id(&self, kind: Kind, id: &str) -> rusqlite::Result<Option<Arc<str>>> {
        let sql = format!("SELECT body FROM {} WHERE id = ?1", table(kind));
        self.0.prepare_cached(&sql)?.query_row([id], body).optional()
    }

    pub(super) fn by_key(&self, kind: Kind, key: &str) -> rusqlite::Result<Vec<Arc<str>>> {
        let sql = format!("SELECT body FROM {} WHERE key = ?1 ORDER BY seq", table(kind));
        self.0.prepare_cached(&sql)?.query_map([key], body)?.collect()
    }

    pub(super) fn page(&self, kind: Kind, offset: u64, limit: usize) -> rusqlite::Result<(u64, Vec<Arc<str>>)> {
        let table = table(kind);
        let count = format!("SELECT count(*) FROM {table}");
        let total: i64 = self.0.prepare_cached(&count)?.query_row([], |row| row.get(0))?;
        let page = format!("SELECT body FROM {table} ORDER BY seq LIMIT ?1 OFFSET ?2");
        let mut statement = self.0.prepare_cached(&page)?;
        let rows = statement.query_map(params![signed(limit as u64), signed(offset)], body)?;
        Ok((total.unsigned_abs(), rows.collect::<Result<_, _>>()?))
    }

    pub(super) fn walk(&self, kind: Kind, cursor: &mut Cursor, step: usize) -> rusqlite::Result<Vec<Arc<str>>> {
        let sql = format!("SELECT body, seq FROM {} WHERE seq > ?1 ORDER BY seq LIMIT ?2", table(kind));
        let mut statement = self.0.prepare_cached(&sql)?;
        let rows = statement
            .query_map(params![signed(cursor.0), signed(step as u64)], |row| Ok((body(row)?, row.get::<_, i64>(1)?)))?;
        let mut page = Vec::new();
        for row in rows {
            let (body, seq) = row?;
            cursor.0 = seq.unsigned_abs();
            page.push(body);
        }
        Ok(page)
    }

    pub(super) fn insert(&self, kind: Kind, record: &Record) -> rusqlite::Result<Result<(), Taken>> {
        let table = table(kind);
        let insert = format!("INSERT INTO {table} (id, key, body) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING");
        if self.0.prepare_cached(&insert)?.execute(params![record.id, record.key, record.body])? == 1 {
            return Ok(Ok(()));
        }
        let mut id = self.0.prepare_cached(&format!("SELECT 1 FROM {table} WHERE id = ?1"))?;
        Ok(Err(if id.exists([&record.id])? { Taken::Id } else { Taken::Key }))
    }

    pub(super) fn update(&self, kind: Kind, record: &Record) -> rusqlite::Result<Result<(), Taken>> {
        let table = table(kind);
        if kind.has_unique_key() {
            let other = format!("SELECT 1 FROM {table} WHERE key = ?2 AND id <> ?1");
            if self.0.prepare_cached(&other)?.exists([&record.id, &record.key])? {
                return Ok(Err(Taken::Key));
            }
        }
        let update = format!("UPDATE {table} SET key = ?2, body = ?3 WHERE id = ?1");
        self.0.prepare_cached(&update)?.execute(params![record.id, record.key, record.body])?;
        Ok(Ok(()))
    }

    pub(super) fn delete(&self, kind: Kind, id: &str) -> rusqlite::Result<bool> {
        let sql = format!("DELETE FROM {} WHERE id = ?1", table(kind));
        Ok(self.0.prepare_cached(&sql)?.execute([id])? > 0)
    }
}

fn body(row: &Row<'_>) -> rusqlite::Result<Arc<str>> {
    row.get_ref(0)?.as_str().map(Arc::from).map_err(Into::into)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

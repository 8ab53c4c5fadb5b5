//! Deletions that accidental deletion prevention holds back, and how they are let through.

use rusqlite::Connection;

use super::{Store, StoreError, row};
use crate::base::{SourceId, Timestamp};
use crate::plan::Staged;
use crate::schema::ObjectKind;

/// An object whose disable or delete is held back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedObject {
    /// The object.
    pub source_id: SourceId,
    /// Users or groups.
    pub kind: ObjectKind,
    /// User principal name or display name when it was last seen.
    pub name: String,
    /// Since when, and whether it is allowed now.
    pub staged: Staged,
}

impl Store {
    /// Every object whose disable or delete is held back, by name.
    pub fn staged(&self) -> Result<Vec<StagedObject>, StoreError> {
        let select = "SELECT source_id, kind, name, staged_since, staged_until FROM object
                      WHERE staged_since IS NOT NULL ORDER BY name COLLATE NOCASE, source_id, kind";
        let read = |row: &rusqlite::Row<'_>| {
            Ok(StagedObject {
                source_id: row::source_id(row, 0)?,
                kind: row::object_kind(row, 1)?,
                name: row.get(2)?,
                staged: Staged { since: row::timestamp(row, 3)?, allowed_until: row::optional_timestamp(row, 4)? },
            })
        };
        self.try_sql(|sql| sql.prepare(select)?.query_map([], read)?.collect())
    }

    /// How many disables and deletes are held back and not allowed, at an instant.
    pub fn held_back(&self, now: Timestamp) -> Result<u64, StoreError> {
        if let Some(snapshot) = self.kept_snapshot()? {
            return Ok((snapshot.users.held_back(now) + snapshot.groups.held_back(now)) as u64);
        }
        let select = "SELECT count(*) FROM object
                      WHERE staged_since IS NOT NULL AND (staged_until IS NULL OR staged_until < ?1)";
        let now = now.as_microsecond();
        self.try_sql(|sql| sql.prepare_cached(select)?.query_row([now], |row| row::count(row, 0)))
    }

    /// Lets what is held back through at the next cycle, until an instant or for good, and says how many objects
    /// these are. A quarantine for too many deletions is due at once.
    pub fn allow_deletes(&mut self, until: Option<Timestamp>, now: Timestamp) -> Result<u64, StoreError> {
        self.transaction(|sql| allow(sql, until, now))
    }
}

pub(super) fn allow(sql: &Connection, until: Option<Timestamp>, now: Timestamp) -> rusqlite::Result<u64> {
    let until = until.unwrap_or(Timestamp::MAX).as_microsecond();
    let allowed = sql.execute("UPDATE object SET staged_until = ?1 WHERE staged_since IS NOT NULL", [until])?;
    sql.execute(
        "UPDATE job SET next_attempt = ?1 WHERE state = 'quarantine' AND state_reason = 'TooManyDeletes'",
        [now.as_microsecond()],
    )?;
    Ok(allowed as u64)
}

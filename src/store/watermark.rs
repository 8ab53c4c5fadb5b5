//! What the source looked like when the last complete cycle ended.

use rusqlite::{Connection, OptionalExtension, params};

use super::{KnownSet, Store, StoreError, row};
use crate::base::{Digest, Timestamp};

/// The source as the last complete cycle saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watermark {
    /// Names of the source attributes, in the order of each object's fingerprints.
    pub attributes: Vec<String>,
    /// Digest of mappings and filters.
    pub rules: Digest,
    /// `assigned` or `all`.
    pub scope: String,
    /// When the cycle ended.
    pub ended: Timestamp,
    /// Hashes of the source ids.
    pub users: KnownSet,
    /// Hashes of the ids of groups.
    pub groups: KnownSet,
    /// Hashes of the assignments.
    pub assignments: KnownSet,
    /// Hashes of the group memberships.
    pub memberships: KnownSet,
}

impl Watermark {
    /// Whether only the time differs.
    fn says_the_same(&self, other: &Self) -> bool {
        let Self { attributes, rules, scope, ended: _, users, groups, assignments, memberships } = self;
        *attributes == other.attributes
            && *rules == other.rules
            && *scope == other.scope
            && *users == other.users
            && *groups == other.groups
            && *assignments == other.assignments
            && *memberships == other.memberships
    }
}

impl Store {
    /// The watermark; `None` means that the next cycle is initial.
    pub fn watermark(&self) -> Result<Option<Watermark>, StoreError> {
        let known = |row: &rusqlite::Row<'_>, column: usize| {
            let bytes =
                row.get_ref(column)?.as_blob().map_err(|_| row::unreadable(column, "a known set", "no bytes"))?;
            KnownSet::from_bytes(bytes)
                .ok_or_else(|| row::unreadable(column, "a known set", format!("{} bytes", bytes.len())))
        };
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Watermark {
                attributes: row::json(row, 0, "a list of attributes")?,
                rules: row::digest(row, 1)?,
                scope: row.get(2)?,
                ended: row::timestamp(row, 3)?,
                users: known(row, 4)?,
                assignments: known(row, 5)?,
                memberships: known(row, 6)?,
                groups: known(row, 7)?,
            })
        };
        let select = "SELECT attributes, rules, scope, ended, users, assignments, memberships, groups FROM watermark";
        self.try_sql(|sql| sql.query_row(select, [], read).optional())
    }

    /// Makes the watermark one of other rules, whichever come: the next cycle is initial. What was
    /// known is kept, so that an incomplete export is still noticed.
    pub fn outdate_watermark(&mut self) -> Result<(), StoreError> {
        let none = Digest::of(b"").to_string();
        self.try_sql(|sql| sql.execute("UPDATE watermark SET rules = ?1", [none])).map(drop)
    }
}

/// Writes the watermark. Where the one before is known for sure and only ended at another time, that is all that is
/// written.
pub(super) fn write(sql: &Connection, watermark: &Watermark, before: Option<&Watermark>) -> rusqlite::Result<()> {
    if before.is_some_and(|before| before.says_the_same(watermark)) {
        let update = sql.prepare_cached("UPDATE watermark SET ended = ?1")?.execute([watermark.ended.as_microsecond()]);
        return update.map(drop);
    }
    let attributes = serde_json::to_string(&watermark.attributes).expect("names are JSON strings");
    sql.execute(
        "INSERT OR REPLACE INTO watermark (one, attributes, rules, scope, ended, users, assignments, memberships,
                                           groups) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            attributes,
            watermark.rules.to_string(),
            watermark.scope,
            watermark.ended.as_microsecond(),
            watermark.users.to_bytes(),
            watermark.assignments.to_bytes(),
            watermark.memberships.to_bytes(),
            watermark.groups.to_bytes(),
        ],
    )
    .map(drop)
}

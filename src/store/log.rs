//! The provisioning log: what was done to each object in each cycle.

use std::time::Duration;

use rusqlite::{CachedStatement, params};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::{Store, StoreError, row};
use crate::base::{CycleId, SourceId, TargetId, Timestamp};
use crate::event::{ActionKind, ObjectError, ObjectRecord};
use crate::plan::AttributeChange;
use crate::schema::ObjectKind;

/// Which records are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogQuery {
    /// Only this cycle's.
    pub cycle: Option<CycleId>,
    /// Only those of the object with this name (ASCII letters in any case) or source id.
    pub name: Option<String>,
    /// At most so many.
    pub limit: usize,
}

/// A record of the log as it is kept: an [`ObjectRecord`] whose reason is a code and a text.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectRecordRow {
    /// The cycle; `None` for what was done outside of one.
    pub cycle: Option<CycleId>,
    /// When the object was finished, to the microsecond.
    pub at: Timestamp,
    /// Source object.
    pub source_id: SourceId,
    /// User principal name or group display name.
    pub name: String,
    /// Users or groups.
    pub kind: ObjectKind,
    /// What was done.
    pub action: ActionKind,
    /// Code of the reason.
    pub reason_code: String,
    /// What decided it, where that varies.
    pub reason_detail: Option<String>,
    /// The account, where there is one.
    pub target_id: Option<TargetId>,
    /// Attributes sent, or attempted.
    pub changes: Vec<AttributeChange>,
    /// Why it failed, if it did.
    pub error: Option<ObjectError>,
    /// Time spent in requests, to the microsecond.
    pub duration: Duration,
}

impl Store {
    /// Records of the log, latest first.
    pub fn log(&self, query: &LogQuery) -> Result<Vec<ObjectRecordRow>, StoreError> {
        let select = "SELECT cycle.id, at, source_id, name, log.kind, action, reason, detail, target_id, changes,
                             error_code, error_message, log.duration
                      FROM log LEFT JOIN cycle ON cycle.number = log.cycle
                      WHERE (?1 IS NULL OR log.cycle IN (SELECT number FROM cycle WHERE id = ?1))
                        AND (?2 IS NULL OR name = ?2 COLLATE NOCASE OR source_id = ?3)
                      ORDER BY log.number DESC LIMIT ?4";
        // Ids are kept as they are printed: GUIDs in lower case.
        let id = query.name.as_deref().and_then(|name| SourceId::parse(name).ok()).map(|id| id.to_string());
        let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
        let values = params![query.cycle.as_ref().map(CycleId::as_str), query.name, id, limit];
        self.try_sql(|sql| sql.prepare(select)?.query_map(values, read)?.collect())
    }

    /// Drops the records from before an instant and says how many they were. Cycles stay listed.
    pub fn prune_log(&mut self, before: Timestamp) -> Result<usize, StoreError> {
        let delete = "DELETE FROM log WHERE at < ?1";
        self.try_sql(|sql| sql.prepare_cached(delete)?.execute([before.as_microsecond()]))
    }
}

pub(super) const INSERT: &str = "INSERT INTO log (cycle, at, source_id, name, kind, action, reason, detail, target_id,
    changes, error_code, error_message, duration) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";

/// Adds one record with the prepared [`INSERT`]; `source_id` is the record's id as text.
pub(super) fn insert(
    statement: &mut CachedStatement<'_>,
    cycle: Option<i64>,
    source_id: &str,
    record: &ObjectRecord,
) -> rusqlite::Result<()> {
    let error = record.error.as_ref();
    statement
        .execute(params![
            cycle,
            record.at.as_microsecond(),
            source_id,
            record.name,
            record.kind.as_str(),
            record.action.as_str(),
            record.reason.code(),
            record.reason.detail(),
            record.target_id.as_ref().map(TargetId::as_str),
            changes_to_json(&record.changes),
            error.map(|error| &error.code),
            error.map(|error| &error.message),
            row::micros(record.duration),
        ])
        .map(drop)
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<ObjectRecordRow> {
    let changes = match row.get_ref(9)? {
        rusqlite::types::ValueRef::Null => Vec::new(),
        _ => row::json::<Vec<OwnedChange>>(row, 9, "a list of changes")?.into_iter().map(OwnedChange::into).collect(),
    };
    Ok(ObjectRecordRow {
        cycle: row.get::<_, Option<String>>(0)?.map(CycleId::new),
        at: row::timestamp(row, 1)?,
        source_id: row::source_id(row, 2)?,
        name: row.get(3)?,
        kind: row::object_kind(row, 4)?,
        action: row::action(row, 5)?,
        reason_code: row.get(6)?,
        reason_detail: row.get(7)?,
        target_id: row.get::<_, Option<String>>(8)?.map(TargetId::new),
        changes,
        error: row::object_error(row, 10)?,
        duration: row::duration(row, 12)?,
    })
}

struct BorrowedChanges<'a>(&'a [AttributeChange]);

impl Serialize for BorrowedChanges<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|AttributeChange { attribute, old, new }| BorrowedChange {
            attribute,
            old: old.as_ref(),
            new: new.as_ref(),
        }))
    }
}

/// A side that has no value is left out, which keeps it apart from `null`.
#[derive(Serialize)]
struct BorrowedChange<'a> {
    attribute: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<&'a Value>,
}

#[derive(Deserialize)]
struct OwnedChange {
    attribute: Box<str>,
    #[serde(default, deserialize_with = "present")]
    old: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    new: Option<Value>,
}

impl From<OwnedChange> for AttributeChange {
    fn from(OwnedChange { attribute, old, new }: OwnedChange) -> Self {
        Self { attribute, old, new }
    }
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

fn changes_to_json(changes: &[AttributeChange]) -> Option<String> {
    (!changes.is_empty()).then(|| serde_json::to_string(&BorrowedChanges(changes)).expect("JSON values are JSON"))
}

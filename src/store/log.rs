//! The provisioning log: what was done to each object in each cycle.

use std::ops::ControlFlow;

use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, params};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::{Store, StoreError, row, trace};
use crate::base::{CycleId, SourceId, TargetId, Timestamp};
use crate::event::{ActionKind, ChangeId, LogEntry, ObjectRecord, StepStatus};
use crate::plan::AttributeChange;

/// Which entries are wanted: those that all of it holds for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// Only this cycle's.
    pub cycle: Option<CycleId>,
    /// Only this change.
    pub change: Option<ChangeId>,
    /// Only those of the object with this name (ASCII letters in any case), source id or target id.
    pub name: Option<String>,
    /// Only where one of these was done, or tried; empty for all.
    pub actions: Vec<ActionKind>,
    /// Only those that ended like this; empty for all.
    pub statuses: Vec<StepStatus>,
    /// Not earlier than this.
    pub since: Option<Timestamp>,
    /// Earlier than this.
    pub until: Option<Timestamp>,
    /// Only those that have this text anywhere, in any letter case.
    pub text: Option<String>,
    /// Only those with a greater number.
    pub after: u64,
    /// The latest first.
    pub latest_first: bool,
}

impl LogQuery {
    /// What SQL doesn't look at.
    fn holds(&self, entry: &LogEntry) -> bool {
        let has_action = self.actions.is_empty() || self.actions.contains(&entry.attempted());
        let has_status = self.statuses.is_empty() || self.statuses.contains(&entry.status());
        has_action && has_status && self.text.as_deref().is_none_or(|text| entry.contains(text))
    }
}

const SELECT: &str = "SELECT cycle.id, at, source_id, name, log.kind, action, reason, detail, target_id, changes,
        error_code, error_message, log.duration, log.number, change_id, trace.trace
    FROM log LEFT JOIN cycle ON cycle.number = log.cycle LEFT JOIN trace ON trace.number = log.number
    WHERE log.number > ?4 AND (?1 IS NULL OR log.cycle IN (SELECT number FROM cycle WHERE id = ?1))
      AND (?2 IS NULL OR name = ?2 COLLATE NOCASE OR source_id = ?3 OR target_id = ?2)
      AND (?5 IS NULL OR change_id = ?5) AND (?6 IS NULL OR at >= ?6) AND (?7 IS NULL OR at < ?7)";

impl Store {
    /// Hands out entries of the log one by one, until there is none left or `each` has enough.
    pub fn each_log_entry(
        &self,
        query: &LogQuery,
        each: &mut dyn FnMut(LogEntry) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let order = if query.latest_first { "DESC" } else { "ASC" };
        // Ids are kept as they are printed: GUIDs in lower case.
        let id = query.name.as_deref().and_then(|name| SourceId::parse(name).ok()).map(|id| id.to_string());
        self.try_sql(|sql| {
            let mut statement = sql.prepare(&format!("{SELECT} ORDER BY log.number {order}"))?;
            let mut rows = statement.query(params![
                query.cycle.as_ref().map(CycleId::as_str),
                query.name,
                id,
                row::whole(query.after),
                query.change.map(|change| change.0.into_bytes()),
                query.since.map(Timestamp::as_microsecond),
                query.until.map(Timestamp::as_microsecond),
            ])?;
            while let Some(row) = rows.next()? {
                let entry = read(row)?;
                if query.holds(&entry) && each(entry).is_break() {
                    break;
                }
            }
            Ok(())
        })
    }

    /// The number of the last entry; 0 where there is none.
    pub fn last_log_number(&self) -> Result<u64, StoreError> {
        let select = "SELECT coalesce(max(number), 0) FROM log";
        self.try_sql(|sql| sql.query_row(select, [], |row| row::count(row, 0)))
    }

    /// The first entries of a query, at most `limit`.
    pub fn log(&self, query: &LogQuery, limit: usize) -> Result<Vec<LogEntry>, StoreError> {
        let mut entries = Vec::new();
        if limit == 0 {
            return Ok(entries);
        }
        self.each_log_entry(query, &mut |entry| {
            entries.push(entry);
            if entries.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        Ok(entries)
    }

    /// Drops the entries from before an instant and says how many they were. Cycles stay listed.
    pub fn prune_log(&mut self, before: Timestamp) -> Result<usize, StoreError> {
        let delete = "DELETE FROM log WHERE at < ?1";
        self.try_sql(|sql| sql.prepare_cached(delete)?.execute([before.as_microsecond()]))
    }
}

pub(super) const INSERT: &str = "INSERT INTO log (cycle, at, source_id, name, kind, action, reason, detail, target_id,
    changes, error_code, error_message, duration, change_id)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";

pub(super) const INSERT_TRACE: &str = "INSERT INTO trace (number, trace) VALUES (?1, ?2)";

/// Adds one record with the prepared [`INSERT`]; `source_id` is the record's id as text.
pub(super) fn insert(
    statement: &mut CachedStatement<'_>,
    cycle: Option<i64>,
    source_id: &str,
    record: &ObjectRecord,
) -> rusqlite::Result<i64> {
    let error = record.error.as_ref();
    statement.insert(params![
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
        record.change.0.as_bytes(),
    ])
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<LogEntry> {
    let changes = match row.get_ref(9)? {
        ValueRef::Null => Vec::new(),
        _ => row::json::<Vec<OwnedChange>>(row, 9, "a list of changes")?.into_iter().map(OwnedChange::into).collect(),
    };
    let trace = match row.get_ref(15)? {
        ValueRef::Null => None,
        _ => Some(row::word(row, 15, "steps", trace::from_json)?),
    };
    let number = row::count(row, 13)?;
    let source_id = row::source_id(row, 2)?;
    let change = match row.get::<_, Option<[u8; 16]>>(14)? {
        Some(bytes) => ChangeId(uuid::Uuid::from_bytes(bytes)),
        None => ChangeId::of(&CycleId::new(number.to_string()), &source_id, ""),
    };
    Ok(LogEntry {
        number,
        cycle: row.get::<_, Option<String>>(0)?.map(CycleId::new),
        change,
        at: row::timestamp(row, 1)?,
        source_id,
        name: row.get(3)?,
        kind: row::object_kind(row, 4)?,
        action: row::action(row, 5)?,
        reason_code: row.get(6)?,
        reason_detail: row.get(7)?,
        target_id: row.get::<_, Option<String>>(8)?.map(TargetId::new),
        changes,
        error: row::object_error(row, 10)?,
        duration: row::duration(row, 12)?,
        trace,
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

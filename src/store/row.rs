//! How values are spelt in columns.

use std::time::Duration;

use rusqlite::types::Type;

use crate::base::{Digest, SourceId, Timestamp};
use crate::event::{ActionKind, CycleKind, ObjectError};
use crate::plan::{FailedPart, Staged, Standing};
use crate::schema::ObjectKind;

#[derive(Debug, thiserror::Error)]
#[error("{what} can't be {value:?}")]
struct Unreadable {
    what: &'static str,
    value: String,
}

/// Says that a column holds what no version has written there.
pub(super) fn unreadable(column: usize, what: &'static str, value: impl Into<String>) -> rusqlite::Error {
    let value = value.into();
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(Unreadable { what, value }))
}

pub(super) fn timestamp(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    let micros: i64 = row.get(column)?;
    if micros == Timestamp::MAX.as_microsecond() {
        return Ok(Timestamp::MAX);
    }
    Timestamp::from_microsecond(micros).map_err(|_| unreadable(column, "an instant", micros.to_string()))
}

pub(super) fn optional_timestamp(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    match row.get::<_, Option<i64>>(column)? {
        None => Ok(None),
        Some(_) => timestamp(row, column).map(Some),
    }
}

/// Microseconds, at most what the column holds (292,000 years).
pub(super) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

pub(super) fn duration(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Duration> {
    let micros: i64 = row.get(column)?;
    u64::try_from(micros).map(Duration::from_micros).map_err(|_| unreadable(column, "a duration", micros.to_string()))
}

pub(super) fn count(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let count: i64 = row.get(column)?;
    u64::try_from(count).map_err(|_| unreadable(column, "a count", count.to_string()))
}

/// A count as a column holds it.
pub(super) fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

pub(super) fn word<T>(
    row: &rusqlite::Row<'_>,
    column: usize,
    what: &'static str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str().map_err(|_| unreadable(column, what, "no text"))?;
    parse(text).ok_or_else(|| unreadable(column, what, text))
}

pub(super) fn source_id(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<SourceId> {
    word(row, column, "a source id", |text| SourceId::parse(text).ok())
}

pub(super) fn standing(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Standing> {
    word(row, column, "a standing", Standing::parse)
}

pub(super) fn object_kind(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<ObjectKind> {
    let kinds = [ObjectKind::User, ObjectKind::Group];
    word(row, column, "an object kind", |text| kinds.into_iter().find(|kind| kind.as_str() == text))
}

pub(super) fn cycle_kind(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<CycleKind> {
    let kinds = [CycleKind::Initial, CycleKind::Incremental];
    word(row, column, "a cycle kind", |text| kinds.into_iter().find(|kind| kind.as_str() == text))
}

pub(super) fn action(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<ActionKind> {
    word(row, column, "an action", ActionKind::parse)
}

pub(super) fn failed_part(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<FailedPart> {
    word(row, column, "a part of an export", FailedPart::parse)
}

/// Two columns side by side: since when a deletion is held back, until when it is allowed.
pub(super) fn staged(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Option<Staged>> {
    let Some(since) = optional_timestamp(row, column)? else { return Ok(None) };
    Ok(Some(Staged { since, allowed_until: optional_timestamp(row, column + 1)? }))
}

pub(super) fn digest(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Digest> {
    word(row, column, "a digest", Digest::parse)
}

/// A JSON column.
pub(super) fn json<T: serde::de::DeserializeOwned>(
    row: &rusqlite::Row<'_>,
    column: usize,
    what: &'static str,
) -> rusqlite::Result<T> {
    word(row, column, what, |text| serde_json::from_str(text).ok())
}

/// Code and message in two columns side by side, or neither.
pub(super) fn object_error(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Option<ObjectError>> {
    match row.get(column)? {
        None => Ok(None),
        Some(code) => Ok(Some(ObjectError { code, message: row.get(column + 1)? })),
    }
}

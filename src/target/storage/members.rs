//! The members of a group, kept apart from it in pieces: changing one member of many writes one piece.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use serde_json::Value;

use super::StorageError;
use super::record::{Members, joined};
use super::terms::{Term, member_term};

/// How many entries a piece has at most.
const PIECE: usize = 64;

/// The pieces of one group.
pub(super) trait Pieces {
    /// Their numbers, in order.
    fn numbers(&self) -> Result<Vec<u32>, StorageError>;

    fn last(&self) -> Result<Option<u32>, StorageError>;

    /// Those that may have entries of a value.
    fn with(&self, term: Term) -> Result<Vec<u32>, StorageError>;

    fn text(&self, number: u32) -> Result<Option<Arc<str>>, StorageError>;

    /// Puts a piece into the place of a number, with what it is found by, or takes it away.
    fn put(&mut self, number: u32, text: Option<String>) -> Result<(), StorageError>;
}

/// The entries with one of these values, in order.
pub(super) fn named(pieces: &dyn Pieces, values: &[String]) -> Result<Vec<Value>, StorageError> {
    let wanted: BTreeSet<&str> = values.iter().map(String::as_str).collect();
    let mut found = Vec::new();
    for number in numbers_with(pieces, values)? {
        let text = pieces.text(number)?.unwrap_or_default();
        found.extend(entries(&text).into_iter().filter(|entry| value_of(entry).is_some_and(|it| wanted.contains(it))));
    }
    Ok(found)
}

/// Makes the members what a record says.
pub(super) fn write(pieces: &mut dyn Pieces, members: &Members) -> Result<(), StorageError> {
    match members {
        Members::All(entries) => write_all(pieces, entries),
        Members::Named(values, entries) => write_named(pieces, values, entries),
    }
}

fn write_all(pieces: &mut dyn Pieces, entries: &[Value]) -> Result<(), StorageError> {
    let mut stale: BTreeSet<u32> = pieces.numbers()?.into_iter().collect();
    for (number, part) in (0..).zip(entries.chunks(PIECE)) {
        stale.remove(&number);
        pieces.put(number, Some(joined(part)))?;
    }
    stale.into_iter().try_for_each(|number| pieces.put(number, None))
}

/// What has a place keeps it, as far as there are places; the rest comes at the end.
fn write_named(pieces: &mut dyn Pieces, values: &[String], after: &[Value]) -> Result<(), StorageError> {
    let mut waiting: HashMap<&str, VecDeque<usize>> =
        values.iter().map(|value| (value.as_str(), VecDeque::new())).collect();
    let mut is_placed = vec![false; after.len()];
    for (index, entry) in after.iter().enumerate() {
        if let Some(waiting) = value_of(entry).and_then(|value| waiting.get_mut(value)) {
            waiting.push_back(index);
        }
    }
    for number in numbers_with(pieces, values)? {
        let before = entries(&pieces.text(number)?.unwrap_or_default());
        let kept: Vec<Value> = before
            .iter()
            .filter_map(|entry| match value_of(entry).and_then(|value| waiting.get_mut(value)) {
                None => Some(entry.clone()),
                Some(waiting) => waiting.pop_front().map(|index| {
                    is_placed[index] = true;
                    after[index].clone()
                }),
            })
            .collect();
        if kept != before {
            pieces.put(number, (!kept.is_empty()).then(|| joined(&kept)))?;
        }
    }
    let added: Vec<Value> = after.iter().zip(is_placed).filter(|(_, is)| !is).map(|(entry, _)| entry.clone()).collect();
    append(pieces, &added)
}

fn append(pieces: &mut dyn Pieces, mut added: &[Value]) -> Result<(), StorageError> {
    let mut next = 0;
    if let (Some(last), false) = (pieces.last()?, added.is_empty()) {
        next = last + 1;
        let mut piece = entries(&pieces.text(last)?.unwrap_or_default());
        let (fitting, rest) = added.split_at(added.len().min(PIECE.saturating_sub(piece.len())));
        if !fitting.is_empty() {
            piece.extend_from_slice(fitting);
            pieces.put(last, Some(joined(&piece)))?;
        }
        added = rest;
    }
    for (number, part) in (next..).zip(added.chunks(PIECE)) {
        pieces.put(number, Some(joined(part)))?;
    }
    Ok(())
}

fn numbers_with(pieces: &dyn Pieces, values: &[String]) -> Result<BTreeSet<u32>, StorageError> {
    let mut numbers = BTreeSet::new();
    for value in values {
        numbers.extend(pieces.with(member_term(value))?);
    }
    Ok(numbers)
}

/// The entries of a piece.
pub(super) fn entries(piece: &str) -> Vec<Value> {
    serde_json::from_str(&format!("[{piece}]")).unwrap_or_default()
}

/// Whom an entry means.
pub(super) fn value_of(entry: &Value) -> Option<&str> {
    entry.get("value").and_then(Value::as_str)
}

/// What the entries of a piece are found by.
pub(super) fn terms_of(piece: Option<&str>) -> BTreeSet<Term> {
    let Some(piece) = piece else { return BTreeSet::new() };
    entries(piece).iter().filter_map(value_of).map(member_term).collect()
}

/// How an entry of a value stands in a piece.
pub(super) fn mark(value: &str) -> String {
    format!("\"value\":{}", super::record::json_text(value))
}

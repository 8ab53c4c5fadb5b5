//! Functions over one text. Positions and lengths count UTF-16 units, as .NET does; a cut never
//! splits a character.

use std::borrow::Cow;

use super::case::simple;
use crate::expression::evaluate::{Call, Evaluated, EvaluationError};
use crate::expression::value::{Number, Value};

/// `Append(source, suffix)` and `Prepend(prefix, source)`: both texts in a row, null where one is null.
/// Several sources each get the suffix; a prefix before several values likewise.
pub(super) fn append<'a>(call: &Call<'a>) -> Evaluated<'a> {
    let (first, second) = (call.value(0)?, call.value(1)?);
    if let Value::Strings(values) = &second
        && values.len() > 1
    {
        let Some(prefix) = call.single(first)? else { return Ok(Value::Null) };
        return call.map(second, |text| Ok(Cow::Owned(format!("{prefix}{text}"))));
    }
    let Some(suffix) = call.single(second)? else { return Ok(Value::Null) };
    call.map(first, |text| {
        let mut text = text.into_owned();
        text.push_str(&suffix);
        Ok(Cow::Owned(text))
    })
}

/// `CStr(value)`: numbers and booleans as text.
pub(super) fn to_text<'a>(call: &Call<'a>) -> Evaluated<'a> {
    Ok(call.text(0)?.map_or(Value::Null, Value::String))
}

/// `Len(string)`: 0 for null.
pub(super) fn length<'a>(call: &Call<'a>) -> Evaluated<'a> {
    let text = call.text(0)?.unwrap_or_default();
    Ok(integer(units(&text)))
}

/// `Left(string, numChars)`: `""` for null; a negative count changes nothing.
pub(super) fn left<'a>(call: &Call<'a>) -> Evaluated<'a> {
    let count = call.integer(1, "numChars")?;
    let value = call.value(0)?;
    if value.is_null() {
        return Ok(Value::borrowed(""));
    }
    call.map(value, |text| Ok(if count < 0 { text } else { slice(text, 0, count) }))
}

/// `Mid(source, start, length)` with the edges of Connect sync's function, where this product's
/// documentation is silent: `""` for null and for length 0; a negative length and a start outside the
/// text change nothing.
pub(super) fn mid<'a>(call: &Call<'a>) -> Evaluated<'a> {
    let (start, length) = (call.integer(1, "start")?, call.integer(2, "length")?);
    let value = call.value(0)?;
    if value.is_null() {
        return Ok(Value::borrowed(""));
    }
    call.map(value, |text| {
        let outside = start < 1 || usize::try_from(start).is_ok_and(|start| start > units(&text));
        Ok(match length {
            0 => Cow::Borrowed(""),
            length if length < 0 || outside => text,
            length => slice(text, start - 1, length),
        })
    })
}

/// `InStr(value1, value2, start, compareType)`: where the second text stands in the first, from 1, or 0;
/// letter case counts unless `vbTextCompare`; null where a text is null.
pub(super) fn position<'a>(call: &Call<'a>) -> Evaluated<'a> {
    let (Some(text), Some(sought)) = (call.text(0)?, call.text(1)?) else { return Ok(Value::Null) };
    let start = if call.is_given(2) { call.integer(2, "start")? } else { 1 };
    if start < 1 {
        return Err(EvaluationError::StartOutOfRange { start }.into());
    }
    let skipped = usize::try_from(start - 1).unwrap_or(usize::MAX);
    if skipped > units(&text) {
        return Ok(integer(0));
    }
    let (text, sought) = match call.value(3)? {
        Value::Bool(true) => (Cow::Owned(fold(&text)), Cow::Owned(fold(&sought))),
        _ => (text, sought),
    };
    let from = byte_at(&text, skipped);
    Ok(integer(text[from..].find(sought.as_ref()).map_or(0, |at| units(&text[..from + at]) + 1)))
}

/// `StripSpaces(source)`: without U+0020, other white space stays.
pub(super) fn strip_spaces<'a>(call: &Call<'a>) -> Evaluated<'a> {
    call.map(call.value(0)?, |text| Ok(if text.contains(' ') { text.replace(' ', "").into() } else { text }))
}

/// How many UTF-16 units a text has.
fn units(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.encode_utf16().count() }
}

/// The byte offset after so many UTF-16 units, before a character that they would split.
fn byte_at(text: &str, count: usize) -> usize {
    if text.is_ascii() {
        return count.min(text.len());
    }
    let mut passed = 0;
    text.char_indices()
        .find(|(_, c)| {
            passed += c.len_utf16();
            passed > count
        })
        .map_or(text.len(), |(at, _)| at)
}

/// `length` units from `start`, which counts from 0; neither is negative.
fn slice(text: Cow<'_, str>, start: i64, length: i64) -> Cow<'_, str> {
    let start = usize::try_from(start).unwrap_or(usize::MAX);
    let end = start.saturating_add(usize::try_from(length).unwrap_or(usize::MAX));
    let range = byte_at(&text, start)..byte_at(&text, end);
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[range]),
        Cow::Owned(mut text) => {
            text.truncate(range.end);
            text.drain(..range.start);
            Cow::Owned(text)
        }
    }
}

/// Without letter case, character by character.
fn fold(text: &str) -> String {
    text.chars().map(|c| simple(c, c.to_lowercase())).collect()
}

fn integer<'a>(count: usize) -> Value<'a> {
    Value::Number(Number::Integer(i64::try_from(count).unwrap_or(i64::MAX)))
}

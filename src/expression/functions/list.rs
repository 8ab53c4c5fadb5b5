//! `Join`, `Split`, `Item`, `Count`, `RemoveDuplicates`, `Word`: between one text and several.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::expression::evaluate::{Call, Evaluated, EvaluationError};
use crate::expression::value::{Number, Value};

/// `Join(separator, source, …)`: all values in a row, those of a list in its order; null and empty ones
/// leave no separator behind. Null where nothing is left.
pub(super) fn join<'a>(call: &Call<'a>) -> Evaluated<'a> {
    let separator = call.text(0)?.unwrap_or_default();
    let mut joined: Option<String> = None;
    for index in 1..call.arguments.len() {
        let mut add = |text: &str| {
            if text.is_empty() {
                return Ok(());
            }
            let joined = match &mut joined {
                Some(joined) => {
                    joined.push_str(&separator);
                    joined
                }
                None => joined.insert(String::new()),
            };
            joined.push_str(text);
            call.check_length(joined.len())
        };
        match call.value(index)? {
            Value::Strings(values) => values.iter().try_for_each(|text| add(text))?,
            value => value.to_text().map_or(Ok(()), |text| add(&text))?,
        }
    }
    Ok(joined.map_or(Value::Null, |text| Value::String(Cow::Owned(text))))
}

/// `Split(source, delimiter)`: the pieces without blanks around them, as the documented example shows.
/// Empty pieces stay, so that `Item` counts as written; an empty delimiter splits nothing.
pub(super) fn split<'a>(call: &Call<'a>) -> Evaluated<'a> {
    let delimiter = call.text(1)?.unwrap_or_default();
    let sources = match call.value(0)? {
        Value::Strings(values) => values,
        value => match call.single(value)? {
            None => return Ok(Value::Null),
            Some(text) => vec![text],
        },
    };
    let mut pieces = Vec::new();
    for source in sources {
        if delimiter.is_empty() {
            pieces.push(source);
            continue;
        }
        match source {
            Cow::Borrowed(text) => {
                pieces.extend(text.split(delimiter.as_ref()).map(|piece| Cow::Borrowed(piece.trim())));
            }
            Cow::Owned(text) => {
                pieces.extend(text.split(delimiter.as_ref()).map(|piece| Cow::Owned(piece.trim().to_owned())));
            }
        }
    }
    Ok(Value::Strings(pieces))
}

/// `Item(attribute, index)`: the value at a place, from 1; null for null.
pub(super) fn item<'a>(call: &Call<'a>) -> Evaluated<'a> {
    let index = call.integer(1, "index")?;
    let value = call.value(0)?;
    let count = count(&value);
    if count == 0 {
        return Ok(Value::Null);
    }
    let place = usize::try_from(index).ok().and_then(|index| index.checked_sub(1)).filter(|place| *place < count);
    let Some(place) = place else { return Err(EvaluationError::ItemOutOfRange { index, count }.into()) };
    Ok(match value {
        Value::Strings(mut values) => Value::String(values.swap_remove(place)),
        value => value,
    })
}

/// `Count(attribute)`: 0 for null, 1 for a single value.
pub(super) fn count_values<'a>(call: &Call<'a>) -> Evaluated<'a> {
    let count = count(&call.value(0)?);
    Ok(Value::Number(Number::Integer(i64::try_from(count).unwrap_or(i64::MAX))))
}

/// How many values there are.
pub(in crate::expression) fn count(value: &Value<'_>) -> usize {
    match value {
        Value::Null | Value::NoFlow => 0,
        Value::Strings(values) => values.len(),
        Value::Roles(_, roles) => roles.len(),
        Value::String(_) | Value::Bool(_) | Value::Number(_) | Value::DateTime(_) => 1,
    }
}

/// `RemoveDuplicates(attribute)`: the first of equal values stays; letter case counts.
pub(super) fn remove_duplicates<'a>(call: &Call<'a>) -> Evaluated<'a> {
    Ok(match call.value(0)? {
        Value::Strings(values) => {
            let mut seen = HashSet::new();
            let first: Vec<bool> = values.iter().map(|text| seen.insert(text.as_ref())).collect();
            let kept = values.iter().zip(&first).filter(|(_, first)| **first).map(|(text, _)| text.clone());
            Value::Strings(kept.collect())
        }
        value => value,
    })
}

/// `Word(string, wordNumber, delimiters)`: the word at a place, from 1; each character of `delimiters`
/// separates, and nothing between two of them is no word. `""` where there is no such word.
pub(super) fn word<'a>(call: &Call<'a>) -> Evaluated<'a> {
    let number = call.integer(1, "wordNumber")?;
    let delimiters = call.text(2)?.unwrap_or_default();
    let Some(text) = call.text(0)? else { return Ok(Value::borrowed("")) };
    let Some(index) = usize::try_from(number).ok().and_then(|number| number.checked_sub(1)) else {
        return Ok(Value::borrowed(""));
    };
    let nth = |text: &str| {
        let mut at = 0;
        let found = text.split(|c| delimiters.contains(c)).map(|word| {
            let range = at..at + word.len();
            at = range.end + text[range.end..].chars().next().map_or(0, char::len_utf8);
            range
        });
        found.filter(|range| !range.is_empty()).nth(index).unwrap_or(0..0)
    };
    Ok(Value::String(match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[nth(text)]),
        Cow::Owned(text) => Cow::Owned(text[nth(&text)].to_owned()),
    }))
}

//! `Replace` in its five modes. Which one it is follows from the arguments that are there; `""` is there.

use std::borrow::Cow;

use crate::expression::evaluate::{Call, Evaluated, EvaluationError, MAX_TEXT, Stop, cut};
use crate::expression::pattern::{Pattern, Replacement};
use crate::expression::value::Value;

/// The arguments by their places.
const OLD: usize = 1;
const PATTERN: usize = 2;
const GROUP: usize = 3;
const NEW: usize = 4;
const OTHER: usize = 5;
const TEMPLATE: usize = 6;

/// `Replace(source, oldValue, regexPattern, regexGroupName, replacementValue, replacementAttributeName,
/// template)`.
///
/// * `oldValue` and `replacementValue`: all occurrences in the source, letter case counts.
/// * `oldValue` and `template`: all occurrences in the template are replaced by the source.
/// * `regexPattern` and `replacementValue`: all matches; the replacement may hold `${name}`, `$1` …
/// * with `regexGroupName` too: what the group captured in each match, by the replacement as it is.
/// * `regexPattern`, `regexGroupName` and `replacementAttributeName`: a source that has a value stays;
///   otherwise the result is what the group captures in the other attribute, null where nothing matches.
///
/// An `oldValue` or pattern that is null or empty replaces nothing; a null source gives null.
pub(super) fn replace<'a>(call: &Call<'a>) -> Evaluated<'a> {
    if call.is_given(PATTERN) {
        if let Some(pattern) = call.pattern(PATTERN) {
            return by_pattern(call, pattern);
        }
        let text = call.text(PATTERN)?.unwrap_or_default();
        if text.is_empty() {
            return call.value(0);
        }
        let pattern = Pattern::new(&text)
            .map_err(|error| EvaluationError::BadPattern { pattern: cut(&text), reason: error.message })?;
        return by_pattern(call, &pattern);
    }
    let old = call.text(OLD)?.unwrap_or_default();
    if call.is_given(TEMPLATE) {
        let template = call.text(TEMPLATE)?.unwrap_or_default();
        return call.map(call.value(0)?, |text| replace_all(call, template.clone(), &old, &text));
    }
    let new = call.text(NEW)?.unwrap_or_default();
    call.map(call.value(0)?, |text| replace_all(call, text, &old, &new))
}

fn by_pattern<'a>(call: &Call<'a>, pattern: &Pattern) -> Evaluated<'a> {
    let failed = |error| Stop::from(EvaluationError::Pattern { function: call.function.name(), error });
    let group = if call.is_given(GROUP) {
        let name = call.text(GROUP)?.unwrap_or_default();
        let unknown = || EvaluationError::NoSuchGroup { group: cut(&name) };
        Some(pattern.group(&name).ok_or_else(unknown)?)
    } else {
        None
    };
    let source = call.value(0)?;
    if call.is_given(OTHER) {
        if !source.is_null_or_empty() {
            return Ok(source);
        }
        let Some(other) = call.text(OTHER)? else { return Ok(Value::Null) };
        let found = pattern.first(&other).map_err(failed)?;
        let range = found.zip(group).and_then(|(found, group)| found.group(group));
        return Ok(range.map_or(Value::Null, |range| {
            Value::String(match other {
                Cow::Borrowed(other) => Cow::Borrowed(&other[range]),
                Cow::Owned(other) => Cow::Owned(other[range].to_owned()),
            })
        }));
    }
    let new = call.text(NEW)?.unwrap_or_default();
    let replacement = group.is_none().then(|| Replacement::new(&new, pattern));
    call.map(source, |text| {
        let result = match (group, &replacement) {
            (Some(group), _) => pattern.replace_group(&text, group, &new, MAX_TEXT),
            (None, Some(replacement)) => pattern.replace(&text, replacement, MAX_TEXT),
            (None, None) => return Ok(text),
        };
        match result.map_err(failed)? {
            None => Err(EvaluationError::TooLong { function: call.function.name() }.into()),
            Some(Cow::Owned(changed)) => Ok(Cow::Owned(changed)),
            Some(Cow::Borrowed(_)) => Ok(text),
        }
    })
}

fn replace_all<'a>(call: &Call<'a>, text: Cow<'a, str>, old: &str, new: &str) -> Result<Cow<'a, str>, Stop> {
    if old.is_empty() {
        return Ok(text);
    }
    match text.matches(old).count() {
        0 => Ok(text),
        count => {
            call.check_length((text.len() - count * old.len()).saturating_add(count.saturating_mul(new.len())))?;
            Ok(Cow::Owned(text.replace(old, new)))
        }
    }
}

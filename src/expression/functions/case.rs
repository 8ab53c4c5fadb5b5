//! `ToLower` and `ToUpper` in the invariant culture.

use std::borrow::Cow;

use crate::expression::evaluate::{Call, Evaluated};

/// Lower case of each value.
pub(super) fn to_lower<'a>(call: &Call<'a>) -> Evaluated<'a> {
    call.map(call.value(0)?, |text| Ok(change(text, |c| simple(c, c.to_lowercase()))))
}

/// Upper case of each value.
pub(super) fn to_upper<'a>(call: &Call<'a>) -> Evaluated<'a> {
    call.map(call.value(0)?, |text| Ok(change(text, |c| simple(c, c.to_uppercase()))))
}

fn change(text: Cow<'_, str>, case: impl Fn(char) -> char) -> Cow<'_, str> {
    if text.chars().all(|c| case(c) == c) { text } else { Cow::Owned(text.chars().map(case).collect()) }
}

/// .NET's invariant culture maps one character to one character (`ß` stays) and never turns one
/// outside ASCII into one inside (`ı` stays).
pub(super) fn simple(c: char, mut mapped: impl Iterator<Item = char>) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(only), None) if c.is_ascii() || !only.is_ascii() => only,
        _ => c,
    }
}

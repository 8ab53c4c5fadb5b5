//! `ToLower` and `ToUpper`, and what letter case means without a culture.

use std::borrow::Cow;

use crate::expression::evaluate::{Call, Evaluated, EvaluationError, Stop, cut};

/// Lower case of each value.
pub(super) fn to_lower<'a>(call: &Call<'a>) -> Evaluated<'a> {
    let turkic = is_turkic(call)?;
    call.map(call.value(0)?, |text| {
        Ok(change(text, |c| match c {
            'I' if turkic => 'ı',
            'İ' if turkic => 'i',
            c => simple(c, c.to_lowercase()),
        }))
    })
}

/// Upper case of each value.
pub(super) fn to_upper<'a>(call: &Call<'a>) -> Evaluated<'a> {
    let turkic = is_turkic(call)?;
    call.map(call.value(0)?, |text| {
        Ok(change(text, |c| match c {
            'i' if turkic => 'İ',
            'ı' if turkic => 'I',
            c => simple(c, c.to_uppercase()),
        }))
    })
}

/// Whether the culture tells dotted and dotless i apart: Turkish and Azeri. All others change case as the
/// invariant culture does.
fn is_turkic(call: &Call<'_>) -> Result<bool, Stop> {
    let Some(culture) = call.text(1)? else { return Ok(false) };
    if !is_culture(&culture) {
        return Err(EvaluationError::UnknownCulture { culture: cut(&culture) }.into());
    }
    let language = culture.split('-').next().unwrap_or_default();
    Ok(["tr", "az"].iter().any(|turkic| turkic.eq_ignore_ascii_case(language)))
}

/// Whether a name has the form of a culture's (RFC 4646): a language of two or three letters, then a script
/// or region; empty for the invariant culture.
pub(in crate::expression) fn is_culture(name: &str) -> bool {
    let mut parts = name.split('-');
    let language = parts.next().unwrap_or_default();
    name.is_empty()
        || ((2..=3).contains(&language.len())
            && language.bytes().all(|byte| byte.is_ascii_alphabetic())
            && parts.all(|part| (2..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())))
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

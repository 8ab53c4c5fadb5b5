//! `NormalizeDiacritics`, `PCase`, `Trim`.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization as _;

use super::case::simple;
use crate::expression::evaluate::{Call, Evaluated};

/// Letters and what becomes of them, lower case; Microsoft's table for `NormalizeDiacritics`. Upper case goes
/// alike.
const PLAIN: &[(&str, &str)] = &[
    ("äàâãåáąăāǟǡ", "a"),
    ("æǣ", "ae"),
    ("çčć", "c"),
    ("ďḏ", "d"),
    ("ëèéêęěėēḗḕ", "e"),
    ("ğḡ", "g"),
    ("ïîìíıī", "i"),
    ("ľłḹḻ", "l"),
    ("ñńňṉ", "n"),
    ("öòőõôóōṓṑȫǭȭȱ", "o"),
    ("øœ", "oe"),
    ("řṟṝ", "r"),
    ("ß", "ss"),
    ("šśșş", "s"),
    ("ťțṯ", "t"),
    ("üùûúůűūǖṻṳ", "u"),
    ("ÿýȳ", "y"),
    ("źžżẕ", "z"),
];

/// Marks of those letters that have no character of their own together: macron, macron below, ring,
/// diaeresis below.
const MARKS: [char; 4] = ['\u{304}', '\u{331}', '\u{30a}', '\u{324}'];

/// `NormalizeDiacritics(source)`: letters of Microsoft's table without their accents (`ø` becomes `oe`, `ß`
/// `ss`, `ä` only `a`), others as they are. A letter with its mark written apart counts as one.
pub(super) fn normalize_diacritics<'a>(call: &Call<'a>) -> Evaluated<'a> {
    call.map(call.value(0)?, |text| if text.is_ascii() { Ok(text) } else { Ok(Cow::Owned(without_accents(&text))) })
}

fn without_accents(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    // Whether the character before may lose a mark that stands apart.
    let mut loses_marks = false;
    for letter in text.nfc() {
        if loses_marks && MARKS.contains(&letter) {
            continue;
        }
        let lower = simple(letter, letter.to_lowercase());
        let is_dotted = letter == 'İ';
        let found =
            if is_dotted { Some("i") } else { PLAIN.iter().find(|(from, _)| from.contains(lower)).map(|row| row.1) };
        match found {
            Some(to) if lower != letter || is_dotted => plain.push_str(&to.to_ascii_uppercase()),
            Some(to) => plain.push_str(to),
            None => plain.push(letter),
        }
        loses_marks = found.is_some() || "aou".contains(lower);
    }
    plain
}

/// `PCase(source, [wordSeparators])`: the first letter of each word in upper case, the others in lower case.
/// Without separators everything but letters, marks and numbers separates words, with them nothing else.
pub(super) fn proper_case<'a>(call: &Call<'a>) -> Evaluated<'a> {
    let separators = call.text(1)?.filter(|separators| !separators.is_empty());
    let separates = |letter: char| match &separators {
        Some(separators) => separators.contains(letter),
        None => !letter.is_alphanumeric() && !unicode_normalization::char::is_combining_mark(letter),
    };
    call.map(call.value(0)?, |text| {
        let mut begins = true;
        let changed = text.chars().map(|letter| {
            let first = std::mem::replace(&mut begins, separates(letter));
            if first { simple(letter, letter.to_uppercase()) } else { simple(letter, letter.to_lowercase()) }
        });
        Ok(Cow::Owned(changed.collect()))
    })
}

/// `Trim(source)`: each value without white space at its ends.
pub(super) fn trim<'a>(call: &Call<'a>) -> Evaluated<'a> {
    call.map(call.value(0)?, |text| {
        Ok(match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
            Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
        })
    })
}

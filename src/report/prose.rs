//! Texts of others as documents bear them, and durations for people.

use std::time::Duration;

use crate::base::{Timestamp, visible};

/// A text on one line, of which every character is seen.
pub(super) fn one_line(text: &str) -> String {
    printable(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text that documents bear and terminals show as it is: lines stay.
pub(super) fn printable(text: &str) -> String {
    visible(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

/// The first word of a sentence with a capital.
pub(super) fn sentence(text: &str) -> String {
    let first = text.split([' ', ',', ':']).next().unwrap_or_default();
    // Names of attributes and parameters stay as they are.
    if first.contains(['=', '.', '_', '/']) || first.chars().skip(1).any(char::is_uppercase) {
        return text.to_owned();
    }
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// The pieces of a sentence, each with whether it is code: it stands between backticks.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = (bool, &str)> {
    // A backtick that is alone is a character.
    let pairs = text.matches('`').count() / 2 * 2;
    text.splitn(pairs + 1, '`').enumerate().map(|(index, piece)| (index % 2 == 1, piece))
}

/// As many characters of it, then `…`.
pub(super) fn cut(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// `2026-03-01 10:00:00 UTC`.
pub(super) fn instant(at: Timestamp) -> String {
    format!("{at:.0}").replace('T', " ").replace('Z', " UTC")
}

/// A duration for people.
pub(super) fn time(duration: Duration) -> String {
    let milliseconds = duration.as_secs_f64() * 1000.0;
    match milliseconds {
        ..9.95 => format!("{milliseconds:.1} ms"),
        ..1000.0 => format!("{milliseconds:.0} ms"),
        _ => format!("{:.1} s", duration.as_secs_f64()),
    }
}

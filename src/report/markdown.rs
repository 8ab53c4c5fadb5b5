//! Texts of others in Markdown: characters only. What could be markup is written as entities, which no Markdown takes for
//! structure.

use std::fmt::Write as _;

use super::prose::{one_line, pieces};

/// A sentence, what stands between backticks as code.
pub(super) fn prose(text: &str) -> String {
    let text = one_line(text);
    let mut shown = String::with_capacity(text.len() + 16);
    for (is_code, piece) in pieces(&text) {
        let tags = if is_code { ("<code>", "</code>") } else { ("", "") };
        let _infallible = write!(shown, "{}{}{}", tags.0, escaped(piece), tags.1);
    }
    shown
}

/// A text as code, wherever it stands.
pub(super) fn code(text: &str) -> String {
    format!("<code>{}</code>", escaped(&one_line(text)))
}

/// A text whose characters are nothing but themselves.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if r#"\`*_{}[]<>()#|&~$!@"'"#.contains(character) {
            let _infallible = write!(escaped, "&#{};", u32::from(character));
        } else {
            escaped.push(character);
        }
    }
    escaped
}

/// A block of code that nothing in it ends.
pub(super) fn fenced(text: &mut String, code: &str) {
    let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let _infallible = writeln!(text, "{fence}text\n{code}\n{fence}\n");
}

//! Texts as XML and HTML have them.

use super::prose::{one_line, pieces};

/// Appends a text as XML and HTML have it, between tags and in attributes.
pub(super) fn push_escaped(markup: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => markup.push_str("&amp;"),
            '<' => markup.push_str("&lt;"),
            '>' => markup.push_str("&gt;"),
            '"' => markup.push_str("&quot;"),
            '\'' => markup.push_str("&#39;"),
            other => markup.push(other),
        }
    }
}

/// A sentence as HTML, what stands between backticks as code.
pub(super) fn html_prose(text: &str) -> String {
    let text = one_line(text);
    let mut html = String::with_capacity(text.len() + 16);
    for (is_code, piece) in pieces(&text) {
        html.push_str(if is_code { "<code>" } else { "" });
        push_escaped(&mut html, piece);
        html.push_str(if is_code { "</code>" } else { "" });
    }
    html
}

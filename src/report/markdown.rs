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
    let mut before = ' ';
    for character in text.chars() {
        if character == '@' && !before.is_alphanumeric() {
            // GitHub calls whoever is named so, entity or not; what can't be seen keeps it from that.
            escaped.push_str("&#64;&#8203;");
        } else if r#"\`*_{}[]<>()#|&~$!@"'"#.contains(character) {
            let _infallible = write!(escaped, "&#{};", u32::from(character));
        } else {
            escaped.push(character);
        }
        before = character;
    }
    escaped
}

/// A block of code that nothing in it ends.
pub(super) fn fenced(text: &mut String, code: &str) {
    let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let _infallible = writeln!(text, "{fence}text\n{code}\n{fence}\n");
}

/// A text as a span of code, in which nothing means anything. It isn't for cells of tables, which a bar ends even there.
pub(super) fn span(text: &str) -> String {
    let text = one_line(text);
    if text.is_empty() {
        return "` `".to_owned();
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    // Blanks beside backticks belong to the fence.
    let blank = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{blank}{text}{blank}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_nothing_but_text() {
        for (given, expected) in [
            ("a*b", "a&#42;b"),
            ("ann@contoso.com", "ann&#64;contoso.com"),
            ("ask @octocat", "ask &#64;&#8203;octocat"),
            ("@octocat", "&#64;&#8203;octocat"),
        ] {
            assert_eq!(escaped(given), expected);
        }
        for (given, expected) in
            [("a", "`a`"), ("", "` `"), ("a`b", "``a`b``"), ("``", "``` `` ```"), ("a\nb", "`a b`")]
        {
            assert_eq!(span(given), expected);
        }
    }
}

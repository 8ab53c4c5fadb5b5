//! JSON made readable as it came: only the white space between its tokens changes, so that double members, odd
//! numbers and escapes are seen. It takes texts that are cut, or wrong further on.

use super::html::write_text;

/// The deepest nesting that is indented further.
const DEEPEST: usize = 20;

/// The text as HTML, a line for each member; `None` where it isn't JSON. At most `limit` bytes of it are
/// read; the second value says whether the end is missing for that reason.
pub(super) fn pretty(text: &str, limit: usize) -> Option<(String, bool)> {
    let trimmed = text.trim_start_matches('\u{feff}').trim();
    if !trimmed.starts_with(['{', '[']) {
        return None;
    }
    let end = trimmed.floor_char_boundary(limit);
    let mut writer = Writer { html: String::with_capacity(end * 2), depth: 0 };
    let mut rest = &trimmed[..end];
    while let Some(first) = rest.bytes().next() {
        rest = match first {
            b'{' | b'[' => writer.open(rest),
            b'}' | b']' => {
                writer.depth = writer.depth.checked_sub(1)?;
                writer.line();
                writer.take(rest, 1)
            }
            b',' => {
                let rest = writer.take(rest, 1);
                writer.line();
                rest
            }
            b':' => {
                let rest = writer.take(rest, 1);
                writer.html.push(' ');
                rest
            }
            b'"' => writer.string(rest),
            b'-' | b'0'..=b'9' | b'a'..=b'z' => writer.word(rest),
            _ if first.is_ascii_whitespace() => &rest[1..],
            // What isn't JSON is told from what is cut by its end.
            _ => return None,
        };
    }
    Some((writer.html, end < trimmed.len()))
}

struct Writer {
    html: String,
    depth: usize,
}

impl Writer {
    fn take<'t>(&mut self, text: &'t str, length: usize) -> &'t str {
        let (taken, rest) = text.split_at(length);
        write_text(&mut self.html, taken);
        rest
    }

    fn span<'t>(&mut self, class: &str, text: &'t str, length: usize) -> &'t str {
        self.html.push_str("<span class=\"");
        self.html.push_str(class);
        self.html.push_str("\">");
        let rest = self.take(text, length);
        self.html.push_str("</span>");
        rest
    }

    fn line(&mut self) {
        self.html.push('\n');
        for _ in 0..self.depth.min(DEEPEST) {
            self.html.push_str("  ");
        }
    }

    /// An opening bracket; an empty object or list stays on its line.
    fn open<'t>(&mut self, text: &'t str) -> &'t str {
        let inside = text[1..].trim_ascii_start();
        if inside.starts_with(['}', ']']) {
            let length = text.len() - inside.len() + 1;
            self.html.push_str(&text[..1]);
            self.html.push_str(&inside[..1]);
            return &text[length..];
        }
        self.depth += 1;
        let rest = self.take(text, 1);
        if !inside.is_empty() {
            self.line();
        }
        rest
    }

    /// A string, or a name where a colon follows.
    fn string<'t>(&mut self, text: &'t str) -> &'t str {
        let mut escaped = false;
        let end = text.bytes().skip(1).position(|byte| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        });
        let length = end.map_or(text.len(), |end| end + 2);
        let is_name = text[length..].trim_ascii_start().starts_with(':');
        self.span(if is_name { "json-name" } else { "json-string" }, text, length)
    }

    /// A number, `true`, `false`, `null`, or what stands in their place.
    fn word<'t>(&mut self, text: &'t str) -> &'t str {
        let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c)));
        self.span("json-word", text, end.unwrap_or(text.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text without its markup.
    fn plain(html: &str) -> String {
        let mut plain = String::new();
        let mut inside = false;
        for character in html.chars() {
            match character {
                '<' => inside = true,
                '>' => inside = false,
                other if !inside => plain.push(other),
                _ => {}
            }
        }
        plain.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    }

    #[test]
    fn only_white_space_changes() {
        for (text, expected) in [
            ("{}", "{}"),
            ("[ ]", "[]"),
            (
                r#"{"a":1,"a":1.00,"b":[true,null]}"#,
                "{\n  \"a\": 1,\n  \"a\": 1.00,\n  \"b\": [\n    true,\n    null\n  ]\n}",
            ),
            (r#"{"a" : "x\"}\u00e9"}"#, "{\n  \"a\": \"x\\\"}\\u00e9\"\n}"),
            ("[{},[]]", "[\n  {},\n  []\n]"),
            // cut off
            (r#"{"a":"b","c"#, "{\n  \"a\": \"b\",\n  \"c"),
            ("[", "["),
            // wrong, but not so wrong that it can't be laid out
            ("[1,,2]", "[\n  1,\n  ,\n  2\n]"),
        ] {
            let (html, cut) = pretty(text, 1000).unwrap();
            assert_eq!((plain(&html).as_str(), cut), (expected, false), "{text}");
        }
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in ["", "<html>", "a=b&c=d", "[1]]", "{'a': 1}", "\"text\""] {
            assert_eq!(pretty(text, 1000), None, "{text}");
        }
    }

    #[test]
    fn markup_in_strings_stays_text() {
        let (html, _) = pretty(r#"{"<b>":"</span><script>"}"#, 1000).unwrap();
        assert!(!html.contains("<b>") && !html.contains("<script>") && html.contains("&lt;script&gt;"), "{html}");
    }

    #[test]
    fn long_and_deep_texts_are_bounded() {
        let (html, cut) = pretty(&"[".repeat(100_000), 50_000).unwrap();
        assert!(cut && html.len() < 50_000 * (2 * DEEPEST + 2));
        let (_, cut) = pretty(&format!("[\"{}\"]", "é".repeat(1000)), 100).unwrap();
        assert!(cut);
    }
}

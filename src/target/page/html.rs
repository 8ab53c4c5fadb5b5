//! Text of others as HTML: escaped, with what can't be seen made visible; and times.

use std::fmt::Write as _;

use minijinja::Value;

use crate::base::{SignedDuration, Timestamp, is_hidden};

/// HTML that is safe to stand in a template as it is.
pub(super) type Html = Value;

/// The longest name that is shown, in characters.
const LONGEST: usize = 120;

/// A text as HTML.
pub(super) fn text(text: &str) -> Html {
    let mut html = String::with_capacity(text.len() + 16);
    write_text(&mut html, text);
    Html::from_safe_string(html)
}

/// A text as HTML, what stands between backticks as code.
pub(super) fn with_code(text: &str) -> Html {
    let mut html = String::with_capacity(text.len() + 16);
    for (index, piece) in text.split('`').enumerate() {
        let is_code = index % 2 == 1;
        html.push_str(if is_code { "<code>" } else { "" });
        write_text(&mut html, piece);
        html.push_str(if is_code { "</code>" } else { "" });
    }
    Html::from_safe_string(html)
}

/// A name as HTML: on its own in the direction of the line, and not longer than a line bears.
pub(super) fn name(name: &str) -> Html {
    let mut html = String::with_capacity(name.len() + 16);
    match name.char_indices().nth(LONGEST) {
        None => html.push_str("<bdi>"),
        Some((end, _)) => {
            html.push_str("<bdi title=\"");
            // browsers show a few thousand characters at best
            write_text_alone(&mut html, &name[..name.floor_char_boundary(2000)]);
            html.push_str("\">");
            write_text(&mut html, &name[..end]);
            html.push_str("…</bdi>");
            return Html::from_safe_string(html);
        }
    }
    write_text(&mut html, name);
    html.push_str("</bdi>");
    Html::from_safe_string(html)
}

/// An instant as HTML: how long ago, with the instant itself as its title.
pub(super) fn when(at: Timestamp, now: Timestamp) -> Html {
    let second = Timestamp::from_second(at.as_second()).unwrap_or(at);
    let shown = second.to_string().replace('T', " ").replace('Z', " UTC");
    Html::from_safe_string(format!("<time datetime=\"{at}\" title=\"{shown}\">{}</time>", ago(now.duration_since(at))))
}

/// How long ago, in one unit.
fn ago(age: SignedDuration) -> String {
    match age.as_secs() {
        ..2 => "just now".to_owned(),
        seconds @ ..60 => format!("{seconds} s ago"),
        seconds @ ..3600 => format!("{} min ago", seconds / 60),
        seconds @ ..172_800 => format!("{} h ago", seconds / 3600),
        seconds => format!("{} days ago", seconds / 86_400),
    }
}

/// A number of bytes for people.
pub(super) fn size(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "one digit is shown")]
    let kibibytes = bytes as f64 / 1024.0;
    if bytes == 1 {
        "1 byte".to_owned()
    } else if bytes < 1024 {
        format!("{bytes} bytes")
    } else if kibibytes < 1024.0 {
        format!("{} KiB", one_digit(kibibytes))
    } else {
        format!("{} MiB", one_digit(kibibytes / 1024.0))
    }
}

fn one_digit(number: f64) -> String {
    let text = format!("{number:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// Appends a text; characters that can't be seen, or that turn the direction of writing, are shown by their numbers.
pub(super) fn write_text(html: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '\n' | '\t' => html.push(character),
            hidden if is_hidden(hidden) => {
                let code = u32::from(hidden);
                write!(html, "<span class=\"hidden-character\">U+{code:04X}</span>").expect("a String takes all");
            }
            other => escape(html, other),
        }
    }
}

/// Appends a text without any markup, for attributes.
fn write_text_alone(html: &mut String, text: &str) {
    for character in text.chars() {
        if is_hidden(character) { html.push('\u{fffd}') } else { escape(html, character) }
    }
}

fn escape(html: &mut String, character: char) {
    match character {
        '&' => html.push_str("&amp;"),
        '<' => html.push_str("&lt;"),
        '>' => html.push_str("&gt;"),
        '"' => html.push_str("&quot;"),
        '\'' => html.push_str("&#39;"),
        other => html.push(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_is_markup_and_nothing_is_unseen() {
        for (given, expected) in [
            ("Ann & Bob", "Ann &amp; Bob"),
            ("<script>alert('x')</script>", "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"),
            ("\" onload=\"x", "&quot; onload=&quot;x"),
            (
                "a\u{202e}b\u{0}",
                "a<span class=\"hidden-character\">U+202E</span>b<span class=\"hidden-character\">U+0000</span>",
            ),
            ("Zoë 👩\u{200d}🚀\nשלום", "Zoë 👩\u{200d}🚀\nשלום"),
        ] {
            assert_eq!(text(given).as_str(), Some(expected), "{given:?}");
        }
    }

    #[test]
    fn names_keep_to_themselves_and_are_bounded() {
        assert_eq!(name("<b>").as_str(), Some("<bdi>&lt;b&gt;</bdi>"));
        let long = name(&format!("\"{}\u{202e}", "x".repeat(5000))).to_string();
        assert!(
            long.starts_with("<bdi title=\"&quot;xxx") && long.ends_with("x…</bdi>") && long.len() < 2200,
            "{long}"
        );
    }

    #[test]
    fn times_and_sizes_are_for_people() {
        let at: Timestamp = "2026-03-01T10:00:00.5Z".parse().unwrap();
        let expected = "<time datetime=\"2026-03-01T10:00:00.5Z\" title=\"2026-03-01 10:00:00 UTC\">2 min ago</time>";
        assert_eq!(when(at, at + SignedDuration::from_secs(130)).as_str(), Some(expected));
        for (seconds, expected) in
            [(-5, "just now"), (1, "just now"), (59, "59 s ago"), (7200, "2 h ago"), (200_000, "2 days ago")]
        {
            assert_eq!(ago(SignedDuration::from_secs(seconds)), expected);
        }
        for (given, expected) in [(1, "1 byte"), (1023, "1023 bytes"), (1536, "1.5 KiB"), (3_145_728, "3 MiB")] {
            assert_eq!(size(given), expected);
        }
    }
}

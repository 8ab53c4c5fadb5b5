//! Bodies as they came: JSON laid out, text with its odd characters shown, anything else as bytes.

use std::fmt::Write as _;

use serde::Serialize;

use super::html::{self, Html, write_text};
use super::json::pretty;
use crate::scim::Content;

/// How many bytes of a body that isn't text are shown.
const DUMPED: usize = 1024;
/// Bytes in a line of those.
const WIDTH: usize = 16;

/// A body to be shown.
#[derive(Debug, Serialize)]
pub(super) struct Body {
    /// `Text`, `JSON` …, for people.
    kind: &'static str,
    size: String,
    /// What isn't shown.
    note: Option<String>,
    /// Laid out, if it is JSON.
    pretty: Option<Html>,
    /// Whether it is shown as bytes.
    dump: bool,
    /// As it came; `None` without a body.
    raw: Option<Html>,
}

/// A body without its secrets that was so long.
pub(super) fn body(content: &Content, length: u64) -> Body {
    let size = html::size(length);
    let is_cut = content.is_cut();
    if content.length == 0 {
        return Body { kind: "none", size, note: None, pretty: None, dump: false, raw: None };
    }
    let bytes = content.bytes.as_slice();
    if is_binary(bytes, is_cut) {
        let shown = bytes.len().min(DUMPED) as u64;
        let note = (shown < content.length).then(|| format!("the first {} are shown", html::size(shown)));
        let raw = Some(Html::from_safe_string(dump(&bytes[..bytes.len().min(DUMPED)])));
        return Body { kind: "not text", size, note, pretty: None, dump: true, raw };
    }
    let note = is_cut.then(|| format!("the first {} are kept", html::size(content.bytes.len() as u64)));
    let layout = std::str::from_utf8(bytes).ok().or_else(|| whole_characters(bytes, is_cut));
    let layout = layout.and_then(|text| pretty(text, usize::MAX)).map(|(html, _)| Html::from_safe_string(html));
    let raw = Some(Html::from_safe_string(marked(bytes, is_cut)));
    let kind = if layout.is_some() { "JSON" } else { "text" };
    Body { kind, size, note, pretty: layout, dump: false, raw }
}

/// The text up to a character that the cut went through.
fn whole_characters(bytes: &[u8], cut: bool) -> Option<&str> {
    let chunk = bytes.utf8_chunks().next()?;
    (cut && bytes.len() - chunk.valid().len() < 4).then_some(chunk.valid())
}

/// Whether it is anything but text with a wrong byte here and there.
fn is_binary(bytes: &[u8], cut: bool) -> bool {
    if whole_characters(bytes, cut).is_some() {
        return false;
    }
    let wrong: usize = bytes.utf8_chunks().map(|chunk| chunk.invalid().len()).sum();
    let controls = bytes.iter().filter(|byte| byte.is_ascii_control() && !b"\t\n\r".contains(byte)).count();
    bytes.contains(&0) || (wrong + controls) * 10 > bytes.len()
}

/// Text whose wrong bytes are shown by their numbers.
fn marked(bytes: &[u8], cut: bool) -> String {
    let mut html = String::with_capacity(bytes.len() + bytes.len() / 4);
    if let Some(text) = whole_characters(bytes, cut) {
        write_text(&mut html, text);
        return html;
    }
    for chunk in bytes.utf8_chunks() {
        write_text(&mut html, chunk.valid());
        for byte in chunk.invalid() {
            write!(html, "<span class=\"hidden-character\">\\x{byte:02X}</span>").expect("a String takes all");
        }
    }
    html
}

/// Offset, bytes, and what of them is ASCII.
fn dump(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (line, part) in bytes.chunks(WIDTH).enumerate() {
        write!(text, "{:06x} ", line * WIDTH).expect("a String takes all");
        for index in 0..WIDTH {
            match part.get(index) {
                Some(byte) => write!(text, " {byte:02x}").expect("a String takes all"),
                None => text.push_str("   "),
            }
        }
        text.push_str("  ");
        text.extend(part.iter().map(|byte| if (b' '..=b'~').contains(byte) { char::from(*byte) } else { '.' }));
        text.push('\n');
    }
    let mut html = String::with_capacity(text.len() * 2);
    write_text(&mut html, &text);
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(bytes: &[u8], length: u64) -> Body {
        body(&Content { bytes: bytes.to_vec(), length }, length)
    }

    #[test]
    fn json_is_laid_out_and_shown_as_it_came() {
        let json = shown(b"{\"a\":\"<b>\"}", 11);
        assert_eq!((json.kind, json.size.as_str(), &json.note), ("JSON", "11 bytes", &None));
        assert_eq!(json.raw.unwrap().as_str(), Some("{&quot;a&quot;:&quot;&lt;b&gt;&quot;}"));
        assert!(json.pretty.unwrap().to_string().contains("\n  "));
    }

    #[test]
    fn what_is_missing_is_told() {
        let cut = shown("{\"name\":\"Zoë".as_bytes().split_last().unwrap().1, 4000);
        assert_eq!((cut.kind, cut.note.as_deref()), ("JSON", Some("the first 12 bytes are kept")));
        assert!(cut.raw.unwrap().to_string().ends_with("Zo"), "half a character isn't shown");
        let empty = shown(b"", 0);
        assert!(empty.raw.is_none() && empty.kind == "none");
    }

    #[test]
    fn bytes_are_dumped_and_wrong_ones_marked() {
        let binary = shown(b"\x1f\x8b\x08\x00<b>\x00\xff\xfe", 2000);
        let text = binary.raw.unwrap().to_string();
        assert_eq!((binary.kind, binary.note.as_deref()), ("not text", Some("the first 10 bytes are shown")));
        let expected = "000000  1f 8b 08 00 3c 62 3e 00 ff fe                    ....&lt;b&gt;...\n";
        assert_eq!(text, expected);
        let latin = shown(b"name=Zo\xeb and much more text", 28);
        let text = latin.raw.unwrap().to_string();
        assert_eq!(
            (latin.kind, text.contains("Zo<span class=\"hidden-character\">\\xEB</span>")),
            ("text", true),
            "{text}"
        );
    }
}

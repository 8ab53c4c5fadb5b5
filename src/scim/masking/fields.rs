//! Finds values that are secrets by the names of their members or form fields.
//!
//! The bytes are searched as they are, whether or not they are a whole document: a body is recorded as it came.

use std::borrow::Cow;
use std::ops::Range;

use percent_encoding::percent_decode;

use super::MASK;
use super::names::{compares_secret, is_secret_in_query, is_secret_name, leads_to_secret};
use crate::base::Secret;

/// Documents that are nested deeper aren't searched further; no parser takes them.
const DEEPEST: usize = 128;

/// Secrets in bytes.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// In order, without overlap.
    spans: Vec<Range<usize>>,
    secrets: Vec<Secret>,
    /// Whether a span is a JSON value with its quotes.
    json: bool,
}

impl Found {
    /// What was found, decoded.
    pub(super) fn secrets(&self) -> Vec<Secret> {
        self.secrets.clone()
    }

    /// The bytes without what was found.
    pub(super) fn without<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        if self.spans.is_empty() {
            return Cow::Borrowed(bytes);
        }
        let mut masked = Vec::with_capacity(bytes.len());
        let mut kept = 0;
        for span in &self.spans {
            masked.extend_from_slice(&bytes[kept..span.start]);
            let quote: &[u8] = if self.json { b"\"" } else { b"" };
            masked.extend([quote, MASK.as_bytes(), quote].concat());
            kept = span.end;
        }
        masked.extend_from_slice(&bytes[kept..]);
        Cow::Owned(masked)
    }
}

/// Looks into a body: JSON by what it begins with, a form by its content type or else by its looks.
pub(super) fn in_body(bytes: &[u8], content_type: Option<&str>) -> Found {
    let start = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let is_form = content_type.is_some_and(|kind| kind.to_ascii_lowercase().contains("x-www-form-urlencoded"));
    if start.starts_with(b"{") || start.starts_with(b"[") {
        let found = in_json(bytes);
        // Some call JSON a form, and a form may look like JSON.
        if !found.spans.is_empty() || !is_form {
            return found;
        }
    }
    let looks_like_one = || bytes.contains(&b'=') && bytes.iter().all(u8::is_ascii_graphic);
    if is_form || looks_like_one() { in_form(bytes, 0, is_secret_name) } else { Found::default() }
}

/// Looks into the query of a request target or another URL, and into its fragment.
pub(super) fn in_query(url: &[u8]) -> Found {
    let start = url.iter().position(|byte| matches!(byte, b'?' | b'#'));
    start.map_or_else(Found::default, |at| in_form(url, at + 1, is_secret_in_query))
}

fn in_form(bytes: &[u8], mut at: usize, is_secret: fn(&str) -> bool) -> Found {
    let mut found = Found::default();
    for pair in bytes[at..].split(|byte| *byte == b'&') {
        // Some separate in other ways. A value may hold such a character too, so that of a secret ends with the pair.
        let mut from = 0;
        for part in pair.split(|byte| matches!(byte, b';' | b'?' | b'#')) {
            let Some(equals) = part.iter().position(|byte| *byte == b'=') else {
                from += part.len() + 1;
                continue;
            };
            let (name, value) = (form_decoded(&part[..equals]), &pair[from + equals + 1..]);
            let span = at + pair.len() - value.len()..at + pair.len();
            if is_secret(&name) && !value.is_empty() {
                found.spans.push(span);
                found.secrets.push(Secret::new(form_decoded(value)));
                break;
            }
            if name.eq_ignore_ascii_case("filter") && compares_secret(&form_decoded(value)) {
                found.spans.push(span);
                break;
            }
            from += part.len() + 1;
        }
        at += pair.len() + 1;
    }
    found
}

fn form_decoded(text: &[u8]) -> String {
    let blanks: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_decode(&blanks).decode_utf8_lossy().into_owned()
}

/// A container under way.
struct Frame {
    start: usize,
    is_object: bool,
    /// Whether a string is the next member's name.
    wants_name: bool,
    name: Name,
    /// What stands in `value`, in case that `path` leads to a secret.
    values: Vec<Range<usize>>,
    has_secret_path: bool,
    /// Whether there is a text or a number in it, however deep.
    has_content: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    Secret,
    Path,
    Value,
    Filter,
    Other,
}

fn in_json(bytes: &[u8]) -> Found {
    let mut spans = Vec::new();
    let mut frames: Vec<Frame> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        at += 1;
        match bytes[start] {
            open @ (b'{' | b'[') => {
                if frames.len() == DEEPEST {
                    break;
                }
                let is_object = open == b'{';
                let (name, values) = (Name::Other, Vec::new());
                let (wants_name, has_secret_path, has_content) = (is_object, false, false);
                frames.push(Frame { start, is_object, wants_name, name, values, has_secret_path, has_content });
            }
            b'}' | b']' => close(&mut frames, at, &mut spans),
            b',' => {
                if let Some(frame) = frames.last_mut() {
                    frame.wants_name = frame.is_object;
                }
            }
            b':' => {}
            byte if byte.is_ascii_whitespace() => {}
            byte => {
                at = if byte == b'"' { string_end(bytes, start) } else { scalar_end(bytes, start) };
                if let Some(frame) = frames.last_mut() {
                    scalar(bytes, start..at, frame, &mut spans);
                }
            }
        }
    }
    // The end may be missing.
    while !frames.is_empty() {
        close(&mut frames, bytes.len(), &mut spans);
    }
    spans.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
    spans.dedup_by(|inner, outer| inner.start < outer.end);
    let scalars = spans.iter().map(|span| &bytes[span.clone()]).filter(|value| !value.starts_with(b"{"));
    let secrets = scalars.filter(|value| !value.starts_with(b"[")).map(|value| Secret::new(decoded(value))).collect();
    Found { spans, secrets, json: true }
}

/// Ends the innermost container; it may be a value that is a secret as a whole.
fn close(frames: &mut Vec<Frame>, end: usize, spans: &mut Vec<Range<usize>>) {
    let Some(closed) = frames.pop() else { return };
    if closed.has_secret_path {
        spans.extend(closed.values);
    }
    let Some(frame) = frames.last_mut() else { return };
    frame.has_content |= closed.has_content;
    match frame.name {
        // What a server can do with passwords is no secret (`changePassword`, RFC 7643 section 5).
        Name::Secret if closed.has_content => spans.push(closed.start..end),
        Name::Value => frame.values.push(closed.start..end),
        _ => {}
    }
}

fn scalar(bytes: &[u8], span: Range<usize>, frame: &mut Frame, spans: &mut Vec<Range<usize>>) {
    let text = &bytes[span.clone()];
    if frame.wants_name && text.starts_with(b"\"") {
        frame.wants_name = false;
        // nearly no name has escapes
        let bare = text[1..].strip_suffix(b"\"").filter(|bare| !bare.contains(&b'\\'));
        let name = match bare.and_then(|bare| std::str::from_utf8(bare).ok()) {
            Some(name) => Cow::Borrowed(name),
            None => Cow::Owned(decoded(text)),
        };
        frame.name = match &*name {
            name if name.eq_ignore_ascii_case("path") => Name::Path,
            name if name.eq_ignore_ascii_case("value") => Name::Value,
            name if name.eq_ignore_ascii_case("filter") => Name::Filter,
            name if leads_to_secret(name) => Name::Secret,
            _ => Name::Other,
        };
        return;
    }
    let is_content = !matches!(text, b"true" | b"false" | b"null");
    frame.has_content |= is_content;
    match frame.name {
        Name::Secret if is_content => spans.push(span),
        Name::Filter if compares_secret(&decoded(text)) => spans.push(span),
        Name::Value => frame.values.push(span),
        Name::Path => frame.has_secret_path |= leads_to_secret(&decoded(text)),
        Name::Secret | Name::Filter | Name::Other => {}
    }
}

/// After the closing quote, or the end.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn scalar_end(bytes: &[u8], start: usize) -> usize {
    let is_end =
        |byte: &u8| matches!(byte, b',' | b'}' | b']' | b'{' | b'[' | b':' | b'"') || byte.is_ascii_whitespace();
    bytes[start + 1..].iter().position(is_end).map_or(bytes.len(), |length| start + 1 + length)
}

/// A JSON string without its quotes and escapes; what isn't a whole one, as it is.
fn decoded(value: &[u8]) -> String {
    serde_json::from_slice(value).unwrap_or_else(|_| {
        let bare = value.strip_prefix(b"\"").unwrap_or(value);
        String::from_utf8_lossy(bare.strip_suffix(b"\"").unwrap_or(bare)).into_owned()
    })
}

//! From the bytes of an answer to something that can be worked with, or to a failure.

use std::time::Duration;

use jiff::fmt::rfc2822::DateTimeParser;
use serde_json::{Map, Value};

use super::{BodyKind, ErrorAnswer, Failure};
use crate::base::{Secret, Timestamp, mask};
use crate::scim::urn;

/// Most of a text that is quoted in failures.
pub(super) const EXCERPT: usize = 2 * 1024;
/// Most of a text that an exchange keeps.
const TRANSCRIPT: usize = 64 * 1024;

/// What a transport hands over.
#[derive(Debug, Clone, Default)]
pub(super) struct RawAnswer {
    pub(super) status: u16,
    pub(super) content_type: Option<String>,
    pub(super) location: Option<String>,
    pub(super) retry_after: Option<String>,
    pub(super) body: Vec<u8>,
}

/// An answer with a status that means success.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// HTTP status, 2xx.
    pub status: u16,
    /// `Location`.
    pub location: Option<String>,
    /// What it holds.
    pub body: AnswerBody,
}

/// What an answer holds, whatever its `Content-Type` says.
#[derive(Debug, Clone, PartialEq)]
pub enum AnswerBody {
    /// Nothing, or blanks.
    Empty,
    /// A JSON document.
    Json(Value),
    /// Something else.
    Other {
        /// Whether it is a web page.
        html: bool,
        /// Why it isn't JSON.
        message: String,
        /// Its beginning, at most 2 KiB, secrets masked.
        excerpt: String,
    },
}

impl AnswerBody {
    fn read(raw: &RawAnswer, text: &str, secrets: &[&Secret]) -> Self {
        if text.trim().is_empty() {
            return Self::Empty;
        }
        match serde_json::from_str(text) {
            Ok(value) => Self::Json(value),
            Err(error) => Self::Other {
                html: is_html(raw.content_type.as_deref(), text),
                message: error.to_string(),
                excerpt: shown(text, secrets, EXCERPT),
            },
        }
    }
}

/// Reads an answer: the text for the transcript, and what it means.
pub(super) fn judge(raw: RawAnswer, now: Timestamp, secrets: &[&Secret]) -> (String, Result<Answer, Failure>) {
    let text = String::from_utf8_lossy(raw.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&raw.body));
    let transcript = shown(&text, secrets, TRANSCRIPT);
    let body = AnswerBody::read(&raw, &text, secrets);
    if (200..300).contains(&raw.status) {
        return (transcript, Ok(Answer { status: raw.status, location: raw.location, body }));
    }
    let (kind, scim_type, detail) = match body {
        AnswerBody::Empty => (BodyKind::Empty, None, String::new()),
        AnswerBody::Json(value) => {
            let (kind, scim_type, detail) = error_members(&value);
            (kind, scim_type, shown(&detail, secrets, EXCERPT))
        }
        AnswerBody::Other { html: true, excerpt, .. } => (BodyKind::Html, None, html_title(&text, secrets, excerpt)),
        AnswerBody::Other { excerpt, .. } => (BodyKind::Text, None, excerpt),
    };
    let retry_after = raw.retry_after.as_deref().and_then(|value| retry_after(value, now));
    (
        transcript,
        Err(Failure::Status(Box::new(ErrorAnswer { status: raw.status, kind, scim_type, detail, retry_after }))),
    )
}

/// Whether a JSON document says that it is a message of this kind.
pub(super) fn has_schema(members: &Map<String, Value>, schema: &str) -> bool {
    match member(members, "schemas") {
        Some(Value::Array(schemas)) => {
            schemas.iter().any(|value| value.as_str().is_some_and(|text| text.eq_ignore_ascii_case(schema)))
        }
        Some(Value::String(text)) => text.eq_ignore_ascii_case(schema),
        _ => false,
    }
}

/// A member by name without regard to letter case; the exact spelling wins.
pub(super) fn member<'m>(members: &'m Map<String, Value>, name: &str) -> Option<&'m Value> {
    let folded = || members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    members.get(name).or_else(folded)
}

/// Kind, `scimType` and the sentence that explains an error in JSON. `detail` is SCIM's name for it, others are common.
fn error_members(value: &Value) -> (BodyKind, Option<String>, String) {
    let text = |members: &Map<String, Value>, name| match member(members, name) {
        Some(Value::String(text)) if !text.is_empty() => Some(text.clone()),
        _ => None,
    };
    match value {
        Value::Object(members) => {
            let scim = has_schema(members, urn::ERROR) || member(members, "detail").is_some();
            let kind = if scim { BodyKind::Scim } else { BodyKind::Json };
            let detail = ["detail", "message", "error_description", "error", "title"]
                .into_iter()
                .find_map(|name| text(members, name))
                .unwrap_or_else(|| if scim { String::new() } else { value.to_string() });
            (kind, text(members, "scimType").filter(|text| text.len() <= 64), detail)
        }
        Value::String(text) => (BodyKind::Json, None, text.clone()),
        other => (BodyKind::Json, None, other.to_string()),
    }
}

/// `Retry-After` as seconds or as an HTTP date (RFC 9110 section 10.2.3); a date in the past is no wait at all.
fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = DateTimeParser::new().relaxed_weekday(true).parse_timestamp(value).ok()?;
    Some(Duration::try_from(at.duration_since(now)).unwrap_or_default())
}

fn is_html(content_type: Option<&str>, text: &str) -> bool {
    let start = text.trim_start().as_bytes();
    let begins = |tag: &[u8]| start.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag));
    content_type.is_some_and(|kind| kind.to_ascii_lowercase().contains("html"))
        || begins(b"<!doctype html")
        || begins(b"<html")
        || begins(b"<head")
        || begins(b"<body")
}

/// The title says most about a web page; without one, its beginning.
fn html_title(text: &str, secrets: &[&Secret], excerpt: String) -> String {
    let head = &text[..text.floor_char_boundary(TRANSCRIPT)];
    let lower = head.to_ascii_lowercase();
    let title = lower.find("<title").and_then(|at| {
        let start = at + lower[at..].find('>')? + 1;
        let end = start + lower[start..].find('<')?;
        let title = head[start..end].split_whitespace().collect::<Vec<_>>().join(" ");
        (!title.is_empty()).then(|| shown(&title, secrets, EXCERPT))
    });
    title.unwrap_or(excerpt)
}

/// The beginning of a text with the secrets masked, at most `limit` bytes.
pub(super) fn shown(text: &str, secrets: &[&Secret], limit: usize) -> String {
    // A secret across the limit must not be cut before it is masked.
    let longest = secrets.iter().map(|secret| secret.expose().len()).max().unwrap_or_default();
    let window = &text[..text.floor_char_boundary(limit.saturating_add(longest))];
    let mut shown = if secrets.iter().any(|secret| window.contains(secret.expose())) {
        mask(window, secrets)
    } else {
        window.to_owned()
    };
    shown.truncate(shown.floor_char_boundary(limit));
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "1994-11-06T08:49:00Z";

    fn error(status: u16, content_type: Option<&str>, body: &[u8]) -> ErrorAnswer {
        let raw = RawAnswer {
            status,
            content_type: content_type.map(str::to_owned),
            body: body.to_vec(),
            ..RawAnswer::default()
        };
        match judge(raw, NOW.parse().unwrap(), &[&Secret::new("s3cr3t")]) {
            (_, Err(Failure::Status(answer))) => *answer,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn error_bodies_of_every_kind() {
        for (content_type, body, kind, scim_type, detail) in [
            (
                None,
                r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":409,"scimType":"uniqueness","detail":"taken"}"#,
                BodyKind::Scim,
                Some("uniqueness"),
                "taken",
            ),
            (None, "\u{feff}{\"Detail\":\"x\"}", BodyKind::Scim, None, "x"),
            (None, r#"{"message":"no such route"}"#, BodyKind::Json, None, "no such route"),
            (None, "{}", BodyKind::Json, None, "{}"),
            (None, r#""oops""#, BodyKind::Json, None, "oops"),
            (None, " \n", BodyKind::Empty, None, ""),
            (Some("text/plain"), "you sent s3cr3t", BodyKind::Text, None, "you sent [secret]"),
            (Some("text/html"), "Not here", BodyKind::Html, None, "Not here"),
            (None, "\n<!DOCTYPE html><title lang=x>\n 403\n Forbidden </title>", BodyKind::Html, None, "403 Forbidden"),
            (None, "<html><title>cut off", BodyKind::Html, None, "<html><title>cut off"),
            (None, "<?xml version='1.0'?>", BodyKind::Text, None, "<?xml version='1.0'?>"),
        ] {
            let answer = error(400, content_type, body.as_bytes());
            assert_eq!(
                (answer.kind, answer.scim_type.as_deref(), answer.detail.as_str()),
                (kind, scim_type, detail),
                "{body}"
            );
        }
        assert_eq!(error(500, None, b"\xff\xfe").detail, "\u{fffd}\u{fffd}");
    }

    #[test]
    fn quotes_are_bounded_and_masked_across_the_bound() {
        let mut body = "ü".repeat(1023);
        body.push_str("s3cr3t and more");
        let detail = error(500, None, body.as_bytes()).detail;
        assert_eq!(detail.len(), 2048);
        assert!(detail.ends_with("ü[s"), "{}", &detail[2040..]);
    }

    #[test]
    fn successes_keep_what_came() {
        for (body, expected) in [
            ("", AnswerBody::Empty),
            ("\u{feff}[1]", AnswerBody::Json(Value::from(vec![1]))),
            ("null", AnswerBody::Json(Value::Null)),
        ] {
            let raw = RawAnswer { status: 200, body: body.as_bytes().to_vec(), ..RawAnswer::default() };
            assert_eq!(judge(raw, NOW.parse().unwrap(), &[]).1.unwrap().body, expected, "{body}");
        }
        let raw = RawAnswer { status: 200, body: b"{\"a\":".to_vec(), ..RawAnswer::default() };
        let AnswerBody::Other { html: false, message, excerpt } = judge(raw, NOW.parse().unwrap(), &[]).1.unwrap().body
        else {
            panic!("broken JSON was read");
        };
        assert!(message.contains("EOF") && excerpt == "{\"a\":", "{message} {excerpt}");
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        for (value, seconds) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(37)),
            ("Mon, 06 Nov 1994 08:49:37 GMT", Some(37)),
            ("Sun, 06 Nov 1994 08:48:37 GMT", Some(0)),
            ("-1", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(retry_after(value, NOW.parse().unwrap()), seconds.map(Duration::from_secs), "{value}");
        }
    }
}

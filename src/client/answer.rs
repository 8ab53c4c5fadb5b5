//! From the bytes of an answer to something that can be worked with, or to a failure.

use std::borrow::Cow;
use std::time::Duration;

use jiff::fmt::rfc2822::DateTimeParser;
use serde_json::{Map, Value};

use super::{BodyKind, ErrorAnswer, Failure};
use crate::base::{Timestamp, visible};
use crate::scim::{ErrorBody, Needles, urn};

/// Most of a text that is quoted in failures.
const EXCERPT: usize = 2 * 1024;
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
    fn read(content_type: Option<&str>, text: &str, masked: &str) -> Self {
        if text.trim().is_empty() {
            return Self::Empty;
        }
        match serde_json::from_str(text) {
            Ok(value) => Self::Json(value),
            Err(error) => Self::Other {
                html: is_html(content_type, text),
                message: error.to_string(),
                excerpt: excerpt(masked, &[]),
            },
        }
    }
}

/// Reads an answer: the text for the transcript, and what it means.
pub(super) fn judge(raw: RawAnswer, now: Timestamp, secrets: &[&Needles]) -> (String, Result<Answer, Failure>) {
    let text = String::from_utf8_lossy(raw.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&raw.body));
    let masked = masked(&text, secrets);
    let transcript = masked[..masked.floor_char_boundary(TRANSCRIPT)].to_owned();
    let content_type = raw.content_type.as_deref();
    if (200..300).contains(&raw.status) {
        let body = AnswerBody::read(content_type, &text, &masked);
        return (transcript, Ok(Answer { status: raw.status, location: raw.location, body }));
    }
    let body = ErrorBody::parse(masked.as_bytes());
    let failure = ErrorAnswer {
        status: raw.status,
        kind: body_kind(content_type, &masked),
        body: ErrorBody { detail: body.detail.map(|detail| excerpt(&detail, &[])), ..body },
        granted: false,
        retry_after: raw.retry_after.as_deref().and_then(|value| retry_after(value, now)),
    };
    (transcript, Err(Failure::Status(Box::new(failure))))
}

fn body_kind(content_type: Option<&str>, text: &str) -> BodyKind {
    match serde_json::from_str(text) {
        _ if text.trim().is_empty() => BodyKind::Empty,
        Ok(Value::Object(members)) if is_scim_error(&members) => BodyKind::Scim,
        Ok(_) => BodyKind::Json,
        Err(_) if is_html(content_type, text) => BodyKind::Html,
        Err(_) => BodyKind::Text,
    }
}

/// `schemas` is often forgotten. A `detail` alone is what web frameworks say about unknown paths, and with
/// `title` or `type` it is a problem document (RFC 9457).
fn is_scim_error(members: &Map<String, Value>) -> bool {
    let has = |name| member(members, name).is_some();
    has_schema(members, urn::ERROR)
        || has("scimType")
        || has("detail") && has("status") && !has("title") && !has("type")
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

/// `Retry-After` as seconds or as an HTTP date (RFC 9110 section 10.2.3); a date in the past is no wait at all.
pub(super) fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = DateTimeParser::new().relaxed_weekday(true).parse_timestamp(value).ok()?;
    Some(Duration::try_from(at.duration_since(now)).unwrap_or_default())
}

pub(super) fn is_html(content_type: Option<&str>, text: &str) -> bool {
    let start = text.trim_start().as_bytes();
    let begins = |tag: &[u8]| start.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag));
    content_type.is_some_and(|kind| kind.to_ascii_lowercase().contains("html"))
        || begins(b"<!doctype html")
        || begins(b"<html")
        || begins(b"<head")
        || begins(b"<body")
}

/// A text with the secrets masked.
pub(super) fn masked<'t>(text: &'t str, secrets: &[&Needles]) -> Cow<'t, str> {
    secrets.iter().fold(Cow::Borrowed(text), |text, needles| match needles.masked_text(&text) {
        Cow::Owned(masked) => Cow::Owned(masked),
        Cow::Borrowed(_) => text,
    })
}

/// The beginning of a text for a message: secrets masked, nothing that a terminal would obey, at most 2 KiB.
pub(super) fn excerpt(text: &str, secrets: &[&Needles]) -> String {
    let masked = masked(text, secrets);
    let shown = visible(&masked[..masked.floor_char_boundary(EXCERPT)]);
    shown[..shown.floor_char_boundary(EXCERPT)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use crate::base::Secret;

    const NOW: &str = "1994-11-06T08:49:00Z";

    fn needles(secret: &str) -> Needles {
        Needles::new(&[Secret::new(secret)])
    }

    fn error(status: u16, content_type: Option<&str>, body: &[u8]) -> ErrorAnswer {
        let raw = RawAnswer {
            status,
            content_type: content_type.map(str::to_owned),
            body: body.to_vec(),
            ..RawAnswer::default()
        };
        match judge(raw, NOW.parse().unwrap(), &[&needles("s3cr3t")]) {
            (_, Err(Failure::Status(answer))) => *answer,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn error_bodies_of_every_kind() {
        for (content_type, body, kind, detail) in [
            (None, r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":409}"#, BodyKind::Scim, None),
            (None, "\u{feff}{\"Detail\":\"x\",\"Status\":404}", BodyKind::Scim, Some("x")),
            (None, r#"{"scimType":"invalidFilter"}"#, BodyKind::Scim, None),
            (None, r#"{"detail":"Not Found"}"#, BodyKind::Json, Some("Not Found")),
            (None, r#"{"type":"about:blank","status":404,"detail":"x"}"#, BodyKind::Json, Some("x")),
            (None, r#"{"message":"no such route"}"#, BodyKind::Json, Some("no such route")),
            (None, r#""oops""#, BodyKind::Json, Some("oops")),
            (None, " \n", BodyKind::Empty, None),
            (Some("text/plain"), "you sent s3cr3t", BodyKind::Text, Some("you sent [secret]")),
            (Some("text/html; charset=utf-8"), "Not here", BodyKind::Html, Some("Not here")),
            (None, "\n<!DOCTYPE html><p>403", BodyKind::Html, Some("an HTML page")),
            (None, "<?xml version='1.0'?>", BodyKind::Text, Some("<?xml version='1.0'?>")),
        ] {
            let answer = error(400, content_type, body.as_bytes());
            assert_eq!(answer.kind, kind, "{body}");
            if let Some(detail) = detail {
                assert_eq!(answer.detail(), detail, "{body}");
            }
        }
        assert_eq!(error(500, None, b"\xff\xfe").detail(), "\u{fffd}\u{fffd}");
    }

    #[test]
    fn an_echoed_secret_is_masked_in_every_form() {
        let token = "s3cr3t/tok+en-1234";
        for echoed in [
            token.to_owned(),
            "s3cr3t%2Ftok%2Ben-1234".to_owned(),
            r"s3cr3t\/tok+en-1234".to_owned(),
            r"s3cr3t\u002ftok\u002Ben-1234".to_owned(),
            STANDARD.encode(format!("ab{token}")),
        ] {
            let body = format!(r#"{{"detail":"you sent {echoed}"}}"#);
            for status in [200, 401] {
                let raw = RawAnswer { status, body: body.clone().into_bytes(), ..RawAnswer::default() };
                let (transcript, result) = judge(raw, NOW.parse().unwrap(), &[&needles(token)]);
                let shown = result.err().map_or_else(|| transcript.clone(), |failure| failure.to_string());
                for shown in [transcript, shown] {
                    assert!(shown.contains("you sent") && shown.contains("[secret]"), "{shown}");
                    for part in ["tok", "en-1234", &echoed[..8]] {
                        assert!(!shown.contains(part) || part == "YWJzM2Ny", "{shown}");
                    }
                }
            }
        }
    }

    #[test]
    fn nothing_that_came_moves_a_cursor() {
        for body in ["{\"detail\":\"a\\u001b[2Jb\\u009bc\\u202ed\"}", "a\u{1b}[2Jb\u{9b}c\u{202e}d"] {
            assert_eq!(error(400, None, body.as_bytes()).detail(), "a [2Jb c\u{fffd}d");
        }
        assert_eq!(excerpt("a\u{1b}b\n", &[]), "a b\n");
    }

    #[test]
    fn quotes_are_bounded_and_masked_across_the_bound() {
        let body = format!("{}s3cr3t and more", "ü".repeat(1022));
        let answer = error(500, None, body.as_bytes());
        assert!(answer.detail().len() <= 2048 && !answer.detail().contains('3'), "{}", &answer.detail()[2040..]);
        assert!(excerpt(&body, &[&needles("s3cr3t")]).ends_with("ü[sec"));
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

//! What a token endpoint answered: a token, or why there is none.

use serde_json::{Map, Value};

use super::grant::Granted;
use super::{TokenFailure, TokenRefusal, UnusableToken};
use crate::base::{Secret, SignedDuration, Timestamp, is_hidden};
use crate::client::BodyKind;
use crate::client::answer::{RawAnswer, excerpt, is_html, masked, member, retry_after};
use crate::scim::{ErrorBody, Needles, is_secret_name};

/// Longest number of seconds that is believed, a hundred years.
const FOREVER: f64 = 100.0 * 365.0 * 24.0 * 3600.0;

/// The errors of RFC 6749 section 5.2, of RFC 8707 and of Microsoft that have an explanation of their own.
const ERRORS: [&str; 9] = [
    "invalid_client",
    "invalid_request",
    "invalid_resource",
    "invalid_scope",
    "invalid_target",
    "server_error",
    "temporarily_unavailable",
    "unauthorized_client",
    "unsupported_grant_type",
];

/// An answer as it may be shown, and what it means.
pub(super) struct Reading {
    /// At most 2 KiB, on one line, tokens and secrets masked.
    pub(super) shown: String,
    pub(super) result: Result<Granted, TokenFailure>,
}

/// Reads an answer. Endpoints differ from the RFC in many ways that do no harm: letter case, numbers as text, a missing
/// `token_type`, errors with the status 200.
pub(super) fn read(raw: &RawAnswer, now: Timestamp, secrets: &[&Needles]) -> Reading {
    let text = String::from_utf8_lossy(raw.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&raw.body));
    let text = text.trim();
    let status = raw.status;
    let html = is_html(raw.content_type.as_deref(), text);
    let mut document: Option<Value> = serde_json::from_str(text).ok();
    let masked = masked(text, secrets);
    let shown = match &mut document {
        Some(document) => {
            let mut shown = document.clone();
            let is_bare = (200..300).contains(&status) && !shown.is_object();
            hide(&mut shown, is_bare);
            excerpt(&shown.to_string(), secrets)
        }
        // What isn't JSON may be a token in a shape that nobody has thought of.
        None if (200..300).contains(&status) && !html && !text.is_empty() => {
            format!("({} bytes, not JSON)", text.len())
        }
        None => excerpt(&ErrorBody::parse(masked.as_bytes()).detail.unwrap_or_default(), &[]),
    };
    let shown = shown.replace(char::is_control, " ");
    let refused = |error: Option<String>, description: Option<String>, aadsts| {
        TokenFailure::Refused(TokenRefusal {
            status,
            kind: body_kind(text, document.as_ref(), html),
            error,
            description,
            aadsts,
            retry_after: raw.retry_after.as_deref().and_then(|value| retry_after(value, now)),
        })
    };
    let result = match &document {
        _ if matches!(status, 300..=399) => Err(TokenFailure::Redirect { status, location: location(raw, secrets) }),
        Some(Value::Object(members)) if member(members, "error").is_some_and(Value::is_string) => {
            let text_of = |name| member(members, name).and_then(Value::as_str).map(|text| line(text, secrets));
            // A client secret such as `client` must not make an error unrecognisable.
            let known = ERRORS.iter().find(|known| member(members, "error").and_then(Value::as_str) == Some(**known));
            let error = known.map(|known| (*known).to_owned()).or_else(|| text_of("error"));
            let description = text_of("error_description").filter(|text| !text.is_empty());
            Err(refused(error, description.map(|text| without_trace(&text).to_owned()), aadsts(members)))
        }
        _ if !(200..300).contains(&status) => {
            let detail = ErrorBody::parse(masked.as_bytes()).detail.map(|detail| line(&detail, secrets));
            Err(refused(None, detail, None))
        }
        Some(Value::Object(members)) => granted(members).map_err(|what| TokenFailure::Unusable { status, what }),
        _ => {
            let what = if html { UnusableToken::Html } else { UnusableToken::NotJson };
            Err(TokenFailure::Unusable { status, what })
        }
    };
    Reading { shown, result }
}

fn granted(members: &Map<String, Value>) -> Result<Granted, UnusableToken> {
    let text = |name| member(members, name).and_then(Value::as_str);
    let token = text("access_token").filter(|token| !token.is_empty()).ok_or(UnusableToken::Missing)?;
    let kind = text("token_type").map(str::trim).filter(|kind| !kind.is_empty());
    if let Some(other) = kind.filter(|kind| !kind.eq_ignore_ascii_case("bearer")) {
        return Err(UnusableToken::NotBearer(other.chars().take(40).filter(|c| !is_hidden(*c)).collect()));
    }
    let lifetime = match member(members, "expires_in") {
        Some(Value::Number(seconds)) => seconds.as_f64(),
        Some(Value::String(seconds)) => seconds.trim().parse().ok(),
        _ => None,
    };
    let lifetime = lifetime.filter(|seconds| seconds.is_finite());
    if let Some(seconds) = lifetime.filter(|seconds| *seconds <= 0.0) {
        return Err(UnusableToken::RanOut(seconds.to_string()));
    }
    Ok(Granted {
        token: Secret::new(token),
        lifetime: lifetime.map(|seconds| SignedDuration::from_secs_f64(seconds.min(FOREVER))),
        has_type: kind.is_some(),
        scope: text("scope").map(str::to_owned),
    })
}

/// The place of a redirect without its query, which may hold anything.
fn location(raw: &RawAnswer, secrets: &[&Needles]) -> String {
    let location = raw.location.as_deref().unwrap_or_default();
    line(location.split(['?', '#']).next().unwrap_or_default(), secrets)
}

/// On one line, masked, at most 2 KiB.
fn line(text: &str, secrets: &[&Needles]) -> String {
    excerpt(text.trim(), secrets).replace(char::is_control, " ")
}

/// Microsoft's descriptions end with ids and a time, which stay in what is shown of the whole answer.
fn without_trace(description: &str) -> &str {
    description.split(" Trace ID:").next().unwrap_or_default().trim_end()
}

/// The number of Microsoft's error: from its list, else from the description.
fn aadsts(members: &Map<String, Value>) -> Option<u64> {
    let listed = member(members, "error_codes").and_then(|codes| codes.as_array()?.first()?.as_u64());
    listed.or_else(|| {
        let (_, rest) = member(members, "error_description")?.as_str()?.split_once("AADSTS")?;
        rest[..rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())].parse().ok()
    })
}

fn body_kind(text: &str, document: Option<&Value>, html: bool) -> BodyKind {
    match document {
        Some(_) => BodyKind::Json,
        None if text.is_empty() => BodyKind::Empty,
        None if html => BodyKind::Html,
        None => BodyKind::Text,
    }
}

/// Masks texts in members that sound like secrets, however deep, and all others where the document is `inside` a secret
/// already.
fn hide(value: &mut Value, inside: bool) {
    match value {
        Value::String(text) if inside => "[secret]".clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(|item| hide(item, inside)),
        Value::Object(members) => members.iter_mut().for_each(|(name, value)| {
            let is_secret = is_secret_name(name) || name.to_ascii_lowercase().contains("key");
            hide(value, inside || is_secret);
        }),
        _ => {}
    }
}

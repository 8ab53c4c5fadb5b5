//! Bodies of requests: how long they may be, and what they may be.

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use futures_util::StreamExt;
use serde_json::Value;

use super::answer::Problem;
use super::server::is_slow;
use crate::scim::ScimType;
use crate::threads::aside_if_long;

/// Reads a JSON body of at most `limit` bytes.
pub(super) async fn read_json(headers: &HeaderMap, body: Body, limit: usize) -> Result<Value, Problem> {
    let refuse = |detail: String| Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    if let Some(kind) = headers.get(CONTENT_TYPE) {
        let kind = String::from_utf8_lossy(kind.as_bytes());
        let mut parts = kind.split(';').map(str::trim);
        let essence = parts.next().unwrap_or_default();
        if !["application/scim+json", "application/json"].iter().any(|known| essence.eq_ignore_ascii_case(known)) {
            return refuse(format!("`{essence}` isn't taken, send application/scim+json"));
        }
        for (name, charset) in parts.filter_map(|part| part.split_once('=')) {
            let charset = charset.trim_matches('"');
            let is_known = ["utf-8", "utf8", "us-ascii"].iter().any(|known| charset.eq_ignore_ascii_case(known));
            if name.eq_ignore_ascii_case("charset") && !is_known {
                return refuse(format!("the charset `{charset}` isn't taken, send UTF-8"));
            }
        }
    }
    for encoding in headers.get_all(CONTENT_ENCODING) {
        let encoding = String::from_utf8_lossy(encoding.as_bytes());
        if !["", "identity"].iter().any(|known| encoding.trim().eq_ignore_ascii_case(known)) {
            return refuse(format!("the Content-Encoding `{encoding}` isn't taken, send the body as it is"));
        }
    }
    let bytes = read_bytes(headers, body, limit).await?;
    // how long one in chunks is, is known only now
    aside_if_long(bytes.len(), || serde_json::from_slice(&bytes))
        .map_err(|error| Problem::bad_request(ScimType::InvalidSyntax, format!("the body isn't JSON: {error}")))
}

/// Reads a body of at most `limit` bytes.
pub(super) async fn read_bytes(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, Problem> {
    let too_large = || {
        let detail = format!("the body is too long, at most {limit} bytes are taken");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    };
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let mut stream = body.into_data_stream();
    let mut first = Bytes::new();
    let mut rest = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| {
            if is_slow(&error) {
                return Problem::new(StatusCode::REQUEST_TIMEOUT, "the body comes too slowly");
            }
            Problem::new(StatusCode::BAD_REQUEST, "the body ends too early")
        })?;
        if first.len() + rest.len() + chunk.len() > limit {
            return Err(too_large());
        }
        if first.is_empty() { first = chunk } else { rest.extend_from_slice(&chunk) }
    }
    Ok(if rest.is_empty() { first } else { [first.as_ref(), &rest].concat().into() })
}

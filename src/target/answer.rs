//! Answers: JSON texts with the protocol's content type, and errors.

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{ALLOW, CONTENT_TYPE, HOST, LOCATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Kind, StorageError};
use crate::scim::{ErrorBody, PatchError, ScimType};

const SCIM_JSON: HeaderValue = HeaderValue::from_static("application/scim+json");

/// What stays as it is in a segment of a path (RFC 3986 section 2.3).
pub(super) const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A JSON text as an answer.
pub(super) fn json(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, SCIM_JSON);
    response
}

/// An error as an answer.
#[derive(Debug)]
pub(super) struct Problem(pub(super) ErrorBody);

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self(ErrorBody::new(status.as_u16(), None, detail))
    }

    pub(super) fn bad_request(scim_type: ScimType, detail: impl Into<String>) -> Self {
        Self(ErrorBody::new(400, Some(scim_type), detail))
    }

    pub(super) fn conflict(detail: impl Into<String>) -> Self {
        Self(ErrorBody::new(409, Some(ScimType::Uniqueness), detail))
    }

    pub(super) fn missing(kind: Kind, id: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("there is no {} `{id}`", kind.noun()))
    }
}

impl From<PatchError> for Problem {
    fn from(error: PatchError) -> Self {
        Self(error.into())
    }
}

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "the endpoint's data can't be read or written");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the endpoint's data can't be read or written; see its log")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response<Body> {
        let status = self.0.status.and_then(|status| StatusCode::from_u16(status).ok());
        let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = json(status, self.0.to_value().to_string());
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// 405, naming what would be allowed.
pub(super) fn not_allowed(allowed: &'static str) -> Response<Body> {
    let detail = format!("this method isn't allowed here, only {allowed}");
    let mut response = Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail).into_response();
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

/// Where the endpoint is, as the client calls it.
#[derive(Debug, Clone)]
pub(super) struct Origin(String);

impl Origin {
    /// From the `Host` header; without a usable one, URLs are given as paths.
    pub(super) fn of(headers: &HeaderMap, base_path: &str) -> Self {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).filter(|host| {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
            !host.is_empty() && host.len() <= 255 && host.bytes().all(allowed)
        });
        Self(host.map_or_else(|| base_path.to_owned(), |host| format!("http://{host}{base_path}")))
    }

    /// From a URL that is known.
    pub(super) fn at(url: &str) -> Self {
        Self(url.trim_end_matches('/').to_owned())
    }

    /// The URL of something below the endpoint.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// The URL of a resource.
    pub(super) fn resource(&self, kind: Kind, id: &str) -> String {
        format!("{}{}/{}", self.0, kind.path(), utf8_percent_encode(id, SEGMENT))
    }

    /// Appends the text of a resource to `text`, its location added to its `meta`.
    pub(super) fn write(&self, kind: Kind, body: &str, text: &mut String) {
        let (Some(open), Some(id)) = (body.strip_suffix("}}"), stored_id(body)) else {
            text.push_str(body);
            return;
        };
        text.push_str(open);
        text.push_str(",\"location\":\"");
        text.push_str(&self.resource(kind, &id));
        text.push_str("\"}}");
    }

    /// One resource as an answer.
    pub(super) fn answer(&self, kind: Kind, status: StatusCode, body: &Arc<str>) -> Response<Body> {
        let mut text = String::with_capacity(body.len() + self.0.len() + 64);
        self.write(kind, body, &mut text);
        json(status, text)
    }

    /// Adds where a new resource is found.
    pub(super) fn locate(&self, kind: Kind, id: &str, response: &mut Response<Body>) {
        let location = HeaderValue::try_from(self.resource(kind, id)).expect("an encoded URL is a header value");
        response.headers_mut().insert(LOCATION, location);
    }
}

/// The id in a stored text, which begins with it.
fn stored_id(body: &str) -> Option<String> {
    let rest = body.strip_prefix("{\"id\":")?;
    let mut texts = serde_json::Deserializer::from_str(rest).into_iter::<String>();
    texts.next()?.ok()
}

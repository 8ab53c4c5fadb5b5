//! Answers: JSON texts with the protocol's content type, and errors.

use axum::body::Body;
use axum::http::header::{ALLOW, CONTENT_TYPE, HOST, LOCATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::storage::Stored;
use super::{Kind, StorageError};
use crate::scim::{ErrorBody, PatchError, ScimType};

const SCIM_JSON: HeaderValue = HeaderValue::from_static("application/scim+json");

/// What stays as it is in a segment of a path (RFC 3986 section 2.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

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
        match error {
            StorageError::Full => Self::new(StatusCode::INSUFFICIENT_STORAGE, error.to_string()),
            StorageError::Busy | StorageError::Closed => Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
            _ => {
                let detail = "the endpoint's data can't be read or written; see its log";
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
            }
        }
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

    /// The URL of something below the endpoint.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// The URL of a resource.
    pub(super) fn resource(&self, kind: Kind, id: &str) -> String {
        format!("{}{}/{}", self.0, kind.path(), utf8_percent_encode(id, SEGMENT))
    }

    /// Appends the text of a resource to `text`, with the groups of a user and the location.
    pub(super) fn write(&self, kind: Kind, stored: &Stored, text: &mut String) {
        let start = text.len();
        stored.write(text);
        if !stored.groups.is_empty() {
            let location = |group: &str| self.resource(Kind::Group, group);
            let groups: Value = stored.groups.iter().map(|it| it.to_value(Some(&location(&it.group)))).collect();
            // `meta` is the last attribute, and has nothing like it inside
            if let Some(at) = text[start..].rfind(",\"meta\":{") {
                text.insert_str(start + at, &format!(",\"groups\":{groups}"));
            }
        }
        if text.ends_with("}}") {
            text.truncate(text.len() - 2);
            text.push_str(",\"location\":\"");
            text.push_str(&self.0);
            text.push_str(kind.path());
            text.push('/');
            text.extend(utf8_percent_encode(&stored.id(), SEGMENT));
            text.push_str("\"}}");
        }
    }

    /// One resource as an answer.
    pub(super) fn answer(&self, kind: Kind, status: StatusCode, stored: &Stored) -> Response<Body> {
        let mut text = String::with_capacity(stored.len() + self.0.len() + 64);
        self.write(kind, stored, &mut text);
        json(status, text)
    }

    /// Adds where a new resource is found.
    pub(super) fn locate(&self, kind: Kind, id: &str, response: &mut Response<Body>) {
        let location = HeaderValue::try_from(self.resource(kind, id)).expect("an encoded URL is a header value");
        response.headers_mut().insert(LOCATION, location);
    }
}

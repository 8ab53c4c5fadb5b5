//! Answers: JSON texts with the protocol's content type, and errors.

use axum::body::Body;
use axum::http::header::{ALLOW, CONTENT_LOCATION, CONTENT_TYPE, ETAG, HOST, LOCATION, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use axum::response::IntoResponse;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::base_path::BasePath;
use super::storage::Stored;
use super::{Kind, StorageError};
use crate::scim::{ErrorBody, PatchError, Resource, ScimType};

pub(super) const SCIM_JSON: HeaderValue = HeaderValue::from_static("application/scim+json");

/// What stays as it is in a segment of a path (RFC 3986 section 2.3).
pub(super) const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// An id as a segment of a path.
pub(super) fn encode(id: &str) -> String {
    utf8_percent_encode(id, SEGMENT).to_string()
}

/// In the extensions of a response: the connection is to be closed without an answer. Its body fails at once, which is
/// all that a caller in this process sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the connection is closed without an answer")]
pub(super) struct NoAnswer;

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

    pub(super) fn status(&self) -> StatusCode {
        let status = self.0.status.and_then(|status| StatusCode::from_u16(status).ok());
        status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
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
        let status = self.status();
        let mut response = json(status, self.0.to_value().to_string());
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// 405, naming what would be allowed; that alone is what OPTIONS asks for.
pub(super) fn not_allowed(method: &Method, allowed: &'static str) -> Response<Body> {
    let mut response = if *method == Method::OPTIONS {
        StatusCode::NO_CONTENT.into_response()
    } else {
        let detail = format!("{method} isn't allowed here, only {allowed}");
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail).into_response()
    };
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

/// Where the endpoint is, as the client calls it.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    /// Scheme and host, and the path before `/Users`.
    base: String,
    /// Where that path begins.
    path_at: usize,
}

impl Origin {
    /// From the `Host` header; without a usable one, URLs are given as paths.
    pub(super) fn of(headers: &HeaderMap, base_path: &BasePath) -> Self {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok()).filter(|host| {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:[]".contains(&byte);
            !host.is_empty() && host.len() <= 255 && host.bytes().all(allowed)
        });
        let mut base = String::with_capacity(base_path.len() + 64);
        if let Some(host) = host {
            base.extend([base_path.scheme().as_str(), "://", host]);
        }
        let path_at = base.len();
        base.push_str(base_path);
        Self { base, path_at }
    }

    /// From a URL that is known.
    pub(super) fn at(url: &str) -> Self {
        let base = url.trim_end_matches('/').to_owned();
        Self { path_at: base.len(), base }
    }

    /// The URL of something below the endpoint.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The target of a request for something below the endpoint.
    pub(super) fn target(&self, path: &str) -> String {
        format!("{}{path}", &self.base[self.path_at..])
    }

    /// The URL of a resource.
    pub(super) fn resource(&self, kind: Kind, id: &str) -> String {
        let mut url = String::with_capacity(self.base.len() + id.len() + 16);
        self.write_url(kind, id, &mut url);
        url
    }

    /// Appends the URL of a resource.
    fn write_url(&self, kind: Kind, id: &str, text: &mut String) {
        text.extend([&self.base, kind.path(), "/"]);
        text.extend(utf8_percent_encode(id, SEGMENT));
    }

    /// Appends the text of a resource to `text`, with what it only has when it goes out: the groups of a user, and of its
    /// `meta` version and location.
    pub(super) fn write(&self, kind: Kind, stored: &Stored, text: &mut String) {
        let start = text.len();
        stored.write_open(text);
        if !stored.groups.is_empty() {
            let location = |group: &str| self.resource(Kind::Group, group);
            let groups: Value = stored.groups.iter().map(|it| it.to_value(Some(&location(&it.group)))).collect();
            // `meta` is the last attribute, and has nothing like it inside
            if let Some(at) = text[start..].rfind(",\"meta\":{") {
                text.insert_str(start + at, &format!(",\"groups\":{groups}"));
            }
        }
        stored.version().write(text);
        text.push_str(",\"location\":\"");
        self.write_url(kind, &stored.id(), text);
        text.push_str("\"}}");
    }

    /// The text of a resource as it goes out.
    pub(super) fn text(&self, kind: Kind, stored: &Stored) -> String {
        let mut text = String::with_capacity(stored.len() + 192);
        self.write(kind, stored, &mut text);
        text
    }

    /// A resource as it goes out.
    pub(super) fn outgoing(&self, kind: Kind, stored: &Stored) -> Resource {
        let document = serde_json::from_str(&self.text(kind, stored)).ok();
        document.and_then(Resource::from_value).unwrap_or_default()
    }

    /// Adds to an answer where its resource is found, and of which version it is.
    pub(super) fn mark(&self, kind: Kind, stored: &Stored, response: &mut Response<Body>) {
        let location =
            HeaderValue::try_from(self.resource(kind, &stored.id())).expect("an encoded URL is a header value");
        let has_body = response.status() != StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        if has_body {
            headers.insert(CONTENT_LOCATION, location.clone());
        }
        headers.insert(LOCATION, location);
        headers.insert(ETAG, stored.version().header());
    }
}

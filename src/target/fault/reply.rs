//! An answer as faults see it.

use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _, to_bytes};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{Extensions, HeaderMap, HeaderValue, Response, StatusCode};
use axum::response::IntoResponse as _;
use futures_util::{StreamExt as _, stream};
use serde_json::{Map, Value};

use crate::clock::Clock;
use crate::scim::{get, spelling};
use crate::target::answer::{NoAnswer, Problem, SCIM_JSON};

/// Longer answers go out as they are.
const LONGEST: u64 = 64 * 1024 * 1024;
/// In how many pieces a trickled body comes.
const PIECES: u32 = 10;

/// How an answer goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Ending {
    /// At once.
    #[default]
    Whole,
    /// Piece by piece over so long.
    Trickled(Duration),
    /// Its first half, then the connection is closed.
    Half,
    /// Not at all: the connection is closed.
    Never,
}

/// An answer on its way out.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) ending: Ending,
    extensions: Extensions,
}

impl Reply {
    /// Reads an answer; one that is too long, or comes in pieces, is given back.
    pub(super) async fn of(response: Response<Body>) -> Result<Self, Response<Body>> {
        if response.body().size_hint().exact().is_none_or(|size| size > LONGEST) {
            return Err(response);
        }
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
        let extensions = parts.extensions;
        Ok(Self { status: parts.status, headers: parts.headers, body, ending: Ending::Whole, extensions })
    }

    /// An answer without a body.
    pub(super) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            ending: Ending::Whole,
            extensions: Extensions::new(),
        }
    }

    /// Closes the connection instead.
    pub(super) fn never() -> Self {
        Self { ending: Ending::Never, ..Self::empty(StatusCode::OK) }
    }

    /// Something that isn't SCIM.
    pub(super) fn text(status: StatusCode, content_type: &'static str, text: impl Into<Bytes>) -> Self {
        let mut reply = Self { body: text.into(), ..Self::empty(status) };
        reply.headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        reply
    }

    /// An error as the endpoint itself would answer it.
    pub(super) fn problem(problem: Problem) -> Self {
        let text = problem.0.to_value().to_string();
        let (parts, _) = problem.into_response().into_parts();
        Self { headers: parts.headers, body: text.into(), ..Self::empty(parts.status) }
    }

    /// Puts another body in the place of the one it has.
    pub(super) fn set_body(&mut self, body: impl Into<Bytes>) {
        self.headers.remove(CONTENT_LENGTH);
        self.body = body.into();
    }

    /// Leaves the body out.
    pub(super) fn clear_body(&mut self) {
        self.headers.remove(CONTENT_TYPE);
        self.set_body(Bytes::new());
    }

    /// The same with a body that is SCIM.
    pub(super) fn set_scim(&mut self, text: String) {
        self.headers.insert(CONTENT_TYPE, SCIM_JSON);
        self.set_body(text);
    }

    /// Changes the document, where there is one.
    pub(super) fn change_document(&mut self, change: impl FnOnce(&mut Map<String, Value>)) {
        if let Ok(Value::Object(mut members)) = serde_json::from_slice(&self.body) {
            change(&mut members);
            self.set_body(Value::Object(members).to_string());
        }
    }

    /// Changes each resource of a successful answer: the one that it is, or those of a list.
    pub(super) fn change_resources(&mut self, mut change: impl FnMut(&mut Map<String, Value>)) {
        if !self.status.is_success() {
            return;
        }
        self.change_document(|members| match spelling(members, "Resources") {
            Some(name) => {
                let entries = members.get_mut(&name).and_then(Value::as_array_mut).into_iter().flatten();
                entries.filter_map(Value::as_object_mut).for_each(change);
            }
            None if get(members, "totalResults").is_some() => {}
            None => change(members),
        });
    }

    /// Whether both say the same.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.status == other.status
            && self.ending == other.ending
            && self.headers == other.headers
            && self.body == other.body
    }

    /// The answer as it is sent.
    pub(super) fn into_response(self, clock: &Clock) -> Response<Body> {
        let length = self.body.len();
        let mut response = Response::new(match self.ending {
            Ending::Whole => Body::from(self.body),
            Ending::Trickled(time) => trickle(self.body, time / PIECES, clock.clone()),
            Ending::Half => {
                let half = stream::iter([Ok(self.body.slice(..length / 2))]);
                Body::from_stream(half.chain(stream::once(cut())))
            }
            Ending::Never => Body::from_stream(stream::iter([Err::<Bytes, _>(closed())])),
        });
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        *response.extensions_mut() = self.extensions;
        match self.ending {
            Ending::Whole | Ending::Trickled(_) => {}
            Ending::Half => {
                response.headers_mut().insert(CONTENT_LENGTH, length.into());
            }
            Ending::Never => {
                response.extensions_mut().insert(NoAnswer);
            }
        }
        response
    }
}

fn trickle(body: Bytes, pause: Duration, clock: Clock) -> Body {
    let size = body.len().div_ceil(PIECES as usize).max(1);
    Body::from_stream(stream::unfold((body, clock), move |(mut rest, clock)| async move {
        if rest.is_empty() {
            return None;
        }
        clock.sleep(pause).await;
        let piece = rest.split_to(size.min(rest.len()));
        Some((Ok::<_, io::Error>(piece), (rest, clock)))
    }))
}

/// Waits until what came before is on its way, so that the half really arrives.
async fn cut() -> Result<Bytes, io::Error> {
    tokio::task::yield_now().await;
    Err(closed())
}

fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "a fault closes the connection")
}

//! From a request on a connection to the router, and back.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::CONNECTION;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use hyper::body::{Body as _, Incoming};
use tower::ServiceExt as _;

use super::Limits;
use super::body::{Held, Paced};
use super::pulse::Pulse;
use crate::target::answer::{NoAnswer, Problem};
use crate::threads::aside_if_long;

/// Answers one request.
pub(super) async fn answer(
    router: Router,
    pulse: Arc<Pulse>,
    limits: Limits,
    request: Request<Incoming>,
) -> Result<Response<Body>, NoAnswer> {
    let busy = Arc::clone(&pulse).busy();
    if let Some(refusal) = too_large(&request, &limits) {
        return Ok(refusal.into_response());
    }
    let request =
        request.map(|body| if body.is_end_stream() { Body::empty() } else { Body::new(Paced::new(body, &limits)) });
    let length = usize::try_from(request.body().size_hint().lower()).unwrap_or(usize::MAX);
    let mut response = pin!(router.oneshot(request));
    let response: Result<_, Infallible> =
        poll_fn(|context| aside_if_long(length, || response.as_mut().poll(context))).await;
    let Ok(response) = response;
    let mut response = finish(response).await?;
    if pulse.is_crowded() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    if response.body().size_hint().exact().is_some() {
        return Ok(response);
    }
    Ok(response.map(|body| Body::new(Held::new(body, busy))))
}

/// What becomes of a response: it is sent, or the connection is closed without it.
#[expect(clippy::unused_async, reason = "whatever else has to happen before an answer goes out may wait")]
async fn finish(mut response: Response<Body>) -> Result<Response<Body>, NoAnswer> {
    response.extensions_mut().remove::<NoAnswer>().map_or(Ok(response), Err)
}

/// Hyper has limits too, above these, and answers without a word.
fn too_large<B>(request: &Request<B>, limits: &Limits) -> Option<Problem> {
    let headers = request.headers();
    let detail = if headers.len() > limits.headers {
        format!("the request has {} headers, at most {} are taken", headers.len(), limits.headers)
    } else {
        let length = request.uri().path_and_query().map_or(0, |target| target.as_str().len()) + size(headers);
        if length <= limits.head {
            return None;
        }
        format!("the request's line and headers are too long, at most {} bytes are taken", limits.head)
    };
    Some(Problem::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, detail))
}

fn size(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len()).sum()
}

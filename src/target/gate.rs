//! What every request passes on its way to a route, in this order: who watches, who is let in, how the endpoint
//! misbehaves.
//!
//! One layer does all three, since each layer of its own would cost about as much as finding a resource does.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::HOST;
use axum::http::{HeaderValue, Response};
use axum::middleware::Next;
use axum::response::IntoResponse;

use super::Endpoint;
use super::access::TOKEN_PATH;
use super::fault::{lets_in, misbehave};
use super::observe::observe;

/// The way to the routes from outside.
pub(super) async fn gate(State(endpoint): State<Endpoint>, mut request: Request, next: Next) -> Response<Body> {
    // the host of a whole URL goes before the header (RFC 9112 section 3.2.2)
    if let Some(authority) = request.uri().authority().and_then(|it| HeaderValue::try_from(it.as_str()).ok()) {
        request.headers_mut().insert(HOST, authority);
    }
    let guarded = async |request: Request| {
        // a token is fetched by those who have none
        if endpoint.door().issues_tokens() && request.uri().path() == TOKEN_PATH {
            return next.run(request).await;
        }
        match endpoint.door().admit(&request, endpoint.base_path(), endpoint.clock().now()) {
            Ok(()) => misbehave(&endpoint, request, next).await,
            Err(refusal) if refusal.is_of_strangers() && lets_in(&endpoint) => {
                misbehave(&endpoint, request, next).await
            }
            Err(refusal) => refusal.into_response(),
        }
    };
    observe(&endpoint, request, guarded).await
}

/// The way to the routes for requests that were let in already.
pub(super) async fn inner_gate(State(endpoint): State<Endpoint>, request: Request, next: Next) -> Response<Body> {
    misbehave(&endpoint, request, next).await
}

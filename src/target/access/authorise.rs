//! The layer around the routes that asks for a bearer token (RFC 6750).

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Response;
use axum::middleware::Next;
use axum::response::IntoResponse;

use crate::target::Endpoint;

/// Lets a request through if it carries a token that may do it.
pub(in crate::target) async fn authorise(
    State(endpoint): State<Endpoint>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    match endpoint.door().admit(&parts, endpoint.base_path(), endpoint.clock().now()) {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(refusal) => refusal.into_response(),
    }
}

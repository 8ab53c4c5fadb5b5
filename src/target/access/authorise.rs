//! Asks for a bearer token (RFC 6750) before a request gets to the routes.

use axum::body::Body;
use axum::extract::Request;
use axum::http::Response;
use axum::response::IntoResponse;

use crate::target::Endpoint;

/// Lets a request through if it carries a token that may do it; otherwise says so to the client.
#[expect(clippy::result_large_err, reason = "it is the answer")]
pub(in crate::target) fn authorise(endpoint: &Endpoint, request: Request) -> Result<Request, Response<Body>> {
    let (parts, body) = request.into_parts();
    match endpoint.door().admit(&parts, endpoint.base_path(), endpoint.clock().now()) {
        Ok(()) => Ok(Request::from_parts(parts, body)),
        Err(refusal) => Err(refusal.into_response()),
    }
}

//! Bearer tokens (RFC 6750), compared in constant time.

use std::fmt;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Response, StatusCode};
use axum::response::IntoResponse;

use super::Endpoint;
use super::answer::Problem;
use super::gate::Next;
use crate::base::{Digest, Secret};

/// Digests of the tokens that are let in.
pub(super) struct Tokens(Vec<Digest>);

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} tokens", self.0.len())
    }
}

impl Tokens {
    pub(super) fn new(tokens: &[Secret]) -> Self {
        Self(tokens.iter().map(|token| Digest::of(token.expose().as_bytes())).collect())
    }

    /// Digests are compared instead of the tokens, all of each and all of them, so that the time taken
    /// tells nothing about a token.
    fn admit(&self, token: &str) -> bool {
        let given = Digest::of(token.as_bytes());
        self.0.iter().fold(false, |admitted, known| {
            let difference = known.0.iter().zip(given.0).fold(0, |sum, (left, right)| sum | (left ^ right));
            admitted | (std::hint::black_box(difference) == 0)
        })
    }
}

/// Lets a request through if it carries a known token.
pub(super) async fn authorise(endpoint: &Endpoint, request: Request, next: impl Next) -> Response<Body> {
    match bearer(request.headers()) {
        Some(token) if endpoint.tokens().admit(token) => next.run(request).await,
        Some(_) => Problem::new(StatusCode::UNAUTHORIZED, "the bearer token isn't known here").into_response(),
        None => {
            let detail = "the request needs a header `Authorization: Bearer <token>`";
            Problem::new(StatusCode::UNAUTHORIZED, detail).into_response()
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("Bearer") && !token.is_empty()).then_some(token)
}

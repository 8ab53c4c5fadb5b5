//! What a fault is made of.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Response, StatusCode};
use serde_json::Value;

use crate::scim::{Method, Resource};
use crate::target::Kind;

/// What is said about a fault.
#[derive(Debug, Clone, Copy)]
pub(super) struct About {
    /// As in rules: `empty-list-404`.
    pub(super) name: &'static str,
    /// Where such behaviour was seen, or is described.
    pub(super) source: &'static str,
    /// What it does, in one sentence.
    pub(super) explanation: &'static str,
}

/// A request as a fault sees it.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) method: Method,
    /// `None` where no resource is asked for, but what the endpoint says of itself.
    pub(super) kind: Option<Kind>,
    /// The resource that is asked for.
    pub(super) id: Option<String>,
    /// Encoded.
    pub(super) query: String,
    /// Null where there is none, or none that is JSON.
    pub(super) body: Value,
}

/// One way to misbehave. All that isn't overridden is done right.
pub(super) trait Misbehaviour: Sync {
    fn about(&self) -> About;

    /// What it can happen to.
    fn methods(&self) -> &'static [Method] {
        &Method::ALL
    }

    /// How long the endpoint waits first, on its clock.
    fn delay(&self) -> Duration {
        Duration::ZERO
    }

    /// Answers in the endpoint's place.
    fn answer(&self, _call: &Call) -> Option<Response<Body>> {
        None
    }

    /// Changes query or body before the endpoint sees them.
    fn rewrite(&self, _call: &mut Call) {}

    /// Changes what is going to be stored. `sent` is the body as it came, `before` what a PUT or PATCH
    /// found.
    fn store(&self, _sent: &Value, _before: Option<&Resource>, _after: &mut Resource) {}

    /// Answers something else than the endpoint did.
    fn reply(&self, _call: &Call, _status: StatusCode, _body: &[u8]) -> Option<Response<Body>> {
        None
    }
}

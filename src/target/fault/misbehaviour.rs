//! What a fault is made of.

use std::borrow::Cow;
use std::time::Duration;

use super::call::Call;
use super::paging::Page;
use super::reply::Reply;
use crate::scim::{Method, Resource};

/// What is said about a fault.
#[derive(Debug, Clone)]
pub(super) struct About {
    /// As in rules: `empty-list-404`.
    pub(super) name: Cow<'static, str>,
    /// Where such behaviour was seen, or is described.
    pub(super) source: &'static str,
    /// What it does, in one sentence.
    pub(super) explanation: Cow<'static, str>,
}

impl About {
    pub(super) const fn new(name: &'static str, source: &'static str, explanation: &'static str) -> Self {
        Self { name: Cow::Borrowed(name), source, explanation: Cow::Borrowed(explanation) }
    }
}

/// One way to misbehave. All that isn't overridden is done right.
///
/// The layer calls the hooks in the order in which they stand here.
pub(super) trait Misbehaviour: Send + Sync {
    fn about(&self) -> About;

    /// What it can happen to.
    fn methods(&self) -> &'static [Method] {
        &Method::ALL
    }

    /// Whether it lets in whoever has no right to be there.
    fn lets_in(&self) -> bool {
        false
    }

    /// How many requests are spared where the rule doesn't say.
    fn spares(&self) -> u64 {
        0
    }

    /// Whether it looks at what resources were before their last change, [`Call::older`].
    fn looks_back(&self) -> bool {
        false
    }

    /// How long the endpoint waits first, on its clock.
    fn delay(&self) -> Duration {
        Duration::ZERO
    }

    /// Answers in the endpoint's place.
    fn answer(&self, _call: &Call) -> Option<Reply> {
        None
    }

    /// Changes query or body before the endpoint sees them.
    fn rewrite(&self, _call: &mut Call) {}

    /// Whether it changes what lists show: all that a query matches is collected for it then.
    fn changes_lists(&self) -> bool {
        false
    }

    /// Changes what is shown of all that a query matches.
    fn list(&self, _call: &Call, _page: &mut Page) {}

    /// The id of a new resource in the place of the one that it would have.
    fn new_id(&self, _id: &str) -> Option<String> {
        None
    }

    /// Changes what is going to be stored. `before` is what a PUT or PATCH found.
    fn store(&self, _call: &Call, _before: Option<&Resource>, _after: &mut Resource) {}

    /// Changes the endpoint's answer.
    fn reply(&self, _call: &Call, _reply: &mut Reply) {}
}

//! Finds the operation that makes an endpoint refuse the PATCH of an object, and who suffers from it.

use serde_json::Value;

use super::{OnDemand, Running};
use crate::base::{SourceId, TargetId};
use crate::client::Failure;
use crate::event::ObjectError;
use crate::plan::ActionKind;
use crate::plan::bisect::{Bisect, Part, Reply, Step};
use crate::schema::{AttributeMapping, ObjectMapping};
use crate::scim::{Method, Request};
use crate::store::{ObjectStates, PriorView};

/// What the search in a refused PATCH found.
#[derive(Debug, Clone, PartialEq)]
pub struct Poison {
    /// Which operations it is.
    pub verdict: Verdict,
    /// How many operations the PATCH has.
    pub operations: usize,
    /// How many parts of it were sent.
    pub tried: usize,
    /// How many of these were accepted, and took effect.
    pub accepted: usize,
    /// Users whose account should be disabled, but whose PATCH fails.
    pub left_active: Vec<LeftActive>,
}

/// What makes the endpoint refuse the PATCH.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// This operation, alone.
    Operation(Culprit),
    /// None alone: these together.
    Together(Vec<Culprit>),
    /// It can't be told: the search was interrupted, or met something else than a refusal.
    Unknown(String),
}

/// An operation with the mapping that makes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Culprit {
    /// Its place in the PATCH, from 1.
    pub place: usize,
    /// The operation as it was sent.
    pub operation: Value,
    /// Target attribute of the mapping that makes it, where there is one.
    pub attribute: Option<String>,
    /// The mapping's expression; empty where it has none.
    pub expression: String,
}

/// A user who left the scope and whose account is still active.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftActive {
    /// The user.
    pub source_id: SourceId,
    /// User principal name.
    pub name: String,
    /// The account.
    pub target_id: TargetId,
    /// Why disabling it failed.
    pub error: ObjectError,
}

/// Sends parts of a PATCH that was refused until it is known which operation poisons it; `None` where the failure
/// isn't the answer to a PATCH.
pub(super) async fn search(
    running: &Running<'_>,
    mapping: &ObjectMapping,
    failure: &Failure,
    patch: Request,
    target: &TargetId,
    done: &mut OnDemand,
) -> Option<Poison> {
    let operations = match (patch.method, is_refusal(failure), patch.body) {
        (Method::Patch, true, Some(body)) => body.get("Operations")?.as_array()?.clone(),
        _ => return None,
    };
    let count = operations.len();
    let mut bisect = Bisect::new(operations);
    let (mut tried, mut accepted) = (0, 0);
    let verdict = loop {
        let body = match bisect.next() {
            Step::Try(body) => body,
            Step::Found(part) => break Verdict::Operation(culprit(mapping, part)),
            Step::NoneAlone(parts) => {
                break Verdict::Together(parts.into_iter().map(|part| culprit(mapping, part)).collect());
            }
        };
        if running.cancel.is_cancelled() {
            break Verdict::Unknown("interrupted".to_owned());
        }
        let outcome = running.cycle.client.patch(mapping.kind.endpoint(), target, body).await;
        tried += 1;
        done.exchanges.extend(outcome.exchanges);
        match outcome.result {
            Ok(_) => {
                accepted += 1;
                bisect.answer(Reply::Accepted);
            }
            Err(failure) if is_refusal(&failure) => bisect.answer(Reply::Refused),
            Err(failure) => break Verdict::Unknown(failure.to_string()),
        }
    };
    Some(Poison { verdict, operations: count, tried, accepted, left_active: Vec::new() })
}

/// Whether the endpoint says that it doesn't want the body. A token, an account that is gone, a rate, a gateway say
/// nothing about that.
fn is_refusal(failure: &Failure) -> bool {
    const OF_SOMETHING_ELSE: [u16; 8] = [401, 404, 408, 410, 429, 502, 503, 504];
    failure.status().is_some_and(|status| (400..600).contains(&status) && !OF_SOMETHING_ELSE.contains(&status))
}

fn culprit(mapping: &ObjectMapping, part: Part) -> Culprit {
    let path = part.operation.get("path").and_then(Value::as_str);
    let member = || part.operation.get("value")?.as_object()?.keys().next();
    let name = path.or_else(|| member().map(String::as_str));
    let makes = |attribute: &&AttributeMapping| {
        let target = &attribute.target;
        // Roles are sent as a whole, whatever the path of their mapping.
        name.is_some_and(|name| target.name == name || (name == "roles" && target.path.attribute == "roles"))
    };
    let made = mapping.attributes.iter().find(makes);
    Culprit {
        place: part.index + 1,
        operation: part.operation,
        attribute: made.map(|made| made.target.name.clone()),
        expression: made.map_or_else(String::new, |made| made.text.clone()),
    }
}

/// Users whose accounts stay active because disabling them fails.
pub(super) fn left_active(users: &ObjectStates) -> Vec<LeftActive> {
    let leaver = |(id, prior): (&SourceId, PriorView<'_>)| {
        let failure = prior.failure().filter(|failure| failure.action == ActionKind::Disable)?;
        Some(LeftActive {
            source_id: id.clone(),
            name: prior.name().to_owned(),
            target_id: TargetId::new(prior.target()?),
            error: ObjectError { code: failure.code.clone(), message: failure.message.clone() },
        })
    };
    let mut leavers: Vec<_> = users.iter().filter_map(leaver).collect();
    leavers.sort_by(|a, b| (&a.name, &a.source_id).cmp(&(&b.name, &b.source_id)));
    leavers
}

//! Provision on demand as JSON; steps have the names and types of the provisioning log.

use serde_json::{Map, Value, json};

use crate::base::TargetId;
use crate::engine::{Culprit, LeftActive, OnDemand, Poison, Verdict};
use crate::event::{Detail, ProvisioningStep};
use crate::plan::verify::Deviation;
use crate::plan::{AttributeChange, Reason};
use crate::report::FORMAT_VERSION;
use crate::scim::Exchange;

/// `{"formatVersion", "sourceId", "name", "objectType", "targetId", "steps", "action", "reasonCode", "reason",
/// "changes", "requests", "error", "bisect", "verification"}`, the last two only after a search and a reading back.
pub(super) fn document(done: &OnDemand) -> Value {
    let mut document = json!({
        "formatVersion": FORMAT_VERSION,
        "sourceId": done.object.id.to_string(),
        "name": done.object.name,
        "objectType": done.object.kind.as_str(),
        "targetId": done.target_id.as_ref().map(TargetId::as_str),
        "steps": done.steps.iter().map(step_json).collect::<Vec<_>>(),
        "action": done.action.as_str(),
        "reasonCode": done.reason.as_ref().map(Reason::code),
        "reason": done.reason.as_ref().map(ToString::to_string),
        "changes": done.changes.iter().map(AttributeChange::to_json).collect::<Vec<_>>(),
        "requests": done.exchanges.iter().map(exchange_json).collect::<Vec<_>>(),
        "error": done.error.as_ref().map(|error| json!({ "code": error.code, "message": error.message })),
    });
    if let Some(poison) = &done.poison {
        document["bisect"] = bisect(poison);
    }
    if let Some(deviations) = &done.deviations {
        document["verification"] = deviations.iter().map(Deviation::to_json).collect();
    }
    document
}

/// A step. `details` are texts, null for what the export doesn't contain; `evidence` says why, where there is something to
/// say.
pub(crate) fn step_json(step: &ProvisioningStep) -> Value {
    let value = |detail: &Detail| (detail.name.to_string(), json!(detail.value));
    let evidence = |detail: &Detail| Some((detail.name.to_string(), json!(detail.evidence.as_ref()?)));
    let details: Map<_, _> = step.details.iter().map(value).collect();
    let evidence: Map<_, _> = step.details.iter().filter_map(evidence).collect();
    let mut object = json!({
        "name": step.name.as_str(),
        "type": step.kind.as_str(),
        "status": step.status.as_str(),
        "description": step.description,
        "details": details,
    });
    if !evidence.is_empty() {
        object["evidence"] = Value::Object(evidence);
    }
    object
}

/// A request with what came back. The answer is JSON where it can be read as that, else its text.
pub(crate) fn exchange_json(exchange: &Exchange) -> Value {
    let Exchange { request, status, answer, duration } = exchange;
    let answer = match serde_json::from_str(answer) {
        Ok(answer) => answer,
        Err(_) if answer.is_empty() => Value::Null,
        Err(_) => json!(answer),
    };
    json!({
        "method": request.method.as_str(),
        "path": request.path,
        "body": request.body,
        "status": status,
        "answer": answer,
        "durationMs": u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
    })
}

/// `found` is `operation`, `together` or `unknown`.
fn bisect(poison: &Poison) -> Value {
    let (found, culprits, reason) = match &poison.verdict {
        Verdict::Operation(culprit) => ("operation", vec![operation(culprit)], None),
        Verdict::Together(culprits) => ("together", culprits.iter().map(operation).collect(), None),
        Verdict::Unknown(why) => ("unknown", Vec::new(), Some(why)),
    };
    json!({
        "found": found,
        "operations": culprits,
        "reason": reason,
        "operationsInPatch": poison.operations,
        "tried": poison.tried,
        "accepted": poison.accepted,
        "leftActive": poison.left_active.iter().map(left_active).collect::<Vec<_>>(),
    })
}

fn operation(culprit: &Culprit) -> Value {
    json!({
        "place": culprit.place,
        "operation": culprit.operation,
        "attribute": culprit.attribute,
        "expression": culprit.expression,
    })
}

fn left_active(leaver: &LeftActive) -> Value {
    let LeftActive { source_id, name, target_id, error } = leaver;
    json!({
        "sourceId": source_id.to_string(),
        "name": name,
        "targetId": target_id.as_str(),
        "error": { "code": error.code, "message": error.message },
    })
}

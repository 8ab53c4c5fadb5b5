//! An explanation as JSON; steps have the names and types of the provisioning log.

use serde_json::{Map, Value, json};

use crate::base::TargetId;
use crate::cli::provision::{exchange_json, step_json};
use crate::engine::{AttributeOutcome, ExplainedAttribute, Explanation};
use crate::event::LogEntry;
use crate::plan::{AttributeChange, Reason};
use crate::report::FORMAT_VERSION;
use crate::scim::Request;
use crate::scoping::{ClauseEvidence, ClauseVerdict};

/// `{"formatVersion", "sourceId", "name", "objectType", "targetId", "action", "reasonCode", "reason", "deciding",
/// "wayIn", "steps", "clauses", "attributes", "changes", "references", "asked", "requests", "error", "lastLogged"}`.
/// `requests` has an entry for each dialect that was asked for.
pub(super) fn document(explained: &Explanation, last: Option<&LogEntry>, both: bool) -> Value {
    let dialects = explained.requests.iter().take(if both { 2 } else { 1 });
    json!({
        "formatVersion": FORMAT_VERSION,
        "sourceId": explained.object.id.to_string(),
        "name": explained.object.name,
        "objectType": explained.object.kind.as_str(),
        "targetId": explained.target_id.as_ref().map(TargetId::as_str),
        "action": explained.action.as_str(),
        "reasonCode": explained.reason.as_ref().map(Reason::code),
        "reason": explained.reason.as_ref().map(ToString::to_string),
        "deciding": (!explained.deciding.is_empty()).then_some(&explained.deciding),
        "wayIn": explained.way_in,
        "steps": explained.steps.iter().map(step_json).collect::<Vec<_>>(),
        "clauses": explained.clauses.iter().map(clause).collect::<Vec<_>>(),
        "attributes": explained.attributes.iter().map(attribute).collect::<Vec<_>>(),
        "changes": explained.changes.iter().map(AttributeChange::to_json).collect::<Vec<_>>(),
        "references": {
            "requests": explained.reference_count,
            "reasons": explained.references.iter().map(ToString::to_string).collect::<Vec<_>>(),
        },
        "asked": explained.exchanges.iter().map(exchange_json).collect::<Vec<_>>(),
        "requests": dialects.map(|(dialect, requests)| json!({
            "dialect": dialect.as_str(),
            "requests": requests.iter().map(request).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "error": explained.error.as_ref().map(|error| json!({ "code": error.code, "message": error.message })),
        "lastLogged": last.map(|entry| json!({
            "at": entry.at.to_string(),
            "action": entry.action.as_str(),
            "reasonCode": entry.reason_code,
            "reason": entry.reason(),
            "changeId": entry.change.to_string(),
        })),
    })
}

/// `holds` is null where it can't be told.
fn clause(clause: &ClauseEvidence) -> Value {
    let holds = match clause.verdict {
        ClauseVerdict::True => Some(true),
        ClauseVerdict::False => Some(false),
        ClauseVerdict::Unknown | ClauseVerdict::Undecided => None,
    };
    json!({ "filter": clause.filter, "clause": clause.clause, "holds": holds, "actual": clause.actual })
}

fn attribute(attribute: &ExplainedAttribute) -> Value {
    let sources: Map<_, _> = attribute.sources.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let outcome = match attribute.outcome {
        AttributeOutcome::Sent => "sent",
        AttributeOutcome::Same => "same",
        AttributeOutcome::Unknown => "unknown",
        AttributeOutcome::Nothing => "nothing",
        AttributeOutcome::OnCreate => "onCreate",
        AttributeOutcome::Reference => "reference",
        AttributeOutcome::Kept => "kept",
    };
    json!({
        "target": attribute.target,
        "sources": sources,
        "expression": attribute.expression,
        "original": attribute.original,
        "modified": attribute.modified,
        "outcome": outcome,
    })
}

fn request(request: &Request) -> Value {
    json!({ "method": request.method.as_str(), "path": request.path, "body": request.body })
}

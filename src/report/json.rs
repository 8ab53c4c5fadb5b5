//! Plans, cycles and events as JSON for programs. The keys are a contract.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::base::{TargetId, Timestamp};
use crate::event::{CycleKind, CycleReport, Event, ObjectRecord, RequestCounts, Summary};
use crate::plan::{ActionKind, AttributeChange, PlannedObject};
use crate::scim::Method;

/// Version of every JSON document and stream.
pub const FORMAT_VERSION: &str = "1.0";

/// Counts by action: `create`, `update`, `disable`, `delete`, `unchanged`, `stagedDelete`,
/// `skipped`, `failed`; and `references`, `referencesFailed` for the requests that set managers and members.
pub fn summary_json(summary: &Summary) -> Value {
    let key = |action: ActionKind| match action {
        ActionKind::None => "unchanged",
        ActionKind::Skip => "skipped",
        ActionKind::Fail => "failed",
        other => other.as_str(),
    };
    let mut counts: Map<_, _> =
        ActionKind::ALL.into_iter().map(|action| (key(action).to_owned(), json!(summary.count(action)))).collect();
    counts.insert("references".to_owned(), json!(summary.references()));
    counts.insert("referencesFailed".to_owned(), json!(summary.reference_failures()));
    Value::Object(counts)
}

fn requests_json(requests: &RequestCounts) -> Value {
    let methods = [Method::Get, Method::Post, Method::Patch, Method::Delete];
    let counts: Map<_, _> =
        methods.into_iter().map(|method| (method.as_str().to_owned(), json!(requests.count(method)))).collect();
    Value::Object(counts)
}

/// How long the real service would take: `{"fastestSeconds", "slowestSeconds"}`, null where nothing is to be done.
pub fn estimate_json(summary: &Summary) -> Value {
    summary.estimate().map_or(Value::Null, |estimate| {
        json!({ "fastestSeconds": estimate.fastest.as_secs_f64(), "slowestSeconds": estimate.slowest.as_secs_f64() })
    })
}

/// `{"formatVersion", "summary", "estimate", "objects"}`.
pub fn planned_json(summary: &Summary, objects: &[PlannedObject]) -> Value {
    json!({
        "formatVersion": FORMAT_VERSION,
        "summary": summary_json(summary),
        "estimate": estimate_json(summary),
        "objects": objects.iter().map(PlannedObject::to_json).collect::<Vec<_>>(),
    })
}

/// One cycle: `id`, `kind`, `startedAt`, `durationMs`, `completed`, `summary`, `requests`, `estimate`;
/// `deviations` where what was written was verified, and `quarantine` where the cycle gave a reason for one.
pub fn report_json(report: &CycleReport) -> Value {
    let mut value = json!({
        "id": report.id.as_str(),
        "kind": report.kind.as_str(),
        "startedAt": report.started.to_string(),
        "durationMs": milliseconds(report.duration),
        "completed": report.completed,
        "summary": summary_json(&report.summary),
        "requests": requests_json(&report.requests),
        "estimate": estimate_json(&report.summary),
    });
    if let Some(deviations) = report.deviations {
        value["deviations"] = json!(deviations);
    }
    if let Some(error) = &report.quarantine {
        value["quarantine"] = json!({ "code": error.code, "message": error.message });
    }
    value
}

/// `{"formatVersion", "job": {"id", "state"}, "cycles"}`.
pub fn run_json(job: &str, state: &str, cycles: &[CycleReport]) -> Value {
    json!({
        "formatVersion": FORMAT_VERSION,
        "job": { "id": job, "state": state },
        "cycles": cycles.iter().map(report_json).collect::<Vec<_>>(),
    })
}

/// The cycle before another one: `{"kind", "endedAt", "durationMs"}`.
pub fn last_cycle_json(kind: CycleKind, ended: Timestamp, took: Duration) -> Value {
    json!({ "kind": kind.as_str(), "endedAt": ended.to_string(), "durationMs": milliseconds(took) })
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// One object in one cycle.
pub fn record_json(record: &ObjectRecord) -> Value {
    let changes: Vec<_> = record.changes.iter().map(AttributeChange::to_json).collect();
    json!({
        "changeId": record.change.to_string(),
        "sourceId": record.source_id.to_string(),
        "name": record.name,
        "objectType": record.kind.as_str(),
        "action": record.action.as_str(),
        "reasonCode": record.reason.code(),
        "reason": record.reason.to_string(),
        "targetId": record.target_id.as_ref().map(TargetId::as_str),
        "changes": changes,
        "error": record.error.as_ref().map(|error| json!({ "code": error.code, "message": error.message })),
        "durationMs": milliseconds(record.duration),
    })
}

/// An event as one object of the stream: `type` and the event's own members.
pub fn event_json(event: &Event) -> Value {
    match event {
        Event::CycleStarted { id, kind, at } => json!({
            "type": "cycleStarted", "formatVersion": FORMAT_VERSION, "at": at.to_string(),
            "cycleId": id.as_str(), "kind": kind.as_str(),
        }),
        Event::Evaluated { objects, due } => json!({ "type": "evaluated", "objects": objects, "due": due }),
        Event::Object(record) => {
            let mut value = json!({ "type": "object", "at": record.at.to_string() });
            if let (Value::Object(value), Value::Object(members)) = (&mut value, record_json(record)) {
                value.extend(members);
            }
            value
        }
        Event::Deviation { source_id, name, kind, deviation } => {
            let mut value = json!({
                "type": "deviation", "sourceId": source_id.to_string(), "name": name, "objectType": kind.as_str(),
            });
            if let (Value::Object(value), Value::Object(members)) = (&mut value, deviation.to_json()) {
                value.extend(members);
            }
            value
        }
        Event::Warning(text) => json!({ "type": "warning", "message": text }),
        Event::Notification { reason, message, to } => {
            json!({ "type": "notification", "reason": reason, "message": message, "to": to })
        }
        Event::CycleEnded(report) => {
            let mut value = json!({ "type": "cycleEnded" });
            if let (Value::Object(value), Value::Object(members)) = (&mut value, report_json(report)) {
                value.extend(members);
            }
            value
        }
    }
}

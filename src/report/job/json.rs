//! A job as one JSON document, written as its entries come.

use std::io::{self, BufWriter, Write};

use serde_json::{Map, Value, json};

use super::JobReport;
use super::document::{EntryOf, Narrowing, ReportedCycle, ReportedState, ScopeGroup, ScopeSource};
use super::overview::LoggedObject;
use super::quarantines::{Quarantine, QuarantineEnding};
use crate::base::{CycleId, TargetId, Timestamp};
use crate::event::LogEntry;
use crate::report::FORMAT_VERSION;
use crate::report::log::{LogFacts, graph};

/// Writes `{"formatVersion", "job", "cycles", "quarantines", "scope", "latencies", "slowest", "failures", "objects"}`.
/// An entry of an object is Graph's record with its requests beside.
pub fn job_json(report: &JobReport, facts: &LogFacts, entry: &mut EntryOf<'_>, to: &mut dyn Write) -> io::Result<()> {
    // Values are written in small pieces.
    let mut to = BufWriter::with_capacity(64 * 1024, to);
    let order = report.log.ordered();
    let head = [
        ("formatVersion", json!(FORMAT_VERSION)),
        ("job", job(report)),
        ("cycles", report.cycles.iter().map(cycle).collect()),
        ("quarantines", report.quarantines.iter().map(quarantine).collect()),
        ("scope", scope(report)),
        ("latencies", latencies(report)),
        ("slowest", slowest(report)),
        ("failures", failures(report)),
    ];
    to.write_all(b"{")?;
    for (key, value) in head {
        write!(to, "\"{key}\":{value},\n ")?;
    }
    to.write_all(b"\"objects\":[")?;
    let mut separator = "\n  ";
    for place in order {
        let object = &report.log.objects()[place];
        let entries: Vec<_> = object.entries.iter().filter_map(|number| entry(*number)).collect();
        let Some(latest) = entries.first() else { continue };
        write!(to, "{separator}{}", self::object(object, latest, &entries, facts))?;
        separator = ",\n  ";
    }
    to.write_all(b"\n ]}\n")?;
    to.flush()
}

fn time(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}

fn millis(took: std::time::Duration) -> f64 {
    f64::from(u32::try_from(took.as_micros()).unwrap_or(u32::MAX)) / 1000.0
}

fn job(report: &JobReport) -> Value {
    let quarantine = match &report.state {
        ReportedState::Quarantine { reason, message, since, attempts, next_attempt } => json!({
            "reason": reason,
            "message": message,
            "since": since.to_string(),
            "attempts": attempts,
            "nextAttempt": next_attempt.to_string(),
        }),
        _ => Value::Null,
    };
    let (cycle, since) = match &report.narrowed {
        Narrowing::Nothing => (None, None),
        Narrowing::Cycle(id) => (Some(id.as_str()), None),
        Narrowing::Since(since) => (None, Some(since.to_string())),
    };
    json!({
        "id": report.job_id,
        "name": report.job,
        "state": report.state.as_str(),
        "target": report.target,
        "tenant": report.tenant,
        "quarantine": quarantine,
        "disabledBecause": match &report.state {
            ReportedState::Disabled(why) => why.as_deref(),
            _ => None,
        },
        "linkedUsers": report.linked_users,
        "linkedGroups": report.linked_groups,
        "failing": report.failing,
        "failingSince": time(report.failing_since),
        "staged": report.held_back,
        "allowed": report.allowed,
        "watermark": time(report.watermark),
        "steadyStateFirst": time(report.steady.map(|(first, _)| first)),
        "steadyStateLast": time(report.steady.map(|(_, last)| last)),
        "nextCycle": time(report.next_cycle),
        "madeAt": report.made.to_string(),
        "cycle": cycle,
        "since": since,
        "entries": report.log.entries(),
        "entriesLeftOut": report.log.left_out(),
    })
}

fn cycle(cycle: &ReportedCycle) -> Value {
    let end = cycle.end.as_ref();
    let actions = end.map(|end| {
        let counts = end.actions.iter().map(|(action, count)| (action.as_str().to_owned(), json!(count)));
        counts.collect::<Map<_, _>>()
    });
    let requests =
        end.map(|end| end.requests.iter().map(|(method, count)| (method.clone(), json!(count))).collect::<Map<_, _>>());
    json!({
        "id": cycle.id.as_str(),
        "kind": cycle.kind.as_str(),
        "startedAt": cycle.started.to_string(),
        "durationMs": end.map(|end| u64::try_from(end.duration.as_millis()).unwrap_or(u64::MAX)),
        "completed": end.is_some_and(|end| end.completed),
        "underWay": cycle.under_way,
        "actions": actions,
        "requests": requests,
        "references": end.map(|end| end.references),
        "referenceFailures": end.map(|end| end.reference_failures),
        "quarantine": end.and_then(|end| end.quarantine.as_ref()).map(
            |error| json!({ "code": error.code, "message": error.message })
        ),
    })
}

fn quarantine(quarantine: &Quarantine) -> Value {
    let (ending, ended) = match quarantine.ending {
        QuarantineEnding::Still => ("still", None),
        QuarantineEnding::Over(at) => ("over", Some(at)),
        QuarantineEnding::Disabled => ("disabled", None),
        QuarantineEnding::Lifted => ("lifted", None),
    };
    let reason = |(at, code, message): &(Timestamp, String, String)| json!({ "at": at.to_string(), "code": code, "message": message });
    json!({
        "began": quarantine.began.to_string(),
        "ended": time(ended),
        "ending": ending,
        "cycles": quarantine.cycles,
        "reasons": quarantine.reasons.iter().map(reason).collect::<Vec<_>>(),
    })
}

fn scope(report: &JobReport) -> Value {
    let group = |group: &ScopeGroup| {
        let objects = group.objects.iter();
        let objects = objects.map(|(id, name)| json!({ "sourceId": id.to_string(), "name": name }));
        json!({
            "inScope": group.in_scope,
            "reasonCode": group.code,
            "rule": (!group.rule.is_empty()).then_some(&group.rule),
            "objectType": group.kind.as_str(),
            "count": group.objects.len(),
            "objects": objects.collect::<Vec<_>>(),
        })
    };
    let (source, why) = match &report.scope.source {
        ScopeSource::Export => ("export", None),
        ScopeSource::Log(why) => ("log", Some(why)),
    };
    json!({
        "source": source,
        "because": why,
        "groups": report.scope.groups.iter().map(group).collect::<Vec<_>>(),
    })
}

fn latencies(report: &JobReport) -> Value {
    let latency = |latency: super::overview::Latency| {
        json!({
            "method": latency.method.as_str(),
            "count": latency.count,
            "p50Ms": millis(latency.median),
            "p95Ms": millis(latency.p95),
            "maxMs": millis(latency.longest),
        })
    };
    report.log.latencies().into_iter().map(latency).collect()
}

fn slowest(report: &JobReport) -> Value {
    let slow = |request: &super::overview::SlowRequest| {
        let object = &report.log.objects()[request.object];
        json!({
            "method": request.method.as_str(),
            "path": request.path,
            "status": request.status,
            "durationMs": millis(request.took),
            "at": request.at.to_string(),
            "sourceId": object.source_id.to_string(),
            "name": object.name,
        })
    };
    report.log.slowest().into_iter().map(slow).collect()
}

fn failures(report: &JobReport) -> Value {
    let failure = |cause: &super::overview::Cause| {
        let object = |place: &usize| {
            let object = &report.log.objects()[*place];
            json!({
                "sourceId": object.source_id.to_string(),
                "name": object.name,
                "failing": report.log.is_failing(*place),
            })
        };
        json!({
            "errorCode": cause.code,
            "message": cause.gist,
            "recommendedAction": cause.advice,
            "count": cause.count,
            "lastAt": cause.last.to_string(),
            "objects": cause.objects.iter().map(object).collect::<Vec<_>>(),
        })
    };
    report.log.causes().into_iter().map(failure).collect()
}

fn object(object: &LoggedObject, latest: &LogEntry, entries: &[LogEntry], facts: &LogFacts) -> Value {
    let entry = |entry: &LogEntry| {
        let exchanges = entry.trace.iter().flat_map(|trace| &trace.exchanges);
        let exchanges = exchanges.map(|exchange| {
            let body = entry.body(exchange).map(|body| serde_json::from_str(&body).unwrap_or(Value::String(body)));
            json!({
                "method": exchange.method.as_str(),
                "path": exchange.path,
                "status": exchange.status,
                "durationMs": millis(exchange.duration),
                "body": body,
            })
        });
        let mut record = graph(entry, facts);
        record["requests"] = exchanges.collect();
        record
    };
    json!({
        "name": latest.name,
        "objectType": latest.kind.as_str(),
        "about": object.subject.as_str(),
        "sourceId": object.source_id.to_string(),
        "targetId": latest.target_id.as_ref().map(TargetId::as_str),
        "action": latest.action.as_str(),
        "status": latest.status().as_str(),
        "reasonCode": latest.reason_code,
        "reason": latest.reason(),
        "cycleId": latest.cycle.as_ref().map(CycleId::as_str),
        "entriesLeftOut": object.left_out,
        "entries": entries.iter().map(entry).collect::<Vec<_>>(),
    })
}

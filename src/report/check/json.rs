//! The report as JSON. The keys are a contract.
//!
//! ```text
//! formatVersion   "1.0"
//! tenantUrl, mapping, dialect ("scim" or "compliant"), prefix, startedAt, durationMs
//! verdict         "passed", "failed", "interrupted" or "unreachable"
//! passed, interrupted, unreachable, kept, hasBaseline   booleans
//! counts          {failed, known, warned, passed, skipped}; known failures aren't among the failed
//! requests, made  numbers
//! causes          [{cause, severity, known, checks: [id]}], most important first
//! results         in the order of the list: [{
//!   id, family, category, holds, reference, effect, remedy,
//!   status          "failed", "warned", "passed" or "skipped"
//!   known           whether all that is wrong stands in the baseline
//!   skipped         null, or {kind: "notApplicable" | "blocked" | "interrupted", by: id or null, reason}
//!   findings        [{severity: "error" | "warning", cause, about: [text], observed, expected, effect, remedy, exchange,
//!                   known}]; about has what the cause is about in particular, such as attributes; exchange is an index
//!                   into the result's, or null
//!   notes           [text]
//!   durationMs
//!   exchanges       [{method, origin, target, startedAt, durationMs, status, remarks: [text], request, response}];
//!                   status is null where no answer came; request and response are
//!                   {headers: [{name, value}], body, bodyLength}, body a text or null
//!   load            null, or {wantedRate, rate, statuses: [{status, count}], latencies}; status 0 is no answer
//! }]
//! dialects        [{dialect, passed, lost: [text]}]
//! latencies       [{of, requests, p50Ms, p95Ms, p99Ms, maxMs, histogram: [{upToMs, count}]}]; upToMs is null in the
//!                 last one, which holds all that took longer
//! leftovers       [{kind: "User" | "Group", id or null, name, why}]
//! healed          [id]
//! microsoft       {gallery, validator}: [{name, number, weight: "required" | "optional" | "preview", status, known,
//!                 checks: [id], reason}]; reason says why it is skipped
//! ```

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::causes::causes;
use super::microsoft::{GALLERY, Test, VALIDATOR, judged};
use super::words::{Outcome, Verdict, count_of, milliseconds};
use crate::check::{
    Check, CheckEvent, CheckReport, CheckResult, DialectOutcome, Finding, Latencies, Load, Severity, Skipped, Status,
};
use crate::report::FORMAT_VERSION;
use crate::scim::{Content, HttpExchange};

/// The report as one document.
pub fn check_json(report: &CheckReport) -> Value {
    let counts: Map<String, Value> = Outcome::ALL
        .into_iter()
        .map(|outcome| (outcome.as_str().to_owned(), json!(count_of(report, outcome))))
        .collect();
    let causes = causes(report).into_iter().map(|cause| {
        json!({
            "cause": cause.name, "severity": severity(cause.severity), "known": cause.known,
            "checks": cause.checks(),
        })
    });
    let leftovers = report.leftovers.iter().map(
        |leftover| json!({ "kind": leftover.kind, "id": leftover.id, "name": leftover.name, "why": leftover.why }),
    );
    json!({
        "formatVersion": FORMAT_VERSION,
        "tenantUrl": report.tenant_url,
        "mapping": report.mapping,
        "dialect": report.dialect.as_str(),
        "prefix": report.prefix,
        "startedAt": report.started.to_string(),
        "durationMs": milliseconds(report.duration),
        "verdict": Verdict::of(report).as_str(),
        "passed": report.passed(),
        "interrupted": report.interrupted,
        "unreachable": report.unreachable,
        "counts": counts,
        "requests": report.requests,
        "made": report.made,
        "kept": report.kept,
        "leftovers": leftovers.collect::<Vec<_>>(),
        "hasBaseline": report.has_baseline,
        "healed": report.healed,
        "causes": causes.collect::<Vec<_>>(),
        "results": report.results.iter().map(result_json).collect::<Vec<_>>(),
        "dialects": report.dialects.iter().map(dialect_json).collect::<Vec<_>>(),
        "latencies": report.latencies.iter().map(latencies_json).collect::<Vec<_>>(),
        "microsoft": {
            "gallery": microsoft_json(report, &GALLERY),
            "validator": microsoft_json(report, &VALIDATOR),
        },
    })
}

/// An event as one object of the stream: `type`, and `checks`, `id`, `status` with `durationMs`, or `objects`.
pub fn check_event_json(event: &CheckEvent<'_>) -> Value {
    match event {
        CheckEvent::Begun { checks } => {
            json!({ "type": "begun", "formatVersion": FORMAT_VERSION, "checks": checks })
        }
        CheckEvent::Started(check) => json!({ "type": "started", "id": check.id }),
        // What was found isn't masked yet.
        CheckEvent::Done(result) => json!({
            "type": "done", "id": result.check.id, "status": result.status.as_str(),
            "durationMs": milliseconds(result.duration),
        }),
        CheckEvent::CleaningUp { objects } => json!({ "type": "cleaningUp", "objects": objects }),
    }
}

/// What a check is, whatever came of it.
pub(super) fn described(check: &Check) -> Map<String, Value> {
    let Value::Object(members) = json!({
        "id": check.id, "family": check.family(), "category": check.category.as_str(), "holds": check.holds,
        "reference": check.reference, "effect": check.effect, "remedy": check.remedy,
    }) else {
        return Map::new();
    };
    members
}

fn result_json(result: &CheckResult) -> Value {
    let mut members = described(result.check);
    let rest = json!({
        "status": result.status.as_str(),
        "known": result.known,
        "skipped": result.skipped.as_ref().map(skipped_json),
        "findings": result.findings.iter().map(finding_json).collect::<Vec<_>>(),
        "notes": result.notes,
        "durationMs": milliseconds(result.duration),
        "exchanges": result.exchanges.iter().map(|exchange| exchange_json(exchange)).collect::<Vec<_>>(),
        "load": result.load.as_ref().map(load_json),
    });
    members.extend(rest.as_object().cloned().unwrap_or_default());
    Value::Object(members)
}

fn skipped_json(skipped: &Skipped) -> Value {
    let (kind, by) = match skipped {
        Skipped::NotApplicable(_) => ("notApplicable", None),
        Skipped::Blocked { by, .. } => ("blocked", Some(by)),
        Skipped::Interrupted => ("interrupted", None),
    };
    json!({ "kind": kind, "by": by, "reason": skipped.text() })
}

fn finding_json(finding: &Finding) -> Value {
    json!({
        "severity": severity(finding.severity), "cause": finding.cause, "about": finding.about, "observed": finding.observed,
        "expected": finding.expected, "effect": finding.effect, "remedy": finding.remedy,
        "exchange": finding.exchange, "known": finding.known,
    })
}

pub(super) const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn exchange_json(exchange: &HttpExchange) -> Value {
    let half = |headers: &[(String, String)], body: &Content| {
        let headers: Vec<_> = headers.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        let text = (!body.bytes.is_empty()).then(|| String::from_utf8_lossy(&body.bytes).into_owned());
        json!({ "headers": headers, "body": text, "bodyLength": body.length })
    };
    json!({
        "method": exchange.method, "origin": exchange.origin, "target": exchange.target,
        "startedAt": exchange.started.to_string(), "durationMs": milliseconds(exchange.duration),
        "status": exchange.status, "remarks": exchange.remarks,
        "request": half(&exchange.request_headers, &exchange.request_body),
        "response": half(&exchange.response_headers, &exchange.response_body),
    })
}

fn load_json(load: &Load) -> Value {
    let statuses = load.statuses.iter().map(|(status, count)| json!({ "status": status, "count": count }));
    json!({
        "wantedRate": load.wanted_rate, "rate": load.rate, "statuses": statuses.collect::<Vec<_>>(),
        "latencies": latencies_json(&load.latencies),
    })
}

fn dialect_json(outcome: &DialectOutcome) -> Value {
    json!({ "dialect": outcome.dialect.as_str(), "passed": outcome.passed, "lost": outcome.lost })
}

fn latencies_json(latencies: &Latencies) -> Value {
    let histogram = latencies.histogram.iter().map(|(bound, count)| {
        let bound = (*bound != Duration::MAX).then(|| milliseconds(*bound));
        json!({ "upToMs": bound, "count": count })
    });
    json!({
        "of": latencies.of, "requests": latencies.requests, "p50Ms": milliseconds(latencies.p50),
        "p95Ms": milliseconds(latencies.p95), "p99Ms": milliseconds(latencies.p99),
        "maxMs": milliseconds(latencies.max), "histogram": histogram.collect::<Vec<_>>(),
    })
}

fn microsoft_json(report: &CheckReport, tests: &'static [Test]) -> Vec<Value> {
    let judged = judged(report, tests).into_iter().map(|judged| {
        let status = match judged.outcome {
            Outcome::Known => Status::Failed.as_str(),
            outcome => outcome.as_str(),
        };
        json!({
            "name": judged.test.name, "number": judged.test.number, "weight": judged.test.weight.as_str(),
            "status": status, "known": judged.outcome == Outcome::Known, "checks": judged.test.checks,
            "reason": judged.why,
        })
    });
    judged.collect()
}

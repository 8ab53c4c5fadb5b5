//! Plans and cycles as text for people.

use std::fmt::Write as _;

use serde_json::Value;

use super::style::{dim, heading, sign};
use crate::base::grouped;
use crate::event::{CycleKind, CycleReport, ObjectRecord, Summary};
use crate::plan::{ActionKind, AttributeChange, PlannedObject, Reason, Reference};
use crate::scim::{Method, Request};

/// Widest attribute column; longer names push their values out.
const WIDEST: usize = 34;

/// One object of a plan: sign, name, action, reason, then each attribute before → after. With
/// `requests`, the exact requests follow.
pub fn planned_object(object: &PlannedObject, requests: bool) -> String {
    let action = match object.action {
        ActionKind::StagedDelete => "hold back",
        action => action.as_str(),
    };
    let mut text = format!("{} {}  {action}: {}\n", sign(object.action), heading(&object.name), object.reason);
    let width = object
        .changes
        .iter()
        .map(|change| change.attribute.chars().count())
        .chain(object.unknown.iter().map(|name| name.chars().count()))
        .max()
        .unwrap_or(0)
        .min(WIDEST);
    for change in &object.changes {
        let _infallible = writeln!(text, "    {:width$}  {}", change.attribute, before_after(change));
    }
    if object.action.writes() {
        for name in &object.unknown {
            let _infallible = writeln!(text, "    {name:width$}  {}", dim("? the export lacks a column that it needs"));
        }
    }
    if requests {
        for request in &object.requests {
            text.push_str(&request_text(request));
        }
    }
    text
}

/// `"Clerk" → "Engineer"`, or the new value alone where there was none.
pub fn before_after(change: &AttributeChange) -> String {
    let show = |value: &Option<Value>| value.as_ref().map_or_else(|| "(no value)".to_owned(), ToString::to_string);
    match &change.old {
        None => show(&change.new),
        Some(_) => format!("{} → {}", show(&change.old), show(&change.new)),
    }
}

fn request_text(request: &Request) -> String {
    let mut text = format!("    {} {}\n", request.method, request.path);
    if let Some(body) = &request.body {
        for line in format!("{body:#}").lines() {
            let _infallible = writeln!(text, "    {line}");
        }
    }
    text
}

/// The line below a plan: `Plan: 3 to create, 1 to update …`.
pub fn plan_summary(summary: &Summary) -> String {
    let mut text = format!(
        "{} {} to create, {} to update, {} to disable, {} to delete; {} unchanged, {}",
        heading("Plan:"),
        summary.count(ActionKind::Create),
        summary.count(ActionKind::Update),
        summary.count(ActionKind::Disable),
        summary.count(ActionKind::Delete),
        summary.count(ActionKind::None),
        skipped(summary),
    );
    let _infallible = write!(text, ", {} failed", summary.count(ActionKind::Fail));
    let held = summary.count(ActionKind::StagedDelete);
    if held > 0 {
        let _infallible = write!(text, ", {held} held back");
    }
    if summary.references() > 0 {
        let _infallible = write!(text, "; {} to set", count(summary.references(), "reference"));
    }
    text.push('.');
    text
}

/// How long the real service would take for what is planned: the last line of a plan. `None` where nothing
/// is.
pub fn plan_estimate(kind: CycleKind, summary: &Summary) -> Option<String> {
    let estimate = summary.estimate()?;
    Some(match kind {
        CycleKind::Initial => format!(
            "The real service would take {estimate} for this initial cycle; incremental cycles start about every 40 \
             minutes."
        ),
        CycleKind::Incremental => {
            format!("The real service would take {estimate} for this cycle; it starts one about every 40 minutes.")
        }
    })
}

/// What a cycle did to managers and members; nothing where there were none.
fn references(summary: &Summary) -> String {
    match (summary.references(), summary.reference_failures()) {
        (0, 0) => String::new(),
        (set, 0) => format!("; {} set", count(set, "reference")),
        (set, failed) => format!("; {} set, {failed} failed", count(set, "reference")),
    }
}

fn skipped(summary: &Summary) -> String {
    let reasons: Vec<_> = summary.skipped().map(|(code, count)| format!("{count} {code}")).collect();
    match reasons.as_slice() {
        [] => "0 skipped".to_owned(),
        reasons => format!("{} skipped ({})", summary.count(ActionKind::Skip), reasons.join(", ")),
    }
}

/// What was done, in the past.
pub const fn done(action: ActionKind) -> &'static str {
    match action {
        ActionKind::Create => "created",
        ActionKind::Update => "updated",
        ActionKind::Disable => "disabled",
        ActionKind::Delete => "deleted",
        ActionKind::StagedDelete => "held back",
        ActionKind::None => "unchanged",
        ActionKind::Skip => "skipped",
        ActionKind::Fail => "failed",
    }
}

/// One finished object: sign, name, what was done and why.
pub fn record_line(record: &ObjectRecord) -> String {
    let done = done(record.action);
    let why = record.error.as_ref().map_or_else(
        || record.reason.to_string(),
        |error| format!("{}{}: {}", failed_reference(&record.reason), error.code, error.message),
    );
    format!("{} {}  {done}: {why}", sign(record.action), heading(&record.name))
}

/// Which reference it was that failed, with a colon; nothing where it was the object itself.
fn failed_reference(reason: &Reason) -> String {
    let (reference, done) = match reason {
        Reason::ReferenceSet(manager @ Reference::Manager(_)) => (manager, "set"),
        Reason::ReferenceSet(members @ Reference::Members(..)) => (members, "added"),
        Reason::ReferenceRemoved(reference) => (reference, "removed"),
        _ => return String::new(),
    };
    match reference {
        Reference::Manager(name) => format!("manager {name} couldn't be {done}: "),
        Reference::Members(1, name) => format!("member {name} couldn't be {done}: "),
        Reference::Members(count, names) => format!("{count} members couldn't be {done} ({names}): "),
    }
}

/// The lines below a cycle: what was done, how many requests, how long it took.
pub fn run_summary(report: &CycleReport) -> String {
    let summary = &report.summary;
    let requests: Vec<_> = [Method::Get, Method::Post, Method::Patch, Method::Put, Method::Delete]
        .into_iter()
        .filter(|method| report.requests.count(*method) > 0)
        .map(|method| format!("{} {method}", report.requests.count(method)))
        .collect();
    let kind = match report.kind {
        CycleKind::Initial => "Initial cycle:",
        CycleKind::Incremental => "Incremental cycle:",
    };
    let estimate = summary
        .estimate()
        .map_or_else(String::new, |estimate| format!(" The real service would take {estimate} for this."));
    let ended = if report.completed { "" } else { " It did not run to its end; the next one goes on from here." };
    format!(
        "{} {} created, {} updated, {} disabled, {} deleted; {} unchanged, {}, {} failed{}{}.\n{}",
        heading(kind),
        summary.count(ActionKind::Create),
        summary.count(ActionKind::Update),
        summary.count(ActionKind::Disable),
        summary.count(ActionKind::Delete),
        summary.count(ActionKind::None),
        skipped(summary),
        summary.count(ActionKind::Fail),
        match summary.count(ActionKind::StagedDelete) {
            0 => String::new(),
            held => format!(", {held} held back"),
        },
        references(summary),
        dim(format_args!(
            "{} ({}) in {:.1} s.{estimate}{ended}",
            count(report.requests.total(), "request"),
            requests.join(", "),
            report.duration.as_secs_f64()
        )),
    )
}

/// The status of an answer, if there was one.
pub fn status_text(status: Option<u16>) -> String {
    status.map_or_else(|| "no answer".to_owned(), |status| status.to_string())
}

/// `1 request`, `2000 requests`.
pub fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// `1 object`, `2,000 objects`: what may be many.
pub fn counted(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{} {noun}s", grouped(number)) }
}

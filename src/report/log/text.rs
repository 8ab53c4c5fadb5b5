//! The log for people.

use std::fmt::Write as _;

use super::advice::advice;
use super::facts::action;
use super::graph::steps;
use crate::event::{Detail, LogEntry, ProvisioningStep, StepStatus};
use crate::report::prose::one_line;
use crate::report::style::{bad, dim, good, heading, sign};
use crate::report::text::{before_after, status_text};

/// Cells of one entry: instant, action, status, name, why.
pub fn log_line(entry: &LogEntry) -> [String; 5] {
    let status = match entry.status() {
        StepStatus::Success => good("success"),
        StepStatus::Failure => bad("failure"),
        StepStatus::Skipped => dim("skipped"),
    };
    let why = match &entry.error {
        Some(error) => format!("{}: {}", error.code, error.message),
        None => entry.reason(),
    };
    [format!("{:.0}", entry.at), action(entry), status, one_line(&entry.name), one_line(&why)]
}

/// Everything that is known of one entry, in lines.
pub fn log_details(entry: &LogEntry) -> String {
    let mut text = String::new();
    let mut line = |text_of_line: std::fmt::Arguments<'_>| {
        let _infallible = writeln!(text, "{text_of_line}");
    };
    line(format_args!(
        "{} {}  {}: {}",
        sign(entry.action),
        heading(one_line(&entry.name)),
        entry.action.as_str(),
        one_line(&entry.reason())
    ));
    line(format_args!("    {:.0}, {} ms in requests", entry.at, entry.duration.as_millis()));
    let cycle = entry.cycle.as_ref().map_or_else(|| "on demand".to_owned(), |cycle| format!("cycle {cycle}"));
    line(format_args!("    change {}, {cycle}", entry.change));
    let account =
        entry.target_id.as_ref().map_or_else(|| "no account".to_owned(), |id| one_line(&format!("account {id}")));
    line(format_args!("    {} {}, {account}", entry.kind, one_line(&entry.source_id.to_string())));
    if let Some(advice) = advice(entry) {
        let words = [advice.details.as_str(), advice.action.unwrap_or_default()];
        if entry.error.is_some() {
            line(format_args!("    {}", one_line(&advice.code)));
        }
        for words in words.into_iter().filter(|words| !words.is_empty()) {
            line(format_args!("    {}", one_line(words)));
        }
    }
    if entry.trace.is_none() {
        line(format_args!("    {}", dim("an earlier version logged this without its steps")));
    }
    for step in &steps(entry) {
        line(format_args!("  {} {}", heading(step.name.as_str()), one_line(&step.description)));
        for (name, value, evidence) in details(step) {
            line(format_args!("      {name:32}  {value}{evidence}"));
        }
    }
    if !entry.changes.is_empty() {
        line(format_args!("  {}", heading("Modified properties")));
        for change in &entry.changes {
            line(format_args!("      {:32}  {}", change.attribute, one_line(&before_after(change))));
        }
    }
    let exchanges = entry.trace.iter().flat_map(|trace| &trace.exchanges);
    for (number, exchange) in exchanges.enumerate() {
        if number == 0 {
            line(format_args!("  {}", heading("Requests")));
        }
        let status = status_text(exchange.status);
        line(format_args!(
            "      {} {} → {status} in {} ms",
            exchange.method,
            one_line(&exchange.path),
            exchange.duration.as_millis()
        ));
        if let Some(body) = entry.body(exchange) {
            line(format_args!("        {}", one_line(&body)));
        }
    }
    text
}

/// What a step says, without what says nothing.
pub(in crate::report) fn shown_details(step: &ProvisioningStep) -> impl Iterator<Item = &Detail> {
    let is_empty = |detail: &&Detail| detail.name == "ScopeEvaluationResult" && detail.value.as_deref() == Some("{}");
    step.details.iter().filter(move |detail| !is_empty(detail))
}

/// What the export doesn't contain is a question mark.
fn details(step: &ProvisioningStep) -> impl Iterator<Item = (&str, String, String)> {
    shown_details(step).map(|detail| {
        let value = match detail.value.as_deref() {
            None => "?".to_owned(),
            Some("") => dim("no value"),
            Some(value) => one_line(value),
        };
        let evidence = detail.evidence.as_ref().map_or_else(String::new, |why| dim(format!("  {}", one_line(why))));
        (&*detail.name, value, evidence)
    })
}

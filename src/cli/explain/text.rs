//! An explanation as text for people.

use serde_json::Value;

use crate::cli::error::Error;
use crate::cli::printer::Printer;
use crate::cli::steps::{WIDTH, body_text, details, indented, paragraph, request, title};
use crate::cli::table::{Align, seen_width, table, wrap};
use crate::engine::{AttributeOutcome, ExplainedAttribute, Explanation};
use crate::event::{LogEntry, ProvisioningStep, StepStatus, StepType};
use crate::plan::{ActionKind, Reason};
use crate::report::{bad, count, dim, good, heading, recommended_action, sign};
use crate::scim::{Dialect, Request};
use crate::scoping::{ClauseEvidence, ClauseVerdict};

/// Requests that are shown in full.
const SHOWN: usize = 5;

/// Every step, then what would go out, then one line that says what would come of it, and the way in.
pub(super) fn print(
    explained: &Explanation,
    last: Option<&LogEntry>,
    both: bool,
    printer: &Printer,
) -> Result<(), Error> {
    if !printer.is_quiet() {
        steps(explained, printer)?;
        requests(explained, both, printer)?;
        printer.line("")?;
    }
    printer.text(&conclusion(explained))?;
    if let Some(last) = last.filter(|_| !printer.is_quiet()) {
        let what = format!(
            "Last in the log at {:.0}: {}: {} (change {})",
            last.at,
            last.action.as_str(),
            last.reason(),
            last.change
        );
        printer.text(&wrapped(&what, "  "))?;
    }
    Ok(())
}

fn steps(explained: &Explanation, printer: &Printer) -> Result<(), Error> {
    let mut shown = None;
    for each in &explained.steps {
        let title = title(each.kind, each.name);
        if shown != Some(title) {
            let gap = if shown.is_some() { "\n" } else { "" };
            printer.line(format_args!("{gap}{}", heading(title)))?;
        }
        shown = Some(title);
        printer.text(&step(each, explained))?;
    }
    if !explained.attributes.is_empty() {
        if shown != Some("4. Action") {
            printer.line(format_args!("\n{}", heading("4. Action")))?;
        }
        printer.text(&attributes(&explained.attributes))?;
    }
    if !explained.references.is_empty() {
        printer.line(format_args!("\n{}", heading("5. References, once the cycle gets to them")))?;
        for reference in &explained.references {
            printer.text(&paragraph(&reference.to_string()))?;
        }
        let more = explained.reference_count.saturating_sub(explained.references.len());
        if more > 0 {
            printer.text(&paragraph(&format!("and {} more", count(more as u64, "request"))))?;
        }
    }
    Ok(())
}

fn step(step: &ProvisioningStep, explained: &Explanation) -> String {
    let mut text = match (step.kind, step.status) {
        (StepType::Scoping, StepStatus::Success) => paragraph("In scope"),
        (StepType::Scoping, _) => paragraph(&format!("Not in scope: {}", explained.deciding)),
        _ => paragraph(&step.description),
    };
    if matches!(step.kind, StepType::Import | StepType::Scoping | StepType::Matching) {
        text.push_str(&indented(&details(&step.details)));
    }
    if step.kind == StepType::Scoping && !explained.clauses.is_empty() {
        text.push_str(&indented(&clauses(&explained.clauses)));
    }
    text
}

/// Each clause, what it says, and the value that it looked at.
fn clauses(clauses: &[ClauseEvidence]) -> String {
    let row = |each: &ClauseEvidence| {
        let verdict = match each.verdict {
            ClauseVerdict::True => good("True"),
            ClauseVerdict::False => bad("False"),
            ClauseVerdict::Unknown => "?".to_owned(),
            ClauseVerdict::Undecided => "? (its pattern takes too long)".to_owned(),
        };
        let actual = match each.actual.as_deref() {
            None => "not in the export".to_owned(),
            Some("") => "it has no value".to_owned(),
            Some(value) => format!("it is '{value}'"),
        };
        [format!("{}: {}", each.filter, each.clause), verdict, dim(actual)]
    };
    table(&[Align::Left; 3], &clauses.iter().map(row).collect::<Vec<_>>())
}

/// Target attribute, old and new value; below them where the value comes from.
fn attributes(attributes: &[ExplainedAttribute]) -> String {
    let widest = attributes.iter().map(|attribute| seen_width(&attribute.target)).max().unwrap_or(0).min(34);
    let mut text = String::new();
    for attribute in attributes {
        let name = format!("{:widest$}", attribute.target);
        text.extend(["     ", sign_of(attribute.outcome), " ", &name, "  ", &value(attribute)]);
        match source(attribute) {
            Some(from) if is_direct(attribute) => text.extend(["  ", &dim(from), "\n"]),
            Some(from) => text.extend(["\n", &wrapped(&dim(from), &" ".repeat(9 + widest))]),
            None => text.push('\n'),
        }
    }
    text
}

const fn sign_of(outcome: AttributeOutcome) -> &'static str {
    match outcome {
        AttributeOutcome::Sent => "~",
        AttributeOutcome::Same => "=",
        AttributeOutcome::Unknown => "?",
        AttributeOutcome::Nothing | AttributeOutcome::OnCreate | AttributeOutcome::Kept => ".",
        AttributeOutcome::Reference => ">",
    }
}

fn value(attribute: &ExplainedAttribute) -> String {
    let show = |value: &Option<Value>| value.as_ref().map_or_else(|| "no value".to_owned(), Value::to_string);
    let ExplainedAttribute { original, modified, .. } = attribute;
    match attribute.outcome {
        AttributeOutcome::Sent if original.is_none() => show(modified),
        AttributeOutcome::Sent => format!("{} → {}", show(original), show(modified)),
        AttributeOutcome::Same => format!("{}, as it is", show(original)),
        AttributeOutcome::Unknown => "the export lacks a column that it needs".to_owned(),
        AttributeOutcome::Nothing if original.is_none() => "no value: nothing is sent".to_owned(),
        AttributeOutcome::Nothing => format!("{}: no value in the source, so it stays", show(original)),
        AttributeOutcome::OnCreate => format!("{}: sent with a creation only", show(original)),
        AttributeOutcome::Reference => "another object, below".to_owned(),
        AttributeOutcome::Kept => format!("{}: its flow type keeps it", show(original)),
    }
}

/// Whether the value is one of the source's as it is.
fn is_direct(attribute: &ExplainedAttribute) -> bool {
    matches!(attribute.sources.as_slice(), [(name, _)] if attribute.expression == format!("[{name}]"))
}

/// The expression; with the values that it read where the result doesn't show them.
fn source(attribute: &ExplainedAttribute) -> Option<String> {
    let values = attribute.sources.iter().map(|(name, value)| match value {
        None => format!("{name} isn't in the export"),
        Some(value) if value.is_empty() => format!("{name} is empty"),
        Some(value) => format!("{name} is '{value}'"),
    });
    let values = values.collect::<Vec<_>>().join(", ");
    let expression = attribute.expression.as_str();
    match (expression, values.as_str()) {
        ("", "") => None,
        ("", values) => Some(values.to_owned()),
        (expression, values) if values.is_empty() || is_direct(attribute) => Some(expression.to_owned()),
        (expression, values) => Some(format!("{expression}, {values}")),
    }
}

fn requests(explained: &Explanation, both: bool, printer: &Printer) -> Result<(), Error> {
    if !explained.exchanges.is_empty() {
        printer.line(format_args!("\n{}", heading("Asked")))?;
        for exchange in &explained.exchanges {
            printer.text(&request(exchange))?;
        }
    }
    let [own, other] = &explained.requests;
    if own.1.is_empty() {
        return Ok(());
    }
    for (dialect, requests) in std::iter::once(own).chain(Some(other).filter(|_| both)) {
        let title = if both { format!("Would be sent, {}", named(*dialect)) } else { "Would be sent".to_owned() };
        printer.line(format_args!("\n{}", heading(title)))?;
        for request in requests.iter().take(SHOWN) {
            printer.text(&would_be_sent(request))?;
        }
        if requests.len() > SHOWN {
            printer.text(&paragraph("and more like the last"))?;
        }
    }
    Ok(())
}

fn named(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Scim => "as the service writes by default",
        Dialect::Compliant => "with the flag aadOptscim062020",
    }
}

fn would_be_sent(request: &Request) -> String {
    let line = format!("  {} {}\n", request.method, request.path);
    request.body.as_ref().map_or_else(|| line.clone(), |body| line.clone() + &body_text(body, "    "))
}

/// What would come of it, and for somebody who is skipped the way in.
fn conclusion(explained: &Explanation) -> String {
    let why = match (&explained.error, &explained.reason) {
        (Some(error), _) => format!("{}: {}", error.code, error.message),
        (None, Some(reason)) => reason.to_string(),
        (None, None) if explained.deciding.is_empty() => "nothing is remembered of it, so nothing is done".to_owned(),
        (None, None) => explained.deciding.clone(),
    };
    let name = heading(&explained.object.name);
    let mut text = wrapped(&format!("{} {name}  {}: {why}", sign(explained.action), word(explained.action)), "  ");
    text = text.trim_start().to_owned();
    if let Some(id) = &explained.target_id {
        text.extend(["  account ", id.as_str(), "\n"]);
    }
    match explained.way_in.as_slice() {
        [] => {
            let code = explained.error.as_ref().map(|error| error.code.as_str());
            let code = code.or_else(|| explained.reason.as_ref().map(Reason::code)).unwrap_or_default();
            if let Some(action) = recommended_action(code).filter(|_| !explained.action.writes()) {
                text.push_str(&wrapped(&format!("What to do: {action}"), "  "));
            }
        }
        [only] => text.push_str(&wrapped(&format!("To bring it into scope: {}", sentence_end(only)), "  ")),
        several => {
            text.push_str("  To bring it into scope, all of this:\n");
            for step in several {
                text.push_str(&wrapped(&format!("- {}", sentence_end(step)), "    "));
            }
        }
    }
    text
}

fn sentence_end(text: &str) -> String {
    format!("{text}.")
}

const fn word(action: ActionKind) -> &'static str {
    match action {
        ActionKind::Create => "would be created",
        ActionKind::Update => "would be updated",
        ActionKind::Disable => "would be disabled",
        ActionKind::Delete => "would be deleted",
        ActionKind::StagedDelete => "would be held back",
        ActionKind::None => "nothing to do",
        ActionKind::Skip => "would be skipped",
        ActionKind::Fail => "would fail",
    }
}

fn wrapped(text: &str, indent: &str) -> String {
    let lines = wrap(text, WIDTH - indent.len().min(WIDTH / 2));
    lines.iter().flat_map(|line| [indent, line.as_str(), "\n"]).collect()
}

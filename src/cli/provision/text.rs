//! Provision on demand as text for people.

use crate::cli::error::Error;
use crate::cli::printer::Printer;
use crate::cli::steps::{WIDTH, body_text, details, indented, paragraph, request, sentence, title};
use crate::cli::table::{Align, seen_width, table, wrap};
use crate::engine::{Culprit, OnDemand, Poison, Verdict};
use crate::event::{ProvisioningStep, StepStatus, StepType};
use crate::report::{before_after, dim, done as done_word, heading, sign};
use crate::schema::CompiledSchema;

/// Every step, the requests, what a search found, and one line that says what came of it.
pub(super) fn print(done: &OnDemand, rules: &CompiledSchema, printer: &Printer) -> Result<(), Error> {
    if !printer.is_quiet() {
        let mut last = None;
        for each in &done.steps {
            let title = title(each.kind, each.name);
            if last != Some(title) {
                let gap = if last.is_some() { "\n" } else { "" };
                printer.line(format_args!("{gap}{}", heading(title)))?;
            }
            last = Some(title);
            printer.text(&step(each, done))?;
        }
        printer.line(format_args!("\n{}", heading("Requests")))?;
        for exchange in &done.exchanges {
            printer.text(&request(exchange))?;
        }
        if let Some(deviations) = &done.deviations {
            printer.line(format_args!("\n{}", heading("Verification")))?;
            if deviations.is_empty() {
                printer.text(&paragraph("The target has what was sent."))?;
            }
            for deviation in deviations {
                printer.text(&paragraph(&sentence(&deviation.to_string())))?;
            }
        }
        if let Some(poison) = &done.poison {
            printer.line("")?;
            printer.text(&search(poison, rules))?;
        }
        printer.line("")?;
    }
    Ok(printer.line(conclusion(done))?)
}

fn step(step: &ProvisioningStep, done: &OnDemand) -> String {
    let mut text = match (step.kind, step.status) {
        (StepType::Scoping, StepStatus::Success) => paragraph("In scope"),
        (StepType::Scoping, _) => paragraph("Not in scope"),
        _ => paragraph(&step.description),
    };
    match step.kind {
        StepType::Export => {
            let rows: Vec<_> =
                done.changes.iter().map(|change| [change.attribute.to_string(), before_after(change)]).collect();
            text.push_str(&indented(&table(&[Align::Left; 2], &rows)));
        }
        StepType::Import | StepType::Scoping | StepType::Matching => {
            text.push_str(&indented(&details(&step.details)));
        }
        StepType::TestConnection | StepType::Processing | StepType::ReferenceResolution => {}
    }
    text
}

fn search(poison: &Poison, rules: &CompiledSchema) -> String {
    let mut text = format!("{}\n", heading("The operation that poisons the PATCH"));
    match &poison.verdict {
        Verdict::Operation(found) => {
            let of = poison.operations;
            text += &paragraph(&format!("Operation {} of {of} is refused, also alone:", found.place));
            text += &culprit(found);
            let attribute = found.attribute.as_deref().unwrap_or("that attribute");
            text += &paragraph(&format!(
                "What to do: make the endpoint take this operation. Until it does, take the mapping of {attribute} \
                 out, or let it flow only when an account is created (flow type ObjectAddOnly): every PATCH that it is \
                 part of fails as a whole."
            ));
        }
        Verdict::Together(found) if poison.tried == poison.accepted => {
            let what = "Every part of the PATCH was accepted, only all of it together wasn't:";
            text += &paragraph(what);
            text.extend(found.iter().map(culprit));
            text += &paragraph("What to do: ask the endpoint's owner why these can't stand in one request.");
        }
        Verdict::Together(found) => {
            text += &paragraph("None is refused alone, but these together are:");
            text.extend(found.iter().map(culprit));
            text += &paragraph("What to do: ask the endpoint's owner why these can't stand in one request.");
        }
        Verdict::Unknown(why) => {
            text += &paragraph(&format!("It can't be told, since the search ended early: {why}"));
        }
    }
    text += &paragraph(&format!(
        "Parts of the PATCH that were sent: {}. Accepted, and in effect on the account: {}.",
        poison.tried, poison.accepted
    ));
    if !poison.left_active.is_empty() {
        let users =
            if rules.users.active.is_some() { "Users who left, but are still active" } else { "Users who left" };
        text.extend(["\n", &heading(users), "\n"]);
        for leaver in &poison.left_active {
            text += &paragraph(&format!("{}  account {}", leaver.name, leaver.target_id));
            let error = wrap(&format!("{}: {}", leaver.error.code, leaver.error.message), WIDTH - 5);
            text += &indented(&dim(error.join("\n")));
        }
    }
    text
}

fn culprit(culprit: &Culprit) -> String {
    let mut text = body_text(&culprit.operation, "     ");
    if let Some(attribute) = &culprit.attribute {
        let made = if culprit.expression.is_empty() { "a constant or default" } else { &culprit.expression };
        text += &paragraph(&format!("It is made by the mapping of {attribute}: {made}"));
    }
    text
}

/// What came of it, and the account: `+ ann@contoso.com  created: no account matches`.
fn conclusion(done: &OnDemand) -> String {
    let why = match (&done.error, &done.reason) {
        (Some(error), _) => format!("{}: {}", error.code, error.message),
        (None, Some(reason)) => reason.to_string(),
        (None, None) => String::new(),
    };
    let begin = format!("{} {}  {}:", sign(done.action), heading(&done.object.name), done_word(done.action));
    let account = done.target_id.as_ref().map(|id| format!("account {id}"));
    let mut lines = vec![begin];
    match wrap(&why, WIDTH - 2).as_slice() {
        [short] if seen_width(&lines[0]) + 1 + seen_width(short) <= WIDTH => lines[0].extend([" ", short]),
        long => lines.extend(long.iter().cloned()),
    }
    lines.extend(account);
    lines.join("\n  ")
}

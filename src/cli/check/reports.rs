//! What is written of checks: reports, and what goes to stdout.

use serde_json::{Value, json};

use super::Args;
use crate::base::Diagnostic;
use crate::check::CheckReport;
use crate::cli::args::Output;
use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::cli::reports::{Form, Reports};
use crate::report::{CheckText, check_html, check_json, check_junit, check_markdown, check_tap, check_text, count};

/// The forms that there are.
pub(super) const FORMS: [Form; 6] = [Form::Json, Form::Junit, Form::Tap, Form::Markdown, Form::Html, Form::Text];

/// Writes the reports, and what goes to stdout; says what is still at the endpoint.
pub(super) fn write(reports: Reports, report: &CheckReport, args: &Args, context: &Context) -> Result<(), Error> {
    let printer = &context.printer;
    let shows = CheckText { gallery: args.gallery, validator: args.validator, verbose: printer.is_verbose() };
    let to_stdout = reports.stdout();
    let written = reports.write(&|form| text(form, report, shows))?;
    match (to_stdout, printer.output()) {
        (Some(form), _) => {
            printer.text(&text(form, report, shows))?;
            printer.talk(check_text(report, shows));
        }
        (None, Output::Human) => printer.sentences(&check_text(report, shows))?,
        (None, Output::Json) => printer.json(&check_json(report))?,
        (None, Output::Jsonl) => printer.json_line(&as_line(check_json(report)))?,
    }
    if to_stdout.is_none() {
        tell_leftovers(report, context);
    }
    written.tell(context);
    Ok(())
}

/// A report as its file holds it.
fn text(form: Form, report: &CheckReport, shows: CheckText) -> String {
    match form {
        Form::Json => format!("{:#}\n", check_json(report)),
        Form::Junit => check_junit(report),
        Form::Tap => check_tap(report),
        Form::Markdown => check_markdown(report),
        Form::Html => check_html(report),
        Form::Text | Form::Csv => format!("{}\n", anstream::adapter::strip_str(&check_text(report, shows))),
    }
}

/// The document as the last line of the stream.
fn as_line(document: Value) -> Value {
    let mut line = json!({ "type": "report" });
    if let (Value::Object(line), Value::Object(members)) = (&mut line, document) {
        line.extend(members);
    }
    line
}

/// So many objects are named.
const NAMED: usize = 10;

/// What couldn't be removed is a warning too: stdout may go to a file that nobody reads.
fn tell_leftovers(report: &CheckReport, context: &Context) {
    if report.leftovers.is_empty() || report.kept {
        return;
    }
    let names: Vec<_> = report
        .leftovers
        .iter()
        .take(NAMED)
        .map(|left| match &left.id {
            Some(id) => format!("{} {} (id {id})", left.kind, left.name),
            None => format!("{} {}", left.kind, left.name),
        })
        .collect();
    let more = match report.leftovers.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let objects = count(report.leftovers.len() as u64, "object");
    let text = format!("{objects} couldn't be removed from the endpoint: {}{more}", names.join(", "));
    let warning = Diagnostic::warning(text).with_hint("remove them by hand; the report says why it failed");
    context.printer.diagnostic(&warning);
}

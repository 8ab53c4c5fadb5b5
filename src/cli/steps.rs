//! Steps, requests and paragraphs as text for people: what `provision` and `explain` have in common.

use serde_json::Value;

use super::table::{Align, fold, seen_width, table, wrap};
use crate::event::{Detail, StepName, StepType};
use crate::report::{dim, status_text};
use crate::scim::{Exchange, Method};

/// Columns of a terminal.
pub(super) const WIDTH: usize = 80;
/// Blanks before what belongs to a heading.
const INDENT: &str = "   ";

/// The portal's names of the steps.
pub(super) fn title(kind: StepType, name: StepName) -> &'static str {
    match kind {
        StepType::TestConnection => "0. Test connection",
        StepType::Import => "1. Import",
        StepType::Scoping => "2. Scope",
        StepType::Matching => "3. Match",
        // Who is out of scope isn't matched: the scope has the last word.
        StepType::Processing | StepType::Export => "4. Action",
        StepType::ReferenceResolution if name == StepName::EntrySynchronizationSkip => "References left out",
        StepType::ReferenceResolution => "References",
    }
}

pub(super) fn details(details: &[Detail]) -> String {
    let shown = details.iter().filter(|detail| detail.name != "ScopeEvaluationResult");
    let row = |Detail { name, value, evidence }: &Detail| {
        let value = match value.as_deref() {
            None => "?".to_owned(),
            Some("") => dim("no value"),
            Some(value) => value.to_owned(),
        };
        let mut row = vec![name.to_string(), value];
        row.extend(evidence.as_ref().map(dim));
        row
    };
    table(&[Align::Left; 3], &shown.map(row).collect::<Vec<_>>())
}

/// Method, path and status, then the body.
pub(super) fn request(exchange: &Exchange) -> String {
    let Exchange { request, status, .. } = exchange;
    let status = status_text(*status);
    let line = format!("  {} {} → {status}\n", request.method, request.path);
    let Some(body) = request.body.as_ref().filter(|_| request.method != Method::Get) else { return line };
    line + &body_text(body, "    ")
}

/// JSON on one line where it fits, else on several.
pub(super) fn body_text(body: &Value, indent: &str) -> String {
    let short = format!("{indent}{body}\n");
    if seen_width(&short) <= WIDTH {
        return short;
    }
    each_line(indent, format!("{body:#}").lines())
}

pub(super) fn paragraph(text: &str) -> String {
    each_line(INDENT, wrap(text, WIDTH - INDENT.len()).iter().map(String::as_str))
}

/// Lines below a paragraph; those that are too long go on further in.
pub(super) fn indented(text: &str) -> String {
    text.lines().map(|line| fold(&format!("     {line}"), WIDTH, 9) + "\n").collect()
}

/// With a capital at the beginning and a full stop at the end.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).chain(['.']).collect()
}

pub(super) fn each_line<'l>(indent: &str, lines: impl Iterator<Item = &'l str>) -> String {
    lines.flat_map(|line| [indent, line, "\n"]).collect()
}

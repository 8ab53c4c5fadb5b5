//! What is wrong by one check, in plain lines for the test reports of other programs.

use super::causes::shown_by;
use super::words::{load, one_line, sentence};
use crate::check::{CheckResult, Finding};
use crate::report::exchange;

/// The first finding in one sentence.
pub(super) fn headline(result: &CheckResult) -> String {
    result.findings.first().map_or_else(String::new, |finding| sentence(&one_line(&finding.observed)))
}

/// Every finding in full, notes and measurements; empty where there is nothing to say.
pub(super) fn details(result: &CheckResult) -> String {
    let mut blocks: Vec<String> = result.findings.iter().map(|finding| finding_lines(result, finding)).collect();
    let mut rest: Vec<String> = result.notes.iter().map(|note| format!("Note: {}", one_line(note))).collect();
    rest.extend(result.load.as_ref().map(|measured| format!("Measured: {}", load(measured))));
    if !rest.is_empty() {
        blocks.push(rest.join("\n"));
    }
    blocks.join("\n\n")
}

fn finding_lines(result: &CheckResult, finding: &Finding) -> String {
    let known = if finding.known { " (known)" } else { "" };
    let mut lines = vec![format!("{}{known}", sentence(&one_line(&finding.observed)))];
    for (label, text) in [
        ("Expected", &finding.expected),
        ("With Microsoft's service", &finding.effect),
        ("What to change", &finding.remedy),
    ] {
        if !text.is_empty() {
            lines.push(format!("{label}: {}", one_line(text)));
        }
    }
    lines.push(format!("Reference: {}", result.check.reference));
    if let Some(exchange) = shown_by(result, finding) {
        lines.push("Request and answer:".to_owned());
        lines.extend(exchange::lines(exchange).iter().map(|line| format!("  {line}")));
    }
    lines.join("\n")
}

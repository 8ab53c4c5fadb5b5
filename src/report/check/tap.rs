//! TAP version 14, with YAML beneath what isn't simply passed. Known failures of the baseline are `TODO`.

use std::fmt::Write as _;

use serde_json::Value;

use super::causes::shown_by;
use super::words::{Outcome, Verdict, milliseconds, one_line, printable};
use crate::check::{CheckReport, CheckResult, Severity, Skipped, Status};
use crate::report::exchange;

/// The report as a stream of test lines.
pub fn check_tap(report: &CheckReport) -> String {
    let mut tap = format!("TAP version 14\n1..{}\n", report.results.len());
    for (name, value) in
        [("tenant URL", report.tenant_url.as_str()), ("mapping", &report.mapping), ("dialect", report.dialect.as_str())]
    {
        let _infallible = writeln!(tap, "# {name}: {}", one_line(value));
    }
    for (index, result) in report.results.iter().enumerate() {
        line(&mut tap, index + 1, result);
    }
    if report.interrupted {
        tap.push_str("Bail out! interrupted\n");
    }
    let _infallible = writeln!(tap, "# {}", Verdict::of(report).as_str());
    tap
}

fn line(tap: &mut String, number: usize, result: &CheckResult) {
    let ok = if result.status == Status::Failed { "not ok" } else { "ok" };
    let directive = match Outcome::of(result) {
        Outcome::Known => " # TODO known failure of the baseline".to_owned(),
        Outcome::Skipped => {
            let why = result.skipped.as_ref().map(Skipped::text).unwrap_or_default();
            format!(" # SKIP {}", escaped(&why))
        }
        Outcome::Failed | Outcome::Warned | Outcome::Passed => String::new(),
    };
    let description = escaped(&format!("{}: {}", result.check.id, result.check.holds));
    let _infallible = writeln!(tap, "{ok} {number} - {description}{directive}");
    if result.status != Status::Skipped {
        yaml(tap, result);
    }
}

fn yaml(tap: &mut String, result: &CheckResult) {
    let _infallible = writeln!(tap, "  ---\n  duration_ms: {}", milliseconds(result.duration));
    if !result.findings.is_empty() {
        tap.push_str("  findings:\n");
    }
    for finding in &result.findings {
        let severity = match finding.severity {
            Severity::Error => "fail",
            Severity::Warning => "comment",
        };
        let _infallible = writeln!(tap, "    - severity: {severity}");
        for (name, text) in [
            ("cause", &finding.cause),
            ("message", &finding.observed),
            ("expected", &finding.expected),
            ("effect", &finding.effect),
            ("remedy", &finding.remedy),
        ] {
            let _infallible = writeln!(tap, "      {name}: {}", quoted(&one_line(text)));
        }
        if finding.known {
            tap.push_str("      known: true\n");
        }
        let Some(exchange) = shown_by(result, finding) else { continue };
        tap.push_str("      exchange:\n");
        for line in exchange::lines(exchange) {
            let _infallible = writeln!(tap, "        - {}", quoted(&line));
        }
    }
    if !result.findings.is_empty() {
        let _infallible = writeln!(tap, "  reference: {}", quoted(result.check.reference));
    }
    if !result.notes.is_empty() {
        tap.push_str("  notes:\n");
    }
    for note in &result.notes {
        let _infallible = writeln!(tap, "    - {}", quoted(&one_line(note)));
    }
    tap.push_str("  ...\n");
}

/// A text in a test line: `#` would begin a directive.
fn escaped(text: &str) -> String {
    one_line(text).replace('\\', "\\\\").replace('#', "\\#")
}

/// A text in YAML: a string of JSON is one.
fn quoted(text: &str) -> String {
    Value::String(printable(text)).to_string()
}

//! `JUnit` XML, as GitHub, GitLab, Azure Pipelines and Jenkins read it: a suite for each family, a case for each check.
//!
//! A check that failed has one `failure`, whatever it found: some readers show the first alone. Warnings pass, with what
//! is wrong in `system-out`. Known failures of the baseline are skipped.

use std::fmt::Write as _;
use std::time::Duration;

use super::plain::{details, headline};
use super::words::{Outcome, families, of_family, one_line, printable};
use crate::base::SignedDuration;
use crate::check::{CheckReport, CheckResult, Severity, Skipped};
use crate::report::markup::push_escaped;

/// The report as an XML document.
pub fn check_junit(report: &CheckReport) -> String {
    let all: Vec<&CheckResult> = report.results.iter().collect();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let (numbers, time) = (numbers(&all), seconds(report.duration));
    let _infallible = writeln!(xml, "<testsuites name=\"scimulate check\" {numbers} time=\"{time}\">");
    for family in families(report) {
        let results: Vec<_> = of_family(report, family).collect();
        suite(&mut xml, report, family, &results);
    }
    xml.push_str("</testsuites>\n");
    xml
}

fn suite(xml: &mut String, report: &CheckReport, family: &str, results: &[&CheckResult]) {
    let whole = results.iter().map(|result| result.duration).sum();
    // Without an offset, as the schema of JUnit has it.
    let started = report.started + SignedDuration::ZERO;
    let started = format!("{started:.0}").trim_end_matches('Z').to_owned();
    let _infallible = writeln!(
        xml,
        "  <testsuite name=\"{family}\" {} time=\"{}\" timestamp=\"{started}\">\n    <properties>",
        numbers(results),
        seconds(whole)
    );
    for (name, value) in [
        ("tenantUrl", report.tenant_url.as_str()),
        ("mapping", &report.mapping),
        ("dialect", report.dialect.as_str()),
        ("prefix", &report.prefix),
    ] {
        let _infallible = writeln!(xml, "      <property name=\"{name}\" value=\"{}\"/>", attribute(value));
    }
    xml.push_str("    </properties>\n");
    for result in results {
        case(xml, result);
    }
    xml.push_str("  </testsuite>\n");
}

fn case(xml: &mut String, result: &CheckResult) {
    let (id, family, time) = (result.check.id, result.check.family(), seconds(result.duration));
    let _infallible = write!(xml, "    <testcase classname=\"scimulate.{family}\" name=\"{id}\" time=\"{time}\"");
    let text = details(result);
    let mut children = String::new();
    match Outcome::of(result) {
        Outcome::Failed => {
            let (message, kind) = (attribute(&headline(result)), attribute(&kind(result)));
            let _infallible =
                writeln!(children, "      <failure message=\"{message}\" type=\"{kind}\">{}</failure>", content(&text));
        }
        Outcome::Known => {
            let message = attribute(&format!("known failure of the baseline: {}", headline(result)));
            let _infallible = writeln!(children, "      <skipped message=\"{message}\"/>");
        }
        Outcome::Skipped => {
            let why = result.skipped.as_ref().map(Skipped::text).unwrap_or_default();
            let _infallible = writeln!(children, "      <skipped message=\"{}\"/>", attribute(&one_line(&why)));
        }
        Outcome::Warned | Outcome::Passed => {}
    }
    if Outcome::of(result) != Outcome::Failed && !text.is_empty() {
        let warns = result.findings.iter().any(|finding| finding.severity == Severity::Warning);
        let title = if warns { "Warning: " } else { "" };
        let _infallible = writeln!(children, "      <system-out>{title}{}</system-out>", content(&text));
    }
    if children.is_empty() {
        xml.push_str("/>\n");
    } else {
        let _infallible = write!(xml, ">\n{children}    </testcase>\n");
    }
}

/// The cause of the worst finding that isn't known.
fn kind(result: &CheckResult) -> String {
    let mut findings = result.findings.iter().filter(|finding| !finding.known);
    findings.next().map_or_else(String::new, |finding| finding.cause.clone())
}

fn numbers(results: &[&CheckResult]) -> String {
    let count = |outcomes: &[Outcome]| results.iter().filter(|result| outcomes.contains(&Outcome::of(result))).count();
    format!(
        "tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\"",
        results.len(),
        count(&[Outcome::Failed]),
        count(&[Outcome::Known, Outcome::Skipped])
    )
}

fn seconds(duration: Duration) -> String {
    format!("{:.3}", duration.as_secs_f64())
}

/// A text as the value of an attribute.
fn attribute(text: &str) -> String {
    escaped(text).replace('\n', "&#10;").replace('\t', "&#9;")
}

/// A text between tags.
fn content(text: &str) -> String {
    escaped(text)
}

/// Characters that XML 1.0 has no place for, not even escaped, are replaced.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    push_escaped(&mut escaped, &printable(text));
    escaped
}

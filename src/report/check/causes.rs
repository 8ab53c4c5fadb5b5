//! Findings gathered by what is behind them.

use std::cmp::Reverse;

use crate::check::{CheckReport, CheckResult, Finding, Severity};
use crate::scim::HttpExchange;

/// Findings of one or several checks that have the same cause.
pub(super) struct Cause<'r> {
    pub(super) name: &'r str,
    /// As bad as the worst of them.
    pub(super) severity: Severity,
    /// Whether they stand in the baseline.
    pub(super) known: bool,
    /// In the order of the checks; never empty.
    findings: Vec<(&'r CheckResult, &'r Finding)>,
}

/// The causes, most important first: new ones before known ones, errors before warnings, then those that fail most checks.
pub(super) fn causes(report: &CheckReport) -> Vec<Cause<'_>> {
    let mut causes: Vec<Cause<'_>> = Vec::new();
    for result in &report.results {
        for finding in &result.findings {
            let same = |cause: &&mut Cause<'_>| cause.name == finding.cause && cause.known == finding.known;
            match causes.iter_mut().find(same) {
                Some(cause) => {
                    cause.severity = cause.severity.min(finding.severity);
                    cause.findings.push((result, finding));
                }
                None => causes.push(Cause {
                    name: &finding.cause,
                    severity: finding.severity,
                    known: finding.known,
                    findings: vec![(result, finding)],
                }),
            }
        }
    }
    // What is first in the list of checks stays first among equals.
    causes.sort_by_key(|cause| (cause.known, cause.severity, Reverse(cause.checks().len())));
    causes
}

impl<'r> Cause<'r> {
    /// Ids of the checks that met it.
    pub(super) fn checks(&self) -> Vec<&'static str> {
        let mut ids: Vec<_> = self.findings.iter().map(|(result, _)| result.check.id).collect();
        ids.dedup();
        ids
    }

    /// Every different text that its findings have in this place, the worst finding's first.
    pub(super) fn texts(&self, pick: fn(&Finding) -> &String) -> Vec<&'r str> {
        let mut texts: Vec<&'r str> = Vec::new();
        let (worst, milder): (Vec<_>, Vec<_>) =
            self.findings.iter().map(|(_, finding)| *finding).partition(|finding| finding.severity == self.severity);
        for text in worst.into_iter().chain(milder).map(pick).filter(|text| !text.is_empty()) {
            if !texts.contains(&text.as_str()) {
                texts.push(text);
            }
        }
        texts
    }

    /// The exchange that shows it.
    pub(super) fn exchange(&self) -> Option<&'r HttpExchange> {
        self.findings.iter().find_map(|(result, finding)| shown_by(result, finding))
    }
}

/// The exchange that shows a finding.
pub(super) fn shown_by<'r>(result: &'r CheckResult, finding: &Finding) -> Option<&'r HttpExchange> {
    result.exchanges.get(finding.exchange?).map(AsRef::as_ref)
}

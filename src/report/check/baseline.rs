//! The baseline: failures that are known, so that only new ones fail a run.
//!
//! A JSON file `{"formatVersion": "1.0", "known": {"<check id>": ["<cause>", …]}}`, where a cause that is about something
//! in particular, such as attributes, names it: `dropped: title`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::base::Diagnostic;
use crate::check::{CheckReport, CheckResult, Finding, Severity, Status};
use crate::report::FORMAT_VERSION;

/// Known failures: what is wrong by which check.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline(BTreeMap<String, BTreeSet<String>>);

impl Baseline {
    /// Reads a file's text; `file` is for what is said of it.
    pub fn parse(text: &str, file: &str) -> Result<Self, Box<Diagnostic>> {
        let fail = |diagnostic: Diagnostic| {
            let hint = "remove it and let --update-baseline write it anew, or correct it to look like this: \
                        {\"formatVersion\": \"1.0\", \"known\": {\"users.create\": [\"post-users-500\"]}}";
            Box::new(diagnostic.in_file(file).with_hint(hint))
        };
        let document: Value = serde_json::from_str(text).map_err(|error| {
            let what = Diagnostic::error(format!("the baseline isn't JSON: {}", without_place(&error)));
            fail(what.at_line(error.line()).at_column(error.column()))
        })?;
        let wrong = |what: &str| fail(Diagnostic::error(format!("the baseline can't be read: {what}")));
        match document.get("formatVersion").and_then(Value::as_str) {
            Some(version) if major(version) == major(FORMAT_VERSION) => {}
            Some(version) => {
                return Err(wrong(&format!(
                    "its formatVersion is {version:?}, and this program reads {FORMAT_VERSION}"
                )));
            }
            None => return Err(wrong("it has no formatVersion")),
        }
        let known =
            document.get("known").and_then(Value::as_object).ok_or_else(|| wrong("it has no object `known`"))?;
        let mut baseline = BTreeMap::new();
        for (id, causes) in known {
            let texts: Option<BTreeSet<String>> = causes
                .as_array()
                .and_then(|causes| causes.iter().map(|cause| cause.as_str().map(str::to_owned)).collect());
            let texts = texts.ok_or_else(|| wrong(&format!("what stands at `{id}` isn't a list of causes")))?;
            baseline.insert(id.clone(), texts);
        }
        Ok(Self(baseline))
    }

    /// What fails by a report. Of checks that weren't tried, what stands here is kept.
    #[must_use]
    pub fn updated(&self, report: &CheckReport) -> Self {
        let was_tried = |id: &str| report.result(id).is_some_and(|result| result.status != Status::Skipped);
        let mut baseline = self.0.clone();
        baseline.retain(|id, _| !was_tried(id));
        for result in report.results.iter().filter(|result| result.status == Status::Failed) {
            let causes = errors(result).map(Finding::key).collect();
            baseline.insert(result.check.id.to_owned(), causes);
        }
        Self(baseline)
    }

    /// The file's text.
    pub fn to_text(&self) -> String {
        format!("{:#}\n", json!({ "formatVersion": FORMAT_VERSION, "known": self.0 }))
    }

    /// Ids that stand in it, for a look whether there are such checks.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Marks what is known in a report, and names what has healed: known failures of checks that were tried and don't
    /// fail for that cause any more.
    pub fn apply(&self, report: &mut CheckReport) {
        report.has_baseline = true;
        for result in &mut report.results {
            let Some(known) = self.0.get(result.check.id) else { continue };
            for finding in &mut result.findings {
                finding.known = known.contains(&finding.key());
            }
            result.known = result.status == Status::Failed && errors(result).all(|finding| finding.known);
            let has_healed = |cause: &String| errors(result).all(|finding| finding.key() != *cause);
            if result.status != Status::Skipped && known.iter().any(has_healed) {
                report.healed.push(result.check.id.to_owned());
            }
        }
    }
}

fn errors(result: &CheckResult) -> impl Iterator<Item = &Finding> {
    result.findings.iter().filter(|finding| finding.severity == Severity::Error)
}

fn major(version: &str) -> &str {
    version.split('.').next().unwrap_or(version)
}

/// The message without its place, which stands beside it.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(message, _)| message.to_owned())
}

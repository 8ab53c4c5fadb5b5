//! Words and numbers that all forms share.

use std::time::Duration;

use crate::base::grouped;
use crate::check::{CheckReport, CheckResult, DialectOutcome, Load, Status};
pub(super) use crate::report::prose::{one_line, printable, sentence, time};
use crate::scim::Dialect;

/// What a result shows as: its status, with known failures apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    /// It failed.
    Failed,
    /// It failed, and all that is wrong stands in the baseline.
    Known,
    /// Something is wrong that the service can do without.
    Warned,
    /// It holds.
    Passed,
    /// It wasn't tried.
    Skipped,
}

impl Outcome {
    /// Every outcome, worst first.
    pub(super) const ALL: [Self; 5] = [Self::Failed, Self::Known, Self::Warned, Self::Passed, Self::Skipped];

    pub(super) fn of(result: &CheckResult) -> Self {
        match result.status {
            Status::Failed if result.known => Self::Known,
            Status::Failed => Self::Failed,
            Status::Warned => Self::Warned,
            Status::Passed => Self::Passed,
            Status::Skipped => Self::Skipped,
        }
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Known => "known",
            Self::Warned => "warned",
            Self::Passed => "passed",
            Self::Skipped => "skipped",
        }
    }

    /// After a number: `2 failed`, `1 failed as known`.
    pub(super) const fn counted(self) -> &'static str {
        match self {
            Self::Known => "failed as known",
            other => other.as_str(),
        }
    }
}

/// How many results have this outcome.
pub(super) fn count_of(report: &CheckReport, outcome: Outcome) -> usize {
    report.results.iter().filter(|result| Outcome::of(result) == outcome).count()
}

/// What there is at all, worst first.
pub(super) fn counts(report: &CheckReport) -> Vec<(Outcome, usize)> {
    let counted = Outcome::ALL.into_iter().map(|outcome| (outcome, count_of(report, outcome)));
    counted.filter(|(_, count)| *count > 0).collect()
}

/// How it all ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Passed,
    Failed,
    Interrupted,
    Unreachable,
}

impl Verdict {
    pub(super) fn of(report: &CheckReport) -> Self {
        match report {
            report if report.interrupted => Self::Interrupted,
            report if report.unreachable => Self::Unreachable,
            report if report.passed() => Self::Passed,
            _ => Self::Failed,
        }
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::Unreachable => "unreachable",
        }
    }

    /// The same, to begin a line with.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Passed => "Passed",
            Self::Failed => "Failed",
            Self::Interrupted => "Interrupted",
            Self::Unreachable => "Not reached",
        }
    }

    /// What it means, as a sentence.
    pub(super) fn sentence(self, report: &CheckReport) -> &'static str {
        match self {
            Self::Passed if count_of(report, Outcome::Known) > 0 => {
                "Nothing fails that isn't known: every failure stands in the baseline."
            }
            Self::Passed if report.results.iter().all(|result| result.status == Status::Skipped) => {
                "Nothing was tried, so nothing failed."
            }
            Self::Passed => "As far as it was tried, Microsoft's service can work with this endpoint.",
            Self::Failed if count_of(report, Outcome::Failed) == 0 => {
                "What was to be checked couldn't be tried; see what was skipped, and check what it waits for."
            }
            Self::Failed => "Microsoft's service would have trouble with this endpoint.",
            Self::Interrupted => "What wasn't tried yet is skipped, so this says nothing about the whole.",
            Self::Unreachable => "Nobody answers, or the credentials are refused: nothing else could be tried.",
        }
    }
}

/// The families of the results, in their order.
pub(super) fn families(report: &CheckReport) -> Vec<&'static str> {
    let mut families: Vec<&'static str> = Vec::new();
    for family in report.results.iter().map(|result| result.check.family()) {
        if !families.contains(&family) {
            families.push(family);
        }
    }
    families
}

/// The results of one family.
pub(super) fn of_family<'r>(report: &'r CheckReport, family: &'r str) -> impl Iterator<Item = &'r CheckResult> {
    report.results.iter().filter(move |result| result.check.family() == family)
}

/// Ids, a family that is among them as a whole as `groups.*`.
pub(super) fn ids(report: &CheckReport, ids: &[&str]) -> String {
    let mut shown: Vec<String> = Vec::new();
    for id in ids {
        let family = id.split('.').next().unwrap_or(id);
        let all: Vec<_> = of_family(report, family).map(|result| result.check.id).collect();
        let is_whole = all.len() > 1 && all.iter().all(|known| ids.contains(known));
        let name = if is_whole { format!("{family}.*") } else { (*id).to_owned() };
        if !shown.contains(&name) {
            shown.push(name);
        }
    }
    shown.join(", ")
}

/// Why checks were skipped, each reason with the checks.
pub(super) fn skipped(report: &CheckReport) -> Vec<(String, Vec<&'static str>)> {
    let reasons = report.results.iter().filter_map(|result| Some((result.skipped.as_ref()?.text(), result.check.id)));
    gathered(reasons)
}

/// What is worth knowing, each note with the checks that say it.
pub(super) fn notes(report: &CheckReport) -> Vec<(String, Vec<&'static str>)> {
    gathered(report.results.iter().flat_map(|result| result.notes.iter().map(|note| (note.clone(), result.check.id))))
}

fn gathered(texts: impl Iterator<Item = (String, &'static str)>) -> Vec<(String, Vec<&'static str>)> {
    let mut gathered: Vec<(String, Vec<&'static str>)> = Vec::new();
    for (text, id) in texts {
        let text = one_line(&text);
        match gathered.iter_mut().find(|(known, _)| *known == text) {
            Some((_, ids)) => ids.push(id),
            None => gathered.push((text, vec![id])),
        }
    }
    gathered
}

/// What the dialects came to: `passes with aadOptscim062020; without it: loses three members`.
pub(super) fn dialects(outcomes: &[DialectOutcome]) -> Option<String> {
    let is_compliant = |outcome: &&DialectOutcome| outcome.dialect == Dialect::Compliant;
    let with = outcomes.iter().find(is_compliant).map(|outcome| (outcome, "with aadOptscim062020"));
    let without = outcomes.iter().find(|outcome| !is_compliant(outcome));
    let without =
        without.map(|outcome| (outcome, if with.is_some() { "without it" } else { "without aadOptscim062020" }));
    let tried = || [with, without].into_iter().flatten();
    let passing: Vec<_> = tried().filter(|(outcome, _)| outcome.passed).map(|(_, name)| name).collect();
    if let (Some((with, _)), Some((without, _))) = (with, without)
        && !with.passed
        && !with.lost.is_empty()
        && with.lost == without.lost
    {
        return Some(format!("with aadOptscim062020 and without it: {}", lost(with)));
    }
    let mut parts = Vec::new();
    if !passing.is_empty() {
        parts.push(format!("passes {}", passing.join(" and ")));
    }
    for (outcome, name) in tried().filter(|(outcome, _)| !outcome.passed) {
        let lost = lost(outcome);
        parts.push(if lost.is_empty() { format!("fails {name}") } else { format!("{name}: {lost}") });
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// So much of what a dialect loses is told, and so many characters of each.
const LOST: (usize, usize) = (3, 160);

/// What a dialect loses.
fn lost(outcome: &DialectOutcome) -> String {
    let (most, longest) = LOST;
    let mut lost: Vec<String> = outcome
        .lost
        .iter()
        .take(most)
        .map(|lost| {
            let lost = one_line(lost);
            lost.char_indices().nth(longest).map_or(lost.clone(), |(end, _)| format!("{}…", &lost[..end]))
        })
        .collect();
    if let Some(more) = outcome.lost.len().checked_sub(most).filter(|more| *more > 0) {
        lost.push(format!("and {more} more"));
    }
    lost.join(", ")
}

/// What became of what was made.
pub(super) fn made(report: &CheckReport) -> String {
    let (made, left) = (report.made as u64, report.leftovers.len() as u64);
    match (made, left) {
        (0, _) => "nothing made".to_owned(),
        (made, 0) => format!("{} made and removed", objects(made)),
        (made, left) if report.kept => format!("{} made, {left} kept", objects(made)),
        (made, left) => format!("{} made, {left} not removed", objects(made)),
    }
}

fn objects(number: u64) -> String {
    if number == 1 { "1 object".to_owned() } else { format!("{} objects", grouped(number)) }
}

/// The rate that a load check reached, and what was answered.
pub(super) fn load(load: &Load) -> String {
    let rate = match load.wanted_rate {
        Some(wanted) => format!("{} of {} requests a second", digits(load.rate), digits(wanted)),
        None => format!("{} requests a second, side by side", digits(load.rate)),
    };
    let answers = load.statuses.iter().map(|(status, count)| match status {
        0 => format!("{} without an answer", grouped(*count as u64)),
        status => format!("{} with {status}", grouped(*count as u64)),
    });
    format!("{rate}; answers: {}", answers.collect::<Vec<_>>().join(", "))
}

fn digits(number: f64) -> String {
    let text = format!("{number:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// A duration as JSON has it.
pub(super) fn milliseconds(duration: Duration) -> f64 {
    // Microseconds are enough, and shorter to read.
    (duration.as_secs_f64() * 1_000_000.0).round() / 1000.0
}

/// The bars of a histogram between the first and the last that holds something: what it holds, and how many.
pub(super) fn bars(histogram: &[(Duration, usize)]) -> Vec<(String, usize)> {
    let holds = |(_, count): &(Duration, usize)| *count > 0;
    let (Some(first), Some(last)) = (histogram.iter().position(holds), histogram.iter().rposition(holds)) else {
        return Vec::new();
    };
    let label = |at: usize| {
        let (bound, _) = histogram[at];
        let before = at.checked_sub(1).map(|at| histogram[at].0);
        match before.filter(|_| bound == Duration::MAX) {
            Some(before) => format!("over {}", round(before)),
            None => format!("up to {}", round(bound)),
        }
    };
    (first..=last).map(|at| (label(at), histogram[at].1)).collect()
}

fn round(bound: Duration) -> String {
    match bound.as_millis() {
        milliseconds if milliseconds % 1000 == 0 => format!("{} s", milliseconds / 1000),
        milliseconds => format!("{milliseconds} ms"),
    }
}

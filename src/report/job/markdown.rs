//! A job as Markdown for a ticket: how it stands, its last cycles, what fails, who is out and why. Without the objects:
//! those are in the page.

use std::fmt::Write as _;

use super::JobReport;
use super::document::{ReportedState, ScopeGroup, ScopeSource};
use super::overview::Cause;
use super::quarantines::QuarantineEnding;
use crate::base::grouped;
use crate::report::counted;
use crate::report::markdown::{code, escaped, prose, span};
use crate::report::prose::{cut, instant, one_line, sentence, time};

/// So many cycles, causes and rules are told.
const TOLD: usize = 10;
/// So many names of a cause or a rule.
const NAMED: usize = 5;
/// As much of a text of others is shown, in characters.
const COLUMNS: usize = 300;

/// The job for a ticket.
pub fn job_markdown(report: &JobReport) -> String {
    let mut text = String::new();
    let sign = match report.state {
        ReportedState::Quarantine { .. } | ReportedState::Disabled(_) => "❌",
        ReportedState::Paused => "⏸️",
        _ if report.failing > 0 || report.held_back > 0 => "⚠️",
        ReportedState::Active => "✅",
        ReportedState::NotRun => "📋",
    };
    let title = report.state.title().to_lowercase();
    let _infallible = writeln!(text, "## {sign} Provisioning job {}: {title}\n", code(&short(&report.job)));
    let _infallible = writeln!(text, "{}\n", prose(&report.sentence()));
    if let Some(why) = report.why() {
        let _infallible = writeln!(text, "> {}\n", prose(&short(&why)));
    }
    for waiting in report.waiting() {
        let _infallible = writeln!(text, "* {}", prose(&waiting));
    }
    let target = format!(
        "* Target {}: {} and {} linked.",
        span(&short(&report.target)),
        counted(report.linked_users, "user"),
        counted(report.linked_groups, "group")
    );
    let _infallible = writeln!(text, "{target}\n");
    cycles(&mut text, report);
    quarantines(&mut text, report);
    failures(&mut text, report);
    scope(&mut text, report);
    latencies(&mut text, report);
    let id = report.job_id.as_ref().map_or_else(String::new, |id| format!(", job id {}", span(id)));
    let _infallible = writeln!(
        text,
        "Made {:.0} by scimulate {} from {}{id}.",
        report.made,
        env!("CARGO_PKG_VERSION"),
        escaped(&report.coverage())
    );
    text
}

fn cycles(text: &mut String, report: &JobReport) {
    if report.cycles.is_empty() {
        return;
    }
    text.push_str("### Last cycles\n\n| Begun | Kind | Took | Objects |\n| --- | --- | ---: | --- |\n");
    for cycle in report.cycles.iter().take(TOLD) {
        let end = cycle.end.as_ref();
        let quarantine = end.and_then(|end| end.quarantine.as_ref());
        let outcome = quarantine.map_or_else(
            || escaped(&cycle.outcome()),
            |error| format!("quarantine {}; {}", code(&error.code), escaped(&cycle.outcome())),
        );
        let took = end.map_or_else(String::new, |end| time(end.duration));
        let _infallible =
            writeln!(text, "| {} | {} | {took} | {outcome} |", instant(cycle.started), cycle.kind.as_str());
    }
    more(text, report.cycles.len(), TOLD, "\n… and {} earlier\n");
    text.push('\n');
}

fn quarantines(text: &mut String, report: &JobReport) {
    if report.quarantines.is_empty() {
        return;
    }
    text.push_str("### Quarantines\n\n");
    for quarantine in report.quarantines.iter().take(TOLD) {
        let until = match quarantine.ending {
            QuarantineEnding::Still => "until now".to_owned(),
            QuarantineEnding::Over(at) => format!("until {} at the latest", instant(at)),
            QuarantineEnding::Disabled => "until the job was disabled".to_owned(),
            QuarantineEnding::Lifted => "until it was lifted by hand".to_owned(),
        };
        let reasons = quarantine.reasons.iter();
        let reasons: Vec<_> =
            reasons.map(|(_, reason, message)| format!("{}, {}", code(reason), escaped(&short(message)))).collect();
        let began = instant(quarantine.began);
        let _infallible = writeln!(text, "* {began} {until}: {}", reasons.join("; then "));
    }
    more(text, report.quarantines.len(), TOLD, "* … and {} earlier\n");
    text.push('\n');
}

fn failures(text: &mut String, report: &JobReport) {
    let causes = report.log.causes();
    if causes.is_empty() {
        return;
    }
    text.push_str("### Failures by cause\n\n");
    let names = |cause: &Cause| {
        let objects = cause.objects.iter().take(NAMED);
        let names: Vec<_> = objects.map(|place| span(&short(&report.log.objects()[*place].name))).collect();
        names.join(", ") + &and_more(cause.objects.len())
    };
    for cause in causes.iter().take(TOLD) {
        let failures = counted(cause.count, "failure");
        let gist = escaped(&short(&sentence(&one_line(&cause.gist))));
        let _infallible = writeln!(text, "* {failures}: {} ({gist}): {}", span(&short(&cause.code)), names(cause));
        if let Some(advice) = cause.advice {
            let _infallible = writeln!(text, "  {}", prose(advice));
        }
    }
    more(text, causes.len(), TOLD, "* … and {} rarer\n");
    text.push('\n');
}

fn scope(text: &mut String, report: &JobReport) {
    let groups = &report.scope.groups;
    if groups.is_empty() {
        return;
    }
    text.push_str("### Who is in and out\n\n");
    if let ScopeSource::Log(why) = &report.scope.source {
        let _infallible = writeln!(text, "As the latest entries of the log say: {}\n", escaped(&short(why)));
    }
    let entry = |group: &ScopeGroup| {
        let kind = group.kind.as_str().to_lowercase();
        let size = counted(group.objects.len() as u64, &kind);
        if group.in_scope && group.rule.is_empty() {
            return format!("* {size} in scope\n");
        }
        let names = group.objects.iter().take(NAMED).map(|(_, name)| span(&short(name)));
        let names = names.collect::<Vec<_>>().join(", ");
        format!("* {size} out: {}: {names}{}\n", escaped(&short(&group.rule)), and_more(group.objects.len()))
    };
    groups.iter().take(TOLD).for_each(|group| text.push_str(&entry(group)));
    more(text, groups.len(), TOLD, "* … and {} other rules\n");
    text.push('\n');
}

fn latencies(text: &mut String, report: &JobReport) {
    let latencies = report.log.latencies();
    if latencies.is_empty() {
        return;
    }
    text.push_str("### How long requests took\n\n| | requests | half within | 95 % within | longest |\n");
    text.push_str("| --- | ---: | ---: | ---: | ---: |\n");
    for row in latencies {
        let (number, times) = (grouped(row.count), [row.median, row.p95, row.longest].map(time));
        let _infallible = writeln!(text, "| {} | {number} | {} |", row.method, times.join(" | "));
    }
    text.push('\n');
}

fn more(text: &mut String, all: usize, told: usize, sentence: &str) {
    if all > told {
        text.push_str(&sentence.replace("{}", &grouped((all - told) as u64)));
    }
}

fn and_more(all: usize) -> String {
    match all.saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {} more", grouped(more as u64)),
    }
}

fn short(text: &str) -> String {
    cut(&one_line(text), COLUMNS)
}

//! Text for people: what is wrong by its causes, most important first; one screen when all is well.
//!
//! Lines are long; whoever prints them folds them between words.

use super::causes::{Cause, causes};
use super::microsoft::{GALLERY, Test, VALIDATOR, judged};
use super::words::{
    Outcome, Verdict, bars, count_of, counts, dialects, families, ids, load, made, notes, of_family, one_line,
    sentence, skipped, time,
};
use crate::base::grouped;
use crate::check::{CheckReport, CheckResult, Finding, Latencies, Severity, Skipped, Status};
use crate::report::exchange;
use crate::report::style::{bad, dim, doubtful, good, heading};

/// What is shown beyond what is always shown.
#[derive(Debug, Clone, Copy, Default)]
pub struct CheckText {
    /// The result under the names of Microsoft's gallery validation.
    pub gallery: bool,
    /// The result under the names of Microsoft's SCIM Validator.
    pub validator: bool,
    /// Everything in full, although all is well.
    pub verbose: bool,
}

/// So many notes, and reasons why checks were skipped, are shown when all is well.
const FEW: usize = 3;
/// As long as the longest bar of a histogram.
const LONGEST_BAR: usize = 24;

/// The report as text; its last line has the verdict.
pub fn check_text(report: &CheckReport, shows: CheckText) -> String {
    let is_well = Verdict::of(report) == Verdict::Passed
        && report.leftovers.is_empty()
        && report.results.iter().all(|result| result.findings.is_empty());
    let mut sections = vec![head(report), family_lines(report)];
    if is_well && !shows.verbose {
        sections.push(in_short(report));
    } else {
        let (errors, milder): (Vec<_>, Vec<_>) =
            causes(report).into_iter().partition(|cause| cause.severity == Severity::Error && !cause.known);
        let (known, warnings): (Vec<_>, Vec<_>) = milder.into_iter().partition(|cause| cause.known);
        sections.push(failures(report, &errors));
        sections.push(in_brief("Warnings: what the service can do without", &warnings, report));
        sections.push(in_brief("Known failures, as the baseline has them", &known, report));
        sections.push(skipped_lines(report));
        sections.push(note_lines(report));
        sections.push(section("The two ways of writing PATCH", dialects(&report.dialects)));
        sections.push(load_lines(report));
    }
    if shows.verbose {
        sections.push(latency_lines(report));
    }
    if shows.gallery {
        sections.push(microsoft("Microsoft's gallery validation", &GALLERY, report));
    }
    if shows.validator {
        sections.push(microsoft("Microsoft's SCIM Validator", &VALIDATOR, report));
    }
    sections.extend([leftovers(report), baseline(report), last_line(report)]);
    sections.retain(|section| !section.is_empty());
    sections.join("\n\n")
}

fn head(report: &CheckReport) -> String {
    let dialect = match report.dialect {
        crate::scim::Dialect::Scim => "",
        crate::scim::Dialect::Compliant => ", aadOptscim062020",
    };
    let mapping = one_line(&report.mapping);
    format!("{}\n{}", heading(one_line(&report.tenant_url)), dim(format_args!("mapping {mapping}{dialect}")))
}

/// `users    23 passed`, one line a family.
fn family_lines(report: &CheckReport) -> String {
    let families = families(report);
    let width = families.iter().map(|family| family.len()).max().unwrap_or(0);
    let line = |family: &&'static str| {
        let parts = Outcome::ALL.into_iter().filter_map(|outcome| {
            let count = of_family(report, family).filter(|result| Outcome::of(result) == outcome).count();
            (count > 0).then(|| coloured(outcome, &format!("{count} {}", outcome.counted())))
        });
        format!("  {family:width$}  {}", parts.collect::<Vec<_>>().join(", "))
    };
    families.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn coloured(outcome: Outcome, text: &str) -> String {
    match outcome {
        Outcome::Failed => bad(text),
        Outcome::Known | Outcome::Warned => doubtful(text),
        Outcome::Passed => good(text),
        Outcome::Skipped => dim(text),
    }
}

/// What else there is to say when all is well, in a few lines.
fn in_short(report: &CheckReport) -> String {
    let skipped = skipped(report);
    let mut lines: Vec<String> = if skipped.len() > FEW {
        let checks: Vec<_> = skipped.iter().flat_map(|(_, checks)| checks).copied().collect();
        vec![dim(format_args!("  Skipped (-v says why): {}", ids(report, &checks)))]
    } else {
        let told = skipped.iter().map(|(why, checks)| dim(format_args!("  {} skipped: {why}", checks.len())));
        told.collect()
    };
    let notes = notes(report);
    lines.extend(notes.iter().take(FEW).map(|(note, _)| format!("  {}", sentence(note))));
    if let Some(more) = notes.len().checked_sub(FEW).filter(|more| *more > 0) {
        lines.push(dim(format_args!("  {} more with -v", grouped(more as u64))));
    }
    lines.extend(dialects(&report.dialects).map(|dialects| format!("  {}", sentence(&dialects))));
    for result in &report.results {
        let Some(measured) = &result.load else { continue };
        let Latencies { p50, p95, p99, histogram, .. } = &measured.latencies;
        let sparks: String = bars(histogram).iter().map(|(_, count)| spark(*count, histogram)).collect();
        let rate = load(measured).split(';').next().unwrap_or_default().to_owned();
        let times = format!("p50 {}, p95 {}, p99 {}", time(*p50), time(*p95), time(*p99));
        lines.push(format!("  {}: {rate}: {times} {sparks}", result.check.id));
    }
    lines.join("\n")
}

fn spark(count: usize, histogram: &[(std::time::Duration, usize)]) -> char {
    const SPARKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = histogram.iter().map(|(_, count)| *count).max().unwrap_or(1).max(1);
    if count == 0 { ' ' } else { SPARKS[(count * SPARKS.len()).div_ceil(most).clamp(1, SPARKS.len()) - 1] }
}

fn failures(report: &CheckReport, causes: &[Cause<'_>]) -> String {
    if causes.is_empty() {
        return String::new();
    }
    let checks = count_of(report, Outcome::Failed);
    let (checks, noun) = (grouped(checks as u64), if checks == 1 { "check" } else { "checks" });
    let title = match causes.len() {
        1 => format!("One thing to mend: it fails {checks} {noun}"),
        several => format!("{several} things to mend, the most important first: they fail {checks} {noun}"),
    };
    let mut parts = vec![bad(title)];
    parts.extend(causes.iter().enumerate().map(|(index, cause)| failure(index + 1, cause)));
    parts.join("\n\n")
}

/// One cause in full.
fn failure(number: usize, cause: &Cause<'_>) -> String {
    let mut lines = Vec::new();
    let observed = cause.texts(|finding| &finding.observed);
    let (first, others) = observed.split_first().unwrap_or((&"", &[]));
    lines.push(format!("{} {}", bad(format_args!("{number}.")), heading(sentence(&one_line(first)))));
    let mut labelled = |label: &str, texts: &[&str]| {
        for (index, text) in texts.iter().take(MOST).enumerate() {
            let label = if index == 0 { format!("{label}: ") } else { "and: ".to_owned() };
            lines.push(format!("   {}{}", dim(label), one_line(text)));
        }
        if texts.len() > MOST {
            lines.push(dim(format_args!("   and {} more", texts.len() - MOST)));
        }
    };
    labelled("Also", others);
    labelled("Expected", &cause.texts(|finding| &finding.expected));
    labelled("With Microsoft's service", &cause.texts(|finding| &finding.effect));
    labelled("What to change", &cause.texts(|finding| &finding.remedy));
    if let Some(exchange) = cause.exchange() {
        lines.push(format!("   {}", dim("Request and answer:")));
        lines.extend(exchange::lines(exchange).iter().map(|line| format!("     {line}")));
    }
    let ids = cause.checks();
    let label = if ids.len() == 1 { "Failed check:" } else { "Failed checks:" };
    lines.push(format!("   {} {}", dim(label), ids.join(", ")));
    lines.join("\n")
}

/// So many different sentences of one kind are shown for a cause.
const MOST: usize = 3;

/// Causes in three lines each.
fn in_brief(title: &str, causes: &[Cause<'_>], report: &CheckReport) -> String {
    let mut lines = Vec::new();
    for cause in causes {
        let first = |pick: fn(&Finding) -> &String| one_line(cause.texts(pick).first().copied().unwrap_or_default());
        let observed = sentence(&first(|finding| &finding.observed));
        lines.push(format!("  {} {observed}", doubtful("!")));
        lines.push(format!("    {}{}", dim("Expected: "), first(|finding| &finding.expected)));
        lines.push(format!("    {}{}", dim("What to change: "), first(|finding| &finding.remedy)));
        lines.push(dim(format_args!("    {}", ids(report, &cause.checks()))));
    }
    listed(&doubtful(title), lines)
}

fn skipped_lines(report: &CheckReport) -> String {
    let lines = skipped(report).into_iter().map(|(why, checks)| {
        let is_blocked = report
            .results
            .iter()
            .any(|result| checks.contains(&result.check.id) && matches!(result.skipped, Some(Skipped::Blocked { .. })));
        let names = ids(report, &checks);
        if is_blocked { format!("  {why}: {names}") } else { dim(format_args!("  {why}: {names}")) }
    });
    listed(&heading(format_args!("Skipped: {}", count_of(report, Outcome::Skipped))), lines)
}

fn note_lines(report: &CheckReport) -> String {
    let lines = notes(report).into_iter().map(|(note, checks)| format!("  {}: {note}", ids(report, &checks)));
    listed(&heading("Worth knowing"), lines)
}

fn section(title: &str, line: Option<String>) -> String {
    listed(&heading(title), line.map(|line| format!("  {}", sentence(&line))))
}

fn listed(title: &str, lines: impl IntoIterator<Item = String>) -> String {
    let lines: Vec<_> = lines.into_iter().collect();
    if lines.is_empty() { String::new() } else { format!("{title}\n{}", lines.join("\n")) }
}

fn load_lines(report: &CheckReport) -> String {
    let mut lines = Vec::new();
    for result in &report.results {
        let Some(measured) = &result.load else { continue };
        lines.push(format!("  {}: {}", result.check.id, load(measured)));
        lines.push(format!("  {}", percentiles(&measured.latencies)));
        let bars = bars(&measured.latencies.histogram);
        let most = bars.iter().map(|(_, count)| *count).max().unwrap_or(1).max(1);
        let width = bars.iter().map(|(label, _)| label.len()).max().unwrap_or(0);
        for (label, count) in bars {
            let bar = "█".repeat((count * LONGEST_BAR).div_ceil(most));
            lines.push(format!("    {label:>width$} {bar} {count}").trim_end().to_owned());
        }
    }
    listed(&heading("Under load"), lines)
}

fn latency_lines(report: &CheckReport) -> String {
    let lines = report.latencies.iter().map(|latencies| {
        format!("  {:9} {:>6}  {}", latencies.of, grouped(latencies.requests as u64), percentiles(latencies))
    });
    listed(&heading("How long requests took"), lines)
}

fn percentiles(latencies: &Latencies) -> String {
    let Latencies { p50, p95, p99, max, .. } = latencies;
    format!("p50 {}, p95 {}, p99 {}, longest {}", time(*p50), time(*p95), time(*p99), time(*max))
}

fn microsoft(title: &str, tests: &'static [Test], report: &CheckReport) -> String {
    let judged = judged(report, tests);
    let width = tests.iter().map(|test| test.label().len()).max().unwrap_or(0);
    let counted = Outcome::ALL.into_iter().filter_map(|outcome| {
        let count = judged.iter().filter(|test| test.outcome == outcome).count();
        (count > 0).then(|| format!("{count} {}", outcome.counted()))
    });
    let title = format!("{}: {}", heading(title), counted.collect::<Vec<_>>().join(", "));
    let lines = judged.iter().map(|judged| {
        let outcome = coloured(judged.outcome, &format!("{:7}", judged.outcome.as_str()));
        let (number, label) = (judged.test.number, judged.test.label());
        format!("  {number:>2}  {label:width$}  {outcome}  {}", dim(judged.told()))
    });
    listed(&title, lines)
}

fn leftovers(report: &CheckReport) -> String {
    if report.leftovers.is_empty() {
        return String::new();
    }
    let count = report.leftovers.len();
    let (are, them) = if count == 1 { ("object is", "it") } else { ("objects are", "them") };
    let title = if report.kept {
        format!("{count} {are} still there, as --keep asks")
    } else {
        format!("{count} {are} still there and couldn't be removed: remove {them} by hand")
    };
    let lines = report.leftovers.iter().map(|leftover| {
        let id = leftover.id.as_ref().map_or_else(|| "its id isn't known".to_owned(), |id| format!("id {id}"));
        let why = if report.kept { String::new() } else { format!(": {}", leftover.why) };
        one_line(&format!("{} {}, {id}{why}", leftover.kind, leftover.name))
    });
    let lines = lines.map(|line| format!("  {line}"));
    listed(&if report.kept { doubtful(title) } else { bad(title) }, lines)
}

fn baseline(report: &CheckReport) -> String {
    if !report.has_baseline {
        return String::new();
    }
    let known = count_of(report, Outcome::Known);
    let new: Vec<_> = failed(report).map(|result| result.check.id).collect();
    let new = match new.as_slice() {
        [] => "no new failure".to_owned(),
        [id] => format!("1 new failure ({id})"),
        ids => format!("{} new failures ({})", ids.len(), ids.join(", ")),
    };
    let known = if known == 1 { "1 known failure".to_owned() } else { format!("{known} known failures") };
    let healed = match report.healed.as_slice() {
        [] => "nothing healed".to_owned(),
        ids => format!("healed: {} (--update-baseline takes them out)", one_line(&ids.join(", "))),
    };
    format!("{} {new}, {known}; {healed}", heading("Baseline:"))
}

fn failed(report: &CheckReport) -> impl Iterator<Item = &CheckResult> {
    report.results.iter().filter(|result| result.status == Status::Failed && !result.known)
}

fn last_line(report: &CheckReport) -> String {
    let verdict = Verdict::of(report);
    let title = match verdict {
        Verdict::Passed => good(format_args!("{}:", verdict.title())),
        _ => bad(format_args!("{}:", verdict.title())),
    };
    let counts: Vec<_> =
        counts(report).into_iter().map(|(outcome, count)| format!("{count} {}", outcome.counted())).collect();
    let counts = if counts.is_empty() { "no checks".to_owned() } else { counts.join(", ") };
    let requests = if report.requests == 1 { "request" } else { "requests" };
    format!(
        "{title} {counts}; {} {requests}, {}, {}. {}",
        grouped(report.requests),
        made(report),
        time(report.duration),
        verdict.sentence(report)
    )
}

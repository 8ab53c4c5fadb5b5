//! Markdown for the summary of a CI job: counts, what to mend, and the exchanges folded away.

use std::fmt::Write as _;

use super::causes::{Cause, causes};
use super::words::{
    Outcome, Verdict, count_of, dialects, families, ids, load, made, notes, of_family, one_line, sentence, skipped,
    time,
};
use crate::base::grouped;
use crate::check::{CheckReport, Finding, Latencies, Severity};
use crate::report::exchange::{self, Body};
use crate::report::markdown::{code, escaped, fenced, prose};
use crate::scim::{Content, HttpExchange};

/// The report as a summary.
pub fn check_markdown(report: &CheckReport) -> String {
    let verdict = Verdict::of(report);
    let sign = match verdict {
        Verdict::Passed => "✅",
        Verdict::Failed | Verdict::Unreachable => "❌",
        Verdict::Interrupted => "⚠️",
    };
    let mut text = format!("## {sign} SCIM endpoint check: {}\n\n", verdict.as_str());
    let _infallible = writeln!(text, "{}\n", verdict.sentence(report));
    let _infallible = writeln!(text, "{}, mapping {}\n", code(&report.tenant_url), escaped(&one_line(&report.mapping)));
    table(&mut text, report);
    let (failing, warning): (Vec<_>, Vec<_>) =
        causes(report).into_iter().partition(|cause| cause.severity == Severity::Error && !cause.known);
    let (known, warning): (Vec<_>, Vec<_>) = warning.into_iter().partition(|cause| cause.known);
    for (title, causes, whole) in
        [("What to mend", failing, true), ("Warnings", warning, false), ("Known failures", known, false)]
    {
        if !causes.is_empty() {
            let _infallible = writeln!(text, "### {title}\n");
            for cause in &causes {
                one(&mut text, report, cause, whole);
            }
        }
    }
    leftovers(&mut text, report);
    folded_list(&mut text, report, "Skipped", &skipped(report));
    folded_list(&mut text, report, "Worth knowing", &notes(report));
    if let Some(dialects) = dialects(&report.dialects) {
        let _infallible = writeln!(text, "The two ways of writing PATCH: {}.\n", prose(&dialects));
    }
    measured(&mut text, report);
    if !report.healed.is_empty() {
        let healed: Vec<_> = report.healed.iter().map(|id| code(id)).collect();
        let _infallible = writeln!(text, "Healed, so they can leave the baseline: {}.\n", healed.join(", "));
    }
    let _infallible =
        writeln!(text, "{} requests, {}, {}.", grouped(report.requests), made(report), time(report.duration));
    text
}

fn table(text: &mut String, report: &CheckReport) {
    let shown: Vec<_> = Outcome::ALL
        .into_iter()
        .filter(|outcome| *outcome != Outcome::Known || count_of(report, *outcome) > 0)
        .collect();
    let names: Vec<_> = shown.iter().map(|outcome| outcome.as_str()).collect();
    let _infallible = writeln!(text, "| family | {} |\n| --- |{}", names.join(" | "), " ---: |".repeat(shown.len()));
    for family in families(report) {
        let counts = shown.iter().map(|outcome| {
            let count = of_family(report, family).filter(|result| Outcome::of(result) == *outcome).count();
            if count == 0 { String::new() } else { count.to_string() }
        });
        let _infallible = writeln!(text, "| {family} | {} |", counts.collect::<Vec<_>>().join(" | "));
    }
    let totals: Vec<_> = shown.iter().map(|outcome| format!("**{}**", count_of(report, *outcome))).collect();
    let _infallible = writeln!(text, "| **all** | {} |\n", totals.join(" | "));
}

fn one(text: &mut String, report: &CheckReport, cause: &Cause<'_>, whole: bool) {
    let texts = |pick: fn(&Finding) -> &String| cause.texts(pick).into_iter().map(prose).collect::<Vec<_>>().join("; ");
    let observed = cause.texts(|finding| &finding.observed);
    let (first, others) = observed.split_first().unwrap_or((&"", &[]));
    let checks = cause.checks();
    let count = if checks.len() == 1 { checks[0].to_owned() } else { format!("{} checks", checks.len()) };
    let _infallible =
        writeln!(text, "<details><summary>{} <i>({count})</i></summary>\n", prose(&sentence(&one_line(first))));
    for other in others {
        let _infallible = writeln!(text, "* also: {}", prose(other));
    }
    let _infallible = writeln!(
        text,
        "* **Expected:** {}\n* **With Microsoft's service:** {}\n* **What to change:** {}\n* **Checks:** {}\n",
        texts(|finding| &finding.expected),
        texts(|finding| &finding.effect),
        texts(|finding| &finding.remedy),
        escaped(&ids(report, &checks)),
    );
    if let Some(exchange) = cause.exchange().filter(|_| whole) {
        show(text, exchange);
    }
    text.push_str("</details>\n\n");
}

fn show(text: &mut String, exchange: &HttpExchange) {
    let body = |content: &Content| {
        let Some(Body { text, note }) = exchange::short_body(content) else { return String::new() };
        let note = note.map_or_else(String::new, |note| format!("\n… {note}"));
        format!("\n{text}{note}")
    };
    fenced(text, &format!("{}{}", exchange::request_line(exchange), body(&exchange.request_body)));
    fenced(text, &format!("{}{}", exchange::answer_line(exchange), body(&exchange.response_body)));
}

fn leftovers(text: &mut String, report: &CheckReport) {
    if report.leftovers.is_empty() {
        return;
    }
    let title = if report.kept { "Kept at the endpoint" } else { "Still at the endpoint: remove it by hand" };
    let _infallible = writeln!(text, "### {title}\n");
    for leftover in &report.leftovers {
        let id = leftover.id.as_deref().map_or_else(|| "of unknown id".to_owned(), code);
        let (kind, name, why) = (leftover.kind, code(&leftover.name), prose(&leftover.why));
        let _infallible = writeln!(text, "* {kind} {name} ({id}): {why}");
    }
    text.push('\n');
}

fn folded_list(text: &mut String, report: &CheckReport, title: &str, entries: &[(String, Vec<&'static str>)]) {
    if entries.is_empty() {
        return;
    }
    let checks: usize = entries.iter().map(|(_, ids)| ids.len()).sum();
    let _infallible = writeln!(text, "<details><summary>{title}: {checks}</summary>\n");
    for (what, checks) in entries {
        let _infallible = writeln!(text, "* {}: {}", escaped(&ids(report, checks)), prose(what));
    }
    text.push_str("\n</details>\n\n");
}

fn measured(text: &mut String, report: &CheckReport) {
    let rows: Vec<_> =
        report.results.iter().filter_map(|result| Some((result.check.id, result.load.as_ref()?))).collect();
    if rows.is_empty() {
        return;
    }
    text.push_str("| under load | | p50 | p95 | p99 | longest |\n| --- | --- | ---: | ---: | ---: | ---: |\n");
    for (id, measured) in rows {
        let Latencies { p50, p95, p99, max, .. } = measured.latencies;
        let times = [p50, p95, p99, max].map(time).join(" | ");
        let _infallible = writeln!(text, "| {id} | {} | {times} |", load(measured));
    }
    text.push('\n');
}

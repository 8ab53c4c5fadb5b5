//! What the templates are given.

use serde::Serialize;

use super::super::causes::{Cause, causes, shown_by};
use super::super::json::severity;
use super::super::microsoft::{GALLERY, Test, VALIDATOR, judged};
use super::super::words::{
    Outcome, Verdict, bars, counts, dialects, families, ids, load, made, notes, of_family, one_line, sentence, skipped,
    time,
};
use crate::base::grouped;
use crate::check::{CheckReport, CheckResult, Finding, Latencies, Severity, Skipped};
use crate::report::page::{Bar, ExchangeView, Key, LONGEST};
use crate::scim::Dialect;

#[derive(Serialize)]
pub(super) struct Page {
    verdict: &'static str,
    title: &'static str,
    sentence: &'static str,
    tenant_url: String,
    facts: Vec<(&'static str, String)>,
    bar: Bar,
    causes: Vec<(&'static str, Vec<CauseView>)>,
    leftovers: Vec<Leftover>,
    kept: bool,
    has_baseline: bool,
    healed: Vec<String>,
    families: Vec<Family>,
    microsoft: Vec<(&'static str, Vec<MicrosoftTest>)>,
    dialects: Option<String>,
    skipped: Vec<(String, String)>,
    notes: Vec<(String, String)>,
    latencies: Vec<Times>,
    loads: Vec<LoadView>,
}

#[derive(Serialize)]
struct CauseView {
    observed: String,
    also: Vec<String>,
    expected: Vec<String>,
    effect: Vec<String>,
    remedy: Vec<String>,
    checks: Vec<&'static str>,
    is_error: bool,
    exchange: Option<ExchangeView>,
}

#[derive(Serialize)]
struct Leftover {
    kind: &'static str,
    name: String,
    id: Option<String>,
    why: String,
}

#[derive(Serialize)]
struct Family {
    name: &'static str,
    counts: String,
    checks: Vec<CheckView>,
}

#[derive(Serialize)]
struct CheckView {
    id: &'static str,
    outcome: &'static str,
    holds: &'static str,
    category: &'static str,
    reference: &'static str,
    took: String,
    why: Option<String>,
    findings: Vec<FindingView>,
    notes: Vec<String>,
    load: Option<String>,
    exchanges: Vec<ExchangeView>,
}

#[derive(Serialize)]
struct FindingView {
    severity: &'static str,
    known: bool,
    observed: String,
    expected: String,
    effect: String,
    remedy: String,
    /// Number of the exchange that shows it, from 1.
    shown_by: Option<usize>,
}

#[derive(Serialize)]
struct MicrosoftTest {
    number: u8,
    name: &'static str,
    weight: Option<&'static str>,
    outcome: &'static str,
    why: Option<String>,
    checks: &'static [&'static str],
}

/// Percentiles, and how long their bars are.
#[derive(Serialize)]
struct Times {
    of: &'static str,
    requests: String,
    told: [String; 4],
    bars: [f64; 3],
}

#[derive(Serialize)]
struct LoadView {
    id: &'static str,
    told: String,
    times: Times,
    histogram: Vec<(String, usize, f64)>,
}

/// Everything that the page shows.
pub(super) fn page(report: &CheckReport) -> Page {
    let verdict = Verdict::of(report);
    let slowest = report.latencies.iter().map(|latencies| latencies.p99.as_secs_f64()).fold(0.0, f64::max);
    let (failing, others): (Vec<_>, Vec<_>) =
        causes(report).into_iter().partition(|cause| cause.severity == Severity::Error && !cause.known);
    let (known, warning): (Vec<_>, Vec<_>) = others.into_iter().partition(|cause| cause.known);
    let groups = [("What to mend", failing), ("Warnings", warning), ("Known failures", known)];
    let listed = |entries: Vec<(String, Vec<&'static str>)>| {
        entries.into_iter().map(|(text, checks)| (text, ids(report, &checks))).collect()
    };
    Page {
        verdict: verdict.as_str(),
        title: verdict.title(),
        sentence: verdict.sentence(report),
        tenant_url: one_line(&report.tenant_url),
        facts: facts(report),
        bar: bar(report),
        causes: groups
            .into_iter()
            .filter(|(_, causes)| !causes.is_empty())
            .map(|(title, causes)| (title, causes.iter().map(cause_view).collect()))
            .collect(),
        leftovers: leftovers(report),
        kept: report.kept,
        has_baseline: report.has_baseline,
        healed: report.healed.iter().map(|id| one_line(id)).collect(),
        families: families(report).into_iter().map(|family| family_view(report, family)).collect(),
        microsoft: vec![
            ("Gallery validation", microsoft(report, &GALLERY)),
            ("SCIM Validator", microsoft(report, &VALIDATOR)),
        ],
        dialects: dialects(&report.dialects).map(|text| sentence(&text)),
        skipped: listed(skipped(report)),
        notes: listed(notes(report)),
        latencies: report.latencies.iter().map(|latencies| times(latencies, slowest)).collect(),
        loads: report.results.iter().filter_map(load_view).collect(),
    }
}

fn facts(report: &CheckReport) -> Vec<(&'static str, String)> {
    let dialect = match report.dialect {
        Dialect::Scim => "the service's own",
        Dialect::Compliant => "aadOptscim062020",
    };
    let started = format!("{:.0}", report.started).replace('T', " ").replace('Z', " UTC");
    vec![
        ("Mapping", one_line(&report.mapping)),
        ("Writing of PATCH", dialect.to_owned()),
        ("Begun", started),
        ("Took", time(report.duration)),
        ("Requests", grouped(report.requests)),
        ("Users and groups", made(report)),
    ]
}

fn bar(report: &CheckReport) -> Bar {
    let key = |(outcome, count): (Outcome, usize)| {
        let has_pattern = matches!(outcome, Outcome::Known | Outcome::Warned | Outcome::Skipped);
        Key::new((outcome.as_str(), outcome.counted()), count as u64, has_pattern)
    };
    Bar::new("Outcomes", counts(report).into_iter().map(key))
}

fn cause_view(cause: &Cause<'_>) -> CauseView {
    let texts = |pick: fn(&Finding) -> &String| cause.texts(pick).into_iter().map(one_line).collect::<Vec<_>>();
    let mut observed = texts(|finding| &finding.observed).into_iter();
    CauseView {
        observed: sentence(&observed.next().unwrap_or_default()),
        also: observed.collect(),
        expected: texts(|finding| &finding.expected),
        effect: texts(|finding| &finding.effect),
        remedy: texts(|finding| &finding.remedy),
        checks: cause.checks(),
        is_error: cause.severity == Severity::Error,
        exchange: cause.exchange().map(ExchangeView::of),
    }
}

fn leftovers(report: &CheckReport) -> Vec<Leftover> {
    let view = |leftover: &crate::check::Leftover| Leftover {
        kind: leftover.kind,
        name: one_line(&leftover.name),
        id: leftover.id.as_deref().map(one_line),
        why: one_line(&leftover.why),
    };
    report.leftovers.iter().map(view).collect()
}

fn family_view(report: &CheckReport, name: &'static str) -> Family {
    let results: Vec<_> = of_family(report, name).collect();
    let counts = Outcome::ALL.into_iter().filter_map(|outcome| {
        let count = results.iter().filter(|result| Outcome::of(result) == outcome).count();
        (count > 0).then(|| format!("{count} {}", outcome.counted()))
    });
    Family {
        name,
        counts: counts.collect::<Vec<_>>().join(", "),
        checks: results.into_iter().map(check_view).collect(),
    }
}

fn check_view(result: &CheckResult) -> CheckView {
    let check = result.check;
    CheckView {
        id: check.id,
        outcome: Outcome::of(result).as_str(),
        holds: check.holds,
        category: check.category.as_str(),
        reference: check.reference,
        took: if result.skipped.is_some() { String::new() } else { time(result.duration) },
        why: result.skipped.as_ref().map(|skipped| one_line(&Skipped::text(skipped))),
        findings: result.findings.iter().map(|finding| finding_view(result, finding)).collect(),
        notes: result.notes.iter().map(|note| sentence(&one_line(note))).collect(),
        load: result.load.as_ref().map(load),
        exchanges: result.exchanges.iter().map(|exchange| ExchangeView::of(exchange)).collect(),
    }
}

fn finding_view(result: &CheckResult, finding: &Finding) -> FindingView {
    FindingView {
        severity: severity(finding.severity),
        known: finding.known,
        observed: sentence(&one_line(&finding.observed)),
        expected: finding.expected.clone(),
        effect: finding.effect.clone(),
        remedy: finding.remedy.clone(),
        shown_by: shown_by(result, finding).and(finding.exchange).map(|at| at + 1),
    }
}

fn microsoft(report: &CheckReport, tests: &'static [Test]) -> Vec<MicrosoftTest> {
    let view = |judged: super::super::microsoft::Judged| MicrosoftTest {
        number: judged.test.number,
        name: judged.test.name,
        weight: judged.test.weight.note(),
        outcome: judged.outcome.as_str(),
        why: judged.why,
        checks: if is_selected(report, judged.test.checks) { judged.test.checks } else { &[] },
    };
    judged(report, tests).into_iter().map(view).collect()
}

/// Whether any of these checks was selected: there is something to link to.
fn is_selected(report: &CheckReport, checks: &[&str]) -> bool {
    checks.iter().any(|id| report.result(id).is_some())
}

fn times(latencies: &Latencies, slowest: f64) -> Times {
    let Latencies { p50, p95, p99, max, .. } = *latencies;
    let bar = |duration: std::time::Duration| duration.as_secs_f64() * LONGEST / slowest.max(f64::MIN_POSITIVE);
    Times {
        of: latencies.of,
        requests: grouped(latencies.requests as u64),
        told: [p50, p95, p99, max].map(time),
        bars: [p50, p95, p99].map(bar),
    }
}

#[expect(clippy::cast_precision_loss, reason = "it is drawn, not counted")]
fn load_view(result: &CheckResult) -> Option<LoadView> {
    let measured = result.load.as_ref()?;
    let bars = bars(&measured.latencies.histogram);
    let most = bars.iter().map(|(_, count)| *count).max().unwrap_or(1).max(1) as f64;
    let bar = |(label, count): (String, usize)| (label, count, count as f64 * LONGEST / most);
    Some(LoadView {
        id: result.check.id,
        told: sentence(&load(measured)),
        times: times(&measured.latencies, measured.latencies.p99.as_secs_f64()),
        histogram: bars.into_iter().map(bar).collect(),
    })
}

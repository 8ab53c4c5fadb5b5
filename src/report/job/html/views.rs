//! What the page is given.

use serde::Serialize;

use super::super::JobReport;
use super::super::document::{ReportedCycle, ReportedScope, ReportedState, ScopeGroup, ScopeSource};
use super::super::overview::{Cause, SlowRequest};
use super::super::quarantines::{Quarantine, QuarantineEnding};
use super::chart::{Chart, chart};
use crate::base::{Timestamp, grouped};
use crate::report::page::{LONGEST, Listed, NAMED, ObjectsView, PRINTED, RuleView};
use crate::report::plan::Subject;
use crate::report::prose::{instant, one_line, sentence, time};
use crate::report::{counted, status_text};
use crate::schema::ObjectKind;

/// So many cycles are in the table.
const LISTED: usize = 60;
/// So many causes are told, and so many rules of each kind.
const TOLD: usize = 50;

#[derive(Serialize)]
pub(super) struct Page {
    title: &'static str,
    verdict: &'static str,
    job: String,
    target: String,
    sentence: String,
    why: Option<String>,
    waiting: Vec<String>,
    facts: Vec<(&'static str, String)>,
    has_run: bool,
    chart: Option<Chart>,
    cycles: Vec<CycleView>,
    /// How many there are beside; empty for none.
    more_cycles: String,
    quarantines: Vec<QuarantineView>,
    scope_source: String,
    scope_table: Vec<ScopeRow>,
    scope_is_known: bool,
    scopes: Vec<ScopeView>,
    causes: Vec<CauseView>,
    /// How many there are beside; empty for none.
    more_causes: String,
    latencies: Vec<LatencyView>,
    slowest: Vec<SlowView>,
    objects_title: &'static str,
    objects: ObjectsView,
    without_script: &'static str,
    prints_all: bool,
}

#[derive(Serialize)]
struct CycleView {
    begun: String,
    kind: &'static str,
    took: String,
    outcome: String,
    requests: String,
    quarantine: Option<String>,
    id: String,
    /// Leads to its objects; `None` where no row has it.
    link: Option<String>,
}

#[derive(Serialize)]
struct QuarantineView {
    began: String,
    ended: String,
    took: String,
    cycles: String,
    reasons: Vec<(String, String, String)>,
    is_now: bool,
}

/// Users or groups in and out of scope.
#[derive(Serialize)]
struct ScopeRow {
    kind: &'static str,
    inside: String,
    outside: String,
    width: f64,
}

#[derive(Serialize)]
struct ScopeView {
    id: &'static str,
    title: &'static str,
    groups: Vec<RuleView>,
    /// How many there are beside; empty for none.
    more: String,
}

#[derive(Serialize)]
struct CauseView {
    code: String,
    gist: String,
    advice: Option<&'static str>,
    count: String,
    width: f64,
    failures: String,
    last: String,
    objects: String,
    failing: String,
    names: Vec<(String, usize)>,
    more: String,
}

#[derive(Serialize)]
struct LatencyView {
    method: &'static str,
    count: String,
    median: String,
    p95: String,
    longest: String,
}

#[derive(Serialize)]
struct SlowView {
    took: String,
    width: f64,
    method: &'static str,
    path: String,
    status: String,
    at: String,
    name: String,
    row: usize,
}

/// Everything that the page shows.
pub(super) fn page(report: &JobReport, order: &[usize], mut objects: Listed) -> Page {
    let mut rows = vec![0; order.len()];
    for (row, place) in order.iter().enumerate() {
        rows[*place] = row;
    }
    let failures = report.log.causes();
    let most = failures.first().map_or(1, |cause| cause.count);
    let slowest = report.log.slowest();
    let longest = slowest.first().map_or(0.0, |request| request.took.as_secs_f64());
    Page {
        title: report.state.title(),
        verdict: verdict(report),
        job: one_line(&report.job),
        target: one_line(&report.target),
        sentence: report.sentence(),
        why: report.why().map(|why| one_line(&why)),
        waiting: report.waiting(),
        facts: facts(report),
        has_run: report.has_run(),
        chart: chart(&report.cycles),
        cycles: report.cycles.iter().take(LISTED).map(|cycle| self::cycle(cycle, &mut objects)).collect(),
        more_cycles: and_more(report.cycles.len(), LISTED),
        quarantines: report.quarantines.iter().map(|quarantine| self::quarantine(quarantine, report.made)).collect(),
        scope_source: scope_source(&report.scope),
        scope_table: scope_table(&report.scope),
        scope_is_known: !report.scope.groups.is_empty(),
        scopes: scopes(report, &rows, &mut objects),
        more_causes: and_more(failures.len(), TOLD),
        causes: failures.into_iter().take(TOLD).map(|cause| self::cause(report, cause, most, &rows)).collect(),
        latencies: latencies(report),
        slowest: slowest.into_iter().map(|request| slow(report, request, longest, &rows)).collect(),
        objects_title: "Every object",
        objects: objects.view(),
        without_script: "`scimulate logs --steps` shows the same in a terminal, `logs NAME --steps` of one object.",
        prints_all: order.len() <= PRINTED,
    }
}

/// How many there are beyond those that are shown; empty for none.
fn and_more(all: usize, shown: usize) -> String {
    match all.saturating_sub(shown) {
        0 => String::new(),
        more => grouped(more as u64),
    }
}

fn verdict(report: &JobReport) -> &'static str {
    match report.state {
        ReportedState::Quarantine { .. } | ReportedState::Disabled(_) => "failing",
        ReportedState::Paused => "held",
        _ if report.failing > 0 || report.held_back > 0 => "held",
        ReportedState::Active => "good",
        ReportedState::NotRun => "plain",
    }
}

fn facts(report: &JobReport) -> Vec<(&'static str, String)> {
    let optional = |name, at: Option<Timestamp>| at.map(|at| (name, instant(at)));
    let last = report.cycles.iter().find_map(|cycle| Some((cycle, cycle.end.as_ref()?)));
    let facts = [
        Some(("Made", format!("{}, by scimulate {}", instant(report.made), env!("CARGO_PKG_VERSION")))),
        last.map(|(cycle, end)| {
            let ended = cycle.ended().map_or_else(String::new, instant);
            ("Last cycle", format!("{}, ended {ended}, took {}", cycle.kind.as_str(), time(end.duration)))
        }),
        optional("Under way since", report.under_way),
        optional("Next cycle due", report.next_cycle),
        Some(("Linked users", grouped(report.linked_users))),
        Some(("Linked groups", grouped(report.linked_groups))),
        Some(("Watermark", report.watermark.map_or_else(|| "none: the next cycle is initial".to_owned(), instant))),
        report
            .steady
            .map(|(first, last)| ("Steady state", format!("first {}, last {}", instant(first), instant(last)))),
        Some(("Covers", report.coverage())),
        report.tenant.as_ref().map(|tenant| ("Tenant", one_line(tenant))),
        report.job_id.as_ref().map(|id| ("Job id", one_line(id))),
    ];
    let facts = facts.into_iter().flatten();
    if !report.has_run() {
        return facts.filter(|(name, _)| *name == "Made").collect();
    }
    facts.collect()
}

fn cycle(cycle: &ReportedCycle, objects: &mut Listed) -> CycleView {
    let end = cycle.end.as_ref();
    let requests = end.map_or(&[][..], |end| &end.requests).iter();
    let requests: Vec<_> = requests.map(|(method, number)| format!("{} {method}", grouped(*number))).collect();
    let quarantine = end.and_then(|end| end.quarantine.as_ref());
    let begun = instant(cycle.started);
    CycleView {
        kind: cycle.kind.as_str(),
        took: end.map_or_else(String::new, |end| time(end.duration)),
        outcome: if quarantine.is_some() && end.is_some_and(|end| end.total() == 0) {
            String::new()
        } else {
            cycle.outcome()
        },
        requests: requests.join(", "),
        quarantine: quarantine.map(|error| {
            // What the longest codes begin with says nothing.
            one_line(error.code.strip_prefix("SystemForCrossDomainIdentityManagement").unwrap_or(&error.code))
        }),
        id: one_line(cycle.id.as_str()),
        link: objects.link(&[("cycle", &begun)]),
        begun,
    }
}

fn quarantine(quarantine: &Quarantine, now: Timestamp) -> QuarantineView {
    let ended = match quarantine.ending {
        QuarantineEnding::Still => "not yet".to_owned(),
        QuarantineEnding::Over(at) => format!("by {}", instant(at)),
        QuarantineEnding::Disabled => "the job was disabled".to_owned(),
        QuarantineEnding::Lifted => "lifted by hand".to_owned(),
    };
    let reason = |(at, code, message): &(Timestamp, String, String)| (instant(*at), one_line(code), one_line(message));
    QuarantineView {
        began: instant(quarantine.began),
        ended,
        took: quarantine.took(now).map_or_else(String::new, span),
        cycles: counted(quarantine.cycles, "cycle"),
        reasons: quarantine.reasons.iter().map(reason).collect(),
        is_now: quarantine.ending == QuarantineEnding::Still,
    }
}

/// A time in the two largest units that it has.
fn span(took: std::time::Duration) -> String {
    let seconds = took.as_secs();
    let units = [("day", seconds / 86_400), ("hour", seconds / 3_600 % 24), ("minute", seconds / 60 % 60)];
    let parts = units.into_iter().filter(|(_, number)| *number > 0).take(2).map(|(unit, number)| counted(number, unit));
    let parts: Vec<_> = parts.collect();
    if parts.is_empty() { counted(seconds, "second") } else { parts.join(" ") }
}

fn scope_source(scope: &ReportedScope) -> String {
    match &scope.source {
        ScopeSource::Export => "As the export says now, by the scope of the job.".to_owned(),
        ScopeSource::Log(why) => {
            format!("As the latest entry of each object in the log says: {}.", one_line(why).trim_end_matches('.'))
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "it is drawn, not counted")]
fn scope_table(scope: &ReportedScope) -> Vec<ScopeRow> {
    let row = |(kind, word): (ObjectKind, &'static str)| {
        let number = |inside: bool| -> usize {
            let groups = scope.groups.iter().filter(|group| group.kind == kind && group.in_scope == inside);
            groups.map(|group| group.objects.len()).sum()
        };
        let (inside, outside) = (number(true), number(false));
        (inside + outside > 0).then(|| ScopeRow {
            kind: word,
            inside: grouped(inside as u64),
            outside: grouped(outside as u64),
            width: inside as f64 * LONGEST / (inside + outside) as f64,
        })
    };
    [(ObjectKind::User, "users"), (ObjectKind::Group, "groups")].into_iter().filter_map(row).collect()
}

fn scopes(report: &JobReport, rows: &[usize], objects: &mut Listed) -> Vec<ScopeView> {
    let sections = [
        ("users-out", "Users out of scope", ObjectKind::User, false),
        ("groups-out", "Groups out of scope", ObjectKind::Group, false),
        ("users-in", "Users in scope", ObjectKind::User, true),
        ("groups-in", "Groups in scope", ObjectKind::Group, true),
    ];
    let sections = sections.into_iter().filter_map(|(id, title, kind, in_scope)| {
        let groups: Vec<&ScopeGroup> =
            report.scope.groups.iter().filter(|group| group.kind == kind && group.in_scope == in_scope).collect();
        let most = groups.iter().map(|group| group.objects.len()).max()?;
        let view =
            |group: &&ScopeGroup| {
                let names = group
                    .objects
                    .iter()
                    .map(|(source_id, name)| (&**name, report.log.place(source_id, kind).map(|place| rows[place])));
                let rule = if group.in_scope && group.rule.is_empty() { "in scope" } else { &group.rule };
                let view = RuleView::new((rule, &group.code), (group.objects.len(), most), names);
                // The list of objects has those of whom the log says the same.
                if report.log.has_rule(&group.code, &group.rule) {
                    view.shown_by(objects.link(&[
                        ("kind", Subject::new(&group.code, kind).as_str()),
                        ("reason", &one_line(&group.rule)),
                    ]))
                } else {
                    view
                }
            };
        let more = and_more(groups.len(), TOLD);
        Some(ScopeView { id, title, groups: groups.iter().take(TOLD).map(view).collect(), more })
    });
    sections.collect()
}

#[expect(clippy::cast_precision_loss, reason = "it is drawn, not counted")]
fn cause(report: &JobReport, cause: &Cause, most: u64, rows: &[usize]) -> CauseView {
    let failing = cause.objects.iter().filter(|place| report.log.is_failing(**place)).count();
    let named = cause.objects.iter().take(NAMED);
    CauseView {
        code: one_line(&cause.code),
        gist: sentence(&one_line(&cause.gist)),
        advice: cause.advice,
        count: grouped(cause.count),
        failures: counted(cause.count, "failure"),
        width: cause.count as f64 * LONGEST / most.max(1) as f64,
        last: instant(cause.last),
        objects: counted(cause.objects.len() as u64, "object"),
        failing: match failing {
            0 => "none of them failed last".to_owned(),
            all if all == cause.objects.len() => "failing now".to_owned(),
            some => format!("{} of them failing now", grouped(some as u64)),
        },
        names: named.map(|place| (one_line(&report.log.objects()[*place].name), rows[*place])).collect(),
        more: and_more(cause.objects.len(), NAMED),
    }
}

fn latencies(report: &JobReport) -> Vec<LatencyView> {
    let latencies = report.log.latencies();
    let view = |latency: super::super::overview::Latency| LatencyView {
        method: latency.method.as_str(),
        count: grouped(latency.count),
        median: time(latency.median),
        p95: time(latency.p95),
        longest: time(latency.longest),
    };
    latencies.into_iter().map(view).collect()
}

fn slow(report: &JobReport, request: &SlowRequest, longest: f64, rows: &[usize]) -> SlowView {
    SlowView {
        took: time(request.took),
        width: request.took.as_secs_f64() * LONGEST / longest.max(f64::MIN_POSITIVE),
        method: request.method.as_str(),
        path: one_line(&request.path),
        status: status_text(request.status),
        at: instant(request.at),
        name: one_line(&report.log.objects()[request.object].name),
        row: rows[request.object],
    }
}

//! Jobs as a page, as JSON and for a ticket.

use std::time::Duration;

use serde_json::{Value, json};

use super::overview::KEPT;
use super::quarantines::QuarantineEnding;
use super::*;
use crate::base::{CycleId, SourceId, TargetId, Timestamp};
use crate::event::{
    ActionKind, Asked, Attempt, ChangeId, Condition, CycleKind, Fact, Found, LogEntry, LoggedBody, LoggedExchange,
    ObjectError, Retry, Trace,
};
use crate::plan::{AttributeChange, Reason, Reference};
use crate::report::log::LogFacts;
use crate::report::prose::instant;
use crate::report::tests::markup::{check_html_page, outside_of_code};
use crate::schema::ObjectKind;
use crate::scim::Method;

/// Everything that a page or a ticket could take for its own.
const HOSTILE: &str = "]]> <script>alert(1)</script> </details> `x` ```\n# h1 | a | <!-- & \" onload='x' {{ 7*7 }} \u{202e}\u{1b}[2J @all";

fn at(minute: u64) -> Timestamp {
    "2026-03-01T10:00:00Z".parse::<Timestamp>().unwrap().checked_add(Duration::from_mins(minute)).unwrap()
}

fn entry(number: u64, name: &str, action: ActionKind, reason: &Reason) -> LogEntry {
    LogEntry {
        number,
        cycle: Some(CycleId::new(format!("cycle-{}", number / 10))),
        change: ChangeId(uuid::Uuid::from_u128(number.into())),
        at: at(number),
        source_id: SourceId::parse(&format!("id-{}", name.split_whitespace().next().unwrap())).unwrap(),
        name: name.to_owned(),
        kind: ObjectKind::User,
        action,
        reason_code: reason.code().to_owned(),
        reason_detail: reason.detail().map(str::to_owned),
        target_id: None,
        changes: Vec::new(),
        error: None,
        duration: Duration::from_millis(number),
        trace: None,
    }
}

fn exchange(method: Method, path: &str, status: Option<u16>, millis: u64, body: LoggedBody) -> LoggedExchange {
    LoggedExchange { method, path: path.into(), status, duration: Duration::from_millis(millis), body }
}

fn created(number: u64, name: &str) -> LogEntry {
    let change = AttributeChange { attribute: "userName".into(), old: None, new: Some(json!(name)) };
    let scoped = Fact::Scoped {
        in_scope: true,
        conditions: vec![Condition { holds: true, evidence: "accountEnabled is true".into() }],
        clauses: "".into(),
    };
    LogEntry {
        target_id: Some(TargetId::new("7")),
        changes: vec![change],
        trace: Some(Trace {
            facts: vec![
                Fact::Imported { known: false, values: vec![("city".into(), None), ("title".into(), Some("".into()))] },
                scoped,
                Fact::LookedUp {
                    asked: Asked::Filter(format!("userName eq \"{name}\"").into()),
                    found: Found::Nothing,
                },
            ],
            exchanges: vec![
                exchange(Method::Get, "/Users?filter=x", Some(200), number, LoggedBody::None),
                exchange(
                    Method::Post,
                    "/Users",
                    Some(201),
                    20,
                    LoggedBody::Json("{\"userName\":\"in the body\"}".into()),
                ),
            ],
            attempt: None,
            retry: None,
        }),
        ..entry(number, name, ActionKind::Create, &Reason::NoMatch)
    }
}

fn failed(number: u64, name: &str, message: &str) -> LogEntry {
    LogEntry {
        error: Some(ObjectError { code: "EntryConflict".to_owned(), message: message.to_owned() }),
        trace: Some(Trace {
            facts: vec![Fact::Imported { known: false, values: Vec::new() }],
            exchanges: vec![exchange(Method::Post, "/Users", Some(409), 700, LoggedBody::None)],
            attempt: Some(Attempt { action: ActionKind::Create, reason: "no account matches".into(), sent: true }),
            retry: Some(Retry { failures: 2, next: at(500) }),
        }),
        ..entry(number, name, ActionKind::Fail, &Reason::RequestFailed(message.into()))
    }
}

fn cycle(number: u64, actions: &[(ActionKind, u64)], quarantine: Option<&str>) -> ReportedCycle {
    ReportedCycle {
        id: CycleId::new(format!("cycle-{number}")),
        kind: if number == 0 { CycleKind::Initial } else { CycleKind::Incremental },
        started: at(40 * number),
        end: Some(ReportedEnd {
            duration: Duration::from_mins(1),
            completed: quarantine.is_none(),
            actions: actions.to_vec(),
            references: 0,
            reference_failures: 0,
            requests: vec![("GET".to_owned(), 3)],
            quarantine: quarantine.map(|code| ObjectError { code: code.to_owned(), message: "why".to_owned() }),
        }),
        under_way: false,
    }
}

/// A report over entries that come with the oldest first.
fn report(entries: &[LogEntry], cycles: Vec<ReportedCycle>) -> JobReport {
    let mut log = LogOverview::default();
    entries.iter().rev().for_each(|entry| log.add(entry));
    JobReport {
        job: "contoso".to_owned(),
        job_id: Some("scim.1.2".to_owned()),
        target: "https://app.example/scim".to_owned(),
        tenant: None,
        made: at(200),
        state: ReportedState::Active,
        under_way: None,
        linked_users: 2,
        linked_groups: 0,
        failing: 1,
        failing_since: Some(at(3)),
        held_back: 0,
        allowed: 0,
        watermark: Some(at(41)),
        steady: None,
        next_cycle: Some(at(240)),
        narrowed: Narrowing::Nothing,
        quarantines: quarantines(&cycles, &ReportedState::Active),
        cycles,
        scope: log.scope("there is no export".to_owned()),
        log,
    }
}

fn entry_of(entries: &[LogEntry]) -> impl FnMut(u64) -> Option<LogEntry> {
    |number| entries.iter().find(|entry| entry.number == number).cloned()
}

fn html(report: &JobReport, entries: &[LogEntry]) -> String {
    let html = job_html(report, &mut entry_of(entries));
    check_html_page(&html);
    html
}

fn json(report: &JobReport, entries: &[LogEntry]) -> Value {
    let facts = LogFacts {
        job_id: "scim.1.2".to_owned(),
        application: "contoso".to_owned(),
        user_object: "User".to_owned(),
        group_object: "Group".to_owned(),
    };
    let mut text = Vec::new();
    job_json(report, &facts, &mut entry_of(entries), &mut text).unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// Two cycles: one creation, one failure that stays, one that is over, one skipped user, references.
fn sample() -> (Vec<LogEntry>, JobReport) {
    let skipped = Reason::NotEffectivelyEntitled("not assigned to the application".into());
    let manager = Reason::ReferenceSet(Reference::Manager("ann@contoso.com".into()));
    let entries = vec![
        created(1, "ann@contoso.com"),
        failed(2, "bob@contoso.com", "status 409: \"bob\" is there"),
        failed(3, "cleo@contoso.com", "status 409: \"cleo\" is there"),
        entry(4, "dan@contoso.com", ActionKind::Skip, &skipped),
        entry(5, "ann@contoso.com", ActionKind::Update, &manager),
        failed(10, "bob@contoso.com", "status 409: \"bob\" is there"),
        created(11, "cleo@contoso.com"),
    ];
    let first = [(ActionKind::Create, 1), (ActionKind::Skip, 1), (ActionKind::Fail, 2)];
    let second = [(ActionKind::Create, 1), (ActionKind::Fail, 1)];
    let cycles = vec![cycle(1, &second, None), cycle(0, &first, None)];
    let report = report(&entries, cycles);
    (entries, report)
}

fn main_of(html: &str) -> String {
    html[html.find("<main").unwrap()..].replace(env!("CARGO_PKG_VERSION"), "[version]")
}

#[test]
fn a_page() {
    let (entries, report) = sample();
    insta::assert_snapshot!("html", main_of(&html(&report, &entries)));
}

#[test]
fn a_ticket() {
    let (_, report) = sample();
    insta::assert_snapshot!("markdown", job_markdown(&report).replace(env!("CARGO_PKG_VERSION"), "[version]"));
}

#[test]
fn a_document() {
    let (entries, report) = sample();
    let document = json(&report, &entries);
    let keys: Vec<_> = document.as_object().unwrap().keys().map(String::as_str).collect();
    let expected =
        ["formatVersion", "job", "cycles", "quarantines", "scope", "latencies", "slowest", "failures", "objects"];
    assert_eq!(keys, expected);
    let objects = document["objects"].as_array().unwrap();
    let told: Vec<_> = objects
        .iter()
        .map(|object| {
            let entries = object["entries"].as_array().unwrap().len();
            format!("{} {} {} {entries}", object["name"], object["about"], object["action"]).replace('"', "")
        })
        .collect();
    assert_eq!(
        told,
        [
            "bob@contoso.com user fail 2",
            "cleo@contoso.com user create 2",
            "ann@contoso.com user create 1",
            "ann@contoso.com manager update 1",
            "dan@contoso.com user skip 1",
        ]
    );
    assert_eq!(objects[1]["entries"][0]["requests"][1]["body"]["userName"], "in the body");
    assert_eq!(document["slowest"][0]["durationMs"], 700.0);
    let post = &document["latencies"][1];
    assert_eq!((&post["method"], &post["count"], &post["p50Ms"]), (&json!("POST"), &json!(5), &json!(700.0)));
}

#[test]
fn failures_are_told_by_cause() {
    let (_, report) = sample();
    let causes = report.log.causes();
    let [cause] = causes.as_slice() else { panic!("{causes:?}") };
    assert_eq!((cause.code.as_str(), cause.gist.as_str()), ("EntryConflict", "status 409: … is there"));
    let names: Vec<_> = cause.objects.iter().map(|place| &*report.log.objects()[*place].name).collect();
    assert_eq!((cause.count, names), (3, vec!["bob@contoso.com", "cleo@contoso.com"]));
    assert_eq!(cause.last, at(10));
    let failing: Vec<_> = cause.objects.iter().map(|place| report.log.is_failing(*place)).collect();
    assert_eq!(failing, [true, false]);
}

#[test]
fn who_shares_a_matching_value_is_one_group_whoever_the_other_is() {
    let same = |other: &str| Reason::DuplicateSourceEntries(other.into());
    let entries = [("ann", "bob"), ("bob", "ann"), ("cleo", "dan")];
    let entries: Vec<_> =
        entries.iter().zip(1..).map(|((name, other), n)| entry(n, name, ActionKind::Fail, &same(other))).collect();
    let by_log = report(&entries, Vec::new()).scope;
    let group = |name: &str, other: &str| ScopeGroup {
        in_scope: false,
        code: "DuplicateSourceEntries".to_owned(),
        rule: same(other).to_string(),
        kind: ObjectKind::User,
        objects: vec![(SourceId::parse(name).unwrap(), name.into())],
    };
    let by_export = ReportedScope::new(ScopeSource::Export, vec![group("ann", "bob"), group("cleo", "dan")]);
    for (scope, count) in [(by_log, 3), (by_export, 2)] {
        let [group] = scope.groups.as_slice() else { panic!("{scope:?}") };
        assert_eq!((group.objects.len(), group.in_scope), (count, false));
        assert_eq!(group.rule, "another object has the same matching value");
    }
}

#[test]
fn a_rule_leads_to_all_whom_it_decided() {
    let named = |n: u64| (n, format!("user{n}"));
    let same = Reason::DuplicateSourceEntries("somebody".into());
    let out = Reason::NotEffectivelyEntitled("accountEnabled is false".into());
    let mut entries: Vec<_> = (1..=25)
        .map(named)
        .map(|(n, name)| LogEntry {
            error: Some(ObjectError { code: same.code().to_owned(), message: same.to_string() }),
            ..entry(n, &name, ActionKind::Fail, &same)
        })
        .collect();
    entries.extend((26..=50).map(named).map(|(n, name)| entry(n, &name, ActionKind::Skip, &out)));
    let page = html(&report(&entries, Vec::new()), &entries);
    for rule in ["another object has the same matching value", "accountEnabled is false"] {
        let filter = format!(
            "and 5 more<span class=\"needs-script\">: <a href=\"#kind=user&amp;reason={}\">",
            rule.replace(' ', "+")
        );
        assert!(page.contains(&filter), "{rule}");
        assert!(page.contains(&format!("name=\"reason\" value=\"{rule}\"")), "{rule}");
    }
}

#[test]
fn a_link_leads_to_its_objects_however_many_values_there_are_and_none_leads_nowhere() {
    let entries: Vec<_> = (0..14).map(|n| created(10 * n, &format!("user{n}"))).collect();
    let cycles = (0..15).rev().map(|n| cycle(n, &[], None)).collect();
    let page = html(&report(&entries, cycles), &entries);
    let begun = |n: u64| instant(at(40 * n));
    let chip = |n: u64| page.split("<label").find(|label| label.contains(&format!("value=\"{}\"", begun(n)))).unwrap();
    assert!(chip(13).starts_with(" class=\"chip\">"), "offered: {}", chip(13));
    assert!(chip(0).starts_with(" class=\"chip\" hidden>"), "there once a link has chosen it: {}", chip(0));
    let link = |n: u64| page.contains(&format!("href=\"#cycle={}\"", begun(n).replace(':', "%3A").replace(' ', "+")));
    assert_eq!([0, 13, 14].map(link), [true, true, false], "the last one had nothing to do");
}

#[test]
fn causes_are_bounded() {
    let words =
        |number: u32| format!("{}{}", ["a", "b", "c", "d"][number as usize % 4].repeat(1 + number as usize / 4), "x");
    let entries: Vec<_> = (0..700).map(|number| failed(number.into(), "bob", &words(number))).collect();
    let report = report(&entries, Vec::new());
    let causes = report.log.causes();
    assert_eq!(causes.len(), 501, "500 and one for the rest");
    assert_eq!((causes[0].gist.as_str(), causes[0].count), ("other messages", 200));
    assert_eq!(causes.iter().map(|cause| cause.count).sum::<u64>(), 700);
}

#[test]
fn quarantines_follow_from_what_the_cycles_say() {
    let begun = |minute| at(40 * minute + 1);
    let state = |minute| ReportedState::Quarantine {
        reason: "b".to_owned(),
        message: "why".to_owned(),
        since: begun(minute),
        attempts: 1,
        next_attempt: at(1000),
    };
    let check =
        |reasons: &[Option<&str>], state: &ReportedState, expected: &[(u64, QuarantineEnding, &[&str], u64)]| {
            let cycles = reasons.iter().enumerate().map(|(number, reason)| cycle(number as u64, &[], *reason));
            let found = quarantines(&cycles.rev().collect::<Vec<_>>(), state);
            let told: Vec<_> = found
                .iter()
                .map(|quarantine| {
                    let codes: Vec<_> = quarantine.reasons.iter().map(|(_, code, _)| code.as_str()).collect();
                    (quarantine.began, quarantine.ending, codes, quarantine.cycles)
                })
                .collect();
            let expected: Vec<_> = expected
                .iter()
                .map(|(minute, ending, codes, cycles)| (begun(*minute), *ending, codes.to_vec(), *cycles))
                .collect();
            assert_eq!(told, expected, "{reasons:?}");
        };
    let (active, disabled) = (ReportedState::Active, ReportedState::Disabled(None));
    let over = |minute| QuarantineEnding::Over(begun(minute));
    check(&[None, None], &active, &[]);
    check(&[None, Some("a"), Some("a"), Some("b"), None], &active, &[(1, over(4), &["a", "b"], 3)]);
    check(
        &[Some("a"), None, Some("b")],
        &state(2),
        &[(2, QuarantineEnding::Still, &["b"], 1), (0, over(1), &["a"], 1)],
    );
    check(&[Some("a")], &active, &[(0, QuarantineEnding::Lifted, &["a"], 1)]);
    check(&[Some("a")], &disabled, &[(0, QuarantineEnding::Disabled, &["a"], 1)]);
    // Lifted in between: the state says that the one of now began later.
    check(
        &[Some("a"), Some("b"), Some("b")],
        &state(1),
        &[(1, QuarantineEnding::Still, &["b"], 2), (0, QuarantineEnding::Lifted, &["a"], 1)],
    );
}

#[test]
fn of_each_object_the_last_entries_are_shown_and_the_rest_counted() {
    let entries: Vec<_> = (1..=KEPT as u64 + 3).map(|number| created(number, "ann")).collect();
    let report = report(&entries, vec![cycle(1, &[], None), cycle(0, &[], None)]);
    let page = html(&report, &entries);
    assert_eq!(page.matches("<details class=\"older\">").count(), KEPT - 1);
    assert!(page.contains("3 earlier: <code>scimulate logs id-ann</code>"), "{page}");
    assert!(page.contains("of each object the last 10 are shown, 3 earlier ones aren’t"));
    let document = json(&report, &entries);
    assert_eq!(document["objects"][0]["entries"].as_array().unwrap().len(), KEPT);
    assert_eq!((&document["job"]["entries"], &document["job"]["entriesLeftOut"]), (&json!(13), &json!(3)));
    assert_eq!(document["latencies"][0]["count"], 13, "the requests of all count");
}

#[test]
fn a_job_that_never_ran_says_so() {
    let mut empty = report(&[], Vec::new());
    (empty.state, empty.watermark, empty.failing, empty.job_id) = (ReportedState::NotRun, None, 0, None);
    let page = html(&empty, &[]);
    for text in [main_of(&page), job_markdown(&empty)] {
        assert!(text.contains("No cycle of this job has begun yet"), "{text}");
    }
    assert!(!page.contains("id=\"objects\"") && !page.contains("id=\"cycles\""));
    assert_eq!((&json(&empty, &[])["job"]["state"], &json(&empty, &[])["objects"]), (&json!("not-run"), &json!([])));
}

#[test]
fn what_was_provisioned_on_demand_before_the_first_cycle_is_told() {
    let entries = vec![LogEntry { cycle: None, ..created(1, "ann@contoso.com") }];
    let mut report = report(&entries, Vec::new());
    (report.state, report.watermark) = (ReportedState::NotRun, None);
    let page = main_of(&html(&report, &entries));
    assert!(page.contains("ann@contoso.com") && page.contains("No cycle of this job has begun yet."), "{page}");
    assert!(!page.contains("nothing to report"));
}

#[test]
fn what_is_hostile_is_text() {
    let mut bad = created(1, HOSTILE);
    bad.changes = vec![AttributeChange {
        attribute: HOSTILE.into(),
        old: Some(json!(HOSTILE)),
        new: Some(json!({ HOSTILE: HOSTILE })),
    }];
    bad.target_id = Some(TargetId::new(HOSTILE));
    let trace = bad.trace.as_mut().unwrap();
    trace.facts.insert(0, Fact::Imported { known: true, values: vec![(HOSTILE.into(), Some(HOSTILE.into()))] });
    trace.exchanges.push(exchange(Method::Patch, HOSTILE, None, 900, LoggedBody::Json(HOSTILE.into())));
    let mut failed = failed(2, HOSTILE, HOSTILE);
    failed.error.as_mut().unwrap().code = HOSTILE.to_owned();
    let skipped = entry(3, "bob", ActionKind::Skip, &Reason::NotEffectivelyEntitled(HOSTILE.into()));
    let skipped = LogEntry { name: HOSTILE.to_owned(), ..skipped };
    let entries = vec![bad, LogEntry { source_id: SourceId::parse("other").unwrap(), ..failed }, skipped];
    let mut report = report(&entries, vec![cycle(1, &[], Some(HOSTILE)), cycle(0, &[], None)]);
    let text = || HOSTILE.to_owned();
    (report.job, report.target, report.job_id, report.tenant) = (text(), text(), Some(text()), Some(text()));
    report.state =
        ReportedState::Quarantine { reason: text(), message: text(), since: at(1), attempts: 1, next_attempt: at(2) };
    let page = main_of(&html(&report, &entries));
    for unescaped in ["<script>alert", "\" onload", "\u{202e}", "\u{1b}", "<!-- &"] {
        assert!(!page.contains(unescaped), "{unescaped:?}");
    }
    assert!(page.contains("&lt;script&gt;alert(1)") && page.contains("{{ 7*7 }}"));
    let ticket = job_markdown(&report);
    assert!(!ticket.contains('\u{1b}') && !ticket.contains('\u{202e}'));
    for line in ticket.lines() {
        let outside = outside_of_code(line).replace("<code>", "").replace("</code>", "");
        assert!(!outside.contains('<') && !outside.starts_with("# ") && !outside.contains('@'), "{line}");
    }
    json(&report, &entries);
}

#[test]
fn what_is_below_the_rows_of_many_is_packed() {
    let entries: Vec<_> = (1..=1_001).map(|number| created(number, &format!("user{number}"))).collect();
    let report = report(&entries, vec![cycle(1, &[], None)]);
    let page = html(&report, &entries);
    assert_eq!((page.matches("data-at=").count(), page.matches("id=\"chunk-").count()), (1_001, 5));
    assert!(!page.contains("in the body"), "packed");
}

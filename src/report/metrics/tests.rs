use super::*;
use crate::base::SourceId;
use crate::event::{ChangeId, ObjectError, ObjectRecord, RequestCounts, Summary};
use crate::plan::{Reason, Reference};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_774_000_000 + seconds).unwrap()
}

fn object(kind: ObjectKind, action: ActionKind, reason: Reason) -> Event {
    Event::Object(ObjectRecord {
        change: ChangeId(uuid::Uuid::nil()),
        at: at(1),
        source_id: SourceId::parse("ann").unwrap(),
        name: "ann@contoso.com".to_owned(),
        kind,
        action,
        reason,
        target_id: None,
        changes: Vec::new(),
        error: None,
        duration: Duration::ZERO,
    })
}

fn ended(completed: bool, quarantine: Option<&str>) -> Event {
    Event::CycleEnded(CycleReport {
        id: CycleId::new("c1"),
        kind: CycleKind::Initial,
        started: at(0),
        duration: Duration::from_millis(2_500),
        summary: Summary::default(),
        requests: RequestCounts::default(),
        deviations: None,
        completed,
        quarantine: quarantine.map(|code| ObjectError { code: code.to_owned(), message: "401".to_owned() }),
    })
}

fn started() -> Event {
    Event::CycleStarted { id: CycleId::new("c1"), kind: CycleKind::Initial, at: at(0) }
}

fn metrics() -> Metrics {
    let mut metrics = Metrics::new("we\"do".to_owned(), "https://api.wedo.example/scim/v2".to_owned());
    metrics.job_id = "wedo.1.2".to_owned();
    metrics.standing.state = "active";
    metrics
}

#[test]
fn a_page_in_the_middle_of_a_cycle() {
    let mut metrics = metrics();
    let skip = Reason::NotEffectivelyEntitled("not assigned".into());
    let manager = || Reason::ReferenceSet(Reference::Manager("bob".into()));
    for event in [
        started(),
        Event::Evaluated { objects: 5, due: 4 },
        object(ObjectKind::User, ActionKind::Create, Reason::NoMatch),
        object(ObjectKind::User, ActionKind::Skip, skip),
        object(ObjectKind::Group, ActionKind::Create, Reason::NoMatch),
        object(ObjectKind::User, ActionKind::Update, manager()),
        object(ObjectKind::User, ActionKind::Fail, manager()),
    ] {
        metrics.count(&event);
    }
    let milliseconds = Duration::from_millis;
    for (method, status, duration) in [
        ("GET", Some(200), milliseconds(5)),
        ("GET", Some(200), milliseconds(6)),
        ("GET", Some(404), milliseconds(31_000)),
        ("POST", Some(201), milliseconds(80)),
        ("POST", Some(503), milliseconds(90)),
        ("POST", None, milliseconds(30_000)),
        ("OPTIONS", Some(200), milliseconds(1)),
    ] {
        metrics.count_request(method, status, duration);
    }
    metrics.standing.linked = [2, 1];
    insta::assert_snapshot!(metrics.to_string());
}

#[test]
fn counters_go_on_and_the_last_cycle_stays() {
    let mut metrics = metrics();
    for event in [started(), ended(true, None), started(), ended(false, Some("Unauthorized"))] {
        metrics.count(&event);
    }
    metrics.standing = Standing {
        state: "quarantine",
        quarantine: Some(("Exception".to_owned(), "401".to_owned())),
        next_cycle: Some(at(60)),
        ..Standing::default()
    };
    let page = metrics.to_string();
    for line in [
        "scimulate_cycles_total{kind=\"initial\",outcome=\"completed\"} 1",
        "scimulate_cycles_total{kind=\"initial\",outcome=\"quarantined\"} 1",
        "scimulate_job_state{state=\"quarantine\"} 1",
        "scimulate_job_state{state=\"active\"} 0",
        "scimulate_last_cycle_start_timestamp_seconds 1774000000",
        "scimulate_last_cycle_end_timestamp_seconds 1774000002.5",
        "scimulate_last_cycle_duration_seconds 2.5",
        "scimulate_last_completed_cycle_end_timestamp_seconds 1774000002.5",
        "scimulate_next_cycle_timestamp_seconds 1774000060",
        "scimulate_cycle_running{kind=\"initial\"} 0",
        "scimulate_cycle_due_objects 0",
    ] {
        assert!(page.lines().any(|found| found == line), "{line}\n{page}");
    }
}

#[test]
fn what_ended_in_quarantine_did_not_get_through() {
    let through = |metrics: &Metrics| {
        let page = metrics.to_string();
        let name = "scimulate_last_completed_cycle_end_timestamp_seconds ";
        page.lines().find_map(|line| line.strip_prefix(name).map(str::to_owned))
    };
    for (completed, quarantine, expected) in [
        (true, None, Some("1774000002.5")),
        (true, Some("EncounteredEscrowProportionThreshold"), None),
        (false, Some("Unauthorized"), None),
        (false, None, None),
    ] {
        let mut metrics = metrics();
        metrics.count(&ended(completed, quarantine));
        assert_eq!(through(&metrics).as_deref(), expected, "{completed} {quarantine:?}");
    }
}

#[test]
fn cycles_of_an_earlier_run_are_remembered() {
    let cycle = |id: &str, second: i64, completed: bool| LastCycle {
        id: CycleId::new(id),
        kind: CycleKind::Incremental,
        started: at(second),
        duration: Duration::from_secs(1),
        completed,
        failed: 2,
    };
    let mut metrics = metrics();
    metrics.remember(Some(cycle("before", -7201, false)), Some(at(-9000)));
    let check = |metrics: &Metrics, lines: [&str; 3], last: Value, status: &str| {
        let page = metrics.to_string();
        for line in lines {
            assert!(page.lines().any(|found| found == line), "{line}\n{page}");
        }
        let document = metrics.health().1;
        assert_eq!((&document["lastCycle"]["id"], document["status"].as_str()), (&last, Some(status)), "{document}");
    };
    let lines = [
        "scimulate_last_cycle_end_timestamp_seconds 1773992800",
        "scimulate_last_cycle_duration_seconds 1",
        "scimulate_last_completed_cycle_end_timestamp_seconds 1773991000",
    ];
    check(&metrics, lines, json!("before"), "starting");
    metrics.count(&ended(true, None));
    let lines = [
        "scimulate_last_cycle_end_timestamp_seconds 1774000002.5",
        "scimulate_last_cycle_duration_seconds 2.5",
        "scimulate_last_completed_cycle_end_timestamp_seconds 1774000002.5",
    ];
    check(&metrics, lines, json!("c1"), "ok");
    metrics.remember(Some(cycle("before", -7201, false)), Some(at(-9000)));
    metrics.remember(None, None);
    check(&metrics, lines, json!("c1"), "ok");
    // Somebody else ran one meanwhile.
    metrics.remember(Some(cycle("another", 60, true)), Some(at(61)));
    let lines = [
        "scimulate_last_cycle_end_timestamp_seconds 1774000061",
        "scimulate_last_cycle_duration_seconds 1",
        "scimulate_last_completed_cycle_end_timestamp_seconds 1774000061",
    ];
    check(&metrics, lines, json!("another"), "ok");
}

#[test]
fn every_sample_has_its_family() {
    let page = metrics().to_string();
    let mut families: Vec<&str> = Vec::new();
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            families.push(rest.split(' ').next().unwrap());
        } else if !line.starts_with('#') {
            let name = line.split(['{', ' ']).next().unwrap();
            let family = families.last().unwrap();
            assert!(name.starts_with(family) && name.starts_with("scimulate_"), "{line} in {family}");
            assert!(line.rsplit(' ').next().unwrap().parse::<f64>().is_ok(), "{line}");
        }
    }
    let count = families.len();
    families.sort_unstable();
    families.dedup();
    assert_eq!(families.len(), count, "each once");
}

#[test]
fn health() {
    let mut metrics = metrics();
    let check = |metrics: &Metrics, good: bool, status: &str| {
        let (is_good, document) = metrics.health();
        assert_eq!((is_good, document["status"].as_str()), (good, Some(status)), "{document}");
    };
    metrics.standing.state = "not-run";
    check(&metrics, true, "starting");
    metrics.standing.state = "active";
    metrics.count(&started());
    check(&metrics, true, "starting");
    metrics.count(&ended(true, None));
    check(&metrics, true, "ok");
    for state in ["quarantine", "paused", "disabled"] {
        metrics.standing.state = state;
        check(&metrics, false, "failing");
    }
    metrics.standing.quarantine = Some(("Exception".to_owned(), "401".to_owned()));
    assert_eq!(metrics.health().1["reason"], "Exception");
}

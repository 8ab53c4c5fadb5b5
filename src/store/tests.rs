//! The store against real files.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::base::{CycleId, Digest, Fingerprint, JobId, SourceId, TargetId, Timestamp};
use crate::event::{
    ActionKind, ChangeId, CycleKind, CycleReport, LogEntry, ObjectError, ObjectRecord, RequestCounts, Summary,
};
use crate::plan::{AttributeChange, FailedPart, Failure, PriorState, Reason, Reference, Staged, Standing};
use crate::schema::ObjectKind;
use crate::scim::Method;

mod files;
mod levers;
mod log;
mod progress;
mod references;
mod snapshot;

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn open(folder: &TempDir) -> Store {
    Store::open(folder.path(), "wedo").unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_772_000_000 + second).unwrap()
}

fn id(number: usize) -> SourceId {
    SourceId::parse(&format!("0b4d5a6e-0001-4000-8000-{number:012x}")).unwrap()
}

fn linked(number: u64) -> PriorState {
    PriorState {
        name: format!("Ünal{number}@contoso.com").into(),
        target: Some(TargetId::new(format!("account-{number}"))),
        standing: Standing::InScope,
        fingerprints: vec![Some(Fingerprint(number)), None, Some(Fingerprint(u64::MAX - number))],
        deleted_since: None,
        failure: None,
        staged: None,
    }
}

fn failed() -> PriorState {
    let failure = Failure {
        count: 3,
        first_at: at(-90),
        last_at: at(-30),
        code: "InvalidAnchor".into(),
        message: "it's gone".into(),
        seen: Fingerprint(u64::MAX - 5),
        part: FailedPart::Reference,
        action: ActionKind::Disable,
    };
    let deleted_since = Some(at(-5));
    PriorState {
        name: "".into(),
        target: None,
        standing: Standing::SoftDeleted,
        fingerprints: vec![],
        deleted_since,
        failure: Some(failure),
        staged: Some(Staged { since: at(-7), allowed_until: None }),
    }
}

fn record(number: usize) -> ObjectRecord {
    let change = |attribute: &str, old, new| AttributeChange { attribute: attribute.into(), old, new };
    ObjectRecord {
        change: ChangeId(uuid::Uuid::from_u128(number as u128)),
        at: at(1),
        source_id: id(number),
        name: format!("user{number}@contoso.com"),
        kind: ObjectKind::User,
        action: ActionKind::Update,
        reason: Reason::LeftScope("not assigned any more".into()),
        target_id: Some(TargetId::new("T-1")),
        changes: vec![
            change("active", Some(json!(true)), Some(json!("False"))),
            change("title", Some(Value::Null), None),
            change("emails[type eq \"work\"].value", None, Some(json!({"a": [1, 2.5]}))),
        ],
        error: Some(ObjectError { code: "X".into(), message: "y\n\"z\"".into() }),
        duration: Duration::from_micros(1_234_567),
    }
}

fn outcome(kind: ObjectKind, id: &SourceId, state: StateChange, record: Option<ObjectRecord>) -> Outcome {
    Outcome { kind, source_id: id.clone(), state, references: vec![], record, trace: None }
}

fn put(number: usize, state: PriorState) -> Outcome {
    let record = Some(record(number));
    outcome(ObjectKind::User, &id(number), StateChange::Put(state), record)
}

fn start(name: &str) -> CycleStart {
    CycleStart { id: CycleId::new(name), kind: CycleKind::Initial, started: at(0) }
}

fn report(name: &str, completed: bool) -> CycleReport {
    let mut summary = Summary::default();
    summary.add(ActionKind::Create, &Reason::NoMatch);
    summary.add(ActionKind::Skip, &Reason::NotEffectivelyEntitled("role".into()));
    for action in [ActionKind::Update, ActionKind::Update, ActionKind::Fail] {
        summary.add_record(&ObjectRecord {
            action,
            reason: Reason::ReferenceSet(Reference::Manager("ann".into())),
            ..record(1)
        });
    }
    let mut requests = RequestCounts::default();
    requests.add(Method::Get);
    requests.add(Method::Get);
    requests.add(Method::Post);
    CycleReport {
        id: CycleId::new(name),
        kind: CycleKind::Initial,
        started: at(0),
        duration: Duration::from_millis(1500),
        summary,
        requests,
        deviations: None,
        completed,
        quarantine: None,
    }
}

fn watermark() -> Watermark {
    let set = |hashes: &[u64]| KnownSet::from_unsorted(hashes.to_vec());
    Watermark {
        attributes: vec!["userPrincipalName".into(), "düse \"x\"".into()],
        rules: Digest::of(b"rules"),
        scope: "assigned".into(),
        ended: at(7),
        users: set(&[3, 1, u64::MAX]),
        assignments: set(&[]),
        memberships: set(&[9]),
        groups: set(&[4, 5]),
    }
}

fn all_records(store: &Store) -> Result<Vec<LogEntry>, StoreError> {
    store.log(&LogQuery::default(), usize::MAX)
}

/// The files as they are at this moment, as a killed process leaves them.
fn as_if_killed(from: &Path) -> TempDir {
    let copy = folder();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() != "wedo.db-shm" {
            fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
    }
    copy
}

#[test]
fn a_new_state_is_empty() {
    let folder = folder();
    assert!(Store::open_existing(folder.path(), "wedo").unwrap().is_none());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "reading makes no file");
    let store = open(&folder);
    assert_eq!(store.binding().unwrap(), None);
    assert_eq!(store.watermark().unwrap(), None);
    assert_eq!(store.job_state().unwrap(), JobState::NotRun);
    assert_eq!(store.totals().unwrap(), Totals::default());
    assert!(store.objects(ObjectKind::User).unwrap().is_empty());
    assert!(store.objects(ObjectKind::User).unwrap().get(&id(1)).is_none());
    assert_eq!(store.cycles(10).unwrap(), []);
    assert_eq!(all_records(&store).unwrap(), []);
}

#[test]
fn objects_come_back_as_they_were() {
    let folder = folder();
    let writer = open(&folder).writer().unwrap();
    let hand_made = SourceId::parse("Ann-42").unwrap();
    for number in 0..1200 {
        writer.send_blocking(put(number, linked(number as u64))).unwrap();
    }
    for (kind, id, state) in [
        (ObjectKind::User, &hand_made, StateChange::Put(failed())),
        (ObjectKind::Group, &hand_made, StateChange::Put(linked(7))),
        (ObjectKind::User, &id(3), StateChange::Remove),
        (ObjectKind::User, &id(4), StateChange::Put(failed())),
        (ObjectKind::User, &id(5), StateChange::Keep),
    ] {
        writer.send_blocking(outcome(kind, id, state, None)).unwrap();
    }
    writer.finish().unwrap().close().unwrap();

    let store = Store::open_existing(folder.path(), "wedo").unwrap().unwrap();
    let users = store.objects(ObjectKind::User).unwrap();
    assert_eq!(users.len(), 1200);
    assert_eq!(users.get(&hand_made), Some(failed()));
    assert_eq!(users.get(&id(3)), None);
    assert_eq!(users.get(&id(4)), Some(failed()));
    for number in (5..1200).chain(0..3) {
        assert_eq!(users.get(&id(number)), Some(linked(number as u64)), "{number}");
    }
    assert_eq!(users.get(&id(1200)), None);
    let (first, view) = users.iter().next().unwrap();
    assert_eq!((first, view.name(), view.target()), (&id(0), "Ünal0@contoso.com", Some("account-0")));
    assert_eq!(view.fingerprints().next(), Some(Some(Fingerprint(0))));
    assert_eq!(users.iter().filter(|(_, view)| view.failure().is_some()).count(), 2);

    let groups = store.objects(ObjectKind::Group).unwrap();
    assert_eq!(groups.len(), 1);
    assert_eq!(groups.get(&hand_made), Some(linked(7)));
    let expected = Totals {
        objects: 1201,
        linked: 1199,
        linked_groups: 1,
        failing: 2,
        failing_since: Some(at(-90)),
        cycles: 0,
        records: 1200,
    };
    assert_eq!(store.totals().unwrap(), expected);
    assert_eq!(store.staged().unwrap().len(), 2);
}

#[test]
fn cycles_and_watermark_end_together() {
    let folder = folder();
    let mut store = open(&folder);
    store.begin_cycle(&start("killed")).unwrap();
    // The same seed gives the same id again.
    store.begin_cycle(&start("again")).unwrap();
    store.end_cycle(&report("again", true), Some(watermark()), &JobMemory::default(), false).unwrap();
    store.begin_cycle(&start("again")).unwrap();
    store.end_cycle(&report("again", false), None, &JobMemory::default(), false).unwrap();
    store.close().unwrap();

    let mut store = open(&folder);
    assert_eq!(store.watermark().unwrap(), Some(watermark()));
    let cycles = store.cycles(9).unwrap();
    assert_eq!(cycles.iter().map(|cycle| cycle.start.id.as_str()).collect::<Vec<_>>(), ["again", "again", "killed"]);
    assert_eq!(cycles[2], CycleRow { start: start("killed"), end: None, progress: None });
    let completed: Vec<_> = cycles.iter().map(|cycle| cycle.end.as_ref().map(|end| end.completed)).collect();
    assert_eq!(completed, [Some(false), Some(true), None]);
    let end = cycles[1].end.as_ref().unwrap();
    assert_eq!(
        (end.duration, end.count(ActionKind::Create), end.count(ActionKind::Fail)),
        (Duration::from_millis(1500), 1, 0)
    );
    assert_eq!((end.references, end.reference_failures), (2, 1));
    assert_eq!(json!(end.skipped), json!({"NotEffectivelyEntitled": 1}));
    assert_eq!(json!(end.requests), json!({"GET": 2, "POST": 1}));
    assert_eq!(store.cycles(1).unwrap().len(), 1);

    store.restart(&"watermark".parse().unwrap(), at(1)).unwrap();
    assert_eq!(store.watermark().unwrap(), None);
}

#[test]
fn it_belongs_to_one_target_and_one_tenant() {
    let folder = folder();
    let mut store = open(&folder);
    let binding = |job: &str, target: &str, tenant: Option<&str>| Binding {
        job_id: JobId::new(job),
        target: target.to_owned(),
        tenant: tenant.map(str::to_owned),
    };
    store.bind(&binding("j", "https://a/scim", None)).unwrap();
    store.bind(&binding("j2", "https://a/scim", Some("t1"))).unwrap();
    store.bind(&binding("j2", "https://a/scim", Some("T1"))).unwrap();
    store.bind(&binding("j2", "https://a/scim", None)).unwrap();
    assert_eq!(store.binding().unwrap(), Some(binding("j2", "https://a/scim", Some("t1"))));

    // Nothing hangs on it yet: a mistyped URL can be corrected.
    let quarantine = JobState::Quarantine {
        reason: "A".into(),
        message: "b".into(),
        since: at(0),
        attempts: 1,
        next_attempt: at(9),
    };
    store.set_job_state(&quarantine).unwrap();
    store.bind(&binding("j3", "https://a/scim", Some("t2"))).unwrap();
    assert_eq!(store.job_state().unwrap(), quarantine);
    store.bind(&binding("j2", "https://b/scim", Some("t2"))).unwrap();
    assert_eq!(store.job_state().unwrap(), JobState::NotRun, "it was for the other target");
    store.bind(&binding("j2", "https://a/scim", Some("t1"))).unwrap();
    let writer = store.writer().unwrap();
    writer.send_blocking(put(1, linked(1))).unwrap();
    let mut store = writer.finish().unwrap();

    let other_target = store.bind(&binding("j2", "https://b/scim", Some("t1"))).unwrap_err();
    assert!(
        matches!(&other_target, StoreError::OtherTarget { known, given, .. } if known == "https://a/scim" && given == "https://b/scim")
    );
    assert!(other_target.is_usage());
    assert!(other_target.to_string().contains("--state"), "{other_target}");
    let other_tenant = store.bind(&binding("j2", "https://a/scim", Some("t2"))).unwrap_err();
    assert!(matches!(&other_tenant, StoreError::OtherTenant { known, given, .. } if known == "t1" && given == "t2"));
    assert_eq!(store.binding().unwrap(), Some(binding("j2", "https://a/scim", Some("t1"))));
}

#[test]
fn the_second_run_learns_who_holds_the_lock() {
    let folder = folder();
    let (first, second) = (open(&folder), open(&folder));
    let holder = |pid| Holder { pid, command: "scimulate run\n--cycles 2".into(), since: at(0) };
    let lock = first.lock(&holder(17)).unwrap();
    let refused = second.lock(&holder(18)).unwrap_err();
    let expected = Holder { pid: 17, command: "scimulate run --cycles 2".into(), since: at(0) };
    assert!(matches!(&refused, StoreError::Held { holder: Some(found), .. } if *found == expected), "{refused:?}");
    assert!(refused.to_string().contains("process 17 (scimulate run --cycles 2), since 2026-"), "{refused}");
    assert!(!refused.is_usage());
    drop(lock);
    assert_eq!(fs::read_to_string(folder.path().join("wedo.lock")).unwrap(), "");
    let lock = second.lock(&holder(18)).unwrap();
    // What a longer text of an earlier run left is gone.
    assert!(fs::read_to_string(folder.path().join("wedo.lock")).unwrap().starts_with("pid 18\n"));
    fs::write(folder.path().join("wedo.lock"), "pid x").unwrap();
    assert!(matches!(first.lock(&holder(19)), Err(StoreError::Held { holder: None, .. })));
    drop(lock);
}

#[tokio::test]
async fn what_was_flushed_survives_a_kill() {
    let folder = folder();
    let mut store = open(&folder);
    store.begin_cycle(&start("killed")).unwrap();
    let writer = store.writer().unwrap();
    for number in 0..700 {
        writer.send(put(number, linked(number as u64))).await.unwrap();
    }
    writer.flush().await.unwrap();
    let killed = as_if_killed(folder.path());
    let store = open(&killed);
    assert_eq!(store.objects(ObjectKind::User).unwrap().get(&id(699)), Some(linked(699)));
    let totals = store.totals().unwrap();
    assert_eq!((totals.linked, totals.records), (700, 700), "links and records are committed together");
    assert_eq!(store.cycles(1).unwrap()[0].end, None);
}

#[tokio::test]
async fn outcomes_are_committed_without_being_asked_for() {
    let folder = folder();
    let writer = open(&folder).writer().unwrap();
    writer.send(put(1, linked(1))).await.unwrap();
    let reader = Store::open_existing(folder.path(), "wedo").unwrap().unwrap();
    let mut rounds = 0;
    while reader.totals().unwrap().linked == 0 {
        rounds += 1;
        assert!(rounds < 1000, "after ten seconds");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    writer.flush().await.unwrap();
    assert!(writer.finish().is_ok());
}

#[test]
fn dropping_the_writer_commits_what_it_has() {
    let folder = folder();
    let writer = open(&folder).writer().unwrap();
    for number in 0..10 {
        writer.send_blocking(put(number, linked(1))).unwrap();
    }
    drop(writer);
    assert_eq!(open(&folder).totals().unwrap().linked, 10);
}

#[tokio::test]
async fn a_full_disk_ends_the_writer_and_keeps_what_was_committed() {
    let folder = folder();
    let store = open(&folder);
    let pages: i64 = store.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    store.connection.query_row(&format!("PRAGMA max_page_count = {}", pages + 100), [], |_| Ok(())).unwrap();
    let writer = store.writer().unwrap();
    for number in 0..100 {
        writer.send(put(number, linked(1))).await.unwrap();
    }
    writer.flush().await.unwrap();
    let error = loop {
        if let Err(error) = writer.send(put(1000, linked(1))).await {
            break error;
        }
    };
    assert!(matches!(error, StoreError::DiskFull { .. }), "{error:?}");
    assert!(!error.is_usage());
    assert!(matches!(writer.flush().await, Err(StoreError::DiskFull { .. })));
    assert!(matches!(writer.finish(), Err(StoreError::DiskFull { .. })));
    let users = open(&folder).objects(ObjectKind::User).unwrap();
    assert!((0..100).all(|number| users.get(&id(number)).is_some()));
}

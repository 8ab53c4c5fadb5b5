//! The provisioning log: what comes back, and what is found.

use super::*;
use crate::event::{Asked, Attempt, Condition, Fact, Found, LoggedBody, LoggedExchange, Retry, StepStatus, Trace};

fn trace() -> Trace {
    let exchange = |method, status, body| LoggedExchange {
        method,
        path: "/Users?filter=userName+eq+%22ann%22".into(),
        status,
        duration: Duration::from_micros(1_234),
        body,
    };
    let looked_up = |found| Fact::LookedUp { asked: Asked::Filter("userName eq \"ann\"".into()), found };
    let condition = |holds, evidence: &str| Condition { holds, evidence: evidence.into() };
    let values = vec![("mail".into(), None), ("city".into(), Some("Zürich".into())), ("title".into(), Some("".into()))];
    Trace {
        facts: vec![
            Fact::Imported { known: false, values: values.clone() },
            Fact::Imported { known: true, values },
            Fact::Absent,
            Fact::Retried { count: 3, first: at(1), next: Timestamp::MAX, action: ActionKind::Delete },
            Fact::Scoped {
                in_scope: true,
                conditions: vec![condition(true, "assigned \"directly\"\n"), condition(false, "\\")],
                clauses: "{\"a\":true}".into(),
            },
            Fact::Scoped { in_scope: false, conditions: vec![], clauses: Box::default() },
            looked_up(Found::Nothing),
            looked_up(Found::Account(vec![("id".into(), "7".into()), ("userName".into(), "ann".into())])),
            looked_up(Found::Gone),
            looked_up(Found::Several(vec!["1".into(), "2".into()])),
            looked_up(Found::Taken("bob".into())),
            looked_up(Found::Others(3)),
            Fact::LookedUp { asked: Asked::Link("7".into()), found: Found::Failed },
            Fact::Refused { code: "EntryConflict".into(), message: "409: {\"detail\"}".into() },
        ],
        exchanges: vec![
            exchange(Method::Get, Some(200), LoggedBody::None),
            exchange(Method::Patch, None, LoggedBody::Json("{\"a\":[1,\"b\"]}".into())),
            exchange(Method::Post, Some(201), LoggedBody::Creation("Group".into())),
        ],
        attempt: Some(Attempt { action: ActionKind::Disable, reason: "left".into(), sent: true }),
        retry: Some(Retry { failures: 3, next: at(99) }),
    }
}

#[test]
fn steps_come_back_as_they_were() {
    let folder = folder();
    let writer = open(&folder).writer().unwrap();
    let traces = [
        Some(trace()),
        Some(Trace::default()),
        Some(Trace { exchanges: vec![], facts: vec![], ..trace() }),
        Some(Trace { retry: Some(Retry { failures: u32::MAX, next: Timestamp::MAX }), ..trace() }),
        None,
    ];
    for (number, trace) in traces.iter().enumerate() {
        let outcome = outcome(ObjectKind::User, &id(number), StateChange::Keep, Some(record(number)));
        writer.send_blocking(Outcome { trace: trace.as_ref().map(TraceText::from), ..outcome }).unwrap();
    }
    let mut store = writer.finish().unwrap();
    let read: Vec<_> = all_records(&store).unwrap().into_iter().map(|entry| entry.trace).collect();
    assert_eq!(read, traces);
    let kept = |store: &Store| -> i64 {
        store.connection.query_row("SELECT count(*) FROM trace", [], |row| row.get(0)).unwrap()
    };
    assert_eq!(kept(&store), 4);
    store.prune_log(at(2)).unwrap();
    assert_eq!(kept(&store), 0, "the steps go with their entries");
}

#[test]
fn queries() {
    let folder = folder();
    let mut store = open(&folder);
    store.begin_cycle(&start("first")).unwrap();
    let writer = store.writer().unwrap();
    let said = |number: usize, record: ObjectRecord, trace: Option<Trace>| {
        let outcome = outcome(ObjectKind::User, &id(number), StateChange::Keep, Some(record));
        writer.send_blocking(Outcome { trace: trace.as_ref().map(TraceText::from), ..outcome }).unwrap();
    };
    said(1, ObjectRecord { error: None, action: ActionKind::Create, ..record(1) }, None);
    said(2, ObjectRecord { at: at(5), action: ActionKind::Fail, ..record(2) }, Some(trace()));
    let skipped = ObjectRecord {
        at: at(9),
        action: ActionKind::Skip,
        reason: Reason::NotEffectivelyEntitled("in the recycle bin".into()),
        target_id: None,
        changes: vec![],
        error: None,
        ..record(3)
    };
    said(3, skipped, None);
    let store = writer.finish().unwrap();
    let all = LogQuery::default();
    let check = |query: LogQuery, expected: &[usize]| {
        let found: Vec<_> = store.log(&query, 9).unwrap().into_iter().map(|entry| entry.source_id).collect();
        assert_eq!(found, expected.iter().map(|number| id(*number)).collect::<Vec<_>>(), "{query:?}");
    };
    let text = |text: &str| LogQuery { text: Some(text.to_owned()), ..all.clone() };
    let name = |name: &str| LogQuery { name: Some(name.to_owned()), ..all.clone() };
    check(all.clone(), &[1, 2, 3]);
    check(LogQuery { latest_first: true, ..all.clone() }, &[3, 2, 1]);
    check(LogQuery { after: 1, ..all.clone() }, &[2, 3]);
    check(LogQuery { cycle: Some(CycleId::new("first")), ..all.clone() }, &[1, 2, 3]);
    check(LogQuery { cycle: Some(CycleId::new("other")), ..all.clone() }, &[]);
    check(LogQuery { change: Some(record(2).change), ..all.clone() }, &[2]);
    check(LogQuery { since: Some(at(5)), ..all.clone() }, &[2, 3]);
    check(LogQuery { until: Some(at(5)), ..all.clone() }, &[1]);
    check(LogQuery { actions: vec![ActionKind::Create, ActionKind::Skip], ..all.clone() }, &[1, 3]);
    // What was tried is an action too.
    check(LogQuery { actions: vec![ActionKind::Disable], ..all.clone() }, &[2]);
    check(LogQuery { statuses: vec![StepStatus::Skipped, StepStatus::Failure], ..all.clone() }, &[2, 3]);
    check(name("USER1@contoso.com"), &[1]);
    check(name(&id(2).to_string().to_uppercase()), &[2]);
    check(name("T-1"), &[1, 2]);
    check(text("RECYCLE"), &[3]);
    check(text("zürich"), &[2]);
    check(text("entryimport"), &[2]);
    check(text("userName eq \"ann\""), &[2]);
    check(text("NotEffectively"), &[3]);
    check(text("user2"), &[2]);
    check(text("no such text"), &[]);
    assert_eq!(store.log(&all, 1).unwrap().len(), 1);
    assert_eq!(store.log(&all, 0).unwrap().len(), 0);
}

#[test]
fn reasons_in_words() {
    let folder = folder();
    let writer = open(&folder).writer().unwrap();
    let check = [
        Reason::LeftScope("not assigned any more".into()),
        Reason::RedundantExport,
        Reason::ActionOff("delete"),
        Reason::ReferenceSet(Reference::Manager("ann".into())),
        Reason::NotEffectivelyEntitled("accountEnabled is false".into()),
    ];
    for (number, reason) in check.iter().enumerate() {
        let record = ObjectRecord { reason: reason.clone(), error: None, ..record(number) };
        writer.send_blocking(outcome(ObjectKind::User, &id(number), StateChange::Keep, Some(record))).unwrap();
    }
    let store = writer.finish().unwrap();
    let read: Vec<_> = all_records(&store).unwrap().iter().map(LogEntry::reason).collect();
    assert_eq!(read, check.map(|reason| reason.to_string()));
}

#[test]
fn records_come_back_as_they_were() {
    let folder = folder();
    let mut store = open(&folder);
    store.begin_cycle(&start("first")).unwrap();
    let writer = store.writer().unwrap();
    writer.send_blocking(put(1, linked(1))).unwrap();
    let plain = ObjectRecord {
        at: at(2),
        reason: Reason::RedundantExport,
        target_id: None,
        changes: vec![],
        error: None,
        ..record(2)
    };
    writer.send_blocking(outcome(ObjectKind::User, &id(2), StateChange::Keep, Some(plain))).unwrap();
    let mut store = writer.finish().unwrap();
    store.end_cycle(&report("first", true), None, &JobMemory::default(), false).unwrap();

    let rows = all_records(&store).unwrap();
    let [first, second] = &rows[..] else { panic!("{rows:?}") };
    let expected = record(1);
    assert_eq!(first.cycle, Some(CycleId::new("first")));
    assert_eq!((first.at, &first.source_id, &first.name), (expected.at, &expected.source_id, &expected.name));
    assert_eq!(first.change, expected.change);
    assert_eq!((first.kind, first.action), (expected.kind, expected.action));
    assert_eq!(
        (first.reason_code.as_str(), first.reason_detail.as_deref()),
        ("LeftScope", Some("not assigned any more"))
    );
    assert_eq!((&first.target_id, &first.changes), (&expected.target_id, &expected.changes));
    assert_eq!((&first.error, first.duration), (&expected.error, expected.duration));
    assert_eq!((second.reason_code.as_str(), &second.reason_detail), ("RedundantExport", &None));
    assert_eq!((&second.target_id, &second.changes, &second.error), (&None, &vec![], &None));

    assert_eq!(store.prune_log(at(2)).unwrap(), 1);
    assert_eq!(all_records(&store).unwrap().len(), 1);
    assert_eq!(store.cycles(9).unwrap().len(), 1);
}

//! What people and programs get to see.

pub(super) mod markup;

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::base::{CycleId, SourceId, TargetId};
use crate::event::{ChangeId, CycleKind, CycleReport, Event, ObjectError, ObjectRecord, RequestCounts, Summary};
use crate::plan::verify::Deviation;
use crate::plan::{ActionKind, AttributeChange, PlannedObject, Reason, Reference};
use crate::schema::ObjectKind;
use crate::scim::{Method, Request};

/// A text without its colours.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        rest = after.split_once('m').map_or("", |(_, rest)| rest);
    }
    plain + rest
}

fn change(attribute: &str, old: Option<Value>, new: Value) -> AttributeChange {
    AttributeChange { attribute: attribute.into(), old, new: Some(new) }
}

fn record(action: ActionKind, reason: Reason, error: Option<ObjectError>) -> ObjectRecord {
    ObjectRecord {
        change: ChangeId(uuid::Uuid::from_u128(7)),
        at: "2026-03-01T10:00:00Z".parse().unwrap(),
        source_id: SourceId::parse("ann").unwrap(),
        name: "ann@contoso.com".to_owned(),
        kind: ObjectKind::User,
        action,
        reason,
        target_id: Some(TargetId::new("7")),
        changes: vec![change("title", Some(json!("Clerk")), json!("Chief"))],
        error,
        duration: Duration::from_micros(1_500),
    }
}

fn planned(action: ActionKind, reason: &Reason) -> PlannedObject {
    PlannedObject {
        source_id: SourceId::parse("ann").unwrap(),
        name: "ann@contoso.com".to_owned(),
        kind: ObjectKind::User,
        action,
        reason_code: String::new(),
        reason: String::new(),
        target_id: None,
        changes: vec![
            change("title", Some(json!("Clerk")), json!("Chief")),
            change("emails[type eq \"work\"].value", None, json!("ann@contoso.com")),
        ],
        unknown: vec!["preferredLanguage".to_owned()],
        requests: vec![Request { method: Method::Patch, path: "/Users/7".to_owned(), body: Some(json!({"a": 1})) }],
    }
    .because(reason)
}

fn summary() -> Summary {
    let mut summary = Summary::default();
    summary.add(ActionKind::Create, &Reason::NoMatch);
    summary.add(ActionKind::Fail, &Reason::RequestFailed("x".into()));
    for reason in ["a", "b"] {
        summary.add(ActionKind::Skip, &Reason::NotEffectivelyEntitled(reason.into()));
    }
    summary.add(ActionKind::Skip, &Reason::Unmanaged);
    summary
}

fn report(completed: bool) -> CycleReport {
    let mut requests = RequestCounts::default();
    for method in [Method::Get, Method::Get, Method::Post] {
        requests.add(method);
    }
    CycleReport {
        id: CycleId::new("c-1"),
        kind: CycleKind::Incremental,
        started: "2026-03-01T10:00:00Z".parse().unwrap(),
        duration: Duration::from_millis(1_250),
        summary: summary(),
        requests,
        deviations: None,
        completed,
        quarantine: (!completed).then(|| ObjectError { code: "X".to_owned(), message: "y".to_owned() }),
    }
}

#[test]
fn a_planned_object() {
    let text = plain(&planned_object(&planned(ActionKind::Update, &Reason::Changed), true));
    assert_eq!(
        text,
        "~ ann@contoso.com  update: attributes changed\n    \
         title                         \"Clerk\" → \"Chief\"\n    \
         emails[type eq \"work\"].value  \"ann@contoso.com\"\n    \
         preferredLanguage             ? the export lacks a column that it needs\n    \
         PATCH /Users/7\n    {\n      \"a\": 1\n    }\n"
    );
    let skipped = plain(&planned_object(&planned(ActionKind::Skip, &Reason::Unmanaged), false));
    assert!(skipped.starts_with(". ann@contoso.com  skip: ") && !skipped.contains('?'), "{skipped}");
}

#[test]
fn signs_differ() {
    let mut signs: Vec<_> = ActionKind::ALL.iter().map(|action| symbol(*action)).collect();
    signs.sort_unstable();
    signs.dedup();
    assert_eq!(signs.len(), ActionKind::ALL.len());
}

#[test]
fn summaries() {
    assert_eq!(
        plain(&plan_summary(&summary())),
        "Plan: 1 to create, 0 to update, 0 to disable, 0 to delete; 0 unchanged, \
         3 skipped (2 NotEffectivelyEntitled, 1 Unmanaged), 1 failed."
    );
    let text = plain(&run_summary(&report(true)));
    assert!(text.starts_with("Incremental cycle: 1 created, 0 updated"), "{text}");
    assert!(text.contains("\n3 requests (2 GET, 1 POST) in 1.2 s."), "{text}");
    assert!(!text.contains("run to its end"));
    let cut_off = plain(&run_summary(&report(false)));
    assert!(cut_off.ends_with("It did not run to its end; the next one goes on from here."), "{cut_off}");
    assert_eq!((count(1, "user"), count(0, "user")), ("1 user".to_owned(), "0 users".to_owned()));
}

#[test]
fn the_real_service_takes_its_time() {
    let many = |creates: usize| {
        let mut summary = Summary::default();
        (0..creates).for_each(|_| summary.add(ActionKind::Create, &Reason::NoMatch));
        summary
    };
    for (kind, creates, expected) in [
        (CycleKind::Initial, 0, None),
        (
            CycleKind::Initial,
            12,
            Some(
                "The real service would take between 14 s and 58 s for this initial cycle; incremental cycles start \
                 about every 40 minutes.",
            ),
        ),
        (
            CycleKind::Initial,
            600,
            Some(
                "The real service would take between 12 min and 48 min for this initial cycle; incremental cycles \
                 start about every 40 minutes.",
            ),
        ),
        (
            CycleKind::Incremental,
            600,
            Some(
                "The real service would take between 12 min and 48 min for this cycle; it starts one about every 40 \
                 minutes.",
            ),
        ),
    ] {
        assert_eq!(plan_estimate(kind, &many(creates)).as_deref(), expected);
    }
    let report = CycleReport { summary: many(600), ..report(true) };
    let text = plain(&run_summary(&report));
    assert!(text.ends_with("in 1.2 s. The real service would take between 12 min and 48 min for this."), "{text}");
    assert_eq!(estimate_json(&report.summary), json!({"fastestSeconds": 720.0, "slowestSeconds": 2880.0}));
    assert_eq!(estimate_json(&Summary::default()), Value::Null);
    // What was skipped takes no time; each member counts, a manager doesn't.
    let mut summary = summary();
    let mut reference = record(ActionKind::Update, Reason::ReferenceSet(Reference::Manager("ann".into())), None);
    summary.add_record(&reference);
    assert_eq!(estimate_json(&summary), json!({"fastestSeconds": 1.8, "slowestSeconds": 9.6}));
    reference.kind = ObjectKind::Group;
    reference.changes.extend(reference.changes.clone());
    summary.add_record(&reference);
    assert_eq!(estimate_json(&summary), json!({"fastestSeconds": 3.0, "slowestSeconds": 19.2}));
}

#[test]
fn a_failed_object() {
    let error = ObjectError { code: "InsufficientRights".to_owned(), message: "status 403".to_owned() };
    let failed = record(ActionKind::Fail, Reason::RequestFailed("status 403".into()), Some(error));
    assert_eq!(plain(&record_line(&failed)), "E ann@contoso.com  failed: InsufficientRights: status 403");
    let json = record_json(&failed);
    assert_eq!(json["error"], json!({"code": "InsufficientRights", "message": "status 403"}));
    assert_eq!((&json["action"], &json["reasonCode"]), (&json!("fail"), &json!("RequestFailed")));
    assert_eq!(json["changes"], json!([{"attribute": "title", "old": "Clerk", "new": "Chief"}]));
    assert_eq!((&json["targetId"], &json["durationMs"]), (&json!("7"), &json!(1)));
}

#[test]
fn a_reference_that_failed_is_named() {
    use Reference::{Manager, Members};

    for (reason, expected) in [
        (Reason::ReferenceSet(Manager("bob".into())), "manager bob couldn't be set"),
        (Reason::ReferenceRemoved(Manager("bob".into())), "manager bob couldn't be removed"),
        (Reason::ReferenceSet(Members(1, "bob".into())), "member bob couldn't be added"),
        (Reason::ReferenceRemoved(Members(1, "bob".into())), "member bob couldn't be removed"),
        (Reason::ReferenceSet(Members(2, "bob, eve".into())), "2 members couldn't be added (bob, eve)"),
        (Reason::ReferenceRemoved(Members(2, "bob, eve".into())), "2 members couldn't be removed (bob, eve)"),
    ] {
        let error = ObjectError { code: "NotImplemented".to_owned(), message: "status 501".to_owned() };
        let failed = record(ActionKind::Fail, reason, Some(error));
        let expected = format!("E ann@contoso.com  failed: {expected}: NotImplemented: status 501");
        assert_eq!(plain(&record_line(&failed)), expected);
    }
}

#[test]
fn json_for_programs() {
    assert_eq!(
        summary_json(&summary()),
        json!({"create": 1, "update": 0, "disable": 0, "delete": 0, "unchanged": 0, "stagedDelete": 0, "skipped": 3,
               "failed": 1, "references": 0, "referencesFailed": 0})
    );
    let cycle = report_json(&report(false));
    assert_eq!(cycle["requests"], json!({"GET": 2, "POST": 1, "PATCH": 0, "DELETE": 0}));
    assert_eq!((&cycle["completed"], &cycle["durationMs"]), (&json!(false), &json!(1250)));
    assert_eq!(cycle["quarantine"], json!({"code": "X", "message": "y"}));
    assert_eq!(report_json(&report(true)).get("quarantine"), None);
    assert_eq!(report_json(&report(true)).get("deviations"), None, "nothing was verified");
    let verified = CycleReport { deviations: Some(0), ..report(true) };
    assert_eq!(report_json(&verified)["deviations"], json!(0));
    let run = run_json("job", "active", &[report(true)]);
    assert_eq!((&run["formatVersion"], &run["job"]), (&json!("1.0"), &json!({"id": "job", "state": "active"})));
    let plan = planned_json(&summary(), &[planned(ActionKind::Create, &Reason::NoMatch)]);
    assert_eq!((plan["objects"].as_array().unwrap().len(), &plan["formatVersion"]), (1, &json!("1.0")));
}

#[test]
fn every_event_has_a_type() {
    let at = "2026-03-01T10:00:00Z".parse().unwrap();
    for (event, expected) in [
        (Event::CycleStarted { id: CycleId::new("c"), kind: CycleKind::Initial, at }, "cycleStarted"),
        (Event::Evaluated { objects: 3, due: 1 }, "evaluated"),
        (Event::Object(record(ActionKind::Update, Reason::Changed, None)), "object"),
        (
            Event::Deviation {
                source_id: record(ActionKind::Update, Reason::Changed, None).source_id,
                name: "ann@contoso.com".to_owned(),
                kind: ObjectKind::User,
                deviation: Deviation::still_there(),
            },
            "deviation",
        ),
        (Event::Warning("w".to_owned()), "warning"),
        (
            Event::Notification { reason: "r".to_owned(), message: "m".to_owned(), to: "it@contoso.com".to_owned() },
            "notification",
        ),
        (Event::CycleEnded(report(true)), "cycleEnded"),
    ] {
        assert_eq!(event_json(&event)["type"], expected);
    }
}

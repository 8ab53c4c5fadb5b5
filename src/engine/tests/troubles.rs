//! Failures, interruptions, incomplete exports.

use serde_json::json;

use super::*;

#[tokio::test]
async fn a_failure_is_tried_again() {
    let mut world = World::new(2);
    world.fault("POST", "u1@", 1, Fault::Instead(500));
    let first = world.run().await;
    assert_eq!(first.outcomes(), [(ActionKind::Fail, "RequestFailed"), (ActionKind::Create, "NoMatch")]);
    assert_eq!(first.records[0].error.as_ref().unwrap().code, "InternalServerError");
    assert!(first.report().completed, "failures don't hold the watermark back");
    let state = world.store().objects(schema::ObjectKind::User).unwrap().get(&id(1)).unwrap();
    assert_eq!((state.target, state.failure.unwrap().count), (None, 1));
    let second = world.run().await;
    assert_eq!((second.report().kind, second.sent()), (CycleKind::Incremental, vec!["FIND", "POST"]));
    assert_eq!(world.run().await.requests.len(), 1);
}

#[tokio::test]
async fn a_creation_that_went_through_unseen_is_linked() {
    for fault in [Fault::After(500), Fault::Mute] {
        let mut world = World::new(1);
        world.fault("POST", "u1@", 1, fault);
        let first = world.run().await;
        if fault == Fault::Mute {
            assert_eq!(first.sent(), ["FIND", "POST", "FIND"]);
            assert_eq!(first.count(ActionKind::Create), 1);
        }
        world.run().await;
        assert_eq!(world.run().await.requests.len(), 1);
        assert_eq!(world.endpoint.resources().unwrap().len(), 1);
        let linked = world.store().objects(schema::ObjectKind::User).unwrap().get(&id(1)).unwrap().target;
        assert_eq!(linked.unwrap().as_str(), world.account(1).unwrap().id().unwrap());
    }
}

#[tokio::test]
async fn a_change_that_went_through_unseen_is_taken_back() {
    // The PATCH was applied but failed; before it is tried again the source is as before.
    let mut world = World::new(1);
    world.run().await;
    world.person(1).assigned = false;
    world.person(1).title = "Chief";
    world.fault("PATCH", "active", 1, Fault::After(500));
    assert_eq!(world.run().await.count(ActionKind::Fail), 1);
    assert!(!world.is_active(1));
    (world.person(1).assigned, world.person(1).title) = (true, "Engineer");
    world.run().await;
    assert!(world.is_active(1));
    assert_eq!(world.title(1), "Engineer");
}

#[tokio::test]
async fn a_deletion_that_went_through_unseen_is_taken_back() {
    let mut world = World::new(2);
    world.run().await;
    let person = world.people.remove(&1).unwrap();
    world.fault("PATCH", "active", 1, Fault::After(500));
    assert_eq!(world.run().await.count(ActionKind::Fail), 1);
    world.people.insert(1, person);
    world.run().await;
    assert!(world.is_active(1));
}

#[tokio::test]
async fn a_failed_comparison_of_everything_is_repeated() {
    let mut world = World::new(1);
    world.run().await;
    let account = world.account(1).unwrap().id().unwrap();
    let body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                      "Operations": [{"op": "Replace", "path": "title", "value": "Drifted"}]});
    world.client.patch("/Users", &crate::base::TargetId::new(account), body).await.result.unwrap();
    assert_eq!(world.run().await.requests.len(), 1, "drift isn't looked for");
    let mut store = world.store();
    store.restart(&"watermark".parse().unwrap(), world.clock.now()).unwrap();
    store.close().unwrap();
    world.fault("PATCH", "title", 1, Fault::Instead(503));
    assert_eq!(world.run().await.count(ActionKind::Fail), 1);
    assert_eq!(world.run().await.count(ActionKind::Update), 1);
    assert_eq!(world.title(1), "Engineer");
}

#[tokio::test]
async fn conflicts_are_matched_again() {
    let mut world = World::new(1);
    // The first look-up misses what is there.
    world.run().await;
    let mut other = world.stranger(1);
    other.person(1).title = "Chief";
    other.fault("GET", "u1%40", 1, Fault::Instead(404));
    let linked = other.run().await;
    assert_eq!(linked.sent(), ["FIND", "POST", "FIND", "PATCH"]);
    assert_eq!(linked.outcomes(), [(ActionKind::Update, "Matched")]);
    let mut third = world.stranger(1);
    third.fault("GET", "u1%40", 2, Fault::Instead(404));
    let failed = third.run().await;
    assert_eq!(failed.sent(), ["FIND", "POST", "FIND"]);
    let error = failed.records[0].error.clone().unwrap();
    assert_eq!(error.code, "SystemForCrossDomainIdentityManagementServiceIncompatibleFiltering");
    assert!(error.message.contains("409"), "{}", error.message);
}

#[tokio::test]
async fn vanished_accounts() {
    for rematch in [false, true] {
        let mut world = World::new(1);
        world.policy.rematch_vanished = rematch;
        world.run().await;
        let gone = crate::base::TargetId::new(world.account(1).unwrap().id().unwrap());
        world.client.delete("/Users", &gone).await.result.unwrap();
        world.person(1).title = "Chief";
        for _ in 0..2 {
            let cycled = world.run().await;
            if rematch {
                break;
            }
            assert_eq!(cycled.outcomes(), [(ActionKind::Fail, "InvalidAnchor")]);
            assert_eq!(cycled.records[0].error.as_ref().unwrap().code, "InvalidAnchor");
        }
        assert_eq!(world.account(1).is_some(), rematch);
    }
}

#[tokio::test]
async fn an_account_that_goes_between_read_and_write() {
    let mut world = World::new(2);
    world.run().await;
    world.person(1).title = "Chief";
    world.fault("PATCH", "", 1, Fault::Instead(404));
    assert_eq!(world.run().await.records[0].error.as_ref().unwrap().code, "InvalidAnchor");
    world.people.remove(&1);
    world.recycle_bin = true;
    world.fault("DELETE", "", 1, Fault::Instead(404));
    let gone = world.run().await;
    assert_eq!(gone.outcomes(), [(ActionKind::Delete, "HardDeleted")], "a 404 is as good");
    assert_eq!(world.store().objects(schema::ObjectKind::User).unwrap().len(), 1);
}

#[tokio::test]
async fn a_token_that_runs_out_in_the_middle() {
    for concurrency in [1, 8] {
        let mut world = World::new(30);
        world.concurrency = concurrency;
        world.fault("POST", "u5@", 1, Fault::Instead(401));
        assert!(world.run().await.report().completed, "a single 401 is that object's failure");
        world.people.values_mut().for_each(|person| person.title = "Chief");
        // The cycle's own test query passes, everything after the first PATCH doesn't.
        world.fault("PATCH", "", 1, Fault::Revoke);
        let cut = world.run().await;
        let Err(EngineError::Quarantine { error, .. }) = &cut.result else { panic!("{:?}", cut.result) };
        assert_eq!(error.code, "SystemForCrossDomainIdentityManagementInvalidCredentials");
        assert!(cut.records.len() < 30, "it stops early");
        let store = world.store();
        assert!(matches!(store.job_state().unwrap(), crate::store::JobState::Quarantine { .. }));
        assert!(!store.cycles(1).unwrap()[0].end.as_ref().unwrap().completed);
        drop(store);
        world.wire.faults.lock().unwrap().clear();
        // Who failed twice is tried again six hours after the first failure.
        world.clock.sleep(Duration::from_hours(6)).await;
        let healed = world.run().await;
        assert_eq!(healed.report().kind, CycleKind::Incremental);
        assert!((1..=30).all(|number| world.title(number) == "Chief"));
        assert!(matches!(world.store().job_state().unwrap(), crate::store::JobState::Active));
    }
}

#[tokio::test]
async fn a_refused_test_query() {
    let mut world = World::new(1);
    world.fault("GET", "filter", 1, Fault::Instead(403));
    let refused = world.run().await;
    assert!(matches!(refused.result, Err(EngineError::Quarantine { .. })));
    assert_eq!(refused.requests.len(), 1);
    world.fault("GET", "filter", 1, Fault::Instead(404));
    let planned = world.run_as(Mode::DryRun, None, true).await;
    assert_eq!((planned.warnings.len(), planned.count(ActionKind::Create)), (1, 1), "a plan goes on after a 404");
}

#[tokio::test]
async fn an_interruption_converges() {
    for concurrency in [1, 8] {
        let mut world = World::new(30);
        world.concurrency = concurrency;
        world.fault("POST", "u10@", 1, Fault::Cancel);
        let cut = world.run().await;
        assert!(!cut.report().completed);
        let created = cut.count(ActionKind::Create);
        assert!((10..30).contains(&created), "{created}");
        assert_eq!(world.store().totals().unwrap().linked, created, "everything that was sent is remembered");
        let rest = world.run().await;
        assert_eq!(rest.report().kind, CycleKind::Initial);
        assert_eq!((rest.count(ActionKind::Create), rest.count(ActionKind::None)), (30 - created, created));
        world.people.values_mut().for_each(|person| person.title = "Chief");
        world.fault("PATCH", "", 1, Fault::Cancel);
        let cut = world.run().await.count(ActionKind::Update);
        let rest = world.run().await;
        assert_eq!((rest.report().kind, rest.count(ActionKind::Update)), (CycleKind::Incremental, 30 - cut));
        assert_eq!(world.run().await.requests.len(), 1);
        assert_eq!(world.endpoint.resources().unwrap().len(), 30);
    }
}

#[tokio::test]
async fn a_mapping_that_was_tried_and_taken_back() {
    let mut world = World::new(5);
    world.run().await;
    let before = Arc::clone(&world.rules);
    let constant = json!({"expression": "\"Staff\"", "name": "Staff", "type": "Constant", "parameters": []});
    world.rules = rules(|document| mapping(document, "title")["source"] = constant, None);
    world.fault("PATCH", "Staff", 2, Fault::Cancel);
    world.run().await;
    assert_eq!(world.title(1), "Staff");
    world.rules = before;
    world.run().await;
    assert!((1..=5).all(|number| world.title(number) == "Engineer"));
}

#[tokio::test]
async fn an_incomplete_export_deprovisions_nobody() {
    let stopped = |cycled: &Cycled| {
        assert!(matches!(cycled.result, Err(EngineError::Incomplete(_))), "{:?}", cycled.result);
        assert_eq!(cycled.requests.len(), 1);
    };
    let mut world = World::new(30);
    world.run().await;
    let all = world.people.clone();
    world.people.retain(|number, _| *number > 10);
    stopped(&world.run().await);
    assert!((1..=30).all(|number| world.is_active(number)));
    // A new mapping, or a restart, doesn't open the gate.
    let before = Arc::clone(&world.rules);
    world.rules = rules(|document| mapping(document, "title")["defaultValue"] = json!("?"), None);
    stopped(&world.run().await);
    world.rules = before;
    world.policy.accept_missing = Some(10);
    assert_eq!(world.run().await.count(ActionKind::Disable), 10);
    world.policy.accept_missing = None;
    world.people = all;
    world.run().await;
    let mut store = world.store();
    store.restart(&"watermark".parse().unwrap(), world.clock.now()).unwrap();
    store.close().unwrap();
    world.people.retain(|number, _| *number > 10);
    stopped(&world.run().await);
    world.people.values_mut().for_each(|person| person.assigned = false);
    world.policy.accept_missing = Some(10);
    assert_eq!(world.run().await.count(ActionKind::Disable), 30);
}

#[tokio::test]
async fn missing_assignments_stop_the_run() {
    let mut world = World::new(30);
    world.run().await;
    (1..=12).for_each(|number| world.person(number).assigned = false);
    assert!(matches!(world.run().await.result, Err(EngineError::Incomplete(_))));
}

#[tokio::test]
async fn a_missing_column_changes_nothing() {
    let mut world = World::new(2);
    world.person(1).enabled = false;
    world.person(2).title = "Chief";
    world.run().await;
    world.person(1).enabled = true;
    world.run().await;
    world.person(1).enabled = false;
    world.run().await;
    assert!(!world.is_active(1));
    world.without = vec!["accountEnabled", "jobTitle"];
    let lacking = world.run().await;
    assert_eq!((lacking.requests.len(), world.is_active(1)), (1, false), "{:?}", lacking.requests);
    world.without.clear();
    assert_eq!(world.run().await.requests.len(), 1, "nor does its return");
}

#[tokio::test]
async fn duplicates_in_the_source() {
    let mut world = World::new(3);
    for number in [1, 2] {
        world.person(number).user_name = Some("u1@contoso.com".to_owned());
    }
    let first = world.run().await;
    assert_eq!(first.outcomes()[1], (ActionKind::Fail, "DuplicateSourceEntries"));
    assert!(first.records[1].error.as_ref().unwrap().message.contains(&id(1).to_string()));
    assert_eq!((first.count(ActionKind::Create), first.count(ActionKind::Fail)), (2, 1));
    world.person(2).user_name = None;
    assert_eq!(world.run().await.count(ActionKind::Create), 1);
    // A newcomer doesn't take over the account of somebody who is linked, whatever their ids.
    let mut newcomer = Person::new();
    newcomer.user_name = Some("u3@contoso.com".to_owned());
    newcomer.title = "Impostor";
    world.people.insert(0, newcomer);
    let second = world.run().await;
    assert_eq!(second.outcomes(), [(ActionKind::Fail, "DuplicateSourceEntries")]);
    assert_eq!(world.title(3), "Engineer");
}

/// Somebody leaves and comes back as a new object of the same name: the new one doesn't take over the
/// account while it belongs to the old one, whose deletion would take it away.
#[tokio::test]
async fn a_new_object_with_an_old_name() {
    let mut world = World::new(2);
    // The namesake waits for longer than the service's patience lasts.
    world.policy.escrow.prune_after = crate::base::SignedDuration::from_hours(40 * 24);
    world.run().await;
    world.people.remove(&1);
    let mut again = Person::new();
    again.user_name = Some("u1@contoso.com".to_owned());
    world.people.insert(9, again);
    let second = world.run().await;
    assert_eq!(
        second.outcomes(),
        [(ActionKind::Fail, "DuplicateSourceEntries"), (ActionKind::Disable, "LeftScope")],
        "{:?}",
        second.records
    );
    assert!(second.records[0].error.as_ref().unwrap().message.contains(&id(1).to_string()));
    world.clock.sleep(Duration::from_hours(30 * 24)).await;
    assert_eq!(world.run().await.count(ActionKind::Delete), 1);
    world.clock.sleep(Duration::from_hours(24)).await;
    let last = world.run().await;
    assert_eq!((last.count(ActionKind::Create), last.count(ActionKind::Fail)), (1, 0));
    assert_eq!(world.run().await.requests.len(), 1);
}

#[tokio::test]
async fn no_value_to_match_by() {
    let mut world = World::new(2);
    world.run().await;
    world.person(1).user_name = Some(String::new());
    world.person(1).title = "Chief";
    let without = world.run().await;
    assert_eq!(without.outcomes(), [(ActionKind::Skip, "ImportSkipped")]);
    world.person(1).user_name = None;
    world.run().await;
    assert_eq!(world.title(1), "Chief", "what changed meanwhile isn't lost");
}

#[tokio::test]
async fn a_part_of_a_plan() {
    let mut world = World::new(3);
    let dry = world.run_as(Mode::DryRun, None, true).await;
    let planned = planned(&dry.records[..1]);
    let applied = world.run_as(Mode::Run, Some(Arc::clone(&planned)), false).await;
    assert_eq!(applied.sent(), ["FIND", "POST"]);
    let rest = world.run().await;
    assert_eq!(rest.report().kind, CycleKind::Initial, "a part moves no watermark");
    assert_eq!(rest.count(ActionKind::Create), 2);
    // The target moved: the account is there already.
    let mut other = world.stranger(3);
    let moved = other.run_as(Mode::Run, Some(planned), false).await;
    assert_eq!(moved.outcomes(), [(ActionKind::Fail, "TargetMoved")]);
}

#[tokio::test]
async fn more_at_once_than_the_client_allows() {
    let mut world = World::new(30);
    world.concurrency = 64;
    world.fault("POST", "", usize::MAX, Fault::Instead(401));
    let cycled = world.run().await;
    assert_eq!(cycled.count(ActionKind::Fail), 30, "and the repeated test query doesn't wait for ever");
}

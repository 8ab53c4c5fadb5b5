//! Cycle after cycle: what is sent for each thing that can happen to a user.

use serde_json::json;

use super::*;

#[tokio::test]
async fn an_initial_cycle_then_nothing() {
    let mut world = World::new(3);
    world.person(3).assigned = false;
    let first = world.run().await;
    assert_eq!(first.report().kind, CycleKind::Initial);
    assert_eq!(first.sent(), ["FIND", "POST", "FIND", "POST"]);
    assert!(first.requests[0].starts_with("GET /Users?filter=userName+eq+%22"), "{}", first.requests[0]);
    assert_eq!(first.requests[1], "GET /Users?filter=userName+eq+%22u1%40contoso.com%22");
    assert_eq!(
        first.outcomes(),
        [
            (ActionKind::Create, "NoMatch"),
            (ActionKind::Create, "NoMatch"),
            (ActionKind::Skip, "NotEffectivelyEntitled")
        ]
    );
    let second = world.run().await;
    assert_eq!((second.report().kind, second.requests.len()), (CycleKind::Incremental, 1));
    assert!(second.records.is_empty() && second.report().completed);
}

#[tokio::test]
async fn an_account_that_is_there_is_linked() {
    let mut world = World::new(2);
    let users = ["u1", "u2"].map(|name| {
        let title = if name == "u1" { "engineer" } else { "Clerk" };
        let user = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "active": true, "title": title,
                          "userName": format!("{name}@CONTOSO.com"), "displayName": format!("User {}", &name[1..])});
        Resource::from_value(user).unwrap()
    });
    world.endpoint.load(users.into()).unwrap();
    let first = world.run().await;
    assert_eq!(first.outcomes(), [(ActionKind::None, "RedundantExport"), (ActionKind::Update, "Matched")]);
    assert_eq!(first.sent(), ["FIND", "FIND", "PATCH"]);
    assert_eq!(first.patched(), json!([{"op": "Replace", "path": "title", "value": "Engineer"}]));
    world.person(1).title = "Chief";
    assert_eq!(world.run().await.sent(), ["GET", "PATCH"], "it is addressed by id from now on");
}

#[tokio::test]
async fn only_what_changed_is_compared() {
    let mut world = World::new(1);
    world.run().await;
    world.person(1).title = "Chief";
    let target = world.account(1).unwrap().id().unwrap();
    let changed = world.run().await;
    assert_eq!(changed.requests[1], format!("GET /Users/{target}"));
    assert_eq!(changed.patched(), json!([{"op": "Replace", "path": "title", "value": "Chief"}]));
    world.person(1).title = "";
    let cleared = world.run().await;
    assert_eq!(cleared.outcomes(), [(ActionKind::None, "RedundantExport")], "null isn't provisioned");
    assert_eq!(world.title(1), "Chief");
}

#[tokio::test]
async fn the_compliant_dialect() {
    let mut world = World::new(1);
    world.policy.dialect = Dialect::Compliant;
    world.run().await;
    world.person(1).assigned = false;
    assert_eq!(world.run().await.patched(), json!([{"op": "replace", "path": "active", "value": false}]));
}

/// Leaves and comes back; what changed meanwhile arrives then.
async fn leave_and_return(leave: fn(&mut Person), back: fn(&mut Person)) {
    let mut world = World::new(2);
    world.recycle_bin = true;
    world.run().await;
    leave(world.person(1));
    let left = world.run().await;
    assert_eq!(left.outcomes(), [(ActionKind::Disable, "LeftScope")]);
    assert_eq!(left.patched(), json!([{"op": "Replace", "path": "active", "value": "False"}]));
    assert!(!world.is_active(1));
    assert_eq!(world.run().await.requests.len(), 1, "once is enough");
    world.person(1).title = "Chief";
    assert!(world.run().await.sent().is_empty(), "an account out of scope isn't kept up to date");
    back(world.person(1));
    let returned = world.run().await;
    assert_eq!(returned.outcomes(), [(ActionKind::Update, "InScopeAgain")]);
    assert!(world.is_active(1));
    assert_eq!(world.title(1), "Chief");
}

#[tokio::test]
async fn unassigned_and_assigned_again() {
    leave_and_return(|person| person.assigned = false, |person| person.assigned = true).await;
}

#[tokio::test]
async fn disabled_and_enabled_again() {
    leave_and_return(|person| person.enabled = false, |person| person.enabled = true).await;
}

#[tokio::test]
async fn deleted_and_restored() {
    leave_and_return(
        |person| (person.deleted, person.assigned) = (true, false),
        |person| (person.deleted, person.assigned) = (false, true),
    )
    .await;
}

#[tokio::test]
async fn missing_users_go_through_the_recycle_bin() {
    let mut world = World::new(3);
    world.run().await;
    let person = world.people.remove(&1).unwrap();
    let gone = world.run().await;
    assert_eq!(gone.outcomes(), [(ActionKind::Disable, "LeftScope")]);
    assert!(!world.is_active(1));
    world.clock.sleep(Duration::from_hours(29 * 24)).await;
    assert_eq!(world.run().await.requests.len(), 1, "29 days");
    world.people.insert(1, person.clone());
    assert_eq!(world.run().await.outcomes(), [(ActionKind::Update, "InScopeAgain")]);
    assert!(world.is_active(1), "restored");
    world.people.remove(&1);
    world.run().await;
    world.clock.sleep(Duration::from_hours(30 * 24)).await;
    let deleted = world.run().await;
    assert_eq!(deleted.outcomes(), [(ActionKind::Delete, "HardDeleted")]);
    assert_eq!((deleted.sent(), world.account(1)), (vec!["DELETE"], None));
    assert_eq!(world.run().await.requests.len(), 1);
    world.people.insert(1, person);
    assert_eq!(world.run().await.sent(), ["FIND", "POST"], "the link went with the account");
}

#[tokio::test]
async fn hard_deletion_after_each_way_of_leaving() {
    type Change = fn(&mut Person);
    // How it left before; what hard deletion does then.
    let cases: [(Change, &str); 4] = [
        (|_| {}, "HardDeleted"),
        (|person| person.enabled = false, "HardDeleted"),
        (|person| (person.deleted, person.assigned) = (true, false), "HardDeleted"),
        (|person| person.assigned = false, "Unmanaged"),
    ];
    for (leave, expected) in cases {
        let mut world = World::new(2);
        world.recycle_bin = true;
        world.run().await;
        leave(world.person(1));
        world.run().await;
        world.people.remove(&1);
        let deleted = world.run().await;
        assert_eq!(deleted.records[0].reason.code(), expected);
        assert_eq!(world.account(1).is_none(), expected == "HardDeleted");
        assert_eq!(world.run().await.requests.len(), 1, "forgotten after {expected}");
    }
}

#[tokio::test]
async fn disabled_then_unassigned_then_deleted() {
    let mut world = World::new(2);
    world.recycle_bin = true;
    world.run().await;
    world.person(1).enabled = false;
    world.run().await;
    world.person(1).assigned = false;
    assert!(world.run().await.sent().is_empty());
    (world.person(1).deleted, world.person(1).assigned) = (true, false);
    assert!(world.run().await.sent().is_empty());
    world.people.remove(&1);
    assert_eq!(world.run().await.outcomes(), [(ActionKind::Skip, "Unmanaged")]);
}

#[tokio::test]
async fn targets_without_soft_delete() {
    let mut world = World::new(2);
    world.policy.soft_delete = false;
    world.run().await;
    world.person(1).assigned = false;
    let left = world.run().await;
    assert_eq!((left.outcomes(), left.sent()), (vec![(ActionKind::Delete, "LeftScope")], vec!["DELETE"]));
    world.person(1).assigned = true;
    assert_eq!(world.run().await.sent(), ["FIND", "POST"]);
}

#[tokio::test]
async fn deletions_that_are_skipped() {
    let mut world = World::new(2);
    world.policy.skip_out_of_scope_deletions = true;
    world.run().await;
    world.person(1).assigned = false;
    let left = world.run().await;
    assert_eq!(left.outcomes(), [(ActionKind::Skip, "SkipOutOfScopeDeletions")]);
    assert!(left.sent().is_empty() && world.is_active(1));
    assert_eq!(world.run().await.requests.len(), 1);
}

#[tokio::test]
async fn actions_that_are_switched_off() {
    let none = Actions { create: false, update: false, delete: false };
    let mut world = World::new(2);
    world.recycle_bin = true;
    world.rules = rules(|_| {}, Some(Actions { create: false, ..Actions::ALL }));
    let first = world.run().await;
    assert_eq!(first.sent(), ["FIND", "FIND"]);
    assert_eq!(first.outcomes()[0], (ActionKind::Skip, "ActionOff"));
    world.rules = rules(|_| {}, None);
    assert_eq!(world.run().await.count(ActionKind::Create), 2);
    world.rules = rules(|_| {}, Some(none));
    world.run().await;
    world.person(1).assigned = false;
    world.people.remove(&2);
    let left = world.run().await;
    assert_eq!(left.outcomes(), [(ActionKind::Skip, "ActionOff"), (ActionKind::Skip, "ActionOff")]);
    assert!(left.sent().is_empty(), "{:?}", left.requests);
}

#[tokio::test]
async fn a_new_mapping_makes_the_cycle_initial() {
    let mut world = World::new(2);
    world.run().await;
    world.rules = rules(
        |document| {
            mapping(document, "title")["source"] = json!({
        "expression": "\"Staff\"", "name": "Staff", "type": "Constant", "parameters": []});
        },
        None,
    );
    let again = world.run().await;
    assert_eq!(again.report().kind, CycleKind::Initial);
    assert_eq!(again.warnings.len(), 1);
    assert_eq!((again.count(ActionKind::Update), world.title(1)), (2, "Staff".to_owned()));
    assert_eq!(world.run().await.requests.len(), 1);
}

#[tokio::test]
async fn a_new_scope_waits_for_a_restart() {
    let mut world = World::new(2);
    world.person(2).assigned = false;
    world.run().await;
    world.policy.scope.scope = crate::scoping::Scope::All;
    for _ in 0..2 {
        let again = world.run().await;
        assert_eq!((again.requests.len(), again.warnings.len()), (1, 1));
    }
    let mut store = world.store();
    store.restart(&"watermark".parse().unwrap(), world.clock.now()).unwrap();
    store.close().unwrap();
    assert_eq!(world.run().await.count(ActionKind::Create), 1);
}

#[tokio::test]
async fn without_a_mapping_of_active_nobody_is_disabled() {
    let mut world = World::new(2);
    world.rules = rules(
        |document| {
            let mappings = document["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"].as_array_mut();
            mappings.unwrap().retain(|mapping| mapping["targetAttributeName"] != "active");
        },
        None,
    );
    world.run().await;
    world.person(1).assigned = false;
    let left = world.run().await;
    assert_eq!(left.outcomes(), [(ActionKind::Skip, "NoActiveMapping")]);
    world.person(1).assigned = true;
    world.person(1).title = "Chief";
    assert_eq!(world.run().await.outcomes(), [(ActionKind::Update, "InScopeAgain")]);
}

#[tokio::test]
async fn default_access_counts_at_once() {
    let mut world = World::new(2);
    world.policy.scope.default_access = crate::scoping::DefaultAccess::Include;
    world.role = "00000000-0000-0000-0000-000000000000";
    assert_eq!(world.run().await.count(ActionKind::Create), 2);
    world.policy.scope.default_access = crate::scoping::DefaultAccess::Exclude;
    assert_eq!(world.run().await.count(ActionKind::Disable), 2);
    world.policy.scope.default_access = crate::scoping::DefaultAccess::Include;
    assert_eq!(world.run().await.count(ActionKind::Update), 2);
    assert!(world.is_active(1));
}

#[tokio::test]
async fn concurrency_changes_the_order_only() {
    let mut all = Vec::new();
    for concurrency in [1, 8] {
        let mut world = World::new(40);
        world.concurrency = concurrency;
        let mut requests = world.run().await.requests;
        (1..=20).for_each(|number| world.person(number).title = "Chief");
        (15..=18).for_each(|number| world.person(number).assigned = false);
        let second = world.run().await;
        assert_eq!((second.count(ActionKind::Update), second.count(ActionKind::Disable)), (16, 4));
        // Ids follow the order of creation.
        let strip = |line: &String| {
            let path = line.split(' ').nth(1).unwrap();
            if path.starts_with("/Users/") { line.replacen(path, "/Users/{id}", 1) } else { line.clone() }
        };
        requests.extend(second.requests.iter().map(strip));
        requests.sort();
        all.push(requests);
    }
    assert_eq!(all[0].len(), all[1].len());
    assert_eq!(all[0], all[1]);
}

#[tokio::test]
async fn a_dry_run_writes_nothing() {
    let mut world = World::new(3);
    world.run().await;
    world.person(1).title = "Chief";
    world.person(2).assigned = false;
    let all = |world: &World| {
        let store = world.store();
        (world.endpoint.resources().unwrap(), store.totals().unwrap(), store.staged().unwrap())
    };
    let before = all(&world);
    let dry = world.run_as(Mode::DryRun, None, true).await;
    assert_eq!(dry.outcomes(), [(ActionKind::Update, "Changed"), (ActionKind::Disable, "LeftScope")]);
    assert_eq!(dry.sent(), ["GET", "GET"]);
    assert_eq!(all(&world), before);
    let run = world.run().await;
    assert_eq!(run.outcomes(), dry.outcomes(), "what is planned is done");
    let changes = |cycled: &Cycled| cycled.records.iter().map(|record| record.changes.clone()).collect::<Vec<_>>();
    assert_eq!(changes(&run), changes(&dry));
}

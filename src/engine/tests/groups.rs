//! Groups and their members, cycle after cycle.

use super::directory::{scim_rules, team_id};
use super::*;
use crate::schema::ObjectKind;
use crate::store::Progress;

#[tokio::test]
async fn users_then_groups_then_members() {
    let mut world = World::scim(3, &[&[1, 2, 3, 1], &[]]);
    world.person(3).assigned = false;
    world.assign_teams();
    world.team(1).assigned = false;
    world.team(2).members = vec![id(2), team_id(1)];
    let first = world.run().await;
    assert_eq!(
        first.wire,
        ["FIND u1", "POST u1", "FIND u2", "POST u2", "FIND t2", "POST t2", "PATCH t2 Add members u2"],
        "a group that isn't assigned has no account and is no member"
    );
    let create = first.requests.iter().find(|line| line.starts_with("POST /Groups")).unwrap();
    assert!(create.contains("\"members\":[]"), "{create}");
    let progress = world.store().cycles(1).unwrap()[0].progress;
    assert_eq!(progress, Some(Progress { done: 5, due: 5 }), "members aren't among the objects that are due");
    assert!(world.run().await.wire.is_empty());
    world.team(1).assigned = true;
    world.person(3).assigned = true;
    let second = world.run().await;
    let members = ["PATCH t1 Add members u1", "PATCH t1 Add members u2", "PATCH t1 Add members u3"];
    assert_eq!(second.written()[..2], ["POST u3", "POST t1"]);
    assert_eq!(second.written()[2..], members, "once each, and the nested group was left out before");
    assert_eq!(second.report().summary.references(), 3);
}

#[tokio::test]
async fn members_come_and_go() {
    for batch in [1, 2] {
        let mut world = World::scim(4, &[&[1, 2]]);
        world.policy.members_per_patch = batch;
        world.run().await;
        world.set_members(1, &[3, 4]);
        let changed = world.run().await;
        let expected: &[&str] = match batch {
            1 => &[
                "PATCH t1 Add members u3",
                "PATCH t1 Add members u4",
                "PATCH t1 Remove members u1",
                "PATCH t1 Remove members u2",
            ],
            _ => &["PATCH t1 Add members u3,u4", "PATCH t1 Remove members u1,u2"],
        };
        assert_eq!(changed.wire, expected);
        assert_eq!(world.members_there("t1"), ["u3", "u4"]);
        assert!(world.run().await.wire.is_empty());
    }
}

#[tokio::test]
async fn nested_groups_are_members() {
    let mut world = World::scim(1, &[&[1], &[]]);
    world.team(2).members = vec![team_id(1)];
    world.run().await;
    assert_eq!(world.members_there("t2"), ["t1"]);
    // The account of the nested group goes with it.
    world.teams.remove(&1);
    world.team(2).members.clear();
    assert_eq!(world.run().await.wire, ["DELETE t1"]);
}

#[tokio::test]
async fn leaving_the_scope_deletes() {
    let mut world = World::scim(1, &[&[1]]);
    world.assign_teams();
    world.run().await;
    world.team(1).assigned = false;
    assert_eq!(world.run().await.written(), ["DELETE t1"]);
    assert_eq!(world.state(ObjectKind::Group, &team_id(1)), None);
    assert!(world.run().await.wire.is_empty());
    world.team(1).assigned = true;
    assert_eq!(world.run().await.written(), ["POST t1", "PATCH t1 Add members u1"]);
    let team = world.teams.remove(&1).unwrap();
    // Something must be left: a list without any group is suspicious.
    world.teams.insert(2, Team { name: "t2".to_owned(), assigned: false, ..team });
    assert_eq!(world.run().await.written(), ["DELETE t1"]);
}

#[tokio::test]
async fn a_group_of_the_same_name_waits_for_the_account() {
    let mut world = World::scim(1, &[&[1]]);
    world.run().await;
    let team = world.teams.remove(&1).unwrap();
    world.teams.insert(2, team);
    let cycle = world.run().await;
    assert_eq!(cycle.wire, ["FIND t1", "DELETE t1"]);
    assert_eq!(cycle.outcomes()[0], (ActionKind::Fail, "DuplicateSourceEntries"));
    assert_eq!(world.run().await.wire, ["FIND t1", "POST t1", "PATCH t1 Add members u1"]);
}

#[tokio::test]
async fn without_memberships_in_the_export_nobody_leaves() {
    let mut world = World::scim(2, &[&[1, 2]]);
    world.run().await;
    world.team_files = TeamFiles::Memberless;
    assert!(world.run().await.wire.is_empty());
    assert_eq!(world.members_there("t1"), ["u1", "u2"]);
    world.team_files = TeamFiles::Groups;
    world.set_members(1, &[2]);
    assert_eq!(world.run().await.wire, ["PATCH t1 Remove members u1"]);
}

#[tokio::test]
async fn a_list_of_memberships_is_no_list_of_groups() {
    let mut world = World::scim(2, &[&[1], &[2]]);
    world.run().await;
    world.team_files = TeamFiles::Members;
    assert!(world.run().await.wire.is_empty());
    world.set_members(2, &[]);
    let cycle = world.run().await;
    assert_eq!(cycle.wire, [""; 0], "nothing says whether the group is gone or empty");
    assert_eq!(cycle.outcomes(), [(ActionKind::Skip, "NotEffectivelyEntitled")]);
}

#[tokio::test]
async fn rows_that_cannot_be_used_remove_nobody() {
    let mut world = World::scim(2, &[&[1, 2], &[1]]);
    world.run().await;
    world.set_members(1, &[1]);
    let team = world.teams.remove(&2).unwrap();
    world.team_files = TeamFiles::Broken;
    let cycle = world.run().await;
    assert!(cycle.wire.is_empty(), "neither a member nor a group goes: {:?}", cycle.wire);
    world.teams.insert(2, team);
    world.team_files = TeamFiles::Groups;
    assert_eq!(world.run().await.wire, ["PATCH t1 Remove members u2"]);
}

#[tokio::test]
async fn groups_without_a_mapping_are_left_alone() {
    let mut world = World::scim(1, &[&[1]]);
    world.run().await;
    let on = std::mem::replace(&mut world.rules, scim_rules(None, true));
    world.team_files = TeamFiles::None;
    assert_eq!(world.run().await.wire, ["GET u1"], "the rules changed, so the cycle is initial");
    assert!(world.run().await.records.is_empty());
    world.rules = on;
    world.team_files = TeamFiles::Groups;
    assert_eq!(world.run().await.wire, ["GET u1", "GET t1", "PATCH t1 Add members u1"]);
    assert_eq!(world.members_there("t1"), ["u1"]);
}

#[tokio::test]
async fn an_incomplete_list_of_groups_deletes_none() {
    let mut world = World::scim(0, &[&[][..]; 12]);
    world.people.insert(1, Person::new());
    world.run().await;
    for restarted in [false, true] {
        if restarted {
            world.with_store(|store, now| store.restart(&crate::store::ResetScopes::default(), now).unwrap());
        }
        let teams = std::mem::take(&mut world.teams);
        world.teams.extend(teams.clone().into_iter().take(2));
        assert!(matches!(world.run().await.result, Err(EngineError::Incomplete(_))), "restarted: {restarted}");
        world.teams.clear();
        assert!(matches!(world.run().await.result, Err(EngineError::Incomplete(_))), "restarted: {restarted}");
        world.teams = teams;
    }
    assert_eq!(world.endpoint.groups().unwrap().len(), 12);
}

#[tokio::test]
async fn lost_groups() {
    let mut world = World::scim(1, &[&[1]]);
    world.run().await;
    world.lose("/Groups", "t1").await;
    world.team(1).name = "t1 new".to_owned();
    let cycle = world.run().await;
    assert_eq!(cycle.outcomes(), [(ActionKind::Fail, "InvalidAnchor")]);
    world.policy.rematch_vanished = true;
    let cycle = world.run().await;
    assert_eq!(cycle.wire[1..], ["FIND t1+new", "POST t1 new", "PATCH t1 new Add members u1"]);
    assert!(world.run().await.wire.is_empty());
}

#[tokio::test]
async fn a_lost_member_is_a_member_again() {
    let mut world = World::scim(2, &[&[1, 2]]);
    world.person(2).manager = Some(1);
    world.run().await;
    world.policy.rematch_vanished = true;
    world.lose("/Users", "u1").await;
    world.person(1).title = "Chief";
    let cycle = world.run().await;
    assert_eq!(cycle.wire[1..], ["FIND u1", "POST u1", "PATCH t1 Add members u1"]);
    // Who points to the account is only looked at in the next cycle.
    assert_eq!(world.run().await.wire, ["GET u2", "PATCH u2 Replace manager u1"]);
    assert!(world.run().await.wire.is_empty());
}

#[tokio::test]
async fn a_deleted_link_is_matched_afresh() {
    let mut world = World::scim(2, &[&[1, 2]]);
    world.run().await;
    let delete = |name: &'static str| {
        move |store: &mut Store, _| {
            let links = store.find_link(name).unwrap();
            store.delete_link(&links[0]).unwrap();
        }
    };
    world.with_store(delete("t1"));
    assert_eq!(world.run().await.wire, ["FIND t1", "PATCH t1 Add members u1", "PATCH t1 Add members u2"]);
    world.with_store(delete("u1@contoso.com"));
    assert_eq!(world.run().await.wire, ["FIND u1", "PATCH t1 Add members u1"]);
    assert!(world.run().await.wire.is_empty());
}

#[tokio::test]
async fn restarts_send_memberships_again() {
    for (scope, expected) in [
        ("None", &[][..]),
        ("Escrows", &[]),
        ("QuarantineState", &[]),
        ("Watermark", &["GET u1", "GET t1", "PATCH t1 Add members u1"]),
        ("ConnectorDataStore", &["FIND u1", "FIND t1", "PATCH t1 Add members u1"]),
        ("Full", &["FIND u1", "FIND t1", "PATCH t1 Add members u1"]),
    ] {
        let mut world = World::scim(1, &[&[1, 1]]);
        world.run().await;
        world.with_store(|store, now| store.restart(&scope.parse().unwrap(), now).unwrap());
        assert_eq!(world.run().await.wire, expected, "{scope}");
        assert!(world.run().await.wire.is_empty(), "{scope}");
    }
}

#[tokio::test]
async fn members_out_of_scope_stay_until_a_restart() {
    let mut world = World::scim(2, &[&[1]]);
    world.run().await;
    world.person(1).enabled = false;
    assert_eq!(world.run().await.wire, ["GET u1", "PATCH u1 Replace active False"]);
    world.person(1).enabled = true;
    assert_eq!(world.run().await.wire, ["GET u1", "PATCH u1 Replace active True"], "it never left the group");
    // In the recycle bin groups don't list it any more.
    let person = world.people.remove(&1).unwrap();
    world.set_members(1, &[]);
    assert_eq!(world.run().await.wire, ["GET u1", "PATCH u1 Replace active False"]);
    world.people.insert(1, person);
    world.set_members(1, &[1]);
    assert_eq!(world.run().await.wire, ["GET u1", "PATCH u1 Replace active True"]);
    assert_eq!(world.members_there("t1"), ["u1"]);
}

#[tokio::test]
async fn a_plan_for_some_shows_their_groups_only() {
    let mut world = World::scim(2, &[&[1], &[2]]);
    world.run().await;
    world.set_members(1, &[1, 2]);
    world.set_members(2, &[1, 2]);
    world.policy.only = vec!["T2".to_owned()];
    let plan = world.run_as(Mode::DryRun, None, false).await;
    let names: Vec<_> = plan.records.iter().map(|record| (&*record.name, record.reason.code())).collect();
    assert_eq!(names, [("t2", "ReferenceSet")]);
}

#[tokio::test]
async fn a_saved_plan_binds_references_too() {
    let mut world = World::scim(2, &[&[1], &[2]]);
    world.person(2).manager = Some(1);
    let plan = world.run_as(Mode::DryRun, None, true).await;
    let references = plan.records.iter().filter(|record| record.reason.is_reference()).count();
    assert_eq!((plan.records.len(), references), (7, 3));
    let planned = planned(plan.records.iter().filter(|record| record.name != "t2"));
    let applied = world.run_as(Mode::Run, Some(planned), false).await;
    assert_eq!(applied.wire[4..], ["FIND t1", "POST t1", "PATCH u2 Add manager u1", "PATCH t1 Add members u1"]);
    let left = world.run().await;
    assert_eq!(left.report().kind, CycleKind::Initial, "a part of the objects moves no watermark");
    assert_eq!(left.written(), ["POST t2", "PATCH t1 Add members u1", "PATCH t2 Add members u2"]);
}

#[tokio::test]
async fn actions_that_are_off_are_never_sent() {
    let mut world = World::scim(2, &[&[1]]);
    world.person(2).manager = Some(1);
    world.rules = scim_rules(Some(Actions { create: true, update: false, delete: false }), false);
    assert_eq!(world.run().await.wire, ["FIND u1", "POST u1", "FIND u2", "POST u2", "FIND t1", "POST t1"]);
    assert!(world.run().await.records.is_empty());
    let team = world.teams.remove(&1).unwrap();
    world.teams.insert(2, Team { name: "t2".to_owned(), ..team });
    assert_eq!(world.run().await.wire, ["FIND t2", "POST t2"], "the account of the other one stays");
    assert!(world.run().await.wire.is_empty());
}

#[tokio::test]
async fn a_group_found_gone_by_its_members_is_matched_again() {
    let mut world = World::scim(2, &[&[1]]);
    world.policy.rematch_vanished = true;
    world.run().await;
    world.lose("/Groups", "t1").await;
    world.set_members(1, &[1, 2]);
    assert_eq!(world.run().await.records[0].error.as_ref().unwrap().code, "InvalidAnchor");
    let again = world.run().await;
    assert_eq!(again.written(), ["POST t1", "PATCH t1 Add members u1", "PATCH t1 Add members u2"]);
    assert_eq!(world.members_there("t1"), ["u1", "u2"]);
    assert!(world.run().await.wire.is_empty());
}

#[tokio::test]
async fn a_group_that_takes_the_name_of_another_one_fails() {
    for renamed in [1, 2] {
        let mut world = World::scim(1, &[&[1], &[]]);
        world.run().await;
        let other = 3 - renamed;
        world.team(renamed).name = format!("t{other}");
        for _ in 0..2 {
            let cycle = world.run().await;
            assert_eq!(cycle.outcomes(), [(ActionKind::Fail, "DuplicateSourceEntries")]);
            assert_eq!(cycle.records[0].source_id, team_id(renamed), "who has the name keeps it");
            assert!(cycle.written().is_empty());
        }
        world.team(renamed).name = "t9".to_owned();
        assert_eq!(world.run().await.outcomes(), [(ActionKind::Update, "Changed")]);
    }
}

#[test]
fn an_offline_plan_has_members_with_a_mapping_without_managers() {
    let world = World::scim(2, &[&[1, 2]]);
    let mut document: Value = serde_json::from_str(template("scim").unwrap().text).unwrap();
    let users = document["synchronizationRules"][0]["objectMappings"].as_array_mut().unwrap();
    let users =
        users.iter_mut().find(|mapping| mapping["targetObjectName"].as_str().unwrap().ends_with("User")).unwrap();
    let is_manager = |mapping: &Value| mapping["targetAttributeName"].as_str().unwrap().ends_with("manager");
    users["attributeMappings"].as_array_mut().unwrap().retain(|mapping| !is_manager(mapping));
    let rules =
        compiled(&document.to_string(), &CompileOptions { name: "scim".to_owned(), ..CompileOptions::default() });
    assert!(rules.users.reference.is_none());
    let (now, export) = (world.clock.now(), world.export());
    let offline = Offline { policy: &world.policy, rules: &rules, export: &export, now, evaluated_at: now };
    let mut added = Vec::new();
    let mut each = |processed: Processed| {
        added.extend(processed.record.changes.into_iter().filter(|change| &*change.attribute == "members"));
        std::ops::ControlFlow::Continue(())
    };
    offline.plan(&offline.index().unwrap(), &mut each).unwrap();
    assert_eq!(added.len(), 2, "{added:?}");
}

//! When what failed is tried again, to the hour.

use super::directory::team_id;
use super::*;
use crate::plan::FailedPart;
use crate::schema::ObjectKind;
use crate::store::{JobState, ResetScopes};

/// Runs a cycle at each of these hours after the first and gives those in which something was sent.
async fn tried(world: &mut World, hours: impl IntoIterator<Item = i64>) -> Vec<i64> {
    let start = world.clock.now();
    let mut tried = Vec::new();
    for hour in hours {
        world.clock.sleep_until(start + crate::base::SignedDuration::from_hours(hour)).await;
        if !world.run().await.wire.is_empty() {
            tried.push(hour);
        }
    }
    tried
}

#[tokio::test]
async fn users_at_the_hours_of_the_service() {
    let mut world = World::new(1);
    world.fault("POST", "u1@", usize::MAX, Fault::Instead(500));
    assert_eq!(tried(&mut world, 0..=73).await, [0, 1, 6, 12, 24, 48, 72]);
    world.wire.faults.lock().unwrap().clear();
    assert_eq!(tried(&mut world, 1..=48).await, [23]);
    assert_eq!(world.state(ObjectKind::User, &id(1)).unwrap().failure, None);
}

#[tokio::test]
async fn groups_likewise() {
    let mut world = World::scim(1, &[&[1]]);
    world.fault("POST", "/Groups", usize::MAX, Fault::Instead(500));
    assert_eq!(tried(&mut world, 0..=25).await, [0, 1, 6, 12, 24]);
}

#[tokio::test]
async fn members_likewise() {
    let mut world = World::scim(2, &[&[1, 2]]);
    world.run().await;
    world.advance(1).await;
    world.set_members(1, &[1]);
    world.fault("PATCH", "members", usize::MAX, Fault::Instead(500));
    assert_eq!(tried(&mut world, 0..=25).await, [0, 1, 6, 12, 24]);
    let failure = world.state(ObjectKind::Group, &team_id(1)).unwrap().failure.unwrap();
    assert_eq!((failure.part, failure.count), (FailedPart::Reference, 5));
    // Another member is another source: all are tried before their time.
    world.people.insert(3, Person::new());
    world.set_members(1, &[1, 3]);
    let early = world.run().await;
    assert_eq!(early.wire, ["FIND u3", "POST u3", "PATCH t1 Add members u3", "PATCH t1 Remove members u2"]);
    assert_eq!(early.report().summary.reference_failures(), 2);
    assert!(world.run().await.wire.is_empty(), "and then not before their time");
    world.wire.faults.lock().unwrap().clear();
    world.advance(24).await;
    assert_eq!(world.run().await.wire, ["PATCH t1 Add members u3", "PATCH t1 Remove members u2"]);
    assert_eq!(world.state(ObjectKind::Group, &team_id(1)).unwrap().failure, None);
}

#[tokio::test]
async fn a_failure_that_is_over_is_forgotten_whenever_it_ends() {
    // By a change of the members, by a change of the group.
    for rename in [false, true] {
        let mut world = World::scim(2, &[&[1]]);
        world.fault("PATCH", "members", 2, Fault::Instead(500));
        world.run().await;
        world.run().await;
        assert!(world.run().await.wire.is_empty());
        if rename {
            world.team(1).name = "t1 new".to_owned();
            assert_eq!(world.run().await.wire.last().unwrap(), "PATCH t1 new Add members u1");
        } else {
            world.set_members(1, &[2]);
            let changed = world.run().await;
            assert_eq!(changed.wire, ["PATCH t1 Add members u2", "PATCH t1 Remove members u1"]);
        }
        assert_eq!(world.state(ObjectKind::Group, &team_id(1)).unwrap().failure, None, "{rename}");
    }
}

#[tokio::test]
async fn a_failure_of_members_goes_with_the_reason_for_it() {
    // The one who couldn't be added isn't to be added any more, and goes where nobody knows whether she wasn't.
    let none: &[&str] = &[];
    for (fault, there, expected) in [
        (Fault::Instead(400), none, none),
        (Fault::Instead(503), none, none),
        (Fault::Instead(500), none, &["PATCH t1 Remove members u1"]),
        (Fault::After(500), &["u1"], &["PATCH t1 Remove members u1"]),
    ] {
        let mut world = World::scim(1, &[&[1]]);
        world.fault("PATCH", "members", 2, fault);
        world.run().await;
        world.run().await;
        assert_eq!(world.members_there("t1"), there);
        world.set_members(1, &[]);
        assert_eq!(world.run().await.wire, expected);
        assert!(world.members_there("t1").is_empty());
        assert_eq!(world.state(ObjectKind::Group, &team_id(1)).unwrap().failure, None);
        assert!(world.run().await.wire.is_empty());
    }
}

#[tokio::test]
async fn a_manager_who_may_have_been_set_is_cleared() {
    for (fault, expected) in
        [(Fault::Instead(400), &["GET u2"][..]), (Fault::After(500), &["GET u2", "PATCH u2 Replace manager"])]
    {
        let mut world = World::scim(3, &[]);
        world.person(2).manager = Some(1);
        world.fault("PATCH", "manager", 1, fault);
        world.run().await;
        world.person(2).manager = None;
        assert_eq!(world.run().await.wire, expected);
        assert!(world.run().await.wire.is_empty());
        // One who is to be set is sent until it is known that she was.
        world.person(3).manager = Some(1);
        world.fault("PATCH", "manager", 1, fault);
        world.run().await;
        assert_eq!(world.run().await.written().len(), usize::from(fault == Fault::Instead(400)));
        assert!(world.run().await.wire.is_empty());
    }
}

#[tokio::test]
async fn only_the_failed_member_is_sent_again() {
    let mut world = World::scim(3, &[&[1, 2, 3]]);
    world.fault("PATCH", "members", 1, Fault::Instead(500));
    let first = world.run().await;
    assert_eq!((first.report().summary.references(), first.report().summary.reference_failures()), (2, 1));
    assert_eq!(first.count(ActionKind::Fail), 0);
    assert_eq!(world.run().await.wire, ["PATCH t1 Add members u1"]);
    assert!(world.run().await.wire.is_empty());
}

#[tokio::test]
async fn managers_likewise() {
    let mut world = World::scim(2, &[]);
    world.person(2).manager = Some(1);
    world.fault("PATCH", "manager", usize::MAX, Fault::Instead(500));
    assert_eq!(tried(&mut world, 0..=25).await, [0, 1, 6, 12, 24]);
    world.wire.faults.lock().unwrap().clear();
    world.advance(23).await;
    assert_eq!(world.run().await.wire, ["GET u2", "PATCH u2 Add manager u1"]);
    assert_eq!(world.state(ObjectKind::User, &id(2)).unwrap().failure, None);
}

#[tokio::test]
async fn members_wait_for_their_group() {
    let mut world = World::scim(2, &[&[1]]);
    world.run().await;
    world.set_members(1, &[1, 2]);
    world.team(1).name = "t1 new".to_owned();
    world.fault("PATCH", "displayName", 2, Fault::Instead(500));
    let cycle = world.run().await;
    assert_eq!(cycle.wire, ["GET t1", "PATCH t1 Replace displayName t1 new"]);
    let failure = |world: &World| world.state(ObjectKind::Group, &team_id(1)).unwrap().failure.unwrap();
    assert_eq!((failure(&world).part, failure(&world).count), (FailedPart::Export, 1));
    world.run().await;
    assert_eq!((failure(&world).part, failure(&world).count), (FailedPart::Export, 2));
    assert!(world.run().await.wire.is_empty(), "its escrow isn't due");
    world.advance(6).await;
    let mended = world.run().await;
    assert_eq!(mended.wire[1..], ["PATCH t1 new Replace displayName t1 new", "PATCH t1 new Add members u2"]);
}

#[tokio::test]
async fn who_leaves_is_tried_before_its_time() {
    // A failed change waits; its user is deleted meanwhile.
    let mut world = World::new(2);
    world.run().await;
    world.person(1).title = "Chief";
    world.fault("PATCH", "title", 2, Fault::Instead(500));
    world.run().await;
    world.run().await;
    assert!(world.run().await.wire.is_empty());
    world.people.remove(&1);
    assert_eq!(world.run().await.wire, ["GET u1", "PATCH u1 Replace active False"]);
    // So with a group whose members wait.
    let mut world = World::scim(1, &[&[1], &[]]);
    world.fault("PATCH", "members", 2, Fault::Instead(500));
    world.run().await;
    world.run().await;
    world.teams.remove(&1);
    assert_eq!(world.run().await.wire, ["DELETE t1"]);
}

#[tokio::test]
async fn after_28_days_it_is_given_up() {
    let user = |world: &mut World| world.fault("POST", "u1@", usize::MAX, Fault::Instead(500));
    let group = |world: &mut World| world.fault("POST", "/Groups", usize::MAX, Fault::Instead(500));
    let members = |world: &mut World| world.fault("PATCH", "members", usize::MAX, Fault::Instead(500));
    let manager = |world: &mut World| world.fault("PATCH", "manager", usize::MAX, Fault::Instead(500));
    for (what, fault) in
        [("user", user as fn(&mut World)), ("group", group), ("members", members), ("manager", manager)]
    {
        let mut world = World::scim(2, &[&[1]]);
        world.person(2).manager = Some(1);
        world.policy.notify = Some("admin@contoso.com".to_owned());
        fault(&mut world);
        world.run().await;
        world.advance(27 * 24).await;
        world.run().await;
        assert_eq!(world.with_store(|store, _| store.totals().unwrap()).failing, 1, "{what}");
        world.advance(24).await;
        let given_up = world.run().await;
        assert_eq!(given_up.wire, [""; 0], "{what}");
        assert_eq!(given_up.outcomes()[0], (ActionKind::Skip, "EscrowPruned"), "{what}");
        // What waited for the account of somebody who was given up is left out from now on.
        let left_out = [(ActionKind::Skip, "UnableToResolveReferenceAttributeValue")];
        assert_eq!(given_up.outcomes()[1..], left_out[..usize::from(what == "user")], "{what}");
        assert_eq!(given_up.notifications, ["Disabled"], "{what}");
        assert_eq!(world.with_store(|store, _| store.totals().unwrap()).failing, 0, "{what}");
        assert_eq!(world.with_store(|store, _| store.job_state().unwrap()), JobState::Disabled, "{what}");
    }
}

#[tokio::test]
async fn a_change_is_not_given_up_with_what_failed_before() {
    let leaves = |world: &mut World| world.person(1).assigned = false;
    let changes = |world: &mut World| world.person(1).title = "Head";
    let goes = |world: &mut World| drop(world.people.remove(&1));
    for (change, expected) in
        [(leaves as fn(&mut World), ActionKind::Disable), (changes, ActionKind::Update), (goes, ActionKind::Disable)]
    {
        let mut world = World::new(2);
        world.run().await;
        world.person(1).title = "Chief";
        world.fault("PATCH", "title", usize::MAX, Fault::Instead(500));
        world.run().await;
        world.advance(28 * 24).await;
        world.wire.faults.lock().unwrap().clear();
        change(&mut world);
        assert_eq!(world.run().await.outcomes().iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [expected]);
        assert_eq!(world.with_store(|store, _| store.job_state().unwrap()), JobState::Active);
    }
}

#[tokio::test]
async fn a_restart_forgets_failures() {
    for (scope, expected) in
        [(ResetScopes::default(), 1), ("Escrows".parse().unwrap(), 1), ("None".parse().unwrap(), 0)]
    {
        let mut world = World::scim(1, &[&[1]]);
        world.fault("PATCH", "members", 2, Fault::Instead(500));
        world.run().await;
        world.run().await;
        world.with_store(|store, now| store.restart(&scope, now).unwrap());
        let members = world.run().await.wire.iter().filter(|line| line.contains("members")).count();
        assert_eq!(members, expected, "{scope:?}");
    }
}

#[tokio::test]
async fn a_killed_process_is_made_up_for() {
    let mut world = World::scim(3, &[&[1, 2, 3]]);
    world.fault("PATCH", "members", 1, Fault::Instead(500));
    world.fault("PATCH", "members", 1, Fault::Cancel);
    let cut = world.run().await;
    assert!(!cut.report().completed);
    assert_eq!(cut.report().summary.references(), 1);
    world.run().await;
    assert_eq!(world.members_there("t1"), ["u1", "u2", "u3"]);
    assert_eq!(world.state(ObjectKind::Group, &team_id(1)).unwrap().failure, None);
}

#[tokio::test]
async fn a_leaver_whose_failure_was_forgotten_is_disabled_all_the_same() {
    let mut world = World::new(2);
    world.run().await;
    world.people.remove(&1);
    world.fault("PATCH", "active", 1, Fault::Instead(500));
    assert_eq!(world.run().await.count(ActionKind::Fail), 1);
    world.with_store(|store, now| store.restart(&"Escrows".parse().unwrap(), now).unwrap());
    assert_eq!(world.run().await.count(ActionKind::Disable), 1);
    assert!(!world.is_active(1));
    assert!(world.run().await.records.is_empty(), "once");
}

#[tokio::test]
async fn what_changes_about_a_group_is_not_given_up_with_its_members() {
    let renamed = |world: &mut World| world.team(1).name = "design".to_owned();
    let leaves = |world: &mut World| world.team(1).assigned = false;
    let goes = |world: &mut World| drop(world.teams.remove(&1));
    for (change, expected) in [
        (
            renamed as fn(&mut World),
            ["PATCH design Replace displayName design", "PATCH design Add members u1"].as_slice(),
        ),
        (leaves, &["DELETE t1"]),
        (goes, &["DELETE t1"]),
    ] {
        let mut world = World::scim(1, &[&[1], &[]]);
        world.assign_teams();
        world.fault("PATCH", "members", usize::MAX, Fault::Instead(500));
        world.run().await;
        world.advance(28 * 24).await;
        change(&mut world);
        assert_eq!(world.run().await.written(), expected);
    }
}

#[tokio::test]
async fn members_that_were_given_up_wait_for_a_restart() {
    let mut world = World::scim(3, &[&[1, 2]]);
    world.run().await;
    world.fault("PATCH", "members", usize::MAX, Fault::Instead(500));
    world.set_members(1, &[1, 3]);
    world.run().await;
    world.advance(28 * 24).await;
    let given_up = world.run().await;
    assert_eq!((given_up.wire.len(), given_up.outcomes()), (0, vec![(ActionKind::Skip, "EscrowPruned")]));
    world.wire.faults.lock().unwrap().clear();
    world.with_store(|store, _| store.set_job_state(&JobState::Active).unwrap());
    assert_eq!(world.run().await.wire, ["PATCH t1 Remove members u2"], "who left is still to be removed");
    assert!(world.run().await.wire.is_empty());
    world.with_store(|store, now| store.restart(&ResetScopes::default(), now).unwrap());
    world.run().await;
    assert_eq!(world.members_there("t1"), ["u1", "u3"]);
}

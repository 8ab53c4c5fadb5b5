//! Accidental deletion prevention.

use super::directory::team_id;
use super::*;
use crate::plan::quarantine::QuarantineReason;
use crate::schema::ObjectKind;
use crate::store::JobState;

/// Two users and a group are about to go, two are allowed; a third user changes.
async fn held() -> World {
    let mut world = World::scim(3, &[&[1], &[2]]);
    world.policy.deletion_threshold = Some(2);
    world.policy.notify = Some("admin@contoso.com".to_owned());
    world.recycle_bin = true;
    world.assign_teams();
    world.run().await;
    world.person(1).enabled = false;
    world.people.remove(&2);
    world.team(2).assigned = false;
    world.person(3).title = "Chief";
    world
}

fn reason(world: &World) -> Option<String> {
    match world.with_store(|store, _| store.job_state().unwrap()) {
        JobState::Quarantine { reason, .. } => Some(reason),
        _ => None,
    }
}

#[tokio::test]
async fn too_many_are_held_back_and_allowed() {
    let mut world = held().await;
    let plan = world.run_as(Mode::DryRun, None, true).await;
    assert_eq!(plan.count(ActionKind::StagedDelete), 3, "a plan shows the same");
    assert_eq!(reason(&world), None);
    let cycle = world.run().await;
    assert_eq!(cycle.wire, ["GET u3", "PATCH u3 Replace title Chief"], "users and groups count together");
    assert_eq!(cycle.count(ActionKind::StagedDelete), 3);
    assert_eq!(cycle.notifications, [QuarantineReason::TooManyDeletes.code()]);
    assert_eq!(reason(&world).as_deref(), Some("TooManyDeletes"));
    let again = world.run().await;
    assert_eq!((again.wire.len(), again.notifications.len()), (0, 0), "told once");
    assert_eq!(world.with_store(|store, now| store.allow_deletes(None, now).unwrap()), 3);
    let allowed = world.run().await;
    assert_eq!(allowed.wire, ["GET u1", "PATCH u1 Replace active False", "DELETE u2", "DELETE t2"]);
    assert_eq!(reason(&world), None, "a cycle that gets through ends the quarantine");
    assert_eq!(world.with_store(|store, _| store.staged().unwrap()), []);
    assert!(world.run().await.records.is_empty());
}

#[tokio::test]
async fn at_the_threshold_nothing_is_held_back() {
    let mut world = held().await;
    world.policy.deletion_threshold = Some(3);
    let cycle = world.run().await;
    assert_eq!(cycle.count(ActionKind::StagedDelete), 0);
    assert_eq!(cycle.count(ActionKind::Delete) + cycle.count(ActionKind::Disable), 3);
}

#[tokio::test]
async fn an_approval_runs_out() {
    let mut world = held().await;
    world.run().await;
    let until = world.in_hours(1);
    world.with_store(|store, now| store.allow_deletes(Some(until), now).unwrap());
    world.advance(2).await;
    let late = world.run().await;
    assert_eq!((late.wire.len(), late.count(ActionKind::StagedDelete)), (0, 3));
    assert!(world.with_store(|store, _| store.staged().unwrap()).iter().all(|one| one.staged.allowed_until.is_none()));
}

#[tokio::test]
async fn an_approval_is_for_those_who_were_held_back() {
    let mut world = held().await;
    world.run().await;
    world.with_store(|store, now| store.allow_deletes(None, now).unwrap());
    world.people.insert(4, Person::new());
    world.person(3).enabled = false;
    let cycle = world.run().await;
    assert_eq!(cycle.count(ActionKind::Delete) + cycle.count(ActionKind::Disable), 4, "one more is no accident");
    let mut world = held().await;
    world.policy.deletion_threshold = Some(0);
    world.run().await;
    world.with_store(|store, now| store.allow_deletes(None, now).unwrap());
    world.person(3).enabled = false;
    let cycle = world.run().await;
    assert_eq!(cycle.count(ActionKind::Delete) + cycle.count(ActionKind::Disable), 3);
    assert_eq!(cycle.count(ActionKind::StagedDelete), 1);
}

#[tokio::test]
async fn an_approval_outlives_a_failure() {
    let mut world = held().await;
    world.policy.deletion_threshold = Some(0);
    world.run().await;
    world.with_store(|store, now| store.allow_deletes(None, now).unwrap());
    world.fault("DELETE", "/Users", 1, Fault::Instead(500));
    assert_eq!(world.run().await.count(ActionKind::Fail), 1);
    assert_eq!(world.run().await.wire, ["DELETE u2"]);
}

#[tokio::test]
async fn a_mended_source_is_held_back_no_more() {
    let mut world = held().await;
    let gone = Person::new();
    world.run().await;
    world.with_store(|store, now| store.allow_deletes(None, now).unwrap());
    world.person(1).enabled = true;
    world.people.insert(2, gone);
    world.team(2).assigned = true;
    let cycle = world.run().await;
    assert_eq!(cycle.count(ActionKind::None), 3, "{:?}", cycle.outcomes());
    assert_eq!(world.with_store(|store, _| store.staged().unwrap()), [], "an approval doesn't wait for the next time");
    assert_eq!(reason(&world), None);
    assert!(world.run().await.records.is_empty());
}

#[tokio::test]
async fn a_restart_can_force_deletes() {
    let mut world = held().await;
    world.run().await;
    world.with_store(|store, now| store.restart(&"ForceDeletes".parse().unwrap(), now).unwrap());
    assert_eq!(world.run().await.count(ActionKind::StagedDelete), 0);
    assert_eq!(world.state(ObjectKind::Group, &team_id(2)), None);
}

#[tokio::test]
async fn who_waits_in_escrow_does_not_count() {
    let mut world = World::new(4);
    world.policy.deletion_threshold = Some(1);
    world.run().await;
    world.person(1).assigned = false;
    world.fault("PATCH", "active", 2, Fault::Instead(500));
    world.run().await;
    world.run().await;
    world.person(2).assigned = false;
    assert_eq!(world.run().await.count(ActionKind::Disable), 1, "the other one isn't tried in this cycle");
}

#[tokio::test]
async fn who_was_left_alone_counts_once_that_is_over() {
    let mut world = World::new(4);
    world.policy.deletion_threshold = Some(1);
    world.policy.skip_out_of_scope_deletions = true;
    world.run().await;
    for number in 1..=3 {
        world.person(number).assigned = false;
    }
    assert_eq!(world.run().await.count(ActionKind::Skip), 3);
    world.person(1).title = "Chief";
    world.run().await;
    world.policy.skip_out_of_scope_deletions = false;
    assert_eq!(world.run().await.records.len(), 0, "an incremental cycle doesn't look at them");
    world.with_store(|store, now| store.restart(&crate::store::ResetScopes::default(), now).unwrap());
    assert_eq!(world.run().await.count(ActionKind::StagedDelete), 3);
    assert_eq!(reason(&world).as_deref(), Some("TooManyDeletes"));
    assert_eq!(world.run().await.count(ActionKind::StagedDelete), 3, "nobody has allowed it");
    assert_eq!(world.with_store(|store, now| store.allow_deletes(None, now).unwrap()), 3);
    assert_eq!(world.run().await.count(ActionKind::Disable), 3);
    // Whoever was disabled doesn't count again at the next restart.
    world.with_store(|store, now| store.restart(&crate::store::ResetScopes::default(), now).unwrap());
    assert_eq!(world.run().await.count(ActionKind::StagedDelete), 0);
    assert_eq!(reason(&world), None);
}

#[tokio::test]
async fn what_changed_while_it_was_left_alone_is_sent_once_it_is_in_scope_again() {
    let mut world = World::new(2);
    world.policy.deletion_threshold = Some(0);
    world.policy.skip_out_of_scope_deletions = true;
    world.run().await;
    world.person(1).assigned = false;
    world.run().await;
    world.person(1).title = "Chief";
    world.run().await;
    world.policy.skip_out_of_scope_deletions = false;
    world.with_store(|store, now| store.restart(&crate::store::ResetScopes::default(), now).unwrap());
    assert_eq!(world.run().await.count(ActionKind::StagedDelete), 1);
    world.person(1).assigned = true;
    world.run().await;
    assert_eq!(world.title(1), "Chief");
}

#[tokio::test]
async fn whoever_came_back_starts_anew_in_the_recycle_bin() {
    let mut world = World::new(2);
    world.policy.deletion_threshold = Some(0);
    world.run().await;
    let gone = world.people.remove(&1).unwrap();
    assert_eq!(world.run().await.count(ActionKind::StagedDelete), 1);
    world.advance(20 * 24).await;
    world.people.insert(1, Person { assigned: false, ..gone });
    assert_eq!(world.run().await.count(ActionKind::StagedDelete), 1, "it is held back still");
    world.people.remove(&1);
    world.advance(9 * 24).await;
    world.run().await;
    world.advance(2 * 24).await;
    world.with_store(|store, now| store.allow_deletes(None, now).unwrap());
    assert_eq!(world.run().await.count(ActionKind::Disable), 1, "two days aren't thirty");
    assert!(!world.is_active(1));
}

#[tokio::test]
async fn a_plan_for_some_counts_them_all_and_judges_nobody() {
    let mut world = World::new(5);
    world.policy.deletion_threshold = Some(2);
    world.run().await;
    world.people.remove(&1);
    world.people.remove(&2);
    world.person(3).assigned = false;
    world.policy.only = vec!["u3@contoso.com".to_owned()];
    let plan = world.run_as(Mode::DryRun, None, false).await;
    assert_eq!(plan.outcomes(), [(ActionKind::StagedDelete, "TooManyDeletes")]);
    world.policy.only.clear();
    let before = world.with_store(|store, _| store.job().unwrap());
    let applied = world.run_as(Mode::Run, Some(planned(&plan.records)), false).await;
    assert_eq!((applied.outcomes(), applied.wire.len()), (plan.outcomes(), 0), "applied as it was planned");
    assert_eq!(world.with_store(|store, _| store.job().unwrap()), before, "a part says nothing of the job");
    assert_eq!(world.with_store(|store, now| store.allow_deletes(None, now).unwrap()), 1);
    assert_eq!(world.run().await.count(ActionKind::Disable), 3, "two more are no accident");
}

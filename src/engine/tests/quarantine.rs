//! What a job becomes, cycle after cycle.

use super::*;
use crate::store::{JobMemory, JobState};

fn job(world: &World) -> JobMemory {
    world.with_store(|store, _| store.job().unwrap())
}

/// Minutes from now to the next attempt.
fn wait(world: &World) -> Option<i64> {
    match job(world).state {
        JobState::Quarantine { next_attempt, .. } => {
            Some(next_attempt.duration_since(world.clock.now()).as_secs() / 60)
        }
        _ => None,
    }
}

fn world(people: u32) -> World {
    let mut world = World::new(people);
    world.policy.notify = Some("admin@contoso.com".to_owned());
    world.policy.thresholds.min_failures = 2;
    world.policy.thresholds.max_failures = 5;
    world.policy.thresholds.max_all = 6;
    world
}

#[tokio::test]
async fn the_interval_grows_and_a_cycle_that_gets_through_ends_it() {
    let mut world = world(1);
    world.fault("GET", "filter", usize::MAX, Fault::Instead(401));
    let mut waits = Vec::new();
    let mut told = Vec::new();
    for _ in 0..8 {
        let cycle = world.run().await;
        assert!(matches!(cycle.result, Err(EngineError::Quarantine { .. })));
        assert!(cycle.wire.is_empty());
        told.extend(cycle.notifications);
        waits.extend(wait(&world));
        world.clock.sleep(Duration::from_mins(waits[waits.len() - 1].unsigned_abs())).await;
    }
    assert_eq!(waits, [40, 80, 160, 320, 640, 1280, 1440, 1440]);
    assert_eq!(told, ["EncounteredQuarantineException"]);
    world.wire.faults.lock().unwrap().clear();
    assert!(world.run().await.report().completed);
    let after = job(&world);
    assert_eq!((after.state, after.notified, after.failures_in_a_row), (JobState::Active, None, 0));
}

#[tokio::test]
async fn after_28_days_it_is_disabled() {
    let mut world = world(1);
    world.fault("GET", "filter", usize::MAX, Fault::Instead(401));
    let mut told = Vec::new();
    for _ in 0..29 {
        told.extend(world.run().await.notifications);
        world.advance(24).await;
    }
    assert_eq!(told, ["EncounteredQuarantineException", "Disabled"]);
    assert_eq!(job(&world).state, JobState::Disabled);
}

#[tokio::test]
async fn too_many_failures() {
    let mut world = world(4);
    world.run().await;
    for number in 1..=4 {
        world.person(number).title = "Chief";
    }
    world.fault("PATCH", "title", 2, Fault::Instead(500));
    let cycle = world.run().await;
    assert_eq!(cycle.report().quarantine.as_ref().unwrap().code, "EncounteredEscrowProportionThreshold");
    assert_eq!(cycle.notifications, ["EncounteredEscrowProportionThreshold"]);
    // Another reason is told again.
    world.fault("GET", "filter", 1, Fault::Instead(401));
    assert_eq!(world.run().await.notifications, ["EncounteredQuarantineException"]);
    assert!(world.run().await.notifications.is_empty());
    assert_eq!(job(&world).state, JobState::Active);
}

#[tokio::test]
async fn an_initial_cycle_pauses_instead() {
    let mut world = world(4);
    world.fault("POST", "@", 3, Fault::Instead(500));
    let cycle = world.run().await;
    assert!(cycle.report().completed && cycle.report().quarantine.is_none());
    let after = job(&world);
    assert_eq!((after.state, after.escrows_pruned), (JobState::Paused, true));
    assert_eq!(world.with_store(|store, _| store.totals().unwrap()).failing, 0);
    world.with_store(|store, now| store.restart(&crate::store::ResetScopes::default(), now).unwrap());
    assert_eq!(world.run().await.count(ActionKind::Create), 3);
    let after = job(&world);
    assert_eq!((after.state, after.escrows_pruned), (JobState::Active, false));
}

#[tokio::test]
async fn failures_of_references_count_towards_the_last_threshold_only() {
    for (max_all, expected) in [(3, None), (2, Some("EncounteredTotalEscrowThreshold"))] {
        let mut world = World::scim(3, &[&[1]]);
        world.policy.thresholds.min_failures = 1;
        world.policy.thresholds.max_failures = 1;
        world.policy.thresholds.max_all = max_all;
        world.run().await;
        world.set_members(1, &[1, 2, 3]);
        world.person(2).manager = Some(1);
        world.fault("PATCH", "", 9, Fault::Instead(500));
        let cycle = world.run().await;
        assert_eq!(cycle.report().summary.reference_failures(), 3);
        let code = cycle.report().quarantine.as_ref().map(|error| error.code.as_str());
        assert_eq!(code, expected);
    }
}

#[tokio::test]
async fn steady_once_nothing_waits() {
    let mut world = world(2);
    world.fault("POST", "u1@", 2, Fault::Instead(500));
    for _ in 0..3 {
        world.run().await;
        assert_eq!(job(&world).steady_first, None, "an object in escrow isn't exported");
    }
    world.advance(6).await;
    world.run().await;
    let first = job(&world).steady_first;
    assert_eq!(first, Some(world.clock.now()));
    world.advance(1).await;
    world.run().await;
    assert_eq!((job(&world).steady_first, job(&world).steady_last), (first, Some(world.clock.now())));
}

#[tokio::test]
async fn a_cycle_in_which_nobody_is_tried_does_not_end_it() {
    let mut world = world(4);
    world.run().await;
    for number in 1..=3 {
        world.person(number).title = "Chief";
    }
    world.fault("PATCH", "title", usize::MAX, Fault::Instead(500));
    let mut told = Vec::new();
    let mut tried = Vec::new();
    for attempt in 1..=7 {
        let cycle = world.run().await;
        told.extend(cycle.notifications);
        assert!(matches!(job(&world).state, JobState::Quarantine { attempts, .. } if attempts == attempt));
        tried.push(!cycle.wire.is_empty());
        let minutes = wait(&world).unwrap().unsigned_abs();
        world.clock.sleep(Duration::from_mins(minutes)).await;
    }
    // After 0, 0.7, 2, 4.7, 10, 20.7 and 42 hours: retries are due at the next cycle, 6, 12, 24 and 48 hours.
    assert_eq!(tried, [true, true, false, false, true, true, true]);
    assert_eq!(told, ["EncounteredEscrowProportionThreshold"]);
    world.wire.faults.lock().unwrap().clear();
    assert_eq!(world.run().await.count(ActionKind::Update), 3);
    assert_eq!(job(&world).state, JobState::Active);
}

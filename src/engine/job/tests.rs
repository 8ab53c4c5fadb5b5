//! Every transition of a job.

use super::*;
use crate::base::SignedDuration;

fn at(hours: i64) -> Timestamp {
    let start: Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
    start + SignedDuration::from_hours(hours)
}

fn policy() -> Policy {
    let mut policy = Policy { deletion_threshold: Some(5), ..Policy::default() };
    policy.thresholds.min_failures = 2;
    policy.thresholds.max_failures = 10;
    policy.thresholds.max_all = 20;
    policy
}

fn fine() -> Ending {
    let counts = CycleCounts { failed: 0, succeeded: 10, reference_failed: 0 };
    Ending {
        kind: CycleKind::Incremental,
        completed: true,
        counts,
        held_back: None,
        pruned: 0,
        waiting: 0,
        references_waiting: 0,
    }
}

fn failing(failed: u64, reference_failed: u64) -> Ending {
    let counts = CycleCounts { failed, succeeded: 10, reference_failed };
    Ending { counts, waiting: failed, references_waiting: reference_failed, ..fine() }
}

/// In quarantine since the beginning, after so many attempts.
fn quarantined(reason: &str, attempts: u32) -> JobMemory {
    let state = JobState::Quarantine {
        reason: reason.to_owned(),
        message: String::new(),
        since: at(0),
        attempts,
        next_attempt: at(1),
    };
    JobMemory { state, notified: Some(reason.to_owned()), failures_in_a_row: attempts.into(), ..JobMemory::default() }
}

fn in_state(state: JobState) -> JobMemory {
    JobMemory { state, ..JobMemory::default() }
}

/// The state's word with the reason, and the reason of the notification.
fn told(verdict: &Verdict) -> (String, Option<&str>) {
    let state = match &verdict.memory.state {
        JobState::Quarantine { reason, attempts, .. } => format!("{reason} {attempts}"),
        state => state.as_str().to_owned(),
    };
    (state, verdict.notification.as_ref().map(|(reason, _)| reason.as_str()))
}

const EXCEPTION: &str = "EncounteredQuarantineException";
const PROPORTION: &str = "EncounteredEscrowProportionThreshold";

#[test]
fn transitions() {
    let initial = |ending| Ending { kind: CycleKind::Initial, ..ending };
    let cut = |ending| Ending { completed: false, ..ending };
    let held = Ending { held_back: Some(6), ..fine() };
    let pruned = Ending { pruned: 1, ..fine() };
    let check = |before: &JobMemory, ending: &Ending, refused: bool, now: i64, state: &str, notified: Option<&str>| {
        let error = ObjectError { code: "Unauthorized".to_owned(), message: "401".to_owned() };
        let verdict = after_cycle(before, &policy(), ending, refused.then_some(&error), at(now));
        assert_eq!(told(&verdict), (state.to_owned(), notified), "{before:?}, {ending:?}");
        let is_quarantined = matches!(verdict.memory.state, JobState::Quarantine { .. });
        let was_quarantined = matches!(before.state, JobState::Quarantine { .. });
        let is_over = was_quarantined && verdict.memory.state == JobState::Disabled;
        let was_cut = !ending.completed && !refused;
        assert!(verdict.quarantine.is_some() == (is_quarantined || is_over) || was_cut);
    };
    let new = JobMemory::default();
    let active = in_state(JobState::Active);
    check(&new, &fine(), false, 0, "active", None);
    check(&new, &cut(fine()), false, 0, "active", None);
    check(&active, &failing(1, 0), false, 0, "active", None);
    check(&active, &failing(4, 0), false, 0, "active", None);
    check(&active, &failing(9, 0), false, 0, &format!("{PROPORTION} 1"), Some(PROPORTION));
    check(&active, &cut(failing(9, 0)), false, 0, "active", None);
    let base = "EncounteredBaseEscrowThreshold";
    check(&active, &failing(11, 0), false, 0, &format!("{base} 1"), Some(base));
    let total = "EncounteredTotalEscrowThreshold";
    check(&active, &failing(0, 21), false, 0, &format!("{total} 1"), Some(total));
    check(&active, &failing(0, 20), false, 0, "active", None);
    check(&new, &initial(failing(9, 0)), false, 0, "paused", None);
    let held_too = Ending { held_back: Some(6), ..initial(failing(9, 0)) };
    check(&new, &held_too, false, 0, "paused", Some("TooManyDeletes"));
    check(&active, &held, false, 0, "TooManyDeletes 1", Some("TooManyDeletes"));
    check(&active, &cut(held), false, 0, "active", None);
    check(&active, &pruned, false, 0, "disabled", Some("Disabled"));
    check(&active, &fine(), true, 0, &format!("{EXCEPTION} 1"), Some(EXCEPTION));
    // Another quarantine, after a job that was disabled in one was restarted.
    let restarted = JobMemory { notified: Some(EXCEPTION.to_owned()), ..active.clone() };
    check(&restarted, &fine(), true, 0, &format!("{EXCEPTION} 1"), Some(EXCEPTION));
    // In quarantine: told once for each reason.
    let before = quarantined(EXCEPTION, 3);
    check(&before, &fine(), true, 1, &format!("{EXCEPTION} 4"), None);
    check(&before, &failing(9, 0), false, 1, &format!("{PROPORTION} 4"), Some(PROPORTION));
    check(&before, &fine(), false, 1, "active", None);
    check(&before, &cut(fine()), false, 1, &format!("{EXCEPTION} 3"), None);
    check(&before, &fine(), true, 28 * 24 - 1, &format!("{EXCEPTION} 4"), None);
    check(&before, &fine(), true, 28 * 24, "disabled", Some("Disabled"));
    check(&before, &fine(), false, 28 * 24, "active", None);
    // A cycle in which nobody's time came doesn't get through, and counts as an attempt.
    let (idle, nobody) = (Ending { waiting: 9, ..fine() }, CycleCounts::default());
    check(
        &quarantined(PROPORTION, 3),
        &Ending { counts: nobody, ..idle.clone() },
        false,
        1,
        &format!("{PROPORTION} 4"),
        None,
    );
    let references = Ending { counts: nobody, references_waiting: 21, ..fine() };
    check(&quarantined(total, 3), &references, false, 1, &format!("{total} 4"), None);
    check(&quarantined(PROPORTION, 3), &Ending { waiting: 5, ..fine() }, false, 1, "active", None);
    check(&quarantined(PROPORTION, 3), &initial(idle.clone()), false, 1, "active", None);
    check(
        &quarantined(PROPORTION, 3),
        &Ending { counts: nobody, ..idle.clone() },
        false,
        28 * 24,
        "disabled",
        Some("Disabled"),
    );
    check(&before, &Ending { counts: nobody, ..idle }, false, 1, "active", None);
    // What an admin stopped stays so.
    check(&in_state(JobState::Paused), &fine(), true, 0, "paused", None);
    check(&in_state(JobState::Disabled), &failing(9, 0), false, 0, "disabled", None);
}

#[test]
fn an_initial_cycle_with_too_many_failures_is_forgiven() {
    let ending = Ending { kind: CycleKind::Initial, ..failing(9, 0) };
    let verdict = after_cycle(&JobMemory::default(), &policy(), &ending, None, at(0));
    assert!(verdict.clears_failures && verdict.memory.escrows_pruned && verdict.quarantine.is_none());
    let again = Ending { kind: CycleKind::Initial, ..fine() };
    let started = JobMemory { state: JobState::Active, ..verdict.memory };
    let incremental = after_cycle(&started, &policy(), &fine(), None, at(1));
    assert!(incremental.memory.escrows_pruned && !incremental.clears_failures);
    assert!(!after_cycle(&started, &policy(), &again, None, at(1)).memory.escrows_pruned);
}

#[test]
fn steady_states() {
    let check = |before: Option<i64>, ending: &Ending, expected: (Option<i64>, Option<i64>)| {
        let before = JobMemory { steady_first: before.map(at), steady_last: before.map(at), ..JobMemory::default() };
        let memory = after_cycle(&before, &policy(), ending, None, at(9)).memory;
        assert_eq!((memory.steady_first, memory.steady_last), (expected.0.map(at), expected.1.map(at)), "{ending:?}");
    };
    check(None, &fine(), (Some(9), Some(9)));
    check(Some(1), &fine(), (Some(1), Some(9)));
    check(None, &Ending { waiting: 1, ..fine() }, (None, None));
    check(Some(1), &failing(0, 1), (Some(1), Some(1)));
    check(None, &Ending { held_back: Some(6), ..fine() }, (None, None));
    check(None, &Ending { completed: false, ..fine() }, (None, None));
}

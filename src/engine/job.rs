//! What a job becomes by a cycle: active, in quarantine, paused or disabled; and who is told.
//!
//! After Microsoft, *Application provisioning in quarantine status* and *Enable accidental deletions prevention*.

use super::Policy;
use crate::base::Timestamp;
use crate::event::{CycleKind, ObjectError};
use crate::plan::quarantine::{CycleCounts, QuarantineReason, is_over, judge, next_attempt};
use crate::store::{JobMemory, JobState};

/// How a cycle ended, as far as the job is concerned.
#[derive(Debug, Clone)]
pub(super) struct Ending {
    pub(super) kind: CycleKind,
    /// It ran to its end, over the whole export. A part says little of the job.
    pub(super) completed: bool,
    pub(super) counts: CycleCounts,
    /// How many disables and deletes were held back, if any were.
    pub(super) held_back: Option<u64>,
    /// Objects that failed for so long that they were given up.
    pub(super) pruned: u64,
    /// Objects that wait in escrow now.
    pub(super) waiting: u64,
    /// Objects of which only references wait.
    pub(super) references_waiting: u64,
}

/// What follows from it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Verdict {
    pub(super) memory: JobMemory,
    /// Set when the job is in quarantine now, or disabled for having been there too long.
    pub(super) quarantine: Option<(QuarantineReason, String)>,
    /// Reason and text of a notification that is due.
    pub(super) notification: Option<(String, String)>,
    /// The initial cycle had more failures than allowed: they are forgotten.
    pub(super) clears_failures: bool,
}

/// Reason of the notification about a job that was disabled.
const DISABLED: &str = "Disabled";

/// Decides what the job becomes. `refused` is what the test query met.
pub(super) fn after_cycle(
    before: &JobMemory,
    policy: &Policy,
    ending: &Ending,
    refused: Option<&ObjectError>,
    now: Timestamp,
) -> Verdict {
    let mut memory = before.clone();
    if memory.state == JobState::NotRun {
        memory.state = JobState::Active;
    }
    let verdict = |memory| Verdict { memory, quarantine: None, notification: None, clears_failures: false };
    if matches!(before.state, JobState::Paused | JobState::Disabled) {
        return verdict(memory);
    }
    let counts = counted(before, ending);
    let over = judge(&policy.thresholds, &counts).filter(|_| ending.completed);
    let reason = match (refused, ending.held_back, over) {
        (Some(_), ..) => Some(QuarantineReason::Exception),
        (None, _, Some(_)) if ending.kind == CycleKind::Initial => {
            memory.state = JobState::Paused;
            memory.escrows_pruned = true;
            // What is held back meanwhile doesn't come to light by a quarantine.
            let notification = ending.held_back.map(|_| {
                let reason = QuarantineReason::TooManyDeletes;
                (reason.code().to_owned(), describe(reason, policy, ending, counts, refused))
            });
            return Verdict { clears_failures: true, notification, ..verdict(memory) };
        }
        (None, Some(_), _) if ending.completed => Some(QuarantineReason::TooManyDeletes),
        (None, _, over) => over,
    };
    if ending.pruned > 0 {
        memory.state = JobState::Disabled;
        let objects = if ending.pruned == 1 { "object" } else { "objects" };
        let text = format!("{} {objects} failed for too long: the job is disabled", ending.pruned);
        return Verdict { notification: Some((DISABLED.to_owned(), text)), ..verdict(memory) };
    }
    let Some(reason) = reason else {
        if ending.completed {
            memory.state = JobState::Active;
            memory.notified = None;
            memory.failures_in_a_row = 0;
            if ending.kind == CycleKind::Initial {
                memory.escrows_pruned = false;
            }
            if ending.waiting + ending.references_waiting == 0 {
                memory.steady_first.get_or_insert(now);
                memory.steady_last = Some(now);
            }
        }
        return verdict(memory);
    };
    let message = describe(reason, policy, ending, counts, refused);
    // A quarantine that begins is told whatever the one before was about: somebody may have started the job.
    let (since, attempts, told) = match &before.state {
        JobState::Quarantine { since, attempts, .. } => {
            (*since, attempts.saturating_add(1), before.notified.as_deref())
        }
        JobState::NotRun | JobState::Active | JobState::Paused | JobState::Disabled => (now, 1, None),
    };
    memory.failures_in_a_row += 1;
    if is_over(since, policy.quarantine.disable_after, now) {
        memory.state = JobState::Disabled;
        let text = format!("in quarantine since {since:.0}, and still: {message}; the job is disabled");
        let notification = Some((DISABLED.to_owned(), text));
        return Verdict { quarantine: Some((reason, message)), notification, ..verdict(memory) };
    }
    let next_attempt = next_attempt(policy.quarantine.first, policy.quarantine.longest, attempts - 1, now);
    let code = reason.code().to_owned();
    let is_new = told != Some(code.as_str());
    memory.notified = Some(code.clone());
    memory.state =
        JobState::Quarantine { reason: code.clone(), message: message.clone(), since, attempts, next_attempt };
    Verdict {
        memory,
        quarantine: Some((reason, message.clone())),
        notification: is_new.then_some((code, message)),
        clears_failures: false,
    }
}

/// What a cycle is judged by. Whoever fails waits for longer than a quarantine, so in one that failures brought about
/// those who wait count as well: a cycle in which nobody's time has come doesn't end it.
fn counted(before: &JobMemory, ending: &Ending) -> CycleCounts {
    let mut counts = ending.counts;
    let by_failures = |reason: &str| QuarantineReason::FAILURES.into_iter().any(|known| known.code() == reason);
    if let JobState::Quarantine { reason, .. } = &before.state
        && by_failures(reason)
        && ending.kind == CycleKind::Incremental
    {
        counts.failed = counts.failed.max(ending.waiting);
        counts.reference_failed = counts.reference_failed.max(ending.references_waiting);
    }
    counts
}

/// `1 account`, `2 accounts`.
pub(super) fn accounts(number: u64) -> String {
    if number == 1 { "1 account".to_owned() } else { format!("{number} accounts") }
}

fn describe(
    reason: QuarantineReason,
    policy: &Policy,
    ending: &Ending,
    counts: CycleCounts,
    refused: Option<&ObjectError>,
) -> String {
    let CycleCounts { failed, succeeded, reference_failed } = counts;
    match reason {
        QuarantineReason::Exception => {
            refused.map_or_else(String::new, |error| format!("{}: {}", error.code, error.message))
        }
        QuarantineReason::TooManyDeletes => format!(
            "{} would be disabled or deleted, more than the {} allowed",
            accounts(ending.held_back.unwrap_or_default()),
            policy.deletion_threshold.unwrap_or_default()
        ),
        QuarantineReason::EscrowProportion | QuarantineReason::BaseEscrow | QuarantineReason::TotalEscrow => {
            let objects = format!("{failed} of {} objects failed", failed + succeeded);
            if reference_failed == 0 { objects } else { format!("{objects}, and {reference_failed} references") }
        }
    }
}

#[cfg(test)]
mod tests;

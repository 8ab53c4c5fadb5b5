//! The quarantines of a job, from the reasons that its cycles gave.

use std::time::Duration;

use super::document::{ReportedCycle, ReportedState};
use crate::base::Timestamp;

/// A time in quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantine {
    /// When it began.
    pub(super) began: Timestamp,
    /// How it ended.
    pub(super) ending: QuarantineEnding,
    /// Each reason with when it was first given, in the order of time.
    pub(super) reasons: Vec<(Timestamp, String, String)>,
    /// Cycles that ended in it.
    pub(super) cycles: u64,
}

/// How a quarantine ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QuarantineEnding {
    /// It hasn't.
    Still,
    /// A cycle gave no reason any more, at this instant.
    Over(Timestamp),
    /// The job was disabled in it.
    Disabled,
    /// Somebody lifted it; the state doesn't say when.
    Lifted,
}

/// The end of a cycle and the moment at which its quarantine begins are taken from one clock, one after the other.
const TOLERANCE: Duration = Duration::from_secs(1);

/// The quarantines, the latest first, of cycles that come with the latest first.
pub fn quarantines(cycles: &[ReportedCycle], state: &ReportedState) -> Vec<Quarantine> {
    let mut found: Vec<Quarantine> = Vec::new();
    let mut current: Option<Quarantine> = None;
    let since = match state {
        ReportedState::Quarantine { since, .. } => Some(*since),
        _ => None,
    };
    let ended = cycles.iter().rev().filter_map(|cycle| Some((cycle.ended()?, cycle.end.as_ref()?)));
    for (at, end) in ended {
        let Some(error) = &end.quarantine else {
            if end.completed
                && let Some(over) = current.take()
            {
                found.push(Quarantine { ending: QuarantineEnding::Over(at), ..over });
            }
            continue;
        };
        // What the state says began later is another one.
        let is_of_now =
            |at: Timestamp| since.is_some_and(|since| at.checked_add(TOLERANCE).is_ok_and(|at| at >= since));
        if let Some(before) = current.take_if(|before| is_of_now(at) && !is_of_now(before.began)) {
            found.push(before);
        }
        let quarantine = current.get_or_insert_with(|| Quarantine {
            began: at,
            ending: QuarantineEnding::Lifted,
            reasons: Vec::new(),
            cycles: 0,
        });
        quarantine.cycles += 1;
        if quarantine.reasons.last().is_none_or(|(_, code, _)| *code != error.code) {
            quarantine.reasons.push((at, error.code.clone(), error.message.clone()));
        }
    }
    if let Some(last) = current {
        let ending = match state {
            ReportedState::Quarantine { .. } => QuarantineEnding::Still,
            ReportedState::Disabled(_) => QuarantineEnding::Disabled,
            _ => QuarantineEnding::Lifted,
        };
        found.push(Quarantine { ending, ..last });
    }
    found.reverse();
    found
}

impl Quarantine {
    /// How long it took, or takes until now; `None` where that isn't known.
    pub(super) fn took(&self, now: Timestamp) -> Option<Duration> {
        let until = match self.ending {
            QuarantineEnding::Still => now,
            QuarantineEnding::Over(at) => at,
            QuarantineEnding::Disabled | QuarantineEnding::Lifted => return None,
        };
        Duration::try_from(until.duration_since(self.began)).ok()
    }
}

//! When a job goes into quarantine, when it tries again, and when it is given up.

use super::escrow::later;
use crate::base::{SignedDuration, Timestamp};

/// How many failures a job may have.
///
/// The defaults are those of Microsoft, *Application provisioning in quarantine status*.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// With fewer failures than this neither `proportion` nor `max_failures` is looked at.
    pub min_failures: u64,
    /// More than this share of the events may not fail, from 0 to 1.
    pub proportion: f64,
    /// More objects than this may not fail.
    pub max_failures: u64,
    /// More failures than this, those of references among them, there may not be.
    pub max_all: u64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { min_failures: 5_000, proportion: 0.40, max_failures: 40_000, max_all: 60_000 }
    }
}

/// How the events of a job went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CycleCounts {
    /// Objects that failed, references not counted.
    pub failed: u64,
    /// Objects that went well.
    pub succeeded: u64,
    /// References that failed: managers and members.
    pub reference_failed: u64,
}

/// Why a job is in quarantine, as Graph's `quarantineReason` has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QuarantineReason {
    /// The target can't be used at all: unreachable, or credentials refused.
    Exception,
    /// Too large a share of the events failed.
    EscrowProportion,
    /// Too many objects failed.
    BaseEscrow,
    /// Too many failures, references counted too.
    TotalEscrow,
    /// More accounts would be disabled or deleted than accidental deletion prevention allows.
    TooManyDeletes,
}

impl QuarantineReason {
    /// Those that failed exports bring about.
    pub const FAILURES: [Self; 3] = [Self::EscrowProportion, Self::BaseEscrow, Self::TotalEscrow];

    /// The word of the provisioning log and of Graph.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Exception => "EncounteredQuarantineException",
            Self::EscrowProportion => "EncounteredEscrowProportionThreshold",
            Self::BaseEscrow => "EncounteredBaseEscrowThreshold",
            Self::TotalEscrow => "EncounteredTotalEscrowThreshold",
            Self::TooManyDeletes => "TooManyDeletes",
        }
    }
}

/// Whether so many failures put the job into quarantine, and by which threshold.
///
/// Of several thresholds the first in this order is named: failed objects, all failures, share.
#[must_use]
pub fn judge(thresholds: &Thresholds, counts: &CycleCounts) -> Option<QuarantineReason> {
    let considered = counts.failed >= thresholds.min_failures;
    if considered && counts.failed > thresholds.max_failures {
        Some(QuarantineReason::BaseEscrow)
    } else if counts.failed.saturating_add(counts.reference_failed) > thresholds.max_all {
        Some(QuarantineReason::TotalEscrow)
    } else if considered && share(counts) > thresholds.proportion {
        Some(QuarantineReason::EscrowProportion)
    } else {
        None
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share of more than 2^53 objects needs no more digits")]
fn share(counts: &CycleCounts) -> f64 {
    match counts.failed {
        0 => 0.0,
        failed => failed as f64 / failed.saturating_add(counts.succeeded) as f64,
    }
}

/// When a job in quarantine tries again: the wait begins with `first` and doubles with each attempt made
/// since, up to `longest`.
#[must_use]
pub fn next_attempt(first: SignedDuration, longest: SignedDuration, attempts: u32, now: Timestamp) -> Timestamp {
    // A nanosecond doubled 96 times is longer than any duration.
    let wait = (0..attempts.min(96)).fold(first, |wait, _| wait.saturating_mul(2)).min(longest);
    later(now, wait)
}

/// Whether the next attempt of a job in quarantine may be made. One that is further away than `longest` was set by a
/// clock that has jumped back since.
#[must_use]
pub fn is_due(next_attempt: Timestamp, longest: SignedDuration, now: Timestamp) -> bool {
    next_attempt <= now || next_attempt > later(now, longest)
}

/// Whether a job has been in quarantine for so long that it is disabled.
#[must_use]
pub fn is_over(since: Timestamp, disable_after: SignedDuration, now: Timestamp) -> bool {
    now.duration_since(since) >= disable_after
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_judged() {
        use QuarantineReason::{BaseEscrow, EscrowProportion, TotalEscrow};

        let check = |failed, succeeded, reference_failed, expected: Option<QuarantineReason>| {
            let counts = CycleCounts { failed, succeeded, reference_failed };
            assert_eq!(judge(&Thresholds::default(), &counts), expected, "{counts:?}");
        };
        check(4_000, 0, 0, None);
        check(45_000, 0, 0, Some(BaseEscrow));
        check(45_000, 1_000_000, 0, Some(BaseEscrow));
        check(30_000, 5_000, 0, Some(EscrowProportion));
        check(20_000, 100_000, 0, None);
        check(40_000, 0, 21_000, Some(TotalEscrow));
        check(40_000, 1_000_000, 21_000, Some(TotalEscrow));
        // The edges: at least, more than.
        check(4_999, 0, 0, None);
        check(5_000, 0, 0, Some(EscrowProportion));
        check(6_000, 9_000, 0, None);
        check(6_001, 9_000, 0, Some(EscrowProportion));
        check(40_000, 1_000_000, 20_000, None);
        check(40_001, 1_000_000, 0, Some(BaseEscrow));
        // References don't count towards the first two.
        check(4_000, 0, 50_000, None);
        check(0, 0, 60_001, Some(TotalEscrow));
        check(0, 0, 0, None);
        check(u64::MAX, u64::MAX, u64::MAX, Some(BaseEscrow));
    }

    #[test]
    fn small_thresholds_show_it_in_small_runs() {
        let check = |min_failures, proportion, failed, succeeded, expected: Option<QuarantineReason>| {
            let thresholds = Thresholds { min_failures, proportion, ..Thresholds::default() };
            let counts = CycleCounts { failed, succeeded, reference_failed: 0 };
            assert_eq!(judge(&thresholds, &counts), expected, "{thresholds:?} {counts:?}");
        };
        check(2, 0.5, 1, 0, None);
        check(2, 0.5, 2, 2, None);
        check(2, 0.5, 3, 2, Some(QuarantineReason::EscrowProportion));
        check(0, 0.0, 0, 5, None);
        check(0, 0.0, 0, 0, None);
        check(0, 1.0, 9, 0, None);
    }

    #[test]
    fn every_reason_has_its_code() {
        for (reason, code) in [
            (QuarantineReason::Exception, "EncounteredQuarantineException"),
            (QuarantineReason::EscrowProportion, "EncounteredEscrowProportionThreshold"),
            (QuarantineReason::BaseEscrow, "EncounteredBaseEscrowThreshold"),
            (QuarantineReason::TotalEscrow, "EncounteredTotalEscrowThreshold"),
            (QuarantineReason::TooManyDeletes, "TooManyDeletes"),
        ] {
            assert_eq!(reason.code(), code);
        }
    }

    #[test]
    fn attempts_become_rarer() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let hours = SignedDuration::from_hours;
        let check = |first, longest, attempts, expected: SignedDuration| {
            assert_eq!(next_attempt(first, longest, attempts, now), now + expected, "{first} {longest} {attempts}");
        };
        check(hours(1), hours(24), 0, hours(1));
        check(hours(1), hours(24), 1, hours(2));
        check(hours(1), hours(24), 4, hours(16));
        check(hours(1), hours(24), 5, hours(24));
        check(hours(1), hours(24), u32::MAX, hours(24));
        check(hours(48), hours(24), 0, hours(24));
        check(SignedDuration::ZERO, hours(24), u32::MAX, SignedDuration::ZERO);
        check(SignedDuration::from_nanos(1), hours(24), 90, hours(24));
        assert_eq!(next_attempt(hours(1), SignedDuration::MAX, u32::MAX, now), Timestamp::MAX);
        assert_eq!(next_attempt(hours(1), hours(24), 3, Timestamp::MAX), Timestamp::MAX);
    }

    #[test]
    fn an_attempt_is_due_in_its_time_and_after_a_jump_of_the_clock() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let check = |hours, expected| {
            let longest = SignedDuration::from_hours(24);
            assert_eq!(is_due(now + SignedDuration::from_hours(hours), longest, now), expected, "{hours}");
        };
        check(-1, true);
        check(0, true);
        check(1, false);
        check(24, false);
        check(25, true);
        assert!(!is_due(Timestamp::MAX, SignedDuration::MAX, now));
    }

    #[test]
    fn quarantine_ends() {
        let check = |since: &str, now: &str, expected: bool| {
            let over = is_over(since.parse().unwrap(), SignedDuration::from_hours(28 * 24), now.parse().unwrap());
            assert_eq!(over, expected, "{since} to {now}");
        };
        check("2026-03-01T12:00:00Z", "2026-03-01T12:00:00Z", false);
        check("2026-03-01T12:00:00Z", "2026-03-29T11:59:59Z", false);
        check("2026-03-01T12:00:00Z", "2026-03-29T12:00:00Z", true);
        check("2026-03-01T12:00:00Z", "2025-03-29T12:00:00Z", false);
        assert!(is_over(Timestamp::MIN, SignedDuration::from_hours(1), Timestamp::MAX));
        assert!(!is_over(Timestamp::MAX, SignedDuration::from_hours(1), Timestamp::MIN));
    }
}

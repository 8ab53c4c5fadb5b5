//! When an object whose export failed is tried again, and when it is given up.

use crate::base::{SignedDuration, Timestamp};

/// The back-off of failed objects, counted from the first failure.
///
/// The next cycle, then 6, 12 and 24 hours after Microsoft, *Application provisioning in quarantine status*;
/// by default every 24 hours from then on, for 28 days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscrowSchedule {
    /// How long after the first failure each retry comes. The longest is also the distance of all retries
    /// after it; without any, every cycle tries again.
    pub retries: Vec<SignedDuration>,
    /// How long after the first failure the object is given up.
    pub prune_after: SignedDuration,
}

impl Default for EscrowSchedule {
    fn default() -> Self {
        Self {
            retries: [6, 12, 24].into_iter().map(SignedDuration::from_hours).collect(),
            prune_after: SignedDuration::from_hours(28 * 24),
        }
    }
}

impl EscrowSchedule {
    /// The earliest instant of the next try, after `count` failed ones of which the last was at `last_at`.
    ///
    /// After the first failure that is `last_at` itself: the next cycle tries again, whenever it comes. Later
    /// it is the first scheduled instant after the last try, so that tries which came late skip some.
    #[must_use]
    pub fn next_try(&self, first_at: Timestamp, last_at: Timestamp, count: u32) -> Timestamp {
        let Some(interval) = self.retries.iter().max().filter(|longest| longest.is_positive()) else {
            return last_at;
        };
        if count <= 1 {
            return last_at;
        }
        let elapsed = last_at.duration_since(first_at);
        let planned = self.retries.iter().filter(|wait| **wait > elapsed).min();
        let wait = planned.copied().unwrap_or_else(|| {
            let nanoseconds = (elapsed.as_nanos() / interval.as_nanos() + 1) * interval.as_nanos();
            SignedDuration::try_from_nanos_i128(nanoseconds).unwrap_or(SignedDuration::MAX)
        });
        later(first_at, wait)
    }

    /// Whether the object is tried again in a cycle at `now`.
    ///
    /// A clock that was set back since the failure counts as due: nobody knows how long the wait was.
    #[must_use]
    pub fn is_due(&self, first_at: Timestamp, last_at: Timestamp, count: u32, now: Timestamp) -> bool {
        now < first_at || now < last_at || now >= self.next_try(first_at, last_at, count)
    }

    /// Whether the object has failed for so long that it is given up.
    #[must_use]
    pub fn is_pruned(&self, first_at: Timestamp, now: Timestamp) -> bool {
        now.duration_since(first_at) >= self.prune_after
    }
}

/// An instant some time later, at most the last one there is.
pub(super) fn later(at: Timestamp, wait: SignedDuration) -> Timestamp {
    at.checked_add(wait).unwrap_or(if wait.is_negative() { Timestamp::MIN } else { Timestamp::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Minutes after the first failure, which is at noon.
    fn at(minutes: i64) -> Timestamp {
        let noon: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        later(noon, SignedDuration::from_mins(minutes))
    }

    const HOUR: i64 = 60;
    const DAY: i64 = 24 * HOUR;

    #[test]
    fn the_next_try() {
        let check = |retries: &[i64], last: i64, count: u32, expected: i64| {
            let retries = retries.iter().copied().map(SignedDuration::from_hours).collect();
            let schedule = EscrowSchedule { retries, ..EscrowSchedule::default() };
            assert_eq!(schedule.next_try(at(0), at(last), count), at(expected), "{count} after {last} min");
        };
        let service: &[i64] = &[6, 12, 24];
        check(service, 0, 0, 0);
        check(service, 0, 1, 0);
        check(service, 40, 2, 6 * HOUR);
        check(service, 6 * HOUR - 1, 9, 6 * HOUR);
        check(service, 6 * HOUR, 3, 12 * HOUR);
        check(service, 12 * HOUR + 5, 4, DAY);
        check(service, DAY, 5, 2 * DAY);
        check(service, DAY + 39, 5, 2 * DAY);
        check(service, 2 * DAY, 6, 3 * DAY);
        // Late tries skip what they missed.
        check(service, 20 * HOUR, 2, DAY);
        check(service, 10 * DAY + 1, 3, 11 * DAY);
        // The order of the setting doesn't matter, and a single wait repeats.
        check(&[24, 6, 12], 40, 2, 6 * HOUR);
        check(&[1], 90, 3, 2 * HOUR);
        check(&[1, 3], 3 * HOUR, 3, 6 * HOUR);
        // Without a wait every cycle tries.
        check(&[], 90, 5, 90);
        check(&[0, -3], 90, 5, 90);
        check(service, -90, 2, 6 * HOUR);
    }

    #[test]
    fn due_and_pruned() {
        let schedule = EscrowSchedule::default();
        let check = |count: u32, last: i64, now: i64, due: bool, pruned: bool| {
            let found = (schedule.is_due(at(0), at(last), count, at(now)), schedule.is_pruned(at(0), at(now)));
            assert_eq!(found, (due, pruned), "{count} tries, the last at {last}, now {now}");
        };
        check(1, 0, 0, true, false);
        check(1, 0, 40, true, false);
        check(2, 40, 80, false, false);
        check(2, 40, 6 * HOUR - 1, false, false);
        check(2, 40, 6 * HOUR, true, false);
        check(30, 27 * DAY, 28 * DAY - 1, false, false);
        check(30, 27 * DAY, 28 * DAY, true, true);
        // The clock was set back.
        check(2, 40, 39, true, false);
        check(2, 40, -1, true, false);
        check(2, 400 * DAY, 80, true, false);
    }

    #[test]
    fn extreme_instants_do_no_harm() {
        let ends = [Timestamp::MIN, at(0), Timestamp::MAX];
        for waits in [vec![SignedDuration::MAX], vec![SignedDuration::MIN], vec![SignedDuration::from_nanos(1)]] {
            for prune_after in [SignedDuration::MIN, SignedDuration::MAX] {
                let schedule = EscrowSchedule { retries: waits.clone(), prune_after };
                for first in ends {
                    for last in ends {
                        assert!(schedule.next_try(first, last, u32::MAX) >= first.min(last));
                        assert!(schedule.is_due(first, last, 2, Timestamp::MIN) || first.max(last) == Timestamp::MIN);
                        assert_eq!(schedule.is_pruned(first, last), prune_after.is_negative());
                    }
                }
            }
        }
        assert_eq!(EscrowSchedule::default().next_try(Timestamp::MAX, Timestamp::MAX, 2), Timestamp::MAX);
    }
}

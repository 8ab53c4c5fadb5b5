//! How long the real service would take for a cycle.

use std::fmt;
use std::time::Duration;

/// What a cycle has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Workload {
    /// Users and groups in scope that have no account yet.
    pub creates: u64,
    /// Users and groups in scope that match an account.
    pub matches: u64,
    /// Members of the groups in scope, and objects of which nobody knows whether they match.
    pub others: u64,
}

/// The bounds of a cycle of the real service, which are only known for an initial one.
///
/// Microsoft, *How long will it take to provision users*, gives 0.01 to 0.08 minutes for each assigned
/// user, group and group member, and says that a cycle which creates everything takes about twice as
/// long as one which matches everything. Both hold if the bounds are those of all objects: a match takes
/// 0.01 to 0.04 minutes, a creation 0.02 to 0.08, and what may be either 0.01 to 0.08.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// If everything goes well.
    pub fastest: Duration,
    /// If the service is busy, or the endpoint slow.
    pub slowest: Duration,
}

/// 0.01 minutes.
const FASTEST_MATCH: u64 = 600;
/// 0.08 minutes.
const SLOWEST_CREATE: u64 = 4_800;

impl Estimate {
    /// Estimates a cycle.
    #[must_use]
    pub fn new(work: &Workload) -> Self {
        let total = |create: u64, matched: u64, other: u64| {
            let milliseconds = [(work.creates, create), (work.matches, matched), (work.others, other)]
                .into_iter()
                .fold(0_u64, |sum, (count, each)| sum.saturating_add(count.saturating_mul(each)));
            Duration::from_millis(milliseconds)
        };
        Self {
            fastest: total(2 * FASTEST_MATCH, FASTEST_MATCH, FASTEST_MATCH),
            slowest: total(SLOWEST_CREATE, SLOWEST_CREATE / 2, SLOWEST_CREATE),
        }
    }
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (rounded(self.fastest), rounded(self.slowest)) {
            (fastest, slowest) if fastest == slowest => write!(f, "about {fastest}"),
            (fastest, slowest) => write!(f, "between {fastest} and {slowest}"),
        }
    }
}

/// A duration in one or two units, as nobody needs an estimate to the second: `12 s`, `24 min`, `1 h 20 min`,
/// `2 d 3 h`.
fn rounded(duration: Duration) -> String {
    let seconds = duration.as_secs().saturating_add(u64::from(duration.subsec_millis() >= 500));
    let minutes = seconds.saturating_add(30) / 60;
    let hours = seconds.saturating_add(1_800) / 3_600;
    match (seconds, minutes, hours) {
        (..60, ..) => format!("{seconds} s"),
        (_, ..60, _) => format!("{minutes} min"),
        (_, ..1_440, _) => two(minutes / 60, "h", minutes % 60, "min"),
        _ => two(hours / 24, "d", hours % 24, "h"),
    }
}

fn two(large: u64, large_unit: &str, small: u64, small_unit: &str) -> String {
    match small {
        0 => format!("{large} {large_unit}"),
        small => format!("{large} {large_unit} {small} {small_unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cycles_are_estimated() {
        let check = |creates, matches, others, expected: &str| {
            let estimate = Estimate::new(&Workload { creates, matches, others });
            assert!(estimate.fastest <= estimate.slowest);
            assert_eq!(estimate.to_string(), expected, "{creates} {matches} {others}");
        };
        check(0, 0, 300, "between 3 min and 24 min");
        check(300, 0, 0, "between 6 min and 24 min");
        check(0, 300, 0, "between 3 min and 12 min");
        check(100, 100, 100, "between 4 min and 20 min");
        check(0, 0, 0, "about 0 s");
        check(0, 0, 1, "between 1 s and 5 s");
        check(0, 0, 10, "between 6 s and 48 s");
        check(1_000, 0, 0, "between 20 min and 1 h 20 min");
        check(0, 0, 100_000, "between 16 h 40 min and 5 d 13 h");
        assert!(
            Estimate::new(&Workload { creates: u64::MAX, matches: u64::MAX, others: 1 }).to_string().contains(" d ")
        );
    }

    #[test]
    fn durations_are_rounded_to_what_matters() {
        for (seconds, expected) in [
            (59, "59 s"),
            (60, "1 min"),
            (89, "1 min"),
            (90, "2 min"),
            (3_569, "59 min"),
            (3_570, "1 h"),
            (86_399, "1 d"),
            (86_400, "1 d"),
            (90_000, "1 d 1 h"),
        ] {
            assert_eq!(rounded(Duration::from_secs(seconds)), expected, "{seconds}");
        }
    }
}

//! When requests come faster than anybody could read them: some are written down, all are counted.
//!
//! Of a flood the log would hold a moment, and each exchange would cost the endpoint more than finding a resource does.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::time::Instant;

use super::log::Counts;

/// How long a window is, in milliseconds.
const WINDOW: u128 = 100;
/// How many exchanges of a window are written down.
pub(super) const MOST: u64 = 200;

/// How many exchanges came in the present window, and how many were passed over.
#[derive(Debug)]
pub(super) struct Flood {
    begun: Instant,
    /// The window's number, and in the last bits how many came in it.
    window: AtomicU64,
    all: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
}

/// Bits for how many came.
const BITS: u32 = 16;

impl Default for Flood {
    fn default() -> Self {
        let none = AtomicU64::default;
        Self { begun: Instant::now(), window: none(), all: none(), refused: none(), failed: none() }
    }
}

impl Flood {
    /// Whether one more is to be written down. Two that ask at the same moment may both be let through.
    pub(super) fn admits(&self) -> bool {
        self.admits_in(u64::try_from(self.begun.elapsed().as_millis() / WINDOW).unwrap_or_default())
    }

    fn admits_in(&self, window: u64) -> bool {
        let now = self.window.load(Ordering::Relaxed);
        if now >> BITS != window {
            self.window.store(window << BITS | 1, Ordering::Relaxed);
            return true;
        }
        let is_room = now & ((1 << BITS) - 1) < MOST;
        if is_room {
            self.window.fetch_add(1, Ordering::Relaxed);
        }
        is_room
    }

    /// Counts one that isn't written down.
    pub(super) fn count(&self, status: Option<u16>) {
        let mut one = Counts::default();
        one.count(status);
        self.all.fetch_add(1, Ordering::Relaxed);
        if one.refused + one.failed > 0 {
            self.refused.fetch_add(one.refused, Ordering::Relaxed);
            self.failed.fetch_add(one.failed, Ordering::Relaxed);
        }
    }

    /// Adds those that weren't written down.
    pub(super) fn add_to(&self, counts: &mut Counts) {
        let missed = self.all.load(Ordering::Relaxed);
        counts.missed += missed;
        counts.all += missed;
        counts.refused += self.refused.load(Ordering::Relaxed);
        counts.failed += self.failed.load(Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_flood_some_are_written_down_and_all_are_counted() {
        let flood = Flood::default();
        for window in [1, 2, 7] {
            let admitted = (0..1000).filter(|_| flood.admits_in(window)).count();
            assert_eq!(admitted as u64, MOST, "{window}");
        }
        let (mut counts, before) = (Counts::default(), 3);
        counts.all = before;
        for status in [Some(200), Some(404), Some(503), None] {
            flood.count(status);
        }
        flood.add_to(&mut counts);
        assert_eq!(counts, Counts { all: before + 4, refused: 1, failed: 2, missed: 4 });
    }
}

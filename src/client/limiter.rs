//! How fast requests may start and how many may be under way, per target.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;

use super::Rate;
use crate::base::{SignedDuration, Timestamp};
use crate::clock::Clock;

/// A token bucket and a semaphore; both serve in the order of asking.
///
/// The bucket is kept as the instant at which the next request would be due if all came evenly
/// spaced (GCRA): no background task, the same result on a virtual clock, and bursts up to a
/// fifth of a second's worth.
#[derive(Debug)]
pub(super) struct Limiter {
    clock: Clock,
    interval: SignedDuration,
    tolerance: SignedDuration,
    due: Mutex<Timestamp>,
    permits: Semaphore,
}

impl Limiter {
    pub(super) fn new(rate: Rate, concurrency: usize, clock: Clock) -> Self {
        let (interval, burst) = match rate {
            Rate::Unlimited => (SignedDuration::ZERO, 1),
            #[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
            Rate::PerSecond(rate) => {
                let interval = SignedDuration::try_from_secs_f64(rate.recip());
                (interval.unwrap_or(SignedDuration::MAX), ((rate / 5.0) as i32).max(1))
            }
        };
        let tolerance = interval.saturating_mul(burst - 1);
        let permits = Semaphore::new(concurrency.clamp(1, Semaphore::MAX_PERMITS));
        Self { clock, interval, tolerance, due: Mutex::new(Timestamp::MIN), permits }
    }

    /// Waits for a place and for the rate; the place is free again when the permit goes. `None` where the token ended
    /// the wait; whoever needn't wait doesn't ask it.
    pub(super) async fn acquire(&self, end: &CancellationToken) -> Option<SemaphorePermit<'_>> {
        let permit = tokio::select! {
            biased;
            permit = self.permits.acquire() => permit.expect("the semaphore is never closed"),
            () = end.cancelled() => return None,
        };
        let now = self.clock.now();
        let start = self.reserve(now);
        if start > now {
            tracing::trace!(until = %start, "waiting for the rate");
            end.run_until_cancelled(self.clock.sleep_until(start)).await?;
        }
        Some(permit)
    }

    /// Lets nothing start before `wait` is over, for a target that asked for it.
    pub(super) fn pause(&self, wait: Duration) {
        let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
        let until = later(later(self.clock.now(), wait), self.tolerance);
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        *due = until.max(*due);
    }

    fn reserve(&self, now: Timestamp) -> Timestamp {
        let mut due = self.due.lock().unwrap_or_else(PoisonError::into_inner);
        let at = now.max(*due);
        *due = later(at, self.interval);
        later(at, -self.tolerance).max(now)
    }
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock() -> Clock {
        Clock::starting_at("2026-03-01T10:00:00Z".parse().unwrap())
    }

    async fn starts(limiter: &Limiter, clock: &Clock, count: usize) -> Vec<i128> {
        let origin = "2026-03-01T10:00:00Z".parse::<Timestamp>().unwrap();
        let mut starts = Vec::new();
        for _ in 0..count {
            drop(limiter.acquire(&CancellationToken::new()).await);
            starts.push(clock.now().duration_since(origin).as_millis());
        }
        starts
    }

    #[tokio::test]
    async fn a_burst_then_even_spacing() {
        let clock = clock();
        let limiter = Limiter::new(Rate::PerSecond(25.0), 8, clock.clone());
        assert_eq!(starts(&limiter, &clock, 8).await, [0, 0, 0, 0, 0, 40, 80, 120]);
    }

    #[tokio::test]
    async fn slow_rates_have_no_burst() {
        for (rate, expected) in [(1.0, [0, 1000, 2000]), (0.1, [0, 10_000, 20_000]), (2.5, [0, 400, 800])] {
            let clock = clock();
            let limiter = Limiter::new(Rate::PerSecond(rate), 8, clock.clone());
            assert_eq!(starts(&limiter, &clock, 3).await, expected, "{rate}");
        }
    }

    #[tokio::test]
    async fn a_pause_holds_everything_back() {
        for rate in [Rate::Unlimited, Rate::DEFAULT] {
            let clock = clock();
            let limiter = Limiter::new(rate, 0, clock.clone());
            limiter.pause(Duration::from_secs(7));
            assert_eq!(starts(&limiter, &clock, 1).await, [7000]);
        }
    }

    #[tokio::test]
    async fn unlimited_never_waits() {
        let clock = clock();
        let limiter = Limiter::new(Rate::Unlimited, 1, clock.clone());
        assert_eq!(starts(&limiter, &clock, 100).await, vec![0; 100]);
    }

    #[tokio::test]
    async fn concurrency_is_bounded() {
        let limiter = Limiter::new(Rate::Unlimited, 1, clock());
        let end = CancellationToken::new();
        let held = limiter.acquire(&end).await;
        assert!(tokio::time::timeout(Duration::from_millis(10), limiter.acquire(&end)).await.is_err());
        drop(held);
        drop(tokio::time::timeout(Duration::from_secs(5), limiter.acquire(&end)).await.unwrap());
    }

    #[tokio::test]
    async fn whoever_waits_ends_with_the_token() {
        let (clock, end) = (clock(), CancellationToken::new());
        end.cancel();
        let limiter = Limiter::new(Rate::PerSecond(1.0), 1, clock.clone());
        let held = limiter.acquire(&end).await;
        assert!(held.is_some(), "there is nothing to wait for");
        assert!(limiter.acquire(&end).await.is_none(), "the place is taken");
        drop(held);
        assert!(limiter.acquire(&end).await.is_none(), "the rate is used up");
        assert_eq!(clock.now(), "2026-03-01T10:00:00Z".parse().unwrap());
    }
}

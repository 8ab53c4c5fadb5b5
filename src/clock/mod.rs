//! The only place that knows what time it is: real, or virtual for simulations and tests.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::base::{SignedDuration, Timestamp};

/// Tells the time and waits.
#[derive(Debug, Clone)]
pub struct Clock(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Real { origin: tokio::time::Instant, started: Timestamp },
    Virtual(Arc<Mutex<Timestamp>>),
}

impl Clock {
    /// The machine's clock. It never goes backwards within a process.
    pub fn real() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the clock")]
        let started = Timestamp::now();
        Self(Kind::Real { origin: tokio::time::Instant::now(), started })
    }

    /// A clock that starts at `now` and then goes on as the machine's does.
    pub fn real_from(now: Timestamp) -> Self {
        Self(Kind::Real { origin: tokio::time::Instant::now(), started: now })
    }

    /// A clock that starts at `now` and moves only by waiting.
    pub fn starting_at(now: Timestamp) -> Self {
        Self(Kind::Virtual(Arc::new(Mutex::new(now))))
    }

    /// The current instant.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Kind::Real { origin, started } => {
                let elapsed = SignedDuration::try_from(origin.elapsed()).unwrap_or(SignedDuration::MAX);
                started.checked_add(elapsed).unwrap_or(Timestamp::MAX)
            }
            Kind::Virtual(now) => *now.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// When a real clock began, and the current instant of a virtual one: what seeds follow from, so
    /// that they don't depend on how long the start took.
    pub fn origin(&self) -> Timestamp {
        match &self.0 {
            Kind::Real { started, .. } => *started,
            Kind::Virtual(_) => self.now(),
        }
    }

    /// Waits; on a virtual clock this moves it and returns at once.
    pub async fn sleep(&self, duration: Duration) {
        match &self.0 {
            Kind::Real { .. } => tokio::time::sleep(duration).await,
            Kind::Virtual(now) => {
                let mut now = now.lock().unwrap_or_else(PoisonError::into_inner);
                let by = SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
                *now = now.checked_add(by).unwrap_or(Timestamp::MAX);
            }
        }
    }

    /// Waits until an instant; returns at once when it has passed.
    pub async fn sleep_until(&self, deadline: Timestamp) {
        let left = deadline.duration_since(self.now());
        if let Ok(left) = Duration::try_from(left) {
            self.sleep(left).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_stays() {
        let origin = "2026-03-01T10:00:00Z".parse().unwrap();
        let clock = Clock::real_from(origin);
        while clock.now() == origin {
            std::hint::spin_loop();
        }
        assert_eq!(clock.origin(), origin);
    }

    #[tokio::test]
    async fn virtual_time_moves_by_waiting() {
        let clock = Clock::starting_at("2026-03-01T10:00:00Z".parse().unwrap());
        clock.sleep(Duration::from_secs(90)).await;
        assert_eq!(clock.now().to_string(), "2026-03-01T10:01:30Z");
        clock.sleep_until("2026-03-01T09:00:00Z".parse().unwrap()).await;
        assert_eq!(clock.now().to_string(), "2026-03-01T10:01:30Z");
    }
}

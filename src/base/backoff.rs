//! Back-off arithmetic.

use jiff::SignedDuration;

/// Doubles a delay up to a limit, with jitter handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Delay before the first retry.
    pub first: SignedDuration,
    /// No delay is longer.
    pub limit: SignedDuration,
}

impl Backoff {
    /// The delay before retry number `attempt` (0 is the first); `jitter` in `0.0..=1.0` spreads it
    /// over the upper half.
    #[must_use]
    pub fn delay(&self, attempt: u32, jitter: f64) -> SignedDuration {
        let factor = 1_i32 << attempt.min(20);
        let full = self.first.checked_mul(factor).unwrap_or(self.limit).min(self.limit);
        full.mul_f64(0.5 + 0.5 * jitter.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_until_the_limit() {
        let backoff = Backoff { first: SignedDuration::from_millis(200), limit: SignedDuration::from_secs(1) };
        let full: Vec<_> = (0..5).map(|n| backoff.delay(n, 1.0).as_millis()).collect();
        assert_eq!(full, [200, 400, 800, 1000, 1000]);
        assert_eq!(backoff.delay(0, 0.0).as_millis(), 100);
        assert_eq!(backoff.delay(u32::MAX, 1.0).as_millis(), 1000);
    }
}

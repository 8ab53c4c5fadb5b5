//! Seeded randomness: every run can be repeated exactly.

use uuid::{Builder, Uuid};

/// A seeded generator of numbers and GUIDs.
#[derive(Debug, Clone)]
pub struct Random(fastrand::Rng);

impl Random {
    /// Starts a sequence; the same seed gives the same sequence.
    pub fn seeded(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// The next version 4 GUID.
    pub fn guid(&mut self) -> Uuid {
        Builder::from_random_bytes(self.0.u128(..).to_be_bytes()).into_uuid()
    }

    /// The next number in `0.0..1.0`.
    pub fn fraction(&mut self) -> f64 {
        self.0.f64()
    }

    /// The next number below `limit`, which isn't 0.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0.usize(..limit)
    }
}

//! What a connection is doing, and since when.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::Limits;

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// It waits for a request.
    Idle,
    /// The headers of a request come in.
    Head,
    /// A request is answered.
    Busy,
}

/// What a connection's time is up for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// It was idle long enough.
    Idle,
    /// Its request's headers take too long.
    SlowHead,
}

/// What a connection is doing since when, noted by those who read, write and answer.
#[derive(Debug)]
pub(super) struct Pulse {
    begun: Instant,
    /// Milliseconds since the beginning, and in the last two bits the phase.
    state: AtomicU64,
    /// Whether others wait for a connection.
    crowded: AtomicBool,
    /// Requests that are answered by all connections of the server.
    under_way: Arc<AtomicUsize>,
}

impl Pulse {
    pub(super) fn new(under_way: Arc<AtomicUsize>) -> Arc<Self> {
        Arc::new(Self { begun: Instant::now(), state: AtomicU64::new(0), crowded: AtomicBool::new(false), under_way })
    }

    fn set(&self, phase: Phase) {
        let elapsed = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX) << 2;
        self.state.store(elapsed | phase as u64, Ordering::Relaxed);
    }

    fn phase(&self) -> (Phase, Instant) {
        let state = self.state.load(Ordering::Relaxed);
        let phase = match state & 3 {
            0 => Phase::Idle,
            1 => Phase::Head,
            _ => Phase::Busy,
        };
        (phase, self.begun + Duration::from_millis(state >> 2))
    }

    /// Whether others wait for a connection: then the next answer is the last one here, so that everybody's turn comes.
    pub(super) fn is_crowded(&self) -> bool {
        self.crowded.load(Ordering::Relaxed)
    }

    /// Notes whether others wait for a connection.
    pub(super) fn set_crowded(&self, crowded: bool) {
        self.crowded.store(crowded, Ordering::Relaxed);
    }

    /// Bytes came in.
    pub(super) fn read(&self) {
        if self.phase().0 == Phase::Idle {
            self.set(Phase::Head);
        }
    }

    /// Bytes went out.
    pub(super) fn wrote(&self) {
        if self.phase().0 == Phase::Idle {
            self.set(Phase::Idle);
        }
    }

    /// A request is answered until the value is dropped.
    pub(super) fn busy(self: Arc<Self>) -> Busy {
        self.set(Phase::Busy);
        self.under_way.fetch_add(1, Ordering::Relaxed);
        Busy(self)
    }

    /// What the connection's time is up for, and when. How long an answer takes is nobody's business here; the body
    /// and the writing have limits of their own.
    pub(super) fn due(&self, limits: &Limits, crowded: bool) -> Option<(Due, Instant)> {
        let (phase, since) = self.phase();
        match phase {
            Phase::Idle if crowded => Some((Due::Idle, since + limits.crowded_timeout.min(limits.idle_timeout))),
            Phase::Idle => Some((Due::Idle, since + limits.idle_timeout)),
            Phase::Head => Some((Due::SlowHead, since + limits.head_timeout)),
            Phase::Busy => None,
        }
    }
}

/// A request under way.
#[derive(Debug)]
pub(super) struct Busy(Arc<Pulse>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
        self.0.set(Phase::Idle);
    }
}

//! How long one call waits and how often it tries again.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::Failure;
use crate::base::{Backoff, Random, SignedDuration};
use crate::scim::Method;

/// Times that a call waits because the server asked for it.
const WAITS: u32 = 4;
/// Longest that a call waits in all because the server asked for it.
const LONGEST_WAIT: Duration = Duration::from_mins(5);
/// Delays of retries that nobody asked for.
const BACKOFF: Backoff = Backoff { first: SignedDuration::from_millis(500), limit: SignedDuration::from_secs(30) };

/// What follows a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Stop,
    Asked(Duration),
    Retry(u32),
}

/// How much of the allowance for waiting and retrying is left within one call.
#[derive(Debug)]
pub(super) struct Patience {
    retries: u32,
    retried: u32,
    honour_retry_after: bool,
    waits: u32,
    waited: Duration,
}

impl Patience {
    pub(super) fn new(retries: u32, honour_retry_after: bool) -> Self {
        Self { retries, retried: 0, honour_retry_after, waits: 0, waited: Duration::ZERO }
    }

    /// What follows a failed SCIM request.
    pub(super) fn next(&mut self, method: Method, failure: &Failure) -> Next {
        let asked = failure.retry_after().filter(|_| matches!(failure.status(), Some(429 | 503)));
        self.decide(asked, failure.is_transient() && (method != Method::Post || failure.is_unapplied()))
    }

    /// What follows a failure whose server asks for a wait, or that may be tried again at all.
    pub(super) fn decide(&mut self, asked: Option<Duration>, repeatable: bool) -> Next {
        if let Some(wait) = asked.filter(|_| self.honour_retry_after) {
            let waited = self.waited.saturating_add(wait);
            if self.waits == WAITS || waited > LONGEST_WAIT {
                return Next::Stop;
            }
            (self.waits, self.waited) = (self.waits + 1, waited);
            return Next::Asked(wait);
        }
        if !repeatable || self.retried == self.retries {
            return Next::Stop;
        }
        self.retried += 1;
        Next::Retry(self.retried - 1)
    }
}

/// How long to wait before retry number `attempt`.
pub(super) fn delay(random: &Mutex<Random>, attempt: u32) -> Duration {
    let jitter = random.lock().unwrap_or_else(PoisonError::into_inner).fraction();
    Duration::try_from(BACKOFF.delay(attempt, jitter)).unwrap_or_default()
}

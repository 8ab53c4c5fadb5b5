//! How often somebody may come: a token bucket for each, kept as the instant when it is full again.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustc_hash::FxHashMap;

use super::Rate;
use crate::base::{Digest, Timestamp};

/// Whose requests are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Holder {
    /// Who carries this token.
    Token(Digest),
    /// The client that fetches tokens, with whichever of them: a new one is no way around the limit.
    Client,
    /// Who carries none.
    Nobody,
}

/// Counts requests.
#[derive(Debug)]
pub(super) struct Limiter {
    rate: Rate,
    /// Nanoseconds that one request takes.
    each: i128,
    /// When the bucket of a holder is full again, in nanoseconds; those that are full aren't there.
    full_at: Mutex<FxHashMap<Holder, i128>>,
}

impl Limiter {
    #[expect(clippy::cast_possible_truncation, reason = "a float is cut to what fits")]
    pub(super) fn new(rate: Rate) -> Self {
        let each = (1e9 / rate.per_second.max(f64::MIN_POSITIVE)) as i64;
        Self { rate, each: i128::from(each), full_at: Mutex::default() }
    }

    pub(super) const fn rate(&self) -> Rate {
        self.rate
    }

    /// Counts a request, or says how long to wait before the next try.
    pub(super) fn take(&self, holder: Holder, now: Timestamp) -> Result<(), Duration> {
        let now = now.as_nanosecond();
        let mut all = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let full_at = all.get(&holder).copied().unwrap_or(now).max(now);
        let room = self.each * i128::from(self.rate.burst.max(1) - 1);
        match full_at - now - room {
            ..=0 => {
                all.insert(holder, full_at + self.each);
                Ok(())
            }
            wait => Err(Duration::from_nanos(u64::try_from(wait).unwrap_or(u64::MAX))),
        }
    }

    /// Forgets holders who aren't known any more.
    pub(super) fn retain(&self, is_known: impl Fn(&Holder) -> bool) {
        self.full_at.lock().unwrap_or_else(PoisonError::into_inner).retain(|holder, _| is_known(holder));
    }
}

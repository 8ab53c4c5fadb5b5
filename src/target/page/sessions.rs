//! Sessions of those who gave the token.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::base::{Digest, Secret, SignedDuration, Timestamp};

/// How long a session lasts.
const LASTS: SignedDuration = SignedDuration::from_hours(12);
/// How many there are at most; the oldest goes first.
const MOST: usize = 100;

/// Digests of the sessions' secrets, each with its end.
#[derive(Default)]
pub(super) struct Sessions(Mutex<VecDeque<(Digest, Timestamp)>>);

impl Sessions {
    pub(super) fn begin(&self, secret: &Secret, now: Timestamp) {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|(_, end)| now < *end);
        if sessions.len() == MOST {
            sessions.pop_front();
        }
        sessions.push_back((Digest::of(secret.expose().as_bytes()), now.checked_add(LASTS).unwrap_or(Timestamp::MAX)));
    }

    /// Digests are compared: what time that takes tells nothing about a secret.
    pub(super) fn is_known(&self, secret: &str, now: Timestamp) -> bool {
        let given = Digest::of(secret.as_bytes());
        let sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.iter().any(|(known, end)| *known == given && now < *end)
    }

    pub(super) fn end(&self, secret: &str) {
        let given = Digest::of(secret.as_bytes());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|(known, _)| *known != given);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_end_by_themselves_by_request_and_by_number() {
        let (sessions, now) = (Sessions::default(), Timestamp::UNIX_EPOCH);
        sessions.begin(&Secret::new("a"), now);
        assert!(sessions.is_known("a", now) && !sessions.is_known("b", now));
        assert!(!sessions.is_known("a", now + LASTS), "it ends by itself");
        sessions.end("a");
        assert!(!sessions.is_known("a", now), "it was ended");
        for number in 0..=MOST {
            sessions.begin(&Secret::new(number.to_string()), now);
        }
        assert!(!sessions.is_known("0", now) && sessions.is_known("1", now), "the oldest went");
    }
}

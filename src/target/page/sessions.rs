//! Sessions of those who gave the token.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::base::{Digest, Secret, SignedDuration, Timestamp};

/// How long a session lasts.
const LASTS: SignedDuration = SignedDuration::from_hours(12);
/// How many there are at most; the oldest goes first.
const MOST: usize = 100;

/// The sessions. A session is worth as much as the token that it was begun with, so whoever asks gets that.
#[derive(Default)]
pub(super) struct Sessions(Mutex<VecDeque<Session>>);

/// Of secret and token there are digests alone.
struct Session {
    secret: Digest,
    token: Digest,
    end: Timestamp,
}

impl Sessions {
    pub(super) fn begin(&self, secret: &Secret, token: Digest, now: Timestamp) {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|session| now < session.end);
        if sessions.len() == MOST {
            sessions.pop_front();
        }
        let secret = Digest::of(secret.expose().as_bytes());
        sessions.push_back(Session { secret, token, end: now.checked_add(LASTS).unwrap_or(Timestamp::MAX) });
    }

    /// The token that a session was begun with. Digests are compared: what time that takes tells nothing about a secret.
    pub(super) fn token(&self, secret: &str, now: Timestamp) -> Option<Digest> {
        let given = Digest::of(secret.as_bytes());
        let sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.iter().find(|session| session.secret == given && now < session.end).map(|session| session.token)
    }

    pub(super) fn end(&self, secret: &str) {
        let given = Digest::of(secret.as_bytes());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|session| session.secret != given);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_end_by_themselves_by_request_and_by_number() {
        let (sessions, now) = (Sessions::default(), Timestamp::UNIX_EPOCH);
        let token = Digest::of(b"token");
        sessions.begin(&Secret::new("a"), token, now);
        assert_eq!((sessions.token("a", now), sessions.token("b", now)), (Some(token), None));
        assert_eq!(sessions.token("a", now + LASTS), None, "it ends by itself");
        sessions.end("a");
        assert_eq!(sessions.token("a", now), None, "it was ended");
        for number in 0..=MOST {
            sessions.begin(&Secret::new(number.to_string()), token, now);
        }
        assert_eq!((sessions.token("0", now), sessions.token("1", now)), (None, Some(token)), "the oldest went");
    }
}

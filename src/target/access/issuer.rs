//! The tokens that were issued: their digests, and when they run out.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustc_hash::FxHashMap;

use super::OAuthOptions;
use crate::base::{Digest, Secret, SignedDuration, Timestamp};
use crate::target::random_token;

/// How many tokens are remembered, run out or not. Beyond this the oldest is forgotten: whoever carries it fetches
/// another.
const REMEMBERED: usize = 10_000;

/// Issues tokens to one client.
#[derive(Debug)]
pub(super) struct Issuer {
    client_id: String,
    lifetime: Duration,
    scopes: Vec<String>,
    issued: Mutex<Issued>,
}

#[derive(Debug, Default)]
struct Issued {
    /// Until when each is good, and the client's secret that it was fetched with.
    until: FxHashMap<Digest, (Timestamp, Digest)>,
    oldest_first: VecDeque<Digest>,
}

/// What is known of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It was issued and lasts; for whoever had this secret of the client.
    Live(Digest),
    /// It was issued and ran out.
    Expired(Timestamp),
    /// It wasn't issued here, or was forgotten.
    Unknown,
}

impl Issuer {
    /// The issuer; the secrets aren't kept here.
    pub(super) fn new(options: OAuthOptions) -> Self {
        let OAuthOptions { client_id, client_secrets: _, lifetime, scope } = options;
        let scopes = scope.split_ascii_whitespace().map(str::to_owned).collect();
        Self { client_id, lifetime, scopes, issued: Mutex::default() }
    }

    pub(super) fn client_id(&self) -> &str {
        &self.client_id
    }

    pub(super) const fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// The scope of a token for which this one was asked, or all where none was; `None` where it isn't granted.
    pub(super) fn scope(&self, asked: Option<&str>) -> Option<String> {
        let Some(asked) = asked else { return Some(self.scopes.join(" ")) };
        let known = |scope: &str| self.scopes.iter().any(|known| known == scope);
        asked.split(' ').all(known).then(|| asked.to_owned())
    }

    /// Makes a token for whoever has this secret of the client.
    pub(super) fn issue(&self, now: Timestamp, client_secret: Digest) -> Secret {
        let token = random_token();
        let digest = Digest::of(token.expose().as_bytes());
        let lifetime = SignedDuration::try_from(self.lifetime).unwrap_or(SignedDuration::MAX);
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        if issued.oldest_first.len() == REMEMBERED
            && let Some(oldest) = issued.oldest_first.pop_front()
        {
            issued.until.remove(&oldest);
        }
        let until = now.checked_add(lifetime).unwrap_or(Timestamp::MAX);
        issued.until.insert(digest, (until, client_secret));
        issued.oldest_first.push_back(digest);
        token
    }

    pub(super) fn standing(&self, token: &Digest, now: Timestamp) -> Standing {
        match self.issued.lock().unwrap_or_else(PoisonError::into_inner).until.get(token) {
            None => Standing::Unknown,
            Some((until, _)) if *until <= now => Standing::Expired(*until),
            Some((_, client_secret)) => Standing::Live(*client_secret),
        }
    }
}

//! The secrets that let in, compared in constant time.

use std::fmt;

use uuid::Uuid;

use crate::base::{Digest, Secret};

/// A token that can't be guessed: 244 random bits from the system, as hex.
pub fn random_token() -> Secret {
    #[expect(clippy::disallowed_methods, reason = "a secret must not follow from a seed")]
    let guid = || Uuid::new_v4().simple();
    Secret::new(format!("{}{}", guid(), guid()))
}

/// Everything secret that lets somebody in.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    /// Tokens that may do everything.
    pub tokens: Vec<Secret>,
    /// Tokens that may read only.
    pub read_only: Vec<Secret>,
    /// Secrets of the client that may fetch tokens.
    pub client_secrets: Vec<Secret>,
}

impl Credentials {
    /// All of them, whatever they let do.
    pub(super) fn all(&self) -> impl Iterator<Item = &Secret> {
        [&self.tokens, &self.read_only, &self.client_secrets].into_iter().flatten()
    }
}

/// Digests of secrets.
#[derive(Default)]
pub(super) struct Digests(Vec<Digest>);

impl fmt::Debug for Digests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secrets", self.0.len())
    }
}

impl Digests {
    pub(super) fn of(secrets: &[Secret]) -> Self {
        Self(secrets.iter().map(|secret| Digest::of(secret.expose().as_bytes())).collect())
    }

    /// Whether a secret is one of these. Digests are compared instead of the secrets, all of each and all of
    /// them, so that the time taken tells nothing about a secret.
    pub(super) fn have(&self, given: &Digest) -> bool {
        self.0.iter().fold(false, |found, known| {
            let difference = known.0.iter().zip(given.0).fold(0, |sum, (left, right)| sum | (left ^ right));
            found | (std::hint::black_box(difference) == 0)
        })
    }
}

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Right {
    /// Read and write.
    Everything,
    /// Read.
    Reading,
}

/// Digests of all that lets in.
#[derive(Debug, Default)]
pub(super) struct Known {
    tokens: Digests,
    read_only: Digests,
    client_secrets: Digests,
}

impl Known {
    pub(super) fn new(credentials: &Credentials) -> Self {
        Self {
            tokens: Digests::of(&credentials.tokens),
            read_only: Digests::of(&credentials.read_only),
            client_secrets: Digests::of(&credentials.client_secrets),
        }
    }

    /// What a token may do; one that stands in both lists may do everything.
    pub(super) fn right(&self, token: &Digest) -> Option<Right> {
        match (self.tokens.have(token), self.read_only.have(token)) {
            (true, _) => Some(Right::Everything),
            (false, true) => Some(Right::Reading),
            (false, false) => None,
        }
    }

    /// The digest of a secret, if it is one of the client's.
    pub(super) fn client_secret(&self, secret: &str) -> Option<Digest> {
        Some(Digest::of(secret.as_bytes())).filter(|digest| self.has_client_secret(digest))
    }

    pub(super) fn has_client_secret(&self, secret: &Digest) -> bool {
        self.client_secrets.have(secret)
    }
}

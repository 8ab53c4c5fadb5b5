//! The door: what is known of those who want in.

use std::sync::{Arc, PoisonError, RwLock};

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Method, Request};
use serde_json::{Value, json};

use super::credentials::{Known, Right};
use super::issuer::{Issuer, Standing};
use super::rate::{Holder, Limiter};
use super::refusal::Refusal;
use super::{AccessOptions, Credentials, TOKEN_PATH};
use crate::base::{Digest, Secret, Timestamp};
use crate::scim::KnownSecrets;

/// Lets requests in, or not.
#[derive(Debug)]
pub(in crate::target) struct Door {
    known: RwLock<Arc<Known>>,
    issuer: Option<Issuer>,
    limiter: Option<Limiter>,
    open_discovery: bool,
    secrets: KnownSecrets,
}

impl Door {
    /// A door for these tokens, and for those of the options.
    pub(in crate::target) fn new(tokens: Vec<Secret>, options: AccessOptions) -> Self {
        let AccessOptions { read_only, oauth, rate, open_discovery, scheme: _ } = options;
        let client_secrets = oauth.as_ref().map(|oauth| oauth.client_secrets.clone()).unwrap_or_default();
        let credentials = Credentials { tokens, read_only, client_secrets };
        let known = Known::new(&credentials);
        Self {
            known: RwLock::new(Arc::new(known)),
            issuer: oauth.map(Issuer::new),
            limiter: rate.map(Limiter::new),
            open_discovery,
            secrets: KnownSecrets::new(credentials.all().cloned().collect()),
        }
    }

    /// Lets in with these from now on instead of those before. Tokens that were issued stay as long as the client's
    /// secret that they were fetched with.
    pub(in crate::target) fn set(&self, credentials: &Credentials) {
        credentials.all().for_each(|secret| self.secrets.add(secret));
        let known = Arc::new(Known::new(credentials));
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&known);
        if let Some(limiter) = &self.limiter {
            limiter.retain(|holder| match holder {
                Holder::Token(token) => known.right(token).is_some(),
                Holder::Client | Holder::Nobody => true,
            });
        }
    }

    /// Asks what is known, without keeping it.
    fn knows<T>(&self, question: impl FnOnce(&Known) -> T) -> T {
        question(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn known(&self) -> Arc<Known> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) const fn issuer(&self) -> Option<&Issuer> {
        self.issuer.as_ref()
    }

    /// What has ever let in.
    pub(in crate::target) const fn secrets(&self) -> &KnownSecrets {
        &self.secrets
    }

    /// Whether tokens are issued here.
    pub(in crate::target) const fn issues_tokens(&self) -> bool {
        self.issuer.is_some()
    }

    /// Lets a request in, or says why not.
    pub(in crate::target) fn admit<B>(
        &self,
        request: &Request<B>,
        base_path: &str,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let (right, holder) = if self.open_discovery
            && !request.headers().contains_key(AUTHORIZATION)
            && is_discovery(request.uri().path(), base_path)
        {
            (Right::Reading, Holder::Nobody)
        } else {
            self.holder(bearer(request.headers())?, now)?
        };
        if right == Right::Reading && !reads(request.method(), request.uri().path()) {
            return Err(Refusal::ReadOnly);
        }
        match &self.limiter {
            Some(limiter) => limiter.take(holder, now).map_err(|wait| Refusal::TooOften { rate: limiter.rate(), wait }),
            None => Ok(()),
        }
    }

    /// The digest of a token, if it is one that may do everything.
    pub(in crate::target) fn master(&self, token: &str) -> Option<Digest> {
        Some(Digest::of(token.as_bytes())).filter(|digest| self.is_still_master(digest))
    }

    /// Whether the token of this digest may do everything now.
    pub(in crate::target) fn is_still_master(&self, token: &Digest) -> bool {
        self.knows(|known| known.right(token)) == Some(Right::Everything)
    }

    /// Whether a request carries such a token.
    pub(in crate::target) fn lets_watch(&self, headers: &HeaderMap) -> bool {
        bearer(headers).is_ok_and(|token| self.master(token).is_some())
    }

    fn holder(&self, token: &str, now: Timestamp) -> Result<(Right, Holder), Refusal> {
        let digest = Digest::of(token.as_bytes());
        if let Some(right) = self.knows(|known| known.right(&digest)) {
            return Ok((right, Holder::Token(digest)));
        }
        match self.issuer.as_ref().map_or(Standing::Unknown, |issuer| issuer.standing(&digest, now)) {
            // Whoever lost the secret lost what was fetched with it.
            Standing::Live(secret) if !self.knows(|known| known.has_client_secret(&secret)) => Err(unknown(token)),
            Standing::Live(_) => Ok((Right::Everything, Holder::Client)),
            Standing::Expired(at) => Err(Refusal::Expired(at)),
            Standing::Unknown => Err(unknown(token)),
        }
    }

    /// Issues a token without being asked.
    #[cfg(test)]
    pub(in crate::target) fn issue_for_tests(&self) {
        self.issuer.as_ref().expect("an issuer").issue(Timestamp::MIN, Digest::of(b""));
    }

    /// How one gets in, as `/ServiceProviderConfig` lists it (RFC 7643 section 5).
    pub(in crate::target) fn schemes(&self) -> Value {
        let mut schemes = vec![json!({
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "A token in the header Authorization",
            "specUri": "https://www.rfc-editor.org/info/rfc6750",
            "primary": true
        })];
        if self.issues_tokens() {
            schemes.push(json!({
                "type": "oauth2",
                "name": "OAuth 2.0 client credentials",
                "description": format!("A token that POST {TOKEN_PATH} gives to the client, in the header Authorization"),
                "specUri": "https://www.rfc-editor.org/info/rfc6749",
                "primary": false
            }));
        }
        schemes.into()
    }
}

/// Whether a request reads: a search is sent with POST too (RFC 7644 section 3.4.3).
fn reads(method: &Method, path: &str) -> bool {
    method.is_safe() || method == Method::POST && path.ends_with("/.search")
}

fn is_discovery(path: &str, base_path: &str) -> bool {
    let below = path.strip_prefix(base_path).and_then(|path| path.strip_prefix('/')).unwrap_or_default();
    ["ServiceProviderConfig", "ResourceTypes", "Schemas"].contains(&below.split('/').next().unwrap_or_default())
}

/// The token that a request carries. What else may stand there is explained, and never repeated.
fn bearer(headers: &HeaderMap) -> Result<&str, Refusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(Refusal::Missing)?;
    if values.next().is_some() {
        return Err(Refusal::Twice);
    }
    // A token is ASCII (RFC 6750 section 2.1), so what isn't text isn't a known one.
    let value = value.to_str().map_err(|_| Refusal::Unknown)?;
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    let token = token.trim();
    match scheme {
        _ if scheme.eq_ignore_ascii_case("Bearer") && token.is_empty() => Err(Refusal::Empty),
        _ if scheme.eq_ignore_ascii_case("Bearer") => Ok(token),
        _ if scheme.eq_ignore_ascii_case("Basic") => Err(Refusal::Basic),
        _ => Err(Refusal::OtherScheme),
    }
}

/// Why a token isn't known, as far as it shows by itself.
fn unknown(token: &str) -> Refusal {
    let is_doubled = token.split_once(' ').is_some_and(|(first, _)| first.eq_ignore_ascii_case("Bearer"));
    match token.bytes().next() {
        _ if is_doubled => Refusal::Doubled,
        Some(b'"' | b'\'') => Refusal::Quoted,
        _ => Refusal::Unknown,
    }
}

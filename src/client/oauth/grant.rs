//! An access token, and how long it is used.

use axum::http::HeaderValue;

use super::UnusableToken;
use crate::base::{Secret, SignedDuration, Timestamp, visible};
use crate::client::jwt::{Claims, claims};
use crate::scim::{Needles, TenantUrl};

/// How long a token is used that doesn't say how long it lasts: the shortest time that endpoints may give (Microsoft,
/// *User provisioning requirements for Microsoft Entra App Gallery*).
const ASSUMED: SignedDuration = SignedDuration::from_hours(1);
/// The longest time that endpoints may give, by the same source.
const LONGEST: SignedDuration = SignedDuration::from_hours(6);
/// Those who round, such as Microsoft with its 3,599 seconds, are within this.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(1);
/// Renewed so long before a token runs out, or a fifth of its time if that is less.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);

/// What a token endpoint gave, read.
#[derive(Debug)]
pub(super) struct Granted {
    /// `access_token`.
    pub(super) token: Secret,
    /// `expires_in`.
    pub(super) lifetime: Option<SignedDuration>,
    /// `token_type`, where it was there; it is `Bearer`.
    pub(super) has_type: bool,
    /// `scope`.
    pub(super) scope: Option<String>,
}

/// An access token that can be sent.
#[derive(Debug)]
pub(in crate::client) struct Grant {
    header: HeaderValue,
    token: Secret,
    needles: Needles,
    claims: Option<Claims>,
    said: Option<SignedDuration>,
    has_type: bool,
    scope: Option<String>,
    runs_out: Timestamp,
    renew: Timestamp,
}

impl Grant {
    /// Its time counts from the instant at which it was asked for, so that a slow answer doesn't prolong it.
    ///
    /// How long it lasts is what `expires_in` says, else the `exp` of a JWT, else an hour.
    pub(super) fn new(granted: Granted, asked: Timestamp) -> Result<Self, UnusableToken> {
        let mut header = HeaderValue::try_from(format!("Bearer {}", granted.token.expose()))
            .map_err(|_| UnusableToken::Unsendable)?;
        header.set_sensitive(true);
        let claims = claims(granted.token.expose());
        let by_claim = claims.as_ref().and_then(|claims| claims.expires).map(|at| at.duration_since(asked));
        let lifetime = granted.lifetime.or(by_claim.filter(SignedDuration::is_positive)).unwrap_or(ASSUMED);
        let runs_out = later(asked, lifetime);
        Ok(Self {
            header,
            needles: Needles::new([&granted.token]),
            token: granted.token,
            claims,
            said: granted.lifetime,
            has_type: granted.has_type,
            scope: granted.scope,
            runs_out,
            renew: later(runs_out, -MARGIN.min(lifetime / 5)),
        })
    }

    /// The `Authorization` header.
    pub(in crate::client) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// The token, for masking.
    pub(in crate::client) fn secret(&self) -> &Secret {
        &self.token
    }

    /// What finds it in what the target sends back.
    pub(in crate::client) const fn needles(&self) -> &Needles {
        &self.needles
    }

    /// From when on the next one is asked for.
    pub(super) fn renew(&self) -> Timestamp {
        self.renew
    }

    /// From when on it isn't sent any more.
    pub(super) fn runs_out(&self) -> Timestamp {
        self.runs_out
    }

    /// When the time of a JWT ran out, or hasn't begun, by the claims in it: then one of two clocks is wrong.
    pub(in crate::client) fn outside_its_time(&self, now: Timestamp) -> Option<Timestamp> {
        let claims = self.claims.as_ref()?;
        let over = claims.expires.filter(|at| *at <= now);
        // A clock that is a few seconds behind is nobody's fault.
        over.or(claims.begins.filter(|at| later(*at, -TOLERANCE) > now))
    }

    /// What is odd about it at the instant `now`: sentences without a full stop.
    pub(in crate::client) fn warnings(&self, asked_scope: Option<&str>, now: Timestamp) -> Vec<String> {
        let mut warnings = Vec::new();
        match self.said {
            None => warnings.push(
                "the token endpoint doesn't say how long the access token lasts (`expires_in`); what isn't said counts as \
                 the `exp` of a JWT, else as an hour"
                    .to_owned(),
            ),
            Some(said) if said < ASSUMED - TOLERANCE || said > LONGEST + TOLERANCE => warnings.push(format!(
                "the access token lasts {} seconds; the service wants tokens that last between one hour and six",
                said.as_secs()
            )),
            Some(_) => {}
        }
        if !self.has_type {
            warnings.push("the token endpoint gives no `token_type`; the token is sent as `Bearer`".to_owned());
        }
        if let Some(at) = self.outside_its_time(now) {
            let what = if at <= now { "ran out" } else { "is valid only from" };
            let word = if at <= now { " at" } else { "" };
            warnings.push(format!(
                "the access token is a JWT that {what}{word} {at}, by its own claims, and it is {now:.0} by the clock of \
                 this machine: one of the two is wrong"
            ));
        }
        let lacks: Vec<_> = match (asked_scope, &self.scope) {
            (Some(asked), Some(given)) if !asked.contains("/.default") => asked
                .split_whitespace()
                .filter(|scope| !given.split_whitespace().any(|given| given == *scope))
                .collect(),
            _ => Vec::new(),
        };
        if !lacks.is_empty() {
            warnings.push(format!("the token endpoint didn't grant the scope `{}`", lacks.join(" ")));
        }
        warnings
    }

    /// For whom a JWT is, and whether that can be the target: a hint, since endpoints are free in what they call
    /// themselves.
    pub(in crate::client) fn audience_hint(&self, tenant_url: &TenantUrl) -> Option<String> {
        let audience = &self.claims.as_ref()?.audience;
        if audience.is_empty() {
            return None;
        }
        let shown = audience.join("`, `");
        let shown = visible(&shown);
        let is_graph =
            |one: &String| one == "00000003-0000-0000-c000-000000000000" || one.contains("://graph.microsoft.com");
        let host = |text: &str| url::Url::parse(text).ok().and_then(|url| url.host_str().map(str::to_owned));
        let elsewhere = |one: &String| {
            one.starts_with("http") && host(one).is_some() && host(one).as_deref() != tenant_url.url().host_str()
        };
        Some(if audience.iter().any(is_graph) {
            format!("the access token is for Microsoft Graph (`aud` is `{shown}`): ask for a scope of the target's own")
        } else if audience.iter().all(elsewhere) {
            format!(
                "the access token is for `{shown}` (`aud`), which isn't the host of the tenant URL: if the target expects \
                 its own address there, another `scope` is needed"
            )
        } else {
            format!("the access token is for `{shown}` (`aud`): check that this is what the target calls itself")
        })
    }
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX })
}

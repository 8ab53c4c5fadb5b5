//! The access token in use, and the requests for the next one.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::HeaderMap;
use tokio_util::sync::CancellationToken;

use super::answer::read;
use super::grant::Grant;
use super::request::TokenRequest;
use super::{OAuth, TokenFailure, UnusableToken};
use crate::base::{Random, Secret, SignedDuration, Timestamp};
use crate::client::answer::excerpt;
use crate::client::patience::{Next, Patience, delay};
use crate::client::transport::Transport;
use crate::client::watch::{Audience, Watch};
use crate::client::{ClientError, ClientOptions, Failure, TransportKind, Unexpected};
use crate::clock::Clock;
use crate::scim::{Method, Needles, SentCredentials, TokenEndpoint};

/// How many exchanges are kept for whoever asks what happened.
const KEPT: usize = 8;
/// Shorter values in the query of a token endpoint may stand elsewhere by chance.
const SHORTEST_KEY: usize = 8;
/// A renewal that failed isn't tried again earlier.
const PAUSE: SignedDuration = SignedDuration::from_secs(10);

/// One request to the token endpoint with its answer, secrets masked. It isn't counted among the SCIM requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenExchange {
    /// The token endpoint, without its query.
    pub url: String,
    /// The `Authorization` header, where one was sent.
    pub authorization: Option<String>,
    /// The form, as it was sent.
    pub form: String,
    /// HTTP status; `None` when no answer came.
    pub status: Option<u16>,
    /// The answer on one line, at most 2 KiB of it.
    pub answer: String,
    /// From the first byte sent to the last byte read.
    pub duration: Duration,
}

/// Keeps one access token, in memory alone, and asks for the next one: once, however many wait for it.
pub(in crate::client) struct AccessTokens {
    transport: Transport,
    audience: Option<Audience>,
    endpoint: TokenEndpoint,
    request: TokenRequest,
    /// Of what must not appear in anything shown.
    needles: Needles,
    timeout: Duration,
    retries: u32,
    honour_retry_after: bool,
    clock: Clock,
    random: Mutex<Random>,
    state: Mutex<State>,
    /// Held by whoever asks.
    flight: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    grant: Option<Arc<Grant>>,
    /// Before this a renewal isn't tried again.
    put_off: Option<Timestamp>,
    /// How often it was asked, and how the last time failed.
    flights: u64,
    failed: Option<Failure>,
    exchanges: VecDeque<TokenExchange>,
}

enum Held {
    /// A token that lasts.
    Fresh(Arc<Grant>),
    /// A token that is to be renewed, and good until then.
    Ageing(Arc<Grant>),
    /// None; asked for so often by now.
    Nothing(u64),
}

impl AccessTokens {
    pub(in crate::client) fn new(oauth: &OAuth, options: &ClientOptions, clock: Clock) -> Result<Self, ClientError> {
        let request = TokenRequest::new(oauth, options.user_agent.as_deref())?;
        let keys = keys(&oauth.token_endpoint);
        let known = || request.secrets.iter().chain(&keys);
        let audience = options.observer.clone().map(|observer| {
            let credentials = SentCredentials::new(known().cloned());
            Audience { observer, credentials }
        });
        Ok(Self {
            transport: Transport::http(options, oauth.token_endpoint.url())?,
            needles: Needles::new(known()),
            request,
            audience,
            endpoint: oauth.token_endpoint.clone(),
            timeout: options.timeout,
            retries: options.retries,
            honour_retry_after: options.honour_retry_after,
            clock,
            random: Mutex::new(Random::seeded(options.seed)),
            state: Mutex::default(),
            flight: tokio::sync::Mutex::default(),
        })
    }

    /// A token that can be sent now. Whoever comes while one is asked for waits for that answer, be it good or bad, until
    /// `end`; a token that merely ages is used meanwhile, and as long as it can't be renewed.
    pub(in crate::client) async fn current(&self, end: &CancellationToken) -> Result<Arc<Grant>, Failure> {
        let before = match self.held() {
            Held::Fresh(grant) => return Ok(grant),
            Held::Ageing(grant) => return Ok(self.renewed(grant, end).await),
            Held::Nothing(flights) => flights,
        };
        let _flight = tokio::select! {
            biased;
            flight = self.flight.lock() => flight,
            () = end.cancelled() => return Err(Failure::Ended),
        };
        match self.held() {
            Held::Fresh(grant) | Held::Ageing(grant) => return Ok(grant),
            Held::Nothing(flights) if flights != before => {
                if let Some(failure) = self.state().failed.clone() {
                    return Err(failure);
                }
            }
            Held::Nothing(_) => {}
        }
        let patience = Patience::new(self.retries, self.honour_retry_after);
        self.ask(patience, end).await.map_err(|failure| Failure::Token(Box::new(failure)))
    }

    /// The next token, or the old one where somebody else asks already or it can't be had yet.
    async fn renewed(&self, old: Arc<Grant>, end: &CancellationToken) -> Arc<Grant> {
        let Ok(_flight) = self.flight.try_lock() else { return old };
        if end.is_cancelled() {
            return old;
        }
        if let Held::Fresh(grant) = self.held() {
            return grant;
        }
        match self.ask(Patience::new(0, false), end).await {
            Ok(grant) => grant,
            Err(failure) => {
                tracing::warn!(
                    error = %failure,
                    runs_out = %old.runs_out(),
                    "the access token can't be renewed yet; it is used until it runs out"
                );
                let now = self.clock.now();
                let wait = failure.retry_after().and_then(|wait| SignedDuration::try_from(wait).ok());
                let wait = wait.unwrap_or_default().max(old.runs_out().duration_since(now) / 2).max(PAUSE);
                self.state().put_off = now.checked_add(wait).ok();
                old
            }
        }
    }

    /// Drops a token that the target refused, unless another one has taken its place already.
    pub(in crate::client) fn forget(&self, refused: &Arc<Grant>) {
        let mut state = self.state();
        if state.grant.as_ref().is_some_and(|grant| Arc::ptr_eq(grant, refused)) {
            state.grant = None;
        }
    }

    /// The last token that was had, whether or not it is still good.
    pub(in crate::client) fn last(&self) -> Option<Arc<Grant>> {
        self.state().grant.clone()
    }

    /// The last exchanges with the token endpoint; they are told once.
    pub(in crate::client) fn take_exchanges(&self) -> Vec<TokenExchange> {
        self.state().exchanges.drain(..).collect()
    }

    /// What must not appear in anything shown.
    pub(in crate::client) fn secrets(&self) -> &[Secret] {
        &self.request.secrets
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn held(&self) -> Held {
        let now = self.clock.now();
        let state = self.state();
        match &state.grant {
            Some(grant)
                if now < grant.renew() || state.put_off.is_some_and(|until| now < until) && now < grant.runs_out() =>
            {
                Held::Fresh(Arc::clone(grant))
            }
            Some(grant) if now < grant.runs_out() => Held::Ageing(Arc::clone(grant)),
            _ => Held::Nothing(state.flights),
        }
    }

    /// Asks until there is an answer that stands, and notes it. Asking twice does no harm, so every failure that may pass
    /// is tried again as often as `patience` allows.
    async fn ask(&self, mut patience: Patience, end: &CancellationToken) -> Result<Arc<Grant>, TokenFailure> {
        let result = loop {
            let failure = match self.once().await {
                Ok(grant) => break Ok(Arc::new(grant)),
                Err(failure) => failure,
            };
            let wait = match patience.decide(failure.retry_after(), failure.is_transient()) {
                Next::Stop => break Err(failure),
                Next::Asked(wait) => wait,
                Next::Retry(attempt) => delay(&self.random, attempt),
            };
            tracing::debug!(error = %failure, wait_ms = wait.as_millis(), "asking for an access token again");
            end.run_until_cancelled(self.clock.sleep(wait)).await;
            if end.is_cancelled() {
                break Err(failure);
            }
        };
        let mut state = self.state();
        state.flights += 1;
        state.failed = result.as_ref().err().map(|failure| Failure::Token(Box::new(failure.clone())));
        if let Ok(grant) = &result {
            tracing::debug!(runs_out = %grant.runs_out(), "got an access token");
            state.grant = Some(Arc::clone(grant));
            state.put_off = None;
        }
        drop(state);
        result
    }

    async fn once(&self) -> Result<Grant, TokenFailure> {
        let headers: HeaderMap = self.request.headers.clone();
        let asked = self.clock.now();
        let form = self.request.form.expose().as_bytes().to_vec();
        let (audience, url) = (self.audience.as_ref(), self.endpoint.url());
        let mut watch = Watch::new(audience, &self.clock, Method::Post, url, &headers, Some(&form));
        let sent = self.transport.send(Method::Post, url, headers, Some(form), &mut watch);
        let raw = tokio::time::timeout(self.timeout, sent).await.unwrap_or_else(|_| {
            let message = format!("no complete answer within {:?}", self.timeout);
            Err(Failure::Transport { kind: TransportKind::Timeout, message })
        });
        watch.hide_bare_token();
        watch.end(raw.as_ref().err());
        let now = self.clock.now();
        let secrets = [&self.needles];
        let (status, shown, result) = match raw {
            Ok(raw) => {
                let reading = read(&raw, now, &secrets);
                (Some(raw.status), reading.shown, reading.result)
            }
            Err(failure) => (failure.status(), String::new(), Err(unanswered(failure, &secrets))),
        };
        let grant = result.and_then(|granted| {
            Grant::new(granted, asked)
                .map_err(|what| TokenFailure::Unusable { status: status.unwrap_or_default(), what })
        });
        let exchange = TokenExchange {
            url: self.endpoint.to_string(),
            authorization: self.request.shown_authorization.clone(),
            form: self.request.shown_form.clone(),
            status,
            answer: shown,
            duration: Duration::try_from(now.duration_since(asked)).unwrap_or_default(),
        };
        tracing::debug!(status, duration_ms = exchange.duration.as_millis(), "asked for an access token");
        let mut state = self.state();
        if state.exchanges.len() == KEPT {
            state.exchanges.pop_front();
        }
        state.exchanges.push_back(exchange);
        drop(state);
        grant
    }
}

/// What the query of a token endpoint holds: keys of gateways, which are nobody's business. Shorter values are masked
/// by their names.
fn keys(endpoint: &TokenEndpoint) -> Vec<Secret> {
    let values = endpoint.url().query_pairs().map(|(_, value)| value);
    values.filter(|value| value.len() >= SHORTEST_KEY).map(Secret::new).collect()
}

/// A transport gives two failures: no answer, and one that is too long.
fn unanswered(failure: Failure, secrets: &[&Needles]) -> TokenFailure {
    match failure {
        Failure::Unexpected { status, what: Unexpected::TooLarge, .. } => {
            TokenFailure::Unusable { status, what: UnusableToken::TooLarge }
        }
        Failure::Transport { kind, message } => TokenFailure::Transport { kind, message: excerpt(&message, secrets) },
        other => TokenFailure::Transport { kind: TransportKind::Other, message: other.to_string() },
    }
}

//! One call with its redirects, waits and retries.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use axum::http::{self, HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use tokio_util::sync::CancellationToken;
use tower::Service;
use url::Url;

use super::answer::{Answer, RawAnswer, excerpt, judge};
use super::limiter::Limiter;
use super::oauth::{AccessTokens, Grant};
use super::patience::{Next, Patience, delay};
use super::transport::Transport;
use super::watch::{Audience, Watch};
use super::{ClientError, ClientOptions, Credentials, Failure, Refusal, TransportKind, Unexpected};
use crate::base::{Random, Secret};
use crate::clock::Clock;
use crate::scim::{Exchange, Method, Needles, Request, SentCredentials, is_secret_header};

/// Redirects of one read that are followed.
const REDIRECTS: usize = 5;
/// What bodies are sent as; the service writes it exactly so.
const SCIM_JSON: HeaderValue = HeaderValue::from_static("application/scim+json; charset=utf-8");

/// Talks to one SCIM endpoint. Cheap to clone; clones share connections, rate and concurrency.
#[derive(Clone)]
pub struct Client {
    pub(super) inner: Arc<Inner>,
    pub(super) end: CancellationToken,
}

pub(super) struct Inner {
    pub(super) transport: Transport,
    pub(super) base: String,
    pub(super) headers: HeaderMap,
    content_type: HeaderValue,
    pub(super) limiter: Limiter,
    pub(super) clock: Clock,
    pub(super) timeout: Duration,
    retries: u32,
    honour_retry_after: bool,
    /// Of what must not appear in anything shown.
    needles: Needles,
    /// The same in the clear, for whoever masks what is recorded.
    pub(super) credentials: SentCredentials,
    pub(super) audience: Option<Audience>,
    /// Where the token isn't a lasting one.
    pub(super) tokens: Option<AccessTokens>,
    pub(super) options: ClientOptions,
    random: Mutex<Random>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base", &self.inner.base).finish_non_exhaustive()
    }
}

/// What went over the wire for one call, and the access token that was sent last.
#[derive(Default)]
struct Trail {
    exchanges: Vec<Exchange>,
    grant: Option<Arc<Grant>>,
}

/// What a call gave, with everything that went over the wire for it.
#[derive(Debug, Clone, PartialEq)]
pub struct CallOutcome<T = Answer> {
    /// The answer, or why there is none.
    pub result: Result<T, Failure>,
    /// Every request sent, redirects and retries included, in order; empty where nothing could be sent.
    pub exchanges: Vec<Exchange>,
}

impl<T> CallOutcome<T> {
    /// Time spent in requests, without waits between them.
    pub fn duration(&self) -> Duration {
        self.exchanges.iter().map(|exchange| exchange.duration).sum()
    }

    /// Reads the result further. A failure gets the beginning of the last answer as its excerpt.
    pub(super) fn and_then<U>(self, read: impl FnOnce(T) -> Result<U, Failure>) -> CallOutcome<U> {
        let mut result = self.result.and_then(read);
        if let (Err(Failure::Unexpected { excerpt: shown, .. }), Some(last)) = (&mut result, self.exchanges.last()) {
            *shown = excerpt(&last.answer, &[]);
        }
        CallOutcome { result, exchanges: self.exchanges }
    }
}

impl Client {
    /// Sets up a client that talks HTTP/1.1 over the network. Nothing is sent yet.
    pub fn http(options: ClientOptions, clock: Clock) -> Result<Self, ClientError> {
        Self::new(Transport::http(&options, options.tenant_url.url())?, options, clock)
    }

    /// Sets up a client that calls a service of this process, such as a router, without a port.
    /// Paths begin with that of the tenant URL, as over the network.
    pub fn in_process<S>(service: S, options: ClientOptions, clock: Clock) -> Result<Self, ClientError>
    where
        S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        Self::new(Transport::service(service), options, clock)
    }

    fn new(transport: Transport, options: ClientOptions, clock: Clock) -> Result<Self, ClientError> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        let (mut secrets, tokens) = match &options.credentials {
            Credentials::Token(token) => {
                let mut authorization = value("Authorization", &format!("Bearer {}", token.secret().expose()))?;
                authorization.set_sensitive(true);
                headers.insert(AUTHORIZATION, authorization);
                (token.secrets(), None)
            }
            Credentials::OAuth(oauth) => {
                let tokens = AccessTokens::new(oauth, &options, clock.clone())?;
                (tokens.secrets().to_vec(), Some(tokens))
            }
        };
        if let Some(version) = &options.scim_version {
            headers.insert(HeaderName::from_static("adscimversion"), value("ADSCIMVersion", version)?);
        }
        if let Some(agent) = &options.user_agent {
            headers.insert(USER_AGENT, value("User-Agent", agent)?);
        }
        for (name, text) in &options.headers {
            let header = HeaderName::try_from(name.as_str())
                .map_err(|_| ClientError::Header { name: name.clone(), part: "name" })?;
            headers.insert(header, value(name, text)?);
            if is_secret_header(name) && text.len() >= 8 {
                secrets.push(Secret::new(text.as_str()));
            }
        }
        let content_type = headers.remove(CONTENT_TYPE).unwrap_or(SCIM_JSON);
        // A proxy may echo its own.
        let proxy = options.proxy.as_deref().and_then(|proxy| Url::parse(proxy).ok());
        let password = proxy.as_ref().and_then(Url::password).filter(|password| password.len() >= 8);
        let password = password.map(|password| Secret::new(percent_decode_str(password).decode_utf8_lossy()));
        let credentials = SentCredentials::new(secrets.iter().cloned().chain(password));
        let audience = options.observer.clone().map(|observer| Audience { observer, credentials: credentials.clone() });
        let inner = Inner {
            transport,
            base: options.tenant_url.base().to_owned(),
            headers,
            content_type,
            limiter: Limiter::new(options.rate, options.concurrency, clock.clone()),
            clock,
            timeout: options.timeout,
            retries: options.retries,
            honour_retry_after: options.honour_retry_after,
            needles: Needles::new(&secrets),
            credentials,
            audience,
            tokens,
            random: Mutex::new(Random::seeded(options.seed)),
            options,
        };
        Ok(Self { inner: Arc::new(inner), end: CancellationToken::new() })
    }

    /// The same client, whose waits end with a token: a request under way goes on, but what waits for its turn or for
    /// another try isn't sent any more.
    #[must_use]
    pub fn ended_by(self, end: CancellationToken) -> Self {
        Self { end, ..self }
    }

    /// What the client was told.
    pub fn options(&self) -> &ClientOptions {
        &self.inner.options
    }

    /// The access tokens, where the token isn't a lasting one.
    pub(super) fn tokens(&self) -> Option<&AccessTokens> {
        self.inner.tokens.as_ref()
    }

    /// The clock by which it waits and measures.
    pub(super) fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// Sends a request and gives any answer with a status of 2xx; everything else is a failure.
    ///
    /// Waits for the rate first. A GET follows redirects within its origin. A 429 or 503 with
    /// `Retry-After` is waited out, up to four times and five minutes in all, and meanwhile nothing
    /// else is started either. Other failures that may pass are retried as often as the options say;
    /// a POST only where the target can't have acted on it, since a second one could make a second account.
    ///
    /// An access token that is refused with 401 is replaced by a fresh one, with which the request is sent once more:
    /// what was refused wasn't done. A second 401 stands.
    pub async fn call(&self, request: &Request) -> CallOutcome {
        self.send(request.clone()).await
    }

    pub(super) async fn send(&self, request: Request) -> CallOutcome {
        let mut trail = Trail { exchanges: Vec::with_capacity(1), grant: None };
        let admitted = self.inner.options.gate.as_ref().map_or(Ok(()), |gate| gate.admit(&request));
        let result = match admitted {
            Ok(()) => self.send_along(&request, &mut trail).await,
            Err(message) => Err(Failure::Transport { kind: TransportKind::Other, message }),
        };
        CallOutcome { result, exchanges: trail.exchanges }
    }

    async fn send_along(&self, request: &Request, trail: &mut Trail) -> Result<Answer, Failure> {
        let inner = &self.inner;
        let mut patience = Patience::new(inner.retries, inner.honour_retry_after);
        let mut renewed = false;
        let mut met = None;
        loop {
            let failure = match self.follow(request, trail).await {
                Ok(answer) => return Ok(answer),
                // What the target said before stands.
                Err(Failure::Ended) => return Err(met.unwrap_or(Failure::Ended)),
                Err(failure) => failure,
            };
            if let (Some(tokens), Some(grant), Some(401), false) =
                (&inner.tokens, &trail.grant, failure.status(), renewed)
            {
                tracing::debug!("the target refuses the access token; the request is sent once more with a fresh one");
                tokens.forget(grant);
                renewed = true;
            } else {
                match patience.next(request.method, &failure) {
                    Next::Stop => return Err(failure),
                    Next::Asked(wait) => {
                        tracing::info!(status = failure.status(), wait_s = wait.as_secs(), "the target asks to wait");
                        inner.limiter.pause(wait);
                    }
                    Next::Retry(attempt) => {
                        tracing::debug!(error = %failure, attempt = attempt + 1, "trying again");
                        let wait = delay(&inner.random, attempt);
                        self.end.run_until_cancelled(inner.clock.sleep(wait)).await;
                    }
                }
            }
            if self.end.is_cancelled() {
                return Err(failure);
            }
            met = Some(failure);
        }
    }

    async fn follow(&self, request: &Request, trail: &mut Trail) -> Result<Answer, Failure> {
        let text = format!("{}{}", self.inner.base, request.path);
        // A parser that tidies the path away (`..`) would send the request to another resource.
        let mut url = Url::parse(&text).ok().filter(|url| url.as_str() == text).ok_or_else(|| Failure::Transport {
            kind: TransportKind::Other,
            message: format!("`{}` can't be sent: it isn't a normal URL path", request.path),
        })?;
        let mut request = Cow::Borrowed(request);
        let mut followed = 0;
        loop {
            let (location, result) = self.once(&request, &url, trail).await;
            let Some(location) = location else { return result };
            let refused = |why| {
                // A query may hold anything.
                let place = location.split(['?', '#']).next().unwrap_or_default();
                let location = excerpt(place, &self.secrets(trail.grant.as_deref()));
                let status = result.as_ref().err().and_then(Failure::status).unwrap_or_default();
                Failure::Unexpected { status, what: Unexpected::Redirect { location, why }, excerpt: String::new() }
            };
            url = match redirect(request.method, &url, &location) {
                Ok(_) if followed == REDIRECTS => return Err(refused(Refusal::TooMany)),
                Ok(target) => target,
                Err(why) => return Err(refused(why)),
            };
            followed += 1;
            let below = url.as_str().strip_prefix(&self.inner.base).filter(|path| path.starts_with(['/', '?']));
            let path = below.unwrap_or(&url[url::Position::BeforePath..]);
            // What is told of it; its query may hold anything.
            path.split(['?', '#']).next().unwrap_or_default().clone_into(&mut request.to_mut().path);
        }
    }

    /// One exchange; gives the `Location` of a redirect.
    async fn once(&self, request: &Request, url: &Url, trail: &mut Trail) -> (Option<String>, Result<Answer, Failure>) {
        let inner = &self.inner;
        let mut headers = inner.headers.clone();
        let body = request.body.as_ref().map(|body| {
            headers.insert(CONTENT_TYPE, inner.content_type.clone());
            body.to_string().into_bytes()
        });
        let Some(permit) = inner.limiter.acquire(&self.end).await else { return (None, Err(Failure::Ended)) };
        let mut audience = inner.audience.clone();
        if let Some(tokens) = &inner.tokens {
            match tokens.current(&self.end).await {
                Ok(grant) => {
                    headers.insert(AUTHORIZATION, grant.header());
                    if let Some(audience) = &mut audience {
                        audience.also_mask(grant.secret());
                    }
                    trail.grant = Some(grant);
                }
                Err(failure) => return (None, Err(failure)),
            }
        }
        let (audience, clock) = (audience.as_ref(), &inner.clock);
        let mut watch = Watch::new(audience, clock, request.method, url, &headers, body.as_deref());
        let start = inner.clock.now();
        let sent = inner.transport.send(request.method, url, headers, body, &mut watch);
        let raw = tokio::time::timeout(inner.timeout, sent).await.unwrap_or_else(|_| {
            let message = format!("no complete answer within {:?}", inner.timeout);
            Err(Failure::Transport { kind: TransportKind::Timeout, message })
        });
        let end = inner.clock.now();
        watch.end(raw.as_ref().err());
        drop(permit);
        let duration = Duration::try_from(end.duration_since(start)).unwrap_or_default();
        let mut exchange = Exchange { request: request.clone(), status: None, answer: String::new(), duration };
        let (location, result) = match raw {
            Ok(raw) => {
                exchange.status = Some(raw.status);
                let location = redirect_location(&raw);
                let (answer, mut result) = judge(raw, end, &self.secrets(trail.grant.as_deref()));
                if let Err(Failure::Status(refusal)) = &mut result {
                    refusal.granted = trail.grant.is_some();
                }
                exchange.answer = answer;
                (location, result)
            }
            Err(failure) => {
                exchange.status = failure.status();
                (None, Err(failure))
            }
        };
        trail.exchanges.push(exchange);
        (location, result)
    }

    /// What must not appear in anything shown: the access token that was sent among it.
    fn secrets<'s>(&'s self, grant: Option<&'s Grant>) -> Vec<&'s Needles> {
        std::iter::once(&self.inner.needles).chain(grant.map(Grant::needles)).collect()
    }
}

fn value(name: &str, text: &str) -> Result<HeaderValue, ClientError> {
    HeaderValue::from_bytes(text.as_bytes()).map_err(|_| ClientError::Header { name: name.to_owned(), part: "value" })
}

/// `Location` of a redirect, empty where it has none; 304 and 300 aren't ones.
fn redirect_location(raw: &RawAnswer) -> Option<String> {
    matches!(raw.status, 301 | 302 | 303 | 307 | 308).then(|| raw.location.clone().unwrap_or_default())
}

/// Where a redirect leads, if it may be followed.
fn redirect(method: Method, from: &Url, location: &str) -> Result<Url, Refusal> {
    let target = match location {
        "" => return Err(Refusal::NoLocation),
        _ => from.join(location).map_err(|_| Refusal::NoLocation)?,
    };
    if from.scheme() == "http" && target.scheme() == "https" && target.host() == from.host() {
        return Err(Refusal::ToHttps);
    }
    if target.origin() != from.origin() || !target.username().is_empty() || target.password().is_some() {
        return Err(Refusal::OtherOrigin);
    }
    if method == Method::Get { Ok(target) } else { Err(Refusal::Method) }
}

#[cfg(test)]
mod tests;

//! One call with its redirects, waits and retries.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
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
use super::transport::Transport;
use super::watch::{Audience, Watch};
use super::{ClientError, ClientOptions, Failure, Refusal, TransportKind, Unexpected};
use crate::base::{Backoff, Random, Secret, SignedDuration};
use crate::clock::Clock;
use crate::scim::{Credentials, Exchange, Method, Request, is_secret_header};

/// Redirects of one read that are followed.
const REDIRECTS: usize = 5;
/// Times that a call waits because the target asked for it.
const WAITS: u32 = 4;
/// Longest that a call waits in all because the target asked for it.
const LONGEST_WAIT: Duration = Duration::from_mins(5);
/// Delays of retries that nobody asked for.
const BACKOFF: Backoff = Backoff { first: SignedDuration::from_millis(500), limit: SignedDuration::from_secs(30) };
/// What bodies are sent as; the service writes it exactly so.
const SCIM_JSON: HeaderValue = HeaderValue::from_static("application/scim+json; charset=utf-8");

/// Talks to one SCIM endpoint. Cheap to clone; clones share connections, rate and concurrency.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
    end: CancellationToken,
}

struct Inner {
    transport: Transport,
    base: String,
    headers: HeaderMap,
    content_type: HeaderValue,
    limiter: Limiter,
    clock: Clock,
    timeout: Duration,
    retries: u32,
    honour_retry_after: bool,
    secrets: Vec<Secret>,
    audience: Option<Audience>,
    options: ClientOptions,
    random: Mutex<Random>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base", &self.inner.base).finish_non_exhaustive()
    }
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
        Self::new(Transport::http(&options)?, options, clock)
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
        let mut authorization = value("Authorization", &format!("Bearer {}", options.token.secret().expose()))?;
        authorization.set_sensitive(true);
        headers.insert(AUTHORIZATION, authorization);
        if let Some(version) = &options.scim_version {
            headers.insert(HeaderName::from_static("adscimversion"), value("ADSCIMVersion", version)?);
        }
        if let Some(agent) = &options.user_agent {
            headers.insert(USER_AGENT, value("User-Agent", agent)?);
        }
        let mut secrets = options.token.secrets();
        for (name, text) in &options.headers {
            let header = HeaderName::try_from(name.as_str())
                .map_err(|_| ClientError::Header { name: name.clone(), part: "name" })?;
            headers.insert(header, value(name, text)?);
            if is_secret_header(name) && text.len() >= 8 {
                secrets.push(Secret::new(text.as_str()));
            }
        }
        let content_type = headers.remove(CONTENT_TYPE).unwrap_or(SCIM_JSON);
        let audience = options.observer.clone().map(|observer| {
            // A proxy may echo its own.
            let proxy = options.proxy.as_deref().and_then(|proxy| Url::parse(proxy).ok());
            let password = proxy.as_ref().and_then(Url::password).filter(|password| password.len() >= 8);
            let password = password.map(|password| Secret::new(percent_decode_str(password).decode_utf8_lossy()));
            Audience { observer, credentials: Credentials::new(secrets.iter().cloned().chain(password)) }
        });
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
            secrets,
            audience,
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
    pub async fn call(&self, request: &Request) -> CallOutcome {
        self.send(request.clone()).await
    }

    pub(super) async fn send(&self, request: Request) -> CallOutcome {
        let inner = &self.inner;
        let mut exchanges = Vec::with_capacity(1);
        let mut patience = Patience::new(inner.retries, inner.honour_retry_after);
        let mut met = None;
        loop {
            let failure = match self.follow(&request, &mut exchanges).await {
                Ok(answer) => return CallOutcome { result: Ok(answer), exchanges },
                // What the target said before stands.
                Err(Failure::Ended) => return CallOutcome { result: Err(met.unwrap_or(Failure::Ended)), exchanges },
                Err(failure) => failure,
            };
            match patience.next(request.method, &failure) {
                Next::Stop => return CallOutcome { result: Err(failure), exchanges },
                Next::Asked(wait) => {
                    tracing::debug!(status = failure.status(), wait_s = wait.as_secs(), "the target asks to wait");
                    inner.limiter.pause(wait);
                }
                Next::Retry(attempt) => {
                    let jitter = inner.random.lock().unwrap_or_else(PoisonError::into_inner).fraction();
                    let delay = Duration::try_from(BACKOFF.delay(attempt, jitter)).unwrap_or_default();
                    tracing::debug!(error = %failure, attempt = attempt + 1, "trying again");
                    self.end.run_until_cancelled(inner.clock.sleep(delay)).await;
                }
            }
            if self.end.is_cancelled() {
                return CallOutcome { result: Err(failure), exchanges };
            }
            met = Some(failure);
        }
    }

    async fn follow(&self, request: &Request, exchanges: &mut Vec<Exchange>) -> Result<Answer, Failure> {
        let text = format!("{}{}", self.inner.base, request.path);
        // A parser that tidies the path away (`..`) would send the request to another resource.
        let mut url = Url::parse(&text).ok().filter(|url| url.as_str() == text).ok_or_else(|| Failure::Transport {
            kind: TransportKind::Other,
            message: format!("`{}` can't be sent: it isn't a normal URL path", request.path),
        })?;
        let mut request = Cow::Borrowed(request);
        let mut followed = 0;
        loop {
            let (location, result) = self.once(&request, &url, exchanges).await;
            let Some(location) = location else { return result };
            url = match redirect(request.method, &url, &location) {
                Ok(_) if followed == REDIRECTS => return Err(self.redirected(result, &location, Refusal::TooMany)),
                Ok(target) => target,
                Err(why) => return Err(self.redirected(result, &location, why)),
            };
            followed += 1;
            let below = url.as_str().strip_prefix(&self.inner.base).filter(|path| path.starts_with(['/', '?']));
            let path = below.unwrap_or(&url[url::Position::BeforePath..]);
            path.clone_into(&mut request.to_mut().path);
        }
    }

    fn redirected(&self, result: Result<Answer, Failure>, location: &str, why: Refusal) -> Failure {
        let status = result.err().and_then(|failure| failure.status()).unwrap_or_default();
        let location = excerpt(location, &self.secrets());
        Failure::Unexpected { status, what: Unexpected::Redirect { location, why }, excerpt: String::new() }
    }

    /// One exchange; gives the `Location` of a redirect.
    async fn once(
        &self,
        request: &Request,
        url: &Url,
        exchanges: &mut Vec<Exchange>,
    ) -> (Option<String>, Result<Answer, Failure>) {
        let inner = &self.inner;
        let mut headers = inner.headers.clone();
        let body = request.body.as_ref().map(|body| {
            headers.insert(CONTENT_TYPE, inner.content_type.clone());
            body.to_string().into_bytes()
        });
        let Some(permit) = inner.limiter.acquire(&self.end).await else { return (None, Err(Failure::Ended)) };
        let audience = inner.audience.as_ref();
        let mut watch = Watch::new(audience, &inner.clock, request.method, url, &headers, body.as_deref());
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
                let (answer, result) = judge(raw, end, &self.secrets());
                exchange.answer = answer;
                (location, result)
            }
            Err(failure) => {
                exchange.status = failure.status();
                (None, Err(failure))
            }
        };
        exchanges.push(exchange);
        (location, result)
    }

    fn secrets(&self) -> Vec<&Secret> {
        self.inner.secrets.iter().collect()
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

/// What follows a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Stop,
    Asked(Duration),
    Retry(u32),
}

/// How much of the allowance for waiting and retrying is left within one call.
#[derive(Debug)]
struct Patience {
    retries: u32,
    retried: u32,
    honour_retry_after: bool,
    waits: u32,
    waited: Duration,
}

impl Patience {
    fn new(retries: u32, honour_retry_after: bool) -> Self {
        Self { retries, retried: 0, honour_retry_after, waits: 0, waited: Duration::ZERO }
    }

    fn next(&mut self, method: Method, failure: &Failure) -> Next {
        let asked = failure.retry_after().filter(|_| matches!(failure.status(), Some(429 | 503)));
        if let Some(wait) = asked.filter(|_| self.honour_retry_after) {
            let waited = self.waited.saturating_add(wait);
            if self.waits == WAITS || waited > LONGEST_WAIT {
                return Next::Stop;
            }
            (self.waits, self.waited) = (self.waits + 1, waited);
            return Next::Asked(wait);
        }
        let repeatable = failure.is_transient() && (method != Method::Post || failure.is_unapplied());
        if !repeatable || self.retried == self.retries {
            return Next::Stop;
        }
        self.retried += 1;
        Next::Retry(self.retried - 1)
    }
}

#[cfg(test)]
mod tests;

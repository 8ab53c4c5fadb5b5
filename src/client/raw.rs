//! One request as it is, and its answer as it came: for those who judge an endpoint instead of using it.

use std::sync::{Arc, Mutex, PoisonError};

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use url::Url;

use super::watch::{Audience, Watch};
use super::{Client, Failure, TransportKind};
use crate::scim::{HttpExchange, Method, Observer, Request};

/// A request whose every byte is chosen.
#[derive(Debug, Clone)]
pub struct RawRequest {
    /// HTTP method.
    pub method: Method,
    /// Path and query after the tenant URL, encoded as sent.
    pub path: String,
    /// The body, which needn't be JSON.
    pub body: Option<Vec<u8>>,
    /// `Content-Type` of the body.
    pub content_type: &'static str,
    /// As whom.
    pub credentials: RawCredentials,
}

/// As whom a request is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RawCredentials {
    /// As the client is told.
    Own,
    /// As nobody: without `Authorization`.
    None,
    /// With a bearer token that nobody gave out.
    Bearer(String),
}

impl From<Request> for RawRequest {
    /// As the service writes it.
    fn from(request: Request) -> Self {
        Self {
            method: request.method,
            path: request.path,
            body: request.body.map(|body| body.to_string().into_bytes()),
            content_type: "application/scim+json; charset=utf-8",
            credentials: RawCredentials::Own,
        }
    }
}

/// What went over the wire, and why there is no whole answer.
#[derive(Debug, Clone)]
pub struct RawExchange {
    /// The exchange, its secrets not yet masked in path and bodies. Its status is missing where no answer began.
    pub exchange: Arc<HttpExchange>,
    /// Set where no complete answer came, or nothing was sent.
    pub failure: Option<Failure>,
}

/// Keeps the exchange that it is shown, and shows it on.
struct Keeper {
    kept: Mutex<Option<Arc<HttpExchange>>>,
    next: Option<Arc<dyn Observer>>,
}

impl Observer for Keeper {
    fn observe(&self, exchange: &Arc<HttpExchange>) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(exchange));
        if let Some(next) = &self.next {
            next.observe(exchange);
        }
    }
}

impl Client {
    /// Sends one request when its turn comes, and gives whatever came: no redirect is followed, nothing is tried again
    /// and no status is a failure. An access token is asked for where the client has none.
    pub async fn exchange(&self, request: RawRequest) -> RawExchange {
        let inner = &self.inner;
        let text = format!("{}{}", inner.base, request.path);
        let unsent = |failure| RawExchange { exchange: Arc::default(), failure: Some(failure) };
        let Some(url) = Url::parse(&text).ok().filter(|url| url.as_str() == text) else {
            let message = format!("`{}` can't be sent: it isn't a normal URL path", request.path);
            return unsent(Failure::Transport { kind: TransportKind::Other, message });
        };
        let Some(permit) = inner.limiter.acquire(&self.end).await else { return unsent(Failure::Ended) };
        let keeper = Arc::new(Keeper { kept: Mutex::default(), next: inner.options.observer.clone() });
        let observer = Arc::<Keeper>::clone(&keeper);
        let mut audience = Audience { observer, credentials: inner.credentials.clone() };
        let headers = match self.raw_headers(&request, &mut audience).await {
            Ok(headers) => headers,
            Err(failure) => return unsent(failure),
        };
        let body = request.body.as_deref();
        let mut watch = Watch::new(Some(&audience), &inner.clock, request.method, &url, &headers, body);
        let sent = inner.transport.send(request.method, &url, headers, request.body.clone(), &mut watch);
        let raw = tokio::time::timeout(inner.timeout, sent).await.unwrap_or_else(|_| {
            let message = format!("no complete answer within {:?}", inner.timeout);
            Err(Failure::Transport { kind: TransportKind::Timeout, message })
        });
        let failure = raw.err();
        watch.end(failure.as_ref());
        drop(permit);
        let kept = keeper.kept.lock().unwrap_or_else(PoisonError::into_inner).take();
        RawExchange { exchange: kept.unwrap_or_default(), failure }
    }

    async fn raw_headers(&self, request: &RawRequest, audience: &mut Audience) -> Result<HeaderMap, Failure> {
        let inner = &self.inner;
        let mut headers = inner.headers.clone();
        if request.body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(request.content_type));
        }
        match &request.credentials {
            RawCredentials::Own => {
                if let Some(tokens) = &inner.tokens {
                    let grant = tokens.current(&self.end).await?;
                    headers.insert(AUTHORIZATION, grant.header());
                    audience.also_mask(grant.secret());
                }
            }
            RawCredentials::None => drop(headers.remove(AUTHORIZATION)),
            RawCredentials::Bearer(token) => {
                let value = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| Failure::Transport {
                    kind: TransportKind::Other,
                    message: "the token can't be sent in a header".to_owned(),
                })?;
                headers.insert(AUTHORIZATION, value);
            }
        }
        Ok(headers)
    }
}

//! The embedded endpoint on a port of this machine, with everything written down that reaches it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use scimulate::base::{Random, Secret, Timestamp};
use scimulate::clock::Clock;
use scimulate::scim::ResourceSchema;
use scimulate::target::{Endpoint, EndpointOptions, Storage};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

/// The token that the recorder's endpoint lets in.
pub(crate) const TOKEN: &str = "a-token-that-is-only-for-tests";

/// One request as it came in, and the status of its answer.
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    /// Names in lower case, in the order in which they were sent.
    pub(crate) headers: Vec<(String, String)>,
    /// `None` without a body.
    pub(crate) body: Option<Value>,
    pub(crate) status: u16,
}

impl Exchange {
    /// Whether the request may change something.
    pub(crate) fn writes(&self) -> bool {
        self.method != "GET"
    }
}

/// An endpoint like WEDO's under `/scim/v2` that remembers what it was sent. It stops with the value.
pub(crate) struct Recorder {
    exchanges: Arc<Mutex<Vec<Exchange>>>,
    address: SocketAddr,
    endpoint: Endpoint,
    /// Serves until it is dropped.
    _runtime: Runtime,
}

impl Recorder {
    /// Starts an empty endpoint whose clock stands still and whose ids come from a fixed seed.
    pub(crate) fn start(now: Timestamp) -> Self {
        Self::start_with(now, None)
    }

    /// One whose users have the attributes of a schema; WEDO's where there is none.
    pub(crate) fn start_with(now: Timestamp, users: Option<ResourceSchema>) -> Self {
        let (tokens, clock, random) = (vec![Secret::new(TOKEN)], Clock::starting_at(now), Random::seeded(0x5c1_4a7e));
        let options = match users {
            Some(users) => EndpointOptions::scim(users, tokens, clock, random),
            None => EndpointOptions::wedo(tokens, clock, random),
        };
        let endpoint = Endpoint::new(options, Storage::memory()).expect("an endpoint in memory");
        let exchanges = Arc::new(Mutex::new(Vec::new()));
        let router = endpoint.router().layer(from_fn_with_state(Arc::clone(&exchanges), record));
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).expect("a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        runtime.spawn(serve(listener, router));
        Self { exchanges, address, endpoint, _runtime: runtime }
    }

    /// The endpoint itself.
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Its tenant URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/scim/v2", self.address)
    }

    /// What came in since the last call.
    pub(crate) fn take(&self) -> Vec<Exchange> {
        std::mem::take(&mut *self.exchanges.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn serve(listener: TcpListener, router: Router) {
    axum::serve(listener, router).await.expect("serving goes on until the runtime ends");
}

async fn record(State(exchanges): State<Arc<Mutex<Vec<Exchange>>>>, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.expect("a whole body");
    let headers = head
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let mut exchange = Exchange {
        method: head.method.to_string(),
        target: head.uri.to_string(),
        headers,
        body: (!bytes.is_empty()).then(|| serde_json::from_slice(&bytes).expect("a JSON body")),
        status: 0,
    };
    let response = next.run(Request::from_parts(head, Body::from(bytes))).await;
    exchange.status = response.status().as_u16();
    exchanges.lock().unwrap_or_else(PoisonError::into_inner).push(exchange);
    response
}

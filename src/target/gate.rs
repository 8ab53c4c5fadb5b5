//! What every request passes on its way to a route: who watches, who is let in, how the endpoint misbehaves.
//!
//! One layer does all three, since each layer of its own would cost about as much as finding a resource does.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::Request;
use axum::http::Response;
use tower::{Layer, Service, ServiceExt as _};

use super::Endpoint;
use super::authorise::authorise;
use super::fault::misbehave;
use super::observe::observe;

/// What comes after a step that may answer by itself.
pub(super) trait Next: Send {
    fn run(self, request: Request) -> impl Future<Output = Response<Body>> + Send;
}

impl<F, A> Next for F
where
    F: FnOnce(Request) -> A + Send,
    A: Future<Output = Response<Body>> + Send,
{
    async fn run(self, request: Request) -> Response<Body> {
        self(request).await
    }
}

/// Puts the gate before the routes.
#[derive(Debug, Clone)]
pub(super) struct GateLayer(pub(super) Endpoint);

impl<S> Layer<S> for GateLayer {
    type Service = Gate<S>;

    fn layer(&self, inner: S) -> Gate<S> {
        Gate { endpoint: self.0.clone(), inner }
    }
}

/// A route and what comes before it.
#[derive(Debug, Clone)]
pub(super) struct Gate<S> {
    endpoint: Endpoint,
    inner: S,
}

impl<S> Service<Request> for Gate<S>
where
    S: Service<Request, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        // it is asked for when the request has come as far
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let (endpoint, inner) = (self.endpoint.clone(), self.inner.clone());
        Box::pin(async move {
            let route = async |request| match inner.oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            let guarded = |request| authorise(&endpoint, request, |request| misbehave(&endpoint, request, route));
            Ok(observe(&endpoint, request, guarded).await)
        })
    }
}

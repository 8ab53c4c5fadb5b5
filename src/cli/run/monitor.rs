//! `--metrics`: tells other programs how a run gets on, over HTTP.
//!
//! The engine's events and the client's exchanges are counted as they come; a page is written from a copy of the counts
//! when somebody asks, so that no cycle waits for a reader. What is kept doesn't grow with the number of objects.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context as _;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderName, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use tokio::net::TcpListener;

use crate::base::{Diagnostic, JobId, Timestamp};
use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::job::Job;
use crate::event::Event;
use crate::plan::FailedPart;
use crate::report::{LastCycle, Metrics, Standing};
use crate::scim::{HttpExchange, Observer};
use crate::store::{CycleRow, JobState, Store, StoreError};
use crate::target::{Limits, asks_for_this_machine, serve};
use crate::threads::aside;

/// Whoever watches keeps a connection or two.
const CONNECTIONS: usize = 32;
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Counts what a run does, for those who ask.
#[derive(Clone)]
pub(crate) struct Monitor(Arc<Counted>);

struct Counted {
    metrics: Mutex<Metrics>,
    /// Origin and path of the target: tokens are asked for elsewhere.
    target: String,
    /// Who is shown the exchanges as well.
    beside: Option<Arc<dyn Observer>>,
}

impl Monitor {
    /// Begins to count: from now on the job's clients are observed.
    pub(crate) fn watch(job: &mut Job) -> Self {
        let metrics = Metrics::new(job.settings.job.clone(), job.settings.target.tenant.to_string());
        let counted = Counted { metrics: Mutex::new(metrics), target: job.tenant_url(), beside: job.observer.take() };
        let counted = Arc::new(counted);
        job.observer = Some(Arc::<Counted>::clone(&counted));
        Self(counted)
    }

    /// Answers on an address for as long as the program runs, and says where.
    pub(super) async fn listen(&self, address: SocketAddr, context: &Context) -> Result<(), Error> {
        let listener = TcpListener::bind(address).await.map_err(|error| {
            let diagnostic = Diagnostic::error(format!("can't listen on {address} for --metrics: {error}"));
            Error::new(Exit::Usage, diagnostic.with_hint("choose another port; --metrics 127.0.0.1:0 picks a free one"))
        })?;
        let address = listener.local_addr().context("the address can't be told")?;
        let is_local = address.ip().is_loopback();
        if !is_local {
            let text = format!("{address} can be reached from other machines: everybody there may read the metrics");
            context.printer.diagnostic(&Diagnostic::warning(text));
        }
        let limits = Limits { connections: CONNECTIONS, ..Limits::default() };
        tokio::spawn(serve(listener, self.router(is_local), None, limits, pending()));
        context
            .printer
            .talk(format_args!("Metrics are at http://{address}/metrics, health at http://{address}/healthz."));
        Ok(())
    }

    fn router(&self, is_local: bool) -> Router {
        let guard = move |request: Request, next: Next| async move {
            if is_local && !asks_for_this_machine(request.uri(), request.headers()) {
                return (StatusCode::MISDIRECTED_REQUEST, "ask for 127.0.0.1 or localhost\n").into_response();
            }
            let mut response = next.run(request).await;
            let headers = response.headers_mut();
            for (name, value) in [(CACHE_CONTROL, "no-store"), (X_CONTENT_TYPE_OPTIONS, "nosniff")] {
                headers.insert(name, value.parse().expect("the value of a header"));
            }
            response
        };
        Router::new()
            .route("/metrics", get(metrics))
            .route("/healthz", get(health))
            .layer(from_fn(guard))
            .with_state(self.clone())
    }

    /// Counts what the engine says.
    pub(crate) fn event(&self, event: &Event) {
        self.lock().count(event);
    }

    /// The job has this id.
    pub(super) fn job_id(&self, id: &JobId) {
        id.as_str().clone_into(&mut self.lock().job_id);
    }

    /// Reads from the state how the job stands now, and which cycles ended. What can't be read stays as it was.
    pub(super) fn read(&self, store: &Store, now: Timestamp) {
        let read = || Ok::<_, StoreError>((standing(store, now)?, store.last_ended()?, store.last_through()?));
        match aside(read) {
            Ok((standing, last, through)) => {
                let mut metrics = self.lock();
                let next_cycle = metrics.standing.next_cycle;
                metrics.standing = Standing { next_cycle, ..standing };
                metrics.remember(last.and_then(last_cycle), through.and_then(|cycle| cycle.ended()));
            }
            Err(error) => tracing::warn!(%error, "the state can't be read for the metrics"),
        }
    }

    /// The job is in this state, and its next cycle is due then, unless somebody has stopped it.
    pub(super) fn wait(&self, state: &JobState, next_cycle: Timestamp) {
        let standing = &mut self.lock().standing;
        (standing.state, standing.quarantine) = (state.as_str(), quarantine(state));
        standing.next_cycle = (!matches!(state, JobState::Paused | JobState::Disabled)).then_some(next_cycle);
    }

    fn lock(&self) -> MutexGuard<'_, Metrics> {
        self.0.metrics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Counted {
    fn observe(&self, exchange: &Arc<HttpExchange>) {
        let path = self.target.strip_prefix(&exchange.origin).and_then(|path| exchange.target.strip_prefix(path));
        if path.is_some_and(|path| path.starts_with('/')) {
            let mut metrics = self.metrics.lock().unwrap_or_else(PoisonError::into_inner);
            metrics.count_request(&exchange.method, exchange.status, exchange.duration);
        }
        if let Some(beside) = &self.beside {
            beside.observe(exchange);
        }
    }

    /// To count, nobody looks at them.
    fn wants_contents(&self) -> bool {
        self.beside.as_ref().is_some_and(|beside| beside.wants_contents())
    }
}

fn standing(store: &Store, now: Timestamp) -> Result<Standing, StoreError> {
    let state = store.job_state()?;
    Ok(Standing {
        state: state.as_str(),
        quarantine: quarantine(&state),
        linked: store.linked()?,
        waiting: [store.failing(FailedPart::Export)?, store.failing(FailedPart::Reference)?],
        held_back: store.held_back(now)?,
        next_cycle: None,
    })
}

fn last_cycle(CycleRow { start, end, .. }: CycleRow) -> Option<LastCycle> {
    let (failed, end) = end.map(|end| (end.failures(), end))?;
    Some(LastCycle {
        id: start.id,
        kind: start.kind,
        started: start.started,
        duration: end.duration,
        completed: end.completed,
        failed,
    })
}

fn quarantine(state: &JobState) -> Option<(String, String)> {
    match state {
        JobState::Quarantine { reason, message, .. } => Some((reason.clone(), message.clone())),
        JobState::NotRun | JobState::Active | JobState::Paused | JobState::Disabled => None,
    }
}

async fn metrics(State(monitor): State<Monitor>) -> Response {
    let metrics = monitor.lock().clone();
    ([(CONTENT_TYPE, TEXT_FORMAT)], metrics.to_string()).into_response()
}

async fn health(State(monitor): State<Monitor>) -> Response {
    let (is_good, document) = monitor.lock().health();
    let status = if is_good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let json: [(HeaderName, &str); 1] = [(CONTENT_TYPE, "application/json")];
    (status, json, format!("{document}\n")).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Beside(bool);

    impl Observer for Beside {
        fn observe(&self, _: &Arc<HttpExchange>) {}

        fn wants_contents(&self) -> bool {
            self.0
        }
    }

    fn counted(beside: Option<Beside>) -> Counted {
        let metrics = Mutex::new(Metrics::new("wedo".to_owned(), String::new()));
        Counted { metrics, target: String::new(), beside: beside.map(|beside| Arc::new(beside) as Arc<dyn Observer>) }
    }

    #[test]
    fn contents_are_wanted_only_by_who_stands_beside() {
        for (beside, expected) in [(None, false), (Some(Beside(false)), false), (Some(Beside(true)), true)] {
            assert_eq!(counted(beside).wants_contents(), expected);
        }
    }

    #[test]
    fn no_cycle_is_to_come_where_somebody_stopped_the_job() {
        let monitor = Monitor(Arc::new(counted(None)));
        let due = Timestamp::UNIX_EPOCH;
        for (state, expected) in [
            (JobState::Active, Some(due)),
            (JobState::Paused, None),
            (JobState::NotRun, Some(due)),
            (JobState::Disabled, None),
        ] {
            monitor.wait(&state, due);
            let standing = monitor.lock().standing.clone();
            assert_eq!((standing.state, standing.next_cycle), (state.as_str(), expected));
        }
    }
}

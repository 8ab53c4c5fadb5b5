//! Shows what goes over the wire to those who watch: the page's log, recordings.

mod packed;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::Request;
use axum::http::Response;
use futures_util::{Stream, StreamExt as _};

use super::Endpoint;
use super::answer::NoAnswer;
use crate::clock::Clock;
use crate::scim::Content;

pub use crate::scim::Observer;
use packed::Draft;
pub(super) use packed::{Packed, Sent};

/// Somebody who takes every exchange once it is over, and who is content with the beginnings of bodies.
pub(super) trait Watcher: Send + Sync {
    /// How much of each body is wanted.
    fn most(&self) -> usize;

    /// Whether one more exchange is wanted, now. One that isn't is only counted.
    fn wants_more(&self) -> bool;

    /// Counts an exchange that wasn't wanted; without a status there was no answer.
    fn pass_over(&self, status: Option<u16>);

    /// Takes an exchange, and the secrets that it was sent with. It is called while the answer goes out, so it has to
    /// be quick.
    fn watch(&self, exchange: Packed, sent: &Sent);
}

/// Those who watch an endpoint.
#[derive(Clone, Default)]
pub(super) struct Audience {
    pub(super) watcher: Option<Arc<dyn Watcher>>,
    pub(super) observers: Vec<Arc<dyn Observer>>,
}

impl Audience {
    fn is_empty(&self) -> bool {
        self.watcher.is_none() && self.observers.is_empty()
    }

    /// How much of each body is wanted.
    fn most(&self) -> usize {
        let watcher = self.watcher.as_ref().map_or(0, |watcher| watcher.most());
        if self.observers.is_empty() { watcher } else { Content::LIMIT }
    }

    fn show(&self, mut exchange: Packed, sent: &Sent) {
        if !self.observers.is_empty() {
            exchange.set_credentials(sent.credentials());
            let exchange = Arc::new(exchange.unpack());
            self.observers.iter().for_each(|observer| observer.observe(&exchange));
        }
        if let Some(watcher) = &self.watcher {
            watcher.watch(exchange, sent);
        }
    }
}

/// What is to be said of an exchange besides its bytes: put into a response's extensions.
#[derive(Debug, Clone, Default)]
pub(super) struct Remarks(pub(super) Vec<String>);

/// Lets a request through and shows it, with its answer, to those who watch.
pub(super) async fn observe(
    endpoint: &Endpoint,
    request: Request,
    next: impl AsyncFnOnce(Request) -> Response<Body>,
) -> Response<Body> {
    let audience = endpoint.audience();
    if audience.is_empty() {
        return next(request).await;
    }
    if let (Some(watcher), []) = (&audience.watcher, audience.observers.as_slice())
        && !watcher.wants_more()
    {
        let response = next(request).await;
        let is_answered = response.extensions().get::<NoAnswer>().is_none();
        watcher.pass_over(is_answered.then(|| response.status().as_u16()));
        return response;
    }
    let clock = endpoint.clock().clone();
    let started = clock.now();
    let (parts, body) = request.into_parts();
    let mut draft = Draft::of(&parts, endpoint.base_path().scheme().as_str(), audience.most());
    draft.packed.started = started;
    // What comes first may end last: the handler may answer before it has read the body, or without it.
    let record = Arc::new(Record { draft: Mutex::new(draft), clock, audience });
    let body = if body.is_end_stream() { body } else { tap(body.into_data_stream(), &record, Draft::request_body) };
    let (mut parts, body) = next(Request::from_parts(parts, body)).await.into_parts();
    let remarks = parts.extensions.remove::<Remarks>().unwrap_or_default().0;
    if parts.extensions.get::<NoAnswer>().is_some() {
        record.note(|draft| draft.no_answer(&remarks));
        return Response::from_parts(parts, body);
    }
    record.note(|draft| draft.answer(parts.status.as_u16(), &parts.headers, &remarks));
    let Some(size) = body.size_hint().exact() else {
        return Response::from_parts(parts, tap(body.into_data_stream(), &record, Draft::response_body));
    };
    if size == 0 {
        return Response::from_parts(parts, body);
    }
    // A body of known length is one piece as a rule, which goes out as it is.
    let mut pieces = body.into_data_stream();
    let body = match pieces.next().await {
        Some(Ok(whole)) if whole.len() as u64 == size => {
            record.note(|draft| draft.response_body(&whole));
            Body::from(whole)
        }
        first => {
            let pieces = futures_util::stream::iter(first).chain(pieces);
            tap(pieces, &record, Draft::response_body)
        }
    };
    Response::from_parts(parts, body)
}

/// An exchange under way; it is shown when nobody adds to it any more.
struct Record {
    draft: Mutex<Draft>,
    clock: Clock,
    audience: Arc<Audience>,
}

impl Record {
    fn note(&self, change: impl FnOnce(&mut Draft)) {
        change(&mut self.draft.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let draft = self.draft.get_mut().unwrap_or_else(PoisonError::into_inner);
        let mut exchange = draft.finish();
        exchange.duration = self.clock.now().duration_since(exchange.started).try_into().unwrap_or_default();
        self.audience.show(exchange, &draft.sent);
    }
}

/// The same body, noted as it passes.
fn tap(
    pieces: impl Stream<Item = Result<Bytes, axum::Error>> + Send + 'static,
    record: &Arc<Record>,
    note: fn(&mut Draft, &[u8]),
) -> Body {
    let record = Arc::clone(record);
    Body::from_stream(pieces.map(move |piece| {
        if let Ok(bytes) = &piece {
            record.note(|draft| note(draft, bytes));
        }
        piece
    }))
}

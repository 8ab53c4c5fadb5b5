//! Shows what goes over the wire to those who watch: the page's log, recordings.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, HttpBody as _, to_bytes};
use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, COOKIE, HOST, PROXY_AUTHORIZATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, Response};
use futures_util::StreamExt as _;

use super::Endpoint;
use super::gate::Next;
use crate::base::Timestamp;
use crate::clock::Clock;
use crate::scim::{Content, HttpExchange};

/// Somebody who is shown every exchange once it is over.
pub trait Observer: Send + Sync {
    /// Takes an exchange. It is called while the answer goes out, so it has to be quick.
    fn observe(&self, exchange: &Arc<HttpExchange>);
}

/// What is to be said of an exchange besides its bytes: put into a response's extensions.
#[derive(Debug, Clone, Default)]
pub(super) struct Remarks(pub(super) Vec<String>);

/// Headers whose values are never shown.
const SECRET: [HeaderName; 4] = [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE, SET_COOKIE];

/// Lets a request through and shows it, with its answer, to the observers.
pub(super) async fn observe(endpoint: &Endpoint, request: Request, next: impl Next) -> Response<Body> {
    let observers = endpoint.observers();
    if observers.is_empty() {
        return next.run(request).await;
    }
    let clock = endpoint.clock().clone();
    let started = clock.now();
    let (parts, body) = request.into_parts();
    let host = parts.headers.get(HOST).map(|host| String::from_utf8_lossy(host.as_bytes()));
    let exchange = HttpExchange {
        started,
        method: parts.method.to_string(),
        origin: host.map_or_else(String::new, |host| format!("http://{host}")),
        target: parts.uri.to_string(),
        request_headers: headers(&parts.headers),
        ..HttpExchange::default()
    };
    // What comes first may end last: the handler may answer before it has read the body, or without it.
    let record = Arc::new(Record { exchange: Mutex::new(exchange), started, clock, observers });
    let body = if body.is_end_stream() { body } else { tap(body, &record, |exchange| &mut exchange.request_body) };
    let (mut parts, body) = next.run(Request::from_parts(parts, body)).await.into_parts();
    record.note(|exchange| {
        exchange.status = Some(parts.status.as_u16());
        exchange.response_headers = headers(&parts.headers);
        exchange.remarks = parts.extensions.remove::<Remarks>().unwrap_or_default().0;
    });
    let whole = body.size_hint().exact().is_some_and(|size| size <= Content::LIMIT as u64);
    let body = if whole {
        match to_bytes(body, Content::LIMIT).await {
            Ok(bytes) => {
                record.note(|exchange| exchange.response_body.push(&bytes));
                Body::from(bytes)
            }
            Err(error) => Body::from_stream(futures_util::stream::iter([Err::<Vec<u8>, _>(error)])),
        }
    } else {
        tap(body, &record, |exchange| &mut exchange.response_body)
    };
    Response::from_parts(parts, body)
}

/// An exchange under way; it is shown when nobody adds to it any more.
struct Record {
    exchange: Mutex<HttpExchange>,
    started: Timestamp,
    clock: Clock,
    observers: Arc<[Arc<dyn Observer>]>,
}

impl Record {
    fn note(&self, change: impl FnOnce(&mut HttpExchange)) {
        change(&mut self.exchange.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let exchange = self.exchange.get_mut().unwrap_or_else(PoisonError::into_inner);
        exchange.duration = self.clock.now().duration_since(self.started).try_into().unwrap_or_default();
        let exchange = Arc::new(std::mem::take(exchange));
        for observer in &*self.observers {
            observer.observe(&exchange);
        }
    }
}

/// The same body, noted as it passes.
fn tap(body: Body, record: &Arc<Record>, part: fn(&mut HttpExchange) -> &mut Content) -> Body {
    let record = Arc::clone(record);
    Body::from_stream(body.into_data_stream().map(move |chunk| {
        if let Ok(bytes) = &chunk {
            record.note(|exchange| part(exchange).push(bytes));
        }
        chunk
    }))
}

fn headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |name: &HeaderName, value: &[u8]| {
        let value = String::from_utf8_lossy(value);
        match value.split_once(' ') {
            _ if !SECRET.contains(name) => value.into_owned(),
            // the scheme tells what kind of credentials were sent
            Some((scheme, _)) if *name == AUTHORIZATION => format!("{scheme} [secret]"),
            _ => "[secret]".to_owned(),
        }
    };
    headers.iter().map(|(name, value)| (name.to_string(), text(name, value.as_bytes()))).collect()
}

#[cfg(test)]
mod tests;

//! Shows what goes over the wire to those who watch: the page's log, recordings.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, HttpBody as _, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::HOST;
use axum::http::{HeaderMap, Response, Uri, Version};
use axum::middleware::Next;
use futures_util::StreamExt as _;

use super::Endpoint;
use crate::base::Timestamp;
use crate::clock::Clock;
use crate::scim::{Content, HttpExchange, SentCredentials, credentials_in, header_as_shown, is_secret_header};

pub use crate::scim::Observer;

/// What is to be said of an exchange besides its bytes: put into a response's extensions.
#[derive(Debug, Clone, Default)]
pub(super) struct Remarks(pub(super) Vec<String>);

/// Lets a request through and shows it, with its answer, to the observers.
pub(super) async fn observe(State(endpoint): State<Endpoint>, request: Request, next: Next) -> Response<Body> {
    let observers = endpoint.observers();
    if observers.is_empty() {
        return next.run(request).await;
    }
    let clock = endpoint.clock().clone();
    let started = clock.now();
    let (parts, body) = request.into_parts();
    let (request_headers, credentials) = headers(&parts.headers);
    let host = parts.headers.get(HOST).map(|host| String::from_utf8_lossy(host.as_bytes()));
    let exchange = HttpExchange {
        started,
        version: version(parts.version),
        method: parts.method.as_str().to_owned(),
        origin: host.map_or_else(String::new, |host| format!("{}://{host}", endpoint.base_path().scheme())),
        target: target(&parts.uri),
        request_headers,
        credentials,
        ..HttpExchange::default()
    };
    // What comes first may end last: the handler may answer before it has read the body, or without it.
    let record = Arc::new(Record { exchange: Mutex::new(exchange), started, clock, observers });
    let body = if body.is_end_stream() { body } else { tap(body, &record, |exchange| &mut exchange.request_body) };
    let (mut parts, body) = next.run(Request::from_parts(parts, body)).await.into_parts();
    record.note(|exchange| {
        exchange.status = Some(parts.status.as_u16());
        exchange.response_headers = headers(&parts.headers).0;
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
        if exchange.status.is_none() {
            exchange.remarks.push("the connection ended before there was an answer".to_owned());
        }
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

/// What stands on the request line; it is printed anew only where it isn't a path, which is rare.
fn target(uri: &Uri) -> String {
    match (uri.scheme(), uri.path_and_query()) {
        (None, Some(path)) => path.as_str().to_owned(),
        _ => uri.to_string(),
    }
}

/// The headers as they may be shown, and the secrets among them.
fn headers(headers: &HeaderMap) -> (Vec<(String, String)>, SentCredentials) {
    let mut shown = Vec::with_capacity(headers.len());
    let mut secrets = Vec::new();
    for (name, value) in headers {
        let (name, value) = (name.as_str(), value.as_bytes());
        // nearly all are ASCII, for which this is fast
        let value = std::str::from_utf8(value).map_or_else(|_| String::from_utf8_lossy(value), Cow::Borrowed);
        if is_secret_header(name) {
            secrets.extend(credentials_in(name, &value));
            shown.push((name.to_owned(), header_as_shown(name, &value)));
        } else {
            shown.push((name.to_owned(), value.into_owned()));
        }
    }
    let credentials = if secrets.is_empty() { SentCredentials::default() } else { SentCredentials::new(secrets) };
    (shown, credentials)
}

const fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_11 => "HTTP/1.1",
        _ => "",
    }
}

#[cfg(test)]
mod tests;

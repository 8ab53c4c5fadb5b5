//! Notes an exchange while it is under way, for whoever observes the client.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, Version};
use serde::de::IgnoredAny;
use url::{Position, Url};

use super::Failure;
use crate::base::{Secret, Timestamp};
use crate::clock::Clock;
use crate::scim::{Content, HttpExchange, MASK, Method, Observer, SentCredentials, credentials_in, header_as_shown};

/// Who is shown what a client sends and gets, and what is masked in it.
#[derive(Clone)]
pub(super) struct Audience {
    pub(super) observer: Arc<dyn Observer>,
    pub(super) credentials: SentCredentials,
}

impl Audience {
    /// Has one more secret masked.
    pub(super) fn also_mask(&mut self, secret: &Secret) {
        if !self.observer.wants_contents() {
            return;
        }
        let known = self.credentials.secrets().iter().chain([secret]).cloned();
        self.credentials = SentCredentials::new(known);
    }
}

/// An exchange under way; it is shown when it is dropped. Without an audience nothing is noted.
pub(super) struct Watch<'c>(Option<Box<Noted<'c>>>);

struct Noted<'c> {
    exchange: HttpExchange,
    /// Whether headers and bodies are noted.
    has_contents: bool,
    /// Whether it is known how it ended.
    is_over: bool,
    started: Timestamp,
    clock: &'c Clock,
    observer: &'c dyn Observer,
}

impl<'c> Watch<'c> {
    /// Begins with the request; `host` and `content-length` are what the transport adds to its headers.
    pub(super) fn new(
        audience: Option<&'c Audience>,
        clock: &'c Clock,
        method: Method,
        url: &Url,
        sent: &HeaderMap,
        body: Option<&[u8]>,
    ) -> Self {
        Self(audience.map(|Audience { observer, credentials }| {
            let started = clock.now();
            let mut exchange = HttpExchange {
                started,
                method: method.as_str().to_owned(),
                origin: url.origin().ascii_serialization(),
                target: url[Position::BeforePath..Position::AfterQuery].to_owned(),
                ..HttpExchange::default()
            };
            let has_contents = observer.wants_contents();
            if has_contents {
                exchange.credentials = with_headers(credentials, sent);
                exchange.request_headers = headers(sent);
                exchange.request_headers.push(("host".to_owned(), url.authority().to_owned()));
                if let Some(body) = body {
                    exchange.request_headers.push(("content-length".to_owned(), body.len().to_string()));
                    exchange.request_body = Content::from(body);
                }
            }
            Box::new(Noted { exchange, has_contents, is_over: false, started, clock, observer: observer.as_ref() })
        }))
    }

    /// Notes how the answer begins.
    pub(super) fn head(&mut self, status: u16, version: Version, received: &HeaderMap) {
        if let Some(Noted { exchange, has_contents, .. }) = self.0.as_deref_mut() {
            exchange.status = Some(status);
            exchange.version = if version == Version::HTTP_10 { "HTTP/1.0" } else { "HTTP/1.1" };
            if *has_contents {
                exchange.response_headers = headers(received);
            }
        }
    }

    /// Notes a part of the answer's body.
    pub(super) fn chunk(&mut self, bytes: &[u8]) {
        if let Some(noted) = self.0.as_deref_mut().filter(|noted| noted.has_contents) {
            noted.exchange.response_body.push(bytes);
        }
    }

    /// Hides an answer of a token endpoint that is no JSON object, nor its beginning: it may be a bare token.
    pub(super) fn hide_bare_token(&mut self) {
        let Some(Noted { exchange, .. }) = self.0.as_deref_mut() else { return };
        let body = &mut exchange.response_body;
        let text = body.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&body.bytes).trim_ascii();
        let is_success = exchange.status.is_some_and(|status| (200..300).contains(&status));
        let is_object = || {
            let read = serde_json::from_slice::<IgnoredAny>(text);
            text.starts_with(b"{") && read.map_or_else(|error| error.is_eof(), |_| true)
        };
        if is_success && !text.is_empty() && !is_object() {
            *body = Content::from(MASK.as_bytes());
        }
    }

    /// Notes how it ended, and shows it.
    pub(super) fn end(mut self, failure: Option<&Failure>) {
        if let Some(noted) = self.0.as_deref_mut() {
            noted.exchange.remarks.extend(failure.map(ToString::to_string));
            noted.is_over = true;
        }
    }
}

impl Drop for Noted<'_> {
    fn drop(&mut self) {
        let mut exchange = std::mem::take(&mut self.exchange);
        exchange.duration = self.clock.now().duration_since(self.started).try_into().unwrap_or_default();
        if !self.is_over {
            exchange.remarks.push("given up before the answer was complete".to_owned());
        }
        self.observer.observe(&Arc::new(exchange));
    }
}

/// What is always masked, and what this request in particular was sent with.
fn with_headers(always: &SentCredentials, sent: &HeaderMap) -> SentCredentials {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let all = sent.iter().flat_map(|(name, value)| credentials_in(name.as_str(), &text(value)));
    let is_new = |secret: &Secret| always.secrets().iter().all(|known| known.expose() != secret.expose());
    let new: Vec<_> = all.filter(is_new).collect();
    if new.is_empty() { always.clone() } else { SentCredentials::new(always.secrets().iter().cloned().chain(new)) }
}

fn headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.to_string(), header_as_shown(name.as_str(), &text(value)))).collect()
}

#[cfg(test)]
mod tests;

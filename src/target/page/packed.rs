//! An exchange in one piece of memory.
//!
//! The log keeps a thousand of them and forgets one for each that comes. In dozens of pieces each would cost every
//! request more than all the rest of the log: what is written and freed is never what the processor has at hand.

use std::time::Duration;

use crate::base::{Secret, Timestamp};
use crate::scim::{Content, HttpExchange, SentCredentials};

/// How much of a body is kept.
pub(super) const KEPT_BODY: usize = 64 * 1024;
/// How much of a target, and of a head's headers, is kept.
pub(super) const KEPT_HEAD: usize = 16 * 1024;
/// What a header takes besides its texts.
const HEADER: usize = 8;

/// An exchange, its beginning where it is long.
#[derive(Debug)]
pub(super) struct Packed {
    started: Timestamp,
    duration: Duration,
    pub(super) status: Option<u16>,
    version: &'static str,
    credentials: SentCredentials,
    request_length: u64,
    response_length: u64,
    /// The parts behind each other.
    bytes: Box<[u8]>,
    /// Where each part ends.
    ends: [u32; PARTS],
}

const PARTS: usize = 8;
const METHOD: usize = 0;
const ORIGIN: usize = 1;
const TARGET: usize = 2;
const REQUEST_HEADERS: usize = 3;
const REQUEST_BODY: usize = 4;
const RESPONSE_HEADERS: usize = 5;
const RESPONSE_BODY: usize = 6;
const REMARKS: usize = 7;

impl Packed {
    /// Packs an exchange.
    pub(super) fn of(exchange: &HttpExchange) -> Self {
        let mut writer = Writer { bytes: Vec::with_capacity(room(exchange)), ends: [0; PARTS] };
        writer.text(METHOD, &exchange.method);
        writer.text(ORIGIN, &exchange.origin);
        writer.text(TARGET, &exchange.target);
        writer.headers(REQUEST_HEADERS, &exchange.request_headers);
        writer.body(REQUEST_BODY, &exchange.request_body);
        writer.headers(RESPONSE_HEADERS, &exchange.response_headers);
        writer.body(RESPONSE_BODY, &exchange.response_body);
        writer.remarks(REMARKS, &exchange.remarks);
        Self {
            started: exchange.started,
            duration: exchange.duration,
            status: exchange.status,
            version: exchange.version,
            credentials: exchange.credentials.clone(),
            request_length: exchange.request_body.length,
            response_length: exchange.response_body.length,
            bytes: writer.bytes.into_boxed_slice(),
            ends: writer.ends,
        }
    }

    /// Its memory, about.
    pub(super) fn size(&self) -> usize {
        size_of::<Self>() + self.bytes.len()
    }

    /// Keeps credentials that are those of the exchange before only once: a client's are the same in all of them.
    pub(super) fn share(&mut self, last: &mut SentCredentials) {
        if self.credentials.secrets().iter().map(Secret::expose).eq(last.secrets().iter().map(Secret::expose)) {
            self.credentials = last.clone();
        } else {
            *last = self.credentials.clone();
        }
    }

    pub(super) fn method(&self) -> &str {
        text(self.part(METHOD))
    }

    /// How long the bodies were of request and answer.
    pub(super) fn lengths(&self) -> (u64, u64) {
        (self.request_length, self.response_length)
    }

    /// The exchange as far as it was kept.
    pub(super) fn unpack(&self) -> HttpExchange {
        let owned = |part| text(self.part(part)).to_owned();
        let body = |part, length| Content { bytes: self.part(part).to_vec(), length };
        HttpExchange {
            started: self.started,
            duration: self.duration,
            version: self.version,
            method: owned(METHOD),
            origin: owned(ORIGIN),
            target: owned(TARGET),
            request_headers: pairs(self.part(REQUEST_HEADERS)),
            request_body: body(REQUEST_BODY, self.request_length),
            status: self.status,
            response_headers: pairs(self.part(RESPONSE_HEADERS)),
            response_body: body(RESPONSE_BODY, self.response_length),
            remarks: texts(self.part(REMARKS)).map(str::to_owned).collect(),
            credentials: self.credentials.clone(),
        }
    }

    fn part(&self, part: usize) -> &[u8] {
        let start = if part == 0 { 0 } else { self.ends[part - 1] };
        &self.bytes[start as usize..self.ends[part] as usize]
    }
}

/// Room for all of it, where nothing has to be cut.
fn room(exchange: &HttpExchange) -> usize {
    let headers = |headers: &[(String, String)]| {
        headers.iter().map(|(name, value)| name.len() + value.len() + HEADER).sum::<usize>().min(KEPT_HEAD)
    };
    exchange.method.len()
        + exchange.origin.len()
        + exchange.target.len().min(KEPT_HEAD)
        + headers(&exchange.request_headers)
        + exchange.request_body.bytes.len().min(KEPT_BODY)
        + headers(&exchange.response_headers)
        + exchange.response_body.bytes.len().min(KEPT_BODY)
        + exchange.remarks.iter().map(|remark| remark.len() + HEADER / 2).sum::<usize>()
}

struct Writer {
    bytes: Vec<u8>,
    ends: [u32; PARTS],
}

impl Writer {
    fn text(&mut self, part: usize, text: &str) {
        let end = text.floor_char_boundary(KEPT_HEAD);
        self.bytes.extend_from_slice(&text.as_bytes()[..end]);
        if end < text.len() {
            self.bytes.extend_from_slice("…".as_bytes());
        }
        self.end(part);
    }

    fn headers(&mut self, part: usize, headers: &[(String, String)]) {
        let mut room = KEPT_HEAD;
        for (name, value) in headers {
            let size = name.len() + value.len() + HEADER;
            if size > room {
                self.prefixed("…");
                self.prefixed("further headers aren't kept");
                break;
            }
            room -= size;
            self.prefixed(name);
            self.prefixed(value);
        }
        self.end(part);
    }

    fn body(&mut self, part: usize, content: &Content) {
        self.bytes.extend_from_slice(&content.bytes[..content.bytes.len().min(KEPT_BODY)]);
        self.end(part);
    }

    fn remarks(&mut self, part: usize, remarks: &[String]) {
        remarks.iter().for_each(|remark| self.prefixed(&remark[..remark.floor_char_boundary(KEPT_HEAD)]));
        self.end(part);
    }

    /// A text with its length before it.
    fn prefixed(&mut self, text: &str) {
        self.bytes.extend_from_slice(&length(text.len()).to_le_bytes());
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn end(&mut self, part: usize) {
        self.ends[part] = length(self.bytes.len());
    }
}

fn length(length: usize) -> u32 {
    u32::try_from(length).expect("what is kept of an exchange is bounded")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("it was packed as text")
}

/// Texts with their lengths before them.
fn texts(mut bytes: &[u8]) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        let (length, rest) = bytes.split_first_chunk()?;
        let (taken, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        bytes = rest;
        Some(text(taken))
    })
}

fn pairs(bytes: &[u8]) -> Vec<(String, String)> {
    let mut texts = texts(bytes).map(str::to_owned);
    std::iter::from_fn(|| texts.next().zip(texts.next())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange() -> HttpExchange {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        HttpExchange {
            started: "2026-03-01T10:00:00.5Z".parse().unwrap(),
            duration: Duration::from_micros(4711),
            version: "HTTP/1.1",
            method: "PATCH".to_owned(),
            origin: "http://localhost:1".to_owned(),
            target: "/scim/v2/Users/1?x=é".to_owned(),
            request_headers: vec![pair("host", "localhost:1"), pair("x-empty", "")],
            request_body: Content::from([0, 159, 146, 150].as_slice()),
            status: Some(200),
            response_headers: vec![pair("content-type", "application/scim+json")],
            response_body: Content::from(b"{}".as_slice()),
            remarks: vec!["503".to_owned(), "and more".to_owned()],
            credentials: SentCredentials::new([Secret::new("a-token-4711")]),
        }
    }

    #[test]
    fn what_is_short_comes_back_as_it_was() {
        for exchange in [exchange(), HttpExchange::default()] {
            let packed = Packed::of(&exchange);
            assert_eq!(packed.unpack(), exchange);
            assert_eq!((packed.method(), packed.status), (exchange.method.as_str(), exchange.status));
            assert_eq!(packed.bytes.len(), room(&exchange), "it is one piece from the beginning");
        }
    }

    #[test]
    fn what_is_long_is_cut_and_says_so() {
        let long = HttpExchange {
            target: "é".repeat(KEPT_HEAD),
            request_headers: vec![("a".to_owned(), "b".repeat(1000)); 1000],
            response_body: Content::from(vec![b'y'; KEPT_BODY + 1].as_slice()),
            ..HttpExchange::default()
        };
        let kept = Packed::of(&long).unpack();
        assert!(kept.target.ends_with('…') && kept.target.len() <= KEPT_HEAD + 3);
        assert_eq!(kept.request_headers.len(), 17);
        assert_eq!(kept.request_headers[16].1, "further headers aren't kept");
        assert_eq!((kept.response_body.bytes.len(), kept.response_body.length), (KEPT_BODY, KEPT_BODY as u64 + 1));
        assert!(kept.response_body.is_cut());
    }

    #[test]
    fn credentials_that_stay_the_same_are_kept_once() {
        let mut last = SentCredentials::default();
        let other = HttpExchange { credentials: SentCredentials::new([Secret::new("another-token")]), ..exchange() };
        let packed = [exchange(), exchange(), other].map(|exchange| {
            let mut packed = Packed::of(&exchange);
            packed.share(&mut last);
            packed
        });
        let secrets = |at: usize| packed[at].credentials.secrets();
        assert!(std::ptr::eq(secrets(0), secrets(1)));
        assert_eq!(secrets(2)[0].expose(), "another-token");
    }
}

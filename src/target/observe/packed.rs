//! An exchange in one piece of memory.
//!
//! The page's log keeps a thousand of them and forgets one for each that comes. In dozens of pieces each would cost a
//! request more than everything else about the log: what was freed long ago isn't what the processor has at hand.

use std::fmt;
use std::time::Duration;

use axum::http::header::{
    ACCEPT, ACCEPT_CHARSET, ACCEPT_ENCODING, ACCEPT_LANGUAGE, AUTHORIZATION, CACHE_CONTROL, CONNECTION,
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, DATE, ETAG, HOST, LAST_MODIFIED, LOCATION, RETRY_AFTER,
    TRANSFER_ENCODING, USER_AGENT, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Version};

use crate::base::Timestamp;
use crate::scim::{Content, HttpExchange, SentCredentials, credentials_in, header_as_shown, is_secret_header};

/// An exchange that is over.
#[derive(Debug, Clone, Default)]
pub(in crate::target) struct Packed {
    pub(super) started: Timestamp,
    pub(super) duration: Duration,
    pub(in crate::target) status: Option<u16>,
    version: Version,
    scheme: &'static str,
    credentials: SentCredentials,
    request_length: u64,
    response_length: u64,
    /// The parts behind each other.
    bytes: Vec<u8>,
    /// Where each part ends.
    ends: [u32; PARTS],
}

const PARTS: usize = 8;
const METHOD: usize = 0;
const HOSTS: usize = 1;
const TARGET: usize = 2;
const REQUEST_HEADERS: usize = 3;
const RESPONSE_HEADERS: usize = 4;
const REMARKS: usize = 5;
const RESPONSE_BODY: usize = 6;
/// The last one, since it may end last.
const REQUEST_BODY: usize = 7;

/// What the length before a text takes.
const PREFIX: usize = size_of::<u32>();
/// Room for an answer's headers and a body of usual length.
const ANSWER: usize = 1024;

/// Headers that nearly every exchange has, and that hold no secrets.
const PLAIN: [HeaderName; 18] = [
    HOST,
    CONTENT_TYPE,
    CONTENT_LENGTH,
    USER_AGENT,
    ACCEPT,
    ACCEPT_ENCODING,
    CONNECTION,
    LOCATION,
    ETAG,
    DATE,
    VARY,
    CACHE_CONTROL,
    ACCEPT_LANGUAGE,
    ACCEPT_CHARSET,
    TRANSFER_ENCODING,
    CONTENT_ENCODING,
    LAST_MODIFIED,
    RETRY_AFTER,
];

/// The headers of a request that hold secrets, as they came.
#[derive(Clone, Default, PartialEq)]
pub(in crate::target) struct Sent {
    authorization: Option<HeaderValue>,
    /// Hardly ever are there any.
    others: Vec<(HeaderName, HeaderValue)>,
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sent").finish_non_exhaustive()
    }
}

impl Sent {
    /// As if this token had been sent, where there is one.
    #[cfg(test)]
    pub(in crate::target) fn bearer(token: &str) -> Self {
        let value = (!token.is_empty()).then(|| HeaderValue::from_str(&format!("Bearer {token}")).unwrap());
        Self { authorization: value, ..Self::default() }
    }

    /// The secrets in them.
    pub(in crate::target) fn credentials(&self) -> SentCredentials {
        let authorization = self.authorization.iter().map(|value| (&AUTHORIZATION, value));
        let all = authorization.chain(self.others.iter().map(|(name, value)| (name, value)));
        let secrets: Vec<_> =
            all.flat_map(|(name, value)| credentials_in(name.as_str(), &text_of(value.as_bytes()))).collect();
        if secrets.is_empty() { SentCredentials::default() } else { SentCredentials::new(secrets) }
    }
}

/// An exchange under way.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) packed: Packed,
    pub(super) sent: Sent,
    request_body: Vec<u8>,
    /// How much of each body is kept.
    most: usize,
}

impl Draft {
    /// Of a request whose body comes later.
    pub(super) fn of(request: &axum::http::request::Parts, scheme: &'static str, most: usize) -> Self {
        let headers: usize = request.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 16).sum();
        let target = request.uri.path_and_query().filter(|_| request.uri.scheme().is_none());
        let length = target.map_or(0, |target| target.as_str().len());
        let bytes = Vec::with_capacity(headers + length + ANSWER);
        let packed = Packed { version: request.version, scheme, bytes, ..Packed::default() };
        let mut draft = Self { packed, sent: Sent::default(), request_body: Vec::new(), most };
        draft.packed.bytes.extend_from_slice(request.method.as_str().as_bytes());
        draft.end(METHOD);
        if let Some(host) = request.headers.get(HOST) {
            draft.packed.bytes.extend_from_slice(text_of(host.as_bytes()).as_bytes());
        }
        draft.end(HOSTS);
        match target {
            Some(path) => draft.packed.bytes.extend_from_slice(path.as_str().as_bytes()),
            // not a path, which is rare
            None => draft.packed.bytes.extend_from_slice(request.uri.to_string().as_bytes()),
        }
        draft.end(TARGET);
        draft.headers(&request.headers, true);
        draft.end(REQUEST_HEADERS);
        draft
    }

    /// Adds an answer whose body comes later.
    pub(super) fn answer(&mut self, status: u16, headers: &HeaderMap, remarks: &[String]) {
        self.packed.status = Some(status);
        self.headers(headers, false);
        self.end(RESPONSE_HEADERS);
        for remark in remarks {
            self.prefixed(remark);
        }
        self.end(REMARKS);
    }

    /// Notes why there is no answer.
    pub(super) fn no_answer(&mut self, remarks: &[String]) {
        self.end(RESPONSE_HEADERS);
        for remark in remarks {
            self.prefixed(remark);
        }
    }

    pub(super) fn request_body(&mut self, bytes: &[u8]) {
        let room = self.most.saturating_sub(self.request_body.len());
        self.request_body.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.packed.request_length += bytes.len() as u64;
    }

    pub(super) fn response_body(&mut self, bytes: &[u8]) {
        let kept = self.packed.bytes.len() - self.packed.ends[REMARKS] as usize;
        let room = self.most.saturating_sub(kept);
        self.packed.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.packed.response_length += bytes.len() as u64;
    }

    /// The whole exchange.
    pub(super) fn finish(&mut self) -> Packed {
        if self.packed.status.is_none() {
            if self.packed.ends[RESPONSE_HEADERS] == 0 {
                self.no_answer(&[]);
            }
            self.prefixed("the connection ended before there was an answer");
            self.end(REMARKS);
        }
        self.end(RESPONSE_BODY);
        self.packed.bytes.extend_from_slice(&self.request_body);
        self.end(REQUEST_BODY);
        std::mem::take(&mut self.packed)
    }

    fn headers(&mut self, headers: &HeaderMap, are_sent: bool) {
        for (name, value) in headers {
            self.prefixed(name.as_str());
            let shown = text_of(value.as_bytes());
            if PLAIN.contains(name) || !is_secret_header(name.as_str()) {
                self.prefixed(&shown);
                continue;
            }
            self.prefixed(&header_as_shown(name.as_str(), &shown));
            if are_sent && name == AUTHORIZATION && self.sent.authorization.is_none() {
                self.sent.authorization = Some(value.clone());
            } else if are_sent {
                self.sent.others.push((name.clone(), value.clone()));
            }
        }
    }

    fn prefixed(&mut self, text: &str) {
        prefixed(&mut self.packed.bytes, text);
    }

    fn end(&mut self, part: usize) {
        self.packed.ends[part] = length(self.packed.bytes.len());
    }
}

impl Packed {
    /// Its memory, about.
    pub(in crate::target) fn size(&self) -> usize {
        size_of::<Self>() + self.bytes.capacity()
    }

    /// What a request was sent with, to be masked wherever it stands.
    pub(in crate::target) fn set_credentials(&mut self, credentials: SentCredentials) {
        self.credentials = credentials;
    }

    pub(in crate::target) fn method(&self) -> &str {
        text(self.part(METHOD))
    }

    /// How long the bodies were of request and answer.
    pub(in crate::target) fn lengths(&self) -> (u64, u64) {
        (self.request_length, self.response_length)
    }

    /// Whether a body is longer than `body` bytes, or anything else than `head` bytes.
    pub(in crate::target) fn is_longer(&self, body: usize, head: usize) -> bool {
        (0..PARTS).any(|part| {
            let most = if matches!(part, REQUEST_BODY | RESPONSE_BODY) { body } else { head };
            self.part(part).len() > most
        })
    }

    /// The same with at most `body` bytes of each body and `head` bytes of everything else.
    pub(in crate::target) fn clipped(&self, body: usize, head: usize) -> Self {
        let mut clipped = Self { bytes: Vec::new(), credentials: self.credentials.clone(), ..self.clone() };
        for part in 0..PARTS {
            match part {
                REQUEST_BODY | RESPONSE_BODY => {
                    clipped.bytes.extend_from_slice(&self.part(part)[..self.part(part).len().min(body)]);
                }
                METHOD | HOSTS | TARGET => {
                    let text = text(self.part(part));
                    let end = text.floor_char_boundary(head);
                    clipped.bytes.extend_from_slice(&text.as_bytes()[..end]);
                    clipped.bytes.extend_from_slice(if end < text.len() { "…".as_bytes() } else { b"" });
                }
                _ => clip_texts(self.part(part), head, part == REMARKS, &mut clipped.bytes),
            }
            clipped.ends[part] = length(clipped.bytes.len());
        }
        clipped
    }

    /// The exchange as far as it was kept.
    pub(in crate::target) fn unpack(&self) -> HttpExchange {
        let owned = |part| text(self.part(part)).to_owned();
        let body = |part, length| Content { bytes: self.part(part).to_vec(), length };
        let host = text(self.part(HOSTS));
        HttpExchange {
            started: self.started,
            duration: self.duration,
            version: match self.version {
                Version::HTTP_10 => "HTTP/1.0",
                Version::HTTP_11 => "HTTP/1.1",
                _ => "",
            },
            method: owned(METHOD),
            origin: if host.is_empty() { String::new() } else { format!("{}://{host}", self.scheme) },
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

    /// Packs an exchange that nobody sent.
    #[cfg(test)]
    pub(in crate::target) fn of(exchange: &HttpExchange) -> Self {
        let (scheme, host) = exchange.origin.split_once("://").unwrap_or_default();
        let mut packed = Self {
            started: exchange.started,
            duration: exchange.duration,
            status: exchange.status,
            version: match exchange.version {
                "HTTP/1.0" => Version::HTTP_10,
                "HTTP/1.1" => Version::HTTP_11,
                _ => Version::HTTP_2,
            },
            scheme: if scheme == "https" { "https" } else { "http" },
            credentials: exchange.credentials.clone(),
            request_length: exchange.request_body.length,
            response_length: exchange.response_body.length,
            ..Self::default()
        };
        let list = |texts: &mut dyn Iterator<Item = &String>| {
            let mut bytes = Vec::new();
            texts.for_each(|text| prefixed(&mut bytes, text));
            bytes
        };
        let headers = |pairs: &[(String, String)]| list(&mut pairs.iter().flat_map(|(name, value)| [name, value]));
        let parts: [Vec<u8>; PARTS] = [
            exchange.method.clone().into(),
            host.into(),
            exchange.target.clone().into(),
            headers(&exchange.request_headers),
            headers(&exchange.response_headers),
            list(&mut exchange.remarks.iter()),
            exchange.response_body.bytes.clone(),
            exchange.request_body.bytes.clone(),
        ];
        for (part, end) in parts.iter().zip(&mut packed.ends) {
            packed.bytes.extend_from_slice(part);
            *end = length(packed.bytes.len());
        }
        packed
    }

    fn part(&self, part: usize) -> &[u8] {
        let start = if part == 0 { 0 } else { self.ends[part - 1] };
        &self.bytes[start as usize..self.ends[part] as usize]
    }
}

/// Whole texts of a list as far as there is room, and a word about the rest.
fn clip_texts(list: &[u8], most: usize, are_remarks: bool, bytes: &mut Vec<u8>) {
    let step = if are_remarks { 1 } else { 2 };
    let all: Vec<_> = texts(list).collect();
    let mut room = most;
    for entry in all.chunks(step) {
        let size = entry.iter().map(|text| text.len() + PREFIX).sum();
        let Some(left) = room.checked_sub(size) else {
            let rest = ["…", "the rest isn't kept"];
            rest[2 - step..].iter().for_each(|text| prefixed(bytes, text));
            return;
        };
        room = left;
        for text in entry {
            prefixed(bytes, text);
        }
    }
}

/// Nearly all is ASCII, for which this is fast.
fn text_of(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Into::into)
}

fn prefixed(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend_from_slice(&length(text.len()).to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
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
    use axum::http::Request;

    use super::*;
    use crate::base::Secret;

    fn draft(target: &str, most: usize) -> Draft {
        let request = Request::patch(target)
            .header("host", "localhost:1")
            .header("authorization", "Bearer a-token-4711")
            .header("x-api-key", "a-key-4711")
            .header("x-odd", HeaderValue::from_bytes(b"Zo\xeb").unwrap())
            .body(());
        Draft::of(&request.unwrap().into_parts().0, "https", most)
    }

    fn answered(mut draft: Draft) -> Packed {
        let headers = [(CONTENT_TYPE, HeaderValue::from_static("application/scim+json"))].into_iter().collect();
        draft.answer(409, &headers, &["503".to_owned(), "and more".to_owned()]);
        // an answer may begin before the request has come in
        for part in [b"{\"a\"".as_slice(), b":1}"] {
            draft.response_body(part);
            draft.request_body(&[0, 159]);
        }
        draft.finish()
    }

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
            assert_eq!(packed.clipped(4, 56).unpack(), exchange, "nothing is longer");
        }
    }

    #[test]
    fn what_was_sent_is_packed_with_its_secrets_masked() {
        let draft = draft("/scim/v2/Users/1?x=%20", 100);
        let room = draft.packed.bytes.capacity();
        let packed = answered(draft);
        assert_eq!(packed.bytes.capacity(), room, "it is one piece from the beginning");
        let exchange = packed.unpack();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let expected = HttpExchange {
            version: "HTTP/1.1",
            method: "PATCH".to_owned(),
            origin: "https://localhost:1".to_owned(),
            target: "/scim/v2/Users/1?x=%20".to_owned(),
            request_headers: vec![
                pair("host", "localhost:1"),
                pair("authorization", "Bearer [secret]"),
                pair("x-api-key", "[secret]"),
                pair("x-odd", "Zo\u{fffd}"),
            ],
            request_body: Content::from([0, 159, 0, 159].as_slice()),
            status: Some(409),
            response_headers: vec![pair("content-type", "application/scim+json")],
            response_body: Content::from(b"{\"a\":1}".as_slice()),
            remarks: vec!["503".to_owned(), "and more".to_owned()],
            ..HttpExchange::default()
        };
        assert_eq!(exchange, expected);
    }

    #[test]
    fn what_was_sent_as_a_secret_is_known() {
        let draft = draft("http://elsewhere.example/x", 100);
        let credentials = draft.sent.credentials();
        let secrets: Vec<_> = credentials.secrets().iter().map(Secret::expose).collect();
        assert_eq!(secrets, ["a-token-4711", "a-key-4711"]);
        assert_eq!(format!("{:?}", draft.sent), "Sent { .. }");
        assert_eq!(answered(draft).unpack().target, "http://elsewhere.example/x");
    }

    #[test]
    fn one_without_an_answer_says_so() {
        let packed = draft("/", 100).finish();
        let exchange = packed.unpack();
        assert_eq!((exchange.status, exchange.response_headers.len()), (None, 0));
        assert_eq!(exchange.remarks, ["the connection ended before there was an answer"]);
    }

    #[test]
    fn bodies_are_kept_as_far_as_wanted() {
        let exchange = answered(draft("/", 3)).unpack();
        assert_eq!((exchange.request_body.bytes.as_slice(), exchange.request_body.length), ([0, 159, 0].as_slice(), 4));
        assert_eq!((exchange.response_body.bytes.as_slice(), exchange.response_body.length), (b"{\"a".as_slice(), 7));
    }

    #[test]
    fn what_is_long_is_clipped_and_says_so() {
        let packed = answered(draft(&format!("/{}", "x".repeat(200)), 100));
        assert!(packed.is_longer(3, 1000) && packed.is_longer(100, 199) && !packed.is_longer(100, 1000));
        assert_eq!(packed.clipped(100, 1000).unpack(), packed.unpack());
        let clipped = packed.clipped(3, 58).unpack();
        assert_eq!(clipped.target, format!("/{}…", "x".repeat(57)));
        assert_eq!(clipped.request_headers.len(), 2, "{:?}", clipped.request_headers);
        assert_eq!(clipped.request_headers[1].1, "the rest isn't kept");
        assert_eq!((clipped.response_body.bytes.len(), clipped.response_body.length), (3, 7));
        assert_eq!(packed.clipped(3, 10).unpack().remarks, ["503", "the rest isn't kept"]);
    }

    #[test]
    fn a_long_text_is_cut_between_characters_and_a_long_list_between_headers() {
        let head = 16 * 1024;
        let long = HttpExchange {
            target: "é".repeat(head),
            request_headers: vec![("a".to_owned(), "b".repeat(1000)); 1000],
            response_body: Content::from(vec![b'y'; 100_001].as_slice()),
            ..HttpExchange::default()
        };
        let kept = Packed::of(&long).clipped(100_000, head).unpack();
        assert!(kept.target.ends_with('…') && kept.target.len() <= head + 3);
        assert_eq!(kept.request_headers.len(), 17);
        assert_eq!(kept.request_headers[16].1, "the rest isn't kept");
        assert_eq!((kept.response_body.bytes.len(), kept.response_body.length), (100_000, 100_001));
        assert!(kept.response_body.is_cut());
    }
}

//! One exchange as its bytes went over the wire, for logs and recordings.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::base::{Secret, Timestamp};

/// Somebody who is shown every exchange once it is over.
pub trait Observer: Send + Sync {
    /// Takes an exchange. It is called while the answer goes out, so it has to be quick.
    fn observe(&self, exchange: &Arc<HttpExchange>);

    /// Whether headers and bodies are wanted. Who wants none may be shown exchanges without, which cost less.
    fn wants_contents(&self) -> bool {
        true
    }
}

/// A request and its answer, header values that are secrets masked; the rest is as it went over the wire, and
/// [`Masking`](super::Masking) masks it for whoever shows it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HttpExchange {
    /// When the request's head had been read, or was sent.
    pub started: Timestamp,
    /// Until the last byte of the answer was read, or handed on to be sent.
    pub duration: Duration,
    /// `HTTP/1.1`; empty where it isn't known.
    pub version: &'static str,
    /// `GET`, whatever was sent.
    pub method: String,
    /// Scheme and authority, `https://host:8443`; empty where the request named no host.
    pub origin: String,
    /// Path and query as on the request line.
    pub target: String,
    /// The request's headers in their order.
    pub request_headers: Vec<(String, String)>,
    /// The request's body.
    pub request_body: Content,
    /// HTTP status; `None` when no answer came.
    pub status: Option<u16>,
    /// The answer's headers in their order.
    pub response_headers: Vec<(String, String)>,
    /// The answer's body, as far as it came.
    pub response_body: Content,
    /// What befell the exchange: names of faults, or why no answer came.
    pub remarks: Vec<String>,
    /// What is masked wherever it stands.
    pub credentials: SentCredentials,
}

impl HttpExchange {
    /// The first value of a request's header, its name in lower case.
    pub fn request_header(&self, name: &str) -> Option<&str> {
        header(&self.request_headers, name)
    }

    /// The first value of an answer's header, its name in lower case.
    pub fn response_header(&self, name: &str) -> Option<&str> {
        header(&self.response_headers, name)
    }
}

fn header<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// The secrets that a request was sent with, in the clear. `Debug` hides them.
#[derive(Clone, Default)]
pub struct SentCredentials(Arc<[Secret]>);

impl SentCredentials {
    /// Of these secrets.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        Self(secrets.into_iter().collect())
    }

    /// The secrets.
    pub fn secrets(&self) -> &[Secret] {
        &self.0
    }

    /// Whether these are the very same, not only alike.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for SentCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secrets", self.0.len())
    }
}

/// They tell nothing about an exchange that its other members don't, so all are alike.
impl PartialEq for SentCredentials {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// A body, or its beginning.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Content {
    /// What is kept of it.
    pub bytes: Vec<u8>,
    /// How long it was.
    pub length: u64,
}

impl Content {
    /// The longest body that is kept in full.
    pub const LIMIT: usize = 16 * 1024 * 1024;

    /// Appends to the body; beyond the limit only its length grows.
    pub fn push(&mut self, bytes: &[u8]) {
        let room = Self::LIMIT.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.length += bytes.len() as u64;
    }

    /// Whether the end is missing.
    pub fn is_cut(&self) -> bool {
        self.length > self.bytes.len() as u64
    }
}

impl From<&[u8]> for Content {
    fn from(bytes: &[u8]) -> Self {
        let mut content = Self::default();
        content.push(bytes);
        content
    }
}

//! One exchange as its bytes went over the wire, for logs and recordings.

use std::time::Duration;

use crate::base::Timestamp;

/// A request and its answer, header values that are secrets masked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HttpExchange {
    /// When the request's head had been read, or was sent.
    pub started: Timestamp,
    /// Until the last byte of the answer was read, or handed on to be sent.
    pub duration: Duration,
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

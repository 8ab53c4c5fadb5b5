//! Recordings of exchanges, as three texts that grow together: an HTTP Archive for tools, a transcript for people and
//! for REST clients in editors, and a script that sends the requests again.
//!
//! Texts are made one exchange after the other, from exchanges whose secrets are masked, so that a recording can be
//! written while it happens and takes no more memory after a million exchanges than after a few.

mod har;
mod ids;
mod replay;
mod request;
#[cfg(test)]
mod tests;
mod transcript;

use axum::http::StatusCode;

use crate::base::Timestamp;
use crate::scim::HttpExchange;
use ids::Ids;
use request::Replayed;

/// What ends an HTTP Archive: with it behind the entries so far, the file is whole.
pub const HAR_END: &str = "\n]}}\n";

/// Which side of the wire a recording is made on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The requests go out from here.
    Client,
    /// The requests come in here.
    Server,
}

/// What a recording is of.
#[derive(Debug, Clone)]
pub struct RecordingOf {
    /// The command that is recorded.
    pub command: &'static str,
    /// Which side it is on.
    pub side: Side,
    /// Tenant URL without a slash at its end and without flags.
    pub tenant_url: String,
    /// When it began.
    pub started: Timestamp,
}

/// A piece of each of the three texts.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct RecordingTexts {
    /// HTTP Archive, whose end is [`HAR_END`].
    pub har: String,
    /// Transcript.
    pub transcript: String,
    /// Script.
    pub script: String,
}

impl RecordingTexts {
    /// Bytes in all of them.
    pub fn len(&self) -> usize {
        self.har.len() + self.transcript.len() + self.script.len()
    }

    /// Whether there is nothing in them.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Makes the texts of a recording.
#[derive(Debug)]
pub struct Recording {
    of: RecordingOf,
    ids: Ids,
    part: u32,
    /// Exchanges so far, in all parts.
    count: u64,
    is_empty: bool,
}

impl Recording {
    /// A recording without exchanges, before its first part.
    pub fn new(of: RecordingOf) -> Self {
        Self { of, ids: Ids::default(), part: 0, count: 0, is_empty: true }
    }

    /// Exchanges so far.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// How the texts of the next part begin; the first one is a part too.
    pub fn begin_part(&mut self) -> RecordingTexts {
        self.part += 1;
        self.is_empty = true;
        RecordingTexts {
            har: har::head(&self.of, self.part),
            transcript: transcript::head(&self.of, self.part),
            script: replay::head(&self.of, self.part),
        }
    }

    /// Adds an exchange to the texts.
    pub fn add(&mut self, exchange: &HttpExchange, texts: &mut RecordingTexts) {
        self.count += 1;
        texts.har.push_str(if self.is_empty { "\n" } else { ",\n" });
        self.is_empty = false;
        texts.har.push_str(&har::entry(exchange, self.count));
        let replayed = Replayed::new(exchange, &self.of);
        let given = self.ids.given(exchange, self.part);
        let gives = given.as_ref().map(|(given, _)| *given);
        let (ids, part, number) = (&self.ids, self.part, self.count);
        texts.transcript.push_str(&transcript::entry(exchange, &replayed, number, ids, part, gives));
        texts.script.push_str(&replay::entry(exchange, &replayed, number, ids, part, gives.is_some()));
        if let Some((_, id)) = given {
            self.ids.add(&id, self.count, self.part);
        }
    }
}

/// `201 Created`; a reason phrase isn't transmitted again, so it is the usual one.
fn status_line(status: u16) -> String {
    let reason = reason(status);
    if reason.is_empty() { status.to_string() } else { format!("{status} {reason}") }
}

fn reason(status: u16) -> &'static str {
    StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default()
}

/// The program and its version.
const CREATOR: (&str, &str) = (env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));

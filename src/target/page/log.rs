//! The newest exchanges, in memory, within bounds.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::scim::{Content, HttpExchange};
use crate::target::Observer;

/// How many exchanges are kept.
pub(super) const KEPT: usize = 1000;
/// How many bytes of exchanges are kept in all.
pub(super) const KEPT_BYTES: usize = 8 * 1024 * 1024;
/// How much of a body is kept.
pub(super) const KEPT_BODY: usize = 64 * 1024;
/// How much of a target and of a head's headers is kept.
const KEPT_HEAD: usize = 16 * 1024;
/// What an exchange takes besides its texts, about.
const FRAME: usize = 512;

/// The log that the page shows. It holds on to the exchanges that all observers are shown and copies only those
/// that are too long.
#[derive(Debug, Default)]
pub(super) struct Log(Mutex<Ring>);

#[derive(Debug, Default)]
struct Ring {
    /// The oldest first; their numbers follow each other.
    kept: VecDeque<(usize, Arc<HttpExchange>)>,
    bytes: usize,
    counts: Counts,
}

/// How many exchanges there were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counts {
    /// In all; also the number of the newest one.
    pub(super) all: u64,
    /// Answered with 4xx.
    pub(super) refused: u64,
    /// Answered with 5xx or not at all.
    pub(super) failed: u64,
}

/// An exchange with its number, from 1.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) number: u64,
    pub(super) exchange: Arc<HttpExchange>,
}

impl Observer for Log {
    fn observe(&self, exchange: &Arc<HttpExchange>) {
        let exchange = if is_long(exchange) { Arc::new(clipped(exchange)) } else { Arc::clone(exchange) };
        let size = size(&exchange);
        let mut gone = Vec::new();
        let mut ring = self.ring();
        ring.counts.count(exchange.status);
        ring.kept.push_back((size, exchange));
        ring.bytes += size;
        while ring.kept.len() > KEPT || (ring.bytes > KEPT_BYTES && ring.kept.len() > 1) {
            let Some(oldest) = ring.kept.pop_front() else { break };
            ring.bytes -= oldest.0;
            gone.push(oldest);
        }
        // what is dropped is dropped once others can go on
        drop(ring);
        drop(gone);
    }
}

impl Log {
    pub(super) fn counts(&self) -> Counts {
        self.ring().counts
    }

    /// How many are kept.
    pub(super) fn len(&self) -> usize {
        self.ring().kept.len()
    }

    /// The number of the oldest one that is kept, or of the next one.
    pub(super) fn oldest(&self) -> u64 {
        self.ring().first()
    }

    /// An exchange that is still kept.
    pub(super) fn get(&self, number: u64) -> Option<Entry> {
        let ring = self.ring();
        let index = number.checked_sub(ring.first())?;
        let (_, exchange) = ring.kept.get(usize::try_from(index).ok()?)?;
        Some(Entry { number, exchange: Arc::clone(exchange) })
    }

    /// Exchanges with numbers above `after` and below `before`, the newest first.
    pub(super) fn between(&self, after: u64, before: u64) -> Vec<Entry> {
        let ring = self.ring();
        let numbered = (ring.first()..).zip(&ring.kept);
        let wanted = numbered.filter(|(number, _)| *number > after && *number < before);
        let mut entries: Vec<_> =
            wanted.map(|(number, (_, exchange))| Entry { number, exchange: Arc::clone(exchange) }).collect();
        drop(ring);
        entries.reverse();
        entries
    }

    /// Forgets the exchanges, but not how many there were.
    pub(super) fn clear(&self) {
        let mut ring = self.ring();
        let gone = std::mem::take(&mut ring.kept);
        ring.bytes = 0;
        drop(ring);
        drop(gone);
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ring {
    /// The number of the oldest exchange that is kept.
    fn first(&self) -> u64 {
        self.counts.all + 1 - self.kept.len() as u64
    }
}

impl Counts {
    fn count(&mut self, status: Option<u16>) {
        self.all += 1;
        match status {
            Some(400..=499) => self.refused += 1,
            None | Some(500..) => self.failed += 1,
            Some(_) => {}
        }
    }
}

fn head_size(headers: &[(String, String)]) -> usize {
    headers.iter().map(|(name, value)| name.len() + value.len() + 64).sum()
}

fn size(exchange: &HttpExchange) -> usize {
    FRAME
        + exchange.target.len()
        + head_size(&exchange.request_headers)
        + exchange.request_body.bytes.len()
        + head_size(&exchange.response_headers)
        + exchange.response_body.bytes.len()
}

fn is_long(exchange: &HttpExchange) -> bool {
    exchange.request_body.bytes.len() > KEPT_BODY
        || exchange.response_body.bytes.len() > KEPT_BODY
        || exchange.target.len() > KEPT_HEAD
        || head_size(&exchange.request_headers) > KEPT_HEAD
        || head_size(&exchange.response_headers) > KEPT_HEAD
}

fn clipped(exchange: &HttpExchange) -> HttpExchange {
    let body = |content: &Content| Content {
        bytes: content.bytes[..content.bytes.len().min(KEPT_BODY)].to_vec(),
        length: content.length,
    };
    HttpExchange {
        started: exchange.started,
        duration: exchange.duration,
        method: clip(&exchange.method),
        origin: clip(&exchange.origin),
        target: clip(&exchange.target),
        request_headers: clip_headers(&exchange.request_headers),
        request_body: body(&exchange.request_body),
        status: exchange.status,
        response_headers: clip_headers(&exchange.response_headers),
        response_body: body(&exchange.response_body),
        remarks: exchange.remarks.clone(),
        version: exchange.version,
        credentials: exchange.credentials.clone(),
    }
}

fn clip(text: &str) -> String {
    let end = text.floor_char_boundary(KEPT_HEAD);
    if end < text.len() { format!("{}…", &text[..end]) } else { text.to_owned() }
}

fn clip_headers(headers: &[(String, String)]) -> Vec<(String, String)> {
    let mut room = KEPT_HEAD;
    let mut kept = Vec::new();
    for (name, value) in headers {
        let size = name.len() + value.len() + 64;
        if size > room {
            kept.push(("…".to_owned(), "further headers aren't kept".to_owned()));
            break;
        }
        room -= size;
        kept.push((name.clone(), value.clone()));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(status: u16, body: usize) -> Arc<HttpExchange> {
        let request_body = Content::from(vec![b'x'; body].as_slice());
        Arc::new(HttpExchange { status: Some(status), request_body, ..HttpExchange::default() })
    }

    #[test]
    fn the_newest_are_kept_by_number_and_by_bytes() {
        let log = Log::default();
        for number in 0..KEPT + 10 {
            log.observe(&exchange(if number % 2 == 0 { 200 } else { 404 }, 1));
        }
        assert_eq!((log.len(), log.counts().all, log.counts().refused), (KEPT, 1010, 505));
        assert!(log.get(10).is_none() && log.get(11).is_some() && log.get(1010).is_some() && log.get(1011).is_none());
        assert_eq!(log.between(1000, 1004).iter().map(|entry| entry.number).collect::<Vec<_>>(), [1003, 1002, 1001]);
        for _ in 0..500 {
            log.observe(&exchange(500, KEPT_BODY));
        }
        assert!(log.len() < 130, "{}", log.len());
        assert!(log.ring().bytes <= KEPT_BYTES);
        log.clear();
        assert_eq!((log.len(), log.counts().all), (0, 1510));
        assert_eq!(log.ring().bytes, 0);
        assert!(log.get(1510).is_none());
        log.observe(&exchange(200, 1));
        assert!(log.get(1511).is_some());
    }

    #[test]
    fn what_is_short_is_shared_and_what_is_long_is_clipped() {
        let log = Log::default();
        let short = exchange(200, 10);
        log.observe(&short);
        assert!(Arc::ptr_eq(&short, &log.get(1).unwrap().exchange));
        let mut long = HttpExchange { target: "é".repeat(KEPT_HEAD), ..HttpExchange::default() };
        long.request_headers = vec![("a".to_owned(), "b".repeat(1000)); 1000];
        long.response_body = Content::from(vec![b'y'; KEPT_BODY + 1].as_slice());
        log.observe(&Arc::new(long));
        let kept = log.get(2).unwrap().exchange;
        assert!(kept.target.ends_with('…') && kept.target.len() <= KEPT_HEAD + 3);
        assert!(head_size(&kept.request_headers) < KEPT_HEAD + 200, "{}", head_size(&kept.request_headers));
        assert_eq!((kept.response_body.bytes.len(), kept.response_body.length), (KEPT_BODY, KEPT_BODY as u64 + 1));
        assert!(kept.response_body.is_cut());
        assert_eq!(log.counts().failed, 1, "without a status");
    }
}

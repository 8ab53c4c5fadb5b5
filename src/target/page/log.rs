//! The newest exchanges, in memory, within bounds.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::flood::Flood;
use crate::scim::SentCredentials;
use crate::target::observe::{Packed, Sent, Watcher};

/// How many exchanges are kept.
pub(super) const KEPT: usize = 1000;
/// How many bytes of exchanges are kept in all.
pub(super) const KEPT_BYTES: usize = 8 * 1024 * 1024;
/// How much of a body is kept.
pub(super) const KEPT_BODY: usize = 64 * 1024;
/// How much of a target, and of a head's headers, is kept.
const KEPT_HEAD: usize = 16 * 1024;

/// The log that the page shows.
#[derive(Debug, Default)]
pub(super) struct Log {
    ring: Mutex<Ring>,
    flood: Flood,
}

#[derive(Debug, Default)]
struct Ring {
    /// The oldest first; their numbers follow each other.
    kept: VecDeque<Arc<Packed>>,
    bytes: usize,
    counts: Counts,
    /// What the newest exchange was sent with.
    sent: Sent,
    credentials: SentCredentials,
}

/// How many exchanges there were; without those that were missed, all is the number of the newest one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counts {
    /// In all.
    pub(super) all: u64,
    /// Answered with 4xx.
    pub(super) refused: u64,
    /// Answered with 5xx or not at all.
    pub(super) failed: u64,
    /// Of all of them those that came too fast to be kept.
    pub(super) missed: u64,
}

/// An exchange with its number, from 1.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) number: u64,
    pub(super) packed: Arc<Packed>,
}

impl Watcher for Log {
    fn most(&self) -> usize {
        KEPT_BODY
    }

    fn wants_more(&self) -> bool {
        self.flood.admits()
    }

    fn pass_over(&self, status: Option<u16>) {
        self.flood.count(status);
    }

    fn watch(&self, mut exchange: Packed, sent: &Sent) {
        if exchange.is_longer(KEPT_BODY, KEPT_HEAD) {
            exchange = exchange.clipped(KEPT_BODY, KEPT_HEAD);
        }
        let size = exchange.size();
        let mut gone = Vec::new();
        let mut ring = self.ring();
        ring.counts.count(exchange.status);
        // a client's credentials are the same in all of its requests, and are kept once
        if ring.sent != *sent {
            ring.credentials = sent.credentials();
            ring.sent = sent.clone();
        }
        exchange.set_credentials(ring.credentials.clone());
        ring.kept.push_back(Arc::new(exchange));
        ring.bytes += size;
        while ring.kept.len() > KEPT || (ring.bytes > KEPT_BYTES && ring.kept.len() > 1) {
            let Some(oldest) = ring.kept.pop_front() else { break };
            ring.bytes -= oldest.size();
            gone.push(oldest);
        }
        // what is dropped is dropped once others can go on
        drop(ring);
        drop(gone);
    }
}

impl Log {
    pub(super) fn counts(&self) -> Counts {
        let mut counts = self.ring().counts;
        self.flood.add_to(&mut counts);
        counts
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
        let packed = ring.kept.get(usize::try_from(index).ok()?)?;
        Some(Entry { number, packed: Arc::clone(packed) })
    }

    /// Exchanges with numbers above `after` and below `before`, the newest first.
    pub(super) fn between(&self, after: u64, before: u64) -> Vec<Entry> {
        let ring = self.ring();
        let numbered = (ring.first()..).zip(&ring.kept);
        let wanted = numbered.filter(|(number, _)| *number > after && *number < before);
        let mut entries: Vec<_> = wanted.map(|(number, packed)| Entry { number, packed: Arc::clone(packed) }).collect();
        drop(ring);
        entries.reverse();
        entries
    }

    /// Forgets the exchanges, but not how many there were.
    pub(super) fn clear(&self) {
        let mut ring = self.ring();
        let gone = std::mem::take(&mut ring.kept);
        ring.bytes = 0;
        ring.sent = Sent::default();
        ring.credentials = SentCredentials::default();
        drop(ring);
        drop(gone);
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ring {
    /// The number of the oldest exchange that is kept.
    fn first(&self) -> u64 {
        self.counts.all + 1 - self.kept.len() as u64
    }
}

impl Counts {
    pub(super) fn count(&mut self, status: Option<u16>) {
        self.all += 1;
        match status {
            Some(400..=499) => self.refused += 1,
            None | Some(500..) => self.failed += 1,
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Secret;
    use crate::scim::{Content, HttpExchange};

    fn exchange(status: u16, body: usize) -> Packed {
        let request_body = Content::from(vec![b'x'; body].as_slice());
        Packed::of(&HttpExchange { status: Some(status), request_body, ..HttpExchange::default() })
    }

    #[test]
    fn the_newest_are_kept_by_number_and_by_bytes() {
        let log = Log::default();
        for number in 0..KEPT + 10 {
            log.watch(exchange(if number % 2 == 0 { 200 } else { 404 }, 1), &Sent::default());
        }
        assert_eq!((log.len(), log.counts().all, log.counts().refused), (KEPT, 1010, 505));
        assert!(log.get(10).is_none() && log.get(11).is_some() && log.get(1010).is_some() && log.get(1011).is_none());
        assert_eq!(log.between(1000, 1004).iter().map(|entry| entry.number).collect::<Vec<_>>(), [1003, 1002, 1001]);
        for _ in 0..500 {
            log.watch(exchange(500, KEPT_BODY + 1), &Sent::default());
        }
        assert!(log.len() < 130, "{}", log.len());
        assert!(log.ring().bytes <= KEPT_BYTES);
        log.clear();
        assert_eq!((log.len(), log.counts().all), (0, 1510));
        assert_eq!(log.ring().bytes, 0);
        assert!(log.get(1510).is_none());
        log.watch(exchange(200, 1), &Sent::default());
        assert!(log.get(1511).is_some());
    }

    #[test]
    fn what_is_long_is_cut_where_it_is_kept() {
        let log = Log::default();
        let target = "é".repeat(KEPT_HEAD);
        let response_body = Content::from(vec![b'y'; KEPT_BODY + 1].as_slice());
        log.watch(Packed::of(&HttpExchange { target, response_body, ..HttpExchange::default() }), &Sent::default());
        let kept = log.get(1).unwrap().packed.unpack();
        assert!(kept.target.ends_with('…') && kept.target.len() <= KEPT_HEAD + 3);
        assert_eq!((kept.response_body.bytes.len(), kept.response_body.length), (KEPT_BODY, KEPT_BODY as u64 + 1));
    }

    #[test]
    fn credentials_that_stay_the_same_are_kept_once() {
        let log = Log::default();
        for token in ["a-token-4711", "a-token-4711", "another-token", ""] {
            log.watch(exchange(200, 1), &Sent::bearer(token));
        }
        let kept: Vec<_> = (1..=4).map(|number| log.get(number).unwrap().packed.unpack().credentials).collect();
        assert_eq!(kept[0].secrets()[0].expose(), "a-token-4711");
        assert!(std::ptr::eq(kept[0].secrets(), kept[1].secrets()));
        assert_eq!(kept[2].secrets().iter().map(Secret::expose).collect::<Vec<_>>(), ["another-token"]);
        assert!(kept[3].secrets().is_empty());
    }
}

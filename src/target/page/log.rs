//! The newest exchanges, in memory, within bounds.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::packed::Packed;
use crate::scim::{HttpExchange, SentCredentials};
use crate::target::Observer;

/// How many exchanges are kept.
pub(super) const KEPT: usize = 1000;
/// How many bytes of exchanges are kept in all.
pub(super) const KEPT_BYTES: usize = 8 * 1024 * 1024;

/// The log that the page shows.
#[derive(Debug, Default)]
pub(super) struct Log(Mutex<Ring>);

#[derive(Debug, Default)]
struct Ring {
    /// The oldest first; their numbers follow each other.
    kept: VecDeque<Arc<Packed>>,
    bytes: usize,
    counts: Counts,
    /// Of the newest exchange.
    credentials: SentCredentials,
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
    pub(super) packed: Arc<Packed>,
}

impl Observer for Log {
    fn observe(&self, exchange: &Arc<HttpExchange>) {
        let mut packed = Packed::of(exchange);
        let size = packed.size();
        let mut gone = Vec::new();
        let mut ring = self.ring();
        ring.counts.count(packed.status);
        packed.share(&mut ring.credentials);
        ring.kept.push_back(Arc::new(packed));
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
        ring.credentials = SentCredentials::default();
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

#[cfg(test)]
mod tests {
    use super::super::packed::KEPT_BODY;
    use super::*;
    use crate::scim::Content;

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
            log.observe(&exchange(500, KEPT_BODY + 1));
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
}

//! The resources of one kind in memory: in the order in which they came, with an index by id and one by key.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Cursor, Record};
use crate::base::Fingerprint;

/// The resources. A place is given once, so that nobody who walks along misses or meets somebody twice; places come in blocks, so that
/// those of many deleted resources cost nothing and a page is found by counting blocks.
#[derive(Default)]
pub(super) struct Table {
    blocks: Vec<Block>,
    end: u64,
    live: u64,
    ids: Index,
    keys: Index,
}

const BLOCK: u64 = 1024;

#[derive(Default)]
struct Block {
    live: u64,
    entries: Vec<Option<Entry>>,
}

/// Fingerprints of texts and the places where they are found. Two texts may have the same one.
#[derive(Default)]
struct Index(BTreeSet<(Fingerprint, u64)>);

/// A resource.
pub(super) struct Entry {
    pub(super) key: Box<str>,
    pub(super) body: Arc<str>,
}

impl Entry {
    pub(super) fn of(record: &Record) -> Self {
        Self { key: record.key.as_str().into(), body: record.body.as_str().into() }
    }

    /// The JSON text of the id, which every body begins with.
    fn id(&self) -> &str {
        let rest = self.body.strip_prefix(ID).unwrap_or_default();
        let mut escaped = false;
        let end = rest.bytes().skip(1).position(|byte| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        });
        end.map_or("", |end| &rest[..end + 2])
    }
}

const ID: &str = "{\"id\":";

impl Index {
    fn places(&self, text: &str) -> impl Iterator<Item = u64> {
        let fingerprint = Fingerprint::of(0, text.as_bytes());
        self.0.range((fingerprint, 0)..=(fingerprint, u64::MAX)).map(|&(_, place)| place)
    }

    fn add(&mut self, text: &str, place: u64) {
        self.0.insert((Fingerprint::of(0, text.as_bytes()), place));
    }

    fn remove(&mut self, text: &str, place: u64) {
        self.0.remove(&(Fingerprint::of(0, text.as_bytes()), place));
    }
}

impl Table {
    pub(super) fn entry(&self, place: u64) -> Option<&Entry> {
        self.blocks.get(index(place / BLOCK))?.entries.get(index(place % BLOCK))?.as_ref()
    }

    /// Where the next resource goes.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Where the resource of an id is.
    pub(super) fn find(&self, id: &str) -> Option<u64> {
        let id = json_text(id);
        self.ids.places(&id).find(|&place| self.entry(place).is_some_and(|entry| entry.id() == id))
    }

    pub(super) fn by_id(&self, id: &str) -> Option<Arc<str>> {
        Some(Arc::clone(&self.entry(self.find(id)?)?.body))
    }

    pub(super) fn by_key(&self, key: &str) -> Vec<Arc<str>> {
        self.called(key).map(|entry| Arc::clone(&entry.body)).collect()
    }

    pub(super) fn has_key(&self, key: &str) -> bool {
        self.called(key).next().is_some()
    }

    fn called(&self, key: &str) -> impl Iterator<Item = &Entry> {
        self.keys.places(key).filter_map(|place| self.entry(place)).filter(move |entry| *entry.key == *key)
    }

    /// How many there are, and some of them in order.
    pub(super) fn page(&self, offset: u64, limit: usize) -> (u64, Vec<Arc<str>>) {
        let (mut ahead, mut first) = (offset, 0);
        while let Some(block) = self.blocks.get(first).filter(|block| block.live <= ahead) {
            ahead -= block.live;
            first += 1;
        }
        let rest = self.blocks.iter().skip(first).flat_map(|block| block.entries.iter().flatten());
        let page = rest.skip(index(ahead)).take(limit).map(|entry| Arc::clone(&entry.body)).collect();
        (self.live, page)
    }

    pub(super) fn walk(&self, cursor: &mut Cursor, step: usize) -> Vec<Arc<str>> {
        let mut page = Vec::new();
        while page.len() < step && cursor.0 < self.end {
            let block = &self.blocks[index(cursor.0 / BLOCK)];
            if block.live == 0 {
                cursor.0 = (cursor.0 / BLOCK + 1) * BLOCK;
                continue;
            }
            page.extend(self.entry(cursor.0).map(|entry| Arc::clone(&entry.body)));
            cursor.0 += 1;
        }
        page
    }

    /// Puts something into a place that was given, or into the next one; gives back what was there.
    pub(super) fn put(&mut self, place: u64, entry: Option<Entry>) -> Option<Entry> {
        if place == self.end {
            if place.is_multiple_of(BLOCK) {
                self.blocks.push(Block::default());
            }
            self.end += 1;
        }
        let is_last = place / BLOCK == self.end / BLOCK;
        if let Some(entry) = &entry {
            self.ids.add(entry.id(), place);
            self.keys.add(&entry.key, place);
        }
        let block = &mut self.blocks[index(place / BLOCK)];
        let at = index(place % BLOCK);
        if block.entries.len() <= at {
            block.entries.resize_with(at + 1, || None);
        }
        let (is, was) = (u64::from(entry.is_some()), u64::from(block.entries[at].is_some()));
        (block.live, self.live) = (block.live + is - was, self.live + is - was);
        let before = std::mem::replace(&mut block.entries[at], entry);
        if block.live == 0 && !is_last {
            block.entries = Vec::new();
        }
        if let Some(before) = &before {
            let now = self.entry(place);
            let (same_id, same_key) =
                now.map_or((false, false), |now| (now.id() == before.id(), now.key == before.key));
            if !same_id {
                self.ids.remove(before.id(), place);
            }
            if !same_key {
                self.keys.remove(&before.key, place);
            }
        }
        before
    }
}

/// A text as it stands in JSON.
fn json_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

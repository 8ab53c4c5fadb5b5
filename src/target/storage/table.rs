//! The resources of one kind in memory: in the order in which they came, with indexes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::Record;
use super::members;
use super::record::{id_text, json_text};
use super::terms::{Term, member_term, terms_of};
use crate::base::Fingerprint;
use crate::target::Kind;

/// The resources. A place is given once, so that nobody who walks along misses or meets somebody twice; places come in
/// blocks, so that those of many deleted resources cost nothing and a page is found by counting blocks.
pub(super) struct Table {
    kind: Kind,
    blocks: Vec<Block>,
    end: u64,
    live: u64,
    ids: Index,
    keys: Index,
    terms: Index,
    members: Members,
}

const BLOCK: u64 = 1024;

#[derive(Default)]
struct Block {
    live: u64,
    entries: Vec<Option<Entry>>,
}

/// Fingerprints and the places where they are found. Two texts may have the same one.
#[derive(Default)]
struct Index(BTreeSet<(Fingerprint, u64)>);

/// Pieces of the members of groups, by place and number, and which of them have whom.
#[derive(Default)]
struct Members {
    pieces: HashMap<u64, Pieces>,
    index: BTreeSet<(Term, u64, u32)>,
}

#[derive(Default)]
struct Pieces {
    size: usize,
    texts: BTreeMap<u32, Arc<str>>,
}

/// A resource.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) key: Box<str>,
    pub(super) body: Arc<str>,
    pub(super) members_at: Option<u32>,
}

impl Entry {
    pub(super) fn of(record: &Record) -> Self {
        Self { key: record.key.as_str().into(), body: record.body.as_str().into(), members_at: record.members_at }
    }
}

impl Index {
    fn places(&self, fingerprint: Fingerprint) -> impl Iterator<Item = u64> {
        self.0.range((fingerprint, 0)..=(fingerprint, u64::MAX)).map(|&(_, place)| place)
    }
}

fn fingerprint(text: &str) -> Fingerprint {
    Fingerprint::of(0, text.as_bytes())
}

impl Table {
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            blocks: Vec::new(),
            end: 0,
            live: 0,
            ids: Index::default(),
            keys: Index::default(),
            terms: Index::default(),
            members: Members::default(),
        }
    }

    pub(super) fn entry(&self, place: u64) -> Option<&Entry> {
        self.blocks.get(index(place / BLOCK))?.entries.get(index(place % BLOCK))?.as_ref()
    }

    /// Where the next resource goes.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    pub(super) fn len(&self) -> u64 {
        self.live
    }

    /// Where the resource of an id is.
    pub(super) fn find(&self, id: &str) -> Option<u64> {
        let id = json_text(id);
        let is_it = |place: &u64| self.entry(*place).is_some_and(|entry| id_text(&entry.body) == id);
        self.ids.places(fingerprint(&id)).find(is_it)
    }

    /// Where those of a key are.
    pub(super) fn called(&self, key: &str) -> impl Iterator<Item = u64> {
        let is_it = move |place: &u64| self.entry(*place).is_some_and(|entry| *entry.key == *key);
        self.keys.places(fingerprint(key)).filter(is_it)
    }

    /// Where those are that may have a value.
    pub(super) fn having(&self, term: Term) -> impl Iterator<Item = u64> {
        self.terms.places(term)
    }

    /// The places from one on.
    pub(super) fn from(&self, place: u64) -> impl Iterator<Item = (u64, &Entry)> {
        let first = place / BLOCK;
        let blocks = (first..).zip(self.blocks.iter().skip(index(first)));
        let entries = blocks.flat_map(|(number, block)| (number * BLOCK..).zip(&block.entries));
        entries.skip_while(move |(at, _)| *at < place).filter_map(|(at, entry)| Some((at, entry.as_ref()?)))
    }

    /// Those from the one of a rank on, from 0.
    pub(super) fn ranked(&self, rank: u64) -> impl Iterator<Item = (u64, &Entry)> {
        let (mut ahead, mut first) = (rank, 0);
        while let Some(block) = self.blocks.get(index(first)).filter(|block| block.live <= ahead) {
            ahead -= block.live;
            first += 1;
        }
        self.from(first * BLOCK).skip(index(ahead))
    }

    /// Puts something into a place that was given, or into the next one, with what it is found by; gives back what was
    /// there.
    pub(super) fn put(&mut self, place: u64, entry: Option<Entry>, terms: &[Term]) -> Option<Entry> {
        if place == self.end {
            if place.is_multiple_of(BLOCK) {
                self.blocks.push(Block::default());
            }
            self.end += 1;
        }
        let is_last = place / BLOCK == self.end / BLOCK;
        let block = &mut self.blocks[index(place / BLOCK)];
        let at = index(place % BLOCK);
        if block.entries.len() <= at {
            block.entries.resize_with(at + 1, || None);
        }
        let before = block.entries[at].take();
        let (is, was) = (u64::from(entry.is_some()), u64::from(before.is_some()));
        (block.live, self.live) = (block.live + is - was, self.live + is - was);
        if let Some(before) = &before {
            self.ids.0.remove(&(fingerprint(id_text(&before.body)), place));
            self.keys.0.remove(&(fingerprint(&before.key), place));
            for term in terms_of(self.kind, &before.body) {
                self.terms.0.remove(&(term, place));
            }
        }
        if let Some(entry) = &entry {
            self.ids.0.insert((fingerprint(id_text(&entry.body)), place));
            self.keys.0.insert((fingerprint(&entry.key), place));
            self.terms.0.extend(terms.iter().map(|term| (*term, place)));
        }
        block.entries[at] = entry;
        if block.live == 0 && !is_last {
            block.entries = Vec::new();
        }
        before
    }
}

/// Members of groups.
impl Table {
    pub(super) fn pieces(&self, place: u64) -> impl DoubleEndedIterator<Item = (u32, &Arc<str>)> {
        self.members.pieces.get(&place).into_iter().flat_map(|pieces| pieces.texts.iter().map(|(&at, text)| (at, text)))
    }

    pub(super) fn piece(&self, place: u64, number: u32) -> Option<Arc<str>> {
        self.members.pieces.get(&place)?.texts.get(&number).cloned()
    }

    pub(super) fn members_size(&self, place: u64) -> usize {
        self.members.pieces.get(&place).map_or(0, |pieces| pieces.size)
    }

    /// The pieces of a group that may have a member.
    pub(super) fn pieces_with(&self, place: u64, term: Term) -> impl Iterator<Item = u32> {
        self.members.index.range((term, place, 0)..=(term, place, u32::MAX)).map(|&(_, _, number)| number)
    }

    /// Where the groups are that have a member.
    pub(super) fn groups_with(&self, member: &str) -> Vec<u64> {
        let (term, mark) = (member_term(member), members::mark(member));
        let mut places: Vec<u64> = self
            .members
            .index
            .range((term, 0, 0)..=(term, u64::MAX, u32::MAX))
            .filter(|(_, place, number)| self.piece(*place, *number).is_some_and(|piece| piece.contains(&mark)))
            .map(|&(_, place, _)| place)
            .collect();
        places.dedup();
        places
    }

    /// Puts a piece into a group, or takes it away; gives back what was there.
    pub(super) fn put_piece(&mut self, place: u64, number: u32, text: Option<Arc<str>>) -> Option<Arc<str>> {
        let Members { pieces, index } = &mut self.members;
        let group = pieces.entry(place).or_default();
        let after = members::terms_of(text.as_deref());
        group.size += text.as_ref().map_or(0, |text| text.len() + 1);
        let before = match text {
            Some(text) => group.texts.insert(number, text),
            None => group.texts.remove(&number),
        };
        group.size -= before.as_ref().map_or(0, |text| text.len() + 1);
        if group.texts.is_empty() {
            pieces.remove(&place);
        }
        let was = members::terms_of(before.as_deref());
        for term in was.difference(&after) {
            index.remove(&(*term, place, number));
        }
        index.extend(after.difference(&was).map(|term| (*term, place, number)));
        before
    }
}

fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

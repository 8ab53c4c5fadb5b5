//! The resources of one kind in memory: in the order in which they came, with indexes.

use std::collections::hash_map::Entry as Slotted;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
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
    terms: BTreeSet<(Term, u64)>,
    members: Members,
}

const BLOCK: u64 = 1024;

/// Texts of a block lie one after the other, without the room that many small allocations take.
#[derive(Default)]
struct Block {
    live: u64,
    slots: Vec<Option<Slot>>,
    text: String,
    /// How much of the text is still somebody's.
    used: usize,
}

/// Where in a block's text a resource is: its key, then its body.
#[derive(Clone, Copy)]
struct Slot {
    start: u32,
    key: u32,
    body: u32,
    members_at: Option<u32>,
}

/// Fingerprints of texts that are mostly unique, and the places where they are found. Two texts may have the same one.
#[derive(Default)]
struct Index {
    first: HashMap<Fingerprint, u64, BuildHasherDefault<AsItIs>>,
    more: BTreeSet<(Fingerprint, u64)>,
}

/// Takes a fingerprint as its own hash.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = Fingerprint::of(0, bytes).0;
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

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
#[derive(Clone, Copy)]
pub(super) struct Entry<'t> {
    pub(super) key: &'t str,
    pub(super) body: &'t str,
    pub(super) members_at: Option<u32>,
}

impl<'r> Entry<'r> {
    pub(super) fn of(record: &'r Record) -> Self {
        Self { key: &record.key, body: &record.body, members_at: record.members_at }
    }

    pub(super) fn to_owned(self) -> OwnedEntry {
        OwnedEntry { key: self.key.into(), body: self.body.into(), members_at: self.members_at }
    }
}

/// A resource that was taken out of its table.
pub(super) struct OwnedEntry {
    key: Box<str>,
    body: Box<str>,
    members_at: Option<u32>,
}

impl OwnedEntry {
    pub(super) fn as_entry(&self) -> Entry<'_> {
        Entry { key: &self.key, body: &self.body, members_at: self.members_at }
    }
}

impl Block {
    fn entry(&self, at: usize) -> Option<Entry<'_>> {
        self.slots.get(at)?.map(|slot| self.read(slot))
    }

    fn read(&self, slot: Slot) -> Entry<'_> {
        let (start, key) = (slot.start as usize, slot.key as usize);
        let body = start + key;
        Entry {
            key: &self.text[start..body],
            body: &self.text[body..body + slot.body as usize],
            members_at: slot.members_at,
        }
    }

    /// Takes a resource out, gives back what it was.
    fn take(&mut self, at: usize) -> Option<OwnedEntry> {
        let slot = self.slots.get_mut(at)?.take()?;
        self.live -= 1;
        self.used -= slot.key as usize + slot.body as usize;
        Some(self.read(slot).to_owned())
    }

    fn set(&mut self, at: usize, entry: Entry<'_>) {
        if self.slots.len() <= at {
            self.slots.resize(at + 1, None);
        }
        let size = entry.key.len() + entry.body.len();
        if self.text.len() > 2 * (self.used + size) {
            self.tidy();
        }
        let number = |length: usize| u32::try_from(length).expect("a resource, and so a block, isn't that long");
        let (start, key, body) = (number(self.text.len()), number(entry.key.len()), number(entry.body.len()));
        self.text.push_str(entry.key);
        self.text.push_str(entry.body);
        self.slots[at] = Some(Slot { start, key, body, members_at: entry.members_at });
        (self.live, self.used) = (self.live + 1, self.used + size);
        if at + 1 == index(BLOCK) {
            self.text.shrink_to_fit();
        }
    }

    /// Throws away what is nobody's any more.
    fn tidy(&mut self) {
        let mut text = String::with_capacity(self.used);
        for slot in self.slots.iter_mut().flatten() {
            let (start, size) = (slot.start as usize, slot.key as usize + slot.body as usize);
            slot.start = u32::try_from(text.len()).expect("it was longer before");
            text.push_str(&self.text[start..start + size]);
        }
        self.text = text;
    }
}

impl Index {
    /// In order.
    fn places(&self, fingerprint: Fingerprint) -> impl Iterator<Item = u64> {
        let first = self.first.get(&fingerprint).copied();
        let mut more = Vec::new();
        if first.is_some() && !self.more.is_empty() {
            more.extend(self.more.range((fingerprint, 0)..=(fingerprint, u64::MAX)).map(|&(_, place)| place));
            if let Some(first) = first.filter(|_| !more.is_empty()) {
                more.insert(more.partition_point(|place| *place < first), first);
            }
        }
        first.filter(|_| more.is_empty()).into_iter().chain(more)
    }

    fn add(&mut self, fingerprint: Fingerprint, place: u64) {
        match self.first.entry(fingerprint) {
            Slotted::Vacant(free) => {
                free.insert(place);
            }
            Slotted::Occupied(_) => {
                self.more.insert((fingerprint, place));
            }
        }
    }

    fn remove(&mut self, fingerprint: Fingerprint, place: u64) {
        if self.more.remove(&(fingerprint, place)) {
            return;
        }
        let next = self.more.range((fingerprint, 0)..=(fingerprint, u64::MAX)).next().copied();
        match next {
            Some(next) => {
                self.more.remove(&next);
                self.first.insert(fingerprint, next.1);
            }
            None => {
                self.first.remove(&fingerprint);
            }
        }
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
            terms: BTreeSet::new(),
            members: Members::default(),
        }
    }

    pub(super) fn entry(&self, place: u64) -> Option<Entry<'_>> {
        self.blocks.get(index(place / BLOCK))?.entry(index(place % BLOCK))
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
        let is_it = |place: &u64| self.entry(*place).is_some_and(|entry| id_text(entry.body) == id);
        self.ids.places(fingerprint(&id)).find(is_it)
    }

    /// Where those of a key are.
    pub(super) fn called(&self, key: &str) -> impl Iterator<Item = u64> {
        let is_it = move |place: &u64| self.entry(*place).is_some_and(|entry| entry.key == key);
        self.keys.places(fingerprint(key)).filter(is_it)
    }

    /// Where those are that may have a value.
    pub(super) fn having(&self, term: Term) -> impl Iterator<Item = u64> {
        // looking for the end of a range too would take as long again
        self.terms.range((term, 0)..).take_while(move |(found, _)| *found == term).map(|&(_, place)| place)
    }

    /// The places from one on.
    pub(super) fn from(&self, place: u64) -> impl Iterator<Item = (u64, Entry<'_>)> {
        let first = place / BLOCK;
        let blocks = (first..).zip(self.blocks.iter().skip(index(first)));
        let entries = blocks.flat_map(|(number, block)| {
            let slots = (number * BLOCK..).zip(&block.slots);
            slots.filter_map(|(at, slot)| Some((at, block.read((*slot)?))))
        });
        entries.skip_while(move |(at, _)| *at < place)
    }

    /// Those from the one of a rank on, from 0.
    pub(super) fn ranked(&self, rank: u64) -> impl Iterator<Item = (u64, Entry<'_>)> {
        let (mut ahead, mut first) = (rank, 0);
        while let Some(block) = self.blocks.get(index(first)).filter(|block| block.live <= ahead) {
            ahead -= block.live;
            first += 1;
        }
        self.from(first * BLOCK).skip(index(ahead))
    }

    /// Puts something into a place that was given, or into the next one, with what it is found by; gives back what was
    /// there.
    pub(super) fn put(&mut self, place: u64, entry: Option<Entry<'_>>, terms: &[Term]) -> Option<OwnedEntry> {
        if place == self.end {
            if place.is_multiple_of(BLOCK) {
                self.blocks.push(Block::default());
            }
            self.end += 1;
        }
        let is_last = place / BLOCK == self.end / BLOCK;
        let block = &mut self.blocks[index(place / BLOCK)];
        let at = index(place % BLOCK);
        self.live -= block.live;
        let before = block.take(at);
        if let Some(before) = &before {
            self.ids.remove(fingerprint(id_text(&before.body)), place);
            self.keys.remove(fingerprint(&before.key), place);
            for term in terms_of(self.kind, &before.body) {
                self.terms.remove(&(term, place));
            }
        }
        if let Some(entry) = entry {
            self.ids.add(fingerprint(id_text(entry.body)), place);
            self.keys.add(fingerprint(entry.key), place);
            self.terms.extend(terms.iter().map(|term| (*term, place)));
            block.set(at, entry);
        }
        self.live += block.live;
        if block.live == 0 && !is_last {
            *block = Block::default();
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

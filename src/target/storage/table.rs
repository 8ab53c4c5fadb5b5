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
/// How much of a block's text may be nobody's, besides as much as is somebody's.
const WASTE: usize = 4096;

/// Texts of a block lie one after the other, without the room that many small allocations take.
#[derive(Default)]
struct Block {
    live: u64,
    slots: Vec<Option<Slot>>,
    text: String,
    /// How much of the text is still somebody's.
    used: usize,
}

/// Where in a block's text a resource is: its key, then its body. A resource isn't longer than a `u32` can say, many of
/// them are.
#[derive(Clone, Copy)]
struct Slot {
    start: usize,
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

impl Slot {
    /// For an entry that has no place yet.
    fn of(entry: Entry<'_>) -> Self {
        let number = |length: usize| u32::try_from(length).expect("a resource isn't that long");
        Self { start: 0, key: number(entry.key.len()), body: number(entry.body.len()), members_at: entry.members_at }
    }

    fn size(self) -> usize {
        self.key as usize + self.body as usize
    }
}

impl Block {
    fn entry(&self, at: usize) -> Option<Entry<'_>> {
        self.slots.get(at)?.map(|slot| self.read(slot))
    }

    fn read(&self, slot: Slot) -> Entry<'_> {
        let body = slot.start + slot.key as usize;
        Entry {
            key: &self.text[slot.start..body],
            body: &self.text[body..body + slot.body as usize],
            members_at: slot.members_at,
        }
    }

    /// Takes a resource out, gives back what it was.
    fn take(&mut self, at: usize) -> Option<OwnedEntry> {
        let slot = self.slots.get_mut(at)?.take()?;
        let before = self.read(slot).to_owned();
        self.live -= 1;
        self.used -= slot.size();
        if self.text.len() > 2 * self.used + WASTE {
            self.tidy();
        }
        Some(before)
    }

    fn set(&mut self, at: usize, slot: Slot, entry: Entry<'_>) {
        if self.slots.len() <= at {
            self.slots.resize(at + 1, None);
        }
        self.slots[at] = Some(Slot { start: self.text.len(), ..slot });
        self.text.push_str(entry.key);
        self.text.push_str(entry.body);
        (self.live, self.used) = (self.live + 1, self.used + slot.size());
        if at + 1 == index(BLOCK) {
            self.text.shrink_to_fit();
        }
    }

    /// Throws away what is nobody's any more.
    fn tidy(&mut self) {
        let mut text = String::with_capacity(self.used);
        for slot in self.slots.iter_mut().flatten() {
            let start = std::mem::replace(&mut slot.start, text.len());
            text.push_str(&self.text[start..start + slot.size()]);
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

    /// Where those are that may have a value, from a place on.
    pub(super) fn having(&self, term: Term, from: u64) -> impl Iterator<Item = u64> {
        // looking for the end of a range too would take as long again
        self.terms.range((term, from)..).take_while(move |(found, _)| *found == term).map(|&(_, place)| place)
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
        // fails before anything is touched
        let entry = entry.map(|entry| (Slot::of(entry), entry));
        if place == self.end {
            if place.is_multiple_of(BLOCK) {
                self.blocks.push(Block::default());
            }
            self.end += 1;
        }
        let is_last = place / BLOCK == self.end / BLOCK;
        let block = &mut self.blocks[index(place / BLOCK)];
        let at = index(place % BLOCK);
        let before = block.take(at);
        if let Some(before) = &before {
            self.live -= 1;
            self.ids.remove(fingerprint(id_text(&before.body)), place);
            self.keys.remove(fingerprint(&before.key), place);
            for term in terms_of(self.kind, &before.body) {
                self.terms.remove(&(term, place));
            }
        }
        if let Some((slot, entry)) = entry {
            self.ids.add(fingerprint(id_text(entry.body)), place);
            self.keys.add(fingerprint(entry.key), place);
            self.terms.extend(terms.iter().map(|term| (*term, place)));
            block.set(at, slot, entry);
            self.live += 1;
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_deleted_gives_its_memory_back() {
        let mut table = Table::new(Kind::User);
        let body = |number: u64, length: usize| format!("{{\"id\":\"{number}\",\"title\":\"{}\"}}", "x".repeat(length));
        for number in 0..100 {
            let (key, body) = (number.to_string(), body(number, 10_000));
            table.put(number, Some(Entry { key: &key, body: &body, members_at: None }), &[]);
        }
        for number in 0..99 {
            assert!(table.put(number, None, &[]).is_some());
        }
        let block = &table.blocks[0];
        assert!(block.text.capacity() < 30_000, "{}", block.text.capacity());
        assert_eq!((table.len(), block.live, block.used), (1, 1, block.entry(99).unwrap().body.len() + 2));
        assert_eq!(table.entry(99).unwrap().body, body(99, 10_000));
        assert_eq!(table.find("99"), Some(99));
        for number in 0..10_000 {
            let body = body(99, number % 7);
            table.put(99, Some(Entry { key: "99", body: &body, members_at: None }), &[]);
            assert_eq!(table.entry(99).unwrap().body, body);
        }
        assert!(table.blocks[0].text.capacity() < 30_000 && table.len() == 1);
    }
}

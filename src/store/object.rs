//! What is remembered of every object, packed for a million of them.

use std::fmt;
use std::hash::BuildHasher;

use rusqlite::{CachedStatement, params};
use rustc_hash::{FxBuildHasher, FxHashMap};

use super::{Store, StoreError, row};
use crate::base::{Fingerprint, SourceId, TargetId, Timestamp};
use crate::plan::{FailedPart, Failure, PriorState, Staged, Standing};
use crate::schema::ObjectKind;

/// Bytes of one piece of the arena.
const PIECE: usize = 1 << 20;
/// Marks a slot of the hash table that is free.
const FREE: u32 = u32::MAX;

/// The saved states of one kind of object, in memory and read-only.
///
/// It takes about 32 bytes for the id, 24 for bookkeeping, and the bytes of fingerprints, target id
/// and name: about 230 bytes for a linked user with a dozen attributes.
#[derive(Default)]
pub struct ObjectStates {
    ids: Vec<SourceId>,
    entries: Vec<Entry>,
    /// Open addressing over `ids`; its length is a power of two and at least twice theirs.
    table: Vec<u32>,
    pieces: Vec<Vec<u8>>,
    deleted_since: FxHashMap<u32, Timestamp>,
    failures: FxHashMap<u32, Failure>,
    staged: FxHashMap<u32, Staged>,
}

/// Where the packed fingerprints lie, with the target id and the name right behind them.
struct Entry {
    piece: u32,
    start: u32,
    fingerprints: u32,
    /// Length of the target id; [`FREE`] for none.
    target: u32,
    name: u32,
    standing: Standing,
}

impl ObjectStates {
    /// What is remembered of an object, as a copy.
    pub fn get(&self, id: &SourceId) -> Option<PriorState> {
        self.view(id).map(PriorView::to_prior_state)
    }

    /// What is remembered of an object, in place.
    pub fn view(&self, id: &SourceId) -> Option<PriorView<'_>> {
        let index = self.slots(id).map(|slot| self.table[slot]).find(|index| self.is_end(*index, id))?;
        (index != FREE).then_some(PriorView { states: self, index })
    }

    /// Every object, in the order in which they were first remembered.
    pub fn iter(&self) -> impl Iterator<Item = (&SourceId, PriorView<'_>)> {
        (0..).zip(&self.ids).map(|(index, id)| (id, PriorView { states: self, index }))
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// How many of them have an account.
    pub fn linked(&self) -> usize {
        self.entries.iter().filter(|entry| entry.target != FREE).count()
    }

    /// How many of them wait for their disable or delete to be allowed, at an instant.
    pub fn held_back(&self, now: Timestamp) -> usize {
        self.staged.values().filter(|staged| !staged.is_allowed(now)).count()
    }

    /// With how many of them this part failed last time.
    pub fn failing(&self, part: FailedPart) -> usize {
        self.failures.values().filter(|failure| failure.part == part).count()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The slots where an id can be, from the most likely one on; none while there is no table.
    fn slots(&self, id: &SourceId) -> impl Iterator<Item = usize> + use<> {
        let size = self.table.len();
        let hash = usize::try_from(FxBuildHasher.hash_one(id) & u64::from(u32::MAX)).unwrap_or(0);
        (0..size).map(move |step| hash.wrapping_add(step) & (size - 1))
    }

    /// Whether the search for an id ends at this content of a slot.
    fn is_end(&self, index: u32, id: &SourceId) -> bool {
        index == FREE || self.ids[index as usize] == *id
    }

    fn with_capacity(count: usize) -> Self {
        let size = if count == 0 { 0 } else { (count * 2).next_power_of_two() };
        Self {
            ids: Vec::with_capacity(count),
            entries: Vec::with_capacity(count),
            table: vec![FREE; size],
            ..Self::default()
        }
    }

    /// Makes room for one more.
    fn grow(&mut self) {
        if (self.ids.len() + 1) * 2 > self.table.len() {
            self.table = vec![FREE; (self.table.len() * 2).max(16)];
            for index in 0..self.ids.len() {
                let slot = self.slots(&self.ids[index]).find(|slot| self.table[*slot] == FREE);
                self.table[slot.expect("half of the table is free")] = index_of(index);
            }
        }
    }

    fn push(&mut self, row: &rusqlite::Row<'_>) -> rusqlite::Result<()> {
        let id = row::source_id(row, 0)?;
        let target = row.get_ref(1)?.as_str_or_null().map_err(|_| row::unreadable(1, "a target id", "no text"))?;
        let standing = row::standing(row, 2)?;
        let packed = row.get_ref(3)?.as_blob().map_err(|_| row::unreadable(3, "fingerprints", "no bytes"))?;
        if unpack(packed).is_none() {
            return Err(row::unreadable(3, "fingerprints", format!("{} bytes", packed.len())));
        }
        let deleted_since = row::optional_timestamp(row, 4)?;
        let failure = failure(row, 6)?;
        let staged = row::staged(row, 14)?;
        self.grow();
        let slot = self.slots(&id).find(|slot| self.is_end(self.table[*slot], &id));
        let slot = slot.expect("half of the table is free");
        if self.table[slot] != FREE {
            // GUIDs are kept in lower case, so that only a foreign hand can bring two spellings.
            return Err(row::unreadable(0, "a second source id", id.to_string()));
        }
        let index = index_of(self.ids.len());
        let name = row.get_ref(5)?.as_str().map_err(|_| row::unreadable(5, "a name", "no text"))?;
        let (piece, start) = self.place(packed, target.unwrap_or_default(), name);
        self.table[slot] = index;
        self.ids.push(id);
        self.entries.push(Entry {
            piece,
            start,
            fingerprints: index_of(packed.len()),
            target: target.map_or(FREE, |target| index_of(target.len())),
            name: index_of(name.len()),
            standing,
        });
        self.deleted_since.extend(deleted_since.map(|since| (index, since)));
        self.failures.extend(failure.map(|failure| (index, failure)));
        self.staged.extend(staged.map(|staged| (index, staged)));
        Ok(())
    }

    /// Copies all three into the arena and says where they are. Pieces don't move when it grows.
    fn place(&mut self, packed: &[u8], target: &str, name: &str) -> (u32, u32) {
        let needed = packed.len() + target.len() + name.len();
        if self.pieces.last().is_none_or(|piece| piece.capacity() - piece.len() < needed) {
            self.pieces.push(Vec::with_capacity(PIECE.max(needed)));
        }
        let number = self.pieces.len() - 1;
        let piece = &mut self.pieces[number];
        let start = piece.len();
        piece.extend_from_slice(packed);
        piece.extend_from_slice(target.as_bytes());
        piece.extend_from_slice(name.as_bytes());
        (index_of(number), index_of(start))
    }
}

/// Texts and blobs of a database stay below 2³¹ bytes, and memory ends before four billion objects.
fn index_of(index: usize) -> u32 {
    u32::try_from(index).expect("fewer than four billion")
}

/// Says how many there are.
impl fmt::Debug for ObjectStates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectStates({} objects)", self.len())
    }
}

/// What is remembered of one object, without copying it.
#[derive(Clone, Copy)]
pub struct PriorView<'a> {
    states: &'a ObjectStates,
    index: u32,
}

impl<'a> PriorView<'a> {
    fn entry(self) -> &'a Entry {
        &self.states.entries[self.index as usize]
    }

    /// The packed fingerprints, the target id, the name.
    fn bytes(self) -> (&'a [u8], &'a [u8], &'a [u8]) {
        let entry = self.entry();
        let from = &self.states.pieces[entry.piece as usize][entry.start as usize..];
        let (packed, rest) = from.split_at(entry.fingerprints as usize);
        let (target, rest) = rest.split_at(if entry.target == FREE { 0 } else { entry.target as usize });
        (packed, target, &rest[..entry.name as usize])
    }

    /// User principal name or display name when the object was last seen.
    pub fn name(self) -> &'a str {
        std::str::from_utf8(self.bytes().2).expect("it was a string when it was put there")
    }

    /// The linked account's id.
    pub fn target(self) -> Option<&'a str> {
        let text = || std::str::from_utf8(self.bytes().1).expect("it was a string when it was put there");
        (self.entry().target != FREE).then(text)
    }

    /// How the object stood.
    pub fn standing(self) -> Standing {
        self.entry().standing
    }

    /// Its fingerprints in the order of the watermark's attribute names.
    pub fn fingerprints(self) -> impl Iterator<Item = Option<Fingerprint>> + use<'a> {
        unpack(self.bytes().0).expect("it was tried when it was read")
    }

    /// Since when it has been seen as soft-deleted.
    pub fn deleted_since(self) -> Option<Timestamp> {
        self.states.deleted_since.get(&self.index).copied()
    }

    /// Its last export's failure.
    pub fn failure(self) -> Option<&'a Failure> {
        self.states.failures.get(&self.index)
    }

    /// Set while its disable or delete is held back.
    pub fn staged(self) -> Option<Staged> {
        self.states.staged.get(&self.index).copied()
    }

    /// All of it, as a copy.
    pub fn to_prior_state(self) -> PriorState {
        PriorState {
            name: self.name().into(),
            target: self.target().map(TargetId::new),
            standing: self.standing(),
            fingerprints: self.fingerprints().collect(),
            deleted_since: self.deleted_since(),
            failure: self.failure().cloned(),
            staged: self.staged(),
        }
    }
}

impl fmt::Debug for PriorView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_prior_state().fmt(f)
    }
}

impl Store {
    /// The saved states of all users, or of all groups.
    pub fn objects(&self, kind: ObjectKind) -> Result<ObjectStates, StoreError> {
        let select = "SELECT source_id, target_id, standing, fingerprints, deleted_since, name, failures, failed_first,
                             error_code, error_message, failed_seen, failed_part, failed_action, failed_last,
                             staged_since, staged_until FROM object WHERE kind = ?1 ORDER BY rowid";
        self.try_sql(|sql| {
            let counted = "SELECT count(*) FROM object WHERE kind = ?1";
            let count: i64 = sql.query_row(counted, [kind.as_str()], |row| row.get(0))?;
            let mut states = ObjectStates::with_capacity(usize::try_from(count).unwrap_or(0));
            let mut statement = sql.prepare(select)?;
            let mut rows = statement.query([kind.as_str()])?;
            while let Some(row) = rows.next()? {
                states.push(row)?;
            }
            Ok(states)
        })
    }
}

fn failure(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Option<Failure>> {
    match row.get(column)? {
        None => Ok(None),
        Some(count) => Ok(Some(Failure {
            count,
            first_at: row::timestamp(row, column + 1)?,
            last_at: row::timestamp(row, column + 7)?,
            code: row.get(column + 2)?,
            message: row.get(column + 3)?,
            seen: Fingerprint(row.get::<_, i64>(column + 4)?.cast_unsigned()),
            part: row::failed_part(row, column + 5)?,
            action: row::action(row, column + 6)?,
        })),
    }
}

pub(super) const PUT: &str = "INSERT INTO object (source_id, kind, target_id, standing, fingerprints, deleted_since,
    failures, failed_first, error_code, error_message, name, failed_seen, failed_part, failed_action, staged_since,
    staged_until, failed_last) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
    ON CONFLICT DO UPDATE SET target_id = ?3, standing = ?4, fingerprints = ?5, deleted_since = ?6, failures = ?7,
    failed_first = ?8, error_code = ?9, error_message = ?10, name = ?11, failed_seen = ?12, failed_part = ?13,
    failed_action = ?14, staged_since = ?15, staged_until = ?16, failed_last = ?17";

pub(super) const REMOVE: &str = "DELETE FROM object WHERE source_id = ?1 AND kind = ?2";

/// Whether an object is linked to another account than `?3`.
pub(super) const MOVES: &str =
    "SELECT 1 FROM object WHERE source_id = ?1 AND kind = ?2 AND target_id IS NOT NULL AND target_id IS NOT ?3";

/// Writes one state with the prepared [`PUT`]; `packed` is scratch space.
pub(super) fn put(
    statement: &mut CachedStatement<'_>,
    kind: ObjectKind,
    source_id: &str,
    state: &PriorState,
    packed: &mut Vec<u8>,
) -> rusqlite::Result<()> {
    pack(&state.fingerprints, packed);
    let failure = state.failure.as_ref();
    statement
        .execute(params![
            source_id,
            kind.as_str(),
            state.target.as_ref().map(TargetId::as_str),
            state.standing.as_str(),
            &packed[..],
            state.deleted_since.map(Timestamp::as_microsecond),
            failure.map(|failure| failure.count),
            failure.map(|failure| failure.first_at.as_microsecond()),
            failure.map(|failure| &failure.code),
            failure.map(|failure| &failure.message),
            &*state.name,
            failure.map(|failure| failure.seen.0.cast_signed()),
            failure.map(|failure| failure.part.as_str()),
            failure.map(|failure| failure.action.as_str()),
            state.staged.map(|staged| staged.since.as_microsecond()),
            state.staged.and_then(|staged| staged.allowed_until).map(Timestamp::as_microsecond),
            failure.map(|failure| failure.last_at.as_microsecond()),
        ])
        .map(drop)
}

/// No failure, as an update sets it.
const NO_FAILURE: &str = "failures = NULL, failed_first = NULL, failed_last = NULL, error_code = NULL,
    error_message = NULL, failed_seen = NULL, failed_part = NULL, failed_action = NULL";

pub(super) fn forget_failures(sql: &rusqlite::Connection) -> rusqlite::Result<()> {
    sql.execute(&format!("UPDATE object SET {NO_FAILURE} WHERE failures IS NOT NULL"), []).map(drop)
}

const FAIL: &str = "UPDATE object SET failures = ?3, failed_first = ?4, failed_last = ?5, error_code = ?6,
    error_message = ?7, failed_seen = ?8, failed_part = ?9, failed_action = ?10 WHERE source_id = ?1 AND kind = ?2";

/// Sets the failure of a state that is there, or takes one of this part away.
pub(super) fn set_failure(
    sql: &rusqlite::Connection,
    kind: ObjectKind,
    source_id: &str,
    change: Result<FailedPart, &Failure>,
) -> rusqlite::Result<()> {
    let failure = match change {
        Err(failure) => failure,
        Ok(part) => {
            let update =
                format!("UPDATE object SET {NO_FAILURE} WHERE source_id = ?1 AND kind = ?2 AND failed_part = ?3");
            return sql.prepare_cached(&update)?.execute((source_id, kind.as_str(), part.as_str())).map(drop);
        }
    };
    let values = params![
        source_id,
        kind.as_str(),
        failure.count,
        failure.first_at.as_microsecond(),
        failure.last_at.as_microsecond(),
        failure.code,
        failure.message,
        failure.seen.0.cast_signed(),
        failure.part.as_str(),
        failure.action.as_str(),
    ];
    sql.prepare_cached(FAIL)?.execute(values).map(drop)
}

/// Packs fingerprints: their number as `u32`, one bit each for whether it is there (lowest bit
/// first), then those that are there as `u64`; all little-endian.
fn pack(fingerprints: &[Option<Fingerprint>], packed: &mut Vec<u8>) {
    packed.clear();
    packed.extend_from_slice(&index_of(fingerprints.len()).to_le_bytes());
    packed.extend(fingerprints.chunks(8).map(|chunk| {
        chunk.iter().enumerate().fold(0_u8, |bits, (at, fingerprint)| bits | u8::from(fingerprint.is_some()) << at)
    }));
    for fingerprint in fingerprints.iter().flatten() {
        packed.extend_from_slice(&fingerprint.0.to_le_bytes());
    }
}

/// Unpacks them one by one; `None` when the bytes can't have come from [`pack`].
fn unpack(packed: &[u8]) -> Option<impl Iterator<Item = Option<Fingerprint>> + use<'_>> {
    let (count, rest) = packed.split_first_chunk::<4>()?;
    let count = usize::try_from(u32::from_le_bytes(*count)).ok()?;
    let (bits, rest) = rest.split_at_checked(count.div_ceil(8))?;
    let (values, left_over) = rest.as_chunks::<8>();
    let is_set = |at: usize| bits[at / 8] >> (at % 8) & 1 == 1;
    let present: u32 = bits.iter().map(|byte| byte.count_ones()).sum();
    let strays = (count..bits.len() * 8).any(is_set);
    let fits = left_over.is_empty() && u32::try_from(values.len()) == Ok(present) && !strays;
    let mut values = values.iter();
    fits.then(|| {
        (0..count).map(move |at| {
            let is_set = bits[at / 8] >> (at % 8) & 1 == 1;
            is_set.then(|| values.next().map(|value| Fingerprint(u64::from_le_bytes(*value)))).flatten()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_round_trip() {
        let check = |fingerprints: &[Option<u64>], length: usize| {
            let fingerprints: Vec<_> = fingerprints.iter().map(|value| value.map(Fingerprint)).collect();
            let mut packed = vec![1, 2, 3];
            pack(&fingerprints, &mut packed);
            assert_eq!(packed.len(), length);
            assert_eq!(unpack(&packed).map(Iterator::collect), Some(fingerprints));
        };
        check(&[], 4);
        check(&[None], 5);
        check(&[Some(0)], 13);
        check(&[Some(1), None, Some(u64::MAX)], 21);
        check(&[None, None, None, None, None, None, None, Some(7), Some(8)], 22);
    }

    #[test]
    fn bytes_of_others_are_refused() {
        let check = |packed: &[u8]| assert!(unpack(packed).is_none(), "{packed:?}");
        check(&[]);
        check(&[1, 0, 0]);
        check(&[1, 0, 0, 0]);
        check(&[1, 0, 0, 0, 1]);
        check(&[1, 0, 0, 0, 2]);
        check(&[1, 0, 0, 0, 0, 9]);
        check(&[255, 255, 255, 255, 0]);
    }
}

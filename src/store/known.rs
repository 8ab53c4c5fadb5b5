//! Sets of hashes that tell how much of what was known is missing.

use std::fmt;

/// Hashes of everything of one sort that an export had: sorted, without duplicates.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct KnownSet(Vec<u64>);

impl KnownSet {
    /// Sorts the hashes and drops duplicates.
    pub fn from_unsorted(mut hashes: Vec<u64>) -> Self {
        hashes.sort_unstable();
        hashes.dedup();
        hashes.shrink_to_fit();
        Self(hashes)
    }

    /// The hashes, ascending.
    pub fn as_slice(&self) -> &[u64] {
        &self.0
    }

    /// Whether a hash is among them.
    pub fn contains(&self, hash: u64) -> bool {
        self.0.binary_search(&hash).is_ok()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many of these `now` lacks, in one pass over both.
    pub fn missing_in(&self, now: &Self) -> usize {
        let mut rest = now.0.iter().peekable();
        let is_missing = |hash: &&u64| {
            while rest.next_if(|other| other < hash).is_some() {}
            rest.peek() != Some(hash)
        };
        self.0.iter().filter(is_missing).count()
    }

    /// Eight bytes each, little-endian, ascending.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|hash| hash.to_le_bytes()).collect()
    }

    /// Reads [`Self::to_bytes`] back; `None` when it can't have come from there.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (hashes, rest) = bytes.as_chunks::<8>();
        let hashes: Vec<u64> = hashes.iter().map(|hash| u64::from_le_bytes(*hash)).collect();
        (rest.is_empty() && hashes.is_sorted_by(|a, b| a < b)).then_some(Self(hashes))
    }
}

/// Says how many there are.
impl fmt::Debug for KnownSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KnownSet({} hashes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(hashes: &[u64]) -> KnownSet {
        KnownSet::from_unsorted(hashes.to_vec())
    }

    #[test]
    fn counts_what_is_missing() {
        let check = |known: &[u64], now: &[u64], expected: usize| {
            assert_eq!(set(known).missing_in(&set(now)), expected, "{known:?} in {now:?}");
        };
        check(&[], &[], 0);
        check(&[], &[1, 2], 0);
        check(&[1, 2], &[], 2);
        check(&[3, 1, 2, 2], &[2, 1, 3], 0);
        check(&[1, 5, 9], &[0, 5, 6, 7], 2);
        check(&[u64::MAX, 0], &[u64::MAX], 1);
        check(&[1, 2, 3, 4], &[2, 4, 6], 2);
    }

    #[test]
    fn round_trips_as_bytes() {
        let known = set(&[u64::MAX, 7, 7, 0]);
        assert_eq!(known.len(), 3);
        assert_eq!(known.to_bytes().len(), 24);
        assert_eq!(KnownSet::from_bytes(&known.to_bytes()), Some(known));
        assert_eq!(KnownSet::from_bytes(&[]), Some(KnownSet::default()));
    }

    #[test]
    fn refuses_bytes_that_it_has_not_written() {
        assert_eq!(KnownSet::from_bytes(&[0; 7]), None, "cut off");
        assert_eq!(KnownSet::from_bytes(&[0; 16]), None, "twice the same");
        let descending: Vec<u8> = [2_u64, 1].iter().flat_map(|hash| hash.to_le_bytes()).collect();
        assert_eq!(KnownSet::from_bytes(&descending), None);
    }
}

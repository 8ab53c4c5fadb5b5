//! Hashes that may be stored: their algorithms are fixed.

use std::fmt;

use sha2::Digest as _;
use uuid::Uuid;
use xxhash_rust::xxh3::{xxh3_64_with_seed, xxh3_128};

/// A GUID that follows from some bytes: the same for the same bytes, and unlike any other.
pub fn guid_of(bytes: &[u8]) -> Uuid {
    uuid::Builder::from_random_bytes(xxh3_128(bytes).to_be_bytes()).into_uuid()
}

/// A 64-bit fingerprint (XXH3) of one value, for telling that it changed without keeping it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub u64);

impl Fingerprint {
    /// Fingerprints some bytes. `kind` keeps equal bytes of different types apart.
    pub fn of(kind: u8, bytes: &[u8]) -> Self {
        Self(xxh3_64_with_seed(bytes, u64::from(kind)))
    }

    /// Folds another fingerprint in; the order counts.
    #[must_use]
    pub fn then(self, other: Self) -> Self {
        Self(xxh3_64_with_seed(&other.0.to_le_bytes(), self.0))
    }
}

/// A SHA-256 digest of rules, plans or files, printed as hex.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Digests some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// Reads the hex form that `Display` prints.
    pub fn parse(hex: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if hex.len() != 64 || !hex.is_ascii() {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Digests a stream piece by piece.
#[derive(Clone, Default)]
pub struct Digester(sha2::Sha256);

impl Digester {
    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Ends the stream.
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

impl fmt::Debug for Digester {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digester")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_round_trips_as_hex() {
        let digest = Digest::of(b"abc");
        assert!(digest.to_string().starts_with("ba7816bf"));
        assert_eq!(Digest::parse(&digest.to_string()), Some(digest));
        assert_eq!(Digest::parse("zz"), None);
    }

    #[test]
    fn guids_follow_from_bytes() {
        assert_eq!(guid_of(b"a"), guid_of(b"a"));
        assert_ne!(guid_of(b"a"), guid_of(b"b"));
        assert_eq!(guid_of(b"a").get_version_num(), 4);
    }

    #[test]
    fn fingerprints_are_stable_and_ordered() {
        assert_eq!(Fingerprint::of(0, b"").0, 0x2d06_8005_38d3_94c2);
        let (a, b) = (Fingerprint::of(1, b"a"), Fingerprint::of(1, b"b"));
        assert_ne!(a.then(b), b.then(a));
        assert_ne!(a, Fingerprint::of(2, b"a"));
    }
}

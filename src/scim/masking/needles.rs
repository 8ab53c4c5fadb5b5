//! Looks for secrets in bytes, in every form in which servers and clients write them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::MASK;
use crate::base::Secret;

/// Fewer characters of Base64, or of a secret at the end of a body that was cut off, may be there by chance.
const STEM: usize = 8;
/// Rounds of percent-encoding that are seen through.
const ROUNDS: usize = 3;
/// Ways of reading what was matched so far that are followed up at once.
const READINGS: usize = 4;
/// Comparisons for each byte, beside those of needles that begin alike. Only bytes that were made for it need more; their rest is masked unread.
const PATIENCE: usize = 16;
/// Comparisons that are free.
const LEAST_PATIENCE: usize = 1 << 16;

/// Secrets to look for in texts.
#[derive(Default)]
pub struct Needles {
    /// By their first characters, the longest of each first.
    by_first: BTreeMap<char, Vec<Vec<char>>>,
    /// Comparisons for each byte of a text.
    patience: usize,
    /// Bytes with which one may begin.
    first: Vec<bool>,
    /// Bytes that may follow where the first one isn't an escape.
    second: Vec<bool>,
}

impl std::fmt::Debug for Needles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} needles", self.by_first.values().map(Vec::len).sum::<usize>())
    }
}

impl Needles {
    /// Looks for these from now on; an empty one is nowhere.
    pub fn new<'s>(secrets: impl IntoIterator<Item = &'s Secret>) -> Self {
        let mut texts = BTreeSet::new();
        for secret in secrets {
            let secret = secret.expose();
            if !secret.is_empty() {
                texts.insert(secret.to_owned());
                texts.extend(stems(secret.as_bytes()));
            }
        }
        if texts.is_empty() {
            return Self::default();
        }
        let mut by_first: BTreeMap<char, Vec<Vec<char>>> = BTreeMap::new();
        for text in &texts {
            let needle: Vec<char> = text.chars().collect();
            by_first.entry(needle[0]).or_default().push(needle);
        }
        for alike in by_first.values_mut() {
            alike.sort_by_key(|needle| std::cmp::Reverse(needle.len()));
        }
        // Those that begin alike are all compared.
        let patience = PATIENCE + 2 * by_first.values().map(Vec::len).max().unwrap_or_default();
        let mut first = vec![false; 256];
        for byte in texts.iter().map(|text| text.as_bytes()[0]).chain(*b"%\\&") {
            first[usize::from(byte)] = true;
        }
        first[usize::from(b'+')] |= first[usize::from(b' ')];
        let mut second = vec![texts.iter().any(|text| text.len() == 1); 256];
        for byte in texts.iter().filter_map(|text| text.as_bytes().get(1).copied()).chain(*b"%\\&+") {
            second[usize::from(byte)] = true;
        }
        Self { by_first, patience, first, second }
    }

    /// The text with every secret masked, however it is written.
    pub fn masked_text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        // What is masked are whole characters.
        self.masked(text.as_bytes())
            .map_or(Cow::Borrowed(text), |masked| Cow::Owned(String::from_utf8_lossy(&masked).into_owned()))
    }

    /// The bytes with every needle masked; `None` where there is none.
    pub(super) fn masked(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        if self.by_first.is_empty() {
            return None;
        }
        let mut masked = Vec::new();
        let (mut at, mut kept) = (0, 0);
        let mut patience = bytes.len().saturating_mul(self.patience).max(LEAST_PATIENCE);
        while at < bytes.len() {
            let Some(end) = self.may_begin(bytes, at).then(|| self.end(bytes, at, &mut patience)).flatten() else {
                at += 1;
                continue;
            };
            masked.extend_from_slice(&bytes[kept..at]);
            masked.extend_from_slice(MASK.as_bytes());
            (at, kept) = (end, end);
        }
        (kept > 0).then(|| {
            masked.extend_from_slice(&bytes[kept..]);
            masked
        })
    }

    /// Whether a needle may begin here, by two bytes: most texts hold none, and they are all looked at.
    fn may_begin(&self, bytes: &[u8], at: usize) -> bool {
        let byte = bytes[at];
        self.first[usize::from(byte)]
            && (is_escape(byte) || bytes.get(at + 1).map_or(self.second[0], |next| self.second[usize::from(*next)]))
    }

    /// Where a needle that begins here ends.
    fn end(&self, bytes: &[u8], start: usize, patience: &mut usize) -> Option<usize> {
        let byte = bytes[start];
        if byte.is_ascii() && !is_escape(byte) {
            return Self::end_of_first(self.by_first.get(&char::from(byte))?, bytes, start, patience);
        }
        let begins = |c: char| plain(bytes, start, c).or_else(|| escape(bytes, start, c)).is_some();
        let alike = self.by_first.iter().filter(|(first, _)| begins(**first)).map(|(_, alike)| alike);
        alike.filter_map(|alike| Self::end_of_first(alike, bytes, start, patience)).max()
    }

    fn end_of_first(needles: &[Vec<char>], bytes: &[u8], start: usize, patience: &mut usize) -> Option<usize> {
        needles.iter().find_map(|needle| {
            // A character that begins an escape may also stand for itself.
            let mut readings = Readings::of(start);
            for (matched, &c) in needle.iter().enumerate() {
                let Some(left) = patience.checked_sub(readings.all().len()) else { return Some(bytes.len()) };
                *patience = left;
                let mut next = Readings::default();
                for &at in readings.all() {
                    [plain(bytes, at, c), escape(bytes, at, c)].into_iter().flatten().for_each(|end| next.add(end));
                }
                if next.all().is_empty() {
                    // The rest of it may be what the body lacks.
                    let is_cut = matched >= STEM && readings.all().iter().any(|&at| is_cut_off(&bytes[at..]));
                    return is_cut.then_some(bytes.len());
                }
                readings = next;
            }
            readings.all().iter().max().copied()
        })
    }
}

/// Where the next character of a needle may begin.
#[derive(Default)]
struct Readings {
    places: [usize; READINGS],
    count: usize,
}

impl Readings {
    fn of(start: usize) -> Self {
        let mut readings = Self::default();
        readings.add(start);
        readings
    }

    fn all(&self) -> &[usize] {
        &self.places[..self.count]
    }

    fn add(&mut self, place: usize) {
        if self.count < READINGS && !self.all().contains(&place) {
            self.places[self.count] = place;
            self.count += 1;
        }
    }
}

/// What of Base64 is the same wherever in the encoded bytes a secret stands: `Basic` credentials, tokens in tokens.
fn stems(secret: &[u8]) -> impl Iterator<Item = String> {
    (0..3).flat_map(move |before| {
        let bytes = [&[0; 2][..before.min(2)], secret].concat();
        // Characters whose six bits are all the secret's.
        let (from, to) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
        let stem = move |text: String| text.get(from..to).filter(|stem| stem.len() >= STEM).map(str::to_owned);
        [stem(STANDARD_NO_PAD.encode(&bytes)), stem(URL_SAFE_NO_PAD.encode(&bytes))].into_iter().flatten()
    })
}

/// Whether a byte may stand for another character, or begin what does.
const fn is_escape(byte: u8) -> bool {
    matches!(byte, b'%' | b'\\' | b'&' | b'+')
}

/// Where a character ends that begins here as itself.
fn plain(bytes: &[u8], at: usize, c: char) -> Option<usize> {
    let mut buffer = [0; 4];
    let plain = c.encode_utf8(&mut buffer).as_bytes();
    bytes.get(at..)?.starts_with(plain).then_some(at + plain.len())
}

/// Where a character ends that begins here, escaped in any way.
fn escape(bytes: &[u8], at: usize, c: char) -> Option<usize> {
    let rest = bytes.get(at..)?;
    let mut buffer = [0; 4];
    let plain = c.encode_utf8(&mut buffer).as_bytes();
    let length = match rest.first()? {
        b'+' if c == ' ' => Some(1),
        b'\\' if c == '\\' => Some(slashes(rest)),
        b'%' => percent(rest, plain),
        b'\\' => escaped(rest, c, plain),
        b'&' => entity(rest, c),
        _ => None,
    };
    length.map(|length| at + length)
}

fn slashes(rest: &[u8]) -> usize {
    rest.iter().take_while(|byte| **byte == b'\\').count()
}

/// `%40`, `%2540`, and so on for each byte.
fn percent(rest: &[u8], plain: &[u8]) -> Option<usize> {
    let mut at = 0;
    for &byte in plain {
        if rest.get(at) != Some(&b'%') {
            return None;
        }
        let digits = (0..ROUNDS).map(|round| at + 1 + 2 * round).find(|&digits| {
            let is_encoded_percent = rest[at + 1..]
                .get(..digits - at - 1)
                .is_some_and(|between| between.chunks(2).all(|pair| pair == b"25"));
            is_encoded_percent && hex(rest.get(digits..digits + 2)) == Some(u32::from(byte))
        })?;
        at = digits + 2;
    }
    Some(at)
}

/// `\"`, `\/`, `\u0022`, with more backslashes where JSON stands in JSON.
fn escaped(rest: &[u8], c: char, plain: &[u8]) -> Option<usize> {
    let at = slashes(rest);
    if rest[at..].starts_with(plain) {
        return Some(at + plain.len());
    }
    let mut units = [0; 2];
    let mut at = 0;
    for unit in c.encode_utf16(&mut units) {
        let before = slashes(&rest[at..]);
        let digits = at + before + 1;
        if before == 0
            || rest.get(digits - 1) != Some(&b'u')
            || hex(rest.get(digits..digits + 4)) != Some(u32::from(*unit))
        {
            return None;
        }
        at = digits + 4;
    }
    Some(at)
}

/// `&amp;`, `&#38;`, `&#x26;`.
fn entity(rest: &[u8], c: char) -> Option<usize> {
    let end = rest.iter().take(12).position(|byte| *byte == b';')?;
    let name = std::str::from_utf8(&rest[1..end]).ok()?;
    let named = match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let number = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(number.ok()?)
        }
    };
    (named == Some(c)).then_some(end + 1)
}

fn hex(digits: Option<&[u8]>) -> Option<u32> {
    let digits = digits.filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// Whether the bytes end before a character that is written in some way could.
fn is_cut_off(rest: &[u8]) -> bool {
    // A log marks what it cuts off.
    rest.is_empty() || rest == "…".as_bytes() || rest.len() < 12 && matches!(rest[0], b'%' | b'\\' | b'&')
}

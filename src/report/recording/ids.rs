//! Ids that the target gave: another target, or the same one emptied, gives others when requests are sent again.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use rustc_hash::FxHashMap;
use serde::Deserialize;

use crate::base::Fingerprint;
use crate::scim::HttpExchange;

/// Ids that are kept in mind. Those of later resources stay as they were recorded.
const MOST: usize = 250_000;
/// Longest id that is looked for.
const LONGEST: usize = 128;
/// A shorter one is an id only where it stands alone: as a segment of a path, or in quotation marks.
const UNMISTAKABLE: usize = 8;

/// Which answer gave which id.
#[derive(Debug, Default)]
pub(super) struct Ids(FxHashMap<Fingerprint, Origin>);

#[derive(Debug, Clone, Copy)]
struct Origin {
    number: u64,
    part: u32,
}

/// Where in its answer an id stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Given {
    /// It is that of the resource.
    Resource,
    /// It is that of the only resource in a list.
    OnlyOneListed,
}

impl Given {
    /// The place, as editors with a REST client write it.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Resource => "$.id",
            Self::OnlyOneListed => "$.Resources[0].id",
        }
    }
}

/// A piece of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// As it is.
    Text(&'t str),
    /// An id that an answer gave.
    Id {
        /// As it was recorded.
        text: &'t str,
        /// The number of the exchange whose answer gave it.
        number: u64,
        /// Whether that was in the same part.
        is_near: bool,
    },
}

impl Ids {
    /// The id that an answer gives and that isn't known in this part yet.
    pub(super) fn given(&self, exchange: &HttpExchange, part: u32) -> Option<(Given, String)> {
        let (given, id) = given(exchange)?;
        let is_known = self.find(&id).is_some_and(|origin| origin.part == part);
        let is_usable = (1..=LONGEST).contains(&id.len()) && id.bytes().all(is_word);
        (is_usable && !is_known).then_some((given, id))
    }

    /// Keeps in mind which exchange gave an id.
    pub(super) fn add(&mut self, id: &str, number: u64, part: u32) {
        let key = Fingerprint::of(0, id.as_bytes());
        if self.0.len() < MOST || self.0.contains_key(&key) {
            self.0.insert(key, Origin { number, part });
        }
    }

    /// The text, taken apart at its ids.
    pub(super) fn pieces<'t>(&self, text: &'t str, part: u32) -> Vec<Piece<'t>> {
        let bytes = text.as_bytes();
        let mut pieces = Vec::new();
        let (mut at, mut kept) = (0, 0);
        while at < bytes.len() && !self.0.is_empty() {
            if bytes[at] == b'%' {
                // What follows belongs to the character that is encoded.
                at += 3;
                continue;
            }
            if !is_word(bytes[at]) {
                at += 1;
                continue;
            }
            let end = bytes[at..].iter().position(|byte| !is_word(*byte)).map_or(bytes.len(), |length| at + length);
            let word = &text[at..end];
            let stands_alone = || word.len() >= UNMISTAKABLE || is_alone(&bytes[..at], &bytes[end..]);
            if let Some(origin) = self.find(word).filter(|_| stands_alone()) {
                if kept < at {
                    pieces.push(Piece::Text(&text[kept..at]));
                }
                pieces.push(Piece::Id { text: word, number: origin.number, is_near: origin.part == part });
                kept = end;
            }
            at = end;
        }
        if kept < text.len() {
            pieces.push(Piece::Text(&text[kept..]));
        }
        pieces
    }

    fn find(&self, id: &str) -> Option<Origin> {
        if id.len() > LONGEST { None } else { self.0.get(&Fingerprint::of(0, id.as_bytes())).copied() }
    }
}

/// The unreserved characters of RFC 3986, which stay as they are in URLs and in JSON.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn is_alone(before: &[u8], after: &[u8]) -> bool {
    let begins = before.ends_with(b"\"") || before.ends_with(b"%22") || before.ends_with(b"/");
    let ends = after.first().is_none_or(|byte| matches!(byte, b'"' | b'\\' | b'/' | b'?' | b'%'));
    begins && ends
}

fn given(exchange: &HttpExchange) -> Option<(Given, String)> {
    #[derive(Deserialize)]
    struct Answer<'a> {
        #[serde(borrow)]
        id: Option<Cow<'a, str>>,
        #[serde(borrow, rename = "Resources")]
        resources: Option<Vec<Listed<'a>>>,
    }
    #[derive(Deserialize)]
    struct Listed<'a> {
        #[serde(borrow)]
        id: Option<Cow<'a, str>>,
    }
    exchange.status.filter(|status| (200..300).contains(status))?;
    let answer: Answer<'_> = serde_json::from_slice(&exchange.response_body.bytes).ok()?;
    if let Some([Listed { id: Some(id) }]) = answer.resources.as_deref() {
        return Some((Given::OnlyOneListed, id.clone().into_owned()));
    }
    let id = answer.id.filter(|id| !is_asked_for(exchange, id))?;
    Some((Given::Resource, id.into_owned()))
}

/// Whether the request named the id itself.
fn is_asked_for(exchange: &HttpExchange, id: &str) -> bool {
    let path = exchange.target.split('?').next().unwrap_or_default();
    path.split('/').any(|segment| percent_decode_str(segment).decode_utf8().is_ok_and(|segment| segment == id))
}

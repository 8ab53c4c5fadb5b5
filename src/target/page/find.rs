//! Search among the resources, quick with a hundred thousand of them: the index of names first, then what is
//! kept of users, of which only a bounded part is looked at.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use crate::scim::Filter;
use crate::target::collection::Collection;
use crate::target::storage::{Cursor, Extent, Stored, Within};
use crate::target::{Kind, StorageError};

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) bodies: Vec<Arc<str>>,
    /// How many there are in all, where that is known.
    pub(super) total: Option<u64>,
    /// Whether more follow.
    pub(super) more: bool,
    /// After how many resources the search was given up.
    pub(super) given_up: Option<u64>,
}

/// How much work a search may be: bytes that are looked at.
const EFFORT: u64 = 512 * 1024 * 1024;
/// How many times as much work it is to read a byte as JSON.
const READING: u64 = 8;

/// What is shown of each: a group with its members, which are counted.
const SHOWN: Extent = Extent { members: true, groups: false };

fn texts(found: &[Stored]) -> Vec<Arc<str>> {
    found.iter().map(Stored::text).collect()
}

/// A page of all resources.
pub(super) fn all(collection: &Collection, offset: u64, count: usize) -> Result<Found, StorageError> {
    let kind = collection.kind();
    let (total, found) = collection.storage().read(|reader| reader.page(kind, offset, count, SHOWN))?;
    let bodies = texts(&found);
    let more = offset.saturating_add(bodies.len() as u64) < total;
    Ok(Found { bodies, total: Some(total), more, given_up: None })
}

/// A page of those that have a text in their name, a display name, an e-mail address or an `externalId`, or are
/// called by their id. Those whose `userName` or `displayName` begins with it come first.
pub(super) fn search(collection: &Collection, text: &str, offset: u64, count: usize) -> Result<Found, StorageError> {
    search_within(collection, text, offset, count, EFFORT)
}

pub(super) fn search_within(
    collection: &Collection,
    text: &str,
    offset: u64,
    count: usize,
    effort: u64,
) -> Result<Found, StorageError> {
    let mut page = Page { offset, room: count + 1, bodies: Vec::new(), seen: 0 };
    let key = collection.key_of(text);
    let has_key = |body: &str| collection.key_of(&name_of(collection.kind(), body)).contains(&key);
    // one that the index has as well is found there
    let called = collection.by_id(text, SHOWN)?.map(|stored| stored.text()).filter(|body| !has_key(body));
    if let Some(body) = &called {
        page.add(Arc::clone(body));
    }
    for within in [Within::Beginning, Within::Further] {
        if page.room > 0 {
            let skip = page.offset.saturating_sub(page.seen);
            let (kind, room) = (collection.kind(), page.room);
            let read = collection.storage().read(|reader| reader.by_key_part(kind, &key, within, skip, room, SHOWN));
            let found = texts(&read?);
            if found.is_empty() && skip > 0 {
                // the page begins behind these: how many they are decides where
                page.seen += count_keys(collection, &key, within)?;
            } else {
                page.seen += skip + found.len() as u64;
                page.take(found);
            }
        }
    }
    let mut given_up = None;
    if collection.kind() == Kind::User && page.room > 0 {
        let needle = Needle::new(text);
        let (mut cursor, mut looked_at, mut spent) = (Cursor::default(), 0, 0);
        'scan: loop {
            let read = collection.storage().read(|reader| reader.walk(Kind::User, &mut cursor, SHOWN));
            let bodies = texts(&read?);
            if bodies.is_empty() {
                break;
            }
            for body in bodies {
                if spent > effort {
                    given_up = Some(looked_at);
                    break 'scan;
                }
                looked_at += 1;
                spent += body.len() as u64;
                if !needle.may_be_in(&body) {
                    continue;
                }
                spent += body.len() as u64 * READING;
                if needle.is_in(&body) && !has_key(&body) && called.as_ref() != Some(&body) {
                    page.add(body);
                    if page.room == 0 {
                        break 'scan;
                    }
                }
            }
        }
    }
    let more = page.bodies.len() > count;
    page.bodies.truncate(count);
    let total = (!more && given_up.is_none()).then_some(page.seen);
    Ok(Found { bodies: page.bodies, total, more, given_up })
}

/// How many keys have a text in them; only pages behind all of them ask.
fn count_keys(collection: &Collection, key: &str, within: Within) -> Result<u64, StorageError> {
    const STEP: usize = 1000;
    let mut count = 0;
    loop {
        let kind = collection.kind();
        let read = |offset| {
            collection.storage().read(|reader| reader.by_key_part(kind, key, within, offset, STEP, Extent::BODY))
        };
        let found = read(count)?;
        count += found.len() as u64;
        if found.len() < STEP {
            return Ok(count);
        }
    }
}

/// Collects what lies behind an offset.
struct Page {
    offset: u64,
    room: usize,
    bodies: Vec<Arc<str>>,
    /// How many were found, those before the page included.
    seen: u64,
}

impl Page {
    fn add(&mut self, body: Arc<str>) {
        if self.seen >= self.offset && self.room > 0 {
            self.room -= 1;
            self.bodies.push(body);
        }
        self.seen += 1;
    }

    fn take(&mut self, bodies: Vec<Arc<str>>) {
        self.room -= bodies.len();
        self.bodies.extend(bodies);
    }
}

/// The attributes that are searched, whatever their values are.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Searched {
    #[serde(default)]
    user_name: Value,
    #[serde(default)]
    display_name: Value,
    #[serde(default)]
    external_id: Value,
    #[serde(default)]
    emails: Value,
}

/// A text that is looked for without regard to letter case.
struct Needle {
    folded: String,
    /// A part of it that is in every text that has it, as ASCII and in no need of an escape.
    run: String,
}

impl Needle {
    fn new(text: &str) -> Self {
        let folded = Filter::fold(text);
        let plain = |c: char| c.is_ascii() && !c.is_ascii_control() && c != '"' && c != '\\';
        let run = folded.split(|c| !plain(c)).max_by_key(|run| run.len()).unwrap_or_default().to_owned();
        Self { folded, run }
    }

    /// Whether a stored text can have it; nothing is read as JSON for that.
    fn may_be_in(&self, body: &str) -> bool {
        contains_ignoring_case(body.as_bytes(), self.run.as_bytes())
            && (!self.run.is_empty() || Filter::fold(body).contains(&self.folded))
    }

    fn is_in(&self, body: &str) -> bool {
        let Ok(searched) = serde_json::from_str::<Searched>(body) else { return false };
        let has = |value: &Value| value.as_str().is_some_and(|text| Filter::fold(text).contains(&self.folded));
        let addresses = searched.emails.as_array().into_iter().flatten();
        has(&searched.display_name)
            || has(&searched.external_id)
            || addresses.into_iter().any(|email| has(email.get("value").unwrap_or(email)))
    }
}

/// Whether bytes have an ASCII text in lower case in them, in any letter case.
pub(super) fn contains_ignoring_case(bytes: &[u8], text: &[u8]) -> bool {
    let Some((&first, rest)) = text.split_first() else { return true };
    let upper = first.to_ascii_uppercase();
    let mut bytes = bytes;
    while let Some(at) = bytes.iter().position(|byte| *byte == first || *byte == upper) {
        bytes = &bytes[at + 1..];
        match bytes.get(..rest.len()) {
            Some(next) if next.eq_ignore_ascii_case(rest) => return true,
            Some(_) => {}
            None => return false,
        }
    }
    false
}

/// The `userName` or `displayName` of a kept resource.
pub(super) fn name_of(kind: Kind, body: &str) -> String {
    let name = serde_json::from_str::<Searched>(body).map(|searched| match kind {
        Kind::User => searched.user_name,
        Kind::Group => searched.display_name,
    });
    name.ok().as_ref().and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A page of the groups that a user is a direct member of.
pub(super) fn groups_of(groups: &Collection, id: &str, offset: u64, count: usize) -> Result<Found, StorageError> {
    groups.storage().read(|reader| {
        let known = reader.groups_with(id)?;
        let skip = usize::try_from(offset).unwrap_or(usize::MAX);
        let mut bodies = Vec::new();
        for (group, _) in known.iter().skip(skip).take(count) {
            bodies.extend(reader.by_id(Kind::Group, group, Extent::BODY)?.map(|stored| stored.text()));
        }
        let more = skip.saturating_add(count) < known.len();
        Ok(Found { bodies, total: Some(known.len() as u64), more, given_up: None })
    })
}

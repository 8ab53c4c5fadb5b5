//! How what a filter asks for is found: by an index where it says that an attribute equals something, itself or in an
//! `and`; otherwise all resources are looked at.

use std::collections::BTreeSet;

use super::Kind;
use super::collection::Collection;
use super::narrow::MEMBERS;
use super::storage::{Extent, Field, Lookup, Reader, StorageError, Stored};
use crate::scim::{AttributePath, Filter};

/// How many look-ups are done at once; more are left to another thread.
const FEW: usize = 16;

/// What an index is asked for: the resources whose value is one of these.
#[derive(Debug)]
pub(super) struct Plan<'f> {
    by: By,
    texts: BTreeSet<&'f str>,
    /// As they stand in the index of keys.
    keys: BTreeSet<String>,
    is_exact: bool,
    is_quick: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Id,
    Key,
    Field(Field),
    /// Groups by their members.
    Member,
    /// Users by their groups.
    Group,
}

impl<'f> Plan<'f> {
    /// The plan for a filter; `None` where no index helps.
    pub(super) fn of(collection: &Collection, filter: &'f Filter) -> Option<Self> {
        let (by, texts) = choose(collection, filter)?;
        let texts: BTreeSet<&str> = texts.into_iter().collect();
        let keys = match by {
            By::Key => texts.iter().map(|text| collection.key_of(text)).collect(),
            _ => BTreeSet::new(),
        };
        let is_small = matches!(by, By::Id | By::Key | By::Field(_)) && texts.len() <= FEW;
        Some(Self {
            is_exact: matches!(by, By::Id | By::Key) && matches!(filter, Filter::Compare { .. }),
            is_quick: is_small && !extent_for(collection, &filter.paths()).members,
            by,
            texts,
            keys,
        })
    }

    /// Whether all that is found is what the filter asks for.
    pub(super) fn is_exact(&self) -> bool {
        self.is_exact
    }

    /// Whether it takes no longer than reading a few resources.
    pub(super) fn is_quick(&self) -> bool {
        self.is_quick
    }

    /// What the index has, each once.
    pub(super) fn find(&self, reader: &dyn Reader, kind: Kind, extent: Extent) -> Result<Vec<Stored>, StorageError> {
        let look_up = |lookup: Lookup<'_>| reader.find(kind, lookup, extent);
        let mut found = Vec::new();
        match self.by {
            By::Key => {
                for key in &self.keys {
                    found.extend(look_up(Lookup::Key(key))?);
                }
                return Ok(found);
            }
            By::Group => {
                for member in members_of(reader, &self.texts)? {
                    found.extend(look_up(Lookup::Id(&member))?);
                }
                return Ok(found);
            }
            By::Id | By::Field(_) | By::Member => {}
        }
        let mut seen = BTreeSet::new();
        for text in &self.texts {
            let one = look_up(match self.by {
                By::Field(field) => Lookup::Field(field, text),
                By::Member => Lookup::Member(text),
                _ => Lookup::Id(text),
            })?;
            // somebody may have several of the values
            found.extend(one.into_iter().filter(|stored| self.texts.len() == 1 || seen.insert(stored.id())));
        }
        Ok(found)
    }
}

fn choose<'f>(collection: &Collection, filter: &'f Filter) -> Option<(By, Vec<&'f str>)> {
    let kind = collection.kind();
    if let Some(ids) = filter.pinned("id") {
        return Some((By::Id, ids));
    }
    if let Some(keys) = filter.pinned(kind.key()) {
        return Some((By::Key, keys));
    }
    for field in Field::of(kind) {
        let is_it = |path: &AttributePath| means(collection, path, field.extension(), field.attribute());
        if let Some(texts) = filter.pinned_value(&is_it) {
            return Some((By::Field(*field), texts));
        }
    }
    let (name, by) = match kind {
        Kind::Group => (MEMBERS, By::Member),
        Kind::User if collection.shows_groups() => (GROUPS, By::Group),
        Kind::User => return None,
    };
    Some((by, filter.pinned_value(&|path| means(collection, path, None, name))?))
}

/// The user's attribute that follows from the groups.
const GROUPS: &str = "groups";

/// Whether a path means an attribute of the core, or of an extension.
fn means(collection: &Collection, path: &AttributePath, extension: Option<&str>, attribute: &str) -> bool {
    let schema = collection.schema();
    let owner = match &path.urn {
        Some(urn) if urn.eq_ignore_ascii_case(&schema.id) => None,
        Some(urn) => Some(urn.as_str()),
        None => schema.extension_with(&path.attribute).map(|extension| extension.id.as_str()),
    };
    let is_owner = match (owner, extension) {
        (None, None) => true,
        (Some(owner), Some(extension)) => owner.eq_ignore_ascii_case(extension),
        _ => false,
    };
    is_owner && path.attribute.eq_ignore_ascii_case(attribute)
}

/// What has to be read of a resource to know what is at these paths.
pub(super) fn extent_for(collection: &Collection, paths: &[&AttributePath]) -> Extent {
    let whole = collection.whole();
    let names = |name| paths.iter().any(|path| path.attribute.eq_ignore_ascii_case(name));
    Extent { members: whole.members && names(MEMBERS), groups: whole.groups && names(GROUPS) }
}

/// The members of groups, and of the groups that are members of these.
fn members_of(reader: &dyn Reader, groups: &BTreeSet<&str>) -> Result<BTreeSet<String>, StorageError> {
    let mut found = BTreeSet::new();
    let mut waiting: Vec<String> = groups.iter().map(|&group| group.to_owned()).collect();
    while let Some(group) = waiting.pop() {
        for member in reader.members(&group)? {
            if found.insert(member.clone()) {
                waiting.push(member);
            }
        }
    }
    Ok(found)
}

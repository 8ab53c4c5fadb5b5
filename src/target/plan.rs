//! How what a filter asks for is found: by an index where it says that an attribute equals something, itself or in an
//! `and`; otherwise all resources are looked at.

use std::collections::BTreeSet;

use super::collection::Collection;
use super::narrow::MEMBERS;
use super::storage::{Cursor, Extent, Field, Lookup, Reader, STEP, STEP_BYTES, StorageError, Stored};
use super::{Kind, Storage};
use crate::scim::{AttributePath, Filter};

/// How many look-ups are done at once; more are left to another thread.
const FEW: usize = 16;
/// How many resources they may find.
const FEW_HITS: usize = 32;

/// What an index is asked for: the resources whose value is one of these. They come in steps.
#[derive(Debug)]
pub(super) struct Plan {
    kind: Kind,
    by: By,
    /// Each once; keys as they stand in their index.
    values: Vec<String>,
    is_exact: bool,
    sees_members: bool,
    /// Which value is looked for, and where in what the index has of it.
    next: usize,
    cursor: Cursor,
    /// Who was found, where somebody may have several of the values.
    seen: BTreeSet<String>,
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

impl Plan {
    /// The plan for a filter; `None` where no index helps.
    pub(super) fn of(collection: &Collection, filter: &Filter) -> Option<Self> {
        let (by, texts) = choose(collection, filter)?;
        let mut values: Vec<String> = match by {
            By::Key => texts.into_iter().map(|text| collection.key_of(text)).collect(),
            _ => texts.into_iter().map(str::to_owned).collect(),
        };
        values.sort_unstable();
        values.dedup();
        Some(Self {
            kind: collection.kind(),
            is_exact: matches!(by, By::Id | By::Key) && matches!(filter, Filter::Compare { .. }),
            sees_members: extent_for(collection, &filter.paths()).members,
            by,
            values,
            next: 0,
            cursor: Cursor::default(),
            seen: BTreeSet::new(),
        })
    }

    /// Whether all that is found is what the filter asks for.
    pub(super) fn is_exact(&self) -> bool {
        self.is_exact
    }

    /// Whether it takes no longer than reading a few resources.
    pub(super) fn is_quick(&self, storage: &Storage) -> Result<bool, StorageError> {
        if self.values.len() > FEW || self.sees_members {
            return Ok(false);
        }
        match self.by {
            By::Id => Ok(true),
            By::Key if self.kind.has_unique_key() => Ok(true),
            By::Key | By::Field(_) => storage.read(|reader| {
                let mut hits = 0;
                for value in &self.values {
                    hits += reader.hits(self.kind, self.lookup(value), FEW_HITS + 1)?;
                }
                Ok(hits <= FEW_HITS)
            }),
            By::Member | By::Group => Ok(false),
        }
    }

    /// The next ones that the index has, as many as can be held at once; there may be none before the end.
    pub(super) fn step(&mut self, reader: &dyn Reader, extent: Extent) -> Result<Vec<Stored>, StorageError> {
        if self.by == By::Group {
            self.values = members_of(reader, &self.values)?.into_iter().collect();
            self.by = By::Id;
        }
        let (mut found, mut bytes) = (Vec::new(), 0);
        while let Some(value) = self.values.get(self.next).filter(|_| found.len() < STEP && bytes < STEP_BYTES) {
            let mut cursor = self.cursor;
            let some = reader.find(self.kind, self.lookup(value), &mut cursor, extent)?;
            let may_repeat = self.values.len() > 1 && matches!(self.by, By::Field(_) | By::Member);
            for stored in some {
                if !may_repeat || self.seen.insert(stored.id()) {
                    bytes += stored.len();
                    found.push(stored);
                }
            }
            self.cursor = cursor;
            if cursor.is_at_end() {
                (self.next, self.cursor) = (self.next + 1, Cursor::default());
            }
        }
        Ok(found)
    }

    /// Whether there is nothing more.
    pub(super) fn is_over(&self) -> bool {
        self.by != By::Group && self.next >= self.values.len()
    }

    fn lookup<'v>(&self, value: &'v str) -> Lookup<'v> {
        match self.by {
            By::Key => Lookup::Key(value),
            By::Field(field) => Lookup::Field(field, value),
            By::Member => Lookup::Member(value),
            By::Id | By::Group => Lookup::Id(value),
        }
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
fn members_of(reader: &dyn Reader, groups: &[String]) -> Result<BTreeSet<String>, StorageError> {
    let mut found = BTreeSet::new();
    let mut waiting = groups.to_vec();
    while let Some(group) = waiting.pop() {
        for member in reader.members(&group)? {
            if found.insert(member.clone()) {
                waiting.push(member);
            }
        }
    }
    Ok(found)
}

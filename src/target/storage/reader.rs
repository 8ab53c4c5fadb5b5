//! What can be asked of either storage, outside of a unit of work and inside.

use std::collections::HashSet;

use super::StorageError;
use super::record::{Cursor, Extent, Membership, Stored};
use super::terms::Field;
use crate::target::Kind;

/// What an index finds resources by.
#[derive(Debug, Clone, Copy)]
pub(in crate::target) enum Lookup<'l> {
    Id(&'l str),
    Key(&'l str),
    /// Those whose value may be this one, without regard to letter case.
    Field(Field, &'l str),
    /// The groups that have this member.
    Member(&'l str),
}

/// Where in a key something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::target) enum Within {
    Beginning,
    /// Anywhere behind its beginning, and not there as well.
    Further,
}

/// The resources at one moment.
pub(in crate::target) trait Reader {
    /// A number that grows with the resources ever made, where they are kept for longer than the process.
    fn high_water(&self) -> Result<u64, StorageError>;

    /// The next ones that an index has, in the order in which they came, as many as can be held at once. The cursor tells
    /// whether these were the last.
    fn find(
        &self,
        kind: Kind,
        lookup: Lookup<'_>,
        cursor: &mut Cursor,
        extent: Extent,
    ) -> Result<Vec<Stored>, StorageError>;

    /// How many an index has, counted up to a limit.
    fn hits(&self, kind: Kind, lookup: Lookup<'_>, limit: usize) -> Result<usize, StorageError>;

    /// How many there are, and some of them in the order in which they came: as many as asked for, or fewer where they
    /// are [`PAGE_BYTES`] already.
    fn page(&self, kind: Kind, offset: u64, limit: usize, extent: Extent) -> Result<(u64, Vec<Stored>), StorageError>;

    /// The next ones of a walk in that order, as many as can be held at once; none at its end.
    fn walk(&self, kind: Kind, cursor: &mut Cursor, extent: Extent) -> Result<Vec<Stored>, StorageError>;

    /// Those whose key has this text in it, sorted by key. All keys are looked at.
    fn by_key_part(
        &self,
        kind: Kind,
        part: &str,
        within: Within,
        offset: u64,
        limit: usize,
        extent: Extent,
    ) -> Result<Vec<Stored>, StorageError>;

    /// The values of a group's members.
    fn members(&self, group: &str) -> Result<Vec<String>, StorageError>;

    /// How long the text of a group's members is, in bytes.
    fn members_size(&self, group: &str) -> Result<usize, StorageError>;

    /// Id and name of the groups that have this member.
    fn groups_with(&self, member: &str) -> Result<Vec<(String, Option<String>)>, StorageError>;
}

impl dyn Reader + '_ {
    /// The resource of an id.
    pub(in crate::target) fn by_id(
        &self,
        kind: Kind,
        id: &str,
        extent: Extent,
    ) -> Result<Option<Stored>, StorageError> {
        Ok(self.find(kind, Lookup::Id(id), &mut Cursor::default(), extent)?.pop())
    }
}

/// How many resources a step takes at once, and how many bytes of them are enough.
pub(in crate::target) const STEP: usize = 1000;
pub(in crate::target) const STEP_BYTES: usize = 4 * 1024 * 1024;

/// How many bytes of resources are enough for a page.
pub(in crate::target) const PAGE_BYTES: usize = if cfg!(test) { 2 << 20 } else { 16 << 20 };

/// The groups that a member belongs to: those that have it, then those that have these, and so on, each once.
pub(super) fn memberships(reader: &dyn Reader, member: &str) -> Result<Vec<Membership>, StorageError> {
    let mut found: Vec<Membership> = Vec::new();
    let mut known = HashSet::new();
    let mut add = |found: &mut Vec<Membership>, holder: &str, is_direct: bool| {
        for (group, display) in reader.groups_with(holder)? {
            if known.insert(group.clone()) {
                found.push(Membership { group, display, is_direct });
            }
        }
        Ok::<(), StorageError>(())
    };
    add(&mut found, member, true)?;
    let mut next = 0;
    while let Some(Membership { group, .. }) = found.get(next) {
        let group = group.clone();
        add(&mut found, &group, false)?;
        next += 1;
    }
    Ok(found)
}

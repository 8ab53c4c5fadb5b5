//! A group of which only some members are read: all that it takes to change one among many.

use serde_json::Value;

use super::storage::{Extent, Record, StorageError, Transaction};
use super::version::Version;
use super::{Kind, collection::parse};
use crate::scim::Resource;

/// The group's attribute of many entries.
pub(super) const MEMBERS: &str = "members";

/// What isn't seen of such a group.
#[derive(Debug)]
pub(super) struct Narrow {
    /// Entries with these values were read, and no others.
    values: Vec<String>,
    has_others: bool,
    /// Where among the attributes the members stand.
    place: Option<usize>,
    version: Version,
}

impl Narrow {
    /// Reads a group with the members that have one of these values.
    pub(super) fn read(
        transaction: &mut Transaction<'_>,
        group: &str,
        values: Vec<String>,
    ) -> Result<Option<(Resource, Self)>, StorageError> {
        let Some(stored) = transaction.by_id(Kind::Group, group, Extent::BODY)? else { return Ok(None) };
        let mut resource = parse(&stored);
        let entries = transaction.named_members(group, &values)?;
        let seen: usize = entries.iter().map(|entry| entry.to_string().len() + 1).sum();
        let has_others = transaction.members_size(group)? > seen;
        let place = resource.members().keys().position(|name| name == MEMBERS);
        if let Some(members) = resource.members_mut().get_mut(MEMBERS) {
            *members = Value::Array(entries);
        }
        Ok(Some((resource, Self { values, has_others, place, version: stored.own_version() })))
    }

    /// The version of the whole group.
    pub(super) fn version(&self) -> Version {
        self.version
    }

    /// Puts back what a change took for the last member's end.
    pub(super) fn restore(&self, resource: &mut Resource) {
        if let Some(place) = self.place.filter(|_| self.has_others) {
            let members = resource.members_mut();
            if !members.contains_key(MEMBERS) {
                members.shift_insert(place.min(members.len()), MEMBERS.to_owned(), Value::Array(Vec::new()));
            }
        }
    }

    /// The record of the changed group.
    pub(super) fn complete(self, record: Record) -> Record {
        record.with_named_members(self.values)
    }
}

//! Groups of the source directory.

use std::sync::Arc;

use super::{AttributeNames, AttributeValue, Known, Slot};
use crate::base::SourceId;

/// Index of a group in its [`super::Entitlements`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupIndex(pub u32);

/// One group with its immediate members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// `objectId`.
    pub id: SourceId,
    /// `displayName`; empty where the export has only a members list.
    pub display_name: String,
    /// Whether the list of groups has it, if there is one: who is only in a list of memberships beside it is gone
    /// from the directory, or not to be provisioned.
    pub is_listed: bool,
    /// `securityEnabled`; members of an assigned group count only where it isn't false.
    pub security_enabled: Known<bool>,
    /// Immediate members: users, groups, devices; each once among the entitlements.
    pub members: Vec<SourceId>,
    /// Everything else that its file says about it.
    pub attributes: GroupAttributes,
}

impl Group {
    /// The value of an attribute, named as the schema does. `members` has none here, and what is
    /// computed is unknown.
    pub fn value(&self, name: &str) -> AttributeValue<'_> {
        match (name, self.security_enabled) {
            ("objectId", _) => AttributeValue::String(self.id.to_string().into()),
            ("displayName", _) if !self.display_name.is_empty() => {
                AttributeValue::String(self.display_name.as_str().into())
            }
            ("securityEnabled", Known::Known(enabled)) => AttributeValue::Bool(enabled),
            ("securityEnabled", Known::Unknown)
            | ("IsSoftDeleted" | "isSoftDeleted" | "appRoleAssignments" | "members" | "manager", _) => {
                AttributeValue::Unknown
            }
            _ => self.attributes.value(name),
        }
    }

    /// Whether the export says anything about an attribute of this group, null included.
    pub fn has(&self, name: &str) -> bool {
        match name {
            "members" => !self.members.is_empty() || self.attributes.has(name),
            _ => self.value(name) != AttributeValue::Unknown,
        }
    }
}

/// The attributes of a group that have no field of their own. What its file doesn't have is unknown,
/// what the file has and the group hasn't is null.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupAttributes {
    /// What the file has; one list for all its groups.
    columns: Arc<AttributeNames>,
    /// Values other than null, by slot in ascending order.
    values: Box<[(Slot, AttributeValue<'static>)]>,
}

impl GroupAttributes {
    /// Takes the columns of a file, and those values of a group that aren't null; of several for one
    /// slot the first counts.
    pub fn new(columns: Arc<AttributeNames>, mut values: Vec<(Slot, AttributeValue<'static>)>) -> Self {
        values.sort_by_key(|(slot, _)| *slot);
        values.dedup_by_key(|(slot, _)| *slot);
        Self { columns, values: values.into() }
    }

    /// The value of an attribute, named as the schema does.
    pub fn value(&self, name: &str) -> AttributeValue<'_> {
        let Some(wanted) = self.columns.get(name) else { return AttributeValue::Unknown };
        let found = self.values.binary_search_by_key(&wanted, |(slot, _)| *slot);
        found.map_or(AttributeValue::Null, |at| self.values[at].1.clone())
    }

    /// Whether the group's file has an attribute.
    pub fn has(&self, name: &str) -> bool {
        self.columns.get(name).is_some()
    }
}

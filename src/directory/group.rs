//! Groups of the source directory.

use super::Known;
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
    /// `securityEnabled`; members of an assigned group count only where it isn't false.
    pub security_enabled: Known<bool>,
    /// Immediate members: users, groups, devices.
    pub members: Vec<SourceId>,
}

//! The source side: users with their attribute values, groups, app roles, assignments.

mod assignment;
mod group;
mod names;
mod role;
mod user;
mod value;

pub use assignment::{Assignment, Entitlements, Evidence, RoleSet};
pub use group::{Group, GroupAttributes, GroupIndex};
pub use names::{canonical_group_name, canonical_name, is_known_attribute, known_attributes};
pub use role::{AppRole, AppRoles, DEFAULT_ACCESS, RoleIndex};
pub use user::{Deletion, Known, User, guest_name};
pub use value::{AttributeNames, AttributeValue, Slot};

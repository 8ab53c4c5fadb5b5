//! The core Group schema as a table (RFC 7643 section 4.2).

use super::attribute::{Row, row};
use super::{AttributeType as T, Mutability as M};

/// Members come and go, but don't change.
const MEMBERS: &[Row] = &[
    row("value", T::String, "Identifier of the member").required().case_exact().mutability(M::Immutable),
    row("$ref", T::Reference, "Where the member is found").references(&["User", "Group"]).mutability(M::Immutable),
    row("type", T::String, "What the member is").canonical(&["User", "Group"]).mutability(M::Immutable),
    row("display", T::String, "Name of the member"),
];

/// Attributes of a group.
pub(super) const GROUP: &[Row] = &[
    row("displayName", T::String, "Name of the group for display").required(),
    row("externalId", T::String, "Identifier that the client gave the group").case_exact(),
    row("members", T::Complex, "Members of the group").many().parts(MEMBERS),
];

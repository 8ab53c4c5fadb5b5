//! The kinds of resource that an endpoint keeps.

use axum::http::StatusCode;

use crate::scim::urn;

/// A kind of resource, and what is particular about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    User,
    Group,
}

impl Kind {
    pub(super) const ALL: [Self; 2] = [Self::User, Self::Group];

    /// The one that it isn't.
    pub(super) const fn other(self) -> Self {
        match self {
            Self::User => Self::Group,
            Self::Group => Self::User,
        }
    }

    /// Below the endpoint.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::User => "/Users",
            Self::Group => "/Groups",
        }
    }

    /// As in `meta.resourceType`.
    pub(super) const fn resource_type(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
        }
    }

    /// The schema that the standard gives it.
    pub(super) const fn schema(self) -> &'static str {
        match self {
            Self::User => urn::USER,
            Self::Group => urn::GROUP,
        }
    }

    pub(super) const fn noun(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
        }
    }

    /// The attribute by which resources are found fast.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::User => "userName",
            Self::Group => "displayName",
        }
    }

    /// Whether two resources can't have the same key.
    pub(super) const fn has_unique_key(self) -> bool {
        match self {
            Self::User => true,
            Self::Group => false,
        }
    }

    /// The largest body that is taken, and the largest resource that is kept, in bytes; a member takes
    /// about fifty.
    pub(super) const fn max_size(self) -> usize {
        match self {
            Self::User => 1024 * 1024,
            Self::Group => 16 * 1024 * 1024,
        }
    }

    /// What a PATCH is answered with: a changed user comes back, a group, which may be large, doesn't, unless attributes
    /// are asked for (RFC 7644 section 3.5.2).
    pub(super) const fn patched(self) -> StatusCode {
        match self {
            Self::User => StatusCode::OK,
            Self::Group => StatusCode::NO_CONTENT,
        }
    }
}

//! How an object stands, from cycle to cycle.

/// How an object stood when it was last exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// In scope.
    InScope,
    /// Unassigned or filtered out: no longer managed, so a later hard deletion sends nothing.
    OutOfScope,
    /// The same, but its account was left as it is (`SkipOutOfScopeDeletions`).
    LeftAlone,
    /// `accountEnabled` is false while it is still assigned.
    Disabled,
    /// In the recycle bin.
    SoftDeleted,
}

impl Standing {
    /// A stable word for storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InScope => "in-scope",
            Self::OutOfScope => "out-of-scope",
            Self::LeftAlone => "left-alone",
            Self::Disabled => "disabled",
            Self::SoftDeleted => "soft-deleted",
        }
    }

    /// Whether the object is no longer managed.
    pub const fn is_unmanaged(self) -> bool {
        matches!(self, Self::OutOfScope | Self::LeftAlone)
    }

    /// Reads the word back.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::InScope, Self::OutOfScope, Self::LeftAlone, Self::Disabled, Self::SoftDeleted]
            .into_iter()
            .find(|standing| standing.as_str() == word)
    }
}

//! What is remembered of an object from one cycle to the next.

use crate::base::{Fingerprint, TargetId, Timestamp};

/// How an object stood when it was last exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// In scope.
    InScope,
    /// Unassigned or filtered out: no longer managed, so a later hard deletion sends nothing.
    OutOfScope,
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
            Self::Disabled => "disabled",
            Self::SoftDeleted => "soft-deleted",
        }
    }

    /// Reads the word back.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::InScope, Self::OutOfScope, Self::Disabled, Self::SoftDeleted]
            .into_iter()
            .find(|standing| standing.as_str() == word)
    }
}

/// A failed export that waits for its next try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// How often it was tried.
    pub count: u32,
    /// First failure of the row.
    pub first_at: Timestamp,
    /// Error code of the provisioning log.
    pub code: String,
    /// What happened.
    pub message: String,
}

/// The saved state of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriorState {
    /// The link: which account it is. `None` when it was looked at but has none.
    pub target: Option<TargetId>,
    /// How it stood.
    pub standing: Standing,
    /// Fingerprints of its source data in the order of the watermark's attribute names; `None`
    /// where the export never had the attribute.
    pub fingerprints: Vec<Option<Fingerprint>>,
    /// Since when it has been seen as soft-deleted.
    pub deleted_since: Option<Timestamp>,
    /// Set while its last export failed.
    pub failure: Option<Failure>,
}

//! What is remembered of an object from one cycle to the next.

use super::ActionKind;
use crate::base::{Fingerprint, TargetId, Timestamp};
use crate::scoping::Standing;

/// Which part of an export failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailedPart {
    /// The object itself.
    Export,
    /// Only its references: its manager, its members. They don't count towards two of the quarantine's thresholds.
    Reference,
}

impl FailedPart {
    /// A stable word for storage: `export` or `reference`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Export => "export",
            Self::Reference => "reference",
        }
    }

    /// Reads the word back.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Export, Self::Reference].into_iter().find(|part| part.as_str() == word)
    }
}

/// A failed export that waits for its next try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// How often it was tried.
    pub count: u32,
    /// First failure of the row.
    pub first_at: Timestamp,
    /// The last try.
    pub last_at: Timestamp,
    /// Error code of the provisioning log.
    pub code: String,
    /// What happened.
    pub message: String,
    /// Hash of the source data at the last try: when it changes, the object is tried before its time. Zero where
    /// it isn't known.
    pub seen: Fingerprint,
    /// What part of it failed.
    pub part: FailedPart,
    /// What was attempted.
    pub action: ActionKind,
}

/// A disable or delete that accidental deletion prevention holds back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Staged {
    /// Since when.
    pub since: Timestamp,
    /// Until when *Allow deletes* lets it through, [`Timestamp::MAX`] without a date; `None` while it doesn't.
    pub allowed_until: Option<Timestamp>,
}

impl Staged {
    /// Whether it is let through at an instant.
    #[must_use]
    pub fn is_allowed(&self, now: Timestamp) -> bool {
        self.allowed_until.is_some_and(|until| now <= until)
    }
}

/// The saved state of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriorState {
    /// User principal name or display name when it was last seen.
    pub name: Box<str>,
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
    /// Set while its disable or delete is held back.
    pub staged: Option<Staged>,
}

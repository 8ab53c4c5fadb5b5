//! What is remembered of an object from one cycle to the next.

use crate::base::{Fingerprint, TargetId, Timestamp};
use crate::scoping::Standing;

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
}

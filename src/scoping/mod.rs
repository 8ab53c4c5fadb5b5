//! Who is in scope: active, assigned, a role other than Default Access, scoping filters.
//!
//! Evaluated in this order, as Microsoft's *How provisioning works* and *Scoping users or groups to
//! be provisioned with scoping filters* describe; the decision carries every step with its evidence.

mod decision;
mod filter;
mod standing;
mod way_in;

pub use decision::{
    Active, Assigned, Cause, Decision, Explained, FilterVerdict, ONLY_DEFAULT_ACCESS, Role, ScopePolicy,
    clause_verdicts, decide, decide_group,
};
pub use filter::{ClauseVerdict, evaluate_clause, evaluate_filters};
pub use standing::Standing;
pub use way_in::{ClauseEvidence, clause_evidence, way_in};

use serde::Deserialize;

/// *Scope* of the provisioning configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// *Sync only assigned users and groups*.
    #[default]
    Assigned,
    /// *Sync all users and groups*.
    All,
}

impl Scope {
    /// The word of the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Assigned => "assigned",
            Self::All => "all",
        }
    }
}

/// Whether an assignment with the role Default Access alone is enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DefaultAccess {
    /// It isn't (the WEDO tutorial).
    #[default]
    Exclude,
    /// It is (the service for applications since July 2020).
    Include,
}

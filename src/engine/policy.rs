//! The settings that a cycle needs, free of where they came from.

use super::Verify;
use crate::base::{SignedDuration, SourceId};
use crate::config::Duplicates;
use crate::plan::quarantine::Thresholds;
use crate::plan::{EscrowSchedule, PlanContext};
use crate::schema::{CompiledSchema, ObjectKind, ObjectMapping};
use crate::scim::Dialect;
use crate::scoping::ScopePolicy;

/// Everything that decides, apart from the mapping.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Scope and Default Access.
    pub scope: ScopePolicy,
    /// How PATCH is written.
    pub dialect: Dialect,
    /// Whether the target keeps disabled accounts.
    pub soft_delete: bool,
    /// Whether accounts of objects that leave the scope are left alone.
    pub skip_out_of_scope_deletions: bool,
    /// Whether an account that is gone is matched again.
    pub rematch_vanished: bool,
    /// What happens to duplicates.
    pub duplicates: Duplicates,
    /// Share of known objects that an export may lack, `0.0..=1.0`.
    pub max_missing: f64,
    /// How many missing objects the user has approved.
    pub accept_missing: Option<u64>,
    /// The tenant's default domain, for `DefaultDomain()`.
    pub default_domain: Option<String>,
    /// Narrows the cycle to these objects: user principal names, mail addresses, display names of groups, object
    /// ids. References are narrowed to those of these objects.
    pub only: Vec<String>,
    /// When failed objects are tried again.
    pub escrow: EscrowSchedule,
    /// How many failures put the job into quarantine.
    pub thresholds: Thresholds,
    /// How long it stays there.
    pub quarantine: QuarantineIntervals,
    /// More disables and deletes than this in one cycle are held back; `None` holds back nothing.
    pub deletion_threshold: Option<u64>,
    /// References that were left out are sent once that is possible, which the service doesn't do.
    pub resolve_late_references: bool,
    /// Members in one PATCH, at least 1.
    pub members_per_patch: usize,
    /// Asks for a reference before it is sent, as older descriptions of the service say.
    pub reference_queries: bool,
    /// Whether what was written is read back. It changes nothing of what is sent to change the target, so no plan
    /// is bound to it.
    pub verify: Verify,
    /// Who is told when the job needs attention.
    pub notify: Option<String>,
}

/// What the service does unless it is told otherwise.
impl Default for Policy {
    fn default() -> Self {
        Self {
            scope: ScopePolicy::default(),
            dialect: Dialect::default(),
            soft_delete: true,
            skip_out_of_scope_deletions: false,
            rematch_vanished: false,
            duplicates: Duplicates::Fail,
            max_missing: 0.3,
            accept_missing: None,
            default_domain: None,
            only: Vec::new(),
            escrow: EscrowSchedule::default(),
            thresholds: Thresholds::default(),
            quarantine: QuarantineIntervals::default(),
            deletion_threshold: None,
            resolve_late_references: false,
            members_per_patch: 1,
            reference_queries: false,
            verify: Verify::Off,
            notify: None,
        }
    }
}

/// How a job in quarantine goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuarantineIntervals {
    /// From the first failed cycle to the next attempt; it doubles from there.
    pub first: SignedDuration,
    /// The longest distance of two attempts.
    pub longest: SignedDuration,
    /// After so much time the job is disabled.
    pub disable_after: SignedDuration,
}

impl Default for QuarantineIntervals {
    fn default() -> Self {
        Self {
            first: SignedDuration::from_mins(40),
            longest: SignedDuration::from_hours(24),
            disable_after: SignedDuration::from_hours(28 * 24),
        }
    }
}

impl Policy {
    /// Whether the cycle is for an object of this id and name.
    pub fn selects(&self, id: &SourceId, name: &str) -> bool {
        let is_it =
            |given: &String| given.eq_ignore_ascii_case(name) || SourceId::parse(given).is_ok_and(|given| given == *id);
        self.only.is_empty() || self.only.iter().any(is_it)
    }

    /// What the planner needs of it.
    pub fn context<'a>(&self, mapping: &'a ObjectMapping, compare_all: bool) -> PlanContext<'a> {
        PlanContext {
            mapping,
            dialect: self.dialect,
            // Only accounts of people can be disabled.
            soft_delete: self.soft_delete && mapping.kind == ObjectKind::User,
            skip_out_of_scope_deletions: self.skip_out_of_scope_deletions,
            rematch_vanished: self.rematch_vanished,
            compare_all,
            hold_back: false,
        }
    }

    /// Digest of the rules and of everything here that decides what is sent; a saved plan is bound
    /// to it.
    pub fn digest(&self, rules: &CompiledSchema) -> crate::base::Digest {
        let text = format!(
            "{} {:?} {:?} {} {} {} {:?} {:?} {:?} {} {} {}",
            rules.digest,
            self.scope,
            self.dialect,
            self.soft_delete,
            self.skip_out_of_scope_deletions,
            self.rematch_vanished,
            self.duplicates,
            self.default_domain,
            self.deletion_threshold,
            self.resolve_late_references,
            self.members_per_patch,
            self.reference_queries
        );
        crate::base::Digest::of(text.as_bytes())
    }
}

//! The settings that a cycle needs, free of where they came from.

use crate::config::Duplicates;
use crate::plan::PlanContext;
use crate::schema::{CompiledSchema, ObjectMapping};
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
    /// Narrows the cycle to these users: user principal names, object ids or mail addresses.
    pub only: Vec<String>,
}

impl Policy {
    /// What the planner needs of it.
    pub fn context<'a>(&self, mapping: &'a ObjectMapping, compare_all: bool) -> PlanContext<'a> {
        PlanContext {
            mapping,
            dialect: self.dialect,
            soft_delete: self.soft_delete,
            skip_out_of_scope_deletions: self.skip_out_of_scope_deletions,
            rematch_vanished: self.rematch_vanished,
            compare_all,
        }
    }

    /// Digest of the rules and of everything here that decides what is sent; a saved plan is bound
    /// to it.
    pub fn digest(&self, rules: &CompiledSchema) -> crate::base::Digest {
        let text = format!(
            "{} {:?} {:?} {} {} {} {:?} {:?}",
            rules.digest,
            self.scope,
            self.dialect,
            self.soft_delete,
            self.skip_out_of_scope_deletions,
            self.rematch_vanished,
            self.duplicates,
            self.default_domain
        );
        crate::base::Digest::of(text.as_bytes())
    }
}

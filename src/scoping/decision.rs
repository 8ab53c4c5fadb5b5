//! The decision about one user, with the evidence for each step.

use super::{ClauseVerdict, DefaultAccess, Scope, Standing, evaluate_clause, evaluate_filters};
use crate::directory::{
    AppRoles, AttributeValue, Deletion, Entitlements, Evidence, GroupIndex, Known, RoleIndex, User,
};
use crate::schema::{ClauseOperator, FilterGroup, ObjectKind};

/// The settings that decide about scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ScopePolicy {
    /// Assigned users only, or everybody.
    pub scope: Scope,
    /// Whether Default Access alone is enough.
    pub default_access: DefaultAccess,
}

/// Step 1: *Active in the source system*.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Active {
    /// `accountEnabled` is true.
    Yes,
    /// The export doesn't say; taken for active.
    Assumed,
    /// `accountEnabled` is false.
    AccountDisabled,
    /// In the recycle bin.
    SoftDeleted,
}

/// Step 2: *Assigned to the application*.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assigned {
    /// *Scope sync all*: nobody needs an assignment.
    SyncAll,
    /// By an assignment of its own.
    Direct,
    /// As an immediate member of this group.
    ThroughGroup(GroupIndex),
    /// Not at all.
    No,
    /// The group isn't security-enabled, so nobody can assign it.
    WithoutSecurity,
}

/// Step 3: *User has the required role*.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Scope `all` needs no role.
    SyncAll,
    /// This role, directly or through the group.
    Granted(RoleIndex, Option<GroupIndex>),
    /// Only Default Access, and that is enough by `default_access = "include"`.
    DefaultAccessIncluded,
    /// Only Default Access.
    OnlyDefaultAccess,
    /// There is no assignment that could carry one.
    NotAssigned,
}

/// Step 4: *Scoping filter evaluation passed*.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterVerdict {
    /// There are no filters.
    NoFilters,
    /// This filter lets the object through.
    Passed(usize),
    /// No filter does; of the one that got furthest, this clause failed.
    Failed(usize, usize),
    /// It hangs on this clause, whose attribute the export doesn't contain.
    Unknown(usize, usize),
    /// It hangs on this clause, whose pattern takes too long for the value.
    Undecided(usize, usize),
}

/// What is said of somebody who has no other role.
pub const ONLY_DEFAULT_ACCESS: &str = "assigned only with the role Default Access";

/// The step that decided against an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// `accountEnabled` is false.
    AccountDisabled,
    /// In the recycle bin.
    SoftDeleted,
    /// Not assigned.
    NotAssigned,
    /// Only Default Access.
    OnlyDefaultAccess,
    /// Filtered out.
    FilteredOut,
    /// A filter needs an attribute that the export doesn't contain, or its pattern takes too long.
    FilterUnknown,
}

/// Every step with its evidence. All steps are evaluated, also after one that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Decision {
    /// Step 1.
    pub active: Active,
    /// Step 2.
    pub assigned: Assigned,
    /// Step 3.
    pub role: Role,
    /// Step 4.
    pub filter: FilterVerdict,
}

/// One step, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// The step's name in the provisioning log.
    pub step: &'static str,
    /// Whether it holds.
    pub holds: bool,
    /// The evidence.
    pub evidence: String,
}

/// Decides about one user.
pub fn decide(policy: ScopePolicy, entitlements: &Entitlements, filters: &[FilterGroup], user: &User<'_>) -> Decision {
    let active = match (user.deletion, user.account_enabled) {
        (Deletion::Soft(_), _) => Active::SoftDeleted,
        (Deletion::None, Known::Known(true)) => Active::Yes,
        (Deletion::None, Known::Known(false)) => Active::AccountDisabled,
        (Deletion::None, Known::Unknown) => Active::Assumed,
    };
    let (assigned, role) = match policy.scope {
        Scope::All => (Assigned::SyncAll, Role::SyncAll),
        Scope::Assigned => entitled(policy.default_access, entitlements, entitlements.evidence(&user.id)),
    };
    let filter = match evaluate_filters(filters, &user.values) {
        Ok(None) => FilterVerdict::NoFilters,
        Ok(Some(index)) => FilterVerdict::Passed(index),
        Err((index, clause, ClauseVerdict::Unknown)) => FilterVerdict::Unknown(index, clause),
        Err((index, clause, ClauseVerdict::Undecided)) => FilterVerdict::Undecided(index, clause),
        Err((index, clause, _)) => FilterVerdict::Failed(index, clause),
    };
    Decision { active, assigned, role, filter }
}

/// Decides about one group: only a security-enabled one can be assigned.
pub fn decide_group(
    policy: ScopePolicy,
    entitlements: &Entitlements,
    filters: &[FilterGroup],
    group: &User<'_>,
) -> Decision {
    let mut decision = decide(policy, entitlements, filters, group);
    let found = entitlements.find_group(&group.id).map(|index| entitlements.group(index));
    if policy.scope == Scope::Assigned && found.is_some_and(|found| found.security_enabled == Known::Known(false)) {
        (decision.assigned, decision.role) = (Assigned::WithoutSecurity, Role::NotAssigned);
    }
    decision
}

fn entitled(
    default_access: DefaultAccess,
    entitlements: &Entitlements,
    ways: impl Iterator<Item = Evidence>,
) -> (Assigned, Role) {
    let (mut assigned, mut role) = (Assigned::No, Role::NotAssigned);
    for evidence in ways {
        let (set, group) = match evidence {
            Evidence::Direct(set) => (set, None),
            Evidence::Group(group, set) => (set, Some(group)),
        };
        if assigned == Assigned::No {
            assigned = group.map_or(Assigned::Direct, Assigned::ThroughGroup);
            role = match default_access {
                DefaultAccess::Exclude => Role::OnlyDefaultAccess,
                DefaultAccess::Include => Role::DefaultAccessIncluded,
            };
        }
        if let Some(granted) = entitlements.roles_of(set).iter().find(|role| **role != AppRoles::DEFAULT_ACCESS) {
            role = Role::Granted(*granted, group);
            break;
        }
    }
    (assigned, role)
}

impl Decision {
    /// The first step that doesn't hold; `None` when the object is in scope.
    pub fn cause(&self) -> Option<Cause> {
        match (self.active, self.assigned, self.role, self.filter) {
            (Active::AccountDisabled, ..) => Some(Cause::AccountDisabled),
            (Active::SoftDeleted, ..) => Some(Cause::SoftDeleted),
            (_, Assigned::No | Assigned::WithoutSecurity, ..) => Some(Cause::NotAssigned),
            (_, _, Role::OnlyDefaultAccess | Role::NotAssigned, _) => Some(Cause::OnlyDefaultAccess),
            (_, _, _, FilterVerdict::Failed(..)) => Some(Cause::FilteredOut),
            (_, _, _, FilterVerdict::Unknown(..) | FilterVerdict::Undecided(..)) => Some(Cause::FilterUnknown),
            _ => None,
        }
    }

    fn is_assigned(&self) -> bool {
        !matches!(self.assigned, Assigned::No | Assigned::WithoutSecurity)
    }

    /// Whether the object is effectively entitled.
    pub fn in_scope(&self) -> bool {
        self.cause().is_none()
    }

    /// Whether the export can't tell: such an object is neither provisioned nor deprovisioned.
    pub fn is_uncertain(&self) -> bool {
        self.cause() == Some(Cause::FilterUnknown)
    }

    /// How the object stands. A user in the recycle bin has lost its assignments with the deletion,
    /// so that says nothing; of the others, leaving the assignment or the filters outranks being
    /// disabled: the object is no longer managed then.
    pub fn standing(&self) -> Standing {
        let entitled = self.is_assigned()
            && !matches!(self.role, Role::OnlyDefaultAccess | Role::NotAssigned)
            && !matches!(self.filter, FilterVerdict::Failed(..));
        match (self.active, entitled) {
            (Active::SoftDeleted, _) => Standing::SoftDeleted,
            (_, false) => Standing::OutOfScope,
            (Active::AccountDisabled, true) => Standing::Disabled,
            (Active::Yes | Active::Assumed, true) => Standing::InScope,
        }
    }

    /// The deciding step in a few words; empty for an object in scope.
    pub fn deciding(&self, filters: &[FilterGroup]) -> String {
        match self.cause() {
            None => String::new(),
            Some(Cause::AccountDisabled) => "accountEnabled is false".to_owned(),
            Some(Cause::SoftDeleted) => "in the recycle bin".to_owned(),
            Some(Cause::NotAssigned) if self.assigned == Assigned::WithoutSecurity => {
                "not security-enabled, so it can't be assigned".to_owned()
            }
            Some(Cause::NotAssigned) => "not assigned to the application".to_owned(),
            Some(Cause::OnlyDefaultAccess) => ONLY_DEFAULT_ACCESS.to_owned(),
            Some(Cause::FilteredOut | Cause::FilterUnknown) => self.filter_text(filters),
        }
    }

    fn filter_text(&self, filters: &[FilterGroup]) -> String {
        let title = |index: usize| match filters[index].title.as_str() {
            "" => format!("filter {}", index + 1),
            title => format!("filter \"{title}\""),
        };
        match self.filter {
            FilterVerdict::NoFilters => "no scoping filter".to_owned(),
            FilterVerdict::Passed(index) => format!("{} lets it through", title(index)),
            FilterVerdict::Failed(index, clause) => {
                format!("{}: {} is false", title(index), clause_text(filters, index, clause))
            }
            FilterVerdict::Unknown(index, clause) => {
                format!("{}: the export has no column {}", title(index), filters[index].clauses[clause].attribute)
            }
            FilterVerdict::Undecided(index, clause) => {
                let attribute = &filters[index].clauses[clause].attribute;
                format!("{}: its regular expression takes too long for the value of {attribute}", title(index))
            }
        }
    }

    /// All steps in words.
    pub fn explain(&self, kind: ObjectKind, entitlements: &Entitlements, filters: &[FilterGroup]) -> Vec<Explained> {
        let group = |index: GroupIndex| format!("group \"{}\"", entitlements.group(index).display_name);
        let step = |step, holds, evidence| Explained { step, holds, evidence };
        vec![
            step(
                "Active in the source system",
                matches!(self.active, Active::Yes | Active::Assumed),
                match self.active {
                    Active::Yes => "accountEnabled is true",
                    Active::Assumed => "assumed: the export has no column accountEnabled",
                    Active::AccountDisabled => "accountEnabled is false",
                    Active::SoftDeleted => "in the recycle bin",
                }
                .to_owned(),
            ),
            step(
                "Assigned to the application",
                self.is_assigned(),
                match self.assigned {
                    Assigned::SyncAll => "scope sync all".to_owned(),
                    Assigned::Direct => "assigned directly".to_owned(),
                    Assigned::ThroughGroup(index) => format!("immediate member of the assigned {}", group(index)),
                    Assigned::No if kind == ObjectKind::Group => "not assigned".to_owned(),
                    Assigned::No => "neither assigned directly nor an immediate member of an assigned group".to_owned(),
                    Assigned::WithoutSecurity => "the group isn't security-enabled".to_owned(),
                },
            ),
            step(
                match kind {
                    ObjectKind::User => "User has the required role",
                    ObjectKind::Group => "Group has the required role",
                },
                !matches!(self.role, Role::OnlyDefaultAccess | Role::NotAssigned),
                match self.role {
                    Role::SyncAll => "scope sync all".to_owned(),
                    Role::Granted(role, through) => {
                        let name = &entitlements.roles().get(role).display_name;
                        through.map_or_else(|| name.clone(), |index| format!("{name}, through {}", group(index)))
                    }
                    Role::DefaultAccessIncluded => "Default Access, included by default_access".to_owned(),
                    Role::OnlyDefaultAccess => "only Default Access".to_owned(),
                    Role::NotAssigned => "no assignment carries a role".to_owned(),
                },
            ),
            step(
                "Scoping filter evaluation passed",
                matches!(self.filter, FilterVerdict::NoFilters | FilterVerdict::Passed(_)),
                self.filter_text(filters),
            ),
        ]
    }
}

/// Every clause with what it says about an object: `Sales staff.department EQUALS 'Sales'`, as the provisioning
/// log's `ScopeEvaluationResult` writes it.
pub fn clause_verdicts(filters: &[FilterGroup], values: &[AttributeValue<'_>]) -> Vec<(String, ClauseVerdict)> {
    let of_filter = |(index, filter): (usize, &FilterGroup)| {
        let one = |(at, clause)| {
            (format!("{}.{}", filters[index].title, clause_text(filters, index, at)), evaluate_clause(clause, values))
        };
        filter.clauses.iter().enumerate().map(one).collect::<Vec<_>>()
    };
    filters.iter().enumerate().flat_map(of_filter).collect()
}

/// `department EQUALS 'Sales'`, as the provisioning log writes it.
pub(super) fn clause_text(filters: &[FilterGroup], index: usize, clause: usize) -> String {
    let clause = &filters[index].clauses[clause];
    let operator = clause.operator.name();
    match (&clause.operator, clause.values.as_slice()) {
        (ClauseOperator::IsTrue | ClauseOperator::IsFalse | ClauseOperator::IsNull | ClauseOperator::IsNotNull, _)
        | (_, []) => format!("{} {operator}", clause.attribute),
        (_, values) => format!("{} {operator} '{}'", clause.attribute, values.join("' or '")),
    }
}

#[cfg(test)]
mod tests;

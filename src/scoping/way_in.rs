//! What would bring an object into scope: the shortest way, step by step.

use std::borrow::Cow;

use super::decision::clause_text;
use super::{Active, Assigned, ClauseVerdict, Decision, FilterVerdict, Role, evaluate_clause};
use crate::base::SourceId;
use crate::directory::{AppRole, AppRoles, AttributeValue, Entitlements, Evidence, GroupIndex, Known};
use crate::expression::attribute_text;
use crate::schema::{FilterGroup, ObjectKind};

/// One clause of a scoping filter, with what it found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClauseEvidence {
    /// Title of its filter; `filter 1` where it has none.
    pub filter: String,
    /// `department EQUALS 'Sales'`.
    pub clause: String,
    /// What it says.
    pub verdict: ClauseVerdict,
    /// The object's value as text; empty for none, `None` where the export doesn't contain it.
    pub actual: Option<String>,
}

/// Every clause of every filter, with the value that it looked at.
pub fn clause_evidence(filters: &[FilterGroup], values: &[AttributeValue<'_>]) -> Vec<ClauseEvidence> {
    let of_filter = |(index, filter): (usize, &FilterGroup)| {
        let title = title(filters, index);
        let one = |(at, clause): (usize, &crate::schema::FilterClause)| ClauseEvidence {
            filter: title.clone(),
            clause: clause_text(filters, index, at),
            verdict: evaluate_clause(clause, values),
            actual: attribute_text(&values[usize::from(clause.slot.0)]).map(Cow::into_owned),
        };
        filter.clauses.iter().enumerate().map(one).collect::<Vec<_>>()
    };
    filters.iter().enumerate().flat_map(of_filter).collect()
}

fn title(filters: &[FilterGroup], index: usize) -> String {
    match filters[index].title.as_str() {
        "" => format!("filter {}", index + 1),
        title => title.to_owned(),
    }
}

/// What has to be done, all of it, so that the object is in scope; nothing for one that is. Sentences without a full
/// stop.
pub fn way_in(
    decision: &Decision,
    kind: ObjectKind,
    id: &SourceId,
    entitlements: &Entitlements,
    filters: &[FilterGroup],
    values: &[AttributeValue<'_>],
) -> Vec<String> {
    let mut steps = Vec::new();
    match decision.active {
        Active::Yes | Active::Assumed => {}
        Active::AccountDisabled => steps.push("enable the account (accountEnabled)".to_owned()),
        Active::SoftDeleted => steps.push("restore the user from the recycle bin".to_owned()),
    }
    match (decision.assigned, decision.role) {
        (Assigned::WithoutSecurity, _) => {
            steps.push("take a security-enabled group: others can't be assigned".to_owned());
        }
        (Assigned::No, _) => steps.push(assign(kind, id, entitlements)),
        (_, Role::OnlyDefaultAccess | Role::NotAssigned) => steps.push(other_role(id, entitlements)),
        _ => {}
    }
    match decision.filter {
        FilterVerdict::NoFilters | FilterVerdict::Passed(_) => {}
        FilterVerdict::Failed(..) | FilterVerdict::Unknown(..) | FilterVerdict::Undecided(..) => {
            steps.push(pass(filters, nearest(filters, values), values));
        }
    }
    steps
}

/// The roles that count, as people see them: `User, Manager`.
fn roles(entitlements: &Entitlements) -> Option<String> {
    let roles = entitlements.roles();
    let names = roles.iter().filter(|(index, role)| *index != AppRoles::DEFAULT_ACCESS && is_for_users(role));
    let names: Vec<_> = names.map(|(_, role)| role.display_name.as_str()).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// Whether users and groups can have it.
fn is_for_users(role: &AppRole) -> bool {
    let types = &role.allowed_member_types;
    role.enabled && (types.is_empty() || types.iter().any(|kind| kind == "User"))
}

const NO_ROLES: &str =
    "add an app role to the application's manifest, since it has none but Default Access, and assign it";

fn assign(kind: ObjectKind, id: &SourceId, entitlements: &Entitlements) -> String {
    let Some(roles) = roles(entitlements) else { return NO_ROLES.to_owned() };
    let what = format!("assign a role other than Default Access: {roles}");
    match (kind, groups_of(id, entitlements).as_slice()) {
        (ObjectKind::User, [first, rest @ ..]) => {
            let name = |index: &GroupIndex| format!("\"{}\"", entitlements.group(*index).display_name);
            let groups = std::iter::once(first).chain(rest).take(3).map(name).collect::<Vec<_>>().join(" or ");
            format!("{what}; or assign the group {groups}, which the user is an immediate member of")
        }
        _ => what,
    }
}

/// Security-enabled groups with the user as an immediate member.
fn groups_of(id: &SourceId, entitlements: &Entitlements) -> Vec<GroupIndex> {
    let groups = (0..).map(GroupIndex).zip(entitlements.groups());
    let is_one =
        |group: &crate::directory::Group| group.security_enabled != Known::Known(false) && group.members.contains(id);
    groups.filter(|(_, group)| is_one(group)).map(|(index, _)| index).collect()
}

fn other_role(id: &SourceId, entitlements: &Entitlements) -> String {
    let Some(roles) = roles(entitlements) else { return NO_ROLES.to_owned() };
    let through = entitlements.evidence(id).find_map(|way| match way {
        Evidence::Group(group, _) => Some(entitlements.group(group).display_name.as_str()),
        Evidence::Direct(_) => None,
    });
    let is_direct = entitlements.evidence(id).any(|way| matches!(way, Evidence::Direct(_)));
    let to_whom = match (is_direct, through) {
        (false, Some(group)) => format!(" to the user, or to the group \"{group}\""),
        _ => String::new(),
    };
    format!(
        "assign a role other than Default Access{to_whom}: {roles}; or set default_access = \"include\", as the service \
         itself has done for applications since July 2020"
    )
}

/// The filter of which the fewest clauses are missing; the first of several.
fn nearest(filters: &[FilterGroup], values: &[AttributeValue<'_>]) -> usize {
    let missing = |filter: &FilterGroup| {
        filter.clauses.iter().filter(|clause| evaluate_clause(clause, values) != ClauseVerdict::True).count()
    };
    (0..filters.len()).min_by_key(|index| missing(&filters[*index])).unwrap_or_default()
}

/// What is missing of a filter.
fn pass(filters: &[FilterGroup], index: usize, values: &[AttributeValue<'_>]) -> String {
    let missing = filters[index].clauses.iter().enumerate().filter_map(|(at, clause)| {
        let said = clause_text(filters, index, at);
        match evaluate_clause(clause, values) {
            ClauseVerdict::True => None,
            ClauseVerdict::Unknown => Some(format!("export the column {}, which {said} needs", clause.attribute)),
            ClauseVerdict::Undecided => Some(format!("take a simpler regular expression than that of {said}")),
            ClauseVerdict::False => {
                let is = match attribute_text(&values[usize::from(clause.slot.0)]).as_deref() {
                    None | Some("") => "it has no value".to_owned(),
                    Some(value) => format!("it is '{value}'"),
                };
                Some(format!("make {said} true ({is})"))
            }
        }
    });
    let missing: Vec<_> = missing.collect();
    let others = if filters.len() > 1 { ", or pass another filter" } else { "" };
    format!("{} to pass the filter \"{}\"{others}", missing.join(" and "), title(filters, index))
}

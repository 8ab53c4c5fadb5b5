//! Decides what happens to one object. No I/O: what must be looked up is returned as a request.

use std::borrow::Cow;

use serde_json::Value;

use super::compare::has_value;
use super::{Action, ActionKind, AttributeChange, Effect, PriorState, Reason, differs};
use crate::base::{SourceId, TargetId};
use crate::mapping::{Desired, Flow, Roles};
use crate::matching::{Candidates, Query};
use crate::schema::{AttributeMapping, FlowType, ObjectMapping, TargetAttribute};
use crate::scim::{Change, ChangeOp, Dialect, Mutability, Resource, creation};
use crate::scoping::Standing;

/// Stands for a value that `Redact` keeps out of the log.
pub(crate) const REDACTED: &str = "[Redact]";

/// Roles are patched as a whole, whatever path the mapping has.
const ROLES: &str = "roles";

/// What holds for every object of a cycle.
#[derive(Debug, Clone, Copy)]
pub struct PlanContext<'a> {
    /// Mapping of this kind of object.
    pub mapping: &'a ObjectMapping,
    /// How PATCH is written.
    pub dialect: Dialect,
    /// Whether the target keeps disabled accounts; otherwise leaving the scope deletes.
    pub soft_delete: bool,
    /// Accounts of objects that leave the scope are left alone.
    pub skip_out_of_scope_deletions: bool,
    /// An account that is gone is matched and created again, which the service doesn't do.
    pub rematch_vanished: bool,
    /// Everything is compared, whatever changed: the cycle is initial.
    pub compare_all: bool,
    /// Accidental deletion prevention holds disables and deletes back, but for those that were allowed.
    pub hold_back: bool,
}

/// One object as the source has it now.
#[derive(Debug, Clone, PartialEq)]
pub struct Subject {
    /// Its id.
    pub id: SourceId,
    /// User principal name, for people.
    pub name: Box<str>,
    /// What the source says of it.
    pub presence: Presence,
    /// What the mappings give.
    pub desired: Desired,
    /// Queries by matching attribute, in precedence.
    pub queries: Vec<Query>,
    /// For each mapping, whether a source attribute of it changed since the last export.
    pub changed: Vec<bool>,
    /// Set when it can't be exported whatever the target says: duplicates, invalid values.
    pub defect: Option<Reason>,
    /// Whether its disable or delete was held back once and is allowed now.
    pub removal_allowed: bool,
    /// Whether it has failed for so long that it isn't tried any more.
    pub pruned: bool,
}

/// What the source says of an object.
#[derive(Debug, Clone, PartialEq)]
pub enum Presence {
    /// In scope.
    InScope,
    /// Out of scope, as the standing says; the text names what decided.
    Out(Standing, Box<str>),
    /// The export can't tell; the text says why.
    Uncertain(Box<str>),
    /// Gone from the tenant for good.
    HardDeleted,
}

/// Something to ask the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// Accounts by a matching attribute.
    Match(Query),
    /// The linked account.
    Read(TargetId),
}

/// What the target answered; the answers to successive lookups, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// To [`Lookup::Match`].
    Matched(Candidates),
    /// To [`Lookup::Read`].
    Read(Resource),
    /// To [`Lookup::Read`]: there is no such account.
    Vanished,
    /// A creation was refused because the account exists. What was asked before doesn't count any
    /// more.
    Conflict {
        /// Error code of the provisioning log.
        code: &'static str,
        /// What the target says.
        detail: Box<str>,
    },
}

/// The planner's word on one object.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub enum Step {
    /// It must know this first.
    Need(Lookup),
    /// This is to be done.
    Act(Action),
}

/// Plans one object: either asks for the next answer or decides.
pub fn plan_one(context: &PlanContext<'_>, subject: &Subject, prior: Option<&PriorState>, answers: &[Answer]) -> Step {
    let link = prior.and_then(|prior| prior.target.as_ref().map(|target| (prior, target)));
    if subject.pruned {
        return quiet(ActionKind::Skip, Reason::EscrowPruned);
    }
    match (&subject.presence, link) {
        (Presence::HardDeleted, None) => quiet(ActionKind::Skip, Reason::HardDeleted),
        (Presence::HardDeleted, Some((prior, target))) => hard_deleted(context, subject, prior, target),
        // The import comes before the scope; an account that is there is still taken care of below.
        (Presence::Uncertain(why), _) | (Presence::Out(_, why), None) => match &subject.defect {
            Some(defect @ Reason::ImportSkipped(_)) => quiet(ActionKind::Skip, defect.clone()),
            _ => quiet(ActionKind::Skip, Reason::NotEffectivelyEntitled(why.clone())),
        },
        (Presence::Out(standing, why), Some((prior, target))) => {
            leave(context, subject, prior, target, *standing, why, answers)
        }
        (Presence::InScope, link) => match &subject.defect {
            Some(defect @ Reason::ImportSkipped(_)) => quiet(ActionKind::Skip, defect.clone()),
            Some(defect) => quiet(ActionKind::Fail, defect.clone()),
            None => match link {
                Some((prior, target)) => update(context, subject, prior, target, answers),
                None => find_or_create(context, subject, answers),
            },
        },
    }
}

fn quiet(kind: ActionKind, reason: Reason) -> Step {
    Step::Act(Action::quiet(kind, reason))
}

/// How an object with an account leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaving {
    /// Out of scope, disabled or in the recycle bin.
    Out,
    /// Gone from the tenant for good.
    HardDeleted,
}

/// Whether an object's leaving disables or deletes its account: what accidental deletion prevention counts before
/// anything is asked of the target.
pub fn removes_account(context: &PlanContext<'_>, before: Standing, leaving: Leaving) -> bool {
    match leaving {
        Leaving::HardDeleted => !before.is_unmanaged() && context.mapping.actions.delete,
        Leaving::Out if context.skip_out_of_scope_deletions => false,
        // An initial cycle looks at those again who were left alone.
        Leaving::Out if before != Standing::InScope && !(before == Standing::LeftAlone && context.compare_all) => false,
        Leaving::Out if context.soft_delete => context.mapping.active.is_some() && context.mapping.actions.update,
        Leaving::Out => context.mapping.actions.delete,
    }
}

fn hard_deleted(context: &PlanContext<'_>, subject: &Subject, prior: &PriorState, target: &TargetId) -> Step {
    if prior.standing.is_unmanaged() {
        quiet(ActionKind::Skip, Reason::Unmanaged)
    } else {
        delete(context, subject, target, Reason::HardDeleted)
    }
}

fn delete(context: &PlanContext<'_>, subject: &Subject, target: &TargetId, reason: Reason) -> Step {
    if !context.mapping.actions.delete {
        return quiet(ActionKind::Skip, Reason::ActionOff("delete"));
    }
    if context.hold_back && !subject.removal_allowed {
        return quiet(ActionKind::StagedDelete, Reason::HeldBack(reason.to_string().into()));
    }
    let effect = Effect::Delete(target.clone());
    Step::Act(Action { kind: ActionKind::Delete, reason, changes: Vec::new(), effect })
}

/// A linked object that isn't in scope.
fn leave(
    context: &PlanContext<'_>,
    subject: &Subject,
    prior: &PriorState,
    target: &TargetId,
    standing: Standing,
    why: &str,
    answers: &[Answer],
) -> Step {
    let left_before = prior.standing != Standing::InScope && prior.failure.is_none();
    if left_before && !context.compare_all {
        return quiet(ActionKind::Skip, Reason::NotEffectivelyEntitled(why.into()));
    }
    if context.skip_out_of_scope_deletions {
        return quiet(ActionKind::Skip, Reason::OutOfScopeIgnored(why.into()));
    }
    if !context.soft_delete {
        return delete(context, subject, target, Reason::LeftScope(why.into()));
    }
    let Some(active) = context.mapping.active else {
        return quiet(ActionKind::Skip, Reason::NoActiveMapping(why.into()));
    };
    if !context.mapping.actions.update {
        return quiet(ActionKind::Skip, Reason::ActionOff("update"));
    }
    if subject.desired[active] == Flow::Unknown {
        return match &subject.defect {
            Some(defect @ Reason::InvalidValue(_)) => quiet(ActionKind::Fail, defect.clone()),
            _ => quiet(ActionKind::Skip, Reason::NoActiveMapping(why.into())),
        };
    }
    if context.hold_back && !subject.removal_allowed {
        return if left_before && prior.standing != Standing::LeftAlone {
            quiet(ActionKind::Skip, Reason::NotEffectivelyEntitled(why.into()))
        } else {
            quiet(ActionKind::StagedDelete, Reason::HeldBack(why.into()))
        };
    }
    // What is left of a deleted user in the recycle bin is no source of other values.
    let only_active = left_before || standing == Standing::SoftDeleted;
    let compared = |index: usize| index == active || (!only_active && subject.changed[index]);
    match answers.first() {
        None => Step::Need(Lookup::Read(target.clone())),
        Some(Answer::Read(account)) => {
            // An account that isn't to be disabled isn't kept up to date either.
            let mapping = &context.mapping.attributes[active];
            let disables = difference(context.dialect, mapping, &subject.desired[active], account).is_some();
            let reason = Reason::LeftScope(why.into());
            let compared = |index: usize| disables && compared(index);
            patch(context, subject, target, account, compared, ActionKind::Disable, reason)
        }
        Some(_) => quiet(ActionKind::Fail, Reason::InvalidAnchor(target.as_str().into())),
    }
}

/// A linked object in scope.
fn update(
    context: &PlanContext<'_>,
    subject: &Subject,
    prior: &PriorState,
    target: &TargetId,
    answers: &[Answer],
) -> Step {
    // What changed while it was out of scope was seen, but not sent.
    let all = context.compare_all || prior.standing != Standing::InScope;
    let compared = |index: usize| all || subject.changed[index] || context.mapping.attributes[index].flow_always;
    match answers.first() {
        None => Step::Need(Lookup::Read(target.clone())),
        Some(Answer::Read(account)) => {
            let reason = if prior.standing == Standing::InScope { Reason::Changed } else { Reason::InScopeAgain };
            patch(context, subject, target, account, compared, ActionKind::Update, reason)
        }
        Some(Answer::Vanished) if context.rematch_vanished => find_or_create(context, subject, &answers[1..]),
        Some(_) => quiet(ActionKind::Fail, Reason::InvalidAnchor(target.as_str().into())),
    }
}

/// An object in scope without a link.
fn find_or_create(context: &PlanContext<'_>, subject: &Subject, answers: &[Answer]) -> Step {
    let conflict = answers.iter().rposition(|answer| matches!(answer, Answer::Conflict { .. }));
    let asked = &answers[conflict.map_or(0, |at| at + 1)..];
    for (at, query) in subject.queries.iter().enumerate() {
        match asked.get(at) {
            None => return Step::Need(Lookup::Match(query.clone())),
            Some(Answer::Matched(Candidates::None)) => {}
            Some(Answer::Matched(Candidates::One(account))) => return link(context, subject, account),
            Some(Answer::Matched(Candidates::Several(ids))) => {
                let what = format!("{} finds {}", asked_for(context, query), ids.join(", "));
                return quiet(ActionKind::Fail, Reason::DuplicateTargetEntries(what.into()));
            }
            Some(Answer::Matched(Candidates::Taken(owner))) => {
                let what = format!("{owner}, which the account is linked to");
                return quiet(ActionKind::Fail, Reason::DuplicateSourceEntries(what.into()));
            }
            Some(Answer::Matched(Candidates::FilterIgnored(count))) => {
                let what = format!(
                    "the endpoint answered {} with {count} other accounts: it ignores the filter",
                    asked_for(context, query)
                );
                return quiet(ActionKind::Fail, Reason::UnusableAnswer(what.into()));
            }
            Some(Answer::Read(_) | Answer::Vanished | Answer::Conflict { .. }) => {
                let what = "a matching query was answered with something else";
                return quiet(ActionKind::Fail, Reason::UnusableAnswer(what.into()));
            }
        }
    }
    match conflict.map(|at| &answers[at]) {
        Some(Answer::Conflict { detail, .. }) => {
            let what = format!("the account exists already but can't be found by its matching attribute: {detail}");
            quiet(ActionKind::Fail, Reason::RequestFailed(what.into()))
        }
        _ => create(context, subject),
    }
}

/// A query in words.
fn asked_for(context: &PlanContext<'_>, query: &Query) -> String {
    let mapping = &context.mapping.attributes[query.mapping];
    let value = if mapping.redacted { REDACTED } else { &query.value };
    format!("{} eq \"{value}\"", mapping.target.name)
}

fn link(context: &PlanContext<'_>, subject: &Subject, account: &Resource) -> Step {
    let Some(id) = account.id() else {
        let what = "the matching account has no id";
        return quiet(ActionKind::Fail, Reason::UnusableAnswer(what.into()));
    };
    patch(context, subject, &TargetId::new(id), account, |_| true, ActionKind::Update, Reason::Matched)
}

/// The values of a POST.
fn created<'a>(
    mapping: &'a ObjectMapping,
    subject: &'a Subject,
) -> impl Iterator<Item = (&'a AttributeMapping, Cow<'a, Value>)> {
    let mappings = mapping.attributes.iter().zip(&subject.desired);
    mappings.filter(|(mapping, _)| mapping.target.mutability != Mutability::ReadOnly).filter_map(|(mapping, flow)| {
        match flow {
            Flow::Value(value) | Flow::OnCreate(value) => Some((mapping, Cow::Borrowed(value))),
            Flow::Roles(roles) => Some((mapping, Cow::Owned(roles.created()))),
            Flow::Unknown | Flow::Nothing => None,
        }
    })
}

fn create(context: &PlanContext<'_>, subject: &Subject) -> Step {
    if !context.mapping.actions.create {
        return quiet(ActionKind::Skip, Reason::ActionOff("create"));
    }
    let values: Vec<_> = created(context.mapping, subject).collect();
    let changes = values
        .iter()
        .map(|(mapping, value)| AttributeChange {
            attribute: mapping.target.name.as_str().into(),
            old: None,
            new: Some(shown(mapping, value)),
        })
        .collect();
    let body = creation(
        &context.mapping.target_object,
        values.into_iter().map(|(mapping, value)| (&mapping.target.path, value.into_owned())),
    );
    Step::Act(Action { kind: ActionKind::Create, reason: Reason::NoMatch, changes, effect: Effect::Create(body) })
}

/// Compares and, where something differs, patches.
fn patch(
    context: &PlanContext<'_>,
    subject: &Subject,
    target: &TargetId,
    account: &Resource,
    compared: impl Fn(usize) -> bool,
    kind: ActionKind,
    reason: Reason,
) -> Step {
    let differences: Vec<_> = context
        .mapping
        .attributes
        .iter()
        .zip(&subject.desired)
        .enumerate()
        .filter(|(index, _)| compared(*index))
        .filter_map(|(_, (mapping, flow))| difference(context.dialect, mapping, flow, account))
        .collect();
    if differences.is_empty() {
        let effect = Effect::Link(target.clone());
        let reason = Reason::RedundantExport;
        return Step::Act(Action { kind: ActionKind::None, reason, changes: Vec::new(), effect });
    }
    if !context.mapping.actions.update {
        let effect = Effect::Link(target.clone());
        let reason = Reason::ActionOff("update");
        return Step::Act(Action { kind: ActionKind::Skip, reason, changes: Vec::new(), effect });
    }
    let changes = differences
        .iter()
        .map(|difference| AttributeChange {
            attribute: difference.change.name.into(),
            old: difference.old.map(|old| shown(difference.mapping, old)),
            new: Some(shown(difference.mapping, &difference.change.value)),
        })
        .collect();
    let wire: Vec<_> = differences.iter().map(|difference| difference.change.clone()).collect();
    let effect = Effect::Patch(target.clone(), context.dialect.patch(&wire));
    Step::Act(Action { kind, reason, changes, effect })
}

pub(super) struct Difference<'a> {
    pub(super) mapping: &'a AttributeMapping,
    pub(super) change: Change<'a>,
    pub(super) old: Option<&'a Value>,
}

pub(super) fn difference<'a>(
    dialect: Dialect,
    mapping: &'a AttributeMapping,
    flow: &'a Flow,
    account: &'a Resource,
) -> Option<Difference<'a>> {
    let target = &mapping.target;
    if matches!(target.mutability, Mutability::ReadOnly | Mutability::Immutable) {
        return None;
    }
    let value = match flow {
        Flow::Value(value) => value,
        Flow::Roles(roles) => {
            let (op, value) = roles.patched(dialect);
            let change = Change { name: ROLES, path: &target.path, op, value: Cow::Owned(value) };
            return roles.differ(account).then(|| Difference { mapping, change, old: Roles::held(account) });
        }
        Flow::Unknown | Flow::Nothing | Flow::OnCreate(_) => return None,
    };
    let actual = target.path.get(account).filter(|actual| has_value(Some(actual)));
    let sent = match mapping.flow {
        FlowType::ObjectAddOnly => false,
        FlowType::AttributeAddOnly => actual.is_none(),
        // These two only ever add: a target that has all of the values is left alone.
        FlowType::MultiValueAddOnly | FlowType::ValueAddOnly => match value {
            Value::Array(values) => values.iter().any(|value| !among(target, value, actual)),
            value => !among(target, value, actual),
        },
        FlowType::Always => target.mutability == Mutability::WriteOnly || differs(target, value, actual),
    };
    sent.then(|| Difference {
        mapping,
        change: Change {
            name: &target.name,
            path: &target.path,
            op: change_op(mapping.flow, actual),
            value: Cow::Borrowed(value),
        },
        old: actual,
    })
}

const fn change_op(flow: FlowType, actual: Option<&Value>) -> ChangeOp {
    match (actual, flow) {
        (Some(_), FlowType::Always | FlowType::ObjectAddOnly | FlowType::AttributeAddOnly) => ChangeOp::Replace,
        _ => ChangeOp::Add,
    }
}

/// The values that an action sends, those in the place of which it shows `[Redact]` included.
pub(super) fn sent<'a>(
    context: &PlanContext<'a>,
    subject: &'a Subject,
    action: &Action,
) -> Vec<(&'a AttributeMapping, ChangeOp, Cow<'a, Value>)> {
    let mappings = context.mapping.attributes.iter().zip(&subject.desired);
    match &action.effect {
        Effect::Nothing | Effect::Link(_) | Effect::Delete(_) => Vec::new(),
        Effect::Create(_) => {
            created(context.mapping, subject).map(|(mapping, value)| (mapping, ChangeOp::Add, value)).collect()
        }
        Effect::Patch(..) => mappings
            .filter_map(|(mapping, flow)| {
                let change = |name: &str| action.changes.iter().find(|change| &*change.attribute == name);
                match flow {
                    Flow::Value(value) => {
                        let change = change(&mapping.target.name)?;
                        Some((mapping, change_op(mapping.flow, change.old.as_ref()), Cow::Borrowed(value)))
                    }
                    Flow::Roles(roles) => {
                        let (op, value) = roles.patched(context.dialect);
                        change(ROLES).map(|_| (mapping, op, Cow::Owned(value)))
                    }
                    Flow::Unknown | Flow::Nothing | Flow::OnCreate(_) => None,
                }
            })
            .collect(),
    }
}

/// What plans, events and the log have of a value. The request has the value itself.
pub(super) fn shown(mapping: &AttributeMapping, value: &Value) -> Value {
    if mapping.redacted { Value::String(REDACTED.to_owned()) } else { value.clone() }
}

/// Whether the target has this value, among others or alone.
fn among(target: &TargetAttribute, value: &Value, actual: Option<&Value>) -> bool {
    match actual {
        Some(Value::Array(values)) => values.iter().any(|actual| !differs(target, value, Some(actual))),
        actual => !differs(target, value, actual),
    }
}

#[cfg(test)]
mod tests;

//! What a linked account was given, as far as that can be told: what is compared with what it has.

use serde_json::Value;

use crate::engine::Due;
use crate::event::discovery::{Flag, Flags};
use crate::mapping::{Flow, Roles};
use crate::plan::{AttributeChange, FailedPart, PlanContext, Presence, Standing, drift, truth};
use crate::schema::{AttributeMapping, AttributeSource, ObjectMapping};
use crate::scim::Resource;

/// The values of one object, packed.
#[derive(Debug)]
pub(super) struct Wanted {
    /// `[[index of the mapping, whether its source changed since, value], …]` as JSON.
    values: Box<[u8]>,
    /// App roles, which aren't values: index of the mapping, whether they changed.
    roles: Option<Box<(usize, bool, Roles)>>,
}

/// An attribute in which an account differs from what it was given.
#[derive(Debug)]
pub(super) struct Difference {
    /// Index of the mapping.
    pub(super) index: usize,
    /// Whether its source changed since the last export.
    pub(super) is_pending: bool,
    change: AttributeChange,
}

impl Wanted {
    /// What the account of an object was given; `None` where that can't be told: its last export failed, it is about
    /// to enter or to leave, or it isn't kept up to date.
    pub(super) fn of(context: &PlanContext<'_>, due: &Due) -> Option<Self> {
        let prior = due.prior.as_ref()?;
        let failed = prior.failure.as_ref().is_some_and(|failure| failure.part == FailedPart::Export);
        if failed || prior.staged.is_some() || !context.mapping.actions.update {
            return None;
        }
        let only = match (&due.subject.presence, prior.standing) {
            (Presence::InScope, Standing::InScope) if due.subject.defect.is_none() => None,
            // Of who left, nothing but this was sent.
            (Presence::Out(..), Standing::OutOfScope | Standing::Disabled | Standing::SoftDeleted) => {
                Some(context.mapping.active.filter(|_| context.soft_delete)?)
            }
            _ => return None,
        };
        let subject = &due.subject;
        let compared =
            |index: usize, mapping: &AttributeMapping| only.is_none_or(|only| only == index) && !is_volatile(mapping);
        let mut values: Vec<(usize, bool, &Value)> = Vec::new();
        let mut roles = None;
        for (index, (mapping, flow)) in context.mapping.attributes.iter().zip(&subject.desired).enumerate() {
            match flow {
                _ if !compared(index, mapping) => {}
                Flow::Value(value) => values.push((index, subject.changed[index], value)),
                Flow::Roles(given) => roles = Some(Box::new((index, subject.changed[index], given.clone()))),
                Flow::Unknown | Flow::Nothing | Flow::OnCreate(_) => {}
            }
        }
        let values = serde_json::to_vec(&values).ok()?.into();
        Some(Self { values, roles })
    }

    /// Compares an account with it.
    pub(super) fn compare(&self, mapping: &ObjectMapping, account: &Resource) -> Vec<Difference> {
        let mut desired = vec![Flow::Nothing; mapping.attributes.len()];
        let mut changed = vec![false; mapping.attributes.len()];
        let values: Vec<(usize, bool, Value)> = serde_json::from_slice(&self.values).unwrap_or_default();
        for (index, is_changed, value) in values {
            desired[index] = Flow::Value(value);
            changed[index] = is_changed;
        }
        if let Some((index, is_changed, roles)) = self.roles.as_deref() {
            desired[*index] = Flow::Roles(roles.clone());
            changed[*index] = *is_changed;
        }
        let difference = |(index, change)| Difference { index, is_pending: changed[index], change };
        drift(mapping, &desired, account).into_iter().map(difference).collect()
    }
}

/// What is told of differences: flags, and the attributes whose source is as it was at the last export.
pub(super) fn told(mapping: &ObjectMapping, differences: Vec<Difference>) -> (Flags, Vec<AttributeChange>) {
    let (mut flags, mut drifted) = (Flags::default(), Vec::new());
    for Difference { index, is_pending, change } in differences {
        if is_pending {
            flags.set(Flag::Pending);
            continue;
        }
        flags.set(Flag::Drifted);
        if mapping.active == Some(index) {
            match [&change.new, &change.old].map(|value| value.as_ref().and_then(truth)) {
                [Some(true), Some(false)] => flags.set(Flag::Deactivated),
                [Some(false), Some(true)] => flags.set(Flag::Reactivated),
                _ => {}
            }
        }
        drifted.push(change);
    }
    (flags, drifted)
}

/// Whether a mapping gives another value each time: what was exported can't be told then.
fn is_volatile(mapping: &AttributeMapping) -> bool {
    matches!(&mapping.source, AttributeSource::Expression(expression) if expression.is_volatile())
}

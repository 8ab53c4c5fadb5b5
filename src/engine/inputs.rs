//! What a cycle decides by: the policy, the rules, the export, and what was remembered when it began.

use std::sync::Arc;

use super::accounts::Accounts;
use super::cycle::Remembered;
use super::links::Links;
use super::references::ReferencePass;
use super::{Evaluator, Policy};
use crate::base::Timestamp;
use crate::config::Duplicates;
use crate::plan::ReferenceContext;
use crate::schema::{CompiledSchema, ObjectKind};
use crate::source::Export;
use crate::store::{ObjectStates, References, Watermark};

/// Shared with the thread that reads the export.
#[derive(Clone)]
pub(super) struct Inputs {
    pub(super) policy: Arc<Policy>,
    pub(super) rules: Arc<CompiledSchema>,
    pub(super) export: Arc<Export>,
    pub(super) users: Arc<ObjectStates>,
    pub(super) groups: Arc<ObjectStates>,
    pub(super) references: Arc<References>,
    /// Without it every object is due.
    pub(super) watermark: Option<Arc<Watermark>>,
    pub(super) now: Timestamp,
    pub(super) evaluated_at: Timestamp,
    /// Whether disables and deletes are held back.
    pub(super) hold_back: bool,
    /// Whether the steps of each object are told, for the provisioning log.
    pub(super) traced: bool,
}

impl Inputs {
    /// What decides about a whole export that is looked at afresh: every object is due, nothing is held back, nobody
    /// asks for steps.
    pub(super) fn new(
        policy: Arc<Policy>,
        rules: &Arc<CompiledSchema>,
        export: &Arc<Export>,
        remembered: &Remembered,
        now: Timestamp,
    ) -> Self {
        Self {
            policy,
            rules: Arc::clone(rules),
            export: Arc::clone(export),
            users: Arc::clone(&remembered.users),
            groups: Arc::clone(&remembered.groups),
            references: Arc::clone(&remembered.references),
            watermark: None,
            now,
            evaluated_at: now,
            hold_back: false,
            traced: false,
        }
    }

    /// What was remembered of one kind of object.
    pub(super) const fn states(&self, kind: ObjectKind) -> &Arc<ObjectStates> {
        match kind {
            ObjectKind::User => &self.users,
            ObjectKind::Group => &self.groups,
        }
    }

    /// What keeps objects apart that would share an account; none where users may.
    pub(super) fn links(&self, kind: ObjectKind) -> Option<Links> {
        let may_share = self.policy.duplicates == Duplicates::Link && kind == ObjectKind::User;
        (!may_share).then(|| Links::new(Arc::clone(self.states(kind))))
    }

    /// What decides about references.
    pub(super) fn reference_pass<'p>(&'p self, context: ReferenceContext, accounts: &'p Accounts) -> ReferencePass<'p> {
        ReferencePass {
            policy: &self.policy,
            context,
            users: &self.rules.users,
            groups: self.rules.groups.as_ref(),
            export: &self.export,
            accounts,
            remembered: &self.references,
            prior_groups: &self.groups,
            now: self.now,
        }
    }

    /// The evaluator of one kind of object; groups have one only with a group mapping.
    pub(super) fn evaluator(&self, kind: ObjectKind) -> Option<Evaluator<'_>> {
        let (mapping, names) = self.rules.mapping(kind)?;
        let watermark = self.watermark.as_deref();
        let known = watermark.map(|watermark| match kind {
            ObjectKind::User => &watermark.users,
            ObjectKind::Group => &watermark.groups,
        });
        Some(Evaluator {
            policy: &self.policy,
            mapping,
            names,
            export: &self.export,
            prior: Some(self.states(kind)),
            references: Some(&self.references),
            known,
            now: self.now,
            evaluated_at: self.evaluated_at,
            traced: self.traced,
        })
    }
}

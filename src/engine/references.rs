//! The last pass of a cycle: managers, then members, once everybody has an account.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::accounts::Accounts;
use super::fingerprints::id_fingerprint;
use super::lookup::{PendingManager, Trail, Worked};
use super::outcome::retry_of;
use super::steps::note_exchanges;
use super::{LinkChange, Policy, Processed, Verify};
use crate::base::{CycleId, Fingerprint, SourceId, TargetId, Timestamp};
use crate::client::{Client, Failure, Operation, patch_request};
use crate::clock::Clock;
use crate::directory::Group;
use crate::event::{Attempt, ChangeId, ObjectError, ObjectRecord};
use crate::plan::{
    self, ActionKind, AttributeChange, FailedPart, Reason, Reference, ReferenceContext, ReferenceStep, Referenced,
    Sent, plan_gone_member, plan_member, plan_single,
};
use crate::schema::{CompiledSchema, ObjectKind, ObjectMapping};
use crate::scim::{ChangeOp, Dialect, Request};
use crate::source::Export;
use crate::store::{ObjectStates, Outcome, ReferenceChange, References, StateChange, TraceText, TraceWriter};

/// Everything that decides about references.
pub(crate) struct ReferencePass<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) context: ReferenceContext,
    pub(crate) users: &'a ObjectMapping,
    pub(crate) groups: Option<&'a ObjectMapping>,
    pub(crate) export: &'a Export,
    pub(crate) accounts: &'a Accounts,
    pub(crate) remembered: &'a References,
    /// What was remembered of groups when the cycle began.
    pub(crate) prior_groups: &'a ObjectStates,
    pub(crate) now: Timestamp,
}

/// One request that sets or removes references of one object, or one that needs no request.
#[derive(Debug, Clone)]
pub(crate) struct ReferenceTask {
    pub(super) kind: ObjectKind,
    owner: SourceId,
    name: Box<str>,
    pub(super) target: TargetId,
    attribute: Arc<str>,
    pub(super) send: Send,
    /// Members from before that are to stay, where what is written is verified.
    pub(super) kept: Arc<[TargetId]>,
    changes: Vec<ReferenceChange>,
    seen: Fingerprint,
    failed: Option<(Timestamp, u32)>,
}

/// What goes over the wire; ids of the target with the names of those who are meant.
#[derive(Debug, Clone)]
pub(super) enum Send {
    Nothing,
    Manager {
        op: ChangeOp,
        old: Option<String>,
        new: TargetId,
        who: String,
    },
    NoManager {
        old: Option<String>,
        who: String,
    },
    AddMembers(Vec<(TargetId, String)>),
    RemoveMembers(Vec<(TargetId, String)>),
    /// Nothing is sent: these have no account in scope.
    LeftOut(Vec<String>),
    /// Nothing is sent any more: it failed for too long.
    GivenUp,
}

impl<'a> ReferencePass<'a> {
    /// What is to be done about one user's manager.
    pub(crate) fn manager(&self, pending: PendingManager) -> Option<ReferenceTask> {
        let attribute = reference_name(self.users)?;
        if !self.users.actions.update {
            return None;
        }
        let known = self.remembered.of(ObjectKind::User, &pending.owner, attribute).first();
        let known = known.filter(|(id, _)| ![&pending.owner, id].into_iter().any(|id| self.accounts.has_moved(id)));
        let referenced = pending.desired.as_ref().map(|manager| self.accounts.referenced(manager));
        let desired = pending.desired.as_ref().zip(referenced.as_ref());
        let remembered = known.map(|(id, sent)| (id, *sent));
        let step = plan_single(self.context, desired, remembered, pending.held.as_deref());
        let mut changes = Vec::new();
        let mut change = |referenced: &SourceId, state| {
            let attribute = attribute.into();
            changes.push(ReferenceChange { attribute, referenced: referenced.clone(), state });
        };
        if let Some((old, _)) =
            known.filter(|(old, _)| step != ReferenceStep::Keep && desired.map(|new| new.0) != Some(old))
        {
            change(old, None);
        }
        if let Some((manager, _)) = desired {
            match &step {
                ReferenceStep::Remember(sent) => change(manager, Some(*sent)),
                ReferenceStep::Set(..) => change(manager, Some(Sent::Yes)),
                ReferenceStep::Keep | ReferenceStep::Forget | ReferenceStep::Remove(_) => {}
            }
        }
        let who = |id: Option<&SourceId>| id.map_or_else(String::new, |id| self.accounts.name(id));
        let send = match step {
            ReferenceStep::Keep => return None,
            ReferenceStep::Remember(Sent::No) => Send::LeftOut(vec![who(pending.desired.as_ref())]),
            ReferenceStep::Remember(Sent::Yes | Sent::Maybe) | ReferenceStep::Forget => Send::Nothing,
            ReferenceStep::Set(op, new) => {
                Send::Manager { op, old: pending.held, new, who: who(pending.desired.as_ref()) }
            }
            ReferenceStep::Remove(_) => Send::NoManager { old: pending.held, who: who(known.map(|(id, _)| id)) },
        };
        Some(ReferenceTask {
            kind: ObjectKind::User,
            owner: pending.owner,
            name: pending.name,
            target: pending.target,
            attribute: attribute.into(),
            send,
            kept: Arc::default(),
            changes,
            seen: pending.seen,
            failed: pending.failed,
        })
    }

    /// Whether groups have members at the target. Without memberships in the export nothing is known of any.
    pub(crate) fn sends_members(&self) -> bool {
        self.groups.is_some_and(|groups| groups.reference.is_some() && groups.actions.update)
            && self.export.group_has("members")
    }

    /// The groups whose members are looked at, in the order of the export.
    fn looked_at(&self) -> impl Iterator<Item = &'a Group> + use<'_, 'a> {
        let sent = self.sends_members();
        let groups = self.export.entitlements().listed_groups();
        groups.filter(move |group| sent && self.policy.selects(&group.id, &group.display_name))
    }

    /// What is to be done about the members of every group in scope, in the order of the export.
    pub(crate) fn members(&self) -> impl Iterator<Item = ReferenceTask> + use<'_, 'a> {
        self.looked_at().flat_map(|group| self.members_of(group, None))
    }

    /// What is to be done about these members of one group, whatever failed before; nobody is removed.
    pub(crate) fn members_among(&self, group: &Group, only: &[SourceId]) -> Vec<ReferenceTask> {
        if self.sends_members() { self.members_of(group, Some(only)) } else { Vec::new() }
    }

    /// What is to be done about the members of one group.
    pub(crate) fn members_of_group(&self, group: &Group) -> Vec<ReferenceTask> {
        if self.sends_members() { self.members_of(group, None) } else { Vec::new() }
    }

    /// Groups whose members failed before and were tried again.
    pub(crate) fn tried_again(&self) -> impl Iterator<Item = SourceId> + use<'_, 'a> {
        let tried = self.looked_at().filter(|group| {
            let failure = self.failure_of(group).filter(|failure| self.is_tried(group, failure));
            failure.is_some() && self.accounts.exported(&group.id).is_some()
        });
        tried.map(|group| group.id.clone())
    }

    /// The failure of a group's members before this cycle.
    fn failure_of(&self, group: &Group) -> Option<&'a plan::Failure> {
        let failure = self.prior_groups.view(&group.id)?.failure();
        failure.filter(|failure| failure.part == FailedPart::Reference)
    }

    /// Whether members that failed are tried again: their time has come, or the group or its members changed.
    fn is_tried(&self, group: &Group, failure: &plan::Failure) -> bool {
        let is_due = || self.policy.escrow.is_due(failure.first_at, failure.last_at, failure.count, self.now);
        self.is_new(group, failure) || (!self.is_pruned(failure) && is_due())
    }

    /// Whether the group or its members changed since they failed.
    fn is_new(&self, group: &Group, failure: &plan::Failure) -> bool {
        self.accounts.is_worked_on(&group.id) || failure.seen != members_fingerprint(group)
    }

    fn is_pruned(&self, failure: &plan::Failure) -> bool {
        self.policy.escrow.is_pruned(failure.first_at, self.now)
    }

    fn members_of(&self, group: &Group, only: Option<&[SourceId]>) -> Vec<ReferenceTask> {
        let attribute = self.groups.and_then(reference_name).unwrap_or_default();
        let Some(target) = self.accounts.exported(&group.id) else { return Vec::new() };
        let failure = self.failure_of(group);
        let waits = failure.filter(|failure| only.is_none() && !self.is_tried(group, failure));
        let is_given_up = waits.is_some_and(|failure| self.is_pruned(failure));
        if waits.is_some() && !is_given_up {
            return Vec::new();
        }
        let (mut quiet, mut added, mut removed) = (Vec::new(), Vec::new(), Vec::new());
        let known = if self.accounts.has_moved(&group.id) {
            &[]
        } else {
            self.remembered.of(ObjectKind::Group, &group.id, attribute)
        };
        let sent_before = |member: &SourceId| {
            let at = known.binary_search_by(|(id, _)| id.cmp(member)).ok();
            at.filter(|_| !self.accounts.has_moved(member)).map(|at| known[at].1)
        };
        let is_settled = |member| plan::is_settled(self.context, sent_before(member));
        let is_same = || known.len() == group.members.len() && group.members.iter().all(is_settled);
        if only.is_none() && !is_given_up && is_same() {
            return Vec::new();
        }
        let seen = members_fingerprint(group);
        let mut here: Vec<&SourceId> = group.members.iter().collect();
        here.sort_unstable();
        let change = |member: &SourceId, state| {
            let attribute = attribute.into();
            ReferenceChange { attribute, referenced: member.clone(), state }
        };
        let meant = |member: &&SourceId| only.is_none_or(|only| only.contains(member));
        for member in group.members.iter().filter(meant) {
            match plan_member(self.context, || self.accounts.referenced(member), sent_before(member)) {
                ReferenceStep::Set(_, account) => added.push((account, change(member, Some(Sent::Yes)))),
                ReferenceStep::Remember(sent) => quiet.push(change(member, Some(sent))),
                ReferenceStep::Keep | ReferenceStep::Forget | ReferenceStep::Remove(_) => {}
            }
        }
        // Somebody whose row can't be used hasn't left.
        let is_complete = only.is_none() && self.export.group_finding_count() == 0;
        for (member, sent) in known.iter().filter(|(member, _)| is_complete && here.binary_search(&member).is_err()) {
            if self.accounts.is_in_recycle_bin(member) || self.accounts.has_moved(member) {
                continue;
            }
            match plan_gone_member(self.accounts.target(member).as_ref(), *sent) {
                ReferenceStep::Remove(account) => removed.push((account, change(member, None))),
                _ => quiet.push(change(member, None)),
            }
        }
        let stays = |(member, sent): &(SourceId, Sent)| match self.accounts.referenced(member) {
            Referenced::Linked(account) if *sent == Sent::Yes && here.binary_search(&member).is_ok() => Some(account),
            _ => None,
        };
        let is_verified = self.policy.verify == Verify::On && !self.context.compare_all;
        let kept: Arc<[TargetId]> = known.iter().filter(|_| is_verified).filter_map(stays).collect();
        let failed = failure.map(|failure| (failure.first_at, failure.count));
        let task = |send, changes| ReferenceTask {
            kind: ObjectKind::Group,
            owner: group.id.clone(),
            name: group.display_name.as_str().into(),
            target: target.clone(),
            attribute: attribute.into(),
            send,
            kept: Arc::clone(&kept),
            changes,
            seen,
            failed,
        };
        if is_given_up {
            // A restart sends them; who left is remembered, and still to be removed.
            quiet.extend(added.into_iter().map(|(_, change)| ReferenceChange { state: Some(Sent::No), ..change }));
            return vec![task(Send::GivenUp, quiet)];
        }
        let mut tasks = Vec::new();
        let (left_out, quiet): (Vec<_>, Vec<_>) = quiet.into_iter().partition(|change| change.state == Some(Sent::No));
        if !left_out.is_empty() {
            let who = left_out.iter().map(|change| self.accounts.name(&change.referenced)).collect();
            tasks.push(task(Send::LeftOut(who), left_out));
        }
        if !quiet.is_empty() {
            tasks.push(task(Send::Nothing, quiet));
        }
        let batch = self.policy.members_per_patch.max(1);
        for (members, send) in [(added, Send::AddMembers as fn(_) -> _), (removed, Send::RemoveMembers as fn(_) -> _)] {
            for members in members.chunks(batch) {
                let who =
                    members.iter().map(|(account, change)| (account.clone(), self.accounts.name(&change.referenced)));
                let send = send(who.collect());
                tasks.push(task(send, members.iter().map(|(_, change)| change.clone()).collect()));
            }
        }
        tasks
    }
}

/// Sends what a reference needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReferenceWorker<'a> {
    /// Names the changes.
    pub(crate) cycle: &'a CycleId,
    pub(crate) policy: &'a Policy,
    pub(crate) rules: &'a CompiledSchema,
    pub(crate) client: &'a Client,
    pub(crate) clock: &'a Clock,
    pub(crate) dry: bool,
}

impl ReferenceWorker<'_> {
    /// Works on one task to its end.
    pub(crate) async fn work(&self, task: ReferenceTask) -> Worked {
        self.work_along(task, &mut Trail::default()).await
    }

    /// The same, for those who want to see what was answered on the way.
    pub(crate) async fn work_along(&self, task: ReferenceTask, trail: &mut Trail) -> Worked {
        let result = self.send(&task, trail).await;
        let at = self.clock.now();
        let error = result.as_ref().err().map(|(failure, operation)| ObjectError {
            code: failure.error_code(*operation).to_owned(),
            message: failure.to_string(),
        });
        let deviations = match (&result, self.policy.verify) {
            (Ok(Reached::Patched), Verify::On) => self.verify(&task, trail).await,
            _ => Vec::new(),
        };
        let mut record = task.record(self.cycle, at, error.clone(), trail.duration);
        if let (Ok(Reached::Found), Some(record)) = (&result, &mut record) {
            found(record);
        }
        let (state, references) = match &error {
            Some(error) => {
                let is_open = result.as_ref().is_err_and(|(failure, _)| failure.may_be_applied());
                (StateChange::Fail(task.failure(error, at)), if is_open { task.perhaps_set() } else { Vec::new() })
            }
            None if task.is_given_up() => (StateChange::Recover(FailedPart::Reference), task.changes.clone()),
            None => (StateChange::Keep, task.changes.clone()),
        };
        let trace = record.as_ref().filter(|_| !self.dry).and_then(|record| self.trace(&task, record, &state, trail));
        let requests = std::mem::take(&mut trail.requests);
        let processed = record.clone().map(|record| Processed { deviations, ..processed(record, requests) });
        Worked {
            processed,
            outcome: Outcome { kind: task.kind, source_id: task.owner, state, record, trace, references },
            failure: result.err().map(|(failure, _)| failure),
            account: None,
            manager: None,
        }
    }

    fn trace(
        &self,
        task: &ReferenceTask,
        record: &ObjectRecord,
        state: &StateChange,
        trail: &Trail,
    ) -> Option<TraceText> {
        let (mapping, _) = self.rules.mapping(task.kind)?;
        let failure = if let StateChange::Fail(failure) = state { Some(failure) } else { None };
        let attempt = failure.map(|failure| Attempt {
            action: failure.action,
            reason: record.reason.to_string().into(),
            sent: true,
        });
        let mut trace = TraceWriter::default();
        note_exchanges(&trail.requests, &trail.replies, mapping, &mut trace);
        Some(trace.finish(attempt.as_ref(), failure.map(|failure| retry_of(failure, &self.policy.escrow))))
    }

    async fn send(&self, task: &ReferenceTask, trail: &mut Trail) -> Result<Reached, (Failure, Operation)> {
        let Some(body) = task.body(self.policy.dialect) else { return Ok(Reached::Nothing) };
        let endpoint = task.kind.endpoint();
        if let Some(value) = task.asked().filter(|_| self.policy.reference_queries) {
            let found = trail.add(self.client.find_reference(endpoint, &task.target, task.query_name(), value).await);
            if found.map_err(|failure| (failure, Operation::Find))? {
                return Ok(Reached::Found);
            }
        }
        if self.dry {
            trail.requests.push(patch_request(endpoint, task.target.as_str(), body));
            return Ok(Reached::Nothing);
        }
        let patched = trail.add(self.client.patch(endpoint, &task.target, body).await);
        patched.map(|_| Reached::Patched).map_err(|failure| (failure, Operation::Patch))
    }
}

/// References leave the links of their owner as they are.
fn processed(record: ObjectRecord, requests: Vec<Request>) -> Processed {
    Processed { record, unknown: Vec::new(), requests, deviations: Vec::new(), link: LinkChange::None }
}

/// What a task came to.
enum Reached {
    Nothing,
    /// The target has the reference already.
    Found,
    Patched,
}

impl ReferenceTask {
    /// What a plan that contacts nothing says of it.
    pub(super) fn planned(&self, dialect: Dialect, cycle: &CycleId, at: Timestamp) -> Option<Processed> {
        let record = self.record(cycle, at, None, Duration::ZERO)?;
        let request = |body| patch_request(self.kind.endpoint(), self.target.as_str(), body);
        let requests = self.body(dialect).map(request).into_iter().collect();
        Some(processed(record, requests))
    }

    fn record(
        &self,
        cycle: &CycleId,
        at: Timestamp,
        error: Option<ObjectError>,
        duration: Duration,
    ) -> Option<ObjectRecord> {
        let (reason, changes) = self.shown();
        let action = match (&self.send, &error) {
            (Send::Nothing, _) => return None,
            (Send::LeftOut(_) | Send::GivenUp, _) => ActionKind::Skip,
            (_, Some(_)) => ActionKind::Fail,
            (_, None) => ActionKind::Update,
        };
        Some(ObjectRecord {
            change: ChangeId::of(cycle, &self.owner, &reason.to_string()),
            at,
            source_id: self.owner.clone(),
            name: self.name.to_string(),
            kind: self.kind,
            action,
            reason,
            target_id: Some(self.target.clone()),
            changes,
            error,
            duration,
        })
    }

    fn body(&self, dialect: Dialect) -> Option<Value> {
        Some(match &self.send {
            Send::Nothing | Send::LeftOut(_) | Send::GivenUp => return None,
            Send::Manager { op, new, .. } => dialect.set_reference(&self.attribute, *op, new.as_str()),
            Send::NoManager { .. } => dialect.clear_reference(&self.attribute),
            Send::AddMembers(members) => dialect.add_members(&ids_of(members)),
            Send::RemoveMembers(members) => dialect.remove_members(&ids_of(members)),
        })
    }

    /// The attribute as a query names it.
    const fn query_name(&self) -> &'static str {
        match self.kind {
            ObjectKind::User => "manager",
            ObjectKind::Group => "members",
        }
    }

    /// Who is left out; of many only the first are named.
    fn left_out(&self, who: &[String]) -> Reference {
        const NAMED: usize = 10;
        let names = who.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        let names = if who.len() > NAMED { format!("{names} and {} more", who.len() - NAMED) } else { names };
        match self.kind {
            ObjectKind::User => Reference::Manager(names.into()),
            ObjectKind::Group => Reference::Members(who.len(), names.into()),
        }
    }

    /// What is remembered of references that may have been set: whatever goes from the source later is to be removed.
    /// What takes the place of another one is found by reading the account.
    fn perhaps_set(&self) -> Vec<ReferenceChange> {
        if self.changes.iter().any(|change| change.state.is_none()) {
            return Vec::new();
        }
        let set = self.changes.iter().filter(|change| change.state == Some(Sent::Yes));
        set.map(|change| ReferenceChange { state: Some(Sent::Maybe), ..change.clone() }).collect()
    }

    /// Whether all that comes of it is a note that a reference had to wait.
    pub(super) fn only_waits(&self) -> bool {
        self.is_quiet() && self.changes.iter().all(|change| change.state == Some(Sent::No))
    }

    /// Whether nothing is sent for it.
    pub(super) fn is_quiet(&self) -> bool {
        matches!(self.send, Send::Nothing | Send::LeftOut(_) | Send::GivenUp)
    }

    pub(super) const fn is_given_up(&self) -> bool {
        matches!(self.send, Send::GivenUp)
    }

    /// Whose reference it is, and what the plan and the log say of it.
    pub(crate) fn key(&self) -> (&SourceId, String) {
        (&self.owner, self.shown().0.to_string())
    }

    fn shown(&self) -> (Reason, Vec<AttributeChange>) {
        let change = |old: Option<&str>, new: Option<&str>| AttributeChange {
            attribute: (*self.attribute).into(),
            old: old.map(|id| json!(id)),
            new: new.map(|id| json!(id)),
        };
        let manager = |who: &str| Reference::Manager(who.into());
        let several = |members: &[(TargetId, String)]| {
            let names: Vec<_> = members.iter().map(|(_, name)| name.as_str()).collect();
            Reference::Members(names.len(), names.join(", ").into())
        };
        match &self.send {
            Send::Nothing => (Reason::RedundantExport, Vec::new()),
            Send::GivenUp => (Reason::EscrowPruned, Vec::new()),
            Send::LeftOut(who) => (Reason::ReferenceLeftOut(self.left_out(who)), Vec::new()),
            Send::Manager { old, new, who, .. } => {
                (Reason::ReferenceSet(manager(who)), vec![change(old.as_deref(), Some(new.as_str()))])
            }
            Send::NoManager { old, who } => {
                (Reason::ReferenceRemoved(manager(who)), vec![change(old.as_deref(), None)])
            }
            Send::AddMembers(members) => {
                let changes = members.iter().map(|(id, _)| change(None, Some(id.as_str()))).collect();
                (Reason::ReferenceSet(several(members)), changes)
            }
            Send::RemoveMembers(members) => {
                let changes = members.iter().map(|(id, _)| change(Some(id.as_str()), None)).collect();
                (Reason::ReferenceRemoved(several(members)), changes)
            }
        }
    }

    /// The one value that an old-fashioned query asks for before it is sent.
    fn asked(&self) -> Option<&TargetId> {
        match &self.send {
            Send::Manager { new, .. } => Some(new),
            Send::AddMembers(members) if members.len() == 1 => Some(&members[0].0),
            _ => None,
        }
    }

    fn failure(&self, error: &ObjectError, at: Timestamp) -> plan::Failure {
        plan::Failure {
            count: self.failed.map_or(1, |(_, count)| count.saturating_add(1)),
            first_at: self.failed.map_or(at, |(first_at, _)| first_at),
            last_at: at,
            code: error.code.clone(),
            message: error.message.clone(),
            seen: self.seen,
            part: FailedPart::Reference,
            action: ActionKind::Update,
        }
    }
}

/// Makes it the record of a reference that the target has already.
fn found(record: &mut ObjectRecord) {
    record.action = ActionKind::None;
    record.changes.clear();
    if let Reason::ReferenceSet(reference) = &record.reason {
        record.reason = Reason::ReferenceFound(reference.clone());
    }
}

/// Target attribute of a mapping's references.
pub(crate) fn reference_name(mapping: &ObjectMapping) -> Option<&str> {
    mapping.reference.map(|index| mapping.attributes[index].target.name.as_str())
}

fn ids_of(members: &[(TargetId, String)]) -> Vec<&str> {
    members.iter().map(|(id, _)| id.as_str()).collect()
}

/// One fingerprint for the members of a group.
fn members_fingerprint(group: &Group) -> Fingerprint {
    group.members.iter().fold(Fingerprint::of(33, b""), |all, member| all.then(id_fingerprint(member)))
}

//! The plan that contacts nothing: an empty target, nothing remembered.

use std::ops::ControlFlow;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use rustc_hash::FxHashMap;

use super::lookup::{account_of, expected_account, pending};
use super::references::ReferencePass;
use super::stages::Handed;
use super::{Due, EngineError, Evaluator, Index, LinkChange, Policy, Processed};
use crate::base::{CycleId, SourceId, TargetId, Timestamp};
use crate::client::{create_request, find_request, patch_request};
use crate::event::{ChangeId, ObjectRecord};
use crate::matching::{Candidates, judge};
use crate::plan::{Action, ActionKind, Answer, Effect, Lookup, PlanContext, Reason, ReferenceContext, Step, plan_one};
use crate::schema::{CompiledSchema, ObjectKind};
use crate::scim::{Request, Resource};
use crate::source::Export;
use crate::store::{ObjectStates, References};

/// Objects that are handed from reading to planning at once.
const BATCH: usize = 256;
/// Batches that wait; with them and the two at work, memory is bounded.
const QUEUE: usize = 8;

/// Plans an export against an empty target.
#[derive(Debug, Clone, Copy)]
pub struct Offline<'a> {
    /// What decides, apart from the mapping.
    pub policy: &'a Policy,
    /// Mappings and filters.
    pub rules: &'a CompiledSchema,
    /// The export.
    pub export: &'a Export,
    /// When.
    pub now: Timestamp,
    /// What `Now()` and random functions go by.
    pub evaluated_at: Timestamp,
}

/// What the first pass over the export found.
#[derive(Debug)]
pub struct OfflineIndex {
    /// Of users.
    pub users: Index,
    /// Of groups; none where no group mapping is in force.
    pub groups: Option<Index>,
}

impl Offline<'_> {
    /// The first pass.
    pub fn index(&self) -> Result<OfflineIndex, EngineError> {
        let of = |kind| self.evaluator(kind).map(|evaluator| evaluator.index()).transpose();
        Ok(OfflineIndex { users: of(ObjectKind::User)?.unwrap_or_default(), groups: of(ObjectKind::Group)? })
    }

    fn evaluator(&self, kind: ObjectKind) -> Option<Evaluator<'_>> {
        let (mapping, names) = self.rules.mapping(kind)?;
        let Self { policy, export, now, evaluated_at, .. } = *self;
        let (prior, references, known) = (None, None, None);
        let traced = false;
        Some(Evaluator { policy, mapping, names, export, prior, references, known, now, evaluated_at, traced })
    }

    /// Plans every user, then every group, in the order of the export, then what refers to others.
    ///
    /// Everything that a run would send is computed; `each` may stop it. Reading and mapping run on a
    /// thread of their own, ahead of planning.
    pub fn plan(
        &self,
        index: &OfflineIndex,
        each: &mut dyn FnMut(Processed) -> ControlFlow<()>,
    ) -> Result<(), EngineError> {
        let mut handed = Handed::default();
        let indices = [(ObjectKind::User, Some(&index.users)), (ObjectKind::Group, index.groups.as_ref())];
        for (kind, index) in indices {
            if let (Some(evaluator), Some(index)) = (self.evaluator(kind), index)
                && plan_kind(&evaluator, index, self.rules.has_references().then_some(&mut handed), each)?.is_break()
            {
                return Ok(());
            }
        }
        let (remembered, prior_groups) = (References::default(), ObjectStates::default());
        let pass = ReferencePass {
            policy: self.policy,
            context: ReferenceContext { compare_all: true, resolve_late: false },
            users: &self.rules.users,
            groups: self.rules.groups.as_ref(),
            export: self.export,
            accounts: &handed.accounts,
            remembered: &remembered,
            prior_groups: &prior_groups,
            now: self.now,
        };
        let cycle = CycleId::new("");
        let managers = handed.managers.into_iter().filter_map(|pending| pass.manager(pending));
        let mut planned =
            managers.chain(pass.members()).filter_map(|task| task.planned(self.policy.dialect, &cycle, self.now));
        // Whether it was stopped makes no difference at the end.
        planned.any(|processed| each(processed).is_break());
        Ok(())
    }
}

/// Plans the objects of one kind.
fn plan_kind(
    evaluator: &Evaluator<'_>,
    index: &Index,
    handed: Option<&mut Handed>,
    each: &mut dyn FnMut(Processed) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, EngineError> {
    let context = evaluator.policy.context(evaluator.mapping, true);
    let mut planner = Planner { context, evaluator, handed, expected: FxHashMap::default() };
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel::<Vec<Due>>(QUEUE);
        let reading = scope.spawn(move || {
            let mut batch = Vec::with_capacity(BATCH);
            let read = evaluator.each_due(index, &mut |due| {
                batch.push(due);
                if batch.len() < BATCH {
                    return ControlFlow::Continue(());
                }
                // The other end hangs up when the plan is to end.
                match sender.send(std::mem::replace(&mut batch, Vec::with_capacity(BATCH))) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(_) => ControlFlow::Break(()),
                }
            });
            if read.is_ok() && !batch.is_empty() {
                // Whether anybody still listens makes no difference at the end.
                drop(sender.send(batch));
            }
            read
        });
        let mut planned = receiver.iter().flatten().map(|due| planner.plan(due));
        let stopped = planned.any(|processed| each(processed).is_break());
        drop(planned);
        drop(receiver);
        let read = reading.join().map_err(|_| EngineError::Worker("reading the export".to_owned()))?;
        if stopped { Ok(ControlFlow::Break(())) } else { read.map(ControlFlow::Continue) }
    })
}

/// Plans one object after the other.
struct Planner<'a> {
    context: PlanContext<'a>,
    evaluator: &'a Evaluator<'a>,
    /// What references go by, where there are any.
    handed: Option<&'a mut Handed>,
    /// Accounts that would be there by now, for those who are to share them.
    expected: FxHashMap<SourceId, Resource>,
}

impl Planner<'_> {
    fn plan(&mut self, due: Due) -> Processed {
        let mapping = self.context.mapping;
        let endpoint = mapping.kind.endpoint();
        let mut answers = Vec::new();
        let mut requests: Vec<Request> = Vec::new();
        let action = loop {
            match plan_one(&self.context, &due.subject, None, &answers) {
                Step::Act(action) => break action,
                Step::Need(Lookup::Match(query)) => {
                    let target = &mapping.attributes[query.mapping].target;
                    requests.push(find_request(endpoint, &target.name, &query.value));
                    let account = due.follows.as_ref().and_then(|leader| self.expected.get(leader)).cloned();
                    answers.push(Answer::Matched(match judge(target, &query.value, account.into_iter().collect()) {
                        found @ Candidates::One(_) => found,
                        _ => Candidates::None,
                    }));
                }
                Step::Need(Lookup::Read(target)) => {
                    // Without a saved state nothing is linked; should that ever change, say so.
                    let reason = Reason::InvalidAnchor(target.as_str().into());
                    break Action::quiet(ActionKind::Fail, reason);
                }
            }
        };
        self.hand_on(&due, &action);
        match action.effect {
            Effect::Create(body) => {
                if due.leads {
                    self.expected.insert(due.subject.id.clone(), expected_account(&due.subject.id, &body));
                }
                requests.push(create_request(endpoint, body));
            }
            Effect::Patch(target, body) => requests.push(patch_request(endpoint, target.as_str(), body)),
            Effect::Nothing | Effect::Link(_) | Effect::Delete(_) => {}
        }
        Processed {
            record: ObjectRecord {
                change: ChangeId(uuid::Uuid::nil()),
                at: self.evaluator.now,
                source_id: due.subject.id,
                name: due.subject.name.into(),
                kind: mapping.kind,
                action: action.kind,
                reason: action.reason,
                target_id: None,
                changes: action.changes,
                error: None,
                duration: Duration::ZERO,
            },
            unknown: due.unknown,
            requests,
            deviations: Vec::new(),
            link: LinkChange::None,
        }
    }

    /// Remembers who would have an account.
    fn hand_on(&mut self, due: &Due, action: &Action) {
        let Some(handed) = &mut self.handed else { return };
        let created = matches!(action.kind, ActionKind::Create | ActionKind::Update);
        let target = created.then(|| TargetId::new(due.subject.id.to_string()));
        handed.managers.extend(target.as_ref().and_then(|target| pending(due, action, target, None)));
        let failed = action.kind == ActionKind::Fail;
        handed.accounts.note(&due.subject.id, Some(account_of(due, target, failed)));
    }
}

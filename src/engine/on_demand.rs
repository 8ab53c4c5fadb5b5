//! Provision on demand: one object at once, outside the cycles, each of its steps told.
//!
//! After Microsoft, *On-demand provisioning in Microsoft Entra ID*. It goes the way of a cycle, with the same
//! evaluation, planner and requests, always in the dialect `scim`. What differs is what it leaves to the cycles:
//! users who are disabled in or deleted from the directory, and the restoring of deactivated accounts.

mod poison;

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use tokio_util::sync::CancellationToken;

pub use poison::{Culprit, LeftActive, Poison, Verdict};

use super::accounts::{Account, Accounts};
use super::cycle::{Remembered, test_of};
use super::evaluate::Manager;
use super::inputs::Inputs;
use super::lookup::{PendingManager, Reply, Trail, Worked, Worker};
use super::references::ReferenceWorker;
use super::{Cycle, Due, EngineError, NamedObject, Verify, guard};
use crate::base::{CycleId, Diagnostic, Random, SourceId, TargetId, Timestamp};
use crate::client::{Failure, Operation};
use crate::directory::User;
use crate::event::{
    ChangeId, Fact, LogEntry, ObjectError, ObjectRecord, ProvisioningStep, StepOrder, connection_step, left_out_step,
    reference_step,
};
use crate::plan::verify::Deviation;
use crate::plan::{ActionKind, AttributeChange, Reason, ReferenceContext, Referenced, Standing};
use crate::schema::{ObjectKind, ObjectMapping};
use crate::scim::{Dialect, Exchange, Request};
use crate::scoping::{Active, Decision};
use crate::source::Export;
use crate::store::{Outcome, StateChange, Store, TraceText, TraceWriter, Writer};

/// Members of a group that can be sent at once.
const MOST_MEMBERS: usize = 5;

/// What is to be provisioned.
#[derive(Debug, Clone)]
pub struct Demand {
    /// The user or the group.
    object: NamedObject,
    /// Members of the group that are sent with it.
    members: Vec<NamedObject>,
    /// Searches a refused PATCH for the operation that poisons it. Accepted parts take effect.
    pub bisect: bool,
    /// What `Now()` and random functions go by.
    pub evaluated_at: Timestamp,
}

impl Demand {
    /// A user, or a group with at most five users who are immediate members of it, as the service limits it.
    pub fn new(
        export: &Export,
        object: NamedObject,
        members: Vec<NamedObject>,
        evaluated_at: Timestamp,
    ) -> Result<Self, EngineError> {
        let refused =
            |text: String, hint: &str| Err(EngineError::Name(Box::new(Diagnostic::error(text).with_hint(hint))));
        if members.len() > MOST_MEMBERS {
            let text = format!("{} members are too many: provision on demand takes {MOST_MEMBERS}", members.len());
            return refused(text, "leave some out, or let a cycle send them");
        }
        let group = export.entitlements().find_group(&object.id).map(|index| export.entitlements().group(index));
        for member in &members {
            if member.kind == ObjectKind::Group {
                let text = format!("{} is a group: provision on demand takes users as members", member.name);
                return refused(text, "let a cycle send nested groups");
            }
            if group.is_none_or(|group| !group.members.contains(&member.id)) {
                let text = format!("{} is no immediate member of {}", member.name, object.name);
                return refused(text, "members are those of the export; who left a group is removed by a cycle");
            }
        }
        Ok(Self { object, members, bisect: false, evaluated_at })
    }
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct OnDemand {
    /// The user or the group.
    pub object: NamedObject,
    /// Its account, where there is one.
    pub target_id: Option<TargetId>,
    /// Every step that was taken, in order.
    pub steps: Vec<ProvisioningStep>,
    /// What was done to the object.
    pub action: ActionKind,
    /// Why; `None` where the connection didn't hold.
    pub reason: Option<Reason>,
    /// Attributes and references that were sent, or attempted.
    pub changes: Vec<AttributeChange>,
    /// Everything that went over the wire.
    pub exchanges: Vec<Exchange>,
    /// What failed first: the object, one of its references, or the connection.
    pub error: Option<ObjectError>,
    /// Set when the test query failed: nothing else was done.
    pub unreachable: Option<Failure>,
    /// What the search in a refused PATCH found; `None` where there was nothing to search.
    pub poison: Option<Poison>,
    /// What the target made of something else than was sent; `None` where nothing was read back.
    pub deviations: Option<Vec<Deviation>>,
    /// Sentences that the user should know.
    pub warnings: Vec<String>,
}

/// The object as the export has it.
struct Evaluated {
    /// `None` where the export doesn't have it.
    found: Option<(Decision, Box<Due>)>,
    /// Members with the decision about each.
    members: Vec<(NamedObject, Option<Decision>)>,
    /// What people call its manager, where the export has one.
    manager_name: Option<String>,
}

impl Cycle {
    /// Provisions one object and stores what came of it. The job's state and its watermark stay as they are.
    ///
    /// That something failed is in the result; an error is what keeps it from being tried. Once it is cancelled, the
    /// request under way is the last one; what isn't sent because of that is a warning.
    pub async fn provision(
        &self,
        mut store: Store,
        demand: &Demand,
        random: &mut Random,
        cancel: &CancellationToken,
    ) -> Result<OnDemand, EngineError> {
        if self.rules.mapping(demand.object.kind).is_none() {
            return Err(no_groups());
        }
        let remembered = Remembered::read(&self.rules, Some(&store))?;
        let mut done = OnDemand::begin(demand);
        let inputs = self.inputs(&remembered, demand, &mut done);
        if let Err(failure) = test(self, demand.object.kind, random, &mut done.exchanges).await {
            done.fail_test(failure);
            return Ok(done);
        }
        let evaluated = evaluate(inputs.clone(), &remembered, demand).await?;
        if cancel.is_cancelled() {
            return Err(EngineError::Interrupted);
        }
        if remembered.outdated.is_some() {
            // What is stored below follows the new rules; should the old ones come back, it must be compared again.
            store.outdate_watermark()?;
        }
        let writer = store.writer()?;
        // What is done at once belongs to no cycle; its changes are named like those of one.
        let id = CycleId::new(random.guid().to_string());
        let running = Running { cycle: self, id: &id, demand, inputs: &inputs, writer: &writer, cancel };
        let worked = running.work(evaluated, &mut done).await;
        let store = writer.finish()?;
        worked?;
        if let Some(poison) = &mut done.poison {
            poison.left_active = poison::left_active(&store.objects(ObjectKind::User)?);
        }
        store.close()?;
        Ok(done)
    }

    /// Everything that decides, with the object as the only one that is due.
    fn inputs(&self, remembered: &Remembered, demand: &Demand, done: &mut OnDemand) -> Inputs {
        let (policy, warning) = remembered.policy_in_force(&self.policy);
        done.warnings.extend(warning);
        let mut policy = (*policy).clone();
        if policy.dialect != Dialect::Scim {
            let text =
                "provision on demand always writes PATCH in the `scim` dialect, whatever flag the tenant URL has";
            done.warnings.push(text.to_owned());
            policy.dialect = Dialect::Scim;
        }
        policy.only = vec![demand.object.id.to_string()];
        Inputs {
            evaluated_at: demand.evaluated_at,
            traced: true,
            ..Inputs::new(Arc::new(policy), &self.rules, &self.export, remembered, self.clock.now())
        }
    }
}

/// Reads the export, on a thread of its own.
async fn evaluate(inputs: Inputs, remembered: &Remembered, demand: &Demand) -> Result<Evaluated, EngineError> {
    let known = remembered.watermark.clone().or_else(|| remembered.outdated.clone());
    let demand = demand.clone();
    let read = move || {
        let users = inputs.evaluator(ObjectKind::User).ok_or_else(no_groups)?;
        let index = users.index()?;
        // An export that lacks half of the assignments would disable people.
        let groups = inputs.rules.groups.is_some().then_some(&*inputs.groups);
        let Inputs { users: prior, references, .. } = &inputs;
        let known = guard::Known { watermark: known.as_deref(), users: prior, groups, references };
        guard::check(&inputs.policy, known, &index)?;
        let kind = demand.object.kind;
        let evaluator = inputs.evaluator(kind).ok_or_else(no_groups)?;
        let index = if kind == ObjectKind::User { index } else { evaluator.index()? };
        let id = &demand.object.id;
        let mut due = None;
        evaluator.each_due(&index, &mut |each| {
            if each.subject.id != *id {
                return ControlFlow::Continue(());
            }
            due = Some(Box::new(each));
            ControlFlow::Break(())
        })?;
        let mut object = None;
        evaluator.each(&mut |user| {
            let mut user: User<'_> = user;
            if user.id != *id {
                return ControlFlow::Continue(());
            }
            let decision = evaluator.decide(&mut user);
            object = Some(decision);
            ControlFlow::Break(())
        })?;
        let mut members: Vec<_> = demand.members.into_iter().map(|member| (member, None)).collect();
        let manager = due.as_ref().and_then(|due| if let Manager::Is(id) = &due.manager { Some(id) } else { None });
        let mut manager_name = None;
        if !members.is_empty() || manager.is_some() {
            users.each(&mut |user| {
                let mut user: User<'_> = user;
                if manager == Some(&user.id) {
                    manager_name = Some(user.name.to_string());
                }
                if let Some((_, decided)) = members.iter_mut().find(|(member, _)| member.id == user.id) {
                    *decided = Some(users.decide(&mut user));
                }
                ControlFlow::Continue(())
            })?;
        }
        let found = object.zip(due);
        Ok(Evaluated { found, members, manager_name })
    };
    tokio::task::spawn_blocking(read).await.map_err(|error| EngineError::Worker(error.to_string()))?
}

/// Provision on demand under way.
struct Running<'a> {
    cycle: &'a Cycle,
    id: &'a CycleId,
    demand: &'a Demand,
    inputs: &'a Inputs,
    writer: &'a Writer,
    cancel: &'a CancellationToken,
}

impl Running<'_> {
    /// Import, scope, match, action, references.
    async fn work(&self, evaluated: Evaluated, done: &mut OnDemand) -> Result<(), EngineError> {
        let kind = self.demand.object.kind;
        let Some((mapping, _)) = self.cycle.rules.mapping(kind) else { return Err(no_groups()) };
        let Some((decision, mut due)) = evaluated.found else {
            let why = match kind {
                ObjectKind::User => {
                    "deleted from the directory: provision on demand leaves such a user alone, a cycle \
                                     deactivates or deletes the account"
                }
                ObjectKind::Group => {
                    "deleted from the directory: provision on demand leaves such a group alone, a \
                                      cycle deletes it at the target"
                }
            };
            let mut told = TraceWriter::default();
            told.fact(&Fact::Absent);
            return self.leave(None, why, told, done).await;
        };
        // Who asks for an object means it, however long it failed and whatever was held back.
        due.subject.pruned = false;
        due.subject.removal_allowed = true;
        if let Some(why) = self.left_to_cycles(&due, &decision) {
            return self.leave(due.prior.and_then(|prior| prior.target), why, due.told, done).await;
        }
        let (account, manager) = self.object(mapping, *due, done).await?;
        if done.error.is_some() {
            return Ok(());
        }
        let (users, groups) = (Arc::clone(&self.inputs.users), Arc::clone(&self.inputs.groups));
        let mut accounts = Accounts::new(users, groups);
        accounts.note(&self.demand.object.id, account);
        let manager = manager.map(|pending| (pending, evaluated.manager_name));
        self.references(&accounts, manager, evaluated.members, done).await
    }

    /// Why the object isn't touched here although it has an account.
    fn left_to_cycles(&self, due: &Due, decision: &Decision) -> Option<&'static str> {
        let prior = due.prior.as_ref().filter(|prior| prior.target.is_some())?;
        if self.demand.object.kind == ObjectKind::Group {
            return None;
        }
        let was_deactivated = self.cycle.rules.users.active.is_some()
            && matches!(prior.standing, Standing::OutOfScope | Standing::Disabled | Standing::SoftDeleted);
        match decision.active {
            Active::AccountDisabled => Some(
                "accountEnabled is false: provision on demand leaves users alone who are disabled in the directory, a \
                 cycle deactivates the account",
            ),
            Active::SoftDeleted => Some(
                "in the recycle bin: provision on demand leaves users alone who are deleted from the directory, a cycle \
                 deactivates the account",
            ),
            Active::Yes | Active::Assumed if decision.in_scope() && was_deactivated => Some(
                "its account was deactivated when it left the scope: provision on demand doesn't restore such an \
                 account, the next cycle does",
            ),
            Active::Yes | Active::Assumed => None,
        }
    }

    /// Leaves an object alone, and what is remembered of it.
    async fn leave(
        &self,
        target: Option<TargetId>,
        why: &str,
        told: TraceWriter,
        done: &mut OnDemand,
    ) -> Result<(), EngineError> {
        let reason = Reason::NotOnDemand(why.into());
        let trace = told.finish(None, None);
        done.action = ActionKind::Skip;
        done.reason = Some(reason.clone());
        let NamedObject { kind, id, name } = self.demand.object.clone();
        let linked = || self.inputs.states(kind).view(&id)?.target().map(TargetId::new);
        done.target_id = target.or_else(linked);
        let record = ObjectRecord {
            change: ChangeId::of(self.id, &id, ""),
            at: self.cycle.clock.now(),
            source_id: id.clone(),
            name,
            kind,
            action: ActionKind::Skip,
            reason,
            target_id: done.target_id.clone(),
            changes: Vec::new(),
            error: None,
            duration: std::time::Duration::ZERO,
        };
        done.steps.extend(LogEntry::of(&record, Some(trace.read())).steps(StepOrder::Portal));
        let outcome = Outcome {
            kind,
            source_id: id,
            state: StateChange::Keep,
            references: Vec::new(),
            record: Some(record),
            trace: Some(trace),
        };
        Ok(self.writer.send(outcome).await?)
    }

    /// The object itself, to its end.
    async fn object(
        &self,
        mapping: &ObjectMapping,
        due: Due,
        done: &mut OnDemand,
    ) -> Result<(Option<Account>, Option<PendingManager>), EngineError> {
        let links = self.inputs.links(self.demand.object.kind);
        let worker = Worker {
            context: self.inputs.policy.context(mapping, true),
            cycle: self.id,
            escrow: &self.inputs.policy.escrow,
            client: &self.cycle.client,
            clock: &self.cycle.clock,
            dry: false,
            verify: self.inputs.policy.verify,
            expected: &Mutex::default(),
            links: links.as_ref(),
        };
        let mut trail = Trail::default();
        let worked = worker.work_along(due, None, &mut trail).await;
        let Worked { processed, outcome, failure, account, manager } = worked;
        if let Some(Failure::Ended) = failure {
            return Err(EngineError::Interrupted);
        }
        if let Some(record) = &outcome.record {
            let trace = outcome.trace.as_ref().map(TraceText::read);
            done.steps.extend(LogEntry::of(record, trace).steps(StepOrder::Portal));
        }
        self.writer.send(outcome).await?;
        let Some(processed) = processed else { return Ok((account, manager)) };
        let record = &processed.record;
        done.action = record.action;
        done.reason = Some(record.reason.clone());
        done.changes.clone_from(&record.changes);
        done.target_id.clone_from(&record.target_id);
        done.error.clone_from(&record.error);
        let patch = processed.requests.last().cloned();
        done.verified(self.inputs.policy.verify, processed.deviations);
        done.exchanges.extend(answered(processed.requests, trail.replies));
        if let (true, Some(failure), Some(patch), Some(target)) = (self.demand.bisect, &failure, patch, &done.target_id)
        {
            let target = target.clone();
            done.poison = poison::search(self, mapping, failure, patch, &target, done).await;
        }
        Ok((account, manager))
    }

    /// The manager of a user, or the given members of a group.
    async fn references(
        &self,
        accounts: &Accounts,
        manager: Option<(PendingManager, Option<String>)>,
        members: Vec<(NamedObject, Option<Decision>)>,
        done: &mut OnDemand,
    ) -> Result<(), EngineError> {
        let (cycle, inputs) = (self.cycle, self.inputs);
        let context = ReferenceContext { compare_all: true, resolve_late: true };
        let pass = inputs.reference_pass(context, accounts);
        let object = &self.demand.object;
        let mut tasks = Vec::new();
        if let Some((pending, name)) = manager {
            if let Some(manager) = pending.desired.as_ref()
                && !matches!(accounts.referenced(manager), Referenced::Linked(_))
            {
                let who = name.unwrap_or_else(|| accounts.name(manager));
                let why = format!("the manager {who} has no account, or is out of scope");
                done.steps.push(left_out_step(&object.name, &who, &why));
            }
            tasks.extend(pass.manager(pending).filter(|task| !task.only_waits()));
        }
        let group = inputs.export.entitlements().find_group(&object.id);
        if let Some(group) = group.map(|index| inputs.export.entitlements().group(index)) {
            let mut sent: Vec<SourceId> = Vec::new();
            for (member, decision) in members {
                let why = match decision {
                    _ if !matches!(accounts.referenced(&object.id), Referenced::Linked(_)) => {
                        Some("the group itself isn't provisioned".to_owned())
                    }
                    _ if !pass.sends_members() => Some("the mapping sends no members".to_owned()),
                    Some(decision) if !decision.in_scope() => {
                        Some(format!("not in scope: {}", decision.deciding(&cycle.rules.users.filters)))
                    }
                    _ if !matches!(accounts.referenced(&member.id), Referenced::Linked(_)) => {
                        Some("without an account; provision the user first".to_owned())
                    }
                    _ => None,
                };
                match why {
                    Some(why) => done.steps.push(left_out_step(&object.name, &member.name, &why)),
                    None => sent.push(member.id),
                }
            }
            tasks.extend(pass.members_among(group, &sent));
        }
        let worker = ReferenceWorker {
            cycle: self.id,
            policy: &inputs.policy,
            rules: &cycle.rules,
            client: &cycle.client,
            clock: &cycle.clock,
            dry: false,
        };
        let all = tasks.len();
        for (sent, task) in tasks.into_iter().enumerate() {
            let mut trail = Trail::default();
            let ended = self.cancel.is_cancelled();
            let worked = if ended { None } else { Some(worker.work_along(task, &mut trail).await) };
            let Some(worked) = worked.filter(|worked| !matches!(worked.failure, Some(Failure::Ended))) else {
                done.warnings.push(format!(
                    "interrupted: {sent} of {all} requests for references were sent; the next cycle sends what is due"
                ));
                break;
            };
            self.writer.send(worked.outcome).await?;
            // Who is left out was told above.
            if let Some(processed) = worked.processed.filter(|processed| processed.record.action != ActionKind::Skip) {
                done.steps.push(reference_step(&processed.record));
                done.changes.extend(processed.record.changes);
                done.error = done.error.take().or(processed.record.error);
                done.verified(inputs.policy.verify, processed.deviations);
                done.exchanges.extend(answered(processed.requests, trail.replies));
            }
        }
        Ok(())
    }
}

impl OnDemand {
    fn begin(demand: &Demand) -> Self {
        Self {
            object: demand.object.clone(),
            target_id: None,
            steps: Vec::new(),
            action: ActionKind::Fail,
            reason: None,
            changes: Vec::new(),
            exchanges: Vec::new(),
            error: None,
            unreachable: None,
            poison: None,
            deviations: None,
            warnings: Vec::new(),
        }
    }

    fn verified(&mut self, verify: Verify, found: Vec<Deviation>) {
        if verify == Verify::On {
            self.deviations.get_or_insert_default().extend(found);
        }
    }

    /// Whether the object and its references are as they should be.
    pub fn succeeded(&self) -> bool {
        self.error.is_none()
    }

    fn fail_test(&mut self, failure: Failure) {
        let error = test_error(&failure);
        self.steps.push(connection_step(&error));
        self.error = Some(error);
        self.unreachable = Some(failure);
    }
}

/// The test query that every cycle begins with; only a group's asks for groups too.
pub(super) async fn test(
    cycle: &Cycle,
    kind: ObjectKind,
    random: &mut Random,
    exchanges: &mut Vec<Exchange>,
) -> Result<(), Failure> {
    let groups = cycle.rules.groups.as_ref().filter(|_| kind == ObjectKind::Group);
    for mapping in std::iter::once(&cycle.rules.users).chain(groups) {
        let (endpoint, attribute) = test_of(mapping);
        let outcome = cycle.client.test_query(endpoint, attribute, random.guid()).await;
        exchanges.extend(outcome.exchanges);
        outcome.result?;
    }
    Ok(())
}

/// What is said of a test query that failed.
pub(super) fn test_error(failure: &Failure) -> ObjectError {
    ObjectError { code: failure.error_code(Operation::Test).to_owned(), message: failure.to_string() }
}

/// Requests with what came back.
pub(super) fn answered(
    requests: impl IntoIterator<Item = Request>,
    replies: Vec<Reply>,
) -> impl Iterator<Item = Exchange> {
    let exchange = |(request, Reply { status, answer, duration })| Exchange { request, status, answer, duration };
    requests.into_iter().zip(replies).map(exchange)
}

pub(super) fn no_groups() -> EngineError {
    let error = Diagnostic::error("groups aren't provisioned by this job");
    let hint = "it needs a mapping of groups that is enabled, and [source] groups or members";
    EngineError::Settings(Box::new(error.with_hint(hint)))
}

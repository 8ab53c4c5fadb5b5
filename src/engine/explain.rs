//! Explains what would be done with one object, and why.
//!
//! The steps are those of provision on demand, from the same evaluation and the same planner. Nothing is written,
//! neither to the target nor to the state; the target is asked only where the decision hangs on it.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::accounts::Accounts;
use super::cycle::{Remembered, TAKEN_FOR_NO_ACCOUNT};
use super::inputs::Inputs;
use super::lookup::{PendingManager, Trail, Worker, write_request};
use super::on_demand::{answered, no_groups, test, test_error};
use super::steps::looked_up;
use super::verify::account;
use super::{Cycle, Due, EngineError, NamedObject, Verify};
use crate::base::{CycleId, Random, TargetId, Timestamp};
use crate::client::{Failure, find_request, get_request};
use crate::directory::{AttributeNames, Slot, User};
use crate::event::{ActionKind, LogEntry, ObjectError, ProvisioningStep, StepOrder, StepType, connection_step};
use crate::expression::attribute_text;
use crate::mapping::Flow;
use crate::matching::Candidates;
use crate::plan::{
    Answer, AttributeChange, Lookup, PlanContext, REDACTED, Reason, ReferenceContext, Step, differs, plan_one,
};
use crate::schema::{AttributeMapping, ObjectKind, ObjectMapping};
use crate::scim::{Dialect, Exchange, Request, Resource};
use crate::scoping::{ClauseEvidence, Decision, clause_evidence, way_in};
use crate::store::{Store, TraceText};

/// References of a group that are told one by one, at most.
const MOST_REFERENCES: usize = 20;

/// What would be done with one object.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The user or the group.
    pub object: NamedObject,
    /// Its account, where there is one.
    pub target_id: Option<TargetId>,
    /// Import, scope, match and what was decided; the connection, if it failed.
    pub steps: Vec<ProvisioningStep>,
    /// The rule that decided against it; empty for an object in scope.
    pub deciding: String,
    /// Every clause of a scoping filter with the value that it looked at.
    pub clauses: Vec<ClauseEvidence>,
    /// What has to be done, all of it, so that it is in scope.
    pub way_in: Vec<String>,
    /// What would be done.
    pub action: ActionKind,
    /// Why; `None` where the target couldn't be asked.
    pub reason: Option<Reason>,
    /// Each mapping with what it gives; none for an object that isn't compared.
    pub attributes: Vec<ExplainedAttribute>,
    /// What would change.
    pub changes: Vec<AttributeChange>,
    /// Managers and members that would be set, removed or left out; of many the first ones.
    pub references: Vec<Reason>,
    /// How many requests for references there would be.
    pub reference_count: usize,
    /// What was asked, and answered.
    pub exchanges: Vec<Exchange>,
    /// What would be sent, in the dialect of the tenant URL and then in the other one; of references the first ones.
    pub requests: [(Dialect, Vec<Request>); 2],
    /// Why it would fail.
    pub error: Option<ObjectError>,
    /// Set when the test query failed: the target wasn't asked for anything else.
    pub unreachable: Option<Failure>,
    /// Sentences that the user should know.
    pub warnings: Vec<String>,
}

/// What one mapping gives, as the portal's table has it.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainedAttribute {
    /// Target attribute.
    pub target: String,
    /// Source attributes that it reads, with their values: empty for null, `None` where the export lacks them.
    pub sources: Vec<(String, Option<String>)>,
    /// The mapping's expression; `[name]` for a direct mapping.
    pub expression: String,
    /// The account's value; `None` for no value, or where no account was read.
    pub original: Option<Value>,
    /// The value that would be sent; `None` where nothing would be.
    pub modified: Option<Value>,
    /// What becomes of it.
    pub outcome: AttributeOutcome,
}

/// What becomes of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttributeOutcome {
    /// It would be sent.
    Sent,
    /// The account has it.
    Same,
    /// The export lacks a column that it needs.
    Unknown,
    /// Null and empty values aren't provisioned.
    Nothing,
    /// It counts when an account is created only.
    OnCreate,
    /// It refers to another object, and is sent once that has an account.
    Reference,
    /// Its flow type keeps the account's value.
    Kept,
}

/// The object as the export has it.
struct Read {
    /// `None` where the export doesn't have it.
    found: Option<(User<'static>, Decision)>,
    /// `None` where nothing is remembered of it either.
    due: Option<Due>,
}

impl Cycle {
    /// Explains one object. Offline nothing is asked of the target, and no account is assumed to match.
    pub async fn explain(
        &self,
        store: Option<&Store>,
        object: &NamedObject,
        evaluated_at: Timestamp,
        offline: bool,
        random: &mut Random,
        cancel: &CancellationToken,
    ) -> Result<Explanation, EngineError> {
        let kind = object.kind;
        let Some((mapping, names)) = self.rules.mapping(kind) else { return Err(no_groups()) };
        let remembered = Remembered::read(&self.rules, store)?;
        let (policy, warning) = remembered.policy_in_force(&self.policy);
        let mut explained = Explanation::of(object.clone(), policy.dialect);
        explained.warnings.extend(warning);
        let inputs = Inputs {
            evaluated_at,
            traced: true,
            ..Inputs::new(policy, &self.rules, &self.export, &remembered, self.clock.now())
        };
        let Read { found, due } = read(inputs.clone(), object.clone()).await?;
        if let Some((user, decision)) = &found {
            let entitlements = self.export.entitlements();
            explained.deciding = decision.deciding(&mapping.filters);
            explained.clauses = clause_evidence(&mapping.filters, &user.values);
            explained.way_in = way_in(decision, kind, &object.id, entitlements, &mapping.filters, &user.values);
        }
        let Some(mut due) = due else { return Ok(explained) };
        due.subject.pruned = false;
        let context = inputs.policy.context(mapping, true);
        let is_asking = matches!(plan_one(&context, &due.subject, due.prior.as_ref(), &[]), Step::Need(_));
        if is_asking
            && !offline
            && let Err(failure) = explained.test(self, random).await
        {
            if cancel.is_cancelled() {
                return Err(EngineError::Interrupted);
            }
            explained.fail_test(failure);
            return Ok(explained);
        }
        let id = CycleId::new(random.guid().to_string());
        let links = inputs.links(kind);
        let worker = Worker {
            context,
            cycle: &id,
            escrow: &inputs.policy.escrow,
            client: &self.client,
            clock: &self.clock,
            dry: true,
            verify: Verify::Off,
            expected: &Mutex::default(),
            links: links.as_ref(),
        };
        let mut trail = Trail::default();
        if offline {
            assume(&mut due, &worker, &mut trail);
        }
        let subject = due.subject.clone();
        let prior = due.prior.clone();
        let asked = trail.requests.len();
        let worked = worker.work_along(due, None, &mut trail).await;
        if let Some(Failure::Ended) = worked.failure {
            return Err(EngineError::Interrupted);
        }
        let Some(processed) = worked.processed else { return Ok(explained) };
        let record = &processed.record;
        let trace = worked.outcome.trace.as_ref().map(TraceText::read);
        let mut steps = LogEntry::of(record, trace).steps(StepOrder::Portal);
        // Nothing is exported.
        steps.retain(|step| step.kind != StepType::Export);
        explained.steps.extend(steps);
        explained.action = record.action;
        explained.reason = Some(record.reason.clone());
        explained.changes.clone_from(&record.changes);
        explained.target_id.clone_from(&record.target_id);
        explained.error.clone_from(&record.error);
        if let Reason::ImportSkipped(attributes) = &record.reason {
            // The scope isn't looked at before there is something to match by.
            explained.way_in.insert(0, format!("give it a value for what {attributes} is mapped from"));
        }
        let sent = processed.requests.iter().skip(asked).cloned();
        explained.exchanges.extend(answered(sent, std::mem::take(&mut trail.replies)));
        for (dialect, requests) in &mut explained.requests {
            let context = PlanContext { dialect: *dialect, ..context };
            if let Step::Act(action) = plan_one(&context, &subject, prior.as_ref(), &trail.answers)
                && record.error.is_none()
            {
                requests.extend(write_request(kind.endpoint(), &action.effect));
            }
        }
        if let Some((user, _)) = found.as_ref().filter(|_| is_compared(record.action)) {
            let account = account(&trail.answers);
            explained.attributes = attributes(mapping, names, user, &subject.desired, account, &record.changes);
        }
        let mut accounts = Accounts::new(Arc::clone(&inputs.users), Arc::clone(&inputs.groups));
        accounts.note(&object.id, worked.account);
        explained.explain_references(&inputs, &accounts, worked.manager, &id);
        Ok(explained)
    }
}

/// Reads the export, on a thread of its own.
async fn read(mut inputs: Inputs, object: NamedObject) -> Result<Read, EngineError> {
    let reading = move || {
        let mut found = None;
        let evaluator = inputs.evaluator(object.kind).ok_or_else(no_groups)?;
        evaluator.each(&mut |user| {
            let mut user: User<'_> = user;
            if user.id != object.id {
                return ControlFlow::Continue(());
            }
            let decision = evaluator.decide(&mut user);
            found = Some((user.into_owned(), decision));
            ControlFlow::Break(())
        })?;
        // Who is absent is found among all only.
        if found.is_some() {
            let mut policy = (*inputs.policy).clone();
            policy.only = vec![object.id.to_string()];
            inputs.policy = Arc::new(policy);
        }
        let evaluator = inputs.evaluator(object.kind).ok_or_else(no_groups)?;
        let index = evaluator.index()?;
        let mut due = None;
        evaluator.each_due(&index, &mut |each| {
            if each.subject.id != object.id {
                return ControlFlow::Continue(());
            }
            due = Some(each);
            ControlFlow::Break(())
        })?;
        Ok(Read { found, due })
    };
    tokio::task::spawn_blocking(reading).await.map_err(|error| EngineError::Worker(error.to_string()))?
}

/// Answers every lookup as an empty target would, so that none is sent. What a linked account holds can't be told: it
/// counts as having nothing.
fn assume(due: &mut Due, worker: &Worker<'_>, trail: &mut Trail) {
    let mapping = worker.context.mapping;
    while let Step::Need(lookup) = plan_one(&worker.context, &due.subject, due.prior.as_ref(), &trail.answers) {
        let endpoint = mapping.kind.endpoint();
        let (request, answer) = match &lookup {
            Lookup::Match(query) => {
                let target = &mapping.attributes[query.mapping].target;
                (find_request(endpoint, &target.name, &query.value), Answer::Matched(Candidates::None))
            }
            Lookup::Read(target) => (get_request(endpoint, target.as_str()), Answer::Read(Resource::default())),
        };
        due.told.fact(&looked_up(mapping, &lookup, Some(&answer)));
        trail.answers.push(answer);
        trail.requests.push(request);
    }
}

const fn is_compared(action: ActionKind) -> bool {
    !matches!(action, ActionKind::Skip | ActionKind::Delete | ActionKind::StagedDelete)
}

/// Each mapping with what it gives.
fn attributes(
    mapping: &ObjectMapping,
    names: &AttributeNames,
    user: &User<'_>,
    desired: &[Flow],
    account: Option<&Resource>,
    changes: &[AttributeChange],
) -> Vec<ExplainedAttribute> {
    let one = |(index, (attribute, flow)): (usize, (&AttributeMapping, &Flow))| {
        let shown = |value: &Value| if attribute.redacted { Value::from(REDACTED) } else { value.clone() };
        let change = changes.iter().find(|change| {
            *change.attribute == *attribute.target.name
                || (matches!(flow, Flow::Roles(_)) && change.attribute.eq_ignore_ascii_case("roles"))
        });
        let outcome = match (flow, change) {
            (_, Some(_)) => AttributeOutcome::Sent,
            _ if mapping.reference == Some(index) => AttributeOutcome::Reference,
            (Flow::Unknown, _) => AttributeOutcome::Unknown,
            (Flow::Nothing, _) => AttributeOutcome::Nothing,
            (Flow::OnCreate(_), _) => AttributeOutcome::OnCreate,
            (Flow::Value(value), _) => {
                let held = account.and_then(|account| attribute.target.path.get(account));
                let is_same = !differs(&attribute.target, value, held);
                if is_same { AttributeOutcome::Same } else { AttributeOutcome::Kept }
            }
            (Flow::Roles(_), _) => AttributeOutcome::Same,
        };
        ExplainedAttribute {
            target: attribute.target.name.clone(),
            sources: attribute.slots.iter().map(|slot| source(names, user, *slot, attribute.redacted)).collect(),
            expression: attribute.text.clone(),
            original: account.and_then(|account| attribute.target.path.get(account)).map(shown),
            modified: change.and_then(|change| change.new.clone()),
            outcome,
        }
    };
    mapping.attributes.iter().zip(desired).enumerate().map(one).collect()
}

/// A source attribute with its value.
fn source(names: &AttributeNames, user: &User<'_>, slot: Slot, redacted: bool) -> (String, Option<String>) {
    let name = names.iter().find(|(known, _)| *known == slot).map_or("", |(_, name)| name);
    let value = attribute_text(&user.values[usize::from(slot.0)]);
    (name.to_owned(), value.map(|text| if redacted { REDACTED.to_owned() } else { text.into_owned() }))
}

impl Explanation {
    fn of(object: NamedObject, dialect: Dialect) -> Self {
        let other = match dialect {
            Dialect::Scim => Dialect::Compliant,
            Dialect::Compliant => Dialect::Scim,
        };
        Self {
            object,
            target_id: None,
            steps: Vec::new(),
            deciding: String::new(),
            clauses: Vec::new(),
            way_in: Vec::new(),
            action: ActionKind::Skip,
            reason: None,
            attributes: Vec::new(),
            changes: Vec::new(),
            references: Vec::new(),
            reference_count: 0,
            exchanges: Vec::new(),
            requests: [(dialect, Vec::new()), (other, Vec::new())],
            error: None,
            unreachable: None,
            warnings: Vec::new(),
        }
    }

    /// What `plan` goes on after, an explanation does too.
    async fn test(&mut self, cycle: &Cycle, random: &mut Random) -> Result<(), Failure> {
        match test(cycle, self.object.kind, random, &mut self.exchanges).await {
            Err(failure) if failure.status() == Some(404) => {
                self.warnings.push(TAKEN_FOR_NO_ACCOUNT.to_owned());
                Ok(())
            }
            result => result,
        }
    }

    fn fail_test(&mut self, failure: Failure) {
        let error = test_error(&failure);
        self.steps.insert(0, connection_step(&error));
        self.action = ActionKind::Fail;
        self.error = Some(error);
        self.unreachable = Some(failure);
    }

    /// The manager of a user, the members of a group.
    fn explain_references(
        &mut self,
        inputs: &Inputs,
        accounts: &Accounts,
        manager: Option<PendingManager>,
        id: &CycleId,
    ) {
        let context = ReferenceContext { compare_all: true, resolve_late: true };
        let pass = inputs.reference_pass(context, accounts);
        let is_group = self.object.kind == ObjectKind::Group;
        let mut tasks: Vec<_> = manager.and_then(|pending| pass.manager(pending)).into_iter().collect();
        if is_group && let Some(group) = inputs.export.entitlements().find_group(&self.object.id) {
            let group = inputs.export.entitlements().group(group);
            tasks.extend(pass.members_of_group(group));
        }
        for task in tasks {
            for (at, (dialect, requests)) in self.requests.iter_mut().enumerate() {
                let Some(planned) = task.planned(*dialect, id, inputs.now) else { continue };
                if at == 0 {
                    self.reference_count += planned.requests.len();
                    if self.references.len() < MOST_REFERENCES {
                        self.references.push(planned.record.reason);
                    }
                }
                if requests.len() <= MOST_REFERENCES {
                    requests.extend(planned.requests);
                }
            }
        }
    }
}

//! One object from lookups to outcome: asks what the planner needs, executes what it decides.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustc_hash::FxHashMap;
use serde_json::Value;

use super::accounts::{Account, Situation};
use super::links::Links;
use super::outcome::{attempted, link_change, retry_of, state_after};
use super::steps::{looked_up, note_exchanges};
use super::{Due, Manager, Processed, Verify, verify};
use crate::base::{CycleId, Fingerprint, SourceId, TargetId, Timestamp};
use crate::client::{CallOutcome, Client, Failure, Operation};
use crate::clock::Clock;
use crate::event::{Attempt, ChangeId, Fact, ObjectError, ObjectRecord};
use crate::matching::{self, Candidates};
use crate::plan::verify::Deviation;
use crate::plan::{
    Action, ActionKind, Answer, Effect, EscrowSchedule, FailedPart, Lookup, PlanContext, PlannedObject, Presence,
    Reason, Step, plan_one,
};
use crate::scim::{Exchange, Request, Resource, get};
use crate::store::{Outcome, StateChange, TraceWriter};

/// What an object came to.
#[derive(Debug)]
pub(crate) struct Worked {
    /// What is said of it; `None` where only something is remembered.
    pub(crate) processed: Option<Processed>,
    pub(crate) outcome: Outcome,
    pub(crate) failure: Option<Failure>,
    /// What references to the object go by.
    pub(crate) account: Option<Account>,
    /// A manager to look after once everybody has an account.
    pub(crate) manager: Option<PendingManager>,
}

/// A user whose manager may have to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PendingManager {
    pub(crate) owner: SourceId,
    pub(crate) name: Box<str>,
    pub(crate) target: TargetId,
    /// The manager that the source names.
    pub(crate) desired: Option<SourceId>,
    /// Id of the manager that the account has.
    pub(crate) held: Option<String>,
    pub(crate) seen: Fingerprint,
    /// When and how often sending it has failed.
    pub(crate) failed: Option<(Timestamp, u32)>,
}

/// How objects are worked on: what is shared by all of a cycle.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Worker<'a> {
    pub(crate) context: PlanContext<'a>,
    /// Names the changes.
    pub(crate) cycle: &'a CycleId,
    /// When failures are tried again.
    pub(crate) escrow: &'a EscrowSchedule,
    pub(crate) client: &'a Client,
    pub(crate) clock: &'a Clock,
    /// Reads, but writes nothing.
    pub(crate) dry: bool,
    pub(crate) verify: Verify,
    /// Accounts that would be there by now, were it not dry; for those who are to share them.
    pub(crate) expected: &'a Mutex<FxHashMap<SourceId, Resource>>,
    /// Who has which account; `None` where accounts may be shared.
    pub(crate) links: Option<&'a Links>,
}

/// What happened on the way of one object.
#[derive(Default)]
pub(crate) struct Trail {
    pub(crate) requests: Vec<Request>,
    /// What came back for each request that was sent.
    pub(crate) replies: Vec<Reply>,
    /// What the planner was told, in order.
    pub(crate) answers: Vec<Answer>,
    pub(crate) duration: Duration,
}

/// What came back for a request.
pub(crate) struct Reply {
    pub(crate) status: Option<u16>,
    pub(crate) answer: String,
    pub(crate) duration: Duration,
}

impl Trail {
    pub(crate) fn add<T>(&mut self, call: CallOutcome<T>) -> Result<T, Failure> {
        self.duration += call.duration();
        for Exchange { request, status, answer, duration } in call.exchanges {
            self.requests.push(request);
            self.replies.push(Reply { status, answer, duration });
        }
        call.result
    }
}

impl Worker<'_> {
    /// Works on one object to its end. `planned` binds it to a saved plan.
    pub(crate) async fn work(&self, due: Due, planned: Option<&PlannedObject>) -> Worked {
        self.work_along(due, planned, &mut Trail::default()).await
    }

    /// The same, for those who want to see what was answered on the way.
    pub(crate) async fn work_along(&self, mut due: Due, planned: Option<&PlannedObject>, trail: &mut Trail) -> Worked {
        let mut trace = std::mem::take(&mut due.told);
        let is_told = !trace.is_empty();
        let mapping = self.context.mapping;
        let (action, result) = loop {
            let action = match plan_one(&self.context, &due.subject, due.prior.as_ref(), &trail.answers) {
                Step::Act(action) => action,
                Step::Need(lookup) => match self.ask(&due.subject.id, &lookup, trail).await {
                    Ok(answer) => {
                        let answer = self.foresee(&due, &lookup, answer);
                        if is_told {
                            trace.fact(&looked_up(mapping, &lookup, Some(&answer)));
                        }
                        trail.answers.push(answer);
                        continue;
                    }
                    Err((failure, operation)) => {
                        if is_told {
                            trace.fact(&looked_up(mapping, &lookup, None));
                        }
                        let kind = ActionKind::Fail;
                        let reason = Reason::RequestFailed(failure.to_string().into());
                        break (Action::quiet(kind, reason), Err((failure, operation)));
                    }
                },
            };
            if let Some(planned) = planned
                && let Some(moved) = moved(planned, &action)
            {
                break (Action::quiet(ActionKind::Fail, Reason::TargetMoved(moved.into())), Ok(None));
            }
            self.expect(&due, &action);
            match self.execute(&action, trail).await {
                Err((failure, Operation::Create)) if failure.is_conflict() && conflict(&trail.answers).is_none() => {
                    let (code, detail) = (failure.error_code(Operation::Create), failure.to_string().into_boxed_str());
                    if is_told {
                        trace.fact(&Fact::Refused { code: code.into(), message: detail.clone() });
                    }
                    trail.answers.push(Answer::Conflict { code, detail });
                }
                // Created, but the answer doesn't say as what: it is matched again, never created twice.
                Ok(Done::CreatedWithoutId) => match self.find_created(&due, trail).await {
                    Ok(target) => break (action, Ok(Some(target))),
                    Err(reason) => break (Action::quiet(ActionKind::Fail, reason), Ok(None)),
                },
                Ok(Done::Target(target)) => break (action, Ok(Some(target))),
                Ok(Done::Nothing) => break (action, Ok(None)),
                Err(failed) => break (action, Err(failed)),
            }
        };
        let held = self.held_reference(&trail.answers);
        let deviations = match &result {
            Ok(target) if self.verify == Verify::On && !self.dry => {
                self.verify(&due.subject, &action, target.as_ref(), trail).await
            }
            _ => Vec::new(),
        };
        self.conclude(due, action, result, Asked { held, trace, deviations }, trail)
    }

    /// The reference that the account has: the id in `manager`, or in its `value`.
    fn held_reference(&self, answers: &[Answer]) -> Option<String> {
        let mapping = &self.context.mapping.attributes[self.context.mapping.reference?];
        let held = match mapping.target.path.get(verify::account(answers)?)? {
            Value::Object(manager) => get(manager, "value")?.as_str()?,
            value => value.as_str()?,
        };
        (!held.is_empty()).then(|| held.to_owned())
    }

    async fn ask(&self, id: &SourceId, lookup: &Lookup, trail: &mut Trail) -> Result<Answer, (Failure, Operation)> {
        let mapping = self.context.mapping;
        let endpoint = mapping.kind.endpoint();
        match lookup {
            Lookup::Match(query) => {
                let target = &mapping.attributes[query.mapping].target;
                let found = trail.add(self.client.find(endpoint, &target.name, &query.value).await);
                let found = found.map_err(|failure| (failure, Operation::Find))?;
                let found = matching::judge(target, &query.value, found.resources);
                Ok(Answer::Matched(self.unless_taken(id, found)))
            }
            Lookup::Read(id) => match trail.add(self.client.get(endpoint, id).await) {
                Ok(account) => Ok(Answer::Read(account)),
                Err(failure) if failure.is_not_found() => Ok(Answer::Vanished),
                Err(failure) => Err((failure, Operation::Get)),
            },
        }
    }

    /// Remembers what would be created, under the source id until it has one of its own.
    fn expect(&self, due: &Due, action: &Action) {
        if let (true, Effect::Create(body)) = (self.dry && due.leads, &action.effect) {
            let id = &due.subject.id;
            self.accounts().insert(id.clone(), expected_account(id, body));
        }
    }

    /// What the target would answer if what was planned before were done.
    fn foresee(&self, due: &Due, lookup: &Lookup, answer: Answer) -> Answer {
        match (&due.follows, lookup, &answer) {
            (Some(leader), Lookup::Match(query), Answer::Matched(Candidates::None)) if self.dry => {
                let account = self.accounts().get(leader).cloned();
                let target = &self.context.mapping.attributes[query.mapping].target;
                match matching::judge(target, &query.value, account.into_iter().collect()) {
                    found @ Candidates::One(_) => Answer::Matched(found),
                    _ => answer,
                }
            }
            _ => answer,
        }
    }

    fn accounts(&self) -> MutexGuard<'_, FxHashMap<SourceId, Resource>> {
        self.expected.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An account that is linked to another object isn't free.
    fn unless_taken(&self, id: &SourceId, found: Candidates) -> Candidates {
        let Candidates::One(account) = found else { return found };
        let owner = account.id().and_then(|account| self.links?.other_owner(&account, id));
        owner.map_or(Candidates::One(account), Candidates::Taken)
    }

    async fn execute(&self, action: &Action, trail: &mut Trail) -> Result<Done, (Failure, Operation)> {
        let endpoint = self.context.mapping.kind.endpoint();
        if self.dry {
            trail.requests.extend(write_request(endpoint, &action.effect));
            return Ok(match &action.effect {
                Effect::Link(target) | Effect::Patch(target, _) | Effect::Delete(target) => {
                    Done::Target(target.clone())
                }
                Effect::Create(_) | Effect::Nothing => Done::Nothing,
            });
        }
        match &action.effect {
            Effect::Nothing => Ok(Done::Nothing),
            Effect::Link(target) => Ok(Done::Target(target.clone())),
            Effect::Create(body) => match trail.add(self.client.create(endpoint, body.clone()).await) {
                Ok(created) => Ok(created.id.map_or(Done::CreatedWithoutId, Done::Target)),
                Err(failure) => Err((failure, Operation::Create)),
            },
            Effect::Patch(target, body) => match trail.add(self.client.patch(endpoint, target, body.clone()).await) {
                Ok(_) => Ok(Done::Target(target.clone())),
                Err(failure) => Err((failure, Operation::Patch)),
            },
            Effect::Delete(target) => match trail.add(self.client.delete(endpoint, target).await) {
                Ok(_) => Ok(Done::Nothing),
                Err(failure) => Err((failure, Operation::Delete)),
            },
        }
    }

    async fn find_created(&self, due: &Due, trail: &mut Trail) -> Result<TargetId, Reason> {
        for query in &due.subject.queries {
            match self.ask(&due.subject.id, &Lookup::Match(query.clone()), trail).await {
                Ok(Answer::Matched(Candidates::One(account))) => {
                    if let Some(id) = account.id() {
                        return Ok(TargetId::new(id));
                    }
                }
                Ok(_) => {}
                Err((failure, _)) => return Err(Reason::RequestFailed(failure.to_string().into())),
            }
        }
        let what = "the endpoint says that it created the account, but gave no id and doesn't find it";
        Err(Reason::UnusableAnswer(what.into()))
    }

    fn conclude(
        &self,
        due: Due,
        mut action: Action,
        result: Result<Option<TargetId>, (Failure, Operation)>,
        Asked { held, trace, deviations }: Asked,
        trail: &mut Trail,
    ) -> Worked {
        let at = self.clock.now();
        let kind = self.context.mapping.kind;
        let linked = due.prior.as_ref().and_then(|prior| prior.target.clone());
        let planned = action.kind;
        let mut because = String::new();
        let (target, failure, error) = match result {
            Ok(target) => (target, None, None),
            Err((failure, operation)) => {
                let error =
                    ObjectError { code: failure.error_code(operation).to_owned(), message: failure.to_string() };
                action.kind = ActionKind::Fail;
                because = action.reason.to_string();
                action.reason = Reason::RequestFailed(error.message.as_str().into());
                (None, Some(failure), Some(error))
            }
        };
        let error = error.or_else(|| {
            (action.kind == ActionKind::Fail).then(|| {
                let conflict = conflict(&trail.answers).filter(|_| matches!(action.reason, Reason::RequestFailed(_)));
                let code = conflict.unwrap_or(action.reason.code()).to_owned();
                ObjectError { code, message: action.reason.to_string() }
            })
        });
        let state = state_after(&due, &action, target.as_ref(), error.as_ref(), at, self.context.compare_all);
        let link = link_change(due.prior.as_ref(), &state);
        let removed = matches!(action.effect, Effect::Delete(_)) && error.is_none();
        let account_id = match &action.effect {
            Effect::Create(_) if self.dry => Some(TargetId::new(due.subject.id.to_string())),
            _ if removed => None,
            _ => target.clone().or_else(|| linked.clone()),
        };
        let manager = account_id.as_ref().filter(|_| error.is_none()).and_then(|id| pending(&due, &action, id, held));
        let account = (!removed).then(|| account_of(&due, account_id, error.is_some()));
        let target_id = match &action.effect {
            Effect::Delete(target) => Some(target.clone()),
            _ => target.or(linked),
        };
        let trace = (!trace.is_empty()).then(|| {
            let mut trace = trace;
            note_exchanges(&trail.requests, &trail.replies, self.context.mapping, &mut trace);
            let sent = planned != ActionKind::Fail;
            let attempt = error.as_ref().map(|_| Attempt {
                action: if sent { planned } else { attempted(&due) },
                reason: because.into(),
                sent,
            });
            let failure = if let StateChange::Put(state) = &state { state.failure.as_ref() } else { None };
            trace.finish(attempt.as_ref(), failure.map(|failure| retry_of(failure, self.escrow)))
        });
        let record = ObjectRecord {
            change: ChangeId::of(self.cycle, &due.subject.id, ""),
            at,
            source_id: due.subject.id.clone(),
            name: due.subject.name.to_string(),
            kind,
            action: action.kind,
            reason: action.reason,
            target_id,
            changes: action.changes,
            error,
            duration: trail.duration,
        };
        Worked {
            outcome: Outcome {
                kind,
                source_id: due.subject.id,
                state,
                record: Some(record.clone()),
                trace,
                references: Vec::new(),
            },
            processed: Some(Processed {
                record,
                unknown: due.unknown,
                requests: std::mem::take(&mut trail.requests),
                deviations,
                link,
            }),
            failure,
            account,
            manager,
        }
    }
}

/// What the answers said, beside what the planner made of them.
struct Asked {
    held: Option<String>,
    /// Empty where nobody keeps it.
    trace: TraceWriter,
    /// What was found when the account was read back.
    deviations: Vec<Deviation>,
}

enum Done {
    Nothing,
    Target(TargetId),
    CreatedWithoutId,
}

/// The error code of the creation that was refused because the account exists.
fn conflict(answers: &[Answer]) -> Option<&'static str> {
    answers.iter().find_map(|answer| if let Answer::Conflict { code, .. } = answer { Some(*code) } else { None })
}

/// An account as it would be created, with the source id in the place of its id.
pub(crate) fn expected_account(id: &SourceId, body: &Value) -> Resource {
    let mut members = body.as_object().cloned().unwrap_or_default();
    members.insert("id".to_owned(), Value::String(id.to_string()));
    Resource::from_value(Value::Object(members)).unwrap_or_default()
}

/// The request that an effect sends.
pub(super) fn write_request(endpoint: &str, effect: &Effect) -> Option<Request> {
    match effect {
        Effect::Nothing | Effect::Link(_) => None,
        Effect::Create(body) => Some(crate::client::create_request(endpoint, body.clone())),
        Effect::Patch(target, body) => Some(crate::client::patch_request(endpoint, target.as_str(), body.clone())),
        Effect::Delete(target) => Some(crate::client::delete_request(endpoint, target.as_str())),
    }
}

/// How references to the object are to be taken.
pub(super) fn account_of(due: &Due, target: Option<TargetId>, failed: bool) -> Account {
    let situation = match &due.subject.presence {
        Presence::InScope if failed || due.subject.defect.is_some() => Situation::Failed,
        Presence::InScope => Situation::InScope,
        Presence::Uncertain(_) => Situation::Uncertain,
        _ if due.deleted_since.is_some() => Situation::Recycled,
        Presence::Out(..) | Presence::HardDeleted => Situation::OutOfScope,
    };
    Account { name: due.subject.name.clone(), target, situation }
}

/// The manager of somebody in scope whose account is as it should be.
pub(super) fn pending(due: &Due, action: &Action, target: &TargetId, held: Option<String>) -> Option<PendingManager> {
    let desired = match (&due.manager, &due.subject.presence, action.kind) {
        (_, _, ActionKind::Skip | ActionKind::StagedDelete | ActionKind::Fail) => return None,
        (Manager::Is(manager), Presence::InScope, _) => Some(manager.clone()),
        (Manager::Nobody, Presence::InScope, _) => None,
        _ => return None,
    };
    let failure = due.prior.as_ref().and_then(|prior| prior.failure.as_ref());
    Some(PendingManager {
        owner: due.subject.id.clone(),
        name: due.subject.name.clone(),
        target: target.clone(),
        desired,
        held,
        seen: due.seen,
        failed: failure
            .filter(|failure| failure.part == FailedPart::Reference)
            .map(|failure| (failure.first_at, failure.count)),
    })
}

/// Says how the target moved since the plan was made; `None` when the same would be done.
fn moved(planned: &PlannedObject, action: &Action) -> Option<String> {
    if planned.action != action.kind {
        return Some(format!("planned: {}; now it would be: {}", planned.action.as_str(), action.kind.as_str()));
    }
    if planned.changes.len() != action.changes.len() {
        return Some("other attributes would change now than were planned".to_owned());
    }
    planned.changes.iter().zip(&action.changes).find(|(planned, now)| planned != now).map(|(planned, now)| {
        let show = |value: &Option<Value>| value.as_ref().map_or("no value".to_owned(), ToString::to_string);
        format!("{} was {} when it was planned and is {} now", planned.attribute, show(&planned.old), show(&now.old))
    })
}

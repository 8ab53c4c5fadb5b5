//! The plan that contacts nothing: an empty target, nothing remembered.

use std::ops::ControlFlow;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use rustc_hash::FxHashMap;

use super::lookup::expected_account;
use super::{Due, EngineError, Evaluator, Index, Processed};
use crate::base::SourceId;
use crate::client::{create_request, find_request, patch_request};
use crate::event::ObjectRecord;
use crate::matching::{Candidates, judge};
use crate::plan::{Action, ActionKind, Answer, Effect, Lookup, PlanContext, Reason, Step, plan_one};
use crate::schema::ObjectKind;
use crate::scim::{Request, Resource};

/// Users that are handed from reading to planning at once.
const BATCH: usize = 256;
/// Batches that wait; with them and the two at work, memory is bounded.
const QUEUE: usize = 8;

/// Plans every user of the export against an empty target, in the order of the export.
///
/// The evaluator must have been given neither a saved state nor known users. Everything that a run
/// would send is computed; `each` may stop it. Reading and mapping run on a thread of their own,
/// ahead of planning.
pub fn plan_offline(
    evaluator: &Evaluator<'_>,
    index: &Index,
    each: &mut dyn FnMut(Processed) -> ControlFlow<()>,
) -> Result<(), EngineError> {
    let mut planner = Planner {
        context: evaluator.policy.context(&evaluator.rules.users, true),
        evaluator,
        expected: FxHashMap::default(),
    };
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
        if stopped { Ok(()) } else { read }
    })
}

/// Plans one user after the other.
struct Planner<'a> {
    context: PlanContext<'a>,
    evaluator: &'a Evaluator<'a>,
    /// Accounts that would be there by now, for those who are to share them.
    expected: FxHashMap<SourceId, Resource>,
}

impl Planner<'_> {
    fn plan(&mut self, due: Due) -> Processed {
        let mapping = self.context.mapping;
        let endpoint = ObjectKind::User.endpoint();
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
        }
    }
}

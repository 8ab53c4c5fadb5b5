//! The plan that contacts nothing: an empty target, nothing remembered.

use std::ops::ControlFlow;

use rustc_hash::FxHashMap;

use super::lookup::expected_account;
use super::{EngineError, Evaluator, Index, Processed};
use crate::base::SourceId;
use crate::client::{create_request, find_request, patch_request};
use crate::event::ObjectRecord;
use crate::matching::{Candidates, judge};
use crate::plan::{Action, Answer, Effect, Lookup, Reason, Step, plan_one};
use crate::schema::ObjectKind;
use crate::scim::{Request, Resource};

/// Plans every user of the export against an empty target, in the order of the export.
///
/// The evaluator must have been given neither a saved state nor known users. Everything that a run
/// would send is computed; `each` may stop it.
pub fn plan_offline(
    evaluator: &Evaluator<'_>,
    index: &Index,
    each: &mut dyn FnMut(Processed) -> ControlFlow<()>,
) -> Result<(), EngineError> {
    let mapping = &evaluator.rules.users;
    let context = evaluator.policy.context(mapping, true);
    let endpoint = ObjectKind::User.endpoint();
    let mut expected: FxHashMap<SourceId, Resource> = FxHashMap::default();
    evaluator.each_due(index, &mut |due| {
        let mut answers = Vec::new();
        let mut requests: Vec<Request> = Vec::new();
        let action = loop {
            match plan_one(&context, &due.subject, None, &answers) {
                Step::Act(action) => break action,
                Step::Need(Lookup::Match(query)) => {
                    let target = &mapping.attributes[query.mapping].target;
                    requests.push(find_request(endpoint, &target.name, &query.value));
                    let account = due.follows.as_ref().and_then(|leader| expected.get(leader)).cloned();
                    answers.push(Answer::Matched(match judge(target, &query.value, account.into_iter().collect()) {
                        found @ Candidates::One(_) => found,
                        _ => Candidates::None,
                    }));
                }
                Step::Need(Lookup::Read(target)) => {
                    // Without a saved state nothing is linked; should that ever change, say so.
                    let reason = Reason::InvalidAnchor(target.as_str().into());
                    break Action::quiet(crate::plan::ActionKind::Fail, reason);
                }
            }
        };
        match action.effect {
            Effect::Create(body) => {
                if due.leads {
                    expected.insert(due.subject.id.clone(), expected_account(&due.subject.id, &body));
                }
                requests.push(create_request(endpoint, body));
            }
            Effect::Patch(target, body) => requests.push(patch_request(endpoint, target.as_str(), body)),
            Effect::Nothing | Effect::Link(_) | Effect::Delete(_) => {}
        }
        each(Processed {
            record: ObjectRecord {
                at: evaluator.now,
                source_id: due.subject.id,
                name: due.subject.name.into(),
                kind: mapping.kind,
                action: action.kind,
                reason: action.reason,
                target_id: None,
                changes: action.changes,
                error: None,
                duration: std::time::Duration::ZERO,
            },
            unknown: due.unknown,
            requests,
        })
    })
}

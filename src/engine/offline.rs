//! The plan that contacts nothing: an empty target, nothing remembered.

use std::ops::ControlFlow;

use super::{EngineError, Evaluator, Index, Processed};
use crate::client::{create_request, find_request};
use crate::event::ObjectRecord;
use crate::matching::Candidates;
use crate::plan::{Action, Answer, Effect, Lookup, Reason, Step, plan_one};
use crate::schema::ObjectKind;
use crate::scim::Request;

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
    evaluator.each_due(index, &mut |due| {
        let mut answers = Vec::new();
        let mut requests: Vec<Request> = Vec::new();
        let action = loop {
            match plan_one(&context, &due.subject, None, &answers) {
                Step::Act(action) => break action,
                Step::Need(Lookup::Match(query)) => {
                    let attribute = &mapping.attributes[query.mapping].target.name;
                    requests.push(find_request(endpoint, attribute, &query.value));
                    answers.push(Answer::Matched(Candidates::None));
                }
                Step::Need(Lookup::Read(target)) => {
                    // Without a saved state nothing is linked; should that ever change, say so.
                    let reason = Reason::InvalidAnchor(target.as_str().into());
                    break Action::quiet(crate::plan::ActionKind::Fail, reason);
                }
            }
        };
        if let Effect::Create(body) = action.effect {
            requests.push(create_request(endpoint, body));
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

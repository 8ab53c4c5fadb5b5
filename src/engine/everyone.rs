//! Sorts everybody by the rule that decides.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::cycle::Remembered;
use super::inputs::Inputs;
use super::{EngineError, Policy};
use crate::base::{SourceId, Timestamp};
use crate::directory::User;
use crate::plan::{Reason, Step, plan_one};
use crate::schema::{CompiledSchema, ObjectKind};
use crate::source::Export;
use crate::store::Store;

/// The code of those in scope.
pub const IN_SCOPE: &str = "InScope";

/// Those about whom one rule decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleGroup {
    /// [`IN_SCOPE`], or the code of the provisioning log: `NotEffectivelyEntitled` …
    pub code: &'static str,
    /// The rule in words; empty for those in scope.
    pub rule: String,
    /// Users or groups.
    pub kind: ObjectKind,
    /// Who they are, in the order of the export.
    pub objects: Vec<(SourceId, Box<str>)>,
}

/// Everybody of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Everyone {
    /// In the order in which their rules are met.
    pub groups: Vec<RuleGroup>,
    /// What the user should know: another scope is in force than the one configured.
    pub warning: Option<String>,
}

/// Asks the planner about each object as if it had no account, and contacts nothing. A name and an id are kept for each.
pub fn explain_everyone(
    policy: &Arc<Policy>,
    rules: &Arc<CompiledSchema>,
    export: &Arc<Export>,
    store: Option<&Store>,
    now: Timestamp,
) -> Result<Everyone, EngineError> {
    let remembered = Remembered::read(rules, store)?;
    let (policy, warning) = remembered.policy_in_force(policy);
    let inputs = Inputs::new(policy, rules, export, &remembered, now);
    let mut groups: Vec<RuleGroup> = Vec::new();
    let mut places: BTreeMap<(bool, &'static str, String), usize> = BTreeMap::new();
    for kind in [ObjectKind::User, ObjectKind::Group] {
        let Some(evaluator) = inputs.evaluator(kind) else { continue };
        let context = inputs.policy.context(evaluator.mapping, true);
        let index = evaluator.index()?;
        evaluator.each(&mut |user| {
            let mut user: User<'_> = user;
            let decision = evaluator.decide(&mut user);
            let mut subject = evaluator.due(&user, &decision, &index).subject;
            subject.pruned = false;
            let (code, rule) = match plan_one(&context, &subject, None, &[]) {
                Step::Need(_) => (IN_SCOPE, String::new()),
                Step::Act(action) => (action.reason.code(), rule(&action.reason)),
            };
            let place = *places.entry((kind == ObjectKind::Group, code, rule.clone())).or_insert_with(|| {
                groups.push(RuleGroup { code, rule, kind, objects: Vec::new() });
                groups.len() - 1
            });
            groups[place].objects.push((subject.id, subject.name));
            ControlFlow::Continue(())
        })?;
    }
    Ok(Everyone { groups, warning })
}

/// What decided, without whom else it is about.
fn rule(reason: &Reason) -> String {
    match reason {
        Reason::NotEffectivelyEntitled(why) => why.to_string(),
        Reason::DuplicateSourceEntries(_) => "another object has the same matching value".to_owned(),
        other => other.to_string(),
    }
}

//! An incomplete read must never look like everybody having left.

use super::fingerprints::id_fingerprint;
use super::{EngineError, Index, Policy};
use crate::base::Diagnostic;
use crate::store::{KnownSet, ObjectStates, Watermark};

/// Fewer missing objects than this never stop a run.
const LEAST: usize = 10;
const USERS: &str = "users";
const GROUPS: &str = "groups";

/// What the export is measured by.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) watermark: Option<&'a Watermark>,
    pub(crate) users: &'a ObjectStates,
    /// None without a group mapping: then it is their memberships and assignments that count.
    pub(crate) groups: Option<&'a ObjectStates>,
}

/// Stops when the export lacks too many of the users, groups, assignments or memberships that the last
/// cycle knew; where no watermark says what it knew, of the users and groups that have an account.
pub(crate) fn check(policy: &Policy, known: Known<'_>, index: &Index) -> Result<(), EngineError> {
    let now = &index.known;
    let Some(watermark) = known.watermark else {
        compare(policy, USERS, &linked(known.users), &now.users)?;
        return known.groups.map_or(Ok(()), |groups| compare(policy, GROUPS, &linked(groups), &now.groups));
    };
    compare(policy, USERS, &watermark.users, &now.users)?;
    if known.groups.is_some() {
        compare(policy, GROUPS, &watermark.groups, &now.groups)?;
    }
    compare(policy, "assignments", &watermark.assignments, &now.assignments)?;
    compare(policy, "memberships", &watermark.memberships, &now.memberships)
}

/// Who has an account and isn't known to be deleted.
fn linked(states: &ObjectStates) -> KnownSet {
    let here = states.iter().filter(|(_, state)| state.target().is_some() && state.deleted_since().is_none());
    KnownSet::from_unsorted(here.map(|(id, _)| id_fingerprint(id).0).collect())
}

fn compare(policy: &Policy, what: &str, known: &KnownSet, now: &KnownSet) -> Result<(), EngineError> {
    let missing = known.missing_in(now);
    if !too_many(policy, what, known, now, missing) {
        return Ok(());
    }
    let diagnostic = Diagnostic::error(format!(
        "the export lacks {missing} of {} {what} known from the last cycle ({:.0} %, allowed are {:.0} %); nothing \
         was sent",
        known.len(),
        share(known, missing) * 100.0,
        policy.max_missing * 100.0
    ));
    let hint = format!(
        "check that the export is complete; if they have really left, repeat with --accept-missing {missing}, or \
         raise source.max_missing"
    );
    Err(EngineError::Incomplete(Box::new(diagnostic.with_hint(hint))))
}

/// A list of users or groups without any is suspicious however short it was.
fn too_many(policy: &Policy, what: &str, known: &KnownSet, now: &KnownSet, missing: usize) -> bool {
    let accepted = policy.accept_missing.is_some_and(|accepted| missing as u64 <= accepted);
    let suspicious = missing >= LEAST || ([USERS, GROUPS].contains(&what) && missing > 0 && now.is_empty());
    suspicious && share(known, missing) > policy.max_missing && !accepted
}

#[expect(clippy::cast_precision_loss, reason = "a share of less than 2⁵² objects")]
fn share(known: &KnownSet, missing: usize) -> f64 {
    missing as f64 / known.len().max(1) as f64
}

//! An incomplete read must never look like everybody having left.

use super::fingerprints::id_fingerprint;
use super::{EngineError, Index, Policy};
use crate::base::Diagnostic;
use crate::store::{KnownSet, ObjectStates, Watermark};

/// Fewer missing objects than this never stop a run.
const LEAST: usize = 10;
const USERS: &str = "users";

/// Stops when the export lacks too many of the users, groups, assignments or memberships that the last
/// cycle knew; where no watermark says what it knew, of the users who have an account.
pub(crate) fn check(
    policy: &Policy,
    watermark: Option<&Watermark>,
    prior: &ObjectStates,
    index: &Index,
) -> Result<(), EngineError> {
    let Some(watermark) = watermark else {
        let here = prior.iter().filter(|(_, state)| state.target().is_some() && state.deleted_since().is_none());
        let linked = KnownSet::from_unsorted(here.map(|(id, _)| id_fingerprint(id).0).collect());
        return compare(policy, USERS, &linked, &index.known.users);
    };
    let now = &index.known;
    compare(policy, USERS, &watermark.users, &now.users)?;
    compare(policy, "groups", &watermark.groups, &now.groups)?;
    compare(policy, "assignments", &watermark.assignments, &now.assignments)?;
    compare(policy, "memberships", &watermark.memberships, &now.memberships)
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

/// A user list without anybody is suspicious however short it was.
fn too_many(policy: &Policy, what: &str, known: &KnownSet, now: &KnownSet, missing: usize) -> bool {
    let accepted = policy.accept_missing.is_some_and(|accepted| missing as u64 <= accepted);
    let suspicious = missing >= LEAST || (what == USERS && missing > 0 && now.is_empty());
    suspicious && share(known, missing) > policy.max_missing && !accepted
}

#[expect(clippy::cast_precision_loss, reason = "a share of less than 2⁵² objects")]
fn share(known: &KnownSet, missing: usize) -> f64 {
    missing as f64 / known.len().max(1) as f64
}

//! An incomplete read must never look like everybody having left.

use super::fingerprints::id_fingerprint;
use super::{EngineError, Index, Policy};
use crate::base::Diagnostic;
use crate::plan::Sent;
use crate::schema::ObjectKind;
use crate::store::{KnownSet, ObjectStates, References, Watermark};

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
    pub(crate) references: &'a References,
}

/// Stops when the export lacks too many of the users, groups, assignments, memberships or managers that the last
/// cycle knew; where no watermark says what it knew, of the users and groups that have an account.
pub(crate) fn check(policy: &Policy, known: Known<'_>, index: &Index) -> Result<(), EngineError> {
    let now = &index.known;
    if index.managers_gone > 0 {
        let sent = |(_, sent): &(_, Sent)| *sent != Sent::No;
        let known = known.references.iter().filter(|of| of.kind == ObjectKind::User && of.referenced.iter().any(sent));
        judge(policy, "managers", known.count(), index.managers_gone, false)?;
    }
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

/// A list of users or groups without any is suspicious however short it was.
fn compare(policy: &Policy, what: &str, known: &KnownSet, now: &KnownSet) -> Result<(), EngineError> {
    let is_emptied = [USERS, GROUPS].contains(&what) && now.is_empty();
    judge(policy, what, known.len(), known.missing_in(now), is_emptied)
}

fn judge(policy: &Policy, what: &str, known: usize, missing: usize, is_emptied: bool) -> Result<(), EngineError> {
    let accepted = policy.accept_missing.is_some_and(|accepted| missing as u64 <= accepted);
    let is_suspicious = missing >= LEAST || (is_emptied && missing > 0);
    if accepted || !is_suspicious || share(known, missing) <= policy.max_missing {
        return Ok(());
    }
    let diagnostic = Diagnostic::error(format!(
        "the export lacks {missing} of {known} {what} known from the last cycle ({:.0} %, allowed are {:.0} %); \
         nothing was sent",
        share(known, missing) * 100.0,
        policy.max_missing * 100.0
    ));
    let hint = format!(
        "check that the export is complete; if they have really left, repeat with --accept-missing {missing}, or \
         raise source.max_missing"
    );
    Err(EngineError::Incomplete(Box::new(diagnostic.with_hint(hint))))
}

#[expect(clippy::cast_precision_loss, reason = "a share of less than 2⁵² objects")]
fn share(known: usize, missing: usize) -> f64 {
    missing as f64 / known.max(1) as f64
}

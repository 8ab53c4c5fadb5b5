//! What is remembered of an object after an action.

use super::{Due, LinkChange};
use crate::base::{Fingerprint, TargetId, Timestamp};
use crate::event::{ObjectError, Retry};
use crate::plan::{
    Action, ActionKind, EscrowSchedule, FailedPart, Failure, Presence, PriorState, Reason, Staged, Standing,
};
use crate::store::StateChange;

/// What is remembered after an action.
pub(super) fn state_after(
    due: &Due,
    action: &Action,
    target: Option<&TargetId>,
    error: Option<&ObjectError>,
    at: Timestamp,
    compare_all: bool,
) -> StateChange {
    let prior = due.prior.as_ref();
    let linked = prior.and_then(|prior| prior.target.clone());
    if let Some(error) = error {
        let before =
            prior.and_then(|prior| prior.failure.as_ref()).filter(|failure| failure.part == FailedPart::Export);
        return StateChange::Put(PriorState {
            name: due.subject.name.clone(),
            target: linked,
            standing: prior.map_or(Standing::InScope, |prior| prior.standing),
            fingerprints: after_failure(prior, &due.fingerprints, compare_all),
            deleted_since: due.deleted_since,
            failure: Some(Failure {
                count: before.map_or(1, |failure| failure.count.saturating_add(1)),
                first_at: before.map_or(at, |failure| failure.first_at),
                last_at: at,
                code: error.code.clone(),
                message: error.message.clone(),
                seen: due.seen,
                part: FailedPart::Export,
                action: attempted(due),
            }),
            // What was allowed stays so until it is done.
            staged: prior
                .and_then(|prior| prior.staged)
                .filter(|_| matches!(due.subject.presence, Presence::Out(..) | Presence::HardDeleted)),
        });
    }
    if let (ActionKind::StagedDelete, Some(prior)) = (action.kind, prior) {
        let since = prior.staged.map_or(at, |staged| staged.since);
        // Whoever was left alone so far is about to leave now; what changed meanwhile was seen, but not sent.
        let (standing, fingerprints) = match prior.standing {
            Standing::LeftAlone => (Standing::InScope, Vec::new()),
            standing => (standing, prior.fingerprints.clone()),
        };
        return StateChange::Put(PriorState {
            staged: Some(Staged { since, allowed_until: None }),
            standing,
            fingerprints,
            deleted_since: due.deleted_since,
            failure: None,
            ..prior.clone()
        });
    }
    // Whoever was left alone stays so while nothing is done to the account.
    let stays = |prior: &PriorState| prior.standing == Standing::LeftAlone && due.standing != Standing::InScope;
    let is_left_alone = action.kind == ActionKind::Skip && prior.is_some_and(stays);
    let put = |target| {
        StateChange::Put(PriorState {
            name: due.subject.name.clone(),
            target,
            standing: if is_left_alone { Standing::LeftAlone } else { due.standing },
            fingerprints: due.fingerprints.clone(),
            deleted_since: due.deleted_since,
            failure: None,
            staged: None,
        })
    };
    match (&action.kind, &action.reason) {
        (_, Reason::HardDeleted | Reason::Unmanaged | Reason::EscrowPruned | Reason::ActionOff("delete"))
            if due.subject.presence == Presence::HardDeleted =>
        {
            StateChange::Remove
        }
        (ActionKind::Delete, _) => StateChange::Remove,
        (ActionKind::Skip, Reason::NotEffectivelyEntitled(_)) => {
            if matches!(due.subject.presence, Presence::Uncertain(_)) {
                StateChange::Keep
            } else if linked.is_some() {
                put(linked)
            } else if prior.is_some() {
                StateChange::Remove
            } else {
                StateChange::Keep
            }
        }
        // Not looked at: what changed is still to be exported once there is a value to match by.
        (ActionKind::Skip, Reason::ImportSkipped(_)) => match prior {
            Some(prior) if linked.is_some() => StateChange::Put(PriorState { failure: None, ..prior.clone() }),
            _ if due.subject.presence == Presence::InScope => put(None),
            Some(_) => StateChange::Remove,
            None => StateChange::Keep,
        },
        // Left alone means no longer managed.
        (ActionKind::Skip, Reason::OutOfScopeIgnored(_)) => match put(linked) {
            StateChange::Put(state) => StateChange::Put(PriorState { standing: Standing::LeftAlone, ..state }),
            other => other,
        },
        _ => put(target.cloned().or(linked)),
    }
}

/// What becomes of the link of an object by a change of what is remembered of it.
pub(super) fn link_change(prior: Option<&PriorState>, state: &StateChange) -> LinkChange {
    let before = prior.is_some_and(|prior| prior.target.is_some());
    let now = match state {
        StateChange::Put(state) => state.target.is_some(),
        StateChange::Remove => false,
        StateChange::Keep | StateChange::Fail(_) | StateChange::Recover(_) => before,
    };
    match (before, now) {
        (false, true) => LinkChange::Made,
        (true, false) => LinkChange::Gone,
        (false, false) | (true, true) => LinkChange::None,
    }
}

/// The fingerprints to go on from after a failure. Whether the target has acted on the request can't
/// be told, so what was to be sent counts as changed at the next try, whatever its value is then.
fn after_failure(
    prior: Option<&PriorState>,
    now: &[Option<Fingerprint>],
    compare_all: bool,
) -> Vec<Option<Fingerprint>> {
    let before = prior.filter(|_| !compare_all).map_or(&[][..], |prior| &prior.fingerprints);
    before.iter().zip(now).map(|(before, now)| before.filter(|before| Some(*before) == *now)).collect()
}

/// When a failed object is tried again.
pub(super) fn retry_of(failure: &Failure, schedule: &EscrowSchedule) -> Retry {
    Retry { failures: failure.count, next: schedule.next_try(failure.first_at, failure.last_at, failure.count) }
}

/// What is tried with an object, as far as can be told before the target was asked.
pub(super) fn attempted(due: &Due) -> ActionKind {
    let is_linked = due.prior.as_ref().is_some_and(|prior| prior.target.is_some());
    match (&due.subject.presence, is_linked) {
        (Presence::HardDeleted, _) => ActionKind::Delete,
        (Presence::Out(..), _) => ActionKind::Disable,
        (Presence::InScope | Presence::Uncertain(_), true) => ActionKind::Update,
        (Presence::InScope | Presence::Uncertain(_), false) => ActionKind::Create,
    }
}

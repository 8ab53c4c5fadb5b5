//! The life of a user: joins, moves, leaves, comes back, is deleted.

use super::directory::Place;
use super::job::{Job, Step};
use crate::check::probe::{Probe, Stop};
use crate::plan::ActionKind;
use crate::schema::ObjectKind;

const CREATED: Step = Step {
    when: "in the cycle that creates the user",
    otherwise: "the user has no account",
    action: ActionKind::Create,
};
const CHANGED: Step = Step {
    when: "in the cycle that changes several attributes of the user",
    otherwise: "nothing else of the user arrives either, not even that the account is to be disabled",
    action: ActionKind::Update,
};
const DISABLED: Step = Step {
    when: "in the cycle that disables the user",
    otherwise: "somebody who has left keeps access",
    action: ActionKind::Disable,
};
const ENABLED: Step = Step {
    when: "in the cycle that enables the user again",
    otherwise: "somebody who has come back stays locked out",
    action: ActionKind::Update,
};
const RECYCLED: Step = Step {
    when: "in the cycle after the user was moved to the recycle bin",
    otherwise: "somebody who was deleted from the directory keeps access",
    action: ActionKind::Disable,
};
const PURGED: Step = Step {
    when: "in the cycle after the user was deleted for good",
    otherwise: "the account of somebody who was deleted from the directory stays",
    action: ActionKind::Delete,
};

pub(super) async fn lifecycle(probe: &Probe) -> Result<(), Stop> {
    let has_manager = probe.rules().users.reference.is_some();
    let mut job = Job::new(probe, false, if has_manager { 2 } else { 1 })?;
    let user = job.hire();
    let mut all = vec![user];
    if has_manager {
        let manager = job.hire();
        job.user(user).manager = Some(manager);
        all.push(manager);
    }
    job.run(ObjectKind::User, CREATED, &all).await?;
    if job.directory.is_user_changeable() {
        job.user(user).round = 1;
        job.run(ObjectKind::User, CHANGED, &[user]).await?;
    } else {
        probe.note("no attribute is changed: the mapping sends none after creation but those that tell users apart");
    }
    if job.directory.is_user_disabled() {
        job.user(user).place = Place::Left;
        job.run(ObjectKind::User, DISABLED, &[user]).await?;
        job.user(user).place = Place::Assigned;
        job.run(ObjectKind::User, ENABLED, &[user]).await?;
        job.move_all(Place::RecycleBin);
        job.run(ObjectKind::User, RECYCLED, &all).await?;
    } else {
        probe.note("nobody is disabled: no mapping leads from the state of a user to `active`, so leavers keep access");
    }
    // Microsoft's validation leaves deletion to the endpoint.
    probe.soften();
    job.move_all(Place::Purged);
    job.run(ObjectKind::User, PURGED, &all).await
}

//! Provision on demand: one object at once.

use super::job::{Job, Step};
use crate::check::definition::Need;
use crate::check::probe::{Probe, Stop};
use crate::plan::ActionKind;
use crate::schema::ObjectKind;
use crate::scim::Dialect;

const CREATED: Step = Step {
    when: "when a new user is provisioned on demand",
    otherwise: "the user has no account",
    action: ActionKind::Create,
};
const CHANGED: Step = Step {
    when: "when a user whose attributes have changed is provisioned on demand",
    otherwise: "nothing else of the user arrives either, not even that the account is to be disabled",
    action: ActionKind::Update,
};
const GROUP: Step = Step {
    when: "when a group with two members is provisioned on demand",
    otherwise: "the group isn't there, nor who has access through it",
    action: ActionKind::Create,
};

pub(super) async fn provision(probe: &Probe) -> Result<(), Stop> {
    if probe.dialect() != Dialect::Scim {
        probe.note(
            "PATCH is written in the form without the flag of the tenant URL: provision on demand ignores the flag",
        );
    }
    let with_groups = probe.features().meets(Need::Groups).is_ok();
    let mut job = Job::new(probe, with_groups, if with_groups { 3 } else { 1 })?;
    let user = job.hire();
    job.provision(ObjectKind::User, CREATED, user, &[]).await?;
    if job.directory.is_user_changeable() {
        job.user(user).round = 1;
        job.provision(ObjectKind::User, CHANGED, user, &[]).await?;
    }
    if with_groups {
        let other = job.hire();
        job.provision(ObjectKind::User, CREATED, other, &[]).await?;
        let group = job.team_up(&[user, other]);
        job.provision(ObjectKind::Group, GROUP, group, &[user, other]).await?;
    }
    Ok(())
}

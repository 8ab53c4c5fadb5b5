//! The life of a group: founded, renamed, joined and left, dissolved, founded again.

use super::job::{Job, Step};
use crate::check::probe::{Probe, Stop};
use crate::plan::ActionKind;
use crate::schema::ObjectKind;

const CREATED: Step = Step {
    when: "in the cycle that creates the group with two members",
    otherwise: "the group isn't there, nor who has access through it",
    action: ActionKind::Create,
};
const RENAMED: Step = Step {
    when: "in the cycle that renames the group",
    otherwise: "the group keeps its old name",
    action: ActionKind::Update,
};
const MOVED: Step = Step {
    when: "in the cycle in which one member joins the group and one leaves it",
    otherwise: "the members of the group aren't those of the directory",
    action: ActionKind::Update,
};
const DELETED: Step = Step {
    when: "in the cycle that deletes the group",
    otherwise: "a group that is no longer assigned stays, with its members",
    action: ActionKind::Delete,
};
const RESTORED: Step = Step {
    when: "in the cycle that brings the deleted group back",
    otherwise: "the group isn't there, nor who has access through it",
    action: ActionKind::Create,
};

pub(super) async fn lifecycle(probe: &Probe) -> Result<(), Stop> {
    let mut job = Job::new(probe, true, 5)?;
    let [stays, leaves, joins] = [job.hire(), job.hire(), job.hire()];
    let group = job.team_up(&[stays, leaves]);
    job.run(ObjectKind::Group, CREATED, &[group]).await?;
    if job.directory.is_group_renamable() {
        job.team(group).round = 1;
        job.run(ObjectKind::Group, RENAMED, &[group]).await?;
    } else {
        probe.note("the group isn't renamed: the mapping doesn't send the display name that it has in the directory");
    }
    if probe.mapping(ObjectKind::Group).reference.is_some() {
        job.team(group).members = vec![stays, joins];
        // Members are no attribute of the group itself, of which nothing is due.
        job.run(ObjectKind::Group, MOVED, &[]).await?;
    } else {
        probe.note("the group has no members at the endpoint: the mapping doesn't send them");
    }
    // Microsoft's validation leaves deletion to the endpoint.
    probe.soften();
    job.team(group).is_assigned = false;
    job.run(ObjectKind::Group, DELETED, &[group]).await?;
    job.team(group).is_assigned = true;
    job.run(ObjectKind::Group, RESTORED, &[group]).await
}

//! Groups with somebody in them, for checks that aren't about members.

use crate::check::probe::{Object, Probe, Stop};
use crate::plan::verify::{self, SentMembers};
use crate::schema::ObjectKind;
use crate::scim::Resource;

pub(super) const GROUP: ObjectKind = ObjectKind::Group;

/// A group, with a member where that can be had.
pub(super) struct Populated {
    pub(super) group: Object,
    /// A user of whom the group says that it is a member.
    pub(super) member: Option<Object>,
}

/// Makes a group and a member of it. That the member can't be made or added is for other checks to say.
pub(super) async fn populated(probe: &Probe) -> Result<Populated, Stop> {
    let group = probe.group().await?;
    let user = match probe.user().await {
        Ok(user) => user,
        Err(Stop::Blocked { .. }) => return Ok(Populated { group, member: None }),
        Err(stop) => return Err(stop),
    };
    let body = probe.dialect().add_members(&[&user.id]);
    let added = match probe.quietly(probe.patch(&group, body)).await {
        Ok(answer) => answer.is_success(),
        Err(Stop::Failed) => false,
        Err(stop) => return Err(stop),
    };
    let is_member = match probe.read(&group).await {
        Ok((_, resource)) => added && has_member(&resource, &user.id),
        Err(Stop::Blocked { .. }) => false,
        Err(stop) => return Err(stop),
    };
    Ok(Populated { group, member: is_member.then_some(user) })
}

/// What a look-up by displayName gives, for checks that aren't about look-ups; `None` where they don't work.
pub(super) async fn looked_up(probe: &Probe, name: &str) -> Result<Option<Vec<Resource>>, Stop> {
    match probe.quietly(probe.find(GROUP, "displayName", name)).await {
        Ok(answer) => Ok(answer.list().filter(|_| answer.status == 200).map(|list| list.resources)),
        Err(Stop::Failed) => Ok(None),
        Err(stop) => Err(stop),
    }
}

/// Whether a group shows somebody as its member.
pub(super) fn has_member(group: &Resource, id: &str) -> bool {
    verify::members(&SentMembers { added: &[id], ..SentMembers::default() }, group)
        .iter()
        .all(|deviation| deviation.kind != verify::DeviationKind::MemberMissing)
}

/// Whether a group shows any member at all.
pub(super) fn has_members(group: &Resource) -> bool {
    group.get("members").is_some_and(|members| match members {
        serde_json::Value::Array(entries) => !entries.is_empty(),
        other => !other.is_null(),
    })
}

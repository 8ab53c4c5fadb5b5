//! `groups.delete` and `groups.recreate`: groups that go for good.

use super::fixture::{GROUP, has_member, has_members, looked_up, populated};
use crate::check::definition::{Category, Check, Need, Turn};
use crate::check::probe::{Answer, Object, Probe, Stop};
use crate::client::delete_request;
use crate::scim::Resource;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "groups.delete",
        category: Category::Capability,
        holds: "DELETE is answered with 204, afterwards the group is neither read nor found, and a second DELETE is answered with \
                404",
        reference: "RFC 7644 section 3.6; Microsoft, gallery validation: Delete_Group; SCIM Validator: delete twice, delete the \
                    unknown",
        effect: "groups that are deleted in the directory, or not assigned any more, stay with their members and their access, and \
                 fill the log with errors",
        remedy: "support DELETE /Groups/{id}: 204, then 404 for its id; or take Delete out of the target object actions of the \
                 group mapping",
        needs: &[Need::Group],
        turn: Turn::Together,
        run: |probe| Box::pin(delete(probe)),
    },
    Check {
        id: "groups.recreate",
        category: Category::Capability,
        holds: "after a group was deleted, one with the same displayName can be made, and it begins without members",
        reference: "Microsoft, gallery validation: Delete_Group, Restore_Group",
        effect: "a group that comes back after it was deleted can't be provisioned, or gives access to those who were in it before",
        remedy: "give the name free when a group is deleted, and forget its members",
        needs: &[Need::Group],
        turn: Turn::Together,
        run: |probe| Box::pin(recreate(probe)),
    },
];

async fn delete(probe: &Probe) -> Result<(), Stop> {
    if !probe.mapping(GROUP).actions.delete {
        return Err(Stop::NotApplicable("the group mapping deletes nothing".to_owned()));
    }
    let group = probe.group().await?;
    // Where it can't be read now, reading it afterwards says nothing.
    probe.read(&group).await?;
    let answer = probe.delete(&group).await?;
    probe.expect_success(&answer, "204 without a body")?;
    if answer.status != 204 {
        let draft = probe.finding("delete-status").observed(format!("DELETE was answered with {}", answer.status));
        draft
            .expected("204 without a body")
            .effect("the service takes it for a success")
            .remedy("answer with 204 and no body")
            .at(answer.at)
            .warn();
    }
    let read = probe.get_whole(&group).await?;
    if !matches!(read.status, 404 | 410) {
        let draft = probe.refused(&read, "404");
        draft.observed(format!("after DELETE, GET of the group was answered with {}", read.told())).fail();
    }
    expect_unfindable(probe, &group).await?;
    let again = probe.delete(&group).await?;
    judge_repeated(probe, &again, "a second DELETE of the same group", false);
    let unknown = probe.bench.unknown_id();
    let nobody = probe.send(delete_request(GROUP.endpoint(), &unknown)).await?;
    judge_repeated(probe, &nobody, "DELETE of a group that doesn't exist", true);
    Ok(())
}

async fn expect_unfindable(probe: &Probe, group: &Object) -> Result<(), Stop> {
    let Some(found) = looked_up(probe, &group.name).await? else { return Ok(()) };
    let is_it = |resource: &Resource| resource.id().as_deref() == Some(&group.id);
    if found.iter().any(is_it) {
        let draft =
            probe.finding("deleted-is-found").observed("after DELETE, a look-up by displayName still finds the group");
        draft
            .expected("no result")
            .effect("a group that gets the name again is linked to the deleted one, and every change of it fails")
            .at(probe.exchanges.borrow().len() - 1)
            .fail();
    }
    Ok(())
}

/// Done, or nothing to do: both is fine for the service. Ids that nobody ever had aren't even sent by it.
fn judge_repeated(probe: &Probe, answer: &Answer, what: &str, is_foreign: bool) {
    if answer.is_success() || matches!(answer.status, 404 | 410) {
        return;
    }
    let draft = probe.refused(answer, "404, or 204");
    let draft = draft
        .observed(format!("{what} was answered with {}", answer.told()))
        .effect("the service takes 404 for done; after anything else it deletes the group again in every cycle")
        .remedy("answer DELETE of a group that isn't there with 404");
    if is_foreign { draft.warn() } else { draft.fail() }
}

async fn recreate(probe: &Probe) -> Result<(), Stop> {
    let all = populated(probe).await?;
    let gone = probe.quietly(probe.delete(&all.group)).await;
    match gone {
        Ok(answer) if answer.is_success() => {}
        Ok(answer) => return Err(blocked(&format!("DELETE was answered with {}", answer.told()))),
        Err(Stop::Failed) => return Err(blocked("DELETE wasn't answered")),
        Err(stop) => return Err(stop),
    }
    let group = &all.group;
    let (answer, second) = probe.create(GROUP, &group.name, probe.body(GROUP, &group.values)).await?;
    if !answer.is_success() {
        let draft = probe.refused(&answer, "201 with a new group");
        let observed = format!("a group with the name of a deleted one was answered with {}", answer.told());
        return Err(draft.observed(observed).stop());
    }
    let Some(second) = second else {
        return Err(Stop::Blocked {
            by: "groups.create",
            why: "the answer doesn't say which id the group has".to_owned(),
        });
    };
    let (read, stored) = probe.read(&second).await?;
    if has_members(&stored) {
        let is_former = all.member.is_some_and(|member| has_member(&stored, &member.id));
        let who = if is_former { "the members of the deleted one" } else { "members" };
        probe
            .finding("members-come-back")
            .observed(format!("a group with the name of a deleted one was made without members, but has {who}"))
            .expected("no members")
            .effect("people get back access that they lost, and the service doesn't take it away")
            .remedy("remove the memberships when a group is deleted")
            .at(read.at)
            .fail();
    }
    Ok(())
}

fn blocked(why: &str) -> Stop {
    Stop::Blocked { by: "groups.delete", why: format!("the group couldn't be deleted: {why}") }
}

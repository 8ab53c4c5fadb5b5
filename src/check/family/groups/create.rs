//! `groups.create`: new groups.

use serde_json::{Value, json};

use super::fixture::{GROUP, has_members};
use crate::check::definition::{Category, Check, Need, Turn};
use crate::check::probe::{Answer, Object, Probe, Stop};
use crate::scim::{ChangeOp, urn};

pub(super) const CHECKS: &[Check] = &[Check {
    id: "groups.create",
    category: Category::Capability,
    holds: "POST /Groups with the mapped attributes and an empty list of members is answered with 201 and the group: its id, \
            and every attribute as it was sent",
    reference: "RFC 7644 section 3.3; Microsoft, gallery validation: Create_Group, SCIM_Group_Create",
    effect: "no group is provisioned: each fails when it is made and is tried again in every cycle, and nobody gets access \
             through it",
    remedy: "answer POST /Groups with 201, the header Location and the whole group with an `id`; store every attribute that \
             the mapping has, and take an empty list of members",
    needs: &[Need::Writes, Need::Groups],
    turn: Turn::Together,
    run: |probe| Box::pin(create(probe)),
}];

/// The schema that stood beside that of groups until 2018, and still does so in documentation.
const OLD_SCHEMA: &str = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";

async fn create(probe: &Probe) -> Result<(), Stop> {
    let values = probe.values(GROUP, &probe.person(), 0);
    let name = probe.name_in(GROUP, &values);
    let (answer, group) = probe.create(GROUP, &name, probe.body(GROUP, &values)).await?;
    probe.expect_success(&answer, "201 with the group that was made")?;
    judge_answer(probe, &answer);
    let Some(group) = group else {
        let draft = probe.finding("no-id").observed("the group was made, but nothing says which id it has");
        let draft =
            draft.effect("the service can't link the group: it neither changes nor removes it, nor adds anybody to it");
        return Err(draft.at(answer.at).stop());
    };
    let (at, stored) = match probe.read(&group).await {
        Ok((read, stored)) => (read.at, Some(stored)),
        // What reading is like is another check's question.
        Err(Stop::Blocked { .. }) => (answer.at, answer.resource()),
        Err(stop) => return Err(stop),
    };
    if let Some(stored) = stored {
        let sent: Vec<_> = values.iter().map(|(index, value)| (*index, ChangeOp::Add, value.clone())).collect();
        probe.compare(GROUP, &sent, None, &stored, at);
        if has_members(&stored) {
            let draft =
                probe.finding("members-from-nowhere").observed("a group that was made without members has some");
            draft
                .expected("no members: the service adds them one by one afterwards")
                .effect("people get access that nobody gave them, and the service doesn't take it away")
                .remedy("take the members from the request, and nobody else")
                .at(at)
                .fail();
        }
    }
    same_name(probe, &group).await?;
    old_schema(probe).await
}

/// What the answer to a creation has to have.
fn judge_answer(probe: &Probe, answer: &Answer) {
    if answer.status != 201 {
        let draft =
            probe.finding("created-with-200").observed(format!("POST /Groups was answered with {}", answer.status));
        draft
            .expected("201 Created")
            .effect("the service takes it for a success; other clients may not")
            .remedy("answer with 201 when a group was made")
            .at(answer.at)
            .warn();
    }
    let Some(created) = answer.resource() else {
        let draft = probe.finding("created-without-body").observed("the answer doesn't hold the group that was made");
        let draft =
            draft.effect("the service doesn't learn the id, and has to look the group up again before it adds anybody");
        return draft.expected("the group in the body, with its `id`").at(answer.at).fail();
    };
    match created.get("id") {
        Some(Value::String(id)) if !id.is_empty() => {}
        Some(Value::Number(id)) => {
            let draft = probe.finding("id-is-a-number").observed(format!("`id` is the number {id}"));
            draft
                .expected("`id` is a text (RFC 7643 section 3.1)")
                .effect("the service takes it as text; other clients may not")
                .remedy("write the id in quotes")
                .at(answer.at)
                .warn();
        }
        _ => {
            let draft = probe.finding("no-id").observed("the group in the answer has no `id`");
            draft
                .expected("`id` with a text that stays the same (RFC 7643 section 3.1)")
                .effect("the service can't link the group: it neither changes nor removes it, nor adds anybody to it")
                .at(answer.at)
                .fail();
        }
    }
    let location = answer.header("location");
    if !location.is_some_and(|location| location.contains("://")) {
        let observed = match location {
            None => "the answer has no Location header".to_owned(),
            Some(location) => format!("the Location header is `{location}`, which isn't a whole URL"),
        };
        let draft = probe.finding("location").observed(observed).expected("Location: the URL of the new group");
        draft
            .effect("the service can do without it; RFC 7644 asks for it")
            .remedy("add it to every answer to POST")
            .at(answer.at)
            .warn();
    }
}

/// Several groups may have one name, or may not: both is fine, as long as it is said.
async fn same_name(probe: &Probe, group: &Object) -> Result<(), Stop> {
    let mut values = probe.values(GROUP, &probe.person(), 0);
    let attributes = &probe.mapping(GROUP).attributes;
    for (index, value) in &mut values {
        if attributes[*index].target.name.eq_ignore_ascii_case("displayName") {
            *value = json!(group.name);
        }
    }
    let (answer, second) = probe.create(GROUP, &group.name, probe.body(GROUP, &values)).await?;
    let draft = match second {
        _ if answer.status == 409 => return Ok(()),
        Some(second) if second.id == group.id => probe
            .finding("same-name-same-group")
            .observed("a second group with a displayName that is taken was answered with success and the id of the first")
            .expected("409, or a group of its own")
            .effect("two groups of the directory become one here, and the members of both get the access of either")
            .remedy("answer 409 with scimType uniqueness where names are unique, otherwise make another group"),
        _ if answer.is_success() => {
            probe.note("several groups may have the same displayName; the service can't choose between them when it looks one up");
            return Ok(());
        }
        _ => probe
            .finding(format!("same-name-is-{}", answer.status))
            .observed(format!("a second group with a displayName that is taken was answered with {}", answer.told()))
            .expected("409 where names are unique, otherwise 201")
            .effect("the service looks the group up again after 409 alone; anything else looks like a failure of the endpoint")
            .remedy("answer 409 with scimType uniqueness when the name is taken"),
    };
    draft.at(answer.at).warn();
    Ok(())
}

/// The form in which the service made groups until 2018.
async fn old_schema(probe: &Probe) -> Result<(), Stop> {
    let values = probe.values(GROUP, &probe.person(), 0);
    let mut body = probe.body(GROUP, &values);
    body["schemas"] = json!([urn::GROUP, OLD_SCHEMA]);
    let (answer, _) = probe.create(GROUP, &probe.name_in(GROUP, &values), body).await?;
    if answer.status >= 500 {
        let draft = probe.finding("unknown-schema-is-5xx").observed(format!(
            "a group whose `schemas` names Microsoft's old schema for groups too was answered with {}",
            answer.told()
        ));
        draft
            .expected("201, or 400 where unknown schemas aren't taken")
            .effect("the service hasn't sent it since 2018, though documentation still shows it; tools that follow it break")
            .remedy("leave schemas aside that aren't known")
            .at(answer.at)
            .warn();
    } else if !answer.is_success() {
        probe.note(format!(
            "a group whose `schemas` names `{OLD_SCHEMA}` too is refused with {}: documentation shows it so, but the service \
             hasn't sent it since 2018",
            answer.status
        ));
    }
    Ok(())
}

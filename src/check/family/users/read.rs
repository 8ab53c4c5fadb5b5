//! `users.get*`: accounts by their id.

use crate::check::definition::{Category, Check, Need, Turn};
use crate::check::finding::shortened;
use crate::check::probe::{Probe, Stop, is_named};
use crate::client::get_request;
use crate::schema::ObjectKind;
use crate::scim::{get, urn};

const USER: ObjectKind = ObjectKind::User;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "users.get",
        category: Category::Mandatory,
        holds: "GET /Users/{id} is answered with 200 and that account",
        reference: "RFC 7644 section 3.4.1; Microsoft, Develop a SCIM endpoint: get user by id",
        effect: "the service reads an account before it changes it: without that, no change arrives",
        remedy: "answer GET /Users/{id} with 200 and the whole account",
        needs: &[Need::User],
        turn: Turn::Together,
        run: |probe| Box::pin(by_id(probe)),
    },
    Check {
        id: "users.get.missing",
        category: Category::Mandatory,
        holds: "GET /Users/{id} of an id that nobody has is answered with 404",
        reference: "RFC 7644 sections 3.4.1 and 3.12",
        effect: "the service can't tell an account that is gone from a failure of the endpoint: it doesn't make it again",
        remedy: "answer with 404 and a SCIM error when no account has the id, whatever the id looks like",
        needs: &[],
        turn: Turn::Together,
        run: |probe| Box::pin(missing(probe)),
    },
];

async fn by_id(probe: &Probe) -> Result<(), Stop> {
    let user = probe.user().await?;
    let answer = probe.get(&user).await?;
    if !probe.expect_status(&answer, &[200], "200 with the account") {
        return Ok(());
    }
    let Some(resource) = answer.resource() else {
        let draft = probe
            .finding("get-not-a-resource")
            .observed("the answer isn't an account: it is no JSON object, a list or an error");
        return Err(draft.at(answer.at).stop());
    };
    match resource.id() {
        Some(id) if id == user.id => {}
        Some(id) => {
            let draft = probe
                .finding("other-resource")
                .observed(format!("the account that came has the id `{id}`, not `{}`", user.id));
            draft.at(answer.at).fail();
        }
        None => probe.finding("no-id").observed("the account that came has no `id`").at(answer.at).fail(),
    }
    if !is_named(USER, &resource, &user.name) {
        let draft = probe
            .finding("other-resource")
            .observed("the account that came doesn't have the userName that it was made with");
        draft.at(answer.at).fail();
    }
    if !resource.members().contains_key("userName") && resource.get("userName").is_some() {
        let draft =
            probe.finding("attribute-case").observed("attribute names come in another letter case, such as `UserName`");
        let draft = draft.expected("names as in RFC 7643: `userName`").effect(
            "names are compared without letter case by RFC 7643, so the service reads them; many clients don't",
        );
        draft.remedy("write names as the schema does").at(answer.at).warn();
    }
    let lists = ["emails", "phoneNumbers", "addresses", "ims", "photos", "roles", "entitlements", "groups"];
    for name in lists {
        if let Some(value) = resource.get(name).filter(|value| !value.is_array() && !value.is_null()) {
            let observed = format!("`{name}` is {} where a list belongs", shortened(&value.to_string()));
            let draft = probe.finding("list-expected").observed(observed);
            let draft = draft.expected("a list, of one entry too (RFC 7643 section 2.4)");
            draft
                .effect("what the service reads of it is a matter of luck")
                .remedy("write it in [ ]")
                .at(answer.at)
                .warn();
        }
    }
    let is_user = resource.get("schemas").and_then(serde_json::Value::as_array).is_some_and(|schemas| {
        schemas.iter().any(|schema| schema.as_str().is_some_and(|schema| schema.eq_ignore_ascii_case(urn::USER)))
    });
    if !is_user {
        let draft =
            probe.finding("no-schemas").observed(format!("`schemas` of the account doesn't name `{}`", urn::USER));
        draft
            .effect("the service may not be able to read the account")
            .remedy("add `schemas` to every resource")
            .at(answer.at)
            .warn();
    }
    Ok(())
}

async fn missing(probe: &Probe) -> Result<(), Stop> {
    let id = probe.bench.guid().hyphenated().to_string();
    let answer = probe.send(get_request(USER.endpoint(), &id)).await?;
    if !probe.expect_status(&answer, &[404], "404 with a SCIM error") {
        return Ok(());
    }
    let is_error =
        answer.object().is_some_and(|members| get(members, "status").is_some() || get(members, "schemas").is_some());
    if !is_error {
        let draft = probe.finding("error-not-scim").observed("the 404 isn't a SCIM error");
        let draft = draft
            .expected("a JSON object with schemas, status and detail")
            .effect("the service goes by 404; the log shows no reason");
        draft.remedy("answer errors with the body of RFC 7644 section 3.12").at(answer.at).warn();
    }
    Ok(())
}

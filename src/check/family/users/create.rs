//! `users.create*`: new accounts.

use serde_json::{Value, json};

use super::culprits;
use crate::check::definition::{Category, Check, Need, Turn};
use crate::check::probe::{Answer, Object, Probe, Stop};
use crate::client::RawRequest;
use crate::schema::ObjectKind;
use crate::scim::{ChangeOp, Method, Resource, get, urn};

const USER: ObjectKind = ObjectKind::User;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "users.create",
        category: Category::Mandatory,
        holds: "POST /Users with all mapped attributes is answered with 201 and the account: its id, and every attribute as \
                it was sent",
        reference: "RFC 7644 section 3.3; Microsoft, gallery validation: SCIM_User_Create",
        effect: "nobody is provisioned: each person fails when the account is made, and is tried again in every cycle",
        remedy: "answer POST /Users with 201, the header Location and the whole account, with an `id` and all attributes that \
                 were sent; store every attribute that the mapping has, or take it out of the mapping",
        needs: &[Need::Writes],
        turn: Turn::Create,
        run: |probe| Box::pin(create(probe)),
    },
    Check {
        id: "users.create.duplicate",
        category: Category::Mandatory,
        holds: "a second account with the same userName is refused with 409, and isn't made",
        reference: "RFC 7644 section 3.3; Microsoft, SCIM Validator: create a duplicate user",
        effect: "people get two accounts, or the service takes a refusal for a fault of the request instead of looking the \
                 account up again",
        remedy: "let userName be unique, whatever its letter case; answer 409 with \"scimType\": \"uniqueness\" when it is \
                 taken",
        needs: &[Need::User],
        turn: Turn::Together,
        run: |probe| Box::pin(duplicate(probe)),
    },
    Check {
        id: "users.create.case-duplicate",
        category: Category::Recommended,
        holds: "a userName that differs from a known one in its letter case alone is taken too",
        reference: "RFC 7643 section 4.1.1: userName isn't case-exact",
        effect: "somebody whose user principal name changes its letter case may end up with two accounts",
        remedy: "compare user names without regard to letter case",
        needs: &[Need::User],
        turn: Turn::Together,
        run: |probe| Box::pin(case_duplicate(probe)),
    },
    Check {
        id: "users.create.invalid",
        category: Category::Recommended,
        holds: "a user without userName, and a body that isn't JSON, are refused with 400",
        reference: "RFC 7644 sections 3.3 and 3.12",
        effect: "an error of the server (5xx) looks like an outage: the service waits and tries again instead of telling the \
                 admin what is wrong",
        remedy: "check bodies before they are used: 400 with scimType invalidSyntax for broken JSON, invalidValue for a \
                 missing userName",
        needs: &[Need::Writes],
        turn: Turn::Together,
        run: |probe| Box::pin(invalid(probe)),
    },
];

async fn create(probe: &Probe) -> Result<(), Stop> {
    let values = probe.values(USER, &probe.person(), 0);
    let name = probe.name_in(USER, &values);
    let (answer, object) = probe.create(USER, &name, probe.body(USER, &values)).await?;
    if !answer.is_success() {
        return culprits::search(probe, &answer).await;
    }
    if answer.status != 201 {
        let draft =
            probe.finding("created-with-200").observed(format!("POST /Users was answered with {}", answer.status));
        draft
            .expected("201 Created")
            .effect("the service takes it for a success; other clients may not")
            .at(answer.at)
            .warn();
    }
    let created = answer.resource();
    judge_answer(probe, &answer, created.as_ref());
    let Some(object) = object else {
        let draft = probe.finding("no-id").observed("the account was made, but nothing says which id it has");
        return Err(draft.at(answer.at).stop());
    };
    let sent: Vec<_> = values.iter().map(|(index, value)| (*index, ChangeOp::Add, value.clone())).collect();
    match probe.read(&object).await {
        Ok((read, resource)) => {
            probe.compare(USER, &sent, None, &resource, read.at);
            judge_omissions(probe, &values, created.as_ref(), &resource, answer.at);
        }
        Err(Stop::Blocked { .. }) => {
            if let Some(resource) = &created {
                probe.compare(USER, &sent, None, resource, answer.at);
            }
        }
        Err(stop) => return Err(stop),
    }
    Ok(())
}

/// What the answer to a creation has to have.
fn judge_answer(probe: &Probe, answer: &Answer, created: Option<&Resource>) {
    let Some(resource) = created else {
        let draft = probe.finding("created-without-body").observed("the answer doesn't hold the account that was made");
        return draft.expected("the account in the body, with its `id`").at(answer.at).fail();
    };
    match resource.get("id") {
        Some(Value::String(id)) if !id.is_empty() => {}
        Some(Value::Number(id)) => {
            let draft = probe.finding("id-is-a-number").observed(format!("`id` is the number {id}"));
            draft
                .expected("`id` is a text (RFC 7643 section 3.1)")
                .remedy("write the id in quotes")
                .at(answer.at)
                .warn();
        }
        _ => {
            let draft = probe.finding("no-id").observed("the account in the answer has no `id`");
            draft
                .effect("the service can't link the account to the person: it never changes or removes it")
                .at(answer.at)
                .fail();
        }
    }
    let location = answer.header("location");
    let is_absolute = location.is_some_and(|location| location.contains("://"));
    if !is_absolute {
        let observed = match location {
            None => "the answer has no Location header".to_owned(),
            Some(location) => format!("the Location header is `{location}`, which isn't a whole URL"),
        };
        let draft = probe.finding("location").observed(observed).expected("Location: the URL of the new account");
        draft
            .effect("the service can do without it; RFC 7644 asks for it")
            .remedy("add it to every answer to POST")
            .at(answer.at)
            .warn();
    }
    if resource.get("meta").is_none() {
        let draft = probe.finding("no-meta").observed("the account in the answer has no `meta`");
        draft
            .expected("`meta` with resourceType, created, lastModified and location")
            .remedy("add `meta` to every resource")
            .at(answer.at)
            .warn();
    }
}

/// Attributes that are stored but that the answer to the creation leaves out.
fn judge_omissions(probe: &Probe, values: &[(usize, Value)], created: Option<&Resource>, stored: &Resource, at: usize) {
    let Some(created) = created else { return };
    let attributes = &probe.mapping(USER).attributes;
    let is_omitted = |index: usize| {
        let path = &attributes[index].target.path;
        path.get(created).is_none() && path.get(stored).is_some()
    };
    let omitted: Vec<_> = values
        .iter()
        .filter(|(index, _)| is_omitted(*index))
        .map(|(index, _)| format!("`{}`", attributes[*index].target.name))
        .collect();
    if !omitted.is_empty() {
        let draft = probe
            .finding("answer-lacks-attributes")
            .observed(format!("the answer to POST lacks {}, which GET shows", omitted.join(", ")));
        let draft = draft
            .expected("the account as it was stored")
            .effect("the service believes that they have no value, and adds them again");
        draft.remedy("answer POST with the same representation as GET").at(at).warn();
    }
}

async fn duplicate(probe: &Probe) -> Result<(), Stop> {
    let user = probe.user().await?;
    let (answer, second) = probe.create(USER, &user.name, probe.body(USER, &user.values)).await?;
    judge_conflict(probe, &answer, second.as_ref(), &user);
    let found = probe.find(USER, "userName", &user.name).await?;
    let named = found.list().map_or(0, |list| {
        list.resources.iter().filter(|resource| crate::check::probe::is_named(USER, resource, &user.name)).count()
    });
    if answer.status >= 400 && named > 1 {
        let draft = probe
            .finding("duplicate-made")
            .observed(format!("the second account was refused, but {named} accounts have its userName now"));
        draft.at(found.at).fail();
    }
    Ok(())
}

async fn case_duplicate(probe: &Probe) -> Result<(), Stop> {
    let user = probe.user().await?;
    let mut values = probe.values(USER, &probe.person(), 0);
    let upper = user.name.to_uppercase();
    let user_name =
        probe.mapping(USER).attributes.iter().position(|mapping| mapping.target.name.eq_ignore_ascii_case("userName"));
    let Some(at) = user_name.and_then(|index| values.iter().position(|(known, _)| *known == index)) else {
        return Err(Stop::NotApplicable("the mapping has no userName".to_owned()));
    };
    values[at].1 = json!(upper);
    let (answer, second) = probe.create(USER, &upper, probe.body(USER, &values)).await?;
    judge_conflict(probe, &answer, second.as_ref(), &user);
    Ok(())
}

/// Holds an answer to being the refusal of a userName that is taken.
fn judge_conflict(probe: &Probe, answer: &Answer, second: Option<&Object>, first: &Object) {
    if answer.is_success() {
        let what = match second {
            Some(second) if second.id == first.id => {
                "answered with success, and the account that was there is given back"
            }
            _ => "answered with success: there are two accounts now",
        };
        let draft = probe
            .finding("duplicate-accepted")
            .observed(format!("the second POST with a userName that is taken was {what}"));
        return draft.expected("409 with scimType uniqueness").at(answer.at).fail();
    }
    if !probe.expect_status(answer, &[409], "409 with scimType uniqueness") {
        return;
    }
    if answer.scim_type() != Some("uniqueness") {
        let kind = answer.scim_type().map_or_else(|| "no scimType".to_owned(), |kind| format!("the scimType `{kind}`"));
        let draft = probe.finding("conflict-without-uniqueness").observed(format!("the 409 has {kind}"));
        let draft = draft
            .expected("\"scimType\": \"uniqueness\"")
            .effect("the service goes by 409; the log shows less of the reason");
        draft.remedy("add \"scimType\": \"uniqueness\" to the error").at(answer.at).warn();
    }
}

async fn invalid(probe: &Probe) -> Result<(), Stop> {
    let person = probe.person();
    let marker = person.unique();
    let body = json!({ "schemas": [urn::USER], "displayName": marker, "externalId": marker, "active": true });
    let (answer, _) = probe.create(USER, &marker, body).await?;
    judge_refusal(probe, &answer, "a user without userName");
    let broken = RawRequest {
        method: Method::Post,
        path: USER.endpoint().to_owned(),
        body: Some(br#"{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "#.to_vec()),
        content_type: "application/scim+json; charset=utf-8",
        credentials: crate::client::RawCredentials::Own,
    };
    let answer = probe.send(broken).await?;
    judge_refusal(probe, &answer, "a body that isn't JSON");
    Ok(())
}

fn judge_refusal(probe: &Probe, answer: &Answer, what: &str) {
    if answer.status == 400 {
        let is_error = answer.object().is_some_and(|members| get(members, "detail").is_some());
        if is_error && answer.scim_type().is_none() {
            probe.note(format!("the refusal of {what} has no scimType, which would tell clients more"));
        }
        return;
    }
    let cause =
        if answer.is_success() { "invalid-accepted".to_owned() } else { format!("invalid-is-{}", answer.status) };
    let draft = probe.finding(cause).observed(format!("{what} was answered with {}", answer.told()));
    draft.expected("400, and nothing is made").at(answer.at).fail();
}

//! `users.manager`: a user's manager, a reference to another account.

use serde_json::{Value, json};

use crate::check::definition::{Category, Check, Need, Turn};
use crate::check::family::change::{SUCCESS, expect_others_unchanged};
use crate::check::probe::{Answer, Object, Probe, Stop};
use crate::schema::{ObjectKind, TargetAttribute};
use crate::scim::{AttributePath, AttributeType, ChangeOp, Dialect, Mutability, get, urn};

const USER: ObjectKind = ObjectKind::User;

pub(super) const CHECKS: &[Check] = &[Check {
    id: "users.manager",
    category: Category::Capability,
    holds: "PATCH sets a manager by the plain id of an account, changes it and clears it with an empty text; GET shows each step, \
            and nothing else changes",
    reference: "RFC 7643 section 4.3; Microsoft, gallery validation: User_Update_Manager, SCIM_Update_Manager",
    effect: "managers don't arrive: whoever has one fails in every cycle, or the log says success and the account has none",
    remedy: "take the manager's id as a plain text in PATCH, as well as an object with `value`, and an empty text as no manager; \
             answer GET with \"manager\": {\"value\": \"…\"}",
    needs: &[Need::User, Need::Manager],
    turn: Turn::Together,
    run: |probe| Box::pin(manager_in_dialect(probe, probe.dialect())),
}];

/// Sets, changes and clears a manager in a dialect, as the service does.
pub(in crate::check) async fn manager_in_dialect(probe: &Probe, dialect: Dialect) -> Result<(), Stop> {
    let attribute = attribute(probe);
    let (user, first, second) = (probe.user().await?, probe.user().await?, probe.user().await?);
    let (_, before) = probe.read(&user).await?;
    let name = attribute.name.as_str();
    for (op, manager, body) in [
        (ChangeOp::Add, first.id.as_str(), dialect.set_reference(name, ChangeOp::Add, &first.id)),
        (ChangeOp::Replace, &second.id, dialect.set_reference(name, ChangeOp::Replace, &second.id)),
        (ChangeOp::Replace, "", dialect.clear_reference(name)),
    ] {
        let answer = probe.patch(&user, body.clone()).await?;
        if !answer.is_success() {
            return Err(refused(probe, &user, &answer, manager, body).await?);
        }
        let (read, after) = probe.read(&user).await?;
        let is_cleared = manager.is_empty() && !is_set(attribute.path.get(&after));
        if !is_cleared {
            probe.compare_attribute(&attribute, op, &Value::from(manager), &after, read.at);
        }
        expect_others_unchanged(probe, &user, &[&attribute], &before, &after, read.at);
        if !probe.is_clean() {
            return Ok(());
        }
    }
    Ok(())
}

/// The mapped manager, else that of the enterprise user.
fn attribute(probe: &Probe) -> TargetAttribute {
    let users = probe.mapping(USER);
    if let Some(index) = users.reference {
        return users.attributes[index].target.clone();
    }
    TargetAttribute {
        name: format!("{}:manager", urn::ENTERPRISE_USER),
        path: AttributePath {
            urn: Some(urn::ENTERPRISE_USER.to_owned()),
            attribute: "manager".to_owned(),
            filter: None,
            sub_attribute: None,
        },
        kind: AttributeType::Reference,
        multivalued: false,
        case_exact: true,
        required: false,
        mutability: Mutability::ReadWrite,
    }
}

/// What was refused. Whether it is the plain id is found out by writing it as an object.
async fn refused(probe: &Probe, user: &Object, answer: &Answer, manager: &str, mut body: Value) -> Result<Stop, Stop> {
    let told = answer.told();
    if manager.is_empty() {
        let draft = probe.refused(answer, SUCCESS).about(["manager"]);
        return Ok(draft
            .observed(format!("clearing the manager by an empty text was answered with {told}"))
            .effect("whoever has no manager any more keeps the old one, and fails in every cycle")
            .remedy("take an empty text as the value of the manager for no manager")
            .stop());
    }
    body["Operations"][0]["value"] = json!({ "value": manager });
    let takes_object = match probe.quietly(probe.patch(user, body)).await {
        Ok(again) => again.is_success(),
        Err(Stop::Failed) => false,
        Err(stop) => return Err(stop),
    };
    let draft = probe.refused(answer, SUCCESS).about(["manager"]);
    if takes_object {
        let observed = format!(
            "a manager given by the plain id was answered with {told}; as an object with `value` it is accepted"
        );
        let draft = draft.observed(observed);
        return Ok(draft
            .remedy("take the manager's id as a plain text in PATCH too: the service never writes an object")
            .stop());
    }
    Ok(draft.observed(format!("a PATCH of the manager, given by the plain id, was answered with {told}")).stop())
}

/// Whether a manager is there. Endpoints show none in several ways: not at all, as null, empty, or as an object without
/// values.
fn is_set(manager: Option<&Value>) -> bool {
    match manager {
        None | Some(Value::Null) => false,
        Some(Value::String(id)) => !id.is_empty(),
        Some(Value::Array(entries)) => entries.iter().any(|entry| is_set(Some(entry))),
        Some(Value::Object(members)) => ["value", "$ref"].iter().any(|part| is_set(get(members, part))),
        Some(Value::Bool(_) | Value::Number(_)) => true,
    }
}

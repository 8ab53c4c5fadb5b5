//! `users.enterprise` and `users.extension`: attributes of schema extensions.

use serde_json::Value;

use crate::check::definition::{Category, Check, Need, Turn};
use crate::check::family::change::{Edit, SUCCESS, body, expect_others_unchanged, held, read_back};
use crate::check::features::is_core;
use crate::check::probe::{Object, Probe, Stop};
use crate::check::snapshot::{attribute, text};
use crate::plan::verify::Sent;
use crate::schema::{AttributeMapping, AttributeSource, FlowType, ObjectKind, TargetAttribute};
use crate::scim::{AttributePath, AttributeType, ChangeOp, Mutability, creation, urn};

const USER: ObjectKind = ObjectKind::User;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "users.enterprise",
        category: Category::Capability,
        holds: "attributes of the enterprise user, such as the department, are stored when an account is made and changed by PATCH \
                under their full path",
        reference: "RFC 7643 section 4.3; RFC 7644 section 3.10; Microsoft, Develop a SCIM endpoint: the enterprise user",
        effect: "departments, employee numbers and the like don't arrive: the log says success or the person fails, and the same is \
                 sent again in every initial cycle",
        remedy: "keep what stands under \"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User\", and read a path such as \
                 urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department as the attribute after the last colon",
        needs: &[Need::User, Need::Enterprise],
        turn: Turn::Together,
        run: |probe| Box::pin(enterprise(probe)),
    },
    Check {
        id: "users.extension",
        category: Category::Capability,
        holds: "mapped attributes of custom extensions are stored when an account is made and changed by PATCH under their full path",
        reference: "RFC 7643 section 3.3; RFC 7644 section 3.10; Microsoft, Customize attribute mappings: custom extensions",
        effect: "the application's own attributes don't arrive: the log says success or the person fails",
        remedy: "keep what stands under the extension's URN, also where `schemas` of the request doesn't name it, and read a path \
                 such as urn:…:User:attribute as the attribute after the last colon",
        needs: &[Need::User, Need::Extension],
        turn: Turn::Together,
        run: |probe| Box::pin(extension(probe)),
    },
];

/// Attributes of the enterprise user that hold a text.
const ENTERPRISE: [&str; 5] = ["employeeNumber", "costCenter", "organization", "division", "department"];

async fn enterprise(probe: &Probe) -> Result<(), Stop> {
    let is_enterprise = |urn: &str| urn.eq_ignore_ascii_case(urn::ENTERPRISE_USER);
    let mapped = mapped(probe, is_enterprise);
    if mapped.is_empty() { described(probe).await } else { round_trip(probe, &mapped).await }
}

async fn extension(probe: &Probe) -> Result<(), Stop> {
    let mapped = mapped(probe, |urn| !is_core(urn) && !urn.eq_ignore_ascii_case(urn::ENTERPRISE_USER));
    if mapped.is_empty() {
        return Err(Stop::NotApplicable(
            "the mapped attributes of extensions are all written by the target alone".to_owned(),
        ));
    }
    round_trip(probe, &mapped).await
}

/// Indices of the mapped attributes of some extensions that a client sets.
fn mapped(probe: &Probe, is_meant: impl Fn(&str) -> bool) -> Vec<usize> {
    let attributes = &probe.mapping(USER).attributes;
    let values = probe.values(USER, &probe.person(), 0).into_iter().map(|(index, _)| index);
    values.filter(|index| attributes[*index].target.path.urn.as_deref().is_some_and(&is_meant)).collect()
}

/// Mapped attributes: made with the account, then changed together.
async fn round_trip(probe: &Probe, indices: &[usize]) -> Result<(), Stop> {
    let person = probe.person();
    let user = probe.object_of(USER, &person, probe.values(USER, &person, 0)).await?;
    let attributes = &probe.mapping(USER).attributes;
    let of_round = |round: u32| -> Vec<(&TargetAttribute, Value)> {
        let values = probe.values(USER, &person, round).into_iter();
        values
            .filter(|(index, _)| indices.contains(index))
            .map(|(index, value)| (&attributes[index].target, value))
            .collect()
    };
    judge(probe, &user, &of_round(0), &of_round(1)).await
}

/// Attributes that only the endpoint's schemas have.
async fn described(probe: &Probe) -> Result<(), Stop> {
    let schema = probe.bench.snapshot.get().and_then(|snapshot| snapshot.schema(urn::ENTERPRISE_USER));
    let is_writable = |name: &&&str| {
        let found = schema.and_then(|schema| attribute(schema, name));
        found.is_some_and(|found| {
            text(found, "mutability").is_none_or(|mutability| mutability.eq_ignore_ascii_case("readWrite"))
        })
    };
    let mappings: Vec<_> = ENTERPRISE.iter().filter(is_writable).map(|name| text_mapping(name)).collect();
    if mappings.is_empty() {
        return Err(Stop::NotApplicable("the endpoint's enterprise user has none of the usual attributes".to_owned()));
    }
    let person = probe.person();
    let of_round = |round: u32| -> Vec<(&TargetAttribute, Value)> {
        let value = |mapping| probe.bench.options.values.one(USER, mapping, &person, round);
        mappings.iter().map(|mapping| (&mapping.target, value(mapping))).collect()
    };
    let first = of_round(0);
    let values = probe.values(USER, &person, 0);
    let attributes = &probe.mapping(USER).attributes;
    let plain = values.iter().map(|(index, value)| (&attributes[*index].target.path, value.clone()));
    let all = plain.chain(first.iter().map(|(target, value)| (&target.path, value.clone())));
    let name = probe.name_in(USER, &values);
    // Whether users can be made at all is another check's question.
    probe.user().await?;
    let (answer, user) = probe.create(USER, &name, creation(urn::ENTERPRISE_USER, all)).await?;
    if !answer.is_success() {
        let draft = probe.refused(&answer, "201 with the account");
        let observed = format!("an account with attributes of the enterprise user was answered with {}", answer.told());
        return Err(draft.observed(observed).stop());
    }
    let Some(user) = user else {
        return Err(Stop::Blocked {
            by: "users.create",
            why: "the answer doesn't say which id the account has".to_owned(),
        });
    };
    judge(probe, &Object { values, ..user }, &first, &of_round(1)).await
}

fn text_mapping(name: &str) -> AttributeMapping {
    let path = AttributePath {
        urn: Some(urn::ENTERPRISE_USER.to_owned()),
        attribute: name.to_owned(),
        filter: None,
        sub_attribute: None,
    };
    AttributeMapping {
        target: TargetAttribute {
            name: path.to_string(),
            path,
            kind: AttributeType::String,
            multivalued: false,
            case_exact: false,
            required: false,
            mutability: Mutability::ReadWrite,
        },
        source: AttributeSource::None,
        default: None,
        flow: FlowType::Always,
        flow_always: false,
        redacted: false,
        slots: Vec::new(),
        text: String::new(),
    }
}

/// What the account was made with is there; other values are, once they were written; nothing else changes.
async fn judge(
    probe: &Probe,
    user: &Object,
    made: &[(&TargetAttribute, Value)],
    changed: &[(&TargetAttribute, Value)],
) -> Result<(), Stop> {
    let (read, before) = probe.read(user).await?;
    let sent: Vec<_> =
        made.iter().map(|(target, value)| Sent { attribute: target, op: ChangeOp::Add, value }).collect();
    probe.compare_sent(&sent, None, &before, read.at);
    let is_lost = |target: &TargetAttribute| {
        held(target, &before).is_none() && made.iter().any(|(made, _)| made.name == target.name)
    };
    let edits: Vec<_> = changed
        .iter()
        // What wasn't kept once was said already.
        .filter(|(target, value)| held(target, &before) != Some(value) && !is_lost(target))
        .map(|(target, value)| Edit::new(target, value, &before))
        .collect();
    if edits.is_empty() {
        return Ok(());
    }
    let answer = probe.patch(user, body(probe, &edits)).await?;
    if !answer.is_success() {
        let short = |target: &TargetAttribute| AttributePath { urn: None, ..target.path.clone() };
        let names: Vec<_> = edits.iter().map(|edit| format!("`{}`", short(edit.target))).collect();
        let observed =
            format!("a PATCH of {} under their full path was answered with {}", names.join(", "), answer.told());
        return Err(probe.refused(&answer, SUCCESS).observed(observed).stop());
    }
    let (read, after) = read_back(probe, user, &edits, Some(&before)).await?;
    let named: Vec<_> = edits.iter().map(|edit| edit.target).collect();
    expect_others_unchanged(probe, user, &named, &before, &after, read.at);
    Ok(())
}

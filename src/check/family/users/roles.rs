//! `users.roles`: app roles, in the shapes in which the service writes them.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::check::definition::{Category, Check, Need, Turn};
use crate::check::family::change::{Edit, SUCCESS};
use crate::check::features::is_roles;
use crate::check::finding::{Draft, shortened};
use crate::check::probe::{Answer, Object, Probe, Stop};
use crate::check::snapshot::attribute;
use crate::directory::{AppRole, AttributeValue};
use crate::expression::Environment;
use crate::mapping::{Desired, Flow, Roles, evaluate_each};
use crate::plan::verify::Sent;
use crate::schema::ObjectKind;
use crate::scim::{AttributePath, Change, ChangeOp, Literal, Resource, creation, get, urn};

const USER: ObjectKind = ObjectKind::User;
/// The source attribute of app roles.
const SOURCE: &str = "appRoleAssignments";
/// Roles that nobody minds, where the endpoint doesn't say which it has.
const MADE_UP: [&str; 2] = ["User", "Reader"];

pub(super) const CHECKS: &[Check] = &[Check {
    id: "users.roles",
    category: Category::Capability,
    holds: "app roles are stored when an account is made, and another one is written by PATCH, in the shape that the mapping gives them",
    reference: "Microsoft, Customize attribute mappings: SingleAppRoleAssignment, AppRoleAssignmentsComplex, \
                AssertiveAppRoleAssignmentsComplex",
    effect: "people don't get the role that they are assigned, or keep the one that they had: the log says success, or they fail in \
             every cycle",
    remedy: "accept `roles` as the mapping's function writes it: a list of objects with value, type, display or displayName and primary; \
             in PATCH without ?aadOptscim062020 also a value that is such an object as text",
    needs: &[Need::User, Need::Roles],
    turn: Turn::Together,
    run: |probe| Box::pin(roles(probe)),
}];

/// The names of two roles.
struct Names {
    names: [String; 2],
    /// Whether the endpoint must know them.
    are_known: bool,
}

async fn roles(probe: &Probe) -> Result<(), Stop> {
    let names = names(probe);
    let [first, second] = names.names.each_ref().map(|name| desired(probe, name));
    if !flows(probe, &first).any(|(_, flow)| is_of_roles(flow)) {
        return Err(Stop::NotApplicable("the mapping of `roles` doesn't come from app roles".to_owned()));
    }
    // Whether users can be made at all is another check's question.
    probe.user().await?;
    let (answer, user) = create(probe, &first).await?;
    if !answer.is_success() {
        return Err(refused(probe, &answer, &names).await?);
    }
    let Some(user) = user else {
        return Err(Stop::Blocked {
            by: "users.create",
            why: "the answer doesn't say which id the account has".to_owned(),
        });
    };
    let (read, before) = probe.read(&user).await?;
    expect_roles(probe, &first, &before, ChangeOp::Add, read.at);
    let body = patch(probe, &second, &before);
    if let Some(body) = body.filter(|_| probe.is_clean()) {
        let answer = probe.patch(&user, body).await?;
        if !answer.is_success() {
            let observed = format!("a PATCH of `roles` with another role was answered with {}", answer.told());
            let draft = probe.refused(&answer, SUCCESS).observed(observed);
            if names.are_known || answer.status >= 500 || takes(probe, &names.names[1]).await? {
                return Err(draft.effect("people keep the role that they had when they were provisioned").stop());
            }
            warn_of_name(draft);
            return Ok(());
        }
        let (read, after) = probe.read(&user).await?;
        expect_roles(probe, &second, &after, ChangeOp::Replace, read.at);
    }
    primary_as_text(probe, &names.names[0]).await
}

/// Two roles: given by the user, known to the endpoint's schemas, or made up.
fn names(probe: &Probe) -> Names {
    let attributes = &probe.mapping(USER).attributes;
    let values = &probe.bench.options.values;
    let given = attributes.iter().find(|mapping| is_roles(mapping) && values.gives(USER, &mapping.target.name));
    if let Some(mapping) = given {
        let person = probe.person();
        let name = |round: u32| match values.one(USER, mapping, &person, round) {
            Value::String(text) => text,
            other => other.to_string(),
        };
        return Names { names: [name(0), name(1)], are_known: true };
    }
    let described = probe.bench.snapshot.get().and_then(|snapshot| {
        let parts = get(attribute(snapshot.schema(urn::USER)?, "roles")?, "subAttributes")?.as_array()?;
        let is_value = |part: &&Value| {
            part.get("name").and_then(Value::as_str).is_some_and(|name| name.eq_ignore_ascii_case("value"))
        };
        let canonical = parts.iter().find(is_value)?.get("canonicalValues")?.as_array()?;
        let mut canonical = canonical.iter().filter_map(Value::as_str).map(str::to_owned);
        let first = canonical.next()?;
        Some([first.clone(), canonical.next().unwrap_or(first)])
    });
    let are_known = described.is_some();
    Names { names: described.unwrap_or_else(|| MADE_UP.map(str::to_owned)), are_known }
}

/// What the mapping gives for somebody who is assigned to the application with this role.
fn desired(probe: &Probe, name: &str) -> Desired {
    let rules = probe.rules();
    let mut values = vec![AttributeValue::Null; rules.attributes.len()];
    if let Some(slot) = rules.attributes.get(SOURCE) {
        let role = AppRole {
            id: probe.bench.guid(),
            value: Some(name.to_owned()),
            display_name: name.to_owned(),
            enabled: true,
            allowed_member_types: vec!["User".to_owned()],
        };
        values[usize::from(slot.0)] = AttributeValue::Roles(vec![Cow::Owned(role)]);
    }
    evaluate_each(&rules.users, &Environment::new(&values)).0
}

/// What goes to `roles`, by the index of the mapping.
fn flows<'d>(probe: &Probe, desired: &'d Desired) -> impl Iterator<Item = (usize, &'d Flow)> {
    let attributes = &probe.mapping(USER).attributes;
    desired.iter().enumerate().filter(|(index, _)| is_roles(&attributes[*index]))
}

const fn is_of_roles(flow: &Flow) -> bool {
    matches!(flow, Flow::Roles(_) | Flow::Value(_) | Flow::OnCreate(_))
}

/// Makes a user with these roles.
async fn create(probe: &Probe, desired: &Desired) -> Result<(Answer, Option<Object>), Stop> {
    let mapping = probe.mapping(USER);
    let values = probe.values(USER, &probe.person(), 0);
    let plain = values.iter().map(|(index, value)| (*index, value.clone()));
    let roles = flows(probe, desired).filter_map(|(index, flow)| match flow {
        Flow::Roles(roles) => Some((index, roles.created())),
        Flow::Value(value) | Flow::OnCreate(value) => Some((index, value.clone())),
        Flow::Unknown | Flow::Nothing => None,
    });
    let all = plain.chain(roles).map(|(index, value)| (&mapping.attributes[index].target.path, value));
    let body = creation(&mapping.target_object, all);
    let name = probe.name_in(USER, &values);
    let (answer, user) = probe.create(USER, &name, body).await?;
    Ok((answer, user.map(|user| Object { values, ..user })))
}

/// What was refused.
async fn refused(probe: &Probe, answer: &Answer, names: &Names) -> Result<Stop, Stop> {
    let name = &names.names[0];
    let is_taken = takes(probe, name).await?;
    let draft = probe.refused(answer, "201 with the account");
    let observed = format!("an account with the role \"{name}\" was answered with {}", answer.told());
    if is_taken {
        let observed = format!("{observed}; as a plain entry with `value` alone the role is accepted");
        return Ok(draft.observed(observed).stop());
    }
    let draft = draft.observed(observed);
    if names.are_known || answer.status >= 500 {
        return Ok(draft.stop());
    }
    warn_of_name(draft);
    Ok(Stop::Failed)
}

/// Whether the endpoint takes a role of this name as a plain entry: it may know which roles it has, and then it isn't the
/// shape that it refuses.
async fn takes(probe: &Probe, name: &str) -> Result<bool, Stop> {
    let values = probe.values(USER, &probe.person(), 0);
    let mut body = probe.body(USER, &values);
    body["roles"] = json!([{ "value": name }]);
    match probe.quietly(probe.create(USER, &probe.name_in(USER, &values), body)).await {
        Ok((answer, _)) => Ok(answer.is_success()),
        Err(Stop::Failed) => Ok(false),
        Err(stop) => Err(stop),
    }
}

fn warn_of_name(draft: Draft<'_>) {
    draft
        .effect("if it is the made-up name that the endpoint refuses, nothing; otherwise people don't get their roles")
        .remedy("name roles that the endpoint has, in a file for --values or as canonicalValues in its schemas, and try again")
        .warn();
}

/// The PATCH that gives somebody these roles; `None` where nothing differs.
fn patch(probe: &Probe, desired: &Desired, before: &Resource) -> Option<Value> {
    let attributes = &probe.mapping(USER).attributes;
    let whole = AttributePath { urn: None, attribute: "roles".to_owned(), filter: None, sub_attribute: None };
    let changes: Vec<_> = flows(probe, desired)
        .filter_map(|(index, flow)| match flow {
            Flow::Roles(roles) if roles.differ(before) => {
                let (op, value) = roles.patched(probe.dialect());
                Some(Change { name: "roles", path: &whole, op, value: Cow::Owned(value) })
            }
            Flow::Value(value) => {
                let Edit { target, op, value } = Edit::new(&attributes[index].target, value, before);
                Some(Change { name: &target.name, path: &target.path, op, value: Cow::Borrowed(value) })
            }
            Flow::Roles(_) | Flow::OnCreate(_) | Flow::Unknown | Flow::Nothing => None,
        })
        .collect();
    (!changes.is_empty()).then(|| probe.dialect().patch(&changes))
}

/// Holds an account to having these roles.
fn expect_roles(probe: &Probe, desired: &Desired, account: &Resource, op: ChangeOp, at: usize) {
    let attributes = &probe.mapping(USER).attributes;
    for (index, flow) in flows(probe, desired) {
        let target = &attributes[index].target;
        match flow {
            Flow::Roles(roles) if roles.differ(account) => {
                let found =
                    Roles::held(account).map_or_else(|| "nothing".to_owned(), |held| shortened(&held.to_string()));
                let sent = shortened(&roles.created().to_string());
                let observed = format!("`{}` was written as {sent}, but `roles` is {found} afterwards", target.name);
                let draft = probe.finding("roles-not-stored").observed(observed);
                draft.expected("the role that was written, and with an asserting function no other").at(at).fail();
            }
            Flow::Value(value) => probe.compare_sent(&[Sent { attribute: target, op, value }], None, account, at),
            Flow::OnCreate(value) if op == ChangeOp::Add => {
                probe.compare_sent(&[Sent { attribute: target, op, value }], None, account, at);
            }
            Flow::Roles(_) | Flow::OnCreate(_) | Flow::Unknown | Flow::Nothing => {}
        }
    }
}

/// The text "True" as `primary`, which the service has been seen to write.
async fn primary_as_text(probe: &Probe, name: &str) -> Result<(), Stop> {
    let is_primary = |path: &AttributePath| {
        let equalities = path.filter.as_ref().map(|filter| filter.equalities()).unwrap_or_default();
        equalities
            .iter()
            .any(|(part, literal)| part.eq_ignore_ascii_case("primary") && matches!(literal, Literal::String(_)))
    };
    let attributes = &probe.mapping(USER).attributes;
    if !probe.is_clean() || !attributes.iter().any(|mapping| is_roles(mapping) && is_primary(&mapping.target.path)) {
        return Ok(());
    }
    let values = probe.values(USER, &probe.person(), 0);
    let mut body = probe.body(USER, &values);
    body["roles"] = json!([{ "primary": "True", "value": name }]);
    let (answer, user) = probe.create(USER, &probe.name_in(USER, &values), body).await?;
    if answer.status >= 500 {
        let observed =
            format!("an account with a role whose `primary` is the text \"True\" was answered with {}", answer.told());
        let draft = probe.finding("primary-as-text-is-5xx").observed(observed);
        draft
            .expected("201, or 400 invalidValue")
            .effect("the service writes true as a boolean today; older versions wrote a text")
            .remedy("take \"True\" for true, or refuse it with 400")
            .at(answer.at)
            .warn();
        return Ok(());
    }
    let Some(user) = user else {
        probe.note(format!("a role whose `primary` is the text \"True\" is refused with {}", answer.status));
        return Ok(());
    };
    let (read, account) = probe.read(&user).await?;
    let is_text =
        |entry: &Value| entry.as_object().and_then(|members| get(members, "primary")).is_some_and(Value::is_string);
    if account.get("roles").and_then(Value::as_array).is_some_and(|roles| roles.iter().any(is_text)) {
        let draft =
            probe.finding("primary-is-text").observed("`primary` of a role is kept and shown as the text \"True\"");
        draft
            .expected("true as a JSON boolean, whatever was sent")
            .effect("the service has been seen to fail when it reads such an account")
            .remedy("store booleans as booleans, also when they come as text")
            .at(read.at)
            .warn();
    }
    Ok(())
}

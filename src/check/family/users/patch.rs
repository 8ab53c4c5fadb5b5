//! `users.patch.*`: changes as the service makes them.

use serde_json::{Value, json};

use super::filter::expect_look_ups;
use super::shape::{self, changes};
use crate::check::definition::{Category, Check, Need, Turn};
use crate::check::family::found::expect_found;
use crate::check::probe::{Object, Probe, Stop};
use crate::check::values::is_settable;
use crate::schema::ObjectKind;
use crate::scim::{ChangeOp, Dialect};

const USER: ObjectKind = ObjectKind::User;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "users.patch.replace",
        category: Category::Mandatory,
        holds: "one PATCH gives every mapped attribute another value, and changes nothing else",
        reference: "RFC 7644 section 3.5.2.3; Microsoft, gallery validation: SCIM_User_Update",
        effect: "changes in the directory don't arrive: the person fails in every cycle, or the log says success and the \
                 account stays as it was",
        remedy: "support `replace` with every path that the mapping has, sub-attributes and value filters in brackets among \
                 them; answer with 200 and the account, or with 204",
        needs: &[Need::User],
        turn: Turn::Together,
        run: |probe| Box::pin(replace(probe)),
    },
    Check {
        id: "users.patch.add",
        category: Category::Mandatory,
        holds: "attributes that an account was made without are added by PATCH, a work e-mail address among them",
        reference: "RFC 7644 section 3.5.2.1; Microsoft, SCIM Validator: add attributes; catalogued as noTarget with many \
                    endpoints",
        effect: "people fail who get their first phone number, address or e-mail after they were provisioned, and with them all \
                 other changes of the same request",
        remedy: "let `add` and `replace` on a path such as emails[type eq \"work\"].value make the entry when there is none",
        needs: &[Need::User],
        turn: Turn::Together,
        run: |probe| Box::pin(add(probe)),
    },
    Check {
        id: "users.patch.userName",
        category: Category::Mandatory,
        holds: "the matching attribute can be changed, and the account is found under its new value",
        reference: "Microsoft, SCIM Validator: update the userName",
        effect: "somebody who marries or moves to another domain loses the account: it isn't found any more, and a second one is \
                 made",
        remedy: "allow userName to be replaced, and look accounts up by its present value",
        needs: &[Need::User],
        turn: Turn::Together,
        run: |probe| Box::pin(user_name(probe)),
    },
];

async fn replace(probe: &Probe) -> Result<(), Stop> {
    replace_in(probe, probe.dialect()).await
}

/// Replaces everything that can be in a dialect.
pub(super) async fn replace_in(probe: &Probe, dialect: Dialect) -> Result<(), Stop> {
    let user = probe.user().await?;
    let (_, before) = probe.read(&user).await?;
    let sent = changes(probe, &user, 1, ChangeOp::Replace);
    if sent.is_empty() {
        return Err(Stop::NotApplicable("the mapping has no attribute whose value can change".to_owned()));
    }
    let Some(_) = shape::write(probe, &user, dialect, &sent).await? else { return Ok(()) };
    let (read, after) = probe.read(&user).await?;
    probe.compare(USER, &sent, Some(&before), &after, read.at);
    let attributes = &probe.mapping(USER).attributes;
    let paths = sent.iter().map(|(index, ..)| &attributes[*index].target.path);
    let named: Vec<_> = paths.map(|path| path.urn.as_deref().unwrap_or(&path.attribute)).collect();
    if probe.is_clean() {
        probe.expect_rest_unchanged(&before, &after, &named, read.at);
    }
    Ok(())
}

async fn add(probe: &Probe) -> Result<(), Stop> {
    add_in(probe, probe.dialect()).await
}

/// Adds everything that a bare account lacks, in a dialect.
pub(super) async fn add_in(probe: &Probe, dialect: Dialect) -> Result<(), Stop> {
    let user = bare(probe).await?;
    let has = |index: usize| user.values.iter().any(|(known, _)| *known == index);
    let mut sent = changes(probe, &user, 0, ChangeOp::Add);
    sent.retain(|(index, ..)| !has(*index));
    if sent.is_empty() {
        return Err(Stop::NotApplicable("the mapping has no optional attribute".to_owned()));
    }
    let Some(_) = shape::write(probe, &user, dialect, &sent).await? else { return Ok(()) };
    let (read, after) = probe.read(&user).await?;
    probe.compare(USER, &sent, None, &after, read.at);
    Ok(())
}

/// A user with as little as the endpoint takes: what is required and what it is matched by, else everything but entries of
/// lists such as e-mail addresses.
async fn bare(probe: &Probe) -> Result<Object, Stop> {
    let mapping = probe.mapping(USER);
    let person = probe.person();
    let values = probe.values(USER, &person, 0);
    let needed: Vec<_> = values.iter().filter(|(index, _)| shape::is_needed(probe, *index)).cloned().collect();
    let plain = |index: usize| mapping.attributes[index].target.path.filter.is_none();
    let plainer: Vec<_> =
        values.iter().filter(|(index, _)| plain(*index) || shape::is_needed(probe, *index)).cloned().collect();
    match probe.object_of(USER, &person, needed).await {
        Err(Stop::Blocked { .. }) if plainer.len() < values.len() => {
            probe.note("users without optional attributes are refused; one without entries of lists was made instead");
            match probe.object_of(USER, &person, plainer).await {
                // Whether users can be made at all is for another check to say.
                Err(Stop::Blocked { .. }) => {
                    probe.user().await?;
                    let why = "the endpoint takes no user without e-mail address, phone numbers and the like, so none can be added";
                    Err(Stop::NotApplicable(why.to_owned()))
                }
                made => made,
            }
        }
        made => made,
    }
}

async fn user_name(probe: &Probe) -> Result<(), Stop> {
    let user = probe.user().await?;
    expect_look_ups(probe, &user).await?;
    let mapping = probe.mapping(USER);
    let renamed = probe.values(USER, &probe.person_of(&user), 1);
    let is_matched = |index: usize| mapping.matching.contains(&index) && is_settable(&mapping.attributes[index]);
    let sent: Vec<_> = renamed
        .into_iter()
        .filter(|(index, _)| is_matched(*index))
        .map(|(index, value)| (index, ChangeOp::Replace, value))
        .collect();
    let Some(_) = shape::write(probe, &user, probe.dialect(), &sent).await? else { return Ok(()) };
    for (index, _, value) in &sent {
        let (name, Value::String(text)) = (&mapping.attributes[*index].target.name, value) else { continue };
        let answer = probe.find(USER, name, text).await?;
        let renamed = Object { name: text.clone(), ..user.clone() };
        expect_found(probe, &answer, &renamed, name);
        let old = user.values.iter().find(|(known, _)| known == index).and_then(|(_, value)| value.as_str());
        let old = probe.find(USER, name, old.unwrap_or_default()).await?;
        let is_there = |list: crate::scim::ListResponse| {
            list.resources.iter().any(|found| found.id().as_deref() == Some(&user.id))
        };
        if old.list().is_some_and(is_there) {
            let draft = probe
                .finding("found-under-old-name")
                .observed(format!("the account is still found under its old {name}"));
            draft.expected("only the present value counts").at(old.at).fail();
        }
    }
    let (read, after) = probe.read(&user).await?;
    probe.compare(USER, &sent, None, &after, read.at);
    Ok(())
}

/// The value of an attribute that a check changes again and again.
pub(super) fn numbered(text: &str, number: u32) -> Value {
    json!(format!("{text} {number}"))
}

//! Which mapped attributes a PATCH is tried on.

use std::borrow::Cow;

use serde_json::Value;

use crate::check::family::change::SUCCESS;
use crate::check::features::is_roles;
use crate::check::probe::{Answer, Object, Probe, Stop};
use crate::check::snapshot::Snapshot;
use crate::schema::{AttributeMapping, ObjectKind};
use crate::scim::{AttributeType, Change, ChangeOp, Dialect, Mutability, urn};

const USER: ObjectKind = ObjectKind::User;

/// One attribute of a PATCH: the index of its mapping, how, and the value.
pub(super) type Sent = (usize, ChangeOp, Value);

/// Whether an attribute can be given another value without the account becoming another one: neither what it is matched
/// by, nor its name, nor `active`, nor what is written once or only by the target.
pub(super) fn is_eligible(probe: &Probe, index: usize) -> bool {
    let mapping = probe.mapping(USER);
    let attribute = &mapping.attributes[index];
    let target = &attribute.target;
    !mapping.matching.contains(&index)
        && mapping.active != Some(index)
        && !target.name.eq_ignore_ascii_case("userName")
        && matches!(target.mutability, Mutability::ReadWrite | Mutability::WriteOnly)
        && target.kind != AttributeType::Reference
        && !is_roles(attribute)
}

/// Whether a user is hardly ever made without the attribute: it is required, or what people are known by.
pub(super) fn is_needed(probe: &Probe, index: usize) -> bool {
    let mapping = probe.mapping(USER);
    let target = &mapping.attributes[index].target;
    target.required
        || mapping.matching.contains(&index)
        || mapping.active == Some(index)
        || ["userName", "displayName", "externalId"].iter().any(|name| target.name.eq_ignore_ascii_case(name))
}

/// Eligible attributes among the values of an account in a round.
pub(super) fn changes(probe: &Probe, user: &Object, round: u32, op: ChangeOp) -> Vec<Sent> {
    let person = probe.person_of(user);
    let values = probe.values(USER, &person, round);
    values
        .into_iter()
        .filter(|(index, _)| is_eligible(probe, *index))
        .map(|(index, value)| (index, op, value))
        .collect()
}

/// A plain text attribute that can do without a value: the first of the mapping, `title` if there is one.
pub(super) fn optional_text(probe: &Probe) -> Option<usize> {
    let all = optional_texts(probe);
    let attributes = &probe.mapping(USER).attributes;
    let is_title = |index: &&usize| attributes[**index].target.name.eq_ignore_ascii_case("title");
    all.iter().find(is_title).or_else(|| all.first()).copied()
}

/// Plain text attributes that can do without a value by the mapping and by the endpoint's schemas. Names and
/// `externalId` are left alone: many endpoints need them.
pub(super) fn optional_texts(probe: &Probe) -> Vec<usize> {
    let attributes = &probe.mapping(USER).attributes;
    let snapshot = probe.bench.snapshot.get();
    let is_optional = |index: &usize| {
        let AttributeMapping { target, .. } = &attributes[*index];
        let path = &target.path;
        let kept = ["name", "displayName", "emails", "password", "externalId"];
        let is_name = kept.iter().any(|name| path.attribute.eq_ignore_ascii_case(name));
        target.kind == AttributeType::String
            && path.filter.is_none()
            && !target.multivalued
            && !target.required
            && !is_name
            && is_eligible(probe, *index)
            && !snapshot.is_some_and(|snapshot| Snapshot::requires(snapshot, path, urn::USER))
    };
    (0..attributes.len()).filter(is_optional).collect()
}

/// The body of a PATCH.
pub(super) fn body(probe: &Probe, dialect: Dialect, sent: &[Sent]) -> Value {
    let attributes = &probe.mapping(USER).attributes;
    let changes: Vec<_> = sent
        .iter()
        .map(|(index, op, value)| {
            let target = &attributes[*index].target;
            Change { name: &target.name, path: &target.path, op: *op, value: Cow::Borrowed(value) }
        })
        .collect();
    dialect.patch(&changes)
}

/// Writes attributes in one PATCH, and says what was refused: where the whole is, each attribute is tried alone, so that it
/// can be told which ones do it. Gives the answer to the whole if it was a success.
pub(super) async fn write(
    probe: &Probe,
    user: &Object,
    dialect: Dialect,
    sent: &[Sent],
) -> Result<Option<Answer>, Stop> {
    let answer = probe.patch(user, body(probe, dialect, sent)).await?;
    if answer.is_success() {
        expect_patch_status(probe, &answer);
        return Ok(Some(answer));
    }
    let attributes = &probe.mapping(USER).attributes;
    let about =
        |sent: &[Sent]| sent.iter().map(|(index, ..)| attributes[*index].target.name.clone()).collect::<Vec<_>>();
    let mut refused = Vec::new();
    // An answer that has nothing to do with what was sent isn't asked for again and again.
    if sent.len() > 1 && answer.status != 401 && answer.status != 429 {
        for one in sent {
            let alone = probe.patch(user, body(probe, dialect, std::slice::from_ref(one))).await?;
            if !alone.is_success() {
                refused.push((format!("`{}`", attributes[one.0].target.name), alone));
            }
        }
    }
    match refused.as_slice() {
        [] => probe.refused(&answer, SUCCESS).about(about(sent)).fail(),
        all if all.len() == sent.len() => probe.refused(&answer, SUCCESS).about(about(sent)).fail(),
        some => {
            let names: Vec<_> = some.iter().map(|(name, _)| name.as_str()).collect();
            let last = &some[0].1;
            let verb = if names.len() == 1 { "is" } else { "are" };
            let observed = format!(
                "the PATCH was refused because of {}, which {verb} answered with {}",
                names.join(", "),
                last.told()
            );
            let about = some.iter().map(|(name, _)| name.trim_matches('`'));
            let draft = probe.refused(last, SUCCESS).about(about).observed(observed);
            draft.effect("one attribute that is refused keeps everything else in the same request from arriving, deactivation too").fail();
        }
    }
    Ok(None)
}

/// 200 with the account or 204 without a body.
fn expect_patch_status(probe: &Probe, answer: &Answer) {
    if !matches!(answer.status, 200 | 204) {
        let draft = probe.finding("patch-status").observed(format!("the PATCH was answered with {}", answer.status));
        draft.expected("200 with the account, or 204 without a body").at(answer.at).warn();
    }
}

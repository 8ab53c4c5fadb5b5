//! `users.multivalue`: values of one attribute that differ by their type.

use serde_json::Value;

use crate::check::definition::{Category, Check, Need, Turn};
use crate::check::family::change::{Edit, SUCCESS, body, expect_others_unchanged, held, read_back};
use crate::check::features::siblings;
use crate::check::probe::{Probe, Stop};
use crate::plan::verify::Sent;
use crate::schema::{AttributeMapping, ObjectKind, TargetAttribute};
use crate::scim::{AttributePath, ChangeOp, Literal, Resource, get};

const USER: ObjectKind = ObjectKind::User;

pub(super) const CHECKS: &[Check] = &[Check {
    id: "users.multivalue",
    category: Category::Capability,
    holds: "two values of one attribute that differ by their type, such as the work and the mobile phone number, live side by side, \
            change separately, and the second can be added later",
    reference: "RFC 7643 section 2.4; RFC 7644 section 3.5.2; Microsoft, Customize attribute mappings: values by type",
    effect: "one number or address takes the place of another, or people fail who get a second one",
    remedy: "keep entries of several types in one attribute; let a path such as phoneNumbers[type eq \"mobile\"].value change the \
             entry of that type alone, and make it when there is none",
    needs: &[Need::User, Need::Multivalue],
    turn: Turn::Together,
    run: |probe| Box::pin(multivalue(probe)),
}];

async fn multivalue(probe: &Probe) -> Result<(), Stop> {
    let attributes = &probe.mapping(USER).attributes;
    let settable: Vec<_> = probe.values(USER, &probe.person(), 0).into_iter().map(|(index, _)| index).collect();
    let mut pairs = pairs(attributes);
    pairs.retain(|pair| pair.iter().all(|index| settable.contains(index)));
    if pairs.is_empty() {
        return Err(Stop::NotApplicable("the mapped values of two types are written by the target alone".to_owned()));
    }
    for [first, second] in pairs {
        side_by_side(probe, [first, second]).await?;
        if !probe.is_clean() {
            return Ok(());
        }
        added_later(probe, first, second).await?;
    }
    Ok(())
}

/// Of each attribute with values of several types the first two.
fn pairs(attributes: &[AttributeMapping]) -> Vec<[usize; 2]> {
    let mut pairs: Vec<[usize; 2]> = Vec::new();
    let mut from = 0;
    while let Some(pair) = siblings(&attributes[from..]) {
        let place = |mapping: &AttributeMapping| attributes.iter().position(|known| std::ptr::eq(known, mapping));
        let [Some(first), Some(second)] = pair.map(place) else { break };
        let name = |index: usize| attributes[index].target.path.attribute.to_lowercase();
        if !pairs.iter().any(|[known, _]| name(*known) == name(first)) {
            pairs.push([first, second]);
        }
        from = first + 1;
    }
    pairs
}

/// Both are there from the beginning, and each changes alone.
async fn side_by_side(probe: &Probe, pair: [usize; 2]) -> Result<(), Stop> {
    let attributes = &probe.mapping(USER).attributes;
    let person = probe.person();
    let user = probe.object_of(USER, &person, probe.values(USER, &person, 0)).await?;
    let (read, mut before) = probe.read(&user).await?;
    let made: Vec<_> = user
        .values
        .iter()
        .filter(|(index, _)| pair.contains(index))
        .map(|(index, value)| Sent { attribute: &attributes[*index].target, op: ChangeOp::Add, value })
        .collect();
    probe.compare_sent(&made, None, &before, read.at);
    if !probe.is_clean() {
        return Ok(());
    }
    let next = probe.values(USER, &person, 1);
    for index in pair {
        let target = &attributes[index].target;
        let Some((_, value)) = next.iter().find(|(known, _)| *known == index) else { continue };
        if held(target, &before) == Some(value) {
            continue;
        }
        let edits = [Edit::new(target, value, &before)];
        let answer = probe.patch(&user, body(probe, &edits)).await?;
        if !answer.is_success() {
            let draft = probe.refused(&answer, SUCCESS);
            let draft = draft.observed(format!("a PATCH of `{}` was answered with {}", target.name, answer.told()));
            return Err(draft
                .effect("changed numbers and addresses don't arrive: the person fails in every cycle")
                .stop());
        }
        let (read, after) = read_back(probe, &user, &edits, Some(&before)).await?;
        expect_one_entry(probe, target, &after, read.at);
        expect_others_unchanged(probe, &user, &[target], &before, &after, read.at);
        if !probe.is_clean() {
            return Ok(());
        }
        before = after;
    }
    Ok(())
}

/// The second comes to a user who has the first.
async fn added_later(probe: &Probe, first: usize, second: usize) -> Result<(), Stop> {
    let attributes = &probe.mapping(USER).attributes;
    let person = probe.person();
    let mut values = probe.values(USER, &person, 0);
    let entry = &attributes[second].target.path;
    let later: Vec<(usize, Value)> =
        values.extract_if(.., |(index, _)| is_of_entry(&attributes[*index].target.path, entry)).collect();
    let Some((_, value)) = later.iter().find(|(index, _)| *index == second) else { return Ok(()) };
    if attributes[second].target.required || !values.iter().any(|(index, _)| *index == first) {
        return Ok(());
    }
    let user = match probe.object_of(USER, &person, values).await {
        // Whether it is needed or nobody can be made at all, other checks say.
        Err(Stop::Blocked { .. }) => return Ok(()),
        made => made?,
    };
    let (_, before) = probe.read(&user).await?;
    let target = &attributes[second].target;
    let edits = [Edit::new(target, value, &before)];
    let answer = probe.patch(&user, body(probe, &edits)).await?;
    if !answer.is_success() {
        let had = &attributes[first].target.name;
        let observed = format!(
            "adding `{}` to an account that has `{had}` alone was answered with {}",
            target.name,
            answer.told()
        );
        let draft = probe.refused(&answer, SUCCESS).observed(observed);
        return Err(draft
            .effect("people fail who get a second one after they were provisioned, and with it every other change of the same \
                     request")
            .stop());
    }
    let (read, after) = read_back(probe, &user, &edits, Some(&before)).await?;
    expect_one_entry(probe, target, &after, read.at);
    expect_others_unchanged(probe, &user, &[target], &before, &after, read.at);
    Ok(())
}

/// Whether two paths lead into one entry: the same attribute, the same type.
fn is_of_entry(path: &AttributePath, other: &AttributePath) -> bool {
    path.urn == other.urn && path.attribute.eq_ignore_ascii_case(&other.attribute) && path.filter == other.filter
}

/// A change makes no second entry of the type.
fn expect_one_entry(probe: &Probe, target: &TargetAttribute, after: &Resource, at: usize) {
    let Some(filter) = &target.path.filter else { return };
    let owner = AttributePath { filter: None, sub_attribute: None, ..target.path.clone() };
    let Some(Value::Array(entries)) = owner.get(after) else { return };
    let wanted = filter.equalities();
    let is_of_type = |entry: &&Value| {
        let part = |name: &str| entry.as_object().and_then(|members| get(members, name)).and_then(Value::as_str);
        let holds = |(name, literal): &(&str, &Literal)| match literal {
            Literal::String(text) => part(name).is_some_and(|found| found.eq_ignore_ascii_case(text)),
            _ => false,
        };
        !wanted.is_empty() && wanted.iter().all(holds)
    };
    let many = entries.iter().filter(is_of_type).count();
    if many > 1 {
        let name = &target.path.attribute;
        let observed = format!("after `{}` was written, `{name}` has {many} entries of that type", target.name);
        let draft = probe.finding(format!("two-of-one-type-{name}")).observed(observed);
        draft
            .expected("one entry of each type: the old one has the new value")
            .effect("the old value stays beside the new one, and which of them counts is chance")
            .remedy("let a path with a filter change the entry that it matches instead of adding another one")
            .at(at)
            .fail();
    }
}

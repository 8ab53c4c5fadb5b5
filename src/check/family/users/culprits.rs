//! Finds the attributes because of which a user is refused, so that the other checks can go on without them.

use serde_json::Value;

use super::shape::is_needed;
use crate::check::probe::{Answer, Probe, Stop};
use crate::schema::ObjectKind;

const USER: ObjectKind = ObjectKind::User;

/// Says that a user was refused, and why: each entry of the mapping is tried with the least that a user needs. What the
/// endpoint doesn't take is left out from then on.
pub(super) async fn search(probe: &Probe, refused: &Answer) -> Result<(), Stop> {
    let expected = "201 with the account that was made";
    // These have nothing to do with what was sent.
    if refused.status >= 500
        || matches!(refused.status, 300..=399 | 401 | 403 | 404 | 405 | 409 | 415 | 429)
        || !is_taken(probe, &[]).await?
    {
        return Err(probe.refused(refused, expected).stop());
    }
    let mut culprits = Vec::new();
    for group in groups(probe) {
        if !is_taken(probe, &group).await? {
            culprits.extend(group);
        }
    }
    let attributes = &probe.mapping(USER).attributes;
    let names: Vec<_> = culprits.iter().map(|index| attributes[*index].target.name.clone()).collect();
    probe.bench.left_out.borrow_mut().clone_from(&culprits);
    let all: Vec<_> = (0..attributes.len()).collect();
    if culprits.is_empty() || !is_taken(probe, &all).await? {
        probe.bench.left_out.borrow_mut().clear();
        return Err(probe.refused(refused, expected).stop());
    }
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    let observed = format!("POST /Users was refused because of {}: {}", quoted.join(", "), refused.told());
    probe.note(format!("the other checks leave {} out", quoted.join(", ")));
    Err(probe.refused(refused, expected).about(names).observed(observed).stop())
}

/// Whether a user with the least that it needs and these attributes is taken.
async fn is_taken(probe: &Probe, indices: &[usize]) -> Result<bool, Stop> {
    let person = probe.person();
    let mut values = probe.values(USER, &person, 0);
    values.retain(|(index, _)| is_needed(probe, *index) || indices.contains(index));
    match probe.object_of(USER, &person, values).await {
        Ok(_) => Ok(true),
        Err(Stop::Blocked { .. }) => Ok(false),
        Err(stop) => Err(stop),
    }
}

/// The attributes that aren't needed, those of one entry together.
fn groups(probe: &Probe) -> Vec<Vec<usize>> {
    let attributes = &probe.mapping(USER).attributes;
    let values: Vec<(usize, Value)> = probe.values(USER, &probe.person(), 0);
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (index, _) in values.into_iter().filter(|(index, _)| !is_needed(probe, *index)) {
        let path = &attributes[index].target.path;
        let is_same = |other: usize| {
            let other = &attributes[other].target.path;
            path.filter.is_some()
                && (&other.urn, &other.attribute, &other.filter) == (&path.urn, &path.attribute, &path.filter)
        };
        match groups.iter_mut().find(|group| group.iter().any(|other| is_same(*other))) {
            Some(group) => group.push(index),
            None => groups.push(vec![index]),
        }
    }
    groups
}

//! What is at the target and in the state, as lines that don't depend on ids and instants of a run.

#![expect(clippy::unwrap_used, reason = "a state that can't be read fails the test")]

use std::collections::BTreeMap;

use scimulate::plan::Failure;
use scimulate::schema::ObjectKind;
use scimulate::store::{PriorView, Store};
use serde_json::Value;

use crate::support::process::{Sandbox, Server};

/// Sorted lines: accounts, groups with members, links with what is remembered, references, watermark, job.
pub(super) fn picture(sandbox: &Sandbox, server: &Server) -> Vec<String> {
    let (accounts, groups) = (server.resources("Users"), server.resources("Groups"));
    let mut names = BTreeMap::new();
    for (resources, name) in [(&accounts, "userName"), (&groups, "displayName")] {
        for resource in resources {
            names.insert(text(&resource["id"]).to_owned(), text(&resource[name]).to_owned());
        }
    }
    let mut lines: Vec<String> =
        accounts.into_iter().chain(groups).map(|resource| at_target(resource, &names)).collect();
    in_state(sandbox, &names, &mut lines);
    lines.sort();
    lines
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// A resource without what differs from run to run, its references by name.
fn at_target(mut resource: Value, names: &BTreeMap<String, String>) -> String {
    let members = resource.as_object_mut().expect("a resource is an object");
    members.remove("id");
    members.remove("meta");
    by_name(&mut resource, names);
    format!("target: {resource}")
}

/// Replaces ids by names, drops what else a reference has, and sorts lists.
fn by_name(value: &mut Value, names: &BTreeMap<String, String>) {
    match value {
        Value::Object(members) => {
            let is_reference = members.len() == 1 || members.contains_key("$ref");
            if let Some(id) = members.get("value").and_then(Value::as_str).filter(|_| is_reference) {
                *value = Value::from(names.get(id).map_or("somebody who is gone", String::as_str));
                return;
            }
            for inner in members.values_mut() {
                by_name(inner, names);
            }
        }
        Value::Array(items) => {
            for item in items.iter_mut() {
                by_name(item, names);
            }
            items.sort_by_key(Value::to_string);
        }
        _ => {}
    }
}

fn in_state(sandbox: &Sandbox, names: &BTreeMap<String, String>, lines: &mut Vec<String>) {
    let store = Store::open_existing(&sandbox.path(".scimulate"), "test").unwrap().expect("there is a state");
    for kind in [ObjectKind::User, ObjectKind::Group] {
        let objects = store.objects(kind).unwrap();
        lines.extend(
            objects.iter().map(|(id, prior)| format!("state: {} {id} {}", kind.as_str(), object(prior, names))),
        );
    }
    for references in store.references().unwrap().iter() {
        for (referenced, sent) in references.referenced {
            let (owner, attribute) = (references.owner, references.attribute);
            lines.push(format!("reference: {owner} {attribute} {referenced} {sent:?}"));
        }
    }
    let watermark = store.watermark().unwrap().map(|watermark| {
        let known = [&watermark.users, &watermark.groups, &watermark.assignments, &watermark.memberships];
        (watermark.rules.to_string(), watermark.scope, known.map(|set| set.as_slice().to_vec()))
    });
    lines.push(format!("watermark: {watermark:?}"));
    let job = store.job().unwrap();
    lines.push(format!("job: {:?}, {} failures in a row", job.state, job.failures_in_a_row));
}

fn object(prior: PriorView<'_>, names: &BTreeMap<String, String>) -> String {
    let account = prior.target().map(|id| names.get(id).map_or("an account that isn't there", String::as_str));
    let failure = prior.failure().map(|Failure { code, message, part, action, .. }| (code, message, part, action));
    format!(
        "{} {} linked to {account:?}, deleted: {}, failure: {failure:?}, {:?}",
        prior.name(),
        prior.standing().as_str(),
        prior.deleted_since().is_some(),
        prior.fingerprints().map(|fingerprint| fingerprint.map(|fingerprint| fingerprint.0)).collect::<Vec<_>>()
    )
}

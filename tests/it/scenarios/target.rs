//! The endpoint of a scenario: what it is like, what it holds, how it misbehaves (`target.json`).

use std::fs;
use std::path::Path;

use scimulate::config::{self, Mapping, Overrides};
use scimulate::schema;
use scimulate::scim::{Resource, ResourceSchema};
use scimulate::target::FaultRule;
use serde_json::{Map, Value};

use crate::support::Recorder;

/// What the endpoint keeps of users: that of the scenario's mapping, where it isn't WEDO's.
pub(super) fn users(config: &Path) -> Option<ResourceSchema> {
    let settings = config::load(config, &Overrides::default()).expect("a config");
    let text = match &settings.provisioning.mapping {
        Mapping::Template(name) if name == "wedo" => return None,
        Mapping::Template(name) => schema::template(name).expect("a built-in mapping").text.to_owned(),
        Mapping::File(path) => fs::read_to_string(path).expect("a schema"),
    };
    let document = schema::read(&text, "schema.json").expect("a schema");
    Some(schema::target_definition(&document).expect("a target in the schema"))
}

/// Does what `target.json` says, which happens behind the service's back: `delete` names accounts and groups that
/// go, `Users` and `Groups` are added, `faults` take the place of those before.
pub(super) fn prepare(recorder: &Recorder, folder: &Path) {
    let Ok(text) = fs::read_to_string(folder.join("target.json")) else { return };
    let mut document: Map<String, Value> = serde_json::from_str(&text).expect("target.json is a JSON object");
    let mut list = |key: &str| match document.remove(key) {
        None => None,
        Some(Value::Array(list)) => Some(list),
        Some(other) => panic!("`{key}` of target.json is a list, not {other}"),
    };
    let endpoint = recorder.endpoint();
    for name in list("delete").unwrap_or_default() {
        let name = name.as_str().expect("a name in `delete`");
        assert!(endpoint.remove(name).expect("a writable endpoint"), "the endpoint has nothing called {name}");
    }
    let resources = |list: Vec<Value>| {
        list.into_iter().map(|value| Resource::from_value(value).expect("a resource is an object")).collect()
    };
    if let Some(users) = list("Users") {
        endpoint.load(resources(users)).expect("accounts that fit the endpoint");
    }
    if let Some(groups) = list("Groups") {
        endpoint.load_groups(resources(groups)).expect("groups that fit the endpoint");
    }
    if let Some(faults) = list("faults") {
        let rules = faults.iter().map(|fault| FaultRule::from_json(fault).expect("a fault"));
        endpoint.set_faults(rules.collect());
    }
    assert!(document.is_empty(), "target.json has keys that nobody knows: {document:?}");
}

/// Everything that the endpoint holds, but for when it was written.
pub(super) fn content(recorder: &Recorder) -> Vec<Value> {
    let endpoint = recorder.endpoint();
    let users = endpoint.resources().expect("a readable endpoint");
    let groups = endpoint.groups().expect("a readable endpoint");
    let without_meta = |resource: Resource| {
        let mut value = resource.into_value();
        value.as_object_mut().expect("a resource is an object").remove("meta");
        value
    };
    users.into_iter().chain(groups).map(without_meta).collect()
}

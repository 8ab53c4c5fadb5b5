//! The mapping of groups, and what of it decides.

use serde_json::json;

use super::*;

type Change = fn(&mut serde_json::Value);

/// The built-in schema with groups, changed.
fn scim(change: impl FnOnce(&mut serde_json::Value)) -> CompiledSchema {
    let mut json = serde_json::from_str(template("scim").unwrap().text).unwrap();
    change(&mut json);
    compile(&read(&json.to_string(), "schema.json").unwrap(), &CompileOptions::default()).unwrap()
}

/// The mapping of groups.
fn groups(json: &mut serde_json::Value) -> &mut serde_json::Value {
    let mappings = json["synchronizationRules"][0]["objectMappings"].as_array_mut().unwrap();
    mappings.iter_mut().find(|mapping| mapping["sourceObjectName"] == "Group").unwrap()
}

#[test]
fn references_of_both_kinds() {
    let rules = scim(|_| {});
    let name = |mapping: &ObjectMapping| mapping.attributes[mapping.reference.unwrap()].target.name.clone();
    let groups = rules.groups.as_ref().unwrap();
    assert_eq!(name(groups), "members");
    assert_eq!(name(&rules.users), "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager");
    assert_eq!((groups.kind, groups.active, groups.matching.len()), (ObjectKind::Group, None, 1));
    assert!(rules.group_attributes.get("members").is_some() && rules.attributes.get("members").is_none());
}

#[test]
fn the_digest_follows_the_group_mapping() {
    let before = scim(|_| {}).digest;
    let check =
        |change: Change, is_other: bool| assert_eq!(scim(|json| change(groups(json))).digest != before, is_other);
    check(|_| {}, false);
    check(|group| group["name"] = json!("other"), false);
    check(|group| group["enabled"] = json!(false), true);
    check(|group| group["flowTypes"] = json!("Add"), true);
    check(|group| drop(group["attributeMappings"].as_array_mut().unwrap().pop()), true);
    let document = read(template("scim").unwrap().text, "scim").unwrap();
    let without = compile(&document, &CompileOptions { without_groups: true, ..CompileOptions::default() }).unwrap();
    assert!(without.groups.is_none() && without.group_attributes.is_empty());
    assert_eq!(without.digest, scim(|json| groups(json)["enabled"] = json!(false)).digest);
}

//! Groups, and what not every endpoint has: each fault turns exactly its checks red.

use serde_json::{Value, json};

use super::*;
use crate::check::bench::Bench;
use crate::check::family::groups::members_in_dialect;
use crate::check::probe::Probe;
use crate::scim::Dialect;

/// What the tables here are about.
const OURS: [&str; 7] = [
    "groups",
    "users.manager",
    "users.enterprise",
    "users.extension",
    "users.multivalue",
    "users.roles",
    "users.unicode",
];

const COMPLIANT: &str = "?aadOptscim062020";
const EXTENSION: &str = "urn:ietf:params:scim:schemas:extension:contoso:2.0:User";

fn world(flags: &'static str, schema: Option<String>) -> World {
    let only = OURS.map(str::to_owned).to_vec();
    World { flags, only, schema, ..World::new("scim") }
}

/// The template of applications with groups, with app roles in a shape and attributes of an extension, but without manager
/// and enterprise attributes.
fn custom(shape: &str) -> String {
    extended(shape, false)
}

/// The same, with manager and enterprise attributes if those are wanted.
pub(super) fn extended(shape: &str, is_whole: bool) -> String {
    let text = crate::schema::template("scim").unwrap().text;
    let mut document: Value = serde_json::from_str(text).unwrap();
    let known = document.pointer_mut("/directories/1/objects/0/attributes").unwrap().as_array_mut().unwrap();
    let mut title = known.iter().find(|attribute| attribute["name"] == "title").unwrap().clone();
    for name in ["badge", "floor.level"] {
        title["name"] = json!(format!("{EXTENSION}:{name}"));
        known.push(title.clone());
    }
    let mappings = document["synchronizationRules"][0]["objectMappings"].as_array_mut().unwrap();
    let users = mappings.iter_mut().find(|mapping| mapping["sourceObjectName"] == "User").unwrap();
    let mappings = users["attributeMappings"].as_array_mut().unwrap();
    mappings.retain(|mapping| is_whole || !mapping["targetAttributeName"].as_str().unwrap().contains(":enterprise:"));
    let roles = if shape == "SingleAppRoleAssignment" { "roles[primary eq \"True\"].value" } else { "roles" };
    let mut mapping = mappings[1].clone();
    for (target, expression) in [
        (roles.to_owned(), format!("{shape}([appRoleAssignments])")),
        (format!("{EXTENSION}:badge"), "[employeeId]".to_owned()),
        (format!("{EXTENSION}:floor.level"), "[extensionAttribute1]".to_owned()),
    ] {
        mapping["targetAttributeName"] = json!(target);
        mapping["source"] = json!({ "expression": expression });
        mappings.push(mapping.clone());
    }
    document.to_string()
}

#[tokio::test]
async fn every_shape_of_roles_is_green() {
    for flags in ["", COMPLIANT] {
        for shape in ["SingleAppRoleAssignment", "AppRoleAssignmentsComplex", "AssertiveAppRoleAssignmentsComplex"] {
            let (_, report) = world(flags, Some(custom(shape))).check().await;
            let is_passed = |result: &CheckResult| result.status == Status::Passed;
            assert!(report.results.iter().all(is_passed), "{shape} {flags}\n{}", told(&report));
        }
    }
}

#[tokio::test]
async fn members_are_tried_in_both_dialects() {
    for (fault, dialect, expected) in [
        (None, Dialect::Scim, None),
        (None, Dialect::Compliant, None),
        (Some("remove-members-wipes-group"), Dialect::Scim, Some("group-emptied-by-removal")),
        (Some("remove-members-wipes-group"), Dialect::Compliant, None),
        (
            Some("reject-value-list-removal"),
            Dialect::Scim,
            Some("patch-groups-400-invalidValue-a-removal-has-no-value-its"),
        ),
        (Some("noop-200-on-filtered-remove"), Dialect::Compliant, Some("member-stays")),
        (Some("lost-update"), Dialect::Compliant, Some("members-lost-by-add")),
    ] {
        let (_endpoint, options, connect, clock) =
            World { faults: fault.into_iter().collect(), ..World::new("scim") }.begin();
        let bench = Rc::new(Bench::new(options, connect, clock, CancellationToken::new()).unwrap());
        let probe = Probe::new(bench, find("groups.members.add").unwrap());
        let result = members_in_dialect(&probe, dialect).await;
        let findings = probe.findings.into_inner();
        let causes: Vec<_> = findings.iter().map(|finding| finding.cause.as_str()).collect();
        assert_eq!((causes, result.is_ok()), (Vec::from_iter(expected), expected.is_none()), "{fault:?} {dialect}");
    }
}

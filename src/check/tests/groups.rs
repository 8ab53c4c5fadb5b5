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

/// Fault, and what is red: in the default dialect, and with the flag.
const FAULTS: &[(&str, &[&str], &[&str])] = &[
    same("refuse-create", &["groups.create"]),
    same("conflict-on-create", &["groups.create"]),
    same("200-on-create", &["groups.create"]),
    same("201-without-body", &["groups.create"]),
    same("201-without-id", &["groups.create"]),
    same("integer-ids", &["groups.create"]),
    same("odd-ids", &[]),
    same("relative-location", &["groups.create"]),
    same("drop-after-write", &["groups.create"]),
    same("delete-unsupported", &["groups.delete"]),
    same("200-on-errors", &["groups.delete", "groups.get"]),
    same("406-without-content-type", &["groups.filter", "groups.get", "groups.paging"]),
    same("forget-on-read", &["groups.get"]),
    same("503-on-list", &["groups.filter", "groups.paging"]),
    same("empty-list-404", &["groups.filter"]),
    same("case-sensitive-username", &[]),
    same("ignore-filter-return-all", &["groups.filter"]),
    same("no-plus-decoding", &["groups.filter"]),
    same("reject-and-filters", &["groups.members.add"]),
    same("ignore-excluded-attributes", &["groups.filter", "groups.get"]),
    same("lowercase-resources", &[]),
    same("null-resources", &[]),
    same("total-results-lies", &["groups.filter", "groups.paging"]),
    same("total-results-of-page", &["groups.paging"]),
    same("repeat-last-page", &["groups.paging"]),
    same("ignore-paging", &["groups.paging"]),
    same("204-on-patch", &[]),
    (
        "reject-capital-ops",
        &[
            "groups.members.add",
            "groups.patch",
            "users.enterprise",
            "users.extension",
            "users.manager",
            "users.multivalue",
            "users.roles",
        ],
        &[],
    ),
    (
        "ignore-capital-ops",
        &[
            "groups.members.add",
            "groups.patch",
            "users.enterprise",
            "users.extension",
            "users.manager",
            "users.multivalue",
            "users.roles",
        ],
        &[],
    ),
    same(
        "stale-read",
        &[
            "groups.members.add",
            "groups.patch",
            "users.enterprise",
            "users.extension",
            "users.manager",
            "users.multivalue",
            "users.roles",
        ],
    ),
    same("notarget-on-missing-work-email", &["users.multivalue"]),
    same("reject-whole-patch-on-unknown-path", &["users.multivalue"]),
    same("manager-must-be-object", &["users.manager"]),
    same("reorders-patch-ops", &["groups.members.add"]),
    same("400-on-noop-patch", &["groups.members.add", "groups.members.remove"]),
    ("remove-members-wipes-group", &["groups.members.remove"], &[]),
    ("pathless-replace-wipes-group", &[], &["groups.patch"]),
    ("noop-200-on-filtered-remove", &[], &["groups.members.remove"]),
    ("reject-value-list-removal", &["groups.members.remove"], &[]),
    same("409-on-repeat-member-add", &["groups.members.add"]),
    same("duplicate-members", &["groups.members.add"]),
    same("drop-members", &["groups.members.add"]),
    same("lost-update", &["groups.members.add"]),
    same("string-booleans", &[]),
    same("string-bool-truthy", &[]),
    ("literal-dotted-keys", &[], &["users.enterprise", "users.extension"]),
    same("split-urn-on-dot", &["users.enterprise", "users.extension", "users.manager"]),
    same("drop-attribute", &["users.enterprise"]),
    same("change-case", &["groups.create", "groups.patch"]),
    same("capitalised-attributes", &[]),
    same("extra-attributes", &[]),
    same("byte-order-mark", &[]),
];

type Row = (&'static str, &'static [&'static str], &'static [&'static str]);

const fn same(fault: &'static str, red: &'static [&'static str]) -> Row {
    (fault, red, red)
}

#[tokio::test]
async fn each_fault_turns_exactly_its_checks_red() {
    let schema = custom("SingleAppRoleAssignment");
    for (fault, by_default, with_flag) in FAULTS {
        for (flags, expected) in [("", by_default), (COMPLIANT, with_flag)] {
            let (_, report) = world(flags, Some(schema.clone())).with_fault(fault).check().await;
            assert_eq!(red(&report), expected.iter().copied().collect(), "{fault} {flags}\n{}", told(&report));
        }
    }
}

/// What a fault does to members in each dialect, whichever the tenant URL asks for.
#[tokio::test]
async fn members_are_tried_in_both_dialects() {
    for (fault, dialect, expected) in [
        (None, Dialect::Scim, None),
        (None, Dialect::Compliant, None),
        (Some("remove-members-wipes-group"), Dialect::Scim, Some("group-emptied-by-removal")),
        (Some("remove-members-wipes-group"), Dialect::Compliant, None),
        (Some("reject-value-list-removal"), Dialect::Scim, Some("patch-groups-400-invalidValue")),
        (Some("noop-200-on-filtered-remove"), Dialect::Compliant, Some("memberStays-members")),
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

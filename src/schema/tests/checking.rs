//! What `check` says beyond compiling.

use serde_json::{Value, json};

use super::*;

fn findings(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let checked = check(&wedo(change), &options());
    let show = |finding: &Diagnostic| {
        assert!(finding.hint.is_some() && finding.line.is_some(), "{finding:?}");
        let field = finding.field.as_ref().map(|field| format!("{field}: ")).unwrap_or_default();
        format!("{:?} {field}{}", finding.severity, finding.message)
    };
    checked.findings.iter().map(show).collect()
}

/// The user mapping's attribute mapping at an index.
fn mapping(json: &mut Value, index: usize) -> &mut Value {
    &mut json["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"][index]
}

#[test]
fn the_built_in_mappings_are_in_order() {
    assert_eq!(findings(|_| {}), Vec::<String>::new());
    let scim = read(template("scim").unwrap().text, "scim").unwrap();
    let checked = check(&scim, &CompileOptions::default());
    assert!(checked.findings.iter().all(|finding| finding.severity == Severity::Note), "{:?}", checked.findings);
    let rules = checked.rules.unwrap();
    assert_eq!((rules.users.attributes.len(), rules.groups.unwrap().attributes.len()), (22, 3));
    assert_eq!(rules.users.matching, [0]);
}

#[test]
fn what_would_go_wrong_is_named() {
    type Change = fn(&mut Value);
    let table: &[(Change, &str)] = &[
        (
            |json| mapping(json, 6)["targetAttributeName"] = json!("nickName"),
            "Warning nothing is mapped to `active`: nobody is disabled who leaves the scope",
        ),
        (
            |json| mapping(json, 6)["source"] = json!({ "expression": "Not([IsSoftDeleted])" }),
            "Note active: `active` comes from the older default, `Not([IsSoftDeleted])`",
        ),
        (
            |json| mapping(json, 6)["source"] = json!({ "expression": "[accountEnabled]" }),
            "Warning active: users who are unassigned or filtered out keep an active account",
        ),
        (
            |json| mapping(json, 2)["source"] = json!({ "expression": "Append(\"x\", Guid())" }),
            "Warning title: `Guid` gives another value in every cycle",
        ),
        (
            |json| mapping(json, 2)["source"] = json!({ "expression": "Split([mail], \"@\")" }),
            "Warning title: the source may have several values, `title` takes one",
        ),
        (
            |json| json["directories"][1]["objects"][0]["attributes"][3]["name"] = json!("other"),
            "Warning title: the target's `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User` has no attribute `title`",
        ),
        (
            |json| {
                let list = json["directories"][1]["objects"][0]["attributes"].as_array_mut().unwrap();
                list.push(json!({ "name": "nickName", "required": true }));
            },
            "Warning the target requires `nickName`, and nothing is mapped to it",
        ),
        (
            |json| {
                let rule = json["synchronizationRules"][0].clone();
                json["synchronizationRules"].as_array_mut().unwrap().push(rule);
            },
            "Warning two rules have the id `0b3a1c52-6f0e-4d57-9c43-5a1e7f7f2d01`",
        ),
        (
            |json| json["synchronizationRules"][0]["targetDirectoryName"] = json!("WEDA"),
            "Warning the rule names the directory `WEDA`, which the schema doesn't define",
        ),
        (
            |json| {
                mapping(json, 2)["source"] = json!({ "expression": "SingleAppRoleAssignment([appRoleAssignments])" });
                mapping(json, 7)["source"] = json!({ "expression": "AppRoleAssignmentsComplex([appRoleAssignments])" });
            },
            "Warning preferredLanguage: app roles are also mapped to `title`",
        ),
        (
            |json| mapping(json, 2)["source"] = json!({ "expression": "SelectUniqueValue([mail], [mailNickname])" }),
            "Error title: `SelectUniqueValue` only works for HR-driven provisioning to Active Directory",
        ),
        (
            |json| mapping(json, 2)["source"] = json!({ "expression": format!("\"{}\"", "x".repeat(10_000)) }),
            "Error title: the expression has 10002 characters; 10000 is the limit",
        ),
        (
            |json| mapping(json, 2)["source"] = json!({ "expression": "Switch([mail], \"a\", \"b\")" }),
            "Error title: `Switch` needs at least one key with its value",
        ),
        (
            |json| mapping(json, 2)["source"] = json!({ "expression": "[jobTitel]" }),
            "Warning title: the source directory has no attribute `jobTitel`",
        ),
        (
            |json| mapping(json, 2)["targetAttributeName"] = json!("id"),
            "Error id: `id` is given by the target and can't be mapped",
        ),
        (
            |json| {
                let clause = json!({ "operatorName": "REGEX MATCH", "sourceOperandName": "employeeId",
                    "targetOperand": { "values": ["([1-9][0-9])"] } });
                json["synchronizationRules"][0]["objectMappings"][0]["scope"] =
                    json!({ "groups": [{ "name": "Staff", "clauses": [clause] }] });
            },
            "Warning scoping filter `Staff`, `employeeId REGEX MATCH`: the pattern `([1-9][0-9])` also matches inside \
             longer numbers: .NET searches anywhere",
        ),
    ];
    for (change, expected) in table {
        let found = findings(change);
        assert!(found.iter().any(|finding| finding == expected), "{expected} should be among {found:#?}");
    }
}

#[test]
fn mistakes_in_the_group_mapping_stop_nobody_without_groups() {
    let mut json: Value = serde_json::from_str(template("scim").unwrap().text).unwrap();
    let group = &mut json["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"];
    group[0]["matchingPriority"] = json!(0);
    group[1]["source"] = json!({ "expression": "Nope([objectId])" });
    let document = read(&serde_json::to_string_pretty(&json).unwrap(), "x").unwrap();
    let checked = check(&document, &CompileOptions::default());
    let errors: Vec<_> = checked
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .map(|finding| finding.message.as_str())
        .collect();
    assert_eq!(
        errors,
        ["the mapping `Provision Microsoft Entra ID Groups` has no matching attribute", "there is no function `Nope`"]
    );
    assert_eq!(compile(&document, &CompileOptions::default()).unwrap_err().len(), 2);
    let without = CompileOptions { without_groups: true, ..CompileOptions::default() };
    let rules = compile(&document, &without).unwrap();
    assert!(rules.groups.is_none() && rules.users.attributes.len() == 22);
}

#[test]
fn rows_show_what_was_written() {
    let document = read(template("scim").unwrap().text, "scim").unwrap();
    let rows = rows(&document, ObjectKind::Group);
    let shown: Vec<_> =
        rows.iter().map(|row| (row.target.as_str(), row.source.as_str(), row.matching_priority)).collect();
    assert_eq!(
        shown,
        [("displayName", "[displayName]", 1), ("externalId", "[objectId]", 0), ("members", "[members]", 0)]
    );
}

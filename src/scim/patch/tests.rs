mod members;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::scim::{Attribute, AttributeType, Leniencies, Mutability, Resource, ResourceSchema, ScimType, urn};

const ENTERPRISE: &str = urn::ENTERPRISE_USER;

fn schema() -> ResourceSchema {
    ResourceSchema::user().with_extension(ResourceSchema::enterprise_user())
}

fn user() -> Value {
    json!({
        "schemas": [urn::USER],
        "id": "7",
        "userName": "ann",
        "active": true,
        "name": {"givenName": "Ann", "familyName": "Lee"},
        "emails": [
            {"type": "work", "value": "w@x", "primary": true},
            {"type": "home", "value": "h@x"}
        ]
    })
}

fn patch(resource: &Value, operations: &Value, leniencies: Leniencies) -> Result<(Value, bool), PatchError> {
    patch_as(&schema(), resource, operations, leniencies)
}

fn patch_as(
    schema: &ResourceSchema,
    resource: &Value,
    operations: &Value,
    leniencies: Leniencies,
) -> Result<(Value, bool), PatchError> {
    let request = PatchRequest::parse(json!({"schemas": [urn::PATCH_OP], "Operations": operations}), leniencies)?;
    let mut resource = Resource::from_value(resource.clone()).unwrap();
    let changed = apply(&mut resource, &request, schema, leniencies, &|| None)?;
    Ok((resource.into_value(), changed))
}

/// Applies operations and compares what is at some JSON pointers.
#[expect(clippy::needless_pass_by_value, reason = "tables read better")]
#[track_caller]
fn check(operations: Value, expected: &[(&str, Value)]) {
    let (after, _) = patch(&user(), &operations, Leniencies::ALL).unwrap_or_else(|e| panic!("{operations}: {e}"));
    for (pointer, value) in expected {
        assert_eq!(after.pointer(pointer).unwrap_or(&Value::Null), value, "{pointer} after {operations}");
    }
}

#[expect(clippy::needless_pass_by_value, reason = "tables read better")]
#[track_caller]
fn refuse(operations: Value, scim_type: ScimType, detail: &str) {
    let error = patch(&user(), &operations, Leniencies::ALL).unwrap_err();
    assert_eq!((error.scim_type, error.detail.as_str()), (Some(scim_type), detail), "{operations}");
}

#[test]
fn the_default_dialect() {
    check(
        json!([
            {"op": "Replace", "path": "displayName", "value": "Ann B"},
            {"op": "Add", "path": "emails[type eq \"work\"].value", "value": "ann@x"},
            {"op": "Replace", "path": format!("{ENTERPRISE}:department"), "value": "R&D"},
            {"op": "Replace", "path": "active", "value": "False"},
        ]),
        &[
            ("/displayName", json!("Ann B")),
            ("/emails/0", json!({"type": "work", "value": "ann@x", "primary": true})),
            ("/emails/1/value", json!("h@x")),
            (&format!("/{ENTERPRISE}/department"), json!("R&D")),
            ("/active", json!(false)),
            ("/schemas", json!([urn::USER, ENTERPRISE])),
        ],
    );
}

#[test]
fn the_compliant_dialect() {
    check(
        json!([
            {"op": "replace", "path": "emails[type eq \"work\"].value", "value": "ann@x"},
            {"op": "replace", "value": {
                "displayName": "Ann B", "name.givenName": "Anna", "active": false,
                format!("{ENTERPRISE}:department"): "R&D"
            }},
            {"op": "add", "path": "nickName", "value": "Babs"},
        ]),
        &[
            ("/displayName", json!("Ann B")),
            ("/name", json!({"givenName": "Anna", "familyName": "Lee"})),
            ("/active", json!(false)),
            ("/nickName", json!("Babs")),
            (&format!("/{ENTERPRISE}"), json!({"department": "R&D"})),
            ("/name.givenName", json!(null)),
        ],
    );
    check(
        json!([{"op": "add", "value": {ENTERPRISE: {"department": "R&D", "manager": {"value": "9"}}, "name": {"middleName": "M"}}}]),
        &[
            (&format!("/{ENTERPRISE}"), json!({"department": "R&D", "manager": {"value": "9"}})),
            ("/name", json!({"givenName": "Ann", "familyName": "Lee", "middleName": "M"})),
        ],
    );
}

#[test]
fn a_missing_filtered_entry_is_made() {
    for op in ["Add", "Replace"] {
        check(
            json!([{"op": op, "path": "addresses[type eq \"work\"].locality", "value": "Oslo"}]),
            &[("/addresses", json!([{"type": "work", "locality": "Oslo"}]))],
        );
        check(
            json!([{"op": op, "path": "roles[primary eq \"True\"].value", "value": "Admin"}]),
            &[("/roles", json!([{"primary": true, "value": "Admin"}]))],
        );
    }
    check(
        json!([{"op": "add", "path": "phoneNumbers[type eq \"work\" and primary eq true]", "value": {"value": "1"}}]),
        &[("/phoneNumbers", json!([{"type": "work", "primary": true, "value": "1"}]))],
    );
    refuse(
        json!([{"op": "add", "path": "phoneNumbers[type sw \"w\"].value", "value": "1"}]),
        ScimType::NoTarget,
        "operation 1: `phoneNumbers[type sw \"w\"].value` matches no entry",
    );
}

#[test]
fn entries_are_added_replaced_and_removed() {
    check(
        json!([{"op": "add", "path": "emails", "value": [{"value": "h@x", "type": "home", "display": "H"}, {"value": "o@x", "type": "other", "primary": true}]}]),
        &[(
            "/emails",
            json!([
                {"type": "work", "value": "w@x", "primary": false},
                {"type": "home", "value": "h@x", "display": "H"},
                {"type": "other", "value": "o@x", "primary": true}
            ]),
        )],
    );
    check(
        json!([{"op": "replace", "path": "emails", "value": [{"value": "n@x"}]}]),
        &[("/emails", json!([{"value": "n@x"}]))],
    );
    check(
        json!([{"op": "replace", "path": "emails[type eq \"home\"]", "value": {"value": "n@x", "primary": true}}]),
        &[("/emails/0/primary", json!(false)), ("/emails/1", json!({"type": "home", "value": "n@x", "primary": true}))],
    );
    check(
        json!([{"op": "remove", "path": "emails[type eq \"work\"]"}]),
        &[("/emails", json!([{"type": "home", "value": "h@x"}]))],
    );
    check(
        json!([{"op": "Remove", "path": "emails", "value": [{"$ref": null, "value": "W@X"}, {"value": "gone"}]}]),
        &[("/emails", json!([{"type": "home", "value": "h@x"}]))],
    );
    check(
        json!([{"op": "remove", "path": "emails[type eq \"work\"].primary"}]),
        &[("/emails/0", json!({"type": "work", "value": "w@x"}))],
    );
    check(json!([{"op": "remove", "path": "emails"}]), &[("/emails", json!(null))]);
    check(
        json!([{"op": "replace", "path": "emails.display", "value": "D"}]),
        &[("/emails/0/display", json!("D")), ("/emails/1/display", json!("D"))],
    );
}

#[test]
fn a_list_removes_what_agrees_in_all_that_it_names() {
    let before = json!([{"op": "replace", "value": {
        "emails": [{"value": "a@x", "type": "work"}, {"value": "a@x", "type": "home"}, {"value": "b@x"}],
        "addresses": [{"type": "work", "locality": "Oslo"}, {"type": "work"}, {"type": "home", "locality": "Oslo"}],
    }}]);
    for (path, listed, left) in [
        ("emails", json!([{"value": "A@x", "type": "Work"}]), &[1, 2][..]),
        ("emails", json!({"value": "a@x", "type": "home", "display": "A", "primary": false}), &[0, 2]),
        ("emails", json!([{"value": "a@x"}]), &[2]),
        ("emails", json!([{"type": "work"}, {"value": "b@x", "type": "work"}]), &[1, 2]),
        ("emails", json!([{"value": "a@x", "primary": true}]), &[0, 1, 2]),
        ("emails", json!([{"value": "a@x", "type": "work"}, {"value": "b@x"}, {"type": "home"}]), &[]),
        ("addresses", json!([{"type": "work"}]), &[2]),
        ("addresses", json!([{"type": "work", "locality": "oslo"}]), &[1, 2]),
        ("addresses", json!([{"locality": "Oslo"}]), &[1]),
    ] {
        let (before, _) = patch(&user(), &before, Leniencies::ALL).unwrap();
        let operation = json!([{"op": "Remove", "path": path, "value": listed}]);
        let (mut after, _) = patch(&before, &operation, Leniencies::ALL).unwrap();
        let left: Vec<_> = left.iter().map(|&index: &usize| before[path][index].clone()).collect();
        let expected = if left.is_empty() { Value::Null } else { Value::Array(left) };
        assert_eq!(after[path].take(), expected, "{operation}");
    }
}

#[test]
fn letter_case_tells_nothing_apart_where_it_does_not_count() {
    check(
        json!([{"op": "add", "path": "emails", "value": [{"value": "W@X", "type": "Work", "display": "W"}]}]),
        &[
            ("/emails/0", json!({"value": "w@x", "type": "work", "primary": true, "display": "W"})),
            ("/emails/2", json!(null)),
        ],
    );
    let mut tags = Attribute::new("tags", AttributeType::String);
    tags.multi_valued = true;
    let mut schema = schema();
    schema.attributes.push(tags);
    for operation in [
        json!({"op": "add", "path": "tags", "value": ["a", "A", "b", "B"]}),
        json!({"op": "replace", "path": "tags", "value": ["a", "b", "B", "A"]}),
    ] {
        let (after, _) = patch_as(&schema, &user(), &json!([operation]), Leniencies::ALL).unwrap();
        assert_eq!(after["tags"], json!(["a", "b"]), "{operation}");
    }
}

#[test]
fn a_list_has_each_entry_once() {
    check(
        json!([{"op": "replace", "path": "emails", "value": [
            {"value": "a@x", "type": "work", "primary": true}, {"value": "a@x", "type": "home"},
            {"value": "a@x", "type": "work", "display": "A", "primary": true}, {"value": "a@x"}
        ]}]),
        &[(
            "/emails",
            json!([
                {"value": "a@x", "type": "work", "primary": true, "display": "A"},
                {"value": "a@x", "type": "home"}, {"value": "a@x"}
            ]),
        )],
    );
}

#[test]
fn entries_that_become_the_same_are_one() {
    for operation in [
        json!({"op": "replace", "path": "emails[type eq \"home\"]", "value": {"value": "w@x", "type": "work"}}),
        json!({"op": "replace", "path": "emails", "value": [{"value": "w@x", "type": "work", "primary": true}]}),
    ] {
        check(json!([operation]), &[("/emails", json!([{"value": "w@x", "type": "work", "primary": true}]))]);
    }
    check(
        json!([{"op": "replace", "path": "emails.value", "value": "x"}, {"op": "remove", "path": "emails.type"}]),
        &[("/emails", json!([{"value": "x", "primary": true}]))],
    );
}

#[test]
fn an_entry_without_primary_is_not_the_primary_one() {
    check(
        json!([{"op": "replace", "path": "emails[primary eq false].value", "value": "n@x"}]),
        &[("/emails/1", json!({"type": "home", "value": "n@x"})), ("/emails/2", json!(null))],
    );
    check(
        json!([{"op": "remove", "path": "emails[primary eq \"False\"]"}]),
        &[("/emails/0/value", json!("w@x")), ("/emails/1", json!(null))],
    );
}

#[test]
fn order_within_a_request_counts() {
    check(
        json!([
            {"op": "remove", "path": "emails"},
            {"op": "add", "path": "emails", "value": [{"value": "a@x", "type": "work"}]},
            {"op": "replace", "path": "emails[type eq \"work\"].value", "value": "b@x"},
        ]),
        &[("/emails", json!([{"value": "b@x", "type": "work"}]))],
    );
}

#[test]
fn managers_and_roles_as_the_service_sends_them() {
    let manager = format!("{ENTERPRISE}:manager");
    let pointer = format!("/{ENTERPRISE}/manager");
    check(json!([{"op": "Add", "path": manager, "value": "9"}]), &[(&pointer, json!({"value": "9"}))]);
    check(
        json!([{"op": "Add", "path": manager, "value": [{"$ref": "x", "value": "9"}]}]),
        &[(&pointer, json!({"value": "9", "$ref": "x"}))],
    );
    let set = json!({"op": "Add", "path": manager, "value": {"value": "9", "$ref": "../Users/9"}});
    for clear in [
        json!({"op": "Replace", "path": manager, "value": ""}),
        json!({"op": "Replace", "path": manager, "value": null}),
        json!({"op": "Replace", "path": manager, "value": []}),
        json!({"op": "Replace", "path": manager, "value": {"value": null}}),
        json!({"op": "Replace", "path": manager, "value": {"value": ""}}),
        json!({"op": "Replace", "path": manager, "value": [{"value": ""}]}),
        json!({"op": "Replace", "value": {ENTERPRISE: {"manager": {"value": ""}}}}),
        json!({"op": "Remove", "path": manager}),
        json!({"op": "remove", "path": format!("{manager}[value eq \"9\"]")}),
    ] {
        check(json!([set, clear]), &[(&format!("/{ENTERPRISE}"), json!(null)), ("/schemas", json!([urn::USER]))]);
    }
    check(
        json!([{"op": "Add", "path": "roles", "value": [{"value": "{\"id\":\"1\",\"value\":\"Admin\",\"display\":\"A\"}"}]}]),
        &[("/roles", json!([{"value": "Admin", "display": "A"}]))],
    );
}

#[test]
fn nulls_unassign() {
    check(
        json!([{"op": "replace", "value": {"name": {"givenName": null}, "emails": null, "active": null}}]),
        &[("/name", json!({"familyName": "Lee"})), ("/emails", json!(null)), ("/active", json!(null))],
    );
    check(
        json!([{"op": "replace", "path": "emails[type eq \"fax\"].value", "value": null}]),
        &[("/emails/2", json!(null))],
    );
    check(
        json!([{"op": "add", "path": "emails[type eq \"work\"]", "value": {}}]),
        &[("/emails", user()["emails"].clone())],
    );
    check(json!([{"op": "add", "path": "emails[type eq \"other\"]", "value": {}}]), &[("/emails/2", json!(null))]);
    check(json!([{"op": "replace", "path": "emails[type eq \"work\"]", "value": {}}]), &[("/emails/1", json!(null))]);
}

#[test]
fn what_cannot_be_done_is_refused() {
    for (operations, scim_type, detail) in [
        (
            json!([{"op": "replace", "path": "id", "value": "8"}]),
            ScimType::Mutability,
            "operation 1: `id` is readOnly, it can't become \"8\"",
        ),
        (
            json!([{"op": "add", "path": "meta.created", "value": "x"}]),
            ScimType::Mutability,
            "operation 1: `meta.created` is readOnly, it can't become \"x\"",
        ),
        (
            json!([{"op": "remove", "path": "userName"}]),
            ScimType::Mutability,
            "operation 1: `userName` is required, it can't be removed",
        ),
        (json!([{"op": "replace", "path": "userName", "value": ""}]), ScimType::InvalidValue, "`userName` is required"),
        (
            json!([{"op": "replace", "path": "shoeSize", "value": 4}]),
            ScimType::InvalidPath,
            "operation 1: `shoeSize` isn't an attribute of User",
        ),
        (
            json!([{"op": "replace", "value": {"shoe.size": 4}}]),
            ScimType::InvalidPath,
            "operation 1: `shoe.size` isn't an attribute of User",
        ),
        (
            json!([{"op": "replace", "path": "emails[kind eq 1].value", "value": "x"}]),
            ScimType::InvalidPath,
            "operation 1: `kind` isn't part of `emails`, so `emails[kind eq 1].value` leads nowhere",
        ),
        (
            json!([{"op": "replace", "path": "active", "value": "maybe"}]),
            ScimType::InvalidValue,
            "operation 1: `active` takes a boolean, not \"maybe\"",
        ),
        (
            json!([{"op": "replace", "path": "title", "value": 4}]),
            ScimType::InvalidValue,
            "operation 1: `title` takes a text, not 4",
        ),
        (
            json!([{"op": "replace", "path": "emails", "value": [{"primary": 1}]}]),
            ScimType::InvalidValue,
            "operation 1: in `emails`, `primary` takes a boolean, not 1",
        ),
        (
            json!([{"op": "remove", "path": "emails[primary gt true].value"}]),
            ScimType::InvalidFilter,
            "operation 1: `gt` can't compare `primary`, which is of type boolean",
        ),
        (
            json!([{"op": "remove", "path": "emails[type.x eq 1]"}]),
            ScimType::InvalidPath,
            "operation 1: `type.x` isn't part of `emails`, so `emails[type.x eq 1]` leads nowhere",
        ),
        (json!([{"op": "remove"}]), ScimType::NoTarget, "operation 1: `remove` needs a `path`"),
        (json!([{"op": "add", "path": "title"}]), ScimType::InvalidValue, "operation 1: `add` needs a `value`"),
        (
            json!([{"op": "add", "value": "x"}]),
            ScimType::InvalidValue,
            "operation 1: without a path, the value has to be an object",
        ),
        (
            json!([{"op": "move", "path": "title"}]),
            ScimType::InvalidSyntax,
            "operation 1: `op` is `add`, `replace` or `remove`",
        ),
        (
            json!([{"op": "add", "path": "a b", "value": 1}]),
            ScimType::InvalidPath,
            "operation 1: the path can't be read: expected the end of the path, found `b` at column 3",
        ),
        (json!([]), ScimType::InvalidSyntax, "`Operations` is empty"),
        (json!({}), ScimType::InvalidSyntax, "`Operations` of a PATCH body has to be an array"),
    ] {
        refuse(operations, scim_type, detail);
    }
}

#[test]
fn all_or_nothing() {
    let mut resource = Resource::from_value(user()).unwrap();
    let operations =
        json!([{"op": "replace", "path": "title", "value": "x"}, {"op": "replace", "path": "no", "value": 1}]);
    let body = json!({"schemas": [urn::PATCH_OP], "Operations": operations});
    let leniencies = Leniencies::ALL;
    let request = PatchRequest::parse(body, leniencies).unwrap();
    let error = apply(&mut resource, &request, &schema(), leniencies, &|| None).unwrap_err();
    assert_eq!(error.detail, "operation 2: `no` isn't an attribute of User");
    assert_eq!(resource.into_value(), user());
}

#[test]
fn says_whether_anything_changed() {
    for (operations, changed) in [
        (json!([{"op": "replace", "path": "active", "value": "True"}]), false),
        (json!([{"op": "add", "value": {"id": "7", "USERNAME": "ann"}}]), false),
        (json!([{"op": "add", "path": "emails", "value": {"type": "home", "value": "h@x"}}]), false),
        (json!([{"op": "remove", "path": "title"}]), false),
        (json!([{"op": "replace", "path": "userName", "value": "Ann"}]), true),
    ] {
        assert_eq!(patch(&user(), &operations, Leniencies::ALL).unwrap().1, changed, "{operations}");
    }
}

#[test]
fn what_strict_takes_as_well() {
    let strict = |operations: &Value| patch(&user(), operations, Leniencies::STRICT);
    for (operations, pointer, value) in [
        (json!([{"op": "remove", "path": "emails", "value": [{"value": "w@x"}]}]), "/emails", json!(null)),
        (json!([{"op": "remove", "path": "emails[value eq \"gone@x\"]"}]), "/emails/0/value", json!("w@x")),
        (json!([{"op": "add", "path": "emails", "value": {"value": "n@x"}}]), "/emails/2", json!({"value": "n@x"})),
        (json!([{"op": "add", "value": {"nickname": "Babs"}}]), "/nickName", json!("Babs")),
        (
            json!([{"op": "add", "value": {format!("{ENTERPRISE}:department"): "R&D"}}]),
            "/schemas",
            json!([urn::USER, ENTERPRISE]),
        ),
    ] {
        let (after, _) = strict(&operations).unwrap_or_else(|error| panic!("{operations}: {error}"));
        assert_eq!(after.pointer(pointer).unwrap_or(&Value::Null), &value, "{operations}");
    }
    for path in ["emails[type eq \"fax\"].value", "emails[type eq \"fax\"]"] {
        for op in ["add", "replace", "remove"] {
            let error = strict(&json!([{"op": op, "path": path, "value": "x"}])).unwrap_err();
            assert_eq!(error.scim_type, Some(ScimType::NoTarget), "{op} {path}");
        }
    }
}

#[test]
fn schemas_follow_from_what_is_there() {
    let set = json!({"op": "add", "path": format!("{ENTERPRISE}:department"), "value": "R&D"});
    let without = [("/schemas", json!([urn::USER])), (&format!("/{ENTERPRISE}"), json!(null))];
    for drop in [
        json!({"op": "remove", "path": format!("schemas[value eq \"{ENTERPRISE}\"]")}),
        json!({"op": "remove", "path": "schemas", "value": [ENTERPRISE]}),
        json!({"op": "replace", "path": "schemas", "value": [urn::USER]}),
    ] {
        check(json!([set, drop]), &without);
    }
    check(
        json!([set, {"op": "add", "path": "schemas", "value": [ENTERPRISE, "urn:x:y"]}]),
        &[("/schemas", json!([urn::USER, ENTERPRISE]))],
    );
    for drop in [
        json!({"op": "remove", "path": "schemas"}),
        json!({"op": "replace", "path": "schemas", "value": [ENTERPRISE]}),
        json!({"op": "remove", "path": format!("schemas[value sw \"urn:ietf\"]")}),
    ] {
        let error = patch(&user(), &json!([drop]), Leniencies::ALL).unwrap_err();
        assert_eq!(error.scim_type, Some(ScimType::Mutability), "{drop}");
    }
    let unknown = json!([{"op": "add", "path": "schemas", "value": ["urn:x:y"]}]);
    assert_eq!(patch(&user(), &unknown, Leniencies::STRICT).unwrap_err().scim_type, Some(ScimType::InvalidValue));
}

#[test]
fn an_extension_with_an_immutable_attribute_stays() {
    let mut enterprise = ResourceSchema::enterprise_user();
    enterprise.attributes.iter_mut().find(|it| it.name == "employeeNumber").unwrap().mutability = Mutability::Immutable;
    let schema = ResourceSchema::user().with_extension(enterprise);
    let before = |name: &str| json!([{"op": "add", "value": {format!("{ENTERPRISE}:{name}"): "1"}}]);
    for leniencies in [Leniencies::ALL, Leniencies::STRICT] {
        for operation in [
            json!({"op": "remove", "path": ENTERPRISE}),
            json!({"op": "replace", "path": ENTERPRISE, "value": null}),
            json!({"op": "replace", "value": {ENTERPRISE: null}}),
            json!({"op": "replace", "path": "schemas", "value": [urn::USER]}),
            json!({"op": "remove", "path": format!("schemas[value eq \"{ENTERPRISE}\"]")}),
        ] {
            let (without, _) = patch_as(&schema, &user(), &before("department"), leniencies).unwrap();
            let (after, _) = patch_as(&schema, &without, &json!([operation]), leniencies).unwrap();
            assert_eq!(after.get(ENTERPRISE), None, "{operation}");
            let (with, _) = patch_as(&schema, &user(), &before("employeeNumber"), leniencies).unwrap();
            let error = patch_as(&schema, &with, &json!([operation]), leniencies).unwrap_err();
            assert_eq!(error.scim_type, Some(ScimType::Mutability), "{operation}");
        }
    }
}

fn operation() -> impl Strategy<Value = Value> {
    let path = proptest::sample::select(vec![
        "title",
        "active",
        "name",
        "name.givenName",
        "emails",
        "emails[type eq \"work\"]",
        "emails[type eq \"fax\"].value",
        "emails.value",
        "emails[type eq \"work\" and primary eq true]",
        "emails.primary",
        "department",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
        "userName",
        "id",
        "roles",
        "schemas",
        "x509Certificates",
        "phoneNumbers[type eq \"work\"].value",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
    ]);
    let value = proptest::sample::select(vec![
        json!("x"),
        json!(""),
        json!(null),
        json!(true),
        json!(1),
        json!([]),
        json!({}),
        json!({"value": "v", "primary": true}),
        json!([{"value": "v", "type": "work"}]),
        json!({"givenName": "G", "department": "D"}),
        json!(["a", "b"]),
    ]);
    let op = proptest::sample::select(vec!["add", "replace", "remove"]);
    (op, path, value).prop_map(|(op, path, value)| json!({"op": op, "path": path, "value": value}))
}

proptest! {
    #[test]
    fn replacing_twice_is_replacing_once_and_nothing_invalid_is_left(
        operation in operation(),
        leniencies in proptest::sample::select(vec![Leniencies::ALL, Leniencies::STRICT]),
    ) {
        let operations = json!([operation]);
        if let Ok((once, _)) = patch(&user(), &operations, leniencies) {
            let Value::Object(members) = once.clone() else { unreachable!() };
            prop_assert_eq!(schema().check_schemas(&members, Leniencies::STRICT), Ok(()));
            let admitted = schema().admit(members, leniencies).unwrap().into_value();
            let mut expected = once.clone();
            expected.as_object_mut().unwrap().remove("id");
            prop_assert_eq!(admitted, expected);
            // what is unassigned, strictly no value filter matches any more
            let unassigns = operation["value"].is_null() || operation["value"] == json!({});
            if operation["op"] != "remove" && !unassigns {
                prop_assert_eq!(patch(&once, &operations, leniencies).unwrap(), (once, false));
            }
        }
    }

    #[test]
    fn many_operations_are_the_same_as_one_by_one(
        operations in proptest::collection::vec(operation(), 1..5),
        leniencies in proptest::sample::select(vec![Leniencies::ALL, Leniencies::STRICT]),
    ) {
        let at_once = patch(&user(), &json!(operations), leniencies).map(|(after, _)| after);
        let in_turn = operations.iter().try_fold(user(), |before, operation| {
            patch(&before, &json!([operation]), leniencies).map(|(after, _)| after)
        });
        // what one operation takes away, a later one may bring back: only the end has to be whole
        if let Ok(in_turn) = &in_turn {
            prop_assert_eq!(at_once.as_ref(), Ok(in_turn));
        }
        if let Ok(Value::Object(members)) = at_once {
            prop_assert_eq!(schema().check_schemas(&members, Leniencies::STRICT), Ok(()));
            prop_assert!(schema().admit(members, leniencies).is_ok());
        }
    }
}

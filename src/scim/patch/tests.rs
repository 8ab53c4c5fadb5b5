mod members;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::scim::{Resource, ResourceSchema, ScimType, urn};

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

fn patch(resource: &Value, operations: &Value, options: &PatchOptions) -> Result<(Value, bool), PatchError> {
    patch_as(&schema(), resource, operations, options)
}

fn patch_as(
    schema: &ResourceSchema,
    resource: &Value,
    operations: &Value,
    options: &PatchOptions,
) -> Result<(Value, bool), PatchError> {
    let request = PatchRequest::parse(json!({"schemas": [urn::PATCH_OP], "Operations": operations}), options)?;
    let mut resource = Resource::from_value(resource.clone()).unwrap();
    let changed = apply(&mut resource, &request, schema, options)?;
    Ok((resource.into_value(), changed))
}

/// Applies operations and compares what is at some JSON pointers.
#[expect(clippy::needless_pass_by_value, reason = "tables read better")]
#[track_caller]
fn check(operations: Value, expected: &[(&str, Value)]) {
    let (after, _) =
        patch(&user(), &operations, &PatchOptions::default()).unwrap_or_else(|e| panic!("{operations}: {e}"));
    for (pointer, value) in expected {
        assert_eq!(after.pointer(pointer).unwrap_or(&Value::Null), value, "{pointer} after {operations}");
    }
}

#[expect(clippy::needless_pass_by_value, reason = "tables read better")]
#[track_caller]
fn refuse(operations: Value, scim_type: ScimType, detail: &str) {
    let error = patch(&user(), &operations, &PatchOptions::default()).unwrap_err();
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
    let set = json!({"op": "Add", "path": manager, "value": "9"});
    for clear in [
        json!({"op": "Replace", "path": manager, "value": ""}),
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
}

#[test]
fn what_cannot_be_done_is_refused() {
    for (operations, scim_type, detail) in [
        (json!([{"op": "replace", "path": "id", "value": "8"}]), ScimType::Mutability, "operation 1: `id` is readOnly"),
        (
            json!([{"op": "add", "path": "meta.created", "value": "x"}]),
            ScimType::Mutability,
            "operation 1: `meta.created` is readOnly",
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
            json!([{"op": "remove", "path": "emails[type eq \"fax\"]"}]),
            ScimType::NoTarget,
            "operation 1: `emails[type eq \"fax\"]` matches no entry",
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
    let options = PatchOptions::default();
    let request = PatchRequest::parse(body, &options).unwrap();
    let error = apply(&mut resource, &request, &schema(), &options).unwrap_err();
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
        assert_eq!(patch(&user(), &operations, &PatchOptions::default()).unwrap().1, changed, "{operations}");
    }
}

#[test]
fn strict_takes_no_liberties() {
    for operations in [
        json!([{"op": "Replace", "path": "title", "value": "x"}]),
        json!([{"op": "replace", "path": "active", "value": "False"}]),
        json!([{"op": "replace", "path": "phoneNumbers[type eq \"work\"].value", "value": "1"}]),
        json!([{"op": "replace", "value": {"name.givenName": "x"}}]),
        json!([{"op": "add", "path": format!("{ENTERPRISE}:manager"), "value": "9"}]),
        json!([{"op": "replace", "path": "title", "value": [{"value": "x"}]}]),
    ] {
        assert!(patch(&user(), &operations, &PatchOptions::default()).is_ok(), "{operations}");
        assert!(patch(&user(), &operations, &PatchOptions::STRICT).is_err(), "{operations}");
    }
    let operations = json!([{"op": "remove", "path": "emails", "value": [{"value": "w@x"}]}]);
    let (after, _) = patch(&user(), &operations, &PatchOptions::STRICT).unwrap();
    assert_eq!(after.get("emails"), None);
}

#[test]
fn documents_are_admitted_in_canonical_form() {
    let document = json!({
        "schemas": ["urn:whatever"], "ID": "mine", "USERNAME": "ann", "shoeSize": 4, "title": null, "meta": {"version": "1"},
        "Emails": {"VALUE": "w@x", "Type": "work", "primary": "True"},
        ENTERPRISE.to_uppercase(): {"Department": "R&D", "unknown": 1},
    });
    let Value::Object(members) = document else { unreachable!() };
    let resource = schema().admit(members, &PatchOptions::default()).unwrap();
    assert_eq!(
        resource.into_value(),
        json!({
            "schemas": [urn::USER, ENTERPRISE], "userName": "ann",
            "emails": [{"value": "w@x", "type": "work", "primary": true}],
            ENTERPRISE: {"department": "R&D"},
        })
    );
}

#[test]
fn documents_that_do_not_fit_are_refused() {
    for (document, detail) in [
        (json!({}), "`userName` is required"),
        (json!({"userName": ""}), "`userName` is required"),
        (json!({"userName": 1}), "`userName` takes a text, not 1"),
        (json!({"userName": "a", "name": "Ann"}), "`name` takes an object, not \"Ann\""),
        (
            json!({"userName": "a", "emails": [{"value": "1", "primary": true}, {"value": "2", "primary": true}]}),
            "more than one entry of `emails` is primary",
        ),
    ] {
        let Value::Object(members) = document else { unreachable!() };
        assert_eq!(schema().admit(members, &PatchOptions::default()).unwrap_err().detail, detail);
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
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
        "userName",
        "id",
        "roles",
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
    let op = proptest::sample::select(vec!["add", "Replace", "remove"]);
    (op, path, value).prop_map(|(op, path, value)| json!({"op": op, "path": path, "value": value}))
}

proptest! {
    #[test]
    fn replacing_twice_is_replacing_once_and_nothing_invalid_is_left(operation in operation()) {
        let operations = json!([operation]);
        if let Ok((once, _)) = patch(&user(), &operations, &PatchOptions::default()) {
            let Value::Object(members) = once.clone() else { unreachable!() };
            let admitted = schema().admit(members, &PatchOptions::STRICT).unwrap().into_value();
            let mut expected = once.clone();
            expected.as_object_mut().unwrap().remove("id");
            prop_assert_eq!(admitted, expected);
            if operation["op"] != "remove" {
                prop_assert_eq!(patch(&once, &operations, &PatchOptions::default()).unwrap(), (once, false));
            }
        }
    }
}

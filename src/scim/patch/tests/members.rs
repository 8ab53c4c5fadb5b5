use super::*;

fn group() -> Value {
    json!({
        "schemas": [urn::GROUP],
        "displayName": "Design",
        "members": [{"value": "a"}, {"value": "b", "type": "User"}, {"value": "{c}"}]
    })
}

/// Applies operations and compares the members; null where none are left.
#[expect(clippy::needless_pass_by_value, reason = "tables read better")]
#[track_caller]
fn check(operations: Value, expected: Value) {
    let (after, changed) = patch_as(&ResourceSchema::group(), &group(), &operations, &PatchOptions::default()).unwrap();
    assert_eq!(after.get("members").unwrap_or(&Value::Null), &expected, "{operations}");
    assert_eq!(changed, expected != group()["members"], "{operations}");
}

#[test]
fn members_are_added_once() {
    for again in ["a", "b", "{c}"] {
        check(json!([{"op": "Add", "path": "members", "value": [{"value": again}]}]), group()["members"].clone());
    }
    check(
        json!([{"op": "Add", "path": "members", "value": [{"value": "a", "type": "User"}]}]),
        json!([{"value": "a", "type": "User"}, {"value": "b", "type": "User"}, {"value": "{c}"}]),
    );
    check(
        json!([
            {"op": "add", "path": "members", "value": [{"value": "d", "$ref": null}]},
            {"op": "add", "path": "members", "value": {"value": "e"}},
            {"op": "add", "path": "members", "value": [{"value": "d"}, {"value": "A"}]},
        ]),
        json!([
            {"value": "a"}, {"value": "b", "type": "User"}, {"value": "{c}"}, {"value": "d"}, {"value": "e"},
            {"value": "A"}
        ]),
    );
}

#[test]
fn members_are_removed_one_by_one() {
    check(
        json!([{"op": "Remove", "path": "members", "value": [{"value": "a"}, {"value": "x"}]}]),
        json!([{"value": "b", "type": "User"}, {"value": "{c}"}]),
    );
    check(
        json!([{"op": "remove", "path": "members[value eq \"b\"]"}, {"op": "remove", "path": "members[value eq \"{c}\"]"}]),
        json!([{"value": "a"}]),
    );
    for missing in ["x", "A", "{d}"] {
        check(
            json!([{"op": "remove", "path": format!("members[value eq \"{missing}\"]")}]),
            group()["members"].clone(),
        );
    }
    check(
        json!([
            {"op": "remove", "path": "members[value eq \"a\"]"},
            {"op": "remove", "path": "members[value eq \"x\"]"},
            {"op": "add", "path": "members", "value": [{"value": "a"}]},
            {"op": "remove", "path": "members[value eq \"b\"]"},
        ]),
        json!([{"value": "{c}"}, {"value": "a"}]),
    );
    check(json!([{"op": "remove", "path": "members"}]), json!(null));
}

#[test]
fn the_rfc_has_it_otherwise() {
    let strict = |operations: Value| patch_as(&ResourceSchema::group(), &group(), &operations, &PatchOptions::STRICT);
    let error = strict(json!([{"op": "remove", "path": "members[value eq \"x\"]"}])).unwrap_err();
    assert_eq!(error.scim_type, Some(ScimType::NoTarget));
    let (after, _) = strict(json!([{"op": "remove", "path": "members", "value": [{"value": "a"}]}])).unwrap();
    assert_eq!(after.get("members"), None);
}

#[test]
fn an_error_names_its_operation_though_neighbours_are_done_as_one() {
    let operations = json!([
        {"op": "add", "path": "members", "value": [{"value": "d"}]},
        {"op": "add", "path": "members", "value": [{"value": "e"}]},
        {"op": "add", "path": "members", "value": [{"value": 5}]},
    ]);
    let error = patch_as(&ResourceSchema::group(), &group(), &operations, &PatchOptions::default()).unwrap_err();
    assert_eq!(error.detail, "operation 3: in `members`, `value` takes a text, not 5");
}

#[test]
fn empty_lists_of_a_document_stay() {
    let Value::Object(members) = json!({"displayName": "Design", "members": []}) else { unreachable!() };
    let admitted = ResourceSchema::group().admit(members, &PatchOptions::default()).unwrap();
    assert_eq!(admitted.get("members"), Some(&json!([])));
}

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
    let (after, changed) = patch_as(&ResourceSchema::group(), &group(), &operations, Leniencies::ALL).unwrap();
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

/// Adds entries to an attribute in one operation, in one each, and in one request each.
fn added_in_three_ways(path: &str, before: &Value, added: &[Value]) -> [Value; 3] {
    let (schema, mut resource) =
        if path == "members" { (ResourceSchema::group(), group()) } else { (schema(), user()) };
    resource[path] = before.clone();
    let add = |entry: &Value| json!({"op": "add", "path": path, "value": entry});
    let send =
        |resource: &Value, operations: &Value| patch_as(&schema, resource, operations, Leniencies::ALL).unwrap().0;
    let operations = json!(added.iter().map(add).collect::<Vec<_>>());
    let requests = added.iter().fold(resource.clone(), |resource, entry| send(&resource, &json!([add(entry)])));
    [send(&resource, &json!([add(&json!(added))])), send(&resource, &operations), requests]
        .map(|mut after| after[path].take())
}

#[test]
fn an_entry_that_was_given_a_type_has_it_from_then_on() {
    for (before, added, expected) in [
        (
            json!([]),
            json!([{"value": "x"}, {"value": "x", "type": "work"}, {"value": "x", "type": "home"}]),
            json!([{"value": "x", "type": "work"}, {"value": "x", "type": "home"}]),
        ),
        (
            json!([{"value": "x"}, {"value": "x"}]),
            json!([{"value": "x", "type": "work"}, {"value": "x", "type": "home"}, {"value": "X", "display": "X"}]),
            json!([{"value": "x", "type": "work", "display": "X"}, {"value": "x", "type": "home"}]),
        ),
    ] {
        for after in added_in_three_ways("emails", &before, added.as_array().unwrap()) {
            assert_eq!(after, expected, "{added} to {before}");
        }
    }
}

#[test]
fn a_member_is_its_value() {
    let added =
        json!([{"value": "x", "type": "User"}, {"value": "x", "type": "Group", "display": "X"}, {"value": "X"}]);
    for after in added_in_three_ways("members", &json!([]), added.as_array().unwrap()) {
        assert_eq!(after, json!([{"value": "x", "type": "User", "display": "X"}, {"value": "X"}]));
    }
    check(
        json!([{"op": "replace", "path": "members", "value": [{"value": "d"}, {"value": "d", "type": "User"}]}]),
        json!([{"value": "d", "type": "User"}]),
    );
    for listed in [json!({"value": "b", "type": "Group"}), json!({"value": "b", "display": "B", "$ref": "../Users/b"})]
    {
        check(
            json!([{"op": "remove", "path": "members", "value": [listed]}]),
            json!([{"value": "a"}, {"value": "{c}"}]),
        );
    }
}

#[test]
fn a_member_has_a_value() {
    for nobody in [json!({"display": "x"}), json!({"value": ""}), json!({"value": null, "type": "User"})] {
        for operation in [
            json!({"op": "add", "path": "members", "value": [nobody]}),
            json!({"op": "replace", "path": "members", "value": [{"value": "d"}, nobody]}),
            json!({"op": "add", "value": {"members": [nobody]}}),
        ] {
            let error = patch_as(&ResourceSchema::group(), &group(), &json!([operation]), Leniencies::ALL).unwrap_err();
            let found = (error.scim_type, error.detail.as_str());
            assert_eq!(found, (Some(ScimType::InvalidValue), "`members.value` is required"), "{operation}");
        }
        let Value::Object(document) = json!({"displayName": "Design", "members": [nobody]}) else { unreachable!() };
        let error = ResourceSchema::group().admit(document, Leniencies::ALL).unwrap_err();
        assert_eq!(error.scim_type, Some(ScimType::InvalidValue), "{nobody}");
    }
}

fn entry() -> impl Strategy<Value = Value> {
    let value = proptest::sample::select(vec!["x", "y"]);
    let kind = proptest::sample::select(vec![json!(null), json!("User"), json!("Group")]);
    let display = proptest::sample::select(vec![json!(null), json!("a"), json!("b")]);
    (value, kind, display).prop_map(|(value, kind, display)| {
        let mut entry = json!({ "value": value });
        for (name, part) in [("type", kind), ("display", display)] {
            if !part.is_null() {
                entry[name] = part;
            }
        }
        entry
    })
}

fn list() -> impl Strategy<Value = Vec<Value>> {
    proptest::collection::vec(entry(), 1..6)
}

proptest! {
    #[test]
    fn entries_added_at_once_are_added_one_after_the_other(
        path in proptest::sample::select(vec!["members", "emails"]),
        before in list(),
        added in list(),
    ) {
        let [at_once, each, apart] = added_in_three_ways(path, &json!(before), &added);
        prop_assert_eq!(&at_once, &apart);
        prop_assert_eq!(&each, &apart);
    }
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
    let strict = |operations: Value| patch_as(&ResourceSchema::group(), &group(), &operations, Leniencies::STRICT);
    let (after, _) = strict(json!([{"op": "remove", "path": "members", "value": [{"value": "a"}]}])).unwrap();
    assert_eq!(after.get("members"), None);
    let (_, changed) = strict(json!([{"op": "remove", "path": "members[value eq \"x\"]"}])).unwrap();
    assert!(!changed, "RFC 7644 section 3.5.2.2: a success, though nobody was removed");
}

#[test]
fn parts_of_members_are_immutable() {
    let path = "members[value eq \"b\"]";
    for operation in [
        json!({"op": "replace", "path": format!("{path}.value"), "value": "c"}),
        json!({"op": "add", "path": path, "value": {"type": "Group"}}),
        json!({"op": "remove", "path": format!("{path}.type")}),
        json!({"op": "replace", "path": "members.value", "value": "c"}),
    ] {
        let error = patch_as(&ResourceSchema::group(), &group(), &json!([operation]), Leniencies::ALL).unwrap_err();
        assert_eq!(error.scim_type, Some(ScimType::Mutability), "{operation}");
    }
    check(
        json!([{"op": "replace", "path": path, "value": {"value": "c"}}]),
        json!([{"value": "a"}, {"value": "c"}, {"value": "{c}"}]),
    );
    check(
        json!([{"op": "add", "path": "members[value eq \"a\"]", "value": {"type": "User"}}]),
        json!([{"value": "a", "type": "User"}, {"value": "b", "type": "User"}, {"value": "{c}"}]),
    );
    check(
        json!([{"op": "add", "path": "members", "value": [{"value": "b", "type": "User"}]}]),
        group()["members"].clone(),
    );
}

#[test]
fn an_error_names_its_operation_though_neighbours_are_done_as_one() {
    let operations = json!([
        {"op": "add", "path": "members", "value": [{"value": "d"}]},
        {"op": "add", "path": "members", "value": [{"value": "e"}]},
        {"op": "add", "path": "members", "value": [{"value": 5}]},
    ]);
    let error = patch_as(&ResourceSchema::group(), &group(), &operations, Leniencies::ALL).unwrap_err();
    assert_eq!(error.detail, "operation 3: in `members`, `value` takes a text, not 5");
}

#[test]
fn empty_lists_of_a_document_stay() {
    let Value::Object(members) = json!({"displayName": "Design", "members": []}) else { unreachable!() };
    let admitted = ResourceSchema::group().admit(members, Leniencies::ALL).unwrap();
    assert_eq!(admitted.get("members"), Some(&json!([])));
}

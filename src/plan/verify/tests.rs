//! What endpoints make of values, each with the sentence for its owner.

use serde_json::json;

use super::*;

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const WORK: &str = "emails[type eq \"work\"].value";

fn attribute(name: &str) -> TargetAttribute {
    TargetAttribute {
        name: name.to_owned(),
        path: AttributePath::parse(name).unwrap(),
        kind: match name {
            "active" => AttributeType::Boolean,
            "profileUrl" => AttributeType::Reference,
            name if name.ends_with(":manager") => AttributeType::Reference,
            _ => AttributeType::String,
        },
        multivalued: false,
        case_exact: false,
        required: false,
        mutability: if name == "password" { Mutability::WriteOnly } else { Mutability::ReadWrite },
    }
}

fn resource(value: Value) -> Resource {
    Resource::from_value(value).unwrap()
}

/// One attribute, sent and read back.
fn one(op: ChangeOp, name: &str, value: &Value, after: Value) -> Option<String> {
    let sent = Sent { attribute: &attribute(name), op, value };
    let deviations = attributes(&[sent], None, &resource(after));
    assert!(deviations.len() <= 1, "{deviations:?}");
    deviations.first().map(|deviation| format!("{:?}: {deviation}", deviation.kind))
}

#[test]
fn values_that_took_effect() {
    let department = &format!("{ENTERPRISE}:department");
    let role = json!({"value": "{\"id\":\"1\",\"value\":\"Admin\",\"displayName\":\"Administrator\"}"});
    for (name, value, after) in [
        ("title", json!("Chief"), json!({"Title": "Chief"})),
        ("active", json!("False"), json!({"active": false})),
        ("name.givenName", json!("Ann"), json!({"name": {"givenName": "Ann"}})),
        (WORK, json!("a@b.c"), json!({"emails": [{"type": "home", "value": "x"}, {"type": "work", "value": "a@b.c"}]})),
        (department, json!("R&D"), json!({ENTERPRISE: {"department": "R&D"}})),
        (&format!("{ENTERPRISE}:manager"), json!("m-1"), json!({ENTERPRISE: {"manager": {"value": "m-1"}}})),
        // It stands in its place, so the copy is nobody's business.
        (department, json!("R&D"), json!({ENTERPRISE: {"department": "R&D"}, department: "R&D"})),
        ("title", json!(""), json!({"title": null})),
        ("title", json!(null), json!({})),
        ("password", json!("s3cret"), json!({})),
        ("roles[primary eq \"True\"].value", json!([role]), json!({"roles": [{"value": "User"}, {"value": "Admin"}]})),
        ("roles", json!([{"value": "Admin"}]), json!({"roles": ["Admin"]})),
        ("roles.value", json!(["Admin", "User"]), json!({"roles": [{"value": "User"}, {"value": "Admin"}]})),
        ("name.tags", json!(["a", "b"]), json!({"name": {"tags": ["b", "a"]}})),
        ("tags", json!("a"), json!({"tags": ["b", "A", "a"]})),
        ("tags", json!(["a"]), json!({"tags": ["b", "a"]})),
        // Letter case says nothing here.
        ("x", json!("True"), json!({"x": "true"})),
        ("profileUrl", json!("https://H.example/Ann"), json!({"profileUrl": "https://h.example/Ann"})),
        (&format!("{ENTERPRISE}:manager"), json!("M-1"), json!({ENTERPRISE: {"manager": {"value": "m-1"}}})),
    ] {
        assert_eq!(one(ChangeOp::Add, name, &value, after.clone()), None, "{name} {value} {after}");
    }
}

#[test]
fn values_that_did_not() {
    use ChangeOp::{Add, Replace};

    let manager = &format!("{ENTERPRISE}:manager");
    let department = &format!("{ENTERPRISE}:department");
    for (op, name, value, after, expected) in [
        (Add, "title", json!("Chief"), json!({}), "Dropped: `title` was sent as \"Chief\" but has no value afterwards"),
        (Add, "title", json!("Chief"), json!({"title": ""}), "Dropped: `title` was sent as"),
        (
            Replace,
            "title",
            json!("Chief"),
            json!({"title": "Boss"}),
            "Changed: `title` was sent as \"Chief\" but is \"Boss\" afterwards",
        ),
        (
            Replace,
            manager,
            json!(""),
            json!({ENTERPRISE: {"manager": "m-1"}}),
            &format!("Changed: `{manager}` was cleared but is still \"m-1\" afterwards"),
        ),
        (Replace, "tags", json!(["a"]), json!({"tags": ["b", "a"]}), "Changed: `tags` was sent as [\"a\"]"),
        (Replace, "tags", json!("a"), json!({"tags": ["b", "a"]}), "Changed: `tags` was sent as \"a\""),
        (Add, "tags", json!(["a", "c"]), json!({"tags": ["b", "a"]}), "Changed: `tags` was sent as"),
        (Add, "roles", json!([{"value": "Admin"}]), json!({"roles": [{"value": "User"}]}), "Changed: `roles`"),
        (
            Replace,
            "active",
            json!("True"),
            json!({"active": "True"}),
            "StringForBoolean: `active` is the text \"True\" afterwards, where JSON has true and false for booleans",
        ),
        (Replace, "active", json!(false), json!({"active": "True"}), "Changed: `active`"),
        (
            Replace,
            "displayName",
            json!("Ann"),
            json!({"displayName": "ANN"}),
            "CaseChanged: `displayName` was sent as \"Ann\" but is \"ANN\" afterwards, in another letter case",
        ),
        (Add, "userName", json!("Ärger@b.c"), json!({"userName": "ärger@b.c"}), "CaseChanged: `userName`"),
        (Add, WORK, json!("a@b.c"), json!({"emails": [{"type": "work", "value": "A@b.c"}]}), "CaseChanged: `emails"),
        (Add, "tags", json!("a"), json!({"tags": ["b", "A"]}), "CaseChanged: `tags`"),
        (Add, "tags", json!(["a", "B"]), json!({"tags": ["b", "a"]}), "CaseChanged: `tags`"),
        (Add, "name.givenName", json!("Ann"), json!({"name.givenName": "ANN"}), "StoredLiterally: `name"),
        (Replace, "x", json!(false), json!({"x": "false"}), "StringForBoolean: `x`"),
        (
            Replace,
            "name.givenName",
            json!("Ann"),
            json!({"Name.givenName": "Ann", "name": {"givenName": "Old"}}),
            "StoredLiterally: `name.givenName` was stored under its path as if that were a name, instead of where it \
             leads",
        ),
        (Add, "name.givenName", json!("Ann"), json!({"name.givenName": "Bob"}), "Dropped: `name.givenName`"),
        (Add, WORK, json!("a@b.c"), json!({WORK: "a@b.c"}), "StoredLiterally: `emails"),
        (Add, WORK, json!("a@b.c"), json!({"emails[type eq \"work\"]": {"value": "a@b.c"}}), "StoredLiterally:"),
        (Add, department, json!("R&D"), json!({department: "R&D"}), "StoredLiterally:"),
        (
            Add,
            department,
            json!("R&D"),
            json!({"urn:ietf:params:scim:schemas:extension:enterprise:2": {"0:User:department": "R&D"}}),
            "StoredLiterally:",
        ),
        (
            Add,
            &format!("{manager}.value"),
            json!("m-1"),
            json!({ENTERPRISE: {"manager.value": "m-1"}}),
            "StoredLiterally:",
        ),
    ] {
        let found = one(op, name, &value, after.clone()).unwrap_or_default();
        assert!(found.starts_with(expected), "{name} {value} {after}\n{found}");
    }
}

#[test]
fn a_patch_that_changes_nothing() {
    let check = |before: Option<Value>, after: Value, expected: &[(&str, DeviationKind)]| {
        let names = ["title", "name.givenName", "active"].map(attribute);
        let values = [json!("Chief"), json!("Ann"), json!("True")];
        let sent: Vec<_> = names
            .iter()
            .zip(&values)
            .map(|(attribute, value)| Sent { attribute, op: ChangeOp::Replace, value })
            .collect();
        let found = attributes(&sent, before.clone().map(resource).as_ref(), &resource(after.clone()));
        let found: Vec<_> = found.iter().map(|each| (each.attribute.as_str(), each.kind)).collect();
        assert_eq!(found, expected, "{before:?} {after}");
    };
    let old = json!({"id": "7", "title": "Boss", "active": true, "meta": {"version": "1"}});
    let touched = json!({"active": true, "title": "Boss", "id": "7", "nickName": "x"});
    let same = json!({"active": true, "title": "Boss", "id": "7", "Meta": {"version": "2"}});
    check(Some(old.clone()), same, &[("title, name.givenName", DeviationKind::NoOp)]);
    check(Some(old.clone()), touched, &[("title", DeviationKind::Changed), ("name.givenName", DeviationKind::Dropped)]);
    check(None, old.clone(), &[("title", DeviationKind::Changed), ("name.givenName", DeviationKind::Dropped)]);
    let upper = json!({"title": "CHIEF", "name": {"givenName": "Ann"}, "active": true});
    check(Some(upper.clone()), upper, &[("title", DeviationKind::CaseChanged)]);
    let done = json!({"title": "Chief", "name": {"givenName": "Ann"}, "active": "True"});
    check(Some(done.clone()), done, &[("active", DeviationKind::StringForBoolean)]);
    let no_op = Deviation { attribute: "title, active".to_owned(), sent: None, found: None, kind: DeviationKind::NoOp };
    assert_eq!(no_op.to_string(), "the PATCH of title, active was answered with success but changed nothing");
}

#[test]
fn members_of_a_group() {
    let check = |added: &[&str], removed: &[&str], kept: &[&str], after: Value, expected: &[&str]| {
        let deviations = members(&SentMembers { added, removed, kept }, &resource(after.clone()));
        let found: Vec<_> = deviations.iter().map(ToString::to_string).collect();
        assert_eq!(found, expected, "{after}");
    };
    let missing = |id: &str| format!("the group doesn't have the member \"{id}\" that it should have");
    let emptied =
        "some members were removed and none is left: either all of them were removed, or none was ever stored";
    check(&["a"], &[], &[], json!({"members": [{"value": "A"}]}), &[]);
    check(&["a", "7"], &[], &[], json!({"Members": ["a", {"Value": 7}]}), &[]);
    check(&["a"], &[], &[], json!({"members": {"value": "a"}}), &[]);
    check(&["a", "b"], &[], &["c"], json!({"members": [{"value": "a"}]}), &[&missing("b"), &missing("c")]);
    check(&["a"], &[], &[], json!({}), &[&missing("a")]);
    check(&[], &["a"], &[], json!({"members": []}), &[]);
    check(&[], &["a"], &[], json!({"members": null}), &[]);
    check(
        &[],
        &["a"],
        &["b"],
        json!({"members": [{"value": "a"}, {"value": "b"}]}),
        &["the member \"a\" was removed but is still in the group"],
    );
    check(&[], &["a"], &["b", "c"], json!({"members": []}), &[emptied]);
    check(&["d"], &["a"], &["b"], json!({}), &[emptied, &missing("d")]);
    let twice = json!({"members": [{"value": "a"}, {"value": "b"}, {"value": "A"}, {"value": "c"}, {"value": "c"}]});
    check(&["a"], &[], &["b"], twice, &["the member \"a\" is in the group more than once"]);
}

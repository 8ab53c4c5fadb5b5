use serde_json::{Value, json};

use super::*;
use crate::scim::{Filter, PatchRequest, Resource, ResourceSchema, apply, urn};

const ENTERPRISE: &str = urn::ENTERPRISE_USER;

/// What is only taken where a leniency is allowed.
enum Example {
    Document(Value),
    Operation(Value),
    Filter(&'static str),
}

use Example::{Document, Operation};

/// For each leniency at least one thing that it is about.
fn examples(leniency: Leniency) -> Vec<Example> {
    let operation = |path: &str, value: Value| Operation(json!({"op": "replace", "path": path, "value": value}));
    let user = |name: &str, value: Value| Document(json!({"schemas": [urn::USER], "userName": "ann", name: value}));
    match leniency {
        Leniency::OperationCase => vec![Operation(json!({"op": "Add", "path": "title", "value": "x"}))],
        Leniency::StringBooleans => vec![
            operation("active", json!("False")),
            user("active", json!("true")),
            operation("roles[primary eq \"True\"].value", json!("Admin")),
            Example::Filter("active eq \"True\""),
        ],
        Leniency::StringNumbers => vec![user("shoeSize", json!("43")), Example::Filter("shoeSize gt \"40\"")],
        Leniency::FilteredEntries => vec![
            operation("emails[type eq \"work\"].value", json!("a@b")),
            Operation(json!({"op": "add", "path": "emails[type eq \"work\"].value", "value": "a@b"})),
        ],
        // they decide what something means, not whether it is taken
        Leniency::ValueListRemoval | Leniency::JsonInStrings => vec![],
        Leniency::MissingRemovals => vec![Operation(json!({"op": "remove", "path": "emails[type eq \"work\"]"}))],
        Leniency::DottedKeys => vec![Operation(json!({"op": "add", "value": {"name.givenName": "Ann"}}))],
        Leniency::BareNames => vec![operation("department", json!("R&D")), Example::Filter("department eq \"R&D\"")],
        Leniency::BareReferences => vec![
            operation(&format!("{ENTERPRISE}:manager"), json!("7")),
            Document(json!({
                "schemas": [urn::USER, ENTERPRISE], "userName": "ann", ENTERPRISE: {"manager": "7"},
            })),
        ],
        Leniency::WrappedValues => vec![
            operation("title", json!([{"$ref": null, "value": "Boss"}])),
            operation("title", json!(["Boss"])),
            user("title", json!({"value": "Boss"})),
        ],
        Leniency::SingleValues => vec![
            user("emails", json!({"value": "a@b"})),
            operation("emails", json!({"value": "a@b"})),
            Operation(json!({"op": "add", "value": {"emails": {"value": "a@b"}}})),
            Operation(json!({"op": "replace", "value": {"schemas": [urn::USER], "emails": {"value": "a@b"}}})),
        ],
        Leniency::EmptyTexts => vec![user("active", json!("")), operation("shoeSize", json!(""))],
        Leniency::LooseSchemas => vec![
            Document(json!({"schemas": [urn::USER, "urn:example:other"], "userName": "ann"})),
            Document(json!({"schemas": [urn::USER, urn::USER], "userName": "ann"})),
            operation("schemas", json!([urn::USER, "urn:example:other"])),
        ],
        Leniency::UnlistedExtensions => vec![user(ENTERPRISE, json!({"department": "R&D"}))],
        Leniency::UnknownAttributes => vec![
            user("hatSize", json!(58)),
            user("name", json!({"nickName": "Annie"})),
            operation("emails", json!([{"value": "a@b", "id": "1"}])),
        ],
        Leniency::OtherValues => vec![
            user("emails", json!([{"value": "a@b", "type": "office"}])),
            operation("emails[type eq \"office\"].value", json!("a@b")),
        ],
        Leniency::LooseFormats => {
            vec![user("profileUrl", json!("none yet")), user("x509Certificates", json!([{"value": "none yet"}]))]
        }
    }
}

fn schema() -> ResourceSchema {
    let mut users = ResourceSchema::user();
    users.attributes.push(crate::scim::Attribute::new("shoeSize", crate::scim::AttributeType::Integer));
    users.with_extension(ResourceSchema::enterprise_user())
}

fn patched(operation: &Value, leniencies: Leniencies) -> Result<Value, String> {
    let body = json!({"schemas": [urn::PATCH_OP], "Operations": [operation]});
    let request = PatchRequest::parse(body, leniencies).map_err(|error| error.to_string())?;
    let before = json!({"schemas": [urn::USER], "userName": "ann", "roles": [{"value": "a"}, {"value": "b"}]});
    let mut resource = Resource::from_value(before).unwrap();
    apply(&mut resource, &request, &schema(), leniencies, &|| None).map_err(|error| error.to_string())?;
    Ok(resource.into_value())
}

fn attempt(example: &Example, leniencies: Leniencies) -> Result<(), String> {
    match example {
        Document(document) => {
            let members = document.as_object().unwrap();
            schema().check_schemas(members, leniencies).map_err(|error| error.to_string())?;
            schema().admit(members.clone(), leniencies).map(drop).map_err(|error| error.to_string())
        }
        Operation(operation) => patched(operation, leniencies).map(drop),
        Example::Filter(text) => {
            Filter::parse(text).unwrap().check(&[&schema()], leniencies).map_err(|error| error.to_string())
        }
    }
}

fn told(example: &Example) -> String {
    match example {
        Document(value) | Operation(value) => value.to_string(),
        Example::Filter(text) => (*text).to_owned(),
    }
}

#[test]
fn each_decides_what_it_is_about() {
    for leniency in Leniency::ALL {
        for example in examples(leniency) {
            let told = told(&example);
            assert_eq!(attempt(&example, Leniencies::ALL), Ok(()), "{leniency}: {told}");
            assert!(attempt(&example, Leniencies::ALL.without(leniency)).is_err(), "{leniency}: {told}");
            assert!(attempt(&example, Leniencies::STRICT).is_err(), "{leniency}: {told}");
        }
    }
}

#[test]
fn two_of_them_decide_what_something_means() {
    let remove = json!({"op": "remove", "path": "roles", "value": [{"value": "a"}]});
    let add = json!({"op": "add", "path": "roles", "value": [{"value": "{\"value\":\"c\"}"}]});
    for (operation, leniency, lenient, otherwise) in [
        (remove, Leniency::ValueListRemoval, json!([{"value": "b"}]), json!(null)),
        (
            add,
            Leniency::JsonInStrings,
            json!([{"value": "a"}, {"value": "b"}, {"value": "c"}]),
            json!([{"value": "a"}, {"value": "b"}, {"value": "{\"value\":\"c\"}"}]),
        ),
    ] {
        for (leniencies, expected) in [
            (Leniencies::ALL, &lenient),
            (Leniencies::ALL.without(leniency), &otherwise),
            (Leniencies::STRICT, &otherwise),
        ] {
            let after = patched(&operation, leniencies).unwrap();
            assert_eq!(after.get("roles").unwrap_or(&Value::Null), expected, "{leniency}");
        }
    }
}

#[test]
fn each_is_turned_off_by_itself() {
    for off in Leniency::ALL {
        let leniencies = Leniencies::default().without(off);
        for leniency in Leniency::ALL {
            assert_eq!(leniencies.allow(leniency), leniency != off, "{leniency} without {off}");
            assert!(!Leniencies::STRICT.allow(leniency));
        }
    }
    let none = Leniency::ALL.into_iter().fold(Leniencies::ALL, Leniencies::without);
    assert_eq!(none, Leniencies::STRICT);
}

#[test]
fn names_are_found_and_near_ones_suggested() {
    for leniency in Leniency::ALL {
        assert_eq!(Leniency::parse(leniency.name()), Ok(leniency));
        let explanation = leniency.explanation();
        assert!(explanation.ends_with('.') && !explanation[..explanation.len() - 1].contains(". "), "{leniency}");
    }
    let error = Leniency::parse("dotted-key").unwrap_err();
    assert_eq!(error, "there is no leniency `dotted-key`, did you mean `dotted-keys`?");
    assert!(Leniency::parse("x").unwrap_err().contains("only operation-case, string-booleans"));
}

use serde_json::{Value, json};

use crate::scim::{
    Attribute, AttributeType, Leniencies, Mutability, PatchError, Resource, ResourceSchema, ScimType, urn,
};

const ENTERPRISE: &str = urn::ENTERPRISE_USER;

fn schema() -> ResourceSchema {
    ResourceSchema::user().with_extension(ResourceSchema::enterprise_user())
}

#[expect(clippy::needless_pass_by_value, reason = "tables read better")]
fn admit(document: Value, leniencies: Leniencies) -> Result<Value, PatchError> {
    let members = document.as_object().unwrap().clone();
    schema().admit(members, leniencies).map(Resource::into_value)
}

#[test]
fn documents_are_admitted_in_canonical_form() {
    let document = json!({
        "schemas": ["urn:whatever"], "ID": "mine", "USERNAME": "ann", "shoeSize": 4, "title": null, "meta": {"version": "1"},
        "Emails": {"VALUE": "w@x", "Type": "work", "primary": "True"},
        ENTERPRISE.to_uppercase(): {"Department": "R&D", "unknown": 1},
    });
    let Value::Object(members) = document else { unreachable!() };
    let resource = schema().admit(members, Leniencies::ALL).unwrap();
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
            "more than one entry of `emails` is primary, among them {\"value\":\"2\",\"primary\":true}",
        ),
    ] {
        let Value::Object(members) = document else { unreachable!() };
        assert_eq!(schema().admit(members, Leniencies::ALL).unwrap_err().detail, detail);
    }
}

#[test]
fn an_entry_is_kept_once() {
    let document = json!({
        "userName": "a",
        "emails": [
            {"value": "a@x", "type": "work", "primary": true}, {"value": "A@X", "type": "work", "primary": true},
            {"value": "a@x", "type": "home"},
        ],
        "addresses": [{"locality": "Oslo"}, {"locality": "oslo"}, {"locality": "Oslo", "type": "work"}],
    });
    let admitted = admit(document, Leniencies::STRICT).unwrap();
    assert_eq!(
        (&admitted["emails"], &admitted["addresses"]),
        (
            &json!([{"value": "a@x", "type": "work", "primary": true}, {"value": "a@x", "type": "home"}]),
            &json!([{"locality": "Oslo"}, {"locality": "Oslo", "type": "work"}]),
        )
    );
}

#[test]
fn strict_has_every_value_as_its_attribute_says() {
    for (document, detail) in [
        (json!({"active": "True"}), "`active` takes a boolean, not \"True\""),
        (json!({"active": ""}), "`active` takes a boolean, not \"\""),
        (json!({"emails": {"value": "a@b"}}), "`emails` takes a list, not {\"value\":\"a@b\"}"),
        (json!({"emails": ["a@b"]}), "`emails` takes an object, not \"a@b\""),
        (json!({"emails": [{"type": "office"}]}), "in `emails`, `type` takes one of work, home, other, not \"office\""),
        (json!({"emails": [{"kind": "x"}]}), "`kind` isn't part of `emails`"),
        (json!({"title": ["Boss"]}), "`title` takes a text, not [\"Boss\"]"),
        (json!({"title": {"value": "Boss"}}), "`title` takes a text, not {\"value\":\"Boss\"}"),
        (json!({"shoeSize": 4}), "`shoeSize` isn't an attribute of User"),
        (json!({ENTERPRISE: {"shoeSize": 4}}), "`shoeSize` isn't an attribute of EnterpriseUser"),
        (json!({ENTERPRISE: {"manager": "7"}}), "`manager` takes an object, not \"7\""),
        (json!({"profileUrl": "no picture"}), "`profileUrl` takes a URI, not \"no picture\""),
        (json!({"x509Certificates": [{"value": "no!"}]}), "in `x509Certificates`, `value` takes base64, not \"no!\""),
    ] {
        let with_name = |mut document: Value| {
            document["userName"] = json!("ann");
            document
        };
        assert_eq!(admit(with_name(document.clone()), Leniencies::STRICT).unwrap_err().detail, detail);
    }
}

#[test]
fn strict_takes_what_the_rfc_has() {
    let document = json!({
        "schemas": [urn::USER, ENTERPRISE],
        "id": "mine", "meta": {"resourceType": "User"}, "groups": [{"value": "g"}],
        "userName": "ann", "title": "", "displayName": null, "roles": [],
        "emails": [{"value": "a@b", "type": "WORK", "primary": true}, {"value": "a@b", "type": "home", "primary": false}],
        "x509Certificates": [{"value": "AAE"}],
        "photos": [{"value": "https://example.com/p?x=%20", "type": "photo"}],
        "profileUrl": "../profiles/ann",
        ENTERPRISE: {"manager": {"value": "7", "displayName": "read-only", "$ref": "../Users/7"}},
    });
    schema().check_schemas(document.as_object().unwrap(), Leniencies::STRICT).unwrap();
    let admitted = admit(document, Leniencies::STRICT).unwrap();
    for name in ["id", "meta", "groups", "displayName"] {
        assert_eq!(admitted.get(name), None, "{name}");
    }
    assert_eq!(admitted["roles"], json!([]));
    assert_eq!(admitted["emails"][0]["type"], "WORK");
    assert_eq!(admitted[ENTERPRISE], json!({"manager": {"value": "7", "$ref": "../Users/7"}}));
}

#[test]
fn schemas_name_what_the_document_is() {
    let lenient_alone = [
        json!({"schemas": [urn::USER, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/User"]}),
        json!({"schemas": [urn::USER, urn::USER.to_lowercase()]}),
        json!({"schemas": [urn::USER, 7]}),
        json!({"schemas": [urn::USER], ENTERPRISE: {"department": "R&D"}}),
    ];
    for document in &lenient_alone {
        let document = document.as_object().unwrap();
        schema().check_schemas(document, Leniencies::ALL).unwrap();
        let error = schema().check_schemas(document, Leniencies::STRICT).unwrap_err();
        assert_eq!(error.scim_type, Some(ScimType::InvalidValue), "{document:?}");
    }
    for document in [
        json!({"schemas": [urn::USER.to_uppercase()]}),
        json!({"schemas": [ENTERPRISE, urn::USER]}),
        json!({"schemas": [urn::USER, ENTERPRISE], ENTERPRISE: {"department": "R&D"}}),
    ] {
        schema().check_schemas(document.as_object().unwrap(), Leniencies::STRICT).unwrap();
    }
    for document in [json!({}), json!({"schemas": []}), json!({"schemas": [ENTERPRISE]}), json!({"schemas": urn::USER})]
    {
        schema().check_schemas(document.as_object().unwrap(), Leniencies::ALL).unwrap_err();
    }
}

/// A schema with every mutability, required parts and a secret.
fn custom() -> ResourceSchema {
    let attribute =
        |name: &'static str, mutability| Attribute { mutability, ..Attribute::new(name, AttributeType::String) };
    let mut name = attribute("name", Mutability::ReadWrite);
    name.kind = AttributeType::Complex;
    name.sub_attributes = vec![attribute("first", Mutability::Immutable), attribute("last", Mutability::ReadWrite)];
    name.sub_attributes[1].required = true;
    let mut keys = Attribute { multi_valued: true, ..name.clone() };
    keys.name = "keys".into();
    let badge = Attribute { required: true, ..attribute("badge", Mutability::Immutable) };
    ResourceSchema {
        id: "urn:x:core:2.0:User".to_owned(),
        name: "User".to_owned(),
        description: String::new(),
        attributes: vec![
            name,
            keys,
            attribute("login", Mutability::Immutable),
            attribute("note", Mutability::ReadWrite),
            Attribute { required: true, ..attribute("secret", Mutability::WriteOnly) },
            attribute("seen", Mutability::ReadOnly),
        ],
        extensions: vec![ResourceSchema {
            id: "urn:x:extension:2.0:User".to_owned(),
            name: "More".to_owned(),
            description: String::new(),
            attributes: vec![badge, attribute("room", Mutability::ReadWrite)],
            extensions: Vec::new(),
        }],
    }
}

#[test]
fn parts_and_extensions_have_required_attributes_too() {
    let schema = custom();
    for (document, detail) in [
        (json!({}), Some("`secret` is required")),
        (json!({"secret": "s"}), None),
        (json!({"secret": "s", "name": {"first": "A"}}), Some("`name.last` is required")),
        (json!({"secret": "s", "keys": [{"last": "a"}, {"last": ""}]}), Some("`keys.last` is required")),
        (
            json!({"secret": "s", "urn:x:extension:2.0:User": {"room": "1"}}),
            Some("`urn:x:extension:2.0:User:badge` is required"),
        ),
    ] {
        let admitted = schema.admit(document.as_object().unwrap().clone(), Leniencies::STRICT);
        assert_eq!(admitted.err().map(|error| error.detail).as_deref(), detail, "{document}");
    }
    let kept = json!({"login": "a"});
    schema.check_required_of_kept(kept.as_object().unwrap()).unwrap();
}

#[test]
fn put_clears_what_is_left_out_but_for_what_is_immutable() {
    let schema = custom();
    let current = json!({
        "schemas": ["urn:x:core:2.0:User"], "login": "Ann", "note": "n",
        "name": {"first": "A", "last": "L"}, "keys": [{"first": "K", "last": "1"}],
        "urn:x:extension:2.0:User": {"badge": "7", "room": "1"},
    });
    let put = |document: Value| {
        let members = document.as_object().unwrap().clone();
        let given = schema.admit(members, Leniencies::STRICT).unwrap();
        schema.replace(&Resource::from_value(current.clone()).unwrap(), given).map(Resource::into_value)
    };
    let after = put(json!({"secret": "s", "login": "ANN", "seen": "now", "name": {"last": "M"}})).unwrap();
    assert_eq!(
        after,
        json!({
            "schemas": ["urn:x:core:2.0:User", "urn:x:extension:2.0:User"], "secret": "s", "login": "ANN",
            "name": {"last": "M", "first": "A"},
            "urn:x:extension:2.0:User": {"badge": "7"},
        })
    );
    let replaced = put(json!({"secret": "s", "keys": [{"first": "J", "last": "1"}]})).unwrap();
    assert_eq!(replaced["keys"], json!([{"first": "J", "last": "1"}]), "entries come and go as a whole");
    for (document, detail) in [
        (json!({"secret": "s", "login": "bob"}), "`login` is immutable, it can't become \"bob\""),
        (
            json!({"secret": "s", "name": {"first": "B", "last": "L"}}),
            "`name.first` is immutable, it can't become \"B\"",
        ),
        (
            json!({"secret": "s", "urn:x:extension:2.0:User": {"badge": "8"}}),
            "`urn:x:extension:2.0:User:badge` is immutable, it can't become \"8\"",
        ),
    ] {
        let error = put(document).unwrap_err();
        assert_eq!((error.scim_type, error.detail.as_str()), (Some(ScimType::Mutability), detail));
    }
}

//! Compiling mappings.

use serde_json::{Value, json};

use super::*;

fn edit<'v>(json: &'v mut Value, pointer: &str) -> &'v mut Value {
    json.pointer_mut(&format!("{MAPPING}{pointer}")).unwrap()
}

#[test]
fn wedo_has_the_nine_attributes_of_the_tutorial() {
    let document = read(template("wedo").unwrap().text, "wedo").unwrap();
    let schema = compile(&document, &options()).unwrap();
    let users = &schema.users;
    let rows: Vec<(&str, &str)> =
        users.attributes.iter().map(|mapping| (mapping.target.name.as_str(), mapping.text.as_str())).collect();
    assert_eq!(
        rows,
        [
            ("userName", "[userPrincipalName]"),
            ("displayName", "[displayName]"),
            ("title", "[jobTitle]"),
            ("emails[type eq \"work\"].value", "[mail]"),
            ("name.givenName", "[givenName]"),
            ("name.familyName", "[surname]"),
            ("active", "Switch([IsSoftDeleted], , \"False\", \"True\", \"True\", \"False\")"),
            ("preferredLanguage", "[preferredLanguage]"),
            ("userType", "[userType]"),
        ]
    );
    assert_eq!((users.matching.as_slice(), users.active), ([0].as_slice(), Some(6)));
    assert_eq!(users.target_object, crate::scim::urn::ENTERPRISE_USER);
    assert_eq!((users.actions, users.filters.len()), (Actions::ALL, 0));
    assert_eq!(schema.notices, []);
    assert_eq!(schema.version, "1.0");
    assert!(users.attributes[0].target.required && !users.attributes[0].target.case_exact);
    assert_eq!(users.attributes[6].target.kind, crate::scim::AttributeType::Boolean);
    assert!(matches!(users.attributes[0].source, AttributeSource::Direct(Slot(0))));
    assert!(matches!(&users.attributes[6].source, AttributeSource::Expression(_)));
    let slots: Vec<&str> = users.attributes.iter().map(|mapping| schema.attributes.name(mapping.slots[0])).collect();
    assert_eq!(slots[6], "IsSoftDeleted");
    assert_eq!(schema.attributes.len(), 9);
}

use super::*;

#[test]
fn finds_attributes_in_any_letter_case_and_by_urn() {
    let schema = ResourceSchema::user().with_extension(ResourceSchema::enterprise_user());
    for (path, found) in [
        ("USERNAME", Some("userName")),
        ("name.givenname", Some("givenName")),
        ("emails[type eq \"work\"].value", Some("value")),
        ("urn:ietf:params:scim:schemas:core:2.0:User:title", Some("title")),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.$ref", Some("$ref")),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:user:Department", Some("department")),
        ("meta.lastModified", Some("lastModified")),
        ("department", None),
        ("name.nothing", None),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:id", None),
        ("urn:other:2.0:User:title", None),
    ] {
        assert_eq!(schema.find(path).map(|attribute| attribute.name.as_ref()), found, "{path}");
    }
}

#[test]
fn an_extension_is_found_as_a_whole() {
    let mut custom = ResourceSchema::enterprise_user();
    custom.id = "urn:example:params:custom".to_owned();
    let schema = ResourceSchema::user().with_extension(ResourceSchema::enterprise_user()).with_extension(custom);
    for id in ["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", "urn:example:params:custom"] {
        let path = crate::scim::AttributePath::parse(id).unwrap();
        let resolved = schema.resolve(&path).unwrap();
        assert_eq!(resolved.extension.map(|extension| extension.id.as_str()), Some(id));
        assert_eq!(resolved.attribute, None);
    }
}

#[test]
fn keeping_narrows_to_the_named_parts() {
    let schema = ResourceSchema::user().keeping(&["userName", "name.givenName", "emails"]);
    let names: Vec<_> = schema.attributes.iter().map(|attribute| attribute.name.as_ref()).collect();
    assert_eq!(names, ["userName", "name", "emails"]);
    assert_eq!(schema.find("name").unwrap().sub_attributes.len(), 1);
    assert_eq!(schema.find("emails").unwrap().sub_attributes.len(), 4);
}

#[test]
fn the_document_tells_the_characteristics() {
    let document = ResourceSchema::user().to_value();
    assert_eq!(document["id"], "urn:ietf:params:scim:schemas:core:2.0:User");
    let user_name = &document["attributes"][0];
    assert_eq!(user_name["name"], "userName");
    assert_eq!(user_name["required"], true);
    assert_eq!(user_name["uniqueness"], "server");
    assert_eq!(user_name["caseExact"], false);
    let password = document["attributes"].as_array().unwrap().iter().find(|a| a["name"] == "password").unwrap();
    assert_eq!((&password["mutability"], &password["returned"]), (&"writeOnly".into(), &"never".into()));
}

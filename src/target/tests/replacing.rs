//! RFC 7644 section 3.5.1.

use super::*;
use crate::scim::{Attribute, AttributeType, Mutability};

#[tokio::test]
async fn the_example_of_the_rfc() {
    for endpoint in both() {
        let before = json!({
            "schemas": [urn::USER], "userName": "bjensen", "externalId": "bjensen", "title": "Tour Guide",
            "name": {"formatted": "Ms. Barbara J Jensen III", "familyName": "Jensen", "givenName": "Barbara"},
            "roles": [{"value": "guide"}],
        });
        let created = call(&endpoint, Method::POST, "/Users", before).await;
        let (id, version) = (created.body["id"].as_str().unwrap(), created.headers["etag"].to_str().unwrap());
        let document = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "id": "2819c223-7f76-453a-919d-413861904646",
            "userName": "bjensen",
            "externalId": "bjensen",
            "name": {
                "formatted": "Ms. Barbara J Jensen III", "familyName": "Jensen", "givenName": "Barbara", "middleName": "Jane",
            },
            "roles": [],
            "emails": [{"value": "bjensen@example.com"}, {"value": "babs@jensen.org"}],
        });
        let path = format!("/Users/{id}");
        let reply = call_with(&endpoint, Method::PUT, &path, &[("if-match", version)], Some(document.clone())).await;
        assert_eq!(reply.status, StatusCode::OK);
        let mut expected = document;
        expected["id"] = json!(id);
        expected["meta"] = reply.body["meta"].clone();
        assert_eq!(reply.body, expected, "what is left out is cleared, the id is the endpoint's");
        assert_ne!(reply.headers["etag"], version);
        assert_eq!(reply.body["meta"]["created"], created.body["meta"]["created"]);
        assert_eq!(get(&endpoint, &path).await.body, expected);
    }
}

#[tokio::test]
async fn nothing_is_created_and_nothing_required_is_lost() {
    for endpoint in both() {
        let id = create(&endpoint, "bjensen").await;
        create(&endpoint, "taken").await;
        let user = |name: Value| json!({"schemas": [urn::USER], "userName": name});
        for (path, document, status, scim_type) in [
            ("/Users/other".to_owned(), user(json!("new")), 404, Value::Null),
            (format!("/Users/{id}"), user(Value::Null), 400, json!("invalidValue")),
            (format!("/Users/{id}"), json!({"schemas": [urn::USER]}), 400, json!("invalidValue")),
            (format!("/Users/{id}"), user(json!("Taken")), 409, json!("uniqueness")),
            (format!("/Users/{id}"), json!([]), 400, json!("invalidSyntax")),
        ] {
            let reply = call(&endpoint, Method::PUT, &path, document.clone()).await;
            assert_eq!((reply.status.as_u16(), &reply.body["scimType"]), (status, &scim_type), "{path} {document}");
        }
        let names: Vec<_> = endpoint.resources().unwrap().iter().map(|user| user.get("userName").cloned()).collect();
        assert_eq!(names, [Some(json!("bjensen")), Some(json!("taken"))]);
    }
}

#[tokio::test]
async fn what_is_immutable_must_match() {
    let mut users = ResourceSchema::user();
    let immutable =
        |name| Attribute { mutability: Mutability::Immutable, ..Attribute::new(name, AttributeType::String) };
    users.attributes.push(immutable("employeeId"));
    let endpoint = Endpoint::new(EndpointOptions { users, ..scim_options(&clock()) }, Storage::memory()).unwrap();
    let id = create(&endpoint, "ann").await;
    let path = format!("/Users/{id}");
    let user =
        |number: Option<&str>| json!({"schemas": [urn::USER], "userName": "ann", "employeeId": number, "active": true});
    for (number, status, kept) in [
        (None, 200, Value::Null),
        (Some("7"), 200, json!("7")),
        (Some("7"), 200, json!("7")),
        (None, 200, json!("7")),
        (Some("8"), 400, json!("7")),
    ] {
        let reply = call(&endpoint, Method::PUT, &path, user(number)).await;
        assert_eq!(reply.status.as_u16(), status, "{number:?}");
        if status == 400 {
            assert_eq!(reply.body["scimType"], "mutability");
            assert_eq!(reply.body["detail"], "`employeeId` is immutable, it can't become \"8\"");
        }
        assert_eq!(get(&endpoint, &path).await.body["employeeId"], kept);
    }
    for (operation, status) in [
        (json!({"op": "replace", "path": "employeeId", "value": "8"}), StatusCode::BAD_REQUEST),
        (json!({"op": "remove", "path": "employeeId"}), StatusCode::BAD_REQUEST),
        (json!({"op": "add", "path": "employeeId", "value": "7"}), StatusCode::OK),
    ] {
        assert_eq!(patch(&endpoint, &path, &json!([operation])).await, status, "{operation}");
    }
}

#[tokio::test]
async fn a_password_is_taken_and_told_to_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("data.db");
    let endpoint = scim(Storage::file(&file).unwrap());
    let id = create(&endpoint, "ann").await;
    let path = format!("/Users/{id}");
    let before = get(&endpoint, &path).await.body;
    let document = json!({"schemas": [urn::USER], "userName": "ann", "password": "t1meMa$heen"});
    let reply = call(&endpoint, Method::PUT, &path, document).await;
    assert_eq!((reply.status, reply.body.get("password")), (StatusCode::OK, None));
    let operation = json!([{"op": "replace", "path": "password", "value": "t1meMa$heen"}]);
    assert_eq!(patch(&endpoint, &path, &operation).await, StatusCode::OK);
    let mut after = get(&endpoint, &path).await.body;
    after["meta"] = before["meta"].clone();
    assert_eq!(after, before);
    drop(endpoint);
    for entry in std::fs::read_dir(directory.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(11).any(|window| window == b"t1meMa$heen"));
    }
}

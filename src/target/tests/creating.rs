//! RFC 7644 section 3.3, and what RFC 7643 asks of a document.

use super::*;

#[tokio::test]
async fn the_example_of_the_rfc() {
    for endpoint in both() {
        let document = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": "bjensen",
            "externalId": "bjensen",
            "name": {"formatted": "Ms. Barbara J Jensen III", "familyName": "Jensen", "givenName": "Barbara"},
        });
        let reply = call(&endpoint, Method::POST, "/Users", document.clone()).await;
        assert_eq!(reply.status, StatusCode::CREATED);
        let location = reply.headers["location"].to_str().unwrap();
        let mut expected = document;
        expected["id"] = reply.body["id"].clone();
        expected["meta"] = json!({
            "resourceType": "User", "created": "2026-03-01T10:00:00.123Z", "lastModified": "2026-03-01T10:00:00.123Z",
            "location": location, "version": reply.headers["etag"].to_str().unwrap(),
        });
        assert_eq!(reply.body, expected);
        assert!(location.ends_with(&format!("/scim/v2/Users/{}", reply.body["id"].as_str().unwrap())));
        let read = get(&endpoint, location.strip_prefix("http://scim.example:8080/scim/v2").unwrap()).await;
        assert_eq!(read.body, expected);
    }
}

#[tokio::test]
async fn what_the_client_may_not_set_is_ignored() {
    for endpoint in both() {
        let group = create_group(&endpoint, "Design").await;
        let document = json!({
            "schemas": [urn::USER, urn::ENTERPRISE_USER], "userName": "bjensen", "id": "mine",
            "meta": {"resourceType": "Group", "created": "1999-01-01T00:00:00Z"},
            "groups": [{"value": group}], "roles": [], "title": null,
            urn::ENTERPRISE_USER: {"manager": {"value": "7", "displayName": "read-only"}},
        });
        let body = call(&endpoint, Method::POST, "/Users", document).await.body;
        assert_ne!(body["id"], "mine");
        assert_eq!(
            (&body["meta"]["resourceType"], &body["meta"]["created"]),
            (&json!("User"), &json!("2026-03-01T10:00:00.123Z"))
        );
        assert_eq!((body.get("groups"), body.get("title")), (None, None));
        assert_eq!(body[urn::ENTERPRISE_USER], json!({"manager": {"value": "7"}}));
    }
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    for endpoint in both() {
        create(&endpoint, "taken").await;
        for (document, status, scim_type, detail) in [
            (json!({}), 400, "invalidValue", "`userName` is required"),
            (json!({"userName": null}), 400, "invalidValue", "`userName` is required"),
            (json!({"userName": ""}), 400, "invalidValue", "`userName` is required"),
            (json!({"userName": "TAKEN"}), 409, "uniqueness", "another user has the userName `taken`"),
            (json!({"userName": 7}), 400, "invalidValue", "`userName` takes a text, not 7"),
            (
                json!({"userName": "a", "active": "maybe"}),
                400,
                "invalidValue",
                "`active` takes a boolean, not \"maybe\"",
            ),
            (json!({"userName": "a", "name": 1}), 400, "invalidValue", "`name` takes an object, not 1"),
            (
                json!({"userName": "a", "emails": [{"value": "1", "primary": true}, {"value": "2", "primary": true}]}),
                400,
                "invalidValue",
                "more than one entry of `emails` is primary, among them {\"value\":\"2\",\"primary\":true}",
            ),
            (
                json!({"userName": "a", urn::ENTERPRISE_USER: "x"}),
                400,
                "invalidValue",
                "`urn:ietf:params:scim:schemas:extension:enterprise:2.0:User` takes an object, not \"x\"",
            ),
        ] {
            let mut document = document;
            document["schemas"] = json!([urn::USER, urn::ENTERPRISE_USER]);
            let reply = call(&endpoint, Method::POST, "/Users", document.clone()).await;
            assert_eq!((reply.status.as_u16(), &reply.body["scimType"]), (status, &json!(scim_type)), "{document}");
            assert_eq!(reply.body["detail"], detail, "{document}");
        }
        assert_eq!(endpoint.resources().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn names_are_taken_again_once_they_are_free() {
    for endpoint in both() {
        let id = create(&endpoint, "bjensen").await;
        assert_eq!(
            send(&endpoint, request(Method::DELETE, &format!("/Users/{id}"), None)).await.status,
            StatusCode::NO_CONTENT
        );
        assert_ne!(create(&endpoint, "BJensen").await, id);
    }
}

#[tokio::test]
async fn the_services_documents_need_leniency() {
    let [strict, lenient] = both();
    let adscim = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";
    for (path, document) in [
        (
            "/Groups",
            json!({"schemas": [urn::GROUP, adscim], "externalId": "g", "displayName": "Design", "meta": {"resourceType": "Group"}}),
        ),
        ("/Users", json!({"schemas": [urn::USER], "userName": "bare", urn::ENTERPRISE_USER: {"manager": "7"}})),
        (
            "/Users",
            json!({
                "schemas": [urn::USER, urn::ENTERPRISE_USER], "userName": "roles",
                "roles": [{"primary": false, "type": "WindowsAzureActiveDirectoryRole", "displayName": "Admin", "value": "Admin"}],
            }),
        ),
    ] {
        assert_eq!(
            call(&lenient, Method::POST, path, document.clone()).await.status,
            StatusCode::CREATED,
            "{document}"
        );
        assert_eq!(
            call(&strict, Method::POST, path, document.clone()).await.status,
            StatusCode::BAD_REQUEST,
            "{document}"
        );
    }
    // the enterprise URN without an enterprise attribute is what the RFC allows too
    let document = json!({
        "schemas": [urn::USER, urn::ENTERPRISE_USER], "userName": "ann", "active": true,
        "emails": [{"primary": true, "type": "work", "value": "ann@contoso.com"}], "meta": {"resourceType": "User"},
    });
    for endpoint in [&strict, &lenient] {
        assert_eq!(call(endpoint, Method::POST, "/Users", document.clone()).await.body["schemas"], json!([urn::USER]));
    }
}

#[tokio::test]
async fn only_plain_utf_8_is_taken() {
    let endpoint = endpoint();
    for (number, (name, value, expected)) in [
        ("content-type", "application/scim+json; charset=UTF-8", StatusCode::CREATED),
        ("content-type", "application/json;charset=\"utf-8\"", StatusCode::CREATED),
        ("content-type", "application/json; charset=iso-8859-1", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("content-type", "application/json; charset=utf-16", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("content-encoding", "identity", StatusCode::CREATED),
        ("content-encoding", "gzip", StatusCode::UNSUPPORTED_MEDIA_TYPE),
    ]
    .into_iter()
    .enumerate()
    {
        let user = json!({"schemas": [urn::USER], "userName": number.to_string()});
        let mut request = request(Method::POST, "/Users", Some(&user));
        request.headers_mut().insert(HeaderName::from_static(name), value.parse().unwrap());
        let reply = send(&endpoint, request).await;
        assert_eq!(reply.status, expected, "{value}: {}", reply.body);
    }
}

#[tokio::test]
async fn the_host_of_a_whole_url_is_where_a_resource_is() {
    let endpoint = endpoint();
    let id = create(&endpoint, "ann").await;
    let mut asking = request(Method::GET, "", None);
    *asking.uri_mut() = format!("http://other.example/scim/v2/Users/{id}").parse().unwrap();
    let reply = send(&endpoint, asking).await;
    assert_eq!(reply.body["meta"]["location"], format!("http://other.example/scim/v2/Users/{id}"));
}

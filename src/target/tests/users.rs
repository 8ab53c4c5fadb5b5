use super::*;

#[tokio::test]
async fn creates_and_reads_back() {
    let endpoint = endpoint();
    let reply = call(&endpoint, Method::POST, "/Users", ann()).await;
    assert_eq!(reply.status, StatusCode::CREATED);
    let id = reply.body["id"].as_str().unwrap();
    let location = format!("http://scim.example:8080/scim/v2/Users/{id}");
    assert_eq!(reply.headers["location"], location.as_str());
    let expected = json!({
        "id": id,
        "schemas": [urn::USER],
        "userName": "Ann@Contoso.com",
        "displayName": "Ann",
        "active": true,
        "name": {"givenName": "Ann"},
        "emails": [{"value": "ann@contoso.com", "type": "work", "primary": true}],
        "meta": {
            "resourceType": "User",
            "created": "2026-03-01T10:00:00.123Z",
            "lastModified": "2026-03-01T10:00:00.123Z",
            "version": reply.headers["etag"].to_str().unwrap(),
            "location": location,
        },
    });
    assert_eq!(reply.body, expected);
    let read = get(&endpoint, &format!("/Users/{id}")).await;
    assert_eq!((read.status, read.body), (StatusCode::OK, expected));
}

#[tokio::test]
async fn user_names_are_unique_without_regard_to_letter_case() {
    let endpoint = endpoint();
    call(&endpoint, Method::POST, "/Users", ann()).await;
    let mut other = ann();
    other["userName"] = json!("ANN@contoso.COM");
    let reply = call(&endpoint, Method::POST, "/Users", other.clone()).await;
    assert_eq!((reply.status, &reply.body["scimType"]), (StatusCode::CONFLICT, &json!("uniqueness")));
    let bob = create(&endpoint, "bob").await;
    let path = format!("/Users/{bob}");
    assert_eq!(call(&endpoint, Method::PUT, &path, other).await.status, StatusCode::CONFLICT);
    let rename = patch_body(&json!([{"op": "Replace", "path": "userName", "value": "ann@contoso.com"}]));
    assert_eq!(call(&endpoint, Method::PATCH, &path, rename).await.status, StatusCode::CONFLICT);
    let list = get(&endpoint, "/Users?filter=userName+eq+%22bob%22").await;
    assert_eq!(list.body["totalResults"], 1, "a refused change leaves the index alone");
    let case = patch_body(&json!([{"op": "Replace", "path": "userName", "value": "BOB"}]));
    assert_eq!(call(&endpoint, Method::PATCH, &path, case).await.body["userName"], "BOB");
}

#[tokio::test]
async fn filters_on_user_name() {
    let endpoint = endpoint();
    for name in ["ann@contoso.com", "bob@contoso.com", "o'neil+x\\y \"z\"@contoso.com", "ÄNNE"] {
        create(&endpoint, name).await;
    }
    for (filter, found) in [
        ("userName+eq+%22ANN%40contoso.com%22", vec!["ann@contoso.com"]),
        ("userName%20eq%20%22nobody%22", vec![]),
        ("username+EQ+%22o%27neil%2Bx%5C%5Cy+%5C%22z%5C%22%40contoso.com%22", vec!["o'neil+x\\y \"z\"@contoso.com"]),
        ("userName+eq+%22%C3%A4nne%22", vec!["ÄNNE"]),
        ("urn:ietf:params:scim:schemas:core:2.0:User:userName+eq+%22bob%40contoso.com%22", vec!["bob@contoso.com"]),
        ("userName+eq+%22a%22+or+userName+eq+%22bob%40contoso.com%22", vec!["bob@contoso.com"]),
        ("userName+eq+%22bob%40contoso.com%22+and+userName+sw+%22x%22", vec![]),
        ("userName+sw+%22A%22+or+userName+sw+%22B%22", vec!["ann@contoso.com", "bob@contoso.com"]),
    ] {
        let reply = get(&endpoint, &format!("/Users?filter={filter}")).await;
        assert_eq!(reply.status, StatusCode::OK, "{filter}");
        let resources = reply.body["Resources"].as_array().unwrap();
        let names: Vec<_> = resources.iter().map(|user| user["userName"].as_str().unwrap()).collect();
        assert_eq!(names, found, "{filter}");
        assert_eq!(reply.body["totalResults"], found.len());
    }
}

#[tokio::test]
async fn refuses_other_filters() {
    let endpoint = endpoint();
    for (filter, detail) in [
        ("displayName+eq+%22x%22", "`displayName` can't be filtered on, only userName"),
        ("userName+eq+%22x%22+and+id+eq+%22y%22", "`id` can't be filtered on, only userName"),
        ("userName+eq", "the filter can't be read: expected a value, but the text ends at column 12"),
        ("", "the filter can't be read: the filter is empty at column 1"),
    ] {
        let reply = get(&endpoint, &format!("/Users?filter={filter}")).await;
        assert_eq!((reply.status, &reply.body["scimType"]), (StatusCode::BAD_REQUEST, &json!("invalidFilter")));
        assert_eq!(reply.body["detail"], detail);
    }
}

#[tokio::test]
async fn patches_in_both_dialects() {
    for (operations, title) in [
        (
            json!([
                {"op": "Replace", "path": "active", "value": "False"},
                {"op": "Add", "path": "title", "value": "Boss"},
                {"op": "Replace", "path": "emails[type eq \"work\"].value", "value": "b@x"},
                {"op": "Add", "path": "name.familyName", "value": "Lee"}
            ]),
            "Boss",
        ),
        (
            json!([
                {"op": "replace", "path": "emails[type eq \"work\"].value", "value": "b@x"},
                {"op": "add", "value": {"title": "Chief", "name.familyName": "Lee"}},
                {"op": "replace", "path": "active", "value": false}
            ]),
            "Chief",
        ),
    ] {
        let clock = clock();
        let endpoint = Endpoint::new(options(&clock), Storage::memory()).unwrap();
        let id = call(&endpoint, Method::POST, "/Users", ann()).await.body["id"].as_str().unwrap().to_owned();
        clock.sleep(std::time::Duration::from_mins(1)).await;
        let path = format!("/Users/{id}");
        let reply = call(&endpoint, Method::PATCH, &path, patch_body(&operations)).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
        assert_eq!(reply.body["active"], false);
        assert_eq!(reply.body["title"], title);
        assert_eq!(reply.body["emails"], json!([{"value": "b@x", "type": "work", "primary": true}]));
        assert_eq!(reply.body["name"], json!({"givenName": "Ann", "familyName": "Lee"}));
        assert_eq!(reply.body["meta"]["created"], "2026-03-01T10:00:00.123Z");
        assert_eq!(reply.body["meta"]["lastModified"], "2026-03-01T10:01:00.123Z");
        assert_eq!(get(&endpoint, &path).await.body, reply.body);
        clock.sleep(std::time::Duration::from_mins(1)).await;
        let again = call(&endpoint, Method::PATCH, &path, patch_body(&operations)).await;
        assert_eq!(again.body, reply.body, "nothing changed, so lastModified stays");
    }
}

#[tokio::test]
async fn a_patch_that_fails_changes_nothing() {
    let endpoint = endpoint();
    let id = create(&endpoint, "ann").await;
    let path = format!("/Users/{id}");
    for (operations, scim_type) in [
        (
            json!([{"op": "add", "path": "title", "value": "x"}, {"op": "add", "path": "roles", "value": "x"}]),
            "invalidPath",
        ),
        (json!([{"op": "remove", "path": "userName"}]), "mutability"),
        (json!([{"op": "replace", "path": "active", "value": "maybe"}]), "invalidValue"),
        (json!({}), "invalidSyntax"),
    ] {
        let reply = call(&endpoint, Method::PATCH, &path, patch_body(&operations)).await;
        assert_eq!((reply.status, &reply.body["scimType"]), (StatusCode::BAD_REQUEST, &json!(scim_type)));
    }
    assert_eq!(get(&endpoint, &path).await.body["title"], Value::Null);
}

#[tokio::test]
async fn replaces_and_deletes() {
    let endpoint = endpoint();
    let id = call(&endpoint, Method::POST, "/Users", ann()).await.body["id"].as_str().unwrap().to_owned();
    let path = format!("/Users/{id}");
    let document = json!({"schemas": [urn::USER], "id": "other", "userName": "anna", "active": false});
    let reply = call(&endpoint, Method::PUT, &path, document).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!((&reply.body["id"], &reply.body["userName"]), (&json!(id), &json!("anna")));
    assert_eq!(reply.body["displayName"], Value::Null);
    assert_eq!(get(&endpoint, "/Users?filter=userName+eq+%22ann%40contoso.com%22").await.body["totalResults"], 0);
    let reply = send(&endpoint, request(Method::DELETE, &path, None)).await;
    assert_eq!((reply.status, reply.body), (StatusCode::NO_CONTENT, Value::Null));
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(send(&endpoint, request(method, &path, None)).await.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(
        call(&endpoint, Method::PATCH, &path, patch_body(&json!([{"op": "remove", "path": "title"}]))).await.status,
        StatusCode::NOT_FOUND
    );
    create(&endpoint, "anna").await;
}

#[tokio::test]
async fn deleting_in_the_middle_keeps_the_indexes_right() {
    let endpoint = endpoint();
    let mut ids = Vec::new();
    for name in ["a", "b", "c", "d"] {
        ids.push(create(&endpoint, name).await);
    }
    for (index, name) in [(1, "b"), (3, "d"), (0, "a")] {
        let path = format!("/Users/{}", ids[index]);
        assert_eq!(send(&endpoint, request(Method::DELETE, &path, None)).await.status, StatusCode::NO_CONTENT);
        let list = get(&endpoint, &format!("/Users?filter=userName+eq+%22{name}%22")).await;
        assert_eq!(list.body["totalResults"], 0);
    }
    assert_eq!(get(&endpoint, &format!("/Users/{}", ids[2])).await.body["userName"], "c");
    assert_eq!(get(&endpoint, "/Users?filter=userName+eq+%22c%22").await.body["totalResults"], 1);
    assert_eq!(endpoint.resources().unwrap().len(), 1);
}

#[tokio::test]
async fn pages_are_one_based_and_distinct() {
    let endpoint = endpoint();
    for number in 0..11 {
        create(&endpoint, &format!("user{number:02}")).await;
    }
    let names = |body: &Value| -> Vec<String> {
        body["Resources"].as_array().unwrap().iter().map(|user| user["userName"].as_str().unwrap().to_owned()).collect()
    };
    for (query, start, page) in [
        ("", 1, 0..11),
        ("startIndex=1&count=4", 1, 0..4),
        ("startIndex=5&count=4", 5, 4..8),
        ("startIndex=9&count=4", 9, 8..11),
        ("startIndex=0&count=1", 1, 0..1),
        ("startIndex=-3&count=1", 1, 0..1),
        ("startIndex=99", 99, 0..0),
        ("count=0", 1, 0..0),
        ("count=-5", 1, 0..0),
        ("filter=userName+sw+%22user%22&startIndex=3&count=2", 3, 2..4),
    ] {
        let reply = get(&endpoint, &format!("/Users?{query}")).await;
        assert_eq!(reply.body["totalResults"], 11, "{query}");
        assert_eq!(reply.body["startIndex"], start, "{query}");
        assert_eq!(reply.body["itemsPerPage"], page.len(), "{query}");
        assert_eq!(names(&reply.body), page.map(|n| format!("user{n:02}")).collect::<Vec<_>>(), "{query}");
    }
    let reply = get(&endpoint, "/Users?count=many").await;
    assert_eq!((reply.status, &reply.body["scimType"]), (StatusCode::BAD_REQUEST, &json!("invalidValue")));
}

#[tokio::test]
async fn returns_what_is_asked_for() {
    let endpoint = endpoint();
    let id = call(&endpoint, Method::POST, "/Users", ann()).await.body["id"].as_str().unwrap().to_owned();
    for (query, expected) in [
        ("attributes=userName", json!({"id": id, "schemas": [urn::USER], "userName": "Ann@Contoso.com"})),
        (
            "attributes=emails.value,nothing",
            json!({"id": id, "schemas": [urn::USER], "emails": [{"value": "ann@contoso.com"}]}),
        ),
        (
            "excludedAttributes=meta,id,emails.primary,emails.type,name,urn:ietf:params:scim:schemas:core:2.0:User:active",
            json!({"id": id, "schemas": [urn::USER], "userName": "Ann@Contoso.com", "displayName": "Ann", "emails": [{"value": "ann@contoso.com"}]}),
        ),
    ] {
        assert_eq!(get(&endpoint, &format!("/Users/{id}?{query}")).await.body, expected, "{query}");
        assert_eq!(get(&endpoint, &format!("/Users?{query}")).await.body["Resources"], json!([expected]), "{query}");
    }
}

#[tokio::test]
async fn only_known_tokens_are_let_in() {
    let endpoint = endpoint();
    for (header, status) in [
        (None, 401),
        (Some("Bearer wrong"), 401),
        (Some("Bearer "), 401),
        (Some("Basic secret"), 401),
        (Some("secret"), 401),
        (Some("Bearer Bearer secret"), 401),
        (Some("Bearer secret"), 200),
        (Some("bearer old"), 200),
    ] {
        for path in ["/scim/v2/Users", "/scim/v2/ServiceProviderConfig"] {
            let mut builder = Request::builder().uri(path);
            if let Some(header) = header {
                builder = builder.header("authorization", header);
            }
            let reply = send(&endpoint, builder.body(Body::empty()).unwrap()).await;
            assert_eq!(reply.status.as_u16(), status, "{header:?}");
            assert_eq!(reply.headers.get("www-authenticate").is_some(), status == 401);
        }
    }
    let closed = Endpoint::new(EndpointOptions { tokens: vec![], ..options(&clock()) }, Storage::memory()).unwrap();
    assert_eq!(get(&closed, "/Users").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn bad_requests_get_scim_errors() {
    let endpoint = endpoint();
    for (method, path, status) in [
        (Method::GET, "/Groups", 404),
        (Method::POST, "/Nothing", 404),
        (Method::GET, "/Users/x/y", 404),
        (Method::GET, "/Users/%FF%2F", 404),
        (Method::PUT, "/Users", 405),
        (Method::POST, "/Users/1", 405),
        (Method::DELETE, "/Schemas", 405),
    ] {
        let reply = send(&endpoint, request(method.clone(), path, None)).await;
        assert_eq!(reply.status.as_u16(), status, "{method} {path}");
        assert_eq!(reply.headers.contains_key("allow"), status == 405);
    }
    for (content_type, body, status, scim_type) in [
        ("application/scim+json", "{\"userName\":", 400, "invalidSyntax"),
        ("application/scim+json", "", 400, "invalidSyntax"),
        ("application/json", "[]", 400, "invalidSyntax"),
        ("application/json", "{\"userName\":\"a\"}", 400, "invalidValue"),
        ("APPLICATION/JSON", "{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"]}", 400, "invalidValue"),
        ("text/plain", "{}", 415, ""),
    ] {
        let request = Request::post("/scim/v2/Users")
            .header("authorization", "Bearer secret")
            .header("content-type", content_type)
            .body(Body::from(body))
            .unwrap();
        let reply = send(&endpoint, request).await;
        assert_eq!(reply.status.as_u16(), status, "{body}");
        assert_eq!(reply.body["scimType"].as_str().unwrap_or_default(), scim_type, "{body}");
    }
    let nested = "[".repeat(500_000);
    let request = |body: String| {
        Request::post("/scim/v2/Users").header("authorization", "Bearer secret").body(Body::from(body)).unwrap()
    };
    assert_eq!(send(&endpoint, request(nested)).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(send(&endpoint, request(" ".repeat(1024 * 1024 + 1))).await.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_strange_host_is_not_echoed() {
    let endpoint = endpoint();
    let id = create(&endpoint, "ann").await;
    for host in ["evil\"example", "a/b", ""] {
        let request = Request::get(format!("/scim/v2/Users/{id}"))
            .header("authorization", "Bearer secret")
            .header("host", host)
            .body(Body::empty())
            .unwrap();
        assert_eq!(send(&endpoint, request).await.body["meta"]["location"], format!("/scim/v2/Users/{id}"));
    }
}

#[tokio::test]
async fn other_schemas_extensions_and_secrets() {
    let users = ResourceSchema::user().with_extension(ResourceSchema::enterprise_user());
    let options = EndpointOptions { users, base_path: String::new(), ..options(&clock()) };
    let endpoint = Endpoint::new(options, Storage::memory()).unwrap();
    let mut document = ann();
    document["password"] = json!("swordfish");
    let request = Request::post("/Users")
        .header("authorization", "Bearer secret")
        .header("content-type", "application/json")
        .body(Body::from(document.to_string()))
        .unwrap();
    let body = send(&endpoint, request).await.body;
    assert_eq!(body["password"], Value::Null);
    assert_eq!(body[urn::ENTERPRISE_USER], json!({"department": "R&D"}));
    assert_eq!(body["schemas"], json!([urn::USER, urn::ENTERPRISE_USER]));
    assert!(!format!("{endpoint:?}").contains("swordfish"));
}

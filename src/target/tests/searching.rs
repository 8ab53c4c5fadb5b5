//! RFC 7644 sections 3.4.2.1 and 3.4.3.

use super::*;

async fn with_people_and_groups() -> Endpoint {
    let endpoint = scim(Storage::memory());
    for name in ["smith", "Jones", "smithers"] {
        let user = json!({"schemas": [urn::USER], "userName": name, "displayName": format!("{name} (user)")});
        assert_eq!(call(&endpoint, Method::POST, "/Users", user).await.status, StatusCode::CREATED);
    }
    for name in ["Smith Family", "Others"] {
        create_group(&endpoint, name).await;
    }
    endpoint
}

fn search(more: &Value) -> Value {
    let mut body = json!({"schemas": [urn::SEARCH_REQUEST]});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

#[tokio::test]
async fn the_example_of_the_rfc() {
    let endpoint = with_people_and_groups().await;
    let body = search(&json!({
        "attributes": ["displayName", "userName"], "filter": "displayName sw \"smith\"", "startIndex": 1, "count": 10,
    }));
    let reply = call(&endpoint, Method::POST, "/.search", body).await;
    assert_eq!(reply.status, StatusCode::OK);
    let mut found = reply.body.clone();
    for resource in found["Resources"].as_array_mut().unwrap() {
        assert!(resource.as_object_mut().unwrap().remove("id").is_some());
    }
    assert_eq!(
        found,
        json!({
            "schemas": [urn::LIST_RESPONSE], "totalResults": 3, "startIndex": 1, "itemsPerPage": 3,
            "Resources": [
                {"schemas": [urn::USER], "userName": "smith", "displayName": "smith (user)"},
                {"schemas": [urn::USER], "userName": "smithers", "displayName": "smithers (user)"},
                {"schemas": [urn::GROUP], "displayName": "Smith Family"},
            ],
        })
    );
}

#[tokio::test]
async fn the_whole_endpoint_is_queried_at_its_root() {
    let endpoint = with_people_and_groups().await;
    let both = encoded("(meta.resourceType eq \"User\") or (meta.resourceType eq \"Group\")");
    let groups = encoded("meta.resourceType eq \"Group\"");
    let (users, named) = (encoded("userName pr"), encoded("not (userName pr) and displayName pr"));
    let exact = encoded("displayName eq \"OTHERS\" or userName eq \"JONES\"");
    for (query, names) in [
        (String::new(), vec!["smith (user)", "Jones (user)", "smithers (user)", "Smith Family", "Others"]),
        (format!("filter={both}&count=2"), vec!["smith (user)", "Jones (user)"]),
        (format!("filter={both}&startIndex=3&count=2"), vec!["smithers (user)", "Smith Family"]),
        ("startIndex=3&count=2".to_owned(), vec!["smithers (user)", "Smith Family"]),
        ("startIndex=5&count=2".to_owned(), vec!["Others"]),
        (format!("filter={groups}"), vec!["Smith Family", "Others"]),
        // an attribute that a type doesn't have is one without a value
        (format!("filter={users}"), vec!["smith (user)", "Jones (user)", "smithers (user)"]),
        (format!("filter={named}"), vec!["Smith Family", "Others"]),
        (format!("filter={exact}"), vec!["Jones (user)", "Others"]),
        ("sortBy=displayName&count=3".to_owned(), vec!["Jones (user)", "Others", "smith (user)"]),
        (
            "sortBy=userName&sortOrder=descending".to_owned(),
            vec!["Smith Family", "Others", "smithers (user)", "smith (user)", "Jones (user)"],
        ),
    ] {
        for path in ["", "/"] {
            let reply = get(&endpoint, &format!("{path}?{query}")).await;
            assert_eq!(reply.status, StatusCode::OK, "{query}: {}", reply.body);
            assert_eq!(listed(&reply, "displayName"), names, "{query}");
        }
    }
    let unknown = encoded("shoeSize pr");
    let reply = get(&endpoint, &format!("?filter={unknown}")).await;
    assert_eq!(reply.body["detail"], "`shoeSize` isn't an attribute of User or Group");
    let users_alone = get(&super::endpoint(), "").await;
    assert_eq!((users_alone.status, &users_alone.body["totalResults"]), (StatusCode::OK, &json!(0)));
}

#[tokio::test]
async fn each_type_is_searched_by_itself() {
    let endpoint = with_people_and_groups().await;
    let body = search(&json!({
        "filter": "displayName co \"s\"", "sortBy": "displayName", "sortOrder": "descending",
        "excludedAttributes": ["members", "meta", "schemas"], "unknown": 1, "count": null,
    }));
    let users = call(&endpoint, Method::POST, "/Users/.search", body.clone()).await;
    assert_eq!(listed(&users, "userName"), ["smithers", "smith", "Jones"]);
    let groups = call(&endpoint, Method::POST, "/Groups/.search", body).await;
    assert_eq!(listed(&groups, "displayName"), ["Smith Family", "Others"]);
    assert_eq!(groups.body["Resources"][0].get("members"), None);
    let first = call(&endpoint, Method::POST, "/Users/.search", search(&json!({"count": 1, "startIndex": 2}))).await;
    assert_eq!((listed(&first, "userName"), &first.body["startIndex"]), (vec!["Jones"], &json!(2)));
}

#[tokio::test]
async fn what_is_no_search_is_refused() {
    let endpoint = with_people_and_groups().await;
    for (body, scim_type, detail) in [
        (json!([]), "invalidSyntax", "a SearchRequest is a JSON object".to_owned()),
        (
            json!({"schemas": [urn::USER]}),
            "invalidSyntax",
            format!("`schemas` of a SearchRequest has to name {}", urn::SEARCH_REQUEST),
        ),
        (search(&json!({"filter": 1})), "invalidSyntax", "`filter` of a SearchRequest is a text, not 1".to_owned()),
        (
            search(&json!({"count": "10"})),
            "invalidSyntax",
            "`count` of a SearchRequest is a whole number, not \"10\"".to_owned(),
        ),
        (search(&json!({"count": 1.5})), "invalidValue", "`count` has to be a whole number".to_owned()),
        (
            search(&json!({"attributes": "userName"})),
            "invalidSyntax",
            "`attributes` of a SearchRequest is a list of names, not \"userName\"".to_owned(),
        ),
        (
            search(&json!({"attributes": ["userName"], "excludedAttributes": ["name"]})),
            "invalidValue",
            "`attributes` and `excludedAttributes` can't be used together".to_owned(),
        ),
        (
            search(&json!({"filter": "userName regex \"x\""})),
            "invalidFilter",
            "the filter can't be read: expected an operator (eq ne co sw ew pr gt ge lt le), found `regex` at column 10"
                .to_owned(),
        ),
    ] {
        for path in ["/.search", "/Users/.search"] {
            let reply = call(&endpoint, Method::POST, path, body.clone()).await;
            assert_eq!((reply.status, &reply.body["scimType"]), (StatusCode::BAD_REQUEST, &json!(scim_type)), "{body}");
            assert_eq!(reply.body["detail"], detail);
        }
    }
    for path in ["/.search", "/Users/.search", "/Groups/.search"] {
        let reply = get(&endpoint, path).await;
        assert_eq!(
            (reply.status, &reply.headers["allow"]),
            (StatusCode::METHOD_NOT_ALLOWED, &"POST, OPTIONS".parse().unwrap())
        );
    }
}

#[tokio::test]
async fn a_page_has_a_limit_in_bytes_too() {
    let directory = tempfile::tempdir().unwrap();
    for storage in [Storage::memory(), Storage::file(&directory.path().join("data.db")).unwrap()] {
        let endpoint = scim(storage);
        let title = "x".repeat(900 << 10);
        let group = |id: &str| resource(json!({"id": id, "displayName": format!("{id}{title}"), "externalId": "same"}));
        endpoint.load_groups(["a", "b", "c", "d"].map(group).to_vec()).unwrap();
        for query in ["", "filter=externalId+eq+%22same%22", "filter=displayName+pr", "sortBy=displayName"] {
            for (start, expected) in [(1, vec!["a", "b", "c"]), (4, vec!["d"])] {
                let page = get(&endpoint, &format!("/Groups?{query}&startIndex={start}")).await;
                assert_eq!(listed(&page, "id"), expected, "{query}");
                assert_eq!(page.body["totalResults"], 4, "{query}");
                assert_eq!(page.body["itemsPerPage"], json!(expected.len()), "{query}");
            }
        }
    }
}

#[tokio::test]
async fn many_hits_of_an_index_are_found_in_steps() {
    let directory = tempfile::tempdir().unwrap();
    for storage in [Storage::memory(), Storage::file(&directory.path().join("data.db")).unwrap()] {
        let endpoint = scim(storage);
        let user = |number: usize| {
            resource(json!({
                "id": number.to_string(), "userName": number.to_string(), "displayName": "Same",
                "emails": [{"value": "one@x"}, {"value": "two@x"}],
            }))
        };
        endpoint.load((0..2345).map(user).collect()).unwrap();
        for filter in ["displayName eq \"same\"", "emails.value eq \"one@x\" or emails.value eq \"two@x\""] {
            assert_eq!(total(&endpoint, "/Users", filter).await, 2345, "{filter}");
            let page = get(&endpoint, &format!("/Users?count=2&startIndex=2001&filter={}", encoded(filter))).await;
            assert_eq!(listed(&page, "id"), ["2000", "2001"], "{filter}");
        }
    }
}

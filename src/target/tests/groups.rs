use super::*;

const MANAGER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";

fn stores() -> (tempfile::TempDir, [Storage; 2]) {
    let directory = tempfile::tempdir().unwrap();
    let file = Storage::file(&directory.path().join("data.db")).unwrap();
    (directory, [Storage::memory(), file])
}

async fn members(endpoint: &Endpoint, path: &str) -> Vec<String> {
    let body = get(endpoint, path).await.body;
    let members = body["members"].as_array().cloned().unwrap_or_default();
    members.iter().map(|member| member["value"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn groups_are_created_found_replaced_and_deleted() {
    let (_directory, stores) = stores();
    for storage in stores {
        let endpoint = scim(storage);
        let body = json!({
            "schemas": [urn::GROUP], "externalId": "g", "displayName": "Design", "members": [],
            "meta": {"resourceType": "Group"},
        });
        let reply = call(&endpoint, Method::POST, "/Groups", body.clone()).await;
        assert_eq!(reply.status, StatusCode::CREATED);
        let id = reply.body["id"].as_str().unwrap().to_owned();
        let location = format!("http://scim.example:8080/scim/v2/Groups/{id}");
        assert_eq!(reply.headers["location"], location.as_str());
        assert_eq!(reply.body["members"], json!([]), "an empty list stays");
        assert_eq!(reply.body["meta"]["resourceType"], "Group");
        assert_eq!(reply.body["meta"]["location"], location);
        let path = format!("/Groups/{id}");
        let without = get(&endpoint, &format!("{path}?excludedAttributes=members")).await.body;
        assert_eq!((&without["displayName"], &without["members"]), (&json!("Design"), &Value::Null));
        let twin = create_group(&endpoint, "DESIGN").await;
        create_group(&endpoint, "Sales").await;
        let query = "excludedAttributes=members&filter=displayName+eq+%22design%22";
        let found = get(&endpoint, &format!("/Groups?{query}")).await.body;
        assert_eq!(found["totalResults"], 2);
        assert_eq!((&found["Resources"][0]["id"], &found["Resources"][1]["id"]), (&json!(id), &json!(twin)));
        assert_eq!(found["Resources"][0]["members"], Value::Null);
        let found = get(&endpoint, &format!("/Groups?{query}&startIndex=2&count=1")).await.body;
        assert_eq!((&found["totalResults"], &found["Resources"][0]["id"]), (&json!(2), &json!(twin)));
        let replaced = json!({"schemas": [urn::GROUP], "displayName": "Sales", "members": [{"value": "7"}]});
        let reply = call(&endpoint, Method::PUT, &path, replaced).await;
        assert_eq!((reply.status, &reply.body["members"]), (StatusCode::OK, &json!([{"value": "7"}])));
        assert_eq!(get(&endpoint, "/Groups?filter=displayName+eq+%22sales%22").await.body["totalResults"], 2);
        assert_eq!(get(&endpoint, &format!("/Groups?{query}")).await.body["totalResults"], 1);
        assert_eq!(send(&endpoint, request(Method::DELETE, &path, None)).await.status, StatusCode::NO_CONTENT);
        assert_eq!(send(&endpoint, request(Method::DELETE, &path, None)).await.status, StatusCode::NOT_FOUND);
        let reply = get(&endpoint, &path).await;
        assert_eq!(reply.body["detail"], format!("there is no group `{id}`"));
        assert_eq!(get(&endpoint, "/Groups?filter=displayName+eq+%22sales%22").await.body["totalResults"], 1);
        assert_eq!(get(&endpoint, &format!("/Groups/{twin}")).await.body["displayName"], "DESIGN");
        assert_eq!(get(&endpoint, "/Users").await.body["totalResults"], 0);
    }
}

#[tokio::test]
async fn members_come_and_go_in_both_dialects() {
    let endpoint = scim(Storage::memory());
    let path = format!("/Groups/{}", create_group(&endpoint, "Design").await);
    for (operations, left) in [
        (json!([{"op": "Add", "path": "members", "value": [{"value": "a"}]}]), vec!["a"]),
        (json!([{"op": "Add", "path": "members", "value": [{"$ref": null, "value": "a"}]}]), vec!["a"]),
        (
            json!([
                {"op": "add", "path": "members", "value": [{"value": "b"}]},
                {"op": "add", "path": "members", "value": [{"value": "c"}, {"value": "B"}]},
                {"op": "add", "path": "members", "value": [{"value": "b"}]},
            ]),
            vec!["a", "b", "c", "B"],
        ),
        (json!([{"op": "Remove", "path": "members", "value": [{"value": "b"}, {"value": "x"}]}]), vec!["a", "c", "B"]),
        (json!([{"op": "remove", "path": "members[value eq \"b\"]"}]), vec!["a", "c", "B"]),
        (
            json!([
                {"op": "remove", "path": "members[value eq \"a\"]"},
                {"op": "remove", "path": "members[value eq \"B\"]"},
            ]),
            vec!["c"],
        ),
        (json!([{"op": "remove", "path": "members[value eq \"c\"]"}]), vec![]),
        (json!([{"op": "remove", "path": "members[value eq \"c\"]"}]), vec![]),
    ] {
        let reply = call(&endpoint, Method::PATCH, &path, patch_body(&operations)).await;
        assert_eq!((reply.status, reply.body), (StatusCode::NO_CONTENT, Value::Null), "{operations}");
        assert_eq!(members(&endpoint, &path).await, left, "{operations}");
    }
    let rename = json!([{"op": "Replace", "path": "displayName", "value": "Drawing"}]);
    assert_eq!(patch(&endpoint, &path, &rename).await, StatusCode::NO_CONTENT);
    assert_eq!(get(&endpoint, "/Groups?filter=displayName+eq+%22drawing%22").await.body["totalResults"], 1);
    let nothing = json!([{"op": "remove", "path": "displayName"}]);
    assert_eq!(patch(&endpoint, &path, &nothing).await, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_patched_group_comes_back_where_attributes_are_asked_for() {
    let endpoint = scim(Storage::memory());
    let id = create_group(&endpoint, "Design").await;
    let rename = patch_body(&json!([{"op": "replace", "path": "displayName", "value": "Drawing"}]));
    for (query, status, answer) in [
        (
            "attributes=displayName",
            StatusCode::OK,
            json!({"schemas": [urn::GROUP], "id": id, "displayName": "Drawing"}),
        ),
        ("excludedAttributes=members", StatusCode::NO_CONTENT, Value::Null),
        ("", StatusCode::NO_CONTENT, Value::Null),
    ] {
        let reply = call(&endpoint, Method::PATCH, &format!("/Groups/{id}?{query}"), rename.clone()).await;
        assert_eq!((reply.status, reply.body), (status, answer), "{query}");
    }
}

#[tokio::test]
async fn references_can_be_asked_for() {
    let (_directory, stores) = stores();
    for storage in stores {
        let endpoint = scim(storage);
        let (ann, bob) = (create(&endpoint, "ann").await, create(&endpoint, "bob").await);
        let group = create_group(&endpoint, "Design").await;
        let add = json!([{"op": "Add", "path": "members", "value": [{"value": ann}]}]);
        patch(&endpoint, &format!("/Groups/{group}"), &add).await;
        let manage = json!([{"op": "Add", "path": MANAGER, "value": bob}]);
        assert_eq!(patch(&endpoint, &format!("/Users/{ann}"), &manage).await, StatusCode::OK);
        for (query, found) in [
            (format!("/Groups?filter=id+eq+%22{group}%22+and+members+eq+%22{ann}%22&attributes=id"), 1),
            (format!("/Groups?filter=id+eq+%22{group}%22+and+members+eq+%22{bob}%22&attributes=id"), 0),
            (format!("/Groups?filter=members+eq+%22{ann}%22"), 1),
            (format!("/Groups?filter=id+eq+%22{}%22", group.to_uppercase()), 0),
            (format!("/Users?filter=id+eq+%22{ann}%22+and+manager+eq+%22{bob}%22&attributes=id"), 1),
            (format!("/Users?filter=id+eq+%22{ann}%22+and+manager+eq+%22{ann}%22&attributes=id"), 0),
            (format!("/Users?filter=id+eq+%22{ann}%22+and+{MANAGER}+eq+%22{bob}%22"), 1),
            (format!("/Users?filter=id+eq+%22{ann}%22+or+id+eq+%22{bob}%22+or+id+eq+%22{bob}%22"), 2),
        ] {
            let reply = get(&endpoint, &query).await;
            assert_eq!(reply.body["totalResults"], found, "{query}: {}", reply.body);
        }
        let query = format!("/Groups?filter=id+eq+%22{group}%22+and+members+eq+%22{ann}%22&attributes=id");
        let resource = &get(&endpoint, &query).await.body["Resources"][0];
        assert_eq!(resource, &json!({"id": group, "schemas": [urn::GROUP]}));
        let clear = json!([{"op": "Replace", "path": MANAGER, "value": ""}]);
        assert_eq!(patch(&endpoint, &format!("/Users/{ann}"), &clear).await, StatusCode::OK);
        assert_eq!(get(&endpoint, &format!("/Users/{ann}")).await.body[urn::ENTERPRISE_USER], Value::Null);
    }
}

#[tokio::test]
async fn large_groups_stay_usable() {
    let endpoint = scim(Storage::memory());
    let member = |number: usize| json!({"value": format!("{number:036}")});
    let body = json!({
        "schemas": [urn::GROUP], "displayName": "All",
        "members": (0..30_000).map(member).collect::<Vec<_>>(),
    });
    let reply = call(&endpoint, Method::POST, "/Groups", body).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
    let path = format!("/Groups/{}", reply.body["id"].as_str().unwrap());
    let added: Vec<_> =
        (29_500..30_500).map(|number| json!({"op": "add", "path": "members", "value": [member(number)]})).collect();
    assert_eq!(patch(&endpoint, &path, &json!(added)).await, StatusCode::NO_CONTENT);
    assert_eq!(members(&endpoint, &path).await.len(), 30_500);
    let removed: Vec<_> = (0..1000)
        .map(|number| json!({"op": "remove", "path": format!("members[value eq \"{number:036}\"]")}))
        .collect();
    assert_eq!(patch(&endpoint, &path, &json!(removed)).await, StatusCode::NO_CONTENT);
    assert_eq!(members(&endpoint, &path).await.len(), 29_500);
}

#[tokio::test]
async fn groups_are_described_where_they_are_kept() {
    let types = get(&scim(Storage::memory()), "/ResourceTypes").await.body;
    let endpoints: Vec<_> =
        types["Resources"].as_array().unwrap().iter().map(|kind| kind["endpoint"].as_str().unwrap()).collect();
    assert_eq!(endpoints, ["/Users", "/Groups"]);
    let schema = get(&scim(Storage::memory()), &format!("/Schemas/{}", urn::GROUP)).await.body;
    assert_eq!(schema["attributes"][0]["name"], "displayName");
    assert_eq!(
        (&schema["attributes"][0]["required"], &schema["attributes"][0]["caseExact"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(schema["attributes"][2]["subAttributes"].as_array().unwrap().len(), 4);
    assert_eq!(get(&scim(Storage::memory()), "/ResourceTypes/Group").await.status, StatusCode::OK);
    assert_eq!(get(&endpoint(), &format!("/Schemas/{}", urn::GROUP)).await.status, StatusCode::NOT_FOUND);
    let user = json!({"schemas": [urn::USER], "displayName": "Design"});
    let reply = call(&scim(Storage::memory()), Method::POST, "/Groups", user).await;
    assert_eq!(reply.body["detail"], format!("`schemas` of a Group has to name {}", urn::GROUP));
}

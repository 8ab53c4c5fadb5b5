//! RFC 7644 section 3.5.2: its examples in their order, each as it stands there.
//!
//! Two of them aren't JSON or not of the grammar: the examples without a path lack a closing brace, and
//! `members[value eq"…"]` lacks a blank, which is taken nevertheless. The text before the replacement of a `streetAddress`
//! calls it a part of `emails`.

use super::*;

const BABS: &str = "2819c223-7f76-453a-919d-413861904646";
const JAMES: &str = "08e1d05d-121c-4561-8b96-473d93df9210";

fn babs() -> Value {
    member(BABS, "Babs Jensen")
}

fn james() -> Value {
    member(JAMES, "James Smith")
}

fn member(id: &str, display: &str) -> Value {
    json!({"value": id, "$ref": format!("https://example.com/v2/Users/{id}"), "display": display})
}

/// Applies an example to what stands before, and compares what stands after; twice, as that makes no difference. What
/// is `null` before or after isn't there.
async fn example(path: &str, before: Value, operations: Value, after: Value) {
    for endpoint in both() {
        let (schema, name) = if path == "/Users" { (urn::USER, "userName") } else { (urn::GROUP, "displayName") };
        let mut document = json!({"schemas": [schema], name: "bjensen"});
        document.as_object_mut().unwrap().extend(before.as_object().unwrap().clone());
        let created = call(&endpoint, Method::POST, path, document).await;
        assert_eq!(created.status, StatusCode::CREATED, "{}", created.body);
        let path = format!("{path}/{}", created.body["id"].as_str().unwrap());
        let mut version = created.headers["etag"].to_str().unwrap().to_owned();
        for _ in 0..2 {
            let body = Some(patch_body(&operations));
            let reply = call_with(&endpoint, Method::PATCH, &path, &[("if-match", &version)], body).await;
            assert!(reply.status.is_success(), "{operations}: {}", reply.body);
            version = reply.headers["etag"].to_str().unwrap().to_owned();
            let read = get(&endpoint, &path).await;
            assert_eq!(read.headers["etag"], version);
            for (name, value) in after.as_object().unwrap() {
                assert_eq!(read.body.get(name).unwrap_or(&Value::Null), value, "{name} after {operations}");
            }
        }
    }
}

#[tokio::test]
async fn adds_a_member() {
    let add = json!([{"op": "add", "path": "members", "value": [babs()]}]);
    example("/Groups", json!({}), add.clone(), json!({"members": [babs()]})).await;
    example("/Groups", json!({"members": [james()]}), add.clone(), json!({"members": [james(), babs()]})).await;
    // already a member: a success without a change
    example("/Groups", json!({"members": [babs()]}), add, json!({"members": [babs()]})).await;
}

#[tokio::test]
async fn adds_attributes_without_a_path() {
    example(
        "/Users",
        json!({"nickName": "Barb", "emails": [{"value": "bjensen@example.com", "type": "work"}]}),
        json!([{"op": "add", "value": {"emails": [{"value": "babs@jensen.org", "type": "home"}], "nickname": "Babs"}}]),
        json!({
            "nickName": "Babs", "nickname": null,
            "emails": [{"value": "bjensen@example.com", "type": "work"}, {"value": "babs@jensen.org", "type": "home"}],
        }),
    )
    .await;
}

#[tokio::test]
async fn removes_members() {
    let one = json!([{"op": "remove", "path": format!("members[value eq \"{BABS}\"]")}]);
    example("/Groups", json!({"members": [babs(), james()]}), one.clone(), json!({"members": [james()]})).await;
    example("/Groups", json!({"members": [babs()]}), one.clone(), json!({"members": null})).await;
    // no member: a success without a change
    example("/Groups", json!({"members": [james()]}), one, json!({"members": [james()]})).await;
    let all = json!([{"op": "remove", "path": "members"}]);
    example("/Groups", json!({"members": [babs(), james()]}), all, json!({"members": null})).await;
}

#[tokio::test]
async fn removes_a_value_by_two_of_its_parts() {
    let remove = "emails[type eq \"work\" and value ew \"example.com\"]";
    let home = json!({"value": "babs@example.com", "type": "home"});
    let other = json!({"value": "babs@example.org", "type": "work"});
    let before = json!({"emails": [{"value": "bjensen@example.com", "type": "work"}, home, other]});
    for endpoint in both() {
        let mut document = json!({"schemas": [urn::USER], "userName": "bjensen"});
        document["emails"] = before["emails"].clone();
        let created = call(&endpoint, Method::POST, "/Users", document).await;
        let path = format!("/Users/{}", created.body["id"].as_str().unwrap());
        let operations = json!([{"op": "remove", "path": remove}]);
        assert_eq!(patch(&endpoint, &path, &operations).await, StatusCode::OK);
        assert_eq!(get(&endpoint, &path).await.body["emails"], json!([home, other]));
    }
}

#[tokio::test]
async fn removes_and_adds_a_member() {
    let operations = json!([
        {"op": "remove", "path": format!("members[value eq\"{BABS}\"]")},
        {"op": "add", "path": "members", "value": [james()]},
    ]);
    example("/Groups", json!({"members": [babs()]}), operations, json!({"members": [james()]})).await;
}

#[tokio::test]
async fn replaces_all_members_in_two_ways() {
    let both = json!([babs(), james()]);
    let before = json!({"members": [member("3f1d", "Somebody Else")]});
    let in_two = json!([{"op": "remove", "path": "members"}, {"op": "add", "path": "members", "value": both}]);
    example("/Groups", before.clone(), in_two, json!({"members": both})).await;
    let in_one = json!([{"op": "replace", "path": "members", "value": both}]);
    example("/Groups", before, in_one, json!({"members": both})).await;
}

fn work() -> Value {
    json!({
        "formatted": "911 Universal City Plaza\nHollywood, CA 91608 US", "streetAddress": "911 Universal City Plaza",
        "locality": "Hollywood", "region": "CA", "postalCode": "91608", "country": "US", "type": "work", "primary": true,
    })
}

#[tokio::test]
async fn replaces_an_address_and_ends_the_primary_one() {
    let home = |primary| json!({"locality": "Chaos", "type": "home", "primary": primary});
    example(
        "/Users",
        json!({"addresses": [home(true), {"streetAddress": "100 Universal City Plaza", "type": "work"}]}),
        json!([{"op": "replace", "path": "addresses[type eq \"work\"]", "value": work()}]),
        json!({"addresses": [home(false), work()]}),
    )
    .await;
}

#[tokio::test]
async fn replaces_a_part_of_an_address() {
    let mut moved = work();
    moved["streetAddress"] = json!("1010 Broadway Ave");
    example(
        "/Users",
        json!({"addresses": [work()]}),
        json!([{"op": "replace", "path": "addresses[type eq \"work\"].streetAddress", "value": "1010 Broadway Ave"}]),
        json!({"addresses": [moved]}),
    )
    .await;
}

#[tokio::test]
async fn replaces_attributes_without_a_path() {
    let emails = json!([
        {"value": "bjensen@example.com", "type": "work", "primary": true},
        {"value": "babs@jensen.org", "type": "home"},
    ]);
    example(
        "/Users",
        json!({"nickName": "Barb", "title": "Tour Guide", "emails": [{"value": "old@example.com", "type": "other"}]}),
        json!([{"op": "replace", "value": {"emails": emails, "nickname": "Babs"}}]),
        json!({"emails": emails, "nickName": "Babs", "title": "Tour Guide"}),
    )
    .await;
}

#[tokio::test]
async fn an_extension_is_named_in_schemas_once_it_is_used() {
    let path = format!("{}:employeeNumber", urn::ENTERPRISE_USER);
    for operation in [
        json!({"op": "add", "path": path, "value": "7"}),
        json!({"op": "replace", "value": {&path: "7"}}),
        json!({"op": "add", "value": {urn::ENTERPRISE_USER: {"employeeNumber": "7"}}}),
        json!({"op": "add", "path": urn::ENTERPRISE_USER, "value": {"employeeNumber": "7"}}),
    ] {
        let after =
            json!({"schemas": [urn::USER, urn::ENTERPRISE_USER], urn::ENTERPRISE_USER: {"employeeNumber": "7"}});
        example("/Users", json!({}), json!([operation]), after).await;
    }
}

#[tokio::test]
async fn each_mistake_has_its_type() {
    for endpoint in both() {
        let document = json!({
            "schemas": [urn::USER], "userName": "bjensen", "emails": [{"value": "b@example.com", "type": "work"}],
        });
        let created = call(&endpoint, Method::POST, "/Users", document).await;
        let path = format!("/Users/{}", created.body["id"].as_str().unwrap());
        let group = create_group(&endpoint, "Design").await;
        let good = json!({"op": "add", "path": "title", "value": "Boss"});
        for (operation, scim_type) in [
            (json!({"op": "remove"}), "noTarget"),
            (json!({"op": "replace", "path": "emails[type sw \"h\"].value", "value": "x"}), "noTarget"),
            (json!({"op": "replace", "path": "emails[value eq \"x\"].type", "value": "home", "x": 1}), "noTarget"),
            (json!({"op": "add", "path": "shoeSize", "value": 43}), "invalidPath"),
            (json!({"op": "add", "path": "name.nothing", "value": "x"}), "invalidPath"),
            (json!({"op": "add", "path": "emails[", "value": "x"}), "invalidPath"),
            (json!({"op": "add", "path": "emails[kind eq \"x\"]", "value": {"value": "x"}}), "invalidPath"),
            (json!({"op": "add", "path": 7, "value": "x"}), "invalidPath"),
            (json!({"op": "remove", "path": "emails[primary gt true]"}), "invalidFilter"),
            (json!({"op": "replace", "path": "id", "value": "x"}), "mutability"),
            (json!({"op": "remove", "path": "id"}), "mutability"),
            (json!({"op": "add", "path": "groups", "value": [{"value": group}]}), "mutability"),
            (json!({"op": "add", "value": {"meta": {"created": "2011-05-13T04:42:34Z"}}}), "mutability"),
            (json!({"op": "remove", "path": "userName"}), "mutability"),
            (json!({"op": "remove", "path": "schemas"}), "mutability"),
            (json!({"op": "replace", "path": "userName", "value": null}), "invalidValue"),
            (json!({"op": "replace", "path": "active", "value": "maybe"}), "invalidValue"),
            (json!({"op": "add", "path": "title"}), "invalidValue"),
            (json!({"op": "add", "value": "x"}), "invalidValue"),
            (json!({"op": "move", "path": "title", "value": "x"}), "invalidSyntax"),
            (json!({"path": "title", "value": "x"}), "invalidSyntax"),
            (json!("add"), "invalidSyntax"),
        ] {
            let reply = call(&endpoint, Method::PATCH, &path, patch_body(&json!([good, operation]))).await;
            let is_lenient = reply.status.is_success() && scim_type == "noTarget";
            if is_lenient {
                // a value filter that tells an entry makes it
                assert!(endpoint.leniencies().allow(crate::scim::Leniency::FilteredEntries), "{operation}");
                let back = json!([{"op": "remove", "path": "title"}, {"op": "replace", "path": "emails", "value": created.body["emails"]}]);
                assert_eq!(patch(&endpoint, &path, &back).await, StatusCode::OK);
                continue;
            }
            assert_eq!(
                (reply.status, &reply.body["scimType"]),
                (StatusCode::BAD_REQUEST, &json!(scim_type)),
                "{operation}"
            );
            assert!(reply.body["detail"].as_str().unwrap().starts_with("operation 2: ") || scim_type == "invalidValue");
            assert_eq!(get(&endpoint, &path).await.body.get("title"), None, "all or nothing: {operation}");
        }
        for body in [
            json!([]),
            json!({}),
            json!({"schemas": [urn::PATCH_OP]}),
            json!({"schemas": [urn::PATCH_OP], "Operations": []}),
        ] {
            let reply = call(&endpoint, Method::PATCH, &path, body).await;
            assert_eq!(reply.body["scimType"], "invalidSyntax");
        }
    }
}

#[tokio::test]
async fn what_is_read_only_may_come_back_as_it_was_read() {
    for endpoint in both() {
        let ann = create(&endpoint, "ann").await;
        let guides = create_group(&endpoint, "Guides").await;
        let add = json!([{"op": "add", "path": "members", "value": [{"value": ann}]}]);
        assert_eq!(patch(&endpoint, &format!("/Groups/{guides}"), &add).await, StatusCode::NO_CONTENT);
        for path in [format!("/Users/{ann}"), format!("/Groups/{guides}")] {
            let read = get(&endpoint, &path).await;
            let (meta, groups) = (&read.body["meta"], read.body.get("groups"));
            let groups = groups.map(|groups| json!({"op": "replace", "path": "groups", "value": groups}));
            for operation in [
                json!({"op": "replace", "value": read.body}),
                json!({"op": "add", "value": read.body}),
                json!({"op": "replace", "path": "meta", "value": meta}),
                json!({"op": "replace", "path": "meta", "value": {"resourceType": meta["resourceType"]}}),
                json!({"op": "replace", "path": "meta.version", "value": meta["version"]}),
                json!({"op": "add", "path": "META", "value": {"Location": meta["location"]}}),
            ]
            .into_iter()
            .chain(groups)
            {
                let reply = call(&endpoint, Method::PATCH, &path, patch_body(&json!([operation]))).await;
                assert!(reply.status.is_success(), "{operation}: {}", reply.body);
                assert_eq!(reply.headers["etag"], read.headers["etag"], "{operation}");
            }
            for operation in [
                json!({"op": "replace", "path": "meta.version", "value": "W/\"1\""}),
                json!({"op": "replace", "path": "meta", "value": {"resourceType": "Thing"}}),
                json!({"op": "replace", "path": "meta", "value": {"nothing": "x"}}),
                json!({"op": "remove", "path": "meta"}),
            ] {
                let reply = call(&endpoint, Method::PATCH, &path, patch_body(&json!([operation]))).await;
                assert_eq!(reply.body["scimType"], "mutability", "{operation}");
            }
        }
        for groups in [json!([]), json!([{"value": ann}]), json!([{"value": guides, "display": "Other"}])] {
            let operation = json!({"op": "replace", "path": "groups", "value": groups});
            let reply = call(&endpoint, Method::PATCH, &format!("/Users/{ann}"), patch_body(&json!([operation]))).await;
            assert_eq!(reply.body["scimType"], "mutability", "{operation}");
        }
    }
}

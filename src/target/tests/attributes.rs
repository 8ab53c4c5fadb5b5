//! RFC 7644 sections 3.4.2.5, 3.9 and 3.10, and `returned` of RFC 7643 section 7.

use super::*;
use crate::scim::{Attribute, AttributeType, Returned};

fn barbara() -> Value {
    json!({
        "schemas": [urn::USER, urn::ENTERPRISE_USER], "userName": "bjensen", "displayName": "Babs", "password": "t1meMa$heen",
        "name": {"familyName": "Jensen", "givenName": "Barbara"},
        "emails": [{"value": "b@example.com", "type": "work", "primary": true}, {"value": "b@jensen.org"}],
        urn::ENTERPRISE_USER: {"employeeNumber": "701984", "manager": {"value": "26118915", "$ref": "../Users/26118915"}},
    })
}

#[tokio::test]
async fn each_form_of_a_name_is_understood() {
    for endpoint in both() {
        let created = call(&endpoint, Method::POST, "/Users", barbara()).await;
        assert_eq!(created.status, StatusCode::CREATED, "{}", created.body);
        let id = created.body["id"].as_str().unwrap();
        let always = |more: Value| {
            let mut expected = json!({"id": id, "schemas": [urn::USER, urn::ENTERPRISE_USER]});
            expected.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            expected
        };
        let enterprise = urn::ENTERPRISE_USER;
        for (names, expected) in [
            ("userName".to_owned(), always(json!({"userName": "bjensen"}))),
            ("USERNAME, displayname".to_owned(), always(json!({"userName": "bjensen", "displayName": "Babs"}))),
            (format!("{}:userName", urn::USER), always(json!({"userName": "bjensen"}))),
            (format!("{}:name.familyName", urn::USER), always(json!({"name": {"familyName": "Jensen"}}))),
            (format!("{}:userName", urn::GROUP), always(json!({}))),
            ("name.givenName,name.middleName".to_owned(), always(json!({"name": {"givenName": "Barbara"}}))),
            ("emails.type".to_owned(), always(json!({"emails": [{"type": "work"}]}))),
            (format!("{enterprise}:employeeNumber"), always(json!({enterprise: {"employeeNumber": "701984"}}))),
            (format!("{enterprise}:manager.value"), always(json!({enterprise: {"manager": {"value": "26118915"}}}))),
            (enterprise.to_lowercase(), always(json!({enterprise: barbara()[enterprise]}))),
            ("password,nothing,1st,a b".to_owned(), always(json!({}))),
            (String::new(), always(json!({}))),
            ("meta.resourceType".to_owned(), always(json!({"meta": {"resourceType": "User"}}))),
        ] {
            let query = format!("attributes={}", encoded(&names));
            let read = get(&endpoint, &format!("/Users/{id}?{query}")).await;
            assert_eq!(read.body, expected, "{names}");
            assert!(read.headers.contains_key("etag"), "{names}");
            assert_eq!(
                get(&endpoint, &format!("/Users?{query}")).await.body["Resources"],
                json!([expected]),
                "{names}"
            );
        }
        let excluded = encoded(&format!("id,meta,emails.value,{enterprise}:manager,name,displayName"));
        assert_eq!(
            get(&endpoint, &format!("/Users/{id}?excludedAttributes={excluded}")).await.body,
            always(json!({
                "userName": "bjensen", "emails": [{"type": "work", "primary": true}],
                enterprise: {"employeeNumber": "701984"},
            }))
        );
    }
}

#[tokio::test]
async fn an_extension_is_named_where_that_is_asked() {
    let [strict, lenient] = both();
    for (endpoint, status) in [(&strict, StatusCode::BAD_REQUEST), (&lenient, StatusCode::OK)] {
        let created = call(endpoint, Method::POST, "/Users", barbara()).await;
        let id = created.body["id"].as_str().unwrap();
        for name in ["employeeNumber", "manager.value"] {
            for parameter in ["attributes", "excludedAttributes"] {
                for path in ["/Users".to_owned(), String::new(), format!("/Users/{id}")] {
                    let reply = get(endpoint, &format!("{path}?{parameter}={name}")).await;
                    assert_eq!(reply.status, status, "{parameter}={name}: {}", reply.body);
                }
            }
        }
        let body = json!({"schemas": [urn::SEARCH_REQUEST], "attributes": ["employeeNumber"]});
        assert_eq!(call(endpoint, Method::POST, "/.search", body).await.status, status);
        for path in [format!("/Users/{id}?attributes=shoeSize"), "/Groups?attributes=employeeNumber".to_owned()] {
            assert_eq!(get(endpoint, &path).await.status, StatusCode::OK, "{path}: what isn't known isn't asked for");
        }
    }
    let bare = get(&strict, "/Users?attributes=employeeNumber").await;
    let detail =
        format!("`employeeNumber` is an attribute of {0}, ask for it as `{0}:employeeNumber`", urn::ENTERPRISE_USER);
    assert_eq!((&bare.body["scimType"], &bare.body["detail"]), (&json!("invalidValue"), &json!(detail)));
    let lenient = get(&lenient, "/Users?attributes=employeeNumber").await;
    assert_eq!(lenient.body["Resources"][0][urn::ENTERPRISE_USER], json!({"employeeNumber": "701984"}));
}

#[tokio::test]
async fn writes_answer_with_what_is_asked_for() {
    for endpoint in both() {
        let created = call(&endpoint, Method::POST, "/Users?attributes=displayName", barbara()).await;
        let id = created.body["id"].as_str().unwrap();
        assert_eq!(
            created.body,
            json!({"id": id, "schemas": [urn::USER, urn::ENTERPRISE_USER], "displayName": "Babs"})
        );
        let replaced = json!({"schemas": [urn::USER], "userName": "bjensen", "title": "Boss"});
        let replaced = call(&endpoint, Method::PUT, &format!("/Users/{id}?excludedAttributes=meta"), replaced).await;
        assert_eq!(replaced.body, json!({"id": id, "schemas": [urn::USER], "userName": "bjensen", "title": "Boss"}));
        let group = create_group(&endpoint, "Design").await;
        let operations = patch_body(&json!([{"op": "replace", "path": "displayName", "value": "Sales"}]));
        let path = format!("/Groups/{group}");
        assert_eq!(call(&endpoint, Method::PATCH, &path, operations.clone()).await.status, StatusCode::NO_CONTENT);
        let asked = call(&endpoint, Method::PATCH, &format!("{path}?attributes=displayName"), operations).await;
        assert_eq!((asked.status, &asked.body["displayName"]), (StatusCode::OK, &json!("Sales")));
    }
}

#[tokio::test]
async fn one_of_both_parameters_is_enough() {
    let endpoint = scim(Storage::memory());
    let id = create(&endpoint, "ann").await;
    let both = "attributes=userName&excludedAttributes=name";
    for (method, path, body) in [
        (Method::GET, "/Users".to_owned(), None),
        (Method::GET, String::new(), None),
        (Method::GET, format!("/Users/{id}"), None),
        (Method::POST, "/Users".to_owned(), Some(json!({"schemas": [urn::USER], "userName": "bob"}))),
        (Method::PUT, format!("/Users/{id}"), Some(json!({"schemas": [urn::USER], "userName": "bob"}))),
        (
            Method::PATCH,
            format!("/Users/{id}"),
            Some(patch_body(&json!([{"op": "add", "path": "title", "value": "x"}]))),
        ),
    ] {
        let reply = send(&endpoint, request(method.clone(), &format!("{path}?{both}"), body.as_ref())).await;
        assert_eq!(
            (reply.status, &reply.body["scimType"]),
            (StatusCode::BAD_REQUEST, &json!("invalidValue")),
            "{method} {path}"
        );
    }
    let users = endpoint.resources().unwrap();
    assert_eq!((users.len(), users[0].get("title")), (1, None), "what is refused isn't done");
}

/// Users with an attribute for each `returned`.
fn custom() -> Endpoint {
    let returned = |name: &'static str, returned| Attribute { returned, ..Attribute::new(name, AttributeType::String) };
    let mut users = ResourceSchema::user();
    let mut badge = returned("badge", Returned::Default);
    badge.kind = AttributeType::Complex;
    badge.sub_attributes = vec![
        returned("number", Returned::Always),
        returned("colour", Returned::Default),
        returned("code", Returned::Never),
    ];
    users.attributes.extend([
        returned("login", Returned::Always),
        returned("secret", Returned::Never),
        returned("note", Returned::Request),
        badge,
    ]);
    Endpoint::new(EndpointOptions { users, ..scim_options(&clock()) }, Storage::memory()).unwrap()
}

#[tokio::test]
async fn some_attributes_are_returned_always_never_or_on_request() {
    let endpoint = custom();
    let document = json!({
        "schemas": [urn::USER], "userName": "ann", "login": "l", "secret": "s3cret", "note": "n",
        "badge": {"number": "1", "colour": "red", "code": "c0de"},
    });
    let created = call(&endpoint, Method::POST, "/Users", document).await;
    let id = created.body["id"].as_str().unwrap();
    let path = format!("/Users/{id}");
    assert_eq!(created.body["note"], "n", "the client has just written it");
    for reply in [&created.body, &get(&endpoint, &path).await.body, &get(&endpoint, "/Users").await.body] {
        let text = reply.to_string();
        assert!(!text.contains("s3cret") && !text.contains("c0de"), "{text}");
    }
    for (query, expected) in [
        ("", json!({"login": "l", "badge": {"number": "1", "colour": "red"}})),
        ("?attributes=note", json!({"login": "l", "note": "n"})),
        ("?attributes=badge.colour", json!({"login": "l", "badge": {"number": "1", "colour": "red"}})),
        ("?attributes=secret,badge.code", json!({"login": "l", "badge": {"number": "1"}})),
        ("?excludedAttributes=login,badge.number,badge.colour", json!({"login": "l", "badge": {"number": "1"}})),
    ] {
        let body = get(&endpoint, &format!("{path}{query}")).await.body;
        for name in ["login", "note", "badge", "secret"] {
            assert_eq!(body.get(name), expected.get(name), "{name} of {query}");
        }
    }
    for (operation, shown) in [
        (json!({"op": "replace", "path": "note", "value": "m"}), true),
        (json!({"op": "replace", "value": {"note": "o"}}), true),
        (json!({"op": "replace", "path": "title", "value": "x"}), false),
    ] {
        let reply = call(&endpoint, Method::PATCH, &path, patch_body(&json!([operation]))).await;
        assert_eq!(reply.body.get("note").is_some(), shown, "{operation}");
    }
}

//! RFC 7644 section 3.14.

use super::*;

async fn created(endpoint: &Endpoint) -> (String, String) {
    let document = json!({"schemas": [urn::USER], "userName": "bjensen", "externalId": "bjensen"});
    let reply = call(endpoint, Method::POST, "/Users", document).await;
    let version = reply.headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(reply.body["meta"]["version"], version);
    assert!(version.starts_with("W/\""), "{version}");
    (format!("/Users/{}", reply.body["id"].as_str().unwrap()), version)
}

#[tokio::test]
async fn every_answer_with_a_resource_tells_its_version() {
    let clock = clock();
    let endpoint = scim_at(&clock, Storage::memory());
    let (path, version) = created(&endpoint).await;
    let location = format!("http://scim.example:8080/scim/v2{path}");
    let put = json!({"schemas": [urn::USER], "userName": "bjensen"});
    let patch = patch_body(&json!([{"op": "add", "path": "title", "value": "Boss"}]));
    for (method, body) in
        [(Method::GET, None), (Method::PUT, Some(put)), (Method::PATCH, Some(patch)), (Method::GET, None)]
    {
        let reply = send(&endpoint, request(method.clone(), &path, body.as_ref())).await;
        assert_eq!(reply.headers["etag"], reply.body["meta"]["version"].as_str().unwrap(), "{method}");
        assert_eq!(reply.headers["location"], location.as_str(), "{method}");
        assert_eq!(reply.headers["content-location"], location.as_str(), "{method}");
        assert_eq!(reply.body["meta"]["location"], location);
    }
    let list = get(&endpoint, "/Users").await;
    assert_eq!(
        list.body["Resources"][0]["meta"]["version"],
        get(&endpoint, &path).await.headers["etag"].to_str().unwrap()
    );
    assert!(!list.headers.contains_key("etag"), "a list has no version");
    let group = create_group(&endpoint, "Design").await;
    let rename = patch_body(&json!([{"op": "replace", "path": "displayName", "value": "Sales"}]));
    let reply = call(&endpoint, Method::PATCH, &format!("/Groups/{group}"), rename).await;
    assert_eq!(reply.status, StatusCode::NO_CONTENT);
    let read = get(&endpoint, &format!("/Groups/{group}")).await;
    assert_eq!(
        (&reply.headers["etag"], &reply.headers["location"]),
        (&read.headers["etag"], &read.headers["location"])
    );
    assert_ne!(version, "");
}

#[tokio::test]
async fn a_version_changes_with_the_resource_and_not_without() {
    let clock = clock();
    let endpoint = scim_at(&clock, Storage::memory());
    let (path, version) = created(&endpoint).await;
    let patch = |value: &str| patch_body(&json!([{"op": "replace", "path": "externalId", "value": value}]));
    clock.sleep(std::time::Duration::from_mins(1)).await;
    let same = call(&endpoint, Method::PATCH, &path, patch("bjensen")).await;
    assert_eq!(same.headers["etag"], version);
    let changed = call(&endpoint, Method::PATCH, &path, patch("x")).await;
    assert_ne!(changed.headers["etag"], version);
    let back = call(&endpoint, Method::PATCH, &path, patch("bjensen")).await;
    assert_ne!(back.headers["etag"], version, "it was changed at another instant");
    let other = Endpoint::new(EndpointOptions { base_path: String::new(), ..scim_options(&clock) }, Storage::memory());
    let request = |host: &str| {
        Request::get("/Users")
            .header("authorization", "Bearer secret")
            .header("host", host)
            .body(Body::empty())
            .unwrap()
    };
    let other = other.unwrap();
    other.load(endpoint.resources().unwrap()).unwrap();
    let versions = [send(&other, request("a")).await, send(&other, request("b")).await];
    assert_eq!(
        versions[0].body["Resources"][0]["meta"]["version"], versions[1].body["Resources"][0]["meta"]["version"],
        "how the client calls the endpoint makes no difference"
    );
}

#[tokio::test]
async fn what_the_client_has_isnt_sent_again() {
    let endpoint = scim(Storage::memory());
    let (path, version) = created(&endpoint).await;
    let strong = version.trim_start_matches("W/").to_owned();
    for (name, value, status) in [
        ("if-none-match", version.as_str(), StatusCode::NOT_MODIFIED),
        ("if-none-match", strong.as_str(), StatusCode::NOT_MODIFIED),
        ("if-none-match", &format!("\"x\", {version}"), StatusCode::NOT_MODIFIED),
        ("if-none-match", "*", StatusCode::NOT_MODIFIED),
        ("if-none-match", "W/\"x\"", StatusCode::OK),
        ("if-none-match", "", StatusCode::OK),
        ("if-match", version.as_str(), StatusCode::OK),
        ("if-match", "W/\"x\"", StatusCode::PRECONDITION_FAILED),
    ] {
        for method in [Method::GET, Method::HEAD] {
            let asked = format!("{path}?attributes=displayName");
            if method == Method::HEAD && status == StatusCode::PRECONDITION_FAILED {
                continue;
            }
            let reply = call_with(&endpoint, method.clone(), &asked, &[(name, value)], None).await;
            assert_eq!(reply.status, status, "{method} {name}: {value}");
            if status == StatusCode::NOT_MODIFIED {
                assert_eq!(reply.headers["etag"], version);
                assert_eq!(reply.body, Value::Null);
            }
        }
    }
    let missing = call_with(&endpoint, Method::GET, "/Users/x", &[("if-none-match", "*")], None).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn only_the_version_that_the_client_knows_is_changed() {
    for storage in [Storage::memory(), Storage::memory()] {
        let endpoint = scim(storage);
        let (path, version) = created(&endpoint).await;
        let put = || Some(json!({"schemas": [urn::USER], "userName": "babs"}));
        let patch = || Some(patch_body(&json!([{"op": "replace", "path": "userName", "value": "babs"}])));
        for headers in [
            &[("if-match", "W/\"x\"")][..],
            &[("if-match", "\"x\", W/\"y\"")],
            &[("if-match", "")],
            &[("if-match", version.as_str()), ("if-none-match", "*")],
            &[("if-none-match", version.as_str())],
        ] {
            for (method, body) in [(Method::PUT, put()), (Method::PATCH, patch()), (Method::DELETE, None)] {
                let reply = call_with(&endpoint, method.clone(), &path, headers, body).await;
                assert_eq!(reply.status, StatusCode::PRECONDITION_FAILED, "{method} {headers:?}");
                assert!(reply.body["detail"].as_str().unwrap().contains(&version), "{}", reply.body);
            }
        }
        assert_eq!(get(&endpoint, &path).await.headers["etag"], version);
        let reply = call_with(&endpoint, Method::PATCH, &path, &[("if-match", &version)], patch()).await;
        assert_eq!((reply.status, &reply.body["userName"]), (StatusCode::OK, &json!("babs")));
        let second = reply.headers["etag"].to_str().unwrap().to_owned();
        assert_ne!(second, version);
        let list = format!("{version}, {second}");
        let reply = call_with(&endpoint, Method::PUT, &path, &[("if-match", &list)], put()).await;
        assert_eq!(reply.status, StatusCode::OK);
        let reply = call_with(&endpoint, Method::DELETE, &path, &[("if-match", "*")], None).await;
        assert_eq!(reply.status, StatusCode::NO_CONTENT);
        for (method, body) in [(Method::PUT, put()), (Method::PATCH, patch()), (Method::DELETE, None)] {
            let reply = call_with(&endpoint, method, &path, &[("if-match", "*")], body).await;
            assert_eq!(reply.status, StatusCode::NOT_FOUND);
        }
    }
}

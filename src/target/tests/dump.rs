use futures_util::StreamExt as _;

use super::*;

async fn response(endpoint: &Endpoint, path: &str) -> axum::http::Response<Body> {
    let mut asking = request(Method::GET, path, None);
    asking.headers_mut().insert("accept", "text/html;q=0.1, application/X-NDJSON; charset=utf-8".parse().unwrap());
    endpoint.router().oneshot(asking).await.unwrap()
}

async fn text(endpoint: &Endpoint, path: &str) -> String {
    let response = response(endpoint, path).await;
    assert_eq!(
        (response.status(), &response.headers()["content-type"].to_str().unwrap()),
        (StatusCode::OK, &"application/x-ndjson")
    );
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

async fn lines(endpoint: &Endpoint, path: &str) -> Vec<Value> {
    text(endpoint, path).await.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn names(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line.get("userName").or(line.get("displayName")).unwrap().as_str().unwrap()).collect()
}

/// Without versions, which a resource that is loaded begins anew.
fn without_versions(dump: &str) -> Vec<Value> {
    let line = |line: &str| {
        let mut resource: Value = serde_json::from_str(line).unwrap();
        resource["meta"].as_object_mut().unwrap().remove("version").unwrap();
        resource
    };
    dump.lines().map(line).collect()
}

/// Two users and two groups, one in the other.
async fn company(endpoint: &Endpoint) {
    let reply = call(endpoint, Method::POST, "/Users", ann()).await;
    let id = reply.body["id"].as_str().unwrap().to_owned();
    create(endpoint, "bob \"the\" line\nbreaker").await;
    let inner = create_group(endpoint, "Inner").await;
    let outer = create_group(endpoint, "Outer").await;
    let add = |ids: &[&str]| {
        let members: Vec<_> = ids.iter().map(|id| json!({"value": id, "display": "x"})).collect();
        json!([{"op": "add", "path": "members", "value": members}])
    };
    patch(endpoint, &format!("/Groups/{inner}"), &add(&[&id])).await;
    patch(endpoint, &format!("/Groups/{outer}"), &add(&[&inner, "nobody"])).await;
}

#[tokio::test]
async fn what_is_dumped_can_be_loaded_again() {
    let directory = tempfile::tempdir().unwrap();
    for (storage, other) in [
        (Storage::memory(), Storage::file(&directory.path().join("a.db")).unwrap()),
        (Storage::file(&directory.path().join("b.db")).unwrap(), Storage::memory()),
    ] {
        let endpoint = scim(storage);
        company(&endpoint).await;
        let dump = text(&endpoint, "").await;
        assert_eq!(dump.lines().count(), 4);
        let later = Clock::starting_at("2027-01-01T00:00:00Z".parse().unwrap());
        let copy = scim_at(&later, other);
        let loaded = copy.load_from(std::io::Cursor::new(dump.clone())).unwrap();
        assert_eq!((loaded.users, loaded.groups), (2, 2));
        for path in ["", "/"] {
            assert_eq!(without_versions(&text(&copy, path).await), without_versions(&dump));
        }
        let error = copy.load_from(std::io::Cursor::new(dump)).unwrap_err().to_string();
        assert_eq!(error, "resource 1 has the id of another one; each has to be unique");
    }
}

#[tokio::test]
async fn filters_and_attributes_apply_and_pages_do_not() {
    let endpoint = scim(Storage::memory());
    company(&endpoint).await;
    let users = lines(&endpoint, "/Users?count=1&startIndex=2").await;
    assert_eq!(names(&users), ["Ann@Contoso.com", "bob \"the\" line\nbreaker"]);
    assert_eq!(users[0]["groups"][1]["display"], "Outer");
    let id = &users[0]["id"];
    assert_eq!(users[0], get(&endpoint, &format!("/Users/{}", id.as_str().unwrap())).await.body);
    let groups = lines(&endpoint, "/Groups?excludedAttributes=members,schemas,meta").await;
    assert_eq!(groups[1]["members"], Value::Null);
    assert_eq!(names(&groups), ["Inner", "Outer"]);
    let found = lines(&endpoint, "/Users?filter=userName+eq+%22ann%40contoso.com%22&attributes=active").await;
    assert_eq!(found, [json!({"schemas": [urn::USER, urn::ENTERPRISE_USER], "id": id, "active": true})]);
    let found = lines(&endpoint, "?filter=userName+sw+%22b%22").await;
    assert_eq!(names(&found), ["bob \"the\" line\nbreaker"], "groups have no userName, so none matches");
    let found = lines(&endpoint, "/?filter=displayName+pr").await;
    assert_eq!(names(&found), ["Ann@Contoso.com", "Inner", "Outer"]);
    let member = format!("/Groups?filter=members+eq+%22{}%22", id.as_str().unwrap());
    let found = lines(&endpoint, &member).await;
    assert_eq!(names(&found), ["Inner"]);
    let refused = response(&endpoint, "/Users?filter=shoeSize+pr").await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    assert_eq!(lines(&self::endpoint(), "").await, Vec::<Value>::new());
    let reply = get(&endpoint, "").await;
    assert_eq!(
        (reply.status, &reply.body["totalResults"]),
        (StatusCode::OK, &json!(4)),
        "a query, unless lines are wanted"
    );
}

#[tokio::test]
async fn who_is_there_all_the_time_is_told_once() {
    let directory = tempfile::tempdir().unwrap();
    for storage in [Storage::memory(), Storage::file(&directory.path().join("data.db")).unwrap()] {
        let endpoint = scim(storage);
        let user = |number: usize| {
            Resource::from_value(json!({"id": number.to_string(), "userName": format!("user{number}")})).unwrap()
        };
        endpoint.load((0..5000).map(user).collect()).unwrap();
        let mut body = response(&endpoint, "/Users").await.into_body().into_data_stream();
        let mut told = body.next().await.unwrap().unwrap().to_vec();
        assert!(told.len() < 1024 * 1024, "a piece of it, not all");
        for number in [0, 4000] {
            send(&endpoint, request(Method::DELETE, &format!("/Users/{number}"), None)).await;
        }
        create(&endpoint, "new").await;
        while let Some(piece) = body.next().await {
            told.extend(piece.unwrap());
        }
        let told = String::from_utf8(told).unwrap();
        let names: Vec<_> = told
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["userName"].as_str().unwrap().to_owned())
            .collect();
        let expected = (0..5000).filter(|number| *number != 4000).map(|number| format!("user{number}"));
        assert_eq!(names, expected.chain(["new".to_owned()]).collect::<Vec<_>>());
    }
}

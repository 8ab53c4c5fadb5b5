use super::*;

fn rule(text: &str) -> FaultRule {
    FaultRule::from_json(&serde_json::from_str(text).unwrap()).unwrap()
}

fn with(fault: Fault) -> Endpoint {
    let endpoint = scim(Storage::memory());
    endpoint.set_faults(vec![FaultRule::new(fault)]);
    endpoint
}

fn user(name: &str) -> Value {
    json!({"schemas": [urn::USER], "userName": name})
}

/// The status of each request: a POST, the query for the new user, and a GET, PATCH and DELETE of one that
/// was there before.
async fn statuses(fault: Fault) -> [u16; 5] {
    let endpoint = scim(Storage::memory());
    let path = format!("/Users/{}", create(&endpoint, "old").await);
    endpoint.set_faults(vec![FaultRule::new(fault)]);
    let title = patch_body(&json!([{"op": "Add", "path": "title", "value": "x"}]));
    let mut requests = vec![request(Method::POST, "/Users", Some(&user("ann")))];
    requests.push(request(Method::GET, "/Users?filter=userName+eq+%22nobody%22", None));
    requests.push(request(Method::GET, &path, None));
    requests.push(request(Method::PATCH, &path, Some(&title)));
    requests.push(request(Method::DELETE, &path, None));
    let mut statuses = [0; 5];
    for (status, request) in statuses.iter_mut().zip(requests) {
        *status = endpoint.router().oneshot(request).await.unwrap().status().as_u16();
    }
    statuses
}

#[tokio::test]
async fn requests_are_refused() {
    for (fault, expected) in [
        (Fault::TokenExpired, [401; 5]),
        (Fault::Forbidden, [403; 5]),
        (Fault::Unavailable, [503; 5]),
        (Fault::Error, [500; 5]),
        (Fault::TooManyRequests, [429; 5]),
        (Fault::Html, [200; 5]),
        (Fault::RefuseCreate, [400, 200, 200, 200, 204]),
        (Fault::ConflictOnCreate, [409, 200, 200, 200, 204]),
        (Fault::RefusePatch, [201, 200, 200, 500, 204]),
        (Fault::EmptyList404, [201, 404, 200, 200, 204]),
        (Fault::ForgetOnRead, [201, 200, 404, 200, 204]),
        (Fault::Slow, [201, 200, 200, 200, 204]),
        (Fault::IgnoreFilter, [201, 200, 200, 200, 204]),
    ] {
        assert_eq!(statuses(fault).await, expected, "{fault}");
    }
    let headers = get(&with(Fault::TooManyRequests), "/Schemas").await.headers;
    assert_eq!(headers["retry-after"], "30");
    assert_eq!(get(&with(Fault::TokenExpired), "/Schemas").await.headers["www-authenticate"], "Bearer");
    let html = with(Fault::Html).router().oneshot(request(Method::GET, "/Users", None)).await.unwrap();
    assert_eq!(html.headers()["content-type"], "text/html; charset=utf-8");
}

#[tokio::test]
async fn reads_go_wrong() {
    let clock = clock();
    let endpoint = scim_at(&clock, Storage::memory());
    create(&endpoint, "ann").await;
    create(&endpoint, "bob").await;
    let query = "/Users?filter=userName+eq+%22ann%22&count=1";
    endpoint.set_faults(vec![FaultRule::new(Fault::IgnoreFilter)]);
    let list = get(&endpoint, query).await.body;
    assert_eq!((&list["totalResults"], &list["itemsPerPage"]), (&json!(2), &json!(1)));
    endpoint.set_faults(vec![FaultRule::new(Fault::EmptyList404)]);
    assert_eq!(get(&endpoint, query).await.body["totalResults"], 1);
    assert_eq!(get(&endpoint, "/Groups").await.status, StatusCode::NOT_FOUND);
    let before = clock.now();
    endpoint.set_faults(vec![FaultRule::new(Fault::Slow)]);
    get(&endpoint, query).await;
    assert_eq!(clock.now().duration_since(before).as_millis(), 600);
    endpoint.set_faults(Vec::new());
    assert_eq!(get(&endpoint, "/Groups").await.status, StatusCode::OK);
}

/// What a PATCH of a user with names, a title and an address leaves at some pointers.
async fn patched(fault: Fault, operations: Value, expected: &[(&str, Value)]) {
    let endpoint = scim(Storage::memory());
    let mut document = ann();
    document["title"] = json!("Boss");
    let reply = call(&endpoint, Method::POST, "/Users", document).await;
    let path = format!("/Users/{}", reply.body["id"].as_str().unwrap());
    endpoint.set_faults(vec![FaultRule::new(fault)]);
    let reply = call(&endpoint, Method::PATCH, &path, patch_body(&operations)).await;
    assert_eq!(reply.status, StatusCode::OK, "{fault}: {}", reply.body);
    endpoint.set_faults(Vec::new());
    let body = get(&endpoint, &path).await.body;
    assert_eq!(body, reply.body);
    for (pointer, value) in expected {
        assert_eq!(body.pointer(pointer).unwrap_or(&Value::Null), value, "{fault}: {pointer} in {body}");
    }
}

#[tokio::test]
async fn something_else_is_stored() {
    let department = format!("/{}/department", urn::ENTERPRISE_USER);
    let department_path = format!("{}:department", urn::ENTERPRISE_USER);
    patched(
        Fault::DropAttribute,
        json!([
            {"op": "Replace", "path": "title", "value": "Chief"},
            {"op": "Replace", "path": department_path, "value": "Sales"},
            {"op": "Replace", "path": "nickName", "value": "Babs"},
        ]),
        &[("/title", json!("Boss")), (&department, json!("R&D")), ("/nickName", json!("Babs"))],
    )
    .await;
    patched(
        Fault::LiteralDottedKeys,
        json!([{"op": "replace", "value": {"name.givenName": "Anna", "nickName": "Babs"}}]),
        &[("/name/givenName", json!("Ann")), ("/name.givenName", json!("Anna")), ("/nickName", json!("Babs"))],
    )
    .await;
    patched(
        Fault::LiteralDottedKeys,
        json!([{"op": "Replace", "path": "name.givenName", "value": "Anna"}]),
        &[("/name/givenName", json!("Anna")), ("/name.givenName", Value::Null)],
    )
    .await;
    for operations in [
        json!([{"op": "Replace", "path": "active", "value": "False"}]),
        json!([{"op": "Replace", "value": {"active": "False"}}]),
    ] {
        patched(Fault::StringBooleans, operations, &[("/active", json!("False"))]).await;
    }
    patched(
        Fault::ChangeCase,
        json!([{"op": "Replace", "path": "displayName", "value": "Ann B"}]),
        &[("/displayName", json!("ANN B"))],
    )
    .await;
    let created = call(&with(Fault::DropAttribute), Method::POST, "/Users", ann()).await.body;
    assert_eq!((&created[urn::ENTERPRISE_USER], &created["schemas"]), (&Value::Null, &json!([urn::USER])));
    let mut stringly = ann();
    stringly["active"] = json!("true");
    assert_eq!(call(&with(Fault::StringBooleans), Method::POST, "/Users", stringly).await.body["active"], "true");
}

#[tokio::test]
async fn a_path_to_the_work_address_poisons_the_patch() {
    let endpoint = scim(Storage::memory());
    let path = format!("/Users/{}", create(&endpoint, "ann").await);
    endpoint.set_faults(vec![FaultRule::new(Fault::RejectWorkEmailPath)]);
    let operations = json!([
        {"op": "Replace", "path": "active", "value": "False"},
        {"op": "Add", "path": "emails[type eq \"work\"].value", "value": "a@x"},
    ]);
    let reply = call(&endpoint, Method::PATCH, &path, patch_body(&operations)).await;
    assert_eq!((reply.status, &reply.body["scimType"]), (StatusCode::BAD_REQUEST, &json!("invalidPath")));
    assert_eq!(get(&endpoint, &path).await.body["active"], Value::Null);
    assert_eq!(patch(&endpoint, &path, &json!([operations[0]])).await, StatusCode::OK);
    let home = json!([{"op": "Add", "path": "emails[type eq \"home\"].value", "value": "a@x"}]);
    assert_eq!(patch(&endpoint, &path, &home).await, StatusCode::OK);
}

#[tokio::test]
async fn members_are_removed_wrongly() {
    let list = json!([{"op": "Remove", "path": "members", "value": [{"value": "a"}]}]);
    let filtered = json!([{"op": "remove", "path": "members[value eq \"a\"]"}]);
    let capital = json!([{"op": "Remove", "path": "Members", "value": [{"value": "a"}]}]);
    // The exact spelling of a key wins, for the fault as for the endpoint itself.
    let twice = json!([{"op": "Remove", "Path": "displayName", "path": "members", "value": [{"value": "a"}]}]);
    for (fault, operations, left) in [
        (Fault::RemoveMembersWipesGroup, &list, Value::Null),
        (Fault::RemoveMembersWipesGroup, &capital, Value::Null),
        (Fault::RemoveMembersWipesGroup, &twice, Value::Null),
        (Fault::RemoveMembersWipesGroup, &filtered, json!([{"value": "b"}])),
        (Fault::NoopOnFilteredRemove, &filtered, json!([{"value": "a"}, {"value": "b"}])),
        (Fault::NoopOnFilteredRemove, &list, json!([{"value": "b"}])),
    ] {
        let endpoint = with(fault);
        let path = format!("/Groups/{}", create_group(&endpoint, "Design").await);
        let add = json!([{"op": "add", "path": "members", "value": [{"value": "a"}, {"value": "b"}]}]);
        assert_eq!(patch(&endpoint, &path, &add).await, StatusCode::NO_CONTENT);
        assert_eq!(patch(&endpoint, &path, operations).await, StatusCode::NO_CONTENT);
        assert_eq!(get(&endpoint, &path).await.body["members"], left, "{fault}: {operations}");
    }
}

#[tokio::test]
async fn rules_say_for_whom_and_when() {
    let clock = clock();
    let endpoint = scim_at(&clock, Storage::memory());
    let (ann, bob) = (create(&endpoint, "ann@contoso.com").await, create(&endpoint, "bob@contoso.com").await);
    let design = create_group(&endpoint, "Design").await;
    endpoint.set_faults(vec![rule(&format!(
        r#"{{"name": "unavailable", "users": ["Ann@contoso.com", "design", "{bob}"], "from": "2026-03-01T11:00:00Z",
            "until": "2026-03-01T12:00:00Z"}}"#
    ))]);
    for (hour, in_force) in [(10, false), (11, true), (12, false)] {
        for (path, concerned) in [
            (format!("/Users/{ann}"), true),
            (format!("/Users/{bob}"), true),
            (format!("/Groups/{design}"), true),
            ("/Users?filter=userName+eq+%22ANN%40contoso.com%22".to_owned(), true),
            ("/Users?filter=userName+eq+%22carl%22".to_owned(), false),
            ("/Users?filter=userName+eq+%22joann%40contoso.com%22".to_owned(), false),
            ("/Users".to_owned(), false),
            ("/Schemas".to_owned(), false),
        ] {
            let unavailable = get(&endpoint, &path).await.status == StatusCode::SERVICE_UNAVAILABLE;
            assert_eq!(unavailable, in_force && concerned, "{path} at {hour}");
        }
        for (name, status) in [("ann@CONTOSO.com", 409), (&format!("carl{hour}"), 201)] {
            let reply = call(&endpoint, Method::POST, "/Users", user(name)).await;
            let expected = if in_force && status == 409 { 503 } else { status };
            assert_eq!(reply.status.as_u16(), expected, "{name} at {hour}");
        }
        clock.sleep(std::time::Duration::from_hours(1)).await;
    }
    endpoint.set_faults(vec![rule(r#"{"name": "error", "methods": ["post"]}"#)]);
    assert_eq!(get(&endpoint, "/Users").await.status, StatusCode::OK);
    assert_eq!(call(&endpoint, Method::POST, "/Users", user("dora")).await.status, StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn rates_are_drawn_alike_each_time() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let endpoint = scim(Storage::memory());
        endpoint.set_faults(vec![rule(r#"{"name": "unavailable", "rate": 0.25, "methods": ["GET"]}"#)]);
        let mut run = Vec::new();
        for _ in 0..200 {
            run.push(get(&endpoint, "/Users").await.status == StatusCode::SERVICE_UNAVAILABLE);
        }
        runs.push(run);
    }
    assert_eq!(runs[0], runs[1]);
    let happened = runs[0].iter().filter(|happened| **happened).count();
    assert!((30..70).contains(&happened), "{happened} of 200");
}

#[tokio::test]
async fn strangers_learn_nothing_of_faults() {
    let endpoint = with(Fault::Unavailable);
    let request = Request::get("/scim/v2/Users").body(Body::empty()).unwrap();
    assert_eq!(send(&endpoint, request).await.status, StatusCode::UNAUTHORIZED);
}

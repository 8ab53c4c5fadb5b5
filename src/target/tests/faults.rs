//! The faults: what each shows on the wire, and the rules that say for whom and when.

mod answering;
mod refusing;
mod wire;

use super::*;

fn rule(text: &str) -> FaultRule {
    FaultRule::from_json(&serde_json::from_str(text).unwrap()).unwrap()
}

fn with(fault: &str) -> Endpoint {
    let endpoint = scim(Storage::memory());
    endpoint.set_faults(vec![FaultRule::new(Fault::parse(fault).unwrap())]);
    endpoint
}

fn user(name: &str) -> Value {
    json!({"schemas": [urn::USER], "userName": name})
}

#[tokio::test]
async fn rules_say_for_whom_and_when() {
    let clock = clock();
    let endpoint = scim_at(&clock, Storage::memory());
    let (ann, bob) = (create(&endpoint, "ann@contoso.com").await, create(&endpoint, "bob@contoso.com").await);
    let design = create_group(&endpoint, "Design").await;
    endpoint.set_faults(vec![rule(&format!(
        r#"{{"name": "503", "users": ["Ann@contoso.com", "design", "{bob}"], "from": "2026-03-01T11:00:00Z",
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
    endpoint.set_faults(vec![rule(r#"{"name": "500", "methods": ["post"]}"#)]);
    assert_eq!(get(&endpoint, "/Users").await.status, StatusCode::OK);
    assert_eq!(call(&endpoint, Method::POST, "/Users", user("dora")).await.status, StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn rates_are_drawn_alike_each_time() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let endpoint = scim(Storage::memory());
        endpoint.set_faults(vec![rule(r#"{"name": "503", "rate": 0.25, "methods": ["GET"]}"#)]);
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
    let endpoint = with("503");
    let request = Request::get("/scim/v2/Users").body(Body::empty()).unwrap();
    assert_eq!(send(&endpoint, request).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn what_is_cut_off_was_done_or_not() {
    for (fault, is_done) in [("drop-connection", false), ("drop-after-write", true), ("500-after-write", true)] {
        let endpoint = scim(Storage::memory());
        let path = format!("/Users/{}", create(&endpoint, "old").await);
        endpoint.set_faults(vec![FaultRule::new(Fault::parse(fault).unwrap())]);
        for (method, path, body) in [
            (Method::POST, "/Users", Some(user("new"))),
            (Method::PATCH, &path, Some(patch_body(&json!([{"op": "Add", "path": "title", "value": "x"}])))),
            (Method::DELETE, &path, None),
        ] {
            endpoint.router().oneshot(request(method.clone(), path, body.as_ref())).await.unwrap();
            if method == Method::PATCH && is_done {
                assert_eq!(endpoint.resources().unwrap()[1].get("title"), Some(&json!("x")), "{fault}");
            }
        }
        let names =
            |found: Vec<Resource>| -> Vec<_> { found.iter().map(|user| user.get("userName").cloned()).collect() };
        let left = if is_done { "new" } else { "old" };
        assert_eq!(names(endpoint.resources().unwrap()), [Some(json!(left))], "{fault}");
    }
}

#[tokio::test]
async fn rules_count() {
    let endpoint = scim(Storage::memory());
    let rule = |text| FaultRule::parse(text, clock().now()).unwrap();
    endpoint.set_faults(vec![rule("503,method=GET,after=2,times=2")]);
    let mut statuses = Vec::new();
    for _ in 0..6 {
        assert_eq!(call(&endpoint, Method::POST, "/Users", json!({})).await.status, StatusCode::BAD_REQUEST);
        statuses.push(get(&endpoint, "/Users").await.status.as_u16());
    }
    assert_eq!(statuses, [200, 200, 503, 503, 200, 200]);
    assert_eq!(endpoint.faults()[0].befell, 2);
    // Only what had an effect counts.
    endpoint.set_faults(vec![rule("empty-list-404,times=1")]);
    create(&endpoint, "ann").await;
    for (path, status) in [("/Users", 200), ("/Groups", 404), ("/Groups", 200)] {
        assert_eq!(get(&endpoint, path).await.status.as_u16(), status, "{path}");
    }
    // A rule that stays goes on counting, one that comes back begins anew.
    endpoint.set_faults(vec![rule("503,after=9"), rule("empty-list-404,times=1")]);
    assert_eq!(get(&endpoint, "/Groups").await.status, StatusCode::OK);
    endpoint.set_faults(Vec::new());
    endpoint.set_faults(vec![rule("empty-list-404,times=1")]);
    assert_eq!(get(&endpoint, "/Groups").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn faults_are_switched_while_it_runs() {
    let endpoint = scim(Storage::memory());
    let rule = |text| FaultRule::parse(text, clock().now()).unwrap();
    endpoint.set_faults(vec![rule("503,user=ann"), rule("slow-1s"), rule("503,user=bob")]);
    let names = || endpoint.faults().iter().map(|status| status.rule.fault.to_string()).collect::<Vec<_>>();
    let switch = |name, on| endpoint.switch_fault(&Fault::parse(name).unwrap(), on);
    switch("503", true);
    assert_eq!(names(), ["503", "slow-1s", "503"]);
    switch("503", false);
    assert_eq!(names(), ["slow-1s"]);
    switch("html", true);
    switch("500", false);
    assert_eq!(names(), ["slow-1s", "html"]);
    assert_eq!(endpoint.faults()[1].rule, rule("html"));
}

#[tokio::test]
async fn faults_combine() {
    let endpoint = scim(Storage::memory());
    create(&endpoint, "ann").await;
    let rule = |text| FaultRule::parse(text, clock().now()).unwrap();
    endpoint.set_faults(
        ["ignore-filter-return-all", "lowercase-resources", "no-meta", "total-results-as-text"].map(rule).to_vec(),
    );
    let list = get(&endpoint, "/Users?filter=userName+eq+%22bob%22").await.body;
    assert_eq!((&list["totalResults"], &list["resources"][0]["userName"]), (&json!("1"), &json!("ann")));
    assert_eq!(list["resources"][0]["meta"], Value::Null);
    // What answers in the endpoint's place is changed by the others too.
    endpoint.set_faults(["429-without-retry-after", "html-errors"].map(rule).to_vec());
    let page = endpoint.router().oneshot(request(Method::GET, "/Users", None)).await.unwrap();
    assert_eq!(page.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
}

#[tokio::test]
async fn observers_learn_what_befell_a_request() {
    #[derive(Default)]
    struct Seen(std::sync::Mutex<Vec<Vec<String>>>);
    impl Observer for Seen {
        fn observe(&self, exchange: &std::sync::Arc<crate::scim::HttpExchange>) {
            self.0.lock().unwrap().push(exchange.remarks.clone());
        }
    }
    let endpoint = scim(Storage::memory());
    let seen = std::sync::Arc::new(Seen::default());
    endpoint.observe(std::sync::Arc::<Seen>::clone(&seen));
    let rule = |text| FaultRule::parse(text, clock().now()).unwrap();
    endpoint.set_faults(["change-case", "no-meta", "empty-list-404", "404,user=eve"].map(rule).to_vec());
    let ann = call(&endpoint, Method::POST, "/Users", ann()).await.body;
    assert_eq!((&ann["displayName"], &ann["meta"]), (&json!("ANN"), &Value::Null));
    get(&endpoint, "/Groups").await;
    get(&endpoint, "/Schemas").await;
    assert_eq!(*seen.0.lock().unwrap(), [vec!["change-case", "no-meta"], vec!["empty-list-404"], vec![]]);
}

#[tokio::test]
async fn what_is_not_below_the_endpoint_is_left_alone() {
    let endpoint = with("html");
    let outside = Request::get("/elsewhere").header("authorization", "Bearer secret").body(Body::empty()).unwrap();
    assert_eq!(send(&endpoint, outside).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn lists_are_changed_as_a_whole() {
    let endpoint = scim(Storage::memory());
    let users = (0..2100).map(|number| {
        let user = json!({"schemas": [urn::USER], "userName": format!("u{number:04}"), "active": number % 3 > 0});
        Resource::from_value(user).unwrap()
    });
    endpoint.load(users.collect()).unwrap();
    endpoint.set_faults(vec![FaultRule::new(Fault::parse("hide-inactive").unwrap())]);
    let page = get(&endpoint, "/Users?startIndex=1399&count=5&attributes=userName").await.body;
    assert_eq!((&page["totalResults"], &page["itemsPerPage"]), (&json!(1400), &json!(2)));
    assert_eq!((&page["Resources"][1]["userName"], &page["Resources"][1]["active"]), (&json!("u2099"), &Value::Null));
    assert_eq!(get(&endpoint, "/Users?count=x").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(get(&endpoint, "/Users?filter=x").await.status, StatusCode::BAD_REQUEST);
}

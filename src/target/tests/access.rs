use std::time::Duration;

use axum::http::header::{CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;

fn with(access: AccessOptions, clock: &Clock) -> Endpoint {
    Endpoint::new(EndpointOptions { access, ..options(clock) }, Storage::memory()).unwrap()
}

fn client() -> OAuthOptions {
    OAuthOptions {
        client_id: "provisioning".to_owned(),
        client_secrets: vec![Secret::new("old p:ss"), Secret::new("pass+word")],
        lifetime: Duration::from_hours(1),
        scope: "users groups".to_owned(),
    }
}

fn with_client(clock: &Clock) -> Endpoint {
    with(AccessOptions { oauth: Some(client()), ..AccessOptions::default() }, clock)
}

/// A request with this header `Authorization`, or none.
async fn knock(endpoint: &Endpoint, method: Method, path: &str, authorization: Option<&str>) -> Reply {
    let mut request = request(method, path, None);
    request.headers_mut().remove("authorization");
    if let Some(authorization) = authorization {
        request.headers_mut().insert("authorization", authorization.parse().unwrap());
    }
    send(endpoint, request).await
}

fn challenge(reply: &Reply) -> &str {
    reply.headers.get(WWW_AUTHENTICATE).map_or("", |value| value.to_str().unwrap())
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// What the token endpoint says to a form.
async fn fetch(endpoint: &Endpoint, authorization: Option<&str>, form: &str) -> (StatusCode, HeaderMap, Value) {
    let mut request = Request::post("/oauth/token").header("content-type", "application/x-www-form-urlencoded");
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    fetch_with(endpoint, request.body(Body::from(form.to_owned())).unwrap()).await
}

async fn fetch_with(endpoint: &Endpoint, request: Request<Body>) -> (StatusCode, HeaderMap, Value) {
    let (parts, body) = endpoint.router().oneshot(request).await.unwrap().into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    (parts.status, parts.headers, serde_json::from_slice(&body).unwrap())
}

async fn fetched(endpoint: &Endpoint) -> String {
    let (status, _, body) =
        fetch(endpoint, Some(&basic("provisioning", "pass+word")), "grant_type=client_credentials").await;
    assert_eq!(status, StatusCode::OK, "{body}");
    format!("Bearer {}", body["access_token"].as_str().unwrap())
}

#[tokio::test]
async fn a_refusal_says_what_is_wrong_and_never_repeats_a_token() {
    let endpoint = endpoint();
    let twice = endpoint.clone();
    for (authorization, code, detail) in [
        (None, None, "needs a header `Authorization: Bearer <token>`"),
        (Some("Bearer wr0ng"), Some("invalid_token"), "isn't known"),
        (Some("Bearer Bearer wr0ng"), Some("invalid_token"), "sent twice"),
        (Some("Bearer \"wr0ng\""), Some("invalid_token"), "quotation marks"),
        (Some("Bearer "), None, "no token follows"),
        (Some("Bearer"), None, "no token follows"),
        (Some("Basic d3IwbmcuCg=="), None, "token endpoint"),
        (Some("wr0ng"), None, "doesn't begin with `Bearer `"),
        (Some("wr0ng again"), None, "doesn't begin with `Bearer `"),
    ] {
        let reply = knock(&endpoint, Method::GET, "/Users", authorization).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{authorization:?}");
        assert!(reply.body["detail"].as_str().unwrap().contains(detail), "{authorization:?}: {}", reply.body);
        assert!(challenge(&reply).starts_with("Bearer realm=\"SCIM\""), "{}", challenge(&reply));
        let told = code.map(|code| format!("error=\"{code}\""));
        assert_eq!(challenge(&reply).contains("error="), told.is_some(), "{authorization:?}");
        assert!(told.is_none_or(|told| challenge(&reply).contains(&told)), "{}", challenge(&reply));
        assert!(!reply.body.to_string().contains("wr0ng") && !challenge(&reply).contains("wr0ng"));
    }
    let mut both = request(Method::GET, "/Users", None);
    both.headers_mut().append("authorization", "Bearer old".parse().unwrap());
    let reply = send(&twice, both).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    assert!(challenge(&reply).contains("error=\"invalid_request\""));
}

#[tokio::test]
async fn who_may_read_only_reads_and_searches() {
    let read_only = vec![Secret::new("reader"), Secret::new("secret")];
    let endpoint = with(AccessOptions { read_only, ..AccessOptions::default() }, &clock());
    let id = create(&endpoint, "ann").await;
    let user = format!("/Users/{id}");
    for (method, path) in [(Method::GET, "/Users"), (Method::HEAD, "/Users"), (Method::GET, &user)] {
        let reply = endpoint.router().oneshot(reader(&method, path)).await.unwrap();
        assert_eq!(reply.status(), StatusCode::OK, "{method} {path}");
    }
    // The search itself may not be there; it is let through.
    let search = send(&endpoint, reader(&Method::POST, "/Users/.search")).await;
    assert!(![StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&search.status), "{}", search.status);
    for (method, path) in [
        (Method::POST, "/Users"),
        (Method::POST, "/Bulk"),
        (Method::PUT, &*user),
        (Method::PATCH, &user),
        (Method::DELETE, &user),
        (Method::DELETE, "/Users/.search"),
    ] {
        let reply = send(&endpoint, reader(&method, path)).await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN, "{method} {path}");
        assert!(challenge(&reply).contains("error=\"insufficient_scope\""), "{}", challenge(&reply));
    }
    // What stands in both lists may do everything.
    assert_eq!(call(&endpoint, Method::DELETE, &user, Value::Null).await.status, StatusCode::NO_CONTENT);
}

fn reader(method: &Method, path: &str) -> Request<Body> {
    let mut request = request(method.clone(), path, Some(&json!({})));
    request.headers_mut().insert("authorization", "Bearer reader".parse().unwrap());
    request
}

#[tokio::test]
async fn credentials_are_changed_while_it_runs() {
    let endpoint = with_client(&clock());
    let fetched = fetched(&endpoint).await;
    let status = async |token: &str| knock(&endpoint, Method::GET, "/Users", Some(token)).await.status;
    assert_eq!(status("Bearer old").await, StatusCode::OK);
    let set = |client_secrets: &[&str]| {
        endpoint.set_credentials(&Credentials {
            tokens: vec![Secret::new("new")],
            read_only: vec![Secret::new("reader")],
            client_secrets: client_secrets.iter().map(|secret| Secret::new(*secret)).collect(),
        });
    };
    set(&["pass+word", "next"]);
    assert_eq!(status("Bearer old").await, StatusCode::UNAUTHORIZED);
    assert_eq!(status("Bearer new").await, StatusCode::OK);
    assert_eq!(status("Bearer reader").await, StatusCode::OK);
    assert_eq!(status(&fetched).await, StatusCode::OK, "what was issued lasts as long as the client's secret");
    set(&["next"]);
    assert_eq!(status(&fetched).await, StatusCode::UNAUTHORIZED, "the secret is gone");
    let form = "grant_type=client_credentials";
    let (old, ..) = fetch(&endpoint, Some(&basic("provisioning", "pass+word")), form).await;
    let (new, ..) = fetch(&endpoint, Some(&basic("provisioning", "next")), form).await;
    assert_eq!((old, new), (StatusCode::UNAUTHORIZED, StatusCode::OK));
}

#[tokio::test]
async fn discovery_may_be_open() {
    let endpoint = with(AccessOptions { open_discovery: true, ..AccessOptions::default() }, &clock());
    for (path, expected) in [
        ("/ServiceProviderConfig", StatusCode::OK),
        ("/ResourceTypes", StatusCode::OK),
        ("/ResourceTypes/User", StatusCode::OK),
        ("/Schemas", StatusCode::OK),
        ("/Users", StatusCode::UNAUTHORIZED),
        ("/SchemasOfMine", StatusCode::UNAUTHORIZED),
        ("/", StatusCode::UNAUTHORIZED),
    ] {
        assert_eq!(knock(&endpoint, Method::GET, path, None).await.status, expected, "{path}");
    }
    let wrong = knock(&endpoint, Method::GET, "/Schemas", Some("Bearer wrong")).await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert_eq!(knock(&endpoint, Method::POST, "/Schemas", None).await.status, StatusCode::FORBIDDEN);
    let closed = self::endpoint();
    assert_eq!(knock(&closed, Method::GET, "/Schemas", None).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_client_fetches_a_token_that_runs_out() {
    let clock = clock();
    let endpoint = with_client(&clock);
    let (status, headers, body) =
        fetch(&endpoint, Some(&basic("provisioning", "pass+word")), "grant_type=client_credentials").await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!(headers[CACHE_CONTROL], "no-store");
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(
        (&body["token_type"], &body["expires_in"], &body["scope"]),
        (&json!("Bearer"), &json!(3600), &json!("users groups"))
    );
    let token = format!("Bearer {}", body["access_token"].as_str().unwrap());
    assert_ne!(token, fetched(&endpoint).await);
    let reply = async || knock(&endpoint, Method::GET, "/Users", Some(&token)).await;
    assert_eq!(reply().await.status, StatusCode::OK);
    clock.sleep(Duration::from_secs(3599)).await;
    assert_eq!(reply().await.status, StatusCode::OK);
    clock.sleep(Duration::from_secs(1)).await;
    let late = reply().await;
    assert_eq!(late.status, StatusCode::UNAUTHORIZED);
    assert!(late.body["detail"].as_str().unwrap().contains("expired at 2026-03-01T11:00:00"), "{}", late.body);
    assert!(challenge(&late).contains("error=\"invalid_token\""));
    assert_eq!(knock(&endpoint, Method::GET, "/Users", Some("Bearer secret")).await.status, StatusCode::OK);
}

#[derive(Default)]
struct Seen(std::sync::Mutex<String>);

impl Observer for Seen {
    fn observe(&self, exchange: &std::sync::Arc<crate::scim::HttpExchange>) {
        let exchange = crate::scim::Masking::new(Vec::new()).masked(exchange);
        let text = |content: &crate::scim::Content| String::from_utf8_lossy(&content.bytes).into_owned();
        let (request, response) = (text(&exchange.request_body), text(&exchange.response_body));
        let shown = [format!("{exchange:?}"), request, response].join("\n");
        *self.0.lock().unwrap() += &shown;
    }
}

#[tokio::test]
async fn those_who_watch_see_neither_secret_nor_token() {
    let endpoint = with_client(&clock());
    let seen = std::sync::Arc::new(Seen::default());
    endpoint.observe(std::sync::Arc::<Seen>::clone(&seen));
    let token = fetched(&endpoint).await;
    let form = "grant_type=client_credentials&client_id=provisioning&client_secret=pass%2Bword";
    let (.., body) = fetch(&endpoint, None, form).await;
    knock(&endpoint, Method::GET, "/Users", Some(&token)).await;
    let seen = seen.0.lock().unwrap();
    assert!(seen.contains("client_id=provisioning&client_secret=[secret]") && seen.contains("\"expires_in\":3600"));
    for secret in ["pass%2Bword", "pass+word", &token["Bearer ".len()..], body["access_token"].as_str().unwrap()] {
        assert!(!seen.contains(secret), "{seen}");
    }
    assert!(!seen.contains(&STANDARD.encode("provisioning:pass+word")), "{seen}");
}

#[tokio::test]
async fn what_lets_in_later_is_masked_too() {
    let endpoint = with_client(&clock());
    let mut masking = crate::scim::Masking::new(endpoint.secrets());
    let mut shown = |target: &str| {
        let exchange = crate::scim::HttpExchange { target: target.to_owned(), ..Default::default() };
        masking.masked(&exchange).target
    };
    assert_eq!(shown("/secret/pass%2Bword/rotated-in"), "/[secret]/[secret]/rotated-in");
    endpoint.set_credentials(&Credentials { tokens: vec![Secret::new("rotated-in")], ..Credentials::default() });
    assert_eq!(shown("/secret/pass%2Bword/rotated-in"), "/[secret]/[secret]/[secret]");
    let endpoint = with_client(&clock());
    let mut masking = crate::scim::Masking::new(endpoint.secrets());
    let token = fetched(&endpoint).await.replace("Bearer ", "/");
    let exchange = crate::scim::HttpExchange { target: token, ..Default::default() };
    assert_eq!(masking.masked(&exchange).target, "/[secret]");
}

#[tokio::test]
async fn a_client_shows_its_credentials_in_one_way() {
    let endpoint = with_client(&clock());
    let grant = "grant_type=client_credentials";
    let right = basic("provisioning", "pass+word");
    for (authorization, form, expected) in [
        // As RFC 6749 has it: form-encoded, then Base64.
        (Some(basic("provisioning", "pass%2Bword")), grant.to_owned(), "ok"),
        (Some(basic("provisioning", "old+p%3Ass")), grant.to_owned(), "ok"),
        // As many clients do it.
        (Some(right.clone()), grant.to_owned(), "ok"),
        (Some(basic("provisioning", "old p:ss")), grant.to_owned(), "ok"),
        (None, format!("{grant}&client_id=provisioning&client_secret=pass%2Bword"), "ok"),
        (Some(right.clone()), format!("{grant}&client_id=provisioning"), "ok"),
        (Some(right.clone()), format!("{grant}&odd=1"), "ok"),
        (Some(right.clone()), format!("{grant}&client_id=other"), "invalid_client"),
        (Some(right.clone()), format!("{grant}&client_secret=pass%2Bword"), "invalid_request"),
        (Some(basic("provisioning", "wrong")), grant.to_owned(), "invalid_client"),
        (Some(basic("other", "pass+word")), grant.to_owned(), "invalid_client"),
        (Some("Bearer secret".to_owned()), grant.to_owned(), "invalid_client"),
        (Some("Basic !".to_owned()), grant.to_owned(), "invalid_client"),
        (None, format!("{grant}&client_id=provisioning&client_secret=wrong"), "invalid_client"),
        (None, format!("{grant}&client_id=provisioning"), "invalid_client"),
        (None, grant.to_owned(), "invalid_client"),
        // The secret is looked at first: strangers learn nothing more.
        (None, "grant_type=password".to_owned(), "invalid_client"),
        (Some(right.clone()), "grant_type=password".to_owned(), "unsupported_grant_type"),
        (Some(right.clone()), String::new(), "invalid_request"),
        (Some(right.clone()), "grant_type=".to_owned(), "invalid_request"),
        (Some(right.clone()), format!("{grant}&{grant}"), "invalid_request"),
        (Some(right.clone()), format!("{grant}&scope=users"), "ok"),
        (Some(right.clone()), format!("{grant}&scope=groups%20users"), "ok"),
        (Some(right.clone()), format!("{grant}&scope=users%20admin"), "invalid_scope"),
        (Some(right.clone()), "x".repeat(20_000), "invalid_request"),
    ] {
        let (status, headers, body) = fetch(&endpoint, authorization.as_deref(), &form).await;
        let error = body["error"].as_str().unwrap_or("ok");
        assert_eq!(error, expected, "{authorization:?} {form}: {body}");
        assert_eq!(headers[CACHE_CONTROL], "no-store");
        let expected = match error {
            "ok" => StatusCode::OK,
            "invalid_client" => StatusCode::UNAUTHORIZED,
            _ => StatusCode::BAD_REQUEST,
        };
        assert_eq!(status, expected);
        let challenge = headers.get(WWW_AUTHENTICATE).map(|value| value.to_str().unwrap());
        assert_eq!(challenge.is_some_and(|it| it.starts_with("Basic realm=")), error == "invalid_client");
        assert!(!body.to_string().contains("pass+word"));
    }
}

#[tokio::test]
async fn the_token_endpoint_takes_forms_alone_and_nothing_in_the_url() {
    let endpoint = with_client(&clock());
    let credentials = "grant_type=client_credentials&client_id=provisioning&client_secret=pass%2Bword";
    for (uri, kind) in [
        ("/oauth/token".to_owned(), "application/json"),
        (format!("/oauth/token?{credentials}"), "application/x-www-form-urlencoded"),
    ] {
        let request = Request::post(uri).header("content-type", kind).body(Body::from(credentials)).unwrap();
        let (status, _, body) = fetch_with(&endpoint, request).await;
        assert_eq!((status, &body["error"]), (StatusCode::BAD_REQUEST, &json!("invalid_request")), "{body}");
    }
    let got = Request::get("/oauth/token").body(Body::empty()).unwrap();
    let (status, headers, _) = fetch_with(&endpoint, got).await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(headers["allow"], "POST, OPTIONS");
    // Without a client it isn't there, and there is nothing to learn without a token.
    let request = Request::post("/oauth/token").body(Body::empty()).unwrap();
    assert_eq!(fetch_with(&self::endpoint(), request).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn scopes_are_refused_where_there_are_none() {
    let oauth = OAuthOptions { scope: String::new(), ..client() };
    let endpoint = with(AccessOptions { oauth: Some(oauth), ..AccessOptions::default() }, &clock());
    let right = basic("provisioning", "pass+word");
    let (.., body) = fetch(&endpoint, Some(&right), "grant_type=client_credentials").await;
    assert!(body.get("scope").is_none(), "{body}");
    let (.., body) = fetch(&endpoint, Some(&right), "grant_type=client_credentials&scope=users").await;
    assert_eq!(body["error"], json!("invalid_scope"));
}

#[tokio::test]
async fn of_many_tokens_the_oldest_are_forgotten() {
    let endpoint = with_client(&clock());
    let first = fetched(&endpoint).await;
    for _ in 0..9_999 {
        endpoint.door().issue_for_tests();
    }
    let reply = async |token: &str| knock(&endpoint, Method::GET, "/Users", Some(token)).await;
    assert_eq!(reply(&first).await.status, StatusCode::OK);
    let last = fetched(&endpoint).await;
    assert!(reply(&first).await.body["detail"].as_str().unwrap().contains("isn't known"));
    assert_eq!(reply(&last).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_schemes_are_advertised() {
    let kinds = async |endpoint: &Endpoint| -> Vec<String> {
        let schemes = get(endpoint, "/ServiceProviderConfig").await.body["authenticationSchemes"].take();
        let primary = schemes.as_array().unwrap().iter().filter(|scheme| scheme["primary"] == true).count();
        assert_eq!(primary, 1);
        schemes.as_array().unwrap().iter().map(|scheme| scheme["type"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(kinds(&endpoint()).await, ["oauthbearertoken"]);
    assert_eq!(kinds(&with_client(&clock())).await, ["oauthbearertoken", "oauth2"]);
}

#[tokio::test]
async fn who_comes_too_often_is_told_when_to_come_again() {
    let clock = clock();
    let rate = Some(Rate { per_second: 0.5, burst: 3 });
    let endpoint = with(AccessOptions { rate, oauth: Some(client()), ..AccessOptions::default() }, &clock);
    let knock = async |token: &str| knock(&endpoint, Method::GET, "/Users", Some(token)).await;
    for _ in 0..3 {
        assert_eq!(knock("Bearer secret").await.status, StatusCode::OK);
    }
    let refused = knock("Bearer secret").await;
    assert_eq!((refused.status, &refused.headers[RETRY_AFTER]), (StatusCode::TOO_MANY_REQUESTS, &"2".parse().unwrap()));
    assert_eq!(refused.body["detail"], json!("more than 0.5 requests a second; try again in 2 seconds"));
    // Another token has a bucket of its own, a wrong one has none.
    assert_eq!(knock("Bearer old").await.status, StatusCode::OK);
    for _ in 0..5 {
        assert_eq!(knock("Bearer wrong").await.status, StatusCode::UNAUTHORIZED);
    }
    clock.sleep(Duration::from_millis(1_500)).await;
    let refused = knock("Bearer secret").await;
    assert_eq!(refused.headers[RETRY_AFTER], "1", "half a second, rounded up");
    clock.sleep(Duration::from_millis(500)).await;
    assert_eq!(knock("Bearer secret").await.status, StatusCode::OK);
    assert_eq!(knock("Bearer secret").await.status, StatusCode::TOO_MANY_REQUESTS);
    // A long pause fills the bucket, and not more than that.
    clock.sleep(Duration::from_hours(1)).await;
    for expected in [200, 200, 200, 429] {
        assert_eq!(knock("Bearer secret").await.status, expected);
    }
    // The tokens of the client are counted together.
    let (one, other) = (fetched(&endpoint).await, fetched(&endpoint).await);
    for (token, expected) in [(&one, 200), (&other, 200), (&one, 200), (&other, 429), (&one, 429)] {
        assert_eq!(knock(token).await.status, expected);
    }
}

#[tokio::test]
async fn urls_say_how_the_endpoint_is_reached() {
    let endpoint = with(AccessOptions { scheme: Scheme::Https, ..AccessOptions::default() }, &clock());
    let reply = call(&endpoint, Method::POST, "/Users", ann()).await;
    let location = reply.headers["location"].to_str().unwrap();
    assert!(location.starts_with("https://scim.example:8080/scim/v2/Users/"), "{location}");
    assert_eq!(reply.body["meta"]["location"], location);
}

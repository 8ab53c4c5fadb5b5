use axum::Router;
use axum::http::{HeaderMap as Headers, Uri};
use serde_json::json;

use super::*;
use crate::client::stub::{Reply, Stub, answer, clock, options};
use crate::client::{BodyKind, ErrorAnswer, Gate, create_request, find_request, get_request, patch_request};
use crate::scim::ErrorBody;

const EMPTY_LIST: &str =
    r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0,"Resources":[]}"#;

fn get() -> Request {
    get_request("/Users", "1")
}

fn waited(client: &Client) -> i128 {
    client.clock().now().duration_since(clock().now()).as_millis()
}

async fn kind_of(client: &Client) -> TransportKind {
    let outcome = client.call(&get()).await;
    assert_eq!(outcome.exchanges.len(), 1);
    assert_eq!((outcome.exchanges[0].status, outcome.exchanges[0].answer.as_str()), (None, ""));
    match outcome.result {
        Err(Failure::Transport { kind, message }) => {
            assert!(!message.is_empty() && !message.contains("s3cr3t"), "{message}");
            kind
        }
        other => panic!("{other:?}"),
    }
}

struct OnlyReads;

impl Gate for OnlyReads {
    fn admit(&self, request: &Request) -> Result<(), String> {
        if request.method == Method::Get { Ok(()) } else { Err("nothing may be written".to_owned()) }
    }
}

#[tokio::test]
async fn what_the_gate_holds_back_is_not_sent() {
    let stub = Stub::start(vec![answer(200, &[], "{}")]);
    let gate: Arc<dyn Gate> = Arc::new(OnlyReads);
    let client = Client::http(ClientOptions { gate: Some(gate), retries: 2, ..stub.options() }, clock()).unwrap();
    let held_back = client.call(&create_request("/Users", json!({}))).await;
    assert_eq!(held_back.result.unwrap_err().to_string(), "the target can't be reached: nothing may be written");
    assert!(held_back.exchanges.is_empty());
    assert!(client.call(&get()).await.result.is_ok());
    assert_eq!((stub.requests().len(), waited(&client)), (1, 0));
}

#[tokio::test]
async fn headers_are_those_of_the_service() {
    let stub = Stub::start(vec![answer(200, &[], "{}"), answer(201, &[], "{}")]);
    let mut options = stub.options();
    options.scim_version = Some("5.0".into());
    let client = Client::http(options, clock()).unwrap();
    client.call(&find_request("/Users", "userName", "ann@contoso.com")).await.result.unwrap();
    client.call(&create_request("/Users", json!({"userName": "ann"}))).await.result.unwrap();
    let requests = stub.requests();
    let lines = |text: &str| {
        let mut lines: Vec<String> = text.split("\r\n").map(str::to_owned).collect();
        lines[1..].sort_unstable();
        lines.retain(|line| !line.is_empty() && !line.starts_with("host:"));
        lines
    };
    assert_eq!(
        lines(&requests[0]),
        [
            "GET /scim/Users?filter=userName+eq+%22ann%40contoso.com%22 HTTP/1.1",
            "accept: */*",
            "adscimversion: 5.0",
            "authorization: Bearer s3cr3t",
        ]
    );
    assert_eq!(
        lines(&requests[1]),
        [
            "POST /scim/Users HTTP/1.1",
            "accept: */*",
            "adscimversion: 5.0",
            "authorization: Bearer s3cr3t",
            "content-length: 18",
            "content-type: application/scim+json; charset=utf-8",
            r#"{"userName":"ann"}"#,
        ]
    );
}

#[tokio::test]
async fn headers_can_be_set() {
    let stub = Stub::start(vec![answer(200, &[], ""), answer(200, &[], "you sent api-key-123")]);
    let mut options = stub.options();
    options.user_agent = Some("probe/1".into());
    options.headers = vec![
        ("X-Api-Key".into(), "api-key-123".into()),
        ("Content-Type".into(), "application/json".into()),
        ("accept".into(), "application/scim+json".into()),
    ];
    let client = Client::http(options, clock()).unwrap();
    client.call(&get()).await.result.unwrap();
    let outcome = client.call(&patch_request("/Users", "1", json!({}))).await;
    assert_eq!(outcome.exchanges[0].answer, "you sent [secret]");
    let requests = stub.requests();
    assert!(requests[0].contains("user-agent: probe/1\r\n") && requests[0].contains("x-api-key: api-key-123\r\n"));
    assert!(requests[0].contains("accept: application/scim+json\r\n") && !requests[0].contains("*/*"));
    assert!(!requests[0].contains("content-type"));
    assert!(requests[1].contains("content-type: application/json\r\n"));
}

#[test]
fn unusable_settings_are_refused() {
    let check = |change: fn(&mut ClientOptions), expected: &str| {
        let mut options = options("https://h.example/scim");
        change(&mut options);
        let error = Client::http(options, clock()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check(|options| options.headers = vec![("a b".into(), "x".into())], "`a b` can't be sent: its name");
    check(|options| options.headers = vec![("x".into(), "a\nb".into())], "`x` can't be sent: its value");
    check(|options| options.ca_file = Some("/nowhere/ca.pem".into()), "can't read the CA file `/nowhere/ca.pem`");
    check(|options| options.ca_file = Some("Cargo.toml".into()), "holds no certificate");
    check(|options| options.proxy = Some("::".into()), "the proxy isn't a URL");
}

#[tokio::test]
async fn reads_follow_redirects_within_their_origin() {
    let stub = Stub::start(vec![
        answer(308, &["Location: /scim/Users/1/"], ""),
        answer(302, &["Location: /elsewhere?x=1"], ""),
        answer(200, &[], "{}"),
    ]);
    let outcome = stub.client().call(&get()).await;
    assert!(outcome.result.is_ok());
    let paths: Vec<_> = outcome.exchanges.iter().map(|e| (e.request.path.as_str(), e.status.unwrap())).collect();
    assert_eq!(paths, [("/Users/1", 308), ("/Users/1/", 302), ("/elsewhere", 200)], "what a query holds isn't told");
    assert!(stub.requests()[2].starts_with("GET /elsewhere?x=1 "), "it is sent");
    assert!(stub.requests().iter().all(|request| request.contains("Bearer s3cr3t")));
}

#[tokio::test]
async fn the_token_never_reaches_another_origin() {
    let other = Stub::start(vec![answer(200, &[], "{}")]);
    for location in [
        format!("http://127.0.0.1:{}/scim/Users/1", other.port),
        format!("http://localhost:{}/scim/Users/1", other.port),
        format!("//127.0.0.1:{}/", other.port),
    ] {
        let stub = Stub::start(vec![answer(302, &[&format!("Location: {location}")], "")]);
        let outcome = stub.client().call(&get()).await;
        let Err(Failure::Unexpected { status: 302, what, .. }) = outcome.result else {
            panic!("{location} was followed")
        };
        assert_eq!(what, Unexpected::Redirect { location, why: Refusal::OtherOrigin });
    }
    assert_eq!(other.requests(), Vec::<String>::new());
}

#[test]
fn redirects_are_judged() {
    let from = Url::parse("http://h.example:80/scim/Users").unwrap();
    for (method, location, expected) in [
        (Method::Get, "/x", Ok("http://h.example/x")),
        (Method::Get, "http://h.example:80/y", Ok("http://h.example/y")),
        (Method::Get, "https://h.example/scim/Users", Err(Refusal::ToHttps)),
        (Method::Get, "https://other.example/", Err(Refusal::OtherOrigin)),
        (Method::Get, "http://h.example:81/", Err(Refusal::OtherOrigin)),
        (Method::Get, "http://u:p@h.example/", Err(Refusal::OtherOrigin)),
        (Method::Get, "data:text/plain,x", Err(Refusal::OtherOrigin)),
        (Method::Get, "", Err(Refusal::NoLocation)),
        (Method::Get, "http://[", Err(Refusal::NoLocation)),
        (Method::Post, "/x", Err(Refusal::Method)),
        (Method::Patch, "/x", Err(Refusal::Method)),
        (Method::Delete, "/x", Err(Refusal::Method)),
    ] {
        let target = redirect(method, &from, location);
        assert_eq!(target.as_ref().map(Url::as_str).map_err(|why| *why), expected, "{method} {location}");
    }
}

#[tokio::test]
async fn redirects_end() {
    let stub = Stub::start((0..10).map(|_| answer(301, &["Location: /scim/Users/1"], "")).collect());
    let outcome = stub.client().call(&get()).await;
    assert_eq!(outcome.exchanges.len(), 6);
    let Err(Failure::Unexpected { status: 301, what: Unexpected::Redirect { why, .. }, .. }) = outcome.result else {
        panic!("{:?}", outcome.result)
    };
    assert_eq!(why, Refusal::TooMany);
}

#[tokio::test]
async fn retry_after_is_waited_out() {
    let stub = Stub::start(vec![
        answer(429, &["Retry-After: 7"], ""),
        answer(503, &["Retry-After: Sun, 01 Mar 2026 10:00:12 GMT"], ""),
        answer(201, &[], "{}"),
    ]);
    let client = stub.client();
    let outcome = client.call(&create_request("/Users", json!({}))).await;
    assert!(outcome.result.is_ok());
    assert_eq!(outcome.exchanges.iter().map(|e| e.status.unwrap()).collect::<Vec<_>>(), [429, 503, 201]);
    assert_eq!(waited(&client), 12_000);
}

#[tokio::test]
async fn retry_after_is_left_to_the_caller_when_switched_off() {
    let stub = Stub::start(vec![answer(429, &["Retry-After: 7"], "slow down")]);
    let client = Client::http(ClientOptions { honour_retry_after: false, ..stub.options() }, clock()).unwrap();
    let outcome = client.call(&get()).await;
    assert_eq!(outcome.result.unwrap_err().retry_after(), Some(Duration::from_secs(7)));
    assert_eq!((outcome.exchanges.len(), waited(&client)), (1, 0));
}

#[tokio::test]
async fn retries_wait_longer_each_time() {
    let stub = Stub::start(vec![answer(500, &[], ""), answer(502, &[], ""), answer(200, &[], EMPTY_LIST)]);
    let client = Client::http(ClientOptions { retries: 2, ..stub.options() }, clock()).unwrap();
    let outcome = client.call(&get()).await;
    assert!(outcome.result.is_ok());
    assert_eq!(outcome.exchanges.len(), 3);
    assert!((750..=1500).contains(&waited(&client)), "{}", waited(&client));
}

#[tokio::test]
async fn waits_end_with_the_token() {
    let check = async |replies: Vec<Reply>, statuses: &[u16]| {
        let stub = Stub::start(replies);
        let options = ClientOptions { retries: 9, ..stub.options() };
        let end = CancellationToken::new();
        let client = Client::http(options, Clock::real()).unwrap().ended_by(end.clone());
        let ending = async {
            while stub.requests().len() < statuses.len() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            end.cancel();
        };
        let request = get();
        let (outcome, ()) = tokio::join!(client.call(&request), ending);
        assert_eq!(outcome.result.unwrap_err().status(), statuses.last().copied(), "what was met stands");
        assert_eq!(outcome.exchanges.iter().map(|e| e.status.unwrap()).collect::<Vec<_>>(), statuses);
        assert_eq!(stub.requests().len(), statuses.len());
    };
    check(vec![answer(429, &["Retry-After: 30"], ""), answer(200, &[], "{}")], &[429]).await;
    check(vec![answer(429, &["Retry-After: 0"], ""), answer(429, &["Retry-After: 30"], "")], &[429, 429]).await;
    check((0..9).map(|_| answer(500, &[], "")).collect(), &[500]).await;
}

#[tokio::test]
async fn an_ended_client_sends_what_neednt_wait() {
    let stub = Stub::start(vec![answer(200, &[], "{}"), answer(503, &["Retry-After: 7"], "")]);
    let end = CancellationToken::new();
    end.cancel();
    let client = stub.client().ended_by(end);
    assert!(client.call(&get()).await.result.is_ok());
    assert_eq!(client.call(&get()).await.result.unwrap_err().status(), Some(503));
    let unsent = client.call(&get()).await;
    assert_eq!((unsent.result, unsent.exchanges), (Err(Failure::Ended), Vec::new()));
    assert_eq!((stub.requests().len(), waited(&client)), (2, 0));
}

fn status(status: u16, retry_after: Option<u64>) -> Failure {
    Failure::Status(Box::new(ErrorAnswer {
        status,
        kind: BodyKind::Empty,
        body: ErrorBody::default(),
        granted: false,
        retry_after: retry_after.map(Duration::from_secs),
    }))
}

#[test]
fn patience_ends() {
    let lost = Failure::Transport { kind: TransportKind::Reset, message: String::new() };
    let refused = Failure::Transport { kind: TransportKind::Refused, message: String::new() };
    let asked = |seconds| Next::Asked(Duration::from_secs(seconds));
    for (method, retries, honour, failure, expected) in [
        (Method::Get, 0, true, status(500, None), vec![Next::Stop]),
        (Method::Get, 2, true, status(500, None), vec![Next::Retry(0), Next::Retry(1), Next::Stop]),
        (Method::Get, 1, true, status(400, None), vec![Next::Stop]),
        (Method::Patch, 1, true, lost.clone(), vec![Next::Retry(0), Next::Stop]),
        // Either may have made the account already.
        (Method::Post, 1, true, lost, vec![Next::Stop]),
        (Method::Post, 1, true, status(500, None), vec![Next::Stop]),
        (Method::Post, 1, true, refused, vec![Next::Retry(0), Next::Stop]),
        (Method::Post, 1, true, status(429, None), vec![Next::Retry(0), Next::Stop]),
        (Method::Post, 0, true, status(429, Some(1)), vec![asked(1), asked(1), asked(1), asked(1), Next::Stop]),
        (Method::Get, 0, true, status(429, Some(200)), vec![asked(200), Next::Stop]),
        (Method::Get, 9, true, status(429, Some(301)), vec![Next::Stop]),
        (Method::Get, 9, true, status(429, Some(u64::MAX)), vec![Next::Stop]),
        (Method::Get, 1, false, status(429, Some(1)), vec![Next::Retry(0), Next::Stop]),
        (Method::Get, 0, true, status(500, Some(1)), vec![Next::Stop]),
    ] {
        let mut patience = Patience::new(retries, honour);
        let given: Vec<_> = expected.iter().map(|_| patience.next(method, &failure)).collect();
        assert_eq!(given, expected, "{method} {failure}");
    }
}

#[tokio::test]
async fn broken_connections_are_told_apart() {
    let half = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\":";
    let stub = Stub::start(vec![
        Reply::Close(half.into()),
        Reply::Close(String::new()),
        Reply::Close("no HTTP at all\r\n\r\n".into()),
        Reply::Hang(half.into()),
        Reply::Hang(String::new()),
    ]);
    let client = Client::http(ClientOptions { timeout: Duration::from_millis(60), ..stub.options() }, clock()).unwrap();
    assert_eq!(kind_of(&client).await, TransportKind::Reset);
    assert_eq!(kind_of(&client).await, TransportKind::Reset);
    assert_eq!(kind_of(&client).await, TransportKind::Reset);
    assert_eq!(kind_of(&client).await, TransportKind::Timeout);
    assert_eq!(kind_of(&client).await, TransportKind::Timeout);
}

#[tokio::test]
async fn closed_ports_of_targets_and_proxies() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let client = Client::http(options(&format!("http://127.0.0.1:{port}/scim")), clock()).unwrap();
    assert_eq!(kind_of(&client).await, TransportKind::Refused);

    let proxied =
        ClientOptions { proxy: Some(format!("http://127.0.0.1:{port}")), ..options("https://h.example/scim") };
    assert_eq!(kind_of(&Client::http(proxied, clock()).unwrap()).await, TransportKind::Proxy);
}

#[tokio::test]
async fn chunked_bodies_and_bodies_until_the_end_are_read() {
    let stub = Stub::start(vec![
        Reply::Close(
            "HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n".into(),
        ),
        Reply::Close("HTTP/1.0 200 OK\r\n\r\n\u{feff}{}".into()),
    ]);
    let client = stub.client();
    for _ in 0..2 {
        let outcome = client.call(&get()).await;
        assert_eq!(outcome.result.unwrap().body, crate::client::AnswerBody::Json(json!({})));
        assert_eq!(outcome.exchanges[0].answer, "{}");
    }
}

#[tokio::test]
async fn what_the_target_echoes_is_masked() {
    let stub = Stub::start(vec![answer(403, &["Content-Type: text/html"], "<html>Bearer s3cr3t</html>")]);
    let outcome = stub.client().call(&get()).await;
    assert_eq!(outcome.exchanges[0].answer, "<html>Bearer [secret]</html>");
    let Err(Failure::Status(answer)) = outcome.result else { panic!("403 is a failure") };
    assert_eq!((answer.kind, answer.detail()), (BodyKind::Html, "an HTML page"));
}

#[tokio::test]
async fn a_path_that_would_be_tidied_away_is_not_sent() {
    let stub = Stub::start(vec![answer(204, &[], "")]);
    let client = stub.client();
    for path in ["/Users/..", "/Users/%2e%2E", "/Users/a b"] {
        let request = Request { method: Method::Delete, path: path.into(), body: None };
        let outcome = client.call(&request).await;
        assert!(outcome.result.is_err() && outcome.exchanges.is_empty(), "{path}");
    }
    assert_eq!(stub.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn a_service_of_this_process_sees_what_the_network_would_carry() {
    let router = Router::new().fallback(async |uri: Uri, headers: Headers, body: String| {
        let header = |name: &str| headers.get(name).map_or("-", |value| value.to_str().unwrap()).to_owned();
        json!([uri.to_string(), header("authorization"), header("content-type"), header("host"), body]).to_string()
    });
    let client = Client::in_process(router, options("http://localhost:8080/scim/v2/"), clock()).unwrap();
    let sent = async |request: Request| client.call(&request).await.exchanges.remove(0).answer;
    assert_eq!(
        sent(find_request("/Users", "userName", "ann")).await,
        r#"["/scim/v2/Users?filter=userName+eq+%22ann%22","Bearer [secret]","-","localhost:8080",""]"#
    );
    assert_eq!(
        sent(create_request("/Users", json!({}))).await,
        r#"["/scim/v2/Users","Bearer [secret]","application/scim+json; charset=utf-8","localhost:8080","{}"]"#
    );
}

#[tokio::test]
async fn answers_without_end_are_cut_off() {
    let body = "x".repeat(17 * 1024 * 1024);
    let router = Router::new().fallback(async move || body);
    let client = Client::in_process(router, options("http://localhost/scim"), clock()).unwrap();
    let Err(Failure::Unexpected { status: 200, what: Unexpected::TooLarge, .. }) = client.call(&get()).await.result
    else {
        panic!("17 MiB were read");
    };
}

use std::future::poll_fn;
use std::sync::Mutex;
use std::task::Poll;
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::client::stub::{Reply, Stub, answer, clock};
use crate::client::{Client, ClientOptions, create_request, get_request};
use crate::scim::Request;

#[derive(Default)]
struct Seen(Mutex<Vec<Arc<HttpExchange>>>);

impl Observer for Seen {
    fn observe(&self, exchange: &Arc<HttpExchange>) {
        self.0.lock().unwrap().push(Arc::clone(exchange));
    }
}

impl Seen {
    fn all(&self) -> Vec<Arc<HttpExchange>> {
        self.0.lock().unwrap().clone()
    }
}

fn watched(mut options: ClientOptions) -> (Client, Arc<Seen>) {
    let seen = Arc::new(Seen::default());
    options.observer = Some(Arc::<Seen>::clone(&seen));
    (Client::http(options, clock()).unwrap(), seen)
}

fn get() -> Request {
    get_request("/Users", "7")
}

#[tokio::test]
async fn an_exchange_is_shown_as_it_went_over_the_wire_with_its_token_masked() {
    let stub = Stub::start(vec![answer(201, &["Location: /scim/Users/7", "Set-Cookie: a=b"], "{\"id\":\"7\"}")]);
    let mut options = stub.options();
    options.headers = vec![("X-Api-Key".to_owned(), "api-key-123".to_owned())];
    options.proxy = None;
    let (client, seen) = watched(options);
    client.call(&create_request("/Users", json!({"userName": "ann"}))).await.result.unwrap();
    let [exchange] = <[_; 1]>::try_from(seen.all()).unwrap();
    assert_eq!((exchange.method.as_str(), exchange.target.as_str()), ("POST", "/scim/Users"));
    assert_eq!(exchange.origin, format!("http://127.0.0.1:{}", stub.port));
    assert_eq!((exchange.status, exchange.version), (Some(201), "HTTP/1.1"));
    assert_eq!(exchange.request_body.bytes, br#"{"userName":"ann"}"#);
    assert_eq!(exchange.response_body.bytes, br#"{"id":"7"}"#);
    assert_eq!(exchange.response_header("location"), Some("/scim/Users/7"));
    assert_eq!(exchange.response_header("set-cookie"), Some("[secret]"));
    assert!(exchange.remarks.is_empty(), "{:?}", exchange.remarks);
    let sent: Vec<_> = exchange.request_headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let expected = [
        "accept: */*",
        "authorization: Bearer [secret]",
        "x-api-key: [secret]",
        "content-type: application/scim+json; charset=utf-8",
        &format!("host: 127.0.0.1:{}", stub.port),
        "content-length: 18",
    ];
    assert_eq!(sent, expected);
    // What is said to have been sent was.
    let request = stub.requests().remove(0).to_lowercase();
    for line in expected.iter().filter(|line| !line.contains("[secret]")) {
        assert!(request.contains(&format!("\r\n{line}\r\n")), "{request}");
    }
    let secrets: Vec<_> = exchange.credentials.secrets().iter().map(Secret::expose).collect();
    assert_eq!(secrets, ["s3cr3t", "api-key-123"]);
}

#[tokio::test]
async fn who_wants_no_contents_is_shown_none() {
    struct Counting(Arc<Seen>);
    impl Observer for Counting {
        fn observe(&self, exchange: &Arc<HttpExchange>) {
            self.0.observe(exchange);
        }

        fn wants_contents(&self) -> bool {
            false
        }
    }
    let stub =
        Stub::start(vec![answer(201, &["Location: /scim/Users/7"], "{\"id\":\"7\"}"), Reply::Close(String::new())]);
    let seen = Arc::new(Seen::default());
    let mut options = stub.options();
    options.observer = Some(Arc::new(Counting(Arc::clone(&seen))));
    let client = Client::http(options, clock()).unwrap();
    client.call(&create_request("/Users", json!({"userName": "ann"}))).await.result.unwrap();
    client.call(&get()).await.result.unwrap_err();
    let [made, closed] = <[_; 2]>::try_from(seen.all()).unwrap();
    let expected = HttpExchange {
        started: made.started,
        duration: made.duration,
        version: "HTTP/1.1",
        method: "POST".to_owned(),
        origin: format!("http://127.0.0.1:{}", stub.port),
        target: "/scim/Users".to_owned(),
        status: Some(201),
        ..HttpExchange::default()
    };
    assert_eq!(*made, expected);
    assert!(made.credentials.secrets().is_empty());
    assert_eq!((closed.status, closed.remarks.len()), (None, 1));
}

#[tokio::test]
async fn every_try_is_an_exchange_of_its_own() {
    let stub = Stub::start(vec![answer(503, &["Retry-After: 7"], "later"), answer(200, &[], "{}")]);
    let (client, seen) = watched(stub.options());
    client.call(&get()).await.result.unwrap();
    let seen = seen.all();
    assert_eq!(seen.iter().map(|exchange| exchange.status).collect::<Vec<_>>(), [Some(503), Some(200)]);
    let started: Vec<_> = seen.iter().map(|exchange| exchange.started.to_string()).collect();
    assert_eq!(started, ["2026-03-01T10:00:00Z", "2026-03-01T10:00:07Z"], "by the client's clock");
}

#[tokio::test]
async fn what_never_came_is_said() {
    let half = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"half";
    let stub =
        Stub::start(vec![Reply::Close(String::new()), Reply::Close(half.to_owned()), Reply::Hang(half.to_owned())]);
    let mut options = stub.options();
    options.timeout = Duration::from_millis(300);
    let (client, seen) = watched(options);
    for _ in 0..3 {
        client.call(&get()).await.result.unwrap_err();
    }
    let [closed, broken, late] = <[_; 3]>::try_from(seen.all()).unwrap();
    assert_eq!((closed.status, closed.remarks.len()), (None, 1));
    for exchange in [&broken, &late] {
        assert_eq!((exchange.status, exchange.response_body.bytes.as_slice()), (Some(200), b"{\"half".as_slice()));
        assert_eq!(exchange.remarks.len(), 1);
    }
    assert!(late.remarks[0].contains("no complete answer"), "{:?}", late.remarks);
}

#[tokio::test]
async fn a_call_that_is_dropped_is_shown_too() {
    let stub = Stub::start(vec![Reply::Hang(String::new())]);
    let (client, seen) = watched(stub.options());
    let request = get();
    let mut call = Box::pin(client.call(&request));
    // The call goes on until the request has arrived.
    poll_fn(|context| {
        let pending = call.as_mut().poll(context).is_pending();
        if stub.requests().is_empty() && pending {
            context.waker().wake_by_ref();
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    })
    .await;
    drop(call);
    let [exchange] = <[_; 1]>::try_from(seen.all()).unwrap();
    assert_eq!(exchange.status, None);
    assert_eq!(exchange.remarks, ["given up before the answer was complete"]);
}

#[tokio::test]
async fn in_process_and_over_the_network_are_shown_alike() {
    let router = axum::Router::new().fallback(|| async { ([("x-a", "b")], "{}") });
    let seen = Arc::new(Seen::default());
    let mut options = crate::client::stub::options("http://localhost/scim");
    options.observer = Some(Arc::<Seen>::clone(&seen));
    let client = Client::in_process(router, options, clock()).unwrap();
    client.call(&get()).await.result.unwrap();
    let [exchange] = <[_; 1]>::try_from(seen.all()).unwrap();
    assert_eq!((exchange.origin.as_str(), exchange.target.as_str()), ("http://localhost", "/scim/Users/7"));
    assert_eq!((exchange.status, exchange.response_body.bytes.as_slice()), (Some(200), b"{}".as_slice()));
    assert_eq!((exchange.response_header("x-a"), exchange.request_header("host")), (Some("b"), Some("localhost")));
}

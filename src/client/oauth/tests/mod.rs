//! The token endpoint as a stub, the target as a router: what each of them sees, and when.

mod reading;
mod refusals;
mod renewal;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};

use super::{OAuth, TokenFailure};
use crate::base::Timestamp;
use crate::client::stub::{Reply, Stub, answer, clock};
use crate::client::{CallOutcome, Client, ClientOptions, Failure, Rate, create_request, get_request};
use crate::clock::Clock;
use crate::scim::{ClientAuthentication, HttpExchange, Masking, Observer, TenantUrl, TokenEndpoint};

/// A client secret that looks different in each form that it can have.
const SECRET: &str = "s3 cr~t+/\"&%";

/// An answer with a token.
fn token(name: &str, expires_in: u32) -> Reply {
    let body = format!("{{\"access_token\":\"{name}\",\"token_type\":\"Bearer\",\"expires_in\":{expires_in}}}");
    answer(200, &["Content-Type: application/json"], &body)
}

fn oauth(endpoint: &Stub) -> OAuth {
    let endpoint = TokenEndpoint::parse(&format!("http://127.0.0.1:{}/oauth2/token", endpoint.port), false).unwrap();
    OAuth::new(endpoint, "the client", SECRET)
}

/// A target that lets in whoever has one of these tokens, and writes down the others.
#[derive(Clone, Default)]
struct Target {
    good: Arc<Mutex<Vec<&'static str>>>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Target {
    fn accepting(good: &[&'static str]) -> Self {
        let target = Self::default();
        target.accept(good);
        target
    }

    fn accept(&self, good: &[&'static str]) {
        *self.good.lock().unwrap() = good.to_vec();
    }

    /// The tokens that came, in order.
    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    fn router(&self) -> Router {
        let target = self.clone();
        Router::new().fallback(move |headers: HeaderMap, body: String| {
            let target = target.clone();
            async move {
                let token = headers["authorization"].to_str().unwrap().strip_prefix("Bearer ").unwrap().to_owned();
                target.seen.lock().unwrap().push(token.clone());
                let good = target.good.lock().unwrap().iter().any(|good| *good == token);
                let status = if good { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
                (status, format!("{{\"token\":\"{token}\",\"body\":{:?}}}", body.len()))
            }
        })
    }

    fn client_with(&self, oauth: OAuth, change: impl FnOnce(&mut ClientOptions)) -> Client {
        let mut options = ClientOptions::new(TenantUrl::parse("http://localhost/scim", false).unwrap(), oauth);
        options.rate = Rate::Unlimited;
        options.timeout = Duration::from_secs(5);
        change(&mut options);
        Client::in_process(self.router(), options, clock()).unwrap()
    }

    fn client(&self, endpoint: &Stub) -> Client {
        self.client_with(oauth(endpoint), |_| ())
    }
}

async fn get(client: &Client) -> CallOutcome {
    client.call(&get_request("/Users", "1")).await
}

/// The failure of a call that wasn't sent for want of a token.
async fn no_token(client: &Client) -> TokenFailure {
    let outcome = get(client).await;
    assert_eq!(outcome.exchanges, [], "the target was called without a token");
    let Err(Failure::Token(failure)) = outcome.result else { panic!("{:?}", outcome.result) };
    *failure
}

fn seconds_since_start(clock: &Clock) -> i64 {
    let start: Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
    clock.now().duration_since(start).as_secs()
}

#[tokio::test]
async fn a_token_is_asked_for_as_the_portal_says() {
    use ClientAuthentication::{Body, Both, Header};
    const FORM: &str = "client_id=the+client&client_secret=s3+cr%7Et%2B%2F%22%26%25";
    const BASIC: &str = "authorization: Basic dGhlK2NsaWVudDpzMytjciU3RXQlMkIlMkYlMjIlMjYlMjU=\r\n";
    for (way, scope, form, header) in [
        (Body, None, format!("grant_type=client_credentials&{FORM}"), false),
        (
            Body,
            Some("api://x/.default a"),
            format!("grant_type=client_credentials&{FORM}&scope=api%3A%2F%2Fx%2F.default+a"),
            false,
        ),
        (Header, None, "grant_type=client_credentials".to_owned(), true),
        (Both, Some("a"), format!("grant_type=client_credentials&{FORM}&scope=a"), true),
    ] {
        let endpoint = Stub::start(vec![token("one", 3600)]);
        let mut oauth = oauth(&endpoint);
        oauth.client_authentication = way;
        oauth.scope = scope.map(str::to_owned);
        let client = Target::accepting(&["one"]).client_with(oauth, |options| {
            options.headers = vec![("X-Api-Key".into(), "for-the-target-alone".into())];
            options.scim_version = Some("5.0".into());
        });
        get(&client).await.result.unwrap();
        let request = endpoint.requests().remove(0);
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let head = format!("{head}\r\n");
        assert!(head.starts_with("POST /oauth2/token HTTP/1.1\r\n"), "{head}");
        assert!(head.contains("content-type: application/x-www-form-urlencoded\r\n"), "{head}");
        assert!(head.contains("accept: application/json\r\n"), "{head}");
        assert!(!head.contains("api-key") && !head.contains("adscim") && !head.contains("user-agent"), "{head}");
        assert_eq!((body, head.contains(BASIC), head.contains("authorization")), (form.as_str(), header, header));

        let exchange = client.tokens().unwrap().take_exchanges().remove(0);
        assert_eq!(exchange.url, format!("http://127.0.0.1:{}/oauth2/token", endpoint.port));
        assert_eq!(exchange.form, form.replace("s3+cr%7Et%2B%2F%22%26%25", "[secret]"));
        assert_eq!(exchange.authorization.as_deref(), header.then_some("Basic [secret]"));
        assert_eq!(exchange.answer, r#"{"access_token":"[secret]","token_type":"Bearer","expires_in":3600}"#);
    }
}

#[tokio::test]
async fn a_user_agent_is_sent_where_one_is_configured() {
    let endpoint = Stub::start(vec![token("one", 3600)]);
    let target = Target::accepting(&["one"]);
    let client = target.client_with(oauth(&endpoint), |options| options.user_agent = Some("probe/1".into()));
    get(&client).await.result.unwrap();
    assert!(endpoint.requests()[0].contains("user-agent: probe/1\r\n"));
}

#[tokio::test]
async fn neither_secret_is_shown() {
    let endpoint = Stub::start(vec![token("acc3ss", 3600)]);
    let client = Target::accepting(&["acc3ss"]).client(&endpoint);
    let outcome = get(&client).await;
    assert_eq!(outcome.exchanges[0].answer, r#"{"token":"[secret]","body":0}"#);
    let shown = format!("{client:?} {:?} {:?}", client.options(), client.tokens().unwrap().last());
    assert!(!shown.contains("s3 cr") && !shown.contains("acc3ss"), "{shown}");
    // Nothing hides a secret in what the target really said.
    assert!(format!("{:?}", outcome.result.unwrap()).contains("acc3ss"));
}

/// The bodies and targets of what a token endpoint was seen to be asked and to answer, as recordings show them.
#[derive(Default)]
struct Seen(Mutex<Vec<HttpExchange>>);

impl Observer for Seen {
    fn observe(&self, exchange: &Arc<HttpExchange>) {
        if exchange.target.starts_with("/oauth2/token") {
            self.0.lock().unwrap().push(Masking::new(Vec::new()).masked(exchange));
        }
    }
}

async fn recorded(reply: Reply, query: &str) -> HttpExchange {
    let endpoint = Stub::start(vec![reply]);
    let mut oauth = oauth(&endpoint);
    oauth.token_endpoint = TokenEndpoint::parse(&format!("{}{query}", oauth.token_endpoint), false).unwrap();
    let seen = Arc::new(Seen::default());
    let observer = Arc::<Seen>::clone(&seen);
    let client = Target::default().client_with(oauth, |options| options.observer = Some(observer));
    drop(get(&client).await);
    seen.0.lock().unwrap().remove(0)
}

#[tokio::test]
async fn a_bare_token_is_not_recorded() {
    let half = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nb4re-t0ken";
    for (reply, expected) in [
        (answer(200, &[], "\"b4re-t0ken\""), "[secret]"),
        (answer(200, &["Content-Type: text/plain"], "b4re-t0ken"), "[secret]"),
        (answer(200, &[], "[\"b4re-t0ken\"]"), "[secret]"),
        (answer(200, &[], "{b4re-t0ken}"), "[secret]"),
        (Reply::Close(half.to_owned()), "[secret]"),
        (answer(200, &[], "{\"expires_in\": 7}"), "{\"expires_in\": 7}"),
        (answer(200, &[], ""), ""),
        (answer(400, &[], "\"no such client\""), "\"no such client\""),
    ] {
        let exchange = recorded(reply, "").await;
        assert_eq!(String::from_utf8_lossy(&exchange.response_body.bytes), expected);
    }
}

#[tokio::test]
async fn a_key_in_the_token_endpoint_s_query_is_neither_recorded_nor_shown() {
    let answer = answer(400, &[], "{\"error\":\"invalid_request\",\"error_description\":\"k3y/of-a+gateway?\"}");
    let exchange = recorded(answer, "?api-version=1&for=k3y%2Fof-a%2Bgateway").await;
    assert_eq!(exchange.target, "/oauth2/token?api-version=1&for=[secret]");
    let body = String::from_utf8(exchange.response_body.bytes).unwrap();
    assert!(body.contains("\"[secret]?\""), "{body}");
}

#[test]
fn suspicious_settings_are_named() {
    let endpoint = |path: &str| TokenEndpoint::parse(&format!("https://h.example{path}"), false).unwrap();
    for (path, id, secret, expected) in [
        ("/token", "id", "secret\r\n", vec![]),
        ("/t/oauth2/v2.0/authorize", "id", "secret", vec!["ends in `/authorize`"]),
        ("/token", "\"id\"", "'secret'", vec!["the client id stands in quot", "the client secret stands in quot"]),
        ("/token", " id", "secret ", vec!["the client id begins or ends", "the client secret begins or ends"]),
    ] {
        let warnings = OAuth::new(endpoint(path), id, secret).warnings();
        assert_eq!(warnings.len(), expected.len(), "{warnings:?}");
        for (warning, part) in warnings.iter().zip(expected) {
            assert!(warning.contains(part) && !warning.ends_with('.'), "{warning}");
        }
    }
}

#[tokio::test]
async fn what_is_asked_for_and_counted_are_requests_to_the_target() {
    let endpoint = Stub::start(vec![token("one", 3600)]);
    let target = Target::accepting(&["one"]);
    let client = target.client(&endpoint);
    let outcome = client.call(&create_request("/Users", serde_json::json!({}))).await;
    assert_eq!((outcome.exchanges.len(), target.seen().len(), endpoint.requests().len()), (1, 1, 1));
}

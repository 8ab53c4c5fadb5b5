//! Token endpoints that give nothing: what is waited for, what goes nowhere else, what is masked.

use super::*;
use crate::client::{Operation, TransportKind, UnusableToken};

#[tokio::test]
async fn a_wait_that_is_asked_for_is_waited_out() {
    let endpoint = Stub::start(vec![
        answer(429, &["Retry-After: 7"], ""),
        answer(503, &["Retry-After: Sun, 01 Mar 2026 10:00:12 GMT"], ""),
        token("one", 3600),
    ]);
    let target = Target::accepting(&["one"]);
    let client = target.client(&endpoint);
    get(&client).await.result.unwrap();
    assert_eq!((seconds_since_start(client.clock()), endpoint.requests().len()), (12, 3));
}

#[tokio::test]
async fn patience_ends() {
    for (replies, honour, retries, asked, waited) in [
        (vec![answer(429, &["Retry-After: 301"], "")], true, 9, 1, 0),
        (vec![answer(429, &["Retry-After: 7"], "")], false, 0, 1, 0),
        ((0..9).map(|_| answer(429, &["Retry-After: 7"], "")).collect(), true, 0, 5, 28),
        (vec![answer(500, &[], "")], true, 0, 1, 0),
        (vec![answer(500, &["Retry-After: 7"], ""), answer(400, &[], "")], true, 1, 2, 0),
        // A definite answer isn't asked for again.
        (vec![answer(401, &["Retry-After: 7"], r#"{"error":"invalid_client"}"#)], true, 9, 1, 0),
        // Asking for a token makes nothing twice, so a lost answer is no reason to stop.
        (vec![Reply::Close(String::new()), answer(400, &[], "")], true, 1, 2, 0),
    ] {
        let endpoint = Stub::start(replies);
        let client = Target::default().client_with(oauth(&endpoint), |options| {
            (options.honour_retry_after, options.retries) = (honour, retries);
        });
        no_token(&client).await;
        assert_eq!((endpoint.requests().len(), seconds_since_start(client.clock())), (asked, waited));
    }
}

#[tokio::test]
async fn a_signal_ends_the_wait() {
    let endpoint = Stub::start(vec![answer(429, &["Retry-After: 30"], ""), token("one", 3600)]);
    let options = {
        let mut options =
            ClientOptions::new(TenantUrl::parse("http://localhost/scim", false).unwrap(), oauth(&endpoint));
        options.timeout = Duration::from_secs(5);
        options
    };
    let end = tokio_util::sync::CancellationToken::new();
    let client = Client::in_process(Target::default().router(), options, Clock::real()).unwrap().ended_by(end.clone());
    let ending = async {
        while endpoint.requests().is_empty() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        end.cancel();
    };
    let (failure, ()) = tokio::join!(no_token(&client), ending);
    assert_eq!((failure.status(), endpoint.requests().len()), (Some(429), 1));
}

#[tokio::test]
async fn the_client_secret_goes_to_nobody_else() {
    let other = Stub::start(vec![token("one", 3600)]);
    for status in [301, 302, 307, 308] {
        for location in [format!("http://127.0.0.1:{}/token?secret=x", other.port), "/elsewhere".to_owned()] {
            let endpoint = Stub::start(vec![answer(status, &[&format!("Location: {location}")], "")]);
            let failure = no_token(&Target::default().client(&endpoint)).await;
            let TokenFailure::Redirect { status: seen, location: shown } = failure else { panic!("{failure}") };
            assert_eq!((seen, shown.as_str()), (status, location.split('?').next().unwrap()));
            assert_eq!(endpoint.requests().len(), 1, "it isn't even followed within its own origin");
        }
    }
    assert_eq!(other.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn the_access_token_goes_to_the_target_alone() {
    let endpoint = Stub::start(vec![token("acc3ss", 3600)]);
    let other = Stub::start(vec![answer(200, &[], "{}")]);
    let location = format!("Location: http://127.0.0.1:{}/acc3ss?echo=x", other.port);
    let target = Stub::start(vec![answer(302, &[&location], "")]);
    let mut options = target.options();
    options.credentials = oauth(&endpoint).into();
    let client = Client::http(options, clock()).unwrap();
    let failure = get(&client).await.result.unwrap_err();
    assert!(failure.to_string().contains("/[secret]`, which isn't followed"), "{failure}");
    assert!(target.requests()[0].contains("authorization: Bearer acc3ss\r\n"));
    assert!(!target.requests()[0].contains("s3"), "the client secret is none of the target's business");
    assert_eq!(other.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn silent_and_closed_endpoints() {
    let client = |endpoint: &Stub| {
        Target::default().client_with(oauth(endpoint), |options| options.timeout = Duration::from_millis(300))
    };
    let kind = async |client: &Client| match no_token(client).await {
        TokenFailure::Transport { kind, message } => {
            assert!(!message.is_empty());
            kind
        }
        other => panic!("{other}"),
    };
    let slow = Stub::start(vec![Reply::Hang("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".into())]);
    let client_of_slow = client(&slow);
    assert_eq!(kind(&client_of_slow).await, TransportKind::Timeout);
    let exchange = client_of_slow.tokens().unwrap().take_exchanges().remove(0);
    assert_eq!((exchange.status, exchange.answer.as_str()), (None, ""));
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut closed = oauth(&slow);
    closed.token_endpoint = TokenEndpoint::parse(&format!("http://127.0.0.1:{port}/token"), false).unwrap();
    let closed = Target::default().client_with(closed, |_| ());
    assert_eq!(kind(&closed).await, TransportKind::Refused);
}

#[tokio::test]
async fn whatever_comes_back_with_the_secret_in_it_is_masked() {
    let forms = [SECRET, "s3+cr%7Et%2B%2F%22%26%25", "s3%20cr%7Et%2B%2F%22%26%25"];
    for form in forms {
        let json = serde_json::json!({"error": "invalid_client", "error_description": format!("you sent {form}")});
        let bodies = [
            (401, json.to_string()),
            (400, format!("you sent {form}")),
            (500, format!("<html><title>{form}</title>")),
            (200, format!("<html>{form}")),
        ];
        for (status, body) in bodies {
            let endpoint = Stub::start(vec![answer(status, &[], &body)]);
            let client = Target::default().client(&endpoint);
            let failure = no_token(&client).await;
            let exchanges = client.tokens().unwrap().take_exchanges();
            let shown = format!("{failure} {failure:?} {exchanges:?}");
            assert!(!shown.contains("s3"), "{body}: {shown}");
        }
    }
}

#[tokio::test]
async fn failures_are_those_of_credentials() {
    const INVALID: &str = "SystemForCrossDomainIdentityManagementInvalidCredentials";
    const UNCHECKED: &str = "SystemForCrossDomainIdentityManagementCredentialValidationUnavailable";
    for (reply, code) in [
        (answer(400, &[], r#"{"error":"invalid_client"}"#), INVALID),
        (answer(400, &[], r#"{"error":"invalid_scope"}"#), INVALID),
        (answer(401, &[], "no"), INVALID),
        (answer(404, &[], "no"), UNCHECKED),
        (answer(503, &[], r#"{"error":"temporarily_unavailable"}"#), UNCHECKED),
        (answer(200, &[], "{}"), UNCHECKED),
        (Reply::Close(String::new()), UNCHECKED),
    ] {
        let endpoint = Stub::start(vec![reply]);
        let failure = get(&Target::default().client(&endpoint)).await.result.unwrap_err();
        assert_eq!(failure.error_code(Operation::Test), code, "{failure}");
        assert_eq!(failure.error_code(Operation::Create), "Unauthorized");
        // A 404 of the token endpoint must never look like an account that isn't there.
        assert!(failure.is_unauthorized() && !failure.is_not_found() && failure.status().is_none(), "{failure}");
        assert!(failure.is_unapplied() && !failure.is_transient());
    }
}

#[tokio::test]
async fn answers_without_end_are_cut_off() {
    let endpoint = Stub::start(vec![answer(200, &[], &"x".repeat(17 * 1024 * 1024))]);
    let failure = no_token(&Target::default().client(&endpoint)).await;
    assert_eq!(failure, TokenFailure::Unusable { status: 200, what: UnusableToken::TooLarge });
}

#[tokio::test]
async fn messages_read_alone() {
    for (reply, expected) in [
        (
            answer(401, &[], r#"{"error":"invalid_client","error_description":"no"}"#),
            "no access token: the token endpoint answered 401 invalid_client: no",
        ),
        (answer(503, &[], ""), "no access token: the token endpoint answered 503"),
        (
            answer(302, &["Location: /login"], ""),
            "no access token: the token endpoint answered 302 and redirects to `/login`, which isn't followed",
        ),
        (answer(200, &[], "{}"), "no access token: the token endpoint answered 200, but without an `access_token`"),
        (
            answer(200, &[], "<html>"),
            "no access token: the token endpoint answered 200, but with a web page instead of JSON",
        ),
    ] {
        let endpoint = Stub::start(vec![reply]);
        let failure = get(&Target::default().client(&endpoint)).await.result.unwrap_err();
        assert_eq!(failure.to_string(), expected);
    }
    let refusal = |kind| TokenFailure::Transport { kind, message: "x".into() }.to_string();
    assert_eq!(refusal(TransportKind::Other), "the token endpoint: it can't be reached: x");
    assert_eq!(refusal(TransportKind::Dns), "the token endpoint: the host name doesn't resolve: x");
}

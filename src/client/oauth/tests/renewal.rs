//! How long a token is used, and what brings the next one.

use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::client::jwt::jwt;
use crate::client::oauth::grant::{Grant, Granted};

#[tokio::test]
async fn one_token_serves_until_shortly_before_its_end() {
    let endpoint = Stub::start(vec![token("one", 3600), token("two", 3600)]);
    let target = Target::accepting(&["one", "two"]);
    let client = target.client(&endpoint);
    for (wait, expected) in [(0, "one"), (3299, "one"), (1, "two"), (3299, "two")] {
        client.clock().sleep(Duration::from_secs(wait)).await;
        get(&client).await.result.unwrap();
        assert_eq!(target.seen().last().unwrap(), expected, "{} s", seconds_since_start(client.clock()));
    }
    assert_eq!(endpoint.requests().len(), 2);
}

#[test]
fn lifetimes() {
    let asked = clock().now();
    let exp = |seconds: i64| jwt(&format!("{{\"exp\":{}}}", asked.as_second() + seconds));
    for (token, expires_in, renewed, gone) in [
        ("opaque".to_owned(), Some(3600), 3300, 3600),
        ("opaque".to_owned(), Some(21_600), 21_300, 21_600),
        // Margins don't eat up tokens that are made to be short.
        ("opaque".to_owned(), Some(60), 48, 60),
        ("opaque".to_owned(), None, 3300, 3600),
        (exp(7200), None, 6900, 7200),
        // What the endpoint says counts more: it isn't about two clocks.
        (exp(7200), Some(600), 480, 600),
        // A clock that is wrong doesn't make every token unusable.
        (exp(-5), None, 3300, 3600),
        (exp(-5), Some(600), 480, 600),
    ] {
        let granted = Granted {
            token: crate::base::Secret::new(token.as_str()),
            lifetime: expires_in.map(crate::base::SignedDuration::from_secs),
            has_type: true,
            scope: None,
        };
        let grant = Grant::new(granted, asked).unwrap();
        let since = |at: Timestamp| at.duration_since(asked).as_secs();
        assert_eq!((since(grant.renew()), since(grant.runs_out())), (renewed, gone), "{token} {expires_in:?}");
    }
}

#[tokio::test]
async fn however_many_wait_one_asks() {
    let endpoint = Stub::start(vec![token("one", 3600), token("two", 3600)]);
    let target = Target::accepting(&["one", "two"]);
    let client = target.client_with(oauth(&endpoint), |options| options.concurrency = 20);
    let all = join_all((0..20).map(|_| get(&client))).await;
    assert!(all.iter().all(|outcome| outcome.result.is_ok()));
    assert_eq!(endpoint.requests().len(), 1);

    // All are refused at once: one of them gets the next token, for all.
    target.accept(&["two"]);
    let all = join_all((0..20).map(|_| get(&client))).await;
    assert!(all.iter().all(|outcome| outcome.result.is_ok()));
    assert_eq!(endpoint.requests().len(), 2);
}

#[tokio::test]
async fn whoever_waited_shares_the_failure() {
    let refusal = || answer(401, &[], r#"{"error":"invalid_client"}"#);
    let endpoint = Stub::start(vec![refusal(), refusal()]);
    let client = Target::default().client_with(oauth(&endpoint), |options| options.concurrency = 20);
    let all = join_all((0..20).map(|_| get(&client))).await;
    assert!(all.iter().all(|outcome| matches!(outcome.result, Err(Failure::Token(_)))));
    assert_eq!(endpoint.requests().len(), 1);
    no_token(&client).await;
    assert_eq!(endpoint.requests().len(), 2, "who comes later asks again");
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let endpoint = Stub::start(vec![token("one", 3600), token("two", 3600), token("three", 3600)]);
    let target = Target::accepting(&["two"]);
    let client = target.client(&endpoint);
    let outcome = client.call(&create_request("/Users", serde_json::json!({"userName": "ann"}))).await;
    assert!(outcome.result.is_ok());
    let statuses: Vec<_> = outcome.exchanges.iter().map(|exchange| exchange.status.unwrap()).collect();
    assert_eq!((statuses, target.seen()), (vec![401, 200], vec!["one".into(), "two".into()]));
    assert!(outcome.exchanges.iter().all(|exchange| exchange.request.body.is_some()), "it is the same request");

    // The second refusal stands, and says that the token was fresh.
    target.accept(&[]);
    let outcome = get(&client).await;
    let Err(Failure::Status(refusal)) = outcome.result else { panic!("{:?}", outcome.result) };
    assert_eq!((refusal.status, refusal.granted), (401, true));
    assert_eq!(outcome.exchanges.len(), 2);
    assert_eq!((target.seen()[2..].to_vec(), endpoint.requests().len()), (vec!["two".into(), "three".into()], 3));
}

#[tokio::test]
async fn a_renewal_after_a_refusal_that_fails_is_the_failure() {
    let endpoint = Stub::start(vec![token("one", 3600), answer(401, &[], r#"{"error":"invalid_client"}"#)]);
    let client = Target::default().client(&endpoint);
    let outcome = get(&client).await;
    assert!(matches!(outcome.result, Err(Failure::Token(_))), "{:?}", outcome.result);
    assert_eq!(outcome.exchanges.len(), 1, "what was sent is told all the same");
}

#[tokio::test]
async fn a_token_that_cannot_be_renewed_is_used_until_it_runs_out() {
    let down = || answer(503, &["Retry-After: 30"], "");
    let endpoint = Stub::start(vec![token("one", 3600), down(), down(), down(), token("two", 3600)]);
    let target = Target::accepting(&["one", "two"]);
    let client = target.client(&endpoint);
    for (wait, expected, asked) in [
        (0, "one", 1),
        // The first try to renew, then not before half of what is left is over.
        (3300, "one", 2),
        (149, "one", 2),
        (1, "one", 3),
        (74, "one", 3),
        (1, "one", 4),
        // Half of it again would be 37 seconds.
        (36, "one", 4),
        (2, "two", 5),
    ] {
        client.clock().sleep(Duration::from_secs(wait)).await;
        get(&client).await.result.unwrap();
        let at = seconds_since_start(client.clock());
        assert_eq!((target.seen().last().unwrap().as_str(), endpoint.requests().len()), (expected, asked), "{at} s");
    }
}

#[tokio::test]
async fn an_ended_client_renews_nothing_and_waits_for_nobody() {
    let endpoint = Stub::start(vec![token("one", 3600), token("two", 3600)]);
    let target = Target::accepting(&["one"]);
    let end = CancellationToken::new();
    let client = target.client(&endpoint).ended_by(end.clone());
    get(&client).await.result.unwrap();
    end.cancel();
    client.clock().sleep(Duration::from_secs(3400)).await;
    get(&client).await.result.unwrap();
    assert_eq!(endpoint.requests().len(), 1, "the token is still good");
    target.accept(&["two"]);
    let outcome = get(&client).await;
    assert_eq!(outcome.result.unwrap_err().status(), Some(401), "what was met stands");
    assert_eq!((outcome.exchanges.len(), endpoint.requests().len()), (1, 1));
}

#[tokio::test]
async fn waiting_for_somebody_elses_token_ends_with_the_run() {
    let endpoint = Stub::start(vec![Reply::Hang(String::new())]);
    let target = Target::default();
    let end = CancellationToken::new();
    let client = target.client(&endpoint).ended_by(end.clone());
    let second = async {
        while endpoint.requests().is_empty() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let ending = async {
            tokio::task::yield_now().await;
            end.cancel();
        };
        tokio::join!(get(&client), ending).0
    };
    tokio::select! {
        biased;
        first = get(&client) => panic!("a request under way goes on: {first:?}"),
        second = second => assert_eq!((second.result, second.exchanges), (Err(Failure::Ended), Vec::new())),
    }
    assert_eq!(target.seen(), Vec::<String>::new());
}

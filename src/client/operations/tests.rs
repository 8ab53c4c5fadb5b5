use serde_json::json;

use super::*;
use crate::client::stub::{Stub, answer};

fn with_body(status: u16, body: &str) -> Answer {
    let body = match (body, serde_json::from_str(body)) {
        ("", _) => AnswerBody::Empty,
        (_, Ok(value)) => AnswerBody::Json(value),
        (text, Err(error)) => {
            AnswerBody::Other { html: text.starts_with('<'), message: error.to_string(), excerpt: text.to_owned() }
        }
    };
    Answer { status, location: None, body }
}

fn what(failure: Failure) -> String {
    match failure {
        Failure::Unexpected { what, .. } => format!("{what:?}"),
        Failure::Payload { .. } => "Payload".to_owned(),
        other => other.to_string(),
    }
}

const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

#[test]
fn lists_in_every_shape_that_endpoints_send() {
    for (body, expected) in [
        (json!({"schemas": [LIST], "totalResults": 0, "Resources": []}), Ok((0, 0))),
        (json!({"schemas": [LIST], "totalResults": 0}), Ok((0, 0))),
        (json!({"schemas": [LIST], "totalResults": 0, "Resources": null}), Ok((0, 0))),
        (json!({"totalResults": "0"}), Ok((0, 0))),
        (json!({"totalresults": "1", "resources": [{"id": 42}]}), Ok((1, 1))),
        (json!({"schemas": LIST, "Resources": [{}, {}]}), Ok((2, 2))),
        (json!({"totalResults": 2, "Resources": [{}]}), Ok((1, 2))),
        (json!({"totalResults": 1, "Resources": []}), Err("CountWithoutResources { total: 1 }")),
        (json!({"totalResults": 1}), Err("CountWithoutResources { total: 1 }")),
        (json!({"Resources": ["ann"]}), Err("NotAList")),
        (json!({"totalResults": 1, "Resources": {"id": "1"}}), Err("NotAList")),
        (json!({}), Err("NotAList")),
        (json!([]), Err("NotAList")),
        (json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "404"}), Err("ErrorBody")),
    ] {
        let found = read_list(with_body(200, &body.to_string()));
        let found = found.map(|found| (found.resources.len(), found.total)).map_err(what);
        assert_eq!(found, expected.map_err(str::to_owned), "{body}");
    }
    assert_eq!(what(read_list(with_body(200, "")).unwrap_err()), "Empty");
    assert_eq!(what(read_list(with_body(200, "<html>")).unwrap_err()), "Html");
    assert_eq!(what(read_list(with_body(200, "{")).unwrap_err()), "Payload");
}

#[test]
fn the_test_query_is_good_only_when_it_counts_nobody() {
    for (status, body, expected) in [
        (200, json!({"schemas": [LIST], "totalResults": 0}), Ok(())),
        (200, json!({"totalResults": 0, "Resources": []}), Ok(())),
        (201, json!({"schemas": [LIST], "totalResults": 0}), Err("NotAList")),
        (200, json!({"schemas": ["urn:other"], "totalResults": 0}), Err("NotAList")),
        (200, json!({"schemas": [LIST], "totalResults": 3}), Err("FilterIgnored { total: 3 }")),
        (200, json!({"schemas": [LIST], "Resources": [{}, {}]}), Err("FilterIgnored { total: 2 }")),
        (200, json!({"schemas": [LIST], "totalResults": 0, "Resources": [{}]}), Err("FilterIgnored { total: 1 }")),
        (200, json!({"users": []}), Err("NotAList")),
    ] {
        let result = read_test(with_body(status, &body.to_string())).map_err(what);
        assert_eq!(result, expected.map_err(str::to_owned), "{status} {body}");
    }
}

#[test]
fn a_resource_must_be_the_one_that_was_asked_for() {
    for (body, expected) in [
        (json!({"id": "Ab", "userName": "x"}), Ok(())),
        (json!({"ID": "aB"}), Ok(())),
        (json!({"userName": "x"}), Ok(())),
        (json!({"id": "other"}), Err("OtherResource { id: \"other\" }")),
        (json!({"schemas": [LIST], "totalResults": 1, "Resources": [{"id": "ab"}]}), Ok(())),
        (json!({"schemas": [LIST], "totalResults": 0}), Err("ListForResource { count: 0 }")),
        (json!({"schemas": [LIST], "Resources": [{"id": "ab"}, {}]}), Err("ListForResource { count: 2 }")),
        (json!("ab"), Err("NotAResource")),
    ] {
        let result = read_resource(with_body(200, &body.to_string()), "ab").map(|_| ()).map_err(what);
        assert_eq!(result, expected.map_err(str::to_owned), "{body}");
    }
}

#[test]
fn creations_find_their_id() {
    for (body, location, expected) in [
        (r#"{"id":"a"}"#, Some("https://h/Users/b"), Some("a")),
        (r#"{"id":42}"#, None, Some("42")),
        (r#"{"Id":"a"}"#, None, Some("a")),
        ("", Some("https://h/scim/Users/a%2Fb%20c?x#y"), Some("a/b c")),
        ("", Some("/Users/a/"), Some("a")),
        (r#"{"id":null,"meta":{"location":"/Users/m"}}"#, None, Some("m")),
        (r#"{"id":""}"#, Some("https://h/scim/Users/"), None),
        ("", Some("https://h/scim/Users"), None),
        ("", Some("https://h/other/1"), None),
        ("created", None, None),
        ("", None, None),
    ] {
        let answer = Answer { location: location.map(str::to_owned), ..with_body(201, body) };
        let created = read_created(answer, "/Users").unwrap();
        assert_eq!(created.id.as_ref().map(TargetId::as_str), expected, "{body} {location:?}");
    }
    assert_eq!(what(read_created(with_body(200, "<html>"), "/Users").unwrap_err()), "Html");
}

#[test]
fn changes_take_any_body_but_one_that_means_failure() {
    for (body, expected) in [
        ("", Ok(false)),
        ("OK", Ok(false)),
        ("true", Ok(false)),
        (r#"{"id":"1"}"#, Ok(true)),
        ("<html>login", Err("Html")),
        (r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"]}"#, Err("ErrorBody")),
    ] {
        let result = read_change(with_body(200, body)).map(|resource| resource.is_some()).map_err(what);
        assert_eq!(result, expected.map_err(str::to_owned), "{body}");
    }
}

#[tokio::test]
async fn nobody_found_may_be_a_404() {
    let html = "<html>Not Found</html>";
    let stub = Stub::start(vec![
        answer(404, &[], r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"404"}"#),
        answer(404, &[], ""),
        answer(404, &["Content-Type: text/html"], html),
        answer(200, &[], "[1]"),
    ]);
    let client = stub.client();
    for _ in 0..2 {
        let outcome = client.find("/Users", "userName", "ann").await;
        assert_eq!(outcome.result.unwrap(), Found { by_not_found: true, ..Found::default() });
    }
    assert!(client.find("/Users", "userName", "ann").await.result.unwrap_err().is_not_found());
    let Err(Failure::Unexpected { what: Unexpected::NotAList, excerpt, .. }) =
        client.find("/Users", "userName", "ann").await.result
    else {
        panic!("an array is no list");
    };
    assert_eq!(excerpt, "[1]");
}

#[tokio::test]
async fn a_reference_is_there_or_not() {
    let stub = Stub::start(vec![
        answer(200, &[], r#"{"totalResults":1,"Resources":[{"id":"g"}]}"#),
        answer(200, &[], r#"{"totalResults":0}"#),
        answer(404, &[], ""),
        answer(500, &[], ""),
    ]);
    let client = stub.client();
    let (group, user) = (TargetId::new("g"), TargetId::new("u"));
    for expected in [Some(true), Some(false), Some(false), None] {
        let outcome = client.find_reference("/Groups", &group, "members", &user).await;
        assert_eq!(outcome.result.ok(), expected);
    }
    let request = "GET /scim/Groups?filter=id+eq+%22g%22+and+members+eq+%22u%22&attributes=id HTTP/1.1";
    assert!(stub.requests().iter().all(|text| text.starts_with(request)));
}

#[tokio::test]
async fn calls_can_be_spawned_and_share_one_client() {
    fn spawnable<T: Send + 'static>(future: T) -> T {
        future
    }
    let stub = Stub::start(vec![answer(200, &[], r#"{"totalResults":0}"#)]);
    let client = stub.client();
    let other = client.clone();
    let call = spawnable(async move { other.find("/Users", "userName", "ann").await });
    assert_eq!(tokio::spawn(call).await.unwrap().result.unwrap(), Found::default());
    drop(spawnable(client));
}

#[tokio::test]
async fn writes_end_to_end() {
    let stub = Stub::start(vec![
        answer(201, &["Location: /scim/Users/7"], ""),
        answer(200, &[], ""),
        answer(204, &[], ""),
        answer(404, &["Content-Type: text/html"], "<html>"),
        answer(500, &[], ""),
    ]);
    let client = stub.client();
    let created = client.create("/Users", json!({"userName": "ann"})).await;
    let id = created.result.unwrap().id.unwrap();
    assert_eq!(id.as_str(), "7");
    assert_eq!(client.patch("/Users", &id, json!({})).await.result.unwrap(), None);
    assert_eq!(client.delete("/Users", &id).await.result.unwrap(), Deleted::Removed);
    assert_eq!(client.delete("/Users", &id).await.result.unwrap(), Deleted::WasGone);
    assert_eq!(client.delete("/Users", &id).await.result.unwrap_err().status(), Some(500));
    let lines: Vec<_> = stub.requests().iter().map(|text| text.lines().next().unwrap().to_owned()).collect();
    assert_eq!(
        lines,
        [
            "POST /scim/Users HTTP/1.1",
            "PATCH /scim/Users/7 HTTP/1.1",
            "DELETE /scim/Users/7 HTTP/1.1",
            "DELETE /scim/Users/7 HTTP/1.1",
            "DELETE /scim/Users/7 HTTP/1.1",
        ]
    );
}

#[tokio::test]
async fn an_id_that_would_address_something_else_is_not_sent() {
    let stub = Stub::start(Vec::new());
    let client = stub.client();
    for id in ["", ".", ".."] {
        let outcome = client.delete("/Users", &TargetId::new(id)).await;
        let Err(failure) = outcome.result else { panic!("{id} was sent") };
        assert!(outcome.exchanges.is_empty() && failure.status().is_none() && failure.is_unapplied());
    }
}

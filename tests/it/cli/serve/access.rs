//! Tokens of all kinds, and how they change.

use serde_json::{Value, json};

use crate::support::process::{Sandbox, Server, TOKEN, exchange, until};

/// What a request without a body gets: status line and headers, and the body.
fn ask(server: &Server, method: &str, path: &str, headers: &str, body: &str) -> (String, Value) {
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let answer = String::from_utf8(exchange(server.port, request.as_bytes()).expect("an answer")).expect("text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    (head.to_owned(), serde_json::from_str(body).unwrap_or_default())
}

fn status(server: &Server, method: &str, token: &str) -> u16 {
    let body = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": token}).to_string();
    let headers = format!("Authorization: Bearer {token}\r\nContent-Type: application/scim+json\r\n");
    let body = if method == "GET" { "" } else { &body };
    let (head, _) = ask(server, method, "/scim/v2/Users", &headers, body);
    head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
}

#[test]
fn several_tokens_are_let_in_and_some_may_only_read() {
    let sandbox = Sandbox::empty();
    sandbox.write("tokens", "# the new one\nfrom-a-file\n\nanother\n");
    let arguments = "serve --listen 127.0.0.1:0 --output json --token-env TOKEN --token-env SECOND --token-file tokens \
                     --read-only-token-env READER";
    let server =
        Server::start_with(sandbox.command(arguments).env("SECOND", "from-a-variable").env("READER", "may-only-read"));
    for token in [TOKEN, "from-a-variable", "from-a-file", "another"] {
        assert_eq!((status(&server, "GET", token), status(&server, "POST", token)), (200, 201), "{token}");
    }
    assert_eq!((status(&server, "GET", "may-only-read"), status(&server, "POST", "may-only-read")), (200, 403));
    assert_eq!(status(&server, "GET", "# the new one"), 401);
    let ended = server.terminate().with(0);
    assert!(!ended.stderr.contains("from-a-") && !ended.stderr.contains("only-read"), "{}", ended.stderr);
}

#[test]
fn a_changed_file_of_tokens_is_taken_up() {
    let sandbox = Sandbox::empty();
    sandbox.write("tokens", "old\n");
    let server =
        Server::start_with(&mut sandbox.command("serve --listen 127.0.0.1:0 --output json --token-file tokens"));
    assert_eq!(status(&server, "GET", "old"), 200);
    sandbox.write("tokens", "old\nnew\n");
    until("the new token is let in", || status(&server, "GET", "new") == 200);
    assert_eq!(status(&server, "GET", "old"), 200);
    sandbox.write("tokens", "new\n");
    until("the old token is refused", || status(&server, "GET", "old") == 401);
    server.terminate().with(0);
}

#[test]
fn a_client_fetches_tokens() {
    let sandbox = Sandbox::empty();
    let arguments = "serve -vvv --listen 127.0.0.1:0 --output json --token-env TOKEN --oauth-client-id entra \
                     --oauth-client-secret-env SECRET --oauth-token-lifetime 90s --oauth-scope scim";
    let server = Server::start_with(sandbox.command(arguments).env("SECRET", "s3cret-of-the-client"));
    let ready: Value = serde_json::from_str(&server.ready).expect("JSON");
    assert_eq!(ready["tokenEndpoint"], json!(format!("http://127.0.0.1:{}/oauth/token", server.port)));
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let body = "grant_type=client_credentials&client_id=entra&client_secret=s3cret-of-the-client";
    let (head, answer) = ask(&server, "POST", "/oauth/token", form, body);
    assert!(head.starts_with("HTTP/1.1 200 "), "{head} {answer}");
    assert_eq!((&answer["expires_in"], &answer["scope"]), (&json!(90), &json!("scim")));
    let token = answer["access_token"].as_str().expect("a token");
    assert_eq!((status(&server, "POST", token), status(&server, "GET", TOKEN)), (201, 200));
    let (head, _) = ask(&server, "POST", "/oauth/token", form, "grant_type=client_credentials");
    assert!(head.starts_with("HTTP/1.1 401 ") && head.contains("www-authenticate: Basic realm="), "{head}");
    let token = token.to_owned();
    let ended = server.terminate().with(0);
    for secret in ["s3cret-of-the-client", &token] {
        assert!(!ended.stderr.contains(secret), "{}", ended.stderr);
    }
}

#[test]
fn a_client_waits_for_an_endpoint_with_a_rate() {
    // The third request is too much for ten seconds, however slow the first two were.
    let server = Server::start_in(&Sandbox::empty(), "--rate 0.1 --burst 2");
    assert_eq!([status(&server, "GET", TOKEN), status(&server, "GET", TOKEN)], [200, 200]);
    let (head, body) = ask(&server, "GET", "/scim/v2/Users", &format!("Authorization: Bearer {TOKEN}\r\n"), "");
    assert!(head.starts_with("HTTP/1.1 429 ") && head.contains("\r\nretry-after: "), "{head}");
    assert_eq!(body["status"], json!("429"));

    let server = Server::start_in(&Sandbox::empty(), "--rate 2 --burst 2");
    let sandbox = Sandbox::with_users(2, &server.url);
    let summary = sandbox.run("run --output json").with(0).json()["cycles"][0]["summary"].take();
    assert_eq!((&summary["create"], &summary["failed"]), (&json!(2), &json!(0)), "{summary}");
}

#[test]
fn what_cannot_let_anybody_in_is_told_at_the_start() {
    let sandbox = Sandbox::empty();
    sandbox.write("empty", "# nothing\n");
    let check = |arguments: &str, expected: &str| {
        let ended = sandbox.run(&format!("serve --listen 127.0.0.1:0 {arguments}")).with(2);
        assert!(ended.stderr.contains(expected), "{arguments}: {}", ended.stderr);
    };
    check("--token-env NOPE", "the environment variable NOPE");
    check("--token-file empty", "is empty");
    check("--read-only-token-file missing", "can't be read");
    check("--oauth-client-id entra", "the OAuth client has no secret");
    check("--oauth-client-secret-env TOKEN", "--oauth-client-id");
    check("--oauth-client-id a:b --oauth-client-secret-env TOKEN", "can't be sent");
    check("--oauth-client-id a --oauth-client-secret-env TOKEN --oauth-scope \"a\"", "can't be sent");
    check("--rate 0", "above zero");
    check("--burst 3", "--rate");
    check("--oauth-token-lifetime 0s", "above zero");
}

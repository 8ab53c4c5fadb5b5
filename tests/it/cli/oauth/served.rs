//! Both sides are this program: `serve` issues the tokens that `[target.oauth]` asks for.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use url::form_urlencoded::byte_serialize;

use crate::support::process::{Sandbox, Server, TOKEN, now, until, user_name};
use crate::support::stub::{Deed, Seen, Stub};

/// It has to be encoded in a form, and before HTTP Basic authentication too.
const SECRET: &str = "cl1ent s3cret+of/the%tests:4711~";
const CLIENT: &str = "me";

/// A file that holds a secret, for its owner alone.
fn write_secret(sandbox: &Sandbox, secret: &str) {
    sandbox.write("secret", format!("{secret}\n"));
    let permissions = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(sandbox.path("secret"), permissions).expect("a file of one's own");
}

/// An endpoint that issues tokens to one client, in a folder with the client's secret.
fn serve(sandbox: &Sandbox, arguments: &str) -> Server {
    write_secret(sandbox, SECRET);
    Server::start_in(sandbox, &format!("--oauth-client-id {CLIENT} --oauth-client-secret-file secret {arguments}"))
}

/// A job whose target is at a tenant URL, with the token endpoint beside it.
fn job(users: u32, tenant_url: &str, more: &str) -> Sandbox {
    let sandbox = Sandbox::with_users(users, tenant_url);
    sandbox.edit("scimulate.toml", "secret_token_env = \"TOKEN\"\n", "");
    let endpoint = tenant_url.replace("/scim/v2", "/oauth/token");
    let oauth = format!(
        "[target.oauth]\ntoken_endpoint = \"{endpoint}\"\nclient_id = \"{CLIENT}\"\nclient_secret_file = \"secret\"\n\
         {more}\n\n[source]"
    );
    sandbox.edit("scimulate.toml", "[source]", &oauth);
    write_secret(&sandbox, SECRET);
    sandbox
}

fn is_token_request(seen: &Seen) -> bool {
    seen.path == "/oauth/token"
}

/// The access token that a request carries.
fn bearer(seen: &Seen) -> Option<&str> {
    let value = seen.head.lines().find_map(|line| line.split_once(':').filter(|(name, _)| is_authorization(name)));
    value?.1.trim().strip_prefix("Bearer ")
}

fn is_authorization(name: &str) -> bool {
    name.eq_ignore_ascii_case("authorization")
}

#[test]
fn credentials_are_sent_in_each_way_that_the_portal_offers() {
    let folder = Sandbox::empty();
    let server = serve(&folder, "--oauth-scope scim");
    let ready: Value = serde_json::from_str(&server.ready).expect("JSON");
    assert_eq!(ready["tokenEndpoint"], format!("http://127.0.0.1:{}/oauth/token", server.port));
    let (post, basic) = ("client_id=me&client_secret=[secret]", "Authorization: Basic [secret]");
    for (users, place, in_body, in_header) in [(3, "body", true, false), (5, "header", false, true)] {
        let way = format!("client_authentication = \"{place}\"\nscope = \"scim\"");
        let sandbox = job(users, &server.url, &way);
        let tested = sandbox.run("test-connection").with(0);
        let shown = (tested.stdout.contains(post), tested.stdout.contains(basic));
        assert_eq!(shown, (in_body, in_header), "{place}: {}", tested.stdout);
        assert!(tested.stdout.contains("&scope=scim\n"), "{}", tested.stdout);
        sandbox.run("plan").with(0);
        let ran = sandbox.run("run --output json").with(0);
        assert_eq!((ran.stderr.as_str(), server.accounts().len()), ("", users as usize), "{place}");
    }
    // Nobody may send them in both (RFC 6749 section 2.3), which some endpoints want all the same.
    let sandbox = job(1, &server.url, "client_authentication = \"both\"");
    let tested = sandbox.run("test-connection").with(6);
    for told in ["Token request refused", "the client's secret is in the header and in the body", post, basic] {
        assert!(tested.stdout.contains(told), "{told}: {}", tested.stdout);
    }
    let sandbox = job(1, &server.url, "scope = \"scim admin\"");
    let tested = sandbox.run("test-connection").with(6);
    assert!(tested.stdout.contains("Connection failed: Scope refused"), "{}", tested.stdout);
    server.terminate().with(0);
}

#[test]
fn a_token_is_renewed_before_it_runs_out() {
    const LIFETIME: Duration = Duration::from_secs(6);
    let folder = Sandbox::empty();
    let server = serve(&folder, "--oauth-token-lifetime 6s");
    let asked = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&asked);
    let stub = Stub::before(&server, move |seen| {
        if is_token_request(seen) {
            noted.lock().expect("nobody holds it for long").push(now());
        }
        Deed::Pass
    });
    // 141 requests, 20 a second: longer than a token lasts, and no pause in which it could run out.
    let sandbox = job(70, &stub.url, "");
    sandbox.edit("scimulate.toml", "rate = \"unlimited\"", "rate = 20");
    sandbox.run("run").with(0);
    assert_eq!(server.accounts().len(), 70);

    let seen = stub.take_seen();
    let asked = asked.lock().expect("nobody holds it for long");
    assert_eq!(asked.len(), 2);
    assert!(asked[1] - asked[0] < LIFETIME, "it had run out: {:?}", asked[1] - asked[0]);
    let renewed = seen.iter().rposition(is_token_request).expect("a request for a token");
    let rest: Vec<_> = seen[renewed..].iter().filter_map(bearer).collect();
    let first = seen.iter().find_map(bearer).expect("a token");
    assert!(rest.len() > 10 && rest.last() != Some(&first), "the new one is used");
    let sent = seen.iter().filter(|seen| !is_token_request(seen)).count();
    assert_eq!(sent, 141, "nothing was refused and sent again");
}

#[test]
fn a_target_that_knows_no_token_any_more_is_given_a_new_one_once() {
    let folder = Sandbox::empty();
    let server = serve(&folder, "--data accounts.db");
    let stub = Stub::before(&server, |seen| if seen.body.contains(&user_name(4)) { Deed::Held } else { Deed::Pass });
    let sandbox = job(12, &stub.url, "");
    sandbox.edit("scimulate.toml", "[target]\n", "[target]\nconcurrency = 1\n");
    let run = sandbox.start("run");
    until("the fourth user is being created", || stub.count("POST") == 5);
    // Issued tokens are in memory alone: after a new start nobody knows them.
    server.terminate().with(0);
    let server = serve(&folder, "--data accounts.db");
    stub.move_before(&server);
    stub.mend();
    run.wait().with(0);
    assert_eq!(server.accounts().len(), 12);

    let seen = stub.take_seen();
    assert_eq!(seen.iter().filter(|seen| is_token_request(seen)).count(), 2);
    let fourth: Vec<_> = seen.iter().filter(|seen| seen.body.contains(&user_name(4))).map(bearer).collect();
    assert!(matches!(fourth[..], [Some(old), Some(new)] if old != new), "{fourth:?}");
    assert_eq!(seen.len(), 2 + 1 + 24 + 1, "two tokens, the test query, two for each user, one of them twice");

    // A fresh token that is refused as well is told, and nobody asks again and again.
    let refused = || Deed::Answer("401 Unauthorized", "", String::new());
    stub.behave(move |seen| if is_token_request(seen) { Deed::Pass } else { refused() });
    let ended = sandbox.run("test-connection").with(6);
    assert!(ended.stdout.contains("Connection failed: Access token refused"), "{}", ended.stdout);
    let seen = stub.take_seen();
    assert_eq!(seen.iter().filter(|seen| is_token_request(seen)).count(), 2);
    assert_eq!(seen.len(), 4, "{seen:?}");
}

#[test]
fn a_wrong_secret_is_explained_and_nothing_is_sent() {
    let folder = Sandbox::empty();
    let server = serve(&folder, "");
    let stub = Stub::before(&server, |_| Deed::Pass);
    for way in ["", "client_authentication = \"header\""] {
        let sandbox = job(2, &stub.url, way);
        write_secret(&sandbox, "another-s3cret-4711");
        for command in ["test-connection", "plan", "run", "run --output json"] {
            stub.take_seen();
            let ended = sandbox.run(command);
            let expected = if command == "run --output json" { 5 } else { 6 };
            let text = format!("{}{}", ended.stdout, ended.stderr);
            assert_eq!(ended.code, Some(expected), "{command}: {text}");
            assert!(!text.contains("another-s3cret"), "{command}: {text}");
            let seen = stub.take_seen();
            assert!(seen.iter().all(is_token_request), "{command}: {seen:?}");
            if expected == 6 {
                assert!(text.contains("invalid_client"), "{command}: {text}");
                assert!(text.contains("make a new client secret and store it"), "{command}: {text}");
                assert_eq!(seen.len(), 1, "{command}");
            }
        }
        let tested = sandbox.run("test-connection --output json").with(6).json();
        assert_eq!(tested["verdict"], "invalid-client");
        let exchange = &tested["tokenExchanges"][0];
        assert_eq!((&exchange["status"], &tested["exchanges"]), (&401.into(), &Value::Array(Vec::new())));
        // Once it is right, the quarantine is lifted and everything goes on.
        write_secret(&sandbox, SECRET);
        sandbox.run("start").with(0);
        sandbox.run("run").with(0);
    }
    assert_eq!(server.accounts().len(), 2);
}

#[test]
fn no_secret_of_either_side_is_shown_stored_or_recorded() {
    let folder = Sandbox::empty();
    let server = serve(&folder, "-vvv --record recorded");
    let stub = Stub::before(&server, |_| Deed::Pass);
    let form: String = byte_serialize(SECRET.as_bytes()).collect();
    let mut secrets = vec![SECRET.to_owned(), STANDARD.encode(format!("{CLIENT}:{form}")), form];
    let mut shown = Vec::new();
    let mut jobs = Vec::new();
    for place in ["body", "header"] {
        let sandbox = job(3, &stub.url, &format!("client_authentication = \"{place}\""));
        for command in ["test-connection", "plan --show-requests --out next.plan", "apply next.plan", "status"] {
            shown.push(sandbox.run(&format!("{command} -vvv")).with(0));
        }
        for command in ["test-connection --output json", "restart", "run", "run --output jsonl"] {
            let record = if command == "restart" { "" } else { "--record recorded" };
            shown.push(sandbox.run(&format!("{command} -vvv {record}")).with(0));
        }
        let provision = format!("provision {} -vvv --record recorded", user_name(1));
        shown.push(sandbox.run(&provision).with(0));
        let flags = format!(
            "test-connection -vvv --record recorded --tenant-url {} --oauth-token-endpoint {} --oauth-client-id {CLIENT} \
             --oauth-client-secret-file secret --oauth-client-authentication {place}",
            stub.url,
            stub.url.replace("/scim/v2", "/oauth/token")
        );
        shown.push(sandbox.run(&flags).with(0));
        jobs.push(sandbox);
    }
    shown.push(server.terminate().with(0));
    let seen = stub.take_seen();
    let tokens: Vec<String> = seen.iter().filter_map(bearer).map(str::to_owned).collect();
    assert!(tokens.len() > 20 && tokens.iter().all(|token| token != TOKEN), "access tokens were sent");
    secrets.extend(tokens);
    secrets.sort();
    secrets.dedup();

    for ended in &shown {
        for text in [&ended.stdout, &ended.stderr] {
            assert!(!secrets.iter().any(|secret| text.contains(secret)), "{text}");
        }
    }
    let mut recorded = 0;
    for sandbox in jobs.iter().chain([&folder]) {
        std::fs::remove_file(sandbox.path("secret")).expect("the secret is there");
        for (path, content) in sandbox.tree("") {
            let text = String::from_utf8_lossy(&content);
            recorded += usize::from(text.contains("[secret]"));
            assert!(!secrets.iter().any(|secret| text.contains(secret)), "{}", path.display());
        }
    }
    assert!(recorded > 10, "something was masked: {recorded}");
}

//! `[target.oauth]`: a token endpoint that the stub plays, before an endpoint with lasting tokens; and that of `serve`.

mod served;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::support::process::{Sandbox, Server, TOKEN, until, user_name};
use crate::support::stub::{Deed, Seen, Stub};

/// In the environment of every run.
const SECRET: &str = "cl1ent-s3cret~4711";
const JSON: &str = "Content-Type: application/json\r\n";

fn is_token_request(seen: &Seen) -> bool {
    seen.path.ends_with("/oauth2/token")
}

fn gives(token: &str) -> Deed {
    Deed::Answer(
        "200 OK",
        JSON,
        json!({"access_token": token, "token_type": "bearer", "expires_in": "3599"}).to_string(),
    )
}

fn refuses(status: &'static str, error: &str, description: &str) -> Deed {
    Deed::Answer(status, JSON, json!({"error": error, "error_description": description}).to_string())
}

/// One token endpoint and target that gives the token that the server knows.
fn good(server: &Server) -> Stub {
    Stub::before(server, |seen| if is_token_request(seen) { gives(TOKEN) } else { Deed::Pass })
}

/// A sandbox whose config asks for tokens.
fn sandbox(users: u32, stub: &Stub) -> Sandbox {
    let sandbox = Sandbox::with_users(users, &stub.url);
    sandbox.edit("scimulate.toml", "secret_token_env = \"TOKEN\"\n", "");
    let oauth = format!(
        "[target.oauth]\ntoken_endpoint = \"{}/oauth2/token\"\nclient_id = \"the client\"\n\
         client_secret_file = \"secret\"\nscope = \"scim\"\n\n[source]",
        stub.url
    );
    sandbox.edit("scimulate.toml", "[source]", &oauth);
    sandbox.write("secret", format!("{SECRET}\n"));
    #[expect(clippy::unwrap_used, reason = "a test that can't be set up fails")]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(sandbox.path("secret"), std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    sandbox
}

fn token_requests(seen: &[Seen]) -> usize {
    seen.iter().filter(|seen| is_token_request(seen)).count()
}

#[test]
fn a_run_asks_for_one_token_and_counts_what_the_target_got() {
    let server = Server::start();
    let stub = good(&server);
    let sandbox = sandbox(20, &stub);
    let run = sandbox.run("run --output json").with(0);
    assert_eq!(run.stderr, "");
    let seen = stub.take_seen();
    assert_eq!((token_requests(&seen), server.accounts().len()), (1, 20));
    assert_eq!(
        seen[0].body,
        "grant_type=client_credentials&client_id=the+client&client_secret=cl1ent-s3cret%7E4711&scope=scim"
    );
    let document = run.json();
    let requests = &document["cycles"][0]["requests"];
    assert_eq!((&requests["POST"], &requests["GET"]), (&20.into(), &21.into()), "the token's isn't among them");
    // Every process asks for its own: nothing is kept.
    sandbox.run("plan --detailed-exitcode").with(0);
    assert_eq!(token_requests(&stub.take_seen()), 1);
}

#[test]
fn a_token_that_is_refused_in_the_middle_is_renewed_and_nobody_fails() {
    let server = Server::start();
    let asked = Arc::new(AtomicUsize::new(0));
    let asking = Arc::clone(&asked);
    let created = AtomicUsize::new(0);
    let stub = Stub::before(&server, move |seen| {
        if is_token_request(seen) {
            asking.fetch_add(1, Ordering::SeqCst);
            return gives(TOKEN);
        }
        // The token is over for the creations after the third; the next one is as good as new.
        let over = seen.method == "POST" && created.fetch_add(1, Ordering::SeqCst) >= 3;
        if over && asking.load(Ordering::SeqCst) == 1 {
            return Deed::Answer("401 Unauthorized", "", String::new());
        }
        Deed::Pass
    });
    let sandbox = sandbox(30, &stub);
    sandbox.run("run").with(0);
    assert_eq!((server.accounts().len(), asked.load(Ordering::SeqCst)), (30, 2));
}

#[test]
fn a_token_endpoint_that_refuses_puts_the_job_into_quarantine() {
    let server = Server::start();
    let stub = Stub::before(&server, |seen| {
        if is_token_request(seen) {
            return refuses(
                "401 Unauthorized",
                "invalid_client",
                "AADSTS7000222: The secret is expired.\r\nTrace ID: x",
            );
        }
        Deed::Pass
    });
    let sandbox = sandbox(2, &stub);
    for command in ["plan", "test-connection", "run"] {
        let ended = sandbox.run(command).with(6);
        let text = format!("{}{}", ended.stdout, ended.stderr);
        assert!(text.contains("invalid_client: AADSTS7000222: The secret is expired."), "{command}: {text}");
        assert!(text.contains("Make a new secret under Certificates & secrets"), "{command}: {text}");
        let seen = stub.take_seen();
        assert_eq!((token_requests(&seen), seen.len()), (1, 1), "{command}: nothing is sent without a token");
    }
    let status = sandbox.run("status --output json").with(5).json();
    let message = status["job"]["quarantine"].to_string();
    assert!(message.contains("InvalidCredentials") && message.contains("AADSTS7000222"), "{status:#}");
    stub.behave(|seen| if is_token_request(seen) { gives(TOKEN) } else { Deed::Pass });
    sandbox.run("start").with(0);
    sandbox.run("run").with(0);
    assert_eq!(server.accounts().len(), 2);
}

/// The test query went well; then the client is locked out, and its token with it.
#[test]
fn a_client_that_is_locked_out_in_the_middle_ends_the_cycle() {
    let server = Server::start();
    let out = Arc::new(AtomicUsize::new(0));
    let stub = Stub::before(&server, move |seen| match is_token_request(seen) {
        true if out.load(Ordering::SeqCst) > 0 => refuses("400 Bad Request", "unauthorized_client", "locked"),
        true => gives(TOKEN),
        false if seen.method == "POST" || out.load(Ordering::SeqCst) > 0 => {
            out.fetch_add(1, Ordering::SeqCst);
            Deed::Answer("401 Unauthorized", "", String::new())
        }
        false => Deed::Pass,
    });
    let sandbox = sandbox(200, &stub);
    let ended = sandbox.run("run").with(6);
    assert!(ended.stderr.contains("unauthorized_client: locked"), "{}", ended.stderr);
    let sent = stub.take_seen().iter().filter(|seen| seen.method == "POST" && !is_token_request(seen)).count();
    assert!(sent < 100, "the cycle went on with {sent}");
    sandbox.run("status").with(5);
}

#[test]
fn a_signal_ends_the_wait_for_a_token() {
    let server = Server::start();
    let stub = Stub::before(&server, |_| Deed::Answer("429 Too Many Requests", "Retry-After: 60\r\n", String::new()));
    let sandbox = sandbox(1, &stub);
    for command in ["run", &format!("provision {}", user_name(1))] {
        stub.take_seen();
        let run = sandbox.start(command);
        until("a token is asked for", || stub.count("POST") > 0);
        run.signal("TERM");
        run.wait().with(143);
        assert_eq!(stub.count("POST"), 1, "{command}");
        sandbox.run("status").with(0);
    }
}

#[test]
fn neither_secret_is_shown_nor_stored() {
    let server = Server::start();
    // A target and a token endpoint that shout everything back.
    let stub = Stub::before(&server, |seen| match seen.method.as_str() {
        "POST" if is_token_request(seen) => gives(TOKEN),
        "POST" => Deed::Answer("500 Internal Server Error", "", seen.head.clone()),
        _ => Deed::Pass,
    });
    let sandbox = sandbox(2, &stub);
    let check = |arguments: &str, code: i32| {
        let ended = sandbox.run(arguments).with(code);
        let text = format!("{}{}", ended.stdout, ended.stderr);
        assert!(!text.contains(TOKEN) && !text.contains("cl1ent-s3cret"), "{arguments}: {text}");
    };
    check("run -vvv", 4);
    check("restart", 0);
    check("run -vvv --output jsonl", 4);
    check("test-connection -vvv", 0);
    check("test-connection -vvv --output json", 0);
    for seen in stub.take_seen() {
        let (secret, token) = (seen.body.contains("cl1ent-s3cret"), seen.head.contains(TOKEN));
        assert_eq!((secret, token), (is_token_request(&seen), !is_token_request(&seen)), "{seen:?}");
    }
    stub.behave(|seen| Deed::Answer("400 Bad Request", "", format!("{}{}", seen.head, seen.body)));
    for (arguments, code) in [("test-connection -vvv", 6), ("run -vvv", 6), ("status -vvv --output json", 5)] {
        check(arguments, code);
    }
    std::fs::remove_file(sandbox.path("secret")).expect("the secret is there");
    for (path, content) in sandbox.tree("") {
        let text = String::from_utf8_lossy(&content);
        assert!(!text.contains(TOKEN) && !text.contains("cl1ent-s3cret"), "{}", path.display());
    }
}

#[test]
fn a_connection_is_tested_without_a_config() {
    let server = Server::start();
    let stub = good(&server);
    let sandbox = Sandbox::empty();
    let test = |more: &str| {
        let flags = format!(
            "test-connection --tenant-url {0} --oauth-token-endpoint {0}/oauth2/token --oauth-client-id me {more}",
            stub.url
        );
        let output = sandbox.command(&flags).env("SECRET", SECRET).output().expect("the program runs");
        let text = |bytes| String::from_utf8(bytes).expect("the program prints text");
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let flags = "--oauth-client-secret-env SECRET --oauth-scope scim --oauth-client-authentication header";
    let (code, stdout, stderr) = test(flags);
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    for line in [
        "Connection good: ",
        &format!("POST {}/oauth2/token → 200", stub.url),
        "  Authorization: Basic [secret]",
        "  grant_type=client_credentials&scope=scim",
        r#"  → {"access_token":"[secret]","token_type":"bearer","expires_in":"3599"}"#,
        &format!("GET {}/Users?filter", stub.url),
    ] {
        assert!(stdout.contains(line), "{line}\n{stdout}");
    }
    let (code, stdout, _) = test(&format!("{flags} --output json"));
    let document: serde_json::Value = serde_json::from_str(&stdout).expect("a document");
    assert_eq!((code, &document["good"]), (Some(0), &true.into()));
    let exchange = &document["tokenExchanges"][0];
    assert_eq!((&exchange["status"], &exchange["authorization"]), (&200.into(), &"Basic [secret]".into()));

    let (code, _, stderr) = test("");
    assert!(code == Some(2) && stderr.contains("no client secret is given"), "{stderr}");
    let (code, _, stderr) = test("--secret-token-env TOKEN");
    assert!(code == Some(2) && stderr.contains("cannot be used with"), "{stderr}");
    let (code, _, stderr) = test("--oauth-client-secret-env NOPE");
    assert!(code == Some(2) && stderr.contains("NOPE, which should hold the client secret, isn't set"), "{stderr}");
    let ended = sandbox.run(
        "test-connection --tenant-url https://h.example --oauth-token-endpoint http://h.example/token \
         --oauth-client-id me --oauth-client-secret-env TOKEN",
    );
    assert!(ended.with(2).stderr.contains("would send the client secret unencrypted"));

    stub.behave(|seen| if is_token_request(seen) { gives("another-token") } else { Deed::Pass });
    let (code, stdout, _) = test(flags);
    assert_eq!(code, Some(6));
    assert!(stdout.contains("Access token refused") && stdout.contains("`scope` under [target.oauth]"), "{stdout}");
}

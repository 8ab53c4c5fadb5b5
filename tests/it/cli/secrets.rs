//! The token is nowhere to be seen.

use crate::support::process::{Sandbox, Server, TOKEN};
use crate::support::stub::{Deed, Stub};

#[test]
fn the_token_is_never_shown_nor_stored() {
    let server = Server::start();
    // An endpoint that shouts the token back whenever a user is to be created.
    let stub = Stub::before(&server, |seen| match seen.method.as_str() {
        "POST" if seen.body.contains("user1@") => Deed::Answer("500 Internal Server Error", "", seen.head.clone()),
        "POST" => {
            let detail = format!("{{\"detail\":\"refused: Bearer {TOKEN}\",\"status\":\"400\"}}");
            Deed::Answer("400 Bad Request", "Content-Type: application/scim+json\r\n", detail)
        }
        _ => Deed::Pass,
    });
    let sandbox = Sandbox::with_users(2, &stub.url);
    let check = |arguments: &str, code: i32| {
        let ended = sandbox.run(arguments).with(code);
        assert!(!ended.stdout.contains(TOKEN) && !ended.stderr.contains(TOKEN), "{arguments}: {ended:?}");
    };
    check("plan -vvv --show-requests --out next.plan", 0);
    check("run -vvv", 4);
    check("run -vvv --output json", 4);
    // Who failed twice waits for hours, unless provisioning is restarted.
    check("restart", 0);
    check("run -vvv --output jsonl", 4);
    check("run", 4);
    check("status -vvv", 0);
    check("test-connection -vvv", 0);
    check("apply -vvv next.plan", 2);
    let all = stub.take_seen();
    assert!(all.iter().all(|seen| seen.head.contains(TOKEN)), "it was sent");
    // An endpoint that refuses, and shouts.
    stub.behave(|seen| Deed::Answer("401 Unauthorized", "", seen.head.clone()));
    check("run -vvv", 6);
    check("plan -vvv", 6);
    check("test-connection -vvv", 6);
    check("status -vvv --output json", 5);
    for (path, content) in sandbox.tree("") {
        assert!(!content.windows(TOKEN.len()).any(|part| part == TOKEN.as_bytes()), "{}", path.display());
    }
}

#[test]
fn what_is_redacted_is_sent_and_nowhere_kept_or_shown() {
    const VALUE: &str = "+41 79 555 01 23";
    let sandbox = Sandbox::with_users(1, "embedded");
    let schema = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/schema/templates/scim.json");
    let schema = std::fs::read_to_string(schema).expect("the built-in mapping");
    sandbox.write("mine.json", schema.replace("\"[jobTitle]\"", "\"Redact(\\\"+41 79 555 01 23\\\")\""));
    sandbox.run("schema import mine.json").with(0);
    let plan = sandbox.run("plan --output json").with(0);
    let document = plan.json();
    let changes = document["objects"][0]["changes"].to_string();
    assert!(changes.contains("[Redact]") && !changes.contains(VALUE), "{changes}");
    assert!(document["objects"][0]["requests"].to_string().contains(VALUE), "the request has the value");
    let human = sandbox.run("plan").with(0);
    assert!(!human.stdout.contains(VALUE) && human.stdout.contains("[Redact]"), "{}", human.stdout);
    let ran = sandbox.run("run --output jsonl").with(0);
    assert!(!ran.stdout.contains(VALUE), "{}", ran.stdout);
    for (path, bytes) in sandbox.tree(".scimulate") {
        let holds = bytes.windows(VALUE.len()).any(|window| window == VALUE.as_bytes());
        assert_eq!(
            holds,
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("target.db")),
            "{path:?}"
        );
    }
}

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

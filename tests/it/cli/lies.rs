//! Endpoints that answer wrongly: what becomes of the object, and that a good endpoint mends it.

use std::collections::HashSet;
use std::sync::Mutex;
use std::time::Duration;

use crate::support::process::{Ended, Sandbox, Server, now, user_name};
use crate::support::stub::{Deed, Seen, Stub};

/// Runs a cycle of two users against a lie, then one against the truth. Gives how the first ended.
fn check(lie: impl Fn(&Seen) -> Deed + Send + Sync + 'static) -> Ended {
    let server = Server::start();
    let stub = Stub::before(&server, lie);
    let sandbox = Sandbox::with_users(2, &stub.url);
    let ended = sandbox.run("run");
    stub.mend();
    if ended.code == Some(6) {
        // Its quarantine would last.
        sandbox.run("start").with(0);
    }
    sandbox.run("run").with(0);
    assert_eq!(server.user_names(), [user_name(1), user_name(2)]);
    stub.take_seen();
    let idle = sandbox.run("run").with(0);
    assert!(idle.stdout.starts_with("Incremental cycle: 0 created, 0 updated"), "{}", idle.stdout);
    assert_eq!(stub.take_seen().len(), 1, "nothing but the test query");
    assert!(sandbox.run("status").with(0).stdout.contains("2 linked, 0 waiting"));
    ended
}

fn everyone() -> Deed {
    let user = |id: &str| format!("{{\"id\":\"{id}\",\"userName\":\"{id}@contoso.com\",\"active\":true}}");
    let list = format!(
        "{{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:ListResponse\"],\"totalResults\":2,\
         \"Resources\":[{},{}]}}",
        user("admin"),
        user("ann")
    );
    Deed::Answer("200 OK", "Content-Type: application/scim+json\r\n", list)
}

fn results(ended: &Ended) -> Vec<&str> {
    let mut lines: Vec<_> = ended.stdout.lines().filter(|line| line.contains("@contoso.com  ")).collect();
    lines.sort_by_key(|line| line.split_whitespace().nth(1));
    lines
}

#[test]
fn a_filter_that_is_ignored_links_nobody() {
    // The test query finds it out before anything is done …
    let ended = check(|seen| if seen.path.contains("filter=") { everyone() } else { Deed::Pass }).with(6);
    insta::assert_snapshot!("filter_ignored", ended.stderr);
    assert_eq!(results(&ended), [""; 0]);
    // … and where only the look-ups ignore it, the returned accounts aren't those that were asked for.
    let ended = check(|seen| if seen.is_lookup() { everyone() } else { Deed::Pass });
    assert!(!ended.stdout.contains("admin"), "{}", ended.stdout);
    insta::assert_snapshot!("filter_ignored_by_lookups", results(&ended).join("\n"));
}

#[test]
fn created_without_a_body_is_looked_up() {
    let ended = check(|seen| match seen.method.as_str() {
        "POST" => Deed::PassAndAnswer("201 Created"),
        _ => Deed::Pass,
    })
    .with(0);
    insta::assert_snapshot!("created_without_body", results(&ended).join("\n"));
}

#[test]
fn a_conflict_of_an_account_that_is_not_found_fails() {
    let ended = check(|seen| match seen.method.as_str() {
        "POST" => Deed::Answer("409 Conflict", "", "{\"detail\":\"userName is taken\",\"status\":\"409\"}".to_owned()),
        _ => Deed::Pass,
    })
    .with(4);
    insta::assert_snapshot!("conflict", results(&ended).join("\n"));
}

#[test]
fn a_conflict_of_an_account_that_is_found_links() {
    let hidden = Mutex::new(HashSet::new());
    let ended = check(move |seen| match seen.method.as_str() {
        // The first look-up of a user doesn't see the account that somebody else is just creating.
        "POST" => Deed::PassAndAnswer("409 Conflict"),
        "GET" if seen.is_lookup() && hidden.lock().unwrap().insert(seen.path.clone()) => {
            Deed::Answer("200 OK", "", "{\"totalResults\":0,\"Resources\":null}".to_owned())
        }
        _ => Deed::Pass,
    })
    .with(0);
    let line = "Initial cycle: 0 created, 0 updated, 0 disabled, 0 deleted; 2 unchanged";
    assert!(ended.stdout.starts_with(line), "{}", ended.stdout);
}

#[test]
fn not_found_for_an_empty_list_stops_at_the_test_query_only() {
    let not_found = || Deed::Answer("404 Not Found", "", String::new());
    let ended = check(move |seen| if seen.is_test_query() { not_found() } else { Deed::Pass }).with(6);
    insta::assert_snapshot!("test_query_not_found", ended.stderr);
    let ended = check(move |seen| if seen.is_lookup() { not_found() } else { Deed::Pass }).with(0);
    insta::assert_snapshot!("lookup_not_found", results(&ended).join("\n"));
}

#[test]
fn a_firewall_that_answers_html_fails_the_object() {
    let page = "<html><body><h1>Access denied</h1>Your request was blocked.</body></html>";
    let ended = check(move |seen| match seen.method.as_str() {
        "POST" => Deed::Answer("403 Forbidden", "Content-Type: text/html\r\n", page.to_owned()),
        _ => Deed::Pass,
    })
    .with(4);
    insta::assert_snapshot!("html_forbidden", results(&ended).join("\n"));
    let ended = check(move |_| Deed::Answer("200 OK", "Content-Type: text/html\r\n", page.to_owned())).with(6);
    insta::assert_snapshot!("html_instead_of_json", ended.stderr);
}

#[test]
fn a_connection_that_breaks_never_creates_twice() {
    let ended = check(|seen| match seen.method.as_str() {
        "POST" => Deed::PassAndCut,
        _ => Deed::Pass,
    })
    .with(4);
    assert!(results(&ended).iter().all(|line| line.contains("failed: ")), "{}", ended.stdout);
    let ended = check(|seen| if seen.method == "POST" { Deed::Cut } else { Deed::Pass }).with(4);
    assert!(results(&ended).iter().all(|line| line.contains("failed: ")), "{}", ended.stdout);
    check(|_| Deed::Cut).with(6);
}

#[test]
fn retry_after_is_honoured() {
    let turned_away = Mutex::new(HashSet::new());
    let begun = now();
    let ended = check(move |seen| match seen.method.as_str() {
        "POST" if turned_away.lock().unwrap().insert(seen.body.clone()) => {
            Deed::Answer("429 Too Many Requests", "Retry-After: 1\r\n", String::new())
        }
        _ => Deed::Pass,
    })
    .with(0);
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert_eq!(results(&ended).len(), 2);
    assert!(ended.stdout.contains("2 created"), "{}", ended.stdout);
}

#[test]
fn an_answer_after_the_timeout_creates_nobody_twice() {
    let server = Server::start();
    let stub = Stub::before(&server, |seen| match seen.method.as_str() {
        "POST" => Deed::Held,
        _ => Deed::Pass,
    });
    let sandbox = Sandbox::with_users(1, &stub.url);
    sandbox.edit("scimulate.toml", "[target]\n", "[target]\ntimeout = \"3s\"\n");
    let ended = sandbox.run("run").with(4);
    assert!(ended.stdout.contains("user1@contoso.com  failed: Timeout"), "{}", ended.stdout);
    stub.mend();
    stub.wait_until_idle();
    assert_eq!(server.user_names(), [user_name(1)], "the target did what it answered too late");
    sandbox.run("run").with(0);
    assert_eq!(stub.count("POST"), 1);
    assert!(sandbox.run("status").with(0).stdout.contains("1 linked, 0 waiting"));
}

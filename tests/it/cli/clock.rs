//! A clock that has jumped backwards: the state knows instants that are still to come.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::process::{Sandbox, Server, config, now, user_name, users};
use crate::support::stub::{Deed, Seen, Stub};

/// Where the clock stood before it jumped, by far.
const AHEAD: &str = "--now 2040-03-01T10:00:00Z";
/// The same, 41 minutes later.
const LATER: &str = "--now 2040-03-01T10:41:00Z";
/// An hour before that.
const HOUR_BACK: &str = "--now 2040-03-01T09:41:00Z";

fn refuses(name: String) -> impl Fn(&Seen) -> Deed + Send + Sync + 'static {
    move |seen| match seen.method.as_str() {
        "POST" if seen.body.contains(&name) => Deed::Answer("400 Bad Request", "", "{}".to_owned()),
        _ => Deed::Pass,
    }
}

fn status(sandbox: &Sandbox, code: i32) -> Value {
    let text = sandbox.run("status").with(code).stdout;
    assert!(!text.contains('-') || !text.contains(" -"), "a negative figure: {text}");
    sandbox.run("status --output json").with(code).json()
}

#[test]
fn an_escrow_from_the_future_is_tried_again() {
    let server = Server::start();
    let stub = Stub::before(&server, refuses(user_name(2)));
    let sandbox = Sandbox::with_users(3, &stub.url);
    sandbox.run(&format!("run {AHEAD}")).with(4);
    sandbox.run(&format!("run {LATER}")).with(4);
    // Twice failed, it would wait for six hours; nobody knows how long that is now.
    for back in [HOUR_BACK, ""] {
        stub.take_seen();
        let ended = sandbox.run(&format!("run --output json {back}")).with(4);
        let cycle = ended.json()["cycles"][0].take();
        assert_eq!((&cycle["kind"], &cycle["summary"]["failed"]), (&json!("incremental"), &json!(1)));
        assert!(cycle["durationMs"].as_u64().is_some(), "{cycle}");
        assert_eq!(stub.count("POST"), 1, "one try");
        assert_eq!(status(&sandbox, 0)["job"]["failing"], 1);
    }
    assert!(sandbox.run("plan").with(0).stdout.contains(&user_name(2)));
    stub.mend();
    assert!(sandbox.run("run").with(0).stdout.contains("1 created"));
    assert_eq!(server.accounts().len(), 3);
    // The watermark has moved back with the clock, and nothing is due.
    let job = status(&sandbox, 0)["job"].take();
    assert!(job["watermark"].as_str().is_some_and(|watermark| watermark < "2040"), "{job}");
    sandbox.run("plan --detailed-exitcode").with(0);
}

#[test]
fn a_quarantine_from_the_future_ends() {
    let server = Server::start();
    let stub = Stub::before(&server, |_| Deed::Answer("401 Unauthorized", "", String::new()));
    let sandbox = Sandbox::with_users(3, &stub.url);
    sandbox.run(&format!("run {AHEAD}")).with(6);
    // A little back it waits a little longer, and says until when.
    let refused = sandbox.run(&format!("run {HOUR_BACK}")).with(5);
    assert!(refused.stderr.contains("due at 2040-03-01T10:40:00Z"), "{}", refused.stderr);
    // Today it is due at once, and the status says so.
    let job = status(&sandbox, 5)["job"].take();
    let next = [&job["nextCycle"], &job["status"]["quarantine"]["nextAttempt"]].map(|next| next.as_str().unwrap());
    assert!(next[0] < "2040" && next[1].starts_with("2040-03-01T10:40:00"), "{next:?}");
    assert!(!sandbox.run("status").with(5).stdout.contains("the next is due at 2040"));
    // No quarantine waits for longer than a day.
    sandbox.run("run").with(6);
    let next = status(&sandbox, 5)["job"]["nextCycle"].take();
    assert!(next.as_str().is_some_and(|next| next < "2040"), "{next}");
    sandbox.run("plan").with(6);
    stub.mend();
    sandbox.run("start").with(0);
    sandbox.run("run").with(0);
    assert_eq!(status(&sandbox, 0)["job"]["state"], "active");
}

#[test]
fn whoever_was_deleted_in_the_future_is_in_the_recycle_bin() {
    let server = Server::start();
    let sandbox = Sandbox::with_users(3, &server.url);
    sandbox.run(&format!("run {AHEAD}")).with(0);
    sandbox.write("users.csv", users(1..=2));
    assert!(sandbox.run(&format!("run {LATER}")).with(0).stdout.contains("1 disabled"));
    for _ in 0..2 {
        assert!(sandbox.run("run").with(0).stdout.contains("0 disabled, 0 deleted"));
    }
    assert_eq!(server.accounts().len(), 3);
    sandbox.run("plan --detailed-exitcode").with(0);
    sandbox.write("users.csv", users(1..=3));
    assert!(sandbox.run("run").with(0).stdout.contains("1 updated"), "back from the bin");
}

#[test]
fn deletions_held_back_in_the_future_are_allowed() {
    let server = Server::start();
    let sandbox = Sandbox::with_users(5, &server.url);
    sandbox
        .write("scimulate.toml", config(&server.url) + "prevent_accidental_deletions = 1\n\n[log]\nkeep = \"30d\"\n");
    sandbox.run(&format!("run {AHEAD}")).with(0);
    sandbox.write("users.csv", users(1..=3));
    sandbox.run(&format!("run {LATER}")).with(5);
    assert_eq!(status(&sandbox, 5)["job"]["staged"], 2);
    sandbox.run("run --dry-run").with(0);
    assert!(sandbox.run("allow-deletes --expect 2").with(0).stderr.contains("2 deletions"));
    assert!(sandbox.run("run").with(0).stdout.contains("2 disabled"));
    assert_eq!(status(&sandbox, 0)["job"]["staged"], 0);
}

#[test]
fn an_interval_is_waited_for_once() {
    let sandbox = Sandbox::with_users(2, "embedded");
    sandbox.run(&format!("run {AHEAD}")).with(0);
    let begun = now();
    let ended = sandbox.run(&format!("run --cycles 2 --interval 1s {HOUR_BACK} --output json")).with(0);
    assert_eq!(ended.json()["cycles"].as_array().map(Vec::len), Some(2));
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
}

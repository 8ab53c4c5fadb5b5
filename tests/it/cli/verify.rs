//! Writes that are read back.

use crate::support::process::{Sandbox, Server};
use crate::support::stub::{Deed, Seen, Stub};

/// An endpoint that has forgotten everything but the name when a user is read by id.
fn forgetful(seen: &Seen) -> Deed {
    match seen.path.rsplit_once("/Users/") {
        Some((_, id)) if seen.method == "GET" => Deed::Answer(
            "200 OK",
            "Content-Type: application/scim+json\r\n",
            format!(
                "{{\"id\":\"{id}\",\"userName\":\"user1@contoso.com\",\"displayName\":\"Somebody\",\"active\":true}}"
            ),
        ),
        _ => Deed::Pass,
    }
}

#[test]
fn deviations_are_told_but_fail_nothing() {
    let server = Server::start();
    let stub = Stub::before(&server, forgetful);
    let sandbox = Sandbox::with_users(1, &stub.url);
    let ended = sandbox.run("run --verify").with(0);
    let (before, after) = ended.stdout.split_once(") in ").expect("how long it took");
    let (_, after) = after.split_once(" s.").expect("seconds");
    insta::assert_snapshot!("deviations_out", format!("{before}) in [time].{after}"));
    insta::assert_snapshot!("deviations_err", ended.stderr);
    let status = sandbox.run("status").with(0).stdout;
    assert!(status.contains("1 linked, 0 waiting"), "{status}");
}

#[test]
fn programs_are_told_as_well() {
    let server = Server::start();
    let stub = Stub::before(&server, forgetful);
    let sandbox = Sandbox::with_users(1, &stub.url);
    let lines = sandbox.run("run --verify --output jsonl").with(0).json_lines();
    let told: Vec<_> = lines.iter().filter(|line| line["type"] == "deviation").collect();
    let title = told.iter().find(|line| line["attribute"] == "title").expect("the title is gone");
    assert_eq!((&title["name"], &title["kind"]), (&"user1@contoso.com".into(), &"dropped".into()));
    let ended = lines.iter().find(|line| line["type"] == "cycleEnded").expect("the cycle ends");
    assert_eq!(ended["deviations"], told.len());
}

#[test]
fn a_good_endpoint_is_told_to_be_one() {
    let sandbox = Sandbox::with_users(2, "embedded");
    let plan = "plan --out plan.json";
    sandbox.run(plan).with(0);
    let ended = sandbox.run("apply plan.json --verify").with(0);
    assert!(ended.stdout.ends_with("Verification: everything is as it was sent.\n"), "{}", ended.stdout);
    let cycle = sandbox.run("run --verify --output json").with(0).json()["cycles"][0].clone();
    assert_eq!(cycle["deviations"], 0);
    let cycle = sandbox.run("run --output json").with(0).json()["cycles"][0].clone();
    assert_eq!(cycle.get("deviations"), None);
}

#[test]
fn another_letter_case_is_told() {
    let sandbox = Sandbox::with_users(2, "embedded");
    sandbox.edit("scimulate.toml", "[source]\n", "[source]\ntimeline = \"cycles\"\n");
    sandbox.write("cycles/cycle-1/target.json", r#"{ "faults": [{ "name": "change-case" }] }"#);
    let ended = sandbox.run("run --verify").with(0);
    let told = "2 deviations from what was sent.\n  displayName has another letter case: 2 objects";
    // which of them is written first isn't said
    let ends = ["user1@contoso.com, user2@contoso.com", "user2@contoso.com, user1@contoso.com"]
        .map(|names| format!("{told} ({names})\n"));
    assert!(ends.iter().any(|end| ended.stdout.ends_with(end)), "{}", ended.stdout);
    let again = sandbox.run("run --verify").with(0);
    assert!(again.stdout.contains("0 updated"), "it isn't sent again: {}", again.stdout);
}

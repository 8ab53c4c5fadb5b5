//! Explanations: each step with its evidence, the rule that decides, the way in; nothing is written.

use serde_json::{Value, json};

use crate::support::Fixture;
use crate::support::process::{Sandbox, Server, user_name};
use crate::support::stub::{Deed, Stub};

const NOW: &str = "--now 2026-03-01T10:00:00Z";

/// A folder with a fixture's files.
fn of_fixture(name: &str) -> Sandbox {
    let fixture = Fixture::copy(name);
    let sandbox = Sandbox::empty();
    for entry in std::fs::read_dir(fixture.folder()).expect("a readable folder") {
        let entry = entry.expect("a readable entry");
        let name = entry.file_name().into_string().expect("a plain name");
        sandbox.write(&name, std::fs::read(entry.path()).expect("a readable file"));
    }
    sandbox
}

/// The last paragraph: what would be done, why, and the way in.
fn conclusion(told: &str) -> &str {
    told.trim_end().rsplit_once("\n\n").map_or(told, |(_, last)| last)
}

#[test]
fn every_skipped_person_of_contoso() {
    let sandbox = of_fixture("contoso");
    let all = sandbox.run("explain --all --reason NotEffectivelyEntitled --output json").with(0).json();
    let mut told = String::new();
    let mut count = 0;
    for group in all["groups"].as_array().unwrap() {
        for object in group["objects"].as_array().unwrap() {
            let explained = sandbox.run(&format!("explain {} {NOW}", object["sourceId"].as_str().unwrap())).with(0);
            let conclusion = conclusion(&explained.stdout);
            assert!(conclusion.contains("To bring it into scope"), "{conclusion}");
            told += conclusion;
            told += "\n\n";
            count += 1;
        }
    }
    assert_eq!(count, 20);
    insta::assert_snapshot!("explain_contoso", told);
    assert!(!sandbox.path(".scimulate").exists(), "an explanation keeps nothing");
}

#[test]
fn somebody_who_would_be_created_then_changed() {
    let server = Server::start();
    let stub = Stub::before(&server, |_| Deed::Pass);
    let sandbox = Sandbox::with_users(2, &stub.url);
    let created = sandbox.run(&format!("explain {} {NOW}", user_name(1))).with(0);
    for line in created.stdout.lines().filter(|line| line.contains(' ') && !line.contains("http")) {
        assert!(line.chars().count() <= 100, "{line}");
    }
    assert!(conclusion(&created.stdout).starts_with("+ user1@contoso.com would be created: no account matches"));
    sandbox.run("run -q").with(0);
    let before = sandbox.tree(".scimulate");
    stub.take_seen();
    sandbox.edit("users.csv", &format!("{},Engineer", user_name(1)), &format!("{},Chief", user_name(1)));
    let changed = sandbox.run(&format!("explain --both-dialects {} {NOW}", user_name(1))).with(0).stdout;
    assert!(changed.contains("\"Engineer\" → \"Chief\"  [jobTitle]"), "{changed}");
    assert!(changed.contains("\"op\": \"Replace\"") && changed.contains("\"op\": \"replace\""), "{changed}");
    assert!(conclusion(&changed).starts_with("~ user1@contoso.com would be updated: attributes changed\n  account "));
    assert!(changed.contains("Last in the log at "), "{changed}");
    assert!(stub.take_seen().iter().all(|seen| seen.method == "GET"), "nothing is written");
    let same = |name: &std::path::PathBuf| !name.to_string_lossy().ends_with("-shm");
    let after = sandbox.tree(".scimulate");
    let kept: Vec<_> = before.iter().filter(|(name, _)| same(name)).collect();
    assert_eq!(kept, after.iter().filter(|(name, _)| same(name)).collect::<Vec<_>>(), "the state stays as it is");
}

#[test]
fn clauses_with_both_values() {
    let sandbox = of_fixture("scoping-filters");
    let all = sandbox.run("explain --all --output json").with(0).json();
    let groups = all["groups"].as_array().unwrap();
    let filtered = groups.iter().find(|group| group["rule"].as_str().is_some_and(|rule| rule.contains("is false")));
    let name = filtered.unwrap()["objects"][0]["name"].as_str().unwrap();
    let explained = sandbox.run(&format!("explain {name} {NOW}")).with(0).stdout;
    insta::assert_snapshot!("explain_filtered_out", explained);
    let document = sandbox.run(&format!("explain {name} {NOW} --output json")).with(0).json();
    let clauses = document["clauses"].as_array().unwrap();
    assert_eq!(clauses.len(), 4);
    assert!(clauses.iter().any(|clause| clause["holds"] == false && clause["actual"].is_string()), "{clauses:?}");
    assert_eq!(document["action"], "skip");
    assert_eq!(document["asked"], json!([]), "who is out of scope and has no account needs no question");
}

#[test]
fn a_group_with_its_members() {
    let sandbox = of_fixture("groups");
    let all = sandbox.run("explain --all --reason InScope --output json").with(0).json();
    let groups = all["groups"].as_array().unwrap();
    let group = groups.iter().find(|group| group["objectType"] == "Group").unwrap();
    let name = group["objects"][0]["sourceId"].as_str().unwrap();
    sandbox.run("run -q").with(0);
    sandbox.run("restart -q").with(0);
    let explained = sandbox.run(&format!("explain {name} --output json {NOW}")).with(0).json();
    assert_eq!((&explained["objectType"], &explained["action"]), (&json!("Group"), &json!("none")));
    let new = of_fixture("groups");
    let explained = new.run(&format!("explain {name} {NOW} --output json")).with(0).json();
    assert_eq!(explained["action"], "create");
    assert_eq!(explained["requests"][0]["requests"][0]["path"], "/Groups");
}

#[test]
fn everybody_by_rule() {
    let sandbox = of_fixture("contoso");
    let told = sandbox.run("explain --all").with(0);
    insta::assert_snapshot!("explain_all", told.stdout);
    assert_eq!(
        sandbox.run("explain --all --reason ImportSkipped").with(0).stderr,
        "ImportSkipped applies to nobody.\n"
    );
    let wrong = sandbox.run("explain --all --reason notentitled").with(2);
    assert!(wrong.stderr.contains("NotEffectivelyEntitled"), "{}", wrong.stderr);
    let nobody = sandbox.run("explain nobody@contoso.com").with(2);
    assert!(nobody.stderr.contains("no user or group"), "{}", nobody.stderr);
}

#[test]
fn targets_that_cannot_be_asked() {
    let sandbox = Sandbox::with_users(2, "http://127.0.0.1:9/scim/v2");
    let failed = sandbox.run(&format!("explain {}", user_name(1))).with(6);
    assert!(failed.stdout.contains("0. Test connection"), "{}", failed.stdout);
    let offline = sandbox.run(&format!("explain --offline {}", user_name(1))).with(0);
    assert!(offline.stdout.contains("would be created") && offline.stderr.contains("nothing was asked"), "{offline:?}");
    // Who is out of scope and has no account needs no target.
    sandbox.edit("users.csv", &format!("{},Engineer,True", user_name(2)), &format!("{},Engineer,False", user_name(2)));
    let skipped = sandbox.run(&format!("explain {}", user_name(2))).with(0);
    assert!(skipped.stdout.contains("enable the account"), "{}", skipped.stdout);
}

#[test]
fn what_would_fail() {
    let sandbox = Sandbox::with_users(2, "embedded");
    sandbox.edit("users.csv", &user_name(2), &user_name(1));
    let told = sandbox.run(&format!("explain {} {NOW} --output json", crate::support::process::user_id(2))).with(4);
    let document = told.json();
    assert_eq!(document["error"]["code"], "DuplicateSourceEntries");
    assert_eq!(document["requests"][0]["requests"], Value::Array(Vec::new()));
}

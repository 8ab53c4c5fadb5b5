//! What goes to stdout, in each of its forms.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::process::{Sandbox, Server, user_name, users};

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

const SUMMARY: [&str; 10] = [
    "create",
    "update",
    "disable",
    "delete",
    "unchanged",
    "stagedDelete",
    "skipped",
    "failed",
    "references",
    "referencesFailed",
];

#[test]
fn a_plan_as_json_has_the_promised_members() {
    let sandbox = Sandbox::with_users(2, "embedded");
    for command in ["plan --output json", "plan --output json --offline", "plan --output json -q"] {
        let plan = sandbox.run(command).with(0).json();
        assert_eq!(keys(&plan), ["formatVersion", "summary", "estimate", "objects"], "{command}");
        assert_eq!(plan["estimate"].to_string(), "{\"fastestSeconds\":2.4,\"slowestSeconds\":9.6}");
        assert_eq!(plan["formatVersion"], "1.0");
        assert_eq!(keys(&plan["summary"]), SUMMARY);
        assert_eq!(plan["summary"]["create"], 2);
        let object = &plan["objects"][0];
        for key in ["sourceId", "name", "objectType", "action", "reason", "changes", "requests"] {
            assert!(!object[key].is_null(), "{command}: {key} in {object:#}");
        }
        assert_eq!((&object["name"], &object["action"]), (&Value::from(user_name(1)), &Value::from("create")));
        assert_eq!(keys(&object["changes"][0]), ["attribute", "old", "new"]);
        let post = object["requests"].as_array().unwrap().last().unwrap();
        assert_eq!(keys(post), ["method", "path", "body"]);
        assert_eq!((&post["method"], &post["path"]), (&Value::from("POST"), &Value::from("/Users")));
    }
}

#[test]
fn a_plan_as_json_lines_has_one_object_a_line() {
    let sandbox = Sandbox::with_users(2, "embedded");
    let lines = sandbox.run("plan --output jsonl").with(0).json_lines();
    let types: Vec<_> = lines.iter().map(|line| line["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["planStarted", "plannedObject", "plannedObject", "planEnded"]);
    assert_eq!(lines[3]["summary"]["create"], 2);
    assert_eq!(lines[0]["formatVersion"], "1.0", "the first line says which format it is");
}

#[test]
fn a_run_as_json_has_the_promised_members() {
    let sandbox = Sandbox::with_users(2, "embedded");
    let run = sandbox.run("run --cycles 2 --output json").with(0).json();
    assert_eq!(keys(&run), ["formatVersion", "job", "cycles"]);
    assert_eq!(keys(&run["job"]), ["id", "state"]);
    assert_eq!(run["job"]["state"], "active");
    let [first, second] = run["cycles"].as_array().unwrap().as_slice() else { panic!("{run:#}") };
    for key in ["id", "kind", "startedAt", "durationMs", "summary", "requests", "estimate"] {
        assert!(!first[key].is_null(), "{key} in {first:#}");
    }
    assert_eq!(keys(&first["summary"]), SUMMARY);
    let counted: BTreeMap<_, _> = first["requests"].as_object().unwrap().iter().map(|(k, v)| (k.as_str(), v)).collect();
    let expected = [("DELETE", 0), ("GET", 3), ("PATCH", 0), ("POST", 2)];
    assert_eq!(counted.into_iter().map(|(k, v)| (k, v.as_u64().unwrap())).collect::<Vec<_>>(), expected);
    assert_eq!((&second["kind"], &second["requests"]["GET"]), (&Value::from("incremental"), &Value::from(1)));
}

#[test]
fn a_run_as_json_lines_is_the_event_stream() {
    let sandbox = Sandbox::with_users(1, "embedded");
    let lines = sandbox.run("run --output jsonl").with(0).json_lines();
    let types: Vec<_> = lines.iter().map(|line| line["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["cycleStarted", "evaluated", "object", "progress", "cycleEnded"]);
    assert_eq!(lines[0]["formatVersion"], "1.0");
    for line in &lines {
        for key in ["at", "cycleId"] {
            assert!(line[key].is_string(), "{key} in {line}");
        }
    }
}

#[test]
fn quiet_says_no_more_than_the_summary() {
    let server = Server::start();
    let sandbox = Sandbox::with_users(2, &server.url);
    sandbox.edit("users.csv", "accountEnabled", "note");
    let loud = sandbox.run("plan").with(0);
    assert!(loud.stdout.contains(&user_name(1)) && loud.stderr.contains("accountEnabled"), "{loud:?}");
    let quiet = sandbox.run("plan -q").with(0);
    let line = "Plan: 2 to create, 0 to update, 0 to disable, 0 to delete; 0 unchanged, 0 skipped, 0 failed.\n";
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), (line, ""));
    let quiet = sandbox.run("run -q").with(0);
    assert!(quiet.stdout.starts_with("Initial cycle: 2 created") && quiet.stderr.is_empty(), "{quiet:?}");
    assert_eq!(quiet.stdout.lines().count(), 2);
}

#[test]
fn colours_are_for_terminals_or_on_demand() {
    let sandbox = Sandbox::with_users(2, "embedded");
    sandbox.edit("users.csv", "accountEnabled", "note");
    let coloured = |arguments: &str, variables: &[(&str, &str)]| {
        let output = sandbox.command(arguments).envs(variables.iter().copied()).output().unwrap();
        assert!(output.status.success());
        (output.stdout.contains(&0x1b), output.stderr.contains(&0x1b))
    };
    assert_eq!(coloured("plan", &[]), (false, false));
    assert_eq!(coloured("plan --color always", &[]), (true, true));
    assert_eq!(coloured("plan", &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]), (false, false));
    assert_eq!(coloured("plan", &[("SCIMULATE_COLOR", "always")]), (true, true));
    assert_eq!(coloured("plan --color never", &[("SCIMULATE_COLOR", "always")]), (false, false));
    assert!(!coloured("plan --color always --output json", &[]).0);
}

#[test]
fn only_narrows_a_plan() {
    let sandbox = Sandbox::with_users(4, "embedded");
    sandbox.write("users.csv", users(1..=4).replace("user2@contoso.com,Engineer", "second@contoso.com,Engineer"));
    let names = |arguments: &str| -> Vec<String> {
        let plan = sandbox.run(&format!("plan --output json {arguments}")).with(0).json();
        plan["objects"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("--only USER3@contoso.com"), [user_name(3)]);
    assert_eq!(names("--only second@contoso.com"), [user_name(2)]);
    assert_eq!(names("--only 5f3a0c1e-0000-4000-8000-000000000004 user1@contoso.com"), [user_name(1), user_name(4)]);
    assert_eq!(names("--offline --only user1@contoso.com"), [user_name(1)]);
}

#[test]
fn requests_are_shown_on_demand() {
    let sandbox = Sandbox::with_users(1, "embedded");
    let ended = sandbox.run("plan --offline --show-requests").with(0);
    insta::assert_snapshot!("plan_with_requests", ended.stdout);
}

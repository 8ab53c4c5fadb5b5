//! How far a cycle is: as JSON lines, in plain lines, and in `status`.

use serde_json::{Value, json};

use crate::support::process::{Sandbox, Server, until, user_id};
use crate::support::stub::{Deed, Stub};

/// So many users, two groups of them, and a target that takes both.
fn sandbox(count: u32, tenant_url: &str) -> Sandbox {
    let sandbox = Sandbox::with_users(count, tenant_url);
    let config = sandbox.read("scimulate.toml");
    let config = config.replace("[source]", "[source]\ngroups = \"groups.csv\"\nmembers = \"members.csv\"");
    sandbox.write("scimulate.toml", config + "mapping = \"scim\"\n");
    let group = |number: u32| format!("5f3a0c1e-0000-4000-8000-0000000000a{number}");
    let (one, two) = (group(1), group(2));
    sandbox.write("groups.csv", format!("id,displayName,securityEnabled\n{one},Design,True\n{two},Sales,True\n"));
    sandbox.write("members.csv", format!("groupId,memberId\n{one},{}\n{two},{}\n", user_id(1), user_id(2)));
    sandbox
}

#[test]
fn programs_get_a_line_for_each_phase_and_percent() {
    let sandbox = sandbox(248, "embedded");
    let lines = sandbox.run("run --output jsonl").with(0).json_lines();
    let progress: Vec<_> = lines.iter().filter(|line| line["type"] == "progress").collect();
    let begun = lines.iter().find(|line| line["type"] == "cycleStarted").expect("a cycle");
    let of = |phase: &str| progress.iter().filter(|line| line["phase"] == phase).collect::<Vec<_>>();
    let (of_users, of_groups, of_references) = (of("users"), of("groups"), of("references"));
    assert_eq!((of_users.len(), of_groups.len(), of_references.len()), (100, 2, 1), "{progress:#?}");
    let percents: Vec<_> = of_users.iter().map(|line| line["percent"].as_u64().expect("a number")).collect();
    assert_eq!(percents, (0..=99).collect::<Vec<_>>());
    let mut last = (*of_references[0]).clone();
    assert!(last["at"].take().is_string());
    let expected = json!({
        "type": "progress", "at": null, "cycleId": begun["cycleId"], "kind": "initial", "phase": "references",
        "percent": 100, "done": 250, "due": 250, "users": 248, "groups": 2, "linkedUsers": 248, "linkedGroups": 2,
    });
    assert_eq!(last, expected);
    let linked: Vec<_> = of_users.iter().take(2).map(|line| line["linkedUsers"].as_u64().expect("a number")).collect();
    assert_eq!(linked, [1, 3], "as it goes on");
    assert!(begun["jobId"].as_str().is_some_and(|id| id.starts_with("scim.")), "{begun}");
    assert_eq!(begun.get("lastCycle"), Some(&Value::Null), "{begun}");
    // A cycle that has nothing to do gets nowhere.
    let idle = sandbox.run("run --output jsonl").with(0).json_lines();
    assert!(idle.iter().all(|line| line["type"] != "progress"));
    let ended = lines.last().expect("a line");
    let begun_again = &idle[0];
    assert_eq!(begun_again["jobId"], begun["jobId"]);
    let last = &begun_again["lastCycle"];
    assert_eq!((&last["kind"], &last["durationMs"]), (&ended["kind"], &ended["durationMs"]), "{begun_again}");
    assert!(last["endedAt"].as_str() > ended["startedAt"].as_str(), "{begun_again}");
}

#[test]
fn people_get_a_line_for_each_tenth_of_much() {
    let told = sandbox(248, "embedded").run("run -q").with(0).stderr;
    assert_eq!(told, "");
    let told = sandbox(248, "embedded").run("run").with(0).stderr;
    let lines: Vec<_> = told.lines().filter(|line| !line.starts_with(['w', ' '])).collect();
    assert!(lines[0].starts_with("Job scim.") && lines[1].starts_with("Activity "), "{told}");
    assert_eq!(lines[2], "initial cycle: 25 of 250 objects, 10 % (25 users and 0 groups)");
    assert_eq!(*lines.last().expect("a line"), "initial cycle: 250 of 250 objects, 100 % (248 users and 2 groups)");
    assert_eq!(lines.len(), 12, "{told}");
}

#[test]
fn a_status_tells_users_from_groups() {
    let server = Server::start_in(&Sandbox::empty(), "--profile scim");
    let stub = Stub::before(&server, |seen| match (seen.method.as_str(), seen.path.as_str()) {
        ("POST", path) if path.ends_with("/Groups") => Deed::Held,
        _ => Deed::Pass,
    });
    let sandbox = sandbox(3, &stub.url);
    let run = sandbox.start("run");
    let progress = || {
        let status = sandbox.run("status --output json").json();
        status["job"]["status"]["progress"].get(0).cloned().unwrap_or_default()
    };
    until("the users are done", || progress()["completedUnits"] == 3);
    let mut told = progress();
    assert!(told["progressObservationDateTime"].take().is_string());
    let expected = json!({
        "completedUnits": 3, "progressObservationDateTime": null, "totalUnits": 5, "units": "objects",
        "percent": 60, "users": 3, "groups": 0,
    });
    assert_eq!(told, expected);
    let human = sandbox.run("status").with(0).stdout;
    assert!(human.contains("\n    initial cycle, 60 %: 3 of 5 objects done, 3 users and 0 groups\n"), "{human}");
    assert!(human.lines().all(|line| line.chars().count() <= 80), "{human}");
    stub.mend();
    run.wait().with(0);
    let status = sandbox.run("status --output json").json();
    assert_eq!(status["job"]["status"]["progress"], json!([]));
    let human = sandbox.run("status").with(0).stdout;
    let last = human.lines().position(|line| line.starts_with("  last cycle: initial, ended 20")).expect("a line");
    let activity = format!("    activity {}", status["cycles"][0]["id"].as_str().unwrap_or_default());
    assert_eq!(human.lines().nth(last + 1), Some(activity.as_str()));
    assert_ne!(status["cycles"][0]["id"], Value::Null);
}

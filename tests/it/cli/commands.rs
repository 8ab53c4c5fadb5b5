//! One command after the other, as a newcomer meets them.

use std::fs;

use serde_json::{Value, json};

use crate::support::get_json;
use crate::support::process::{Sandbox, Server, user_id, user_name, users};
use crate::support::stub::{Deed, Stub};

#[test]
fn what_init_writes_can_be_planned() {
    let sandbox = Sandbox::empty();
    let written = sandbox.run("init here").with(0);
    insta::assert_snapshot!("init", format!("{}\n{}", written.stdout, written.stderr));
    let again = sandbox.run("init here").with(2);
    assert!(again.stderr.contains("files are already there: here/scimulate.toml"), "{}", again.stderr);
    let plan = sandbox.run("plan --offline -c here/scimulate.toml").with(0);
    insta::assert_snapshot!("plan_of_init", format!("{}\n{}", plan.stdout, plan.stderr));
    let ignored = sandbox.read("here/.gitignore");
    assert!(ignored.contains(".scimulate"), "{ignored}");
}

#[test]
fn inspect_shows_what_is_there() {
    let sandbox = Sandbox::empty();
    sandbox.run("init .").with(0);
    let human = sandbox.run("inspect").with(0);
    insta::assert_snapshot!("inspect", format!("{}\n{}", human.stdout, human.stderr));
    let document = sandbox.run("inspect --output json").with(0).json();
    insta::assert_snapshot!("inspect_json", format!("{document:#}"));
    assert!(!sandbox.path(".scimulate").exists());
}

#[test]
fn inspect_strict_fails_on_any_problem() {
    let sandbox = Sandbox::with_users(3, "embedded");
    sandbox.run("inspect --strict").with(0);
    sandbox.edit("users.csv", &user_id(3), &user_id(2));
    sandbox.run("inspect").with(0);
    let strict = sandbox.run("inspect --strict").with(2);
    assert!(strict.stdout.contains("1 problem") && strict.stdout.contains("users.csv:4"), "{}", strict.stdout);
    // The row is left out, the others go on.
    let ended = sandbox.run("run").with(0);
    assert!(ended.stdout.contains("2 created"), "{}", ended.stdout);
    assert!(ended.stderr.contains("left out: 1 in the user list (`scimulate inspect` lists them)"), "{}", ended.stderr);
}

#[test]
fn status_tells_before_and_after() {
    let sandbox = Sandbox::with_users(3, "embedded");
    assert_eq!(sandbox.run("status").with(0).stdout, "The job \"test\" has not run yet.\n");
    let document = sandbox.run("status --output json").with(0).json();
    let job = &document["job"];
    assert_eq!((&job["id"], &job["name"], &job["state"]), (&json!(null), &json!("test"), &json!("not-run")));
    assert_eq!(document["cycles"], json!([]));
    assert!(!sandbox.path(".scimulate").exists(), "status writes nothing");

    sandbox.run("run --cycles 2").with(0);
    let files = sandbox.tree(".scimulate");
    let human = sandbox.run("status").with(0).stdout;
    assert!(human.starts_with("Job test: active\n"), "{human}");
    assert!(human.contains("3 linked, 0 waiting after a failure"), "{human}");
    assert!(human.contains("the next cycle is incremental"), "{human}");
    let document = sandbox.run("status --output json").with(0).json();
    assert_eq!(document["job"]["state"], "active");
    let kinds: Vec<_> = document["cycles"].as_array().unwrap().iter().map(|cycle| &cycle["kind"]).collect();
    assert_eq!(kinds, ["incremental", "initial"]);
    assert!(sandbox.tree(".scimulate") == files, "status writes nothing");
}

#[test]
fn restart_looks_at_everyone_and_creates_nobody_twice() {
    let server = Server::start();
    let stub = Stub::before(&server, |_| Deed::Pass);
    let sandbox = Sandbox::with_users(4, &stub.url);
    sandbox.run("run").with(0);
    let ended = sandbox.run("restart").with(0);
    assert!(ended.stderr.contains("the next cycle is initial"), "{}", ended.stderr);
    assert!(sandbox.run("status").stdout.contains("no watermark: the next cycle is initial"));
    stub.take_seen();
    let ended = sandbox.run("run").with(0);
    assert!(
        ended.stdout.contains("Initial cycle: 0 created, 0 updated, 0 disabled, 0 deleted; 4 unchanged"),
        "{ended:?}"
    );
    assert!(stub.take_seen().iter().all(|seen| seen.method == "GET"));
    assert_eq!(server.accounts().len(), 4);
}

#[test]
fn without_its_state_a_job_matches_everyone_again() {
    let server = Server::start();
    let stub = Stub::before(&server, |_| Deed::Pass);
    let sandbox = Sandbox::with_users(4, &stub.url);
    sandbox.run("run").with(0);
    fs::remove_dir_all(sandbox.path(".scimulate")).unwrap();
    stub.take_seen();
    sandbox.run("run").with(0);
    assert!(stub.take_seen().iter().all(|seen| seen.method == "GET"));
    assert_eq!(server.accounts().len(), 4);
}

#[test]
fn a_new_scope_counts_from_the_next_restart_on() {
    let server = Server::start();
    let sandbox = Sandbox::with_users(3, &server.url);
    sandbox.run("run").with(0);
    let role = "0a9f1d52-00aa-4000-8000-00000000b001";
    sandbox.write("assignments.csv", format!("principalId,principalType,appRoleId\n{},User,{role}\n", user_id(1)));
    sandbox.edit("scimulate.toml", "users = \"users.csv\"", "users = \"users.csv\"\nassignments = \"assignments.csv\"");
    sandbox.edit("scimulate.toml", "scope = \"all\"", "scope = \"assigned\"");
    let active = || server.accounts().iter().filter(|account| account["active"] == true).count();
    for command in ["plan", "run"] {
        let ended = sandbox.run(command).with(0);
        let warning = "the scope changed from \"all\" to \"assigned\"";
        assert!(ended.stderr.contains(warning) && ended.stderr.contains("scimulate restart"), "{}", ended.stderr);
        assert_eq!(active(), 3);
    }
    sandbox.run("restart").with(0);
    let ended = sandbox.run("run").with(0);
    assert!(ended.stdout.contains("2 disabled") && !ended.stderr.contains("the scope changed"), "{ended:?}");
    assert_eq!(active(), 1);
}

#[test]
fn serve_says_where_it_is_and_keeps_its_data() {
    let sandbox = Sandbox::empty();
    let server = Server::start_in(&sandbox, "--data accounts.db");
    let ready: Value = serde_json::from_str(&server.ready).unwrap();
    // Who gave the token knows it.
    assert_eq!(ready, json!({"tenantUrl": server.url}));
    let made = Server::start_with(&mut sandbox.command("serve --listen 127.0.0.1:0 --output json"));
    let ready: Value = serde_json::from_str(&made.ready).unwrap();
    assert!(get_json(made.port, "/scim/v2/Users", ready["token"].as_str().unwrap()).is_ok());
    made.terminate().with(0);
    assert!(get_json(server.port, "/scim/v2/Users", "wrong").unwrap_err().contains(" 401 "));
    let user = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": user_name(1)});
    server.send("POST", "/Users", &user);
    let id = |server: &Server| server.accounts().iter().map(|it| it["id"].to_string()).collect::<Vec<_>>();
    let before = id(&server);
    // A connection that nobody uses doesn't hold the end up.
    let idle = std::net::TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    server.terminate().with(0);
    drop(idle);

    let server = Server::start_in(&sandbox, "--data accounts.db");
    assert_eq!((server.accounts().len(), id(&server)), (1, before));
    server.terminate().with(0);

    sandbox.write("load.json", json!([user, {"userName": "second"}]).to_string());
    let server = Server::start_in(&sandbox, "--load load.json");
    assert_eq!(server.user_names(), ["second".to_owned(), user_name(1)]);
}

#[test]
fn serve_refuses_a_port_that_is_taken() {
    let server = Server::start();
    let sandbox = Sandbox::empty();
    let ended = sandbox.run(&format!("serve --listen 127.0.0.1:{}", server.port)).with(2);
    assert!(ended.stderr.contains("can't listen on") && ended.stderr.contains("--listen"), "{}", ended.stderr);
}

#[test]
fn completions_and_man_are_generated() {
    let sandbox = Sandbox::empty();
    let script = sandbox.run("completions bash").with(0).stdout;
    assert!(script.starts_with("_scimulate()") && script.contains("--accept-missing"), "{script}");
    let page = sandbox.run("man").with(0).stdout;
    assert!(page.contains(".TH scimulate 1") && page.contains("Exit codes"), "{page}");
    sandbox.run("--help").with(0);
    sandbox.run("").with(2);
}

#[test]
fn a_demo_needs_nothing() {
    let sandbox = Sandbox::empty();
    let ended = sandbox.run("demo").with(0);
    assert!(ended.stdout.contains("Initial cycle:") && ended.stdout.contains("Incremental cycle:"), "{ended:?}");
    assert_eq!(fs::read_dir(sandbox.folder()).unwrap().count(), 0);
}

#[test]
fn a_demo_of_a_scenario_tells_its_story() {
    let sandbox = Sandbox::empty();
    let play = |name: &str| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/").to_owned() + name;
        sandbox.run(&format!("demo {folder}")).with(0).stdout
    };
    let check = |name: &str, parts: &[&str]| {
        let story = play(name);
        let mut rest = story.as_str();
        for part in parts {
            rest = rest.split_once(part).unwrap_or_else(|| panic!("{name}: {part} is missing in\n{story}")).1;
        }
    };
    check("groups", &["+ Design  create", "3. Initial cycle, 2026-03-01T10:00:00Z", "now holds 3 accounts, 0 of"]);
    // Commands between cycles, a job that stands still, accounts that vanish, a target and an export that fail.
    check("deletions-held-back", &["$ scimulate allow-deletes --expect 2", "mila.sandu@contoso.com  disabled"]);
    check("quarantine-disabled", &["8. Next cycle", "$ scimulate restart", "Initial cycle: 2 created"]);
    check(
        "invalid-anchor",
        &["failed: InvalidAnchor", "$ scimulate restart --reset-scope", "+ bea.santos@contoso.com"],
    );
    // A timeline, in virtual time.
    check(
        "token-expires",
        &[
            "$ scimulate run --simulate-clock --now 2026-12-01T08:00:00Z",
            "The job left quarantine.",
            "The job is active.",
        ],
    );
    check("suspicious-read", &["4. Next cycle", "mona.nord@contoso.com  disabled", "What to try next"]);
}

#[test]
fn the_levers_of_a_demo_live_in_its_time() {
    let sandbox = Sandbox::with_users(2, "embedded");
    let config = sandbox.read("scimulate.toml");
    sandbox.write("scimulate.toml", config + "prevent_accidental_deletions = 0\n");
    sandbox.write("cycle-2/users.csv", users(1..=1));
    sandbox.write("cycle-3/users.csv", users(1..=1));
    sandbox.write("scenario.toml", "before = [[], [], [\"allow-deletes --until 2026-03-01\"]]");
    let story = sandbox.run("demo .").with(0);
    let after = story.stdout.split_once("$ scimulate allow-deletes").expect("the lever is told").1;
    assert!(after.contains("user2@contoso.com  disabled"), "{story:?}");
    let over = sandbox.run("allow-deletes --until 2026-03-01 --now 2026-03-02T00:00:00Z").with(2);
    assert!(over.stderr.contains("--until 2026-03-01T23:59:59Z is over"), "{}", over.stderr);
}

#[test]
fn cycles_end_when_there_is_nothing_left() {
    let server = Server::start();
    let sandbox = Sandbox::with_users(2, &server.url);
    let document = sandbox.run("run --until-idle --output json").with(0).json();
    assert_eq!(document["cycles"].as_array().unwrap().len(), 2);
    sandbox.write("users.csv", users(1..=3));
    let dry = sandbox.run("run --dry-run").with(0);
    assert!(dry.stdout.contains("Plan: 1 to create"), "{}", dry.stdout);
    assert_eq!(server.accounts().len(), 2);
}

#[test]
fn only_narrows_managers_and_members_too() {
    let sandbox = Sandbox::with_users(3, "embedded");
    let member = |number| format!("{{\"id\":\"{}\"}}", user_id(number));
    let group = |number: u32, name: &str| {
        let members = format!("{},{}", member(1), member(2));
        format!("{{\"id\":\"{}\",\"displayName\":\"{name}\",\"members\":[{members}]}}", user_id(number))
    };
    sandbox.write("groups.json", format!("[{},{}]", group(101, "Design"), group(102, "Sales")));
    sandbox.write("managers.csv", format!("userId,managerId\n{0},{1}\n{1},{0}\n", user_id(1), user_id(2)));
    let provisioning = "[provisioning]\nmapping = \"scim\"\nmembers_per_patch = 2\n";
    sandbox.edit("scimulate.toml", "[provisioning]\n", provisioning);
    let sources = "users = \"users.csv\"\ngroups = \"groups.json\"\nmanagers = \"managers.csv\"\n";
    sandbox.edit("scimulate.toml", "users = \"users.csv\"\n", sources);
    let planned = |arguments: &str| -> Vec<String> {
        let out = sandbox.run(arguments).with(0).stdout;
        out.lines().filter(|line| line.starts_with(['+', '~'])).map(str::to_owned).collect()
    };
    let (first, second) = (user_name(1), user_name(2));
    let users = [first.clone(), second.clone()].map(|name| format!("+ {name}  create: no account matches"));
    let managers =
        [format!("~ {first}  update: manager {second} set"), format!("~ {second}  update: manager {first} set")];
    let group = ["+ Design  create: no account matches".to_owned()];
    let members = [format!("~ Design  update: 2 members added: {first}, {second}")];
    for command in ["plan --offline", "plan"] {
        let named = format!("{command} --only {first} {second} design");
        assert_eq!(planned(&named), [&users[..], &group, &managers, &members].concat(), "{command}");
        let by_id = format!("{command} --only {first} {second} {}", user_id(101));
        assert_eq!(planned(&by_id), planned(&named), "{command}");
        let users_only = format!("{command} --only {first} {second}");
        assert_eq!(planned(&users_only), [&users[..], &managers].concat(), "{command}");
    }
}

#[test]
fn a_permission_to_delete_that_is_over_is_none() {
    let server = Server::start();
    let stub = Stub::before(&server, |_| Deed::Pass);
    let sandbox = Sandbox::with_users(4, &stub.url);
    sandbox.edit("scimulate.toml", "[provisioning]\n", "[provisioning]\nprevent_accidental_deletions = 1\n");
    sandbox.run("run").with(0);
    let leave = |number: u32| {
        let row = |active: &str| format!("user{number}@contoso.com,Engineer,{active}");
        sandbox.edit("users.csv", &row("True"), &row("False"));
    };
    [1, 2].into_iter().for_each(leave);
    sandbox.run("run").with(5);
    let check = |held: &str, expected: &str, allowed: u64| {
        let status = sandbox.run("status").with(5).stdout;
        assert!(status.contains(&format!("  {held} held back since ")) && status.contains(expected), "{status}");
        assert_eq!(sandbox.run("status --output json").with(5).json()["job"]["allowed"], allowed);
    };
    check("2 deletions", "\n    `scimulate allow-deletes` lets them through\n", 0);
    sandbox.run("allow-deletes --until 9000-01-31").with(0);
    check("2 deletions", "\n    allowed until 9000-01-31T23:59:59Z\n", 2);
    sandbox.run("allow-deletes --now 2020-01-01T00:00:00Z --until 2020-01-01").with(0);
    check(
        "2 deletions",
        "\n    the permission ended 2020-01-01T23:59:59Z\n    `scimulate allow-deletes` lets them through\n",
        0,
    );
    sandbox.run("allow-deletes").with(0);
    check("2 deletions", "\n    allowed\n", 2);
    // Those who were allowed fail, others are held back.
    stub.behave(|seen| match seen.method.as_str() {
        "PATCH" => Deed::Answer("403 Forbidden", "", String::new()),
        _ => Deed::Pass,
    });
    [3, 4].into_iter().for_each(leave);
    sandbox.run("run").with(5);
    check("4 deletions", "\n    2 of them allowed\n    `scimulate allow-deletes` lets them through\n", 2);
}

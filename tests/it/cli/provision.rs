//! Provision on demand: what it prints, how it ends, what it may run beside.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::support::process::{Ended, Sandbox, Server, Started, until, user_id, user_name};
use crate::support::stub::{Deed, Stub};

const NOW: &str = "--now 2026-03-01T10:00:00Z";

#[track_caller]
fn assert_fits(ended: &Ended) {
    for line in ended.stdout.lines().filter(|line| line.contains(' ')) {
        assert!(line.chars().count() <= 80, "{line}");
        assert!(!line.ends_with(' '), "{line:?}");
    }
}

fn disable(sandbox: &Sandbox, number: u32) {
    let name = user_name(number);
    sandbox.edit("users.csv", &format!("{name},Engineer,True"), &format!("{name},Engineer,False"));
}

/// An endpoint that takes no path of the work address.
fn without_work_address(server: &Server) -> Stub {
    let problem = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "400", "scimType": "invalidPath",
        "detail": "emails[type eq \"work\"] isn't supported",
    });
    Stub::before(server, move |seen| {
        if seen.method == "PATCH" && seen.body.contains("emails[") {
            Deed::Answer("400 Bad Request", "", problem.to_string())
        } else {
            Deed::Pass
        }
    })
}

#[test]
fn somebody_new() {
    let sandbox = Sandbox::with_users(2, "embedded");
    let ended = sandbox.run(&format!("provision {} {NOW}", user_name(1))).with(0);
    assert_fits(&ended);
    insta::assert_snapshot!("provision", ended.stdout);
    let quiet = sandbox.run(&format!("provision -q {NOW} {}", user_id(1))).with(0);
    assert!(quiet.stdout.starts_with("= user1@contoso.com  unchanged") && quiet.stderr.is_empty(), "{quiet:?}");
    assert!(sandbox.run("links list").with(0).stdout.contains(&user_name(1)));
}

#[test]
fn somebody_out_of_scope() {
    let sandbox = Sandbox::with_users(2, "embedded");
    disable(&sandbox, 1);
    let skipped = sandbox.run(&format!("provision {NOW} {}", user_name(1))).with(0);
    assert_fits(&skipped);
    insta::assert_snapshot!("provision_skipped", skipped.stdout);
    sandbox.run("run").with(0);
    disable(&sandbox, 2);
    let left = sandbox.run(&format!("provision {NOW} {}", user_name(2))).with(0);
    assert_fits(&left);
    insta::assert_snapshot!("provision_left_to_cycles", left.stdout.split("\n\n").nth(2).unwrap());
}

#[test]
fn as_json() {
    let sandbox = Sandbox::with_users(1, "embedded");
    let document = sandbox.run(&format!("provision --output json {}", user_name(1))).with(0).json();
    let keys: Vec<_> = document.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "formatVersion",
            "sourceId",
            "name",
            "objectType",
            "targetId",
            "steps",
            "action",
            "reasonCode",
            "reason",
            "changes",
            "requests",
            "error"
        ]
    );
    let steps = document["steps"].as_array().unwrap();
    let told: Vec<_> = steps.iter().map(|step| (&step["name"], &step["type"], &step["status"])).collect();
    let told: Vec<_> =
        told.iter().map(|(name, kind, status)| format!("{name} {kind} {status}").replace('"', "")).collect();
    assert_eq!(
        told,
        [
            "EntryImportAdd import success",
            "EntrySynchronizationScoping scoping success",
            "EntryImportObjectNotFound matching success",
            "EntrySynchronizationAdd matching success",
            "EntryExportAdd export success",
        ]
    );
    assert_eq!(steps[1]["details"]["ScopeEvaluationResult"], "{}");
    assert_eq!(steps[1]["evidence"]["Active in the source system"], "accountEnabled is true");
    assert_eq!(steps[4]["details"]["namegivenName"], "Given 1");
    let methods: Vec<_> = document["requests"].as_array().unwrap().iter().map(|it| &it["method"]).collect();
    assert_eq!(methods, ["GET", "GET", "POST"]);
    assert_eq!(document["requests"][2]["answer"]["id"], document["targetId"]);
    assert_eq!((&document["action"], &document["error"]), (&json!("create"), &Value::Null));
}

#[test]
fn a_paused_job_doesn_t_mind() {
    let sandbox = Sandbox::with_users(2, "embedded");
    sandbox.run(&format!("provision {}", user_name(1))).with(0);
    sandbox.run("pause").with(0);
    sandbox.run(&format!("provision {}", user_name(2))).with(0);
    sandbox.run("run").with(5);
    let status = sandbox.run("status --output json").with(5).json();
    assert_eq!((&status["job"]["state"], &status["job"]["linked"]), (&json!("paused"), &json!(2)));
}

#[test]
fn names_and_limits() {
    let sandbox = Sandbox::with_users(3, "embedded");
    let refused = |arguments: &str| sandbox.run(arguments).with(2).stderr;
    assert!(refused("provision user9@contoso.com").contains("did you mean"));
    assert!(refused("provision user").contains("`user1@contoso.com` or `user2@contoso.com`"));
    assert!(refused("provision Design --member user1@contoso.com").contains("the export has no group \"Design\""));
    assert!(!sandbox.path(".scimulate").exists(), "nothing is made before it is known what is meant");
}

#[test]
fn an_endpoint_that_isn_t_there() {
    let sandbox = Sandbox::with_users(1, "http://127.0.0.1:9/scim/v2");
    let ended = sandbox.run(&format!("provision {}", user_name(1))).with(6);
    assert!(ended.stdout.starts_with("0. Test connection\n"), "{}", ended.stdout);
    assert!(ended.stderr.contains("`scimulate test-connection` says more"), "{}", ended.stderr);
    let document = sandbox.run(&format!("provision --output json {}", user_name(1))).with(6).json();
    assert_eq!(document["steps"][0]["name"], "TestConnection");
}

#[test]
fn a_poisoned_patch_is_taken_apart() {
    let server = Server::start();
    let stub = without_work_address(&server);
    let sandbox = Sandbox::with_users(2, &stub.url);
    sandbox.run("run").with(0);
    sandbox.edit("users.csv", "user1@contoso.com,Engineer", "first@contoso.com,Chief");
    sandbox.edit("users.csv", "Given 1", "Ann");
    // The other one leaves with a mail that changed as well.
    sandbox.edit("users.csv", "user2@contoso.com,Engineer,True", "second@contoso.com,Engineer,False");
    sandbox.run("run").with(4);
    let ended = sandbox.run(&format!("provision {NOW} --bisect {}", user_name(1))).with(4);
    assert!(ended.stderr.contains("those that are accepted take effect"), "{}", ended.stderr);
    assert_fits(&ended);
    let account = |number: u32| {
        let accounts = server.accounts();
        accounts.into_iter().find(|it| it["userName"] == json!(user_name(number))).unwrap()
    };
    let text = ["4711", "4712"]
        .iter()
        .zip([1, 2])
        .fold(ended.stdout, |text, (short, number)| text.replace(account(number)["id"].as_str().unwrap(), short));
    insta::assert_snapshot!("provision_bisect", text);
    assert_eq!(account(1)["title"], "Chief", "accepted parts took effect");
    assert_eq!(account(2)["active"], true);

    let document = sandbox.run(&format!("provision --output json --bisect {}", user_name(1))).with(4).json();
    let bisect = &document["bisect"];
    assert_eq!((&bisect["found"], &bisect["operations"][0]["expression"]), (&json!("operation"), &json!("[mail]")));
    assert_eq!(bisect["leftActive"][0]["name"], json!(user_name(2)));
}

/// Interrupts it while a request is held at the endpoint, and lets that go on.
fn interrupt(mut run: Started, stub: &Stub) -> Ended {
    run.signal_heard("INT");
    stub.mend();
    run.wait().with(130)
}

#[test]
fn a_signal_ends_it_after_the_request_under_way() {
    let home = Sandbox::empty();
    let server = Server::start_in(&home, "--profile scim");
    let stub = Stub::before(&server, |seen| if seen.is_test_query() { Deed::Held } else { Deed::Pass });
    let sandbox = Sandbox::with_users(2, &stub.url);
    let run = sandbox.start(&format!("provision -v {}", user_name(1)));
    until("it asks the endpoint", || stub.count("GET") > 0);
    let ended = interrupt(run, &stub);
    assert!(ended.stderr.contains("interrupted: nothing was written"), "{}", ended.stderr);
    assert_eq!((stub.count("POST"), ended.stdout.as_str()), (0, ""));

    let design = "9f3a0c1e-0000-4000-8000-000000000001";
    let files = "users = \"users.csv\"\ngroups = \"groups.csv\"\nmembers = \"members.csv\"";
    sandbox.edit("scimulate.toml", "users = \"users.csv\"", files);
    sandbox.edit("scimulate.toml", "[provisioning]", "[provisioning]\nmapping = \"scim\"");
    sandbox.write("groups.csv", format!("id,displayName\n{design},Design\n"));
    let members = [1, 2].map(|number| format!("{design},{}\n", user_id(number))).concat();
    sandbox.write("members.csv", format!("groupId,memberId\n{members}"));
    for number in [1, 2] {
        sandbox.run(&format!("provision {}", user_name(number))).with(0);
    }
    stub.take_seen();
    stub.hold("PATCH");
    let run = sandbox.start(&format!("provision -v Design --member {} {}", user_name(1), user_name(2)));
    until("a member is sent", || stub.count("PATCH") > 0);
    let ended = interrupt(run, &stub);
    assert!(ended.stderr.contains("interrupted: 1 of 2 requests for references were sent"), "{}", ended.stderr);
    assert_eq!(stub.count("PATCH"), 1);
    sandbox.run("run").with(0);
    assert_eq!(stub.count("PATCH"), 3, "the initial cycle sends both members");
}

#[test]
fn a_signal_ends_the_search_in_a_patch() {
    let server = Server::start();
    let stub = Stub::before(&server, |_| Deed::Pass);
    let sandbox = Sandbox::with_users(1, &stub.url);
    sandbox.run("run").with(0);
    sandbox.edit("users.csv", "user1@contoso.com,Engineer", "first@contoso.com,Chief");
    sandbox.edit("users.csv", "Given 1", "Ann");
    let first = AtomicBool::new(true);
    stub.behave(move |seen| match seen.method.as_str() {
        "PATCH" if first.swap(false, Ordering::SeqCst) => Deed::Answer("400 Bad Request", "", String::new()),
        "PATCH" => Deed::Held,
        _ => Deed::Pass,
    });
    let run = sandbox.start(&format!("provision -v --bisect {}", user_name(1)));
    until("a part is sent", || stub.count("PATCH") == 2);
    let ended = interrupt(run, &stub);
    assert!(ended.stdout.contains("the search ended early: interrupted"), "{}", ended.stdout);
    assert_eq!(stub.count("PATCH"), 2);
}

#[test]
fn the_dialect_is_said() {
    let sandbox = Sandbox::with_users(1, "embedded?aadOptscim062020");
    let ended = sandbox.run(&format!("provision {}", user_name(1))).with(0);
    assert!(ended.stderr.contains("always writes PATCH in the `scim` dialect"), "{}", ended.stderr);
}

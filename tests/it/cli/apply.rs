//! Saved plans.

use std::fs;

use serde_json::json;

use crate::support::process::{Sandbox, Server, user_name, users};
use crate::support::stub::{Deed, Stub};

#[test]
fn a_plan_is_applied_as_it_was_shown() {
    let server = Server::start();
    let stub = Stub::before(&server, |_| Deed::Pass);
    let sandbox = Sandbox::with_users(5, &stub.url);
    let files = sandbox.tree("");
    let plan = sandbox.run("plan --output json").with(0).json();
    assert!(sandbox.tree("") == files, "a plan leaves no trace");
    sandbox.run("plan --out next.plan").with(0);
    sandbox.is_private(&["next.plan"]);
    assert!(!sandbox.path(".scimulate").exists());
    assert!(stub.take_seen().iter().all(|seen| seen.method == "GET"));

    sandbox.run("apply next.plan").with(0);
    let planned: Vec<_> =
        plan["objects"].as_array().unwrap().iter().flat_map(|object| object["requests"].as_array().unwrap()).collect();
    let mut posted: Vec<serde_json::Value> = stub
        .take_seen()
        .iter()
        .filter(|seen| seen.method == "POST")
        .map(|seen| serde_json::from_str(&seen.body).unwrap())
        .collect();
    posted.sort_by_key(|body| body["userName"].to_string());
    let planned: Vec<_> = planned.iter().filter(|request| request["method"] == "POST").map(|it| &it["body"]).collect();
    assert_eq!(posted.iter().collect::<Vec<_>>(), planned);
    assert_eq!(server.accounts().len(), 5);

    let refused = sandbox.run("apply next.plan").with(2);
    assert!(refused.stderr.contains("a cycle ran since the plan was made "), "{}", refused.stderr);
    let ended = sandbox.run("run").with(0);
    assert!(ended.stdout.starts_with("Incremental cycle: 0 created"), "{}", ended.stdout);
}

#[test]
fn a_partial_plan_leaves_the_others_for_the_next_cycle() {
    let server = Server::start();
    let sandbox = Sandbox::with_users(4, &server.url);
    sandbox.run("plan --out one.plan --only user3@contoso.com").with(0);
    sandbox.run("apply one.plan").with(0);
    assert_eq!(server.user_names(), [user_name(3)]);
    let ended = sandbox.run("run").with(0);
    assert!(ended.stdout.contains("Initial cycle: 3 created"), "{}", ended.stdout);
    assert_eq!(server.accounts().len(), 4);
}

#[test]
fn a_plan_that_does_not_hold_any_more_is_refused() {
    let server = Server::start();
    let check = |expected: &str, change: &dyn Fn(&Sandbox)| {
        let sandbox = Sandbox::with_users(3, &server.url);
        sandbox.run("plan --out next.plan").with(0);
        change(&sandbox);
        let before = (sandbox.tree(""), server.accounts());
        let ended = sandbox.run("apply next.plan").with(2);
        assert!(ended.stderr.contains(expected), "{expected}: {}", ended.stderr);
        assert!(ended.stderr.contains("next.plan") && ended.stderr.contains("help: "), "{}", ended.stderr);
        assert!((sandbox.tree(""), server.accounts()) == before, "{expected}: something changed");
    };
    check("the export changed since the plan was made ", &|sandbox| sandbox.write("users.csv", users(1..=4)));
    check("the mapping or the settings changed since", &|sandbox| {
        sandbox.edit("scimulate.toml", "scope = \"all\"", "scope = \"all\"\nskip_out_of_scope_deletions = true");
    });
    check("the plan is for the job ", &|sandbox| sandbox.edit("scimulate.toml", "/scim/v2", "/scim/v3"));
    check("the plan can't be read", &|sandbox| fs::remove_file(sandbox.path("next.plan")).unwrap());
    check("it has plan format 99, this version reads 1.0", &|sandbox| {
        sandbox.write("next.plan", "{\"kind\":\"scimulate-plan\",\"formatVersion\":\"99\"}");
    });
    check("it isn't a plan that `scimulate plan --out` wrote", &|sandbox| sandbox.write("next.plan", "{}"));
    check("EOF while parsing", &|sandbox| {
        let text = sandbox.read("next.plan");
        sandbox.write("next.plan", &text[..text.len() / 2]);
    });
    check("a cycle ran since", &|sandbox| drop(sandbox.run("run").with(0)));
}

#[test]
fn an_account_that_moved_fails_and_the_others_go_on() {
    let server = Server::start();
    let sandbox = Sandbox::with_users(3, &server.url);
    sandbox.run("run").with(0);
    sandbox.write("users.csv", users(1..=3).replace("Engineer", "Lead"));
    let files = sandbox.tree(".scimulate");
    let accounts = server.accounts();
    sandbox.run("plan --out next.plan").with(0);
    assert!(sandbox.tree(".scimulate") == files && server.accounts() == accounts, "a plan writes nothing");

    let moved = accounts.iter().find(|account| account["userName"] == user_name(2)).unwrap();
    let operation = json!({"op": "replace", "path": "title", "value": "Director"});
    let patch = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]});
    server.send("PATCH", &format!("/Users/{}", moved["id"].as_str().unwrap()), &patch);

    let ended = sandbox.run("apply next.plan").with(4);
    let line =
        "user2@contoso.com  failed: TargetMoved: title was \"Engineer\" when it was planned and is \"Director\" now";
    assert!(ended.stdout.contains(line), "{}", ended.stdout);
    assert!(ended.stdout.contains("2 updated"), "{}", ended.stdout);
    let mut titles: Vec<_> =
        server.accounts().iter().map(|it| (it["userName"].to_string(), it["title"].clone())).collect();
    titles.sort_by(|a, b| a.0.cmp(&b.0));
    let titles: Vec<_> = titles.iter().map(|(_, title)| title.as_str().unwrap()).collect();
    assert_eq!(titles, ["Lead", "Director", "Lead"]);
    // The next cycle decides afresh.
    sandbox.run("run").with(0);
    assert!(server.accounts().iter().all(|account| account["title"] == "Lead"));
}

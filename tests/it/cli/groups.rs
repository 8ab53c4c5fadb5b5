//! What is said of groups that can't be provisioned as the config wants it.

use crate::support::process::{Sandbox, Server, user_id};
use crate::support::stub::{Deed, Stub};

const DESIGN: &str = "9f3a0c1e-0000-4000-8000-000000000001";

/// Two users and the mapping `scim`, with this list of groups.
fn with_groups(target: &str, groups: &str) -> Sandbox {
    let sandbox = Sandbox::with_users(2, target);
    sandbox.edit("scimulate.toml", "users = \"users.csv\"", "users = \"users.csv\"\ngroups = \"groups.csv\"");
    sandbox.edit("scimulate.toml", "[provisioning]", "[provisioning]\nmapping = \"scim\"");
    sandbox.write("groups.csv", groups);
    sandbox
}

#[test]
fn what_the_list_of_groups_lacks_is_said() {
    let sandbox = with_groups("embedded", &format!("id,displayName\n{DESIGN},Design\n"));
    let warned = sandbox.run("run").with(0);
    assert!(warned.stderr.contains("no column members of groups: members is left out"), "{}", warned.stderr);
    assert!(warned.stderr.contains("[source] members"), "{}", warned.stderr);
    assert!(warned.stdout.contains("Design  created"), "{}", warned.stdout);
    sandbox.edit("scimulate.toml", "groups = \"groups.csv\"", "groups = \"groups.csv\"\nmembers = \"members.csv\"");
    sandbox.write("members.csv", format!("groupId,memberId\n{DESIGN},{}\n", user_id(1)));
    let complete = sandbox.run("run").with(0);
    assert!(!complete.stderr.contains("of groups"), "{}", complete.stderr);
    assert!(complete.stdout.contains("member user1@contoso.com added"), "{}", complete.stdout);
    sandbox.write("groups.csv", format!("id,securityEnabled\n{DESIGN},True\n"));
    let refused = sandbox.run("run").with(2);
    assert!(refused.stderr.contains("matching attribute displayName of groups needs"), "{}", refused.stderr);
}

#[test]
fn a_group_that_is_left_in_the_memberships_alone_is_gone() {
    let sandbox = with_groups("embedded", &format!("id,displayName\n{DESIGN},Design\n9f3a,Sales\n"));
    sandbox.edit("scimulate.toml", "groups = \"groups.csv\"", "groups = \"groups.csv\"\nmembers = \"members.csv\"");
    sandbox.write("members.csv", format!("groupId,memberId\n{DESIGN},{0}\n9f3a,{0}\n", user_id(1)));
    sandbox.run("run").with(0);
    sandbox.write("groups.csv", "id,displayName\n");
    let emptied = sandbox.run("run").with(2);
    assert!(emptied.stderr.contains("lacks 2 of 2 groups known from the last cycle"), "{}", emptied.stderr);
    sandbox.write("groups.csv", "id,displayName\n9f3a,Sales\n");
    assert!(sandbox.run("inspect").with(0).stdout.contains("1 only in the memberships (not provisioned)"));
    let deleted = sandbox.run("run").with(0);
    assert!(deleted.stdout.contains("x Design  deleted"), "{}", deleted.stdout);
    sandbox.run("plan --detailed-exitcode").with(0);
}

#[test]
fn a_cycle_that_wrote_only_members_has_exported() {
    let member = |number| format!("{DESIGN},{}\n", user_id(number));
    let sandbox = with_groups("embedded", &format!("id,displayName\n{DESIGN},Design\n"));
    sandbox.edit("scimulate.toml", "groups = \"groups.csv\"", "groups = \"groups.csv\"\nmembers = \"members.csv\"");
    sandbox.write("members.csv", format!("groupId,memberId\n{}", member(1)));
    sandbox.run("run").with(0);
    sandbox.write("members.csv", format!("groupId,memberId\n{}{}", member(1), member(2)));
    sandbox.run("run").with(0);
    let status = sandbox.run("status --output json").with(0).json();
    let status = &status["job"]["status"];
    assert_eq!(status["lastExecution"]["countExported"], 0, "no object was written");
    assert_eq!(status["lastSuccessfulExecutionWithExports"], status["lastExecution"]);
}

#[test]
fn groups_that_are_wanted_but_not_there_are_missed() {
    let check = |mapping: &str, files: &str, expected: &str| {
        let sandbox = with_groups("embedded", "id,displayName\n");
        sandbox.edit("scimulate.toml", "mapping = \"scim\"", &format!("mapping = \"{mapping}\"\ngroups = true"));
        sandbox.edit("scimulate.toml", "groups = \"groups.csv\"", files);
        let ended = sandbox.run("run").with(0);
        assert_eq!(ended.stderr.contains("`groups = true`, but"), !expected.is_empty(), "{}", ended.stderr);
        assert!(ended.stderr.contains(expected), "{}", ended.stderr);
    };
    check("scim", "groups = \"groups.csv\"", "");
    check("scim", "", "[source] groups");
    check("wedo", "groups = \"groups.csv\"", "the mapping has none");
}

#[test]
fn a_test_query_that_only_groups_refuse() {
    let server = Server::start();
    let stub = Stub::before(&server, |seen| {
        if seen.path.contains("/Groups") { Deed::Answer("404 Not Found", "", "{}".to_owned()) } else { Deed::Pass }
    });
    let sandbox = with_groups(&stub.url, &format!("id,displayName,members\n{DESIGN},Design,\n"));
    let refused = sandbox.run("run").with(6);
    assert!(refused.stderr.contains("(the test query on /Groups)"), "{}", refused.stderr);
    assert!(refused.stderr.contains("`groups = false`"), "{}", refused.stderr);
    assert!(sandbox.run("status").with(5).stdout.contains("query on /Groups"));
    sandbox.edit("scimulate.toml", "mapping = \"scim\"", "mapping = \"scim\"\ngroups = false");
    sandbox.run("start").with(0);
    sandbox.run("run").with(0);
}

//! Whose the accounts of a target are: a company with orphans, lists that break off, reports.

#![expect(clippy::unwrap_used, reason = "a test that can't be set up fails")]

use std::fmt::Write as _;
use std::fs;

use serde_json::{Value, json};

use crate::support::process::{Ended, Sandbox, Server, TOKEN, config, until, user_id, user_name, users};
use crate::support::stub::{Deed, Stub};

const ROLE: &str = "00000001-0000-4000-8000-000000000000";

fn account(name: &str, active: bool) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": format!("id-of-{name}"), "userName": name, "displayName": name, "active": active,
    })
}

/// An endpoint with these accounts.
fn served(sandbox: &Sandbox, accounts: &[Value]) -> Server {
    let lines: Vec<_> = accounts.iter().map(Value::to_string).collect();
    sandbox.write("accounts.ndjson", lines.join("\n"));
    Server::start_in(sandbox, "--profile wedo --load accounts.ndjson")
}

/// Assigns these users and nobody else.
fn assign(sandbox: &Sandbox, numbers: &[u32]) {
    let mut list = "principalId,principalType,appRoleId\n".to_owned();
    for number in numbers {
        writeln!(list, "{},User,{ROLE}", user_id(*number)).unwrap();
    }
    sandbox.write("assignments.csv", list);
}

/// Changes an account behind the service's back.
fn alter(server: &Server, number: u32, path: &str, value: &Value) {
    let accounts = server.accounts();
    let account = accounts.iter().find(|account| account["userName"] == user_name(number)).unwrap();
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{ "op": "Replace", "path": path, "value": value }],
    });
    server.send("PATCH", &format!("/Users/{}", account["id"].as_str().unwrap()), &body);
}

/// A company some time after its first cycle: people came and went, and somebody worked at the target by hand.
///
/// 1 is as it should be. 2 has an account that isn't linked, and 10 has its name. 3 isn't assigned, 4 is disabled;
/// both have accounts that were never linked. 5 was unassigned just now, 6 before, and its account was activated
/// again. The account of 7 was deleted, that of 8 changed, that of 9 deactivated. Two accounts match nobody.
fn company() -> (Sandbox, Server) {
    let sandbox = Sandbox::empty();
    let existing: Vec<_> = [2, 3, 4].into_iter().map(|number| account(&user_name(number), true)).collect();
    let local = [account("svc-backup@contoso.com", true), account("=cmd|' /C calc'!A0", false)];
    let server = served(&sandbox, &[existing, local.to_vec()].concat());
    let scope = "scope = \"assigned\"";
    let source = "users = \"users.csv\"\nassignments = \"assignments.csv\"";
    let text = config(&server.url).replace("scope = \"all\"", scope).replace("users = \"users.csv\"", source);
    sandbox.write("scimulate.toml", text);
    let name_of_ten = format!(",{},User 10,", user_name(10));
    let everybody = users(1..=10).replace(&name_of_ten, &format!(",{},User 10,", user_name(2)));
    let disabled =
        |line: &str| if line.starts_with(&user_id(4)) { line.replace(",True,", ",False,") } else { line.to_owned() };
    sandbox.write("users.csv", everybody.lines().map(|line| disabled(line) + "\n").collect::<String>());
    assign(&sandbox, &[1, 4, 5, 6, 7, 8, 9]);
    sandbox.run("run").with(0);
    assign(&sandbox, &[1, 4, 5, 7, 8, 9]);
    sandbox.run("run").with(0);
    alter(&server, 6, "active", &json!(true));
    alter(&server, 8, "title", &json!("Boss"));
    alter(&server, 9, "active", &json!("False"));
    let gone = server.accounts().into_iter().find(|account| account["userName"] == user_name(7)).unwrap();
    server.send("DELETE", &format!("/Users/{}", gone["id"].as_str().unwrap()), &Value::Null);
    assign(&sandbox, &[1, 2, 4, 7, 8, 9, 10]);
    (sandbox, server)
}

/// Without what differs from run to run.
fn masked(sandbox: &Sandbox, server: &Server, text: &str) -> String {
    let mut text = text.replace(&server.url, "<url>").replace(&*sandbox.folder().to_string_lossy(), "<folder>");
    for account in server.accounts() {
        let (id, name) = (account["id"].as_str().unwrap(), account["userName"].as_str().unwrap());
        text = text.replace(id, &format!("<id of {name}>"));
    }
    let guid = fancy_regex::Regex::new("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}").unwrap();
    let known: Vec<_> = (1..=10).map(user_id).collect();
    let found: Vec<String> = guid
        .find_iter(&text)
        .map(|found| found.unwrap().as_str().to_owned())
        .filter(|id| !known.contains(id))
        .collect();
    for id in found {
        text = text.replace(&id, "<id of who is gone>");
    }
    text
}

fn names(ended: &Ended) -> Vec<String> {
    let document = ended.json();
    let name = |account: &Value| account["name"].as_str().unwrap().trim_end_matches("@contoso.com").to_owned();
    document["accounts"].as_array().unwrap().iter().map(name).collect()
}

#[test]
fn a_company_with_orphans() {
    let (sandbox, server) = company();
    let state = || fs::read(sandbox.path(".scimulate/test.db")).unwrap();
    let before = (server.accounts(), state());
    let found = sandbox.run("discover --drift").with(0);
    insta::assert_snapshot!("discover", masked(&sandbox, &server, &format!("{}\n{}", found.stdout, found.stderr)));
    let mut document = sandbox.run("discover --drift --output json").with(0).json();
    document["at"] = "<instant>".into();
    insta::assert_snapshot!("discover_json", masked(&sandbox, &server, &format!("{document:#}")));
    let without = sandbox.run("discover").with(0);
    assert!(!without.stdout.contains("Boss") && without.stdout.contains("stays active"), "{}", without.stdout);
    let after = (server.accounts(), state());
    assert_eq!(before.0, after.0, "nothing is written to the target");
    assert_eq!(before.1, after.1, "nor to the state");
}

#[test]
fn accounts_are_chosen_by_category_and_flag() {
    let (sandbox, _server) = company();
    for (what, expected) in [
        ("local", vec!["=cmd|' /C calc'!A0", "svc-backup"]),
        ("orphaned", vec!["svc-backup", "user3", "user4", "user6"]),
        ("gone,colliding", vec!["user2", "user7"]),
        ("pending", vec!["user5"]),
    ] {
        let found = sandbox.run(&format!("discover --category {what} --output json")).with(0);
        assert_eq!(names(&found), expected, "{what}");
        assert_eq!(found.json()["summary"]["accounts"], 10, "counts are of all: {what}");
        assert_eq!(found.json()["shown"], what.split(',').collect::<Value>());
    }
    let drifted = sandbox.run("discover --drift --category drifted --output json").with(0);
    assert_eq!(names(&drifted), ["user6", "user8", "user9"]);
    for (arguments, expected) in [
        ("--category locl", "there is no `locl`, did you mean `local`?"),
        ("--category everything", "there are local, unassigned, assigned, unsorted, gone, linked, "),
        ("--fail-on drifted", "`drifted` is only told where accounts are compared"),
        ("--tenant-url http://127.0.0.1:1/ --secret-token-env TOKEN --drift", "cannot be used with"),
        (
            "--tenant-url http://127.0.0.1:1/ --secret-token-env TOKEN --fail-on local",
            "`local` can't be told without an export",
        ),
    ] {
        let ended = sandbox.run(&format!("discover {arguments}")).with(2);
        assert!(ended.stderr.contains(expected), "{arguments}: {}", ended.stderr);
    }
}

#[test]
fn a_ci_job_fails_on_what_it_names() {
    let (sandbox, _server) = company();
    let failed = sandbox.run("discover --fail-on orphaned,adoptable --category local").with(4);
    let expected = "--fail-on: there are accounts that are 4 orphaned, 1 adoptable";
    assert!(failed.stderr.contains(expected), "{}", failed.stderr);
    sandbox.run("discover --fail-on unsorted,unlisted").with(0);
    sandbox.run("restart").with(0);
    let impossible = sandbox.run("discover --drift --fail-on drifted").with(4);
    assert!(impossible.stderr.contains("nothing could be compared"), "{}", impossible.stderr);
    assert!(impossible.stderr.contains("the next cycle is an initial one"), "{}", impossible.stderr);
}

#[test]
fn reports_are_files_for_their_owner_alone() {
    let (sandbox, server) = company();
    let arguments =
        "discover --drift --report csv=accounts.csv --report json=accounts.json --report html=a.html --report csv=-";
    let ended = sandbox.run(arguments).with(0);
    assert!(ended.stderr.contains("3 reports written: accounts.csv, accounts.json, a.html"), "{}", ended.stderr);
    assert!(ended.stderr.contains("Found: 10 users"), "the text goes to stderr: {}", ended.stderr);
    let csv = sandbox.read("accounts.csv");
    assert_eq!(csv, ended.stdout);
    assert!(csv.starts_with("\u{feff}objectType,id,name,"), "{csv}");
    assert!(csv.contains("'=cmd|' /C calc'!A0"), "no formula: {csv}");
    insta::assert_snapshot!("discover_csv", masked(&sandbox, &server, csv.trim_start_matches('\u{feff}')));
    let document: Value = serde_json::from_str(&sandbox.read("accounts.json")).unwrap();
    assert_eq!((&document["formatVersion"], &document["summary"]["gone"]), (&"1.0".into(), &1.into()));
    let page = sandbox.read("a.html");
    assert!(page.starts_with("<!doctype html>") && page.contains("svc-backup@contoso.com"), "{page}");
    sandbox.is_private(&["accounts.csv", "accounts.json", "a.html"]);
    for (report, expected) in [
        ("--report cvs=a", "there is no form `cvs`, did you mean `csv`?"),
        ("--report tap=a", "the forms are csv, json, html"),
        ("--report csv=nowhere/a.csv", "nowhere/a.csv can't be written"),
        ("--report csv=- --output json", "would both go to stdout"),
    ] {
        let ended = sandbox.run(&format!("discover {report}")).with(2);
        assert!(ended.stderr.contains(expected), "{report}: {}", ended.stderr);
    }
}

#[test]
fn programs_read_a_line_for_each_account() {
    let (sandbox, server) = company();
    let lines = sandbox.run("discover --output jsonl --page-size 4").with(0).json_lines();
    let kinds: Vec<_> = lines.iter().map(|line| line["type"].as_str().unwrap()).collect();
    let expected =
        [vec!["discoveryStarted"], vec!["listed"; 3], vec!["askedAgain"], vec!["account"; 11], vec!["discoveryEnded"]];
    assert_eq!(kinds, expected.concat());
    assert_eq!((&lines[0]["formatVersion"], &lines[0]["tenantUrl"]), (&"1.0".into(), &server.url.as_str().into()));
    assert_eq!((&lines[1]["done"], &lines[1]["total"]), (&4.into(), &10.into()));
    assert_eq!(lines.last().unwrap()["summary"]["accounts"], 10);
}

#[test]
fn no_config_is_needed() {
    let sandbox = Sandbox::empty();
    let server = served(&sandbox, &[account("ann@contoso.com", true), account("bob@contoso.com", false)]);
    let found = sandbox.run(&format!("discover --tenant-url {} --secret-token-env TOKEN", server.url)).with(0);
    let expected = "Unsorted (2) nobody can tell whose they are\n  ann@contoso.com  active\n  bob@contoso.com  inactive\n\n\
                    Found: 2 users at <url>: 2 unsorted.\n";
    assert_eq!(masked(&sandbox, &server, &found.stdout), expected);
    assert!(found.stderr.contains("without an export nobody can tell whose these accounts are"), "{}", found.stderr);
    let empty = Server::start();
    let found = sandbox.run(&format!("discover --tenant-url {} --secret-token-env TOKEN -q", empty.url)).with(0);
    assert!(found.stdout.starts_with("Found: 0 users at "), "{}", found.stdout);
}

#[test]
fn without_a_state_nothing_is_linked() {
    let sandbox = Sandbox::with_users(2, "embedded");
    let found = sandbox.run("discover --drift").with(0);
    assert!(found.stdout.starts_with("Found: 0 users at embedded"), "{}", found.stdout);
    assert!(!sandbox.path(".scimulate").exists(), "nothing is made");
    sandbox.run("run").with(0);
    let found = sandbox.run("discover --drift --output json").with(0).json();
    assert_eq!((&found["driftCheck"], &found["summary"]["linked"]), (&"compared".into(), &2.into()));
}

#[test]
fn a_list_that_breaks_off_is_an_error_and_leaves_no_file() {
    let sandbox = Sandbox::empty();
    let accounts: Vec<_> = (0..25).map(|number| account(&format!("a{number}"), true)).collect();
    let server = served(&sandbox, &accounts);
    let stub = Stub::before(&server, |_| Deed::Pass);
    let arguments = format!(
        "discover --tenant-url {} --secret-token-env TOKEN --page-size 10 --report csv=a.csv --report json=-",
        stub.url
    );
    let check = |code: i32, expected: &str, hint: &str| {
        let ended = sandbox.run(&arguments).with(code);
        assert!(ended.stderr.contains(expected) && ended.stderr.contains(hint), "{expected}: {}", ended.stderr);
        assert_eq!((ended.stdout.as_str(), sandbox.path("a.csv").exists()), ("", false), "{expected}");
        assert!(!ended.stderr.contains(TOKEN) && !ended.stderr.contains("isn't sorted"), "{}", ended.stderr);
    };
    let second = |deed: Deed| {
        stub.behave(move |seen| if seen.path.contains("startIndex=11") { deed.clone() } else { Deed::Pass });
    };
    second(Deed::Answer("500 Internal Server Error", "", "out of order".to_owned()));
    check(1, "the users from startIndex=11 on can't be listed: status 500: out of order", "try again later");
    second(Deed::PassAndCut);
    check(1, "the users from startIndex=11 on can't be listed: the connection was closed", "help: ");
    second(Deed::Answer("200 OK", "", "<html><title>Sign in</title></html>".to_owned()));
    check(1, "a web page came instead of JSON", "login");
    second(Deed::Answer("200 OK", "", r#"{"totalResults": 25, "Resources": []}"#.to_owned()));
    check(1, "isn't complete: `totalResults` is 25, but the list ends after 10", "try again");
    second(Deed::Answer("200 OK", "", r#"{"totalResults": 24, "Resources": [{"id": "x"}]}"#.to_owned()));
    check(1, "isn't complete: `totalResults` was 25 and is 24", "try again");
    stub.behave(|_| Deed::Answer("401 Unauthorized", "", String::new()));
    check(6, "the users can't be listed: status 401", "Generate a new token");
    stub.behave(|_| Deed::Answer("404 Not Found", "", String::new()));
    check(6, "the users can't be listed: status 404", "check the tenant URL");
    stub.behave(|_| Deed::Answer("400 Bad Request", "", r#"{"detail": "a filter is needed"}"#.to_owned()));
    check(1, "a filter is needed", "RFC 7644 section 3.4.2");
    stub.mend();
    sandbox.run(&arguments).with(0);
    assert_eq!(sandbox.read("a.csv").lines().count(), 26);
    sandbox.run("discover --tenant-url http://127.0.0.1:1/scim --secret-token-env TOKEN").with(6);
}

#[cfg(unix)]
fn interrupted(signal: &str) -> Option<i32> {
    let sandbox = Sandbox::empty();
    let accounts: Vec<_> = (0..25).map(|number| account(&format!("a{number}"), true)).collect();
    let server = served(&sandbox, &accounts);
    let stub = Stub::before(&server, |seen| if seen.path.contains("startIndex=11") { Deed::Held } else { Deed::Pass });
    let arguments = "--secret-token-env TOKEN --page-size 10 --report csv=a.csv -v";
    let mut run = sandbox.start(&format!("discover --tenant-url {} {arguments}", stub.url));
    until("it lists", || stub.count("GET") > 1);
    run.signal_heard(signal);
    stub.mend();
    let ended = run.wait();
    assert_eq!((ended.stdout.as_str(), sandbox.path("a.csv").exists()), ("", false));
    assert!(ended.stderr.contains("interrupted: nothing was written"), "{}", ended.stderr);
    ended.code
}

#[cfg(unix)]
#[test]
fn signals_end_it_with_nothing_told() {
    assert_eq!((interrupted("INT"), interrupted("TERM")), (Some(130), Some(143)));
}

#[test]
fn names_of_others_move_no_cursor() {
    let sandbox = Sandbox::empty();
    let server = served(&sandbox, &[account("ann\u{1b}[2J\u{202e}x", true)]);
    let found = sandbox.run(&format!("discover --tenant-url {} --secret-token-env TOKEN", server.url)).with(0);
    assert!(!found.stdout.contains(['\u{1b}', '\u{202e}']), "{:?}", found.stdout);
}

#[test]
fn what_goes_over_the_wire_is_recorded() {
    let (sandbox, server) = company();
    sandbox.run("discover --record recorded").with(0);
    let har =
        sandbox.tree("recorded").into_iter().find(|(path, _)| path.extension().is_some_and(|ending| ending == "har"));
    let har: Value = serde_json::from_slice(&har.unwrap().1).unwrap();
    let entries = har["log"]["entries"].as_array().unwrap();
    let methods: Vec<_> = entries.iter().map(|entry| entry["request"]["method"].as_str().unwrap()).collect();
    // The list, what is behind it, and the linked account that it lacks.
    assert_eq!(methods, ["GET"; 3]);
    let url = entries[0]["request"]["url"].as_str().unwrap();
    assert_eq!(url, format!("{}/Users?startIndex=1&count=100", server.url));
}

//! `check` against endpoints that are good and endpoints that aren't.

#![expect(clippy::unwrap_used, reason = "a test that can't be set up fails")]

use std::process::Command;

use serde_json::Value;

use crate::support::process::{Ended, Sandbox, Server, TOKEN, until};
use crate::support::stub::{Deed, Stub};

/// An endpoint of a profile with these faults.
fn serve(sandbox: &Sandbox, arguments: &str) -> Server {
    Server::start_in(sandbox, arguments)
}

fn arguments(url: &str, more: &str) -> String {
    format!("check --tenant-url {url} --secret-token-env TOKEN --load-seconds 1 {more}")
}

fn check(sandbox: &Sandbox, url: &str, more: &str) -> Ended {
    sandbox.run(&arguments(url, more))
}

/// Whether the endpoint has nobody any more.
#[track_caller]
fn is_empty(server: &Server, groups: bool) {
    assert_eq!(server.accounts(), Vec::<Value>::new());
    if groups {
        assert_eq!(server.resources("Groups"), Vec::<Value>::new());
    }
}

#[test]
fn the_built_in_endpoint_is_green_in_both_profiles() {
    let sandbox = Sandbox::empty();
    for (profile, flag) in [("wedo", ""), ("scim", ""), ("scim", "?aadOptscim062020")] {
        let server = serve(&sandbox, &format!("--profile {profile}"));
        let ended = check(&sandbox, &format!("{}{flag}", server.url), "").with(0);
        let last = ended.stdout.lines().last().unwrap();
        assert!(last.starts_with("Passed: ") && !last.contains("failed"), "{}", ended.stdout);
        assert!(ended.stdout.contains(&format!("mapping {profile} (")), "{}", ended.stdout);
        assert_eq!(ended.stderr, "");
        is_empty(&server, profile == "scim");
    }
}

#[test]
fn the_target_and_the_mapping_may_be_those_of_the_config() {
    let sandbox = Sandbox::with_users(1, "embedded");
    let document = sandbox.run("check --load-seconds 1 --output json").with(0).json();
    assert_eq!((&document["tenantUrl"], &document["mapping"]), (&"embedded".into(), &"wedo".into()));
    assert_eq!(document["leftovers"], Value::Array(Vec::new()));
    let server = serve(&sandbox, "--profile scim");
    let remote = Sandbox::with_users(1, &server.url);
    let document = remote.run("check --load-seconds 1 --output json --profile scim").with(0).json();
    assert_eq!((&document["mapping"], &document["passed"]), (&"scim".into(), &true.into()));
    is_empty(&server, true);
}

#[test]
fn what_fails_is_told_with_its_remedy_and_exit_code_7() {
    let sandbox = Sandbox::empty();
    let server = serve(&sandbox, "--profile scim --fault drop-attribute");
    let ended = check(&sandbox, &server.url, "--gallery --validator").with(7);
    for text in ["What to change: ", "With Microsoft's service: ", "users.create", "→ 20", "SCIM_User_Create"] {
        assert!(ended.stdout.contains(text), "{text}\n{}", ended.stdout);
    }
    assert!(ended.stdout.lines().last().unwrap().starts_with("Failed: "), "{}", ended.stdout);
}

#[test]
fn an_endpoint_that_is_away_or_refuses_is_exit_code_6() {
    let sandbox = Sandbox::empty();
    let away = check(&sandbox, "http://127.0.0.1:1/scim/v2", "").with(6);
    assert!(away.stdout.contains("Not reached: "), "{}", away.stdout);
    let server = Server::start();
    let refused = sandbox.command(&arguments(&server.url, "")).env("TOKEN", "another-token").output().unwrap();
    assert_eq!(refused.status.code(), Some(6));
    // Also where the connection itself isn't checked.
    let away = check(&sandbox, "http://127.0.0.1:1/scim/v2", "--only users.get").with(6);
    assert!(away.stdout.contains("nothing made") && away.stderr.is_empty(), "{}\n{}", away.stdout, away.stderr);
    let refused =
        sandbox.command(&arguments(&server.url, "--only users.get")).env("TOKEN", "another").output().unwrap();
    assert_eq!(refused.status.code(), Some(6));
    is_empty(&server, false);
}

#[test]
fn what_is_wrong_with_the_command_is_found_before_anything_is_sent() {
    let server = Server::start();
    let stub = Stub::before(&server, |_| Deed::Pass);
    let sandbox = Sandbox::empty();
    sandbox.write("broken.json", "{");
    sandbox.write("values.toml", "[users]\nuserNam = \"x\"\n");
    for (more, expected) in [
        ("--only connect.tsl", "there is no check `connect.tsl`, did you mean `connect.tls`?"),
        ("--skip nothing.like.that", "there is no check `nothing.like.that`"),
        ("--only connect --skip connect", "no check is left"),
        ("--report junit=nowhere/junit.xml", "nowhere/junit.xml can't be written"),
        ("--report html=.", ". can't be written"),
        ("--report junit=- --report tap=-", "--report tap=- and --report junit=- would both go to stdout"),
        ("--report junit=- --output json", "--report junit=- and --output json would both go to stdout"),
        ("--baseline none.json", "add --update-baseline to write what fails now to it"),
        ("--baseline broken.json", "the baseline isn't JSON: EOF"),
        ("--baseline nowhere/b.json --update-baseline", "nowhere/b.json can't be written"),
        ("--values values.toml --profile wedo", "the mapping has no attribute `userNam`"),
        ("--values none.toml", "the values can't be read"),
        ("--mapping none.json", "the mapping can't be read"),
        ("--record broken.json", "can't record to broken.json"),
    ] {
        let ended = check(&sandbox, &stub.url, more).with(2);
        assert!(ended.stderr.contains(expected), "{more}: {}", ended.stderr);
        assert_eq!(ended.stdout, "", "{more}");
    }
    let elsewhere = check(&sandbox, "https://scim.contoso.invalid/scim/v2", "").with(2);
    assert!(elsewhere.stderr.contains("which is on another machine"), "{}", elsewhere.stderr);
    assert!(elsewhere.stderr.contains("--yes") && elsewhere.stderr.contains("--read-only"), "{}", elsewhere.stderr);
    assert_eq!(stub.take_seen(), []);
    let left: Vec<_> = sandbox.tree("").into_keys().filter(|path| path.is_file()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn reading_checks_write_nothing() {
    let server = Server::start();
    let stub = Stub::before(&server, |_| Deed::Pass);
    let sandbox = Sandbox::empty();
    check(&sandbox, &stub.url, "--read-only").with(0);
    assert!(stub.take_seen().iter().all(|seen| seen.method == "GET"));
}

#[test]
fn reports_go_to_files_and_one_of_them_to_stdout() {
    let sandbox = Sandbox::empty();
    let server = serve(&sandbox, "--profile wedo");
    let files =
        "--report json=r.json --report tap=r.tap --report markdown=r.md --report html=r.html --report text=r.txt";
    let ended = check(&sandbox, &server.url, &format!("--only connect {files} --report junit=-")).with(0);
    assert!(ended.stdout.starts_with("<?xml") && ended.stdout.ends_with("</testsuites>\n"), "{}", ended.stdout);
    assert!(ended.stderr.contains("Passed: 4 passed"), "the text goes to stderr: {}", ended.stderr);
    assert!(ended.stderr.contains("5 reports written: r.json, r.tap, r.md, r.html, r.txt"), "{}", ended.stderr);
    let document: Value = serde_json::from_str(&sandbox.read("r.json")).unwrap();
    assert_eq!((&document["formatVersion"], &document["counts"]["passed"]), (&"1.0".into(), &4.into()));
    for (name, begins) in [
        ("r.tap", "TAP version 14\n1..4\n"),
        ("r.md", "## ✅ SCIM endpoint check: passed"),
        ("r.html", "<!doctype html>"),
        ("r.txt", &server.url),
    ] {
        assert!(sandbox.read(name).starts_with(begins), "{name}: {}", sandbox.read(name));
    }
    let quiet = check(&sandbox, &server.url, "--only connect --report junit=- --quiet").with(0);
    assert_eq!((quiet.stdout.starts_with("<?xml"), quiet.stderr.as_str()), (true, ""));
}

#[test]
fn programs_read_events_and_the_report_at_their_end() {
    let sandbox = Sandbox::empty();
    let server = serve(&sandbox, "--profile wedo");
    let lines = check(&sandbox, &server.url, "--only connect --output jsonl").with(0).json_lines();
    let kinds: Vec<_> = lines.iter().map(|line| line["type"].as_str().unwrap()).collect();
    let expected = ["begun", "started", "done", "started", "done", "started", "done", "started", "done", "report"];
    assert_eq!(kinds, expected);
    assert_eq!((&lines[0]["checks"], &lines[9]["verdict"]), (&4.into(), &"passed".into()));
}

#[test]
fn a_baseline_knows_what_fails_heals_and_is_new() {
    let sandbox = Sandbox::empty();
    let good = serve(&sandbox, "--profile scim");
    let bad = serve(&sandbox, "--profile scim --fault drop-attribute");
    let worse = serve(&sandbox, "--profile scim --fault drop-attribute --fault immutable-username");
    let text = |server: &Server, more: &str, code: i32| {
        let ended = check(&sandbox, &server.url, &format!("--baseline known.json --only users {more}")).with(code);
        let line = ended.stdout.lines().find(|line| line.starts_with("Baseline:")).unwrap().to_owned();
        (line, ended.stderr)
    };
    let (line, talk) = text(&bad, "--update-baseline", 0);
    assert!(line.contains("no new failure") && talk.contains("Baseline written: known.json"), "{line} {talk}");
    let known: Value = serde_json::from_str(&sandbox.read("known.json")).unwrap();
    assert!(known["known"]["users.create"].is_array(), "{known}");
    let (line, _) = text(&bad, "", 0);
    assert!(line.contains("no new failure") && line.contains("nothing healed"), "{line}");
    let (line, _) = text(&worse, "", 7);
    assert!(line.contains("new failure") && line.contains("users.patch.userName"), "{line}");
    let (line, _) = text(&good, "", 0);
    assert!(line.contains("healed: ") && line.contains("users.create"), "{line}");
    text(&good, "--update-baseline", 0);
    let known: Value = serde_json::from_str(&sandbox.read("known.json")).unwrap();
    assert_eq!(known["known"], Value::Object(serde_json::Map::new()));
    sandbox.write("known.json", r#"{"formatVersion": "1.0", "known": {"users.creat": ["x"]}}"#);
    let (_, talk) = text(&good, "", 0);
    assert!(talk.contains("there is no check `users.creat`, did you mean `users.create`?"), "{talk}");
}

#[test]
fn checks_are_listed_and_explained() {
    let sandbox = Sandbox::empty();
    let list = sandbox.run("check --list").with(0);
    assert!(list.stdout.lines().any(|line| line.starts_with("users.create ")), "{}", list.stdout);
    let document = sandbox.run("check --list --output json").with(0).json();
    assert_eq!(document["checks"].as_array().unwrap().len() + 1, list.stdout.lines().count());
    let page = sandbox.run("check --explain users.create").with(0);
    assert!(page.stdout.contains("What to change") && page.stdout.contains("SCIM_User_Create"), "{}", page.stdout);
    let document = sandbox.run("check --explain users.create --output json").with(0).json();
    assert_eq!((&document["id"], &document["family"]), (&"users.create".into(), &"users".into()));
    let unknown = sandbox.run("check --explain users.creat").with(2);
    assert!(unknown.stderr.contains("did you mean `users.create`?"), "{}", unknown.stderr);
}

#[test]
fn what_cannot_be_removed_is_told_on_stderr_too() {
    let server = Server::start();
    let stub = Stub::before(&server, |seen| match seen.method.as_str() {
        "DELETE" => Deed::Answer("500 Internal Server Error", "", "out of order".to_owned()),
        _ => Deed::Pass,
    });
    let sandbox = Sandbox::empty();
    let ended = check(&sandbox, &stub.url, "--only users.get --output json").with(0);
    let document = ended.json();
    let left = document["leftovers"].as_array().unwrap();
    assert_eq!((left.len(), server.accounts().len()), (1, 1));
    let name = left[0]["name"].as_str().unwrap();
    assert!(ended.stderr.contains("1 object couldn't be removed") && ended.stderr.contains(name), "{}", ended.stderr);
    let kept = check(&sandbox, &server.url, "--only users.get --keep").with(0);
    assert!(kept.stdout.contains("1 object is still there, as --keep asks"), "{}", kept.stdout);
    assert_eq!((server.accounts().len(), kept.stderr.as_str()), (2, ""));
}

/// Ends the checks while they change users; gives the exit code.
#[cfg(unix)]
fn interrupted(signal: &str) -> Option<i32> {
    let sandbox = Sandbox::empty();
    let server = serve(&sandbox, "--profile scim");
    let stub = Stub::holding("PATCH", &server);
    let report = "--report json=r.json --report junit=r.xml";
    let mut run = sandbox.start(&arguments(&stub.url, &format!("-v {report}")));
    until("something is changed", || stub.count("PATCH") > 0);
    assert!(!server.accounts().is_empty(), "there are users");
    run.signal_heard(signal);
    stub.mend();
    let ended = run.wait();
    is_empty(&server, true);
    assert!(ended.stdout.contains("Interrupted: "), "{}", ended.stdout);
    assert!(ended.stderr.contains("Interrupted: removing "), "{}", ended.stderr);
    let document: Value = serde_json::from_str(&sandbox.read("r.json")).unwrap();
    assert_eq!((&document["verdict"], &document["leftovers"]), (&"interrupted".into(), &Value::Array(Vec::new())));
    assert!(sandbox.read("r.xml").contains("the checks were interrupted before"));
    ended.code
}

#[cfg(unix)]
#[test]
fn after_ctrl_c_nothing_is_left() {
    assert_eq!(interrupted("INT"), Some(130));
}

#[cfg(unix)]
#[test]
fn after_sigterm_nothing_is_left() {
    assert_eq!(interrupted("TERM"), Some(143));
}

/// Holds everything that a command says and writes to being free of the token.
#[track_caller]
fn is_free_of_tokens(sandbox: &Sandbox, mut command: Command, code: i32) {
    let output = command.output().unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(!text.contains(TOKEN), "{text}");
    for (path, content) in sandbox.tree("") {
        let text = String::from_utf8_lossy(&content);
        assert!(!text.contains(TOKEN), "{}: {text}", path.display());
    }
}

#[test]
fn the_token_is_nowhere_to_be_seen() {
    let server = Server::start();
    // An endpoint that shouts whatever it was sent.
    let stub = Stub::before(&server, |seen| match seen.method.as_str() {
        "DELETE" | "PATCH" => {
            let detail = format!("{{\"detail\":\"refused: Bearer {TOKEN}\",\"status\":\"500\"}}");
            Deed::Answer("500 Internal Server Error", "Content-Type: application/scim+json\r\n", detail)
        }
        _ => Deed::Pass,
    });
    let sandbox = Sandbox::empty();
    let files = "--report json=r.json --report tap=r.tap --report markdown=r.md --report html=r.html --report text=r.txt \
                 --report junit=r.xml --baseline b.json --update-baseline --record recorded";
    let run = |more: &str, code: i32| is_free_of_tokens(&sandbox, sandbox.command(&arguments(&stub.url, more)), code);
    run(&format!("-vvv {files}"), 0);
    run("-vvv --output json", 7);
    stub.behave(|seen| match seen.method.as_str() {
        "POST" => Deed::Answer("400 Bad Request", "", seen.head.clone()),
        _ => Deed::Pass,
    });
    run("-vvv --output jsonl", 7);
    run("-vvv", 7);
    stub.behave(|seen| Deed::Answer("401 Unauthorized", "", seen.head.clone()));
    run(&format!("-vvv {files}"), 6);
    assert!(stub.take_seen().iter().any(|seen| seen.head.contains(TOKEN)), "it was sent");
}

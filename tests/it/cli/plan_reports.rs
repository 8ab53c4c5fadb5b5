//! `plan --report`: a page for a change request, a comment for a pull request, JSON.

use serde_json::Value;

use crate::support::process::{Sandbox, Server, TOKEN, until, user_name, users};
use crate::support::stub::{Deed, Stub};

const ALL: &str = "--report html=plan.html --report markdown=plan.md --report json=plan.json";

#[test]
fn a_plan_is_written_in_every_form() {
    let server = Server::start();
    let sandbox = Sandbox::with_users(3, &server.url);
    sandbox.run("run").with(0);
    sandbox.edit("users.csv", "Engineer", "Lead Engineer");
    let ended = sandbox.run(&format!("plan {ALL}")).with(0);
    assert!(ended.stderr.contains("3 reports written: plan.html, plan.md, plan.json"), "{}", ended.stderr);
    assert!(ended.stdout.contains("Plan: 0 to create, 3 to update"), "the text is printed as ever: {}", ended.stdout);
    let (html, markdown) = (sandbox.read("plan.html"), sandbox.read("plan.md"));
    for part in
        ["<h1>3 changes", "&quot;Engineer&quot;", "&quot;Lead Engineer&quot;", "PATCH &#x2f;Users&#x2f;", "incremental"]
    {
        assert!(html.contains(part), "{part}: {html}");
    }
    assert!(markdown.starts_with("## 📋 Provisioning plan: 3 changes\n"), "{markdown}");
    assert!(markdown.contains("  * `title`: `\"Engineer\" → \"Lead Engineer\"`\n"), "{markdown}");
    let host = server.url.strip_prefix("http://").unwrap();
    for (text, host) in [(&html, host.replace('/', "&#x2f;")), (&markdown, host.to_owned())] {
        assert!(text.contains(&host) && !text.contains(TOKEN), "{text}");
    }
    let document: Value = serde_json::from_str(&sandbox.read("plan.json")).unwrap();
    assert_eq!(document, sandbox.run("plan --output json").with(0).json());
}

#[test]
fn nobody_else_may_read_it() {
    let sandbox = Sandbox::with_users(1, "embedded");
    sandbox.write("plan.md", "of yesterday");
    sandbox.run(&format!("plan {ALL} --out plan.plan")).with(0);
    sandbox.is_private(&["plan.html", "plan.md", "plan.json", "plan.plan"]);
}

#[test]
fn one_goes_to_stdout_and_the_text_aside() {
    let sandbox = Sandbox::with_users(2, "embedded");
    let ended = sandbox.run("plan --offline --report markdown=-").with(0);
    assert!(ended.stdout.starts_with("## ") && ended.stdout.contains("Nothing was contacted"), "{}", ended.stdout);
    assert!(!ended.stdout.contains("Plan: "), "{}", ended.stdout);
    for part in [format!("+ {}  create: no account matches\n", user_name(1)), "\nPlan: 2 to create".to_owned()] {
        assert!(ended.stderr.contains(&part), "{part}: {}", ended.stderr);
    }
    let quiet = sandbox.run("plan --offline --report json=- --quiet").with(0);
    assert_eq!((quiet.json()["summary"]["create"].as_u64(), quiet.stderr.as_str()), (Some(2), ""));
}

#[test]
fn a_dry_run_has_them_too_and_no_other_run() {
    let sandbox = Sandbox::with_users(2, "embedded");
    sandbox.run("run --dry-run --report html=plan.html").with(0);
    assert!(sandbox.read("plan.html").contains("<h1>2 changes"));
    let ended = sandbox.run("run --report html=run.html").with(2);
    assert!(ended.stderr.contains("--dry-run") && !sandbox.path("run.html").exists(), "{}", ended.stderr);
}

#[test]
fn what_is_wrong_is_found_before_anything_is_asked() {
    let server = Server::start();
    let stub = Stub::before(&server, |_| Deed::Pass);
    let sandbox = Sandbox::with_users(1, &stub.url);
    for (more, expected) in [
        ("--report htm=a", "there is no form `htm`, did you mean `html`?"),
        ("--report junit=a", "there is no form `junit`; the forms are html, markdown, json"),
        ("--report plan.html", "write a form and a file, such as html=report.html"),
        ("--report html=nowhere/plan.html", "nowhere/plan.html can't be written"),
        ("--report html=- --output jsonl", "--report html=- and --output jsonl would both go to stdout"),
        ("--out nowhere/plan.json", "nowhere/plan.json can't be written"),
    ] {
        let ended = sandbox.run(&format!("plan {more}")).with(2);
        assert!(ended.stderr.contains(expected), "{more}: {}", ended.stderr);
    }
    assert_eq!(stub.take_seen(), []);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said_with_the_place() {
    let sandbox = Sandbox::with_users(1, "embedded");
    let ended = sandbox.run("plan --offline --report html=/dev/full").with(1);
    assert!(ended.stderr.contains("/dev/full can't be written") && ended.stderr.contains("No space left"), "{ended:?}");
}

#[cfg(unix)]
#[test]
fn a_plan_that_is_cut_off_leaves_what_was_there() {
    let server = Server::start();
    let stub = Stub::holding("GET", &server);
    let sandbox = Sandbox::with_users(20, &stub.url);
    sandbox.write("plan.html", "of yesterday");
    let plan = sandbox.start(&format!("plan {ALL}"));
    until("something is asked", || stub.count("GET") > 0);
    plan.signal("INT");
    plan.wait().with(130);
    stub.mend();
    assert_eq!(sandbox.read("plan.html"), "of yesterday");
    let names: Vec<_> = sandbox.tree("").into_keys().map(|path| path.display().to_string()).collect();
    assert!(!names.iter().any(|name| name.contains(".scimulate-") || name.ends_with("plan.md")), "{names:?}");
}

#[test]
fn what_is_held_back_and_what_was_warned_of_stands_in_them() {
    let sandbox = Sandbox::with_users(3, "embedded");
    sandbox.edit("scimulate.toml", "scope = \"all\"", "scope = \"all\"\nprevent_accidental_deletions = 1");
    sandbox.run("run").with(0);
    sandbox.write("users.csv", users(1..=1).replace(",preferredLanguage", "").replace(",de-CH", ""));
    let ended = sandbox.run(&format!("plan {ALL}")).with(0);
    let (html, markdown) = (sandbox.read("plan.html"), sandbox.read("plan.md"));
    for text in [&html, &markdown] {
        assert!(text.contains("2 disables and deletes would be held back, more than the 1 that"), "{text}");
        assert!(text.contains("The export has no column preferredLanguage"), "{text}");
    }
    assert!(ended.stderr.contains("no column preferredLanguage"), "said as ever: {}", ended.stderr);
    let quiet = sandbox.run("plan --report markdown=- --quiet").with(0);
    assert!(quiet.stdout.contains("no column preferredLanguage") && quiet.stderr.is_empty(), "{quiet:?}");
}

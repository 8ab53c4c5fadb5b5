//! The exit codes that scripts rely on, and the signals.

use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::support::process::{Sandbox, Server, until, user_id, user_name, users};
use crate::support::stub::{Deed, Seen, Stub};

#[test]
fn a_plan_says_by_its_code_whether_there_are_changes() {
    let sandbox = Sandbox::with_users(2, "embedded");
    sandbox.run("plan").with(0);
    sandbox.run("plan --detailed-exitcode").with(3);
    sandbox.run("run").with(0);
    sandbox.run("plan --detailed-exitcode").with(0);
    sandbox.run("plan --no-such-flag").with(2);
}

#[test]
fn objects_that_fail_are_told_by_the_code_and_tried_again() {
    let server = Server::start();
    let stub = Stub::before(&server, |seen| {
        let fails = seen.body.contains(&user_name(2));
        if fails { Deed::Answer("500 Internal Server Error", "", "out of order".to_owned()) } else { Deed::Pass }
    });
    let sandbox = Sandbox::with_users(3, &stub.url);
    let ended = sandbox.run("run").with(4);
    assert!(ended.stdout.contains("user2@contoso.com  failed: "), "{}", ended.stdout);
    assert_eq!(server.user_names(), [user_name(1), user_name(3)]);
    stub.mend();
    stub.take_seen();
    sandbox.run("run").with(0);
    assert_eq!(server.accounts().len(), 3);
    let sent: Vec<_> = stub.take_seen().into_iter().map(|seen| seen.method).collect();
    assert_eq!(sent, ["GET", "GET", "POST"], "the test query, then the one that failed");
}

#[test]
fn a_target_that_cannot_be_reached_or_refuses_is_told_apart() {
    let nobody = Sandbox::with_users(2, "http://127.0.0.1:1/scim/v2");
    for command in ["run", "plan", "test-connection"] {
        let ended = nobody.run(command).with(6);
        assert!(ended.stderr.contains("refused") || ended.stdout.contains("refused"), "{ended:?}");
    }
    let server = Server::start();
    let refused = Sandbox::with_users(2, &server.url);
    for command in ["run", "plan", "test-connection"] {
        let ended = refused.command(command).env("TOKEN", "another-token").output().unwrap();
        let text = String::from_utf8([ended.stdout, ended.stderr].concat()).unwrap();
        assert_eq!(ended.status.code(), Some(6), "{text}");
        assert!(text.contains("401"), "{text}");
    }
    // The failed test query put the job into quarantine, which `status` says.
    refused.run("status").with(5);
    refused.run("start").with(0);
    refused.run("run").with(0);
    refused.run("status").with(0);
}

/// Ends a run in its middle; gives the exit code. What was under way is finished, nothing is lost,
/// and the next run goes on from there.
fn interrupt(signal: &str) -> Option<i32> {
    const USERS: u32 = 60;
    let server = Server::start();
    let creations = AtomicUsize::new(0);
    let stub = Stub::before(&server, move |seen| match seen.method.as_str() {
        "POST" if creations.fetch_add(1, Ordering::SeqCst) >= 10 => Deed::Held,
        _ => Deed::Pass,
    });
    let sandbox = Sandbox::with_users(USERS, &stub.url);
    let mut run = sandbox.start("run -v");
    until("ten users are created, others are under way", || stub.count("POST") > 10);
    run.signal_heard(signal);
    stub.mend();
    let ended = run.wait();
    let begun = stub.count("POST");
    assert!(begun < 40, "it went on with {begun} of {USERS}");
    assert_eq!(server.accounts().len(), begun, "requests under way were finished");
    let linked = sandbox.run("status").with(0);
    assert!(linked.stdout.contains(&format!("{begun} linked")), "{}", linked.stdout);

    stub.mend();
    stub.take_seen();
    sandbox.run("run").with(0);
    assert_eq!(stub.count("POST") + begun, USERS as usize, "nobody is created twice");
    assert_eq!(server.accounts().len(), USERS as usize);
    ended.code
}

#[test]
fn ctrl_c_ends_a_run_in_good_order() {
    assert_eq!(interrupt("INT"), Some(130));
}

#[test]
fn sigterm_ends_a_run_in_good_order() {
    assert_eq!(interrupt("TERM"), Some(143));
}

#[test]
fn a_second_ctrl_c_ends_a_run_at_once() {
    let server = Server::start();
    let stub = Stub::holding("POST", &server);
    let sandbox = Sandbox::with_users(3, &stub.url);
    let mut run = sandbox.start("run -v");
    until("users are being created", || stub.count("POST") == 3);
    run.signal_heard("INT");
    let status = sandbox.run("status").with(0);
    let under_way = format!("a cycle is under way: process {}", run.id());
    assert!(status.stdout.contains(&under_way) && run.is_running(), "it waits for what is under way");
    run.signal("INT");
    run.wait().with(130);
    stub.mend();
}

/// What an endpoint answers that asks to wait for longer than any test does.
fn wait_please() -> Deed {
    Deed::Answer("429 Too Many Requests", "Retry-After: 30\r\n", String::new())
}

#[test]
fn a_signal_ends_the_wait_that_the_endpoint_asked_for() {
    let server = Server::start();
    let stub = Stub::before(&server, |seen| if seen.method == "POST" { wait_please() } else { Deed::Pass });
    let sandbox = Sandbox::with_users(1, &stub.url);
    sandbox.run("plan --out plan.json").with(0);
    for command in ["run", "apply plan.json", &format!("provision {}", user_name(1))] {
        stub.take_seen();
        let run = sandbox.start(command);
        until("a user is being created", || stub.count("POST") > 0);
        run.signal("TERM");
        let ended = run.wait().with(143);
        assert_eq!(stub.count("POST"), 1, "{command}");
        assert!(format!("{}{}", ended.stdout, ended.stderr).contains("status 429"), "{command}\n{}", ended.stdout);
        std::fs::remove_dir_all(sandbox.path(".scimulate")).unwrap();
    }
}

#[test]
fn a_signal_leaves_alone_who_waits_because_of_somebody_else() {
    let server = Server::start();
    let is_second_asked_for = AtomicBool::new(false);
    let behaviour = move |seen: &Seen| match seen.is_lookup() {
        true if seen.path.contains("user1%40") => {
            // Who comes after this answer waits with the look-up already.
            until("the second is looked up", || is_second_asked_for.load(Ordering::SeqCst));
            wait_please()
        }
        true => {
            is_second_asked_for.store(true, Ordering::SeqCst);
            Deed::Held
        }
        false => Deed::Pass,
    };
    let stub = Stub::before(&server, behaviour);
    let sandbox = Sandbox::with_users(2, &stub.url);
    let mut run = sandbox.start("run -vv --output jsonl");
    run.until_told("the target asks to wait");
    run.signal_heard("TERM");
    stub.mend();
    let ended = run.wait().with(143);
    assert_eq!(stub.count("POST"), 0);
    let told: Vec<_> = ended.json_lines().into_iter().filter(|line| line["type"] == "object").collect();
    assert_eq!(told.len(), 1, "{}", ended.stdout);
    let status = sandbox.run("status").with(0);
    assert!(status.stdout.contains("0 linked, 1 waiting after a failure"), "{}", status.stdout);
    sandbox.run("run").with(0);
    assert_eq!(server.user_names(), [user_name(1), user_name(2)]);
}

#[test]
fn a_signal_leaves_alone_who_waits_for_the_rate() {
    let server = Server::start();
    let stub = Stub::before(&server, |_| Deed::Pass);
    let sandbox = Sandbox::with_users(1, &stub.url);
    // The second request would be sent after a quarter of an hour.
    sandbox.edit("scimulate.toml", "rate = \"unlimited\"", "rate = 0.001");
    for command in ["run -vvv", &format!("provision -vvv {}", user_name(1))] {
        stub.take_seen();
        let mut run = sandbox.start(command);
        run.until_told("waiting for the rate");
        run.signal("TERM");
        run.wait().with(143);
        assert_eq!((stub.count("GET"), stub.count("POST")), (1, 0), "{command}");
        let status = sandbox.run("status").with(0);
        assert!(status.stdout.contains("0 linked, 0 waiting after a failure"), "{command}\n{}", status.stdout);
    }
}

#[test]
fn a_signal_during_the_test_query_puts_no_job_into_quarantine() {
    let server = Server::start();
    let stub = Stub::before(&server, |seen| if seen.is_test_query() { wait_please() } else { Deed::Pass });
    let sandbox = Sandbox::with_users(1, &stub.url);
    for command in ["run", "plan", &format!("provision {}", user_name(1))] {
        stub.take_seen();
        let run = sandbox.start(command);
        until("the test query is sent", || stub.count("GET") > 0);
        run.signal("TERM");
        run.wait().with(143);
        assert_eq!(stub.count("GET"), 1, "{command}");
        sandbox.run("status").with(0);
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let server = Server::start();
    let sandbox = Sandbox::with_users(30, &server.url);
    for arguments in ["plan --offline", "plan", "run", "run --output jsonl", "status", "man", "completions bash"] {
        let mut command = sandbox.command(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let ended = child.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(0), "{arguments}: {ended:?}");
        let stderr = String::from_utf8(ended.stderr).unwrap();
        assert!(!stderr.contains("error") && !stderr.contains("panic"), "{arguments}: {stderr}");
        if arguments == "run" {
            assert_eq!(server.accounts().len(), 30, "the work is done all the same");
            sandbox.write("users.csv", users(1..=31));
        }
    }
    assert_eq!(server.accounts().len(), 31);
}

/// A member who joins a group is a change, though no user or group is due.
#[test]
fn a_plan_in_which_only_references_change() {
    let sandbox = Sandbox::with_users(2, "embedded");
    sandbox.edit("scimulate.toml", "[source]", "[source]\ngroups = \"groups.csv\"\nmembers = \"members.csv\"");
    sandbox.edit("scimulate.toml", "scope = \"all\"", "scope = \"all\"\nmapping = \"scim\"");
    sandbox.write("groups.csv", "id,displayName\n5f3a0c1e-0000-4000-8000-0000000000a1,Design\n");
    let member = |number| format!("5f3a0c1e-0000-4000-8000-0000000000a1,{}\n", user_id(number));
    sandbox.write("members.csv", format!("groupId,memberId\n{}", member(1)));
    sandbox.run("run").with(0);
    sandbox.run("plan --detailed-exitcode").with(0);
    sandbox.write("members.csv", format!("groupId,memberId\n{}{}", member(1), member(2)));
    let plan = sandbox.run("plan --detailed-exitcode --only Design").with(3);
    assert!(
        plan.stdout.contains("member user2@contoso.com added") && plan.stdout.contains("1 reference to set"),
        "{plan:?}"
    );
    assert!(!plan.stderr.contains("nothing is due"), "{}", plan.stderr);
}

/// Objects that would fail are no "nothing to do".
#[test]
fn a_plan_in_which_objects_would_fail() {
    let sandbox = Sandbox::with_users(3, "embedded");
    sandbox.run("run").with(0);
    sandbox.run("plan --detailed-exitcode").with(0);
    for file in ["target.db", "target.db-wal", "target.db-shm"] {
        drop(std::fs::remove_file(sandbox.path(&format!(".scimulate/{file}"))));
    }
    sandbox.run("restart").with(0);
    assert!(sandbox.run("plan --detailed-exitcode").with(4).stdout.contains("3 failed"));
    sandbox.run("plan").with(0);
}

#[test]
fn a_plan_that_cannot_be_applied_still_gives_its_document() {
    let server = Server::start();
    let stub = Stub::before(&server, |_| Deed::Pass);
    let sandbox = Sandbox::with_users(1, &stub.url);
    sandbox.run("plan --out plan.json").with(0);
    stub.behave(|_| Deed::Answer("403 Forbidden", "", String::new()));
    let document = sandbox.run("apply plan.json --output json").with(6).json();
    let cycle = &document["cycles"][0];
    assert_eq!((&document["job"]["state"], &cycle["requests"]["GET"]), (&"quarantine".into(), &1.into()));
    assert!(cycle["quarantine"]["code"].is_string(), "{document:#}");
}

/// A program that reads JSON gets a document from a run that fails, too.
#[test]
fn a_failing_run_still_prints_its_document() {
    let sandbox = Sandbox::with_users(1, "http://127.0.0.1:1/scim/v2");
    // In quarantine for longer than four weeks, the job is disabled.
    for (now, state) in [("2026-03-01T00:00:00Z", "quarantine"), ("2026-04-15T00:00:00Z", "disabled")] {
        let document = sandbox.run(&format!("run --output json --now {now}")).with(6).json();
        assert_eq!(document["job"]["state"], state);
        let [cycle] = &document["cycles"].as_array().unwrap()[..] else { panic!("{document:#}") };
        assert_eq!((&cycle["completed"], &cycle["requests"]["GET"]), (&false.into(), &1.into()));
        let code = "SystemForCrossDomainIdentityManagementCredentialValidationUnavailable";
        assert_eq!(cycle["quarantine"]["code"], code);
    }
}

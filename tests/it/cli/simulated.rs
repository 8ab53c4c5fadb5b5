//! Virtual time: months of cycles without waiting, the same each time.

use serde_json::Value;

use crate::support::process::{Sandbox, users};

const NOW: &str = "2026-12-01T08:00:00Z";

/// Three people; a fourth comes on Wednesday, and the token runs out on Friday.
fn december(token_is_renewed: bool) -> Sandbox {
    let sandbox = Sandbox::with_users(3, "embedded");
    sandbox.edit("scimulate.toml", "[source]\n", "[source]\ntimeline = \"cycles\"\n");
    let config = sandbox.read("scimulate.toml");
    sandbox.write("scimulate.toml", format!("{config}\n[notification]\nemail = \"it@contoso.com\"\n"));
    sandbox.write("cycles/2026-12-02T12-00/users.csv", users(1..=4));
    sandbox.write("cycles/2026-12-04/target.json", r#"{ "faults": [{ "name": "token-expired" }] }"#);
    if token_is_renewed {
        sandbox.write("cycles/2026-12-08/target.json", "{}");
    }
    sandbox
}

fn simulate(sandbox: &Sandbox, flags: &str) -> crate::support::process::Ended {
    sandbox.run(&format!("run --simulate-clock --now {NOW} --until 2026-12-24 {flags}"))
}

#[test]
fn a_token_that_expires_on_friday() {
    let sandbox = december(false);
    let ended = simulate(&sandbox, "").with(5);
    insta::assert_snapshot!("token_expires", ended.stdout);
    assert_eq!(ended.stdout.matches("Notification to it@contoso.com").count(), 1, "once for each reason");
    let status = sandbox.run("status --output json").with(5).json();
    assert_eq!(status["job"]["state"], "quarantine");
    assert_eq!(status["job"]["status"]["quarantine"]["reason"], "EncounteredQuarantineException");
    assert_eq!(status["job"]["status"]["quarantine"]["nextAttempt"], "2026-12-24T18:00:00Z");
}

#[test]
fn a_quarantine_is_waited_for_before_the_first_cycle_too() {
    let sandbox = december(false);
    simulate(&sandbox, "").with(5);
    let again = |flags: &str| sandbox.run(&format!("run --simulate-clock --now 2026-12-24T08:00:00Z {flags}")).with(5);
    let too_late = again("--until 2026-12-24T17:59:59Z");
    assert!(too_late.stderr.contains("due at 2026-12-24T18:00:00Z"), "{}", too_late.stderr);
    let ended = again("--until 2026-12-24T18:00:00Z");
    assert!(ended.stdout.contains("1 cycle in virtual time until 2026-12-24T18:00:00Z"), "{}", ended.stdout);
    sandbox.write("cycles/2026-12-25/target.json", "{}");
    let out = sandbox.run("run --simulate-clock --now 2026-12-25T08:00:00Z --cycles 1").with(0);
    assert!(out.stdout.contains("2026-12-25T18:00:00Z\nThe job left quarantine.\n"), "{}", out.stdout);
}

#[test]
fn every_cycle_is_in_the_document_also_one_whose_test_query_failed() {
    let document = simulate(&december(true), "--output json").with(0).json();
    let cycles = document["cycles"].as_array().unwrap();
    let failed: Vec<_> = cycles.iter().filter(|cycle| !cycle["quarantine"].is_null()).collect();
    assert_eq!(failed[0]["completed"], false);
    assert_eq!(failed[0]["quarantine"]["code"], "SystemForCrossDomainIdentityManagementInvalidCredentials");
    assert_eq!(failed[0]["requests"]["GET"], 1);
    let told = simulate(&december(true), "").with(0).stdout;
    assert!(told.contains(&format!("\n{} cycles in virtual time", cycles.len())), "{told}");
    assert_eq!(told.matches("\nAttempt ").count(), failed.len());
}

#[test]
fn who_failed_in_an_earlier_cycle_and_still_waits_counts() {
    let sandbox = Sandbox::with_users(3, "embedded");
    sandbox.edit("scimulate.toml", "[source]\n", "[source]\ntimeline = \"cycles\"\n");
    let faults = r#"{"faults":[{"name":"refuse-create","users":["user1@contoso.com"]},{"name":"slow-600ms"}]}"#;
    sandbox.write("cycles/cycle-1/target.json", faults);
    let ended = sandbox.run(&format!("run --simulate-clock --now {NOW} --cycles 3")).with(4);
    assert!(ended.stdout.starts_with("2026-12-01T08:00:00Z\n"), "each stands below its beginning: {}", ended.stdout);
    assert!(ended.stdout.contains("3 cycles in virtual time"), "{}", ended.stdout);
    sandbox.write("cycles/cycle-4/target.json", "{}");
    let healed = sandbox.run("run --simulate-clock --now 2026-12-01T14:00:00Z --cycles 2").with(0);
    assert!(healed.stdout.contains("1 created"), "{}", healed.stdout);
}

#[test]
fn a_token_that_is_renewed_in_time() {
    let sandbox = december(true);
    let ended = simulate(&sandbox, "").with(0);
    assert!(ended.stdout.contains("2026-12-08T18:00:00Z\nThe job left quarantine.\n"), "{}", ended.stdout);
    assert!(ended.stdout.ends_with("The job is active.\n"), "{}", ended.stdout);
}

#[test]
fn the_same_each_time() {
    let lines = |_| simulate(&december(true), "--output jsonl").with(0).stdout;
    let [first, second] = [0, 1].map(lines);
    assert!(first.lines().count() > 1_000, "every cycle is in the stream");
    assert_eq!(first, second);
    let at = |line: &str| serde_json::from_str::<Value>(line).expect("JSON")["at"].as_str().map(str::to_owned);
    assert!(first.lines().filter_map(at).is_sorted(), "time goes forwards");
}

#[test]
fn a_job_disabled_by_too_many_failures_says_why() {
    let sandbox = Sandbox::with_users(4, "embedded");
    sandbox.edit("scimulate.toml", "[source]\n", "[source]\ntimeline = \"cycles\"\n");
    let config = sandbox.read("scimulate.toml");
    let limits = "min_failures = 3\ndisable_after = \"5d\"\n";
    sandbox.write("scimulate.toml", format!("{config}\n[quarantine]\n{limits}"));
    sandbox.write("cycles/2026-12-02/users.csv", users(1..=4).replace("Engineer", "Chief"));
    sandbox.write("cycles/2026-12-02/target.json", r#"{ "faults": [{ "name": "500", "methods": ["PATCH"] }] }"#);
    let ended = simulate(&sandbox, "").with(5);
    assert!(ended.stdout.ends_with("The job is disabled.\n"), "{}", ended.stdout);
    let told = sandbox.run("status").with(5).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let expected = "in quarantine for too long: EncounteredEscrowProportionThreshold: ";
    assert!(told.contains(expected), "{told}");
}

#[test]
fn cycle_by_cycle() {
    let sandbox = Sandbox::with_users(2, "embedded");
    sandbox.edit("scimulate.toml", "[source]\n", "[source]\ntimeline = \"cycles\"\n");
    sandbox.write("cycles/cycle-2/users.csv", users(1..=3));
    sandbox.write("cycles/cycle-3/target.json", r#"{ "faults": [{ "name": "503", "methods": ["GET"] }] }"#);
    sandbox.write("cycles/cycle-4/target.json", "{}");
    let run = sandbox.run(&format!("run --simulate-clock --now {NOW} --cycles 3 --output json")).with(5).json();
    let created: Vec<_> =
        run["cycles"].as_array().expect("cycles").iter().map(|of| of["summary"]["create"].clone()).collect();
    assert_eq!(created, [2, 1, 0]);
    // The next run goes on with the fourth cycle, once the quarantine lets it.
    let held = sandbox.run(&format!("run --now {NOW}")).with(5);
    assert!(held.stderr.contains("quarantine"), "{}", held.stderr);
    sandbox.run("run --simulate-clock --cycles 1 --now 2026-12-01T10:00:00Z").with(0);
}

#[test]
fn a_cycle_that_never_began_is_not_counted() {
    let sandbox = Sandbox::with_users(2, "embedded");
    sandbox.edit("scimulate.toml", "[source]\n", "[source]\ntimeline = \"cycles\"\n");
    sandbox.write("cycles/cycle-3/users.csv", "userPrincipalName\nuser1@contoso.com\n");
    let ended = sandbox.run(&format!("run --simulate-clock --now {NOW} --cycles 5")).with(2);
    assert!(ended.stdout.contains("\n2 cycles in virtual time until "), "{}", ended.stdout);
    assert!(ended.stderr.contains("cycle-3/users.csv"), "{}", ended.stderr);
}

#[test]
fn faults_hold_for_every_command() {
    let sandbox = Sandbox::with_users(1, "embedded");
    sandbox.edit("scimulate.toml", "[source]\n", "[source]\ntimeline = \"cycles\"\n");
    sandbox.write("cycles/2026-12-04/target.json", r#"{ "faults": [{ "name": "token-expired" }] }"#);
    sandbox.write("cycles/2026-12-11/target.json", "{}");
    for command in ["plan", "provision user1@contoso.com"] {
        for (now, code) in [("2026-12-03", 0), ("2026-12-04", 6), ("2026-12-11", 0)] {
            sandbox.run(&format!("{command} --now {now}T08:00:00Z")).with(code);
        }
    }
    sandbox.write("cycles/2026-12-11/target.json", r#"{ "Users": [{ "userName": "somebody" }] }"#);
    let wrong = sandbox.run("plan --now 2026-12-11T08:00:00Z").with(2);
    assert!(wrong.stderr.contains("in a timeline only `faults` count"), "{}", wrong.stderr);
}

#[test]
fn where_virtual_time_makes_no_sense() {
    let remote = Sandbox::with_users(1, "https://api.wedo.example/scim/v2");
    let refused = simulate(&remote, "").with(2);
    assert!(refused.stderr.contains("virtual time can't pass for an endpoint outside"), "{}", refused.stderr);
    let endless = Sandbox::with_users(1, "embedded").run("run --simulate-clock").with(2);
    assert!(endless.stderr.contains("--until INSTANT or --cycles N"), "{}", endless.stderr);
    let sandbox = december(false);
    sandbox.write("cycles/2026-12-04/target.json", r#"{ "faults": [{ "name": "token-expird" }] }"#);
    let wrong = simulate(&sandbox, "").with(2);
    assert!(wrong.stderr.contains("token-expired") && wrong.stderr.contains("target.json"), "{}", wrong.stderr);
    assert!(wrong.stdout.contains("created"), "what ran before is told");
}

#[test]
fn an_end_that_is_over_runs_no_cycle() {
    let check = |flags: &str| {
        let sandbox = Sandbox::with_users(1, "embedded");
        let refused = sandbox.run(flags).with(2);
        assert!(refused.stderr.contains("--until 2020-01-01T00:00:00Z is over"), "{flags}: {}", refused.stderr);
        assert!(!sandbox.path(".scimulate").exists(), "nothing is made");
    };
    check("run --until 2020-01-01");
    check("run --interval 1s --until 2020-01-01T00:00:00Z");
    check("run --simulate-clock --now 2020-01-01T00:00:01Z --until 2020-01-01");
    let last = "run --simulate-clock --now 2020-01-01T00:00:00Z --until 2020-01-01";
    assert!(Sandbox::with_users(1, "embedded").run(last).with(0).stdout.contains("1 cycle in virtual time"));
}

#[test]
fn what_every_export_lacks_is_said_once() {
    let sandbox = Sandbox::with_users(2, "embedded");
    sandbox.edit("scimulate.toml", "[source]\n", "[source]\ntimeline = \"cycles\"\n");
    let lacking = |numbers| users(numbers).replace("preferredLanguage", "faxNumber");
    sandbox.write("users.csv", lacking(1..=2));
    sandbox.write("cycles/cycle-2/users.csv", lacking(1..=3));
    let ended = sandbox.run(&format!("run --simulate-clock --now {NOW} --cycles 2")).with(0);
    assert_eq!(ended.stderr.matches("no column preferredLanguage").count(), 1, "{}", ended.stderr);
}

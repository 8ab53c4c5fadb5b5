//! The job's levers: start, pause, restart, links, allow-deletes, and what status says of them.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::support::process::{Ended, Sandbox, Server, until, user_id, user_name, users};
use crate::support::stub::{Deed, Stub};

/// Changes the state behind the program's back.
fn sql(sandbox: &Sandbox, batch: &str) {
    let state = rusqlite::Connection::open(sandbox.path(".scimulate/test.db")).expect("the state is there");
    state.execute_batch(batch).expect("SQL that fits the state");
}

fn job(sandbox: &Sandbox, code: i32) -> Value {
    sandbox.run("status --output json").with(code).json()["job"].take()
}

/// Waits until a run's first cycle has ended and the next one is to come.
fn until_the_first_cycle_ended(sandbox: &Sandbox) {
    until("the first cycle ended", || {
        let status = sandbox.run("status --output json").json();
        status["cycles"][0]["completed"] == true && status["job"]["nextCycle"] != Value::Null
    });
}

/// A job that lets no deletion through; after its first cycle so many users stay and one left.
fn somebody_left(staying: u32) -> Sandbox {
    let sandbox = Sandbox::with_users(staying + 1, "embedded");
    let config = sandbox.read("scimulate.toml");
    sandbox.write("scimulate.toml", config + "prevent_accidental_deletions = 0\n");
    sandbox.run("run").with(0);
    sandbox.write("users.csv", users(1..=staying));
    sandbox
}

#[track_caller]
fn assert_fits(ended: &Ended) {
    for line in ended.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn a_status_fits_a_terminal() {
    let server = Server::start();
    let sandbox = Sandbox::with_users(2, &server.url);
    sandbox.edit("scimulate.toml", "[source]", "[source]\ntenant_id = \"99999999-aaaa-4000-8000-000000000003\"");
    sandbox.run("run").with(0);
    let status = sandbox.run("status").with(0);
    assert!(status.stdout.contains("\n  tenant 99999999-aaaa-4000-8000-000000000003\n"), "{}", status.stdout);
    assert_fits(&status);
}

#[test]
fn a_paused_job_runs_no_cycle_until_it_is_started() {
    let sandbox = Sandbox::with_users(2, "embedded");
    sandbox.run("run").with(0);
    sandbox.run("pause").with(0);
    sandbox.run("run").with(5);
    assert!(sandbox.run("start").with(0).stderr.contains("The job is active"));
    sandbox.run("run").with(0);
    let document = sandbox.run("pause --output json").with(0).json();
    assert_eq!(document["job"]["state"], "paused");
    assert_eq!(document["job"]["name"], "test");
    assert!(sandbox.run("pause").with(0).stderr.contains("paused already"));
    sandbox.write("users.csv", users(1..=3));
    let refused = sandbox.run("run").with(5);
    assert!(
        refused.stderr.contains("the job is paused") && refused.stderr.contains("`scimulate start`"),
        "{refused:?}"
    );
    let paused = job(&sandbox, 5);
    assert_eq!((&paused["schedule"]["state"], &paused["status"]["code"]), (&json!("Paused"), &json!("Paused")));
    assert_eq!(paused["nextCycle"], Value::Null);
    assert_eq!(sandbox.run("start --output json").with(0).json()["job"]["state"], "active");
    assert!(sandbox.run("start").with(0).stderr.contains("active already"));
    assert!(sandbox.run("run").with(0).stdout.contains("1 created"), "it goes on from the watermark");
}

#[test]
fn a_pause_lets_the_cycle_under_way_end() {
    let server = Server::start();
    let stub = Stub::holding("POST", &server);
    let sandbox = Sandbox::with_users(4, &stub.url);
    let run = sandbox.start("run");
    until("it writes", || stub.count("POST") > 0);
    until("it tells how far it is", || job(&sandbox, 0)["status"]["progress"] != json!([]));
    let progress = job(&sandbox, 0)["status"]["progress"][0].take();
    assert_eq!((&progress["totalUnits"], &progress["units"]), (&json!(4), &json!("objects")));
    let human = sandbox.run("status").with(0);
    assert!(human.stdout.contains("of 4 objects done"), "{}", human.stdout);
    assert_fits(&human);
    assert!(sandbox.run("pause").with(0).stderr.contains("the cycle that is under way ends first"));
    stub.mend();
    run.wait().with(0);
    assert_eq!(server.accounts().len(), 4);
    assert_eq!(job(&sandbox, 5)["state"], "paused");
}

#[test]
fn a_start_while_a_cycle_is_under_way_is_refused() {
    let server = Server::start();
    let stub = Stub::holding("POST", &server);
    let sandbox = Sandbox::with_users(2, &stub.url);
    let run = sandbox.start("run");
    until("it writes", || stub.count("POST") > 0);
    assert!(sandbox.run("start").with(0).stderr.contains("active already"), "nothing would change");
    sandbox.run("pause").with(0);
    let refused = sandbox.run("start").with(8);
    assert!(refused.stderr.contains(&format!("process {} (", run.id())), "{}", refused.stderr);
    assert_eq!(refused.stdout, "");
    stub.mend();
    run.wait().with(0);
    assert_eq!(job(&sandbox, 5)["state"], "paused");
    sandbox.run("start").with(0);
    assert_eq!(job(&sandbox, 0)["state"], "active");
}

#[test]
fn a_start_of_a_mistyped_job_makes_no_state() {
    let sandbox = Sandbox::with_users(1, "embedded");
    let document = sandbox.run("start --job tset --output json").with(0);
    assert_eq!(document.json()["job"], json!({"id": null, "name": "tset", "state": "not-run"}));
    assert!(document.stderr.contains("The job \"tset\" has not run yet, and nothing holds it"), "{}", document.stderr);
    assert!(!sandbox.path(".scimulate").exists());
}

#[test]
fn a_restart_of_a_mistyped_job_makes_no_state() {
    let sandbox = Sandbox::with_users(1, "embedded");
    let ended = sandbox.run("restart --job tset --reset-scope Full --output json").with(0);
    let document = json!({"formatVersion": "1.0", "job": {"id": null, "state": "not-run"}, "resetScope": "Full"});
    assert_eq!(ended.json(), document);
    assert!(ended.stderr.contains("The job \"tset\" has not run yet"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("restarts"), "{}", ended.stderr);
    assert!(!sandbox.path(".scimulate").exists());
}

#[test]
fn a_restart_reads_no_export() {
    let sandbox = Sandbox::with_users(1, "embedded");
    sandbox.run("run").with(0);
    let id = job(&sandbox, 0)["id"].take();
    sandbox.write("users.csv", "this is no list of users\n");
    let restarted = sandbox.run("restart --output json").with(0).json();
    assert_eq!(restarted["job"], json!({"id": id, "state": "active"}));
}

#[test]
fn a_run_of_many_cycles_sees_what_others_do_in_between() {
    let sandbox = Sandbox::with_users(2, "embedded");
    let mut run = sandbox.start("run --cycles 1000 --interval 200ms");
    let count = |condition: &str| -> i64 {
        let select = format!("SELECT count(*) FROM cycle WHERE completed AND {condition}");
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE;
        let state = rusqlite::Connection::open_with_flags(sandbox.path(".scimulate/test.db"), flags);
        state.and_then(|state| state.query_row(&select, [], |row| row.get(0))).unwrap_or(0)
    };
    until("cycles without a change end", || count("kind = 'incremental'") > 1);
    sandbox.run("restart").with(0);
    until("a cycle is initial again", || count("kind = 'initial'") > 1);
    let ended = count("true");
    until("another one ends", || count("true") > ended);
    assert!(run.is_running());
    sandbox.run("pause").with(0);
    let ended = run.wait().with(5);
    assert!(ended.stderr.contains("the job is paused"), "{ended:?}");
}

#[test]
fn a_quarantined_job_waits_for_its_next_attempt() {
    let server = Server::start();
    let stub = Stub::before(&server, |_| Deed::Answer("401 Unauthorized", "", "no".to_owned()));
    let sandbox = Sandbox::with_users(2, &stub.url);
    sandbox.run("run").with(6);
    stub.take_seen();
    let refused = sandbox.run("run").with(5);
    assert!(stub.take_seen().is_empty(), "nothing is sent");
    let next = job(&sandbox, 5)["status"]["quarantine"]["nextAttempt"].as_str().unwrap().to_owned();
    for part in ["EncounteredQuarantineException", &next[..16], "`scimulate start`"] {
        assert!(refused.stderr.contains(part), "{part}: {}", refused.stderr);
    }
    let quarantined = job(&sandbox, 5);
    let status = &quarantined["status"];
    assert_eq!((&status["code"], &quarantined["schedule"]["state"]), (&json!("Quarantine"), &json!("Active")));
    assert_eq!(status["quarantine"]["reason"], "EncounteredQuarantineException");
    assert_eq!(status["quarantine"]["seriesCount"], 1);
    assert_eq!(status["lastExecution"]["state"], "Failed");
    assert_eq!(status["lastExecution"]["error"]["code"], status["quarantine"]["error"]["code"]);
    assert_eq!(status["lastSuccessfulExecution"], Value::Null);
    assert_eq!(quarantined["nextCycle"], json!(next));
    let human = sandbox.run("status").with(5);
    assert!(human.stdout.contains("1 attempt so far, the next is due at "), "{}", human.stdout);
    assert_fits(&human);

    // A clock that jumped back doesn't hold the job for years.
    sql(&sandbox, "UPDATE job SET next_attempt = next_attempt + 86400000000 * 365");
    sandbox.run("run").with(6);
    assert_eq!(job(&sandbox, 5)["status"]["quarantine"]["seriesCount"], 2);
    sql(&sandbox, "UPDATE job SET next_attempt = state_since");
    stub.mend();
    sandbox.run("run").with(0);
    assert_eq!(job(&sandbox, 0)["status"]["quarantine"], Value::Null);

    stub.behave(|_| Deed::Answer("401 Unauthorized", "", "no".to_owned()));
    sandbox.run("run").with(6);
    stub.mend();
    assert!(sandbox.run("start").with(0).stderr.contains("The quarantine is lifted"));
    sandbox.run("run").with(0);
}

#[test]
fn a_run_with_an_interval_waits_for_the_attempt_of_a_quarantined_job() {
    let server = Server::start();
    let stub = Stub::before(&server, |_| Deed::Answer("401 Unauthorized", "", "no".to_owned()));
    let sandbox = Sandbox::with_users(2, &stub.url);
    sandbox.write("scimulate.toml", sandbox.read("scimulate.toml") + "\n[quarantine]\nfirst_interval = \"3s\"\n");
    sandbox.run("run").with(6);
    stub.mend();
    assert!(sandbox.run("run --interval 24h --cycles 1").with(0).stdout.contains("2 created"));
}

#[test]
fn a_restart_forgets_what_it_is_told_to() {
    let server = Server::start();
    let stub = Stub::before(&server, |_| Deed::Pass);
    let sandbox = Sandbox::with_users(3, &stub.url);
    sandbox.run("run").with(0);
    let wrong = sandbox.run("restart --reset-scope Watermark,Escrow").with(2);
    assert!(wrong.stderr.contains("did you mean Escrows?"), "{}", wrong.stderr);
    sandbox.run("pause").with(0);
    let none = sandbox.run("restart --reset-scope none --output json").with(0);
    assert_eq!((&none.json()["job"]["state"], &none.json()["resetScope"]), (&json!("active"), &json!("None")));
    assert!(none.stderr.contains("goes on from the watermark"), "{}", none.stderr);
    let default = sandbox.run("restart --output json").with(0).json();
    assert_eq!(default["resetScope"], "Escrows,Watermark,QuarantineState");
    assert_eq!(job(&sandbox, 0)["linked"], 3);
    let full = sandbox.run("restart --reset-scope Full").with(0);
    assert!(full.stderr.contains("Links are forgotten"), "{}", full.stderr);
    assert_eq!((&job(&sandbox, 0)["linked"], &job(&sandbox, 0)["watermark"]), (&json!(0), &Value::Null));
    stub.take_seen();
    sandbox.run("run").with(0);
    assert!(stub.take_seen().iter().all(|seen| seen.method == "GET"), "everyone is matched again");

    sql(
        &sandbox,
        "UPDATE job SET state = 'quarantine', state_reason = 'A', state_message = 'b', state_since = 1, state_attempts = 1, next_attempt = 1",
    );
    let kept = sandbox.run("restart --reset-scope Watermark").with(0);
    assert!(kept.stderr.contains("stays in quarantine"), "{}", kept.stderr);
    sandbox.run("restart").with(0);
    sandbox.run("status").with(0);
}

#[test]
fn links_are_shown_and_deleted() {
    let sandbox = Sandbox::with_users(3, "embedded");
    sandbox.run("links get nobody").with(2);
    assert!(sandbox.run("links list").with(0).stderr.contains("Nothing is linked."));
    assert!(sandbox.run("links delete nobody").with(0).stderr.contains("Nothing is linked"));
    assert!(!sandbox.path(".scimulate").exists(), "a mistyped job makes no state");
    sandbox.run("run").with(0);
    let list = sandbox.run("links list --output json").with(0).json();
    let names: Vec<_> = list["links"].as_array().unwrap().iter().map(|link| link["name"].clone()).collect();
    assert_eq!(names, [1, 2, 3].map(|number| json!(user_name(number))));
    assert_eq!(sandbox.run("links list --groups --output json").with(0).json()["links"], json!([]));
    assert_eq!(sandbox.run("links list --users").with(0).stdout.lines().count(), 3);

    let link = &list["links"][1];
    for name in [&user_name(2), &user_id(2).to_uppercase(), link["targetId"].as_str().unwrap()] {
        assert_eq!(sandbox.run(&format!("links get {name} --output json")).with(0).json()["links"], json!([link]));
    }
    let human = sandbox.run("links get USER2@contoso.com").with(0).stdout;
    assert!(human.starts_with("User  user2@contoso.com  "), "{human}");

    let delete = format!("links delete {}", user_name(2));
    let refused = sandbox.run(&delete).with(5);
    assert!(refused.stderr.contains("the job is active") && refused.stderr.contains("scimulate pause"), "{refused:?}");
    sandbox.run("pause").with(0);
    assert_eq!(sandbox.run(&format!("{delete} --output json")).with(0).json()["deleted"], json!([link]));
    let again = sandbox.run(&delete).with(0);
    assert!(again.stderr.contains("Nothing is linked that is called \"user2@contoso.com\""), "{}", again.stderr);
    sql(&sandbox, "UPDATE object SET name = 'twins'");
    assert!(sandbox.run("links delete twins").with(2).stderr.contains("name one of them by its id"));
    sandbox.run("start").with(0);
    let run = sandbox.run("run").with(0);
    assert!(run.stdout.contains("0 created") && run.stdout.contains("1 unchanged"), "it is matched again: {run:?}");
    assert_eq!(job(&sandbox, 0)["linked"], 3);
}

#[test]
fn deletions_that_are_held_back_are_allowed() {
    let sandbox = Sandbox::with_users(30, "embedded");
    assert!(sandbox.run("allow-deletes").with(0).stderr.contains("No deletion is held back."));
    sandbox.run("run").with(0);
    assert!(sandbox.run("allow-deletes --expect 0").with(0).stderr.contains("No deletion is held back."));
    sandbox.run("allow-deletes --expect 1").with(2);
    sql(
        &sandbox,
        "UPDATE object SET staged_since = 1772000000000000 WHERE name != 'user1@contoso.com';
         UPDATE job SET state = 'quarantine', state_reason = 'TooManyDeletes', state_message = '29 of 30',
                        state_since = 1772000000000000, state_attempts = 1, next_attempt = unixepoch() * 1000000 + 9000000000",
    );
    let held = sandbox.run("status").with(5);
    assert!(held.stdout.contains("29 deletions held back since 2026-02-25T06:13:20Z"), "{}", held.stdout);
    assert!(held.stdout.contains("`scimulate allow-deletes`"), "{}", held.stdout);
    assert_fits(&held);
    let wrong = sandbox.run("allow-deletes --expect 28").with(2);
    assert!(wrong.stderr.contains("29 deletions held back, not 28"), "{}", wrong.stderr);
    assert!(wrong.stderr.contains("user10@contoso.com") && wrong.stderr.contains("… and 9 more"), "{}", wrong.stderr);
    assert_eq!(job(&sandbox, 5)["allowed"], 0);
    sandbox.run("run").with(5);
    assert!(sandbox.run("allow-deletes --until 2020-01-01").with(2).stderr.contains("is over"));
    sandbox.run("allow-deletes --until soon").with(2);

    let allowed = sandbox.run("allow-deletes --until 9000-01-31 --expect 29 --output json").with(0);
    assert!(allowed.stderr.contains("Allowed until 9000-01-31T23:59:59Z, for the next cycle: 29"), "{allowed:?}");
    let document = allowed.json();
    assert_eq!(document["allowed"].as_array().unwrap().len(), 29);
    assert_eq!(document["allowed"][0]["name"], "user10@contoso.com");
    let status = job(&sandbox, 5);
    assert_eq!((&status["staged"], &status["allowed"]), (&json!(29), &json!(29)));
    assert!(sandbox.run("status").with(5).stdout.contains("allowed until 9000-01-31T23:59:59Z"));
    sandbox.run("run").with(0);
}

#[test]
fn the_document_has_the_shape_of_graph() {
    let sandbox = Sandbox::with_users(3, "embedded");
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let before = job(&sandbox, 0);
    sandbox.run("run --cycles 2").with(0);
    let after = job(&sandbox, 0);
    assert_eq!(keys(&before), keys(&after), "the keys are always there");
    assert_eq!(keys(&before["status"]), keys(&after["status"]));
    assert_eq!((&before["status"]["code"], &after["status"]["code"]), (&json!("NotRun"), &json!("Active")));
    assert_eq!(after["schedule"], json!({"expiration": null, "interval": "PT40M", "state": "Active"}));
    assert_eq!(after["templateId"], "wedo");
    let counts = json!([{"key": "User", "value": 3}, {"key": "Group", "value": 0}]);
    assert_eq!(after["status"]["synchronizedEntryCountByType"], counts);
    let last = |which: &str| {
        let run = &after["status"][which];
        (run["countExported"].clone(), run["countImported"].clone(), run["state"].clone())
    };
    assert_eq!(last("lastExecution"), (json!(0), json!(0), json!("Succeeded")));
    assert_eq!(last("lastSuccessfulExecution"), last("lastExecution"));
    assert_eq!(last("lastSuccessfulExecutionWithExports"), (json!(3), json!(3), json!("Succeeded")));
}

#[test]
fn a_first_cycle_that_was_cut_off_has_run() {
    let server = Server::start();
    let stub = Stub::holding("POST", &server);
    let sandbox = Sandbox::with_users(40, &stub.url);
    let run = sandbox.start("run --output json");
    until("it writes", || stub.count("POST") > 0);
    assert_eq!(job(&sandbox, 0)["state"], "active", "under way");
    run.signal("TERM");
    stub.mend();
    assert_eq!(run.wait().with(143).json()["job"]["state"], "active");
    let cut = job(&sandbox, 0);
    assert_eq!((&cut["state"], &cut["status"]["code"]), (&json!("active"), &json!("Active")));
    assert_eq!(cut["watermark"], Value::Null);
}

#[cfg(unix)]
#[test]
fn a_signal_ends_a_run_that_waits() {
    let sandbox = Sandbox::with_users(2, "embedded");
    let run = sandbox.start("run --interval 40m --output json");
    until_the_first_cycle_ended(&sandbox);
    run.signal("TERM");
    let ended = run.wait().with(143).json();
    assert_eq!(ended["job"]["state"], "active");
    assert_eq!(ended["cycles"].as_array().map(Vec::len), Some(1));
    let kept = job(&sandbox, 0);
    assert_eq!((&kept["state"], &kept["linked"]), (&json!("active"), &json!(2)));
    sandbox.run("plan --detailed-exitcode").with(0);
}

#[test]
fn a_pause_between_two_cycles_ends_the_run() {
    let sandbox = Sandbox::with_users(2, "embedded");
    let run = sandbox.start("run --interval 2s --output json");
    until_the_first_cycle_ended(&sandbox);
    sandbox.run("pause").with(0);
    let begun = sandbox.run("status --output json").with(5).json()["cycles"].as_array().map(Vec::len);
    let ended = run.wait().with(5);
    assert_eq!(ended.json()["job"]["state"], "paused");
    assert_eq!(ended.json()["cycles"].as_array().map(Vec::len), begun, "none begins after the pause");
}

#[test]
fn a_quarantine_may_last_longer_than_a_day_at_a_time() {
    let server = Server::start();
    let stub = Stub::before(&server, |_| Deed::Answer("401 Unauthorized", "", "no".to_owned()));
    let sandbox = Sandbox::with_users(1, &stub.url);
    let config = sandbox.read("scimulate.toml");
    sandbox.write("scimulate.toml", config + "\n[quarantine]\nfirst_interval = \"3d\"\nlongest_interval = \"7d\"\n");
    sandbox.run("run").with(6);
    stub.take_seen();
    sandbox.run("run").with(5);
    assert!(stub.take_seen().is_empty(), "nothing is sent for three days");
}

#[test]
fn what_a_cycle_did_before_the_token_was_refused_is_told() {
    let server = Server::start();
    let is_refused = AtomicBool::new(false);
    let stub = Stub::before(&server, move |seen| {
        let refuse = match seen.method.as_str() {
            "POST" => seen.body.contains(&user_name(3)),
            "GET" => seen.is_test_query() && is_refused.load(Ordering::Relaxed),
            _ => false,
        };
        if refuse {
            is_refused.store(true, Ordering::Relaxed);
            return Deed::Answer("401 Unauthorized", "", "no".to_owned());
        }
        Deed::Pass
    });
    let sandbox = Sandbox::with_users(4, &stub.url);
    sandbox.edit("scimulate.toml", "rate = \"unlimited\"\n", "rate = \"unlimited\"\nconcurrency = 1\n");
    let ended = sandbox.run("run --output json").with(6).json();
    let cycle = &ended["cycles"][0];
    assert_eq!(cycle["completed"], false);
    assert!(cycle["summary"]["create"].as_u64() >= Some(2), "{ended}");
    assert_eq!(ended["job"]["state"], "quarantine");
}

#[test]
fn what_holds_a_job_names_the_lever_that_frees_it() {
    let sandbox = somebody_left(3);
    let held = sandbox.run("run").with(5);
    assert!(held.stderr.contains("1 account would be disabled or deleted, more than the 0 allowed"), "{}", held.stderr);
    let refused = sandbox.run("run").with(5);
    assert!(refused.stderr.contains("`scimulate allow-deletes` lets them through"), "{}", refused.stderr);
    let refused = sandbox.run("links delete user1@contoso.com").with(5);
    assert!(refused.stderr.contains("the job is in quarantine: links"), "{}", refused.stderr);
    sandbox.run("plan --out p.json").with(0);
    sandbox.run("apply p.json").with(5);
    sandbox.run("start").with(0);
    sandbox.run("plan --out p.json").with(0);
    let applied = sandbox.run("apply p.json").with(5);
    assert!(applied.stdout.contains("1 held back"), "{}", applied.stdout);
}

#[test]
fn allowing_deletions_of_a_paused_job_names_the_lever_that_frees_it() {
    let sandbox = somebody_left(3);
    sandbox.run("run").with(5);
    assert!(!sandbox.run("allow-deletes").with(0).stderr.contains("scimulate start"));
    sandbox.run("pause").with(0);
    let allowed = sandbox.run("allow-deletes").with(0);
    let hint = "The job is paused; `scimulate start` makes it active again.";
    assert!(allowed.stderr.contains(hint), "{}", allowed.stderr);
}

#[test]
fn a_job_that_has_not_run_is_not_paused() {
    let sandbox = Sandbox::with_users(1, "embedded");
    let refused = sandbox.run("pause --job tset").with(2);
    for part in ["the job \"tset\" has not run yet", "nothing to pause", "check --job and --state"] {
        assert!(refused.stderr.contains(part), "{part}: {}", refused.stderr);
    }
    assert!(!sandbox.path(".scimulate").exists(), "nothing is made");
}

#[test]
fn a_run_that_waits_in_quarantine_goes_on_once_deletions_are_allowed() {
    let sandbox = somebody_left(2);
    let run = sandbox.start("run --cycles 2 --interval 1s");
    until("it is held back", || sandbox.run("status --output json").json()["job"]["staged"] == 1);
    until("it waits", || {
        sandbox.run("allow-deletes --expect 1");
        sandbox.run("status --output json").json()["job"]["staged"] == 0
    });
    assert!(run.wait().with(0).stdout.contains("1 disabled"));
}

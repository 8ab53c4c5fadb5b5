//! Killing the process at any moment leaves a state from which the next run converges.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use crate::support::process::{Sandbox, Server, until, user_name, users};
use crate::support::stub::{Deed, Stub};

const USERS: u32 = 300;

/// Kills runs when so many requests with this method have arrived, all runs together.
fn kill_at(moments: &[usize], method: &str, sandbox: &Sandbox, stub: &Stub) -> usize {
    let mut struck = 0;
    for moment in moments {
        let mut run = sandbox.start("run");
        until("the moment has come", || stub.count(method) >= *moment || !run.is_running());
        run.signal("KILL");
        struck += usize::from(run.wait().code.is_none());
        // What the endpoint has received it will do, killed or not.
        stub.wait_until_idle();
    }
    struck
}

/// Ascending numbers that look random, the same every time.
fn moments(mut seed: u64, count: usize, below: u64) -> Vec<usize> {
    let mut next = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((seed >> 33) % below).expect("a small number")
    };
    let mut moments: Vec<_> = (0..count).map(|_| next()).collect();
    moments.sort_unstable();
    moments
}

#[test]
fn killed_runs_converge_without_a_duplicate() {
    let server = Server::start();
    let stub = Stub::before(&server, |_| Deed::Pass);
    let sandbox = Sandbox::with_users(USERS, &stub.url);

    let struck = kill_at(&moments(1, 6, 270), "POST", &sandbox, &stub);
    assert!(struck >= 5, "only {struck} runs were killed in their middle");
    sandbox.run("run").with(0);
    let mut created: BTreeMap<String, u32> = BTreeMap::new();
    for seen in stub.take_seen().into_iter().filter(|seen| seen.method == "POST") {
        let body: serde_json::Value = serde_json::from_str(&seen.body).unwrap();
        *created.entry(body["userName"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    created.retain(|_, count| *count != 1);
    assert!(created.is_empty(), "created more than once: {created:?}");
    check_converged(&sandbox, &stub, &server, USERS);

    // The incremental cycle: 80 users change, 20 are new.
    let text = users(1..=USERS + 20);
    let promoted: Vec<_> = text
        .lines()
        .enumerate()
        .map(|(number, line)| if number % 4 == 1 { line.replace("Engineer", "Lead") } else { line.to_owned() })
        .collect();
    sandbox.write("users.csv", promoted.join("\n") + "\n");
    let struck = kill_at(&moments(2, 6, 60), "PATCH", &sandbox, &stub);
    assert!(struck >= 5, "only {struck} runs were killed in their middle");
    sandbox.run("run").with(0);
    check_converged(&sandbox, &stub, &server, USERS + 20);
    let leads = server.accounts().iter().filter(|account| account["title"] == "Lead").count();
    assert_eq!(leads, promoted.iter().filter(|line| line.contains("Lead")).count());
}

/// Everyone is there once, everyone is linked, and one more run has nothing to do.
fn check_converged(sandbox: &Sandbox, stub: &Stub, server: &Server, users: u32) {
    let mut expected: Vec<_> = (1..=users).map(user_name).collect();
    expected.sort();
    assert_eq!(server.user_names(), expected);
    stub.take_seen();
    let ended = sandbox.run("run").with(0);
    assert!(ended.stdout.starts_with("Incremental cycle: 0 created, 0 updated"), "{}", ended.stdout);
    let sent = stub.take_seen();
    assert!(sent.len() == 1 && sent[0].is_test_query(), "{sent:?}");
}

#[test]
fn the_built_in_endpoint_survives_with_the_state() {
    let sandbox = Sandbox::with_users(USERS, "embedded");
    for moment in moments(3, 4, 300) {
        let run = sandbox.start("run");
        thread::sleep(Duration::from_millis(moment.try_into().unwrap()));
        run.signal("KILL");
        run.wait();
    }
    sandbox.run("run").with(0);
    let idle = sandbox.run("run --output json").with(0).json();
    assert_eq!(idle["cycles"][0]["requests"], serde_json::json!({"GET": 1, "POST": 0, "PATCH": 0, "DELETE": 0}));
    let server = Server::start_in(&sandbox, "--data .scimulate/target.db");
    let mut expected: Vec<_> = (1..=USERS).map(user_name).collect();
    expected.sort();
    assert_eq!(server.user_names(), expected);
}

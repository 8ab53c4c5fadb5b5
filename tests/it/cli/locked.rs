//! Two runs of one job at once.

use crate::support::process::{Sandbox, Server, until, user_name, users};
use crate::support::stub::{Deed, Stub};

#[test]
fn the_second_run_says_who_holds_the_lock_or_waits() {
    let server = Server::start();
    let stub = Stub::holding("POST", &server);
    let sandbox = Sandbox::with_users(4, &stub.url);
    let first = sandbox.start("run --no-progress");
    until("the first run writes", || stub.count("POST") > 0);

    let status = sandbox.run("status").with(0);
    assert!(status.stdout.contains(&format!("a cycle is under way: process {}", first.id())), "{}", status.stdout);
    // Reading is always possible.
    sandbox.run("plan --out plan.json").with(0);
    let provision = format!("provision {}", user_name(1));
    let waits = ["run", &provision];
    for command in waits.into_iter().chain(["restart", "apply plan.json", "allow-deletes"]) {
        let second = sandbox.run(command).with(8);
        let holder = format!("process {} (", first.id());
        assert!(second.stderr.contains(&holder), "{}", second.stderr);
        assert!(second.stderr.contains("scimulate run --no-progress), since "), "{}", second.stderr);
        assert!(second.stderr.contains("wait for it or stop it"), "{}", second.stderr);
        // Only what the command understands is advised.
        let advised = second.stderr.contains("--lock-timeout");
        assert_eq!(advised, waits.contains(&command), "{command}\n{}", second.stderr);
        assert_eq!(second.stdout, "");
    }

    let mut waiting = sandbox.start("run -v --lock-timeout 5m");
    let mut impatient = sandbox.start("run -v --lock-timeout 5m");
    for run in [&mut waiting, &mut impatient] {
        run.until_told("waiting for the job's lock");
    }
    impatient.signal("INT");
    impatient.wait().with(130);
    stub.mend();
    first.wait().with(0);
    waiting.wait().with(0);
    assert_eq!((stub.count("POST"), server.accounts().len()), (4, 4));
}

#[test]
fn jobs_of_one_config_do_not_hold_each_other_up() {
    let server = Server::start();
    let stub = Stub::before(&server, |_| Deed::Pass);
    let sandbox = Sandbox::with_users(1, &stub.url);
    sandbox.run("run --job other").with(0);
    sandbox.write("users.csv", users(1..=2));
    stub.take_seen();
    stub.hold("POST");
    let mut first = sandbox.start("run");
    until("the first run writes", || stub.count("POST") > 0);
    sandbox.run("plan --job other").with(0);
    sandbox.run("restart --job other").with(0);
    assert!(first.is_running());
    stub.mend();
    first.wait().with(0);
}

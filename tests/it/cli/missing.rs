//! An export that lacks too much of what was known never deprovisions anyone.

use crate::support::process::{Sandbox, Server, user_id, users};
use crate::support::stub::{Deed, Stub};

#[test]
fn an_export_that_lacks_too_much_stops_the_run() {
    let server = Server::start();
    let stub = Stub::before(&server, |_| Deed::Pass);
    let sandbox = Sandbox::with_users(20, &stub.url);
    sandbox.run("run").with(0);
    let accounts = server.accounts();
    let state = sandbox.tree(".scimulate");
    sandbox.write("users.csv", users(1..=5));
    for command in ["plan", "run", "run --accept-missing 14"] {
        stub.take_seen();
        let ended = sandbox.run(command).with(2);
        insta::allow_duplicates! {
            insta::assert_snapshot!("lacks_too_much", ended.stderr);
        }
        assert_eq!(ended.stdout, "");
        let sent = stub.take_seen();
        assert!(sent.len() == 1 && sent[0].is_test_query(), "{sent:?}");
        assert!(sandbox.tree(".scimulate") == state, "{command}: the state changed");
    }
    assert_eq!(server.accounts(), accounts);

    let ended = sandbox.run("run --accept-missing 15").with(0);
    assert!(ended.stdout.contains("15 disabled"), "{}", ended.stdout);
    let active = server.accounts().iter().filter(|account| account["active"] == true).count();
    assert_eq!((server.accounts().len(), active), (20, 5));
}

#[test]
fn a_few_leavers_are_no_reason_to_stop() {
    let sandbox = Sandbox::with_users(20, "embedded");
    sandbox.run("run").with(0);
    sandbox.write("users.csv", users(1..=11));
    let ended = sandbox.run("run").with(0);
    assert!(ended.stdout.contains("9 disabled"), "{}", ended.stdout);
}

#[test]
fn a_list_without_anybody_stops_the_run_however_short_it_was() {
    let sandbox = Sandbox::with_users(3, "embedded");
    sandbox.run("run").with(0);
    sandbox.write("users.csv", users(1..1));
    let ended = sandbox.run("run").with(2);
    assert!(
        ended.stderr.contains("lacks 3 of 3 users") && ended.stderr.contains("--accept-missing 3"),
        "{}",
        ended.stderr
    );
    assert!(sandbox.run("run --accept-missing 3").with(0).stdout.contains("3 disabled"));
}

/// A row that is there and can't be used is nobody's leaving.
#[test]
fn nobody_is_disabled_because_rows_cannot_be_used() {
    let server = Server::start();
    let sandbox = Sandbox::with_users(5, &server.url);
    sandbox.run("run").with(0);
    let good = sandbox.read("users.csv");
    let without_id = good.replace(&user_id(2), "");
    sandbox.write("users.csv", without_id);
    let ended = sandbox.run("run -v").with(0);
    assert!(
        ended.stdout.contains("0 disabled") && ended.stdout.contains("left alone until they are mended"),
        "{}",
        ended.stdout
    );
    assert!(server.accounts().iter().all(|account| account["active"] == true));
    // Mended, it goes on where it was: somebody who has really left is disabled then.
    let rest = users([1, 3, 4, 5]);
    sandbox.write("users.csv", rest);
    assert!(sandbox.run("run").with(0).stdout.contains("1 disabled"));
    sandbox.write("users.csv", good);
    assert!(sandbox.run("run").with(0).stdout.contains("1 updated"));
}

/// A first run against a mistyped URL binds nothing.
#[test]
fn a_mistyped_tenant_url_can_be_corrected() {
    let server = Server::start();
    let sandbox = Sandbox::with_users(2, "http://127.0.0.1:1/scim/v2");
    sandbox.run("run").with(6);
    sandbox.edit("scimulate.toml", "http://127.0.0.1:1/scim/v2", &server.url);
    sandbox.run("run").with(0);
    assert_eq!(server.accounts().len(), 2);
    sandbox.edit("scimulate.toml", &server.url, "http://127.0.0.1:1/scim/v2");
    sandbox.run("run").with(2);
}

//! An export that lacks too much of what was known never deprovisions anyone.

use crate::support::process::{Sandbox, Server, users};
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

//! A job with a history.

use super::process::{Sandbox, Server, user_name};
use super::stub::{Deed, Stub};

/// A cycle in which one user is created, one is refused and one is skipped; then one with an update, and the
/// refusal again.
pub(crate) fn two_cycles() -> (Sandbox, Stub) {
    let server = Server::start();
    let stub = Stub::before(&server, |seen| {
        if seen.method == "POST" && seen.body.contains(&user_name(2)) {
            Deed::Answer("409 Conflict", "", "{\"detail\":\"there is one already\"}".to_owned())
        } else {
            Deed::Pass
        }
    });
    let sandbox = Sandbox::with_users(3, &stub.url);
    // One after the other, so that the order is fixed.
    let config = sandbox.read("scimulate.toml");
    sandbox.write("scimulate.toml", config.replacen("[target]\n", "[target]\nconcurrency = 1\n", 1));
    sandbox.edit("users.csv", &format!("{},Engineer,True", user_name(3)), &format!("{},Engineer,False", user_name(3)));
    sandbox.run("run").with(4);
    sandbox.edit("users.csv", &format!("{},Engineer", user_name(1)), &format!("{},Chief", user_name(1)));
    sandbox.run("run").with(4);
    drop(server);
    (sandbox, stub)
}

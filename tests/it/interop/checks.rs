//! What `check` says about servers of others: each line was confirmed by hand as true. `tests/peers/README.md` tells what
//! these servers do differently.

use std::fmt::Write as _;

use serde_json::Value;

use super::peer::{Peer, TOKEN};
use crate::support::process::Sandbox;

#[test]
fn a_strict_server_in_both_dialects() {
    check(&Peer { name: "scim2-server", base: "/v2", flags: "" });
}

#[test]
fn a_server_that_takes_no_texts_for_booleans() {
    check(&Peer { name: "scimmy", base: "/scim/v2", flags: "?aadOptscim062020" });
}

fn check(peer: &Peer) {
    let Some(server) = peer.start() else { return };
    let sandbox = Sandbox::empty();
    std::fs::write(sandbox.path("token"), TOKEN).expect("a file in the sandbox");
    let url = format!("http://127.0.0.1:{}{}{}", server.port, peer.base, peer.flags);
    let arguments = format!("check --tenant-url {url} --secret-token-file token --skip load --output json");
    let report: Value = serde_json::from_str(&sandbox.run(&arguments).with(7).stdout).expect("a report");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut lines = String::new();
    for result in report["results"].as_array().expect("a list of results") {
        for finding in result["findings"].as_array().into_iter().flatten() {
            let (severity, cause) = (text(&finding["severity"]), text(&finding["cause"]));
            writeln!(lines, "{severity} {}: {cause}", text(&result["id"])).expect("a text takes whatever is written");
        }
        if result["skipped"]["kind"] == "blocked" {
            writeln!(lines, "blocked {}: {}", text(&result["id"]), text(&result["skipped"]["by"])).expect("a text");
        }
    }
    assert_eq!(report["leftovers"], Value::Array(Vec::new()));
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(peer.name, lines) });
}

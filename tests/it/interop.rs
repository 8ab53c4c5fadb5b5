//! Whole cycles against SCIM servers of others: the program as a process, a server as a process,
//! nothing shared but the wire. `tests/peers` says which servers.
//!
//! A server that can't be installed here is skipped with the reason; with
//! `SCIMULATE_INTEROP=required` that is a failure.

mod checks;
mod conformance;
mod groups;
mod mail;
mod peer;

use std::fs;
use std::process::Output;

use peer::{Peer, Server};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::support::{self, Fixture};

/// Strict, in memory. Deviations that this meets: HTTP/1.0, the connection closed after each answer;
/// every PATCH is answered 204 without a body. One that it doesn't meet: `Add` with the path
/// `emails[type eq "work"].value` is refused with `noTarget` where there is no such value, which RFC
/// 7644 section 3.5.2.1 doesn't ask for. Nobody in Contoso gains a first `mail`, so both sides converge.
#[test]
fn scim2_server_converges_in_the_older_dialect() {
    converge(&Peer { name: "scim2-server", base: "/v2", flags: "" });
}

/// Deviations that this meets: no `Location`, relative `meta.location`; filters on `userName` tell
/// case apart while its uniqueness doesn't; 204 only if a PATCH changed nothing. It refuses booleans
/// in strings, as RFC 7643 section 2.3.2 allows, so it is no target for the older dialect.
#[test]
fn scimmy_converges_in_the_compliant_dialect() {
    converge(&Peer { name: "scimmy", base: "/scim/v2", flags: "?aadOptscim062020" });
}

/// Thiago (unassigned), Tenzin (left the group), İbrahim (sign-in blocked), Friederike (recycle bin).
const DISABLED: [&str; 4] = [
    "thiago.goncalves@contoso.com",
    "tenzin.dolma@contoso.com",
    "ibrahim.sahin@contoso.com",
    "friederike.grossmann@contoso.com",
];

/// The three cycles of Contoso, then everything once more without the state.
fn converge(peer: &Peer) {
    let Some(server) = peer.start() else { return };
    let job = Job::new(peer, &server);

    // Who is created, changed and disabled, and why, is told in fixtures/contoso/README.md.
    let created = job.cycle();
    assert_eq!(created["kind"], "initial");
    expect(&created, &json!({ "create": 46, "update": 0, "disable": 0, "delete": 0, "failed": 0 }));
    sent(&created, &json!({ "POST": 46, "PATCH": 0, "DELETE": 0 }));
    assert_eq!(server.users(), 46);
    let selina = server.user("selina.kaelin@contoso.com").expect("Selina has an account");

    job.fixture.go_to_cycle(2);
    let changed = job.cycle();
    assert_eq!(changed["kind"], "incremental");
    expect(&changed, &json!({ "create": 4, "update": 2, "disable": 4, "delete": 0, "failed": 0 }));
    sent(&changed, &json!({ "POST": 4, "PATCH": 6, "DELETE": 0 }));
    assert_eq!(server.users(), 50);
    let renamed = server.user("selina.hofstetter@contoso.com").expect("Selina has a new name");
    assert_eq!((&renamed["id"], &renamed["name"]["familyName"]), (&selina["id"], &json!("Hofstetter")));
    assert_eq!(renamed["emails"][0]["value"], "selina.hofstetter@contoso.com");
    for name in DISABLED {
        assert_eq!(server.active(name), Some(false), "{name} is disabled");
    }

    let idle = job.cycle();
    sent(&idle, &json!({ "GET": 1, "POST": 0, "PATCH": 0, "DELETE": 0 }));

    job.fixture.go_to_cycle(3);
    let returned = job.cycle();
    expect(&returned, &json!({ "create": 0, "update": 2, "disable": 0, "delete": 1, "failed": 0 }));
    sent(&returned, &json!({ "POST": 0, "PATCH": 2, "DELETE": 1 }));
    assert_eq!(server.users(), 49);
    for (name, active) in DISABLED.into_iter().zip([Some(true), Some(false), Some(true), None]) {
        assert_eq!(server.active(name), active, "{name} in cycle 3");
    }

    job.forget();
    let again = job.cycle();
    assert_eq!(again["kind"], "initial");
    expect(&again, &json!({ "create": 0, "update": 0, "disable": 0, "delete": 0, "failed": 0 }));
    sent(&again, &json!({ "POST": 0, "PATCH": 0, "DELETE": 0 }));
    // Everyone in scope was found: one query each, and the test query.
    assert_eq!(again["requests"]["GET"], 1 + 48);
    assert_eq!(again["summary"]["unchanged"], 48);
    assert_eq!(server.users(), 49);
}

/// Contoso, pointed at a server.
struct Job {
    fixture: Fixture,
}

impl Job {
    fn new(peer: &Peer, server: &Server) -> Self {
        let fixture = Fixture::copy("contoso");
        let config = fixture.folder().join("scimulate.toml");
        let text = fs::read_to_string(&config).expect("a readable config");
        let url = format!("http://127.0.0.1:{}{}{}", server.port, peer.base, peer.flags);
        fs::write(fixture.folder().join("token"), peer::TOKEN).expect("a written token");
        let target = format!("[target]\ntenant_url = \"{url}\"\nsecret_token_file = \"token\"\nrate = \"unlimited\"\n");
        assert!(!text.contains("[target]"), "the fixture has a target of its own");
        fs::write(&config, format!("{text}\n{target}")).expect("a written config");
        Self { fixture }
    }

    /// One cycle, as `run --output json` tells it.
    fn cycle(&self) -> Value {
        let mut report = support::json(&self.run());
        let cycles = report["cycles"].as_array_mut().expect("a list of cycles");
        assert_eq!(cycles.len(), 1);
        cycles.remove(0)
    }

    fn run(&self) -> Output {
        let mut command = support::scimulate();
        command.args(["run", "--output", "json"]).current_dir(self.fixture.folder());
        command.output().expect("scimulate runs")
    }

    /// Removes the state.
    fn forget(&self) {
        fs::remove_dir_all(self.fixture.folder().join(".scimulate")).expect("a state to remove");
    }
}

#[track_caller]
fn expect(cycle: &Value, summary: &Value) {
    assert_eq!(&picked(&cycle["summary"], summary), summary, "{cycle}");
}

#[track_caller]
fn sent(cycle: &Value, requests: &Value) {
    assert_eq!(&picked(&cycle["requests"], requests), requests, "{cycle}");
}

/// Those members of `from` that `like` has.
fn picked(from: &Value, like: &Value) -> Value {
    like.as_object().expect("an object").keys().map(|key| (key.clone(), from[key].clone())).collect()
}

impl Server {
    /// How many users it holds.
    fn users(&self) -> u64 {
        self.get("/Users?count=1")["totalResults"].as_u64().expect("a number")
    }

    fn user(&self, name: &str) -> Option<Value> {
        let filter = format!("userName eq \"{name}\"");
        let found = self.get(&format!("/Users?filter={}", utf8_percent_encode(&filter, NON_ALPHANUMERIC)));
        found["Resources"].as_array().and_then(|resources| resources.first().cloned())
    }

    /// Whether the account may be used; `None` if there is no account.
    fn active(&self, name: &str) -> Option<bool> {
        self.user(name).map(|user| user["active"].as_bool().expect("a boolean"))
    }

    fn get(&self, path: &str) -> Value {
        let path = format!("{}{path}", self.base);
        support::get_json(self.port, &path, peer::TOKEN).unwrap_or_else(|error| panic!("{path}: {error}"))
    }
}

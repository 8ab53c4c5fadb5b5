//! Groups, memberships and managers at servers of others, every write read back.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::peer::{self, Peer, Server};
use super::{expect, sent};
use crate::support::process::Sandbox;

/// What a server refuses of references, each with a part of what it says.
#[derive(Clone, Copy)]
struct Refusals {
    /// A manager as a text, the only way in which the service writes one; RFC 7643 section 4.3 has an object.
    manager: &'static str,
    /// A `Remove` of members with a list of values, as in the older dialect; RFC 7644 section 3.5.2.2 has a filter in
    /// the path.
    removal: Option<&'static str>,
    /// How many members it has twice when they are added again.
    repeated: usize,
}

#[test]
fn scim2_server_keeps_groups_in_the_older_dialect() {
    let removal = Some("a remove operation carries no value");
    let refusals = Refusals { manager: "Input should be a valid dictionary", removal, repeated: 0 };
    converge(&Peer { name: "scim2-server", base: "/v2", flags: "" }, refusals);
}

#[test]
fn scim2_server_keeps_groups_in_the_compliant_dialect() {
    let refusals = Refusals { manager: "Input should be a valid dictionary", removal: None, repeated: 0 };
    converge(&Peer { name: "scim2-server", base: "/v2", flags: "?aadOptscim062020" }, refusals);
}

#[test]
fn scimmy_keeps_groups_in_the_compliant_dialect() {
    let manager = "expected complex value but found type 'string'";
    let refusals = Refusals { manager, removal: None, repeated: 2 };
    converge(&Peer { name: "scimmy", base: "/scim/v2", flags: "?aadOptscim062020" }, refusals);
}

const USERS: &str = "id,userPrincipalName,displayName,givenName,surname,accountEnabled,jobTitle,department\n\
    5f3a0c1e-0000-4000-8000-000000000001,ana.costa@contoso.com,Ana Costa,Ana,Costa,True,Lead,R&D\n\
    5f3a0c1e-0000-4000-8000-000000000002,ben.okafor@contoso.com,Ben Okafor,Ben,Okafor,True,Engineer,R&D\n\
    5f3a0c1e-0000-4000-8000-000000000003,cleo.marti@contoso.com,Cleo Marti,Cleo,Marti,True,Engineer,R&D\n\
    5f3a0c1e-0000-4000-8000-000000000004,dan.huber@contoso.com,Dan Huber,Dan,Huber,True,Seller,Sales\n";
const GROUPS: &str = "id,displayName,securityEnabled\n\
    5f3a0c1e-0000-4000-8000-0000000000a1,Design,True\n\
    5f3a0c1e-0000-4000-8000-0000000000a2,Sales,True\n";
const MEMBERS: &str = "groupId,memberId\n\
    5f3a0c1e-0000-4000-8000-0000000000a1,5f3a0c1e-0000-4000-8000-000000000001\n\
    5f3a0c1e-0000-4000-8000-0000000000a1,5f3a0c1e-0000-4000-8000-000000000002\n\
    5f3a0c1e-0000-4000-8000-0000000000a1,5f3a0c1e-0000-4000-8000-000000000003\n\
    5f3a0c1e-0000-4000-8000-0000000000a2,5f3a0c1e-0000-4000-8000-000000000004\n";
const MANAGERS: &str = "userId,managerId\n\
    5f3a0c1e-0000-4000-8000-000000000002,5f3a0c1e-0000-4000-8000-000000000001\n";

/// Four cycles, and one more without the state.
fn converge(peer: &Peer, refusals: Refusals) {
    let Some(server) = peer.start() else { return };
    let sandbox = sandbox(&server, peer);
    let manager = ("ben.okafor@contoso.com", refusals.manager);
    let removal: Vec<_> = refusals.removal.map(|message| ("Design", message)).into_iter().collect();

    let created = Cycle::run(&sandbox);
    expect(&created.end, &json!({ "create": 6, "failed": 0, "references": 4, "referencesFailed": 1 }));
    created.refused(&[manager]);
    let everyone = ["ana.costa@contoso.com", "ben.okafor@contoso.com", "cleo.marti@contoso.com"];
    server.has_groups(&[("Design", &everyone), ("Sales", &["dan.huber@contoso.com"])]);

    // Ben moves out of Design and Ana into Sales, which has a new name, as Ana has; Dan's sign-in is blocked.
    let [ben, ana] = ["a1,5f3a0c1e-0000-4000-8000-000000000002", "a2,5f3a0c1e-0000-4000-8000-000000000001"];
    sandbox.edit("members.csv", ben, ana);
    sandbox.edit("users.csv", "ana.costa@contoso.com,Ana Costa,Ana,Costa", "ana.lima@contoso.com,Ana Lima,Ana,Lima");
    sandbox.edit("users.csv", "Dan,Huber,True", "Dan,Huber,False");
    sandbox.edit("groups.csv", "Sales", "Sales and Service");
    let ana = server.user("ana.costa@contoso.com").expect("Ana has an account");
    let changed = Cycle::run(&sandbox);
    let expected = json!({
        "create": 0, "update": 2, "disable": 1, "delete": 0, "failed": 0,
        "references": 2 - removal.len(), "referencesFailed": 1 + removal.len(),
    });
    expect(&changed.end, &expected);
    changed.refused(&[&removal[..], &[manager]].concat());
    let renamed = server.user("ana.lima@contoso.com").expect("Ana has a new name");
    assert_eq!((&renamed["id"], &renamed["displayName"]), (&ana["id"], &json!("Ana Lima")));
    assert_eq!(server.active("dan.huber@contoso.com"), Some(false));
    let moved = ["ana.lima@contoso.com", "cleo.marti@contoso.com"];
    let all = ["ana.lima@contoso.com", "ben.okafor@contoso.com", "cleo.marti@contoso.com"];
    let design = if removal.is_empty() { &moved[..] } else { &all[..] };
    let sales = ["ana.lima@contoso.com", "dan.huber@contoso.com"];
    server.has_groups(&[("Design", design), ("Sales and Service", &sales)]);

    // What failed once is tried again by the next cycle, what failed twice only hours later.
    let again = Cycle::run(&sandbox);
    again.refused(&removal);
    sent(&again.end, &json!({ "POST": 0, "PATCH": removal.len(), "DELETE": 0 }));
    let idle = Cycle::run(&sandbox);
    sent(&idle.end, &json!({ "GET": 2, "POST": 0, "PATCH": 0, "DELETE": 0 }));

    // Sales is closed, nobody is asked for a manager any more, and the state is lost: groups are found by their names.
    sandbox.edit("groups.csv", "5f3a0c1e-0000-4000-8000-0000000000a2,Sales and Service,True\n", "");
    let rest = sandbox.read("members.csv").lines().filter(|row| !row.contains("a2,")).collect::<Vec<_>>().join("\n");
    sandbox.write("members.csv", rest);
    let closed = Cycle::run(&sandbox);
    expect(&closed.end, &json!({ "create": 0, "update": 0, "disable": 0, "delete": 1, "failed": 0 }));
    server.has_groups(&[("Design", design)]);
    sandbox.edit("managers.csv", "5f3a0c1e-0000-4000-8000-000000000002,5f3a0c1e-0000-4000-8000-000000000001\n", "");
    std::fs::remove_dir_all(sandbox.path(".scimulate")).expect("a state to remove");
    let found = Cycle::run_with(&sandbox, refusals.repeated);
    assert_eq!(found.end["kind"], "initial");
    expect(&found.end, &json!({ "create": 0, "update": 0, "disable": 0, "delete": 0, "failed": 0, "references": 2 }));
    found.refused(&[]);
    server.has_groups(&[("Design", design)]);
}

fn sandbox(server: &Server, peer: &Peer) -> Sandbox {
    let sandbox = Sandbox::empty();
    for (name, text) in
        [("users.csv", USERS), ("groups.csv", GROUPS), ("members.csv", MEMBERS), ("managers.csv", MANAGERS)]
    {
        sandbox.write(name, text);
    }
    sandbox.write("token", peer::TOKEN);
    let url = format!("http://127.0.0.1:{}{}{}", server.port, peer.base, peer.flags);
    let config = format!(
        "job = \"groups\"\n\n[target]\ntenant_url = \"{url}\"\nsecret_token_file = \"token\"\nrate = \"unlimited\"\n\n\
         [source]\nusers = \"users.csv\"\ngroups = \"groups.csv\"\nmembers = \"members.csv\"\n\
         managers = \"managers.csv\"\n\n[provisioning]\nmapping = \"scim\"\nscope = \"all\"\n"
    );
    sandbox.write("scimulate.toml", config);
    sandbox
}

/// What a verified cycle told.
struct Cycle {
    lines: Vec<Value>,
    end: Value,
}

impl Cycle {
    /// One cycle; what it wrote is as it was sent.
    #[track_caller]
    fn run(sandbox: &Sandbox) -> Self {
        Self::run_with(sandbox, 0)
    }

    /// One cycle; what it wrote is as it was sent, but for so many members that are in a group twice.
    #[track_caller]
    fn run_with(sandbox: &Sandbox, repeated: usize) -> Self {
        let ended = sandbox.run("run --verify --output jsonl");
        let lines = ended.json_lines();
        let deviations: Vec<_> = lines.iter().filter(|line| line["type"] == "deviation").collect();
        let as_expected = deviations.len() == repeated && deviations.iter().all(|it| it["kind"] == "memberRepeated");
        assert!(as_expected, "{deviations:#?}");
        let end = lines.iter().find(|line| line["type"] == "cycleEnded").cloned();
        let end = end.unwrap_or_else(|| panic!("no cycle ended\n{}", ended.stderr));
        assert_eq!(end["deviations"], repeated);
        Self { lines, end }
    }

    /// Checks whose references the server refused, and what it said.
    #[track_caller]
    fn refused(&self, expected: &[(&str, &str)]) {
        let mut failed: Vec<_> = self.lines.iter().filter(|line| line["action"] == "fail").collect();
        failed.sort_by_key(|line| line["name"].as_str());
        let is_as_expected = |(line, (name, message)): (&&Value, &(&str, &str))| {
            line["name"] == *name && line["error"]["message"].as_str().is_some_and(|said| said.contains(message))
        };
        let all = failed.len() == expected.len() && failed.iter().zip(expected).all(is_as_expected);
        assert!(all, "{expected:?}\n{failed:#?}");
    }
}

impl Server {
    /// Checks the groups by their names, with the user names of their members. A member that was added twice may be in
    /// them twice, which verifying tells.
    #[track_caller]
    fn has_groups(&self, expected: &[(&str, &[&str])]) {
        let users = self.resources("/Users");
        let names: BTreeMap<_, _> = users.iter().map(|user| (user["id"].as_str(), user["userName"].as_str())).collect();
        let groups = self.resources("/Groups");
        let members = |group: &Value| {
            let members = group["members"].as_array().cloned().unwrap_or_default();
            let name = |member: &Value| names[&member["value"].as_str()].expect("a user name").to_owned();
            members.iter().map(name).collect::<BTreeSet<_>>()
        };
        let found: BTreeMap<_, _> =
            groups.iter().map(|group| (group["displayName"].as_str().expect("a name"), members(group))).collect();
        let owned = |members: &[&str]| members.iter().map(|name| (*name).to_owned()).collect();
        let expected: BTreeMap<_, _> = expected.iter().map(|(name, members)| (*name, owned(members))).collect();
        assert_eq!(found, expected);
    }

    fn resources(&self, path: &str) -> Vec<Value> {
        self.get(&format!("{path}?count=100"))["Resources"].as_array().cloned().unwrap_or_default()
    }
}

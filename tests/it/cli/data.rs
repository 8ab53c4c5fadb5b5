//! `serve --data` and `--load` with real processes: kills, full disks, damaged files, two servers on one file.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use scimulate::base::Random;
use serde_json::{Value, json};

use crate::support::process::{Sandbox, Server, TOKEN, exchange, until};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

/// Sends a request of its own connection; status and body, or nothing where no whole answer came.
fn send(port: u16, method: &str, path: &str, body: &str) -> Option<(u16, Value)> {
    let request = format!(
        "{method} /scim/v2{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n\
         Content-Type: application/scim+json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = String::from_utf8(exchange(port, request.as_bytes()).ok()?).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, serde_json::from_str(body).unwrap_or_default()))
}

fn create(port: u16, name: &str) -> Option<(u16, Value)> {
    let user = json!({"schemas": [USER], "userName": name, "title": "x".repeat(300)});
    send(port, "POST", "/Users", &user.to_string())
}

#[test]
fn what_was_answered_survives_kills() {
    let sandbox = Sandbox::empty();
    let (mut answered, mut sent) = (BTreeSet::new(), BTreeSet::new());
    let mut random = Random::seeded(5);
    for round in 0..6 {
        let sync = if round % 2 == 0 { "normal" } else { "full" };
        let server = Server::start_in(&sandbox, &format!("--data accounts.db --sync {sync}"));
        // all of them are there, and nobody twice
        let names = server.user_names();
        let unique: BTreeSet<_> = names.iter().cloned().collect();
        assert_eq!(names.len(), unique.len(), "round {round}");
        let lost: Vec<_> = answered.difference(&unique).collect();
        assert!(lost.is_empty(), "round {round}: {lost:?}");
        assert!(unique.is_subset(&sent), "round {round}");
        let port = server.port;
        let (count, over) = (AtomicUsize::new(0), AtomicBool::new(false));
        let enough = 20 + random.below(150);
        let outcomes: Vec<_> = thread::scope(|scope| {
            let clients: Vec<_> = (0..4)
                .map(|client| {
                    let (count, over) = (&count, &over);
                    scope.spawn(move || {
                        let (mut sent, mut answered) = (Vec::new(), Vec::new());
                        for number in 0.. {
                            if over.load(Ordering::SeqCst) {
                                break;
                            }
                            let name = format!("user-{round}-{client}-{number}");
                            sent.push(name.clone());
                            if let Some((201, _)) = create(port, &name) {
                                answered.push(name);
                                count.fetch_add(1, Ordering::SeqCst);
                            }
                        }
                        (sent, answered)
                    })
                })
                .collect();
            until("enough are created", || count.load(Ordering::SeqCst) >= enough);
            server.kill();
            over.store(true, Ordering::SeqCst);
            clients.into_iter().map(|client| client.join().unwrap()).collect()
        });
        for (more_sent, more_answered) in outcomes {
            sent.extend(more_sent);
            answered.extend(more_answered);
        }
    }
    assert!(answered.len() > 120);
}

#[test]
fn a_disk_that_takes_no_more_is_told_and_loses_nothing() {
    let sandbox = Sandbox::empty();
    let server = Server::start_in(&sandbox, "--data accounts.db");
    assert_eq!(create(server.port, "first").unwrap().0, 201);
    server.terminate().with(0);
    // Files of more than 400 KiB can't be written; the signal that tells so is left aside, as servers do.
    let program = env!("CARGO_BIN_EXE_scimulate");
    let limited = format!(
        "trap '' XFSZ; ulimit -f 400; exec {program} serve --listen 127.0.0.1:0 --token-env TOKEN --output json \
         --data accounts.db"
    );
    let mut command = Command::new("bash");
    command.env_clear().env("TOKEN", TOKEN).current_dir(sandbox.folder()).args(["-c", &limited]);
    let server = Server::start_with(&mut command);
    let mut kept = BTreeSet::from(["first".to_owned()]);
    let refused = loop {
        let name = format!("user{}", kept.len());
        let (status, body) = create(server.port, &name).expect("an answer");
        if status != 201 {
            break (status, body);
        }
        kept.insert(name);
        assert!(kept.len() < 5000, "the limit isn't reached");
    };
    assert!([500, 507].contains(&refused.0), "{refused:?}");
    assert_eq!(refused.1["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]));
    let names: BTreeSet<_> = server.user_names().into_iter().collect();
    assert_eq!(names, kept, "what was answered is read, what was refused isn't");
    server.kill();
    let server = Server::start_in(&sandbox, "--data accounts.db");
    let names: BTreeSet<_> = server.user_names().into_iter().collect();
    assert_eq!(names, kept);
    assert_eq!(create(server.port, "after").unwrap().0, 201, "with room it goes on");
}

#[test]
fn a_file_that_is_not_whole_is_refused_with_a_sentence() {
    let sandbox = Sandbox::empty();
    let users: Vec<_> = (0..2000).map(|number| json!({"userName": format!("user{number}")})).collect();
    sandbox.write("users.json", json!(users).to_string());
    let server = Server::start_in(&sandbox, "--data accounts.db --load users.json");
    server.terminate().with(0);
    let whole = std::fs::read(sandbox.path("accounts.db")).unwrap();
    let check = |name: &str, bytes: &[u8], expected: &str| {
        sandbox.write(name, bytes);
        let before = bytes.to_vec();
        let ended = sandbox.run(&format!("serve --listen 127.0.0.1:0 --data {name}")).with(2);
        assert!(ended.stderr.contains(expected), "{name}: {}", ended.stderr);
        assert_eq!(ended.stdout, "", "{name}");
        assert_eq!(std::fs::read(sandbox.path(name)).unwrap(), before, "{name} is left as it is");
    };
    check("cut.db", &whole[..whole.len() / 2], "damaged");
    let mut spoiled = whole.clone();
    spoiled[100..4000].fill(0xA5);
    check("spoiled.db", &spoiled, "damaged");
    let mut foreign = whole.clone();
    foreign[..16].copy_from_slice(b"something else\0\0");
    check("foreign.db", &foreign, "isn't an endpoint's data");
    check("text.db", b"hello", "isn't an endpoint's data");
}

#[test]
fn two_servers_share_a_file() {
    let sandbox = Sandbox::empty();
    let servers = [(); 2].map(|()| Server::start_in(&sandbox, "--data accounts.db --profile scim"));
    let ports = [servers[0].port, servers[1].port];
    thread::scope(|scope| {
        for (number, port) in ports.into_iter().enumerate() {
            scope.spawn(move || {
                for user in 0..40 {
                    assert_eq!(create(port, &format!("user-{number}-{user}")).unwrap().0, 201);
                }
            });
        }
    });
    for server in &servers {
        assert_eq!(server.accounts().len(), 80);
    }
    assert_eq!(create(ports[1], "USER-0-7").unwrap().0, 409);
    let ids: BTreeSet<_> = servers[0].accounts().iter().map(|user| user["id"].to_string()).collect();
    assert_eq!(ids.len(), 80, "two servers don't give one id twice");
}

#[test]
fn loading_says_what_and_what_is_wrong() {
    let sandbox = Sandbox::empty();
    let group = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Design", "members": [{"value": "7"}],
    });
    sandbox.write("all.ndjson", format!("{}\n{group}\n", json!({"id": "7", "userName": "ann"})));
    let server = Server::start_in(&sandbox, "--profile scim --load all.ndjson");
    assert_eq!(server.accounts()[0]["groups"][0]["display"], "Design");
    let ended = server.terminate().with(0);
    assert!(ended.stderr.contains("Loaded 1 user and 1 group."), "{}", ended.stderr);
    sandbox.write("wrong.ndjson", "{\"userName\":\"ann\"}\n{\"userName\":\"ann\"}\n");
    let ended = sandbox.run("serve --load wrong.ndjson").with(2);
    assert!(
        ended.stderr.contains("wrong.ndjson:2")
            && ended.stderr.contains("userName of the one on line 1")
            && ended.stderr.contains("mend the file"),
        "{}",
        ended.stderr
    );
    let ended = sandbox.run("serve --load all.ndjson").with(2);
    assert!(ended.stderr.contains("all.ndjson:2") && ended.stderr.contains("profile `scim`"), "{}", ended.stderr);
    let ended = sandbox.run("serve --load nothing.json").with(2);
    assert!(
        ended.stderr.contains("the accounts can't be read") && ended.stderr.contains("nothing.json"),
        "{}",
        ended.stderr
    );
    let ended = sandbox.run("serve --sync full").with(2);
    assert!(ended.stderr.contains("--data"), "{}", ended.stderr);
}

#[test]
fn a_file_is_one_whatever_it_is_called() {
    let sandbox = Sandbox::empty();
    for name in [":memory:", "file:accounts.db?mode=memory"] {
        for status in [201, 409] {
            let server = Server::start_in(&sandbox, &format!("--data {name}"));
            assert_eq!(create(server.port, "ann").unwrap().0, status, "{name}");
            server.terminate().with(0);
        }
        assert!(sandbox.path(name).exists(), "{name}");
    }
}

#[test]
fn a_file_of_another_profile_is_refused() {
    let sandbox = Sandbox::empty();
    Server::start_in(&sandbox, "--data accounts.db --profile scim").terminate().with(0);
    let ended = sandbox.run("serve --listen 127.0.0.1:0 --data accounts.db").with(2);
    assert!(
        ended.stderr.contains("externalId") && ended.stderr.contains("the profile or the mapping"),
        "{}",
        ended.stderr
    );
    Server::start_in(&sandbox, "--data accounts.db --profile scim").terminate().with(0);
}

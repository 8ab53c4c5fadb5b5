//! `--record`: both sides tell the same, no file holds a secret, a kill or a full disk leaves whole files, and what was
//! recorded can be sent again.

mod files;

use std::fs;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use files::{Recorded, checked_by_python, recorded};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use scimulate::base::Random;
use scimulate::report::{Recording, RecordingOf, RecordingTexts, Side};
use scimulate::scim::{Content, HttpExchange};
use serde_json::{Value, json};

use crate::support::process::{Sandbox, Server, TOKEN, exchange, until, user_name, users};
use crate::support::stub::{Deed, Stub};

/// A job with one request at a time, so that both sides see the same order.
fn sandbox(count: u32, tenant_url: &str) -> Sandbox {
    let sandbox = Sandbox::with_users(count, tenant_url);
    sandbox.edit("scimulate.toml", "[source]\n", "concurrency = 1\n\n[source]\n");
    sandbox
}

/// Three cycles: everybody is created, somebody changes, somebody is disabled.
fn three_cycles(sandbox: &Sandbox, flags: &str) {
    sandbox.run(&format!("run {flags}")).with(0);
    sandbox.edit(
        "users.csv",
        "Engineer,True,Member,de-CH\n5f3a0c1e-0000-4000-8000-000000000002",
        "Chief,True,Member,de-CH\n5f3a0c1e-0000-4000-8000-000000000002",
    );
    sandbox.run(&format!("run {flags}")).with(0);
    sandbox.edit("users.csv", "user2@contoso.com,Engineer,True", "user2@contoso.com,Engineer,False");
    sandbox.run(&format!("run {flags}")).with(0);
}

/// Method, target, body, status and answer of each exchange, in order.
fn told(all: &[Recorded]) -> Vec<(String, String, String, u64, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let entries = all.iter().flat_map(Recorded::entries);
    entries
        .map(|entry| {
            let (request, response) = (&entry["request"], &entry["response"]);
            let url = text(&request["url"]);
            let target = url.splitn(4, '/').nth(3).expect("a path").to_owned();
            let body = text(&request["postData"]["text"]);
            let status = response["status"].as_u64().expect("a status");
            (text(&request["method"]), target, body, status, text(&response["content"]["text"]))
        })
        .collect()
}

#[test]
fn both_sides_tell_the_same() {
    let served = Sandbox::empty();
    let server = Server::start_in(&served, "--record recorded");
    let sandbox = sandbox(3, &server.url);
    three_cycles(&sandbox, "--record recorded");
    let ended = server.terminate().with(0);
    assert!(ended.stderr.contains("Recorded "), "{}", ended.stderr);
    let (sent, came) = (recorded(&sandbox, "recorded"), recorded(&served, "recorded"));
    assert_eq!((sent.len(), came.len()), (3, 1), "a recording for each process");
    let (sent_told, came_told) = (told(&sent), told(&came));
    assert_eq!(sent_told, came_told);
    assert!(sent_told.iter().any(|(method, ..)| method == "PATCH"), "{sent_told:?}");
    checked_by_python(&[&sent[..], &came[..]].concat());

    // In process the same is told of the same job, but for the ids, which are others.
    sandbox.edit("scimulate.toml", &format!("tenant_url = \"{}\"", server_url(&sandbox)), "tenant_url = \"embedded\"");
    sandbox.edit("scimulate.toml", "secret_token_env = \"TOKEN\"\n", "");
    fs::remove_dir_all(sandbox.path(".scimulate")).unwrap();
    sandbox.write("users.csv", users(1..=3));
    three_cycles(&sandbox, "--record embedded");
    let shape = |told: Vec<(String, String, String, u64, String)>| -> Vec<(String, u64)> {
        told.into_iter().map(|(method, _, _, status, _)| (method, status)).collect()
    };
    let embedded = recorded(&sandbox, "embedded");
    assert_eq!(shape(told(&embedded)), shape(sent_told));
    checked_by_python(&embedded);
}

fn server_url(sandbox: &Sandbox) -> String {
    let config = sandbox.read("scimulate.toml");
    let line = config.lines().find_map(|line| line.strip_prefix("tenant_url = ")).expect("a tenant URL");
    line.trim_matches('"').to_owned()
}

#[test]
fn no_file_holds_the_token_in_any_form() {
    let served = Sandbox::empty();
    let server = Server::start_in(&served, "--record recorded");
    let encoded = utf8_percent_encode(TOKEN, NON_ALPHANUMERIC).to_string();
    let echoes = format!(
        "{TOKEN} {encoded} {} {} \\u0074{}",
        STANDARD.encode(format!("user:{TOKEN}")),
        URL_SAFE.encode(format!("{TOKEN}:x")),
        &TOKEN[1..]
    );
    // An endpoint that shouts whatever it is sent, in its own words.
    let shouted = echoes.clone();
    let stub = Stub::before(&server, move |seen| match seen.method.as_str() {
        "POST" => {
            let body = format!("{}\n{}\n{shouted}", seen.head, seen.body);
            Deed::Answer("400 Bad Request", format!("X-Echo: Bearer {TOKEN}\r\n").leak(), body)
        }
        _ => Deed::Pass,
    });
    let sandbox = sandbox(2, &stub.url);
    let header = "\n[target.headers]\nX-Api-Key = \"api-key-of-the-tests\"\n";
    sandbox.write("scimulate.toml", format!("{}{header}", sandbox.read("scimulate.toml")));
    sandbox.run("run --record recorded").with(4);
    sandbox.run("plan --record recorded").with(0);
    sandbox.run("test-connection --record recorded").with(0);
    // What lands at the server itself: the token in a body, in a URL, in other headers; secrets of others.
    for (target, headers, body) in [
        (
            "/Users".to_owned(),
            "X-Forwarded-Token: other-secret-1\r\n",
            json!({"userName": echoes, "password": "hunter2hunter2"}).to_string(),
        ),
        (format!("/Users?access_token={encoded}"), "Cookie: session=other-secret-2\r\n", String::new()),
        (
            "/Users/1".to_owned(),
            "",
            json!({"Operations": [{"op": "add", "path": "password", "value": "hunter2hunter2"}]}).to_string(),
        ),
        (
            "/token".to_owned(),
            "Content-Type: application/x-www-form-urlencoded\r\n",
            "grant_type=x&client_secret=hunter2hunter2".to_owned(),
        ),
    ] {
        let request = format!(
            "POST /scim/v2{target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n{headers}\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        exchange(server.port, request.as_bytes()).unwrap();
    }
    let basic = STANDARD.encode("client:hunter2hunter2");
    let request = format!(
        "GET /scim/v2/Users?a=hunter2hunter2 HTTP/1.0\r\nHost: localhost\r\nAuthorization: Basic {basic}\r\n\r\n"
    );
    exchange(server.port, request.as_bytes()).unwrap();
    server.terminate().with(0);
    let hidden =
        ["hunter2hunter2", "other-secret-1", "other-secret-2", "api-key-of-the-tests", TOKEN, &encoded, &basic];
    let files = [sandbox.tree("recorded"), served.tree("recorded")];
    let mut count = 0;
    for (path, bytes) in files.iter().flatten().filter(|(path, _)| path.is_file()) {
        count += 1;
        let text = String::from_utf8_lossy(bytes);
        for hidden in hidden {
            assert!(!text.contains(hidden), "{}: {hidden}", path.display());
        }
        assert!(!text.contains(&format!("\\u0074{}", &TOKEN[1..])), "{}", path.display());
        // Wherever in a word of Base64 the token stood, what is left of the word doesn't decode to it.
        for word in
            text.split(|c: char| !(c.is_ascii_alphanumeric() || "+/-_".contains(c))).filter(|word| word.len() > 8)
        {
            for start in 0..4.min(word.len()) {
                let bytes = [STANDARD.decode(pad(&word[start..])), URL_SAFE.decode(pad(&word[start..]))];
                for bytes in bytes.into_iter().flatten() {
                    assert!(!String::from_utf8_lossy(&bytes).contains(&TOKEN[2..20]), "{}: {word}", path.display());
                }
            }
        }
    }
    assert_eq!(count, 12, "three files for each of four recordings");
    let all = [recorded(&sandbox, "recorded"), recorded(&served, "recorded")].concat();
    assert!(all.iter().any(|one| one.har_text.contains("[secret]")));
    checked_by_python(&all);
}

fn pad(word: &str) -> String {
    let whole = &word[..word.len() - word.len() % 4];
    whole.to_owned()
}

#[test]
fn what_was_recorded_can_be_sent_again() {
    if Command::new("curl").arg("--version").output().is_err() {
        eprintln!("skipped: there is no curl");
        return;
    }
    let served = Sandbox::empty();
    let server = Server::start_in(&served, "--profile scim --record recorded");
    let sandbox = sandbox(4, &server.url);
    sandbox.edit("scimulate.toml", "scope = \"all\"", "mapping = \"scim\"\nscope = \"all\"");
    three_cycles(&sandbox, "--record recorded");
    let accounts = |server: &Server| -> Vec<Value> {
        let mut all = server.accounts();
        for account in &mut all {
            let account = account.as_object_mut().unwrap();
            account.retain(|name, _| name != "id" && name != "meta");
        }
        all.sort_by_key(ToString::to_string);
        all
    };
    let expected = accounts(&server);
    assert_eq!(expected.len(), 4);
    // What a stranger might send to get a hold of whoever sends it again.
    let canary = served.path("canary");
    for (method, path, body) in [
        (
            "POST",
            format!("/Users/'$(touch${{IFS}}{0})';touch${{IFS}}{0};'", canary.display()),
            "'; touch canary; '".to_owned(),
        ),
        ("POST", "/Users".to_owned(), format!("{{\"userName\":\"'; touch {}; echo '\"", canary.display())),
        ("POST", "/Users".to_owned(), format!("'\n}}\ntouch {}\n{{ '", canary.display())),
        ("B'R`'", "/Users".to_owned(), "\u{0}\u{1}".to_owned()),
        ("PUT", "/Users/%27%24%28x%29?a='&b=$HOME".to_owned(), "@/etc/passwd".to_owned()),
    ] {
        let request = format!(
            "{method} /scim/v2{path} HTTP/1.1\r\nHost: evil.example\r\nAuthorization: Bearer {TOKEN}\r\n\
             X-Quote: '$(touch {})'\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            canary.display(),
            body.len()
        );
        let answer = exchange(server.port, request.as_bytes()).unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 4"), "{}", String::from_utf8_lossy(&answer));
    }
    server.terminate().with(0);

    let replay = |scripts: &[Recorded], server: &Server| {
        let mut lines = Vec::new();
        for one in scripts {
            let output = Command::new("sh")
                .arg(&one.script_path)
                .arg(&server.url)
                .env("TOKEN", TOKEN)
                .env("REPLAY_IDS", served.path(&format!("ids-{}", server.port)))
                .current_dir(served.folder())
                .output()
                .unwrap();
            let text =
                format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert!(output.status.success(), "{text}");
            lines.extend(text.lines().map(str::to_owned));
        }
        lines
    };
    // As the server saw it, strangers and all, and as the client did, in three recordings.
    for scripts in [recorded(&served, "recorded"), recorded(&sandbox, "recorded")] {
        let again = Sandbox::empty();
        let fresh = Server::start_in(&again, "--profile scim --record again");
        let lines = replay(&scripts[..1], &fresh);
        assert!(lines.last().unwrap().ends_with("0 with another status."), "{lines:#?}");
        if scripts.len() == 1 {
            assert_eq!(accounts(&fresh), expected);
        }
        fresh.terminate().with(0);
        let seen = |all: &[Recorded]| -> Vec<_> {
            told(all).into_iter().map(|(method, _, body, status, _)| (method, body.len(), status)).collect()
        };
        let (before, after) = (seen(&scripts[..1]), seen(&recorded(&again, "again")));
        assert_eq!(before, after[..before.len()]);
    }
    assert!(!canary.exists() && !served.path("canary").exists(), "something of a request was run");
    // An endpoint that records goes on writing what is sent to it.
    let itself = Sandbox::empty();
    let recording = Server::start_in(&itself, "--profile scim --record recorded");
    for name in ["Users", "Groups"] {
        recording.resources(name);
    }
    let lines = replay(&recorded(&itself, "recorded"), &recording);
    assert_eq!(lines.last().unwrap(), "2 requests, 0 with another status.");
    recording.terminate().with(0);
    // Another endpoint answers otherwise, and that is told.
    let other = Server::start();
    let script = &recorded(&served, "recorded")[0].script_path;
    let output = Command::new("sh").arg(script).arg(&other.url).env("TOKEN", "wrong-token").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("(recorded: 201)"));
}

/// A recording of two parts: the second one changes what the first one made.
#[test]
fn parts_are_sent_one_after_the_other() {
    if Command::new("curl").arg("--version").output().is_err() {
        return;
    }
    let sandbox = Sandbox::empty();
    let mut recording = Recording::new(RecordingOf {
        command: "run",
        side: Side::Client,
        tenant_url: "https://api.wedo.example/scim/v2".to_owned(),
        started: "2026-03-01T10:00:00Z".parse().unwrap(),
    });
    let exchange = |method: &str, path: &str, body: &Value, status, answer: &Value| HttpExchange {
        method: method.to_owned(),
        origin: "https://api.wedo.example".to_owned(),
        target: format!("/scim/v2{path}"),
        request_headers: vec![
            ("authorization".to_owned(), "Bearer [secret]".to_owned()),
            ("content-type".to_owned(), "application/scim+json".to_owned()),
        ],
        request_body: Content::from(body.to_string().as_bytes()),
        status: Some(status),
        response_body: Content::from(answer.to_string().as_bytes()),
        ..HttpExchange::default()
    };
    let user = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ann"});
    let patch = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "Replace", "path": "active", "value": false}],
    });
    let mut parts = [recording.begin_part(), RecordingTexts::default()];
    recording.add(&exchange("POST", "/Users", &user, 201, &json!({"id": "42"})), &mut parts[0]);
    parts[1] = recording.begin_part();
    recording.add(&exchange("PATCH", "/Users/42", &patch, 200, &json!({})), &mut parts[1]);
    let server = Server::start();
    for (number, part) in parts.iter().enumerate() {
        let name = format!("part{number}.sh");
        sandbox.write(&name, &part.script);
        let mut command = Command::new("sh");
        command.arg(&name).arg(&server.url).env("TOKEN", TOKEN).env("REPLAY_IDS", "ids").current_dir(sandbox.folder());
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.ends_with("1 requests, 0 with another status.\n"), "{text}");
    }
    assert_eq!(server.accounts()[0]["active"], false);
    // What was cut off in the middle of a request is not half a request.
    let cut = parts[0].script.trim_end().trim_end_matches("; keep 1; }");
    sandbox.write("cut.sh", cut);
    let mut command = Command::new("sh");
    let output =
        command.arg("cut.sh").arg(&server.url).env("TOKEN", TOKEN).current_dir(sandbox.folder()).output().unwrap();
    assert!(!output.status.success());
    assert!(!String::from_utf8_lossy(&output.stdout).contains("POST"), "nothing was sent");
}

/// Whatever a request holds, the shell hands it on as it is.
#[test]
fn a_shell_finds_nothing_to_do_in_a_request() {
    const PIECES: [&str; 18] =
        ["'", "\"", "$(exit)", "`exit`", "\\", "\n", "}", ";", "exit", " ", "&", "|", "<x", ">x", "#", "!", "~", "ü"];
    let mut random = Random::seeded(4711);
    let mut nasty = |bar_blanks: bool| -> String {
        let length = random.below(10);
        let pieces: String = (0..length).map(|_| PIECES[random.below(PIECES.len())]).collect();
        if bar_blanks { pieces.replace([' ', '\n'], "") } else { pieces }
    };
    let tenant_url = "https://api.wedo.example/scim/v2".to_owned();
    let started = "2026-03-01T10:00:00Z".parse().unwrap();
    let mut recording = Recording::new(RecordingOf { command: "serve", side: Side::Server, tenant_url, started });
    recording.begin_part();
    let (mut texts, mut expected) = (RecordingTexts::default(), String::new());
    for number in 1..=300 {
        let (target, value, body) = (nasty(true), nasty(false).replace('\n', ""), nasty(false));
        if !body.is_empty() {
            expected.extend(["body\0", &body, "\0"]);
        }
        let header = if value.is_empty() { "x-value;".to_owned() } else { format!("x-value: {value}") };
        expected.extend([&format!("send\0{number}\0POST\0T/{target}\x00200\0-H\0{header}\0")].map(String::as_str));
        let exchange = HttpExchange {
            method: "POST".to_owned(),
            target: format!("/scim/v2/{target}"),
            request_headers: vec![("x-value".to_owned(), value)],
            request_body: Content::from(body.as_bytes()),
            status: Some(200),
            ..HttpExchange::default()
        };
        recording.add(&exchange, &mut texts);
    }
    let functions =
        "tenant=T\nbody() { printf 'body\\0%s\\0' \"$1\"; }\nsend() { printf 'send\\0'; printf '%s\\0' \"$@\"; }\n";
    let sandbox = Sandbox::empty();
    sandbox.write("script", format!("{functions}{}", texts.script));
    let output = Command::new("sh").arg("script").current_dir(sandbox.folder()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[cfg(unix)]
#[test]
fn a_kill_leaves_archives_whole_or_cut_in_their_last_line() {
    for round in 0..6 {
        let served = Sandbox::empty();
        let server = Server::start_in(&served, "--record recorded");
        let sandbox = Sandbox::with_users(400, &server.url);
        let run = sandbox.start("run --record recorded");
        let archive = |sandbox: &Sandbox| {
            let names = fs::read_dir(sandbox.path("recorded")).ok()?;
            names.flatten().map(|entry| entry.path()).find(|path| path.extension().is_some_and(|kind| kind == "har"))
        };
        let length =
            |sandbox: &Sandbox| archive(sandbox).and_then(|path| fs::metadata(path).ok()).map_or(0, |file| file.len());
        until("something is recorded", || length(&served) > 20_000 * (1 + round) && length(&sandbox) > 5_000);
        run.signal("KILL");
        server.kill();
        run.wait();
        let mut all = [recorded(&sandbox, "recorded"), recorded(&served, "recorded")].concat();
        all.iter_mut().for_each(Recorded::mend);
        assert!(all.iter().all(|one| one.entries().len() > 1), "round {round}");
        checked_by_python(&all);
    }
}

/// A shell in which files can't grow beyond so many blocks of 512 bytes, and a command that replaces it.
#[cfg(unix)]
fn in_little_room(sandbox: &Sandbox, blocks: u32, arguments: &str) -> Command {
    let mut command = Command::new("sh");
    let program = env!("CARGO_BIN_EXE_scimulate");
    let line = format!("trap '' XFSZ; ulimit -f {blocks}; exec {program} {arguments}");
    command.env_clear().env("TOKEN", TOKEN).current_dir(sandbox.folder()).args(["-c", &line]);
    command
}

#[cfg(unix)]
#[test]
fn a_full_disk_ends_the_recording_and_nothing_else() {
    let server = Server::start();
    // The recording grows much faster than the state, which has to have room.
    let stub = Stub::before(&server, |seen| {
        let list = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": 0, "Resources": [],
            "padding": "x".repeat(300_000),
        });
        if seen.is_lookup() { Deed::Answer("200 OK", "", list.to_string()) } else { Deed::Pass }
    });
    let sandbox = sandbox(60, &stub.url);
    let output = in_little_room(&sandbox, 16_384, "run --record recorded").output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert_eq!(server.accounts().len(), 60, "the work is done: {stderr}");
    assert_eq!(stderr.matches("the recording ends after").count(), 1, "{stderr}");
    let [one] = <[Recorded; 1]>::try_from(recorded(&sandbox, "recorded")).unwrap();
    let count = one.entries().len();
    assert!(count > 20 && count < 120, "{count}");
    let (transcript, script) = (one.transcript.matches(": answer\n").count(), one.script.matches("\n{ ").count());
    assert_eq!((transcript, script), (count, count), "the files hold the same");
    assert!(stderr.contains(&format!("ends after {count} exchanges")), "{stderr}");
    checked_by_python(&[one]);
    // The job itself is as it should be.
    sandbox.run("run --record again").with(0);
}

#[cfg(unix)]
#[test]
fn a_server_goes_on_without_its_recording() {
    let sandbox = Sandbox::empty();
    let mut server = Server::start_with(&mut in_little_room(
        &sandbox,
        200,
        "serve --listen 127.0.0.1:0 --token-env TOKEN --output json --record recorded",
    ));
    let create = |number: usize| json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": user_name(u32::try_from(number).unwrap()), "title": "x".repeat(1_000)});
    (0..200).for_each(|number| server.send("POST", "/Users", &create(number)));
    assert_eq!(server.accounts().len(), 200);
    assert!(server.is_running());
    let ended = server.terminate();
    assert_eq!(ended.stderr.matches("the recording ends after").count(), 1, "{}", ended.stderr);
    assert_eq!(ended.code, Some(1), "what was wanted isn't there");
    checked_by_python(&recorded(&sandbox, "recorded"));
}

#[test]
fn what_can_t_be_recorded_is_said_before_anything_is_sent() {
    let server = Server::start();
    let sandbox = sandbox(1, &server.url);
    sandbox.write("file", "");
    for command in ["run", "plan", "test-connection", "provision user1@contoso.com", "serve --listen 127.0.0.1:0"] {
        let ended = sandbox.run(&format!("{command} --record file")).with(2);
        assert!(ended.stderr.contains("can't record to file: file: "), "{}", ended.stderr);
        assert!(ended.stderr.contains("name a folder"), "{}", ended.stderr);
        assert!(ended.stdout.is_empty(), "{command}: {}", ended.stdout);
    }
    assert!(server.accounts().is_empty());
    sandbox.run("plan --offline --record recorded").with(2);
    assert!(!sandbox.path("recorded").exists());
}

#[test]
fn recordings_of_one_instant_stand_beside_each_other() {
    let sandbox = sandbox(2, "embedded");
    for _ in 0..2 {
        sandbox.run("run --simulate-clock --now 2026-12-01T08:00:00Z --cycles 2 --record recorded").with(0);
    }
    let all = recorded(&sandbox, "recorded");
    let names: Vec<_> = all.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["run-2026-12-01T08-00-00Z", "run-2026-12-01T08-00-00Z-2"]);
    let instants: Vec<_> =
        all[0].entries().iter().map(|entry| entry["startedDateTime"].as_str().unwrap().to_owned()).collect();
    assert_eq!(instants.first().unwrap(), "2026-12-01T08:00:00.000Z");
    assert_eq!(instants.last().unwrap(), "2026-12-01T08:40:00.000Z", "virtual time");
    let stdout =
        sandbox.run("run --simulate-clock --now 2026-12-02T08:00:00Z --cycles 1 --record recorded --quiet").with(0);
    assert!(stdout.stderr.is_empty(), "{}", stdout.stderr);
}

#[test]
fn every_command_records_and_bytes_survive() {
    let server = Server::start();
    let sandbox = sandbox(1, &server.url);
    let stub = Stub::before(&server, |_| Deed::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\xff\x00\xfe\x01"));
    sandbox.run("plan --out saved.plan --record recorded").with(0);
    sandbox.run("apply saved.plan --record recorded").with(0);
    sandbox.run("provision user1@contoso.com --record recorded").with(0);
    let url = stub.url.clone();
    sandbox.run(&format!("test-connection --tenant-url {url} --secret-token-env TOKEN --record recorded")).with(6);
    drop(server);
    sandbox.run("test-connection --record recorded").with(6);
    let all = recorded(&sandbox, "recorded");
    let commands: Vec<_> = all.iter().map(|one| one.name.split("-2").next().unwrap()).collect();
    assert_eq!(commands, ["apply", "plan", "provision", "test-connection", "test-connection"]);
    let contents: Vec<_> = all[3..].iter().map(|one| one.entries()[0]["response"].clone()).collect();
    let bytes = contents.iter().find(|response| response["status"] == 200).unwrap();
    assert_eq!((&bytes["content"]["encoding"], &bytes["content"]["text"]), (&json!("base64"), &json!("/wD+AQ==")));
    let none = contents.iter().find(|response| response["status"] == 0).unwrap();
    assert!(none["_error"].as_str().is_some_and(|error| !error.is_empty()), "{none}");
    checked_by_python(&all);
}

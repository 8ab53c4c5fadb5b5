//! Notifications: as files of the outbox, once for each reason, and never in the way of a cycle.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::thread::{self, JoinHandle};

use crate::support::process::{Sandbox, until, users};

/// A job with built-in endpoint that tells somebody and lets no deletion through; after its first cycle one user has
/// left.
fn somebody_left(notification: &str) -> Sandbox {
    let sandbox = Sandbox::with_users(3, "embedded");
    let config = sandbox.read("scimulate.toml");
    let more =
        format!("prevent_accidental_deletions = 0\n\n[notification]\nemail = \"it@contoso.com\"\n{notification}\n");
    sandbox.write("scimulate.toml", config + &more);
    sandbox.run("run --now 2026-03-01T10:00:00Z").with(0);
    sandbox.write("users.csv", users(1..=2));
    sandbox
}

fn outbox(sandbox: &Sandbox) -> Vec<String> {
    let name = |path: PathBuf| path.file_name().expect("a name").to_string_lossy().into_owned();
    let folder = sandbox.path(".scimulate/outbox");
    sandbox.tree(".scimulate/outbox").into_keys().filter(|path| *path != folder).map(name).collect()
}

const HELD_BACK: &str = "2026-03-01T11:00:00Z-test-TooManyDeletes";

#[test]
fn a_notification_is_a_file_where_there_is_no_mail_server() {
    let sandbox = somebody_left("");
    let run = sandbox.run("run --now 2026-03-01T11:00:00Z").with(5);
    let name = format!("{}.eml", HELD_BACK.replace(':', "-"));
    assert!(run.stderr.contains(&format!("The notification is in .scimulate/outbox/{name}.")), "{}", run.stderr);
    assert_eq!(outbox(&sandbox), [name.as_str()]);
    let text = sandbox.read(&format!(".scimulate/outbox/{name}")).replace("\r\n", "\n");
    let (head, _) = text.split_once("text/html").expect("an HTML part");
    insta::with_settings!({ filters => vec![
        (r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}@", "<id>@"),
        (r"=_[0-9a-f]{32}", "=_<boundary>"),
        (r"Activity id   [0-9a-f-]+", "Activity id   <guid>"),
    ] }, { insta::assert_snapshot!("outbox", head) });
    // Each reason once; programs are told in the stream.
    let again = somebody_left("").run("run --output jsonl").with(5).json_lines();
    let line = again.iter().find(|line| line["type"] == "notification").expect("a line");
    assert_eq!((&line["reason"], &line["to"]), (&"TooManyDeletes".into(), &"it@contoso.com".into()));
    assert!(line["jobId"].as_str().is_some_and(|id| id.starts_with("wedo.")) && line["at"].is_string(), "{line}");
    sandbox.run("run --now 2026-03-02T11:00:00Z").with(5);
    assert_eq!(outbox(&sandbox).len(), 1);
    sandbox.run("start").with(0);
    sandbox.run("run --now 2026-03-02T12:00:00Z").with(5);
    assert_eq!(outbox(&sandbox).len(), 2, "a quarantine that begins anew");
}

#[test]
fn nobody_is_told_if_nobody_is_to_be_told() {
    let sandbox = somebody_left("on_failure = false\nsmtp = \"smtp://127.0.0.1:9\"");
    let run = sandbox.run("run").with(5);
    assert!(!run.stderr.contains("otification"), "{}", run.stderr);
    assert!(!sandbox.path(".scimulate/outbox").exists());
}

#[test]
fn a_mail_server_that_is_not_there_changes_nothing_but_a_warning() {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free port").port();
    let sandbox = somebody_left(&format!("smtp = \"smtp://127.0.0.1:{port}\""));
    let run = sandbox.run("run --now 2026-03-01T11:00:00Z --output json").with(5);
    assert_eq!(run.json()["job"]["state"], "quarantine");
    let waiting = format!("{}.waiting.eml", HELD_BACK.replace(':', "-"));
    assert_eq!(outbox(&sandbox), [waiting.as_str()]);
    let told = run.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        format!(
            "the notification to it@contoso.com couldn't be sent by 127.0.0.1:{port}: can't connect: Connection refused"
        ),
        format!("it waits in .scimulate/outbox/{waiting}; runs try it again, before their cycles and between them"),
    ] {
        assert!(told.contains(&part), "{part}\n{told}");
    }
}

#[test]
fn what_was_simulated_is_written_and_never_mailed() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("a listener that doesn't wait");
    let port = listener.local_addr().expect("an address").port();
    let sandbox = somebody_left(&format!("smtp = \"smtp://127.0.0.1:{port}\""));
    // Nor is a password needed.
    let login = "[notification]\nsmtp_username = \"a\"\nsmtp_password_env = \"NONE\"";
    sandbox.edit("scimulate.toml", "[notification]", login);
    let run = sandbox.run("run --simulate-clock --now 2026-03-01T11:00:00Z --cycles 3 -v");
    let name = format!("{}.eml", HELD_BACK.replace(':', "-"));
    assert_eq!(outbox(&sandbox), [name.as_str()], "{}", run.stderr);
    let subject = "Subject: Provisioning job test holds deletions back (simulated)\r\n";
    assert!(sandbox.read(&format!(".scimulate/outbox/{name}")).contains(subject));
    assert!(listener.accept().is_err(), "nobody was asked");
}

#[test]
fn a_password_that_is_not_there_is_found_before_anything_is_sent() {
    let sandbox = Sandbox::with_users(1, "embedded");
    let config = sandbox.read("scimulate.toml");
    let lines = "[notification]\nemail = \"it@contoso.com\"\nsmtp = \"smtps://mail.contoso.com\"\n\
                 smtp_username = \"it\"\nsmtp_password_env = \"SMTP_PASSWORD\"\n";
    sandbox.write("scimulate.toml", format!("{config}\n{lines}"));
    let run = sandbox.run("run").with(2);
    let told = "the environment variable SMTP_PASSWORD, which should hold the password of the mail server, isn't set";
    assert!(run.stderr.contains(told), "{}", run.stderr);
    assert!(!sandbox.path(".scimulate").exists(), "nothing was made");
}

/// Takes one message; ends with its lines.
fn mail_server(port: u16) -> JoinHandle<Vec<String>> {
    let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port is free");
    thread::spawn(move || take_message(&listener.accept().expect("a connection").0))
}

fn take_message(stream: &TcpStream) -> Vec<String> {
    let mut out = stream;
    let mut say = |line: &str| out.write_all(format!("{line}\r\n").as_bytes()).expect("the client listens");
    let mut lines = BufReader::new(stream).lines().map(|line| line.expect("the client goes on"));
    say("220 mail.contoso.com");
    while lines.next().is_some_and(|line| line != "DATA") {
        say("250 OK");
    }
    say("354 go on");
    let message = lines.by_ref().take_while(|line| line != ".").collect();
    say("250 taken");
    lines.next();
    say("221 bye");
    message
}

#[test]
fn what_waits_is_sent_although_no_cycle_may_run() {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free port").port();
    let waiting = |commands: &[&str]| {
        let sandbox = somebody_left(&format!("smtp = \"smtp://127.0.0.1:{port}\""));
        sandbox.run("run").with(5);
        assert_eq!(outbox(&sandbox).len(), 1);
        for command in commands {
            sandbox.run(command).with(0);
        }
        sandbox
    };
    for (before, command) in [
        (&["pause"][..], "run"),
        (&[], "run"),
        (&["plan --out plan.json"], "apply plan.json"),
        (&["plan --out plan.json", "pause"], "apply plan.json"),
    ] {
        let sandbox = waiting(before);
        let server = mail_server(port);
        let told = sandbox.run(command).with(5).stderr;
        let taken = told.find("The mail server has now taken 1 notification that had to wait.");
        let refused = told.find("error: the job is ");
        assert!(taken.is_some() && taken < refused, "{before:?} {command}: {told}");
        let message = server.join().expect("a message");
        assert!(message.contains(&"Subject: Provisioning job test holds deletions back".to_owned()), "{message:?}");
        assert!(outbox(&sandbox).is_empty(), "{before:?} {command}");
    }
    // And while a run waits for the next attempt.
    let sandbox = waiting(&[]);
    let server = mail_server(port);
    let run = sandbox.start("run --interval 1h");
    until("the message is taken", || outbox(&sandbox).is_empty());
    server.join().expect("a message");
    run.signal("INT");
    run.wait().with(130);
}

#[test]
fn a_state_that_can_not_be_read_loses_no_notification() {
    let sandbox = somebody_left("");
    // From the end of the cycle on, which says that it was told.
    let state = rusqlite::Connection::open(sandbox.path(".scimulate/test.db")).expect("the state is there");
    let spoil = "CREATE TRIGGER spoil AFTER UPDATE ON job WHEN NEW.state = 'quarantine'
                 BEGIN UPDATE job SET state = 'odd'; END";
    state.execute_batch(spoil).expect("SQL that fits the state");
    let run = sandbox.run("run --now 2026-03-01T11:00:00Z").with(2);
    let name = format!("{}.eml", HELD_BACK.replace(':', "-"));
    assert_eq!(outbox(&sandbox), [name.as_str()], "{}", run.stderr);
    let text = sandbox.read(&format!(".scimulate/outbox/{name}"));
    assert!(text.contains("How the job stands now can't be read from its state."), "{text}");
}

#[test]
fn commands_in_a_message_mean_the_same_job_everywhere() {
    let sandbox = somebody_left("");
    let other = sandbox.read("scimulate.toml");
    sandbox.write("other jobs/it's.toml", other.replace("\"users.csv\"", "\"../users.csv\""));
    let arguments = ["--config", "other jobs/it's.toml", "--state", ".scimulate", "--job", "test"];
    let now = ["run", "--now", "2026-03-01T11:00:00Z"];
    sandbox.run_with(&[&arguments[..], &now].concat()).with(5);
    let [name] = &outbox(&sandbox)[..] else { panic!("one message") };
    let text = sandbox.read(&format!(".scimulate/outbox/{name}")).replace("=\r\n", "").replace("=3D", "=");
    let folder = sandbox.folder().display();
    let command = format!(
        r"scimulate --config '{folder}/other jobs/it'\''s.toml' --state {folder}/.scimulate --job test allow-deletes"
    );
    assert!(text.contains(&command), "{command}\n{text}");
    assert!(!text.contains("in the folder of"), "{text}");
    // A shell takes it for one, wherever it is.
    let program = env!("CARGO_BIN_EXE_scimulate");
    let command = command.replacen("scimulate", program, 1);
    let shell = std::process::Command::new("sh").args(["-c", &command]).current_dir("/").output().expect("a shell");
    assert!(shell.status.success(), "{}", String::from_utf8_lossy(&shell.stderr));
}

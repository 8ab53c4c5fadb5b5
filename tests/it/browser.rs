//! The page of `serve`, and pages that are written to files, in a real browser: Debian's Chromium, driven by
//! `tests/browser/page.mjs`, `tests/browser/reports.mjs` and `tests/browser/job.mjs`.
//!
//! Where browser or driver can't be had it is skipped with the reason; with `SCIMULATE_BROWSER=required`
//! that is a failure.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::support::process::{Sandbox, Server, TOKEN, user_name, users};

/// How many users the page has to cope with.
const USERS: u32 = 100_000;
/// The one that is looked for.
const WANTED: u32 = 76_543;

#[test]
fn the_page_is_good_in_a_browser() {
    let Some((chromium, driver)) = found() else { return };
    let sandbox = Sandbox::empty();
    let lines: Vec<_> = (1..=USERS).map(|number| user(number).to_string()).collect();
    sandbox.write("users.json", format!("[{}]", lines.join(",\n")));
    let server = Server::start_in(&sandbox, "--profile scim --load users.json");
    let wanted = user(WANTED);
    let task = json!({
        "url": format!("http://127.0.0.1:{}/", server.port), "token": TOKEN, "users": USERS,
        "user": {"userName": wanted["userName"], "displayName": wanted["displayName"]},
    });
    print!("{}", drive(&chromium, &driver.join("page.mjs"), &task));
}

#[test]
fn plans_are_good_in_a_browser() {
    let Some((chromium, driver)) = found() else { return };
    let sandbox = Sandbox::with_users(0, "embedded");
    let write = |count: u32, file: &str| {
        sandbox.write("users.csv", mixed_users(count));
        sandbox.run(&format!("plan --offline --quiet --report html={file}")).with(0);
        sandbox.path(file)
    };
    let task = json!({ "few": write(30, "few.html"), "many": write(1500, "many.html"), "user": user_name(1234) });
    print!("{}", drive(&chromium, &driver.join("reports.mjs"), &task));
}

#[test]
fn a_job_is_good_in_a_browser() {
    let Some((chromium, driver)) = found() else { return };
    let sandbox = Sandbox::with_users(0, "embedded");
    let write = |count: u32, file: &str| {
        let lines = mixed_users(count);
        sandbox.write("users.csv", &lines);
        sandbox.run(&format!("run --quiet --job {count}")).with(4);
        sandbox.write("users.csv", lines.replace("Engineer", "Chief"));
        sandbox.run(&format!("run --quiet --job {count}")).with(4);
        sandbox.run(&format!("report --quiet --job {count} --report html={file}")).with(0);
        sandbox.path(file)
    };
    let task = json!({ "few": write(30, "few.html"), "many": write(1500, "many.html"), "user": user_name(1234) });
    print!("{}", drive(&chromium, &driver.join("job.mjs"), &task));
}

/// Users of an export: every hundredth is disabled, and two share their name, so one of them fails.
fn mixed_users(count: u32) -> String {
    let lines = users(1..=count).replace(&format!(",{},", user_name(2)), &format!(",{},", user_name(1)));
    let line = |line: &str| if line.contains("00,user") { line.replace(",True,", ",False,") } else { line.to_owned() };
    lines.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// The browser and what drives it; none where they can't be had and needn't be.
fn found() -> Option<(PathBuf, PathBuf)> {
    static FOUND: LazyLock<Result<(PathBuf, PathBuf), String>> =
        LazyLock::new(|| browser().and_then(|chromium| Ok((chromium, install()?))));
    let found = FOUND.clone();
    if let Err(reason) = &found {
        let required = std::env::var_os("SCIMULATE_BROWSER").is_some_and(|value| value == "required");
        assert!(!required, "a browser is required: {reason}");
        // not by println, which is shown of failing tests alone
        drop(writeln!(std::io::stderr(), "skipped, the page can't be looked at here: {reason}"));
    }
    found.ok()
}

/// Runs a script with its task on standard input, where no list of processes shows the token; gives what it says.
fn drive(chromium: &Path, script: &Path, task: &Value) -> String {
    let mut child = Command::new("node")
        .arg(script)
        .arg(chromium)
        .arg(beside_the_build("browser"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("node runs: it installed the driver");
    let written = child.stdin.take().expect("stdin is piped").write_all(task.to_string().as_bytes());
    written.expect("the task is taken");
    let output = child.wait_with_output().expect("an end");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    said.into_owned()
}

fn user(number: u32) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": format!("person{number}@contoso.com"),
        "displayName": format!("Somebody {number:06}"),
        "active": !number.is_multiple_of(17),
        "emails": [{"type": "work", "primary": true, "value": format!("p{number}@mail.contoso.com")}],
    })
}

fn browser() -> Result<PathBuf, String> {
    let known = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].map(PathBuf::from);
    known.into_iter().find(|path| path.exists()).ok_or_else(|| "there is no /usr/bin/chromium".to_owned())
}

fn install() -> Result<PathBuf, String> {
    let installed = beside_the_build("browser-driver");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/install.sh");
    let output = Command::new("bash")
        .arg(script)
        .arg(&installed)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("bash: {error}"))?;
    if output.status.success() { Ok(installed) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

/// A folder under `target/`.
fn beside_the_build(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("it lies under target/").join(name)
}

//! The program in a folder of its own: run to its end, left running, signalled, watched.

#![expect(clippy::unwrap_used, reason = "a test that can't be set up fails")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::get_json;

/// The token that every server and every run of these tests uses.
pub(crate) const TOKEN: &str = "t0ken-of-the-tests-4711";

/// Nothing here takes longer than a few seconds; what does hangs.
const PATIENCE: Duration = Duration::from_mins(1);
const COLUMNS: &str =
    "id,userPrincipalName,displayName,givenName,surname,mail,jobTitle,accountEnabled,userType,preferredLanguage";

/// A folder with an export and a config, in which the program runs.
pub(crate) struct Sandbox(TempDir);

impl Sandbox {
    pub(crate) fn empty() -> Self {
        let folder = tempfile::Builder::new().prefix("cli-").tempdir_in(env!("CARGO_TARGET_TMPDIR"));
        Self(folder.expect("a folder under target/"))
    }

    /// `users.csv` with so many users, and a config that provisions all of them to a target.
    pub(crate) fn with_users(count: u32, tenant_url: &str) -> Self {
        let sandbox = Self::empty();
        sandbox.write("scimulate.toml", config(tenant_url));
        sandbox.write("users.csv", users(1..=count));
        sandbox
    }

    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a path in a folder")).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// What holds personal data can be read by the user alone.
    #[track_caller]
    pub(crate) fn is_private(&self, names: &[&str]) {
        #[cfg(unix)]
        for name in names {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(self.path(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        #[cfg(not(unix))]
        assert!(names.iter().all(|name| self.path(name).exists()));
    }

    /// Rewrites a file.
    pub(crate) fn edit(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "{name} has no {from:?}");
        self.write(name, text.replace(from, to));
    }

    /// The program with these arguments, split at blanks, and nothing in its environment but the token.
    pub(crate) fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scimulate"));
        command.env_clear().env("TOKEN", TOKEN).current_dir(self.folder()).args(arguments.split_whitespace());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &str) -> Ended {
        self.start(arguments).wait()
    }

    /// Runs the program with these arguments, which may have blanks in them.
    pub(crate) fn run_with(&self, arguments: &[&str]) -> Ended {
        Started::new(self.command("").args(arguments)).wait()
    }

    /// Starts the program and leaves it running.
    pub(crate) fn start(&self, arguments: &str) -> Started {
        Started::new(&mut self.command(arguments))
    }

    /// Everything under a path, by name, with its content.
    pub(crate) fn tree(&self, name: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(&self.path(name), &mut files);
        files
    }
}

fn collect(path: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    if path.is_dir() {
        files.insert(path.to_owned(), Vec::new());
        for entry in fs::read_dir(path).unwrap() {
            collect(&entry.unwrap().path(), files);
        }
    } else if path.is_file() {
        files.insert(path.to_owned(), fs::read(path).unwrap());
    }
}

/// A config that provisions everyone in `users.csv`.
pub(crate) fn config(tenant_url: &str) -> String {
    let rate = if tenant_url == "embedded" { "" } else { "rate = \"unlimited\"\nsecret_token_env = \"TOKEN\"\n" };
    format!(
        "job = \"test\"\n\n[target]\ntenant_url = \"{tenant_url}\"\n{rate}\n[source]\nusers = \"users.csv\"\n\n\
         [provisioning]\nscope = \"all\"\n"
    )
}

/// A CSV of made-up users; a number is always the same user.
pub(crate) fn users(numbers: impl IntoIterator<Item = u32>) -> String {
    let row = |number: u32| {
        format!(
            "{},{},User {number},Given {number},Family {number},user{number}@contoso.com,Engineer,True,Member,de-CH\n",
            user_id(number),
            user_name(number)
        )
    };
    format!("{COLUMNS}\n{}", numbers.into_iter().map(row).collect::<String>())
}

pub(crate) fn user_id(number: u32) -> String {
    format!("5f3a0c1e-0000-4000-8000-{number:012}")
}

pub(crate) fn user_name(number: u32) -> String {
    format!("user{number}@contoso.com")
}

/// How the program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit code; `None` after a signal.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// Checks the exit code.
    #[track_caller]
    pub(crate) fn with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n{}\n{}", self.stdout, self.stderr);
        self
    }

    /// The JSON document on stdout.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{}\n{}", self.stdout, self.stderr))
    }

    /// The JSON lines on stdout.
    #[track_caller]
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
    }
}

/// The program while it runs; killed when dropped.
pub(crate) struct Started {
    child: Child,
    stdout: Output,
    stderr: Output,
}

impl Started {
    fn new(command: &mut Command) -> Self {
        let (child, stdout, stderr) = spawn(command);
        Self { child, stdout: Output::of(stdout), stderr }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Sends a signal: `INT`, `TERM`, `KILL`.
    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.id().to_string()]).status().unwrap();
        assert!(sent.success(), "SIG{name} can't be sent");
    }

    /// What it has written to stderr so far.
    pub(crate) fn told(&self) -> String {
        self.stderr.so_far()
    }

    /// Waits until it has written this to stderr.
    #[track_caller]
    pub(crate) fn until_told(&mut self, text: &str) {
        until(text, || self.stderr.so_far().contains(text) || !self.is_running());
        assert!(self.stderr.so_far().contains(text), "it ended without {text:?}: {}", self.stderr.so_far());
    }

    /// Waits until it has written this to stdout.
    #[track_caller]
    pub(crate) fn until_shown(&mut self, text: &str) {
        until(text, || self.stdout.so_far().contains(text) || !self.is_running());
        assert!(self.stdout.so_far().contains(text), "it ended without {text:?}: {}", self.stdout.so_far());
    }

    /// Sends a signal, and waits until the program, which needs `-v`, has heard it.
    #[cfg(unix)]
    #[track_caller]
    pub(crate) fn signal_heard(&mut self, name: &str) {
        self.signal(name);
        self.until_told("nothing else is begun");
    }

    /// Waits for the end, not for ever.
    #[track_caller]
    pub(crate) fn wait(mut self) -> Ended {
        let begun = now();
        while self.is_running() {
            assert!(begun.elapsed() < PATIENCE, "process {} doesn't end", self.id());
            thread::sleep(Duration::from_millis(2));
        }
        let code = self.child.wait().unwrap().code();
        Ended { code, stdout: self.stdout.finish(), stderr: self.stderr.finish() }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What the program writes to a pipe, read all the time.
struct Output {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Output {
    fn of(mut pipe: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let written = Arc::clone(&bytes);
        let reader = thread::spawn(move || {
            let mut buffer = [0; 8 * 1024];
            while let count @ 1.. = pipe.read(&mut buffer).unwrap() {
                written.lock().unwrap().extend_from_slice(&buffer[..count]);
            }
        });
        Self { bytes, reader: Some(reader) }
    }

    fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap()).into_owned()
    }

    fn finish(&mut self) -> String {
        self.reader.take().expect("read once").join().unwrap();
        String::from_utf8(std::mem::take(&mut self.bytes.lock().unwrap())).expect("the program writes UTF-8")
    }
}

fn spawn(command: &mut Command) -> (Child, ChildStdout, Output) {
    let piped = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().expect("the program starts");
    let stdout = child.stdout.take().expect("stdout is piped");
    let stderr = Output::of(child.stderr.take().expect("stderr is piped"));
    (child, stdout, stderr)
}

#[expect(clippy::disallowed_methods, reason = "real processes run in real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Waits until something holds.
#[track_caller]
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "in vain: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// `scimulate serve` on a free port.
pub(crate) struct Server {
    started: Started,
    /// What it said when it was ready.
    pub(crate) ready: String,
    pub(crate) url: String,
    pub(crate) port: u16,
}

impl Server {
    /// An endpoint in memory.
    pub(crate) fn start() -> Self {
        let sandbox = Sandbox::empty();
        Self::start_in(&sandbox, "")
    }

    /// An endpoint with more flags, in a folder.
    pub(crate) fn start_in(sandbox: &Sandbox, arguments: &str) -> Self {
        let arguments = format!("serve --listen 127.0.0.1:0 --token-env TOKEN --output json {arguments}");
        Self::start_with(&mut sandbox.command(&arguments))
    }

    /// An endpoint that a command serves, with `--output json`.
    pub(crate) fn start_with(command: &mut Command) -> Self {
        let (child, stdout, stderr) = spawn(command);
        let mut stdout = BufReader::new(stdout);
        let mut ready = String::new();
        stdout.read_line(&mut ready).unwrap();
        let started = Started { child, stdout: Output::of(stdout), stderr };
        let Ok(said) = serde_json::from_str::<Value>(&ready) else { panic!("{}", started.wait().stderr) };
        let url = said["tenantUrl"].as_str().expect("a tenant URL").to_owned();
        let port = url.split([':', '/']).nth(4).and_then(|port| port.parse().ok()).expect("a port");
        Self { started, ready, url, port }
    }

    /// Every account, a page at a time.
    pub(crate) fn accounts(&self) -> Vec<Value> {
        self.resources("Users")
    }

    /// Every resource of a kind, a page at a time.
    pub(crate) fn resources(&self, endpoint: &str) -> Vec<Value> {
        let mut all: Vec<Value> = Vec::new();
        loop {
            let path = format!("/scim/v2/{endpoint}?startIndex={}&count=100", all.len() + 1);
            let page = get_json(self.port, &path, TOKEN).unwrap();
            let Some(found) = page["Resources"].as_array().filter(|found| !found.is_empty()) else { return all };
            all.extend(found.iter().cloned());
        }
    }

    /// The user names of all accounts, sorted.
    pub(crate) fn user_names(&self) -> Vec<String> {
        let text = |account: &Value| account["userName"].as_str().expect("a user name").to_owned();
        let mut names: Vec<_> = self.accounts().iter().map(text).collect();
        names.sort();
        names
    }

    /// Sends a request of the test's own.
    pub(crate) fn send(&self, method: &str, path: &str, body: &Value) {
        let body = body.to_string();
        let request = format!(
            "{method} /scim/v2{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\n\
             Content-Type: application/scim+json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        let answer = exchange(self.port, request.as_bytes()).unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 2"), "{}", String::from_utf8_lossy(&answer));
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.started.is_running()
    }

    /// Kills it, with no time to do anything.
    #[cfg(unix)]
    pub(crate) fn kill(self) -> Ended {
        self.started.signal("KILL");
        self.started.wait()
    }

    #[cfg(unix)]
    pub(crate) fn terminate(self) -> Ended {
        self.started.signal("TERM");
        self.started.wait()
    }

    /// Sends a signal and leaves it running.
    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        self.started.signal(name);
    }

    /// Waits for the end.
    pub(crate) fn wait(self) -> Ended {
        self.started.wait()
    }
}

/// One request and its whole answer, for requests that close the connection.
pub(crate) fn exchange(port: u16, request: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port))?;
    stream.set_nodelay(true)?;
    stream.write_all(request)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}

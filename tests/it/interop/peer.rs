//! Installs, starts and ends servers of others.

use std::fs::File;
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::support;

pub(crate) const TOKEN: &str = "peer-token";

/// A server that can be had.
pub(crate) struct Peer {
    /// Its folder in `tests/peers`.
    pub(crate) name: &'static str,
    /// Path of its tenant URL.
    pub(crate) base: &'static str,
    /// The flags of the tenant URL that choose the dialect it supports.
    pub(crate) flags: &'static str,
}

/// A server that runs; it ends with this value.
pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) base: &'static str,
    process: Child,
    _folder: TempDir,
}

impl Peer {
    /// Starts the server at a free port; `None` if it can't be had here.
    pub(crate) fn start(&self) -> Option<Server> {
        installed(self.name).map(|installed| self.serve(&installed))
    }

    fn serve(&self, installed: &Path) -> Server {
        let mut problem = String::new();
        // Someone else may take the free port first.
        for _ in 0..3 {
            match self.try_serve(installed, free_port()) {
                Ok(server) => return server,
                Err(error) => problem = error,
            }
        }
        panic!("{} doesn't start: {problem}", self.name)
    }

    fn try_serve(&self, installed: &Path, port: u16) -> Result<Server, String> {
        let folder = tempfile::Builder::new()
            .prefix(&format!("{}-", self.name))
            .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
            .expect("a folder under target/");
        let log = folder.path().join("log");
        let file = File::create(&log).expect("a log");
        let process = self
            .command(installed)
            .args([&port.to_string(), TOKEN])
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(file.try_clone().expect("a second handle"))
            .stderr(file)
            .process_group(0)
            .spawn()
            .map_err(|error| error.to_string())?;
        let mut server = Server { port, base: self.base, process, _folder: folder };
        for _ in 0..300 {
            let answer = support::get_json(port, &format!("{}/Users", self.base), TOKEN);
            if answer.is_ok_and(|list| list["totalResults"] == 0) {
                return Ok(server);
            }
            if server.process.try_wait().expect("a child").is_some() {
                break;
            }
            thread::sleep(Duration::from_millis(100));
        }
        Err(std::fs::read_to_string(log).unwrap_or_default())
    }

    fn command(&self, installed: &Path) -> Command {
        match self.name {
            "scim2-server" => {
                let mut command = Command::new("python3");
                command.arg(scripts().join("scim2-server/serve.py"));
                command.env("PYTHONPATH", installed.join("packages")).env("PYTHONDONTWRITEBYTECODE", "1");
                command
            }
            "scimmy" => {
                let mut command = Command::new("node");
                command.arg(installed.join("serve.mjs"));
                command
            }
            other => panic!("nobody knows how to start {other}"),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The whole group, should the server have children.
        let group = format!("-{}", self.process.id());
        let killed = Command::new("kill").args(["-KILL", "--", &group]).status();
        if !killed.is_ok_and(|status| status.success()) {
            drop(self.process.kill());
        }
        drop(self.process.wait());
    }
}

/// The folder that something of others is installed in; `None` if it can't be had here.
pub(crate) fn installed(name: &str) -> Option<PathBuf> {
    match install(name) {
        Ok(installed) => Some(installed),
        Err(reason) => {
            let required = std::env::var_os("SCIMULATE_INTEROP").is_some_and(|value| value == "required");
            assert!(!required, "{name} is required: {reason}");
            #[expect(clippy::print_stdout, reason = "the test has nothing else to say")]
            {
                println!("skipped, {name} can't be had here: {reason}");
            }
            None
        }
    }
}

fn install(name: &str) -> Result<PathBuf, String> {
    let installed = folder().join(name);
    let output = Command::new("bash")
        .arg(scripts().join("install.sh"))
        .arg(name)
        .arg(&installed)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("bash: {error}"))?;
    if output.status.success() { Ok(installed) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

pub(crate) fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers")
}

/// Where servers are installed: beside what cargo builds.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("it lies under target/").join("peers")
}

pub(super) fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("an address").port()
}

//! One scenario on its stage: a copy of its files, an endpoint that records, the program as a process.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use scimulate::base::Timestamp;
use serde_json::Value;
use tempfile::TempDir;
use uuid::Uuid;

use super::golden::Golden;
use super::script::Script;
use super::target;
use crate::support::{Exchange, Recorder, TOKEN, json, scimulate};

const CONFIG: &str = "scimulate.toml";
const TOKEN_VARIABLE: &str = "TARGET_TOKEN";

/// Where all scenarios are.
pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// Plays `fixtures/NAME` and compares everything with its golden files.
pub(crate) fn play(name: &str) {
    let origin = fixtures().join(name);
    let script = Script::read(&origin);
    let stage = Stage::set(name, &origin, &script);
    let mut golden = Golden::in_folder(origin.join("expected"));
    if let Some((now, until)) = &script.simulate {
        // The endpoint is the built-in one: only that can live in virtual time.
        lay_over(&origin, stage.folder.path());
        let run = stage.scimulate(&["run", "--simulate-clock", "--now", now, "--until", until]);
        golden.check("run.txt", &stage.text(&run));
        golden.check("status.txt", &stage.text(&stage.scimulate(&["status"])));
        return golden.finish();
    }
    let mut headers = Headers::default();
    let mut differing = Vec::new();
    let mut number = 1;
    let last = loop {
        let now = script.instant(number);
        if number == 1 {
            golden.check("inspect.txt", &stage.text(&stage.scimulate(&["inspect"])));
        }
        stage.pull_levers(script.before(number), number, &mut golden);
        let planned = stage.plan(now, number, &mut golden);
        let sent = stage.run(now, number, &mut golden, &mut headers);
        if script.status {
            golden.check(&format!("cycle-{number}.status.txt"), &stage.text(&stage.scimulate(&["status"])));
        }
        if let Some(sent) = sent {
            let links = stage.links();
            let (planned, sent) = (in_terms_of_source(planned, &links), in_terms_of_source(sent, &links));
            if script.plan_differs.cycles.contains(&number) {
                assert_ne!(planned, sent, "cycle {number}: agree, although: {}", script.plan_differs.reason);
                differing.push(number);
            } else {
                assert_eq!(planned, sent, "cycle {number}: plan says what run sends");
            }
        }
        let next = origin.join(format!("cycle-{}", number + 1));
        if !next.is_dir() {
            break now;
        }
        number += 1;
        stage.go_on(&next);
    };
    assert_eq!(differing, script.plan_differs.cycles, "cycles that `plan_differs` names are run, in this order");
    golden.finish();
    stage.converges(last, &script);
}

struct Stage {
    folder: TempDir,
    recorder: Recorder,
}

/// Method, path and body.
type Sent = (String, String, Value);

/// Ids of objects and of their accounts.
type Links = Vec<(String, String)>;

impl Stage {
    fn set(name: &str, origin: &Path, script: &Script) -> Self {
        let folder = tempfile::Builder::new()
            .prefix(&format!("{name}-"))
            .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
            .expect("a folder under target/");
        lay_over(origin, folder.path());
        let recorder = Recorder::start_with(script.instant(1), target::users(&folder.path().join(CONFIG)));
        let stage = Self { folder, recorder };
        stage.aim();
        target::prepare(&stage.recorder, origin);
        stage
    }

    /// Lays the files of the next cycle over those that are there.
    fn go_on(&self, next: &Path) {
        lay_over(next, self.folder.path());
        if next.join(CONFIG).exists() {
            self.aim();
        }
        target::prepare(&self.recorder, next);
    }

    /// Makes the recorder the target of the config.
    fn aim(&self) {
        let path = self.folder.path().join(CONFIG);
        let config = fs::read_to_string(&path).expect("a config");
        fs::write(&path, aim(&config, &self.recorder.url())).expect("a written config");
    }

    /// Runs commands between cycles.
    fn pull_levers(&self, commands: &[String], number: usize, golden: &mut Golden) {
        let mut text = String::new();
        for command in commands {
            let output = self.scimulate(&command.split_whitespace().collect::<Vec<_>>());
            let _infallible = write!(text, "$ scimulate {command}\n{}", self.text(&output));
        }
        if !commands.is_empty() {
            golden.check(&format!("cycle-{number}.before.txt"), &text);
        }
    }

    /// Shows the plan, and gives the requests that it announces: none where there is no plan.
    fn plan(&self, now: Timestamp, number: usize, golden: &mut Golden) -> Vec<Sent> {
        let now = now.to_string();
        let shown = self.scimulate(&["plan", "--now", &now, "--show-requests"]);
        golden.check(&format!("cycle-{number}.plan.txt"), &self.text(&shown));
        let output = self.scimulate(&["plan", "--now", &now, "--output", "json"]);
        for exchange in self.recorder.take() {
            assert!(!exchange.writes(), "a plan writes nothing, but sent {} {}", exchange.method, exchange.target);
        }
        assert_eq!(output.status, shown.status, "plan ends alike, whatever its output");
        if !output.status.success() {
            return Vec::new();
        }
        let document = json(&output);
        let objects = document["objects"].as_array().expect("a list of objects");
        let requests = objects.iter().flat_map(|object| object["requests"].as_array().expect("a list of requests"));
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        requests.map(|request| (text(&request["method"]), text(&request["path"]), request["body"].clone())).collect()
    }

    /// Runs the cycle, and gives what it sent after the test queries; `None` where no cycle ran.
    fn run(&self, now: Timestamp, number: usize, golden: &mut Golden, headers: &mut Headers) -> Option<Vec<Sent>> {
        let output = self.scimulate(&["run", "--now", &now.to_string()]);
        golden.check(&format!("cycle-{number}.run.txt"), &self.text(&output));
        let exchanges = self.recorder.take();
        golden.check(&format!("cycle-{number}.requests.http"), &self.mask(&transcript(&exchanges, headers)));
        let tests = exchanges.iter().take(2).take_while(|exchange| is_test_query(exchange)).count();
        if exchanges.is_empty() {
            assert!(!output.status.success(), "a cycle begins with the test query");
            return None;
        }
        assert!(tests > 0, "a cycle begins with the test query, not with {}", exchanges[0].target);
        let sent = |exchange: &Exchange| {
            let path = exchange.target.strip_prefix("/scim/v2").expect("everything goes to the tenant URL");
            (exchange.method.clone(), path.to_owned(), exchange.body.clone().unwrap_or_default())
        };
        Some(exchanges[tests..].iter().map(sent).collect())
    }

    fn links(&self) -> Links {
        let document = json(&self.scimulate(&["links", "list", "--output", "json"]));
        let text = |value: &Value| value.as_str().expect("an id").to_owned();
        let links = document["links"].as_array().expect("a list of links").iter();
        links.map(|link| (text(&link["sourceId"]), text(&link["targetId"]))).collect()
    }

    /// An initial cycle over the last export finds everything as it should be. Members are never read, so they are
    /// sent once more; that changes nothing.
    fn converges(&self, now: Timestamp, script: &Script) {
        fs::remove_dir_all(self.folder.path().join(".scimulate")).expect("the state is there");
        self.recorder.endpoint().set_faults(Vec::new());
        let before = target::content(&self.recorder);
        let output = self.scimulate(&["run", "--now", &now.to_string(), "--output", "json"]);
        let after = target::content(&self.recorder);
        let mut writes: Vec<_> = self.recorder.take().into_iter().filter(Exchange::writes).collect();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(matches!(output.status.code(), Some(0 | 4)), "{}\n{stderr}", output.status);
        let document: Value = serde_json::from_slice(&output.stdout).expect("a JSON document");
        let counted = &document["cycles"][0]["requests"];
        for method in ["POST", "PATCH", "DELETE"] {
            assert_eq!(counted[method], writes.iter().filter(|write| write.method == method).count(), "{counted}");
        }
        writes.retain(|write| !sends_members(write));
        let converges = writes.is_empty() && before == after;
        match &script.does_not_converge {
            Some(reason) => assert!(!converges, "it converges, although: {reason}"),
            None => assert!(converges, "without its state the job would send {writes:#?} and get {after:#?}"),
        }
    }

    fn scimulate(&self, arguments: &[&str]) -> Output {
        scimulate()
            .current_dir(self.folder.path())
            .env(TOKEN_VARIABLE, TOKEN)
            .args(["--color", "never"])
            .args(arguments)
            .output()
            .expect("the program starts")
    }

    /// Everything that a user sees: stdout, then stderr, then an exit code other than 0.
    fn text(&self, output: &Output) -> String {
        let mut text = String::from_utf8(output.stdout.clone()).expect("UTF-8");
        if !output.stderr.is_empty() {
            text.push_str("[stderr]\n");
            text.push_str(&String::from_utf8_lossy(&output.stderr));
        }
        if output.status.code() != Some(0) {
            let _infallible = writeln!(text, "[{}]", output.status);
        }
        self.mask(&without_seconds(&without_durations(&text)))
    }

    fn mask(&self, text: &str) -> String {
        let folder = self.folder.path().to_string_lossy();
        let authority = self.recorder.url();
        let authority = authority.trim_start_matches("http://").trim_end_matches("/scim/v2");
        text.replace(&*folder, "[folder]").replace(authority, "127.0.0.1:[port]").replace(TOKEN, "[token]")
    }
}

/// `(5 GET) in 0.3 s.` becomes `(5 GET) in [time].`
fn without_durations(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(" s") {
        let number = before.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        let ends = after.starts_with(['.', ' ', '\n']);
        let is_duration = ends && before[number..].contains('.') && before[number..].parse::<f64>().is_ok();
        masked.push_str(if is_duration { &before[..number] } else { before });
        masked.push_str(if is_duration { "[time]" } else { " s" });
        rest = after;
    }
    masked.push_str(rest);
    masked
}

/// `2026-03-01T10:00:01Z` becomes `2026-03-01T10:00Z`: how many seconds a cycle takes is the machine's affair.
fn without_seconds(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('Z') {
        let start = before.len().checked_sub("2026-03-01T10:00:01".len());
        let instant =
            start.and_then(|start| before.get(start..)).filter(|text| format!("{text}Z").parse::<Timestamp>().is_ok());
        masked.push_str(instant.map_or(before, |_| &before[..before.len() - ":01".len()]));
        masked.push('Z');
        rest = after;
    }
    masked.push_str(rest);
    masked
}

/// Methods whose headers were shown already: one request of each shows them.
#[derive(Default)]
struct Headers(Vec<String>);

/// A query for a random GUID, which nothing is called: the one thing that users and groups are never looked up by.
fn is_test_query(exchange: &Exchange) -> bool {
    let path = exchange.target.strip_prefix("/scim/v2").unwrap_or_default();
    let looks = path.starts_with("/Users?filter=") || path.starts_with("/Groups?excludedAttributes=members&filter=");
    let asked = path.split_once("+eq+%22").and_then(|(_, value)| value.strip_suffix("%22"));
    looks && asked.is_some_and(|value| value.parse::<Uuid>().is_ok())
}

/// Whether a request adds members to a group and does nothing else.
fn sends_members(exchange: &Exchange) -> bool {
    let operations = exchange.body.as_ref().and_then(|body| body["Operations"].as_array());
    let adds = |operation: &Value| operation["path"] == "members" && operation["op"] != "Remove";
    exchange.target.contains("/Groups/") && operations.is_some_and(|operations| operations.iter().all(adds))
}

/// The requests with the ids of objects in place of those of their accounts: a plan knows no others of what is yet to
/// be created.
fn in_terms_of_source(requests: Vec<Sent>, links: &Links) -> Vec<Sent> {
    let named = |text: String| links.iter().fold(text, |text, (source, target)| text.replace(target, source));
    let body = |body: Value| named(body.to_string()).parse().expect("still JSON");
    requests.into_iter().map(|(method, path, sent)| (method, named(path), body(sent))).collect()
}

fn transcript(exchanges: &[Exchange], headers: &mut Headers) -> String {
    let mut text = String::new();
    for exchange in exchanges {
        let gap = if text.is_empty() { "" } else { "\n" };
        let _infallible = writeln!(text, "{gap}### {}\n{} {}", exchange.status, exchange.method, exchange.target);
        if !headers.0.contains(&exchange.method) {
            headers.0.push(exchange.method.clone());
            for (name, value) in exchange.headers.iter().filter(|(name, _)| name != "content-length") {
                let _infallible = writeln!(text, "{name}: {value}");
            }
        }
        if let Some(body) = &exchange.body {
            let _infallible = writeln!(text, "\n{body:#}");
        }
    }
    text
}

/// The config with the recorder as its target, and nothing that makes the order of requests vary.
fn aim(config: &str, url: &str) -> String {
    let mut config: toml::Table = config.parse().expect("the config is TOML");
    let target = config.entry("target").or_insert_with(|| toml::Value::Table(toml::Table::new()));
    let target = target.as_table_mut().expect("[target] is a section");
    let flags = match target.get("tenant_url").and_then(toml::Value::as_str).and_then(|url| url.split_once('?')) {
        Some((_, flags)) => format!("?{flags}"),
        None => String::new(),
    };
    target.insert("tenant_url".to_owned(), format!("{url}{flags}").into());
    target.insert("secret_token_env".to_owned(), TOKEN_VARIABLE.into());
    target.insert("rate".to_owned(), "unlimited".into());
    target.insert("concurrency".to_owned(), 1.into());
    config.to_string()
}

/// Copies files and folders of inputs; not the cycles that come later, nor what is expected.
fn lay_over(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let entry = entry.expect("a readable entry");
        let (path, name) = (entry.path(), entry.file_name());
        let target = to.join(&name);
        let name = name.to_string_lossy();
        if name.starts_with("cycle-") || name == "expected" || name == ".scimulate" {
            continue;
        }
        if path.is_dir() {
            fs::create_dir_all(&target).expect("a folder");
            lay_over(&path, &target);
        } else {
            fs::copy(&path, &target).expect("a copied file");
        }
    }
}

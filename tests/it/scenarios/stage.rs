//! One scenario on its stage: a copy of its files, an endpoint that records, the program as a process.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use scimulate::base::{SignedDuration, Timestamp};
use scimulate::config::{self, Mapping, Overrides};
use scimulate::schema;
use scimulate::scim::{Resource, ResourceSchema};
use serde_json::Value;
use tempfile::TempDir;

use super::golden::Golden;
use crate::support::{Exchange, Recorder, TOKEN, json, scimulate};

/// When the first cycle begins, unless `scenario.toml` says otherwise.
const FIRST: &str = "2026-03-01T10:00:00Z";

/// From one cycle to the next, as with the service.
const INTERVAL: SignedDuration = SignedDuration::from_mins(40);

const CONFIG: &str = "scimulate.toml";
const TOKEN_VARIABLE: &str = "TARGET_TOKEN";

/// Where all scenarios are.
pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// What `scenario.toml` says beside the config; all of it may be missing.
#[derive(Debug, Default)]
struct Script {
    now: Vec<Timestamp>,
    /// Why another initial cycle at the end isn't idle.
    does_not_converge: Option<String>,
    /// Why the requests of plan and run differ.
    plan_differs: Option<String>,
}

impl Script {
    fn read(folder: &Path) -> Self {
        let Ok(text) = fs::read_to_string(folder.join("scenario.toml")) else { return Self::default() };
        let mut table: toml::Table = text.parse().expect("scenario.toml is TOML");
        let mut take = |key: &str| table.remove(key);
        let reason = |value: toml::Value| value.as_str().expect("a reason is a text").to_owned();
        let script = Self {
            now: match take("now") {
                Some(list) => {
                    list.try_into::<Vec<String>>().expect("`now` is a list of instants").iter().map(instant).collect()
                }
                None => Vec::new(),
            },
            does_not_converge: take("does_not_converge").map(reason),
            plan_differs: take("plan_differs").map(reason),
        };
        assert!(table.is_empty(), "scenario.toml has keys that nobody knows: {table}");
        script
    }

    /// When cycle `number` begins.
    fn instant(&self, number: usize) -> Timestamp {
        if self.now.is_empty() {
            let later = INTERVAL * i32::try_from(number - 1).expect("few cycles");
            return instant(FIRST) + later;
        }
        *self.now.get(number - 1).unwrap_or_else(|| panic!("scenario.toml has no instant for cycle {number}"))
    }
}

fn instant(text: impl AsRef<str>) -> Timestamp {
    text.as_ref().parse().expect("an instant")
}

/// Plays `fixtures/NAME` and compares everything with its golden files.
pub(crate) fn play(name: &str) {
    let origin = fixtures().join(name);
    let script = Script::read(&origin);
    let stage = Stage::set(name, &origin, &script);
    let mut golden = Golden::in_folder(origin.join("expected"));
    let mut headers = Headers::default();
    let mut number = 1;
    let last = loop {
        let now = script.instant(number);
        if number == 1 {
            golden.check("inspect.txt", &stage.text(&stage.scimulate(&["inspect"])));
        }
        let planned = stage.plan(now, number, &mut golden);
        let sent = stage.run(now, number, &mut golden, &mut headers);
        match &script.plan_differs {
            Some(reason) => assert_ne!(planned, sent, "plan and run agree, although: {reason}"),
            None => assert_eq!(planned, sent, "cycle {number}: plan says what run sends"),
        }
        let next = origin.join(format!("cycle-{}", number + 1));
        if !next.is_dir() {
            break now;
        }
        number += 1;
        lay_over(&next, stage.folder.path());
    };
    golden.finish();
    stage.converges(last, &script);
}

/// What the endpoint keeps of users: that of the scenario's mapping, where it isn't WEDO's.
fn users(folder: &Path) -> Option<ResourceSchema> {
    let settings = config::load(&folder.join(CONFIG), &Overrides::default()).expect("a config");
    let text = match &settings.provisioning.mapping {
        Mapping::Template(name) if name == "wedo" => return None,
        Mapping::Template(name) => schema::template(name).expect("a built-in mapping").text.to_owned(),
        Mapping::File(path) => fs::read_to_string(path).expect("a schema"),
    };
    let document = schema::read(&text, "schema.json").expect("a schema");
    Some(schema::target_definition(&document).expect("a target in the schema"))
}

struct Stage {
    folder: TempDir,
    recorder: Recorder,
}

/// Method, path and body.
type Sent = (String, String, Value);

impl Stage {
    fn set(name: &str, origin: &Path, script: &Script) -> Self {
        let folder = tempfile::Builder::new()
            .prefix(&format!("{name}-"))
            .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
            .expect("a folder under target/");
        lay_over(origin, folder.path());
        let recorder = Recorder::start_with(script.instant(1), users(folder.path()));
        if let Ok(text) = fs::read_to_string(origin.join("target.json")) {
            recorder.endpoint().load(accounts(&text)).expect("accounts that fit the endpoint");
        }
        let path = folder.path().join(CONFIG);
        let config = fs::read_to_string(&path).expect("a config");
        fs::write(&path, aim(&config, &recorder.url())).expect("a written config");
        Self { folder, recorder }
    }

    /// Shows the plan, and gives the requests that it announces.
    fn plan(&self, now: Timestamp, number: usize, golden: &mut Golden) -> Vec<Sent> {
        let now = now.to_string();
        let shown = self.scimulate(&["plan", "--now", &now, "--show-requests"]);
        golden.check(&format!("cycle-{number}.plan.txt"), &self.text(&shown));
        let document = json(&self.scimulate(&["plan", "--now", &now, "--output", "json"]));
        for exchange in self.recorder.take() {
            assert!(!exchange.writes(), "a plan writes nothing, but sent {} {}", exchange.method, exchange.target);
        }
        let objects = document["objects"].as_array().expect("a list of objects");
        let requests = objects.iter().flat_map(|object| object["requests"].as_array().expect("a list of requests"));
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        requests.map(|request| (text(&request["method"]), text(&request["path"]), request["body"].clone())).collect()
    }

    /// Runs the cycle, and gives what it sent after the test query.
    fn run(&self, now: Timestamp, number: usize, golden: &mut Golden, headers: &mut Headers) -> Vec<Sent> {
        let output = self.scimulate(&["run", "--now", &now.to_string()]);
        golden.check(&format!("cycle-{number}.run.txt"), &self.text(&output));
        let exchanges = self.recorder.take();
        golden.check(&format!("cycle-{number}.requests.http"), &self.mask(&transcript(&exchanges, headers)));
        let (test, rest) = exchanges.split_first().expect("a cycle begins with the test query");
        assert!(test.target.starts_with("/scim/v2/Users?filter="), "{}", test.target);
        let sent = |exchange: &Exchange| {
            let path = exchange.target.strip_prefix("/scim/v2").expect("everything goes to the tenant URL");
            (exchange.method.clone(), path.to_owned(), exchange.body.clone().unwrap_or_default())
        };
        rest.iter().map(sent).collect()
    }

    /// An initial cycle over the last export finds everything as it should be.
    fn converges(&self, now: Timestamp, script: &Script) {
        fs::remove_dir_all(self.folder.path().join(".scimulate")).expect("the state is there");
        let output = self.scimulate(&["run", "--now", &now.to_string(), "--output", "json"]);
        let writes: Vec<_> = self.recorder.take().into_iter().filter(Exchange::writes).collect();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(matches!(output.status.code(), Some(0 | 4)), "{}\n{stderr}", output.status);
        let document: Value = serde_json::from_slice(&output.stdout).expect("a JSON document");
        let counted = &document["cycles"][0]["requests"];
        for method in ["POST", "PATCH", "DELETE"] {
            assert_eq!(counted[method], writes.iter().filter(|write| write.method == method).count(), "{counted}");
        }
        match &script.does_not_converge {
            Some(reason) => assert!(!writes.is_empty(), "it converges, although: {reason}"),
            None => assert!(writes.is_empty(), "without its state the job would send {writes:#?}"),
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
        self.mask(&without_durations(&text))
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
    for line in text.split_inclusive('\n') {
        let duration = line.split_once(") in ").and_then(|(before, rest)| {
            let (number, after) = rest.split_once(" s.")?;
            number.parse::<f64>().ok().map(|_| (before, after))
        });
        match duration {
            Some((before, after)) => {
                let _infallible = write!(masked, "{before}) in [time].{after}");
            }
            None => masked.push_str(line),
        }
    }
    masked
}

/// Methods whose headers were shown already: one request of each shows them.
#[derive(Default)]
struct Headers(Vec<String>);

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

fn accounts(text: &str) -> Vec<Resource> {
    let mut document: Value = serde_json::from_str(text).expect("target.json is JSON");
    let Value::Array(users) = document["Users"].take() else { panic!("target.json has no list `Users`") };
    users.into_iter().map(|user| Resource::from_value(user).expect("an account is an object")).collect()
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

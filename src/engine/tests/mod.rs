//! Whole cycles against the embedded endpoint, in process and on a virtual clock.

mod cycles;
mod deletions;
mod directory;
mod discover;
mod escrow;
mod groups;
mod on_demand;
mod quarantine;
mod references;
mod troubles;
mod verify;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use directory::{Team, TeamFiles};

use super::*;
use crate::base::{Random, Secret, SourceId};
use crate::client::{Client, ClientOptions, Rate, Token};
use crate::clock::Clock;
use crate::event::{CycleKind, CycleReport, Event, ObjectRecord};
use crate::plan::{ActionKind, PlannedObject};
use crate::schema::{self, Actions, CompileOptions, CompiledSchema, template};
use crate::scim::{Dialect, Resource, ResourceSchema, TenantUrl};
use crate::source::{Export, SourcePaths};
use crate::store::Store;
use crate::target::{Endpoint, EndpointOptions, Storage};

const ROLE: &str = "00000001-0000-4000-8000-000000000000";

/// What the wire does to a request.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    /// It never reaches the endpoint and is answered with this.
    Instead(u16),
    /// The endpoint acts on it, but this is answered.
    After(u16),
    /// The endpoint acts on it and answers without a body and without `Location`.
    Mute,
    /// The cycle is cancelled when this comes by.
    Cancel,
    /// From now on everything is answered with 401.
    Revoke,
}

#[derive(Default)]
struct Wire {
    log: Mutex<Vec<String>>,
    /// Method, part of the path or body, times, what.
    faults: Mutex<Vec<(&'static str, String, usize, Fault)>>,
    cancel: Mutex<CancellationToken>,
}

impl Wire {
    fn fault(&self, method: &str, line: &str) -> Option<Fault> {
        let mut faults = self.faults.lock().unwrap();
        let hit =
            faults.iter_mut().find(|(of, part, times, _)| *times > 0 && *of == method && line.contains(&**part))?;
        hit.2 -= 1;
        let fault = hit.3;
        if fault == Fault::Revoke {
            let all = ["GET", "POST", "PATCH"].map(|of| (of, String::new(), usize::MAX, Fault::Instead(401)));
            faults.extend(all);
        }
        Some(fault)
    }
}

async fn pass(State(wire): State<Arc<Wire>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let line = format!("{} {} {}", parts.method, parts.uri.path_and_query().unwrap(), String::from_utf8_lossy(&body));
    wire.log.lock().unwrap().push(line.trim().to_owned());
    let fault = wire.fault(parts.method.as_str(), &line);
    let broken = |status| StatusCode::from_u16(status).unwrap().into_response();
    match fault {
        Some(Fault::Instead(status)) => return broken(status),
        Some(Fault::Revoke) => return broken(401),
        _ => {}
    }
    if fault == Some(Fault::Cancel) {
        wire.cancel.lock().unwrap().cancel();
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    match fault {
        Some(Fault::After(status)) => broken(status),
        Some(Fault::Mute) => response.status().into_response(),
        _ => response,
    }
}

/// A user of the directory.
#[derive(Debug, Clone)]
struct Person {
    title: &'static str,
    enabled: bool,
    assigned: bool,
    deleted: bool,
    user_name: Option<String>,
    manager: Option<u32>,
}

impl Person {
    fn new() -> Self {
        Self { title: "Engineer", enabled: true, assigned: true, deleted: false, user_name: None, manager: None }
    }
}

/// A directory, a target and a job between them.
struct World {
    folder: TempDir,
    people: BTreeMap<u32, Person>,
    /// Columns that the export leaves out.
    without: Vec<&'static str>,
    /// Whether deleted users are exported in a file of their own.
    recycle_bin: bool,
    wire: Arc<Wire>,
    endpoint: Endpoint,
    client: Client,
    clock: Clock,
    random: Random,
    policy: Policy,
    rules: Arc<CompiledSchema>,
    concurrency: usize,
    /// Role of every assignment.
    role: &'static str,
    teams: BTreeMap<u32, Team>,
    team_files: TeamFiles,
    /// What ids of the target stand for.
    known: BTreeMap<String, String>,
    /// The store of the last cycle, with which the next one goes on as `run` does. Whatever a test does to the state in
    /// between comes from another connection.
    kept: Option<Store>,
}

fn rules(change: impl FnOnce(&mut Value), actions: Option<Actions>) -> Arc<CompiledSchema> {
    let mut document: Value = serde_json::from_str(template("wedo").unwrap().text).unwrap();
    change(&mut document);
    let filterable = Some(vec!["userName".to_owned()]);
    let options = CompileOptions { name: "wedo".to_owned(), actions, filterable, ..CompileOptions::default() };
    compiled(&document.to_string(), &options)
}

fn compiled(document: &str, options: &CompileOptions) -> Arc<CompiledSchema> {
    Arc::new(schema::compile(&schema::read(document, "test").unwrap(), options).unwrap())
}

/// A generic endpoint with the enterprise user.
fn generic(clock: Clock) -> EndpointOptions {
    let users = ResourceSchema::user().with_extension(ResourceSchema::enterprise_user());
    EndpointOptions::scim(users, vec![Secret::new("secret")], clock, Random::seeded(1))
}

/// That endpoint, and a client of it.
fn generic_target(clock: &Clock) -> (Endpoint, Client) {
    let endpoint = Endpoint::new(generic(clock.clone()), Storage::memory()).unwrap();
    let client = client(endpoint.router(), clock);
    (endpoint, client)
}

fn client(router: Router, clock: &Clock) -> Client {
    let url = TenantUrl::parse("http://localhost/scim/v2", false).unwrap();
    let mut options = ClientOptions::new(url, Token::from_text("secret").unwrap());
    options.rate = Rate::Unlimited;
    Client::in_process(router, options, clock.clone()).unwrap()
}

/// The mapping of a target attribute in the document.
fn mapping<'d>(document: &'d mut Value, target: &str) -> &'d mut Value {
    let mappings = document["synchronizationRules"][0]["objectMappings"][0]["attributeMappings"].as_array_mut();
    mappings.unwrap().iter_mut().find(|mapping| mapping["targetAttributeName"] == target).unwrap()
}

fn id(number: u32) -> SourceId {
    SourceId::parse(&format!("0b4d5a6e-0001-4000-8000-{number:012}")).unwrap()
}

impl World {
    fn new(people: u32) -> Self {
        let options = |clock| EndpointOptions::wedo(vec![Secret::new("secret")], clock, Random::seeded(1));
        Self::with(people, options, rules(|_| {}, None))
    }

    fn with(people: u32, options: impl FnOnce(Clock) -> EndpointOptions, rules: Arc<CompiledSchema>) -> Self {
        let clock = Clock::starting_at("2026-03-01T10:00:00Z".parse().unwrap());
        let endpoint = Endpoint::new(options(clock.clone()), Storage::memory()).unwrap();
        let wire = Arc::new(Wire::default());
        let router = endpoint.router().layer(from_fn_with_state(Arc::clone(&wire), pass));
        let client = client(router, &clock);
        Self {
            folder: tempfile::tempdir().unwrap(),
            people: (1..=people).map(|number| (number, Person::new())).collect(),
            without: Vec::new(),
            recycle_bin: false,
            wire,
            endpoint,
            client,
            clock,
            random: Random::seeded(2),
            policy: Policy::default(),
            rules,
            concurrency: 1,
            role: ROLE,
            teams: BTreeMap::new(),
            team_files: TeamFiles::None,
            known: BTreeMap::new(),
            kept: None,
        }
    }

    /// A job that remembers nothing, at the target of this one.
    fn stranger(&self, people: u32) -> Self {
        let (wire, endpoint, client) = (Arc::clone(&self.wire), self.endpoint.clone(), self.client.clone());
        Self { wire, endpoint, client, ..Self::new(people) }
    }

    fn person(&mut self, number: u32) -> &mut Person {
        self.people.get_mut(&number).unwrap()
    }

    fn fault(&self, method: &'static str, part: &str, times: usize, fault: Fault) {
        self.wire.faults.lock().unwrap().push((method, part.to_owned(), times, fault));
    }

    fn export(&self) -> Arc<Export> {
        let names = ["id", "userPrincipalName", "displayName", "jobTitle", "accountEnabled"];
        let columns: Vec<_> = names.into_iter().filter(|name| !self.without.contains(name)).collect();
        let header = format!("{}\n", columns.join(","));
        let (mut users, mut deleted, mut assigned) = (header.clone(), header, String::new());
        for (number, person) in &self.people {
            let fields = |name: &&str| match *name {
                "id" => id(*number).to_string(),
                "userPrincipalName" => person.user_name.clone().unwrap_or_else(|| format!("u{number}@contoso.com")),
                "displayName" => format!("User {number}"),
                "jobTitle" => person.title.to_owned(),
                _ => if person.enabled { "True" } else { "False" }.to_owned(),
            };
            let row: Vec<_> = columns.iter().map(fields).collect();
            writeln!(if person.deleted { &mut deleted } else { &mut users }, "{}", row.join(",")).unwrap();
            if person.assigned {
                let comma = if assigned.is_empty() { "" } else { "," };
                write!(
                    assigned,
                    "{comma}{{\"id\":\"a{number}\",\"appRoleId\":\"{}\",\"principalId\":\"{}\",\
                     \"principalType\":\"User\",\"principalDisplayName\":\"User {number}\",\
                     \"resourceId\":\"11111111-0000-4000-8000-000000000000\"}}",
                    self.role,
                    id(*number)
                )
                .unwrap();
            }
        }
        let write = |name: &str, text: &str| {
            let path = self.folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let paths = SourcePaths {
            users: write("users.csv", &users),
            deleted_users: self.recycle_bin.then(|| write("deleted.csv", &deleted)),
            assignments: Some(write("assignments.json", &self.assignments(assigned))),
            ..self.team_paths(&write)
        };
        Arc::new(Export::open(&paths).unwrap())
    }

    /// One cycle with a store.
    async fn run(&mut self) -> Cycled {
        self.run_as(Mode::Run, None, true).await
    }

    async fn run_as(&mut self, mode: Mode, planned: Option<Arc<Planned>>, whole: bool) -> Cycled {
        let cancel = CancellationToken::new();
        self.learn();
        *self.wire.cancel.lock().unwrap() = cancel.clone();
        self.wire.log.lock().unwrap().clear();
        let cycle = Cycle {
            policy: Arc::new(self.policy.clone()),
            rules: Arc::clone(&self.rules),
            export: self.export(),
            client: self.client.clone(),
            clock: self.clock.clone(),
        };
        let options = CycleOptions { mode, concurrency: self.concurrency, planned, whole, evaluated_at: None, cancel };
        let store = self.kept.take().unwrap_or_else(|| self.store());
        let before = store.linked().unwrap();
        let mut sink = Recorder { linked: before, ..Recorder::default() };
        let running = cycle.run(Some(store), &options, &mut self.random, &mut sink);
        let ended = tokio::time::timeout(Duration::from_mins(1), running).await.expect("the cycle hangs");
        let (store, result) = ended;
        self.kept = store;
        let mut requests = self.wire.log.lock().unwrap().clone();
        for line in &mut requests {
            *line = line.replace("/scim/v2", "");
        }
        self.learn();
        let wire = self.short(&requests);
        let Recorder { records, warnings, notifications, linked } = sink;
        if let Some(store) = &self.kept {
            let (stored, totals) = (store.linked().unwrap(), store.totals().unwrap());
            assert_eq!(stored, [totals.linked_users(), totals.linked_groups]);
            assert_eq!(stored, if mode == Mode::Run { linked } else { before }, "links are told as they are stored");
        }
        Cycled { result, requests, wire, records, warnings, notifications }
    }

    fn store(&self) -> Store {
        Store::open(self.folder.path(), "wedo").unwrap()
    }

    /// The account of a user.
    fn account(&self, number: u32) -> Option<Resource> {
        let name = format!("u{number}@contoso.com");
        self.endpoint.resources().unwrap().into_iter().find(|user| user.get("userName").unwrap() == name.as_str())
    }

    fn is_active(&self, number: u32) -> bool {
        self.account(number).unwrap().get("active") == Some(&Value::Bool(true))
    }

    fn title(&self, number: u32) -> String {
        self.account(number).unwrap().get("title").unwrap().as_str().unwrap().to_owned()
    }
}

/// A saved plan of these.
fn planned<'r>(records: impl IntoIterator<Item = &'r ObjectRecord>) -> Arc<Planned> {
    let object = |record: &ObjectRecord| PlannedObject {
        source_id: record.source_id.clone(),
        name: record.name.clone(),
        kind: record.kind,
        action: record.action,
        reason_code: record.reason.code().to_owned(),
        reason: record.reason.to_string(),
        target_id: record.target_id.clone(),
        changes: record.changes.clone(),
        unknown: Vec::new(),
        requests: Vec::new(),
    };
    Arc::new(Planned::new(records.into_iter().map(object).collect()))
}

#[derive(Default)]
struct Recorder {
    records: Vec<ObjectRecord>,
    warnings: Vec<String>,
    notifications: Vec<String>,
    /// Linked users and groups, going by what is said of each link.
    linked: [u64; 2],
}

impl Sink for Recorder {
    fn processed(&mut self, processed: &Processed) {
        let linked = &mut self.linked[usize::from(processed.record.kind == schema::ObjectKind::Group)];
        match processed.link {
            LinkChange::None => {}
            LinkChange::Made => *linked += 1,
            LinkChange::Gone => *linked -= 1,
        }
    }

    fn event(&mut self, event: &Event) {
        match event {
            Event::Object(record) => self.records.push(record.clone()),
            Event::Warning(text) => self.warnings.push(text.clone()),
            Event::Notification { reason, .. } => self.notifications.push(reason.clone()),
            _ => {}
        }
    }
}

/// What one cycle came to.
struct Cycled {
    result: Result<CycleReport, EngineError>,
    requests: Vec<String>,
    /// What was sent after the test queries, in short: `FIND u1`, `PATCH t1 Add members u1`.
    wire: Vec<String>,
    records: Vec<ObjectRecord>,
    warnings: Vec<String>,
    /// Reasons.
    notifications: Vec<String>,
}

impl Cycled {
    fn report(&self) -> &CycleReport {
        self.result.as_ref().unwrap()
    }

    fn count(&self, action: ActionKind) -> u64 {
        self.report().summary.count(action)
    }

    /// `METHOD endpoint` of everything sent after the test query, ids left out.
    fn sent(&self) -> Vec<&str> {
        let short = |line: &'_ String| -> &'static str {
            match (line.split(' ').next().unwrap(), line.contains("filter=")) {
                ("GET", true) => "FIND",
                ("GET", false) => "GET",
                ("POST", _) => "POST",
                ("PATCH", _) => "PATCH",
                ("DELETE", _) => "DELETE",
                _ => "?",
            }
        };
        self.requests.iter().skip(1).map(short).collect()
    }

    /// What was written, in short.
    fn written(&self) -> Vec<&str> {
        let reads = |line: &&str| !line.starts_with("GET") && !line.starts_with("FIND");
        self.wire.iter().map(String::as_str).filter(reads).collect()
    }

    /// Body of the only PATCH.
    fn patched(&self) -> Value {
        let mut patches = self.requests.iter().filter(|line| line.starts_with("PATCH"));
        let patch = patches.next().unwrap_or_else(|| panic!("no PATCH in {:?}", self.requests));
        assert_eq!(patches.next(), None);
        serde_json::from_str::<Value>(patch.splitn(3, ' ').nth(2).unwrap()).unwrap()["Operations"].clone()
    }

    /// Action and reason code of every object, by number.
    fn outcomes(&self) -> Vec<(ActionKind, &str)> {
        self.records.iter().map(|record| (record.action, record.reason.code())).collect()
    }
}

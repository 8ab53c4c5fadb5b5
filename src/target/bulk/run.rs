//! Doing the operations, and telling what came of each.

use std::collections::{BTreeSet, HashMap};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH, LOCATION, TRANSFER_ENCODING};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use tokio::task::yield_now;
use tower::ServiceExt as _;

use super::order::order;
use super::references;
use super::request::{BulkRequest, Call, MAX_PAYLOAD_SIZE, Operation};
use crate::scim::{Method, ScimType, urn};
use crate::target::Endpoint;
use crate::target::answer::{Origin, Problem, encode, json as answer};
use crate::target::body::read_json;

/// `POST /Bulk`
pub(in crate::target) async fn bulk(
    State(endpoint): State<Endpoint>,
    request: Request,
) -> Result<Response<Body>, Problem> {
    let (parts, body) = request.into_parts();
    let body = read_json(&parts.headers, body, MAX_PAYLOAD_SIZE).await.map_err(|problem| match problem.0.status {
        Some(413) => {
            let detail = format!("the bulk request is longer than maxPayloadSize ({MAX_PAYLOAD_SIZE})");
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
        }
        _ => problem,
    })?;
    let request = BulkRequest::read(body)?;
    let mut job = Job::new(&endpoint, &parts.headers, &request.operations);
    let limit = request.fail_on_errors.map(|errors| errors.max(1));
    for step in order(&job.references()) {
        Box::pin(job.step(step.operation, step.detached)).await;
        // in memory no operation waits for anything, but others may wait for this thread
        yield_now().await;
        if limit.is_some_and(|limit| job.errors() >= limit) {
            break;
        }
    }
    Box::pin(job.give_up()).await;
    let document = json!({ "schemas": [urn::BULK_RESPONSE], "Operations": job.results() });
    Ok(answer(StatusCode::OK, document.to_string()))
}

/// A bulk request under way.
struct Job<'r> {
    operations: &'r [Operation],
    /// The operations that make something, by their `bulkId`.
    makers: HashMap<&'r str, usize>,
    router: Router,
    headers: HeaderMap,
    origin: Origin,
    outcomes: Vec<Option<Outcome>>,
    /// Operations whose resources wait for others, which they are to refer to.
    waiting: HashMap<usize, BTreeSet<usize>>,
}

/// What came of an operation.
struct Outcome {
    status: StatusCode,
    location: Option<String>,
    version: Option<String>,
    /// What was wrong.
    response: Option<Value>,
}

impl<'r> Job<'r> {
    fn new(endpoint: &Endpoint, headers: &HeaderMap, operations: &'r [Operation]) -> Self {
        let makers = operations.iter().enumerate().filter(|(_, operation)| operation.creates());
        let makers = makers.filter_map(|(index, operation)| Some((operation.bulk_id.as_deref()?, index))).collect();
        let origin = Origin::of(headers, endpoint.base_path());
        let mut headers = headers.clone();
        for name in [CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING, IF_MATCH, IF_NONE_MATCH] {
            headers.remove(name);
        }
        let outcomes = operations.iter().map(|_| None).collect();
        let router = endpoint.inner();
        Self { operations, makers, router, headers, origin, outcomes, waiting: HashMap::new() }
    }

    /// For each operation those that it has to come after: that it refers to, and that is about the same resource.
    fn references(&self) -> Vec<Vec<usize>> {
        let mut latest = HashMap::new();
        let of = |(index, operation): (usize, &'r Operation)| {
            let mut found = BTreeSet::new();
            if let Ok(call) = &operation.call {
                self.each_reference(call, &mut |id| found.extend(self.makers.get(id)));
                if !operation.creates() {
                    found.extend(latest.insert(call.path.as_str(), index));
                }
            }
            found.into_iter().collect()
        };
        self.operations.iter().enumerate().map(of).collect()
    }

    fn each_reference<'c>(&self, call: &'c Call, visit: &mut dyn FnMut(&'c str)) {
        let known = |id: &str| self.makers.contains_key(id);
        references::each_in_path(&call.path, &known, visit);
        if let Some(data) = &call.data {
            references::each(data, &known, visit);
        }
    }

    async fn step(&mut self, index: usize, detached: Vec<usize>) {
        let outcome = match &self.operations[index].call {
            Ok(call) => match self.check_references(call, &detached) {
                Ok(()) => self.call(call, &detached).await,
                Err(problem) => self.failure(call, &problem),
            },
            Err(problem) => Outcome::of(problem),
        };
        let made = outcome.status.is_success();
        self.outcomes[index] = Some(outcome);
        if made && !detached.is_empty() {
            self.waiting.insert(index, detached.into_iter().collect());
        }
        self.done(index, made).await;
    }

    /// Refuses what refers to nothing, or to what couldn't be made.
    fn check_references(&self, call: &Call, detached: &[usize]) -> Result<(), Problem> {
        let mut result = Ok(());
        self.each_reference(call, &mut |id| {
            let problem = match self.makers.get(id) {
                None => {
                    let detail = format!("`bulkId:{id}` is the bulkId of no operation with POST");
                    Problem::bad_request(ScimType::InvalidValue, detail)
                }
                Some(maker) if detached.contains(maker) || self.id_of(*maker).is_some() => return,
                Some(_) => conflict(format!("`bulkId:{id}` wasn't created, so nothing can refer to it")),
            };
            if result.is_ok() {
                result = Err(problem);
            }
        });
        result
    }

    /// Sends what an operation stands for, without references to what isn't there yet.
    async fn call(&self, call: &Call, detached: &[usize]) -> Outcome {
        let mut data = call.data.clone();
        let mut left_out = Vec::new();
        if let Some(data) = data.as_mut().filter(|_| !detached.is_empty()) {
            let known = |id: &str| self.makers.contains_key(id);
            let later = |id: &str| self.makers.get(id).is_some_and(|maker| detached.contains(maker));
            left_out = references::detach(data, &known, &later);
        }
        let outcome = self.send(call.method, &self.path(call), call.version.as_deref(), self.resolved(data)).await;
        if outcome.status == StatusCode::BAD_REQUEST && !left_out.is_empty() {
            // it can't be made without what can only be made after it
            let detail = outcome.detail();
            let names = left_out.join("`, `");
            return Outcome::of(&conflict(format!("the circular references in `{names}` can't be resolved: {detail}")));
        }
        outcome
    }

    /// What waited for an operation goes on now, or can't any more.
    async fn done(&mut self, index: usize, made: bool) {
        let mut ready: Vec<_> = self.waiting.iter().filter(|(_, for_whom)| for_whom.contains(&index)).collect();
        ready.sort_by_key(|(waiting, _)| **waiting);
        let ready: Vec<usize> = ready.into_iter().map(|(waiting, _)| *waiting).collect();
        for waiting in ready {
            if !made {
                let id = self.operations[index].bulk_id.as_deref().unwrap_or_default();
                self.withdraw(waiting, &format!("`bulkId:{id}` wasn't created, to which this refers")).await;
            } else if let Some(for_whom) = self.waiting.get_mut(&waiting) {
                for_whom.remove(&index);
                if for_whom.is_empty() {
                    self.waiting.remove(&waiting);
                    self.complete(waiting).await;
                }
            }
        }
    }

    /// Gives a resource the references that it was made without.
    async fn complete(&mut self, index: usize) {
        let (Some(path), Ok(call)) = (self.made_at(index), &self.operations[index].call) else { return };
        let completed = self.send(Method::Put, &path, None, self.resolved(call.data.clone())).await;
        if !completed.status.is_success() {
            let detail = completed.detail();
            return self.withdraw(index, &format!("its references can't be added: {detail}")).await;
        }
        if let Some(outcome) = &mut self.outcomes[index] {
            outcome.version = completed.version;
        }
    }

    /// Takes back a resource that can't become what it was to be.
    async fn withdraw(&mut self, index: usize, why: &str) {
        self.waiting.remove(&index);
        if let Some(path) = self.made_at(index) {
            self.send(Method::Delete, &path, None, None).await;
        }
        self.outcomes[index] = Some(Outcome::of(&conflict(why.to_owned())));
    }

    /// Takes back what still waits when nothing more is done.
    async fn give_up(&mut self) {
        let mut waiting: Vec<_> = self.waiting.keys().copied().collect();
        waiting.sort_unstable();
        for index in waiting {
            self.withdraw(index, "too many errors came before what this refers to was created").await;
        }
    }

    fn errors(&self) -> u64 {
        self.outcomes.iter().flatten().filter(|outcome| !outcome.status.is_success()).count() as u64
    }

    fn results(&self) -> Vec<Value> {
        let processed = self.operations.iter().zip(&self.outcomes);
        processed.filter_map(|(operation, outcome)| Some(outcome.as_ref()?.told(operation))).collect()
    }

    /// The id of what an operation made.
    fn id_of(&self, maker: usize) -> Option<String> {
        let location = self.outcomes[maker].as_ref()?.location.as_deref()?;
        self.operations[maker].creates().then_some(())?;
        let segment = location.rsplit('/').next()?;
        Some(percent_decode_str(segment).decode_utf8_lossy().into_owned())
    }

    /// The path of what an operation made.
    fn made_at(&self, maker: usize) -> Option<String> {
        let Ok(call) = &self.operations[maker].call else { return None };
        Some(format!("{}/{}", call.path, encode(&self.id_of(maker)?)))
    }

    fn made(&self, bulk_id: &str) -> Option<String> {
        self.id_of(*self.makers.get(bulk_id)?)
    }

    fn path(&self, call: &Call) -> String {
        references::replaced(&call.path, &|id| self.made(id).map(|id| encode(&id)))
    }

    fn resolved(&self, data: Option<Value>) -> Option<Value> {
        let mut data = data?;
        references::replace(&mut data, &|id| self.made(id));
        Some(data)
    }

    /// A request to the routes, as if it had come by itself.
    async fn send(&self, method: Method, path: &str, version: Option<&str>, data: Option<Value>) -> Outcome {
        let located = |outcome: Outcome| match method {
            Method::Post => outcome,
            _ => Outcome { location: Some(self.origin.url(path)), ..outcome },
        };
        let mut request = Request::builder().method(method.as_str()).uri(self.origin.target(path));
        if let Some(headers) = request.headers_mut() {
            headers.clone_from(&self.headers);
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/scim+json"));
        }
        if let Some(version) = version {
            request = request.header(IF_MATCH, version);
        }
        let Ok(request) = request.body(data.map_or_else(Body::empty, |data| Body::from(data.to_string()))) else {
            let detail = format!("`{path}` isn't a path, or the version isn't one");
            return located(Outcome::of(&Problem::bad_request(ScimType::InvalidSyntax, detail)));
        };
        let (parts, body) = match self.router.clone().oneshot(request).await {
            Ok(response) => response.into_parts(),
            Err(never) => match never {},
        };
        let header =
            |name| parts.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).map(str::to_owned);
        let response = if parts.status.is_success() {
            None
        } else {
            let text = to_bytes(body, MAX_PAYLOAD_SIZE).await.unwrap_or_default();
            let plain = || Value::from(String::from_utf8_lossy(&text).into_owned());
            Some(serde_json::from_slice(&text).unwrap_or_else(|_| plain()))
        };
        located(Outcome { status: parts.status, location: header(LOCATION), version: header(ETAG), response })
    }

    fn failure(&self, call: &Call, problem: &Problem) -> Outcome {
        let location = (call.method != Method::Post).then(|| self.origin.url(&call.path));
        Outcome { location, ..Outcome::of(problem) }
    }
}

impl Outcome {
    fn of(problem: &Problem) -> Self {
        Self { status: problem.status(), location: None, version: None, response: Some(problem.0.to_value()) }
    }

    fn detail(&self) -> String {
        let detail = self.response.as_ref().and_then(|response| response.get("detail")?.as_str());
        detail.map_or_else(|| self.status.to_string(), str::to_owned)
    }

    fn told(&self, operation: &Operation) -> Value {
        let mut members = Map::new();
        let mut add = |name: &str, text: Option<&str>| {
            if let Some(text) = text {
                members.insert(name.to_owned(), text.into());
            }
        };
        add("location", self.location.as_deref());
        add("method", operation.method.as_deref());
        add("bulkId", operation.bulk_id.as_deref());
        add("version", self.version.as_deref());
        add("status", Some(self.status.as_str()));
        if let Some(response) = &self.response {
            members.insert("response".to_owned(), response.clone());
        }
        Value::Object(members)
    }
}

fn conflict(detail: String) -> Problem {
    Problem::new(StatusCode::CONFLICT, detail)
}

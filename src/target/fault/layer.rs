//! The layer around the routes that applies the faults in force.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::CONTENT_LENGTH;
use axum::http::request::Parts;
use axum::http::{Response, Uri};
use axum::response::IntoResponse;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use url::form_urlencoded;

use super::misbehaviour::Call;
use super::{Fault, FaultRule};
use crate::scim::{Filter, Method, Resource, ResourceSchema};
use crate::target::answer::Problem;
use crate::target::body::read_bytes;
use crate::target::collection::parse;
use crate::target::gate::Next;
use crate::target::storage::Extent;
use crate::target::{Endpoint, Kind};

/// The faults that befall a request, for the handlers that write.
struct InForce {
    faults: Vec<Fault>,
    sent: Value,
}

/// Lets a request through as the rules in force say.
pub(in crate::target) async fn misbehave(endpoint: &Endpoint, request: Request, next: impl Next) -> Response<Body> {
    let rules = endpoint.faults();
    if rules.is_empty() {
        return next.run(request).await;
    }
    match Method::parse(request.method().as_str()) {
        Some(method) => serve(endpoint, &rules, method, request, next).await.unwrap_or_else(Problem::into_response),
        None => next.run(request).await,
    }
}

/// Changes what a handler is about to store.
pub(in crate::target) fn store(
    parts: &Parts,
    schema: &ResourceSchema,
    before: Option<&Resource>,
    after: &mut Resource,
) {
    let Some(in_force) = parts.extensions.get::<Arc<InForce>>() else { return };
    for fault in &in_force.faults {
        fault.behaviour().store(&in_force.sent, before, after);
    }
    schema.name_extensions(after);
}

/// Whether what a handler is about to store may be changed.
pub(in crate::target) fn may_change(parts: &Parts) -> bool {
    parts.extensions.get::<Arc<InForce>>().is_some()
}

async fn serve(
    endpoint: &Endpoint,
    rules: &[FaultRule],
    method: Method,
    request: Request,
    next: impl Next,
) -> Result<Response<Body>, Problem> {
    let (mut parts, body) = request.into_parts();
    let (kind, id) = asked_for(parts.uri.path(), endpoint.base_path());
    let bytes = read_bytes(&parts.headers, body, kind.unwrap_or(Kind::User).max_size()).await?;
    let sent: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let mut call = Call { method, kind, id, query: query.clone(), body: sent.clone() };
    let faults = in_force(endpoint, rules, &call)?;
    if faults.is_empty() {
        return Ok(next.run(Request::from_parts(parts, bytes.into())).await);
    }
    let delay: Duration = faults.iter().map(|fault| fault.behaviour().delay()).sum();
    if delay > Duration::ZERO {
        endpoint.clock().sleep(delay).await;
    }
    if let Some(answer) = faults.iter().find_map(|fault| fault.behaviour().answer(&call)) {
        return Ok(answer);
    }
    for fault in &faults {
        fault.behaviour().rewrite(&mut call);
    }
    if call.query != query {
        let path = parts.uri.path();
        let changed = if call.query.is_empty() { path.to_owned() } else { format!("{path}?{}", call.query) };
        parts.uri = changed.parse::<Uri>().unwrap_or(parts.uri);
    }
    let body = if call.body == sent {
        Body::from(bytes)
    } else {
        parts.headers.remove(CONTENT_LENGTH);
        Body::from(call.body.to_string())
    };
    let in_force = Arc::new(InForce { faults, sent });
    parts.extensions.insert(Arc::clone(&in_force));
    let (parts, body) = next.run(Request::from_parts(parts, body)).await.into_parts();
    let text = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let reply = in_force.faults.iter().find_map(|fault| fault.behaviour().reply(&call, parts.status, &text));
    Ok(reply.unwrap_or_else(|| Response::from_parts(parts, text.into())))
}

/// The kind of resource below the endpoint that a path means, and its id.
fn asked_for(path: &str, base_path: &str) -> (Option<Kind>, Option<String>) {
    let below = path.strip_prefix(base_path).unwrap_or(path);
    for kind in Kind::ALL {
        match below.strip_prefix(kind.path()).map(|rest| rest.strip_prefix('/').unwrap_or(rest)) {
            None => {}
            Some("") => return (Some(kind), None),
            Some(id) => return (Some(kind), Some(percent_decode_str(id).decode_utf8_lossy().into_owned())),
        }
    }
    (None, None)
}

/// The faults of the rules that apply now. Whether one with a rate happens is drawn last, so that requests
/// that it doesn't concern draw nothing.
fn in_force(endpoint: &Endpoint, rules: &[FaultRule], call: &Call) -> Result<Vec<Fault>, Problem> {
    let now = endpoint.clock().now();
    let rules = rules.iter().filter(|rule| rule.is_in_force(now) && rule.concerns(call.method));
    let mut subject = None;
    let mut faults = Vec::new();
    for rule in rules {
        if !rule.users.is_empty() {
            let subject = match &mut subject {
                Some(subject) => subject,
                unknown => unknown.insert(Subject::of(endpoint, call)?),
            };
            if !rule.users.iter().any(|name| subject.is(name)) {
                continue;
            }
        }
        if endpoint.happens(rule.rate) {
            faults.push(rule.fault);
        }
    }
    Ok(faults)
}

/// Whom a request is about, without letter case.
enum Subject {
    /// A resource by its names and id.
    Named(Vec<String>),
    /// Those that a filter looks for.
    Filter(String),
}

impl Subject {
    fn of(endpoint: &Endpoint, call: &Call) -> Result<Self, Problem> {
        let Some(kind) = call.kind else { return Ok(Self::Named(Vec::new())) };
        if let Some(id) = &call.id {
            let stored = endpoint.storage().read(|reader| reader.by_id(kind, id, Extent::BODY))?;
            let mut names = stored.map(|stored| names(&parse(&stored))).unwrap_or_default();
            names.push(Filter::fold(id));
            return Ok(Self::Named(names));
        }
        if call.method == Method::Post {
            return Ok(Self::Named(
                Resource::from_value(call.body.clone()).map(|sent| names(&sent)).unwrap_or_default(),
            ));
        }
        let mut query = form_urlencoded::parse(call.query.as_bytes());
        let filter = query.find(|(name, _)| name == "filter").map(|(_, filter)| Filter::fold(&filter));
        Ok(Self::Filter(filter.unwrap_or_default()))
    }

    fn is(&self, name: &str) -> bool {
        let name = Filter::fold(name);
        match self {
            Self::Named(names) => names.contains(&name),
            // As a whole, so that Ann isn't found in Joann.
            Self::Filter(filter) => filter.contains(&Value::String(name).to_string()),
        }
    }
}

fn names(resource: &Resource) -> Vec<String> {
    let name = |attribute| resource.get(attribute).and_then(Value::as_str).map(Filter::fold);
    ["userName", "displayName"].into_iter().filter_map(name).collect()
}

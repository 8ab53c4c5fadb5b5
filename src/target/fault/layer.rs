//! The layer around the routes that applies the faults in force.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::CONTENT_LENGTH;
use axum::http::request::Parts;
use axum::http::{Response, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::IntoResponse;
use serde_json::Value;

use super::armed::{Armed, Drawn};
use super::call::{Act, Call};
use super::paging::Page;
use super::reply::Reply;
use crate::scim::{Filter, Method, Resource, ResourceSchema};
use crate::target::Endpoint;
use crate::target::answer::Problem;
use crate::target::body::read_bytes;
use crate::target::collection::parse;
use crate::target::observe::Remarks;

/// The faults that befall a request, for the handlers that write.
#[derive(Clone)]
struct InForce(Arc<(Vec<Drawn>, Call)>);

/// Lets a request through as the rules in force say.
pub(in crate::target) async fn misbehave(endpoint: &Endpoint, request: Request, next: Next) -> Response<Body> {
    if endpoint.faults_in_force().are_none() {
        return next.run(request).await;
    }
    let rules = endpoint.faults_in_force().rules();
    match Method::parse(request.method().as_str()) {
        Some(method) => serve(endpoint, &rules, method, request, next).await.unwrap_or_else(Problem::into_response),
        None => next.run(request).await,
    }
}

/// Whether somebody is let in who has no right to be there, of whatever the rules say beside that for whom.
pub(in crate::target) fn lets_in(endpoint: &Endpoint) -> bool {
    let faults = endpoint.faults_in_force();
    if faults.are_none() {
        return false;
    }
    let rules = faults.rules();
    let mut drawn =
        rules.iter().filter(|armed| armed.rule.fault.behaviour().lets_in()).filter_map(|armed| armed.draw(endpoint));
    drawn.next().inspect(Drawn::happens).is_some()
}

/// What makes the ids of new resources.
pub(in crate::target) fn ids(parts: &Parts, endpoint: &Endpoint) -> impl Fn() -> String + Send + use<> {
    let (in_force, endpoint) = (parts.extensions.get::<InForce>().cloned(), endpoint.clone());
    move || {
        let id = endpoint.new_id();
        for drawn in in_force.iter().flat_map(|InForce(in_force)| &in_force.0) {
            if let Some(other) = drawn.fault().behaviour().new_id(&id) {
                drawn.happens();
                return other;
            }
        }
        id
    }
}

/// Changes what a handler is about to store.
pub(in crate::target) fn store(
    parts: &Parts,
    schema: &ResourceSchema,
    before: Option<&Resource>,
    after: &mut Resource,
) {
    let Some(InForce(in_force)) = parts.extensions.get::<InForce>() else { return };
    let (faults, call) = &**in_force;
    for drawn in faults {
        let right = after.clone();
        drawn.fault().behaviour().store(call, before, after);
        if *after != right {
            drawn.happens();
        }
    }
    schema.name_extensions(after);
}

/// Whether what a handler is about to store may be changed.
pub(in crate::target) fn may_change(parts: &Parts) -> bool {
    parts.extensions.get::<InForce>().is_some()
}

async fn serve(
    endpoint: &Endpoint,
    rules: &[Arc<Armed>],
    method: Method,
    request: Request,
    next: Next,
) -> Result<Response<Body>, Problem> {
    let (parts, body) = request.into_parts();
    let Some(mut call) = Call::of(endpoint, method, &parts) else {
        return Ok(next.run(Request::from_parts(parts, body)).await);
    };
    let bytes = read_bytes(&parts.headers, body, call.max_size()).await?;
    call.complete(&bytes);
    let drawn = draw(endpoint, rules, &call);
    let delay: Duration = drawn.iter().map(|drawn| drawn.fault().behaviour().delay()).sum();
    if delay > Duration::ZERO {
        drawn.iter().filter(|drawn| drawn.fault().behaviour().delay() > Duration::ZERO).for_each(Drawn::happens);
        endpoint.clock().sleep(delay).await;
    }
    let answered = drawn.iter().find_map(|drawn| {
        let answer = drawn.fault().behaviour().answer(&call)?;
        drawn.happens();
        Some(answer)
    });
    let in_force = InForce(Arc::new((drawn, call)));
    let reply = match answered {
        Some(reply) => Ok(reply),
        None => pass(&in_force, parts, Body::from(bytes), next).await,
    };
    let (drawn, call) = &*in_force.0;
    let mut response = match reply {
        // too long to be changed
        Err(response) => response,
        Ok(mut reply) => {
            if reply.status.is_success() && rules.iter().any(|armed| armed.rule.fault.behaviour().looks_back()) {
                endpoint.faults_in_force().remember(call);
            }
            for drawn in drawn {
                let right = reply.clone();
                drawn.fault().behaviour().reply(call, &mut reply);
                if !reply.is_like(&right) {
                    drawn.happens();
                }
            }
            reply.into_response(endpoint.clock())
        }
    };
    let names = drawn.iter().filter(|drawn| drawn.has_happened()).map(|drawn| drawn.fault().to_string());
    response.extensions_mut().get_or_insert_default::<Remarks>().0.extend(names);
    Ok(response)
}

/// Hands the request on, changed as the faults want it.
async fn pass(in_force: &InForce, mut parts: Parts, body: Body, next: Next) -> Result<Reply, Response<Body>> {
    let (drawn, call) = &*in_force.0;
    let mut changed = call.clone();
    for drawn in drawn {
        let (query, body) = (changed.query.clone(), changed.body.clone());
        drawn.fault().behaviour().rewrite(&mut changed);
        if changed.query != query || changed.body != body {
            drawn.happens();
        }
    }
    if changed.query != call.query {
        let path = parts.uri.path();
        let text = if changed.query.is_empty() { path.to_owned() } else { format!("{path}?{}", changed.query) };
        parts.uri = text.parse::<Uri>().unwrap_or(parts.uri);
    }
    let body = if changed.body == call.body {
        body
    } else {
        parts.headers.remove(CONTENT_LENGTH);
        Body::from(changed.body.to_string())
    };
    parts.extensions.insert(in_force.clone());
    if drawn.iter().any(|drawn| drawn.fault().behaviour().changes_lists())
        && let Some(mut page) = Page::collect(&changed, &parts, next.clone()).await
    {
        for drawn in drawn.iter().filter(|drawn| drawn.fault().behaviour().changes_lists()) {
            let right = page.clone();
            drawn.fault().behaviour().list(&changed, &mut page);
            if page != right {
                drawn.happens();
            }
        }
        let mut reply = Reply::empty(StatusCode::OK);
        reply.set_scim(page.into_list(&changed).into_value().to_string());
        return Ok(reply);
    }
    Reply::of(next.run(Request::from_parts(parts, body)).await).await
}

/// The faults of the rules that apply now.
fn draw(endpoint: &Endpoint, rules: &[Arc<Armed>], call: &Call) -> Vec<Drawn> {
    let rules = rules.iter().filter(|armed| armed.rule.is_in_force(call.now) && armed.rule.concerns(call.method));
    let mut subject = None;
    let mut drawn = Vec::new();
    for armed in rules {
        if !armed.rule.users.is_empty() {
            let subject = match &mut subject {
                Some(subject) => subject,
                unknown => unknown.insert(Subject::of(call)),
            };
            if !armed.rule.users.iter().any(|name| subject.is(name)) {
                continue;
            }
        }
        drawn.extend(armed.draw(endpoint));
    }
    drawn
}

/// Whom a request is about, without letter case.
enum Subject {
    /// A resource by its names and id.
    Named(Vec<String>),
    /// Those that a filter looks for.
    Filter(String),
}

impl Subject {
    fn of(call: &Call) -> Self {
        if call.kind.is_none() {
            return Self::Named(Vec::new());
        }
        if let Some(id) = &call.id {
            let mut names = call.before.as_ref().map(|stored| names(&parse(stored))).unwrap_or_default();
            names.push(Filter::fold(id));
            return Self::Named(names);
        }
        if call.act == Act::Create {
            let sent = Resource::from_value(call.body.clone());
            return Self::Named(sent.map(|sent| names(&sent)).unwrap_or_default());
        }
        Self::Filter(call.parameter("filter").map(|filter| Filter::fold(&filter)).unwrap_or_default())
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

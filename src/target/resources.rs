//! `/Users` and `/Groups`: create, read, replace, patch, delete.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{RawQuery, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Response, StatusCode};
use axum::response::IntoResponse;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::answer::{Problem, json};
use super::body::read_json;
use super::changes::Deed;
use super::collection::{Collection, created, parse};
use super::narrow::{MEMBERS, Narrow};
use super::projection::Projection;
use super::query::Query;
use super::storage::{Extent, Record, Stored, Taken, Transaction};
use super::version::Conditions;
use super::{Kind, fault, list};
use crate::scim::{PatchRequest, Resource, ScimType, apply};
use crate::threads::aside_if_long;

/// What a change has to see of a resource.
const KEPT: Extent = Extent { members: true, groups: false };

type Answer = Result<Response<Body>, Problem>;

/// `GET /Users`, `GET /Groups`
pub(super) async fn query(
    State(collection): State<Collection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer {
    let collections = vec![collection];
    let query = Query::of(&collections, &query.unwrap_or_default())?;
    list::answer(collections, query, &headers).await
}

/// `GET /Users/{id}`, `GET /Groups/{id}`
pub(super) async fn read(State(collection): State<Collection>, request: Request) -> Answer {
    let id = id_of(&request);
    let projection = Projection::of(std::slice::from_ref(&collection), request.uri().query().unwrap_or_default())?;
    let extent = projection.extent(&collection);
    let stored = collection.by_id(&id, extent)?.ok_or_else(|| Problem::missing(collection.kind(), &id))?;
    let conditions = Conditions::of(request.headers());
    if !conditions.is_empty() && conditions.check_read(collection.kind(), stored.version())? {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        collection.origin(request.headers()).mark(collection.kind(), &stored, &mut response);
        return Ok(response);
    }
    Ok(respond(&collection, &request.into_parts().0, &projection, StatusCode::OK, &stored))
}

/// `POST /Users`, `POST /Groups`
pub(super) async fn create(State(collection): State<Collection>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let document = read_json(&parts.headers, body, collection.kind().max_size()).await?;
    let projection = project(&collection, &parts, &document)?;
    let mut resource = admit(&collection, document)?;
    fault::store(&parts, collection.schema(), None, &mut resource);
    let name = collection.name_of(&resource).to_owned();
    let record = insert(&collection, resource, fault::ids(&parts, collection.endpoint())).await?;
    collection.note(Deed::Created, &record.id, &name);
    Ok(respond(&collection, &parts, &projection, StatusCode::CREATED, &record.to_stored()))
}

/// Adds a resource under a new id.
async fn insert(
    collection: &Collection,
    resource: Resource,
    new_id: impl Fn() -> String + Send + 'static,
) -> Result<Arc<Record>, Problem> {
    let now = collection.endpoint().now();
    let record = collection.record(new_id(), resource, (now, now), None);
    check_size(collection, record.size())?;
    let writing = collection.clone();
    let mut record = Arc::new(record);
    let unit = move |transaction: &mut Transaction<'_>| {
        loop {
            match transaction.insert(writing.kind(), &record)? {
                Ok(()) => return Ok(Arc::clone(&record)),
                Err(Taken::Key) => return Err(taken(&writing, &record.key)),
                Err(Taken::Id) => {
                    let resource = parse(&record.to_stored());
                    record = Arc::new(writing.record(new_id(), resource, (now, now), None));
                }
            }
        }
    };
    collection.storage().write(unit).await
}

/// `PUT /Users/{id}`, `PUT /Groups/{id}`
pub(super) async fn replace(State(collection): State<Collection>, request: Request) -> Answer {
    let id = id_of(&request);
    let (parts, body) = request.into_parts();
    let document = read_json(&parts.headers, body, collection.kind().max_size()).await?;
    let projection = project(&collection, &parts, &document)?;
    let resource = admit(&collection, document)?;
    let writing = collection.clone();
    let change = move |current: Resource, _: &dyn Fn() -> Option<Resource>| {
        Ok(writing.schema().replace(&current, resource.clone())?)
    };
    update(&collection, parts, projection, StatusCode::OK, id, None, change).await
}

/// `PATCH /Users/{id}`, `PATCH /Groups/{id}`
pub(super) async fn patch(State(collection): State<Collection>, request: Request) -> Answer {
    let id = id_of(&request);
    let (parts, body) = request.into_parts();
    let body = read_json(&parts.headers, body, collection.kind().max_size()).await?;
    let leniencies = collection.endpoint().leniencies();
    let operations = PatchRequest::parse(body, leniencies)?;
    let mut projection = Projection::of(std::slice::from_ref(&collection), parts.uri.query().unwrap_or_default())?;
    projection.note_patch(&collection, &operations);
    let status = if projection.is_asked_for() { StatusCode::OK } else { collection.kind().patched() };
    // one member among many doesn't need the many
    let named = match collection.kind() {
        Kind::Group if !fault::may_change(&parts) => operations.named_values(MEMBERS, collection.schema(), leniencies),
        _ => None,
    };
    let writing = collection.clone();
    let change = move |mut resource: Resource, shown: &dyn Fn() -> Option<Resource>| {
        apply(&mut resource, &operations, writing.schema(), leniencies, shown)?;
        Ok(resource)
    };
    update(&collection, parts, projection, status, id, named, change).await
}

/// `DELETE /Users/{id}`, `DELETE /Groups/{id}`
pub(super) async fn delete(State(collection): State<Collection>, request: Request) -> Answer {
    let id = id_of(&request);
    let conditions = Conditions::of(request.headers());
    let writing = collection.clone();
    let unit = move |transaction: &mut Transaction<'_>| {
        let kind = writing.kind();
        let missing = || Problem::missing(kind, &id);
        if !conditions.is_empty() {
            let extent = Extent { members: false, ..writing.whole() };
            let stored = transaction.by_id(kind, &id, extent)?.ok_or_else(missing)?;
            conditions.check_write(kind, stored.version())?;
        }
        let name = if writing.endpoint().changes().is_watched() {
            let stored = transaction.by_id(kind, &id, Extent::BODY)?;
            stored.map(|stored| writing.name_of(&parse(&stored)).to_owned()).unwrap_or_default()
        } else {
            String::new()
        };
        if writing.delete(transaction, &id)? { Ok((id.clone(), name)) } else { Err(missing()) }
    };
    let (id, name) = collection.storage().write(unit).await?;
    collection.note(Deed::Deleted, &id, &name);
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Changes a resource; what is the same afterwards isn't written, and keeps its `lastModified`. Of a group only the
/// members with the named values are read and changed, where any are named. `change` is given the resource and may ask for
/// how it is shown, which takes more reading.
async fn update(
    collection: &Collection,
    parts: Parts,
    projection: Projection,
    status: StatusCode,
    id: String,
    named: Option<Vec<String>>,
    change: impl Fn(Resource, &dyn Fn() -> Option<Resource>) -> Result<Resource, Problem> + Send + 'static,
) -> Answer {
    let writing = collection.clone();
    let shown = Extent { members: status != StatusCode::NO_CONTENT, ..projection.extent(collection) };
    let conditions = Conditions::of(&parts.headers);
    let parts = Arc::new(parts);
    let asking = Arc::clone(&parts);
    let unit = move |transaction: &mut Transaction<'_>| -> Result<_, Problem> {
        let (kind, now) = (writing.kind(), writing.endpoint().now());
        let missing = || Problem::missing(kind, &id);
        if !conditions.is_empty() {
            let extent = Extent { members: false, ..writing.whole() };
            let stored = transaction.by_id(kind, &id, extent)?.ok_or_else(missing)?;
            conditions.check_write(kind, stored.version())?;
        }
        let (before, version, narrow) = if let Some(values) = named.clone() {
            let (before, narrow) = Narrow::read(transaction, &id, values)?.ok_or_else(missing)?;
            (before, narrow.version(), Some(narrow))
        } else {
            let stored = transaction.by_id(kind, &id, KEPT)?.ok_or_else(missing)?;
            (stored.to_resource(KEPT), stored.own_version(), None)
        };
        let as_shown = || {
            let extent = Extent { members: false, ..writing.whole() };
            let stored = transaction.by_id(kind, &id, extent).ok()??;
            Some(writing.origin(&asking.headers).outgoing(kind, &stored))
        };
        let mut after = change(before.clone(), &as_shown)?;
        fault::store(&asking, writing.schema(), Some(&before), &mut after);
        if let Some(narrow) = &narrow {
            narrow.restore(&mut after);
        }
        let mut written = None;
        if !same(&before, &after) {
            written = Some(writing.name_of(&after).to_owned());
            let created = created(&before).unwrap_or(now);
            let mut record = writing.record(id.clone(), after, (created, now), Some(version));
            let is_narrow = narrow.is_some();
            if let Some(narrow) = narrow {
                record = narrow.complete(record);
            }
            check_size(&writing, record.size())?;
            transaction.update(kind, &record)?.map_err(|_| taken(&writing, &record.key))?;
            if is_narrow {
                check_size(&writing, record.size() + transaction.members_size(&id)?)?;
            }
        }
        let stored = transaction.by_id(kind, &id, shown)?.ok_or_else(missing)?;
        Ok((stored, written))
    };
    let (stored, written) = collection.storage().write(unit).await?;
    if let Some(name) = written {
        collection.note(Deed::Changed, &stored.id(), &name);
    }
    Ok(respond(collection, &parts, &projection, status, &stored))
}

fn same(before: &Resource, after: &Resource) -> bool {
    let content = |resource: &Resource| {
        resource.members().iter().filter(|(name, _)| !matches!(name.as_str(), "id" | "meta")).count()
    };
    content(before) == content(after)
        && after
            .members()
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "id" | "meta"))
            .all(|(name, value)| before.members().get(name) == Some(value))
}

/// What the answer to a document is to have.
fn project(collection: &Collection, parts: &Parts, document: &Value) -> Result<Projection, Problem> {
    let mut projection = Projection::of(std::slice::from_ref(collection), parts.uri.query().unwrap_or_default())?;
    projection.note_document(collection, document);
    Ok(projection)
}

fn respond(
    collection: &Collection,
    parts: &Parts,
    projection: &Projection,
    status: StatusCode,
    stored: &Stored,
) -> Response<Body> {
    let origin = collection.origin(&parts.headers);
    let shown = || match projection.needed_for(collection) {
        None => Ok(origin.text(collection.kind(), stored)),
        Some(projection) => projection.apply(collection, &origin, stored).map(|document| document.to_string()),
    };
    let mut response = if status == StatusCode::NO_CONTENT {
        status.into_response()
    } else {
        match aside_if_long(stored.len(), shown) {
            Ok(text) => json(status, text),
            Err(error) => return Problem::from(error).into_response(),
        }
    };
    origin.mark(collection.kind(), stored, &mut response);
    response
}

fn admit(collection: &Collection, document: Value) -> Result<Resource, Problem> {
    let Value::Object(members) = document else {
        return Err(Problem::bad_request(
            ScimType::InvalidSyntax,
            format!("a {} is a JSON object", collection.kind().noun()),
        ));
    };
    let leniencies = collection.endpoint().leniencies();
    collection.schema().check_schemas(&members, leniencies)?;
    Ok(collection.schema().admit(members, leniencies)?)
}

fn taken(collection: &Collection, key: &str) -> Problem {
    let kind = collection.kind();
    Problem::conflict(format!("another {} has the {} `{key}`", kind.noun(), kind.key()))
}

fn check_size(collection: &Collection, size: usize) -> Result<(), Problem> {
    let limit = collection.kind().max_size();
    if size <= limit {
        return Ok(());
    }
    let detail = format!("the {} would be {size} bytes long, at most {limit} are kept", collection.kind().noun());
    Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail))
}

/// The last segment of the path, decoded.
fn id_of(request: &Request) -> String {
    let segment = request.uri().path().rsplit('/').next().unwrap_or_default();
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

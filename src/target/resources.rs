//! `/Users` and `/Groups`: create, read, replace, patch, delete.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{RawQuery, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Response, StatusCode};
use axum::response::IntoResponse;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::answer::{Origin, Problem, json};
use super::body::read_json;
use super::collection::{Collection, parse};
use super::projection::Projection;
use super::storage::{Record, Taken, Transaction};
use super::{fault, list as query};
use crate::base::Timestamp;
use crate::scim::{PatchRequest, Resource, ScimType, apply};

type Answer = Result<Response<Body>, Problem>;

/// `GET /Users`, `GET /Groups`
pub(super) async fn list(
    State(collection): State<Collection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer {
    query::answer(collection, query.unwrap_or_default(), &headers).await
}

/// `GET /Users/{id}`, `GET /Groups/{id}`
pub(super) async fn read(State(collection): State<Collection>, request: Request) -> Answer {
    let id = id_of(&request);
    let body = collection.by_id(&id)?.ok_or_else(|| Problem::missing(collection.kind(), &id))?;
    Ok(respond(&collection, &request.into_parts().0, StatusCode::OK, &body))
}

/// `POST /Users`, `POST /Groups`
pub(super) async fn create(State(collection): State<Collection>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let mut resource = admit(&collection, read_json(&parts.headers, body, collection.kind().max_size()).await?)?;
    fault::store(&parts, collection.schema(), None, &mut resource);
    let record = insert(&collection, resource).await?;
    let location = Origin::of(&parts.headers, collection.endpoint().base_path());
    let mut response = respond(&collection, &parts, StatusCode::CREATED, &record.body.into());
    location.locate(collection.kind(), &record.id, &mut response);
    Ok(response)
}

/// Adds a resource under a new id.
async fn insert(collection: &Collection, resource: Resource) -> Result<Record, Problem> {
    let endpoint = collection.endpoint();
    let now = endpoint.now();
    let record = collection.record(endpoint.new_id(), resource, now, now);
    check_size(collection, &record.body)?;
    let writing = collection.clone();
    let unit = move |transaction: &mut Transaction<'_>| {
        let mut record = record;
        loop {
            match transaction.insert(writing.kind(), &record)? {
                Ok(()) => return Ok(record),
                Err(Taken::Key) => return Err(taken(&writing, &record.key)),
                Err(Taken::Id) => record = writing.record(writing.endpoint().new_id(), parse(&record.body), now, now),
            }
        }
    };
    collection.storage().write(unit).await
}

/// `PUT /Users/{id}`, `PUT /Groups/{id}`
pub(super) async fn replace(State(collection): State<Collection>, request: Request) -> Answer {
    let id = id_of(&request);
    let (parts, body) = request.into_parts();
    let resource = admit(&collection, read_json(&parts.headers, body, collection.kind().max_size()).await?)?;
    let writing = collection.clone();
    let change = move |current: Resource| keep_immutable(&writing, &current, resource);
    update(&collection, parts, StatusCode::OK, id, change).await
}

/// `PATCH /Users/{id}`, `PATCH /Groups/{id}`
pub(super) async fn patch(State(collection): State<Collection>, request: Request) -> Answer {
    let id = id_of(&request);
    let (parts, body) = request.into_parts();
    let body = read_json(&parts.headers, body, collection.kind().max_size()).await?;
    let options = collection.endpoint().patch_options();
    let operations = PatchRequest::parse(body, options)?;
    let asked = Projection::is_asked_for(parts.uri.query().unwrap_or_default());
    let status = if asked { StatusCode::OK } else { collection.kind().patched() };
    let writing = collection.clone();
    let change = move |mut resource: Resource| {
        apply(&mut resource, &operations, writing.schema(), writing.endpoint().patch_options())?;
        Ok(resource)
    };
    update(&collection, parts, status, id, change).await
}

/// `DELETE /Users/{id}`, `DELETE /Groups/{id}`
pub(super) async fn delete(State(collection): State<Collection>, request: Request) -> Answer {
    let id = id_of(&request);
    let kind = collection.kind();
    let unit = move |transaction: &mut Transaction<'_>| {
        let found = transaction.delete(kind, &id)?;
        if found { Ok(()) } else { Err(Problem::missing(kind, &id)) }
    };
    collection.storage().write(unit).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Changes a resource; what is the same afterwards isn't written, and keeps its `lastModified`.
async fn update(
    collection: &Collection,
    parts: Parts,
    status: StatusCode,
    id: String,
    change: impl FnOnce(Resource) -> Result<Resource, Problem> + Send + 'static,
) -> Answer {
    let writing = collection.clone();
    let unit = move |transaction: &mut Transaction<'_>| {
        let (kind, now) = (writing.kind(), writing.endpoint().now());
        let body = transaction.by_id(kind, &id)?.ok_or_else(|| Problem::missing(kind, &id))?;
        let before = parse(&body);
        let created = stamp(&before).unwrap_or(now);
        let mut after = change(before.clone())?;
        fault::store(&parts, writing.schema(), Some(&before), &mut after);
        if same(&before, &after) {
            return Ok((parts, body));
        }
        let record = writing.record(id, after, created, now);
        check_size(&writing, &record.body)?;
        match transaction.update(kind, &record)? {
            Ok(()) => Ok((parts, record.body.into())),
            Err(_) => Err(taken(&writing, &record.key)),
        }
    };
    let (parts, body) = collection.storage().write(unit).await?;
    if status == StatusCode::NO_CONTENT {
        return Ok(status.into_response());
    }
    Ok(respond(collection, &parts, status, &body))
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

fn stamp(resource: &Resource) -> Option<Timestamp> {
    resource.get("meta")?.get("created")?.as_str()?.parse().ok()
}

/// What PUT may not change (RFC 7644 section 3.5.1).
fn keep_immutable(collection: &Collection, current: &Resource, mut given: Resource) -> Result<Resource, Problem> {
    use crate::scim::Mutability::Immutable;
    for attribute in collection.schema().attributes.iter().filter(|attribute| attribute.mutability == Immutable) {
        let Some(kept) = current.get(&attribute.name) else { continue };
        match given.get(&attribute.name) {
            Some(value) if value != kept => {
                let detail = format!("`{}` is immutable", attribute.name);
                return Err(Problem::bad_request(ScimType::Mutability, detail));
            }
            Some(_) => {}
            None => {
                given.members_mut().insert(attribute.name.clone().into_owned(), kept.clone());
            }
        }
    }
    Ok(given)
}

fn respond(collection: &Collection, parts: &Parts, status: StatusCode, body: &Arc<str>) -> Response<Body> {
    let origin = Origin::of(&parts.headers, collection.endpoint().base_path());
    let Some(projection) = Projection::of(collection, parts.uri.query().unwrap_or_default()) else {
        return origin.answer(collection.kind(), status, body);
    };
    let mut text = String::with_capacity(body.len() + 128);
    origin.write(collection.kind(), body, &mut text);
    json(status, projection.apply(collection.schema(), parse(&text)).to_string())
}

fn admit(collection: &Collection, document: Value) -> Result<Resource, Problem> {
    let Value::Object(members) = document else {
        return Err(Problem::bad_request(
            ScimType::InvalidSyntax,
            format!("a {} is a JSON object", collection.kind().noun()),
        ));
    };
    if !names_schema(&members, &collection.schema().id) {
        let detail = format!("`schemas` of a {} has to name {}", collection.kind().noun(), collection.schema().id);
        return Err(Problem::bad_request(ScimType::InvalidValue, detail));
    }
    Ok(collection.schema().admit(members, collection.endpoint().patch_options())?)
}

fn names_schema(members: &Map<String, Value>, id: &str) -> bool {
    let schemas = members.iter().find(|(name, _)| name.eq_ignore_ascii_case("schemas")).map(|(_, value)| value);
    let is_it = |name: &Value| name.as_str().is_some_and(|name| name.eq_ignore_ascii_case(id));
    schemas.and_then(Value::as_array).is_some_and(|names| names.iter().any(is_it))
}

fn taken(collection: &Collection, key: &str) -> Problem {
    let kind = collection.kind();
    Problem::conflict(format!("another {} has the {} `{key}`", kind.noun(), kind.key()))
}

fn check_size(collection: &Collection, body: &str) -> Result<(), Problem> {
    let limit = collection.kind().max_size();
    if body.len() <= limit {
        return Ok(());
    }
    let noun = collection.kind().noun();
    let detail = format!("the {noun} would be {} bytes long, at most {limit} are kept", body.len());
    Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail))
}

/// The last segment of the path, decoded.
fn id_of(request: &Request) -> String {
    let segment = request.uri().path().rsplit('/').next().unwrap_or_default();
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

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
use super::changes::Deed;
use super::collection::{Collection, parse};
use super::projection::Projection;
use super::storage::{Change, Taken, Update};
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
    let endpoint = collection.endpoint();
    let now = endpoint.now();
    let name = collection.name_of(&resource).to_owned();
    let mut record = collection.record(endpoint.new_id(), resource, now, now);
    loop {
        check_size(&collection, &record.body)?;
        let attempt = record.clone();
        match collection.storage().insert(collection.kind(), vec![record])? {
            Ok(()) => {
                collection.note(Deed::Created, &attempt.id, &name);
                let location = Origin::of(&parts.headers, endpoint.base_path());
                let mut response = respond(&collection, &parts, StatusCode::CREATED, &attempt.body.into());
                location.locate(collection.kind(), &attempt.id, &mut response);
                return Ok(response);
            }
            Err((_, Taken::Key)) => return Err(taken(&collection, &attempt.key)),
            Err((_, Taken::Id)) => record = collection.record(endpoint.new_id(), parse(&attempt.body), now, now),
        }
    }
}

/// `PUT /Users/{id}`, `PUT /Groups/{id}`
pub(super) async fn replace(State(collection): State<Collection>, request: Request) -> Answer {
    let id = id_of(&request);
    let (parts, body) = request.into_parts();
    let resource = admit(&collection, read_json(&parts.headers, body, collection.kind().max_size()).await?)?;
    let change = |current: Resource| keep_immutable(&collection, &current, resource);
    update(&collection, &parts, StatusCode::OK, &id, change)
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
    update(&collection, &parts, status, &id, |mut resource| {
        apply(&mut resource, &operations, collection.schema(), options)?;
        Ok(resource)
    })
}

/// `DELETE /Users/{id}`, `DELETE /Groups/{id}`
pub(super) async fn delete(State(collection): State<Collection>, request: Request) -> Answer {
    let id = id_of(&request);
    let before = if collection.endpoint().changes().is_watched() { collection.by_id(&id)? } else { None };
    if !collection.storage().delete(collection.kind(), &id)? {
        return Err(Problem::missing(collection.kind(), &id));
    }
    collection.note(Deed::Deleted, &id, collection.name_of(&before.map(|body| parse(&body)).unwrap_or_default()));
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Changes a resource; what is the same afterwards isn't written, and keeps its `lastModified`.
fn update(
    collection: &Collection,
    parts: &Parts,
    status: StatusCode,
    id: &str,
    change: impl FnOnce(Resource) -> Result<Resource, Problem>,
) -> Answer {
    let (mut key, mut written) = (String::new(), None);
    let outcome = collection.storage().update(collection.kind(), id, |body| -> Result<Change, Problem> {
        let before = parse(body);
        let created = stamp(&before).unwrap_or_else(|| collection.endpoint().now());
        let mut after = change(before.clone())?;
        fault::store(parts, collection.schema(), Some(&before), &mut after);
        if same(&before, &after) {
            return Ok(Change::Nothing);
        }
        let name = collection.name_of(&after).to_owned();
        let record = collection.record(id.to_owned(), after, created, collection.endpoint().now());
        check_size(collection, &record.body)?;
        key.clone_from(&record.key);
        written = Some(name);
        Ok(Change::Write { key: record.key, body: record.body })
    })?;
    if let (Update::Done(_), Some(name)) = (&outcome, &written) {
        collection.note(Deed::Changed, id, name);
    }
    match outcome {
        Update::Missing => Err(Problem::missing(collection.kind(), id)),
        Update::KeyTaken => Err(taken(collection, &key)),
        Update::Done(_) if status == StatusCode::NO_CONTENT => Ok(status.into_response()),
        Update::Done(body) => Ok(respond(collection, parts, status, &body)),
    }
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

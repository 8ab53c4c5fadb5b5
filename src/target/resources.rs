//! `/Users` and `/Groups`: create, read, replace, patch, delete.

use axum::body::Body;
use axum::extract::{RawQuery, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Response, StatusCode};
use axum::response::IntoResponse;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::answer::{Problem, json};
use super::body::read_json;
use super::collection::{Collection, parse};
use super::projection::Projection;
use super::query::Query;
use super::storage::{Change, Taken, Update};
use super::version::Conditions;
use super::{fault, list};
use crate::base::Timestamp;
use crate::scim::{PatchRequest, Resource, ScimType, apply};

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
    let projection = Projection::of(request.uri().query().unwrap_or_default())?;
    let body = collection.by_id(&id)?.ok_or_else(|| Problem::missing(collection.kind(), &id))?;
    if Conditions::of(request.headers()).check_read(collection.kind(), &body)? {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        collection.origin(request.headers()).mark(collection.kind(), &body, &mut response);
        return Ok(response);
    }
    Ok(respond(&collection, &request.into_parts().0, &projection, StatusCode::OK, &body))
}

/// `POST /Users`, `POST /Groups`
pub(super) async fn create(State(collection): State<Collection>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let document = read_json(&parts.headers, body, collection.kind().max_size()).await?;
    let projection = project(&collection, &parts, &document)?;
    let mut resource = admit(&collection, document)?;
    fault::store(&parts, collection.schema(), None, &mut resource);
    let endpoint = collection.endpoint();
    let now = endpoint.now();
    let mut record = collection.record(endpoint.new_id(), resource, now, now);
    loop {
        check_size(&collection, &record.body)?;
        let attempt = record.clone();
        match collection.storage().insert(collection.kind(), vec![record])? {
            Ok(()) => {
                return Ok(respond(&collection, &parts, &projection, StatusCode::CREATED, &attempt.body));
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
    let document = read_json(&parts.headers, body, collection.kind().max_size()).await?;
    let projection = project(&collection, &parts, &document)?;
    let resource = admit(&collection, document)?;
    let change = |current: Resource| Ok(collection.schema().replace(&current, resource)?);
    update(&collection, &parts, &projection, StatusCode::OK, &id, change)
}

/// `PATCH /Users/{id}`, `PATCH /Groups/{id}`
pub(super) async fn patch(State(collection): State<Collection>, request: Request) -> Answer {
    let id = id_of(&request);
    let (parts, body) = request.into_parts();
    let body = read_json(&parts.headers, body, collection.kind().max_size()).await?;
    let leniencies = collection.endpoint().leniencies();
    let operations = PatchRequest::parse(body, leniencies)?;
    let mut projection = Projection::of(parts.uri.query().unwrap_or_default())?;
    projection.note_patch(&collection, &operations);
    let status = if projection.is_asked_for() { StatusCode::OK } else { collection.kind().patched() };
    update(&collection, &parts, &projection, status, &id, |mut resource| {
        apply(&mut resource, &operations, collection.schema(), leniencies)?;
        Ok(resource)
    })
}

/// `DELETE /Users/{id}`, `DELETE /Groups/{id}`
pub(super) async fn delete(State(collection): State<Collection>, request: Request) -> Answer {
    let id = id_of(&request);
    let conditions = Conditions::of(request.headers());
    if !conditions.is_empty() {
        let body = collection.by_id(&id)?.ok_or_else(|| Problem::missing(collection.kind(), &id))?;
        conditions.check_write(collection.kind(), &body)?;
    }
    if !collection.storage().delete(collection.kind(), &id)? {
        return Err(Problem::missing(collection.kind(), &id));
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Changes a resource; what is the same afterwards isn't written, and keeps its `lastModified`.
fn update(
    collection: &Collection,
    parts: &Parts,
    projection: &Projection,
    status: StatusCode,
    id: &str,
    change: impl FnOnce(Resource) -> Result<Resource, Problem>,
) -> Answer {
    let mut key = String::new();
    let outcome = collection.storage().update(collection.kind(), id, |body| -> Result<Change, Problem> {
        Conditions::of(&parts.headers).check_write(collection.kind(), body)?;
        let before = parse(body);
        let created = stamp(&before).unwrap_or_else(|| collection.endpoint().now());
        let mut after = change(before.clone())?;
        fault::store(parts, collection.schema(), Some(&before), &mut after);
        if same(&before, &after) {
            return Ok(Change::Nothing);
        }
        let record = collection.record(id.to_owned(), after, created, collection.endpoint().now());
        check_size(collection, &record.body)?;
        key.clone_from(&record.key);
        Ok(Change::Write { key: record.key, body: record.body })
    })?;
    match outcome {
        Update::Missing => Err(Problem::missing(collection.kind(), id)),
        Update::KeyTaken => Err(taken(collection, &key)),
        Update::Done(body) => Ok(respond(collection, parts, projection, status, &body)),
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

/// What the answer to a document is to have.
fn project(collection: &Collection, parts: &Parts, document: &Value) -> Result<Projection, Problem> {
    let mut projection = Projection::of(parts.uri.query().unwrap_or_default())?;
    projection.note_document(collection, document);
    Ok(projection)
}

fn respond(
    collection: &Collection,
    parts: &Parts,
    projection: &Projection,
    status: StatusCode,
    body: &str,
) -> Response<Body> {
    let origin = collection.origin(&parts.headers);
    let mut response = if status == StatusCode::NO_CONTENT {
        status.into_response()
    } else {
        let text = origin.text(collection.kind(), body);
        match projection.needed_for(collection) {
            None => json(status, text),
            Some(projection) => json(status, projection.apply(collection.schema(), parse(&text)).to_string()),
        }
    };
    origin.mark(collection.kind(), body, &mut response);
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

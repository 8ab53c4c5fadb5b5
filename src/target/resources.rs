//! `/Users`: create, read, replace, patch, delete.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Response, StatusCode};
use futures_util::StreamExt;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::answer::{Origin, Problem, json};
use super::endpoint::parse;
use super::projection::Projection;
use super::storage::{Change, Taken, Update};
use super::{Endpoint, list as query};
use crate::base::Timestamp;
use crate::scim::{PatchRequest, Resource, ScimType, apply};

/// The largest body that is taken, and the largest user that is kept.
const MAX_BODY: usize = 1024 * 1024;

type Answer = Result<Response<Body>, Problem>;

/// `GET /Users`
pub(super) async fn list(State(endpoint): State<Endpoint>, RawQuery(query): RawQuery, headers: HeaderMap) -> Answer {
    query::answer(endpoint, query.unwrap_or_default(), &headers).await
}

/// `GET /Users/{id}`
pub(super) async fn read(State(endpoint): State<Endpoint>, request: Request) -> Answer {
    let id = id_of(&request);
    let body = endpoint.storage().by_id(&id)?.ok_or_else(|| Problem::no_user(&id))?;
    Ok(respond(&endpoint, &request.into_parts().0, StatusCode::OK, &body))
}

/// `POST /Users`
pub(super) async fn create(State(endpoint): State<Endpoint>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let user = admit(&endpoint, read_json(&parts.headers, body).await?)?;
    let now = endpoint.now();
    let mut record = endpoint.record(endpoint.new_id(), user, now, now);
    loop {
        check_size(&record.body)?;
        let attempt = record.clone();
        match endpoint.storage().insert(vec![record])? {
            Ok(()) => {
                let location = Origin::of(&parts.headers, endpoint.base_path());
                let mut response = respond(&endpoint, &parts, StatusCode::CREATED, &attempt.body.into());
                location.locate(&attempt.id, &mut response);
                return Ok(response);
            }
            Err((_, Taken::Key)) => return Err(taken(&attempt.key)),
            Err((_, Taken::Id)) => record = endpoint.record(endpoint.new_id(), parse(&attempt.body), now, now),
        }
    }
}

/// `PUT /Users/{id}`
pub(super) async fn replace(State(endpoint): State<Endpoint>, request: Request) -> Answer {
    let id = id_of(&request);
    let (parts, body) = request.into_parts();
    let user = admit(&endpoint, read_json(&parts.headers, body).await?)?;
    let change = |current: Resource| keep_immutable(&endpoint, &current, user);
    update(&endpoint, &parts, &id, change)
}

/// `PATCH /Users/{id}`
pub(super) async fn patch(State(endpoint): State<Endpoint>, request: Request) -> Answer {
    let id = id_of(&request);
    let (parts, body) = request.into_parts();
    let body = read_json(&parts.headers, body).await?;
    let options = endpoint.patch_options();
    let operations = PatchRequest::parse(body, options)?;
    update(&endpoint, &parts, &id, |mut user| {
        apply(&mut user, &operations, endpoint.users(), options)?;
        Ok(user)
    })
}

/// `DELETE /Users/{id}`
pub(super) async fn delete(State(endpoint): State<Endpoint>, request: Request) -> Answer {
    let id = id_of(&request);
    if !endpoint.storage().delete(&id)? {
        return Err(Problem::no_user(&id));
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

/// Changes a user; what is the same afterwards isn't written, and keeps its `lastModified`.
fn update(
    endpoint: &Endpoint,
    parts: &Parts,
    id: &str,
    change: impl FnOnce(Resource) -> Result<Resource, Problem>,
) -> Answer {
    let mut key = String::new();
    let outcome = endpoint.storage().update(id, |body| -> Result<Change, Problem> {
        let before = parse(body);
        let created = stamp(&before).unwrap_or_else(|| endpoint.now());
        let after = change(before.clone())?;
        if same(&before, &after) {
            return Ok(Change::Nothing);
        }
        let record = endpoint.record(id.to_owned(), after, created, endpoint.now());
        check_size(&record.body)?;
        key.clone_from(&record.key);
        Ok(Change::Write { key: record.key, body: record.body })
    })?;
    match outcome {
        Update::Missing => Err(Problem::no_user(id)),
        Update::KeyTaken => Err(taken(&key)),
        Update::Done(body) => Ok(respond(endpoint, parts, StatusCode::OK, &body)),
    }
}

fn same(before: &Resource, after: &Resource) -> bool {
    let content =
        |user: &Resource| user.members().iter().filter(|(name, _)| !matches!(name.as_str(), "id" | "meta")).count();
    content(before) == content(after)
        && after
            .members()
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "id" | "meta"))
            .all(|(name, value)| before.members().get(name) == Some(value))
}

fn stamp(user: &Resource) -> Option<Timestamp> {
    user.get("meta")?.get("created")?.as_str()?.parse().ok()
}

/// What PUT may not change (RFC 7644 section 3.5.1).
fn keep_immutable(endpoint: &Endpoint, current: &Resource, mut user: Resource) -> Result<Resource, Problem> {
    use crate::scim::Mutability::Immutable;
    for attribute in endpoint.users().attributes.iter().filter(|attribute| attribute.mutability == Immutable) {
        let Some(kept) = current.get(&attribute.name) else { continue };
        match user.get(&attribute.name) {
            Some(given) if given != kept => {
                let detail = format!("`{}` is immutable", attribute.name);
                return Err(Problem::bad_request(ScimType::Mutability, detail));
            }
            Some(_) => {}
            None => {
                user.members_mut().insert(attribute.name.clone().into_owned(), kept.clone());
            }
        }
    }
    Ok(user)
}

fn respond(endpoint: &Endpoint, parts: &Parts, status: StatusCode, body: &Arc<str>) -> Response<Body> {
    let origin = Origin::of(&parts.headers, endpoint.base_path());
    let Some(projection) = Projection::of(endpoint, parts.uri.query().unwrap_or_default()) else {
        return origin.answer(status, body);
    };
    let mut text = String::with_capacity(body.len() + 128);
    origin.write_user(body, &mut text);
    json(status, projection.apply(endpoint.users(), parse(&text)).to_string())
}

fn admit(endpoint: &Endpoint, document: Value) -> Result<Resource, Problem> {
    let Value::Object(members) = document else {
        return Err(Problem::bad_request(ScimType::InvalidSyntax, "a user is a JSON object"));
    };
    if !names_schema(&members, &endpoint.users().id) {
        let detail = format!("`schemas` of a user has to name {}", endpoint.users().id);
        return Err(Problem::bad_request(ScimType::InvalidValue, detail));
    }
    Ok(endpoint.users().admit(members, endpoint.patch_options())?)
}

fn names_schema(members: &Map<String, Value>, id: &str) -> bool {
    let schemas = members.iter().find(|(name, _)| name.eq_ignore_ascii_case("schemas")).map(|(_, value)| value);
    let is_it = |name: &Value| name.as_str().is_some_and(|name| name.eq_ignore_ascii_case(id));
    schemas.and_then(Value::as_array).is_some_and(|names| names.iter().any(is_it))
}

fn taken(key: &str) -> Problem {
    Problem::conflict(format!("another user has the userName `{key}`"))
}

fn check_size(body: &str) -> Result<(), Problem> {
    if body.len() <= MAX_BODY {
        return Ok(());
    }
    let detail = format!("the user would be {} bytes long, at most {MAX_BODY} are kept", body.len());
    Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail))
}

/// The last segment of the path, decoded.
fn id_of(request: &Request) -> String {
    let segment = request.uri().path().rsplit('/').next().unwrap_or_default();
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

/// Reads a JSON body of at most 1 MiB.
async fn read_json(headers: &HeaderMap, body: Body) -> Result<Value, Problem> {
    if let Some(kind) = headers.get(CONTENT_TYPE) {
        let kind = String::from_utf8_lossy(kind.as_bytes());
        let essence = kind.split(';').next().unwrap_or_default().trim();
        if !["application/scim+json", "application/json"].iter().any(|known| essence.eq_ignore_ascii_case(known)) {
            let detail = format!("`{essence}` isn't taken, send application/scim+json");
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
        }
    }
    let too_large = || {
        let detail = format!("the body is too long, at most {MAX_BODY} bytes are taken");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    };
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > MAX_BODY) {
        return Err(too_large());
    }
    let mut stream = body.into_data_stream();
    let mut first = Bytes::new();
    let mut rest = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "the body ends too early"))?;
        if first.len() + rest.len() + chunk.len() > MAX_BODY {
            return Err(too_large());
        }
        if first.is_empty() { first = chunk } else { rest.extend_from_slice(&chunk) }
    }
    let parsed = if rest.is_empty() {
        serde_json::from_slice(&first)
    } else {
        serde_json::from_slice(&[first.as_ref(), &rest].concat())
    };
    parsed.map_err(|error| Problem::bad_request(ScimType::InvalidSyntax, format!("the body isn't JSON: {error}")))
}

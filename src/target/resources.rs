//! `/Users` and `/Groups`: create, read, replace, patch, delete.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::answer::{Origin, Problem, json};
use super::body::read_json;
use super::collection::{Collection, created, parse};
use super::narrow::{MEMBERS, Narrow};
use super::projection::Projection;
use super::storage::{Extent, Record, Stored, Taken, Transaction};
use super::{Kind, fault, list as query};
use crate::scim::{PatchRequest, Resource, ScimType, apply};

/// What a change has to see of a resource.
const MEMBERS_TOO: Extent = Extent { members: true, groups: false };

type Answer = Result<Response<Body>, Problem>;

/// `GET /Users`, `GET /Groups`
pub(super) async fn list(State(collection): State<Collection>, request: Request) -> Answer {
    query::answer(collection, request.uri().query().unwrap_or_default(), request.headers()).await
}

/// `GET /Users/{id}`, `GET /Groups/{id}`
pub(super) async fn read(State(collection): State<Collection>, request: Request) -> Answer {
    let id = id_of(&request);
    let parts = request.into_parts().0;
    let extent = Projection::extent(&collection, parts.uri.query().unwrap_or_default());
    let stored = collection.by_id(&id, extent)?.ok_or_else(|| Problem::missing(collection.kind(), &id))?;
    Ok(respond(&collection, &parts, StatusCode::OK, &stored))
}

/// `POST /Users`, `POST /Groups`
pub(super) async fn create(State(collection): State<Collection>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let mut resource = admit(&collection, read_json(&parts.headers, body, collection.kind().max_size()).await?)?;
    fault::store(&parts, collection.schema(), None, &mut resource);
    let record = insert(&collection, resource).await?;
    let location = Origin::of(&parts.headers, collection.endpoint().base_path());
    let mut response = respond(&collection, &parts, StatusCode::CREATED, &record.to_stored());
    location.locate(collection.kind(), &record.id, &mut response);
    Ok(response)
}

/// Adds a resource under a new id.
async fn insert(collection: &Collection, resource: Resource) -> Result<Record, Problem> {
    let endpoint = collection.endpoint();
    let now = endpoint.now();
    let record = collection.record(endpoint.new_id(), resource, now, now);
    check_size(collection, record.size())?;
    let writing = collection.clone();
    let unit = move |transaction: &mut Transaction<'_>| {
        let mut record = record;
        loop {
            match transaction.insert(writing.kind(), &record)? {
                Ok(()) => return Ok(record),
                Err(Taken::Key) => return Err(taken(&writing, &record.key)),
                Err(Taken::Id) => {
                    let resource = parse(&record.to_stored());
                    record = writing.record(writing.endpoint().new_id(), resource, now, now);
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
    let resource = admit(&collection, read_json(&parts.headers, body, collection.kind().max_size()).await?)?;
    let writing = collection.clone();
    let change = move |current: Resource| keep_immutable(&writing, &current, resource);
    update(&collection, parts, StatusCode::OK, id, None, change).await
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
    // one member among many doesn't need the many
    let named = match collection.kind() {
        Kind::Group if !fault::may_change(&parts) => operations.named_values(MEMBERS, collection.schema(), options),
        _ => None,
    };
    let writing = collection.clone();
    let change = move |mut resource: Resource| {
        apply(&mut resource, &operations, writing.schema(), writing.endpoint().patch_options())?;
        Ok(resource)
    };
    update(&collection, parts, status, id, named, change).await
}

/// `DELETE /Users/{id}`, `DELETE /Groups/{id}`
pub(super) async fn delete(State(collection): State<Collection>, request: Request) -> Answer {
    let id = id_of(&request);
    let writing = collection.clone();
    let unit = move |transaction: &mut Transaction<'_>| {
        let found = writing.delete(transaction, &id)?;
        if found { Ok(()) } else { Err(Problem::missing(writing.kind(), &id)) }
    };
    collection.storage().write(unit).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Changes a resource; what is the same afterwards isn't written, and keeps its `lastModified`. Of a group only the
/// members with the named values are read and changed, where any are named.
async fn update(
    collection: &Collection,
    parts: Parts,
    status: StatusCode,
    id: String,
    named: Option<Vec<String>>,
    change: impl FnOnce(Resource) -> Result<Resource, Problem> + Send + 'static,
) -> Answer {
    let writing = collection.clone();
    let extent = match status {
        StatusCode::NO_CONTENT => Extent::BODY,
        _ => Projection::extent(collection, parts.uri.query().unwrap_or_default()),
    };
    let unit = move |transaction: &mut Transaction<'_>| -> Result<_, Problem> {
        let (kind, now) = (writing.kind(), writing.endpoint().now());
        let missing = || Problem::missing(kind, &id);
        let (before, narrow) = match named {
            Some(values) => Narrow::read(transaction, &id, values)?.map(|(before, narrow)| (before, Some(narrow))),
            None => transaction.by_id(kind, &id, MEMBERS_TOO)?.map(|stored| (parse(&stored), None)),
        }
        .ok_or_else(missing)?;
        let mut after = change(before.clone())?;
        fault::store(&parts, writing.schema(), Some(&before), &mut after);
        if let Some(narrow) = &narrow {
            narrow.restore(&mut after);
        }
        if !same(&before, &after) {
            let created = created(&before).unwrap_or(now);
            let mut record = writing.record(id.clone(), after, created, now);
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
        let stored = transaction.by_id(kind, &id, extent)?.ok_or_else(missing)?;
        Ok((parts, stored))
    };
    let (parts, stored) = collection.storage().write(unit).await?;
    if status == StatusCode::NO_CONTENT {
        return Ok(status.into_response());
    }
    Ok(respond(collection, &parts, status, &stored))
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

fn respond(collection: &Collection, parts: &Parts, status: StatusCode, stored: &Stored) -> Response<Body> {
    let origin = Origin::of(&parts.headers, collection.endpoint().base_path());
    match Projection::of(collection, parts.uri.query().unwrap_or_default()) {
        None => origin.answer(collection.kind(), status, stored),
        Some(projection) => match projection.apply(collection, &origin, stored) {
            Ok(document) => json(status, document.to_string()),
            Err(error) => Problem::from(error).into_response(),
        },
    }
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

//! `/ServiceProviderConfig`, `/ResourceTypes`, `/Schemas` (RFC 7644 section 4), from the schema in force.

use axum::body::Body;
use axum::extract::{RawQuery, Request, State};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::response::IntoResponse;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::Endpoint;
use super::answer::{Origin, Problem, json as answer};
use super::bulk::{MAX_OPERATIONS, MAX_PAYLOAD_SIZE};
use super::collection::Collection;
use super::query::MAX_COUNT;
use crate::scim::{ListResponse, Resource, ResourceSchema, urn};

type Answer = Result<Response<Body>, Problem>;

/// `GET /ServiceProviderConfig`
pub(super) async fn configuration(State(endpoint): State<Endpoint>, headers: HeaderMap) -> Answer {
    let origin = Origin::of(&headers, endpoint.base_path());
    let document = json!({
        "schemas": [urn::SERVICE_PROVIDER_CONFIG],
        "patch": {"supported": true},
        "bulk": {"supported": true, "maxOperations": MAX_OPERATIONS, "maxPayloadSize": MAX_PAYLOAD_SIZE},
        "filter": {"supported": true, "maxResults": MAX_COUNT},
        "changePassword": {"supported": endpoint.changes_passwords()},
        "sort": {"supported": true},
        "etag": {"supported": true},
        "authenticationSchemes": endpoint.door().schemes(),
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": origin.url("/ServiceProviderConfig"),
        },
    });
    Ok(answer(StatusCode::OK, document.to_string()))
}

/// `GET /ResourceTypes`
pub(super) async fn resource_types(
    State(endpoint): State<Endpoint>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answer {
    let origin = Origin::of(&headers, endpoint.base_path());
    list(query.as_deref(), endpoint.collections().iter().map(|collection| describe(collection, &origin)).collect())
}

/// `GET /ResourceTypes/{name}`
pub(super) async fn resource_type(State(endpoint): State<Endpoint>, request: Request) -> Answer {
    let name = last_segment(&request);
    let origin = Origin::of(request.headers(), endpoint.base_path());
    let collection = endpoint.collections().into_iter().find(|collection| collection.schema().name == name);
    let missing = || Problem::new(StatusCode::NOT_FOUND, format!("there is no resource type `{name}`"));
    Ok(answer(StatusCode::OK, describe(&collection.ok_or_else(missing)?, &origin).to_string()))
}

/// `GET /Schemas`
pub(super) async fn schemas(State(endpoint): State<Endpoint>, RawQuery(query): RawQuery, headers: HeaderMap) -> Answer {
    let origin = Origin::of(&headers, endpoint.base_path());
    list(query.as_deref(), all(&endpoint).iter().map(|schema| document(schema, &origin)).collect())
}

/// `GET /Schemas/{id}`
pub(super) async fn schema(State(endpoint): State<Endpoint>, request: Request) -> Answer {
    let id = last_segment(&request);
    let origin = Origin::of(request.headers(), endpoint.base_path());
    let schema = all(&endpoint).into_iter().find(|schema| schema.id.eq_ignore_ascii_case(&id));
    let schema = schema.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, format!("there is no schema `{id}`")))?;
    Ok(answer(StatusCode::OK, document(&schema, &origin).to_string()))
}

/// `/Me`, which would stand for whoever the token belongs to (RFC 7644 section 3.11): a token here belongs to nobody.
pub(super) async fn me() -> Response<Body> {
    let detail = "`/Me` isn't supported: a token belongs to a client, not to a user";
    Problem::new(StatusCode::NOT_IMPLEMENTED, detail).into_response()
}

fn all(endpoint: &Endpoint) -> Vec<ResourceSchema> {
    let schemas = |collection: &Collection| {
        let schema = collection.schema();
        std::iter::once(schema).chain(&schema.extensions).cloned().collect::<Vec<_>>()
    };
    endpoint.collections().iter().flat_map(schemas).chain(ResourceSchema::provider()).collect()
}

fn document(schema: &ResourceSchema, origin: &Origin) -> Value {
    let mut document = schema.to_value();
    document["meta"] = json!({"resourceType": "Schema", "location": origin.url(&format!("/Schemas/{}", schema.id))});
    document
}

fn describe(collection: &Collection, origin: &Origin) -> Value {
    let schema = collection.schema();
    let extensions: Vec<_> =
        schema.extensions.iter().map(|extension| json!({"schema": extension.id, "required": false})).collect();
    json!({
        "schemas": [urn::RESOURCE_TYPE],
        "id": schema.name,
        "name": schema.name,
        "endpoint": collection.kind().path(),
        "description": schema.description,
        "schema": schema.id,
        "schemaExtensions": extensions,
        "meta": {
            "resourceType": "ResourceType",
            "location": origin.url(&format!("/ResourceTypes/{}", schema.name)),
        },
    })
}

/// Paging doesn't apply here, filters are forbidden (RFC 7644 section 4).
fn list(query: Option<&str>, documents: Vec<Value>) -> Answer {
    if form_urlencoded::parse(query.unwrap_or_default().as_bytes()).any(|(name, _)| name == "filter") {
        return Err(Problem::new(StatusCode::FORBIDDEN, "this list can't be filtered"));
    }
    let resources: Vec<Resource> = documents.into_iter().filter_map(Resource::from_value).collect();
    let count = resources.len() as u64;
    let list = ListResponse { total_results: count, start_index: Some(1), items_per_page: Some(count), resources };
    Ok(answer(StatusCode::OK, list.into_value().to_string()))
}

fn last_segment(request: &Request) -> String {
    let segment = request.uri().path().rsplit('/').next().unwrap_or_default();
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

mod access;
mod attributes;
mod bulk;
mod creating;
mod discovery;
mod dump;
mod faults;
mod filtering;
mod groups;
mod load;
mod membership;
mod patching;
mod replacing;
mod searching;
mod sorting;
mod storage;
mod users;
mod versions;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, Method, Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;
use crate::base::{Random, Secret};
use crate::clock::Clock;
use crate::scim::{Leniencies, Resource, ResourceSchema, urn};

fn options(clock: &Clock) -> EndpointOptions {
    let tokens = vec![Secret::new("old"), Secret::new("secret")];
    EndpointOptions::wedo(tokens, clock.clone(), Random::seeded(1))
}

fn clock() -> Clock {
    Clock::starting_at("2026-03-01T10:00:00.123456Z".parse().unwrap())
}

fn endpoint() -> Endpoint {
    Endpoint::new(options(&clock()), Storage::memory()).unwrap()
}

struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

async fn send(endpoint: &Endpoint, request: Request<Body>) -> Reply {
    let response = endpoint.router().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
    let bodiless = [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&parts.status);
    if !bodiless {
        assert_eq!(parts.headers["content-type"], "application/scim+json");
    }
    if !parts.status.is_success() && !bodiless {
        assert_eq!(body["schemas"], json!([urn::ERROR]));
        assert_eq!(body["status"], json!(parts.status.as_u16().to_string()));
    }
    Reply { status: parts.status, headers: parts.headers, body }
}

fn request(method: Method, path: &str, body: Option<&Value>) -> Request<Body> {
    let builder = Request::builder()
        .method(method)
        .uri(format!("/scim/v2{path}"))
        .header("host", "scim.example:8080")
        .header("authorization", "Bearer secret");
    match body {
        None => builder.body(Body::empty()),
        Some(body) => {
            builder.header("content-type", "application/scim+json; charset=utf-8").body(Body::from(body.to_string()))
        }
    }
    .unwrap()
}

async fn call(endpoint: &Endpoint, method: Method, path: &str, body: Value) -> Reply {
    send(endpoint, request(method, path, Some(&body))).await
}

async fn get(endpoint: &Endpoint, path: &str) -> Reply {
    send(endpoint, request(Method::GET, path, None)).await
}

fn ann() -> Value {
    json!({
        "schemas": [urn::USER, urn::ENTERPRISE_USER],
        "userName": "Ann@Contoso.com",
        "displayName": "Ann",
        "active": true,
        "name": {"givenName": "Ann"},
        "emails": [{"primary": true, "type": "work", "value": "ann@contoso.com"}],
        urn::ENTERPRISE_USER: {"department": "R&D"},
        "meta": {"resourceType": "User"},
    })
}

async fn create(endpoint: &Endpoint, user_name: &str) -> String {
    let reply = call(endpoint, Method::POST, "/Users", json!({"schemas": [urn::USER], "userName": user_name})).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
    reply.body["id"].as_str().unwrap().to_owned()
}

fn patch_body(operations: &Value) -> Value {
    json!({"schemas": [urn::PATCH_OP], "Operations": operations})
}

/// An endpoint with groups and the enterprise extension.
fn scim(storage: Storage) -> Endpoint {
    scim_at(&clock(), storage)
}

fn scim_at(clock: &Clock, storage: Storage) -> Endpoint {
    Endpoint::new(scim_options(clock), storage).unwrap()
}

fn scim_options(clock: &Clock) -> EndpointOptions {
    let users = ResourceSchema::user().with_extension(ResourceSchema::enterprise_user());
    EndpointOptions::scim(users, vec![Secret::new("secret")], clock.clone(), Random::seeded(1))
}

/// Likewise, without and with leniencies.
fn both() -> [Endpoint; 2] {
    [Leniencies::STRICT, Leniencies::ALL].map(|leniencies| {
        Endpoint::new(EndpointOptions { leniencies, ..scim_options(&clock()) }, Storage::memory()).unwrap()
    })
}

fn resource(document: Value) -> Resource {
    Resource::from_value(document).unwrap()
}

/// A request with headers of its own.
async fn call_with(
    endpoint: &Endpoint,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<Value>,
) -> Reply {
    let mut request = request(method, path, body.as_ref());
    for (name, value) in headers {
        request.headers_mut().append(HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
    }
    send(endpoint, request).await
}

/// The texts of an attribute of the resources of a list.
fn listed<'r>(reply: &'r Reply, name: &str) -> Vec<&'r str> {
    let resources = reply.body["Resources"].as_array().unwrap_or_else(|| panic!("{}", reply.body));
    resources.iter().map(|resource| resource[name].as_str().unwrap_or("-")).collect()
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

async fn create_group(endpoint: &Endpoint, name: &str) -> String {
    let body = json!({
        "schemas": [urn::GROUP], "displayName": name, "members": [], "meta": {"resourceType": "Group"},
    });
    let reply = call(endpoint, Method::POST, "/Groups", body).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
    reply.body["id"].as_str().unwrap().to_owned()
}

async fn patch(endpoint: &Endpoint, path: &str, operations: &Value) -> StatusCode {
    call(endpoint, Method::PATCH, path, patch_body(operations)).await.status
}

/// How many resources a filter finds.
async fn total(endpoint: &Endpoint, path: &str, filter: &str) -> u64 {
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("filter", filter).finish();
    let reply = get(endpoint, &format!("{path}?{query}")).await;
    reply.body["totalResults"].as_u64().unwrap_or_else(|| panic!("{filter}: {}", reply.body))
}

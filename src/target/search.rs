//! Queries in the body of a POST, and queries of the whole endpoint (RFC 7644 sections 3.4.2.1 and 3.4.3).

use axum::body::Body;
use axum::extract::{RawQuery, Request, State};
use axum::http::{HeaderMap, Response};

use super::answer::Problem;
use super::body::read_json;
use super::collection::Collection;
use super::query::Query;
use super::{Endpoint, Kind, list};

type Answer = Result<Response<Body>, Problem>;

/// `POST /Users/.search`, `POST /Groups/.search`
pub(super) async fn in_collection(State(collection): State<Collection>, request: Request) -> Answer {
    search(vec![collection], request).await
}

/// `POST /.search`
pub(super) async fn everywhere(State(endpoint): State<Endpoint>, request: Request) -> Answer {
    search(endpoint.collections(), request).await
}

/// `GET /`: all resources, subject to the query.
pub(super) async fn all(State(endpoint): State<Endpoint>, RawQuery(query): RawQuery, headers: HeaderMap) -> Answer {
    let collections = endpoint.collections();
    let query = Query::of(&collections, &query.unwrap_or_default())?;
    list::answer(collections, query, &headers).await
}

async fn search(collections: Vec<Collection>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let body = read_json(&parts.headers, body, Kind::User.max_size()).await?;
    let query = Query::of_body(&collections, &body)?;
    list::answer(collections, query, &parts.headers).await
}

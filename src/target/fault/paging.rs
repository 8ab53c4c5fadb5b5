//! All that a query matches, for faults that change what lists show.

use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::middleware::Next;
use serde_json::Value;
use url::form_urlencoded::{self, Serializer};

use super::call::{Act, Call};
use super::reply::Reply;
use crate::scim::{ListResponse, Method, Resource};
use crate::target::query::{DEFAULT_COUNT, MAX_COUNT};

/// What a query matches, and the part of it that is shown.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Page {
    /// All of them, in their order.
    pub(super) matches: Vec<Resource>,
    /// The first that is shown, from 1.
    pub(super) start: usize,
    /// How many are shown at most.
    pub(super) count: usize,
}

impl Page {
    /// Asks the endpoint for everything that a query matches, with all attributes. There is nothing where the
    /// endpoint answers something else than lists; what the body of a search asks for isn't collected either.
    pub(super) async fn collect(call: &Call, parts: &Parts, next: Next) -> Option<Self> {
        if call.act != Act::List || call.method != Method::Get {
            return None;
        }
        let number = |name| call.parameter(name).map(|text| text.trim().parse::<i64>()).transpose().ok();
        let start = usize::try_from(number("startIndex")?.unwrap_or(1).max(1)).ok()?;
        let count = number("count")?.map_or(DEFAULT_COUNT, |count| usize::try_from(count).unwrap_or_default());
        let mut page = Self { matches: Vec::new(), start, count: count.min(MAX_COUNT) };
        loop {
            let found = ask(call, parts, next.clone(), page.matches.len() + 1).await?;
            let (total, is_last) = (found.total_results, found.resources.is_empty());
            page.matches.extend(found.resources);
            if is_last || page.matches.len() as u64 >= total {
                return Some(page);
            }
        }
    }

    /// The list as it is shown.
    pub(super) fn into_list(self, call: &Call) -> ListResponse {
        let total_results = self.matches.len() as u64;
        let shown = self.matches.into_iter().skip(self.start - 1).take(self.count);
        let resources: Vec<_> = shown.map(|resource| call.project(resource)).collect();
        ListResponse {
            total_results,
            start_index: Some(self.start as u64),
            items_per_page: Some(resources.len() as u64),
            resources,
        }
    }
}

/// The longest page from `start` on.
async fn ask(call: &Call, parts: &Parts, next: Next, start: usize) -> Option<ListResponse> {
    let mut parts = parts.clone();
    parts.uri = format!("{}?{}", parts.uri.path(), page_query(&call.query, start)).parse().ok()?;
    let response = next.run(Request::from_parts(parts, Body::empty())).await;
    let reply = Reply::of(response).await.ok().filter(|reply| reply.status == StatusCode::OK)?;
    ListResponse::parse(serde_json::from_slice::<Value>(&reply.body).ok()?).ok()
}

/// A query for the longest page from `start` on.
fn page_query(query: &str, start: usize) -> String {
    const REPLACED: [&str; 4] = ["startIndex", "count", "attributes", "excludedAttributes"];
    let pairs = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| !REPLACED.contains(&&**name));
    let mut query = Serializer::new(String::new());
    query.extend_pairs(pairs).append_pair("startIndex", &start.to_string());
    query.append_pair("count", &MAX_COUNT.to_string()).finish()
}

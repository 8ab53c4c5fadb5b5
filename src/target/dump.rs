//! Everything that matches, one resource a line, for whoever asks for `application/x-ndjson`.
//!
//! It is sent as it is read, a few megabytes at a time, while others write: who was there from the beginning to the end
//! is told once, in the order in which they came, each as at one moment.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use futures_util::{TryStreamExt as _, stream};
use url::form_urlencoded;

use super::answer::{Origin, Problem};
use super::collection::Collection;
use super::list::read_filter;
use super::plan::{Plan, extent_for};
use super::projection::Projection;
use super::storage::{Cursor, Extent};
use super::{Endpoint, StorageError};
use crate::scim::Filter;

const NDJSON: &str = "application/x-ndjson";

/// Whether the client prefers lines to a list.
pub(super) fn is_asked_for(headers: &HeaderMap) -> bool {
    let Some(accepted) = headers.get(ACCEPT).and_then(|accepted| accepted.to_str().ok()) else { return false };
    accepted.split(',').any(|kind| kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(NDJSON))
}

/// `GET` of the endpoint itself: users and groups.
pub(super) async fn everything(State(endpoint): State<Endpoint>, request: Request) -> Result<Response<Body>, Problem> {
    if !is_asked_for(request.headers()) {
        let detail = format!("users and groups together are told to who asks with `Accept: {NDJSON}`");
        return Err(Problem::new(StatusCode::NOT_FOUND, detail));
    }
    let query = request.uri().query().unwrap_or_default().to_owned();
    answer(endpoint.collections(), &query, request.headers())
}

/// All resources of these collections that a query's filter lets through. Paging doesn't apply.
pub(super) fn answer(
    collections: Vec<Collection>,
    query: &str,
    headers: &HeaderMap,
) -> Result<Response<Body>, Problem> {
    let mut parts = Vec::new();
    let mut refused = None;
    for collection in collections {
        match Part::new(&collection, query, headers) {
            Ok(part) => parts.push(Arc::new(part)),
            // what one kind has no attribute for, it has nobody for
            Err(problem) => refused = Some(problem),
        }
    }
    if let (true, Some(problem)) = (parts.is_empty(), refused) {
        return Err(problem);
    }
    parts.reverse();
    let lines = stream::try_unfold((parts, Progress::Begun), |(mut parts, mut progress)| async move {
        loop {
            let Some(part) = parts.last().cloned() else { return Ok::<_, StorageError>(None) };
            let read = tokio::task::spawn_blocking(move || part.next(progress));
            match read.await.map_err(|_| StorageError::Interrupted)?? {
                (text, Progress::Done) => {
                    parts.pop();
                    progress = Progress::Begun;
                    if !text.is_empty() {
                        return Ok(Some((text, (parts, progress))));
                    }
                }
                (text, next) if text.is_empty() => progress = next,
                (text, next) => return Ok(Some((text, (parts, next)))),
            }
        }
    });
    let lines = lines.inspect_err(|error| {
        tracing::error!(error = error as &dyn std::error::Error, "a dump was broken off");
    });
    let mut response = Response::new(Body::from_stream(lines));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(NDJSON));
    Ok(response)
}

/// How far a part has come.
#[derive(Debug, Clone, Copy)]
enum Progress {
    Begun,
    Walking(Cursor),
    Done,
}

/// What is told of one kind.
struct Part {
    collection: Collection,
    origin: Origin,
    projection: Option<Projection>,
    filter: Option<Filter>,
    extent: Extent,
}

impl Part {
    fn new(collection: &Collection, query: &str, headers: &HeaderMap) -> Result<Self, Problem> {
        let asked = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "filter").last();
        Ok(Self {
            collection: collection.clone(),
            origin: Origin::of(headers, collection.endpoint().base_path()),
            projection: Projection::of(collection, query),
            filter: asked.map(|(_, text)| read_filter(collection, &text)).transpose()?,
            extent: Projection::extent(collection, query),
        })
    }

    /// The next lines.
    fn next(&self, progress: Progress) -> Result<(String, Progress), StorageError> {
        let (kind, storage) = (self.collection.kind(), self.collection.storage());
        let seen = self.filter.as_ref().map_or(Extent::BODY, |filter| extent_for(&self.collection, filter));
        let extent = self.extent.and(seen);
        let plan = self.filter.as_ref().and_then(|filter| Plan::of(&self.collection, filter));
        let (found, next) = match (progress, plan) {
            (Progress::Done, _) => (Vec::new(), Progress::Done),
            (Progress::Begun, Some(plan)) => (storage.read(|reader| plan.find(reader, kind, extent))?, Progress::Done),
            (progress, _) => {
                let mut cursor = match progress {
                    Progress::Walking(cursor) => cursor,
                    _ => Cursor::default(),
                };
                let found = storage.read(|reader| reader.walk(kind, &mut cursor, extent))?;
                let next = if found.is_empty() { Progress::Done } else { Progress::Walking(cursor) };
                (found, next)
            }
        };
        let mut text = String::with_capacity(found.iter().map(|stored| stored.len() + 128).sum());
        for stored in found {
            if let Some(filter) = &self.filter
                && !filter.matches(&stored.to_resource(seen), self.collection.schema())
            {
                continue;
            }
            match &self.projection {
                None => self.origin.write(kind, &stored, &mut text),
                Some(projection) => {
                    text.push_str(&projection.apply(&self.collection, &self.origin, &stored)?.to_string());
                }
            }
            text.push('\n');
        }
        Ok((text, next))
    }
}

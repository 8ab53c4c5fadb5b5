//! Everything that matches, one resource a line, for whoever asks for `application/x-ndjson`.
//!
//! It is sent as it is read, a few megabytes at a time, while others write: who was there from the beginning to the end
//! is told once, in the order in which they came, each as at one moment.

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Response};
use futures_util::{TryStreamExt as _, stream};

use super::StorageError;
use super::answer::Origin;
use super::collection::Collection;
use super::plan::Plan;
use super::query::Query;
use super::storage::Cursor;

const NDJSON: &str = "application/x-ndjson";

/// Whether the client wants lines rather than a list, or as well (RFC 9110 section 12.5.1).
pub(super) fn is_asked_for(headers: &HeaderMap) -> bool {
    let lines = quality(headers, &[NDJSON]).unwrap_or_default();
    if lines == 0.0 {
        return false;
    }
    let list = quality(headers, &["application/scim+json", "application/json"])
        .or_else(|| quality(headers, &["application/*"]))
        .or_else(|| quality(headers, &["*/*"]));
    lines >= list.unwrap_or_default()
}

/// How much the client wants one of these, from 0 to 1, where it names any.
fn quality(headers: &HeaderMap, ranges: &[&str]) -> Option<f32> {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|accepted| accepted.to_str().ok());
    let named = accepted.flat_map(|accepted| accepted.split(',')).filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        if !ranges.iter().any(|range| range.eq_ignore_ascii_case(name)) {
            return None;
        }
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        Some(weight.map_or(1.0, |weight| weight.trim().parse().unwrap_or(1.0)))
    });
    named.reduce(f32::max)
}

/// All resources of these collections that a query's filter lets through. Paging and order don't apply.
pub(super) fn answer(collections: Vec<Collection>, query: Query, headers: &HeaderMap) -> Response<Body> {
    let query = Arc::new(query);
    let part = |collection: Collection| {
        let origin = collection.origin(headers);
        Arc::new(Part { collection, origin, query: Arc::clone(&query) })
    };
    let mut parts: Vec<_> = collections.into_iter().map(part).collect();
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
    response
}

/// How far a part has come.
#[derive(Debug)]
enum Progress {
    Begun,
    Walking(Cursor),
    Finding(Box<Plan>),
    Done,
}

/// What is told of one kind.
struct Part {
    collection: Collection,
    origin: Origin,
    query: Arc<Query>,
}

impl Part {
    /// The next lines.
    fn next(&self, progress: Progress) -> Result<(String, Progress), StorageError> {
        let (kind, storage) = (self.collection.kind(), self.collection.storage());
        let (filter, projection) = (self.query.filter.as_ref(), self.query.projection.needed_for(&self.collection));
        let extent = self.query.projection.extent(&self.collection).and(self.query.seen(&self.collection));
        let progress = match progress {
            Progress::Begun => match filter.and_then(|filter| Plan::of(&self.collection, filter)) {
                Some(plan) => Progress::Finding(Box::new(plan)),
                None => Progress::Walking(Cursor::default()),
            },
            progress => progress,
        };
        let (found, next) = match progress {
            Progress::Begun | Progress::Done => (Vec::new(), Progress::Done),
            Progress::Walking(mut cursor) => {
                let found = storage.read(|reader| reader.walk(kind, &mut cursor, extent))?;
                let next = if found.is_empty() { Progress::Done } else { Progress::Walking(cursor) };
                (found, next)
            }
            Progress::Finding(mut plan) => {
                let found = storage.read(|reader| plan.step(reader, extent))?;
                let next = if plan.is_over() { Progress::Done } else { Progress::Finding(plan) };
                (found, next)
            }
        };
        let mut text = String::with_capacity(found.iter().map(|stored| stored.len() + 128).sum());
        for stored in found {
            if let Some(filter) = filter {
                let resource = self.query.resource(&self.collection, &self.origin, &stored, extent)?;
                if !filter.matches(&resource, self.collection.schema()) {
                    continue;
                }
            }
            match projection {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_sent_to_whom_they_are_as_welcome_as_a_list() {
        for (accepted, expected) in [
            ("application/x-ndjson", true),
            ("application/X-NDJSON; charset=utf-8", true),
            ("application/x-ndjson, application/scim+json", true),
            ("application/x-ndjson;q=0.5, application/scim+json;q=0.5", true),
            ("application/x-ndjson, */*;q=0.1", true),
            ("application/x-ndjson;q=0.5, text/html", true),
            ("application/x-ndjson;q=0, application/scim+json", false),
            ("application/x-ndjson;q=0", false),
            ("application/x-ndjson;q=0.4, application/scim+json;q=0.5", false),
            ("application/x-ndjson;q=0.4, application/json;q=0.5", false),
            ("application/x-ndjson;q=0.4, application/*;q=0.1, */*", true),
            ("application/x-ndjson;q=0.4, */*", false),
            ("application/scim+json", false),
            ("*/*", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static(accepted));
            assert_eq!(is_asked_for(&headers), expected, "{accepted}");
        }
        assert!(!is_asked_for(&HeaderMap::new()));
    }
}

//! `GET /Users` and `GET /Groups` with its parameters (RFC 7644 section 3.4.2).

use axum::body::Body;
use axum::http::{HeaderMap, Response, StatusCode};
use url::form_urlencoded;

use super::answer::{Origin, Problem, json};
use super::collection::Collection;
use super::dump;
use super::plan::{Plan, extent_for};
use super::projection::Projection;
use super::storage::{Cursor, Extent, Stored};
use crate::scim::{AttributePath, Filter, ListResponse, ScimType};

/// The longest page.
pub(super) const MAX_COUNT: usize = 1000;
const DEFAULT_COUNT: usize = 100;

/// What is asked for.
struct Query {
    filter: Option<Filter>,
    /// From 0.
    offset: u64,
    count: usize,
    /// What the answer shows.
    extent: Extent,
}

/// Some of the resources that are asked for, and how many there are in all.
struct Page {
    total: u64,
    resources: Vec<Stored>,
}

pub(super) async fn answer(
    collection: Collection,
    query: &str,
    headers: &HeaderMap,
) -> Result<Response<Body>, Problem> {
    if dump::is_asked_for(headers) {
        return dump::answer(vec![collection], query, headers);
    }
    let origin = Origin::of(headers, collection.endpoint().base_path());
    let projection = Projection::of(&collection, query);
    let extent = projection.as_ref().map_or_else(|| collection.whole(), |it| it.extent_of(&collection));
    let query = Query::read(&collection, query, extent)?;
    let start = query.offset + 1;
    let page = find(&collection, query).await?;
    // the resources are texts already, so that what is around them is one too
    let length: usize = page.resources.iter().map(|stored| stored.len() + 128).sum();
    let mut text = String::with_capacity(length + 192);
    ListResponse::write_head(page.total, start, page.resources.len() as u64, &mut text);
    for (index, stored) in page.resources.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        match &projection {
            None => origin.write(collection.kind(), stored, &mut text),
            Some(projection) => text.push_str(&projection.apply(&collection, &origin, stored)?.to_string()),
        }
    }
    text.push_str("]}");
    Ok(json(StatusCode::OK, text))
}

impl Query {
    fn read(collection: &Collection, text: &str, extent: Extent) -> Result<Self, Problem> {
        let mut query = Self { filter: None, offset: 0, count: DEFAULT_COUNT, extent };
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            match &*name {
                "filter" => query.filter = Some(read_filter(collection, &value)?),
                "startIndex" => {
                    let index = number("startIndex", &value)?;
                    query.offset = u64::try_from(index.max(1) - 1).unwrap_or_default();
                }
                "count" => {
                    let count = number("count", &value)?;
                    query.count = usize::try_from(count.max(0)).unwrap_or(MAX_COUNT).min(MAX_COUNT);
                }
                _ => {}
            }
        }
        Ok(query)
    }
}

fn number(name: &str, text: &str) -> Result<i64, Problem> {
    text.trim()
        .parse()
        .map_err(|_| Problem::bad_request(ScimType::InvalidValue, format!("`{name}` has to be a whole number")))
}

pub(super) fn read_filter(collection: &Collection, text: &str) -> Result<Filter, Problem> {
    let filter = Filter::parse(text)
        .map_err(|error| Problem::bad_request(ScimType::InvalidFilter, format!("the filter can't be read: {error}")))?;
    for path in filter.paths() {
        if !is_filterable(collection, path) {
            let detail = format!("`{path}` can't be filtered on, only {}", collection.filterable().join(", "));
            return Err(Problem::bad_request(ScimType::InvalidFilter, detail));
        }
    }
    Ok(filter)
}

/// Whether the path, or the attribute that it is part of, is among those that a filter may name.
fn is_filterable(collection: &Collection, path: &AttributePath) -> bool {
    let plain = match &path.urn {
        None => match collection.schema().extension_with(&path.attribute) {
            Some(extension) => format!("{}:{}", extension.id, path.attribute),
            None => path.attribute.clone(),
        },
        Some(urn) if !urn.eq_ignore_ascii_case(&collection.schema().id) => format!("{urn}:{}", path.attribute),
        _ => path.attribute.clone(),
    };
    let full = path.sub_attribute.as_ref().map(|name| format!("{plain}.{name}"));
    let listed = |name: &str| collection.filterable().iter().any(|known| known.eq_ignore_ascii_case(name));
    listed(&plain) || full.is_some_and(|full| listed(&full))
}

async fn find(collection: &Collection, query: Query) -> Result<Page, Problem> {
    let plan = query.filter.as_ref().and_then(|filter| Plan::of(collection, filter));
    let is_quick = match &plan {
        Some(plan) => plan.is_quick(),
        None => query.filter.is_none() && !collection.storage().is_file(),
    };
    if is_quick {
        return search(collection, &query, plan.as_ref());
    }
    drop(plan);
    let collection = collection.clone();
    let search = tokio::task::spawn_blocking(move || {
        let plan = query.filter.as_ref().and_then(|filter| Plan::of(&collection, filter));
        search(&collection, &query, plan.as_ref())
    });
    search.await.map_err(|_| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the search was broken off"))?
}

fn search(collection: &Collection, query: &Query, plan: Option<&Plan<'_>>) -> Result<Page, Problem> {
    let (kind, storage) = (collection.kind(), collection.storage());
    let Some(filter) = &query.filter else {
        let (total, resources) = storage.read(|reader| reader.page(kind, query.offset, query.count, query.extent))?;
        return Ok(Page { total, resources });
    };
    let seen = extent_for(collection, filter);
    let extent = Extent { members: query.extent.members || seen.members, groups: query.extent.groups || seen.groups };
    let mut matches = Matches::new(query.offset, query.count);
    let mut look_at = |found: Vec<Stored>, is_all: bool| {
        for stored in found {
            if is_all || filter.matches(&stored.to_resource(seen), collection.schema()) {
                matches.add(stored);
            }
        }
    };
    if let Some(plan) = plan {
        look_at(storage.read(|reader| plan.find(reader, kind, extent))?, plan.is_exact());
        return Ok(matches.0);
    }
    let mut cursor = Cursor::default();
    loop {
        let found = storage.read(|reader| reader.walk(kind, &mut cursor, extent))?;
        if found.is_empty() {
            return Ok(matches.0);
        }
        look_at(found, false);
    }
}

/// Counts all matches and keeps those of the page.
struct Matches(Page, u64, usize);

impl Matches {
    fn new(offset: u64, count: usize) -> Self {
        Self(Page { total: 0, resources: Vec::new() }, offset, count)
    }

    fn add(&mut self, stored: Stored) {
        if self.0.total >= self.1 && self.0.resources.len() < self.2 {
            self.0.resources.push(stored);
        }
        self.0.total += 1;
    }
}

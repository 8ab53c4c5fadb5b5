//! `GET /Users` and `GET /Groups` with its parameters (RFC 7644 section 3.4.2).

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, Response, StatusCode};
use url::form_urlencoded;

use super::answer::{Origin, Problem, json};
use super::collection::{Collection, parse};
use super::projection::Projection;
use super::storage::Cursor;
use crate::scim::{AttributePath, Filter, ListResponse, ScimType};

/// The longest page.
pub(super) const MAX_COUNT: usize = 1000;
/// How many there are on a page where nobody asks for a number.
pub(super) const DEFAULT_COUNT: usize = 100;

/// What is asked for.
struct Query {
    filter: Option<Filter>,
    /// From 0.
    offset: u64,
    count: usize,
}

/// Some of the resources that are asked for, and how many there are in all.
struct Page {
    total: u64,
    bodies: Vec<Arc<str>>,
}

pub(super) async fn answer(
    collection: Collection,
    query: String,
    headers: &HeaderMap,
) -> Result<Response<Body>, Problem> {
    let origin = Origin::of(headers, collection.endpoint().base_path());
    let projection = Projection::of(&collection, &query);
    let query = Query::read(&collection, &query)?;
    let start = query.offset + 1;
    let page = find(&collection, query).await?;
    let items = page.bodies.len();
    let frame = ListResponse {
        total_results: page.total,
        start_index: Some(start),
        items_per_page: Some(items as u64),
        resources: Vec::new(),
    };
    // the resources are texts already: they go between the brackets at the frame's end
    let frame = frame.into_value().to_string();
    let open = frame.strip_suffix("]}").expect("a list ends with its resources");
    let mut text = String::with_capacity(open.len() + page.bodies.iter().map(|body| body.len() + 128).sum::<usize>());
    text.push_str(open);
    for (index, body) in page.bodies.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        match &projection {
            None => origin.write(collection.kind(), body, &mut text),
            Some(projection) => {
                let mut whole = String::with_capacity(body.len() + 128);
                origin.write(collection.kind(), body, &mut whole);
                text.push_str(&projection.apply(collection.schema(), parse(&whole)).to_string());
            }
        }
    }
    text.push_str("]}");
    Ok(json(StatusCode::OK, text))
}

impl Query {
    fn read(collection: &Collection, text: &str) -> Result<Self, Problem> {
        let mut query = Self { filter: None, offset: 0, count: DEFAULT_COUNT };
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

fn read_filter(collection: &Collection, text: &str) -> Result<Filter, Problem> {
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
    let kind = collection.kind();
    let Some(filter) = query.filter else {
        let (total, bodies) = collection.storage().page(kind, query.offset, query.count)?;
        return Ok(Page { total, bodies });
    };
    if let Some(candidates) = candidates(collection, &filter)? {
        let is_all = matches!(filter, Filter::Compare { .. });
        let mut matches = Matches::new(query.offset, query.count);
        for body in candidates {
            if is_all || filter.matches(&parse(&body), collection.schema()) {
                matches.add(body);
            }
        }
        return Ok(matches.0);
    }
    let collection = collection.clone();
    let scan = tokio::task::spawn_blocking(move || scan(&collection, &filter, query.offset, query.count));
    scan.await.map_err(|_| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the search was broken off"))?
}

/// What an index has for the filter; `None` where all resources have to be looked at.
fn candidates(collection: &Collection, filter: &Filter) -> Result<Option<Vec<Arc<str>>>, Problem> {
    let (kind, mut found) = (collection.kind(), Vec::new());
    if let Some(ids) = filter.pinned("id") {
        for id in ids.into_iter().collect::<BTreeSet<_>>() {
            found.extend(collection.by_id(id)?);
        }
    } else if let Some(names) = filter.pinned(kind.key()) {
        for key in names.into_iter().map(|name| collection.key_of(name)).collect::<BTreeSet<_>>() {
            found.extend(collection.storage().by_key(kind, &key)?);
        }
    } else {
        return Ok(None);
    }
    Ok(Some(found))
}

fn scan(collection: &Collection, filter: &Filter, offset: u64, count: usize) -> Result<Page, Problem> {
    let (mut cursor, mut matches) = (Cursor::default(), Matches::new(offset, count));
    loop {
        let bodies = collection.storage().walk(collection.kind(), &mut cursor)?;
        if bodies.is_empty() {
            return Ok(matches.0);
        }
        for body in bodies {
            if filter.matches(&parse(&body), collection.schema()) {
                matches.add(body);
            }
        }
    }
}

/// Counts all matches and keeps those of the page.
struct Matches(Page, u64, usize);

impl Matches {
    fn new(offset: u64, count: usize) -> Self {
        Self(Page { total: 0, bodies: Vec::new() }, offset, count)
    }

    fn add(&mut self, body: Arc<str>) {
        if self.0.total >= self.1 && self.0.bodies.len() < self.2 {
            self.0.bodies.push(body);
        }
        self.0.total += 1;
    }
}

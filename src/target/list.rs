//! Lists of resources: those that a query asks for, as an answer (RFC 7644 section 3.4.2).

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, Response, StatusCode};

use super::answer::{Origin, Problem, json};
use super::collection::{Collection, parse};
use super::query::Query;
use super::sort::Sorted;
use super::storage::Cursor;
use crate::scim::{Filter, ListResponse, Resource};

/// Some of the resources that are asked for, each with the number of its collection, and how many there are in all.
struct Page {
    total: u64,
    bodies: Vec<(usize, Arc<str>)>,
}

/// Answers a query over one or several collections.
pub(super) async fn answer(
    collections: Vec<Collection>,
    query: Query,
    headers: &HeaderMap,
) -> Result<Response<Body>, Problem> {
    let Some(first) = collections.first() else {
        return Ok(json(StatusCode::OK, ListResponse::default().into_value().to_string()));
    };
    let origin = Origin::of(headers, first.endpoint().base_path());
    let start = query.offset + 1;
    let projections: Vec<_> =
        collections.iter().map(|collection| query.projection.needed_for(collection).cloned()).collect();
    let search = Search { collections: collections.clone(), query, origin: origin.clone() };
    let page = search.run().await?;
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
    let length = page.bodies.iter().map(|(_, body)| body.len() + 192).sum::<usize>();
    let mut text = String::with_capacity(open.len() + length);
    text.push_str(open);
    for (index, (number, body)) in page.bodies.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        let collection = &collections[*number];
        match &projections[*number] {
            None => origin.write(collection.kind(), body, &mut text),
            Some(projection) => {
                let whole = origin.text(collection.kind(), body);
                text.push_str(&projection.apply(collection.schema(), parse(&whole)).to_string());
            }
        }
    }
    text.push_str("]}");
    Ok(json(StatusCode::OK, text))
}

/// A query under way.
struct Search {
    collections: Vec<Collection>,
    query: Query,
    origin: Origin,
}

impl Search {
    async fn run(self) -> Result<Page, Problem> {
        if self.query.filter.is_none() && self.query.sort.is_none() {
            return self.page();
        }
        let candidates = self.collections.iter().map(|collection| self.candidates(collection));
        let candidates = candidates.collect::<Result<Vec<_>, _>>()?;
        if candidates.iter().all(Option::is_some) {
            return self.collect(candidates);
        }
        let scan = tokio::task::spawn_blocking(move || self.collect(candidates));
        scan.await.map_err(|_| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the search was broken off"))?
    }

    /// Resources as they stand, one collection after the other.
    fn page(&self) -> Result<Page, Problem> {
        let mut page = Page { total: 0, bodies: Vec::new() };
        for (number, collection) in self.collections.iter().enumerate() {
            let offset = self.query.offset.saturating_sub(page.total);
            let limit = self.query.count - page.bodies.len();
            let (total, bodies) = collection.storage().page(collection.kind(), offset, limit)?;
            page.total += total;
            page.bodies.extend(bodies.into_iter().map(|body| (number, body)));
        }
        Ok(page)
    }

    /// What an index has for the filter; `None` where all resources have to be looked at.
    fn candidates(&self, collection: &Collection) -> Result<Option<Vec<Arc<str>>>, Problem> {
        let Some(filter) = &self.query.filter else { return Ok(None) };
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

    /// Goes through what may match.
    fn collect(&self, candidates: Vec<Option<Vec<Arc<str>>>>) -> Result<Page, Problem> {
        let mut matches = Matches::new(&self.query);
        for (number, (collection, candidates)) in self.collections.iter().zip(candidates).enumerate() {
            if let Some(candidates) = candidates {
                // an index alone answers a filter that is one comparison
                let is_all = matches!(self.query.filter, Some(Filter::Compare { .. }));
                for body in candidates {
                    self.consider(&mut matches, number, collection, body, is_all);
                }
                continue;
            }
            let mut cursor = Cursor::default();
            loop {
                let bodies = collection.storage().walk(collection.kind(), &mut cursor)?;
                if bodies.is_empty() {
                    break;
                }
                for body in bodies {
                    self.consider(&mut matches, number, collection, body, false);
                }
            }
        }
        self.finish(matches)
    }

    fn consider(&self, matches: &mut Matches<'_>, number: usize, collection: &Collection, body: Arc<str>, known: bool) {
        let filter = self.query.filter.as_ref().filter(|_| !known);
        let resource = (filter.is_some() || matches.sorted.is_some()).then(|| self.resource(collection, &body));
        let holds = match (filter, &resource) {
            (Some(filter), Some(resource)) => filter.matches(resource, collection.schema()),
            _ => true,
        };
        if !holds {
            return;
        }
        match (&mut matches.sorted, &resource) {
            (Some(sorted), Some(resource)) => sorted.add(number, collection.schema(), resource),
            _ if matches.total >= self.query.offset && matches.bodies.len() < self.query.count => {
                matches.bodies.push((number, body));
            }
            _ => {}
        }
        matches.total += 1;
    }

    fn resource(&self, collection: &Collection, body: &str) -> Resource {
        if self.query.looks_at_outgoing() { parse(&self.origin.text(collection.kind(), body)) } else { parse(body) }
    }

    /// The page of what was found; of sorted resources it is only known by now which are on it.
    fn finish(&self, matches: Matches<'_>) -> Result<Page, Problem> {
        let Matches { total, mut bodies, sorted } = matches;
        let offset = usize::try_from(self.query.offset).unwrap_or(usize::MAX);
        for (number, id) in sorted.into_iter().flat_map(Sorted::finish).skip(offset) {
            bodies.extend(self.collections[number].by_id(&id)?.map(|body| (number, body)));
        }
        Ok(Page { total, bodies })
    }
}

/// Counts all matches, and keeps those of the page, or what they are sorted by.
struct Matches<'q> {
    total: u64,
    bodies: Vec<(usize, Arc<str>)>,
    sorted: Option<Sorted<'q>>,
}

impl<'q> Matches<'q> {
    fn new(query: &'q Query) -> Self {
        let end = usize::try_from(query.offset).unwrap_or(usize::MAX).saturating_add(query.count);
        let limit = if query.count == 0 { 0 } else { end };
        Self { total: 0, bodies: Vec::new(), sorted: query.sort.as_ref().map(|sort| Sorted::new(sort, limit)) }
    }
}

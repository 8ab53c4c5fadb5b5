//! Lists of resources: those that a query asks for, as an answer (RFC 7644 section 3.4.2).

use axum::body::Body;
use axum::http::{HeaderMap, Response, StatusCode};

use super::answer::{Origin, Problem, json};
use super::collection::Collection;
use super::dump;
use super::plan::Plan;
use super::query::Query;
use super::sort::Sorted;
use super::storage::{Cursor, Extent, PAGE_BYTES, StorageError, Stored};
use crate::scim::ListResponse;
use crate::threads::aside_if_long;

/// Some of the resources that are asked for, each with the number of its collection, and how many there are in all.
#[derive(Default)]
struct Page {
    total: u64,
    resources: Vec<(usize, Stored)>,
    bytes: usize,
}

impl Page {
    /// Whether it has bytes enough. A client goes on behind what it was given (RFC 7644 section 3.4.2.4).
    fn is_full(&self) -> bool {
        self.bytes >= PAGE_BYTES
    }

    fn add(&mut self, number: usize, stored: Stored) {
        self.bytes += stored.len();
        self.resources.push((number, stored));
    }
}

/// Answers a query over one or several collections.
pub(super) async fn answer(
    collections: Vec<Collection>,
    query: Query,
    headers: &HeaderMap,
) -> Result<Response<Body>, Problem> {
    if dump::is_asked_for(headers) {
        return Ok(dump::answer(collections, query, headers));
    }
    let Some(first) = collections.first() else {
        return Ok(json(StatusCode::OK, ListResponse::default().into_value().to_string()));
    };
    let origin = first.origin(headers);
    let start = query.offset + 1;
    let projections: Vec<_> =
        collections.iter().map(|collection| query.projection.needed_for(collection).cloned()).collect();
    let (Search { collections, origin, .. }, page) = Search { collections, query, origin }.run().await?;
    // the resources are texts already, so that what is around them is one too
    let length: usize = page.resources.iter().map(|(_, stored)| stored.len() + 192).sum();
    let write = || {
        let mut text = String::with_capacity(length + 192);
        ListResponse::write_head(page.total, start, page.resources.len() as u64, &mut text);
        for (index, (number, stored)) in page.resources.iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            let collection = &collections[*number];
            match &projections[*number] {
                None => origin.write(collection.kind(), stored, &mut text),
                Some(projection) => text.push_str(&projection.apply(collection, &origin, stored)?.to_string()),
            }
        }
        text.push_str("]}");
        Ok::<_, Problem>(text)
    };
    aside_if_long(length, write).map(|text| json(StatusCode::OK, text))
}

/// A query under way.
struct Search {
    collections: Vec<Collection>,
    query: Query,
    origin: Origin,
}

impl Search {
    /// Gives itself back with what was found.
    async fn run(self) -> Result<(Self, Page), Problem> {
        let plans = self.plans();
        if self.is_quick(&plans)? {
            let page = self.search(plans)?;
            return Ok((self, page));
        }
        let search = tokio::task::spawn_blocking(move || self.search(plans).map(|page| (self, page)));
        search.await.map_err(|_| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the search was broken off"))?
    }

    /// How each collection is searched; `None` where all of it has to be looked at.
    fn plans(&self) -> Vec<Option<Plan>> {
        let plan = |collection| Plan::of(collection, self.query.filter.as_ref()?);
        self.collections.iter().map(plan).collect()
    }

    fn is_quick(&self, plans: &[Option<Plan>]) -> Result<bool, StorageError> {
        for (collection, plan) in self.collections.iter().zip(plans) {
            let is_quick = match (&self.query.filter, plan) {
                (None, _) => self.query.sort.is_none() && !collection.storage().is_file(),
                (Some(_), Some(plan)) => plan.is_quick(collection.storage())?,
                (Some(_), None) => false,
            };
            if !is_quick {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn search(&self, plans: Vec<Option<Plan>>) -> Result<Page, Problem> {
        if self.query.filter.is_none() && self.query.sort.is_none() {
            return self.page();
        }
        let mut matches = Matches::new(&self.query);
        for ((number, collection), plan) in self.collections.iter().enumerate().zip(plans) {
            let (kind, seen) = (collection.kind(), self.query.seen(collection));
            if let Some(mut plan) = plan {
                let extent = seen.and(self.shown(collection));
                while !plan.is_over() {
                    for stored in collection.storage().read(|reader| plan.step(reader, extent))? {
                        self.consider(&mut matches, number, stored, extent, plan.is_exact())?;
                    }
                }
                continue;
            }
            let mut cursor = Cursor::default();
            loop {
                let found = collection.storage().read(|reader| reader.walk(kind, &mut cursor, seen))?;
                if found.is_empty() {
                    break;
                }
                for stored in found {
                    self.consider(&mut matches, number, stored, seen, false)?;
                }
            }
        }
        self.finish(matches)
    }

    /// Resources as they stand, one collection after the other.
    fn page(&self) -> Result<Page, Problem> {
        let mut page = Page::default();
        for (number, collection) in self.collections.iter().enumerate() {
            let offset = self.query.offset.saturating_sub(page.total);
            let limit = if page.is_full() { 0 } else { self.query.count - page.resources.len() };
            let (kind, shown) = (collection.kind(), self.shown(collection));
            let (total, found) = collection.storage().read(|reader| reader.page(kind, offset, limit, shown))?;
            page.total += total;
            for stored in found {
                page.add(number, stored);
            }
        }
        Ok(page)
    }

    /// What the answer shows of a resource.
    fn shown(&self, collection: &Collection) -> Extent {
        self.query.projection.extent(collection)
    }

    fn consider(
        &self,
        matches: &mut Matches<'_>,
        number: usize,
        stored: Stored,
        extent: Extent,
        known: bool,
    ) -> Result<(), StorageError> {
        let collection = &self.collections[number];
        let filter = self.query.filter.as_ref().filter(|_| !known);
        let resource = (filter.is_some() || matches.sorted.is_some())
            .then(|| self.query.resource(collection, &self.origin, &stored, extent))
            .transpose()?;
        if let (Some(filter), Some(resource)) = (filter, &resource)
            && !filter.matches(resource, collection.schema())
        {
            return Ok(());
        }
        match (&mut matches.sorted, &resource) {
            (Some(sorted), Some(resource)) => sorted.add(number, collection.schema(), resource),
            _ if matches.total >= self.query.offset
                && matches.found.len() < self.query.count
                && matches.bytes < PAGE_BYTES =>
            {
                matches.bytes += stored.len();
                matches.found.push((number, stored, extent));
            }
            _ => {}
        }
        matches.total += 1;
        Ok(())
    }

    /// The page of what was found; of sorted resources it is only known by now which are on it. What was looked at may
    /// have been less than what is shown.
    fn finish(&self, matches: Matches<'_>) -> Result<Page, Problem> {
        let Matches { total, found, sorted, .. } = matches;
        let mut page = Page { total, ..Page::default() };
        let again = |page: &mut Page, number: usize, id: &str| {
            let collection = &self.collections[number];
            if let Some(stored) = collection.by_id(id, self.shown(collection))? {
                page.add(number, stored);
            }
            Ok::<_, Problem>(())
        };
        for (number, stored, extent) in found {
            if page.is_full() {
                break;
            }
            let shown = self.shown(&self.collections[number]);
            if extent.and(shown) == extent {
                page.add(number, stored);
            } else {
                again(&mut page, number, &stored.id())?;
            }
        }
        let offset = usize::try_from(self.query.offset).unwrap_or(usize::MAX);
        for (number, id) in sorted.into_iter().flat_map(Sorted::finish).skip(offset) {
            if page.is_full() {
                break;
            }
            again(&mut page, number, &id)?;
        }
        Ok(page)
    }
}

/// Counts all matches, and keeps those of the page with as much as was read of them, or what they are sorted by.
struct Matches<'q> {
    total: u64,
    found: Vec<(usize, Stored, Extent)>,
    bytes: usize,
    sorted: Option<Sorted<'q>>,
}

impl<'q> Matches<'q> {
    fn new(query: &'q Query) -> Self {
        let end = usize::try_from(query.offset).unwrap_or(usize::MAX).saturating_add(query.count);
        let limit = if query.count == 0 { 0 } else { end };
        let sorted = query.sort.as_ref().map(|sort| Sorted::new(sort, limit));
        Self { total: 0, found: Vec::new(), bytes: 0, sorted }
    }
}

//! Whether the pages of a list make up the whole of it. A list that may lack somebody is an error, never a short list.

use rustc_hash::FxHashSet;

use crate::base::{Fingerprint, grouped, visible};
use crate::client::{Failure, Page, Unexpected};
use crate::schema::ObjectKind;
use crate::scim::Resource;

/// More accounts than this aren't read: they wouldn't fit into memory.
const MOST: u64 = 10_000_000;
/// So much of an id is quoted.
const QUOTED: usize = 100;

/// A list while its pages come in.
#[derive(Debug)]
pub(super) struct Listing {
    kind: ObjectKind,
    total: Option<u64>,
    /// Fingerprints of the ids so far: 8 bytes each, and as much again for the table.
    seen: FxHashSet<Fingerprint>,
}

/// Why a list can't be trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the list of {} isn't complete: {flaw}", plural(*.kind))]
pub struct ListProblem {
    /// Users or groups.
    pub kind: ObjectKind,
    /// What is wrong with it.
    pub flaw: ListFlaw,
}

/// What is wrong with a list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListFlaw {
    /// Without a count nobody knows where it ends.
    #[error("the page from startIndex={start} has no `totalResults`, so nobody can tell where the list ends")]
    Uncounted {
        /// Where the page begins.
        start: u64,
    },
    /// The count isn't that of the first page.
    #[error("`totalResults` was {before} and is {now} on the page from startIndex={start}")]
    TotalChanged {
        /// Where the page begins.
        start: u64,
        /// On the first page.
        before: u64,
        /// On this one.
        now: u64,
    },
    /// More than can be kept.
    #[error("`totalResults` is {}, more than {} aren't read", grouped(*.total), grouped(MOST))]
    TooMany {
        /// The count.
        total: u64,
    },
    /// A resource can't be told from others.
    #[error("resource {position} has no `id`")]
    WithoutId {
        /// Its position in the list, from 1.
        position: u64,
    },
    /// A page has only what was there before.
    #[error(
        "the page from startIndex={start} repeats what was listed before: the endpoint ignores `startIndex`, and counts \
         {total} where it shows {seen}"
    )]
    PageRepeated {
        /// Where the page begins.
        start: u64,
        /// The count.
        total: u64,
        /// Resources so far.
        seen: u64,
    },
    /// A resource is there a second time.
    #[error("the id `{id}` is listed twice, again on the page from startIndex={start}")]
    Repeated {
        /// Where the page begins.
        start: u64,
        /// The id.
        id: String,
    },
    /// The page is another one than was asked for.
    #[error("the page from startIndex={start} says that it begins at {said}")]
    WrongStart {
        /// Where the page was to begin.
        start: u64,
        /// Where it says that it begins.
        said: u64,
    },
    /// The page doesn't have what it says.
    #[error("the page from startIndex={start} says `itemsPerPage` {said} and has {count} resources")]
    WrongItems {
        /// Where the page begins.
        start: u64,
        /// What it says.
        said: u64,
        /// What it has.
        count: u64,
    },
    /// More than is counted.
    #[error("`totalResults` is {total}, but there are more")]
    MoreThanCounted {
        /// The count.
        total: u64,
    },
    /// Fewer than are counted.
    #[error("`totalResults` is {total}, but the list ends after {seen}")]
    Short {
        /// The count.
        total: u64,
        /// Resources that came.
        seen: u64,
    },
}

impl ListProblem {
    /// What to do about it.
    pub const fn hint(&self) -> &'static str {
        match self.flaw {
            ListFlaw::TotalChanged { .. } | ListFlaw::Repeated { .. } | ListFlaw::Short { .. } => {
                "somebody may have changed accounts meanwhile: try again. If it stays like that, have the endpoint page \
                 as RFC 7644 section 3.4.2.4 says, always in the same order"
            }
            ListFlaw::TooMany { .. } => "look at the endpoint: it is unlikely to have so many",
            ListFlaw::WithoutId { .. } => "have the endpoint give every resource an `id` (RFC 7643 section 3.1)",
            ListFlaw::Uncounted { .. } | ListFlaw::MoreThanCounted { .. } => {
                "have the endpoint count all resources in `totalResults`, not those of the page (RFC 7644 section 3.4.2)"
            }
            ListFlaw::PageRepeated { .. } | ListFlaw::WrongStart { .. } | ListFlaw::WrongItems { .. } => {
                "have the endpoint page as RFC 7644 section 3.4.2.4 says; `scimulate check --only users.paging` shows more"
            }
        }
    }
}

/// What accounts of a kind are called.
pub(super) const fn plural(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::User => "users",
        ObjectKind::Group => "groups",
    }
}

impl Listing {
    pub(super) fn new(kind: ObjectKind) -> Self {
        Self { kind, total: None, seen: FxHashSet::default() }
    }

    /// Where the next page begins, from 1.
    pub(super) fn start(&self) -> u64 {
        self.seen() + 1
    }

    /// Resources so far.
    pub(super) fn seen(&self) -> u64 {
        self.seen.len() as u64
    }

    /// How many there are to be; 0 before the first page.
    pub(super) fn total(&self) -> u64 {
        self.total.unwrap_or_default()
    }

    /// Whether as many came as were counted.
    pub(super) fn is_complete(&self) -> bool {
        self.total == Some(self.seen())
    }

    /// Takes the page from [`Self::start`] on; gives its resources with their ids.
    pub(super) fn take(&mut self, page: Page) -> Result<Vec<(String, Resource)>, ListProblem> {
        let kind = self.kind;
        self.judge(page).map_err(|flaw| ListProblem { kind, flaw })
    }

    fn judge(&mut self, page: Page) -> Result<Vec<(String, Resource)>, ListFlaw> {
        let (start, count) = (self.start(), page.resources.len() as u64);
        let total = page.total.ok_or(ListFlaw::Uncounted { start })?;
        match *self.total.get_or_insert(total) {
            before if before != total => return Err(ListFlaw::TotalChanged { start, before, now: total }),
            _ if total > MOST => return Err(ListFlaw::TooMany { total }),
            _ => {}
        }
        let seen_before = self.seen();
        let mut resources = Vec::with_capacity(page.resources.len());
        let mut repeated = None;
        for resource in page.resources {
            let position = seen_before + resources.len() as u64 + 1;
            let id = resource.id().ok_or(ListFlaw::WithoutId { position })?;
            if self.seen.insert(fingerprint(&id)) {
                resources.push((id, resource));
            } else {
                repeated.get_or_insert(id);
            }
        }
        if let Some(id) = repeated {
            return Err(if resources.is_empty() {
                ListFlaw::PageRepeated { start, total, seen: seen_before }
            } else {
                ListFlaw::Repeated { start, id: quoted(&id) }
            });
        }
        let seen = self.seen();
        match (page.start_index, page.items_per_page) {
            // Many take the first position for 0.
            (Some(said), _) if said != start && count > 0 && !(said == 0 && start == 1) => {
                Err(ListFlaw::WrongStart { start, said })
            }
            // The last page may be shorter than what was asked for, which many mean by it.
            (_, Some(said)) if count > 0 && (said < count || said > count && seen < total) => {
                Err(ListFlaw::WrongItems { start, said, count })
            }
            _ if seen > total => Err(ListFlaw::MoreThanCounted { total }),
            _ if count == 0 && seen < total => Err(ListFlaw::Short { total, seen }),
            _ => Ok(resources),
        }
    }

    /// Judges what lies behind the end: endpoints that count a page instead of the list have more there. One that
    /// shows the same again has nothing more.
    pub(super) fn confirm(&self, page: &Page) -> Result<(), ListProblem> {
        let is_new = |resource: &Resource| resource.id().is_some_and(|id| !self.seen.contains(&fingerprint(&id)));
        if page.resources.iter().any(is_new) {
            return Err(ListProblem { kind: self.kind, flaw: ListFlaw::MoreThanCounted { total: self.total() } });
        }
        Ok(())
    }
}

/// Whether an endpoint says by a failure that nothing lies behind the end.
pub(super) const fn is_past_the_end(failure: &Failure) -> bool {
    match failure {
        Failure::Status(answer) => matches!(answer.status, 400 | 404 | 410 | 416 | 422),
        Failure::Unexpected { what: Unexpected::Empty, .. } => true,
        _ => false,
    }
}

fn fingerprint(id: &str) -> Fingerprint {
    Fingerprint::of(40, id.as_bytes())
}

fn quoted(id: &str) -> String {
    visible(id).chars().take(QUOTED).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn page(ids: std::ops::Range<u32>, total: u64) -> Page {
        let resource = |id: u32| Resource::from_value(json!({"id": id.to_string()})).unwrap();
        Page { resources: ids.map(resource).collect(), total: Some(total), start_index: None, items_per_page: None }
    }

    fn says(page: Page, start: u64, items: u64) -> Page {
        Page { start_index: Some(start), items_per_page: Some(items), ..page }
    }

    /// How many came, or what was wrong.
    fn read(pages: &[Page]) -> Result<u64, ListFlaw> {
        let mut listing = Listing::new(ObjectKind::User);
        for page in pages {
            listing.take(page.clone()).map_err(|problem| problem.flaw)?;
        }
        assert!(listing.is_complete(), "{pages:?}");
        Ok(listing.seen())
    }

    #[test]
    fn whole_lists() {
        for (pages, expected) in [
            (vec![page(0..0, 0)], 0),
            (vec![says(page(0..0, 0), 0, 0)], 0),
            (vec![page(0..3, 5), page(3..5, 5)], 5),
            (vec![says(page(0..3, 5), 1, 3), says(page(3..5, 5), 4, 2)], 5),
            // What was asked for instead of what is there, on the last page; the first position as 0.
            (vec![says(page(0..3, 5), 0, 3), says(page(3..5, 5), 4, 3)], 5),
            // Everything at once, and pages of any length.
            (vec![says(page(0..50, 50), 1, 100)], 50),
            (vec![page(0..1, 4), page(1..4, 4)], 4),
        ] {
            assert_eq!(read(&pages), Ok(expected), "{pages:?}");
        }
    }

    #[test]
    fn lists_that_may_lack_somebody() {
        let twice = || {
            let mut page = page(0..2, 4);
            page.resources.push(page.resources[0].clone());
            page
        };
        let nameless = Page { resources: vec![Resource::default()], total: Some(1), ..Page::default() };
        for (pages, expected) in [
            (vec![Page { total: None, ..page(0..2, 0) }], ListFlaw::Uncounted { start: 1 }),
            (vec![page(0..2, 4), page(2..4, 5)], ListFlaw::TotalChanged { start: 3, before: 4, now: 5 }),
            (vec![page(0..2, MOST + 1)], ListFlaw::TooMany { total: MOST + 1 }),
            (vec![nameless], ListFlaw::WithoutId { position: 1 }),
            (vec![page(0..2, 4), page(0..2, 4)], ListFlaw::PageRepeated { start: 3, total: 4, seen: 2 }),
            (vec![page(0..2, 4), page(1..3, 4)], ListFlaw::Repeated { start: 3, id: "1".to_owned() }),
            (vec![twice()], ListFlaw::Repeated { start: 1, id: "0".to_owned() }),
            (vec![says(page(0..2, 4), 2, 2)], ListFlaw::WrongStart { start: 1, said: 2 }),
            (vec![page(0..2, 4), says(page(2..4, 4), 1, 2)], ListFlaw::WrongStart { start: 3, said: 1 }),
            (vec![says(page(0..2, 4), 1, 1)], ListFlaw::WrongItems { start: 1, said: 1, count: 2 }),
            (vec![says(page(0..2, 4), 1, 3)], ListFlaw::WrongItems { start: 1, said: 3, count: 2 }),
            (vec![page(0..3, 2)], ListFlaw::MoreThanCounted { total: 2 }),
            (vec![page(0..64, 0)], ListFlaw::MoreThanCounted { total: 0 }),
            (vec![page(0..2, 4), page(0..0, 4)], ListFlaw::Short { total: 4, seen: 2 }),
            (vec![page(0..0, 4)], ListFlaw::Short { total: 4, seen: 0 }),
        ] {
            assert_eq!(read(&pages), Err(expected), "{pages:?}");
        }
    }

    #[test]
    fn behind_the_end_may_be_more() {
        let mut listing = Listing::new(ObjectKind::Group);
        listing.take(page(0..2, 2)).unwrap();
        assert_eq!(listing.confirm(&page(0..0, 0)), Ok(()));
        assert_eq!(listing.confirm(&page(0..2, 2)), Ok(()), "an endpoint that shows everything at once");
        let problem = listing.confirm(&page(2..4, 2)).unwrap_err();
        let text = "the list of groups isn't complete: `totalResults` is 2, but there are more";
        assert_eq!(problem.to_string(), text);
    }
}

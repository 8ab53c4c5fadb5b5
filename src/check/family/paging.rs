//! Pages of a list, the same for users and groups.

use std::collections::HashSet;

use crate::check::probe::{Answer, Probe, Stop};
use crate::schema::ObjectKind;
use crate::scim::{ListResponse, Method, Request, Resource};

/// So many objects make three pages, the last one not full.
const OBJECTS: usize = 11;
/// Length of a page.
const COUNT: usize = 5;
/// Others may write meanwhile: so often the pages are read again.
const TRIES: usize = 3;

/// Holds a list to coming in pages.
pub(super) async fn judge(probe: &Probe, kind: ObjectKind) -> Result<(), Stop> {
    for _ in 0..OBJECTS {
        match kind {
            ObjectKind::User => drop(probe.user().await?),
            ObjectKind::Group => drop(probe.group().await?),
        }
    }
    let pages = pages(probe, kind).await?;
    judge_pages(probe, &pages);
    if !probe.is_clean() {
        return Ok(());
    }
    let (first, total) = (&pages[0], pages[0].list.total_results);
    nothing_wanted(probe, kind, total).await?;
    past_the_end(probe, kind, total).await?;
    let start =
        Request { method: Method::Get, path: format!("{}?startIndex=0&count={COUNT}", kind.endpoint()), body: None };
    let answer = probe.send(start).await?;
    let ids = answer.list().map(|list| ids(&list.resources));
    if answer.status != 200 || ids != Some(first.ids()) {
        let draft = probe
            .finding("start-index-0")
            .observed(format!("startIndex=0 was answered with {} and not with the first page", answer.told()));
        draft
            .expected("values below 1 are taken for 1 (RFC 7644 section 3.4.2.4)")
            .effect("the service doesn't send it")
            .at(answer.at)
            .warn();
    }
    Ok(())
}

struct Page {
    answer: Answer,
    list: ListResponse,
}

impl Page {
    fn ids(&self) -> Vec<String> {
        ids(&self.list.resources)
    }
}

fn ids(resources: &[Resource]) -> Vec<String> {
    resources.iter().filter_map(Resource::id).collect()
}

async fn page(probe: &Probe, kind: ObjectKind, start: usize, count: usize) -> Result<Page, Stop> {
    let path = format!("{}?startIndex={start}&count={count}", kind.endpoint());
    let answer = probe.send(Request { method: Method::Get, path, body: None }).await?;
    if answer.status != 200 {
        return Err(probe.refused(&answer, "200 with a page").stop());
    }
    match answer.list() {
        Some(list) => Ok(Page { answer, list }),
        None => Err(probe.finding("not-a-list").observed("a page isn't a ListResponse").at(answer.at).stop()),
    }
}

/// The first three pages, all of one state of the list where that can be had.
async fn pages(probe: &Probe, kind: ObjectKind) -> Result<Vec<Page>, Stop> {
    let mut tried = 0;
    loop {
        tried += 1;
        let mut pages = Vec::new();
        for start in [1, COUNT + 1, 2 * COUNT + 1] {
            pages.push(page(probe, kind, start, COUNT).await?);
        }
        let again = page(probe, kind, 1, COUNT).await?;
        let is_steady = again.list.total_results == pages[0].list.total_results;
        if is_steady || tried == TRIES {
            if !is_steady {
                probe.note(
                    "somebody else writes to the endpoint meanwhile: totalResults changed while the pages were read",
                );
            }
            return Ok(pages);
        }
    }
}

fn judge_pages(probe: &Probe, pages: &[Page]) {
    for page in pages {
        let many = page.list.resources.len();
        if many > COUNT {
            let draft = probe
                .finding("count-ignored")
                .observed(format!("{many} resources came where count={COUNT} asked for {COUNT} at most"));
            return draft.at(page.answer.at).fail();
        }
    }
    let totals: Vec<_> = pages.iter().map(|page| page.list.total_results).collect();
    if totals.iter().any(|total| *total != totals[0]) {
        let draft =
            probe.finding("total-changes").observed(format!("totalResults is {totals:?} on three pages of one list"));
        draft.expected("the number of all resources, the same on each page").at(pages[1].answer.at).fail();
    }
    if totals[0] < OBJECTS as u64 {
        let draft = probe
            .finding("total-too-small")
            .observed(format!("totalResults is {}, but {OBJECTS} were just made", totals[0]));
        draft.expected("the number of all resources, not of those on the page").at(pages[0].answer.at).fail();
    }
    let mut seen = HashSet::new();
    for page in pages {
        let again = page.ids().into_iter().filter(|id| !seen.insert(id.clone())).count();
        if again > 0 {
            let draft =
                probe.finding("pages-overlap").observed(format!("{again} resources of a page were on a page before"));
            draft.expected("pages that follow each other").at(page.answer.at).fail();
            return;
        }
    }
    let short =
        pages[..2].iter().find(|page| page.list.resources.len() < COUNT && page.list.total_results >= OBJECTS as u64);
    if let Some(page) = short {
        let many = page.list.resources.len();
        let said = page.list.items_per_page.map_or_else(|| "nothing".to_owned(), |said| said.to_string());
        let observed = format!("a page in the middle has {many} of {COUNT} resources, and itemsPerPage says {said}");
        probe
            .finding("short-page")
            .observed(observed)
            .expected("full pages up to the last one")
            .at(page.answer.at)
            .fail();
    }
}

async fn nothing_wanted(probe: &Probe, kind: ObjectKind, total: u64) -> Result<(), Stop> {
    let page = page(probe, kind, 1, 0).await?;
    if !page.list.resources.is_empty() {
        let draft = probe.finding("count-0").observed(format!("count=0 gave {} resources", page.list.resources.len()));
        draft.expected("no resources, only totalResults").at(page.answer.at).fail();
    }
    if page.list.total_results < total.min(OBJECTS as u64) {
        let draft = probe
            .finding("count-0-total")
            .observed(format!("with count=0 totalResults is {}, otherwise {total}", page.list.total_results));
        draft.expected("the number of all resources").at(page.answer.at).fail();
    }
    Ok(())
}

async fn past_the_end(probe: &Probe, kind: ObjectKind, total: u64) -> Result<(), Stop> {
    let beyond = usize::try_from(total).unwrap_or(usize::MAX / 2) + 1000;
    let page = page(probe, kind, beyond, COUNT).await?;
    if !page.list.resources.is_empty() {
        let draft = probe.finding("past-the-end").observed(format!(
            "startIndex={beyond} gave {} resources, though there are {total} in all",
            page.list.resources.len()
        ));
        let draft =
            draft.expected("an empty page").effect("whoever reads until a page is empty never comes to the end");
        draft.at(page.answer.at).fail();
    }
    Ok(())
}

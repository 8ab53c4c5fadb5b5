//! The overview: what the endpoint is, how much it holds, what happens.

use axum::http::StatusCode;
use serde::Serialize;

use super::super::html::{self, Html};
use super::super::site::{Answer, Inner, Visit};
use super::faults::{Standing, on};
use super::path;
use super::requests::{Filter, Listing};
use crate::base::grouped;
use crate::target::changes::ChangeNote;
use crate::target::storage::Extent;
use crate::target::{Kind, StorageError};

/// Changes that are shown.
const CHANGES: usize = 12;
/// Requests that are shown.
const REQUESTS: usize = 25;

#[derive(Serialize)]
struct Overview<'p> {
    tenant_url: &'p str,
    profile: &'p str,
    data: &'p str,
    started: Html,
    users: String,
    groups: Option<String>,
    requests: String,
    refused: String,
    failed: String,
    changes: Vec<Change>,
    standing: Vec<Standing>,
    rows: Listing,
}

#[derive(Serialize)]
struct Change {
    when: Html,
    deed: &'static str,
    noun: &'static str,
    name: Html,
    /// Where it is shown, if it is still there.
    link: Option<String>,
}

/// `GET /`
pub(in crate::target::page) fn overview(page: &Inner, visit: &Visit) -> Answer {
    let counts = page.log.counts();
    let changes = page.endpoint.changes().newest(CHANGES);
    let view = Overview {
        tenant_url: &page.options.tenant_url,
        profile: &page.options.profile,
        data: &page.options.data,
        started: html::when(page.started, visit.now),
        users: grouped(count(page, Kind::User)?),
        groups: match page.endpoint.collection(Kind::Group) {
            Some(_) => Some(grouped(count(page, Kind::Group)?)),
            None => None,
        },
        requests: grouped(counts.all),
        refused: grouped(counts.refused),
        failed: grouped(counts.failed),
        changes: changes.iter().map(|change| show(page, change, visit)).collect::<Result<_, _>>()?,
        standing: on(page),
        rows: Listing::newest(page, visit, &Filter::default(), REQUESTS),
    };
    Ok(page.page(StatusCode::OK, "overview.html", "overview", visit, view))
}

fn count(page: &Inner, kind: Kind) -> Result<u64, StorageError> {
    Ok(page.endpoint.storage().read(|reader| reader.page(kind, 0, 0, Extent::BODY))?.0)
}

fn show(page: &Inner, change: &ChangeNote, visit: &Visit) -> Result<Change, StorageError> {
    let there = page.endpoint.storage().read(|reader| reader.by_id(change.kind, &change.id, Extent::BODY))?.is_some();
    let name = if change.name.is_empty() { &change.id } else { &change.name };
    Ok(Change {
        when: html::when(change.at, visit.now),
        deed: change.deed.as_str(),
        noun: change.kind.noun(),
        name: html::name(name),
        link: there.then(|| super::resource::link(path(change.kind), &change.id)),
    })
}

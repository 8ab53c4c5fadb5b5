//! One resource in full, with the groups or the members that go with it.

use axum::http::StatusCode;
use percent_encoding::utf8_percent_encode;
use serde::Serialize;
use serde_json::Value;

use super::super::find::{Found, groups_of, name_of};
use super::super::html::{self, Html};
use super::super::json::pretty;
use super::super::site::{Answer, Inner, Trouble, Visit};
use super::resources::{stamp, text, turn};
use super::{Turn, path};
use crate::base::grouped;
use crate::scim::Resource;
use crate::target::answer::{Origin, SEGMENT};
use crate::target::collection::parse;
use crate::target::storage::Extent;
use crate::target::{Kind, StorageError};

/// Members or groups of a page.
const COUNT: usize = 100;
/// How much of a resource's text is laid out.
const LAID_OUT: usize = 64 * 1024;

#[derive(Serialize)]
struct Shown<'v> {
    noun: &'static str,
    list: &'static str,
    name: Html,
    display_name: Option<Html>,
    id: Html,
    active: Option<bool>,
    created: Option<Html>,
    modified: Option<Html>,
    size: String,
    json: Html,
    cut: bool,
    /// How much of it is shown where it is cut.
    laid_out: String,
    url: String,
    tenant_url: &'v str,
    /// Groups of a user, members of a group; `None` where the endpoint keeps no groups.
    related: Option<Vec<Related>>,
    total: Option<String>,
    turn: Turn,
    given_up: Option<String>,
}

/// A member, or a group.
#[derive(Serialize)]
struct Related {
    name: Html,
    /// `None` where it isn't here.
    link: Option<String>,
    noun: &'static str,
}

/// Where a resource is shown.
pub(super) fn link(path: &str, id: &str) -> String {
    format!("{path}/{}", utf8_percent_encode(id, SEGMENT))
}

/// `GET /page/users/{id}`
pub(in crate::target::page) fn user(page: &Inner, visit: &Visit) -> Answer {
    one(page, visit, Kind::User)
}

/// `GET /page/groups/{id}`
pub(in crate::target::page) fn group(page: &Inner, visit: &Visit) -> Answer {
    one(page, visit, Kind::Group)
}

fn one(page: &Inner, visit: &Visit, kind: Kind) -> Answer {
    let id = visit.last.as_str();
    let missing = || Trouble::missing(format!("There is no {} with this id; it may have been deleted.", kind.noun()));
    let collection = page.endpoint.collection(kind).ok_or_else(missing)?;
    let stored = collection.by_id(id, collection.whole())?.ok_or_else(missing)?;
    let resource = parse(&stored);
    let start = visit.form.number("start").unwrap_or(1).max(1);
    let (related, found) = match kind {
        Kind::User => groups(page, id, start)?,
        Kind::Group => members(page, &resource, start)?,
    };
    let origin = Origin::at(&page.options.tenant_url);
    let whole = origin.text(kind, &stored);
    let (json, cut) = pretty(&whole, LAID_OUT).unwrap_or_default();
    let name = text(&resource, kind.key()).filter(|name| !name.is_empty()).unwrap_or(id);
    let meta = resource.get("meta");
    let view = Shown {
        noun: kind.noun(),
        list: path(kind),
        name: html::name(name),
        display_name: if kind == Kind::User { text(&resource, "displayName").map(html::name) } else { None },
        id: html::text(id),
        active: resource.get("active").and_then(Value::as_bool),
        created: stamp(meta, "created").map(|at| html::when(at, visit.now)),
        modified: stamp(meta, "lastModified").map(|at| html::when(at, visit.now)),
        size: html::size(whole.len() as u64),
        json: Html::from_safe_string(json),
        cut,
        laid_out: html::size(LAID_OUT as u64),
        url: origin.resource(kind, id),
        tenant_url: &page.options.tenant_url,
        related,
        total: found.total.filter(|total| *total > 0).map(grouped),
        turn: turn(&found, &link(path(kind), id), "", start, COUNT),
        given_up: found.given_up.map(grouped),
    };
    let place = if kind == Kind::User { "users" } else { "groups" };
    Ok(page.page(StatusCode::OK, "resource.html", place, visit, view))
}

/// The groups that a user is a direct member of.
fn groups(page: &Inner, id: &str, start: u64) -> Result<(Option<Vec<Related>>, Found), StorageError> {
    let Some(groups) = page.endpoint.collection(Kind::Group) else { return Ok((None, Found::default())) };
    let found = groups_of(&groups, id, start - 1, COUNT)?;
    let related = found.bodies.iter().map(|body| related(Kind::Group, body)).collect();
    Ok((Some(related), found))
}

fn related(kind: Kind, body: &str) -> Related {
    let id = parse_id(body);
    let name = name_of(kind, body);
    let shown = if name.is_empty() { &id } else { &name };
    Related { name: html::name(shown), link: Some(link(path(kind), &id)), noun: kind.noun() }
}

fn parse_id(body: &str) -> String {
    #[derive(serde::Deserialize)]
    struct Identified {
        id: String,
    }
    serde_json::from_str(body).map(|Identified { id }| id).unwrap_or_default()
}

/// The members of a group by their names.
fn members(page: &Inner, group: &Resource, start: u64) -> Result<(Option<Vec<Related>>, Found), StorageError> {
    let members = group.get("members").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let skip = usize::try_from(start - 1).unwrap_or(usize::MAX).min(members.len());
    let here = &members[skip..(skip + COUNT).min(members.len())];
    let mut related_ = Vec::with_capacity(here.len());
    let mut bodies = Vec::with_capacity(here.len());
    for member in here {
        let id = member.get("value").and_then(Value::as_str).unwrap_or_default();
        let (shown, body) = self::member(page, id, member)?;
        related_.push(shown);
        bodies.push(body);
    }
    let more = skip + here.len() < members.len();
    let found = Found { bodies, total: Some(members.len() as u64), more, given_up: None };
    Ok((Some(related_), found))
}

fn member(page: &Inner, id: &str, member: &Value) -> Result<(Related, std::sync::Arc<str>), StorageError> {
    for kind in Kind::ALL {
        let Some(collection) = page.endpoint.collection(kind) else { continue };
        if let Some(stored) = collection.by_id(id, Extent::BODY)? {
            let body = stored.text();
            return Ok((related(kind, &body), body));
        }
    }
    let display = member.get("display").and_then(Value::as_str);
    let name = display.filter(|name| !name.is_empty()).unwrap_or(id);
    Ok((Related { name: html::name(name), link: None, noun: "not here" }, "".into()))
}

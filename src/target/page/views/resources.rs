//! Lists of users and of groups, searched and paged.

use axum::http::StatusCode;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::form_urlencoded;

use super::super::find::{Found, all, search};
use super::super::html::{self, Html};
use super::super::site::{Answer, Inner, Trouble, Visit};
use super::{Turn, path};
use crate::base::{Timestamp, grouped};
use crate::scim::Resource;
use crate::target::Kind;

/// Resources of a page.
const COUNT: usize = 50;
/// The longest text that is searched for, in characters.
const LONGEST: usize = 200;

#[derive(Serialize)]
struct Resources<'v> {
    noun: &'static str,
    path: &'static str,
    /// The attribute by which they are called.
    key: &'static str,
    q: &'v str,
    /// The same, to be read.
    sought: Html,
    rows: Vec<Row>,
    turn: Turn,
    given_up: Option<String>,
    tenant_url: &'v str,
}

#[derive(Serialize)]
struct Row {
    link: String,
    name: Html,
    display_name: Option<Html>,
    email: Option<Html>,
    active: Option<bool>,
    members: Option<String>,
    modified: Option<Html>,
}

/// `GET /page/users`
pub(in crate::target::page) fn users(page: &Inner, visit: &Visit) -> Answer {
    list(page, visit, Kind::User)
}

/// `GET /page/groups`
pub(in crate::target::page) fn groups(page: &Inner, visit: &Visit) -> Answer {
    list(page, visit, Kind::Group)
}

fn list(page: &Inner, visit: &Visit, kind: Kind) -> Answer {
    let no_groups = || Trouble::missing("This endpoint keeps users only. With --profile scim it keeps groups too.");
    let collection = page.endpoint.collection(kind).ok_or_else(no_groups)?;
    let text = visit.form.get("q").unwrap_or_default();
    let q = text.char_indices().nth(LONGEST).map_or(text, |(end, _)| &text[..end]);
    let start = visit.form.number("start").unwrap_or(1).max(1);
    let offset = start - 1;
    let found = if q.is_empty() { all(&collection, offset, COUNT)? } else { search(&collection, q, offset, COUNT)? };
    let row = match kind {
        Kind::User => user_row,
        Kind::Group => group_row,
    };
    let view = Resources {
        noun: kind.noun(),
        path: path(kind),
        key: kind.key(),
        q,
        sought: html::name(q),
        turn: turn(&found, path(kind), q, start, COUNT),
        given_up: found.given_up.map(grouped),
        rows: found.bodies.iter().map(|body| row(body, visit.now)).collect(),
        tenant_url: &page.options.tenant_url,
    };
    let place = if kind == Kind::User { "users" } else { "groups" };
    Ok(page.page(StatusCode::OK, "resources.html", place, visit, view))
}

/// Where a page stands among the others.
pub(super) fn turn(found: &Found, path: &str, q: &str, start: u64, count: usize) -> Turn {
    let link = |start: u64| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if !q.is_empty() {
            query.append_pair("q", q);
        }
        if start > 1 {
            query.append_pair("start", &start.to_string());
        }
        let query = query.finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    };
    let here = found.bodies.len() as u64;
    let of = match found.total {
        Some(total) => format!(" of {}", grouped(total)),
        None if found.more => " of more".to_owned(),
        None => String::new(),
    };
    let last = start.saturating_add(here).saturating_sub(1);
    Turn {
        shown: if here == 0 { String::new() } else { format!("{}–{}{of}", grouped(start), grouped(last)) },
        previous: (start > 1).then(|| link(start.saturating_sub(count as u64).max(1))),
        next: found.more.then(|| link(start + here)),
    }
}

fn user_row(body: &str, now: Timestamp) -> Row {
    let user: Resource = serde_json::from_str(body).ok().and_then(Resource::from_value).unwrap_or_default();
    Row {
        link: super::resource::link(path(Kind::User), &user.id().unwrap_or_default()),
        name: html::name(text(&user, "userName").unwrap_or_default()),
        display_name: text(&user, "displayName").map(html::name),
        email: email(&user).map(html::name),
        active: user.get("active").and_then(Value::as_bool),
        members: None,
        modified: stamp(user.get("meta"), "lastModified").map(|at| html::when(at, now)),
    }
}

/// Members are counted, not read: there may be many.
fn group_row(body: &str, now: Timestamp) -> Row {
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "camelCase", default)]
    struct Group {
        id: String,
        display_name: Value,
        members: Vec<IgnoredAny>,
        meta: Value,
    }
    let group: Group = serde_json::from_str(body).unwrap_or_default();
    Row {
        link: super::resource::link(path(Kind::Group), &group.id),
        name: html::name(group.display_name.as_str().unwrap_or_default()),
        display_name: None,
        email: None,
        active: None,
        members: Some(grouped(group.members.len() as u64)),
        modified: stamp(Some(&group.meta), "lastModified").map(|at| html::when(at, now)),
    }
}

pub(super) fn text<'r>(resource: &'r Resource, attribute: &str) -> Option<&'r str> {
    resource.get(attribute).and_then(Value::as_str)
}

/// An instant of `meta`.
pub(super) fn stamp(meta: Option<&Value>, name: &str) -> Option<Timestamp> {
    meta?.get(name)?.as_str()?.parse().ok()
}

/// The primary e-mail address, or else the first one.
fn email(user: &Resource) -> Option<&str> {
    let emails = user.get("emails")?.as_array()?;
    let primary = emails.iter().find(|email| email.get("primary").and_then(Value::as_bool) == Some(true));
    primary.or(emails.first())?.get("value")?.as_str()
}

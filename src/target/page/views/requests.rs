//! The log of requests: its rows, narrowed down, and one exchange in full.

use std::time::Duration;

use axum::http::{Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use url::form_urlencoded;

use super::super::bodies::{Body, body};
use super::super::find::contains_ignoring_case;
use super::super::html::{self, Html};
use super::super::log::{Entry, KEPT, KEPT_BODY, KEPT_BYTES};
use super::super::site::{Answer, Inner, Trouble, Visit};
use super::faults::anchor;
use crate::base::grouped;
use crate::scim::{Content, Filter as Scim, HttpExchange, MASK, Method};
use crate::target::Fault;

/// Rows of a page.
const ROWS: usize = 100;
/// The longest target that is shown in a row, in characters.
const LONGEST: usize = 400;

/// What narrows the log down.
#[derive(Debug, Default)]
pub(super) struct Filter {
    method: Option<String>,
    status: Option<Outcome>,
    /// Without letter case.
    text: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// 1 to 5.
    Class(u16),
    /// One status.
    Status(u16),
    NoAnswer,
}

/// Some rows, the newest first.
#[derive(Serialize)]
pub(super) struct Listing {
    rows: Vec<Row>,
    /// The number of the newest exchange that was looked at.
    newest: u64,
    /// The number of the oldest exchange that is kept.
    oldest: u64,
    /// How many rows are shown at most.
    limit: usize,
    /// How many exchanges are kept.
    kept: String,
    /// How many came before those that are kept.
    gone: Option<String>,
    /// How many came too fast to be kept.
    missed: Option<String>,
    /// Where older rows are.
    older: Option<String>,
}

#[derive(Serialize)]
struct Row {
    number: u64,
    when: Html,
    method: Html,
    target: Html,
    status: String,
    /// `2` to `5`, `0` without an answer.
    class: u16,
    took: String,
    remarks: Vec<Remark>,
}

/// What befell an exchange.
#[derive(Serialize)]
struct Remark {
    text: Html,
    /// The fault that it names.
    fault: Option<String>,
}

#[derive(Serialize)]
struct Requests<'v> {
    rows: Listing,
    method: &'v str,
    status: &'v str,
    q: &'v str,
    filtered: bool,
    live: bool,
    methods: [&'static str; 5],
    most: String,
    most_bytes: String,
    most_body: String,
    tenant_url: &'v str,
}

#[derive(Serialize)]
struct Exchange {
    number: u64,
    when: Html,
    method: Html,
    target: Html,
    origin: Html,
    status: String,
    reason: &'static str,
    class: u16,
    took: String,
    remarks: Vec<Remark>,
    request: Half,
    answer: Half,
}

#[derive(Serialize)]
struct Half {
    headers: Vec<(Html, Html)>,
    body: Body,
}

/// `GET /page/requests`
pub(in crate::target::page) fn requests(page: &Inner, visit: &Visit) -> Response<axum::body::Body> {
    let form = &visit.form;
    let filter = Filter::read(visit);
    let view = Requests {
        rows: Listing::newest(page, visit, &filter, ROWS),
        method: form.get("method").unwrap_or_default(),
        status: form.get("status").unwrap_or_default(),
        q: form.get("q").unwrap_or_default(),
        filtered: filter.narrows(),
        live: form.get("before").is_none(),
        methods: Method::ALL.map(Method::as_str),
        most: grouped(KEPT as u64),
        most_bytes: html::size(KEPT_BYTES as u64),
        most_body: html::size(KEPT_BODY as u64),
        tenant_url: &page.options.tenant_url,
    };
    page.page(StatusCode::OK, "requests.html", "requests", visit, view)
}

/// `GET /page/requests/{number}`: a page, or with `part` only what stands in it.
pub(in crate::target::page) fn request(page: &Inner, visit: &Visit) -> Answer {
    let gone = || Trouble::missing("This request isn't kept any more: only the newest are.");
    let entry = visit.last.parse().ok().and_then(|number| page.log.get(number)).ok_or_else(gone)?;
    let exchange = &page.masked(&entry.packed);
    let reason = exchange.status.and_then(|status| StatusCode::from_u16(status).ok()?.canonical_reason());
    let half = |headers: &[(String, String)], content: &Content, length| Half {
        headers: headers.iter().map(|(name, value)| (html::text(name), html::text(value))).collect(),
        body: body(content, length),
    };
    let (sent, answered) = entry.packed.lengths();
    let view = Exchange {
        number: entry.number,
        when: html::when(exchange.started, visit.now),
        method: html::text(&exchange.method),
        target: html::text(&exchange.target),
        origin: html::text(&exchange.origin),
        status: status(exchange),
        reason: reason.unwrap_or_default(),
        class: class(exchange),
        took: took(exchange.duration),
        remarks: remarks(exchange),
        request: half(&exchange.request_headers, &exchange.request_body, sent),
        answer: half(&exchange.response_headers, &exchange.response_body, answered),
    };
    if visit.form.get("part").is_some() {
        return Ok(page.render(StatusCode::OK, "exchange.html", view));
    }
    Ok(page.page(StatusCode::OK, "request.html", "requests", visit, view))
}

impl Listing {
    /// The newest rows that a filter lets through; with `after` in the query only newer ones than that, with
    /// `before` older ones.
    pub(super) fn newest(page: &Inner, visit: &Visit, filter: &Filter, limit: usize) -> Self {
        let after = visit.form.number("after").unwrap_or(0);
        let before = visit.form.number("before").unwrap_or(u64::MAX);
        let entries = page.log.between(after, before);
        let newest = entries.first().map_or(after, |entry| entry.number);
        let mut wanted = entries.iter().filter(|entry| filter.lets(page, entry));
        let shown: Vec<_> = wanted.by_ref().take(limit).collect();
        let older = wanted.next().is_some().then(|| shown.last()).flatten().map(|last| older(visit, last.number));
        let (kept, counts) = (page.log.len() as u64, page.log.counts());
        let seen = counts.all - counts.missed;
        Self {
            rows: shown.into_iter().map(|entry| Row::of(page, visit, entry)).collect(),
            newest,
            oldest: page.log.oldest(),
            limit,
            kept: grouped(kept),
            gone: (seen > kept).then(|| grouped(seen - kept)),
            missed: (counts.missed > 0).then(|| grouped(counts.missed)),
            older,
        }
    }
}

/// The address of the rows before one.
fn older(visit: &Visit, before: u64) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for name in ["method", "status", "q"] {
        if let Some(value) = visit.form.get(name) {
            query.append_pair(name, value);
        }
    }
    query.append_pair("before", &before.to_string());
    format!("/page/requests?{}", query.finish())
}

impl Row {
    fn of(page: &Inner, visit: &Visit, entry: &Entry) -> Self {
        let exchange = &page.masked_line(&entry.packed.unpack());
        let target = readable(page, &exchange.target);
        let shown = match target.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{}…", &target[..end]),
            None => target,
        };
        Self {
            number: entry.number,
            when: html::when(exchange.started, visit.now),
            method: html::text(&exchange.method),
            target: html::text(&shown),
            status: status(exchange),
            class: class(exchange),
            took: took(exchange.duration),
            remarks: remarks(exchange),
        }
    }
}

/// The target, without secrets, below the endpoint with its escapes decoded: for reading, not for repeating.
fn readable(page: &Inner, target: &str) -> String {
    let base = page.endpoint.base_path();
    let below = target.strip_prefix(&**base).filter(|rest| rest.starts_with(['/', '?'])).unwrap_or(target);
    let spaced = match below.split_once('?') {
        Some((path, query)) => format!("{path}?{}", query.replace('+', " ")),
        None => below.to_owned(),
    };
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

fn status(exchange: &HttpExchange) -> String {
    exchange.status.map_or_else(|| "none".to_owned(), |status| status.to_string())
}

fn class(exchange: &HttpExchange) -> u16 {
    exchange.status.map_or(0, |status| status / 100)
}

/// A duration in the unit that shows it best.
fn took(duration: Duration) -> String {
    let milliseconds = duration.as_secs_f64() * 1000.0;
    match milliseconds {
        ..10.0 => format!("{milliseconds:.2} ms"),
        ..1000.0 => format!("{milliseconds:.0} ms"),
        _ => format!("{:.1} s", milliseconds / 1000.0),
    }
}

fn remarks(exchange: &HttpExchange) -> Vec<Remark> {
    let remark = |text: &String| Remark { text: html::text(text), fault: Fault::parse(text).ok().as_ref().map(anchor) };
    exchange.remarks.iter().map(remark).collect()
}

impl Filter {
    fn read(visit: &Visit) -> Self {
        let form = &visit.form;
        Self {
            method: form.get("method").map(str::to_ascii_uppercase),
            status: form.get("status").and_then(Outcome::parse),
            text: form.get("q").map(Scim::fold),
        }
    }

    fn narrows(&self) -> bool {
        self.method.is_some() || self.status.is_some() || self.text.is_some()
    }

    fn lets(&self, page: &Inner, entry: &Entry) -> bool {
        let packed = &entry.packed;
        self.method.as_ref().is_none_or(|method| method == packed.method())
            && self.status.is_none_or(|outcome| outcome.is_of(packed.status))
            && self.text.as_ref().is_none_or(|text| {
                // to mask all that is kept takes long: only what has the text, or could have it once masked
                let exchange = packed.unpack();
                (may_be_masked(text) || has(page, &exchange, text)) && has(page, &page.masked(packed), text)
            })
    }
}

impl Outcome {
    /// Reads `404`, `4xx`, `none`.
    fn parse(text: &str) -> Option<Self> {
        if text == "none" {
            return Some(Self::NoAnswer);
        }
        match text.strip_suffix("xx") {
            Some(class) => class.parse().ok().map(Self::Class),
            None => text.parse().ok().map(Self::Status),
        }
    }

    fn is_of(self, status: Option<u16>) -> bool {
        match self {
            Self::Class(class) => status.is_some_and(|status| status / 100 == class),
            Self::Status(wanted) => status == Some(wanted),
            Self::NoAnswer => status.is_none(),
        }
    }
}

/// Whether a text may be found in what stands in place of a secret, wholly or at its ends.
fn may_be_masked(text: &str) -> bool {
    text.contains(['[', ']']) || Scim::fold(MASK).contains(text)
}

/// Whether an exchange has a text somewhere that is shown of it; its secrets aren't there any more to be looked for.
fn has(page: &Inner, exchange: &HttpExchange, text: &str) -> bool {
    let within = |shown: &str| Scim::fold(shown).contains(text);
    let body = |content: &Content| {
        if text.is_ascii() {
            contains_ignoring_case(&content.bytes, text.as_bytes())
        } else {
            within(&String::from_utf8_lossy(&content.bytes))
        }
    };
    within(&exchange.method)
        || within(&readable(page, &exchange.target))
        || within(&exchange.target)
        || within(&status(exchange))
        || exchange.remarks.iter().any(|remark| within(remark))
        || body(&exchange.request_body)
        || body(&exchange.response_body)
}

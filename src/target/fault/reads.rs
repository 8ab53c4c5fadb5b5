//! Endpoints that answer something else than what they keep.

use axum::http::StatusCode;

use super::call::{Act, Call};
use super::misbehaviour::{About, Misbehaviour};
use super::paging::Page;
use super::reply::Reply;
use crate::scim::{Method, Resource};
use crate::target::answer::Problem;

pub(super) struct StaleRead;

impl Misbehaviour for StaleRead {
    fn about(&self) -> About {
        About::new(
            "stale-read",
            "MicrosoftDocs/azure-docs#60316, fleetdm/fleet#50724: answers from a replica that lags behind",
            "Answers what is read and queried as it was before its last change.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        &[Method::Get]
    }

    fn looks_back(&self) -> bool {
        true
    }

    fn changes_lists(&self) -> bool {
        true
    }

    fn list(&self, call: &Call, page: &mut Page) {
        let (filter, schema) = (call.filter(), call.schema());
        let shows = |resource: &Resource| match (&filter, &schema) {
            (Some(filter), Some(schema)) => filter.matches(resource, schema),
            _ => true,
        };
        let mut older = call.all_older();
        let before = std::mem::take(&mut page.matches).into_iter().map(|resource| {
            let found = resource.id().and_then(|id| older.remove(&id));
            found.map_or(resource, |body| call.located(&body))
        });
        page.matches = before.filter(|resource| shows(resource)).collect();
        // Those that a filter finds no more, but did.
        page.matches.extend(older.values().map(|body| call.located(body)).filter(|old| filter.is_some() && shows(old)));
    }

    fn reply(&self, call: &Call, reply: &mut Reply) {
        if call.act != Act::Read || reply.status != StatusCode::OK {
            return;
        }
        if let Some(older) = call.older() {
            let shown = call.project(call.located(&older));
            reply.set_scim(shown.into_value().to_string());
        }
    }
}

pub(super) struct ForgetOnRead;

impl Misbehaviour for ForgetOnRead {
    fn about(&self) -> About {
        About::new(
            "forget-on-read",
            "accounts that were deleted in the target behind the service's back",
            "Answers 404 when a resource is read by its id, so that links seem to be broken.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        &[Method::Get]
    }

    fn answer(&self, call: &Call) -> Option<Reply> {
        Some(Reply::problem(Problem::missing(call.kind?, call.id.as_ref()?)))
    }
}

pub(super) struct Html;

impl Misbehaviour for Html {
    fn about(&self) -> About {
        About::new(
            "html",
            "proxies and sign-in pages that answer in an endpoint's place",
            "Answers 200 with an HTML page.",
        )
    }

    fn answer(&self, _call: &Call) -> Option<Reply> {
        let page = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Please sign in.</body></html>\n";
        Some(Reply::text(StatusCode::OK, "text/html; charset=utf-8", page))
    }
}

//! Endpoints whose lists are incomplete, miscounted, or never end.

use std::sync::Arc;

use axum::http::StatusCode;
use serde_json::{Map, Value};

use super::call::{Act, Call};
use super::family::Family;
use super::misbehaviour::{About, Misbehaviour};
use super::paging::Page;
use super::queries::QUERIES;
use super::reply::Reply;
use crate::scim::{Method, get, spelling};

const PREFIX: &str = "truncated-list-at-";

pub(super) static TRUNCATED: Family = Family {
    usual: "truncated-list-at-50",
    shape: "truncated-list-at-N",
    make: |name| {
        let number = name.strip_prefix(PREFIX)?;
        Some(match number.parse() {
            Ok(most) => Ok(Arc::new(Truncated(most))),
            Err(_) => Err(format!("`{number}` in `{name}` isn't a number of resources")),
        })
    },
};

struct Truncated(usize);

impl Misbehaviour for Truncated {
    fn about(&self) -> About {
        let most = self.0;
        About {
            name: format!("{PREFIX}{most}").into(),
            source: "awslabs/ssosync#65, better-auth/better-auth#10398",
            explanation: format!("Shows the first {most} of what a query finds, and counts no more than these.").into(),
        }
    }

    fn methods(&self) -> &'static [Method] {
        &[Method::Get]
    }

    fn changes_lists(&self) -> bool {
        true
    }

    fn list(&self, _call: &Call, page: &mut Page) {
        page.matches.truncate(self.0);
    }
}

pub(super) struct TotalOfPage;

impl Misbehaviour for TotalOfPage {
    fn about(&self) -> About {
        About::new(
            "total-results-of-page",
            "wso2/product-is#7320",
            "Counts only what is on the page in totalResults, so that a client takes the first page for the last.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        QUERIES
    }

    fn reply(&self, call: &Call, reply: &mut Reply) {
        change_list(call, reply, |list| {
            let shown = get(list, "Resources").and_then(Value::as_array).map_or(0, Vec::len);
            list.insert("totalResults".to_owned(), shown.into());
        });
    }
}

pub(super) struct TotalLies;

impl Misbehaviour for TotalLies {
    fn about(&self) -> About {
        About::new(
            "total-results-lies",
            "PennState/SCIMple-Identity#74; RFC 7644 section 3.4.2",
            "Counts nobody in totalResults, whoever is found and shown.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        QUERIES
    }

    fn reply(&self, call: &Call, reply: &mut Reply) {
        change_list(call, reply, |list| {
            list.insert("totalResults".to_owned(), 0.into());
        });
    }
}

pub(super) struct TotalAsText;

impl Misbehaviour for TotalAsText {
    fn about(&self) -> About {
        About::new(
            "total-results-as-text",
            "endpoints that write every value as a text; RFC 7644 section 3.4.2 has an integer",
            "Writes totalResults, itemsPerPage and startIndex as texts.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        QUERIES
    }

    fn reply(&self, call: &Call, reply: &mut Reply) {
        change_list(call, reply, |list| {
            for value in list.values_mut().filter(|value| value.is_number()) {
                *value = Value::String(value.to_string());
            }
        });
    }
}

pub(super) struct LowercaseResources;

impl Misbehaviour for LowercaseResources {
    fn about(&self) -> About {
        About::new("lowercase-resources", "ssoready/ssoready#232", "Calls Resources of a list `resources`.")
    }

    fn methods(&self) -> &'static [Method] {
        QUERIES
    }

    fn reply(&self, call: &Call, reply: &mut Reply) {
        change_list(call, reply, |list| {
            if let Some(resources) = list.shift_remove("Resources") {
                list.insert("resources".to_owned(), resources);
            }
        });
    }
}

pub(super) struct NullResources;

impl Misbehaviour for NullResources {
    fn about(&self) -> About {
        About::new(
            "null-resources",
            "pingidentity/scim2#233, elimity-com/scim#78",
            "Writes null for Resources where nothing is found.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        QUERIES
    }

    fn reply(&self, call: &Call, reply: &mut Reply) {
        change_list(call, reply, |list| {
            let Some(key) = spelling(list, "Resources") else { return };
            if list.get(&key).and_then(Value::as_array).is_some_and(Vec::is_empty) {
                list.insert(key, Value::Null);
            }
        });
    }
}

pub(super) struct RepeatLastPage;

impl Misbehaviour for RepeatLastPage {
    fn about(&self) -> About {
        About::new(
            "repeat-last-page",
            "scimmyjs/scimmy#102",
            "Shows the last page again for every page behind it, so that reading until a page is empty never ends.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        &[Method::Get]
    }

    fn changes_lists(&self) -> bool {
        true
    }

    fn list(&self, _call: &Call, page: &mut Page) {
        if page.start > page.matches.len() {
            page.start = (page.matches.len() + 1).saturating_sub(page.count).max(1);
        }
    }
}

pub(super) struct IgnorePaging;

impl Misbehaviour for IgnorePaging {
    fn about(&self) -> About {
        About::new(
            "ignore-paging",
            "wso2/product-is#4601; SCIMMY under Express 5",
            "Answers with the first page, whatever startIndex and count say.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        QUERIES
    }

    fn rewrite(&self, call: &mut Call) {
        if call.act == Act::List {
            call.drop_parameters(&["startIndex", "count"]);
        }
    }
}

/// Changes the document of an answered query.
fn change_list(call: &Call, reply: &mut Reply, change: impl FnOnce(&mut Map<String, Value>)) {
    if call.act == Act::List && reply.status == StatusCode::OK {
        reply.change_document(change);
    }
}

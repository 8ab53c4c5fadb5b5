//! Endpoints that take filters and parameters differently.

use axum::http::StatusCode;
use serde_json::Value;

use super::call::{Act, Call};
use super::misbehaviour::{About, Misbehaviour};
use super::paging::Page;
use super::reply::Reply;
use crate::scim::{Filter, ListResponse, Method, Resource, ScimType};
use crate::target::Kind;
use crate::target::answer::Problem;

/// What a query may be sent with.
pub(super) const QUERIES: &[Method] = &[Method::Get, Method::Post];

pub(super) struct EmptyList404;

impl Misbehaviour for EmptyList404 {
    fn about(&self) -> About {
        About::new(
            "empty-list-404",
            "jelhub/scimgateway#18",
            "Answers 404 to a query that finds nothing, where an empty list belongs.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        QUERIES
    }

    fn reply(&self, call: &Call, reply: &mut Reply) {
        let list = serde_json::from_slice::<Value>(&reply.body).ok().and_then(|body| ListResponse::parse(body).ok());
        let is_empty = list.is_some_and(|list| list.total_results == 0);
        if call.act == Act::List && reply.status == StatusCode::OK && is_empty {
            *reply = Reply::problem(Problem::new(StatusCode::NOT_FOUND, "nothing matches the filter"));
        }
    }
}

pub(super) struct HideInactive;

impl Misbehaviour for HideInactive {
    fn about(&self) -> About {
        About::new(
            "hide-inactive",
            "Microsoft Q&A 2238842, growthbook/growthbook#1680, better-auth/better-auth#11111",
            "Leaves inactive users out of what queries find, so that they seem to be missing and can't be created.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        &[Method::Get]
    }

    fn changes_lists(&self) -> bool {
        true
    }

    fn list(&self, call: &Call, page: &mut Page) {
        if call.kind == Some(Kind::User) {
            page.matches.retain(|user| !is_inactive(user));
        }
    }
}

/// Whether a user was disabled, however that is written.
pub(super) fn is_inactive(user: &Resource) -> bool {
    match user.get("active") {
        Some(Value::Bool(active)) => !active,
        Some(Value::String(text)) => text.eq_ignore_ascii_case("false"),
        _ => false,
    }
}

pub(super) struct CaseSensitiveUserName;

impl Misbehaviour for CaseSensitiveUserName {
    fn about(&self) -> About {
        About::new(
            "case-sensitive-username",
            "jelhub/scimgateway#89, SCIMMY: names are unique without regard to letter case, but not found so",
            "Compares userName with regard to letter case in filters; RFC 7643 section 4.1.1 says without.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        &[Method::Get]
    }

    fn changes_lists(&self) -> bool {
        true
    }

    fn list(&self, call: &Call, page: &mut Page) {
        let (Some(filter), Some(mut schema)) = (call.filter(), call.schema()) else { return };
        for attribute in &mut schema.attributes {
            attribute.case_exact |= attribute.name == "userName";
        }
        page.matches.retain(|resource| filter.matches(resource, &schema));
    }
}

pub(super) struct IgnoreFilter;

impl Misbehaviour for IgnoreFilter {
    fn about(&self) -> About {
        About::new(
            "ignore-filter-return-all",
            "eneo-ai/eneo#443, langwatch/langwatch#6973",
            "Answers a query with everybody, whatever its filter says.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        QUERIES
    }

    fn rewrite(&self, call: &mut Call) {
        if call.act == Act::List {
            call.drop_parameters(&["filter"]);
        }
    }
}

pub(super) struct RejectExternalIdFilter;

impl Misbehaviour for RejectExternalIdFilter {
    fn about(&self) -> About {
        About::new(
            "reject-externalid-filter",
            "OctopusDeploy/Issues#9841, better-auth/better-auth#10419, goauthentik/authentik#25837",
            "Answers 400 invalidFilter to a filter on externalId, which fails who is matched by it too.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        QUERIES
    }

    fn answer(&self, call: &Call) -> Option<Reply> {
        let filter = call.filter().filter(|_| call.act == Act::List)?;
        let is_named = filter.paths().iter().any(|path| path.attribute.eq_ignore_ascii_case("externalId"));
        is_named.then(|| refused("externalId can't be filtered on"))
    }
}

pub(super) struct RejectAndFilters;

impl Misbehaviour for RejectAndFilters {
    fn about(&self) -> About {
        About::new(
            "reject-and-filters",
            "Better Auth",
            "Answers 400 invalidFilter to a filter with `and`, as a query for a reference has.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        QUERIES
    }

    fn answer(&self, call: &Call) -> Option<Reply> {
        let filter = call.filter().filter(|_| call.act == Act::List)?;
        matches!(filter, Filter::And(_)).then(|| refused("a filter has the form attribute eq \"value\""))
    }
}

fn refused(detail: &str) -> Reply {
    Reply::problem(Problem::bad_request(ScimType::InvalidFilter, detail))
}

pub(super) struct NoPlusDecoding;

impl Misbehaviour for NoPlusDecoding {
    fn about(&self) -> About {
        About::new(
            "no-plus-decoding",
            "MicrosoftDocs/azure-docs#94189, MicrosoftDocs/azure-docs#21660",
            "Takes + in a query for itself, not for a blank, so that no filter of the service can be read.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        &[Method::Get]
    }

    fn rewrite(&self, call: &mut Call) {
        call.query = call.query.replace('+', "%2B");
    }
}

pub(super) struct IgnoreExcludedAttributes;

impl Misbehaviour for IgnoreExcludedAttributes {
    fn about(&self) -> About {
        About::new(
            "ignore-excluded-attributes",
            "simpleidserver/SimpleIdServer#490, Polis, django-scim2",
            "Answers with all attributes, whatever attributes and excludedAttributes say: groups with their members.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        QUERIES
    }

    fn rewrite(&self, call: &mut Call) {
        if matches!(call.act, Act::List | Act::Read) {
            call.drop_parameters(&["attributes", "excludedAttributes"]);
        }
    }
}

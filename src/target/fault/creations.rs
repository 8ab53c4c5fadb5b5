//! Endpoints that answer a creation differently, or name what they create in their own way.

use axum::http::StatusCode;
use axum::http::header::LOCATION;
use serde_json::{Number, Value};

use super::call::{Act, Call};
use super::misbehaviour::{About, Misbehaviour};
use super::operations::member;
use super::reply::Reply;
use crate::scim::{Method, Resource};
use crate::target::answer::Problem;

const CREATES: &[Method] = &[Method::Post];

pub(super) struct CreatedWithoutBody;

impl Misbehaviour for CreatedWithoutBody {
    fn about(&self) -> About {
        About::new(
            "201-without-body",
            "RFC 7644 section 3.3, which only recommends a body",
            "Answers 201 without a body: the new id stands in Location alone.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        CREATES
    }

    fn reply(&self, _call: &Call, reply: &mut Reply) {
        if reply.status == StatusCode::CREATED {
            reply.clear_body();
        }
    }
}

pub(super) struct CreatedWithoutId;

impl Misbehaviour for CreatedWithoutId {
    fn about(&self) -> About {
        About::new(
            "201-without-id",
            "MicrosoftDocs/azure-docs#69247: so did the documentation's example",
            "Answers 201 with neither an id nor a location: the new account has to be looked for.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        CREATES
    }

    fn reply(&self, _call: &Call, reply: &mut Reply) {
        if reply.status == StatusCode::CREATED {
            reply.headers.remove(LOCATION);
            reply.change_resources(|members| {
                members.shift_remove("id");
                if let Some(Value::Object(meta)) = members.get_mut("meta") {
                    meta.shift_remove("location");
                }
            });
        }
    }
}

pub(super) struct OkOnCreate;

impl Misbehaviour for OkOnCreate {
    fn about(&self) -> About {
        About::new(
            "200-on-create",
            "frameworks' usual answer to a POST; RFC 7644 section 3.3 asks for 201",
            "Answers 200 to a POST that created something.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        CREATES
    }

    fn reply(&self, _call: &Call, reply: &mut Reply) {
        if reply.status == StatusCode::CREATED {
            reply.status = StatusCode::OK;
        }
    }
}

pub(super) struct IntegerIds;

impl Misbehaviour for IntegerIds {
    fn about(&self) -> About {
        About::new(
            "integer-ids",
            "goauthentik/authentik#15533",
            "Gives new resources numbers for ids, and writes them as numbers: \"id\": 42.",
        )
    }

    fn new_id(&self, id: &str) -> Option<String> {
        // from the id, which follows from the endpoint's seed
        let digits = u64::from_str_radix(id.get(..8)?, 16).ok()?;
        Some((digits % 1_000_000_000).to_string())
    }

    fn reply(&self, call: &Call, reply: &mut Reply) {
        if call.kind.is_none() {
            return;
        }
        reply.change_resources(|members| {
            if let Some(Value::String(id)) = members.get("id")
                && let Ok(number) = id.parse::<u64>()
            {
                members.insert("id".to_owned(), Value::Number(Number::from(number)));
            }
        });
    }
}

pub(super) struct OddIds;

impl Misbehaviour for OddIds {
    fn about(&self) -> About {
        About::new(
            "odd-ids",
            "wso2/product-is#15317; RFC 7643 section 3.1 lets an id be any text",
            "Gives new resources ids with a slash, a blank, @, + and a letter outside of ASCII.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        CREATES
    }

    fn new_id(&self, id: &str) -> Option<String> {
        Some(format!("ü/{} {}+1@scim", id.get(..8)?, id.get(9..13)?))
    }
}

pub(super) struct ExternalIdTaken;

impl Misbehaviour for ExternalIdTaken {
    fn about(&self) -> About {
        About::new(
            "409-on-create-existing-externalid",
            "gitlab-org/gitlab#34880, gitlab-org/gitlab#263846",
            "Answers 409 to a POST with the externalId of another resource, which no query by name finds.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        CREATES
    }

    fn answer(&self, call: &Call) -> Option<Reply> {
        let sent = member(&call.body, "externalId").filter(|id| id.is_string())?;
        let has_it = |resource: &Resource| resource.get("externalId") == Some(sent);
        (call.act == Act::Create && call.any(has_it))
            .then(|| Reply::problem(Problem::conflict("another resource has this externalId")))
    }
}

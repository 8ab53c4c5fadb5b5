//! Endpoints that answer late, wrongly, or something else than was asked for.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use serde_json::Value;
use url::form_urlencoded;

use super::misbehaviour::{About, Call, Misbehaviour};
use crate::scim::{ListResponse, Method};
use crate::target::answer::Problem;

pub(super) struct EmptyList404;

impl Misbehaviour for EmptyList404 {
    fn about(&self) -> About {
        About {
            name: "empty-list-404",
            source: "jelhub/scimgateway#18",
            explanation: "Answers 404 to a query that finds nothing, where an empty list belongs.",
        }
    }

    fn methods(&self) -> &'static [Method] {
        &[Method::Get]
    }

    fn reply(&self, call: &Call, status: StatusCode, body: &[u8]) -> Option<Response<Body>> {
        if call.kind.is_none() || call.id.is_some() || status != StatusCode::OK {
            return None;
        }
        let list = ListResponse::parse(serde_json::from_slice::<Value>(body).ok()?).ok()?;
        (list.total_results == 0)
            .then(|| Problem::new(StatusCode::NOT_FOUND, "nothing matches the filter").into_response())
    }
}

pub(super) struct IgnoreFilter;

impl Misbehaviour for IgnoreFilter {
    fn about(&self) -> About {
        About {
            name: "ignore-filter",
            source: "eneo-ai/eneo#443",
            explanation: "Answers a query with everybody, whatever its filter says.",
        }
    }

    fn methods(&self) -> &'static [Method] {
        &[Method::Get]
    }

    fn rewrite(&self, call: &mut Call) {
        let kept = form_urlencoded::parse(call.query.as_bytes()).filter(|(name, _)| name != "filter");
        call.query = form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish();
    }
}

pub(super) struct Slow;

impl Misbehaviour for Slow {
    fn about(&self) -> About {
        About {
            name: "slow",
            source: "endpoints with another directory behind them",
            explanation: "Waits 600 ms before each answer.",
        }
    }

    fn delay(&self) -> Duration {
        Duration::from_millis(600)
    }
}

pub(super) struct Html;

impl Misbehaviour for Html {
    fn about(&self) -> About {
        About {
            name: "html",
            source: "kortix-ai/suna#7297; proxies and sign-in pages that answer in an endpoint's place",
            explanation: "Answers 200 with an HTML page.",
        }
    }

    fn answer(&self, _call: &Call) -> Option<Response<Body>> {
        let page = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Please sign in.</body></html>\n";
        let mut response = Response::new(Body::from(page));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        Some(response)
    }
}

pub(super) struct ForgetOnRead;

impl Misbehaviour for ForgetOnRead {
    fn about(&self) -> About {
        About {
            name: "forget-on-read",
            source: "accounts that were deleted in the target behind the service's back",
            explanation: "Answers 404 when a resource is read by its id, so that links seem to be broken.",
        }
    }

    fn methods(&self) -> &'static [Method] {
        &[Method::Get]
    }

    fn answer(&self, call: &Call) -> Option<Response<Body>> {
        Some(Problem::missing(call.kind?, call.id.as_ref()?).into_response())
    }
}

//! Endpoints that are particular about headers, send other ones, or redirect.

use axum::http::header::{CONTENT_TYPE, LOCATION, USER_AGENT};
use axum::http::{HeaderValue, StatusCode};

use super::call::{Act, Call};
use super::misbehaviour::{About, Misbehaviour};
use super::operations::member_mut;
use super::reply::Reply;
use crate::scim::Method;
use crate::target::answer::Problem;

pub(super) struct NotAcceptable;

impl Misbehaviour for NotAcceptable {
    fn about(&self) -> About {
        About::new(
            "406-without-content-type",
            "MicrosoftDocs/azure-docs#94189, an endpoint in Rails",
            "Answers 406 to a GET without a Content-Type, which the service never sends.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        &[Method::Get]
    }

    fn answer(&self, call: &Call) -> Option<Reply> {
        let problem = || Problem::new(StatusCode::NOT_ACCEPTABLE, "the request says no Content-Type");
        (!call.headers.contains_key(CONTENT_TYPE)).then(|| Reply::problem(problem()))
    }
}

pub(super) struct ForbiddenWithoutUserAgent;

impl Misbehaviour for ForbiddenWithoutUserAgent {
    fn about(&self) -> About {
        About::new(
            "403-without-user-agent",
            "kortix-ai/suna#7297: a firewall before the endpoint",
            "Answers 403 with an HTML page where there is no User-Agent, which the service doesn't send.",
        )
    }

    fn answer(&self, call: &Call) -> Option<Reply> {
        let page = "<!DOCTYPE html>\n<html><head><title>403 Forbidden</title></head>\n\
                    <body><h1>Request blocked</h1></body></html>\n";
        let is_named = call.headers.contains_key(USER_AGENT);
        (!is_named).then(|| Reply::text(StatusCode::FORBIDDEN, "text/html; charset=utf-8", page))
    }
}

pub(super) struct CharsetRefused;

impl Misbehaviour for CharsetRefused {
    fn about(&self) -> About {
        About::new(
            "415-on-charset",
            "MicrosoftDocs/azure-docs#12728",
            "Answers 415 where the Content-Type has a charset, as the service's has.",
        )
    }

    fn answer(&self, call: &Call) -> Option<Reply> {
        let content_type = call.header("content-type");
        let has_charset = content_type.to_ascii_lowercase().contains("charset");
        let problem = |detail| Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail);
        has_charset.then(|| Reply::problem(problem(format!("`{content_type}` isn't application/scim+json"))))
    }
}

pub(super) struct JsonContentType;

impl Misbehaviour for JsonContentType {
    fn about(&self) -> About {
        About::new(
            "application/json-content-type",
            "Polis, once SAML Jackson; RFC 7644 section 3.1 asks for application/scim+json",
            "Answers with Content-Type: application/json.",
        )
    }

    fn reply(&self, _call: &Call, reply: &mut Reply) {
        if reply.headers.contains_key(CONTENT_TYPE) {
            reply.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
    }
}

pub(super) struct HtmlContentType;

impl Misbehaviour for HtmlContentType {
    fn about(&self) -> About {
        About::new(
            "text/html-content-type",
            "scripts that write JSON and keep their server's default; RFC 7644 section 3.1",
            "Answers JSON with Content-Type: text/html.",
        )
    }

    fn reply(&self, _call: &Call, reply: &mut Reply) {
        if reply.headers.contains_key(CONTENT_TYPE) {
            reply.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        }
    }
}

pub(super) struct RelativeLocation;

impl Misbehaviour for RelativeLocation {
    fn about(&self) -> About {
        About::new(
            "relative-location",
            "SCIMMY; elimity-com/scim#172",
            "Leaves Location out of the answer to a POST, and gives meta.location as a path.",
        )
    }

    fn reply(&self, call: &Call, reply: &mut Reply) {
        if call.kind.is_none() || !reply.status.is_success() {
            return;
        }
        reply.headers.remove(LOCATION);
        reply.change_resources(|members| {
            let Some(meta) = members.get_mut("meta") else { return };
            let Some(serde_json::Value::String(location)) = member_mut(meta, "location") else { return };
            if let Some((_, rest)) = location.split_once("://") {
                *location = rest.find('/').map_or_else(String::new, |at| rest[at..].to_owned());
            }
        });
    }
}

pub(super) struct RedirectToSlash;

impl Misbehaviour for RedirectToSlash {
    fn about(&self) -> About {
        About::new(
            "redirect-to-slash",
            "Django's APPEND_SLASH, agconti/cookiecutter-django-rest#149",
            "Redirects /Users to /Users/ with 301, and /Groups likewise: a POST is lost by it.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        &[Method::Get, Method::Post]
    }

    fn answer(&self, call: &Call) -> Option<Reply> {
        if !matches!(call.act, Act::List | Act::Create) || call.path.contains("/.") || call.path.ends_with('/') {
            return None;
        }
        let base = call.base_path();
        let query = if call.query.is_empty() { String::new() } else { format!("?{}", call.query) };
        redirect(StatusCode::MOVED_PERMANENTLY, &format!("{base}{}/{query}", call.path))
    }
}

pub(super) struct RedirectToLogin;

impl Misbehaviour for RedirectToLogin {
    fn about(&self) -> About {
        About::new(
            "redirect-to-login",
            "proxies that want everybody to sign in first; RFC 9110 section 15.4",
            "Redirects everything to a sign-in page of another host with 302.",
        )
    }

    fn answer(&self, _call: &Call) -> Option<Reply> {
        redirect(StatusCode::FOUND, "https://login.invalid/?next=scim")
    }
}

fn redirect(status: StatusCode, location: &str) -> Option<Reply> {
    let mut reply = Reply::empty(status);
    reply.headers.insert(LOCATION, HeaderValue::try_from(location).ok()?);
    Some(reply)
}

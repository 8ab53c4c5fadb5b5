//! Endpoints whose errors aren't SCIM's.

use axum::http::StatusCode;
use serde_json::Value;

use super::call::Call;
use super::misbehaviour::{About, Misbehaviour};
use super::reply::Reply;

pub(super) struct HtmlErrors;

impl Misbehaviour for HtmlErrors {
    fn about(&self) -> About {
        About::new("html-errors", "django-scim2; gateways and web frameworks", "Answers errors as HTML pages.")
    }

    fn reply(&self, _call: &Call, reply: &mut Reply) {
        if is_error(reply) {
            let reason = reply.status.canonical_reason().unwrap_or("Error");
            let page =
                format!("<!doctype html>\n<html lang=\"en\">\n<head>\n  <title>{reason}</title>\n</head>\n<body>\n");
            let page = format!("{page}  <h1>{reason}</h1>\n</body>\n</html>\n");
            replace(reply, "text/html; charset=utf-8", page);
        }
    }
}

pub(super) struct TextErrors;

impl Misbehaviour for TextErrors {
    fn about(&self) -> About {
        About::new(
            "text-errors",
            "goauthentik/authentik#23955; Polis, once SAML Jackson",
            "Answers errors as plain text, with a trace of many lines.",
        )
    }

    fn reply(&self, _call: &Call, reply: &mut Reply) {
        if is_error(reply) {
            let reason = reply.status.canonical_reason().unwrap_or("Error");
            let frame = "    at scim.handlers.Users.handle (/srv/app/handlers/users.js:118:23)\n";
            replace(reply, "text/plain", format!("{reason}\n{}", frame.repeat(200)));
        }
    }
}

pub(super) struct EmptyErrors;

impl Misbehaviour for EmptyErrors {
    fn about(&self) -> About {
        About::new("empty-errors", "django-scim2, whose 401 has no body", "Answers errors without a body.")
    }

    fn reply(&self, _call: &Call, reply: &mut Reply) {
        if is_error(reply) {
            reply.clear_body();
        }
    }
}

pub(super) struct NumericStatus;

impl Misbehaviour for NumericStatus {
    fn about(&self) -> About {
        About::new(
            "numeric-status-in-errors",
            "Captain-P-Goldfish/SCIM-SDK#834, pingidentity/scim2#87; RFC 7644 section 3.12 has a text",
            "Writes the status of errors as a number, and leaves scimType out.",
        )
    }

    fn reply(&self, _call: &Call, reply: &mut Reply) {
        if is_error(reply) {
            let status = reply.status.as_u16();
            reply.change_document(|members| {
                members.shift_remove("scimType");
                members.insert("status".to_owned(), Value::from(status));
            });
        }
    }
}

pub(super) struct ErrorsWithSuccess;

impl Misbehaviour for ErrorsWithSuccess {
    fn about(&self) -> About {
        About::new(
            "200-on-errors",
            "interfaces that tell failures in their bodies alone; RFC 7644 section 3.12",
            "Answers errors with 200, and the error as the body.",
        )
    }

    fn reply(&self, _call: &Call, reply: &mut Reply) {
        if is_error(reply) {
            reply.status = StatusCode::OK;
        }
    }
}

fn is_error(reply: &Reply) -> bool {
    reply.status.is_client_error() || reply.status.is_server_error()
}

/// Answers something that isn't SCIM with the same status, and whatever else the headers say.
fn replace(reply: &mut Reply, content_type: &'static str, text: String) {
    let page = Reply::text(reply.status, content_type, text);
    reply.headers.extend(page.headers);
    reply.set_body(page.body);
}

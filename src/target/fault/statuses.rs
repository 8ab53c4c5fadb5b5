//! Endpoints that refuse.

use std::sync::Arc;
use std::time::Duration;

use axum::http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use jiff::fmt::rfc2822::DateTimePrinter;

use super::call::{Act, Call};
use super::family::{Family, Made, timed};
use super::misbehaviour::{About, Misbehaviour};
use super::reply::Reply;
use crate::scim::{Method, ScimType};
use crate::target::answer::Problem;

/// How long is usually asked to wait.
const WAIT: Duration = Duration::from_secs(30);

pub(super) static STATUS: Family = Family {
    usual: "503",
    shape: "STATUS",
    make: |name| {
        let status = name.parse().ok().and_then(|status| StatusCode::from_u16(status).ok())?;
        Some(match status.as_u16() {
            400..=599 => Ok(Arc::new(Status(status))),
            _ => Err(format!("the status `{name}` is no error: one is from 400 to 599")),
        })
    },
};

struct Status(StatusCode);

impl Misbehaviour for Status {
    fn about(&self) -> About {
        let status = self.0.as_str();
        let explanation = format!("Answers {status} with a SCIM error; any status from 400 to 599 is such a fault.");
        let source = "outages, bugs, limits and rights; RFC 9110 section 15";
        About { name: status.to_owned().into(), source, explanation: explanation.into() }
    }

    fn answer(&self, _call: &Call) -> Option<Reply> {
        let detail = match self.0 {
            StatusCode::FORBIDDEN => "the token may not do this",
            StatusCode::INTERNAL_SERVER_ERROR => "something went wrong",
            StatusCode::SERVICE_UNAVAILABLE => "the service is unavailable",
            status => status.canonical_reason().unwrap_or("an error without a name"),
        };
        Some(Reply::problem(Problem::new(self.0, detail)))
    }
}

pub(super) struct TokenExpired;

impl Misbehaviour for TokenExpired {
    fn about(&self) -> About {
        About::new(
            "token-expired",
            "long-lived tokens that run out between two cycles; RFC 6750 section 3.1",
            "Answers 401 to everything, as if the token had expired.",
        )
    }

    fn answer(&self, _call: &Call) -> Option<Reply> {
        Some(expired())
    }
}

pub(super) struct TokenExpiresMidRun;

impl Misbehaviour for TokenExpiresMidRun {
    fn about(&self) -> About {
        About::new(
            "token-expires-mid-run",
            "Microsoft Q&A 1123095, Microsoft Q&A 4969398; RFC 6750 section 3.1",
            "Answers 10 requests, or as many as `after` says, and 401 from then on.",
        )
    }

    fn spares(&self) -> u64 {
        10
    }

    fn answer(&self, _call: &Call) -> Option<Reply> {
        Some(expired())
    }
}

fn expired() -> Reply {
    let mut reply = Reply::problem(Problem::new(StatusCode::UNAUTHORIZED, "the bearer token has expired"));
    let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
    reply.headers.insert(WWW_AUTHENTICATE, challenge);
    reply
}

/// Makes the fault of a name that may end with a time: `429-with-retry-after`, `429-with-retry-after-2s`.
fn waiting<M: Misbehaviour + 'static>(name: &str, usual: &str, make: fn(String, Duration) -> M) -> Option<Made> {
    match name.strip_prefix(usual)? {
        "" => Some(Ok(Arc::new(make(name.to_owned(), WAIT)))),
        rest => timed(rest, "-", |wait, _| make(name.to_owned(), wait)),
    }
}

pub(super) static TOO_MANY_REQUESTS: Family = Family {
    usual: "429-with-retry-after",
    shape: "429-with-retry-after-TIME",
    make: |name| waiting(name, "429-with-retry-after", |name, wait| TooManyRequests { name, wait }),
};

struct TooManyRequests {
    name: String,
    wait: Duration,
}

impl Misbehaviour for TooManyRequests {
    fn about(&self) -> About {
        let seconds = self.wait.as_secs();
        let explanation =
            format!("Answers 429 with Retry-After: {seconds}; another time stands at the end: …-after-2s.");
        About {
            name: self.name.clone().into(),
            source: "Microsoft Q&A 2284725, Microsoft Q&A 1922038; RFC 6585 section 4",
            explanation: explanation.into(),
        }
    }

    fn answer(&self, _call: &Call) -> Option<Reply> {
        let mut reply = too_many_requests();
        reply.headers.insert(RETRY_AFTER, self.wait.as_secs().into());
        Some(reply)
    }
}

pub(super) struct WithoutRetryAfter;

impl Misbehaviour for WithoutRetryAfter {
    fn about(&self) -> About {
        About::new(
            "429-without-retry-after",
            "endpoints that limit the rate of requests; RFC 6585 section 4",
            "Answers 429, without saying for how long.",
        )
    }

    fn answer(&self, _call: &Call) -> Option<Reply> {
        Some(too_many_requests())
    }
}

fn too_many_requests() -> Reply {
    Reply::problem(Problem::new(StatusCode::TOO_MANY_REQUESTS, "too many requests"))
}

pub(super) static RETRY_DATE: Family = Family {
    usual: "503-with-retry-date",
    shape: "503-with-retry-date-TIME",
    make: |name| waiting(name, "503-with-retry-date", |name, wait| RetryDate { name, wait }),
};

struct RetryDate {
    name: String,
    wait: Duration,
}

impl Misbehaviour for RetryDate {
    fn about(&self) -> About {
        let seconds = self.wait.as_secs();
        let explanation =
            format!("Answers 503 with Retry-After as the HTTP date in {seconds} s, or in another time: …-date-2s.");
        About {
            name: self.name.clone().into(),
            source: "maintenance with an end; RFC 9110 section 10.2.3",
            explanation: explanation.into(),
        }
    }

    fn answer(&self, call: &Call) -> Option<Reply> {
        let end = call.now.checked_add(self.wait).ok()?;
        let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&end).ok()?;
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the service is being maintained");
        let mut reply = Reply::problem(problem);
        reply.headers.insert(RETRY_AFTER, HeaderValue::try_from(date).ok()?);
        Some(reply)
    }
}

pub(super) struct ListUnavailable;

impl Misbehaviour for ListUnavailable {
    fn about(&self) -> About {
        About::new(
            "503-on-list",
            "endpoints whose search through everybody takes too long; RFC 9110 section 15.6.4",
            "Answers 503 to every query of users or groups; reading by id and writing go on.",
        )
    }

    fn answer(&self, call: &Call) -> Option<Reply> {
        let problem = || Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the search took too long");
        (call.act == Act::List).then(|| Reply::problem(problem()))
    }
}

pub(super) struct RefuseCreate;

impl Misbehaviour for RefuseCreate {
    fn about(&self) -> About {
        About::new(
            "refuse-create",
            "endpoints that ask for more than the mapping sends; RFC 7644 section 3.3",
            "Answers 400 with a SCIM error to a POST, and creates nothing.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        &[Method::Post]
    }

    fn answer(&self, call: &Call) -> Option<Reply> {
        let detail = "a required attribute is missing, the resource isn't created";
        (call.act == Act::Create).then(|| Reply::problem(Problem::bad_request(ScimType::InvalidValue, detail)))
    }
}

pub(super) struct ConflictOnCreate;

impl Misbehaviour for ConflictOnCreate {
    fn about(&self) -> About {
        About::new(
            "conflict-on-create",
            "gitlab-org/gitlab#34880: the account exists where no query finds it",
            "Answers 409 to a POST although nothing is found.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        &[Method::Post]
    }

    fn answer(&self, call: &Call) -> Option<Reply> {
        let problem = || Problem::conflict("another resource has one of these values");
        (call.act == Act::Create).then(|| Reply::problem(problem()))
    }
}

pub(super) struct DeleteUnsupported;

impl Misbehaviour for DeleteUnsupported {
    fn about(&self) -> About {
        About::new(
            "delete-unsupported",
            "endpoints without deletion, of groups above all: every cycle logs the error again",
            "Answers 405 to DELETE.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        &[Method::Delete]
    }

    fn answer(&self, _call: &Call) -> Option<Reply> {
        let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "nothing can be deleted here");
        let mut reply = Reply::problem(problem);
        reply.headers.insert(ALLOW, HeaderValue::from_static("GET, PUT, PATCH"));
        Some(reply)
    }
}

pub(super) struct NoDiscovery;

impl Misbehaviour for NoDiscovery {
    fn about(&self) -> About {
        About::new(
            "no-discovery",
            "Polis, once SAML Jackson",
            "Answers 404 where the endpoint would describe itself: ServiceProviderConfig, ResourceTypes, Schemas.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        &[Method::Get]
    }

    fn answer(&self, call: &Call) -> Option<Reply> {
        let described = ["/ServiceProviderConfig", "/ResourceTypes", "/Schemas"];
        let is_asked = described.iter().any(|path| call.path.starts_with(path));
        is_asked.then(|| Reply::problem(Problem::new(StatusCode::NOT_FOUND, "there is nothing here")))
    }
}

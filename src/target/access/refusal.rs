//! Why a request isn't let in, and how that is answered (RFC 6750 section 3).

use std::time::Duration;

use axum::body::Body;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;

use super::Rate;
use crate::base::Timestamp;
use crate::target::answer::Problem;

/// Why a request isn't let in. Nothing of what was sent is in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::target) enum Refusal {
    /// No header `Authorization`.
    Missing,
    /// More than one.
    Twice,
    /// Name and password, or a client's id and secret.
    Basic,
    /// Another scheme, or the bare token.
    OtherScheme,
    /// Nothing after `Bearer`.
    Empty,
    /// `Bearer Bearer …`
    Doubled,
    /// A token in quotation marks.
    Quoted,
    /// A token that isn't known.
    Unknown,
    /// A token that was issued and has run out.
    Expired(Timestamp),
    /// A token that may not write.
    ReadOnly,
    /// A token that comes too often.
    TooOften {
        /// What is allowed.
        rate: Rate,
        /// How long to wait.
        wait: Duration,
    },
}

impl Refusal {
    /// Whether it is of somebody who isn't known at all.
    pub(in crate::target) fn is_of_strangers(self) -> bool {
        self.status() == StatusCode::UNAUTHORIZED
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::Twice => StatusCode::BAD_REQUEST,
            Self::ReadOnly => StatusCode::FORBIDDEN,
            Self::TooOften { .. } => StatusCode::TOO_MANY_REQUESTS,
            _ => StatusCode::UNAUTHORIZED,
        }
    }

    /// The code of RFC 6750 section 3.1; none where no token was sent.
    const fn code(self) -> Option<&'static str> {
        match self {
            Self::Twice => Some("invalid_request"),
            Self::Doubled | Self::Quoted | Self::Unknown | Self::Expired(_) => Some("invalid_token"),
            Self::ReadOnly => Some("insufficient_scope"),
            Self::Missing | Self::Basic | Self::OtherScheme | Self::Empty | Self::TooOften { .. } => None,
        }
    }

    fn detail(self) -> String {
        match self {
            Self::Missing => "the request needs a header `Authorization: Bearer <token>`".into(),
            Self::Twice => "the request has more than one header `Authorization`".into(),
            Self::Basic => {
                "the request carries Basic credentials, but a token is needed: `Authorization: Bearer <token>`; \
                            a client's id and secret belong to the token endpoint"
                    .into()
            }
            Self::OtherScheme => {
                "the header `Authorization` doesn't begin with `Bearer `: `Authorization: Bearer <token>`".into()
            }
            Self::Empty => "no token follows `Bearer` in the header `Authorization`".into(),
            Self::Doubled => "the token begins with `Bearer ` itself, so the word was sent twice; \
                              store the token without it"
                .into(),
            Self::Quoted => "the token stands in quotation marks, which were sent too; store it without them".into(),
            Self::Unknown => "the token isn't known here".into(),
            Self::Expired(at) => format!("the token expired at {at}; fetch another one"),
            Self::ReadOnly => "the token may only read".into(),
            Self::TooOften { rate: Rate { per_second, .. }, wait } => {
                let seconds = seconds(wait);
                let noun = if seconds == 1 { "second" } else { "seconds" };
                format!("more than {per_second} requests a second; try again in {seconds} {noun}")
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response<Body> {
        let detail = self.detail();
        let mut response = Problem::new(self.status(), detail.clone()).into_response();
        if let Self::TooOften { wait, .. } = self {
            response.headers_mut().insert(RETRY_AFTER, seconds(wait).into());
            return response;
        }
        let mut challenge = r#"Bearer realm="SCIM""#.to_owned();
        if let Some(code) = self.code() {
            // Backticks are among what a description may hold, quotation marks aren't.
            challenge.extend([r#", error=""#, code, r#"", error_description=""#, &detail, r#"""#]);
        }
        let challenge = HeaderValue::try_from(challenge).expect("these sentences are ASCII");
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        response
    }
}

/// Whole seconds, rounded up, as `Retry-After` has them.
fn seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

//! Endpoints that refuse.

use axum::body::Body;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;

use super::misbehaviour::{About, Call, Misbehaviour};
use crate::scim::{Method, ScimType};
use crate::target::answer::Problem;

/// Gives the same answer to every request of some methods.
pub(super) struct Refusal {
    about: About,
    methods: &'static [Method],
    answer: fn() -> Response<Body>,
}

impl Misbehaviour for Refusal {
    fn about(&self) -> About {
        self.about
    }

    fn methods(&self) -> &'static [Method] {
        self.methods
    }

    fn answer(&self, _call: &Call) -> Option<Response<Body>> {
        Some((self.answer)())
    }
}

pub(super) static TOKEN_EXPIRED: Refusal = Refusal {
    about: About {
        name: "token-expired",
        source: "long-lived tokens that run out between two cycles; RFC 6750 section 3.1",
        explanation: "Answers 401 to everything, as if the token had expired.",
    },
    methods: &Method::ALL,
    answer: || Problem::new(StatusCode::UNAUTHORIZED, "the bearer token has expired").into_response(),
};

pub(super) static FORBIDDEN: Refusal = Refusal {
    about: About {
        name: "forbidden",
        source: "tokens without the right to provision; RFC 7644 section 3.12",
        explanation: "Answers 403: the token is known, but may not do this.",
    },
    methods: &Method::ALL,
    answer: || Problem::new(StatusCode::FORBIDDEN, "the token may not do this").into_response(),
};

pub(super) static UNAVAILABLE: Refusal = Refusal {
    about: About {
        name: "unavailable",
        source: "maintenance and overload; RFC 9110 section 15.6.4",
        explanation: "Answers 503, without saying until when.",
    },
    methods: &Method::ALL,
    answer: || Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the service is unavailable").into_response(),
};

pub(super) static ERROR: Refusal = Refusal {
    about: About {
        name: "error",
        source: "endpoints that fail on what they didn't expect; RFC 9110 section 15.6.1",
        explanation: "Answers 500.",
    },
    methods: &Method::ALL,
    answer: internal_error,
};

pub(super) static TOO_MANY_REQUESTS: Refusal = Refusal {
    about: About {
        name: "too-many-requests",
        source: "endpoints that limit the rate of requests; RFC 6585 section 4",
        explanation: "Answers 429 with Retry-After: 30.",
    },
    methods: &Method::ALL,
    answer: || {
        let mut response = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too many requests").into_response();
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("30"));
        response
    },
};

pub(super) static REFUSE_CREATE: Refusal = Refusal {
    about: About {
        name: "refuse-create",
        source: "endpoints that ask for more than the mapping sends; RFC 7644 section 3.3",
        explanation: "Answers 400 with a SCIM error to a POST, and creates nothing.",
    },
    methods: &[Method::Post],
    answer: || {
        let detail = "a required attribute is missing, the resource isn't created";
        Problem::bad_request(ScimType::InvalidValue, detail).into_response()
    },
};

pub(super) static REFUSE_PATCH: Refusal = Refusal {
    about: About {
        name: "refuse-patch",
        source: "endpoints that fail on operations they don't know; RFC 7644 section 3.5.2",
        explanation: "Answers 500 to a PATCH, and changes nothing.",
    },
    methods: &[Method::Patch],
    answer: internal_error,
};

pub(super) static CONFLICT_ON_CREATE: Refusal = Refusal {
    about: About {
        name: "conflict-on-create",
        source: "gitlab-org/gitlab#34880: the account exists where no query finds it",
        explanation: "Answers 409 to a POST although nothing is found.",
    },
    methods: &[Method::Post],
    answer: || Problem::conflict("another resource has one of these values").into_response(),
};

fn internal_error() -> Response<Body> {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "something went wrong").into_response()
}

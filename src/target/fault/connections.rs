//! Endpoints that are slow, or close the connection.

use std::time::Duration;

use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, StatusCode};

use super::call::Call;
use super::family::{Family, timed};
use super::misbehaviour::{About, Misbehaviour};
use super::reply::{Ending, Reply};
use crate::scim::Method;
use crate::target::answer::Problem;

pub(super) const WRITES: &[Method] = &[Method::Post, Method::Put, Method::Patch, Method::Delete];

pub(super) static SLOW: Family = Family {
    usual: "slow-600ms",
    shape: "slow-TIME",
    make: |name| timed(name, "slow-", |time, written| Slow { time, written }),
};

struct Slow {
    time: Duration,
    written: String,
}

impl Misbehaviour for Slow {
    fn about(&self) -> About {
        let written = &self.written;
        About {
            name: format!("slow-{written}").into(),
            source: "endpoints with another directory behind them",
            explanation: format!("Waits {written} before each answer; any other time may be named: slow-2s.").into(),
        }
    }

    fn delay(&self) -> Duration {
        self.time
    }
}

pub(super) static TRICKLED_BODY: Family = Family {
    usual: "trickled-body-2s",
    shape: "trickled-body-TIME",
    make: |name| timed(name, "trickled-body-", |time, written| TrickledBody { time, written }),
};

struct TrickledBody {
    time: Duration,
    written: String,
}

impl Misbehaviour for TrickledBody {
    fn about(&self) -> About {
        let written = &self.written;
        About {
            name: format!("trickled-body-{written}").into(),
            source: "overloaded endpoints and proxies; a time-out has to hold for the whole answer",
            explanation: format!("Sends each body in ten pieces over {written}, without saying how long it is.").into(),
        }
    }

    fn reply(&self, _call: &Call, reply: &mut Reply) {
        if !reply.body.is_empty() {
            reply.ending = Ending::Trickled(self.time);
        }
    }
}

pub(super) struct DropConnection;

impl Misbehaviour for DropConnection {
    fn about(&self) -> About {
        About::new(
            "drop-connection",
            "crashes, restarts and load balancers' limits",
            "Closes the connection without an answer, and does nothing.",
        )
    }

    fn answer(&self, _call: &Call) -> Option<Reply> {
        Some(Reply::never())
    }
}

pub(super) struct DropAfterWrite;

impl Misbehaviour for DropAfterWrite {
    fn about(&self) -> About {
        About::new(
            "drop-after-write",
            "gateways that give up while the endpoint goes on; a client that sends again may create twice",
            "Does what a write asks for, and closes the connection without an answer.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        WRITES
    }

    fn reply(&self, call: &Call, reply: &mut Reply) {
        if call.act.writes() && reply.status.is_success() {
            *reply = Reply::never();
        }
    }
}

pub(super) struct ErrorAfterWrite;

impl Misbehaviour for ErrorAfterWrite {
    fn about(&self) -> About {
        About::new(
            "500-after-write",
            "endpoints that fail after the commit, when they notify others or write the answer",
            "Does what a write asks for, and answers 500.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        WRITES
    }

    fn reply(&self, call: &Call, reply: &mut Reply) {
        if call.act.writes() && reply.status.is_success() {
            *reply = Reply::problem(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "something went wrong"));
        }
    }
}

pub(super) struct HalfBody;

impl Misbehaviour for HalfBody {
    fn about(&self) -> About {
        About::new(
            "half-body",
            "connections that break; RFC 9112 section 8",
            "Announces the whole length of an answer, sends half of it and closes the connection.",
        )
    }

    fn reply(&self, _call: &Call, reply: &mut Reply) {
        if reply.body.len() > 1 {
            reply.ending = Ending::Half;
        }
    }
}

pub(super) struct HalfJson;

impl Misbehaviour for HalfJson {
    fn about(&self) -> About {
        About::new(
            "half-json",
            "proxies with a limit, endpoints that crash while they write",
            "Answers the first half of the JSON as if it were all of it.",
        )
    }

    fn reply(&self, _call: &Call, reply: &mut Reply) {
        if reply.body.len() > 1 {
            let half = reply.body.slice(..reply.body.len() / 2);
            reply.set_body(half);
        }
    }
}

pub(super) struct ConnectionClose;

impl Misbehaviour for ConnectionClose {
    fn about(&self) -> About {
        About::new(
            "connection-close",
            "scim2-server: HTTP/1.0, a connection for each request",
            "Closes the connection after each answer, with Connection: close.",
        )
    }

    fn reply(&self, _call: &Call, reply: &mut Reply) {
        reply.headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
}

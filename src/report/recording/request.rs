//! What of a recorded request is sent again, and where to.

use url::Url;

use super::{RecordingOf, Side};
use crate::scim::HttpExchange;

/// What stands in place of a secret.
const MASK: &str = "[secret]";

/// Headers that belong to one connection or message, or that whoever sends it makes anew.
const OF_THE_MESSAGE: [&str; 12] = [
    "accept-encoding",
    "authorization",
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Where a request goes when it is sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// Below the tenant URL.
    Tenant(String),
    /// To the tenant URL's origin, on another path.
    Origin(String),
    /// To somebody else, as recorded.
    Elsewhere(String),
}

/// A request that is sent again, or why it isn't.
#[derive(Debug)]
pub(super) struct Replayed<'e> {
    pub(super) place: Result<Place, &'static str>,
    /// Whether it takes the bearer token that is given when it is sent again.
    pub(super) takes_token: bool,
    /// Only with plain names: `#` may begin one too, and a line of an editor's file that means something else.
    pub(super) headers: Vec<(&'e str, &'e str)>,
    /// What is to be filled in by hand, since it was masked.
    pub(super) masked: Vec<&'e str>,
}

impl<'e> Replayed<'e> {
    pub(super) fn new(exchange: &'e HttpExchange, of: &RecordingOf) -> Self {
        let place = place(exchange, of);
        let mut replayed = Self { takes_token: false, headers: Vec::new(), masked: Vec::new(), place };
        let has_plain_name =
            |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        for (name, value) in exchange.request_headers.iter().filter(|(name, _)| has_plain_name(name)) {
            let is_of_the_message = OF_THE_MESSAGE.iter().any(|known| known.eq_ignore_ascii_case(name));
            if name.eq_ignore_ascii_case("authorization") {
                let is_bearer = value.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer "));
                // A server that refused a token for no reason of its own was sent a wrong one.
                let was_wrong = of.side == Side::Server && exchange.status == Some(401) && exchange.remarks.is_empty();
                let stays_here = !matches!(replayed.place, Ok(Place::Elsewhere(_)));
                if is_bearer && stays_here && !was_wrong {
                    replayed.takes_token = true;
                } else if is_bearer && stays_here {
                    replayed.headers.push((name, value));
                } else {
                    replayed.masked.push(name);
                }
            } else if value.contains(MASK) {
                replayed.masked.push(name);
            } else if !is_of_the_message {
                replayed.headers.push((name, value));
            }
        }
        if exchange.target.contains(MASK) {
            replayed.masked.push("the URL");
        }
        if exchange.request_body.bytes.windows(MASK.len()).any(|part| part == MASK.as_bytes()) {
            replayed.masked.push("the body");
        }
        if exchange.request_body.is_cut() {
            replayed.place = Err("its body is too long to be kept whole");
        }
        replayed
    }
}

/// The whole URL of a request. The target of its request line may be one itself.
pub(super) fn url_of(exchange: &HttpExchange) -> String {
    let is_path = exchange.target.starts_with('/') || exchange.target == "*";
    if is_path { format!("{}{}", exchange.origin, exchange.target) } else { exchange.target.clone() }
}

fn place(exchange: &HttpExchange, of: &RecordingOf) -> Result<Place, &'static str> {
    let tenant = Url::parse(&of.tenant_url).map_err(|_| "the tenant URL isn't known")?;
    let whole = url_of(exchange);
    if of.side == Side::Client
        && !exchange.origin.is_empty()
        && exchange.origin != tenant.origin().ascii_serialization()
    {
        return Ok(Place::Elsewhere(whole));
    }
    // Whatever host a request to a server named, it came here.
    let target = match exchange.target.as_str() {
        target if target.starts_with('/') => target,
        target => target
            .split_once("://")
            .and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..]))
            .ok_or("its target isn't a path")?,
    };
    let base = tenant.path().trim_end_matches('/');
    let below = target.strip_prefix(base).filter(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    Ok(below.map_or_else(|| Place::Origin(target.to_owned()), |rest| Place::Tenant(rest.to_owned())))
}

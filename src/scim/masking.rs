//! Keeps secrets out of what is shown and recorded of an exchange.
//!
//! Three things are masked: header values that are secrets by their names, values of members and form fields that are
//! secrets by theirs, and every secret that is known (tokens of the configuration, what a request was sent with, what
//! was found by its name) wherever else it stands, also percent-encoded, escaped, or in the middle of Base64.

mod fields;
mod known;
mod names;
mod needles;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Content, HttpExchange, SentCredentials};
use crate::base::Secret;
use fields::Found;
pub use known::KnownSecrets;
pub(crate) use names::is_secret_name;
pub use needles::Needles;

/// What stands in place of a secret.
pub(crate) const MASK: &str = "[secret]";

/// Shorter secrets that weren't configured are masked where they were found only: such a word may mean something else
/// elsewhere.
const SHORTEST: usize = 8;

/// Parts of the names of headers that hold secrets, beside those that names of secrets have everywhere.
const SECRET_PARTS: [&str; 3] = ["auth", "key", "cookie"];

/// Headers that are no secret although their names look so: what a server asks for, or allows.
const PUBLIC: [&str; 4] =
    ["www-authenticate", "proxy-authenticate", "authentication-info", "access-control-allow-credentials"];

/// The schemes of credentials that are shown (IANA's registry, and what is met beside it). Another first word may be
/// part of the secret.
const SCHEMES: [&str; 11] =
    ["Basic", "Bearer", "Digest", "DPoP", "GNAP", "HOBA", "Mutual", "Negotiate", "NTLM", "OAuth", "Token"];

/// Whether the value of a header of this name is a secret.
pub fn is_secret_header(name: &str) -> bool {
    // Without a copy: this is asked for every header that comes and goes.
    let name = name.as_bytes();
    let is_at = |at: usize, part: &str| {
        name.get(at..at + part.len()).is_some_and(|there| there.eq_ignore_ascii_case(part.as_bytes()))
    };
    let has_part = || (0..name.len()).any(|at| SECRET_PARTS.iter().any(|part| is_at(at, part)));
    (names::is_secret(name) || has_part()) && !PUBLIC.iter().any(|public| public.as_bytes().eq_ignore_ascii_case(name))
}

/// The value of a header as it may be shown. Of credentials the scheme is left, which tells their kind.
pub fn header_as_shown(name: &str, value: &str) -> String {
    if !is_secret_header(name) {
        return value.to_owned();
    }
    match scheme_and_rest(name, value) {
        ("", _) => MASK.to_owned(),
        (scheme, _) => format!("{scheme} {MASK}"),
    }
}

/// The secrets in the value of a header, if it is one of those that hold credentials.
pub fn credentials_in(name: &str, value: &str) -> Vec<Secret> {
    if !is_secret_header(name) {
        return Vec::new();
    }
    let (scheme, token) = scheme_and_rest(name, value);
    let mut secrets = vec![token.to_owned()];
    if is_authorization(name) {
        secrets.extend(token.split([' ', '\t']).filter(|word| *word != token).map(str::to_owned));
    }
    if scheme.eq_ignore_ascii_case("Basic")
        && let Some(pair) = STANDARD.decode(token).ok().and_then(|pair| String::from_utf8(pair).ok())
        && let Some((_, password)) = pair.split_once(':')
    {
        secrets.push(password.to_owned());
    }
    secrets.into_iter().filter(|secret| secret.len() >= SHORTEST).map(Secret::new).collect()
}

/// The scheme of credentials, if it is a known one, and what follows.
fn scheme_and_rest<'v>(name: &str, value: &'v str) -> (&'v str, &'v str) {
    let value = value.trim();
    let is_known = |scheme: &str| SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(scheme));
    let split = value.split_once([' ', '\t']).filter(|(scheme, _)| is_authorization(name) && is_known(scheme));
    split.map_or(("", value), |(scheme, rest)| (scheme, rest.trim()))
}

fn is_authorization(name: &str) -> bool {
    name.eq_ignore_ascii_case("authorization") || name.eq_ignore_ascii_case("proxy-authorization")
}

/// Masks exchanges, one after the other.
#[derive(Debug)]
pub struct Masking {
    known: KnownSecrets,
    /// Which of them `needles` are of.
    version: u64,
    needles: Needles,
    /// The credentials of the last exchange: a client's are the same in all of them.
    last: SentCredentials,
    last_needles: Needles,
}

impl Masking {
    /// Masks these secrets in every exchange, beside those that an exchange has itself.
    pub fn new(known: impl Into<KnownSecrets>) -> Self {
        let known = known.into();
        let (version, needles) = (known.version(), Needles::new(&known.all()));
        Self { known, version, needles, last: SentCredentials::default(), last_needles: Needles::default() }
    }

    /// The exchange as it may be shown.
    pub fn masked(&mut self, exchange: &HttpExchange) -> HttpExchange {
        self.shown(exchange, true)
    }

    /// The same without headers and bodies, for lists.
    pub fn masked_line(&mut self, exchange: &HttpExchange) -> HttpExchange {
        self.shown(exchange, false)
    }

    fn shown(&mut self, exchange: &HttpExchange, whole: bool) -> HttpExchange {
        let version = self.known.version();
        if version != self.version {
            self.needles = Needles::new(&self.known.all());
            self.version = version;
        }
        if !exchange.credentials.is_same(&self.last) {
            self.last = exchange.credentials.clone();
            let known = self.known.all();
            let is_known = |secret: &Secret| known.iter().any(|known| known.expose() == secret.expose());
            self.last_needles = Needles::new(self.last.secrets().iter().filter(|secret| !is_known(secret)));
        }
        let request = fields::in_body(&exchange.request_body.bytes, exchange.request_header("content-type"));
        let response = fields::in_body(&exchange.response_body.bytes, exchange.response_header("content-type"));
        let query = fields::in_query(exchange.target.as_bytes());
        let headers = exchange.request_headers.iter().chain(&exchange.response_headers);
        let urls: Vec<_> = headers.map(|(_, value)| fields::in_query(value.as_bytes())).collect();
        let found = [&request, &response, &query].into_iter().chain(&urls).flat_map(Found::secrets);
        let found = Needles::new(&found.filter(|secret| secret.expose().len() >= SHORTEST).collect::<Vec<_>>());
        let mask = Mask([&self.needles, &self.last_needles, &found]);
        HttpExchange {
            started: exchange.started,
            duration: exchange.duration,
            version: exchange.version,
            method: mask.text(&exchange.method),
            origin: mask.text(&exchange.origin),
            target: String::from_utf8_lossy(&mask.bytes(&query.without(exchange.target.as_bytes()))).into_owned(),
            request_headers: if whole { mask.headers(&exchange.request_headers) } else { Vec::new() },
            request_body: if whole { mask.content(&exchange.request_body, &request) } else { Content::default() },
            status: exchange.status,
            response_headers: if whole { mask.headers(&exchange.response_headers) } else { Vec::new() },
            response_body: if whole { mask.content(&exchange.response_body, &response) } else { Content::default() },
            remarks: exchange.remarks.iter().map(|remark| mask.text(remark)).collect(),
            credentials: SentCredentials::default(),
        }
    }
}

/// Everything that is masked in one exchange.
struct Mask<'n>([&'n Needles; 3]);

impl Mask<'_> {
    fn bytes<'b>(&self, bytes: &'b [u8]) -> Cow<'b, [u8]> {
        self.0.iter().fold(Cow::Borrowed(bytes), |bytes, needles| match needles.masked(&bytes) {
            Some(masked) => Cow::Owned(masked),
            None => bytes,
        })
    }

    fn text(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.bytes(text.as_bytes())).into_owned()
    }

    fn headers(&self, headers: &[(String, String)]) -> Vec<(String, String)> {
        let url = |value: &str| {
            let found = fields::in_query(value.as_bytes());
            String::from_utf8_lossy(&self.bytes(&found.without(value.as_bytes()))).into_owned()
        };
        headers.iter().map(|(name, value)| (self.text(name), url(value))).collect()
    }

    fn content(&self, content: &Content, found: &Found) -> Content {
        let missing = content.length - content.bytes.len() as u64;
        let bytes = self.bytes(&found.without(&content.bytes)).into_owned();
        // What is masked may be longer or shorter than what is shown, but what is missing stays missing.
        Content { length: bytes.len() as u64 + missing, bytes }
    }
}

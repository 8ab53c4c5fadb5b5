//! What is asked of those who want in.

use std::time::Duration;

use crate::base::Secret;
use crate::target::Scheme;

/// How an endpoint lets clients in, beside the tokens that may do everything.
#[derive(Debug, Clone, Default)]
pub struct AccessOptions {
    /// Tokens that may read only.
    pub read_only: Vec<Secret>,
    /// The client that may fetch tokens; without it there is no token endpoint.
    pub oauth: Option<OAuthOptions>,
    /// How often each token may be used; without it, as often as one likes.
    pub rate: Option<Rate>,
    /// Whether `/ServiceProviderConfig`, `/ResourceTypes` and `/Schemas` can be read without a token
    /// (RFC 7643 section 5 recommends it for the first).
    pub open_discovery: bool,
    /// Whether the endpoint is reached over TLS: what its URLs begin with.
    pub scheme: Scheme,
}

/// A client that fetches tokens with its own credentials (RFC 6749 section 4.4).
#[derive(Debug, Clone)]
pub struct OAuthOptions {
    /// Its name.
    pub client_id: String,
    /// Its secrets; several while one is replaced by another.
    pub client_secrets: Vec<Secret>,
    /// How long a token lasts.
    pub lifetime: Duration,
    /// Names of what it may do, separated by blanks; empty where there are none.
    pub scope: String,
}

/// How many requests are taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Requests a second in the long run; above zero.
    pub per_second: f64,
    /// How many may come at once; at least one.
    pub burst: u32,
}

//! What a client is told: where, as whom, how fast, how patiently.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::Credentials;
use crate::scim::{Observer, Request, TenantUrl};

/// How many requests may start in a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rate {
    /// At most this many, with short bursts of a fifth of a second's worth. Below one it is one in several seconds.
    PerSecond(f64),
    /// As many as `concurrency` lets through.
    Unlimited,
}

impl Rate {
    /// What endpoints are expected to take at least: 25 requests a second.
    pub const DEFAULT: Self = Self::PerSecond(25.0);
}

/// Somebody who is asked before a request goes out.
pub trait Gate: Send + Sync {
    /// Whether the request may be sent; the error says why not, as a sentence without a full stop.
    fn admit(&self, request: &Request) -> Result<(), String>;
}

/// Everything that a [`Client`](super::Client) is told. `Debug` leaves out what may hold secrets.
#[derive(Clone)]
pub struct ClientOptions {
    /// Tenant URL without its flags.
    pub tenant_url: TenantUrl,
    /// As whom.
    pub credentials: Credentials,
    /// Requests a second.
    pub rate: Rate,
    /// Requests under way at the same time; 0 counts as 1.
    pub concurrency: usize,
    /// For one exchange, from the first byte sent to the last byte read.
    pub timeout: Duration,
    /// Further tries after a failure that may pass; creations only where nothing can have been stored.
    pub retries: u32,
    /// Whether a 429 or 503 with `Retry-After` is waited out within the call.
    pub honour_retry_after: bool,
    /// Value of the header `ADSCIMVersion`, by which endpoints recognise the service.
    pub scim_version: Option<String>,
    /// `User-Agent`; the service sends none.
    pub user_agent: Option<String>,
    /// Further headers; they replace those of the same name.
    pub headers: Vec<(String, String)>,
    /// Proxy for every request; left out, the system's settings count, except for loopback.
    pub proxy: Option<String>,
    /// Certificates in PEM that are trusted besides the system's.
    pub ca_file: Option<PathBuf>,
    /// Seeds the jitter of retries.
    pub seed: u64,
    /// Is shown every exchange once it is over.
    pub observer: Option<Arc<dyn Observer>>,
    /// Is asked before every call; [`Client::exchange`](super::Client::exchange) asks nobody.
    pub gate: Option<Arc<dyn Gate>>,
}

impl ClientOptions {
    /// The defaults of the config file: 25 requests a second, 8 at a time, 30 seconds, no retries.
    pub fn new(tenant_url: TenantUrl, credentials: impl Into<Credentials>) -> Self {
        Self {
            tenant_url,
            credentials: credentials.into(),
            rate: Rate::DEFAULT,
            concurrency: 8,
            timeout: Duration::from_secs(30),
            retries: 0,
            honour_retry_after: true,
            scim_version: None,
            user_agent: None,
            headers: Vec::new(),
            proxy: None,
            ca_file: None,
            seed: 0,
            observer: None,
            gate: None,
        }
    }
}

impl fmt::Debug for ClientOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientOptions")
            .field("tenant_url", &self.tenant_url.base())
            .field("rate", &self.rate)
            .field("concurrency", &self.concurrency)
            .field("timeout", &self.timeout)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}

/// Says why a client can't be set up.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The CA file can't be read.
    #[error("can't read the CA file `{}`", .path.display())]
    CaFile {
        /// As configured.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The CA file holds no usable certificate.
    #[error("the CA file `{}` holds no certificate in PEM form (`-----BEGIN CERTIFICATE-----`)", .path.display())]
    CaPem {
        /// As configured.
        path: PathBuf,
    },
    /// The proxy isn't a URL that can be used; it isn't shown, since it may carry a password.
    #[error("the proxy isn't a URL such as `http://proxy.contoso.com:3128`")]
    Proxy,
    /// A header can't be sent.
    #[error("the header `{name}` can't be sent: its {part} holds characters that HTTP doesn't allow")]
    Header {
        /// Name as configured.
        name: String,
        /// `name` or `value`.
        part: &'static str,
    },
    /// The TLS library refused to start.
    #[error("can't set up TLS: {0}; are the system's CA certificates installed?")]
    Tls(String),
}

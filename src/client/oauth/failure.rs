//! Why there is no access token.

use std::fmt;
use std::time::Duration;

use crate::client::{BodyKind, TransportKind};

/// Why no access token could be had. Texts hold neither the client secret nor a token.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TokenFailure {
    /// No complete answer came.
    #[error("the token endpoint: {}: {message}", transport_text(*.kind))]
    Transport {
        /// Where it broke.
        kind: TransportKind,
        /// The cause in the words of the library that saw it.
        message: String,
    },
    /// The token endpoint redirects, which is never followed: the client secret stays where it belongs.
    #[error("the token endpoint answered {status} and redirects to `{location}`, which isn't followed")]
    Redirect {
        /// HTTP status.
        status: u16,
        /// Where to, without its query; at most 2 KiB, secrets masked.
        location: String,
    },
    /// The token endpoint said no.
    #[error("{0}")]
    Refused(TokenRefusal),
    /// It answered with success, but the answer gives no token that can be used.
    #[error("the token endpoint answered {status}, but {what}")]
    Unusable {
        /// HTTP status.
        status: u16,
        /// What is wrong with it.
        what: UnusableToken,
    },
}

fn transport_text(kind: TransportKind) -> String {
    match kind {
        TransportKind::Other => "it can't be reached".to_owned(),
        kind => kind.to_string(),
    }
}

/// An error answer of a token endpoint (RFC 6749 section 5.2), or what came in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRefusal {
    /// HTTP status; 200 from endpoints that think nothing of it.
    pub status: u16,
    /// What the body was; an error of OAuth is JSON.
    pub kind: BodyKind,
    /// `error`, such as `invalid_client`.
    pub error: Option<String>,
    /// `error_description` without what follows its first sentence in Microsoft's answers; else what the body says.
    pub description: Option<String>,
    /// Number of Microsoft's error (`AADSTS…`), where it is one.
    pub aadsts: Option<u64>,
    /// How long the endpoint asks to wait.
    pub retry_after: Option<Duration>,
}

impl fmt::Display for TokenRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the token endpoint answered {}", self.status)?;
        if let Some(error) = &self.error {
            write!(f, " {error}")?;
        }
        match &self.description {
            Some(description) => write!(f, ": {description}"),
            None => Ok(()),
        }
    }
}

/// What is wrong with an answer that should hold a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnusableToken {
    /// A web page.
    #[error("with a web page instead of JSON")]
    Html,
    /// No JSON object.
    #[error("not with a JSON object")]
    NotJson,
    /// No `access_token`.
    #[error("without an `access_token`")]
    Missing,
    /// A `token_type` other than `Bearer`.
    #[error("with a token of the type `{0}`; only `Bearer` can be sent")]
    NotBearer(String),
    /// An `expires_in` that isn't above zero.
    #[error("with a token that has run out already: `expires_in` is {0}")]
    RanOut(String),
    /// Characters that no header may hold.
    #[error("with a token that can't be sent in a header: it holds a line break or other characters than ASCII")]
    Unsendable,
    /// More bytes than are read.
    #[error("with more than 16 MiB")]
    TooLarge,
}

impl TokenFailure {
    /// HTTP status, where an answer came.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Transport { .. } => None,
            Self::Redirect { status, .. } | Self::Unusable { status, .. } => Some(*status),
            Self::Refused(refusal) => Some(refusal.status),
        }
    }

    /// Whether the same request may succeed a little later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Transport { kind, .. } => !matches!(kind, TransportKind::Tls(_)),
            Self::Refused(refusal) => {
                matches!(refusal.status, 408 | 425 | 429 | 500 | 502..=504 | 506..=599)
                    || matches!(refusal.error.as_deref(), Some("temporarily_unavailable" | "server_error"))
            }
            Self::Redirect { .. } | Self::Unusable { .. } => false,
        }
    }

    /// Whether the credentials were looked at and refused, rather than nobody having looked at them.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.error.is_some() || matches!(refusal.status, 401 | 403))
            && !self.is_transient()
    }

    /// How long the endpoint asks to wait, with the statuses for it.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused(refusal) if matches!(refusal.status, 429 | 503) => refusal.retry_after,
            _ => None,
        }
    }
}

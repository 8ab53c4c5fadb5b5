//! What can go wrong with a call, sorted by where it went wrong.

use std::fmt;
use std::time::Duration;

use super::TokenFailure;
use crate::scim::{ErrorBody, ScimType};

/// What a request was for; the same status means different things on different operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// The test query.
    Test,
    /// A look-up by filter.
    Find,
    /// A read by id.
    Get,
    /// A creation.
    Create,
    /// A change.
    Patch,
    /// A removal.
    Delete,
}

/// Why a call has no usable answer. Texts never hold the token.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Failure {
    /// No complete answer came.
    #[error("{kind}: {message}")]
    Transport {
        /// Where it broke.
        kind: TransportKind,
        /// The cause in the words of the library that saw it.
        message: String,
    },
    /// The target answered with an error.
    #[error("{0}")]
    Status(Box<ErrorAnswer>),
    /// The target answered, but not with what was asked for.
    #[error("{what} (status {status})")]
    Unexpected {
        /// HTTP status.
        status: u16,
        /// What came instead.
        what: Unexpected,
        /// Beginning of the body, at most 2 KiB, secrets masked.
        excerpt: String,
    },
    /// The body isn't JSON.
    #[error("the answer isn't valid JSON (status {status}): {message}")]
    Payload {
        /// HTTP status.
        status: u16,
        /// Where and why.
        message: String,
        /// Beginning of the body, at most 2 KiB, secrets masked.
        excerpt: String,
    },
    /// There is no access token to send with the request: it wasn't sent.
    #[error("no access token: {0}")]
    Token(Box<TokenFailure>),
    /// The client was told to end while the request waited for its turn: it wasn't sent.
    #[error("the run ended before the request was sent")]
    Ended,
}

/// Where a connection broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransportKind {
    /// The host name doesn't resolve.
    Dns,
    /// Nobody listens on the port.
    Refused,
    /// No connection within the time.
    ConnectTimeout,
    /// A connection, but no complete answer within the time.
    Timeout,
    /// The handshake failed.
    Tls(TlsProblem),
    /// The connection ended before the answer was complete.
    Reset,
    /// The proxy didn't play along.
    Proxy,
    /// Anything else, such as an unreachable network.
    Other,
}

/// Why a TLS handshake failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsProblem {
    /// The certificate has run out.
    Expired,
    /// The certificate isn't valid yet.
    NotYetValid,
    /// Signed by nobody who is trusted, or by itself.
    UnknownIssuer,
    /// The certificate is for another host name.
    WrongName,
    /// No version or cipher in common: the server knows nothing from TLS 1.2 on.
    Version,
    /// The port doesn't speak TLS.
    NotTls,
    /// Anything else.
    Other,
}

impl fmt::Display for TransportKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dns => "the host name doesn't resolve",
            Self::Refused => "the connection was refused",
            Self::ConnectTimeout => "no connection in time",
            Self::Timeout => "no answer in time",
            Self::Tls(TlsProblem::Expired) => "the certificate has expired",
            Self::Tls(TlsProblem::NotYetValid) => "the certificate isn't valid yet",
            Self::Tls(TlsProblem::UnknownIssuer) => "the certificate's issuer isn't trusted",
            Self::Tls(TlsProblem::WrongName) => "the certificate is for another host",
            Self::Tls(TlsProblem::Version) => "no TLS version or cipher in common",
            Self::Tls(TlsProblem::NotTls) => "the port doesn't speak TLS",
            Self::Tls(TlsProblem::Other) => "the TLS handshake failed",
            Self::Reset => "the connection was closed before the answer was complete",
            Self::Proxy => "the proxy failed",
            Self::Other => "the target can't be reached",
        })
    }
}

/// What the body of an error answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyKind {
    /// Nothing.
    Empty,
    /// A SCIM error (RFC 7644 section 3.12), the `schemas` may be missing.
    Scim,
    /// Other JSON.
    Json,
    /// A web page, as gateways, firewalls and login pages send.
    Html,
    /// Anything else.
    Text,
}

/// An answer whose status isn't 2xx.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorAnswer {
    /// HTTP status.
    pub status: u16,
    /// What the body was.
    pub kind: BodyKind,
    /// What it says, as well as it can be read; at most 2 KiB, secrets masked.
    pub body: ErrorBody,
    /// Whether a token endpoint gave the token that was sent; a refused one is fresh then.
    pub granted: bool,
    /// How long the target asks to wait.
    pub retry_after: Option<Duration>,
}

impl ErrorAnswer {
    /// What went wrong in the endpoint's words, or nothing.
    pub fn detail(&self) -> &str {
        self.body.detail.as_deref().unwrap_or_default()
    }
}

impl fmt::Display for ErrorAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {}", self.status)?;
        if let Some(scim_type) = self.body.scim_type {
            write!(f, " {scim_type}")?;
        }
        match self.detail() {
            "" => Ok(()),
            detail => write!(f, ": {detail}"),
        }
    }
}

/// What came instead of what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unexpected {
    /// A web page with a status that means success.
    #[error("a web page came instead of JSON")]
    Html,
    /// No body where one is needed.
    #[error("the answer has no body")]
    Empty,
    /// JSON, but no `ListResponse`.
    #[error("the answer isn't a ListResponse")]
    NotAList,
    /// JSON, but no resource.
    #[error("the answer isn't a resource")]
    NotAResource,
    /// A SCIM error with a status that means success.
    #[error("the answer is a SCIM error with a status that means success")]
    ErrorBody,
    /// The test query asked for nobody and somebody came.
    #[error("a filter that matches nobody gave {total} resources")]
    FilterIgnored {
        /// As many as the answer counts or holds.
        total: u64,
    },
    /// Matches are counted but not sent.
    #[error("the answer counts {total} resources and holds none")]
    CountWithoutResources {
        /// `totalResults`.
        total: u64,
    },
    /// A list where one resource was asked for by id.
    #[error("a list of {count} came where one resource was asked for")]
    ListForResource {
        /// Its length.
        count: usize,
    },
    /// A resource with another id.
    #[error("the resource that came has the id `{id}`, which isn't the one that was asked for")]
    OtherResource {
        /// Id of what came.
        id: String,
    },
    /// A redirect that isn't followed.
    #[error("redirected to `{location}`, which isn't followed: {why}")]
    Redirect {
        /// Where to, as far as it can be shown; at most 2 KiB, secrets masked.
        location: String,
        /// Why not.
        why: Refusal,
    },
    /// More bytes than are read.
    #[error("the answer is longer than 16 MiB")]
    TooLarge,
    /// An id that can't stand in a URL (`.`, `..` or empty); nothing was sent.
    #[error("the id `{id}` can't be part of a URL")]
    UnusableId {
        /// The id.
        id: String,
    },
}

/// Why a redirect isn't followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The token must not reach another scheme, host or port.
    #[error("it leads to another origin")]
    OtherOrigin,
    /// The same host with https: the scheme counts for the origin too.
    #[error("it leads to https, which is another origin")]
    ToHttps,
    /// Only reads are repeated elsewhere.
    #[error("only a GET may be redirected")]
    Method,
    /// Five in a row.
    #[error("there were too many")]
    TooMany,
    /// Without a usable `Location`.
    #[error("it says no usable place")]
    NoLocation,
}

const INCOMPATIBLE: &str = "SystemForCrossDomainIdentityManagementServiceIncompatible";
const INCOMPATIBLE_FILTERING: &str = "SystemForCrossDomainIdentityManagementServiceIncompatibleFiltering";
const MULTIPLE_ENTRIES: &str = "SystemForCrossDomainIdentityManagementMultipleEntriesInResponse";
const INVALID_CREDENTIALS: &str = "SystemForCrossDomainIdentityManagementInvalidCredentials";
const CREDENTIALS_UNCHECKED: &str = "SystemForCrossDomainIdentityManagementCredentialValidationUnavailable";

impl Failure {
    /// HTTP status, where the target answered.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Transport { .. }
            | Self::Token(_)
            | Self::Ended
            | Self::Unexpected { what: Unexpected::UnusableId { .. }, .. } => None,
            Self::Status(answer) => Some(answer.status),
            Self::Unexpected { status, .. } | Self::Payload { status, .. } => Some(*status),
        }
    }

    /// Whether the same request may succeed a little later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Transport { kind, .. } => !matches!(kind, TransportKind::Tls(_)),
            Self::Status(answer) => matches!(answer.status, 408 | 425 | 429 | 500 | 502..=504 | 506..=599),
            // For a token was waited already, and nobody is there any more who could wait for the end.
            Self::Token(_) | Self::Unexpected { .. } | Self::Payload { .. } | Self::Ended => false,
        }
    }

    /// Whether the target can't have acted on the request, so that even a creation may be repeated.
    pub fn is_unapplied(&self) -> bool {
        match self {
            Self::Transport { kind, .. } => matches!(
                kind,
                TransportKind::Dns | TransportKind::Refused | TransportKind::ConnectTimeout | TransportKind::Tls(_)
            ),
            Self::Status(answer) => matches!(answer.status, 425 | 429 | 503),
            Self::Unexpected { what: Unexpected::UnusableId { .. }, .. } | Self::Token(_) | Self::Ended => true,
            Self::Unexpected { .. } | Self::Payload { .. } => false,
        }
    }

    /// Whether the target may have done what a write asked for, and only the answer was lost or says otherwise.
    pub fn may_be_applied(&self) -> bool {
        match self {
            Self::Status(answer) => !self.is_unapplied() && matches!(answer.status, 408 | 500 | 502..=504 | 506..=599),
            _ => !self.is_unapplied(),
        }
    }

    /// Whether the account isn't there (404 or 410).
    pub fn is_not_found(&self) -> bool {
        matches!(self.status(), Some(404 | 410))
    }

    /// Whether a creation failed because such an account exists (409).
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Status(answer) if answer.status == 409)
    }

    /// Whether the token was refused (401), or there is none.
    pub fn is_unauthorized(&self) -> bool {
        match self {
            Self::Status(answer) => answer.status == 401,
            Self::Token(_) => true,
            _ => false,
        }
    }

    /// How long the target asks to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status(answer) => answer.retry_after,
            _ => None,
        }
    }

    /// The error code of the provisioning log, as the generic SCIM connector names it.
    ///
    /// Source: the error code table of Microsoft's *How to analyze the provisioning logs*, and recorded jobs
    /// for 400 and 409.
    pub fn error_code(&self, operation: Operation) -> &'static str {
        if operation == Operation::Test {
            return match (self, self.status()) {
                (_, Some(401 | 403)) => INVALID_CREDENTIALS,
                (Self::Token(failure), _) if failure.is_refusal() => INVALID_CREDENTIALS,
                _ => CREDENTIALS_UNCHECKED,
            };
        }
        match self {
            Self::Transport { kind: TransportKind::ConnectTimeout | TransportKind::Timeout, .. } => "Timeout",
            Self::Transport { .. } | Self::Ended => "WebExceptionProtocolError",
            Self::Token(_) => "Unauthorized",
            Self::Unexpected { what: Unexpected::ListForResource { .. }, .. } => MULTIPLE_ENTRIES,
            Self::Unexpected { .. } | Self::Payload { .. } => INCOMPATIBLE,
            Self::Status(answer) => match answer.status {
                400 if operation == Operation::Find && answer.body.scim_type == Some(ScimType::InvalidFilter) => {
                    INCOMPATIBLE_FILTERING
                }
                401 => "Unauthorized",
                403 => "InsufficientRights",
                404 | 410 if matches!(operation, Operation::Get | Operation::Patch) => "InvalidAnchor",
                405 => "MethodNotAllowed",
                408 => "Timeout",
                409 => INCOMPATIBLE_FILTERING,
                422 => "UnprocessableEntity",
                429 => "TooManyRequests",
                501 => "NotImplemented",
                500..=599 => "InternalServerError",
                _ => INCOMPATIBLE,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(status: u16) -> Failure {
        let body = ErrorBody::default();
        Failure::Status(Box::new(ErrorAnswer {
            status,
            kind: BodyKind::Empty,
            body,
            granted: false,
            retry_after: None,
        }))
    }

    fn invalid_filter() -> Failure {
        let body = ErrorBody::new(400, Some(ScimType::InvalidFilter), "");
        Failure::Status(Box::new(ErrorAnswer {
            status: 400,
            kind: BodyKind::Scim,
            body,
            granted: false,
            retry_after: None,
        }))
    }

    fn transport(kind: TransportKind) -> Failure {
        Failure::Transport { kind, message: "x".into() }
    }

    fn list() -> Failure {
        Failure::Unexpected { status: 200, what: Unexpected::ListForResource { count: 2 }, excerpt: String::new() }
    }

    #[test]
    fn codes_of_the_provisioning_log() {
        for (failure, operation, expected) in [
            (status(400), Operation::Create, INCOMPATIBLE),
            (status(400), Operation::Find, INCOMPATIBLE),
            (invalid_filter(), Operation::Find, INCOMPATIBLE_FILTERING),
            (invalid_filter(), Operation::Create, INCOMPATIBLE),
            (status(401), Operation::Patch, "Unauthorized"),
            (status(401), Operation::Test, INVALID_CREDENTIALS),
            (status(404), Operation::Test, CREDENTIALS_UNCHECKED),
            (status(403), Operation::Create, "InsufficientRights"),
            (status(404), Operation::Get, "InvalidAnchor"),
            (status(404), Operation::Patch, "InvalidAnchor"),
            (status(404), Operation::Create, INCOMPATIBLE),
            (status(405), Operation::Patch, "MethodNotAllowed"),
            (status(408), Operation::Create, "Timeout"),
            (status(409), Operation::Create, INCOMPATIBLE_FILTERING),
            (status(410), Operation::Get, "InvalidAnchor"),
            (status(410), Operation::Create, INCOMPATIBLE),
            (status(422), Operation::Create, "UnprocessableEntity"),
            (status(429), Operation::Find, "TooManyRequests"),
            (status(500), Operation::Find, "InternalServerError"),
            (status(501), Operation::Patch, "NotImplemented"),
            (list(), Operation::Get, "SystemForCrossDomainIdentityManagementMultipleEntriesInResponse"),
            (transport(TransportKind::Timeout), Operation::Patch, "Timeout"),
            (transport(TransportKind::Reset), Operation::Patch, "WebExceptionProtocolError"),
            (transport(TransportKind::Reset), Operation::Test, CREDENTIALS_UNCHECKED),
        ] {
            assert_eq!(failure.error_code(operation), expected, "{failure} {operation:?}");
        }
    }

    #[test]
    fn what_may_pass_and_what_may_be_repeated() {
        // (failure, may pass, nothing can have been stored, something may have been)
        for (failure, transient, unapplied, applied) in [
            (status(400), false, false, false),
            (status(401), false, false, false),
            (status(408), true, false, true),
            (status(429), true, true, false),
            (status(500), true, false, true),
            (status(501), false, false, false),
            (status(503), true, true, false),
            (list(), false, false, true),
            (transport(TransportKind::Refused), true, true, false),
            (transport(TransportKind::Timeout), true, false, true),
            (transport(TransportKind::Reset), true, false, true),
            (transport(TransportKind::Tls(TlsProblem::Expired)), false, true, false),
            (Failure::Ended, false, true, false),
        ] {
            let found = (failure.is_transient(), failure.is_unapplied(), failure.may_be_applied());
            assert_eq!(found, (transient, unapplied, applied), "{failure}");
        }
    }

    #[test]
    fn messages_read_alone() {
        for (body, expected) in [
            (ErrorBody::default(), "status 409"),
            (ErrorBody::new(409, None, ""), "status 409"),
            (ErrorBody::new(409, Some(ScimType::Uniqueness), "taken"), "status 409 uniqueness: taken"),
        ] {
            let answer = ErrorAnswer { status: 409, kind: BodyKind::Scim, body, granted: false, retry_after: None };
            assert_eq!(Failure::Status(Box::new(answer)).to_string(), expected);
        }
    }
}

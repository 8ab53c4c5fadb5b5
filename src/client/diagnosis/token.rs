//! What it means that there is no access token.
//!
//! The numbers are those of Microsoft's *Microsoft Entra authentication and authorization error codes*. They may change
//! at any time, so they only make an explanation more precise that the error of RFC 6749 gives already.

use super::Verdict;
use crate::client::{BodyKind, TlsProblem, TokenFailure, TokenRefusal, TransportKind, UnusableToken};

/// The verdict for a failed request to a token endpoint.
pub(super) fn judge(failure: &TokenFailure) -> Verdict {
    match failure {
        TokenFailure::Transport { kind, .. } => match kind {
            TransportKind::Dns => Verdict::TokenEndpointUnknownHost,
            TransportKind::Refused => Verdict::TokenEndpointRefused,
            TransportKind::ConnectTimeout => Verdict::TokenEndpointConnectTimeout,
            TransportKind::Timeout => Verdict::TokenEndpointTimeout,
            TransportKind::Reset => Verdict::TokenEndpointLost,
            TransportKind::Proxy => Verdict::TokenEndpointProxy,
            TransportKind::Other => Verdict::TokenEndpointUnreachable,
            TransportKind::Tls(TlsProblem::Expired | TlsProblem::NotYetValid) => Verdict::TokenEndpointCertificateDate,
            TransportKind::Tls(TlsProblem::UnknownIssuer) => Verdict::TokenEndpointCertificateIssuer,
            TransportKind::Tls(TlsProblem::WrongName) => Verdict::TokenEndpointCertificateName,
            TransportKind::Tls(TlsProblem::Version | TlsProblem::NotTls | TlsProblem::Other) => {
                Verdict::TokenEndpointTls
            }
        },
        TokenFailure::Redirect { .. } => Verdict::TokenEndpointRedirected,
        TokenFailure::Refused(refusal) => match &refusal.error {
            Some(error) => judge_error(error, refusal.aadsts),
            None => judge_status(refusal),
        },
        TokenFailure::Unusable { what, .. } => match what {
            UnusableToken::Html => Verdict::TokenEndpointWebPage,
            UnusableToken::NotJson | UnusableToken::TooLarge => Verdict::TokenEndpointNotJson,
            UnusableToken::Missing => Verdict::NoAccessToken,
            UnusableToken::NotBearer(_) | UnusableToken::Unsendable => Verdict::NotBearerToken,
            UnusableToken::RanOut(_) => Verdict::TokenRanOut,
        },
    }
}

fn judge_error(error: &str, aadsts: Option<u64>) -> Verdict {
    match aadsts {
        Some(7_000_215) => return Verdict::ClientSecretWrong,
        Some(7_000_222) => return Verdict::ClientSecretExpired,
        Some(700_016 | 7_000_112) => return Verdict::ClientUnknown,
        Some(90_002 | 900_023) => return Verdict::TenantUnknown,
        Some(70_011 | 1_002_012) => return Verdict::ScopeWithoutDefault,
        Some(500_011 | 500_014) => return Verdict::ResourceUnknown,
        _ => {}
    }
    match error {
        "invalid_client" => Verdict::InvalidClient,
        "unauthorized_client" => Verdict::UnauthorizedClient,
        "invalid_scope" => Verdict::InvalidScope,
        "invalid_resource" | "invalid_target" => Verdict::ResourceUnknown,
        "unsupported_grant_type" => Verdict::UnsupportedGrantType,
        "invalid_request" => Verdict::InvalidTokenRequest,
        "temporarily_unavailable" | "server_error" => Verdict::TokenEndpointServerError,
        _ => Verdict::TokenRefused,
    }
}

fn judge_status(refusal: &TokenRefusal) -> Verdict {
    match refusal.status {
        429 => Verdict::TokenEndpointThrottled,
        500..=599 => Verdict::TokenEndpointServerError,
        404 | 405 | 410 => Verdict::TokenEndpointNotFound,
        _ if refusal.kind == BodyKind::Html => Verdict::TokenEndpointWebPage,
        401 | 403 => Verdict::TokenEndpointBlocked,
        407 => Verdict::TokenEndpointProxy,
        408 => Verdict::TokenEndpointTimeout,
        _ => Verdict::TokenEndpointOtherStatus,
    }
}

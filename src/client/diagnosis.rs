//! What the *Test Connection* button does, and what to do when it fails.

mod token;
mod verdict;

use uuid::Uuid;

use super::oauth::AccessTokens;
use super::{
    BodyKind, Client, Credentials, ErrorAnswer, Failure, Operation, Refusal, TlsProblem, TokenExchange, TokenWarning,
    TransportKind, Unexpected,
};
pub use verdict::Verdict;

use crate::scim::{Exchange, ScimType};

/// How a connection test went.
#[derive(Debug, Clone)]
pub struct ConnectionReport {
    /// The requests for an access token, where one was asked for.
    pub token_exchanges: Vec<TokenExchange>,
    /// Everything that went over the wire to the target.
    pub exchanges: Vec<Exchange>,
    /// What it means.
    pub verdict: Verdict,
    /// The failure behind a bad verdict.
    pub failure: Option<Failure>,
    /// What works now but is suspicious: token, flags of the tenant URL, redirects; sentences without a full stop.
    pub warnings: Vec<String>,
}

impl ConnectionReport {
    /// Whether provisioning could start.
    pub fn is_good(&self) -> bool {
        self.verdict == Verdict::Good
    }

    /// The error code that the provisioning log would carry.
    pub fn error_code(&self) -> Option<&'static str> {
        self.failure.as_ref().map(|failure| failure.error_code(Operation::Test))
    }
}

/// Tests a connection: looks `guid`, which nobody has, up by `attribute` among the users.
pub async fn test_connection(client: &Client, attribute: &str, guid: Uuid) -> ConnectionReport {
    let options = client.options();
    let outcome = client.test_query("/Users", attribute, guid).await;
    let now = client.clock().now();
    let (token, mut warnings, scope) = match &options.credentials {
        Credentials::Token(token) => {
            let token = token.warnings(now);
            let warnings = token.iter().map(TokenWarning::text).collect();
            (token, warnings, None)
        }
        Credentials::OAuth(oauth) => (Vec::new(), oauth.warnings(), oauth.scope.as_deref()),
    };
    let mut verdict = judge(outcome.result.as_ref().copied(), &token);
    if let Some(grant) = client.tokens().and_then(AccessTokens::last) {
        warnings.extend(grant.warnings(scope, now));
        if verdict == Verdict::AccessTokenRefused && grant.outside_its_time(now).is_some() {
            verdict = Verdict::AccessTokenOutOfTime;
        }
        if matches!(verdict, Verdict::AccessTokenRefused | Verdict::AccessTokenForbidden) {
            warnings.extend(grant.audience_hint(&options.tenant_url));
        }
    }
    warnings.extend(options.tenant_url.misspelt_flags().map(|(flag, known)| {
        format!("the flag `{flag}` of the tenant URL isn't known and does nothing; did you mean `{known}`?")
    }));
    if outcome.result.is_ok() && outcome.exchanges.len() > 1 && outcome.exchanges.iter().any(is_redirect) {
        warnings.push(
            "the target redirects; a GET follows, but POST, PATCH and DELETE won't: \
             use the address that it redirects to as the tenant URL"
                .to_owned(),
        );
    }
    ConnectionReport {
        token_exchanges: client.tokens().map(AccessTokens::take_exchanges).unwrap_or_default(),
        exchanges: outcome.exchanges,
        verdict,
        failure: outcome.result.err(),
        warnings,
    }
}

fn is_redirect(exchange: &Exchange) -> bool {
    matches!(exchange.status, Some(301 | 302 | 303 | 307 | 308))
}

/// Says what the outcome of a test query means; what is suspicious about the token explains a 401.
pub fn judge(result: Result<(), &Failure>, warnings: &[TokenWarning]) -> Verdict {
    match result {
        Ok(()) => Verdict::Good,
        Err(Failure::Transport { kind, .. }) => match kind {
            TransportKind::Dns => Verdict::UnknownHost,
            TransportKind::Refused => Verdict::Refused,
            TransportKind::ConnectTimeout => Verdict::ConnectTimeout,
            TransportKind::Timeout => Verdict::Timeout,
            TransportKind::Reset => Verdict::ConnectionLost,
            TransportKind::Proxy => Verdict::Proxy,
            TransportKind::Other => Verdict::Unreachable,
            TransportKind::Tls(problem) => match problem {
                TlsProblem::Expired => Verdict::CertificateExpired,
                TlsProblem::NotYetValid => Verdict::CertificateNotYetValid,
                TlsProblem::UnknownIssuer => Verdict::CertificateUnknownIssuer,
                TlsProblem::WrongName => Verdict::CertificateWrongName,
                TlsProblem::Version => Verdict::TlsVersion,
                TlsProblem::NotTls => Verdict::NotTls,
                TlsProblem::Other => Verdict::Tls,
            },
        },
        Err(Failure::Status(answer)) => judge_status(answer, warnings),
        Err(Failure::Token(failure)) => token::judge(failure),
        Err(Failure::Payload { .. }) => Verdict::NotJson,
        Err(Failure::Ended) => Verdict::Unreachable,
        Err(Failure::Unexpected { what, .. }) => match what {
            Unexpected::Html => Verdict::WebPage,
            Unexpected::Empty => Verdict::EmptyAnswer,
            Unexpected::FilterIgnored { .. } | Unexpected::CountWithoutResources { .. } => Verdict::FilterIgnored,
            Unexpected::Redirect { why: Refusal::ToHttps, .. } => Verdict::RedirectToHttps,
            Unexpected::Redirect { .. } => Verdict::Redirected,
            Unexpected::NotAList
            | Unexpected::NotAResource
            | Unexpected::ErrorBody
            | Unexpected::ListForResource { .. }
            | Unexpected::OtherResource { .. }
            | Unexpected::TooLarge
            | Unexpected::UnusableId { .. } => Verdict::NotListResponse,
        },
    }
}

fn judge_status(answer: &ErrorAnswer, token: &[TokenWarning]) -> Verdict {
    let suspicious = |wanted: fn(&TokenWarning) -> bool| token.iter().any(wanted);
    match answer.status {
        400 if about_filter(answer) => Verdict::FilterRefused,
        400 => Verdict::BadRequest,
        401 if answer.granted => Verdict::AccessTokenRefused,
        401 if suspicious(|warning| matches!(warning, TokenWarning::BearerPrefix)) => Verdict::DoubledBearer,
        401 if suspicious(|warning| matches!(warning, TokenWarning::Expired { .. })) => Verdict::TokenExpired,
        401 if suspicious(|warning| matches!(warning, TokenWarning::Blanks | TokenWarning::Quoted)) => {
            Verdict::TokenMangled
        }
        401 if about_time(answer) => Verdict::TokenExpired,
        401 => Verdict::Unauthorized,
        403 if answer.kind == BodyKind::Html => Verdict::Blocked,
        403 if answer.granted => Verdict::AccessTokenForbidden,
        403 => Verdict::Forbidden,
        404 | 410 if answer.kind == BodyKind::Scim => Verdict::EmptyIsNotFound,
        404 | 410 => Verdict::WrongTenantUrl,
        405 => Verdict::MethodNotAllowed,
        406 | 415 => Verdict::MediaType,
        407 => Verdict::Proxy,
        408 => Verdict::Timeout,
        429 => Verdict::TooManyRequests,
        501 => Verdict::NotImplemented,
        500..=599 => Verdict::ServerError,
        _ => Verdict::OtherStatus,
    }
}

/// Whether the target says that the token was good once.
fn about_time(answer: &ErrorAnswer) -> bool {
    let detail = answer.detail().to_ascii_lowercase();
    ["has expired", "is expired", "token expired"].iter().any(|words| detail.contains(words))
}

fn about_filter(answer: &ErrorAnswer) -> bool {
    answer.body.scim_type == Some(ScimType::InvalidFilter) || answer.detail().to_ascii_lowercase().contains("filter")
}

#[cfg(test)]
mod tests;

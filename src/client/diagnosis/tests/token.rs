//! The explanations of OAuth's failures.

use super::*;
use crate::client::jwt::jwt;
use crate::client::{OAuth, TokenFailure, TokenRefusal, UnusableToken};
use crate::scim::TokenEndpoint;

fn refused(status: u16, kind: BodyKind, error: Option<&str>, aadsts: Option<u64>) -> TokenFailure {
    let error = error.map(str::to_owned);
    TokenFailure::Refused(TokenRefusal { status, kind, error, description: None, aadsts, retry_after: None })
}

/// Each failure of a token endpoint with its verdict.
pub(super) fn table() -> Vec<(TokenFailure, Verdict)> {
    use BodyKind::{Empty, Html, Json, Text};
    let transport = |kind| TokenFailure::Transport { kind, message: "x".into() };
    let error = |error, aadsts| refused(400, Json, Some(error), aadsts);
    let unusable = |what| TokenFailure::Unusable { status: 200, what };
    vec![
        (transport(TransportKind::Dns), Verdict::TokenEndpointUnknownHost),
        (transport(TransportKind::Refused), Verdict::TokenEndpointRefused),
        (transport(TransportKind::ConnectTimeout), Verdict::TokenEndpointConnectTimeout),
        (transport(TransportKind::Timeout), Verdict::TokenEndpointTimeout),
        (transport(TransportKind::Reset), Verdict::TokenEndpointLost),
        (transport(TransportKind::Proxy), Verdict::TokenEndpointProxy),
        (transport(TransportKind::Other), Verdict::TokenEndpointUnreachable),
        (transport(TransportKind::Tls(TlsProblem::Expired)), Verdict::TokenEndpointCertificateDate),
        (transport(TransportKind::Tls(TlsProblem::NotYetValid)), Verdict::TokenEndpointCertificateDate),
        (transport(TransportKind::Tls(TlsProblem::UnknownIssuer)), Verdict::TokenEndpointCertificateIssuer),
        (transport(TransportKind::Tls(TlsProblem::WrongName)), Verdict::TokenEndpointCertificateName),
        (transport(TransportKind::Tls(TlsProblem::Version)), Verdict::TokenEndpointTls),
        (transport(TransportKind::Tls(TlsProblem::NotTls)), Verdict::TokenEndpointTls),
        (TokenFailure::Redirect { status: 302, location: "/login".into() }, Verdict::TokenEndpointRedirected),
        (refused(404, Html, None, None), Verdict::TokenEndpointNotFound),
        (refused(405, Empty, None, None), Verdict::TokenEndpointNotFound),
        (refused(403, Html, None, None), Verdict::TokenEndpointWebPage),
        (refused(401, Empty, None, None), Verdict::TokenEndpointBlocked),
        (refused(403, Text, None, None), Verdict::TokenEndpointBlocked),
        (refused(407, Text, None, None), Verdict::TokenEndpointProxy),
        (refused(408, Text, None, None), Verdict::TokenEndpointTimeout),
        (refused(429, Html, None, None), Verdict::TokenEndpointThrottled),
        (refused(500, Html, None, None), Verdict::TokenEndpointServerError),
        (refused(503, Json, Some("temporarily_unavailable"), None), Verdict::TokenEndpointServerError),
        (refused(400, Json, None, None), Verdict::TokenEndpointOtherStatus),
        (error("invalid_client", None), Verdict::InvalidClient),
        (refused(401, Json, Some("invalid_client"), Some(7_000_215)), Verdict::ClientSecretWrong),
        (refused(401, Json, Some("invalid_client"), Some(7_000_222)), Verdict::ClientSecretExpired),
        (error("unauthorized_client", Some(700_016)), Verdict::ClientUnknown),
        (error("invalid_request", Some(90_002)), Verdict::TenantUnknown),
        (error("invalid_request", Some(900_023)), Verdict::TenantUnknown),
        (error("unauthorized_client", None), Verdict::UnauthorizedClient),
        (error("invalid_scope", None), Verdict::InvalidScope),
        (error("invalid_scope", Some(70_011)), Verdict::ScopeWithoutDefault),
        (error("invalid_scope", Some(1_002_012)), Verdict::ScopeWithoutDefault),
        (error("invalid_resource", Some(500_011)), Verdict::ResourceUnknown),
        (error("invalid_target", None), Verdict::ResourceUnknown),
        (error("unsupported_grant_type", None), Verdict::UnsupportedGrantType),
        (error("invalid_request", Some(900_144)), Verdict::InvalidTokenRequest),
        (error("access_denied", None), Verdict::TokenRefused),
        (unusable(UnusableToken::Html), Verdict::TokenEndpointWebPage),
        (unusable(UnusableToken::NotJson), Verdict::TokenEndpointNotJson),
        (unusable(UnusableToken::TooLarge), Verdict::TokenEndpointNotJson),
        (unusable(UnusableToken::Missing), Verdict::NoAccessToken),
        (unusable(UnusableToken::NotBearer("mac".into())), Verdict::NotBearerToken),
        (unusable(UnusableToken::Unsendable), Verdict::NotBearerToken),
        (unusable(UnusableToken::RanOut("0".into())), Verdict::TokenRanOut),
    ]
}

fn granted(status: u16) -> Failure {
    Failure::Status(Box::new(ErrorAnswer {
        status,
        kind: BodyKind::Empty,
        body: ErrorBody::default(),
        granted: true,
        retry_after: None,
    }))
}

/// What the target says to an access token is another matter than what it says to a lasting one.
pub(super) fn of_the_target() -> Vec<(Failure, Verdict)> {
    vec![
        (granted(401), Verdict::AccessTokenRefused),
        (granted(403), Verdict::AccessTokenForbidden),
        (granted(500), Verdict::ServerError),
    ]
}

/// A test of the connection to a target that gives this answer, with a token endpoint that gives those.
async fn tested(tokens: &[String], status: u16, body: &str) -> ConnectionReport {
    let endpoint = Stub::start(tokens.iter().map(|token| answer(200, &[], token)).collect());
    let target = Stub::start((0..2).map(|_| answer(status, &[], body)).collect());
    let url = TokenEndpoint::parse(&format!("http://127.0.0.1:{}/token", endpoint.port), false).unwrap();
    report(&target, |options| options.credentials = OAuth::new(url, "id", "s3cret").into()).await
}

fn body(token: &str) -> String {
    format!("{{\"access_token\":\"{token}\",\"token_type\":\"Bearer\",\"expires_in\":3600}}")
}

#[tokio::test]
async fn a_good_connection_shows_both_exchanges() {
    let report = tested(&[body("acc3ss")], 200, EMPTY_LIST).await;
    assert!(report.is_good() && report.warnings.is_empty(), "{:?}", report.warnings);
    assert_eq!((report.token_exchanges.len(), report.exchanges.len()), (1, 1));
    let shown = format!("{report:?}");
    assert!(!shown.contains("acc3ss") && !shown.contains("s3cret"), "{shown}");
    assert!(shown.contains("client_secret=[secret]") && shown.contains(r#"\"access_token\":\"[secret]\""#), "{shown}");
}

#[tokio::test]
async fn a_token_that_is_gained_and_refused() {
    let early = clock().now().as_second() - 60;
    let elsewhere = jwt(r#"{"aud":"https://other.example"}"#);
    let over = jwt(&format!("{{\"exp\":{early},\"aud\":\"x\"}}"));
    for (token, status, expected, warning, asked) in [
        ("opaque", 401, Verdict::AccessTokenRefused, None, 2),
        (elsewhere.as_str(), 401, Verdict::AccessTokenRefused, Some("isn't the host of the tenant URL"), 2),
        (elsewhere.as_str(), 403, Verdict::AccessTokenForbidden, Some("isn't the host of the tenant URL"), 1),
        (elsewhere.as_str(), 500, Verdict::ServerError, None, 1),
        (over.as_str(), 401, Verdict::AccessTokenOutOfTime, Some("is a JWT that ran out at"), 2),
    ] {
        let report = tested(&[body(token), body(token)], status, "").await;
        assert_eq!((report.verdict, report.token_exchanges.len()), (expected, asked), "{token} {status}");
        assert_eq!(report.warnings.len(), usize::from(warning.is_some()), "{:?}", report.warnings);
        assert!(warning.is_none_or(|part| report.warnings[0].contains(part)), "{:?}", report.warnings);
    }
}

#[tokio::test]
async fn without_a_token_nothing_is_sent() {
    let refusal = r#"{"error":"invalid_client","error_description":"AADSTS7000222: expired","error_codes":[7000222]}"#;
    let report = tested(&[refusal.to_owned()], 200, EMPTY_LIST).await;
    assert_eq!(report.verdict, Verdict::ClientSecretExpired);
    assert_eq!((report.token_exchanges.len(), report.exchanges.len()), (1, 0));
    assert_eq!(report.token_exchanges[0].answer, refusal);
    assert_eq!(report.error_code(), Some("SystemForCrossDomainIdentityManagementInvalidCredentials"));
}

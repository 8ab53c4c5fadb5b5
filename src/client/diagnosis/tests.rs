mod token;

use std::collections::BTreeSet;

use super::*;
use crate::base::Timestamp;
use crate::client::stub::{Stub, answer, clock};
use crate::client::{ClientOptions, Token};
use crate::scim::{ErrorBody, TenantUrl};

fn status(status: u16, kind: BodyKind, scim_type: Option<ScimType>, detail: &str) -> Failure {
    Failure::Status(Box::new(ErrorAnswer {
        status,
        kind,
        body: ErrorBody::new(status, scim_type, detail),
        granted: false,
        retry_after: None,
    }))
}

fn unexpected(what: Unexpected) -> Failure {
    Failure::Unexpected { status: 200, what, excerpt: String::new() }
}

fn redirect(why: Refusal) -> Failure {
    unexpected(Unexpected::Redirect { location: "https://h.example/".into(), why })
}

#[test]
fn each_failure_has_its_verdict() {
    use BodyKind::{Empty, Html, Json, Scim, Text};
    let mut seen = BTreeSet::from([judge(Ok(()), &[]).code()]);
    let transport = |kind| Failure::Transport { kind, message: "x".into() };
    for (failure, expected) in [
        (transport(TransportKind::Dns), Verdict::UnknownHost),
        (transport(TransportKind::Refused), Verdict::Refused),
        (transport(TransportKind::ConnectTimeout), Verdict::ConnectTimeout),
        (transport(TransportKind::Timeout), Verdict::Timeout),
        (transport(TransportKind::Reset), Verdict::ConnectionLost),
        (transport(TransportKind::Proxy), Verdict::Proxy),
        (transport(TransportKind::Other), Verdict::Unreachable),
        (transport(TransportKind::Tls(TlsProblem::Expired)), Verdict::CertificateExpired),
        (transport(TransportKind::Tls(TlsProblem::NotYetValid)), Verdict::CertificateNotYetValid),
        (transport(TransportKind::Tls(TlsProblem::UnknownIssuer)), Verdict::CertificateUnknownIssuer),
        (transport(TransportKind::Tls(TlsProblem::WrongName)), Verdict::CertificateWrongName),
        (transport(TransportKind::Tls(TlsProblem::Version)), Verdict::TlsVersion),
        (transport(TransportKind::Tls(TlsProblem::NotTls)), Verdict::NotTls),
        (transport(TransportKind::Tls(TlsProblem::Other)), Verdict::Tls),
        (status(400, Scim, Some(ScimType::InvalidFilter), "no"), Verdict::FilterRefused),
        (status(400, Text, None, "Filter not supported"), Verdict::FilterRefused),
        (status(400, Scim, None, "no"), Verdict::BadRequest),
        (status(401, Empty, None, ""), Verdict::Unauthorized),
        (status(403, Scim, None, "admins only"), Verdict::Forbidden),
        (status(403, Empty, None, ""), Verdict::Forbidden),
        (status(403, Html, None, "Blocked"), Verdict::Blocked),
        (status(404, Scim, None, "no such user"), Verdict::EmptyIsNotFound),
        (status(404, Html, None, "Not Found"), Verdict::WrongTenantUrl),
        (status(404, Json, None, "Cannot GET"), Verdict::WrongTenantUrl),
        (status(404, Text, None, "404 page not found"), Verdict::WrongTenantUrl),
        (status(401, Scim, None, "The bearer token has expired"), Verdict::TokenExpired),
        (status(405, Empty, None, ""), Verdict::MethodNotAllowed),
        (status(406, Empty, None, ""), Verdict::MediaType),
        (status(415, Empty, None, ""), Verdict::MediaType),
        (status(429, Empty, None, ""), Verdict::TooManyRequests),
        (status(500, Text, None, "boom"), Verdict::ServerError),
        (status(501, Scim, None, ""), Verdict::NotImplemented),
        (status(503, Html, None, ""), Verdict::ServerError),
        (status(418, Empty, None, ""), Verdict::OtherStatus),
        (unexpected(Unexpected::Html), Verdict::WebPage),
        (unexpected(Unexpected::Empty), Verdict::EmptyAnswer),
        (unexpected(Unexpected::NotAList), Verdict::NotListResponse),
        (unexpected(Unexpected::ErrorBody), Verdict::NotListResponse),
        (unexpected(Unexpected::FilterIgnored { total: 9 }), Verdict::FilterIgnored),
        (redirect(Refusal::ToHttps), Verdict::RedirectToHttps),
        (redirect(Refusal::OtherOrigin), Verdict::Redirected),
        (redirect(Refusal::TooMany), Verdict::Redirected),
        (Failure::Payload { status: 200, message: "x".into(), excerpt: "{".into() }, Verdict::NotJson),
    ] {
        assert_eq!(judge(Err(&failure), &[]), expected, "{failure}");
        seen.insert(expected.code());
    }
    let expired = TokenWarning::Expired { at: Timestamp::UNIX_EPOCH };
    let unauthorized = status(401, Empty, None, "");
    for (token, expected) in [
        (vec![TokenWarning::BearerPrefix, TokenWarning::Blanks], Verdict::DoubledBearer),
        (vec![expired.clone()], Verdict::TokenExpired),
        (vec![TokenWarning::Blanks], Verdict::TokenMangled),
        (vec![TokenWarning::Quoted], Verdict::TokenMangled),
        (vec![TokenWarning::TooLong { bytes: 2000 }], Verdict::Unauthorized),
    ] {
        assert_eq!(judge(Err(&unauthorized), &token), expected, "{token:?}");
        seen.insert(expected.code());
    }
    // What is odd about a token explains nothing but a 401.
    assert_eq!(judge(Err(&status(500, Empty, None, "")), &[expired]), Verdict::ServerError);
    let of_tokens = token::table().into_iter().map(|(failure, verdict)| (Failure::Token(Box::new(failure)), verdict));
    for (failure, expected) in of_tokens.chain(token::of_the_target()) {
        assert_eq!(judge(Err(&failure), &[]), expected, "{failure}");
        seen.insert(expected.code());
    }
    // This one takes the token itself to tell.
    seen.insert(Verdict::AccessTokenOutOfTime.code());
    assert_eq!(seen.len(), Verdict::ALL.len(), "a verdict is never given, or two share a code");
}

#[test]
fn every_verdict_says_what_to_do() {
    for verdict in Verdict::ALL {
        let (code, title) = (verdict.code(), verdict.title());
        assert!(code.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{code}");
        assert!(!title.is_empty() && !title.ends_with('.'), "{code}");
        assert!(verdict.explanation().ends_with('.'), "{code}");
        assert_eq!(verdict.remedy().is_empty(), *verdict == Verdict::Good, "{code}");
    }
    let explanations: BTreeSet<_> = Verdict::ALL.iter().map(|verdict| verdict.explanation()).collect();
    assert_eq!(explanations.len(), Verdict::ALL.len());
    let credentials: Vec<_> = Verdict::ALL.iter().filter(|verdict| verdict.is_credentials()).collect();
    assert_eq!(credentials.len(), 13);
}

const EMPTY_LIST: &str = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0}"#;

async fn report(stub: &Stub, change: impl FnOnce(&mut ClientOptions)) -> ConnectionReport {
    let mut options = stub.options();
    change(&mut options);
    let client = Client::http(options, clock()).unwrap();
    test_connection(&client, "userName", Uuid::from_u128(7)).await
}

#[tokio::test]
async fn a_good_connection() {
    let stub = Stub::start(vec![answer(200, &[], EMPTY_LIST)]);
    let report = report(&stub, |_| ()).await;
    assert!(report.is_good() && report.warnings.is_empty() && report.error_code().is_none());
    let path = "/Users?filter=userName+eq+%2200000000-0000-0000-0000-000000000007%22";
    assert_eq!(report.exchanges[0].request.path, path);
}

#[tokio::test]
async fn suspicious_settings_are_named_even_when_it_works() {
    let stub = Stub::start(vec![answer(307, &["Location: /scim/Users/"], ""), answer(200, &[], EMPTY_LIST)]);
    let port = stub.port;
    let report = report(&stub, |options| {
        let url = format!("http://127.0.0.1:{port}/scim?AzureAdScimPatch062020");
        options.tenant_url = TenantUrl::parse(&url, false).unwrap();
        options.credentials = Token::from_text("Bearer abc").unwrap().into();
    })
    .await;
    assert!(report.is_good());
    let expected = ["begins with `Bearer `", "did you mean `aadOptscim062020`?", "the target redirects"];
    assert_eq!(report.warnings.len(), expected.len());
    for (warning, part) in report.warnings.iter().zip(expected) {
        assert!(warning.contains(part) && !warning.ends_with('.'), "{warning}");
    }
}

#[tokio::test]
async fn a_doubled_bearer_is_found() {
    let stub = Stub::start(vec![answer(401, &[], "")]);
    let report = report(&stub, |options| options.credentials = Token::from_text("Bearer abc").unwrap().into()).await;
    assert_eq!((report.verdict, report.is_good()), (Verdict::DoubledBearer, false));
    assert_eq!(report.error_code(), Some("SystemForCrossDomainIdentityManagementInvalidCredentials"));
    assert!(stub.requests()[0].contains("authorization: Bearer Bearer abc\r\n"));
}

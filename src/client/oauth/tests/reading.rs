//! Answers of token endpoints in every shape.

use super::*;
use crate::base::{Secret, SignedDuration};
use crate::client::answer::RawAnswer;
use crate::client::jwt::jwt;
use crate::client::oauth::answer::{Reading, read};
use crate::client::oauth::grant::{Grant, Granted};
use crate::client::{BodyKind, TokenRefusal, UnusableToken};
use crate::scim::Needles;

fn reading(status: u16, content_type: Option<&str>, body: &str) -> Reading {
    let raw = RawAnswer {
        status,
        content_type: content_type.map(str::to_owned),
        body: body.as_bytes().to_vec(),
        ..RawAnswer::default()
    };
    read(&raw, clock().now(), &[&Needles::new(&[Secret::new("s3cret")])])
}

#[test]
fn tokens_in_many_shapes() {
    let hour = Some(SignedDuration::from_hours(1));
    for (body, token, lifetime, has_type) in [
        (r#"{"access_token":"t","token_type":"Bearer","expires_in":3600}"#, "t", hour, true),
        (r#"{"access_token":"t","token_type":"bearer","expires_in":"3600"}"#, "t", hour, true),
        (
            r#"{"access_token":"t","token_type":" BEARER ","expires_in":3600.9}"#,
            "t",
            Some(SignedDuration::new(3600, 900_000_000)),
            true,
        ),
        ("\u{feff} {\"Access_Token\":\"t\",\"Token_Type\":\"BeArEr\",\"Expires_In\":\" 3600 \"}\r\n", "t", hour, true),
        (r#"{"access_token":"t","expires_in":3600,"error":null}"#, "t", hour, false),
        (r#"{"access_token":"t","token_type":null,"expires_in":null}"#, "t", None, false),
        (r#"{"access_token":"t","token_type":"","expires_in":"soon"}"#, "t", None, false),
        (r#"{"access_token":"t","expires_in":"NaN","scope":"a b"}"#, "t", None, false),
        (r#"{"access_token":"t","expires_in":1e300}"#, "t", Some(SignedDuration::from_secs(100 * 365 * 86_400)), false),
    ] {
        let granted = reading(200, None, body).result.unwrap();
        let Granted { token: read, lifetime: time, has_type: typed, .. } = &granted;
        assert_eq!((read.expose(), *time, *typed), (token, lifetime, has_type), "{body}");
    }
}

#[test]
fn answers_that_give_no_token() {
    use UnusableToken::{Html, Missing, NotBearer, NotJson, RanOut};
    for (content_type, body, expected) in [
        (None, "{}", Missing),
        (None, r#"{"access_token":""}"#, Missing),
        (None, r#"{"access_token":7}"#, Missing),
        (None, r#"{"token":"eyJ0"}"#, Missing),
        (None, r#"{"access_token":"t","token_type":"mac"}"#, NotBearer("mac".into())),
        (None, r#"{"access_token":"t","token_type":"DPoP"}"#, NotBearer("DPoP".into())),
        (None, r#"{"access_token":"t","expires_in":0}"#, RanOut("0".into())),
        (None, r#"{"access_token":"t","expires_in":"-1"}"#, RanOut("-1".into())),
        (None, "", NotJson),
        (None, "[]", NotJson),
        (None, "access_token=t&token_type=bearer", NotJson),
        (Some("text/html"), "Sign in", Html),
        (None, "<!DOCTYPE html><title>Sign in</title>", Html),
    ] {
        let result = reading(200, content_type, body).result;
        assert_eq!(result.unwrap_err(), TokenFailure::Unusable { status: 200, what: expected }, "{body}");
    }
}

#[test]
fn a_token_that_no_header_can_hold() {
    for token in ["a\\nb", "a\\u0000", "ü\\r\\n"] {
        let granted = reading(200, None, &format!("{{\"access_token\":\"{token}\"}}")).result.unwrap();
        assert_eq!(Grant::new(granted, clock().now()).unwrap_err(), UnusableToken::Unsendable, "{token}");
    }
}

#[test]
fn errors_of_oauth_and_others() {
    let text = |text: &str| Some(text.to_owned());
    for (status, body, kind, error, description, aadsts) in [
        (401, r#"{"error":"invalid_client"}"#, BodyKind::Json, text("invalid_client"), None, None),
        // Some endpoints think nothing of a status.
        (
            200,
            r#"{"error":"invalid_client","error_description":"no"}"#,
            BodyKind::Json,
            text("invalid_client"),
            text("no"),
            None,
        ),
        (
            401,
            r#"{"error":"invalid_client","error_description":"AADSTS7000222: The provided client secret keys for app '1' are expired.\r\nTrace ID: x\r\nTimestamp: y","error_codes":[7000222]}"#,
            BodyKind::Json,
            text("invalid_client"),
            text("AADSTS7000222: The provided client secret keys for app '1' are expired."),
            Some(7_000_222),
        ),
        (
            400,
            r#"{"error":"invalid_request","error_description":"AADSTS90002: Tenant 'x' not found. Trace ID: x Correlation ID: y"}"#,
            BodyKind::Json,
            text("invalid_request"),
            text("AADSTS90002: Tenant 'x' not found."),
            Some(90_002),
        ),
        (
            400,
            r#"{"error":{"code":400,"message":"no such client"}}"#,
            BodyKind::Json,
            None,
            text("no such client"),
            None,
        ),
        (400, r#"{"message":"secret s3cret"}"#, BodyKind::Json, None, text("secret [secret]"), None),
        (
            403,
            "<html><title>Blocked</title></html>",
            BodyKind::Html,
            None,
            text("an HTML page titled \"Blocked\""),
            None,
        ),
        (500, "boom\nbang", BodyKind::Text, None, text("boom bang"), None),
        (502, "", BodyKind::Empty, None, None, None),
    ] {
        let refusal = TokenRefusal { status, kind, error, description, aadsts, retry_after: None };
        assert_eq!(reading(status, None, body).result.unwrap_err(), TokenFailure::Refused(refusal), "{body}");
    }
}

#[test]
fn a_secret_that_is_a_word_hides_no_error() {
    let raw = RawAnswer {
        status: 401,
        body: br#"{"error":"invalid_client","error_description":"bad client"}"#.to_vec(),
        ..RawAnswer::default()
    };
    let reading = read(&raw, clock().now(), &[&Needles::new(&[Secret::new("client")])]);
    let Err(TokenFailure::Refused(refusal)) = reading.result else { panic!("it is refused") };
    assert_eq!(
        (refusal.error.as_deref(), refusal.description.as_deref()),
        (Some("invalid_client"), Some("bad [secret]"))
    );
}

#[test]
fn nothing_that_may_be_a_token_is_shown() {
    for (status, body, expected) in [
        (
            200,
            r#"{"token_type":"Bearer","access_token":"t0","refresh_token":"t1","id_token":"t2","expires_in":9}"#,
            r#"{"token_type":"Bearer","access_token":"[secret]","refresh_token":"[secret]","id_token":"[secret]","expires_in":9}"#,
        ),
        (
            200,
            r#"{"data":{"AccessToken":{"value":"t0"}},"ok":true}"#,
            r#"{"data":{"AccessToken":{"value":"[secret]"}},"ok":true}"#,
        ),
        (200, r#"{"tokens":["t0"],"client_secret":"x"}"#, r#"{"tokens":["[secret]"],"client_secret":"[secret]"}"#),
        (200, "access_token=t0", "(15 bytes, not JSON)"),
        (200, "\"t0k3n\"", "\"[secret]\""),
        (200, r#"[{"a":"t0"},7]"#, r#"[{"a":"[secret]"},7]"#),
        (400, "\"no such client\"", "\"no such client\""),
        (200, "<html><title>Sign in</title>t0", "an HTML page titled \"Sign in\""),
        (400, r#"{"error":"invalid_client","hint":"s3cret?"}"#, r#"{"error":"invalid_client","hint":"[secret]?"}"#),
        (500, "boom\n\u{1b}[2Js3cret", "boom  [2J[secret]"),
        (200, "", ""),
    ] {
        assert_eq!(reading(status, None, body).shown, expected, "{body}");
    }
}

#[test]
fn what_is_odd_about_a_token_is_told() {
    let now = clock().now();
    let at = |seconds: i64| now.as_second() + seconds;
    let members = |members: &str| format!("\"token_type\":\"Bearer\",\"expires_in\":3599{members}");
    for (token, rest, asked_scope, expected) in [
        ("t".to_owned(), members(""), Some("a"), vec![]),
        ("t".to_owned(), members(",\"scope\":\"b a\""), Some("a b"), vec![]),
        ("t".to_owned(), members(",\"scope\":\"a\""), Some("a b c"), vec!["didn't grant the scope `b c`"]),
        ("t".to_owned(), members(",\"scope\":\"x/Users.All\""), Some("x/.default"), vec![]),
        ("t".to_owned(), "\"expires_in\":3600".to_owned(), None, vec!["gives no `token_type`"]),
        ("t".to_owned(), "\"token_type\":\"Bearer\"".to_owned(), None, vec!["doesn't say how long"]),
        ("t".to_owned(), "\"token_type\":\"Bearer\",\"expires_in\":300".to_owned(), None, vec!["lasts 300 seconds"]),
        (
            "t".to_owned(),
            "\"token_type\":\"Bearer\",\"expires_in\":86400".to_owned(),
            None,
            vec!["lasts 86400 seconds"],
        ),
        ("t".to_owned(), "\"token_type\":\"Bearer\",\"expires_in\":21600".to_owned(), None, vec![]),
        (jwt(&format!("{{\"exp\":{},\"nbf\":{}}}", at(3600), at(30))), members(""), None, vec![]),
        (jwt(&format!("{{\"exp\":{}}}", at(-60))), members(""), None, vec!["ran out at 2026-03-01T09:59:00Z"]),
        (jwt(&format!("{{\"nbf\":{}}}", at(600))), members(""), None, vec!["is valid only from 2026-03-01T10:10:00Z"]),
    ] {
        let granted = reading(200, None, &format!("{{\"access_token\":\"{token}\",{rest}}}")).result.unwrap();
        let warnings = Grant::new(granted, now).unwrap().warnings(asked_scope, now);
        assert_eq!(warnings.len(), expected.len(), "{rest}: {warnings:?}");
        for (warning, part) in warnings.iter().zip(expected) {
            assert!(warning.contains(part) && !warning.ends_with('.') && !warning.contains("  "), "{warning}");
        }
    }
}

#[test]
fn audiences_are_hints() {
    let tenant_url = TenantUrl::parse("https://api.wedo.example/scim/v2", false).unwrap();
    for (claims, expected) in [
        ("{}", None),
        (r#"{"aud":"api://wedo"}"#, Some("check that this is what the target calls itself")),
        (r#"{"aud":"https://api.wedo.example/"}"#, Some("check that this is")),
        (r#"{"aud":["https://other.example"]}"#, Some("isn't the host of the tenant URL")),
        (r#"{"aud":["https://other.example","wedo"]}"#, Some("`https://other.example`, `wedo`")),
        (r#"{"aud":"00000003-0000-0000-c000-000000000000"}"#, Some("is for Microsoft Graph")),
        (r#"{"aud":"https://graph.microsoft.com"}"#, Some("is for Microsoft Graph")),
    ] {
        let granted = reading(200, None, &format!("{{\"access_token\":\"{}\"}}", jwt(claims))).result.unwrap();
        let hint = Grant::new(granted, clock().now()).unwrap().audience_hint(&tenant_url);
        match (&hint, expected) {
            (None, None) => {}
            (Some(hint), Some(part)) => assert!(hint.contains(part), "{hint}"),
            _ => panic!("{claims}: {hint:?}"),
        }
    }
}

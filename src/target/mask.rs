//! Takes the secrets out of what those who watch are shown.

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, PROXY_AUTHORIZATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName};
use serde_json::Value;

use super::TOKEN_PATH;
use crate::scim::{Content, HttpExchange};

const MASK: &str = "[secret]";

/// Headers whose values are never shown.
const SECRET: [HeaderName; 4] = [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE, SET_COOKIE];

/// Schemes of credentials; another word in their place may be a token without one.
const SCHEMES: [&str; 4] = ["Bearer", "Basic", "Digest", "Negotiate"];

/// Parameters of a URL that are secrets, wherever they shouldn't have been put.
const SECRET_PARAMETERS: [&str; 7] =
    ["access_token", "client_assertion", "client_secret", "code", "password", "refresh_token", "token"];

/// Fields of a form that are none.
const SHOWN_FIELDS: [&str; 4] = ["client_id", "grant_type", "scope", "token_type"];

/// Headers as they may be shown.
pub(super) fn headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |name: &HeaderName, value: &[u8]| {
        let value = String::from_utf8_lossy(value);
        if !SECRET.contains(name) {
            return value.into_owned();
        }
        // the scheme tells what kind of credentials were sent
        let scheme = value.split_once(' ').map(|(scheme, _)| scheme);
        let scheme = scheme.filter(|scheme| SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(scheme)));
        scheme.map_or_else(|| MASK.to_owned(), |scheme| format!("{scheme} {MASK}"))
    };
    headers.iter().map(|(name, value)| (name.to_string(), text(name, value.as_bytes()))).collect()
}

/// Masks what is left in an exchange whose headers were taken with [`headers`].
pub(super) fn exchange(exchange: &mut HttpExchange) {
    if let Some((path, query)) = exchange.target.split_once('?') {
        let query = pairs(query, |name| !SECRET_PARAMETERS.iter().any(|secret| secret.eq_ignore_ascii_case(name)));
        exchange.target = format!("{path}?{query}");
    }
    let is_token_endpoint = exchange.target.split('?').next() == Some(TOKEN_PATH);
    let kind = exchange.request_headers.iter().find(|(name, _)| *name == CONTENT_TYPE.as_str());
    let is_form =
        kind.is_some_and(|(_, kind)| kind.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded"));
    if is_form {
        let form = String::from_utf8_lossy(&exchange.request_body.bytes);
        let form = pairs(&form, |name| SHOWN_FIELDS.contains(&name));
        exchange.request_body = Content::from(form.as_bytes());
    } else if is_token_endpoint && exchange.request_body.length > 0 {
        exchange.request_body = Content::from(MASK.as_bytes());
    }
    if is_token_endpoint && let Ok(Value::Object(mut answer)) = serde_json::from_slice(&exchange.response_body.bytes) {
        for name in ["access_token", "refresh_token"] {
            if let Some(token) = answer.get_mut(name) {
                *token = MASK.into();
            }
        }
        exchange.response_body = Content::from(Value::Object(answer).to_string().as_bytes());
    }
}

/// The pairs of a query or form, the values that aren't shown masked.
fn pairs(text: &str, is_shown: impl Fn(&str) -> bool) -> String {
    let pair = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if !is_shown(name) => format!("{name}={MASK}"),
        // a form without names may be a bare secret
        None if !pair.is_empty() && !is_shown(pair) => MASK.to_owned(),
        _ => pair.to_owned(),
    };
    text.split('&').map(pair).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(target: &str, kind: &str, body: &str, expected: (&str, &str)) {
        let mut seen = HttpExchange {
            target: target.to_owned(),
            request_headers: vec![("content-type".to_owned(), kind.to_owned())],
            request_body: Content::from(body.as_bytes()),
            ..HttpExchange::default()
        };
        exchange(&mut seen);
        let body = String::from_utf8(seen.request_body.bytes.clone()).unwrap();
        assert_eq!((seen.target.as_str(), body.as_str()), expected);
        assert!(!seen.request_body.is_cut());
    }

    #[test]
    fn urls_and_forms_keep_what_is_no_secret() {
        const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";
        let scim = "application/scim+json";
        check(
            "/scim/v2/Users?filter=a%20eq%201&count=1",
            scim,
            "{}",
            ("/scim/v2/Users?filter=a%20eq%201&count=1", "{}"),
        );
        check("/Users?Access_Token=s3cret&count=1", scim, "", ("/Users?Access_Token=[secret]&count=1", ""));
        let form = "grant_type=client_credentials&client_id=a&client_secret=s3cret&scope=b&odd=s3cret";
        let masked = "grant_type=client_credentials&client_id=a&client_secret=[secret]&scope=b&odd=[secret]";
        check("/oauth/token", FORM, form, ("/oauth/token", masked));
        // where the token endpoint isn't, but somebody thinks it is
        check("/token", FORM, form, ("/token", masked));
        check("/oauth/token", FORM, "s3cret", ("/oauth/token", "[secret]"));
        check("/oauth/token", "application/json", "{\"client_secret\":\"s3cret\"}", ("/oauth/token", "[secret]"));
    }

    #[test]
    fn a_token_that_was_given_is_masked() {
        let mut seen = HttpExchange {
            target: TOKEN_PATH.to_owned(),
            response_body: Content::from(br#"{"access_token":"s3cret","expires_in":3600}"#.as_slice()),
            ..HttpExchange::default()
        };
        exchange(&mut seen);
        assert_eq!(seen.response_body.bytes, br#"{"access_token":"[secret]","expires_in":3600}"#);
    }

    #[test]
    fn a_header_tells_no_more_than_its_scheme() {
        let mut given = HeaderMap::new();
        for (value, expected) in [("Bearer s3cret", "Bearer [secret]"), ("s3cret", "[secret]"), ("s3 cret", "[secret]")]
        {
            given.insert(AUTHORIZATION, value.parse().unwrap());
            assert_eq!(headers(&given), [("authorization".to_owned(), expected.to_owned())]);
        }
    }
}

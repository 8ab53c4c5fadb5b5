//! What a token says about itself where it is a JWT (RFC 7519). Signatures aren't looked at: these are hints for people.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::base::Timestamp;

/// The claims of a JWT that a token of somebody else's may be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Claims {
    /// `exp`: from then on it isn't accepted any more.
    pub(super) expires: Option<Timestamp>,
    /// `nbf`: not before.
    pub(super) begins: Option<Timestamp>,
    /// `aud`: for whom it is.
    pub(super) audience: Vec<String>,
}

/// The claims of a JWT; `None` for anything else.
pub(super) fn claims(token: &str) -> Option<Claims> {
    let mut parts = token.split('.');
    let (_, payload, _, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else { return None };
    let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    let claims: Map<String, Value> = serde_json::from_slice(&payload).ok()?;
    let audience = match claims.get("aud") {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(many)) => many.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    };
    Some(Claims { expires: instant(&claims, "exp"), begins: instant(&claims, "nbf"), audience })
}

fn instant(claims: &Map<String, Value>, name: &str) -> Option<Timestamp> {
    let seconds = claims.get(name)?;
    #[expect(clippy::cast_possible_truncation, reason = "a fraction of a second doesn't matter")]
    let seconds = seconds.as_i64().or_else(|| seconds.as_f64().map(|seconds| seconds as i64))?;
    Timestamp::from_second(seconds).ok()
}

/// A JWT with these claims and a signature of nobody, for tests.
#[cfg(test)]
pub(super) fn jwt(claims: &str) -> String {
    format!("eyJhbGciOiJub25lIn0.{}.c2ln", URL_SAFE_NO_PAD.encode(claims))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_read_and_anything_else_is_none() {
        let at = |second| Timestamp::from_second(second).ok();
        for (token, expected) in [
            (jwt("{}"), Some(Claims::default())),
            (
                jwt(r#"{"exp":1700000000.5,"nbf":1600000000,"aud":"api://x"}"#),
                Some(Claims {
                    expires: at(1_700_000_000),
                    begins: at(1_600_000_000),
                    audience: vec!["api://x".into()],
                }),
            ),
            (
                jwt(r#"{"aud":["a",1,"b"],"exp":"soon"}"#),
                Some(Claims { audience: vec!["a".into(), "b".into()], ..Claims::default() }),
            ),
            (jwt(r#"{"exp":9e99}"#), Some(Claims::default())),
            (jwt("[]"), None),
            (jwt("not json"), None),
            ("a.b".into(), None),
            ("a.b.c.d".into(), None),
            ("opaque".into(), None),
        ] {
            assert_eq!(claims(&token), expected, "{token}");
        }
    }
}

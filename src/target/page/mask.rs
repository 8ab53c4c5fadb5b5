//! Keeps secrets out of what the page shows of bodies and targets; headers are masked where they are noted.

use std::borrow::Cow;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::base::Secret;

/// What stands in a secret's place.
const MASK: &[u8] = b"[secret]";

/// Members of JSON objects and fields of forms whose values are never shown: RFC 6749, RFC 7643 section 4.1.1.
const KEYS: [&str; 5] = ["access_token", "refresh_token", "client_secret", "client_assertion", "password"];

/// The shortest beginning of a secret that is recognised where a text was cut.
const BEGINNING: usize = 8;

/// Known secrets, in the spellings in which they may turn up.
pub(super) struct Mask(Vec<Secret>);

impl Mask {
    pub(super) fn new(secrets: &[Secret]) -> Self {
        let mut known: Vec<Secret> = Vec::new();
        for secret in secrets.iter().filter(|secret| !secret.expose().is_empty()) {
            let encoded = utf8_percent_encode(secret.expose(), NON_ALPHANUMERIC).to_string();
            if encoded != secret.expose() {
                known.push(Secret::new(encoded));
            }
            known.push(secret.clone());
        }
        // of two that begin alike, the longer one is the one that is there
        known.sort_by_key(|secret| std::cmp::Reverse(secret.expose().len()));
        Self(known)
    }

    /// The bytes without secrets; `cut` says that the end of the text is missing.
    pub(super) fn hide<'b>(&self, bytes: &'b [u8], cut: bool) -> Cow<'b, [u8]> {
        let mut bytes = Cow::Borrowed(bytes);
        if let Some(hidden) = replaced(&bytes, &self.0) {
            bytes = Cow::Owned(hidden);
        }
        for secret in &self.0 {
            if cut && let Some(at) = beginning_at_the_end(&bytes, secret.expose().as_bytes()) {
                let length = bytes.len();
                bytes.to_mut().splice(at..length, MASK.iter().copied());
            }
        }
        for key in KEYS {
            if let Some(hidden) = without_values(&bytes, key) {
                bytes = Cow::Owned(hidden);
            }
        }
        bytes
    }

    /// A text without secrets.
    pub(super) fn hide_text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.hide(text.as_bytes(), false) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        }
    }
}

/// The bytes with the mask wherever a secret was; `None` where none was.
fn replaced(bytes: &[u8], secrets: &[Secret]) -> Option<Vec<u8>> {
    let (mut done, mut at) = (0, 0);
    let mut hidden: Option<Vec<u8>> = None;
    while at < bytes.len() {
        let here =
            secrets.iter().map(|secret| secret.expose().as_bytes()).find(|secret| bytes[at..].starts_with(secret));
        let Some(secret) = here else {
            at += 1;
            continue;
        };
        let hidden = hidden.get_or_insert_with(|| Vec::with_capacity(bytes.len()));
        hidden.extend_from_slice(&bytes[done..at]);
        hidden.extend_from_slice(MASK);
        at += secret.len();
        done = at;
    }
    let mut hidden = hidden?;
    hidden.extend_from_slice(&bytes[done..]);
    Some(hidden)
}

fn beginning_at_the_end(bytes: &[u8], secret: &[u8]) -> Option<usize> {
    let longest = secret.len().min(bytes.len());
    let length = (BEGINNING..=longest).rev().find(|length| bytes.ends_with(&secret[..*length]))?;
    Some(bytes.len() - length)
}

/// The bytes with the mask for every value of a key; `None` where there is none.
fn without_values(bytes: &[u8], key: &str) -> Option<Vec<u8>> {
    let mut done = 0;
    let mut hidden: Option<Vec<u8>> = None;
    while let Some(value) = next_value(bytes, key, done) {
        let hidden = hidden.get_or_insert_with(|| Vec::with_capacity(bytes.len()));
        hidden.extend_from_slice(&bytes[done..value.start]);
        hidden.extend_from_slice(MASK);
        done = value.end;
    }
    let mut hidden = hidden?;
    hidden.extend_from_slice(&bytes[done..]);
    Some(hidden)
}

/// Where the next value of a key lies: `"key": "value"`, or `key=value` in a form.
fn next_value(bytes: &[u8], key: &str, mut from: usize) -> Option<std::ops::Range<usize>> {
    let key = key.as_bytes();
    loop {
        let at = from + bytes.get(from..)?.windows(key.len()).position(|part| part.eq_ignore_ascii_case(key))?;
        from = at + key.len();
        let rest = bytes.get(from..)?;
        let start = if rest.starts_with(b"=") {
            from + 1
        } else if let Some(rest) = rest.strip_prefix(b"\"") {
            let Some(rest) = rest.trim_ascii_start().strip_prefix(b":") else { continue };
            let Some(rest) = rest.trim_ascii_start().strip_prefix(b"\"") else { continue };
            let start = bytes.len() - rest.len();
            return Some(start..start + end_of_string(rest));
        } else {
            continue;
        };
        let end = bytes[start..].iter().position(|byte| *byte == b'&' || byte.is_ascii_whitespace());
        return Some(start..end.map_or(bytes.len(), |end| start + end));
    }
}

fn end_of_string(bytes: &[u8]) -> usize {
    let mut escaped = false;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at,
            _ => {}
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_wherever_they_turn_up() {
        let mask = Mask::new(&[Secret::new("t0ken/with+signs"), Secret::new("")]);
        for (text, cut, expected) in [
            ("nothing to hide", false, "nothing to hide"),
            ("a t0ken/with+signs b t0ken/with+signs", false, "a [secret] b [secret]"),
            ("?t=t0ken%2Fwith%2Bsigns&x=1", false, "?t=[secret]&x=1"),
            ("cut in the middle t0ken/wit", true, "cut in the middle [secret]"),
            ("not cut, another text t0ken/wit", false, "not cut, another text t0ken/wit"),
            (
                r#"{"access_token" : "a\"b", "token_type":"x"}"#,
                false,
                r#"{"access_token" : "[secret]", "token_type":"x"}"#,
            ),
            (r#"{"Password":"geheim"}"#, false, r#"{"Password":"[secret]"}"#),
            (r#"{"password":null,"passwords":"no"}"#, false, r#"{"password":null,"passwords":"no"}"#),
            (r#"{"password":"cut off"#, true, r#"{"password":"[secret]"#),
            ("grant_type=x&client_secret=abc&scope=y", false, "grant_type=x&client_secret=[secret]&scope=y"),
            ("client_secret=abc", false, "client_secret=[secret]"),
        ] {
            assert_eq!(String::from_utf8_lossy(&mask.hide(text.as_bytes(), cut)), expected, "{text}");
        }
    }

    #[test]
    fn a_mask_that_holds_the_mask_ends() {
        let mask = Mask::new(&[Secret::new("e"), Secret::new("secret")]);
        assert_eq!(mask.hide_text("the secret").as_ref(), "th[secret] [secret]");
    }
}

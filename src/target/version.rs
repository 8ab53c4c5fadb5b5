//! Versions of resources as weak entity-tags, and what requests make depend on them (RFC 7644 section 3.14).

use std::fmt;

use axum::http::header::{IF_MATCH, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::Kind;
use super::answer::Problem;
use crate::base::Fingerprint;

/// The version of a resource. It follows from all that was ever kept of it, so that it changes with that and with nothing
/// else. It is kept with the resource, at its end: of a group not all is read to know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version(Fingerprint);

impl Version {
    /// Of a resource that takes the place of another version.
    pub(super) fn after(before: Option<Self>, text: &str, members: Option<&str>) -> Self {
        let mut version = Fingerprint::of(0, text.as_bytes());
        if let Some(members) = members {
            version = version.then(Fingerprint::of(0, members.as_bytes()));
        }
        Self(before.map_or(version, |before| before.0.then(version)))
    }

    /// Of a resource that shows something besides what is kept of it.
    pub(super) fn with(self, shown: &str) -> Self {
        Self(self.0.then(Fingerprint::of(0, shown.as_bytes())))
    }

    /// Appends the member of `meta` that tells it, after others.
    pub(super) fn write(self, text: &mut String) {
        text.push_str(OPEN);
        text.push_str(&self.opaque());
        text.push_str(CLOSE);
    }

    /// Reads what `write` appended to the end of a text, and what is before it.
    pub(super) fn split_off(text: &str) -> Option<(&str, Self)> {
        let rest = text.strip_suffix(CLOSE)?;
        let (rest, hex) = rest.split_at_checked(rest.len().checked_sub(16)?)?;
        let fingerprint = u64::from_str_radix(hex, 16).ok()?;
        Some((rest.strip_suffix(OPEN)?, Self(Fingerprint(fingerprint))))
    }

    /// As an `ETag`.
    pub(super) fn header(self) -> HeaderValue {
        HeaderValue::try_from(self.to_string()).expect("hex in quotes is a header value")
    }

    /// What stands between the quotes: hex.
    pub(super) fn opaque(self) -> String {
        format!("{:016x}", self.0.0)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "W/\"{}\"", self.opaque())
    }
}

const OPEN: &str = ",\"version\":\"W/\\\"";
const CLOSE: &str = "\\\"\"";

/// What a request makes depend on the version of a resource.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    if_match: Option<Tags>,
    if_none_match: Option<Tags>,
}

/// A list of entity-tags, without what says that they are weak: SCIM compares them all weakly.
#[derive(Debug, PartialEq, Eq)]
enum Tags {
    Any,
    Listed(Vec<String>),
}

impl Conditions {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        Self { if_match: tags(headers, &IF_MATCH), if_none_match: tags(headers, &IF_NONE_MATCH) }
    }

    /// Whether there are any.
    pub(super) fn is_empty(&self) -> bool {
        self.if_match.is_none() && self.if_none_match.is_none()
    }

    /// Refuses to change a resource that isn't as the client believes.
    pub(super) fn check_write(&self, kind: Kind, version: Version) -> Result<(), Problem> {
        self.check_match(kind, version)?;
        if self.if_none_match.as_ref().is_some_and(|tags| tags.have(version)) {
            return Err(failed(format!(
                "the {} has the version {version}, which `If-None-Match` rules out",
                kind.noun()
            )));
        }
        Ok(())
    }

    /// Whether the client has this version of a resource already.
    pub(super) fn check_read(&self, kind: Kind, version: Version) -> Result<bool, Problem> {
        self.check_match(kind, version)?;
        Ok(self.if_none_match.as_ref().is_some_and(|tags| tags.have(version)))
    }

    fn check_match(&self, kind: Kind, version: Version) -> Result<(), Problem> {
        match &self.if_match {
            Some(tags) if !tags.have(version) => {
                Err(failed(format!("the {} has changed, its version is {version} now", kind.noun())))
            }
            _ => Ok(()),
        }
    }
}

fn failed(detail: String) -> Problem {
    Problem::new(StatusCode::PRECONDITION_FAILED, detail)
}

impl Tags {
    fn have(&self, version: Version) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(tags) => tags.contains(&version.opaque()),
        }
    }

    /// Reads `*`, or tags with commas between them. A tag without quotes is taken as well.
    fn parse(mut text: &str) -> Self {
        let mut tags = Vec::new();
        loop {
            text = text.trim_start_matches([',', ' ', '\t']);
            if text.is_empty() {
                return Self::Listed(tags);
            }
            text = text.strip_prefix("W/").or_else(|| text.strip_prefix("w/")).unwrap_or(text);
            let (tag, rest) = match text.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
                None => text.split_once(',').unwrap_or((text, "")),
            };
            if tag.trim() == "*" && !text.starts_with('"') {
                return Self::Any;
            }
            tags.push(tag.trim().to_owned());
            text = rest;
        }
    }
}

fn tags(headers: &HeaderMap, name: &HeaderName) -> Option<Tags> {
    let values: Vec<_> = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    (!values.is_empty()).then(|| Tags::parse(&values.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_tags() {
        let listed = |tags: &[&str]| Tags::Listed(tags.iter().map(|&tag| tag.to_owned()).collect());
        for (text, expected) in [
            ("*", Tags::Any),
            (" * ", Tags::Any),
            ("W/\"a\"", listed(&["a"])),
            ("\"a\"", listed(&["a"])),
            ("W/\"a\", \"b\",W/\"c,d\"", listed(&["a", "b", "c,d"])),
            ("a, W/b", listed(&["a", "b"])),
            ("\"*\"", listed(&["*"])),
            ("\"a", listed(&["a"])),
            ("", listed(&[])),
            (", ,", listed(&[])),
        ] {
            assert_eq!(Tags::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn a_version_follows_from_everything_before() {
        let version = |before, text: &str| Version::after(before, text, None);
        let first = version(None, "{\"id\":\"1\"}");
        assert_eq!(first, version(None, "{\"id\":\"1\"}"));
        assert_ne!(first, version(None, "{\"id\":\"2\"}"));
        assert_ne!(first, version(Some(first), "{\"id\":\"1\"}"));
        assert_ne!(first, Version::after(None, "{\"id\":\"1\"}", Some("")));
        assert_ne!(first, first.with(""));
        let text = first.to_string();
        assert!(text.starts_with("W/\"") && text.len() == 20, "{text}");
        assert!(Tags::parse(&text).have(first));
    }

    #[test]
    fn a_version_stands_at_the_end_of_a_text() {
        let version = Version::after(None, "x", None);
        let mut text = "{\"meta\":{\"a\":1".to_owned();
        version.write(&mut text);
        assert_eq!(Version::split_off(&text), Some(("{\"meta\":{\"a\":1", version)));
        let document: serde_json::Value = serde_json::from_str(&format!("{text}}}}}")).unwrap();
        assert_eq!(document["meta"]["version"], version.to_string());
        for other in ["", "\\\"\"", "{\"a\":\"0123456789abcdef\\\"\"", "é123456789abcdef\\\"\""] {
            assert_eq!(Version::split_off(other), None, "{other}");
        }
    }
}

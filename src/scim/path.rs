//! Attribute paths (RFC 7644 section 3.10, `PATH` of section 3.5.2).

use std::fmt;

use serde_json::Value;

use super::resource::get;
use super::{Filter, Resource, filter};

/// `urn:attribute[filter].subAttribute`, each part but the attribute optional.
#[derive(Debug, Clone, PartialEq)]
pub struct AttributePath {
    /// Schema URN before the attribute.
    pub urn: Option<String>,
    /// Attribute name as spelt; a whole URN when the path names an extension itself.
    pub attribute: String,
    /// Value filter in brackets.
    pub filter: Option<Box<Filter>>,
    /// Sub-attribute name as spelt.
    pub sub_attribute: Option<String>,
}

/// Where and why a path or filter can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} at column {}", .offset + 1)]
pub struct SyntaxError {
    /// Byte offset into the text.
    pub offset: usize,
    /// What was expected or found, without a full stop.
    pub message: String,
}

/// What the URNs of core schemas start with: their attributes are members of the resource itself.
const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:";

impl AttributePath {
    /// Reads a path. It may be 64 KiB long.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        filter::parse_path(text)
    }

    /// The value that the path leads to: of several entries the first that has it. Names are compared
    /// without regard to letter case, an object stands for an array of one, and the values of a value
    /// filter are compared without regard to letter case too.
    pub fn get<'r>(&self, resource: &'r Resource) -> Option<&'r Value> {
        let root = self.root(resource)?;
        if self.filter.is_none() && self.sub_attribute.is_none() {
            return Some(root);
        }
        let entries = match root {
            Value::Array(entries) => entries.as_slice(),
            single => std::slice::from_ref(single),
        };
        entries
            .iter()
            .filter(|entry| self.filter.as_ref().is_none_or(|filter| filter.matches_entry(entry, None)))
            .find_map(|entry| match (&self.sub_attribute, entry) {
                (None, entry) => Some(entry),
                (Some(name), Value::Object(members)) => get(members, name),
                (Some(_), _) => None,
            })
    }

    /// The value of the attribute itself, value filter and sub-attribute left aside.
    pub(super) fn root<'r>(&self, resource: &'r Resource) -> Option<&'r Value> {
        let Some(urn) = &self.urn else { return resource.get(&self.attribute) };
        match resource.get(urn) {
            Some(Value::Object(extension)) => get(extension, &self.attribute),
            _ if is_core(urn) => resource.get(&self.attribute),
            _ => resource.get(&format!("{urn}:{}", self.attribute)),
        }
    }
}

fn is_core(urn: &str) -> bool {
    urn.get(..CORE.len()).is_some_and(|start| start.eq_ignore_ascii_case(CORE))
}

impl fmt::Display for AttributePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(urn) = &self.urn {
            write!(f, "{urn}:")?;
        }
        f.write_str(&self.attribute)?;
        if let Some(filter) = &self.filter {
            write!(f, "[{filter}]")?;
        }
        if let Some(name) = &self.sub_attribute {
            write!(f, ".{name}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

    fn parts(text: &str) -> (Option<String>, String, Option<String>, Option<String>) {
        let path = AttributePath::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(path.to_string(), text);
        (path.urn, path.attribute, path.filter.map(|filter| filter.to_string()), path.sub_attribute)
    }

    #[test]
    fn takes_paths_apart_and_prints_them_back() {
        let s = |text: &str| Some(text.to_owned());
        assert_eq!(parts("userName"), (None, "userName".into(), None, None));
        assert_eq!(parts("name.givenName"), (None, "name".into(), None, s("givenName")));
        assert_eq!(parts("members.$ref"), (None, "members".into(), None, s("$ref")));
        assert_eq!(parts("emails[type eq \"work\"].value"), (None, "emails".into(), s("type eq \"work\""), s("value")));
        assert_eq!(parts("members[value eq \"x\"]"), (None, "members".into(), s("value eq \"x\""), None));
        assert_eq!(parts(&format!("{ENTERPRISE}:department")), (s(ENTERPRISE), "department".into(), None, None));
        assert_eq!(parts(&format!("{ENTERPRISE}:manager.value")), (s(ENTERPRISE), "manager".into(), None, s("value")));
        assert_eq!(parts(ENTERPRISE), (None, ENTERPRISE.into(), None, None));
    }

    #[test]
    fn a_dot_after_a_bare_urn_counts_as_a_colon() {
        let path = AttributePath::parse(&format!("{ENTERPRISE}.department")).unwrap();
        assert_eq!(path.to_string(), format!("{ENTERPRISE}:department"));
    }

    #[test]
    fn refuses_what_is_no_path() {
        for (text, message) in [
            ("", "the path is empty at column 1"),
            ("a.b.c", "a sub-attribute has no parts of its own at column 4"),
            ("emails[type eq \"work\"", "expected `and`, `or` or `]`, but the text ends at column 22"),
            ("emails[type eq \"work\"].", "an attribute name is missing at column 24"),
            ("emails[]", "expected an attribute name, found `]` at column 8"),
            ("1st", "`1st` isn't an attribute name at column 1"),
            ("http://x:y", "`:` only separates a schema URN, which starts with `urn:` at column 5"),
            ("urn:x", "a URN has at least three parts at column 1"),
            ("name given", "expected the end of the path, found `given` at column 6"),
            ("a.b[c eq 1]", "a value filter belongs before the sub-attribute at column 4"),
            ("ä", "expected an attribute name, found `ä` at column 1"),
        ] {
            assert_eq!(AttributePath::parse(text).unwrap_err().to_string(), message, "{text}");
        }
    }

    #[test]
    fn leads_to_the_value() {
        let resource = Resource::from_value(json!({
            "UserName": "ann",
            "emails": [{"type": "home", "value": "h"}, {"type": "Work"}, {"type": "work", "value": "w"}],
            "phoneNumbers": {"type": "mobile", "value": "1"},
            "roles": [{"primary": true, "value": "Admin"}],
            "entitlements": [{"primary": "True", "value": "E"}],
            ENTERPRISE: {"department": "R&D", "manager": {"value": "7"}},
        }))
        .unwrap();
        for (path, expected) in [
            ("username", json!("ann")),
            ("urn:ietf:params:scim:schemas:core:2.0:User:userName", json!("ann")),
            ("emails[type eq \"work\"].value", json!("w")),
            ("emails[type eq \"fax\"].value", json!(null)),
            ("emails.value", json!("h")),
            ("phoneNumbers[type eq \"mobile\"].value", json!("1")),
            ("roles[primary eq \"True\"].value", json!("Admin")),
            ("roles[primary eq true].value", json!("Admin")),
            ("entitlements[primary eq true].value", json!("E")),
            (&format!("{ENTERPRISE}:department"), json!("R&D")),
            (&format!("{}:manager.value", ENTERPRISE.to_uppercase()), json!("7")),
            (ENTERPRISE, json!({"department": "R&D", "manager": {"value": "7"}})),
            ("userName.value", json!(null)),
        ] {
            let path = AttributePath::parse(path).unwrap();
            assert_eq!(path.get(&resource), (!expected.is_null()).then_some(&expected), "{path}");
        }
    }
}

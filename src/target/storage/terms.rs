//! What an index is kept of besides ids and keys: attributes that clients look for with `eq`.

use serde_json::{Map, Value};

use crate::base::Fingerprint;
use crate::scim::{Filter, get, urn};
use crate::target::Kind;

/// An attribute with an index. `userName` of users and `displayName` of groups are keys, members have an index of their
/// own. Which ones there are is part of the file's format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::target) enum Field {
    ExternalId,
    DisplayName,
    Email,
    EmployeeNumber,
}

/// A value of such an attribute without its letter case. Different ones may be alike, so that what is found has to be
/// looked at.
pub(super) type Term = Fingerprint;

impl Field {
    /// Those of a kind.
    pub(in crate::target) const fn of(kind: Kind) -> &'static [Self] {
        match kind {
            Kind::User => &[Self::ExternalId, Self::DisplayName, Self::Email, Self::EmployeeNumber],
            Kind::Group => &[Self::ExternalId],
        }
    }

    pub(in crate::target) const fn attribute(self) -> &'static str {
        match self {
            Self::ExternalId => "externalId",
            Self::DisplayName => "displayName",
            Self::Email => "emails",
            Self::EmployeeNumber => "employeeNumber",
        }
    }

    /// The extension that it belongs to.
    pub(in crate::target) const fn extension(self) -> Option<&'static str> {
        match self {
            Self::EmployeeNumber => Some(urn::ENTERPRISE_USER),
            Self::ExternalId | Self::DisplayName | Self::Email => None,
        }
    }

    pub(super) fn term(self, text: &str) -> Term {
        Fingerprint::of(self as u8 + 1, Filter::fold(text).as_bytes())
    }

    fn value(self, document: &Map<String, Value>) -> Option<&Value> {
        let owner = match self.extension() {
            Some(extension) => get(document, extension)?.as_object()?,
            None => document,
        };
        get(owner, self.attribute())
    }
}

/// What a resource is found by.
pub(super) fn terms(kind: Kind, document: &Map<String, Value>) -> Vec<Term> {
    let mut terms = Vec::new();
    for field in Field::of(kind) {
        let Some(value) = field.value(document) else { continue };
        let entries = match value {
            Value::Array(entries) => entries.as_slice(),
            single => std::slice::from_ref(single),
        };
        for entry in entries {
            let value = entry.as_object().map_or(Some(entry), |entry| get(entry, "value"));
            terms.extend(value.and_then(text_of).map(|text| field.term(&text)));
        }
    }
    terms.sort_unstable();
    terms.dedup();
    terms
}

/// The same of a kept text.
pub(super) fn terms_of(kind: Kind, body: &str) -> Vec<Term> {
    match serde_json::from_str(body) {
        Ok(Value::Object(document)) => terms(kind, &document),
        _ => Vec::new(),
    }
}

/// A value as a filter's text would have to be to equal it.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// What the groups of a member are found by.
pub(super) fn member_term(value: &str) -> Term {
    Fingerprint::of(0, value.as_bytes())
}

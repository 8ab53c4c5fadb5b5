//! A resource as JSON: ordered members, names compared without regard to letter case.

use serde_json::{Map, Value};

/// One SCIM resource; member names are case-insensitive (RFC 7643 section 2.1).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Resource(Map<String, Value>);

impl Resource {
    /// Wraps a JSON object.
    pub fn new(members: Map<String, Value>) -> Self {
        Self(members)
    }

    /// Wraps a JSON value if it is an object.
    pub fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Object(members) => Some(Self(members)),
            _ => None,
        }
    }

    /// The members.
    pub fn members(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The members, to change.
    pub fn members_mut(&mut self) -> &mut Map<String, Value> {
        &mut self.0
    }

    /// A member by name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        get(&self.0, name)
    }

    /// `id` as text; numbers are taken as their digits, as some endpoints answer.
    pub fn id(&self) -> Option<String> {
        match self.get("id")? {
            Value::String(id) if !id.is_empty() => Some(id.clone()),
            Value::Number(id) => Some(id.to_string()),
            _ => None,
        }
    }

    /// The whole document.
    pub fn into_value(self) -> Value {
        Value::Object(self.0)
    }
}

/// A member of a JSON object by name without regard to letter case; the exact spelling wins.
pub(crate) fn get<'m>(members: &'m Map<String, Value>, name: &str) -> Option<&'m Value> {
    members.get(name).or_else(|| members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// The spelling under which a JSON object has a member.
pub(crate) fn spelling(members: &Map<String, Value>, name: &str) -> Option<String> {
    if members.contains_key(name) {
        return Some(name.to_owned());
    }
    members.keys().find(|key| key.eq_ignore_ascii_case(name)).cloned()
}

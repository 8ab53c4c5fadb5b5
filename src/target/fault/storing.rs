//! Endpoints that store something else than they were sent.

use serde_json::{Map, Value};

use super::misbehaviour::{About, Misbehaviour};
use super::patches::{member, operations, path};
use crate::scim::{Method, Resource, urn};

const WRITES: &[Method] = &[Method::Post, Method::Put, Method::Patch];

pub(super) struct DropAttribute;

impl Misbehaviour for DropAttribute {
    fn about(&self) -> About {
        About {
            name: "drop-attribute",
            source: "endpoints that keep fewer attributes than they accept",
            explanation: "Accepts title and the enterprise department, but silently doesn't store them.",
        }
    }

    fn methods(&self) -> &'static [Method] {
        WRITES
    }

    fn store(&self, _sent: &Value, before: Option<&Resource>, after: &mut Resource) {
        let before = before.map(Resource::members);
        let members = after.members_mut();
        restore(members, before, "title");
        let enterprise_before = before.and_then(|before| before.get(urn::ENTERPRISE_USER)?.as_object());
        let mut enterprise = match members.get_mut(urn::ENTERPRISE_USER).map(Value::take) {
            Some(Value::Object(enterprise)) => enterprise,
            _ => Map::new(),
        };
        restore(&mut enterprise, enterprise_before, "department");
        if enterprise.is_empty() {
            members.shift_remove(urn::ENTERPRISE_USER);
        } else {
            members.insert(urn::ENTERPRISE_USER.to_owned(), Value::Object(enterprise));
        }
    }
}

pub(super) struct StringBooleans;

impl Misbehaviour for StringBooleans {
    fn about(&self) -> About {
        About {
            name: "string-booleans",
            source: "thomaspoignant/scim-patch#872, ssoready/ssoready#155",
            explanation: "Stores and returns active as the text that was sent, \"False\" for one.",
        }
    }

    fn methods(&self) -> &'static [Method] {
        WRITES
    }

    fn store(&self, sent: &Value, _before: Option<&Resource>, after: &mut Resource) {
        let mut by_operation = operations(sent).iter().filter_map(|operation| {
            let value = member(operation, "value")?;
            match path(operation) {
                Some(path) => path.attribute.eq_ignore_ascii_case("active").then_some(value),
                None => member(value, "active"),
            }
        });
        let active = by_operation.next_back().or_else(|| member(sent, "active"));
        if let Some(text @ Value::String(_)) = active {
            after.members_mut().insert("active".to_owned(), text.clone());
        }
    }
}

pub(super) struct ChangeCase;

impl Misbehaviour for ChangeCase {
    fn about(&self) -> About {
        About {
            name: "change-case",
            source: "endpoints that bring names into one form",
            explanation: "Stores displayName in upper case.",
        }
    }

    fn methods(&self) -> &'static [Method] {
        WRITES
    }

    fn store(&self, _sent: &Value, _before: Option<&Resource>, after: &mut Resource) {
        if let Some(Value::String(name)) = after.members_mut().get_mut("displayName") {
            *name = name.to_uppercase();
        }
    }
}

/// Puts a member back to what it was.
fn restore(members: &mut Map<String, Value>, before: Option<&Map<String, Value>>, name: &str) {
    match before.and_then(|before| before.get(name)) {
        Some(value) => {
            members.insert(name.to_owned(), value.clone());
        }
        None => {
            members.shift_remove(name);
        }
    }
}

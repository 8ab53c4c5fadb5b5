//! Endpoints that store something else than they were sent.

use serde_json::{Map, Value};

use super::call::Call;
use super::misbehaviour::{About, Misbehaviour};
use super::operations::{member, nothing, operations, operations_mut, path_text, pathless, pathless_mut, written};
use super::patches::{CONTENT, PATCHES};
use crate::scim::{AttributePath, Method, Resource, urn};

pub(super) struct StringBoolTruthy;

impl Misbehaviour for StringBoolTruthy {
    fn about(&self) -> About {
        About::new(
            "string-bool-truthy",
            "thomaspoignant/scim-patch#872: a text that isn't empty is true in many languages",
            "Takes \"False\" for true, so that leavers stay active.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        CONTENT
    }

    fn store(&self, call: &Call, _before: Option<&Resource>, after: &mut Resource) {
        if let Some(Value::String(text)) = written(&call.body, "active").last() {
            after.members_mut().insert("active".to_owned(), Value::Bool(!text.is_empty()));
        }
    }
}

pub(super) struct StringBooleans;

impl Misbehaviour for StringBooleans {
    fn about(&self) -> About {
        About::new(
            "string-booleans",
            "ssoready/ssoready#155; Polis, once SAML Jackson",
            "Stores and returns active as the text that was sent, \"False\" for one.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        CONTENT
    }

    fn store(&self, call: &Call, _before: Option<&Resource>, after: &mut Resource) {
        if let Some(text @ Value::String(_)) = written(&call.body, "active").last() {
            after.members_mut().insert("active".to_owned(), (*text).clone());
        }
    }
}

pub(super) struct LiteralDottedKeys;

impl Misbehaviour for LiteralDottedKeys {
    fn about(&self) -> About {
        About::new(
            "literal-dotted-keys",
            "thomaspoignant/scim-patch#132, pingidentity/scim2#224",
            "Stores name.givenName of an operation without a path under that very name.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        PATCHES
    }

    fn rewrite(&self, call: &mut Call) {
        for members in operations_mut(&mut call.body).iter_mut().filter_map(pathless_mut) {
            members.retain(|key, _| !is_dotted(key));
        }
    }

    fn store(&self, call: &Call, _before: Option<&Resource>, after: &mut Resource) {
        for (key, value) in operations(&call.body).iter().filter_map(pathless).flatten() {
            if is_dotted(key) {
                after.members_mut().insert(key.clone(), value.clone());
            }
        }
    }
}

/// Whether a key leads into something: `name.givenName`, `urn:…:User:department`.
fn is_dotted(key: &str) -> bool {
    AttributePath::parse(key).is_ok_and(|path| path.urn.is_some() || path.sub_attribute.is_some())
}

pub(super) struct SplitUrnOnDot;

impl Misbehaviour for SplitUrnOnDot {
    fn about(&self) -> About {
        About::new(
            "split-urn-on-dot",
            "thomaspoignant/scim-patch#19, ssoready/ssoready#167, SAP/scimono#44",
            "Splits urn:…:2.0:User:department at the dot of 2.0, and stores the value where nobody looks for it.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        PATCHES
    }

    fn rewrite(&self, call: &mut Call) {
        for operation in operations_mut(&mut call.body) {
            if split_urn(path_text(operation)).is_some() {
                *operation = nothing();
            } else if let Some(members) = pathless_mut(operation) {
                members.retain(|key, value| value.is_object() || split_urn(key).is_none());
            }
        }
    }

    fn store(&self, call: &Call, _before: Option<&Resource>, after: &mut Resource) {
        for operation in operations(&call.body) {
            match pathless(operation) {
                None => keep_split(after, path_text(operation), member(operation, "value")),
                Some(members) => members
                    .iter()
                    .filter(|(_, value)| !value.is_object())
                    .for_each(|(key, value)| keep_split(after, key, Some(value))),
            }
        }
    }
}

/// The two halves of a URN that leads to an attribute, at its first dot.
fn split_urn(path: &str) -> Option<(&str, &str)> {
    let is_urn = path.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:"));
    path.split_once('.').filter(|_| is_urn)
}

fn keep_split(resource: &mut Resource, path: &str, value: Option<&Value>) {
    let Some(((outer, inner), value)) = split_urn(path).zip(value) else { return };
    let members = resource.members_mut().entry(outer).or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(members) = members {
        members.insert(inner.to_owned(), value.clone());
    }
}

pub(super) struct DropAttribute;

impl Misbehaviour for DropAttribute {
    fn about(&self) -> About {
        About::new(
            "drop-attribute",
            "django-scim2 and others that keep fewer attributes than they accept",
            "Accepts title and the enterprise department, but silently doesn't store them.",
        )
    }

    fn methods(&self) -> &'static [Method] {
        CONTENT
    }

    fn store(&self, _call: &Call, before: Option<&Resource>, after: &mut Resource) {
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

pub(super) struct ChangeCase;

impl Misbehaviour for ChangeCase {
    fn about(&self) -> About {
        About::new("change-case", "endpoints that bring names into one form", "Stores displayName in upper case.")
    }

    fn methods(&self) -> &'static [Method] {
        CONTENT
    }

    fn store(&self, _call: &Call, _before: Option<&Resource>, after: &mut Resource) {
        if let Some(Value::String(name)) = after.members_mut().get_mut("displayName") {
            *name = name.to_uppercase();
        }
    }
}

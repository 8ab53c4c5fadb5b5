//! What the endpoint says about itself, read once.

use serde_json::{Map, Value};

use super::probe::Answer;
use crate::scim::{AttributePath, get, urn};

/// The answers of the three discovery endpoints.
#[derive(Debug, Clone)]
pub(super) struct Snapshot {
    pub(super) config: Option<Answer>,
    pub(super) resource_types: Option<Answer>,
    pub(super) schemas: Option<Answer>,
}

impl Snapshot {
    /// The schema documents, in a list or alone.
    pub(super) fn schema_documents(&self) -> Vec<&Map<String, Value>> {
        documents(self.schemas.as_ref())
    }

    /// The resource types.
    pub(super) fn resource_type_documents(&self) -> Vec<&Map<String, Value>> {
        documents(self.resource_types.as_ref())
    }

    /// The schema of this URN.
    pub(super) fn schema(&self, urn: &str) -> Option<&Map<String, Value>> {
        self.schema_documents()
            .into_iter()
            .find(|schema| text(schema, "id").is_some_and(|id| id.eq_ignore_ascii_case(urn)))
    }

    /// Whether it says that it has groups.
    pub(super) fn has_groups(&self) -> bool {
        let is_group = |document: &&Map<String, Value>| {
            text(document, "schema").is_some_and(|schema| schema.eq_ignore_ascii_case(urn::GROUP))
                || text(document, "endpoint").is_some_and(|path| path.trim_matches('/').eq_ignore_ascii_case("Groups"))
        };
        self.schema(urn::GROUP).is_some() || self.resource_type_documents().iter().any(is_group)
    }

    /// Whether its schemas have the enterprise user.
    pub(super) fn has_enterprise(&self) -> bool {
        self.schema(urn::ENTERPRISE_USER).is_some()
    }

    /// Whether its enterprise user has a manager.
    pub(super) fn has_manager(&self) -> bool {
        self.schema(urn::ENTERPRISE_USER).is_some_and(|schema| attribute(schema, "manager").is_some())
    }

    /// Whether its schemas are there and have neither groups nor enterprise users, as those of WEDO.
    pub(super) fn is_plain(&self) -> bool {
        self.schema(urn::USER).is_some() && !self.has_groups() && !self.has_enterprise()
    }

    /// Whether the schemas describe the attribute that a path leads to, its sub-attribute among it.
    pub(super) fn describes(&self, path: &AttributePath, core: &str) -> bool {
        let urn = path.urn.as_deref().unwrap_or(core);
        let Some(found) = self.schema(urn).and_then(|schema| attribute(schema, &path.attribute)) else { return false };
        path.sub_attribute.as_deref().is_none_or(|part| attribute_in(found, "subAttributes", part).is_some())
    }

    /// Whether the schemas say that the attribute needs a value.
    pub(super) fn requires(&self, path: &AttributePath, core: &str) -> bool {
        let schema = self.schema(path.urn.as_deref().unwrap_or(core));
        let found = schema.and_then(|schema| attribute(schema, &path.attribute));
        found.and_then(|found| get(found, "required")).and_then(Value::as_bool).unwrap_or_default()
    }
}

/// An attribute of a schema document.
pub(super) fn attribute<'d>(schema: &'d Map<String, Value>, name: &str) -> Option<&'d Map<String, Value>> {
    attribute_in(schema, "attributes", name)
}

fn attribute_in<'d>(owner: &'d Map<String, Value>, list: &str, name: &str) -> Option<&'d Map<String, Value>> {
    let entries = get(owner, list)?.as_array()?.iter().filter_map(Value::as_object);
    entries.into_iter().find(|entry| text(entry, "name").is_some_and(|known| known.eq_ignore_ascii_case(name)))
}

/// A text member.
pub(super) fn text<'d>(document: &'d Map<String, Value>, name: &str) -> Option<&'d str> {
    get(document, name)?.as_str()
}

fn documents(answer: Option<&Answer>) -> Vec<&Map<String, Value>> {
    let Some(answer) = answer.filter(|answer| answer.is_success()) else { return Vec::new() };
    match &answer.json {
        Some(Value::Array(entries)) => entries.iter().filter_map(Value::as_object).collect(),
        Some(Value::Object(members)) => match get(members, "Resources") {
            Some(Value::Array(entries)) => entries.iter().filter_map(Value::as_object).collect(),
            _ => vec![members],
        },
        _ => Vec::new(),
    }
}

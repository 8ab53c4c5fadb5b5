//! The attributes of groups: which ones a file has, and the values of one group.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::csv_file::Header;
use super::keys::LIMIT;
use crate::directory::{AttributeNames, AttributeValue, Slot, canonical_group_name};

/// Values other than null, by slot.
pub(super) type Values = Vec<(Slot, AttributeValue<'static>)>;

/// Flattens the members of a JSON object into attributes, and learns which ones there are. Objects
/// inside lists can't be attributes.
pub(super) fn flatten(names: &mut AttributeNames, members: Map<String, Value>) -> Values {
    let mut values = Values::new();
    flatten_into(&mut values, names, "", members);
    values
}

fn flatten_into(values: &mut Values, names: &mut AttributeNames, prefix: &str, members: Map<String, Value>) {
    for (name, value) in members {
        let path = format!("{prefix}{name}");
        if name.contains('@') {
            continue;
        }
        let value = match value {
            Value::Object(inner) => {
                flatten_into(values, names, &format!("{path}."), inner);
                continue;
            }
            Value::Array(items) => {
                let texts: Option<Vec<_>> = items.into_iter().filter(|item| !item.is_null()).map(text).collect();
                let Some(texts) = texts else { continue };
                AttributeValue::Strings(texts)
            }
            Value::Null => AttributeValue::Null,
            Value::Bool(value) => AttributeValue::Bool(value),
            other => text(other).map_or(AttributeValue::Null, AttributeValue::String),
        };
        let attribute = canonical_group_name(&path);
        if names.get(attribute).is_none() && names.len() >= LIMIT {
            continue;
        }
        let slot = names.slot(attribute);
        if value != AttributeValue::Null {
            values.push((slot, value));
        }
    }
}

/// A scalar as a text.
fn text(value: Value) -> Option<Cow<'static, str>> {
    match value {
        Value::String(text) => Some(Cow::Owned(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(value) => Some(Cow::Borrowed(if value { "True" } else { "False" })),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The columns of a CSV file of groups.
#[derive(Debug)]
pub(super) struct GroupColumns {
    pub(super) id: usize,
    pub(super) display_name: Option<usize>,
    pub(super) security_enabled: Option<usize>,
    /// The others.
    attributes: Vec<(usize, Slot)>,
}

impl GroupColumns {
    /// Finds them, with their canonical names; `None` where there is no id.
    pub(super) fn of(header: &Header) -> Option<(Self, AttributeNames)> {
        let id = header.find(&["objectId", "id", "groupId"])?;
        let display_name = header.find(&["displayName", "name", "groupName"]);
        let security_enabled = header.find(&["securityEnabled"]);
        let mut names = AttributeNames::default();
        for (name, column) in [("displayName", display_name), ("securityEnabled", security_enabled)] {
            if column.is_some() {
                names.slot(name);
            }
        }
        let mut attributes = Vec::new();
        let own = [Some(id), display_name, security_enabled];
        for (column, cell) in header.cells.iter().enumerate().filter(|(column, _)| !own.contains(&Some(*column))) {
            let name = canonical_group_name(cell);
            let usable = !matches!(name, "" | "objectId" | "members");
            if usable && names.get(name).is_none() && names.len() < LIMIT {
                attributes.push((column, names.slot(name)));
            }
        }
        Some((Self { id, display_name, security_enabled, attributes }, names))
    }

    /// The values of one row; `cell` reads a column.
    pub(super) fn values(&self, cell: &dyn Fn(usize) -> String) -> Values {
        let filled = self.attributes.iter().map(|(column, slot)| (*slot, cell(*column)));
        filled
            .filter(|(_, text)| !text.is_empty())
            .map(|(slot, text)| (slot, AttributeValue::String(Cow::Owned(text))))
            .collect()
    }
}

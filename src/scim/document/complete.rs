//! What a resource can't do without.

use serde_json::{Map, Value};

use crate::scim::filter::each;
use crate::scim::resource::{get, spelling};
use crate::scim::{Attribute, Mutability, PatchError, Resource, ResourceSchema, ScimType};

impl ResourceSchema {
    /// Refuses a document that lacks a required attribute: of the resource, of an extension that it has, of a complex
    /// value that it has.
    pub(in crate::scim) fn check_required(&self, members: &Map<String, Value>) -> Result<(), PatchError> {
        self.require(members, &|_| true)
    }

    /// Likewise, for a resource that is kept; what isn't kept can't lack.
    pub(in crate::scim) fn check_required_of_kept(&self, members: &Map<String, Value>) -> Result<(), PatchError> {
        self.require(members, &Attribute::is_kept)
    }

    /// Takes out what isn't kept of a resource.
    pub fn forget(&self, resource: &mut Resource) {
        forget(&self.attributes, resource.members_mut());
        for extension in &self.extensions {
            if let Some(Value::Object(members)) = resource.members_mut().get_mut(&extension.id) {
                forget(&extension.attributes, members);
            }
        }
    }

    fn require(&self, members: &Map<String, Value>, counts: &dyn Fn(&Attribute) -> bool) -> Result<(), PatchError> {
        require_all(&self.attributes, members, "", counts)?;
        for extension in &self.extensions {
            if let Some(Value::Object(members)) = get(members, &extension.id) {
                require_all(&extension.attributes, members, &format!("{}:", extension.id), counts)?;
            }
        }
        Ok(())
    }
}

fn forget(attributes: &[Attribute], members: &mut Map<String, Value>) {
    for attribute in attributes {
        if !attribute.is_kept() {
            if let Some(key) = spelling(members, &attribute.name) {
                members.shift_remove(&key);
            }
        } else if attribute.sub_attributes.iter().any(|part| !part.is_kept())
            && let Some(key) = spelling(members, &attribute.name)
        {
            let entries = match &mut members[&key] {
                Value::Array(entries) => entries.as_mut_slice(),
                single => std::slice::from_mut(single),
            };
            for inner in entries.iter_mut().filter_map(Value::as_object_mut) {
                forget(&attribute.sub_attributes, inner);
            }
        }
    }
}

fn require_all(
    attributes: &[Attribute],
    members: &Map<String, Value>,
    before: &str,
    counts: &dyn Fn(&Attribute) -> bool,
) -> Result<(), PatchError> {
    for attribute in attributes.iter().filter(|attribute| counts(attribute)) {
        let value = get(members, &attribute.name).filter(|value| !is_unassigned(value));
        let Some(value) = value else {
            if attribute.required && attribute.mutability != Mutability::ReadOnly {
                let detail = format!("`{before}{}` is required", attribute.name);
                return Err(PatchError::new(ScimType::InvalidValue, detail));
            }
            continue;
        };
        if attribute.sub_attributes.iter().any(|part| part.required) {
            for members in each(value).filter_map(Value::as_object) {
                require_all(&attribute.sub_attributes, members, &format!("{before}{}.", attribute.name), counts)?;
            }
        }
    }
    Ok(())
}

/// What counts as no value at all; a required text can't be empty either.
fn is_unassigned(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(entries) => entries.is_empty(),
        _ => false,
    }
}

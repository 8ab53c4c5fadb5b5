//! Values made to fit their attributes, or refused.

use serde_json::{Map, Value};

use super::{PatchError, PatchOptions};
use crate::base::Timestamp;
use crate::scim::resource::get;
use crate::scim::{Attribute, AttributeType, Mutability, Resource, ResourceSchema, ScimType};

impl ResourceSchema {
    /// Takes a document that a client wants to store: known attributes in their canonical spelling and
    /// of their types, unknown and read-only ones left out, nulls dropped, empty lists kept, `schemas` as the content has
    /// it (RFC 7644 section 3.3). `id` and `meta` are the caller's to add.
    pub fn admit(&self, document: Map<String, Value>, options: &PatchOptions) -> Result<Resource, PatchError> {
        let mut members = Map::new();
        members.insert("schemas".to_owned(), Value::Array(vec![self.id.as_str().into()]));
        for (key, value) in document {
            if let Some(extension) = self.extension(&key) {
                let Value::Object(inner) = value else {
                    if value.is_null() {
                        continue;
                    }
                    return Err(misfit(&extension.id, "an object", &value));
                };
                let mut fitted = Map::new();
                for (key, value) in inner {
                    let attribute = extension.attributes.iter().find(|known| known.name.eq_ignore_ascii_case(&key));
                    store(&mut fitted, attribute, value, options)?;
                }
                if !fitted.is_empty() {
                    members.insert(extension.id.clone(), Value::Object(fitted));
                }
            } else if !key.eq_ignore_ascii_case("schemas") {
                store(&mut members, self.attribute(&key), value, options)?;
            }
        }
        self.check_required(&members)?;
        let mut resource = Resource::new(members);
        self.name_extensions(&mut resource);
        Ok(resource)
    }

    /// Refuses a resource that lacks a required attribute.
    pub(super) fn check_required(&self, members: &Map<String, Value>) -> Result<(), PatchError> {
        let lacking = |attribute: &&Attribute| {
            attribute.required
                && attribute.mutability != Mutability::ReadOnly
                && match get(members, &attribute.name) {
                    None | Some(Value::Null) => true,
                    Some(Value::String(text)) => text.is_empty(),
                    Some(_) => false,
                }
        };
        match self.attributes.iter().find(lacking) {
            Some(attribute) => {
                Err(PatchError::new(ScimType::InvalidValue, format!("`{}` is required", attribute.name)))
            }
            None => Ok(()),
        }
    }

    /// Makes `schemas` name exactly those known extensions that the resource has.
    pub(crate) fn name_extensions(&self, resource: &mut Resource) {
        for extension in &self.extensions {
            let used = matches!(resource.get(&extension.id), Some(Value::Object(members)) if !members.is_empty());
            let Some(Value::Array(schemas)) = resource.members_mut().get_mut("schemas") else { return };
            let names = |name: &Value| name.as_str().is_some_and(|name| name.eq_ignore_ascii_case(&extension.id));
            match (used, schemas.iter().any(names)) {
                (true, false) => schemas.push(extension.id.as_str().into()),
                (false, true) => schemas.retain(|name| !names(name)),
                _ => {}
            }
        }
    }
}

fn store(
    members: &mut Map<String, Value>,
    attribute: Option<&Attribute>,
    value: Value,
    options: &PatchOptions,
) -> Result<(), PatchError> {
    let Some(attribute) = attribute.filter(|attribute| attribute.mutability != Mutability::ReadOnly) else {
        return Ok(());
    };
    // an empty list says as much as none at all, but a client finds again what it sent
    let empty = attribute.multi_valued && value.as_array().is_some_and(Vec::is_empty);
    let value = if empty { Some(value) } else { fit(value, attribute, options)? };
    let Some(value) = value else { return Ok(()) };
    if let Value::Array(entries) = &value
        && entries.iter().filter(|entry| is_primary(entry)).count() > 1
    {
        let detail = format!("more than one entry of `{}` is primary", attribute.name);
        return Err(PatchError::new(ScimType::InvalidValue, detail));
    }
    members.insert(attribute.name.clone().into_owned(), value);
    Ok(())
}

/// Whether an entry is marked as the preferred one.
pub(super) fn is_primary(entry: &Value) -> bool {
    entry.get("primary") == Some(&Value::Bool(true))
}

/// Makes a value fit an attribute: an array for one with several values. `None` where nothing is left,
/// which unassigns the attribute (RFC 7643 section 2.5).
pub(super) fn fit(value: Value, attribute: &Attribute, options: &PatchOptions) -> Result<Option<Value>, PatchError> {
    if !attribute.multi_valued {
        return fit_one(value, attribute, options);
    }
    let entries = match value {
        Value::Array(entries) => entries,
        single => vec![single],
    };
    let mut fitted = Vec::with_capacity(entries.len());
    for entry in entries {
        fitted.extend(fit_one(entry, attribute, options)?);
    }
    Ok((!fitted.is_empty()).then_some(Value::Array(fitted)))
}

/// Makes a value fit one entry of an attribute.
pub(super) fn fit_one(
    value: Value,
    attribute: &Attribute,
    options: &PatchOptions,
) -> Result<Option<Value>, PatchError> {
    let value = match value {
        Value::Null => return Ok(None),
        Value::Array(mut entries) if options.wrapped_values && !attribute.multi_valued && entries.len() <= 1 => {
            return entries.pop().map_or(Ok(None), |entry| fit_one(entry, attribute, options));
        }
        Value::Object(mut members)
            if options.wrapped_values && attribute.kind != AttributeType::Complex && members.contains_key("value") =>
        {
            members.remove("value").unwrap_or_default()
        }
        value => value,
    };
    let name = &attribute.name;
    match (attribute.kind, value) {
        (_, Value::Null) => Ok(None),
        (AttributeType::Complex, value) => fit_complex(value, attribute, options),
        (AttributeType::Boolean, Value::String(text)) if options.string_booleans => {
            match text.to_ascii_lowercase().as_str() {
                "true" => Ok(Some(Value::Bool(true))),
                "false" => Ok(Some(Value::Bool(false))),
                _ => Err(misfit(name, "a boolean", &Value::String(text))),
            }
        }
        (AttributeType::Integer, Value::Number(number)) if !number.is_f64() => Ok(Some(Value::Number(number))),
        (AttributeType::Boolean, value @ Value::Bool(_))
        | (AttributeType::Decimal, value @ Value::Number(_))
        | (AttributeType::String | AttributeType::Binary | AttributeType::Reference, value @ Value::String(_)) => {
            Ok(Some(value))
        }
        (AttributeType::DateTime, Value::String(text)) => {
            if text.is_empty() || text.parse::<Timestamp>().is_ok() {
                return Ok(Some(Value::String(text)));
            }
            Err(misfit(name, "an instant like 2026-01-31T12:00:00Z", &Value::String(text)))
        }
        (kind, value) => {
            let wanted = match kind {
                AttributeType::Boolean => "a boolean",
                AttributeType::Integer => "a whole number",
                AttributeType::Decimal => "a number",
                AttributeType::DateTime => "an instant as text",
                _ => "a text",
            };
            Err(misfit(name, wanted, &value))
        }
    }
}

/// Members come out in the schema's order, so that equal entries print alike.
fn fit_complex(value: Value, attribute: &Attribute, options: &PatchOptions) -> Result<Option<Value>, PatchError> {
    let mut members = match value {
        Value::Object(members) => members,
        Value::String(text) => match serialised(&text, options) {
            Some(members) => members,
            None if options.bare_references && attribute.sub_attribute("value").is_some() => {
                if text.is_empty() {
                    return Ok(None);
                }
                Map::from_iter([("value".to_owned(), Value::String(text))])
            }
            None => return Err(misfit(&attribute.name, "an object", &Value::String(text))),
        },
        other => return Err(misfit(&attribute.name, "an object", &other)),
    };
    if let Some(inner) = members.get("value").and_then(Value::as_str).and_then(|text| serialised(text, options)) {
        members.remove("value");
        members.extend(inner);
    }
    let mut fitted = Map::new();
    for part in &attribute.sub_attributes {
        if part.mutability == Mutability::ReadOnly {
            continue;
        }
        let Some(key) = crate::scim::resource::spelling(&members, &part.name) else { continue };
        let value = members.get_mut(&key).map(Value::take).unwrap_or_default();
        let value = fit(value, part, options).map_err(|mut error| {
            error.detail = format!("in `{}`, {}", attribute.name, error.detail);
            error
        })?;
        if let Some(value) = value {
            fitted.insert(part.name.clone().into_owned(), value);
        }
    }
    Ok((!fitted.is_empty()).then_some(Value::Object(fitted)))
}

/// The object that a text holds, where such texts are taken.
fn serialised(text: &str, options: &PatchOptions) -> Option<Map<String, Value>> {
    if options.json_in_strings && text.starts_with('{') { serde_json::from_str(text).ok() } else { None }
}

fn misfit(name: &str, wanted: &str, value: &Value) -> PatchError {
    let mut found = value.to_string();
    if found.len() > 100 {
        found.truncate(found.floor_char_boundary(100));
        found.push('…');
    }
    PatchError::new(ScimType::InvalidValue, format!("`{name}` takes {wanted}, not {found}"))
}

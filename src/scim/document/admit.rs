//! Whole documents, as POST and PUT bring them.

use serde_json::{Map, Value};

use super::fit::{fit, misfit};
use super::same::{check_primary, make_distinct};
use crate::scim::resource::get;
use crate::scim::{Attribute, Leniencies, Leniency, Mutability, PatchError, Resource, ResourceSchema, ScimType};

impl ResourceSchema {
    /// Takes a document that a client wants to store: known attributes in their canonical spelling and of their types,
    /// read-only ones left out, nulls dropped, empty lists kept, `schemas` as the content has it (RFC 7644 section 3.3).
    /// `id` and `meta` are the caller's to add.
    pub fn admit(&self, document: Map<String, Value>, leniencies: Leniencies) -> Result<Resource, PatchError> {
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
                    let Some(attribute) = known(extension.own_attribute(&key), &extension.name, &key, leniencies)?
                    else {
                        continue;
                    };
                    store(&mut fitted, attribute, value, leniencies)?;
                }
                if !fitted.is_empty() {
                    members.insert(extension.id.clone(), Value::Object(fitted));
                }
            } else if !key.eq_ignore_ascii_case("schemas") {
                let Some(attribute) = known(self.attribute(&key), &self.name, &key, leniencies)? else { continue };
                store(&mut members, attribute, value, leniencies)?;
            }
        }
        self.check_required(&members)?;
        let mut resource = Resource::new(members);
        self.name_extensions(&mut resource);
        Ok(resource)
    }

    /// Refuses a document whose `schemas` don't name what it is (RFC 7643 section 3): the resource's own schema, and
    /// none but those that the resource type has.
    pub fn check_schemas(&self, document: &Map<String, Value>, leniencies: Leniencies) -> Result<(), PatchError> {
        let refuse = |detail: String| Err(PatchError::new(ScimType::InvalidValue, detail));
        let names = match get(document, "schemas") {
            Some(Value::Array(names)) => names.as_slice(),
            _ => &[],
        };
        let listed = |id: &str| names.iter().filter(|name| is_named(name, id)).count();
        if listed(&self.id) == 0 {
            return refuse(format!("`schemas` of a {} has to name {}", self.name, self.id));
        }
        if !leniencies.allow(Leniency::LooseSchemas) {
            for name in names {
                match name.as_str() {
                    Some(id) if listed(id) > 1 => return refuse(format!("`schemas` names {id} more than once")),
                    Some(id) if id.eq_ignore_ascii_case(&self.id) || self.extension(id).is_some() => {}
                    _ => return refuse(format!("a {} has no schema {name}", self.name)),
                }
            }
        }
        if !leniencies.allow(Leniency::UnlistedExtensions) {
            for extension in &self.extensions {
                let used = get(document, &extension.id).is_some_and(|value| !value.is_null());
                if used && listed(&extension.id) == 0 {
                    return refuse(format!("`schemas` doesn't name {}, which the document has", extension.id));
                }
            }
        }
        Ok(())
    }

    /// Makes `schemas` name exactly those known extensions that the resource has.
    pub(crate) fn name_extensions(&self, resource: &mut Resource) {
        for extension in &self.extensions {
            let used = matches!(resource.get(&extension.id), Some(Value::Object(members)) if !members.is_empty());
            let Some(Value::Array(schemas)) = resource.members_mut().get_mut("schemas") else { return };
            match (used, schemas.iter().any(|name| is_named(name, &extension.id))) {
                (true, false) => schemas.push(extension.id.as_str().into()),
                (false, true) => schemas.retain(|name| !is_named(name, &extension.id)),
                _ => {}
            }
        }
    }
}

fn is_named(name: &Value, id: &str) -> bool {
    name.as_str().is_some_and(|name| name.eq_ignore_ascii_case(id))
}

/// The attribute of a key; `None` where there is none, and that doesn't matter: `externalId` is an attribute of every
/// resource (RFC 7643 section 3.1), though not every endpoint keeps it.
fn known<'s>(
    attribute: Option<&'s Attribute>,
    owner: &str,
    key: &str,
    leniencies: Leniencies,
) -> Result<Option<&'s Attribute>, PatchError> {
    let optional = key.eq_ignore_ascii_case("externalId") || leniencies.allow(Leniency::UnknownAttributes);
    if attribute.is_none() && !optional {
        let detail = format!("`{key}` isn't an attribute of {owner}");
        return Err(PatchError::new(ScimType::InvalidSyntax, detail));
    }
    Ok(attribute)
}

fn store(
    members: &mut Map<String, Value>,
    attribute: &Attribute,
    value: Value,
    leniencies: Leniencies,
) -> Result<(), PatchError> {
    if attribute.mutability == Mutability::ReadOnly {
        return Ok(());
    }
    let single = attribute.multi_valued && !matches!(value, Value::Array(_) | Value::Null);
    if single && !leniencies.allow(Leniency::SingleValues) {
        return Err(misfit(&attribute.name, "a list", &value));
    }
    // an empty list says as much as none at all, but a client finds again what it sent
    let empty = attribute.multi_valued && value.as_array().is_some_and(Vec::is_empty);
    let value = if empty { Some(value) } else { fit(value, attribute, leniencies)? };
    let Some(mut value) = value else { return Ok(()) };
    if let Value::Array(entries) = &mut value {
        make_distinct(entries, attribute);
        check_primary(entries, attribute)?;
    }
    members.insert(attribute.name.clone().into_owned(), value);
    Ok(())
}

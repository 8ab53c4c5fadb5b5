//! Operations against a resource.

use std::borrow::Cow;
use std::cell::LazyCell;

use serde_json::{Map, Value};

use super::gather::{gather, wanted_value};
use super::place::{Place, Verb, entries, is_nothing, remove_listed, set_part, slot};
use super::{PatchError, PatchOperation, PatchRequest};
use crate::scim::document::{make_distinct, misfit};
use crate::scim::resource::{get, spelling};
use crate::scim::schema::Resolved;
use crate::scim::{Attribute, AttributePath, Leniencies, Leniency, Mutability, Resource, ResourceSchema, ScimType};

/// Applies a request to a resource, all of it or nothing (RFC 7644 section 3.5.2), and says whether
/// that changed anything. A null unassigns. An entry that becomes primary ends the others being so. `shown` is the
/// resource as clients are told of it: with read-only values that aren't kept, which may come back as they are.
pub fn apply(
    resource: &mut Resource,
    request: &PatchRequest,
    schema: &ResourceSchema,
    leniencies: Leniencies,
    shown: &dyn Fn() -> Option<Resource>,
) -> Result<bool, PatchError> {
    let mut work = resource.clone();
    let mut patcher = Patcher { members: work.members_mut(), schema, leniencies, shown: LazyCell::new(shown) };
    for (number, operation) in gather(&request.operations, schema, leniencies) {
        patcher.operation(&operation).map_err(|error| error.in_operation(number))?;
    }
    schema.check_required_of_kept(work.members())?;
    schema.name_extensions(&mut work);
    if work == *resource {
        return Ok(false);
    }
    *resource = work;
    Ok(true)
}

pub(super) struct Patcher<'a> {
    pub(super) members: &'a mut Map<String, Value>,
    pub(super) schema: &'a ResourceSchema,
    pub(super) leniencies: Leniencies,
    shown: LazyCell<Option<Resource>, &'a dyn Fn() -> Option<Resource>>,
}

impl<'a> Patcher<'a> {
    fn operation(&mut self, operation: &PatchOperation) -> Result<(), PatchError> {
        match operation {
            PatchOperation::Add { path: Some(path), value } => self.set(Verb::Add, path, value),
            PatchOperation::Replace { path: Some(path), value } => self.set_whole(Verb::Replace, path, value),
            PatchOperation::Add { path: None, value } => self.merge(Verb::Add, value),
            PatchOperation::Replace { path: None, value } => self.merge(Verb::Replace, value),
            PatchOperation::Remove { path, value } => self.remove(path, value.as_ref()),
        }
    }

    /// An operation without a path: an object of attributes.
    fn merge(&mut self, verb: Verb, value: &Value) -> Result<(), PatchError> {
        let Value::Object(attributes) = value else {
            return Err(PatchError::new(ScimType::InvalidValue, "without a path, the value has to be an object"));
        };
        for (key, value) in attributes {
            if !key.eq_ignore_ascii_case("schemas") {
                self.set_whole(verb, &self.key_path(key)?, value)?;
            }
        }
        Ok(())
    }

    fn key_path(&self, key: &str) -> Result<AttributePath, PatchError> {
        let path = AttributePath::parse(key).map_err(|_| unknown(key, self.schema))?;
        let plain = path.filter.is_none() && path.sub_attribute.is_none();
        if plain || self.leniencies.allow(Leniency::DottedKeys) { Ok(path) } else { Err(unknown(key, self.schema)) }
    }

    /// What a path names, with the URN that it may lack.
    fn resolve<'p>(&self, path: &'p AttributePath) -> Result<(Cow<'p, AttributePath>, Resolved<'a>), PatchError> {
        if let Some(resolved) = self.schema.resolve(path) {
            return Ok((Cow::Borrowed(path), resolved));
        }
        if path.urn.is_none()
            && self.leniencies.allow(Leniency::BareNames)
            && let Some(extension) = self.schema.extension_with(&path.attribute)
        {
            let path = AttributePath { urn: Some(extension.id.clone()), ..path.clone() };
            if let Some(resolved) = self.schema.resolve(&path) {
                return Ok((Cow::Owned(path), resolved));
            }
        }
        Err(unknown(path, self.schema))
    }

    /// Sets an attribute to what has to be all of its value: only an `add` with a path may name one entry of a list (RFC
    /// 7644 section 3.5.2.1).
    fn set_whole(&mut self, verb: Verb, path: &AttributePath, value: &Value) -> Result<(), PatchError> {
        let is_single = !matches!(value, Value::Array(_) | Value::Null);
        if is_single && path.filter.is_none() && !self.leniencies.allow(Leniency::SingleValues) {
            let (_, resolved) = self.resolve(path)?;
            let list = resolved.attribute.filter(|attribute| attribute.multi_valued);
            if let (Some(list), None) = (list, resolved.sub_attribute) {
                return Err(misfit(&list.name, "a list", value));
            }
        }
        self.set(verb, path, value)
    }

    fn set(&mut self, verb: Verb, path: &AttributePath, value: &Value) -> Result<(), PatchError> {
        let (path, resolved) = self.resolve(path)?;
        let Some(attribute) = resolved.attribute else {
            return match resolved.extension {
                None => self.merge(verb, value),
                Some(extension) => self.set_extension(verb, &extension.id, value),
            };
        };
        if attribute.name == "schemas" {
            return self.set_schemas(verb, &path, value);
        }
        let place = Place::new(&path, &resolved, attribute, self.leniencies)?;
        if !self.is_writable(&place, &resolved, Some(value))? {
            return Ok(());
        }
        let members = self.container(resolved.extension);
        let slot = slot(members, &attribute.name);
        if attribute.multi_valued || place.filter.is_some() {
            let mut entries = entries(slot.take());
            place.set_entries(verb, &mut entries, value)?;
            *slot = if attribute.multi_valued { Value::Array(entries) } else { entries.pop().unwrap_or_default() };
        } else {
            place.set_single(slot, value)?;
        }
        self.tidy(&attribute.name, resolved.extension);
        Ok(())
    }

    fn set_extension(&mut self, verb: Verb, id: &str, value: &Value) -> Result<(), PatchError> {
        match value {
            Value::Null => self.drop_extension(id),
            Value::Object(attributes) => {
                for (key, value) in attributes {
                    if !key.eq_ignore_ascii_case("schemas") {
                        let mut path = self.key_path(key)?;
                        path.urn.get_or_insert_with(|| id.to_owned());
                        self.set_whole(verb, &path, value)?;
                    }
                }
                Ok(())
            }
            _ => Err(PatchError::new(ScimType::InvalidValue, format!("`{id}` takes an object, not {value}"))),
        }
    }

    pub(super) fn drop_extension(&mut self, id: &str) -> Result<(), PatchError> {
        let Some(key) = spelling(self.members, id) else { return Ok(()) };
        if let (Some(extension), Some(Value::Object(inner))) = (self.schema.extension(id), self.members.get(&key)) {
            let is_fixed = |attribute: &&Attribute| {
                attribute.mutability == Mutability::Immutable && get(inner, &attribute.name).is_some()
            };
            if let Some(fixed) = extension.attributes.iter().find(is_fixed) {
                let detail = format!("`{id}:{}` is immutable, so its extension can't be removed", fixed.name);
                return Err(PatchError::new(ScimType::Mutability, detail));
            }
        }
        self.members.shift_remove(&key);
        Ok(())
    }

    fn remove(&mut self, path: &AttributePath, value: Option<&Value>) -> Result<(), PatchError> {
        let (path, resolved) = self.resolve(path)?;
        let Some(attribute) = resolved.attribute else {
            return match resolved.extension {
                None => Err(PatchError::new(ScimType::NoTarget, "a resource as a whole is removed by DELETE")),
                Some(extension) => self.set_extension(Verb::Replace, &extension.id, &Value::Null),
            };
        };
        if attribute.name == "schemas" {
            return self.remove_schemas(&path, value);
        }
        let place = Place::new(&path, &resolved, attribute, self.leniencies)?;
        self.is_writable(&place, &resolved, None)?;
        let whole = place.part.is_none() && place.filter.is_none();
        if place.part.is_some_and(|part| part.required) || (attribute.required && whole) {
            return Err(PatchError::new(ScimType::Mutability, format!("`{path}` is required, it can't be removed")));
        }
        let leniencies = self.leniencies;
        let members = self.container(resolved.extension);
        let slot = slot(members, &attribute.name);
        let mut entries = entries(slot.take());
        match (place.filter, place.part) {
            (None, None) => match value {
                Some(value)
                    if leniencies.allow(Leniency::ValueListRemoval) && attribute.multi_valued && !value.is_null() =>
                {
                    remove_listed(&mut entries, value, attribute, leniencies)?;
                }
                _ => entries.clear(),
            },
            (filter, part) => {
                let matches = |entry: &Value| filter.is_none_or(|filter| filter.matches_entry(entry, Some(attribute)));
                // A member that isn't there is removed with success (RFC 7644 section 3.5.2.2, first example).
                let may_lack =
                    part.is_none() && (leniencies.allow(Leniency::MissingRemovals) || wanted_value(&path).is_some());
                if filter.is_some() && !may_lack && !entries.iter().any(matches) {
                    return Err(place.no_target());
                }
                match part {
                    None => entries.retain(|entry| !matches(entry)),
                    Some(part) => {
                        for entry in entries.iter_mut().filter(|entry| matches(entry)) {
                            place.check_immutable(entry, part, None)?;
                            set_part(entry, &part.name, None);
                        }
                    }
                }
                entries.retain(|entry| !is_nothing(entry));
                if part.is_some() {
                    make_distinct(&mut entries, attribute);
                }
            }
        }
        *slot = if attribute.multi_valued { Value::Array(entries) } else { entries.pop().unwrap_or_default() };
        self.tidy(&attribute.name, resolved.extension);
        Ok(())
    }

    /// Whether the operation is to be done: not where a read-only value is sent as it is already.
    fn is_writable(
        &self,
        place: &Place<'_>,
        resolved: &Resolved<'_>,
        value: Option<&Value>,
    ) -> Result<bool, PatchError> {
        let current = place.value_in(self.members, resolved);
        let mutability = match (place.attribute.mutability, place.part) {
            (Mutability::ReadWrite | Mutability::WriteOnly, Some(part)) => part.mutability,
            (whole, _) => whole,
        };
        let locked = match mutability {
            Mutability::ReadOnly => true,
            Mutability::Immutable => current.is_some(),
            Mutability::ReadWrite | Mutability::WriteOnly => false,
        };
        if !locked {
            return Ok(true);
        }
        if let Some(value) = value {
            let shown = || self.shown.as_ref().and_then(|shown| place.value_in(shown.members(), resolved));
            let is_read_only = mutability == Mutability::ReadOnly;
            if current == Some(value) || (is_read_only && says_nothing_new(value, shown().unwrap_or(&Value::Null))) {
                return Ok(false);
            }
        }
        let instead = value.map(|value| format!(", it can't become {value}")).unwrap_or_default();
        let detail = format!("`{}` is {}{instead}", place.path, mutability.as_str());
        Err(PatchError::new(ScimType::Mutability, detail))
    }

    fn container(&mut self, extension: Option<&ResourceSchema>) -> &mut Map<String, Value> {
        let Some(extension) = extension else { return self.members };
        let slot = slot(self.members, &extension.id);
        if !slot.is_object() {
            *slot = Value::Object(Map::new());
        }
        slot.as_object_mut().expect("it has just been made an object")
    }

    /// Removes what became empty.
    fn tidy(&mut self, name: &str, extension: Option<&ResourceSchema>) {
        let members = self.container(extension);
        if let Some(key) = spelling(members, name)
            && is_nothing(&members[&key])
        {
            members.shift_remove(&key);
        }
        if let Some(extension) = extension
            && let Some(key) = spelling(self.members, &extension.id)
            && is_nothing(&self.members[&key])
        {
            self.members.shift_remove(&key);
        }
    }
}

/// Whether a value has nothing but what is there, or some of its parts.
fn says_nothing_new(value: &Value, there: &Value) -> bool {
    match (value, there) {
        (Value::Object(parts), Value::Object(there)) => {
            parts.iter().all(|(name, part)| says_nothing_new(part, get(there, name).unwrap_or(&Value::Null)))
        }
        (Value::Array(entries), Value::Array(there)) => {
            entries.len() == there.len()
                && entries.iter().zip(there).all(|(entry, there)| says_nothing_new(entry, there))
        }
        _ => value == there || (is_nothing(value) && is_nothing(there)),
    }
}

fn unknown(path: impl std::fmt::Display, schema: &ResourceSchema) -> PatchError {
    PatchError::new(ScimType::InvalidPath, format!("`{path}` isn't an attribute of {}", schema.name))
}

//! Operations against a resource.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::fit::{fit, fit_one, is_primary};
use super::gather::{gather, wanted_value};
use super::{PatchError, PatchOperation, PatchOptions, PatchRequest};
use crate::scim::resource::{get, spelling};
use crate::scim::{
    Attribute, AttributePath, Comparison, Filter, Literal, Mutability, Resource, ResourceSchema, ScimType,
};

/// Applies a request to a resource, all of it or nothing (RFC 7644 section 3.5.2), and says whether
/// that changed anything. A null unassigns. An entry that becomes primary ends the others being so.
pub fn apply(
    resource: &mut Resource,
    request: &PatchRequest,
    schema: &ResourceSchema,
    options: &PatchOptions,
) -> Result<bool, PatchError> {
    let mut work = resource.clone();
    let mut patcher = Patcher { members: work.members_mut(), schema, options };
    for (number, operation) in gather(&request.operations, schema, options) {
        patcher.operation(&operation).map_err(|error| error.in_operation(number))?;
    }
    schema.check_required(work.members())?;
    schema.name_extensions(&mut work);
    if work == *resource {
        return Ok(false);
    }
    *resource = work;
    Ok(true)
}

struct Patcher<'a> {
    members: &'a mut Map<String, Value>,
    schema: &'a ResourceSchema,
    options: &'a PatchOptions,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    Add,
    Replace,
}

/// An attribute of the schema and the part of it that an operation is about.
struct Target<'a> {
    attribute: &'a Attribute,
    part: Option<&'a Attribute>,
    filter: Option<&'a Filter>,
}

impl Patcher<'_> {
    fn operation(&mut self, operation: &PatchOperation) -> Result<(), PatchError> {
        match operation {
            PatchOperation::Add { path: Some(path), value } => self.set(Verb::Add, path, value),
            PatchOperation::Replace { path: Some(path), value } => self.set(Verb::Replace, path, value),
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
                self.set(verb, &self.key_path(key)?, value)?;
            }
        }
        Ok(())
    }

    fn key_path(&self, key: &str) -> Result<AttributePath, PatchError> {
        let path = AttributePath::parse(key).map_err(|_| unknown(key, self.schema))?;
        let plain = path.filter.is_none() && path.sub_attribute.is_none() && path.urn.is_none();
        if plain || self.options.dotted_keys { Ok(path) } else { Err(unknown(key, self.schema)) }
    }

    fn set(&mut self, verb: Verb, path: &AttributePath, value: &Value) -> Result<(), PatchError> {
        let resolved = self.schema.resolve(path).ok_or_else(|| unknown(path, self.schema))?;
        let Some(attribute) = resolved.attribute else {
            return match resolved.extension {
                None => self.merge(verb, value),
                Some(extension) => self.set_extension(verb, &extension.id, value),
            };
        };
        let target = Target { attribute, part: resolved.sub_attribute, filter: path.filter.as_deref() };
        target.check_filter(path)?;
        if !self.is_writable(path, &target, Some(value))? {
            return Ok(());
        }
        let options = self.options;
        let members = self.container(resolved.extension);
        let slot = slot(members, &attribute.name);
        if attribute.multi_valued || target.filter.is_some() {
            let mut entries = entries(slot.take());
            target.set_entries(verb, &mut entries, value, path, options)?;
            *slot = if attribute.multi_valued { Value::Array(entries) } else { entries.pop().unwrap_or_default() };
        } else {
            target.set_single(slot, value, options)?;
        }
        self.tidy(&attribute.name, resolved.extension);
        Ok(())
    }

    fn set_extension(&mut self, verb: Verb, id: &str, value: &Value) -> Result<(), PatchError> {
        match value {
            Value::Null => {
                if let Some(key) = spelling(self.members, id) {
                    self.members.shift_remove(&key);
                }
                Ok(())
            }
            Value::Object(attributes) => {
                for (key, value) in attributes {
                    let mut path = self.key_path(key)?;
                    path.urn.get_or_insert_with(|| id.to_owned());
                    self.set(verb, &path, value)?;
                }
                Ok(())
            }
            _ => Err(PatchError::new(ScimType::InvalidValue, format!("`{id}` takes an object"))),
        }
    }

    fn remove(&mut self, path: &AttributePath, value: Option<&Value>) -> Result<(), PatchError> {
        let resolved = self.schema.resolve(path).ok_or_else(|| unknown(path, self.schema))?;
        let Some(attribute) = resolved.attribute else {
            return match resolved.extension {
                None => Err(PatchError::new(ScimType::NoTarget, "a resource as a whole is removed by DELETE")),
                Some(extension) => self.set_extension(Verb::Replace, &extension.id, &Value::Null),
            };
        };
        let target = Target { attribute, part: resolved.sub_attribute, filter: path.filter.as_deref() };
        target.check_filter(path)?;
        self.is_writable(path, &target, None)?;
        if attribute.required && target.part.is_none() && target.filter.is_none() {
            return Err(PatchError::new(ScimType::Mutability, format!("`{path}` is required, it can't be removed")));
        }
        let options = self.options;
        let members = self.container(resolved.extension);
        let slot = slot(members, &attribute.name);
        let mut entries = entries(slot.take());
        match (target.filter, target.part) {
            (None, None) => match value {
                Some(value) if options.value_list_removal && attribute.multi_valued && !value.is_null() => {
                    remove_listed(&mut entries, value, attribute, options)?;
                }
                _ => entries.clear(),
            },
            (filter, part) => {
                let matches = |entry: &Value| filter.is_none_or(|filter| filter.matches_entry(entry, Some(attribute)));
                let may_lack = options.missing_removals && part.is_none() && wanted_value(path).is_some();
                if filter.is_some() && !may_lack && !entries.iter().any(matches) {
                    return Err(no_target(path));
                }
                match part {
                    None => entries.retain(|entry| !matches(entry)),
                    Some(part) => {
                        for entry in entries.iter_mut().filter(|entry| matches(entry)) {
                            set_part(entry, &part.name, None);
                        }
                    }
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
        path: &AttributePath,
        target: &Target<'_>,
        value: Option<&Value>,
    ) -> Result<bool, PatchError> {
        let current = {
            let owner = match path.urn.as_deref().and_then(|urn| self.schema.extension(urn)) {
                None => Some(&*self.members),
                Some(extension) => get(self.members, &extension.id).and_then(Value::as_object),
            };
            let root = owner.and_then(|members| get(members, &target.attribute.name));
            match target.part {
                None => root,
                Some(part) => root.and_then(Value::as_object).and_then(|members| get(members, &part.name)),
            }
        };
        let mutability = target.part.map_or(target.attribute.mutability, |part| match target.attribute.mutability {
            Mutability::ReadOnly => Mutability::ReadOnly,
            _ => part.mutability,
        });
        let locked = match mutability {
            Mutability::ReadOnly => true,
            Mutability::Immutable => current.is_some(),
            Mutability::ReadWrite | Mutability::WriteOnly => false,
        };
        if !locked {
            return Ok(true);
        }
        if value.is_some() && current == value {
            return Ok(false);
        }
        Err(PatchError::new(ScimType::Mutability, format!("`{path}` is {}", mutability.as_str())))
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

impl Target<'_> {
    /// Refuses value filters over what the attribute doesn't have.
    fn check_filter(&self, path: &AttributePath) -> Result<(), PatchError> {
        let Some(filter) = self.filter else { return Ok(()) };
        for inner in filter.paths() {
            let is_value = self.attribute.sub_attributes.is_empty() && inner.attribute.eq_ignore_ascii_case("value");
            if !is_value && self.attribute.sub_attribute(&inner.attribute).is_none() {
                let detail = format!("`{inner}` isn't part of `{}`, so `{path}` leads nowhere", self.attribute.name);
                return Err(PatchError::new(ScimType::InvalidPath, detail));
            }
        }
        Ok(())
    }

    fn set_single(&self, slot: &mut Value, value: &Value, options: &PatchOptions) -> Result<(), PatchError> {
        if let Some(part) = self.part {
            let fitted = fit(value.clone(), part, options)?;
            set_part(slot, &part.name, fitted);
            return Ok(());
        }
        let fitted = fit(value.clone(), self.attribute, options)?;
        match (slot, fitted, value) {
            // a complex value changes the parts that it has
            (Value::Object(current), fitted, Value::Object(given)) => {
                for part in &self.attribute.sub_attributes {
                    if get(given, &part.name).is_some_and(Value::is_null)
                        && let Some(key) = spelling(current, &part.name)
                    {
                        current.shift_remove(&key);
                    }
                }
                if let Some(Value::Object(fitted)) = fitted {
                    merge_members(current, fitted);
                }
            }
            (slot, fitted, _) => *slot = fitted.unwrap_or_default(),
        }
        Ok(())
    }

    fn set_entries(
        &self,
        verb: Verb,
        entries: &mut Vec<Value>,
        value: &Value,
        path: &AttributePath,
        options: &PatchOptions,
    ) -> Result<(), PatchError> {
        if self.filter.is_none() && self.part.is_none() {
            let fitted = match fit(value.clone(), self.attribute, options)? {
                Some(Value::Array(fitted)) => fitted,
                _ => Vec::new(),
            };
            let primaries = fitted.iter().filter(|entry| is_primary(entry)).count();
            if primaries > 1 {
                let detail = format!("more than one entry of `{path}` is primary");
                return Err(PatchError::new(ScimType::InvalidValue, detail));
            }
            match verb {
                Verb::Replace => *entries = fitted,
                Verb::Add => append(entries, fitted),
            }
            return Ok(());
        }
        let mut chosen: Vec<usize> = (0..entries.len())
            .filter(|&index| {
                self.filter.is_none_or(|filter| filter.matches_entry(&entries[index], Some(self.attribute)))
            })
            .collect();
        if chosen.is_empty() {
            if value.is_null() {
                return Ok(());
            }
            let seed = self.seed(options)?;
            let may_create = self.filter.is_none() || options.create_filtered_entries;
            let Some(seed) = seed.filter(|_| may_create) else { return Err(no_target(path)) };
            chosen.push(entries.len());
            entries.push(Value::Object(seed));
        }
        for &index in &chosen {
            self.set_entry(verb, &mut entries[index], value, options)?;
        }
        if let Some(&first) = chosen.iter().find(|&&index| is_primary(&entries[index])) {
            end_other_primaries(entries, first);
        }
        entries.retain(|entry| !is_nothing(entry));
        Ok(())
    }

    fn set_entry(
        &self,
        verb: Verb,
        entry: &mut Value,
        value: &Value,
        options: &PatchOptions,
    ) -> Result<(), PatchError> {
        if let Some(part) = self.part {
            set_part(entry, &part.name, fit(value.clone(), part, options)?);
            return Ok(());
        }
        let fitted = fit_one(value.clone(), self.attribute, options)?;
        match (entry, fitted) {
            (Value::Object(current), Some(Value::Object(fitted))) => {
                if verb == Verb::Replace {
                    *current = self.seed(options)?.unwrap_or_default();
                }
                merge_members(current, fitted);
            }
            (entry, fitted) => *entry = fitted.unwrap_or_default(),
        }
        Ok(())
    }

    /// The entry that the value filter describes; `None` when it doesn't describe exactly one.
    fn seed(&self, options: &PatchOptions) -> Result<Option<Map<String, Value>>, PatchError> {
        let mut seed = Map::new();
        let Some(filter) = self.filter else { return Ok(Some(seed)) };
        let Some(equalities) = equalities(filter) else { return Ok(None) };
        for (name, literal) in equalities {
            let Some(part) = self.attribute.sub_attribute(name) else { continue };
            if let Some(value) = fit(literal.to_value(), part, options)? {
                seed.insert(part.name.clone().into_owned(), value);
            }
        }
        Ok(Some(seed))
    }
}

/// The parts and values that a filter made of `eq` and `and` alone asks for.
fn equalities(filter: &Filter) -> Option<Vec<(&str, &Literal)>> {
    match filter {
        Filter::Compare { path, comparison: Comparison::Eq, value } => Some(vec![(&path.attribute, value)]),
        Filter::And(parts) => parts.iter().map(equalities).collect::<Option<Vec<_>>>().map(|parts| parts.concat()),
        _ => None,
    }
}

/// Adds entries that aren't there; one of the same value and type gets the new one's other parts.
fn append(entries: &mut Vec<Value>, added: Vec<Value>) {
    let mut places = Places::default();
    for (index, entry) in entries.iter().enumerate() {
        places.note(entry, index);
    }
    let mut primary = None;
    for entry in added {
        let index = places.find(&entry).unwrap_or(entries.len());
        if is_primary(&entry) {
            primary = Some(index);
        }
        match (entries.get_mut(index), entry) {
            (Some(Value::Object(current)), Value::Object(members)) => merge_members(current, members),
            (Some(_), _) => {}
            (None, entry) => entries.push(entry),
        }
        places.note(&entries[index], index);
    }
    if let Some(index) = primary {
        end_other_primaries(entries, index);
    }
}

/// Where entries stand, by their values: types and indexes, in the order of these. Entries are the same by their value
/// and type, an entry without a type by its value alone; those without a value by all of them.
#[derive(Default)]
struct Places(HashMap<String, Vec<(Value, usize)>>);

impl Places {
    /// Notes what stands there now.
    fn note(&mut self, entry: &Value, index: usize) {
        let (value, kind) = identity(entry);
        let places = self.0.entry(value).or_default();
        match places.binary_search_by_key(&index, |(_, index)| *index) {
            Ok(at) => places[at].0 = kind.clone(),
            Err(at) => places.insert(at, (kind.clone(), index)),
        }
    }

    fn find(&self, entry: &Value) -> Option<usize> {
        let (value, kind) = identity(entry);
        let places = self.0.get(&value)?;
        let typed = |kind: &Value| places.iter().find(|(known, _)| known == kind);
        let place = typed(kind).or_else(|| typed(&Value::Null));
        place.or_else(|| places.first().filter(|_| kind.is_null())).map(|(_, index)| *index)
    }
}

/// The value and the type of an entry, or the whole entry without a type.
fn identity(entry: &Value) -> (String, &Value) {
    match entry.get("value") {
        Some(value) => (value.to_string(), entry.get("type").unwrap_or(&Value::Null)),
        None => (entry.to_string(), &Value::Null),
    }
}

/// Removes the entries of a list: those with the `value` of one of its elements, or equal to it.
fn remove_listed(
    entries: &mut Vec<Value>,
    listed: &Value,
    attribute: &Attribute,
    options: &PatchOptions,
) -> Result<(), PatchError> {
    let exact = attribute.sub_attribute("value").unwrap_or(attribute).case_exact;
    let key = |entry: &Value| match entry.get("value").unwrap_or(entry) {
        Value::String(text) if exact => text.clone(),
        Value::String(text) => Filter::fold(text),
        other => other.to_string(),
    };
    let Some(Value::Array(listed)) = fit(listed.clone(), attribute, options)? else { return Ok(()) };
    let listed: HashSet<String> = listed.iter().map(key).collect();
    entries.retain(|entry| !listed.contains(&key(entry)));
    Ok(())
}

fn end_other_primaries(entries: &mut [Value], primary: usize) {
    for (index, entry) in entries.iter_mut().enumerate() {
        if index != primary && is_primary(entry) {
            set_part(entry, "primary", Some(Value::Bool(false)));
        }
    }
}

fn merge_members(current: &mut Map<String, Value>, given: Map<String, Value>) {
    for (name, value) in given {
        *slot(current, &name) = value;
    }
}

/// Sets or removes a member of an object; anything else becomes an object first.
fn set_part(entry: &mut Value, name: &str, value: Option<Value>) {
    match value {
        Some(value) => {
            if !entry.is_object() {
                *entry = Value::Object(Map::new());
            }
            if let Value::Object(members) = entry {
                *slot(members, name) = value;
            }
        }
        None => {
            if let Value::Object(members) = entry
                && let Some(key) = spelling(members, name)
            {
                members.shift_remove(&key);
            }
        }
    }
}

/// The place of a member under whatever spelling it has; made null where it isn't there.
fn slot<'m>(members: &'m mut Map<String, Value>, name: &str) -> &'m mut Value {
    let key = spelling(members, name).unwrap_or_else(|| name.to_owned());
    members.entry(key).or_insert(Value::Null)
}

fn entries(value: Value) -> Vec<Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(entries) => entries,
        single => vec![single],
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(entries) => entries.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

fn unknown(path: impl std::fmt::Display, schema: &ResourceSchema) -> PatchError {
    PatchError::new(ScimType::InvalidPath, format!("`{path}` isn't an attribute of {}", schema.name))
}

fn no_target(path: &AttributePath) -> PatchError {
    PatchError::new(ScimType::NoTarget, format!("`{path}` matches no entry"))
}

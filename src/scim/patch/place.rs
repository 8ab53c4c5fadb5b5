//! Where in an attribute an operation works, and what it does there.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::PatchError;
use crate::scim::document::{Listed, check_primary, fit, fit_one, identity, is_primary, is_same, make_distinct};
use crate::scim::resource::{get, spelling};
use crate::scim::schema::Resolved;
use crate::scim::{Attribute, AttributePath, Comparison, Filter, Leniencies, Leniency, Literal, Mutability, ScimType};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Add,
    Replace,
}

/// An attribute of the schema and the part of it that an operation is about.
pub(super) struct Place<'a> {
    pub(super) path: &'a AttributePath,
    pub(super) attribute: &'a Attribute,
    pub(super) part: Option<&'a Attribute>,
    pub(super) filter: Option<&'a Filter>,
    leniencies: Leniencies,
}

impl<'a> Place<'a> {
    /// Refuses value filters over what the attribute doesn't have, or that can't be compared so.
    pub(super) fn new(
        path: &'a AttributePath,
        resolved: &Resolved<'a>,
        attribute: &'a Attribute,
        leniencies: Leniencies,
    ) -> Result<Self, PatchError> {
        let filter = path.filter.as_deref();
        if let Some(filter) = filter {
            for inner in filter.paths() {
                let is_value = attribute.sub_attributes.is_empty() && inner.attribute.eq_ignore_ascii_case("value");
                let bare = inner.urn.is_none() && inner.sub_attribute.is_none();
                if !bare || (!is_value && attribute.sub_attribute(&inner.attribute).is_none()) {
                    let detail = format!("`{inner}` isn't part of `{}`, so `{path}` leads nowhere", attribute.name);
                    return Err(PatchError::new(ScimType::InvalidPath, detail));
                }
            }
            filter
                .check_entry(attribute, leniencies)
                .map_err(|error| PatchError::new(ScimType::InvalidFilter, error.to_string()))?;
        }
        Ok(Self { path, attribute, part: resolved.sub_attribute, filter, leniencies })
    }

    /// What a resource has at this place, value filters left aside.
    pub(super) fn value_in<'r>(&self, members: &'r Map<String, Value>, resolved: &Resolved<'_>) -> Option<&'r Value> {
        let owner = match resolved.extension {
            None => members,
            Some(extension) => get(members, &extension.id)?.as_object()?,
        };
        let root = get(owner, &self.attribute.name)?;
        match self.part {
            None => Some(root),
            Some(part) => get(root.as_object()?, &part.name),
        }
    }

    pub(super) fn no_target(&self) -> PatchError {
        PatchError::new(ScimType::NoTarget, format!("`{}` matches no entry", self.path))
    }

    pub(super) fn set_single(&self, slot: &mut Value, value: &Value) -> Result<(), PatchError> {
        if let Some(part) = self.part {
            let fitted = fit(value.clone(), part, self.leniencies)?;
            set_part(slot, &part.name, fitted);
            return Ok(());
        }
        let fitted = fit(value.clone(), self.attribute, self.leniencies)?;
        match (&mut *slot, fitted, value) {
            // a complex value changes the parts that it has; one without its `value` is none
            (Value::Object(_), fitted, Value::Object(given)) => {
                let clears = fitted.is_none() && get(given, "value").is_some();
                for part in &self.attribute.sub_attributes {
                    let to = fitted.as_ref().and_then(|fitted| fitted.get(&*part.name));
                    let named = clears || to.is_some() || get(given, &part.name).is_some();
                    if named && part.mutability != Mutability::ReadOnly {
                        self.check_immutable(slot, part, to)?;
                        set_part(slot, &part.name, to.cloned());
                    }
                }
            }
            (slot, fitted, _) => *slot = fitted.unwrap_or_default(),
        }
        Ok(())
    }

    pub(super) fn set_entries(&self, verb: Verb, entries: &mut Vec<Value>, value: &Value) -> Result<(), PatchError> {
        if self.filter.is_none() && self.part.is_none() {
            let mut fitted = match fit(value.clone(), self.attribute, self.leniencies)? {
                Some(Value::Array(fitted)) => fitted,
                _ => Vec::new(),
            };
            if verb == Verb::Replace {
                make_distinct(&mut fitted, self.attribute);
            }
            check_primary(&fitted, self.attribute)?;
            match verb {
                Verb::Replace => *entries = fitted,
                Verb::Add => self.append(entries, fitted),
            }
            return Ok(());
        }
        let mut chosen: Vec<usize> = (0..entries.len())
            .filter(|&index| {
                self.filter.is_none_or(|filter| filter.matches_entry(&entries[index], Some(self.attribute)))
            })
            .collect();
        if chosen.is_empty() {
            let may_create = self.filter.is_none() || self.leniencies.allow(Leniency::FilteredEntries);
            if is_nothing(value) && may_create {
                return Ok(());
            }
            let seed = if may_create { self.seed()? } else { None };
            let Some(seed) = seed else { return Err(self.no_target()) };
            chosen.push(entries.len());
            entries.push(Value::Object(seed));
        }
        for &index in &chosen {
            self.set_entry(verb, &mut entries[index], value)?;
        }
        if let Some(&first) = chosen.iter().find(|&&index| is_primary(&entries[index])) {
            end_other_primaries(entries, first);
        }
        entries.retain(|entry| !is_nothing(entry));
        make_distinct(entries, self.attribute);
        Ok(())
    }

    fn set_entry(&self, verb: Verb, entry: &mut Value, value: &Value) -> Result<(), PatchError> {
        if let Some(part) = self.part {
            let fitted = fit(value.clone(), part, self.leniencies)?;
            self.check_immutable(entry, part, fitted.as_ref())?;
            set_part(entry, &part.name, fitted);
            return Ok(());
        }
        let fitted = fit_one(value.clone(), self.attribute, self.leniencies)?;
        match (&mut *entry, fitted) {
            (Value::Object(current), Some(Value::Object(fitted))) => {
                if verb == Verb::Replace {
                    *current = self.seed()?.unwrap_or_default();
                }
                for (name, value) in fitted {
                    if verb == Verb::Add
                        && let Some(part) = self.attribute.sub_attribute(&name)
                    {
                        self.check_immutable(entry, part, Some(&value))?;
                    }
                    set_part(entry, &name, Some(value));
                }
            }
            // nothing to add; a null unassigns
            (_, None) if verb == Verb::Add && !value.is_null() => {}
            (entry, fitted) => *entry = fitted.unwrap_or_default(),
        }
        Ok(())
    }

    /// Refuses to give an immutable part another value than the one that it has.
    pub(super) fn check_immutable(
        &self,
        entry: &Value,
        part: &Attribute,
        value: Option<&Value>,
    ) -> Result<(), PatchError> {
        let current = entry.as_object().and_then(|members| get(members, &part.name));
        if part.mutability != Mutability::Immutable || current.is_none() || current == value {
            return Ok(());
        }
        let detail =
            format!("`{}` of `{}` is immutable, only whole entries come and go", part.name, self.attribute.name);
        Err(PatchError::new(ScimType::Mutability, detail))
    }

    /// The entry that the value filter describes; `None` when it doesn't describe exactly one.
    fn seed(&self) -> Result<Option<Map<String, Value>>, PatchError> {
        let mut seed = Map::new();
        let Some(filter) = self.filter else { return Ok(Some(seed)) };
        let Some(equalities) = equalities(filter) else { return Ok(None) };
        for (name, literal) in equalities {
            let Some(part) = self.attribute.sub_attribute(name) else { continue };
            if let Some(value) = fit(literal.to_value(), part, self.leniencies)? {
                seed.insert(part.name.clone().into_owned(), value);
            }
        }
        Ok(Some(seed))
    }

    /// Adds entries that aren't there; one of the same value and type gets the new one's other parts.
    fn append(&self, entries: &mut Vec<Value>, added: Vec<Value>) {
        let mut places = Places { attribute: self.attribute, known: HashMap::new() };
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
                (Some(Value::Object(current)), Value::Object(members)) => {
                    for (name, value) in members {
                        let stays = |there: &Value| {
                            self.attribute.sub_attribute(&name).is_some_and(|part| {
                                part.mutability == Mutability::Immutable || is_same(there, &value, part)
                            })
                        };
                        if !get(current, &name).is_some_and(stays) {
                            *slot(current, &name) = value;
                        }
                    }
                }
                (Some(_), _) => {}
                (None, entry) => entries.push(entry),
            }
            places.note(&entries[index], index);
        }
        if let Some(index) = primary {
            end_other_primaries(entries, index);
        }
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

/// Where entries stand, by their values: types and indexes, in the order of these. An entry without a type is told by
/// its value alone.
struct Places<'a> {
    attribute: &'a Attribute,
    known: HashMap<Value, Vec<(Value, usize)>>,
}

impl Places<'_> {
    /// Notes what stands there now.
    fn note(&mut self, entry: &Value, index: usize) {
        let (value, kind) = identity(entry, self.attribute);
        let places = self.known.entry(value).or_default();
        match places.binary_search_by_key(&index, |(_, index)| *index) {
            Ok(at) => places[at].0 = kind,
            Err(at) => places.insert(at, (kind, index)),
        }
    }

    fn find(&self, entry: &Value) -> Option<usize> {
        let (value, kind) = identity(entry, self.attribute);
        let places = self.known.get(&value)?;
        let typed = |kind: &Value| places.iter().find(|(known, _)| known == kind);
        let place = typed(&kind).or_else(|| typed(&Value::Null));
        place.or_else(|| places.first().filter(|_| kind.is_null())).map(|(_, index)| *index)
    }
}

/// Removes the entries that agree with one of a list in all that this names.
pub(super) fn remove_listed(
    entries: &mut Vec<Value>,
    listed: &Value,
    attribute: &Attribute,
    leniencies: Leniencies,
) -> Result<(), PatchError> {
    let Some(Value::Array(listed)) = fit(listed.clone(), attribute, leniencies)? else { return Ok(()) };
    let listed = Listed::new(&listed, attribute);
    entries.retain(|entry| !listed.has(entry));
    Ok(())
}

fn end_other_primaries(entries: &mut [Value], primary: usize) {
    for (index, entry) in entries.iter_mut().enumerate() {
        if index != primary && is_primary(entry) {
            set_part(entry, "primary", Some(Value::Bool(false)));
        }
    }
}

/// Sets or removes a member of an object; anything else becomes an object first.
pub(super) fn set_part(entry: &mut Value, name: &str, value: Option<Value>) {
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
pub(super) fn slot<'m>(members: &'m mut Map<String, Value>, name: &str) -> &'m mut Value {
    let key = spelling(members, name).unwrap_or_else(|| name.to_owned());
    members.entry(key).or_insert(Value::Null)
}

pub(super) fn entries(value: Value) -> Vec<Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(entries) => entries,
        single => vec![single],
    }
}

pub(super) fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(entries) => entries.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

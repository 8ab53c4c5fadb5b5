//! Which entries of an attribute with several values are the same (RFC 7643 section 2.4).

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::fit::is_primary;
use crate::scim::{Attribute, Filter, Mutability, PatchError, ScimType};

/// What tells an entry from others: its value and its type. One that has no value is told by all that it has; one whose
/// value is immutable, as that of a member is, by that alone.
pub(in crate::scim) fn identity(entry: &Value, attribute: &Attribute) -> (Value, Value) {
    let Value::Object(members) = entry else { return (told(entry, attribute), Value::Null) };
    if !members.contains_key("value") {
        let parts = attribute.sub_attributes.iter().filter(|part| members.contains_key(&*part.name));
        return (parts.map(|part| (part.name.to_string(), told_part(entry, part))).collect(), Value::Null);
    }
    let part = |name| attribute.sub_attribute(name).map_or(Value::Null, |part| told_part(entry, part));
    (part("value"), if is_reference(attribute) { Value::Null } else { part("type") })
}

/// Takes entries out that are the same as one before, which gets what it lacks.
pub(in crate::scim) fn make_distinct(entries: &mut Vec<Value>, attribute: &Attribute) {
    let mut places = HashMap::with_capacity(entries.len());
    let mut kept: Vec<Value> = Vec::with_capacity(entries.len());
    for entry in entries.drain(..) {
        let place = *places.entry(identity(&entry, attribute)).or_insert(kept.len());
        match (kept.get_mut(place), entry) {
            (None, entry) => kept.push(entry),
            (Some(Value::Object(first)), Value::Object(members)) => {
                for (name, value) in members {
                    first.entry(name).or_insert(value);
                }
            }
            (Some(_), _) => {}
        }
    }
    *entries = kept;
}

/// Refuses entries of which several are primary.
pub(in crate::scim) fn check_primary(entries: &[Value], attribute: &Attribute) -> Result<(), PatchError> {
    if let Some(second) = entries.iter().filter(|entry| is_primary(entry)).nth(1) {
        let detail = format!("more than one entry of `{}` is primary, among them {second}", attribute.name);
        return Err(PatchError::new(ScimType::InvalidValue, detail));
    }
    Ok(())
}

/// Entries to be found again, each by what it names of them.
pub(in crate::scim) struct Listed<'a> {
    attribute: &'a Attribute,
    /// Which parts are named, and the values that they have together.
    wanted: HashMap<Vec<usize>, HashSet<Vec<Value>>>,
}

impl<'a> Listed<'a> {
    pub(in crate::scim) fn new(listed: &[Value], attribute: &'a Attribute) -> Self {
        let mut found = Self { attribute, wanted: HashMap::new() };
        for entry in listed {
            let named = found.named(entry);
            let values = found.values(entry, &named);
            found.wanted.entry(named).or_default().insert(values);
        }
        found
    }

    /// Whether an entry agrees with one of the list in all that this names.
    pub(in crate::scim) fn has(&self, entry: &Value) -> bool {
        self.wanted.iter().any(|(named, wanted)| wanted.contains(&self.values(entry, named)))
    }

    /// The parts that say which entry is meant. Beside a value, `display` and `$ref` only describe.
    fn named(&self, entry: &Value) -> Vec<usize> {
        let by_value = entry.get("value").is_some();
        let counts = |name: &str| match name {
            "value" => true,
            "display" | "$ref" => !by_value,
            _ => !(by_value && is_reference(self.attribute)),
        };
        let parts = self.attribute.sub_attributes.iter().enumerate();
        let parts = parts.filter(|(_, part)| entry.get(&*part.name).is_some() && counts(&part.name));
        parts.map(|(index, _)| index).collect()
    }

    fn values(&self, entry: &Value, named: &[usize]) -> Vec<Value> {
        if named.is_empty() {
            return vec![told(entry, self.attribute)];
        }
        named.iter().map(|&index| told_part(entry, &self.attribute.sub_attributes[index])).collect()
    }
}

/// Whether two values are the same as far as the attribute tells values apart.
pub(in crate::scim) fn is_same(left: &Value, right: &Value, attribute: &Attribute) -> bool {
    left == right || told(left, attribute) == told(right, attribute)
}

fn is_reference(attribute: &Attribute) -> bool {
    attribute.sub_attribute("value").is_some_and(|value| value.mutability == Mutability::Immutable)
}

/// A part of an entry; a missing `primary` is false.
fn told_part(entry: &Value, part: &Attribute) -> Value {
    match entry.get(&*part.name) {
        Some(value) => told(value, part),
        None if part.name == "primary" => Value::Bool(false),
        None => Value::Null,
    }
}

fn told(value: &Value, attribute: &Attribute) -> Value {
    match value {
        Value::String(text) if !attribute.case_exact => Filter::fold(text).into(),
        other => other.clone(),
    }
}

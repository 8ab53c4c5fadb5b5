//! Filters against resources.

use std::cmp::Ordering;

use serde_json::{Map, Number, Value};

use super::{Comparison, Filter, Literal};
use crate::scim::document::instant;
use crate::scim::resource::get;
use crate::scim::{Attribute, AttributePath, AttributeType, Resource, ResourceSchema};

/// Where the attributes of a filter are looked up.
#[derive(Clone, Copy)]
enum Place<'a> {
    /// In a resource.
    Resource(&'a Resource, &'a ResourceSchema),
    /// In one entry of an attribute.
    Entry(&'a Value, Option<&'a Attribute>),
}

impl Filter {
    /// Whether a resource is among those asked for. Of an attribute with several values one has to
    /// match; `ne` also holds where there is no value. Text is compared as the attribute's
    /// `caseExact` says, without regard to letter case where the schema doesn't know it; the texts
    /// `"true"` and `"false"` equal truth values. A name that only an extension knows needs no URN.
    pub fn matches(&self, resource: &Resource, schema: &ResourceSchema) -> bool {
        self.holds(Place::Resource(resource, schema))
    }

    /// A text without its letter case: two texts that aren't `caseExact` are equal when these are. What
    /// indexes have as their keys.
    pub fn fold(text: &str) -> String {
        fold(text)
    }

    /// Whether one entry of a multi-valued attribute matches a value filter.
    pub(in crate::scim) fn matches_entry(&self, entry: &Value, attribute: Option<&Attribute>) -> bool {
        self.holds(Place::Entry(entry, attribute))
    }

    fn holds(&self, place: Place<'_>) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|part| part.holds(place)),
            Self::Or(parts) => parts.iter().any(|part| part.holds(place)),
            Self::Not(inner) => !inner.holds(place),
            Self::Present(path) => any(path, place, true, &mut |value, _| is_present(value)),
            Self::Entry(path) => any(path, place, true, &mut |_, _| true),
            Self::Compare { path, comparison: Comparison::Eq, value: Literal::Null } => {
                !any(path, place, true, &mut |value, _| is_present(value))
            }
            Self::Compare { path, comparison: Comparison::Ne, value: Literal::Null } => {
                any(path, place, true, &mut |value, _| is_present(value))
            }
            Self::Compare { path, comparison, value: literal } => {
                let mut found = false;
                any(path, place, false, &mut |value, attribute| {
                    found = true;
                    compares(value, *comparison, literal, attribute)
                }) || (*comparison == Comparison::Ne && !found)
            }
        }
    }
}

type Test<'t> = dyn FnMut(&Value, Option<&Attribute>) -> bool + 't;

/// Whether one of the values at a path passes: complex ones as a whole, or by their `value`.
fn any(path: &AttributePath, place: Place<'_>, whole: bool, test: &mut Test<'_>) -> bool {
    let (value, attribute) = match place {
        Place::Resource(resource, schema) => match schema.extension_with(&path.attribute) {
            Some(extension) if path.urn.is_none() => {
                let members = resource.get(&extension.id).and_then(Value::as_object);
                let known = extension.attributes.iter().find(|known| known.name.eq_ignore_ascii_case(&path.attribute));
                (members.and_then(|members| get(members, &path.attribute)), known)
            }
            _ => (path.root(resource), schema.resolve_attribute(path).and_then(|resolved| resolved.attribute)),
        },
        Place::Entry(entry, owner) => {
            let attribute = owner.and_then(|owner| owner.sub_attribute(&path.attribute));
            let value = match entry {
                Value::Object(members) => part(members, &path.attribute, owner, whole),
                // entries that aren't complex are their own `value`
                _ if path.attribute.eq_ignore_ascii_case("value") => Some(entry),
                _ => None,
            };
            (value, attribute)
        }
    };
    let Some(value) = value else { return false };
    each(value).any(|entry| {
        if path.filter.as_ref().is_some_and(|filter| !filter.matches_entry(entry, attribute)) {
            return false;
        }
        match (&path.sub_attribute, entry) {
            (None, _) if whole => test(entry, attribute),
            // a complex value stands for its `value` (RFC 7644 section 3.4.2.2, `emails co "…"`)
            (None, Value::Object(members)) => {
                let part = attribute.and_then(|attribute| attribute.sub_attribute("value"));
                match get(members, "value") {
                    Some(value) => test(value, part),
                    None => test(entry, attribute),
                }
            }
            (None, _) => test(entry, attribute),
            (Some(name), Value::Object(members)) => {
                let known = attribute.and_then(|attribute| attribute.sub_attribute(name));
                part(members, name, attribute, whole).is_some_and(|value| each(value).any(|value| test(value, known)))
            }
            (Some(name), _) => name.eq_ignore_ascii_case("value") && test(entry, attribute),
        }
    })
}

/// A part of an entry. Where it is compared, a missing `primary` is false (RFC 7643 section 2.4).
fn part<'m>(members: &'m Map<String, Value>, name: &str, owner: Option<&Attribute>, whole: bool) -> Option<&'m Value> {
    let is_primary = || {
        name.eq_ignore_ascii_case("primary")
            && owner.is_some_and(|owner| owner.multi_valued && owner.sub_attribute(name).is_some())
    };
    get(members, name).or_else(|| (!whole && is_primary()).then_some(&Value::Bool(false)))
}

/// The entries of an array, or the single value.
pub(in crate::scim) fn each(value: &Value) -> impl Iterator<Item = &Value> {
    match value {
        Value::Array(entries) => entries.as_slice(),
        single => std::slice::from_ref(single),
    }
    .iter()
}

fn is_present(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(entries) => entries.iter().any(is_present),
        Value::Object(members) => members.values().any(is_present),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

fn compares(value: &Value, comparison: Comparison, literal: &Literal, attribute: Option<&Attribute>) -> bool {
    match (value, literal) {
        (Value::String(text), Literal::String(other)) => compare_texts(text, comparison, other, attribute),
        (Value::Number(number), Literal::Number(other)) => ordered(compare_numbers(number, other), comparison),
        (Value::Bool(value), Literal::Bool(other)) => equality(value == other, comparison),
        (Value::Bool(value), Literal::String(text)) | (Value::String(text), Literal::Bool(value)) => {
            equality(text.eq_ignore_ascii_case(if *value { "true" } else { "false" }), comparison)
        }
        (Value::Number(number), Literal::String(text)) | (Value::String(text), Literal::Number(number)) => {
            equality(number.to_string() == *text, comparison)
        }
        _ => comparison == Comparison::Ne,
    }
}

fn equality(equal: bool, comparison: Comparison) -> bool {
    match comparison {
        Comparison::Eq => equal,
        Comparison::Ne => !equal,
        _ => false,
    }
}

fn ordered(ordering: Option<Ordering>, comparison: Comparison) -> bool {
    match (comparison, ordering) {
        (Comparison::Eq, ordering) => ordering == Some(Ordering::Equal),
        (Comparison::Ne, ordering) => ordering != Some(Ordering::Equal),
        (Comparison::Gt, Some(ordering)) => ordering.is_gt(),
        (Comparison::Ge, Some(ordering)) => ordering.is_ge(),
        (Comparison::Lt, Some(ordering)) => ordering.is_lt(),
        (Comparison::Le, Some(ordering)) => ordering.is_le(),
        _ => false,
    }
}

fn compare_numbers(left: &Number, right: &Number) -> Option<Ordering> {
    match (left.as_i64(), right.as_i64()) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}

fn compare_texts(text: &str, comparison: Comparison, other: &str, attribute: Option<&Attribute>) -> bool {
    if attribute.is_some_and(|attribute| attribute.kind == AttributeType::DateTime)
        && !matches!(comparison, Comparison::Co | Comparison::Sw | Comparison::Ew)
        && let (Some(left), Some(right)) = (instant(text), instant(other))
    {
        return ordered(Some(left.cmp(&right)), comparison);
    }
    if attribute.is_some_and(|attribute| attribute.case_exact) {
        return compare_exactly(text, comparison, other);
    }
    match comparison {
        Comparison::Eq if text.is_ascii() && other.is_ascii() => text.eq_ignore_ascii_case(other),
        _ => compare_exactly(&fold(text), comparison, &fold(other)),
    }
}

fn compare_exactly(text: &str, comparison: Comparison, other: &str) -> bool {
    match comparison {
        Comparison::Co => text.contains(other),
        Comparison::Sw => text.starts_with(other),
        Comparison::Ew => text.ends_with(other),
        _ => ordered(Some(text.cmp(other)), comparison),
    }
}

fn fold(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { text.chars().flat_map(char::to_lowercase).collect() }
}

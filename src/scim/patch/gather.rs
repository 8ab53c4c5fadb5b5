//! Runs of operations on the entries of one attribute, done as one.
//!
//! Members come as one operation each, up to a thousand in a request; looking through a large group once
//! for each would take too long.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::PatchOperation;
use crate::scim::filter::each;
use crate::scim::{
    AttributePath, AttributeType, Comparison, Filter, Leniencies, Leniency, Literal, Mutability, ResourceSchema,
};

/// The operations with their numbers from 1, neighbours that mean the same attribute joined where that
/// makes no difference.
pub(super) fn gather<'r>(
    operations: &'r [PatchOperation],
    schema: &ResourceSchema,
    leniencies: Leniencies,
) -> Vec<(usize, Cow<'r, PatchOperation>)> {
    let mut number = 1;
    let mut gathered = Vec::with_capacity(operations.len());
    for run in operations.chunk_by(|left, right| belong_together(left, right, schema, leniencies)) {
        gathered.push((number, join(run)));
        number += run.len();
    }
    gathered
}

/// The text that `attribute[value eq "…"]` asks for.
pub(super) fn wanted_value(path: &AttributePath) -> Option<&str> {
    match path.filter.as_deref()? {
        Filter::Compare { path: inner, comparison: Comparison::Eq, value: Literal::String(wanted) }
            if inner.attribute.eq_ignore_ascii_case("value") && inner.sub_attribute.is_none() =>
        {
            Some(wanted)
        }
        _ => None,
    }
}

fn belong_together(
    left: &PatchOperation,
    right: &PatchOperation,
    schema: &ResourceSchema,
    leniencies: Leniencies,
) -> bool {
    match (left, right) {
        (PatchOperation::Add { path: Some(path), value }, PatchOperation::Add { path: Some(other), value: more }) => {
            path == other && path.filter.is_none() && is_list(path, schema) && is_plain(value) && is_plain(more)
        }
        (PatchOperation::Remove { path, .. }, PatchOperation::Remove { path: other, .. }) => {
            let is_named = |path: &AttributePath| {
                path.sub_attribute.is_none() && wanted_value(path).is_some_and(|wanted| !wanted.starts_with('{'))
            };
            leniencies.allow(Leniency::ValueListRemoval)
                && (&path.urn, &path.attribute) == (&other.urn, &other.attribute)
                && is_named(path)
                && is_named(other)
                && is_list(path, schema)
        }
        _ => false,
    }
}

/// Whether a path leads to an optional, writable attribute with several values that have a text as their `value`.
fn is_list(path: &AttributePath, schema: &ResourceSchema) -> bool {
    path.sub_attribute.is_none()
        && schema.resolve(path).and_then(|resolved| resolved.attribute).is_some_and(|attribute| {
            attribute.multi_valued
                && !attribute.required
                && attribute.mutability == Mutability::ReadWrite
                && attribute.sub_attribute("value").is_some_and(|value| value.kind == AttributeType::String)
        })
}

/// Whether all entries are objects of texts, which fit whatever they are and don't touch each other.
pub(super) fn is_plain(value: &Value) -> bool {
    let is_text = |value: &Value| value.is_null() || value.as_str().is_some_and(|text| !text.starts_with('{'));
    each(value).all(|entry| {
        let Value::Object(members) = entry else { return false };
        members.get("value").is_some_and(Value::is_string)
            && members.iter().all(|(name, value)| !name.eq_ignore_ascii_case("primary") && is_text(value))
    })
}

/// What a run comes to: an `add` of all entries, or a `remove` with a list of values.
fn join(run: &[PatchOperation]) -> Cow<'_, PatchOperation> {
    match run {
        [PatchOperation::Add { path, .. }, _, ..] => {
            let added = run.iter().filter_map(|operation| match operation {
                PatchOperation::Add { value, .. } => Some(each(value).cloned()),
                _ => None,
            });
            Cow::Owned(PatchOperation::Add { path: path.clone(), value: added.flatten().collect() })
        }
        [PatchOperation::Remove { path, .. }, _, ..] => {
            let removed = run.iter().filter_map(|operation| match operation {
                PatchOperation::Remove { path, .. } => wanted_value(path).map(|wanted| json!({ "value": wanted })),
                _ => None,
            });
            let path = AttributePath { filter: None, ..path.clone() };
            Cow::Owned(PatchOperation::Remove { path, value: Some(removed.collect()) })
        }
        _ => Cow::Borrowed(&run[0]),
    }
}

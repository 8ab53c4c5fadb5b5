//! Which entries of an attribute a request is about, where it says so.
//!
//! A group may have many members, and a request adds or removes one. What it does to that one doesn't depend on the
//! others, so that only entries with its value have to be there when it is applied.

use std::collections::BTreeSet;

use serde_json::Value;

use super::gather::{is_plain, wanted_value};
use super::{PatchOperation, PatchRequest};
use crate::scim::filter::each;
use crate::scim::{AttributePath, Leniencies, Leniency, ResourceSchema};

impl PatchRequest {
    /// The values of the entries of a core attribute that the request may change, if it says which: the outcome for them
    /// is the same, and no other entry changes, when the others aren't there. `None` where it takes all entries to know.
    pub fn named_values(
        &self,
        attribute: &str,
        schema: &ResourceSchema,
        leniencies: Leniencies,
    ) -> Option<Vec<String>> {
        let is_exact = schema.attribute(attribute)?.sub_attribute("value")?.case_exact;
        let (mut added, mut removed) = (BTreeSet::new(), BTreeSet::new());
        for operation in &self.operations {
            match operation {
                PatchOperation::Add { path: Some(path), value } if is_it(path, attribute, schema)? => {
                    added.extend(added_values(path, value)?);
                }
                PatchOperation::Replace { path: Some(path), .. } if is_it(path, attribute, schema)? => return None,
                PatchOperation::Remove { path, value } if is_it(path, attribute, schema)? => {
                    removed.extend(removed_values(path, value.as_ref(), leniencies)?);
                }
                PatchOperation::Add { path: None, value } => {
                    added.extend(merged_values(attribute, value, schema)?);
                }
                PatchOperation::Replace { path: None, value } => {
                    merged_values(attribute, value, schema).filter(Vec::is_empty)?;
                }
                PatchOperation::Add { .. } | PatchOperation::Replace { .. } | PatchOperation::Remove { .. } => {}
            }
        }
        // who leaves and comes back stands last
        let is_named = is_exact && added.is_disjoint(&removed);
        is_named.then(|| added.union(&removed).map(|&value| value.to_owned()).collect())
    }
}

/// Whether a path leads to the attribute; `None` where it may lead to anything.
fn is_it(path: &AttributePath, attribute: &str, schema: &ResourceSchema) -> Option<bool> {
    let Some(resolved) = schema.resolve(path) else { return Some(false) };
    let found = resolved.attribute?;
    Some(resolved.extension.is_none() && found.name.eq_ignore_ascii_case(attribute))
}

fn added_values<'v>(path: &AttributePath, value: &'v Value) -> Option<Vec<&'v str>> {
    if path.filter.is_some() || path.sub_attribute.is_some() || !is_plain(value) {
        return None;
    }
    each(value).map(|entry| entry.get("value")?.as_str()).collect()
}

fn removed_values<'v>(
    path: &'v AttributePath,
    value: Option<&'v Value>,
    leniencies: Leniencies,
) -> Option<Vec<&'v str>> {
    if path.sub_attribute.is_some() {
        return None;
    }
    if path.filter.is_some() {
        return wanted_value(path).map(|wanted| vec![wanted]);
    }
    let listed =
        value.filter(|value| leniencies.allow(Leniency::ValueListRemoval) && !value.is_null() && is_plain(value))?;
    each(listed).map(|entry| entry.get("value")?.as_str()).collect()
}

/// Of an operation without a path, an object of attributes.
fn merged_values<'v>(attribute: &str, value: &'v Value, schema: &ResourceSchema) -> Option<Vec<&'v str>> {
    let mut values = Vec::new();
    for (key, value) in value.as_object().into_iter().flatten() {
        if key.eq_ignore_ascii_case("schemas") {
            continue;
        }
        let Ok(path) = AttributePath::parse(key) else { continue };
        if is_it(&path, attribute, schema)? {
            values.extend(added_values(&path, value)?);
        }
    }
    Some(values)
}

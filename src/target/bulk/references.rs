//! `bulkId:…` in data and paths: references to what other operations make (RFC 7644 section 3.7.2).

use std::ops::Range;

use serde_json::Value;

const PREFIX: &str = "bulkId:";

/// The references in a text: it is one as a whole, or has some as segments of a path or in quotes, as a URL and the path
/// of a PATCH do. Only ids that are known are references inside a text.
fn within<'t>(text: &'t str, known: &dyn Fn(&str) -> bool) -> Vec<(Range<usize>, &'t str)> {
    if let Some(id) = text.strip_prefix(PREFIX) {
        return vec![(0..text.len(), id)];
    }
    let mut found = Vec::new();
    for (start, _) in text.match_indices(PREFIX) {
        if !text[..start].ends_with(['/', '"']) {
            continue;
        }
        let rest = &text[start + PREFIX.len()..];
        let id = &rest[..rest.find(['/', '"', '?', '#']).unwrap_or(rest.len())];
        if known(id) {
            found.push((start..start + PREFIX.len() + id.len(), id));
        }
    }
    found
}

/// Calls `visit` with each reference in a document.
pub(super) fn each<'v>(value: &'v Value, known: &dyn Fn(&str) -> bool, visit: &mut dyn FnMut(&'v str)) {
    match value {
        Value::String(text) => within(text, known).into_iter().for_each(|(_, id)| visit(id)),
        Value::Array(entries) => entries.iter().for_each(|entry| each(entry, known, visit)),
        Value::Object(members) => members.values().for_each(|value| each(value, known, visit)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Calls `visit` with each reference in a path.
pub(super) fn each_in_path<'p>(path: &'p str, known: &dyn Fn(&str) -> bool, visit: &mut dyn FnMut(&'p str)) {
    for (_, id) in within(path, known) {
        visit(id);
    }
    // a segment that is nothing else is meant as a reference, known or not
    if let Some(id) = path.rsplit('/').next().and_then(|last| last.strip_prefix(PREFIX))
        && !known(id)
    {
        visit(id);
    }
}

/// Puts the ids of resources in the place of references.
pub(super) fn replace(value: &mut Value, id_of: &dyn Fn(&str) -> Option<String>) {
    match value {
        Value::String(text) => *text = replaced(text, id_of),
        Value::Array(entries) => entries.iter_mut().for_each(|entry| replace(entry, id_of)),
        Value::Object(members) => members.values_mut().for_each(|value| replace(value, id_of)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Likewise in one text.
pub(super) fn replaced(text: &str, id_of: &dyn Fn(&str) -> Option<String>) -> String {
    let (mut result, mut rest) = (String::with_capacity(text.len()), 0);
    for (range, id) in within(text, &|id| id_of(id).is_some()) {
        if let Some(id) = id_of(id) {
            result.push_str(&text[rest..range.start]);
            result.push_str(&id);
            rest = range.end;
        }
    }
    result.push_str(&text[rest..]);
    result
}

/// Takes out of a resource what refers to others: entries of lists, otherwise whole attributes; says of which.
pub(super) fn detach(data: &mut Value, known: &dyn Fn(&str) -> bool, to: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut detached = Vec::new();
    let Value::Object(attributes) = data else { return detached };
    let refers = |value: &Value| {
        let mut found = false;
        each(value, known, &mut |id| found |= to(id));
        found
    };
    attributes.retain(|name, value| match value {
        Value::Object(_) if is_urn(name) => {
            detached.extend(detach(value, known, to).into_iter().map(|part| format!("{name}:{part}")));
            true
        }
        Value::Array(entries) => {
            let before = entries.len();
            entries.retain(|entry| !refers(entry));
            if entries.len() < before {
                detached.push(name.clone());
            }
            true
        }
        value if refers(value) => {
            detached.push(name.clone());
            false
        }
        _ => true,
    });
    detached
}

fn is_urn(name: &str) -> bool {
    name.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:"))
}

//! Looking into bodies as they came: operations of a PATCH, members in any letter case.

use serde_json::{Map, Value};

use crate::scim::{AttributePath, Resource, get, spelling};

/// The operations of a PATCH.
pub(super) fn operations(body: &Value) -> &[Value] {
    member(body, "Operations").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

pub(super) fn operations_mut(body: &mut Value) -> &mut [Value] {
    member_mut(body, "Operations").and_then(Value::as_array_mut).map_or(&mut [], Vec::as_mut_slice)
}

/// The attributes of an operation without a path.
pub(super) fn pathless(operation: &Value) -> Option<&Map<String, Value>> {
    if member(operation, "path").is_some() { None } else { member(operation, "value")?.as_object() }
}

pub(super) fn pathless_mut(operation: &mut Value) -> Option<&mut Map<String, Value>> {
    if member(operation, "path").is_some() {
        return None;
    }
    member_mut(operation, "value")?.as_object_mut()
}

pub(super) fn path(operation: &Value) -> Option<AttributePath> {
    AttributePath::parse(member(operation, "path")?.as_str()?).ok()
}

/// The path of an operation as it was written.
pub(super) fn path_text(operation: &Value) -> &str {
    member(operation, "path").and_then(Value::as_str).unwrap_or_default()
}

/// Whether an operation is of this kind: `add`, `replace`, `remove`.
pub(super) fn is_op(operation: &Value, name: &str) -> bool {
    op(operation).eq_ignore_ascii_case(name)
}

/// The kind of an operation as it was written.
pub(super) fn op(operation: &Value) -> &str {
    member(operation, "op").and_then(Value::as_str).unwrap_or_default()
}

/// An operation that changes nothing, for the place of one that is ignored: a PATCH without any would be refused.
pub(super) fn nothing() -> Value {
    serde_json::json!({ "op": "add", "value": {} })
}

/// Whether an operation's path is an attribute as a whole.
pub(super) fn is_whole(operation: &Value, attribute: &str) -> bool {
    path(operation).is_some_and(|path| {
        path.attribute.eq_ignore_ascii_case(attribute) && path.filter.is_none() && path.sub_attribute.is_none()
    })
}

/// The values that a write gives an attribute: the body of a resource, or the operations of a PATCH.
pub(super) fn written<'v>(body: &'v Value, attribute: &str) -> Vec<&'v Value> {
    match member(body, "Operations") {
        Some(_) => operations(body).iter().flat_map(|operation| written_by(operation, attribute)).collect(),
        None => body.as_object().map(|members| among(members, attribute)).unwrap_or_default(),
    }
}

/// The values that an operation gives an attribute.
pub(super) fn written_by<'v>(operation: &'v Value, attribute: &str) -> Vec<&'v Value> {
    match pathless(operation) {
        Some(members) => among(members, attribute),
        None if is_whole(operation, attribute) => member(operation, "value").into_iter().collect(),
        None => Vec::new(),
    }
}

/// Values of an attribute by its own name, with its URN before it, or below the URN.
fn among<'v>(members: &'v Map<String, Value>, attribute: &str) -> Vec<&'v Value> {
    let is_named = |key: &str| {
        key.eq_ignore_ascii_case(attribute)
            || AttributePath::parse(key).is_ok_and(|path| path.urn.is_some() && path.attribute == attribute)
    };
    let own = members.iter().filter(|(key, _)| is_named(key)).map(|(_, value)| value);
    let is_extension = |key: &str| key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:"));
    let extensions = members.iter().filter(|(key, _)| is_extension(key));
    own.chain(extensions.filter_map(|(_, value)| member(value, attribute))).collect()
}

/// The ids in `members` of a group, or in what adds or removes them.
pub(super) fn member_ids(members: &Value) -> Vec<&str> {
    let entries = members.as_array().map_or(std::slice::from_ref(members), Vec::as_slice);
    entries.iter().filter_map(|entry| member(entry, "value")?.as_str()).collect()
}

/// The ids of the members that a group has.
pub(super) fn members_of(group: &Resource) -> Vec<&str> {
    group.get("members").map(member_ids).unwrap_or_default()
}

pub(super) fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    get(value.as_object()?, name)
}

pub(super) fn member_mut<'v>(value: &'v mut Value, name: &str) -> Option<&'v mut Value> {
    let members = value.as_object_mut()?;
    let key = spelling(members, name)?;
    members.get_mut(&key)
}

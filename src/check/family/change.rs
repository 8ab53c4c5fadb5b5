//! Attributes that a PATCH gives other values, mapped or not.

use std::borrow::Cow;

use serde_json::Value;

use crate::check::probe::{Answer, Object, Probe, Stop};
use crate::plan::verify::Sent;
use crate::schema::TargetAttribute;
use crate::scim::{Change, ChangeOp, Resource};

/// What is expected of a PATCH.
pub(in crate::check::family) const SUCCESS: &str = "200 with the changed resource, or 204 without a body";

/// One attribute of a PATCH.
pub(super) struct Edit<'a> {
    pub(super) target: &'a TargetAttribute,
    pub(super) op: ChangeOp,
    pub(super) value: &'a Value,
}

impl<'a> Edit<'a> {
    /// As the service does it: what has a value is replaced, what has none is added.
    pub(super) fn new(target: &'a TargetAttribute, value: &'a Value, before: &Resource) -> Self {
        let op = if held(target, before).is_some() { ChangeOp::Replace } else { ChangeOp::Add };
        Self { target, op, value }
    }
}

/// The value that a resource has in an attribute; null, an empty text and an empty list are none.
pub(super) fn held<'r>(target: &TargetAttribute, resource: &'r Resource) -> Option<&'r Value> {
    target.path.get(resource).filter(|value| match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(values) => !values.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => true,
    })
}

/// Sends a PATCH in the dialect in force. A refusal ends the check.
pub(super) async fn write(probe: &Probe, object: &Object, edits: &[Edit<'_>]) -> Result<Answer, Stop> {
    let answer = probe.patch(object, body(probe, edits)).await?;
    probe.expect_success(&answer, SUCCESS)?;
    Ok(answer)
}

/// The body of a PATCH in the dialect in force.
pub(super) fn body(probe: &Probe, edits: &[Edit<'_>]) -> Value {
    let changes: Vec<_> = edits
        .iter()
        .map(|edit| Change {
            name: &edit.target.name,
            path: &edit.target.path,
            op: edit.op,
            value: Cow::Borrowed(edit.value),
        })
        .collect();
    probe.dialect().patch(&changes)
}

/// Reads the object back and holds it to having what was sent.
pub(super) async fn read_back(
    probe: &Probe,
    object: &Object,
    edits: &[Edit<'_>],
    before: Option<&Resource>,
) -> Result<(Answer, Resource), Stop> {
    let (read, after) = probe.read(object).await?;
    let sent: Vec<_> =
        edits.iter().map(|edit| Sent { attribute: edit.target, op: edit.op, value: edit.value }).collect();
    probe.compare_sent(&sent, before, &after, read.at);
    Ok((read, after))
}

/// Holds the mapped attributes that weren't sent to being as before. What an endpoint keeps beside them is its own
/// business, and may move.
pub(super) fn expect_others_unchanged(
    probe: &Probe,
    object: &Object,
    sent: &[&TargetAttribute],
    before: &Resource,
    after: &Resource,
    at: usize,
) {
    let attributes = &probe.mapping(object.kind).attributes;
    let others = object.values.iter().map(|(index, _)| &attributes[*index].target);
    for target in others.filter(|target| !sent.iter().any(|sent| sent.name == target.name)) {
        let (old, new) = (held(target, before), held(target, after));
        if old == new {
            continue;
        }
        let text = |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), Value::to_string);
        let name = &target.name;
        probe
            .finding(format!("also-changed-{}", target.path.attribute))
            .observed(format!("`{name}` wasn't in the PATCH but changed from {} to {}", text(old), text(new)))
            .expected("a PATCH changes what it names, and nothing else")
            .effect("values that nobody touched are lost, and the service doesn't send them again")
            .remedy("change only what the operations of a PATCH name, and keep everything else")
            .at(at)
            .fail();
    }
}

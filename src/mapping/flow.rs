//! Evaluates attribute mappings to typed values.

use std::borrow::Cow;

use serde_json::Value;

use crate::directory::AttributeValue;
use crate::expression::{self, Environment, role_name};
use crate::schema::{AttributeMapping, AttributeSource, FlowType, ObjectMapping};
use crate::scim::AttributeType;

use super::Roles;

/// What one mapping gives.
#[derive(Debug, Clone, PartialEq)]
pub enum Flow {
    /// The export lacks a column that the mapping needs: left out of create and compare.
    Unknown,
    /// Null, empty, or switched off: nothing is sent.
    Nothing,
    /// A value, sent on create and compared on update.
    Value(Value),
    /// A value that counts on create alone: a default, or `ObjectAddOnly`.
    OnCreate(Value),
    /// App roles, which POST and PATCH write differently.
    Roles(Roles),
}

/// Said instead of the reason where the value is redacted, since reasons quote values.
const REDACTED_ERROR: &str = "the expression can't be evaluated; its value is redacted, and so is the reason";

/// Whether roles go where roles are expected: only there the service writes them in their own way.
fn is_roles(mapping: &AttributeMapping) -> bool {
    mapping.target.path.attribute.eq_ignore_ascii_case("roles")
}

/// What all mappings give for one user, in schema order.
pub type Desired = Vec<Flow>;

/// An expression that can't be evaluated for one user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("mapping of {attribute}: {message}")]
pub struct MappingError {
    /// The target attribute.
    pub attribute: String,
    /// What is wrong.
    pub message: String,
}

/// Evaluates every mapping of an object.
///
/// References (`manager`) aren't values: they flow after both ends exist, and give
/// [`Flow::Nothing`] here.
pub fn evaluate(mapping: &ObjectMapping, environment: &Environment<'_>) -> Result<Desired, MappingError> {
    mapping.attributes.iter().enumerate().map(|(index, attribute)| evaluate_at(index, attribute, environment)).collect()
}

/// Evaluates every mapping; one that can't be evaluated is [`Flow::Unknown`], and the first such
/// error comes along.
pub fn evaluate_each(mapping: &ObjectMapping, environment: &Environment<'_>) -> (Desired, Option<MappingError>) {
    let mut first = None;
    let one = |(index, attribute)| {
        evaluate_at(index, attribute, environment).unwrap_or_else(|error| {
            first.get_or_insert(error);
            Flow::Unknown
        })
    };
    (mapping.attributes.iter().enumerate().map(one).collect(), first)
}

/// Random values of one mapping aren't those of another.
fn evaluate_at(index: usize, mapping: &AttributeMapping, environment: &Environment<'_>) -> Result<Flow, MappingError> {
    let seed = environment.seed.rotate_left(32) ^ index as u64;
    evaluate_one(mapping, &Environment { seed, ..*environment })
}

fn evaluate_one(mapping: &AttributeMapping, environment: &Environment<'_>) -> Result<Flow, MappingError> {
    if mapping.target.kind == AttributeType::Reference {
        return Ok(Flow::Nothing);
    }
    if mapping.slots.iter().any(|slot| environment.values[usize::from(slot.0)] == AttributeValue::Unknown) {
        return Ok(Flow::Unknown);
    }
    let kind = mapping.target.kind;
    let value = match &mapping.source {
        AttributeSource::None => None,
        AttributeSource::Direct(slot) => direct(kind, &environment.values[usize::from(slot.0)]),
        AttributeSource::Constant(text) => typed(kind, text),
        AttributeSource::Expression(expression) => {
            let value = expression.evaluate(environment).map_err(|error| MappingError {
                attribute: mapping.target.name.clone(),
                message: if mapping.redacted { REDACTED_ERROR.to_owned() } else { error.to_string() },
            })?;
            match &value {
                expression::Value::NoFlow => return Ok(Flow::Nothing),
                expression::Value::Roles(shape, roles) => {
                    let roles = Roles::new(*shape, roles.iter().map(AsRef::as_ref));
                    match (roles, mapping.flow) {
                        (None, _) => None,
                        (Some(roles), FlowType::ObjectAddOnly) => Some(roles.created()),
                        (Some(roles), _) if is_roles(mapping) => return Ok(Flow::Roles(roles)),
                        (Some(roles), _) => Some(roles.created()),
                    }
                }
                value => from_expression(kind, value),
            }
        }
    };
    Ok(match (value, &mapping.default) {
        (Some(value), _) if mapping.flow == FlowType::ObjectAddOnly => Flow::OnCreate(value),
        (Some(value), _) => Flow::Value(value),
        (None, Some(default)) => typed(kind, default).map_or(Flow::Nothing, Flow::OnCreate),
        (None, None) => Flow::Nothing,
    })
}

/// The text that a matching attribute gives, without building anything that isn't needed for it;
/// `None` where there is none.
pub fn matching_text<'v>(mapping: &AttributeMapping, environment: &'v Environment<'v>) -> Option<Cow<'v, str>> {
    if let AttributeSource::Direct(slot) = &mapping.source
        && let AttributeValue::String(text) = &environment.values[usize::from(slot.0)]
    {
        return (!text.is_empty()).then(|| Cow::Borrowed(text.as_ref()));
    }
    match evaluate_one(mapping, environment).ok()? {
        Flow::Value(value) | Flow::OnCreate(value) => match value {
            Value::String(text) => Some(Cow::Owned(text)),
            value @ (Value::Bool(_) | Value::Number(_)) => Some(Cow::Owned(value.to_string())),
            _ => None,
        },
        Flow::Unknown | Flow::Nothing | Flow::Roles(_) => None,
    }
}

fn direct(kind: AttributeType, value: &AttributeValue<'_>) -> Option<Value> {
    match value {
        AttributeValue::Unknown | AttributeValue::Null => None,
        AttributeValue::String(text) => typed(kind, text),
        AttributeValue::Bool(value) => Some(boolean(kind, *value)),
        AttributeValue::Strings(values) => several(kind, values),
        AttributeValue::Roles(roles) => {
            several(kind, &roles.iter().map(|role| Cow::Borrowed(role_name(role))).collect::<Vec<_>>())
        }
    }
}

fn from_expression(kind: AttributeType, value: &expression::Value<'_>) -> Option<Value> {
    match value {
        expression::Value::Null | expression::Value::NoFlow | expression::Value::Roles(..) => None,
        expression::Value::String(text) => typed(kind, text),
        expression::Value::Bool(value) => Some(boolean(kind, *value)),
        expression::Value::Strings(values) => several(kind, values),
        expression::Value::Number(_) | expression::Value::DateTime(_) => typed(kind, &value.to_text()?),
    }
}

fn several(kind: AttributeType, values: &[Cow<'_, str>]) -> Option<Value> {
    let values: Vec<_> = values.iter().filter_map(|text| typed(kind, text)).collect();
    (!values.is_empty()).then_some(Value::Array(values))
}

fn boolean(kind: AttributeType, value: bool) -> Value {
    match kind {
        AttributeType::Boolean => Value::Bool(value),
        _ => Value::String(if value { "True" } else { "False" }.to_owned()),
    }
}

/// The JSON value of a text by the target's type. A text that isn't of the type stays a text: the
/// endpoint is to say what it makes of it.
fn typed(kind: AttributeType, text: &str) -> Option<Value> {
    if text.is_empty() {
        return None;
    }
    Some(match kind {
        AttributeType::Boolean if text.eq_ignore_ascii_case("true") => Value::Bool(true),
        AttributeType::Boolean if text.eq_ignore_ascii_case("false") => Value::Bool(false),
        AttributeType::Integer => {
            text.parse::<i64>().map_or_else(|_| Value::String(text.to_owned()), |number| Value::Number(number.into()))
        }
        _ => Value::String(text.to_owned()),
    })
}

#[cfg(test)]
mod tests;

//! Whether a target's value is the desired one, compared by type.

use serde_json::Value;

use crate::matching::same_ignoring_case;
use crate::schema::TargetAttribute;
use crate::scim::{AttributeType, get};

/// Whether a value must be sent: the target has none, or another one.
///
/// Booleans are compared whatever their spelling, texts without letter case unless the attribute
/// is `caseExact`, several values as a set.
pub fn differs(attribute: &TargetAttribute, desired: &Value, actual: Option<&Value>) -> bool {
    match actual {
        None => true,
        Some(actual) => !same(attribute, desired, actual),
    }
}

fn same(attribute: &TargetAttribute, desired: &Value, actual: &Value) -> bool {
    match (desired, actual) {
        (Value::Array(desired), Value::Array(actual)) => {
            desired.len() == actual.len()
                && desired.iter().all(|value| actual.iter().any(|other| same(attribute, value, other)))
        }
        (Value::Array(desired), actual) => desired.len() == 1 && same(attribute, &desired[0], actual),
        // A simple value read back as `[{"value": …}]` or `{"value": …}` is that value.
        (desired, Value::Array(actual)) => actual.len() == 1 && same(attribute, desired, &actual[0]),
        (desired, Value::Object(actual)) if !desired.is_object() => {
            get(actual, "value").is_some_and(|actual| same(attribute, desired, actual))
        }
        _ if attribute.kind == AttributeType::Boolean => match (truth(desired), truth(actual)) {
            (Some(desired), Some(actual)) => desired == actual,
            _ => desired == actual,
        },
        (Value::String(desired), Value::String(actual)) => {
            if attribute.case_exact {
                desired == actual
            } else {
                same_ignoring_case(desired, actual)
            }
        }
        (Value::Number(number), Value::String(text)) | (Value::String(text), Value::Number(number)) => {
            number.to_string() == *text
        }
        (Value::Bool(value), Value::String(text)) | (Value::String(text), Value::Bool(value)) => {
            text.eq_ignore_ascii_case(if *value { "true" } else { "false" })
        }
        _ => desired == actual,
    }
}

/// The boolean behind `true`, `"True"`, `"false"` …
pub(crate) fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// Whether the target has a value at all: neither absent nor null nor empty.
pub(crate) fn has_value(actual: Option<&Value>) -> bool {
    match actual {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(values)) => !values.is_empty(),
        Some(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scim::AttributeType::{Boolean, Integer, String};
    use crate::scim::{AttributePath, Mutability};

    #[test]
    fn values_are_compared_by_type() {
        let check = |kind, case_exact, desired: Value, actual: Option<Value>, expected: bool| {
            let attribute = TargetAttribute {
                name: "x".to_owned(),
                path: AttributePath::parse("x").unwrap(),
                kind,
                multivalued: false,
                case_exact,
                required: false,
                mutability: Mutability::ReadWrite,
            };
            assert_eq!(differs(&attribute, &desired, actual.as_ref()), expected, "{desired} against {actual:?}");
        };
        check(String, false, json!("Ann"), None, true);
        check(String, false, json!("Ann"), Some(json!("ANN")), false);
        check(String, false, json!("Ärger"), Some(json!("ärger")), false);
        check(String, true, json!("Ann"), Some(json!("ANN")), true);
        check(String, false, json!("Ann"), Some(Value::Null), true);
        check(Boolean, false, json!(true), Some(json!("True")), false);
        check(Boolean, false, json!(false), Some(json!("true")), true);
        check(Boolean, false, json!("False"), Some(json!(false)), false);
        check(Integer, false, json!(7), Some(json!("7")), false);
        check(String, false, json!("7"), Some(json!(7)), false);
        check(String, false, json!(["a", "b"]), Some(json!(["B", "a"])), false);
        check(String, false, json!(["a", "b"]), Some(json!(["a"])), true);
        check(String, false, json!("a"), Some(json!([{"value": "a"}])), false);
        check(String, false, json!("a"), Some(json!({"Value": "a"})), false);
        check(String, false, json!("m-1"), Some(json!({"value": "m-2"})), true);
    }
}

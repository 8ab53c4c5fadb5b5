//! Values made to fit their attributes, or refused.

use serde_json::{Map, Value};

use super::format::{instant, is_base64, is_uri};
use crate::scim::resource::{get, spelling};
use crate::scim::{Attribute, AttributeType, Leniencies, Leniency, Mutability, PatchError, ScimType};

/// Whether an entry is marked as the preferred one.
pub(in crate::scim) fn is_primary(entry: &Value) -> bool {
    entry.get("primary") == Some(&Value::Bool(true))
}

/// Makes a value fit an attribute: an array for one with several values. `None` where nothing is left,
/// which unassigns the attribute (RFC 7643 section 2.5).
pub(in crate::scim) fn fit(
    value: Value,
    attribute: &Attribute,
    leniencies: Leniencies,
) -> Result<Option<Value>, PatchError> {
    if !attribute.multi_valued {
        return fit_one(value, attribute, leniencies);
    }
    let entries = match value {
        Value::Array(entries) => entries,
        single => vec![single],
    };
    let mut fitted = Vec::with_capacity(entries.len());
    for entry in entries {
        fitted.extend(fit_one(entry, attribute, leniencies)?);
    }
    Ok((!fitted.is_empty()).then_some(Value::Array(fitted)))
}

/// Makes a value fit one entry of an attribute.
pub(in crate::scim) fn fit_one(
    value: Value,
    attribute: &Attribute,
    leniencies: Leniencies,
) -> Result<Option<Value>, PatchError> {
    use AttributeType::{Binary, Boolean, Complex, DateTime, Decimal, Integer, Reference, String as Text};
    let value = match unwrapped(value, attribute, leniencies) {
        Value::Null => return Ok(None),
        value => value,
    };
    let wanted = match attribute.kind {
        Complex => return fit_complex(value, attribute, leniencies),
        Text => "a text",
        Boolean => "a boolean",
        Integer => "a whole number",
        Decimal => "a number",
        DateTime => "an instant like 2026-01-31T12:00:00Z",
        Binary => "base64",
        Reference => "a URI",
    };
    if let Value::String(text) = &value
        && attribute.kind != Text
    {
        if text.is_empty() && attribute.kind != Reference && leniencies.allow(Leniency::EmptyTexts) {
            return Ok(None);
        }
        if let Some(value) = read(text, attribute.kind, leniencies) {
            return Ok(Some(value));
        }
    }
    let loose = leniencies.allow(Leniency::LooseFormats);
    let fits = match (attribute.kind, &value) {
        (Text, Value::String(text)) => return canonical(text, attribute, leniencies).map(|()| Some(value)),
        (Boolean, Value::Bool(_)) | (Decimal, Value::Number(_)) => true,
        (Integer, Value::Number(number)) => !number.is_f64(),
        (DateTime, Value::String(text)) => instant(text).is_some(),
        (Binary, Value::String(text)) => loose || is_base64(text),
        (Reference, Value::String(text)) => loose || is_uri(text),
        _ => false,
    };
    if fits { Ok(Some(value)) } else { Err(misfit(&attribute.name, wanted, &value)) }
}

/// The value without what it was wrapped into.
fn unwrapped(value: Value, attribute: &Attribute, leniencies: Leniencies) -> Value {
    if !leniencies.allow(Leniency::WrappedValues) {
        return value;
    }
    let value = match value {
        Value::Array(mut entries) if !attribute.multi_valued && entries.len() <= 1 => entries.pop().unwrap_or_default(),
        value => value,
    };
    match value {
        Value::Object(mut members) if attribute.kind != AttributeType::Complex && members.contains_key("value") => {
            members.remove("value").unwrap_or_default()
        }
        value => value,
    }
}

/// A boolean or a number that was written as a text.
fn read(text: &str, kind: AttributeType, leniencies: Leniencies) -> Option<Value> {
    match kind {
        AttributeType::Boolean if leniencies.allow(Leniency::StringBooleans) => {
            [true, false].into_iter().find(|value| text.eq_ignore_ascii_case(&value.to_string())).map(Value::Bool)
        }
        AttributeType::Integer | AttributeType::Decimal if leniencies.allow(Leniency::StringNumbers) => {
            let number: serde_json::Number = text.parse().ok()?;
            (kind == AttributeType::Decimal || !number.is_f64()).then_some(Value::Number(number))
        }
        _ => None,
    }
}

/// Refuses a text that isn't one of the canonical values, where there are such and others aren't taken.
fn canonical(text: &str, attribute: &Attribute, leniencies: Leniencies) -> Result<(), PatchError> {
    let is_it = |value: &str| if attribute.case_exact { value == text } else { value.eq_ignore_ascii_case(text) };
    let values = &attribute.canonical_values;
    if values.is_empty() || leniencies.allow(Leniency::OtherValues) || values.iter().any(|value| is_it(value)) {
        return Ok(());
    }
    Err(misfit(&attribute.name, &format!("one of {}", values.join(", ")), &Value::from(text)))
}

/// Members come out in the schema's order, so that equal entries print alike.
fn fit_complex(value: Value, attribute: &Attribute, leniencies: Leniencies) -> Result<Option<Value>, PatchError> {
    let name = &attribute.name;
    let mut members = match value {
        Value::Object(members) => members,
        Value::String(text) => match serialised(&text, leniencies) {
            Some(members) => members,
            None if text.is_empty() && leniencies.allow(Leniency::EmptyTexts) => return Ok(None),
            None if leniencies.allow(Leniency::BareReferences) && attribute.sub_attribute("value").is_some() => {
                if text.is_empty() {
                    return Ok(None);
                }
                Map::from_iter([("value".to_owned(), Value::String(text))])
            }
            None => return Err(misfit(name, "an object", &Value::String(text))),
        },
        other => return Err(misfit(name, "an object", &other)),
    };
    let is_empty = !attribute.multi_valued && get(&members, "value") == Some(&Value::String(String::new()));
    if is_empty && leniencies.allow(Leniency::EmptyTexts) && attribute.sub_attribute("value").is_some() {
        return Ok(None);
    }
    if let Some(inner) = members.get("value").and_then(Value::as_str).and_then(|text| serialised(text, leniencies)) {
        members.remove("value");
        members.extend(inner);
    }
    if !leniencies.allow(Leniency::UnknownAttributes)
        && let Some(key) = members.keys().find(|key| attribute.sub_attribute(key).is_none())
    {
        return Err(PatchError::new(ScimType::InvalidValue, format!("`{key}` isn't part of `{name}`")));
    }
    let mut fitted = Map::new();
    for part in &attribute.sub_attributes {
        if part.mutability == Mutability::ReadOnly {
            continue;
        }
        let Some(key) = spelling(&members, &part.name) else { continue };
        let value = members.get_mut(&key).map(Value::take).unwrap_or_default();
        let value = fit(value, part, leniencies).map_err(|mut error| {
            error.detail = format!("in `{name}`, {}", error.detail);
            error
        })?;
        if let Some(value) = value {
            fitted.insert(part.name.clone().into_owned(), value);
        }
    }
    Ok((!fitted.is_empty()).then_some(Value::Object(fitted)))
}

/// The object that a text holds, where such texts are taken.
fn serialised(text: &str, leniencies: Leniencies) -> Option<Map<String, Value>> {
    let may_be = leniencies.allow(Leniency::JsonInStrings) && text.starts_with('{');
    if may_be { serde_json::from_str(text).ok() } else { None }
}

pub(in crate::scim) fn misfit(name: &str, wanted: &str, value: &Value) -> PatchError {
    let mut found = value.to_string();
    if found.len() > 100 {
        found.truncate(found.floor_char_boundary(100));
        found.push('…');
    }
    PatchError::new(ScimType::InvalidValue, format!("`{name}` takes {wanted}, not {found}"))
}

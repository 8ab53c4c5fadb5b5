//! `BitAnd` and `CBool`.

use crate::expression::evaluate::{Call, Evaluated, EvaluationError, boolean, cut};
use crate::expression::value::{Number, Value};

/// `BitAnd(value1, value2)`: the bits that both whole numbers have; null where one is null.
pub(super) fn bit_and<'a>(call: &Call<'a>) -> Evaluated<'a> {
    let (first, second) = (call.value(0)?, call.value(1)?);
    if first.is_null_or_empty() || second.is_null_or_empty() {
        return Ok(Value::Null);
    }
    Ok(Value::Number(Number::Integer(call.whole(&first, "value1")? & call.whole(&second, "value2")?)))
}

/// `CBool(expression)`: what a comparison says, whether a number isn't 0, the boolean that a text spells;
/// null for null.
pub(super) fn to_bool<'a>(call: &Call<'a>) -> Evaluated<'a> {
    let value = call.value(0)?;
    if value.is_null_or_empty() {
        return Ok(Value::Null);
    }
    if let Some(value) = boolean(&value) {
        return Ok(Value::Bool(value));
    }
    let text = call.single(value)?.unwrap_or_default();
    match Number::parse(&text) {
        Some(number) => Ok(Value::Bool(number.compare(Number::Integer(0)).is_ne())),
        None => Err(EvaluationError::NotABoolean { value: cut(&text) }.into()),
    }
}

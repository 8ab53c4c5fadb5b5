//! `Switch`, `IIF`, `Not`, `Coalesce`, `IgnoreFlowIfNullOrEmpty`: which value it is.

use crate::expression::Value;
use crate::expression::evaluate::{Call, Evaluated, Stop, boolean};
use crate::expression::value::Number;

/// The value of the first key that is exactly the source, else the default. The key `""` stands for a
/// source that is null or empty; without a default the result is null.
pub(super) fn switch<'a>(call: &Call<'a>) -> Evaluated<'a> {
    let source = call.text(0)?.unwrap_or_default();
    for key in (2..call.arguments.len()).step_by(2) {
        if call.text(key)?.unwrap_or_default() == source {
            return call.value(key + 1);
        }
    }
    call.value(1)
}

/// The second argument where the condition holds, else the third; only that one is evaluated.
pub(super) fn iif<'a>(call: &Call<'a>) -> Evaluated<'a> {
    let condition = call.value(0)?;
    let holds = match condition {
        Value::Number(number) => number.compare(Number::Integer(0)).is_ne(),
        condition => boolean(&condition).unwrap_or_default(),
    };
    call.value(if holds { 1 } else { 2 })
}

/// `False` for `True`, `True` for anything else, null included. The letter case doesn't count because
/// exports write booleans in both.
pub(super) fn not<'a>(call: &Call<'a>) -> Evaluated<'a> {
    Ok(Value::Bool(boolean(&call.value(0)?) != Some(true)))
}

/// The first argument that isn't null; `""` isn't null.
pub(super) fn coalesce<'a>(call: &Call<'a>) -> Evaluated<'a> {
    for index in 0..call.arguments.len() {
        let value = call.value(index)?;
        if !value.is_null() {
            return Ok(value);
        }
    }
    Ok(Value::Null)
}

/// The argument, or no flow at all where it is null or empty.
pub(super) fn ignore_flow_if_null_or_empty<'a>(call: &Call<'a>) -> Evaluated<'a> {
    let value = call.value(0)?;
    if value.is_null_or_empty() { Err(Stop::NoFlow) } else { Ok(value) }
}

//! `IsNull`, `IsNullOrEmpty`, `IsPresent`, `IsString`.

use crate::expression::Value;
use crate::expression::evaluate::{Call, Evaluated};

/// True where the value is null; an attribute that isn't there is null.
pub(super) fn is_null<'a>(call: &Call<'a>) -> Evaluated<'a> {
    Ok(Value::Bool(call.value(0)?.is_null()))
}

/// True where the value is null or `""`.
pub(super) fn is_null_or_empty<'a>(call: &Call<'a>) -> Evaluated<'a> {
    Ok(Value::Bool(call.value(0)?.is_null_or_empty()))
}

/// The opposite of `IsNullOrEmpty`.
pub(super) fn is_present<'a>(call: &Call<'a>) -> Evaluated<'a> {
    Ok(Value::Bool(!call.value(0)?.is_null_or_empty()))
}

/// True where `CStr` gives a text: neither for null nor for several values.
pub(super) fn is_string<'a>(call: &Call<'a>) -> Evaluated<'a> {
    Ok(Value::Bool(call.value(0)?.to_text().is_some()))
}

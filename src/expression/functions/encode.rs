//! Base64 and hexadecimal.

use crate::expression::evaluate::{Call, Evaluated, EvaluationError};

/// `ConvertFromBase64`.
pub(super) fn from_base64<'a>(call: &Call<'a>) -> Evaluated<'a> {
    Err(EvaluationError::Pending { function: call.function.name() }.into())
}

/// `ConvertToBase64`.
pub(super) fn to_base64<'a>(call: &Call<'a>) -> Evaluated<'a> {
    Err(EvaluationError::Pending { function: call.function.name() }.into())
}

/// `ConvertToUtf8Hex`.
pub(super) fn to_utf8_hex<'a>(call: &Call<'a>) -> Evaluated<'a> {
    Err(EvaluationError::Pending { function: call.function.name() }.into())
}

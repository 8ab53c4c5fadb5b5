//! `NormalizeDiacritics`, `PCase`, `Trim`.

use crate::expression::evaluate::{Call, Evaluated, EvaluationError};

/// `NormalizeDiacritics`.
pub(super) fn normalize_diacritics<'a>(call: &Call<'a>) -> Evaluated<'a> {
    Err(EvaluationError::Pending { function: call.function.name() }.into())
}

/// `PCase`.
pub(super) fn proper_case<'a>(call: &Call<'a>) -> Evaluated<'a> {
    Err(EvaluationError::Pending { function: call.function.name() }.into())
}

/// `Trim`.
pub(super) fn trim<'a>(call: &Call<'a>) -> Evaluated<'a> {
    Err(EvaluationError::Pending { function: call.function.name() }.into())
}

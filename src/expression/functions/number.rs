//! `BitAnd` and `CBool`.

use crate::expression::evaluate::{Call, Evaluated, EvaluationError};

/// `BitAnd`.
pub(super) fn bit_and<'a>(call: &Call<'a>) -> Evaluated<'a> {
    Err(EvaluationError::Pending { function: call.function.name() }.into())
}

/// `CBool`.
pub(super) fn to_bool<'a>(call: &Call<'a>) -> Evaluated<'a> {
    Err(EvaluationError::Pending { function: call.function.name() }.into())
}

//! `Guid` and `RandomString`.

use crate::expression::evaluate::{Call, Evaluated, EvaluationError};

/// `Guid`.
pub(super) fn guid<'a>(call: &Call<'a>) -> Evaluated<'a> {
    Err(EvaluationError::Pending { function: call.function.name() }.into())
}

/// `RandomString`.
pub(super) fn random_string<'a>(call: &Call<'a>) -> Evaluated<'a> {
    Err(EvaluationError::Pending { function: call.function.name() }.into())
}

//! Dates.

use crate::expression::evaluate::{Call, Evaluated, EvaluationError};

/// `CDate`.
pub(super) fn to_date<'a>(call: &Call<'a>) -> Evaluated<'a> {
    Err(EvaluationError::Pending { function: call.function.name() }.into())
}

/// `DateAdd`.
pub(super) fn add<'a>(call: &Call<'a>) -> Evaluated<'a> {
    Err(EvaluationError::Pending { function: call.function.name() }.into())
}

/// `DateDiff`.
pub(super) fn difference<'a>(call: &Call<'a>) -> Evaluated<'a> {
    Err(EvaluationError::Pending { function: call.function.name() }.into())
}

/// `DateFromNum`.
pub(super) fn from_file_time<'a>(call: &Call<'a>) -> Evaluated<'a> {
    Err(EvaluationError::Pending { function: call.function.name() }.into())
}

/// `FormatDateTime`.
pub(super) fn format<'a>(call: &Call<'a>) -> Evaluated<'a> {
    Err(EvaluationError::Pending { function: call.function.name() }.into())
}

/// `Now`.
pub(super) fn now<'a>(call: &Call<'a>) -> Evaluated<'a> {
    Err(EvaluationError::Pending { function: call.function.name() }.into())
}

/// `NumFromDate`.
pub(super) fn to_file_time<'a>(call: &Call<'a>) -> Evaluated<'a> {
    Err(EvaluationError::Pending { function: call.function.name() }.into())
}

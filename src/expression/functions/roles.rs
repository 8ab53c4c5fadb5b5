//! `SingleAppRoleAssignment`, `AppRoleAssignmentsComplex` and their kin.

use crate::expression::evaluate::{Call, Evaluated, EvaluationError};

/// `AppRoleAssignments`.
pub(super) fn names<'a>(call: &Call<'a>) -> Evaluated<'a> {
    Err(EvaluationError::Pending { function: call.function.name() }.into())
}

/// `AppRoleAssignmentsComplex`.
pub(super) fn complex<'a>(call: &Call<'a>) -> Evaluated<'a> {
    Err(EvaluationError::Pending { function: call.function.name() }.into())
}

/// `AssertiveAppRoleAssignmentsComplex`.
pub(super) fn assertive<'a>(call: &Call<'a>) -> Evaluated<'a> {
    Err(EvaluationError::Pending { function: call.function.name() }.into())
}

/// `SingleAppRoleAssignment`.
pub(super) fn single<'a>(call: &Call<'a>) -> Evaluated<'a> {
    Err(EvaluationError::Pending { function: call.function.name() }.into())
}

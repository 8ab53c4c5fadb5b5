//! `SingleAppRoleAssignment`, `AppRoleAssignmentsComplex`, `AssertiveAppRoleAssignmentsComplex` and the older
//! `AppRoleAssignments`: the app roles of a user.

use crate::directory::DEFAULT_ACCESS;
use crate::expression::evaluate::{Call, Evaluated, EvaluationError};
use crate::expression::value::{RoleShape, Value};

/// The roles in a shape; null where there is none. *Default Access* is no role that a target could be told.
pub(super) fn roles<'a>(call: &Call<'a>, shape: RoleShape) -> Evaluated<'a> {
    match call.value(0)? {
        Value::Roles(_, mut roles) => {
            roles.retain(|role| role.id != DEFAULT_ACCESS);
            // Which of several is taken isn't defined; here it is the first in the application's order.
            if shape == RoleShape::Single {
                roles.truncate(1);
            }
            Ok(if roles.is_empty() { Value::Null } else { Value::Roles(shape, roles) })
        }
        value if value.is_null() => Ok(Value::Null),
        _ => Err(EvaluationError::NoRoles { function: call.function.name() }.into()),
    }
}

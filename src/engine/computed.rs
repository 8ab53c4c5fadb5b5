//! Source attributes that no export has, or not rightly: they follow from the scope and the assignments.

use std::borrow::Cow;

use crate::directory::{AttributeNames, AttributeValue, Deletion, Entitlements, Evidence, User};
use crate::scoping::Decision;

/// Fills `IsSoftDeleted` and `appRoleAssignments` where the rules look at them, and `accountEnabled` of those in the
/// recycle bin: whatever their list says, or doesn't say, nobody signs in from there.
pub fn fill_computed<'u>(
    user: &mut User<'u>,
    names: &AttributeNames,
    decision: &Decision,
    entitlements: &'u Entitlements,
) {
    if let Some(slot) = names.get("IsSoftDeleted") {
        user.values[usize::from(slot.0)] =
            if decision.is_uncertain() { AttributeValue::Unknown } else { AttributeValue::Bool(!decision.in_scope()) };
    }
    if let (Deletion::Soft(_), Some(slot)) = (user.deletion, names.get("accountEnabled")) {
        user.values[usize::from(slot.0)] = AttributeValue::Bool(false);
    }
    if let Some(slot) = names.get("appRoleAssignments") {
        let ways = entitlements.evidence(&user.id).map(|evidence| match evidence {
            Evidence::Direct(set) | Evidence::Group(_, set) => set,
        });
        let mut roles: Vec<_> = ways.flat_map(|set| entitlements.roles_of(set).iter().copied()).collect();
        roles.sort_unstable();
        roles.dedup();
        let roles = roles.into_iter().map(|role| Cow::Borrowed(entitlements.roles().get(role)));
        user.values[usize::from(slot.0)] = AttributeValue::Roles(roles.collect());
    }
}

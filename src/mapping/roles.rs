//! App roles on their way to the target.

use serde_json::{Value, json};

use crate::directory::AppRole;
use crate::expression::{RoleShape, role_name};
use crate::scim::{ChangeOp, Dialect, Resource, get};

/// What the service writes as the `type` of a role.
const ROLE_TYPE: &str = "WindowsAzureActiveDirectoryRole";

/// The app roles of one user as a mapping gives them; there is at least one.
///
/// Shapes after Microsoft, *Customize user provisioning attribute-mappings*: provisioning a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roles {
    shape: RoleShape,
    /// Id, value, display name.
    roles: Vec<(String, String, String)>,
}

impl Roles {
    /// Takes over what a role function gave; `None` where it gave none.
    pub(super) fn new<'r>(shape: RoleShape, roles: impl IntoIterator<Item = &'r AppRole>) -> Option<Self> {
        let roles: Vec<_> = roles
            .into_iter()
            .map(|role| (role.id.to_string(), role_name(role).to_owned(), role.display_name.clone()))
            .collect();
        (!roles.is_empty()).then_some(Self { shape, roles })
    }

    /// The value in a POST: one name, or an object for each role.
    pub fn created(&self) -> Value {
        match self.shape {
            RoleShape::Single => json!(self.roles[0].1),
            RoleShape::Names => json!(self.roles.iter().map(|role| &role.1).collect::<Vec<_>>()),
            RoleShape::Complex | RoleShape::Assertive => self.objects(),
        }
    }

    fn objects(&self) -> Value {
        // The older function has the older name of the display name.
        let display = if self.shape == RoleShape::Complex { "displayName" } else { "display" };
        let object = |(_, value, name): &(String, String, String)| json!({"primary": false, "type": ROLE_TYPE, display: name, "value": value});
        self.roles.iter().map(object).collect()
    }

    /// The operation and value in a PATCH; its path is `roles`.
    pub fn patched(&self, dialect: Dialect) -> (ChangeOp, Value) {
        match (self.shape, dialect) {
            (RoleShape::Assertive, _) => (ChangeOp::Assert, self.objects()),
            (RoleShape::Names, _) => (ChangeOp::Add, self.created()),
            (RoleShape::Single, Dialect::Compliant) => {
                let (_, value, name) = &self.roles[0];
                (ChangeOp::Add, json!([{"primary": true, "type": ROLE_TYPE, "display": name, "value": value}]))
            }
            (RoleShape::Complex, Dialect::Compliant) => (ChangeOp::Add, self.objects()),
            (RoleShape::Single | RoleShape::Complex, Dialect::Scim) => {
                let text = |(id, value, name): &(String, String, String)| json!({"value": json!({"id": id, "value": value, "displayName": name}).to_string()});
                (ChangeOp::Add, self.roles.iter().map(text).collect())
            }
        }
    }

    /// Whether an account lacks one of the roles; for an asserted set also whether it has another one.
    pub fn differ(&self, account: &Resource) -> bool {
        let held = match account.get("roles") {
            Some(Value::Array(held)) => held.as_slice(),
            Some(one @ (Value::Object(_) | Value::String(_))) => std::slice::from_ref(one),
            _ => &[],
        };
        let has = |value: &str| held.iter().any(|entry| is_role(entry, value));
        let lacks_one = self.roles.iter().any(|(_, value, _)| !has(value));
        let has_another = || held.iter().any(|entry| !self.roles.iter().any(|(_, value, _)| is_role(entry, value)));
        lacks_one || (self.shape == RoleShape::Assertive && has_another())
    }

    /// What an account has, for showing the change.
    pub fn held(account: &Resource) -> Option<&Value> {
        account.get("roles").filter(|held| held.as_array().is_none_or(|held| !held.is_empty()))
    }
}

/// Whether an entry of `roles` is the role of a value. An entry whose value is the text of an object is how
/// the service writes one in PATCH.
fn is_role(entry: &Value, value: &str) -> bool {
    let held = entry.as_object().and_then(|members| get(members, "value")).unwrap_or(entry);
    let Some(text) = held.as_str() else { return false };
    text == value
        || serde_json::from_str::<Value>(text).is_ok_and(|object| object.get("value").is_some_and(|held| held == value))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn role(id: u128, value: &str, name: &str) -> AppRole {
        AppRole {
            id: Uuid::from_u128(id),
            value: Some(value.to_owned()),
            display_name: name.to_owned(),
            enabled: true,
            allowed_member_types: Vec::new(),
        }
    }

    #[test]
    fn every_shape_in_both_dialects() {
        let all = [role(1, "admin", "Administrator"), role(2, "reader", "Reader")];
        let roles = |shape: RoleShape, count: usize| Roles::new(shape, &all[..count]).unwrap();
        let object = |display: &str, value: &str, name: &str| json!({"primary": false, "type": ROLE_TYPE, display: name, "value": value});
        let complex =
            json!([object("displayName", "admin", "Administrator"), object("displayName", "reader", "Reader")]);
        let assertive = json!([object("display", "admin", "Administrator"), object("display", "reader", "Reader")]);
        let text = |id: u128, value: &str, name: &str| json!({"value": format!("{{\"id\":\"{}\",\"value\":\"{value}\",\"displayName\":\"{name}\"}}", Uuid::from_u128(id))});

        assert_eq!(roles(RoleShape::Single, 1).created(), json!("admin"));
        assert_eq!(roles(RoleShape::Complex, 2).created(), complex);
        assert_eq!(roles(RoleShape::Assertive, 2).created(), assertive);
        assert_eq!(roles(RoleShape::Names, 2).created(), json!(["admin", "reader"]));
        for (shape, count, dialect, op, value) in [
            (RoleShape::Single, 1, Dialect::Scim, ChangeOp::Add, json!([text(1, "admin", "Administrator")])),
            (
                RoleShape::Single,
                1,
                Dialect::Compliant,
                ChangeOp::Add,
                json!([{"primary": true, "type": ROLE_TYPE, "display": "Administrator", "value": "admin"}]),
            ),
            (
                RoleShape::Complex,
                2,
                Dialect::Scim,
                ChangeOp::Add,
                json!([text(1, "admin", "Administrator"), text(2, "reader", "Reader")]),
            ),
            (RoleShape::Complex, 2, Dialect::Compliant, ChangeOp::Add, complex.clone()),
            (RoleShape::Assertive, 2, Dialect::Scim, ChangeOp::Assert, assertive.clone()),
            (RoleShape::Assertive, 2, Dialect::Compliant, ChangeOp::Assert, assertive.clone()),
        ] {
            assert_eq!(roles(shape, count).patched(dialect), (op, value), "{shape:?} {dialect}");
        }
        assert_eq!(Roles::new(RoleShape::Complex, &[]), None);
    }

    #[test]
    fn what_an_account_has_is_compared() {
        let all = [role(1, "admin", "Administrator"), role(2, "reader", "Reader")];
        let check = |shape: RoleShape, held: Value, expected: bool| {
            let account = Resource::from_value(json!({"roles": held})).unwrap();
            assert_eq!(Roles::new(shape, &all).unwrap().differ(&account), expected, "{shape:?} {account:?}");
        };
        let both = json!([{"value": "reader"}, {"Value": "admin", "primary": "True"}]);
        check(RoleShape::Complex, both.clone(), false);
        check(RoleShape::Assertive, both, false);
        check(RoleShape::Complex, json!([{"value": "admin"}]), true);
        check(RoleShape::Complex, json!(null), true);
        let three = json!([{"value": "reader"}, {"value": "admin"}, {"value": "old"}]);
        check(RoleShape::Complex, three.clone(), false);
        check(RoleShape::Assertive, three, true);
        check(
            RoleShape::Complex,
            json!([{"value": "{\"id\":\"1\",\"value\":\"admin\",\"displayName\":\"A\"}"}, "reader"]),
            false,
        );
    }
}

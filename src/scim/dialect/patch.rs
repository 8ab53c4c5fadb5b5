//! The two ways in which the provisioning service writes PATCH.

use std::borrow::Cow;
use std::fmt;

use serde_json::{Map, Value, json};

use crate::scim::{AttributePath, urn};

/// The dialect of a job, chosen by the tenant URL's flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// The service's own since December 2018: `Add`, `Replace`, string booleans, one operation for
    /// each attribute.
    #[default]
    Scim,
    /// With `aadOptscim062020`: lower case, JSON booleans, plain attributes gathered into one
    /// operation without a path.
    Compliant,
}

impl Dialect {
    /// `scim` or `compliant`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scim => "scim",
            Self::Compliant => "compliant",
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether the target had a value before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeOp {
    /// It had none.
    Add,
    /// It had another one.
    Replace,
    /// What it had is replaced whatever it was; in lower case in both dialects.
    Assert,
}

/// One attribute to change, in the mapping's order.
#[derive(Debug, Clone, PartialEq)]
pub struct Change<'a> {
    /// Target attribute as the mapping names it.
    pub name: &'a str,
    /// The same, parsed.
    pub path: &'a AttributePath,
    /// Add or replace.
    pub op: ChangeOp,
    /// The new value, typed.
    pub value: Cow<'a, Value>,
}

impl Dialect {
    /// The body of a PATCH that makes these changes.
    pub fn patch(self, changes: &[Change<'_>]) -> Value {
        body(match self {
            Self::Scim => changes.iter().map(|change| operation(self, change)).collect(),
            Self::Compliant => compliant_operations(changes),
        })
    }

    pub(super) const fn op(self, op: ChangeOp) -> &'static str {
        match (self, op) {
            (Self::Scim, ChangeOp::Add) => "Add",
            (Self::Scim, ChangeOp::Replace) => "Replace",
            (Self::Compliant, ChangeOp::Add) => "add",
            (Self::Compliant, ChangeOp::Replace) | (_, ChangeOp::Assert) => "replace",
        }
    }
}

/// A PATCH body of these operations.
pub(super) fn body(operations: Vec<Value>) -> Value {
    json!({ "schemas": [urn::PATCH_OP], "Operations": Value::Array(operations) })
}

fn operation(dialect: Dialect, change: &Change<'_>) -> Value {
    let value = match (dialect, change.value.as_ref()) {
        (Dialect::Scim, Value::Bool(value)) => json!(if *value { "True" } else { "False" }),
        (_, value) => value.clone(),
    };
    json!({ "op": dialect.op(change.op), "path": change.name, "value": value })
}

fn compliant_operations(changes: &[Change<'_>]) -> Vec<Value> {
    let (with_path, plain): (Vec<_>, Vec<_>) = changes.iter().partition(|change| needs_path(change));
    let mut operations: Vec<Value> = with_path.iter().map(|change| operation(Dialect::Compliant, change)).collect();
    for op in [ChangeOp::Add, ChangeOp::Replace] {
        let gathered: Vec<_> = plain.iter().filter(|change| change.op == op).collect();
        match gathered.as_slice() {
            [] => {}
            [only] => operations.push(operation(Dialect::Compliant, only)),
            several => {
                let value: Map<_, _> =
                    several.iter().map(|change| (change.name.to_owned(), change.value.clone().into_owned())).collect();
                operations.push(json!({ "op": Dialect::Compliant.op(op), "value": value }));
            }
        }
    }
    operations
}

/// Whether a target keeps an operation of its own: value paths, `roles`, `manager`.
fn needs_path(change: &Change<'_>) -> bool {
    change.path.filter.is_some()
        || change.path.attribute.eq_ignore_ascii_case("roles")
        || change.path.attribute.eq_ignore_ascii_case("manager")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEPARTMENT: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";
    const WORK: &str = "emails[type eq \"work\"].value";

    fn patch(dialect: Dialect, changes: &[(&str, ChangeOp, Value)]) -> Value {
        let paths: Vec<_> = changes.iter().map(|(name, ..)| AttributePath::parse(name).unwrap()).collect();
        let changes: Vec<_> = changes
            .iter()
            .zip(&paths)
            .map(|((name, op, value), path)| Change { name, path, op: *op, value: Cow::Borrowed(value) })
            .collect();
        dialect.patch(&changes)["Operations"].clone()
    }

    #[test]
    fn the_service_sends_one_operation_for_each_attribute() {
        let operations = patch(
            Dialect::Scim,
            &[
                ("displayName", ChangeOp::Replace, json!("Ann B")),
                (WORK, ChangeOp::Add, json!("ann@contoso.com")),
                (DEPARTMENT, ChangeOp::Replace, json!("R&D")),
                ("active", ChangeOp::Replace, json!(false)),
            ],
        );
        assert_eq!(
            operations,
            json!([
                {"op": "Replace", "path": "displayName", "value": "Ann B"},
                {"op": "Add", "path": WORK, "value": "ann@contoso.com"},
                {"op": "Replace", "path": DEPARTMENT, "value": "R&D"},
                {"op": "Replace", "path": "active", "value": "False"},
            ])
        );
    }

    #[test]
    fn the_compliant_dialect_gathers_plain_attributes() {
        let operations = patch(
            Dialect::Compliant,
            &[
                ("displayName", ChangeOp::Replace, json!("Ann B")),
                (WORK, ChangeOp::Replace, json!("ann@contoso.com")),
                ("name.givenName", ChangeOp::Replace, json!("Ann")),
                ("nickName", ChangeOp::Add, json!("Babs")),
                (DEPARTMENT, ChangeOp::Replace, json!("R&D")),
                ("active", ChangeOp::Replace, json!(false)),
            ],
        );
        assert_eq!(
            operations,
            json!([
                {"op": "replace", "path": WORK, "value": "ann@contoso.com"},
                {"op": "add", "path": "nickName", "value": "Babs"},
                {"op": "replace", "value": {
                    "displayName": "Ann B", "name.givenName": "Ann", DEPARTMENT: "R&D", "active": false
                }},
            ])
        );
    }

    #[test]
    fn a_single_plain_attribute_keeps_its_path() {
        let operations = patch(Dialect::Compliant, &[("active", ChangeOp::Replace, json!(false))]);
        assert_eq!(operations, json!([{"op": "replace", "path": "active", "value": false}]));
    }
}

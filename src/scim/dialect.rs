//! The two ways in which the provisioning service writes PATCH, and its one way to write POST.
//!
//! Shapes after Microsoft, *Develop a SCIM endpoint for user provisioning* and *Known issues with
//! SCIM 2.0 protocol compliance*.

use std::borrow::Cow;
use std::fmt;

use serde_json::{Map, Value, json};

use super::{AttributePath, Literal, urn};

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
        let operations = match self {
            Self::Scim => changes.iter().map(|change| operation(self, change)).collect(),
            Self::Compliant => compliant_operations(changes),
        };
        json!({ "schemas": [urn::PATCH_OP], "Operations": Value::Array(operations) })
    }

    const fn op(self, op: ChangeOp) -> &'static str {
        match (self, op) {
            (Self::Scim, ChangeOp::Add) => "Add",
            (Self::Scim, ChangeOp::Replace) => "Replace",
            (Self::Compliant, ChangeOp::Add) => "add",
            (Self::Compliant, ChangeOp::Replace) | (_, ChangeOp::Assert) => "replace",
        }
    }
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

/// The body of a POST: `schemas`, the values in the mapping's order, `meta`. It is the same in
/// both dialects.
///
/// `target_object` is the mapping's `targetObjectName`: the enterprise user's URN makes the body
/// list both schemas, whether or not an enterprise attribute has a value.
pub fn creation<'a>(target_object: &str, values: impl IntoIterator<Item = (&'a AttributePath, Value)>) -> Value {
    let (schemas, kind) = match target_object {
        urn::ENTERPRISE_USER => (json!([urn::USER, urn::ENTERPRISE_USER]), "User"),
        urn::GROUP | "Group" => (json!([urn::GROUP]), "Group"),
        _ => (json!([urn::USER]), "User"),
    };
    let mut body = Map::new();
    body.insert("schemas".to_owned(), schemas);
    for (path, value) in values {
        place(&mut body, path, value);
    }
    body.insert("meta".to_owned(), json!({ "resourceType": kind }));
    Value::Object(body)
}

fn place(body: &mut Map<String, Value>, path: &AttributePath, value: Value) {
    let members = match &path.urn {
        Some(extension)
            if !extension.eq_ignore_ascii_case(urn::USER) && !extension.eq_ignore_ascii_case(urn::GROUP) =>
        {
            object(body.entry(extension.clone()).or_insert_with(|| json!({})))
        }
        _ => body,
    };
    let attribute = path.attribute.clone();
    match (&path.filter, &path.sub_attribute) {
        (None, None) => {
            members.insert(attribute, value);
        }
        (None, Some(sub)) => {
            object(members.entry(attribute).or_insert_with(|| json!({}))).insert(sub.clone(), value);
        }
        (Some(filter), sub) => {
            let mut wanted = Map::new();
            for (name, literal) in filter.equalities() {
                if path.attribute.eq_ignore_ascii_case("emails") && is_work(name, literal) {
                    wanted.insert("primary".to_owned(), Value::Bool(true));
                }
                wanted.insert(name.to_owned(), entry_value(name, literal));
            }
            let entries = array(members.entry(attribute).or_insert_with(|| json!([])));
            let described = |entry: &Value| wanted.iter().all(|(name, value)| entry.get(name) == Some(value));
            let at = entries.iter().position(described).unwrap_or(entries.len());
            if at == entries.len() {
                entries.push(Value::Object(wanted));
            }
            object(&mut entries[at]).insert(sub.clone().unwrap_or_else(|| "value".to_owned()), value);
        }
    }
}

fn is_work(name: &str, literal: &Literal) -> bool {
    name.eq_ignore_ascii_case("type") && matches!(literal, Literal::String(text) if text == "work")
}

/// `roles[primary eq "True"]` writes a boolean into the entry although the filter has a text.
fn entry_value(name: &str, literal: &Literal) -> Value {
    match literal {
        Literal::String(text) if name.eq_ignore_ascii_case("primary") && text.eq_ignore_ascii_case("true") => {
            Value::Bool(true)
        }
        Literal::String(text) if name.eq_ignore_ascii_case("primary") && text.eq_ignore_ascii_case("false") => {
            Value::Bool(false)
        }
        literal => literal.to_value(),
    }
}

fn object(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut().expect("it was just made an object")
}

fn array(value: &mut Value) -> &mut Vec<Value> {
    if !value.is_array() {
        *value = Value::Array(Vec::new());
    }
    value.as_array_mut().expect("it was just made an array")
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

    #[test]
    fn creation_nests_and_lists_schemas() {
        let values = [
            ("userName", json!("ann@contoso.com")),
            (WORK, json!("ann@contoso.com")),
            ("name.givenName", json!("Ann")),
            ("name.familyName", json!("Byron")),
            ("phoneNumbers[type eq \"work\"].value", json!("1")),
            ("phoneNumbers[type eq \"mobile\"].value", json!("2")),
            ("roles[primary eq \"True\"].value", json!("Admin")),
            ("roles[primary eq \"True\"].display", json!("Administrator")),
            (DEPARTMENT, json!("R&D")),
            ("active", json!(true)),
        ];
        let paths: Vec<_> = values.iter().map(|(name, _)| AttributePath::parse(name).unwrap()).collect();
        let body = creation(urn::ENTERPRISE_USER, paths.iter().zip(values.iter().map(|(_, value)| value.clone())));
        assert_eq!(
            body,
            json!({
                "schemas": [urn::USER, urn::ENTERPRISE_USER],
                "userName": "ann@contoso.com",
                "emails": [{"primary": true, "type": "work", "value": "ann@contoso.com"}],
                "name": {"givenName": "Ann", "familyName": "Byron"},
                "phoneNumbers": [{"type": "work", "value": "1"}, {"type": "mobile", "value": "2"}],
                "roles": [{"primary": true, "value": "Admin", "display": "Administrator"}],
                urn::ENTERPRISE_USER: {"department": "R&D"},
                "active": true,
                "meta": {"resourceType": "User"},
            })
        );
        assert_eq!(creation(urn::USER, [])["schemas"], json!([urn::USER]));
    }
}

//! PATCH bodies of references: members of groups, managers of users.

use serde_json::{Value, json};

use super::patch::body;
use super::{ChangeOp, Dialect};
use crate::scim::Filter;

impl Dialect {
    /// The body of a PATCH that adds members to a group, by their ids.
    pub fn add_members(self, ids: &[&str]) -> Value {
        body(vec![json!({ "op": self.op(ChangeOp::Add), "path": "members", "value": list(ids) })])
    }

    /// The body of a PATCH that removes members from a group, by their ids: a list of values, or an
    /// operation for each member.
    pub fn remove_members(self, ids: &[&str]) -> Value {
        body(match self {
            Self::Scim => vec![json!({ "op": "Remove", "path": "members", "value": list(ids) })],
            Self::Compliant => ids
                .iter()
                .map(|id| json!({ "op": "remove", "path": format!("members[{}]", Filter::equality("value", id)) }))
                .collect(),
        })
    }

    /// The body of a PATCH that lets a reference with one value, such as the manager, point to an id.
    pub fn set_reference(self, name: &str, op: ChangeOp, value: &str) -> Value {
        body(vec![json!({ "op": self.op(op), "path": name, "value": value })])
    }

    /// The body of a PATCH that clears a reference with one value: the service writes an empty text over it.
    pub fn clear_reference(self, name: &str) -> Value {
        self.set_reference(name, ChangeOp::Replace, "")
    }
}

fn list(ids: &[&str]) -> Value {
    ids.iter().map(|id| json!({ "value": id })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim::{AttributePath, urn};

    const MANAGER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";

    fn check(body: &Value, operations: &str) {
        let expected = format!(r#"{{"schemas":["{}"],"Operations":[{operations}]}}"#, urn::PATCH_OP);
        assert_eq!(body.to_string(), expected);
    }

    #[test]
    fn members() {
        let (service, compliant) = (Dialect::Scim, Dialect::Compliant);
        check(&service.add_members(&["a"]), r#"{"op":"Add","path":"members","value":[{"value":"a"}]}"#);
        check(
            &service.add_members(&["a", "b"]),
            r#"{"op":"Add","path":"members","value":[{"value":"a"},{"value":"b"}]}"#,
        );
        check(&compliant.add_members(&["a"]), r#"{"op":"add","path":"members","value":[{"value":"a"}]}"#);
        check(
            &service.remove_members(&["a", "b"]),
            r#"{"op":"Remove","path":"members","value":[{"value":"a"},{"value":"b"}]}"#,
        );
        check(
            &compliant.remove_members(&["a", "b"]),
            r#"{"op":"remove","path":"members[value eq \"a\"]"},{"op":"remove","path":"members[value eq \"b\"]"}"#,
        );
    }

    #[test]
    fn ids_are_escaped_in_filters() {
        for id in [r#"a"b"#, r"a\b", r#"x"] or value pr"#, "é ]"] {
            let body = Dialect::Compliant.remove_members(&[id]);
            let path = AttributePath::parse(body["Operations"][0]["path"].as_str().unwrap()).unwrap();
            let filter = path.filter.unwrap();
            assert_eq!(filter.pinned("value"), Some(vec![id]), "{body}");
        }
    }

    #[test]
    fn managers() {
        for (dialect, add, replace) in [(Dialect::Scim, "Add", "Replace"), (Dialect::Compliant, "add", "replace")] {
            let operation = |op: &str, value: &str| format!(r#"{{"op":"{op}","path":"{MANAGER}","value":"{value}"}}"#);
            check(&dialect.set_reference(MANAGER, ChangeOp::Add, "m-1"), &operation(add, "m-1"));
            check(&dialect.set_reference(MANAGER, ChangeOp::Replace, "m-2"), &operation(replace, "m-2"));
            check(&dialect.clear_reference(MANAGER), &operation(replace, ""));
        }
    }
}

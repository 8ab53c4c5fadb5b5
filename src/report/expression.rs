//! Expressions as Graph and people see them.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::style::dim;
use crate::expression::{self, Node, NodeKind, parameter_key, role_name};

/// The tree as Graph's attributeMappingSource: `expression`, `name`, `parameters`, `type`.
///
/// A number and a bare word are constants. A comparison, of which Graph has no documented shape, is a
/// function named by its operator with the parameters `left` and `right`.
pub fn source_tree(node: &Node) -> Value {
    let source = |kind: &str, name: &str, expression: String, parameters: Vec<Value>| json!({ "expression": expression, "name": name, "type": kind, "parameters": parameters });
    match &node.kind {
        NodeKind::Attribute(name) => source("Attribute", name, node.to_string(), Vec::new()),
        NodeKind::Text(text) => source("Constant", text, node.to_string(), Vec::new()),
        NodeKind::Number(text) | NodeKind::Word(text) => source("Constant", text, format!("\"{text}\""), Vec::new()),
        NodeKind::Call { name, arguments } => {
            let given = arguments.iter().enumerate().filter_map(|(index, argument)| Some((index, argument.as_ref()?)));
            let parameters = given.map(|(index, argument)| {
                let key = parameter_key(name, index, arguments.len()).unwrap_or("source");
                json!({ "key": key, "value": source_tree(argument) })
            });
            source("Function", name, node.to_string(), parameters.collect())
        }
        NodeKind::Condition { left, relation, right } => {
            let sides = [("left", left), ("right", right)];
            let parameters = sides.map(|(key, side)| json!({ "key": key, "value": source_tree(side) }));
            source("Function", relation.as_str(), node.to_string(), parameters.to_vec())
        }
    }
}

/// The tree with one node a line; `value` says what an attribute is.
pub fn tree_text(node: &Node, value: &dyn Fn(&str) -> String) -> String {
    let mut text = String::new();
    write_tree(&mut text, node, "", 0, value);
    text
}

fn write_tree(text: &mut String, node: &Node, key: &str, depth: usize, value: &dyn Fn(&str) -> String) {
    let indent = "  ".repeat(depth + 1);
    let key = if key.is_empty() { String::new() } else { format!("{} ", dim(format_args!("{key}:"))) };
    let mut line = |what: &str| {
        let _infallible = writeln!(text, "{indent}{key}{what}");
    };
    match &node.kind {
        NodeKind::Attribute(name) => line(&format!("[{name}] {}", dim(format_args!("= {}", value(name))))),
        NodeKind::Text(_) | NodeKind::Number(_) | NodeKind::Word(_) => line(&node.to_string()),
        NodeKind::Call { name, arguments } => {
            line(name);
            for (index, argument) in arguments.iter().enumerate() {
                if let Some(argument) = argument {
                    let key = parameter_key(name, index, arguments.len()).unwrap_or_default();
                    write_tree(text, argument, key, depth + 1, value);
                }
            }
        }
        NodeKind::Condition { left, relation, right } => {
            line(relation.as_str());
            write_tree(text, left, "left", depth + 1, value);
            write_tree(text, right, "right", depth + 1, value);
        }
    }
}

/// The type of a value in words.
pub const fn type_name(value: &expression::Value<'_>) -> &'static str {
    match value {
        expression::Value::Null => "null",
        expression::Value::String(_) => "String",
        expression::Value::Strings(_) => "several Strings",
        expression::Value::Bool(_) => "Boolean",
        expression::Value::Number(_) => "Number",
        expression::Value::DateTime(_) => "DateTime",
        expression::Value::Roles(..) => "app roles",
        expression::Value::NoFlow => "nothing: the attribute doesn't flow",
    }
}

/// The texts that a value consists of; none for null and where nothing flows.
pub fn result_texts(value: &expression::Value<'_>) -> Vec<String> {
    match value {
        expression::Value::Null | expression::Value::NoFlow => Vec::new(),
        expression::Value::Strings(values) => values.iter().map(ToString::to_string).collect(),
        expression::Value::Roles(_, roles) => roles.iter().map(|role| role_name(role).to_owned()).collect(),
        value => value.to_text().into_iter().map(std::borrow::Cow::into_owned).collect(),
    }
}

/// Why an expression can't be used, in the shape of Graph's publicError.
pub fn public_error(code: &str, message: &str) -> Value {
    let members = [("code", json!(code)), ("message", json!(message)), ("target", Value::Null), ("details", json!([]))];
    Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
}

//! The mapping language of Entra provisioning: parse, compile against source attributes, evaluate.
//!
//! Grammar and functions: Microsoft, *Reference for writing expressions for attribute mappings in
//! Microsoft Entra ID*. Parsing knows the whole grammar; evaluation knows the functions that
//! [`Expression::compile`] accepts and refuses the others by name. What the reference leaves open is
//! decided where the function is written and said there.
//!
//! Values are null, empty or present, three different things. A required source that is null makes the
//! result null, so that a mapping's default can apply, unless the function's own rule says otherwise.

mod ast;
mod attribute;
mod compile;
mod date;
mod evaluate;
mod functions;
mod lex;
mod library;
mod parse;
mod pattern;

mod value;

#[cfg(test)]
mod tests;

pub use ast::{Node, NodeKind, Relation};
pub use attribute::{SourceAttribute, source_attribute};
pub use compile::Expression;
pub use evaluate::{Environment, EvaluationError, MAX_TEXT};
pub use library::parameter_key;
pub use parse::{MAX_CHARACTERS, MAX_DEPTH, parse};
pub use pattern::{MAX_SUBJECT, MatchError, Pattern, PatternError};

pub use value::{Number, RoleShape, Value, attribute_text, role_name};

//! What a filter says, and how it is printed.

use std::fmt;

use serde_json::{Number, Value};

use super::parser;
use crate::scim::{AttributePath, SyntaxError};

/// A filter expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// All of them hold; at least two.
    And(Vec<Filter>),
    /// At least one of them holds; at least two.
    Or(Vec<Filter>),
    /// It doesn't hold.
    Not(Box<Filter>),
    /// A value compares as asked.
    Compare {
        /// Attribute that is looked at; with a value filter only the entries that match it.
        path: AttributePath,
        /// How it is compared.
        comparison: Comparison,
        /// What it is compared with.
        value: Literal,
    },
    /// The attribute has a value (`pr`).
    Present(AttributePath),
    /// Some entry of the attribute matches the path's value filter: `emails[type eq "work"]`.
    Entry(AttributePath),
}

/// A comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Contains.
    Co,
    /// Starts with.
    Sw,
    /// Ends with.
    Ew,
    /// Greater than.
    Gt,
    /// Greater than or equal.
    Ge,
    /// Less than.
    Lt,
    /// Less than or equal.
    Le,
}

impl Comparison {
    /// Every operator.
    pub const ALL: [Self; 9] =
        [Self::Eq, Self::Ne, Self::Co, Self::Sw, Self::Ew, Self::Gt, Self::Ge, Self::Lt, Self::Le];

    /// As in a filter.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Co => "co",
            Self::Sw => "sw",
            Self::Ew => "ew",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::Lt => "lt",
            Self::Le => "le",
        }
    }

    /// Reads an operator in any letter case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operator| operator.as_str().eq_ignore_ascii_case(text))
    }
}

/// A value to compare with.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// No value.
    Null,
    /// Truth value.
    Bool(bool),
    /// Number.
    Number(Number),
    /// Text, escapes resolved.
    String(String),
}

impl Literal {
    /// The literal as JSON.
    pub fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(value) => Value::Number(value.clone()),
            Self::String(value) => Value::String(value.clone()),
        }
    }
}

impl Filter {
    /// Reads a filter. It may be 64 KiB long and 64 levels deep.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        parser::parse_filter(text)
    }

    /// The text of `path eq "value"`, quotes and backslashes escaped as in JSON.
    pub fn equality(path: &str, value: &str) -> String {
        format!("{path} eq {}", Value::from(value))
    }

    /// The `name eq value` comparisons that an entry must satisfy: those of the filter itself or of its
    /// `and`. What an entry that a filter describes begins with.
    pub fn equalities(&self) -> Vec<(&str, &Literal)> {
        match self {
            Self::Compare { path, comparison: Comparison::Eq, value } => vec![(path.attribute.as_str(), value)],
            Self::And(parts) => parts.iter().flat_map(Self::equalities).collect(),
            _ => Vec::new(),
        }
    }

    /// The attributes that the filter looks at, those inside value filters not counted.
    pub fn paths(&self) -> Vec<&AttributePath> {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().flat_map(Self::paths).collect(),
            Self::Not(inner) => inner.paths(),
            Self::Compare { path, .. } | Self::Present(path) | Self::Entry(path) => vec![path],
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_value().fmt(f)
    }
}

/// In canonical form: operators in lower case, parentheses only where they matter.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let join = |f: &mut fmt::Formatter<'_>, parts: &[Self], word: &str, group: fn(&Self) -> bool| {
            for (index, part) in parts.iter().enumerate() {
                if index > 0 {
                    write!(f, " {word} ")?;
                }
                if group(part) { write!(f, "({part})")? } else { write!(f, "{part}")? }
            }
            Ok(())
        };
        match self {
            Self::And(parts) => join(f, parts, "and", |part| matches!(part, Self::And(_) | Self::Or(_))),
            Self::Or(parts) => join(f, parts, "or", |part| matches!(part, Self::Or(_))),
            Self::Not(inner) => write!(f, "not ({inner})"),
            Self::Compare { path, comparison, value } => write!(f, "{path} {comparison} {value}"),
            Self::Present(path) => write!(f, "{path} pr"),
            Self::Entry(path) => write!(f, "{path}"),
        }
    }
}

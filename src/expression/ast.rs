//! The parse tree and its canonical spelling.

use std::fmt;
use std::ops::Range;

/// A piece of an expression with the place that it was read from.
#[derive(Debug, Clone, Eq)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Byte range in the expression's text.
    pub span: Range<usize>,
}

/// Two nodes are equal when they say the same, wherever it stands.
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

/// The kinds of [`Node`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeKind {
    /// `[name]`: a source attribute.
    Attribute(String),
    /// `"text"`, escapes resolved.
    Text(String),
    /// A number as written: `12`, `-1.5`, `&HF7`.
    Number(String),
    /// A bare word: `True`, `vbTextCompare`.
    Word(String),
    /// A function call; `None` is an argument left empty.
    Call {
        /// Function name as written; it begins where the node does.
        name: String,
        /// Arguments by position. Never a single `None`: `f()` has no argument.
        arguments: Vec<Option<Node>>,
    },
    /// A comparison, which only stands as an argument.
    Condition {
        /// Left operand.
        left: Box<Node>,
        /// Operator.
        relation: Relation,
        /// Right operand.
        right: Box<Node>,
    },
}

/// Comparison operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `>=`
    GreaterOrEqual,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `<`
    Less,
}

impl Relation {
    /// The operator as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::GreaterOrEqual => ">=",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::Less => "<",
        }
    }
}

/// The canonical spelling: `, ` between arguments, blanks around operators, `\` and `"` escaped.
impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            NodeKind::Attribute(name) => write!(f, "[{name}]"),
            NodeKind::Text(text) => fmt_text(text, f),
            NodeKind::Number(text) | NodeKind::Word(text) => f.write_str(text),
            NodeKind::Call { name, arguments } => {
                write!(f, "{name}(")?;
                for (index, argument) in arguments.iter().enumerate() {
                    if index > 0 {
                        f.write_str(", ")?;
                    }
                    if let Some(argument) = argument {
                        write!(f, "{argument}")?;
                    }
                }
                f.write_str(")")
            }
            NodeKind::Condition { left, relation, right } => write!(f, "{left} {} {right}", relation.as_str()),
        }
    }
}

fn fmt_text(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("\"")?;
    for piece in text.split_inclusive(['"', '\\']) {
        match piece.char_indices().next_back() {
            Some((at, last @ ('"' | '\\'))) => write!(f, "{}\\{last}", &piece[..at])?,
            _ => f.write_str(piece)?,
        }
    }
    f.write_str("\"")
}

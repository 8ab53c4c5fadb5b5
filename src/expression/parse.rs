//! Parses an expression into its tree.

use std::ops::Range;

use super::ast::{Node, NodeKind};
use super::lex::{Lexer, Token, error_at};
use crate::base::Diagnostic;

/// How many characters an expression may have (Microsoft, *Reference for writing expressions*).
pub const MAX_CHARACTERS: usize = 10_000;

/// How deep calls may nest: far beyond anything that was seen, and safe for the stack.
pub const MAX_DEPTH: usize = 100;

/// Parses an expression: a call, an attribute or a text.
///
/// The error carries the expression's text with the place that is meant, and a remedy.
pub fn parse(text: &str) -> Result<Node, Diagnostic> {
    let characters = text.chars().count();
    if characters > MAX_CHARACTERS {
        return Err(Diagnostic::error(format!(
            "the expression has {characters} characters; {MAX_CHARACTERS} is the limit"
        ))
        .with_hint("split it over an extension attribute, or shorten it"));
    }
    let mut parser = Parser { text, lexer: Lexer::new(text), token: Token::End, span: 0..0, end: 0 };
    let node = parser.advance().and_then(|_| parser.top()).map_err(|error| *error)?;
    match parser.token {
        Token::End => Ok(node),
        Token::Relation(_) => Err(parser
            .error("a comparison can't be the whole expression", "")
            .with_hint("comparisons stand inside `IIF`: `IIF([country] = \"USA\", \"yes\", \"no\")`")),
        Token::Close => {
            Err(parser.error("`)` without `(`", "").with_hint("remove it, or look for a missing `(` before it"))
        }
        _ => Err(parser
            .error(format!("{} after the end of the expression", parser.token.describe()), "")
            .with_hint("an expression is one call, one attribute or one text; join several with `Join(\"\", …)`")),
    }
}

/// Errors are boxed to keep the frames of the recursion small.
type Parsed<T> = Result<T, Box<Diagnostic>>;

struct Parser<'t> {
    text: &'t str,
    lexer: Lexer<'t>,
    token: Token,
    span: Range<usize>,
    /// Where the token before ended.
    end: usize,
}

impl Parser<'_> {
    fn advance(&mut self) -> Parsed<Token> {
        self.end = self.span.end;
        let (token, span) = self.lexer.next().map_err(Box::new)?;
        self.span = span;
        Ok(std::mem::replace(&mut self.token, token))
    }

    fn error(&self, message: impl Into<String>, label: &str) -> Diagnostic {
        error_at(self.text, self.span.clone(), message, label)
    }

    fn top(&mut self) -> Parsed<Node> {
        match &self.token {
            Token::End => Err(Diagnostic::error("the expression is empty")
                .with_hint("write a call such as `ToLower([mail])`, an attribute `[mail]` or a text `\"Contoso\"`")
                .into()),
            Token::Number(text) => Err(self
                .error(format!("the number {text} can't be the whole expression"), "")
                .with_hint(format!("write a constant as a text: `\"{text}\"`"))
                .into()),
            _ => {
                let node = self.operand(0)?;
                if let NodeKind::Word(word) = &node.kind {
                    let error = error_at(self.text, node.span.clone(), format!("`{word}` isn't an expression"), "");
                    let hint = format!(
                        "write `[{word}]` for the attribute, `\"{word}\"` for the text, `{word}(…)` for the function"
                    );
                    return Err(error.with_hint(hint).into());
                }
                Ok(node)
            }
        }
    }

    /// An argument that isn't empty: an operand, or two with a comparison between them.
    fn argument(&mut self, depth: usize) -> Parsed<Node> {
        let left = self.operand(depth)?;
        let Token::Relation(relation) = self.token else { return Ok(left) };
        self.advance()?;
        let right = self.operand(depth)?;
        let span = left.span.start..right.span.end;
        Ok(Node { kind: NodeKind::Condition { left: Box::new(left), relation, right: Box::new(right) }, span })
    }

    fn operand(&mut self, depth: usize) -> Parsed<Node> {
        let span = self.span.clone();
        if matches!(self.token, Token::Open | Token::Close | Token::Comma | Token::Relation(_) | Token::End) {
            return Err(self.no_value());
        }
        let kind = match self.advance()? {
            Token::Attribute(name) => NodeKind::Attribute(name),
            Token::Text(text) => NodeKind::Text(text),
            Token::Number(text) => NodeKind::Number(text),
            Token::Name(name) if self.token == Token::Open => {
                if depth >= MAX_DEPTH {
                    return Err(self.too_deep(span));
                }
                let arguments = self.arguments(&name, depth + 1)?;
                NodeKind::Call { name, arguments }
            }
            Token::Name(name) => NodeKind::Word(name),
            _ => unreachable!("the other tokens were refused above"),
        };
        Ok(Node { kind, span: span.start..self.end })
    }

    fn arguments(&mut self, name: &str, depth: usize) -> Parsed<Vec<Option<Node>>> {
        let open = self.span.clone();
        self.advance()?;
        let mut arguments = Vec::new();
        if self.token == Token::Close {
            self.advance()?;
            return Ok(arguments);
        }
        loop {
            let argument = match self.token {
                Token::Comma | Token::Close => None,
                Token::End => return Err(self.unclosed(name, open)),
                _ => Some(self.argument(depth)?),
            };
            arguments.push(argument);
            match self.token {
                Token::Comma => {
                    self.advance()?;
                }
                Token::Close => {
                    self.advance()?;
                    return Ok(arguments);
                }
                Token::End => return Err(self.unclosed(name, open)),
                _ => return Err(self.no_separator(name)),
            }
        }
    }

    fn no_value(&self) -> Box<Diagnostic> {
        self.error(format!("expected a value, found {}", self.token.describe()), "a value is missing here")
            .with_hint("a value is a call, an attribute `[name]`, a text `\"…\"` or a number")
            .into()
    }

    fn too_deep(&self, span: Range<usize>) -> Box<Diagnostic> {
        error_at(self.text, span, format!("calls nest deeper than {MAX_DEPTH} levels"), "")
            .with_hint("use `Switch` with several keys instead")
            .into()
    }

    fn no_separator(&self, name: &str) -> Box<Diagnostic> {
        self.error(format!("expected `,` or `)`, found {}", self.token.describe()), "")
            .with_hint(self.hint_between(name))
            .into()
    }

    fn unclosed(&self, name: &str, open: Range<usize>) -> Box<Diagnostic> {
        error_at(self.text, open, format!("the call of `{name}` has no closing `)`"), "opened here")
            .with_hint("add the missing `)`")
            .into()
    }

    fn hint_between(&self, name: &str) -> String {
        match &self.token {
            Token::Name(word) if ["and", "or", "not"].contains(&word.to_ascii_lowercase().as_str()) => {
                "there are no logical operators: for AND nest an `IIF` in the second argument, for OR in the third"
                    .to_owned()
            }
            Token::Relation(_) => "a condition compares exactly two values".to_owned(),
            _ => format!("arguments of `{name}` are separated by commas"),
        }
    }
}

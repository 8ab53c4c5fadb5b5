//! Splits an expression into tokens.

use std::ops::Range;

use super::ast::Relation;
use crate::base::{Diagnostic, Snippet};

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Name(String),
    Attribute(String),
    Text(String),
    Number(String),
    Relation(Relation),
    Open,
    Close,
    Comma,
    End,
}

impl Token {
    /// How the token is called in messages.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Name(name) => format!("`{name}`"),
            Self::Attribute(name) => format!("`[{name}]`"),
            Self::Text(_) => "a text".to_owned(),
            Self::Number(text) => format!("the number `{text}`"),
            Self::Relation(relation) => format!("`{}`", relation.as_str()),
            Self::Open => "`(`".to_owned(),
            Self::Close => "`)`".to_owned(),
            Self::Comma => "`,`".to_owned(),
            Self::End => "the end of the expression".to_owned(),
        }
    }
}

/// An error at a place of the expression.
pub(super) fn error_at(text: &str, span: Range<usize>, message: impl Into<String>, label: &str) -> Diagnostic {
    Diagnostic::error(message).with_snippet(snippet(text, span, label))
}

/// A piece of the expression for a diagnostic.
pub(super) fn snippet(text: &str, span: Range<usize>, label: &str) -> Snippet {
    Snippet { text: text.to_owned(), first_line: 1, span, label: label.to_owned() }
}

/// Reads tokens one after the other.
pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    pub(super) const fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// The next token with its byte range.
    pub(super) fn next(&mut self) -> Result<(Token, Range<usize>), Diagnostic> {
        let blanks = self.rest().len() - self.rest().trim_start().len();
        self.at += blanks;
        let start = self.at;
        let Some(first) = self.rest().chars().next() else { return Ok((Token::End, start..start)) };
        let token = match first {
            '(' => self.single(Token::Open),
            ')' => self.single(Token::Close),
            ',' => self.single(Token::Comma),
            '[' => self.attribute()?,
            '"' => self.string()?,
            '=' | '<' | '>' => self.relation(),
            '&' => self.hex()?,
            '-' | '0'..='9' => self.number()?,
            _ if first.is_alphabetic() || first == '_' => {
                let length = self.rest().find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(self.rest().len());
                self.at += length;
                Token::Name(self.text[start..self.at].to_owned())
            }
            _ => return Err(self.unexpected(first)),
        };
        Ok((token, start..self.at))
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn single(&mut self, token: Token) -> Token {
        self.at += 1;
        token
    }

    fn attribute(&mut self) -> Result<Token, Diagnostic> {
        let start = self.at;
        let Some(end) = self.rest().find(']') else {
            return Err(error_at(self.text, start..start + 1, "the attribute name has no closing `]`", "opened here")
                .with_hint("write the attribute as `[name]`"));
        };
        let name = &self.rest()[1..end];
        if name.trim().is_empty() {
            return Err(error_at(self.text, start..start + end + 1, "the attribute has no name", "")
                .with_hint("write the name of a source attribute between the brackets, such as `[mail]`"));
        }
        self.at += end + 1;
        Ok(Token::Attribute(name.to_owned()))
    }

    /// `\"` and `\\` are escapes; before any other character the backslash stays, because guides print
    /// patterns such as `"\+(?<isdCode>\d*)"` with single ones.
    fn string(&mut self) -> Result<Token, Diagnostic> {
        let start = self.at;
        let mut text = String::new();
        let mut rest = self.rest()[1..].char_indices();
        while let Some((at, c)) = rest.next() {
            match c {
                '"' => {
                    self.at = start + 1 + at + 1;
                    return Ok(Token::Text(text));
                }
                '\\' => match rest.next() {
                    Some((_, escaped @ ('"' | '\\'))) => text.push(escaped),
                    Some((_, other)) => text.extend(['\\', other]),
                    None => break,
                },
                c => text.push(c),
            }
        }
        Err(error_at(self.text, start..start + 1, "the text has no closing quote", "opened here")
            .with_hint("end the text with `\"`; a quote inside a text is written `\\\"`"))
    }

    fn relation(&mut self) -> Token {
        let all = [
            Relation::NotEqual,
            Relation::GreaterOrEqual,
            Relation::LessOrEqual,
            Relation::Equal,
            Relation::Greater,
            Relation::Less,
        ];
        let relation = all
            .into_iter()
            .find(|relation| self.rest().starts_with(relation.as_str()))
            .expect("the caller saw one of the first characters");
        self.at += relation.as_str().len();
        Token::Relation(relation)
    }

    fn hex(&mut self) -> Result<Token, Diagnostic> {
        let start = self.at;
        let rest = &self.rest()[1..];
        let digits = rest
            .strip_prefix(['H', 'h'])
            .map_or(0, |rest| rest.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(rest.len()));
        if digits == 0 {
            return Err(error_at(self.text, start..start + 1, "`&` doesn't join texts in Entra app provisioning", "")
                .with_hint("use `Append(a, b)` or `Join(\"\", a, b)`; hexadecimal numbers are written `&HF7`"));
        }
        self.at += 2 + digits;
        Ok(Token::Number(self.text[start..self.at].to_owned()))
    }

    fn number(&mut self) -> Result<Token, Diagnostic> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let mut at = start + usize::from(bytes[start] == b'-');
        let whole = digits(at);
        if whole == 0 {
            return Err(error_at(self.text, start..at, "`-` isn't followed by a number", "")
                .with_hint("there is no subtraction; negative numbers are written `-10`"));
        }
        at += whole;
        if bytes.get(at) == Some(&b'.') && digits(at + 1) > 0 {
            at += 1 + digits(at + 1);
        }
        self.at = at;
        Ok(Token::Number(self.text[start..at].to_owned()))
    }

    fn unexpected(&self, first: char) -> Diagnostic {
        let span = self.at..self.at + first.len_utf8();
        let error = |message: String, hint: &str| error_at(self.text, span.clone(), message, "").with_hint(hint);
        match first {
            '%' | '$' => error(
                format!("variables such as `{first}name` don't exist in Entra app provisioning"),
                "they belong to Connect sync and cloud sync; use source attributes such as `[mail]`",
            ),
            '\'' | '“' | '”' | '„' | '‘' | '’' => {
                error(format!("`{first}` doesn't quote a text"), "put texts between straight double quotes: `\"text\"`")
            }
            '+' | '*' | '/' => error(
                format!("there is no operator `{first}`"),
                "join texts with `Append(a, b)` or `Join(\"\", a, b)`; there is no arithmetic",
            ),
            ']' => error("`]` without `[`".to_owned(), "write the attribute as `[name]`"),
            _ => error(
                format!("`{}` doesn't belong into an expression", first.escape_debug()),
                "texts stand between double quotes, attributes between brackets",
            ),
        }
    }
}

//! Recursive descent over filters and paths, bounded in depth and length.

use serde_json::Number;

use super::{Comparison, Filter, Literal};
use crate::scim::{AttributePath, SyntaxError};

const MAX_LENGTH: usize = 64 * 1024;
const MAX_DEPTH: usize = 64;

/// Reads a whole filter.
pub(super) fn parse_filter(text: &str) -> Result<Filter, SyntaxError> {
    let mut parser = Parser::new(text)?;
    parser.blanks();
    if parser.rest().is_empty() {
        return Err(parser.error("the filter is empty"));
    }
    let filter = parser.either()?;
    parser.end("`and`, `or` or the end of the filter")?;
    Ok(filter)
}

/// Reads a whole attribute path.
pub(crate) fn parse_path(text: &str) -> Result<AttributePath, SyntaxError> {
    let mut parser = Parser::new(text)?;
    parser.blanks();
    if parser.rest().is_empty() {
        return Err(parser.error("the path is empty"));
    }
    let path = parser.path()?;
    parser.end("the end of the path")?;
    Ok(path)
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    in_brackets: bool,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str) -> Result<Self, SyntaxError> {
        if text.len() > MAX_LENGTH {
            let message = format!("{} bytes are too long, at most {MAX_LENGTH} are read", text.len());
            return Err(SyntaxError { offset: 0, message });
        }
        Ok(Self { text, at: 0, depth: 0, in_brackets: false })
    }

    fn either(&mut self) -> Result<Filter, SyntaxError> {
        let mut parts = vec![self.all()?];
        while self.keyword("or") {
            parts.push(self.all()?);
        }
        Ok(one_or(parts, Filter::Or))
    }

    fn all(&mut self) -> Result<Filter, SyntaxError> {
        let mut parts = vec![self.single()?];
        while self.keyword("and") {
            parts.push(self.single()?);
        }
        Ok(one_or(parts, Filter::And))
    }

    fn single(&mut self) -> Result<Filter, SyntaxError> {
        self.blanks();
        if self.rest().starts_with('(') {
            return self.group();
        }
        let start = self.at;
        if self.keyword("not") {
            self.blanks();
            if self.rest().starts_with('(') {
                return Ok(Filter::Not(Box::new(self.group()?)));
            }
            self.at = start;
        }
        self.comparison()
    }

    fn group(&mut self) -> Result<Filter, SyntaxError> {
        self.deeper()?;
        self.at += 1;
        let filter = self.either()?;
        self.blanks();
        self.expect(')', "`and`, `or` or `)`")?;
        self.depth -= 1;
        Ok(filter)
    }

    fn comparison(&mut self) -> Result<Filter, SyntaxError> {
        let path = self.path()?;
        if path.filter.is_some() && path.sub_attribute.is_none() {
            return self.entry(path);
        }
        self.blanks();
        let operator_at = self.at;
        let word = self.take_while(|c| c.is_ascii_alphabetic());
        if word.eq_ignore_ascii_case("pr") {
            return Ok(Filter::Present(path));
        }
        if let Some(comparison) = Comparison::parse(word) {
            return Ok(Filter::Compare { path, comparison, value: self.literal()? });
        }
        self.at = operator_at;
        Err(self.unexpected("an operator (eq ne co sw ew pr gt ge lt le)"))
    }

    /// A value filter as an expression by itself, which no operator follows.
    fn entry(&mut self, path: AttributePath) -> Result<Filter, SyntaxError> {
        let after_path = self.at;
        self.blanks();
        let operator_at = self.at;
        let word = self.take_while(|c| c.is_ascii_alphabetic());
        if word.eq_ignore_ascii_case("pr") || Comparison::parse(word).is_some() {
            self.at = operator_at;
            return Err(
                self.error(format!("`{word}` needs a sub-attribute after the value filter, `{path}.value {word}`"))
            );
        }
        self.at = after_path;
        Ok(Filter::Entry(path))
    }

    fn literal(&mut self) -> Result<Literal, SyntaxError> {
        self.blanks();
        if self.rest().starts_with('"') {
            return self.string().map(Literal::String);
        }
        let start = self.at;
        let word = self.take_while(|c| !c.is_ascii_whitespace() && !matches!(c, '(' | ')' | '[' | ']'));
        if word.eq_ignore_ascii_case("true") {
            return Ok(Literal::Bool(true));
        }
        if word.eq_ignore_ascii_case("false") {
            return Ok(Literal::Bool(false));
        }
        if word.eq_ignore_ascii_case("null") {
            return Ok(Literal::Null);
        }
        if let Some(number) = number(word) {
            return Ok(Literal::Number(number));
        }
        self.at = start;
        if word.is_empty() {
            return Err(self.unexpected("a value"));
        }
        Err(self.error("a value is a text in double quotes, a number, true, false or null"))
    }

    fn string(&mut self) -> Result<String, SyntaxError> {
        let start = self.at;
        let mut escaped = false;
        for (index, byte) in self.rest().bytes().enumerate().skip(1) {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    let quoted = &self.rest()[..=index];
                    let text = serde_json::from_str(quoted)
                        .map_err(|_| self.error("the text has an invalid escape or a control character"))?;
                    self.at = start + index + 1;
                    return Ok(text);
                }
                _ => {}
            }
        }
        Err(self.error("the text has no closing quote"))
    }

    fn path(&mut self) -> Result<AttributePath, SyntaxError> {
        self.blanks();
        let start = self.at;
        let token = self.take_while(|c| is_name_char(c) || matches!(c, '.' | ':'));
        if token.is_empty() {
            return Err(self.unexpected("an attribute name"));
        }
        let mut path = split(token).map_err(|(offset, message)| SyntaxError { offset: start + offset, message })?;
        if !self.rest().starts_with('[') {
            return Ok(path);
        }
        if self.in_brackets {
            return Err(self.error("a value filter can't hold another one"));
        }
        if path.sub_attribute.is_some() {
            return Err(self.error("a value filter belongs before the sub-attribute"));
        }
        self.deeper()?;
        self.at += 1;
        self.in_brackets = true;
        let filter = self.either()?;
        self.blanks();
        self.expect(']', "`and`, `or` or `]`")?;
        self.in_brackets = false;
        self.depth -= 1;
        path.filter = Some(Box::new(filter));
        if self.rest().starts_with('.') {
            self.at += 1;
            let start = self.at;
            let name = self.take_while(is_name_char);
            check_name(name, 0).map_err(|(_, message)| SyntaxError { offset: start, message })?;
            path.sub_attribute = Some(name.to_owned());
        }
        Ok(path)
    }

    fn deeper(&mut self) -> Result<(), SyntaxError> {
        if self.depth == MAX_DEPTH {
            return Err(self.error(format!("more than {MAX_DEPTH} levels of nesting")));
        }
        self.depth += 1;
        Ok(())
    }

    fn keyword(&mut self, word: &str) -> bool {
        let start = self.at;
        self.blanks();
        let found = self.take_while(|c| is_name_char(c) || matches!(c, '.' | ':'));
        if found.eq_ignore_ascii_case(word) {
            return true;
        }
        self.at = start;
        false
    }

    fn end(&mut self, expected: &str) -> Result<(), SyntaxError> {
        self.blanks();
        if self.rest().is_empty() { Ok(()) } else { Err(self.unexpected(expected)) }
    }

    fn expect(&mut self, wanted: char, expected: &str) -> Result<(), SyntaxError> {
        if self.rest().starts_with(wanted) {
            self.at += wanted.len_utf8();
            return Ok(());
        }
        Err(self.unexpected(expected))
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn blanks(&mut self) {
        self.take_while(|c| c.is_ascii_whitespace());
    }

    fn take_while(&mut self, keep: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let length = rest.find(|c| !keep(c)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn error(&self, message: impl Into<String>) -> SyntaxError {
        SyntaxError { offset: self.at, message: message.into() }
    }

    fn unexpected(&self, expected: &str) -> SyntaxError {
        if self.rest().is_empty() {
            return self.error(format!("expected {expected}, but the text ends"));
        }
        let word = self.rest().split_ascii_whitespace().next().unwrap_or(" ");
        let found: String = word.chars().take(40).collect();
        self.error(format!("expected {expected}, found `{found}`"))
    }
}

fn one_or(mut parts: Vec<Filter>, many: fn(Vec<Filter>) -> Filter) -> Filter {
    match parts.len() {
        1 => parts.swap_remove(0),
        _ => many(parts),
    }
}

/// Reads a JSON number; fractions exactly, which `serde_json` doesn't by default.
fn number(word: &str) -> Option<Number> {
    let number: Number = serde_json::from_str(word).ok()?;
    if number.is_f64() { Number::from_f64(word.parse().ok()?) } else { Some(number) }
}

fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '$')
}

type Located<T> = Result<T, (usize, String)>;

/// Takes `urn:…:attribute.subAttribute` apart. A URN that ends in a version and a name (`…:2.0:User`)
/// is an extension itself; otherwise what follows the last colon is the attribute.
fn split(token: &str) -> Located<AttributePath> {
    let path = |urn: Option<&str>, attribute: &str, sub_attribute: Option<&str>| AttributePath {
        urn: urn.map(str::to_owned),
        attribute: attribute.to_owned(),
        filter: None,
        sub_attribute: sub_attribute.map(str::to_owned),
    };
    let is_urn = token.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("urn:"));
    if !is_urn {
        if let Some(colon) = token.find(':') {
            return Err((colon, "`:` only separates a schema URN, which starts with `urn:`".to_owned()));
        }
        let (attribute, sub_attribute) = names(token, 0)?;
        return Ok(path(None, attribute, sub_attribute));
    }
    let colon = token.rfind(':').expect("a URN has a colon");
    let (before, last) = (&token[..colon], &token[colon + 1..]);
    let Some(parent) = before.rfind(':').map(|at| &before[at + 1..]) else {
        return Err((0, "a URN has at least three parts".to_owned()));
    };
    if last.is_empty() || before.ends_with(':') {
        return Err((colon, "a part of the URN is empty".to_owned()));
    }
    if is_version(last) {
        return Ok(path(None, token, None));
    }
    if !is_version(parent) {
        let (attribute, sub_attribute) = names(last, colon + 1)?;
        return Ok(path(Some(before), attribute, sub_attribute));
    }
    match last.find('.') {
        None => {
            check_name(last, colon + 1)?;
            Ok(path(None, token, None))
        }
        Some(dot) => {
            let dot = colon + 1 + dot;
            let (attribute, sub_attribute) = names(&token[dot + 1..], dot + 1)?;
            Ok(path(Some(&token[..dot]), attribute, sub_attribute))
        }
    }
}

fn names(text: &str, offset: usize) -> Located<(&str, Option<&str>)> {
    let (attribute, sub_attribute) = match text.split_once('.') {
        None => (text, None),
        Some((attribute, sub_attribute)) => (attribute, Some(sub_attribute)),
    };
    check_name(attribute, offset)?;
    if let Some(name) = sub_attribute {
        let offset = offset + attribute.len() + 1;
        if let Some(dot) = name.find('.') {
            return Err((offset + dot, "a sub-attribute has no parts of its own".to_owned()));
        }
        check_name(name, offset)?;
    }
    Ok((attribute, sub_attribute))
}

fn check_name(name: &str, offset: usize) -> Located<()> {
    match name.chars().next() {
        None => Err((offset, "an attribute name is missing".to_owned())),
        Some(c) if c.is_ascii_alphabetic() || matches!(c, '_' | '$') => Ok(()),
        Some(_) => Err((offset, format!("`{name}` isn't an attribute name"))),
    }
}

fn is_version(segment: &str) -> bool {
    segment.split_once('.').is_some_and(|(major, minor)| {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits(major) && digits(minor)
    })
}

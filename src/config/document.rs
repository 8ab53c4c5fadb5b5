//! A TOML document with the place of every key and value: sections are asked for their keys, and
//! what nobody asked for is an unknown key.

use std::cell::RefCell;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::base::nearest;
use crate::base::{Diagnostic, Severity, Snippet};

/// Words in the name of a key whose value may be a secret.
const SECRET_WORDS: &[&str] = &["token", "secret", "password", "passwd", "authorization", "cookie", "key"];

/// Collects the problems of one file.
#[derive(Debug)]
pub(super) struct Report<'t> {
    text: &'t str,
    file: String,
    problems: RefCell<Vec<Diagnostic>>,
}

impl<'t> Report<'t> {
    /// Starts without a problem.
    pub(super) fn new(text: &'t str, file: String) -> Self {
        Self { text, file, problems: RefCell::default() }
    }

    /// An error at a byte range of the file.
    pub(super) fn error(&self, span: Range<usize>, message: impl Into<String>, hint: impl Into<String>) {
        self.push(self.at(span, Severity::Error, message.into(), false).with_hint(hint));
    }

    /// An error about a value that is left out of the message and of the text around it.
    pub(super) fn secret_error(&self, span: Range<usize>, message: impl Into<String>, hint: impl Into<String>) {
        self.push(self.at(span, Severity::Error, message.into(), true).with_hint(hint));
    }

    /// A warning at a byte range of the file.
    pub(super) fn warning(&self, span: Range<usize>, message: impl Into<String>, hint: impl Into<String>) {
        self.push(self.at(span, Severity::Warning, message.into(), false).with_hint(hint));
    }

    /// An error about the file as a whole.
    pub(super) fn file_error(&self, message: impl Into<String>, hint: impl Into<String>) {
        self.push(Diagnostic::error(message).in_file(self.file.clone()).with_hint(hint));
    }

    /// An error of the TOML parser.
    pub(super) fn syntax_error(&self, error: &toml::de::Error) {
        let message = error.message().lines().next().unwrap_or("this isn't TOML").to_owned();
        let diagnostic = match error.span() {
            Some(span) if self.continues_secret(span.start) => {
                let line_start = self.line_start(span.start);
                self.at(line_start..line_start, Severity::Error, message, true)
            }
            Some(span) => self.at(span, Severity::Error, message, false),
            None => Diagnostic::error(message).in_file(self.file.clone()),
        };
        self.push(diagnostic.with_hint("the file is TOML (https://toml.io): `key = \"text\"`, `key = 1`, `[section]`"));
    }

    /// Errors and warnings so far in the order of the file.
    pub(super) fn into_problems(self) -> Vec<Diagnostic> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| (problem.line.unwrap_or(usize::MAX), problem.column));
        problems
    }

    fn push(&self, diagnostic: Diagnostic) {
        self.problems.borrow_mut().push(diagnostic);
    }

    /// Whether a line without a key of its own belongs to a secret that begins further up.
    fn continues_secret(&self, at: usize) -> bool {
        let line_start = self.line_start(at);
        let has_key = |line: &str| line.contains('=') || line.trim_start().starts_with('[');
        let own = self.text[line_start..].lines().next().unwrap_or_default();
        let above = self.text[..line_start].lines().rev().find(|line| has_key(line));
        !has_key(own) && above.is_some_and(|line| secret_start(line).is_some())
    }

    fn line_start(&self, at: usize) -> usize {
        self.text[..floor_boundary(self.text, at)].rfind('\n').map_or(0, |at| at + 1)
    }

    fn at(&self, span: Range<usize>, severity: Severity, message: String, secret: bool) -> Diagnostic {
        let start = floor_boundary(self.text, span.start);
        let line_start = self.line_start(start);
        let line_end = self.text[start..].find('\n').map_or(self.text.len(), |at| start + at);
        let line = self.text[line_start..line_end].trim_end_matches('\r');
        let from = (start - line_start).min(line.len());
        let to = floor_boundary(line, span.end.saturating_sub(line_start)).max(from);
        let visible = if secret { from } else { secret_start(line).unwrap_or(line.len()) };
        let text = if visible < line.len() { format!("{}…", &line[..visible]) } else { line.to_owned() };
        let end = to.min(text.len());
        let end = if text.is_char_boundary(end) { end } else { text.len() };
        let from = from.min(visible);
        let snippet = Snippet {
            first_line: self.text[..line_start].matches('\n').count() + 1,
            span: from..end.max(from),
            text,
            label: String::new(),
        };
        Diagnostic::new(severity, message).in_file(self.file.clone()).with_snippet(snippet)
    }
}

fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Where the value of a key that sounds like a secret begins; nothing from there on may be shown.
fn secret_start(line: &str) -> Option<usize> {
    for (equals, _) in line.match_indices(['=', ':']) {
        let before = line[..equals].trim_end();
        let name = before.trim_end_matches(['"', '\'']);
        let start = name.rfind(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-'))).map_or(0, |at| at + 1);
        if sounds_secret(name.get(start..).unwrap_or(name)) {
            return Some(equals + 1);
        }
    }
    // A line without `=` isn't TOML, but its value may be a secret all the same.
    let first = line.trim_start_matches(|c: char| !c.is_alphanumeric());
    let first_length = first.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-'))).unwrap_or(first.len());
    sounds_secret(&first[..first_length]).then(|| line.len() - first.len() + first_length)
}

fn sounds_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    let points_elsewhere = ["_env", "_file", "_endpoint"].iter().any(|end| name.ends_with(end));
    let misspelt = |part| nearest(part, ["secret", "token", "password"]).is_some();
    !points_elsewhere && (SECRET_WORDS.iter().any(|word| name.contains(word)) || name.split(['_', '-']).any(misspelt))
}

/// A value with its key and its place.
#[derive(Debug, Clone)]
pub(super) struct Located<T> {
    /// The key, without its section.
    pub(super) key: &'static str,
    /// The value.
    pub(super) value: T,
    /// Byte range of the value in the file.
    pub(super) span: Range<usize>,
}

/// One table of the document.
#[derive(Debug)]
pub(super) struct Section<'r, 't> {
    /// Where problems go.
    pub(super) report: &'r Report<'t>,
    /// Name as in the file, empty for the top.
    name: String,
    /// Byte range of the header, or of the whole inline table.
    pub(super) span: Range<usize>,
    table: &'r DeTable<'t>,
    asked: Vec<&'static str>,
}

impl<'r, 't> Section<'r, 't> {
    /// The table at the top of the document.
    pub(super) fn top(report: &'r Report<'t>, table: &'r Spanned<DeTable<'t>>) -> Self {
        Self { report, name: String::new(), span: 0..0, table: table.get_ref(), asked: Vec::new() }
    }

    /// A table inside.
    pub(super) fn section(&mut self, key: &'static str) -> Option<Self> {
        let found = self.take(key)?;
        let Some(table) = found.value.as_table() else {
            self.wrong_type(&found, "a section");
            return None;
        };
        let name = if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) };
        Some(Self { report: self.report, name, span: found.span, table, asked: Vec::new() })
    }

    /// The tables of an array of tables, `[[name]]` or inline.
    pub(super) fn sections(&mut self, key: &'static str) -> Vec<Self> {
        let Some(found) = self.take(key) else { return Vec::new() };
        let Some(items) = found.value.as_array() else {
            self.wrong_type(&found, "a list of tables");
            return Vec::new();
        };
        let mut sections = Vec::new();
        for item in items {
            if let Some(table) = item.get_ref().as_table() {
                let name = if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) };
                sections.push(Self { report: self.report, name, span: item.span(), table, asked: Vec::new() });
            } else {
                let found = Located { key, value: item.get_ref(), span: item.span() };
                self.wrong_type(&found, "a list of tables");
            }
        }
        sections
    }

    /// A text that isn't blank.
    pub(super) fn text(&mut self, key: &'static str) -> Option<Located<&'r str>> {
        let found = self.take(key)?;
        match found.value.as_str() {
            Some(text) if !text.trim().is_empty() => Some(Located { key, value: text, span: found.span }),
            Some(_) => {
                self.report.error(found.span, format!("`{key}` is empty"), "give it a value or leave the line out");
                None
            }
            None => {
                self.wrong_type(&found, "a text in quotes");
                None
            }
        }
    }

    /// A text that may be empty, or a number or boolean as its spelling.
    pub(super) fn scalar(&mut self, key: &'static str) -> Option<Located<String>> {
        let found = self.take(key)?;
        let value = scalar(found.value);
        if value.is_none() {
            self.wrong_type(&found, "a text in quotes");
        }
        Some(Located { key, value: value?, span: found.span })
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, key: &'static str) -> Option<Located<Vec<String>>> {
        let found = self.take(key)?;
        let items: Option<Vec<String>> = match found.value {
            DeValue::Array(items) => items.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect(),
            _ => None,
        };
        if items.is_none() {
            self.wrong_type(&found, "a list of texts");
        }
        Some(Located { key, value: items?, span: found.span })
    }

    /// `true` or `false`.
    pub(super) fn boolean(&mut self, key: &'static str) -> Option<bool> {
        let found = self.take(key)?;
        let value = found.value.as_bool();
        if value.is_none() {
            self.wrong_type(&found, "true or false");
        }
        value
    }

    /// A whole number within limits.
    pub(super) fn whole(&mut self, key: &'static str, limits: std::ops::RangeInclusive<u32>) -> Option<u32> {
        let found = self.take(key)?;
        let Some(integer) = found.value.as_integer() else {
            self.wrong_type(&found, "a whole number");
            return None;
        };
        let value = u32::from_str_radix(integer.as_str(), integer.radix()).ok();
        let value = value.filter(|value| limits.contains(value));
        if value.is_none() {
            let message = format!("`{key}` is {integer}, which is out of range");
            self.report.error(
                found.span,
                message,
                format!("take a number from {} to {}", limits.start(), limits.end()),
            );
        }
        value
    }

    /// A number, or a text that stands for one.
    pub(super) fn number_or_text(&mut self, key: &'static str) -> Option<Located<Result<f64, &'r str>>> {
        let found = self.take(key)?;
        let value = match found.value {
            DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
                .ok()
                .and_then(|integer| integer.to_string().parse().ok())
                .map(Ok),
            DeValue::Float(float) => float.as_str().parse().ok().map(Ok),
            DeValue::String(text) => Some(Err(text.as_ref())),
            _ => None,
        };
        if value.is_none() {
            self.wrong_type(&found, "a number");
        }
        Some(Located { key, value: value?, span: found.span })
    }

    /// A number from 0 to 1.
    pub(super) fn share(&mut self, key: &'static str) -> Option<f64> {
        const HINT: &str = "take a number from 0 to 1; 0.30 is 30 %";
        let found = self.number_or_text(key)?;
        match found.value {
            Ok(value) if (0.0..=1.0).contains(&value) => return Some(value),
            Ok(value) => self.report.error(found.span, format!("`{key}` is {value}, which isn't a share"), HINT),
            Err(_) => self.report.error(found.span, format!("`{key}` is a text, expected a number"), HINT),
        }
        None
    }

    /// One of several words.
    pub(super) fn word<T: Copy>(&mut self, key: &'static str, words: &[(&'static str, T)]) -> Option<Located<T>> {
        let found = self.text(key)?;
        let hit = words.iter().find(|(word, _)| *word == found.value);
        if hit.is_none() {
            self.unknown_word(&found, &words.iter().map(|(word, _)| *word).collect::<Vec<_>>());
        }
        hit.map(|(_, value)| Located { key, value: *value, span: found.span })
    }

    /// Reports a word that isn't among those that a key takes.
    pub(super) fn unknown_word(&self, found: &Located<&str>, words: &[&'static str]) {
        let list = words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ");
        let hint = match nearest(found.value, words.iter().copied()) {
            Some(near) => format!("did you mean \"{near}\"? It takes: {list}"),
            None => format!("it takes: {list}"),
        };
        self.report.error(found.span.clone(), format!("`{}` doesn't know \"{}\"", found.key, found.value), hint);
    }

    /// Every key with its value as text, for sections whose keys are free.
    pub(super) fn free_texts(self) -> Vec<(String, String, Range<usize>, Range<usize>)> {
        let mut texts = Vec::new();
        for (key, value) in self.table {
            match value.get_ref().as_str() {
                Some(text) => texts.push((key.get_ref().to_string(), text.to_owned(), key.span(), value.span())),
                None => self.report.error(
                    value.span(),
                    format!("`{}` is {}, expected a text in quotes", key.get_ref(), kind(value.get_ref())),
                    "put the value into double quotes",
                ),
            }
        }
        texts.sort_by_key(|(_, _, span, _)| span.start);
        texts
    }

    /// The place of a key, for those that are refused with a message of their own.
    pub(super) fn refused(&mut self, key: &'static str) -> Option<Range<usize>> {
        let (spelt, _) = self.table.get_key_value(key)?;
        self.asked.push(key);
        Some(spelt.span())
    }

    /// Whether a key isn't in the file at all.
    pub(super) fn is_absent(&self, key: &str) -> bool {
        !self.table.contains_key(key)
    }

    /// Reports the keys that nobody asked for.
    pub(super) fn finish(mut self) {
        let known = std::mem::take(&mut self.asked);
        for (key, value) in self.table {
            let name = key.get_ref().as_ref();
            if known.contains(&name) {
                continue;
            }
            let what = if value.get_ref().is_table() { "section" } else { "key" };
            let place = if self.name.is_empty() { String::new() } else { format!(" in [{}]", self.name) };
            let hint = match nearest(name, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known here: {}", known.join(", ")),
            };
            self.report.error(key.span(), format!("unknown {what} `{name}`{place}"), hint);
        }
    }

    fn take(&mut self, key: &'static str) -> Option<Located<&'r DeValue<'t>>> {
        self.asked.push(key);
        let value = self.table.get(key)?;
        Some(Located { key, value: value.get_ref(), span: value.span() })
    }

    fn wrong_type(&self, found: &Located<&DeValue<'_>>, expected: &str) {
        let message = format!("`{}` is {}, expected {expected}", found.key, kind(found.value));
        let hint = if expected.contains("quotes") {
            "put the value into double quotes".to_owned()
        } else {
            format!("write {expected}")
        };
        self.report.error(found.span.clone(), message, hint);
    }
}

fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(integer) => Some(integer.to_string()),
        DeValue::Boolean(boolean) => Some(if *boolean { "True" } else { "False" }.to_owned()),
        _ => None,
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a section",
    }
}

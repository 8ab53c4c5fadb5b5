//! What is wrong with a user's file, where, and what to do about it.

use std::fmt;
use std::ops::Range;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// The run goes on.
    Warning,
    /// The run stops.
    Error,
}

/// A piece of the user's text with the place that is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    /// The text, one line or several.
    pub text: String,
    /// Number of its first line in the file, from 1.
    pub first_line: usize,
    /// Byte range inside `text`.
    pub span: Range<usize>,
    /// Said beside the caret; may be empty.
    pub label: String,
}

/// One finding in a file or expression: a one-line description, a place, a remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// A lower-case sentence without a full stop.
    pub message: String,
    /// File that is meant, as the user named it.
    pub file: Option<String>,
    /// Line, from 1.
    pub line: Option<usize>,
    /// Column of the line in characters, from 1; for CSV rows see `field`.
    pub column: Option<usize>,
    /// Name of the CSV column or JSON member that is meant.
    pub field: Option<String>,
    /// The text around the place.
    pub snippet: Option<Snippet>,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// A finding of the given severity without a place yet.
    pub fn new(severity: Severity, message: impl Into<String>) -> Self {
        Self {
            severity,
            message: message.into(),
            file: None,
            line: None,
            column: None,
            field: None,
            snippet: None,
            hint: None,
        }
    }

    /// An error without a place yet.
    pub fn error(message: impl Into<String>) -> Self {
        Self::new(Severity::Error, message)
    }

    /// A warning without a place yet.
    pub fn warning(message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, message)
    }

    /// Names the file.
    #[must_use]
    pub fn in_file(mut self, file: impl Into<String>) -> Self {
        self.file = Some(file.into());
        self
    }

    /// Names the line, from 1.
    #[must_use]
    pub fn at_line(mut self, line: usize) -> Self {
        self.line = Some(line);
        self
    }

    /// Names the column, from 1.
    #[must_use]
    pub fn at_column(mut self, column: usize) -> Self {
        self.column = Some(column);
        self
    }

    /// Names the CSV column or JSON member.
    #[must_use]
    pub fn in_field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Shows the text around the place; line and column follow from it.
    #[must_use]
    pub fn with_snippet(mut self, snippet: Snippet) -> Self {
        let before = &snippet.text[..snippet.span.start.min(snippet.text.len())];
        self.line = Some(snippet.first_line + before.matches('\n').count());
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        self.column = Some(before[line_start..].chars().count() + 1);
        self.snippet = Some(snippet);
        self
    }

    /// Says what to do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// `file:line:column` as far as known; empty when nothing is.
    pub fn place(&self) -> String {
        let mut place = self.file.clone().unwrap_or_default();
        for number in [self.line, self.line.and(self.column)].into_iter().flatten() {
            if !place.is_empty() {
                place.push(':');
            }
            place.push_str(&number.to_string());
        }
        place
    }
}

/// One line: `place: message (field)`; the hint and the snippet are for renderers.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place();
        if !place.is_empty() {
            write!(f, "{place}: ")?;
        }
        if let Some(field) = &self.field {
            write!(f, "{field}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Diagnostic {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_follows_from_the_snippet() {
        let snippet = Snippet { text: "a\nbü d".into(), first_line: 3, span: 6..7, label: String::new() };
        let diagnostic = Diagnostic::error("no").in_file("x.csv").with_snippet(snippet);
        assert_eq!(diagnostic.to_string(), "x.csv:4:4: no");
    }
}

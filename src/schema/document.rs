//! Reads a synchronizationSchema document (Microsoft Graph, *synchronizationSchema resource type*).

use serde_json::Value;

use super::locate::locate;
use super::view::{Cursor, Schema};
use crate::base::Diagnostic;

/// A schema document: the JSON as it was, and what is understood of it.
#[derive(Debug, Clone)]
pub struct Document {
    file: String,
    text: String,
    json: Value,
    schema: Schema,
}

/// Says where and why a document can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ReadError(pub Box<Diagnostic>);

impl ReadError {
    /// File, line, column, message and remedy; always one.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        vec![(*self.0).clone()]
    }
}

/// Reads a schema as the portal or Graph exports it: bare, inside a template or job (`schema`), or as
/// the first of a list of those (`value`). A byte order mark and any line ends are fine; unknown
/// properties are kept in [`Document::json`]. `file` is how messages name the document.
pub fn read(text: &str, file: &str) -> Result<Document, ReadError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let fail = |diagnostic: Diagnostic| ReadError(Box::new(diagnostic.in_file(file)));
    if text.trim().is_empty() {
        return Err(fail(Diagnostic::error("the schema file is empty").with_hint(HINT_EXPORT)));
    }
    let json: Value = serde_json::from_str(text).map_err(|error| fail(json_error(&error)))?;
    let pointer = find_schema(&json).ok_or_else(|| {
        fail(
            Diagnostic::error("this JSON isn't a synchronization schema: it has no `synchronizationRules`")
                .with_hint(HINT_EXPORT),
        )
    })?;
    let value = json.pointer(pointer).expect("the pointer was just followed");
    let schema = Schema::read(&Cursor::new(value, pointer)).map_err(|damage| {
        let mut diagnostic = *damage.diagnostic;
        if let Some((line, column)) = locate(text, &damage.pointer) {
            diagnostic = diagnostic.at_line(line).at_column(column);
        }
        fail(diagnostic)
    })?;
    Ok(Document { file: file.to_owned(), text: text.to_owned(), json, schema })
}

impl Document {
    /// The whole document as it was read, wrapping and unknown properties included.
    pub fn json(&self) -> &Value {
        &self.json
    }

    /// How messages name the document.
    pub fn file(&self) -> &str {
        &self.file
    }

    pub(super) fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Adds file, line and column of the value at a JSON pointer.
    pub(super) fn place(&self, mut diagnostic: Diagnostic, pointer: &str) -> Diagnostic {
        diagnostic.file = Some(self.file.clone());
        if let Some((line, column)) = locate(&self.text, pointer) {
            (diagnostic.line, diagnostic.column) = (Some(line), Some(column));
            if let Some(snippet) = &mut diagnostic.snippet {
                snippet.first_line = line;
            }
        }
        diagnostic
    }
}

const HINT_EXPORT: &str = "download it in the portal (Provisioning, Mappings, Show advanced options, Review your schema \
                           here) or with `GET …/synchronization/jobs/{id}/schema`";

fn json_error(error: &serde_json::Error) -> Diagnostic {
    let text = error.to_string();
    let message = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
    let hint = if error.is_eof() {
        "the file ends too early; download it again"
    } else {
        "the file isn't valid JSON; download it again, or mend the place that is named"
    };
    Diagnostic::error(format!("invalid JSON: {message}"))
        .at_line(error.line())
        .at_column(error.column().max(1))
        .with_hint(hint)
}

/// The JSON pointer of the schema in a document.
fn find_schema(json: &Value) -> Option<&'static str> {
    ["", "/schema", "/value/0/schema", "/value/0", "/0/schema", "/0", "/value"]
        .into_iter()
        .find(|pointer| json.pointer(pointer).is_some_and(|value| value.get("synchronizationRules").is_some()))
}

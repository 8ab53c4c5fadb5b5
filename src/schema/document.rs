//! Reads a synchronizationSchema document (Microsoft Graph, *synchronizationSchema resource type*).

use std::borrow::Cow;
use std::sync::OnceLock;

use serde_json::Value;

use super::locate::Places;
use super::view::{Cursor, Schema};
use crate::base::Diagnostic;

/// A schema document: the JSON as it was, and what is understood of it.
#[derive(Debug, Clone)]
pub struct Document {
    file: String,
    text: String,
    json: Value,
    pointer: &'static str,
    schema: Schema,
    places: OnceLock<Places>,
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

/// The text of a file: UTF-8 with or without a byte order mark, or UTF-16 with one, as PowerShell writes it.
pub fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Box<Diagnostic>> {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        match String::from_utf16(&units) {
            Ok(text) if bytes.len().is_multiple_of(2) => Ok(Cow::Owned(text)),
            _ => Err(Diagnostic::error("the file isn't valid UTF-16").with_hint("save it as UTF-8").into()),
        }
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|error| {
            let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let line_start = before.rfind('\n').map_or(0, |at| at + 1);
            let diagnostic = Diagnostic::error("the file isn't valid UTF-8")
                .at_line(before.matches('\n').count() + 1)
                .at_column(before[line_start..].chars().count() + 1);
            diagnostic.with_hint("save it as UTF-8").into()
        }),
    }
}

/// Reads a schema as the portal or Graph exports it: bare, inside a template or job (`schema`), as the first
/// of a list of those (`value`), and any of these once more as a JSON text. A byte order mark and any line
/// ends are fine; unknown properties are kept in [`Document::json`]. `file` is how messages name the document.
pub fn read(text: &str, file: &str) -> Result<Document, ReadError> {
    read_nested(text, file, true)
}

fn read_nested(text: &str, file: &str, may_be_text: bool) -> Result<Document, ReadError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let fail = |diagnostic: Diagnostic| ReadError(Box::new(diagnostic.in_file(file)));
    if text.trim().is_empty() {
        return Err(fail(Diagnostic::error("the schema file is empty").with_hint(HINT_EXPORT)));
    }
    let json: Value = serde_json::from_str(text).map_err(|error| fail(json_error(text, &error)))?;
    let Some(pointer) = find_schema(&json) else {
        if let Some(inner) = json_in_text(&json).filter(|_| may_be_text) {
            return read_nested(inner, file, false);
        }
        let error = Diagnostic::error("this JSON isn't a synchronization schema: it has no `synchronizationRules`");
        return Err(fail(error.with_hint(HINT_EXPORT)));
    };
    let value = json.pointer(pointer).expect("the pointer was just followed");
    let schema = Schema::read(&Cursor::new(value, pointer)).map_err(|damage| {
        let mut diagnostic = *damage.diagnostic;
        if let Some((line, column)) = Places::new(text).find(text, &damage.pointer) {
            diagnostic = diagnostic.at_line(line).at_column(column);
        }
        fail(diagnostic)
    })?;
    Ok(Document { file: file.to_owned(), text: text.to_owned(), json, pointer, schema, places: OnceLock::new() })
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

    /// The schema's own text, cut out of its template or job: every property, in its order and layout, is as
    /// it was.
    pub fn schema_text(&self) -> &str {
        let range = self.places().range(self.pointer).unwrap_or(0..self.text.len());
        &self.text[range]
    }

    pub(super) fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Adds file, line and column of the value at a JSON pointer.
    pub(super) fn place(&self, mut diagnostic: Diagnostic, pointer: &str) -> Diagnostic {
        diagnostic.file = Some(self.file.clone());
        if let Some((line, column)) = self.places().find(&self.text, pointer) {
            (diagnostic.line, diagnostic.column) = (Some(line), Some(column));
            if let Some(snippet) = &mut diagnostic.snippet {
                snippet.first_line = line;
            }
        }
        diagnostic
    }

    fn places(&self) -> &Places {
        self.places.get_or_init(|| Places::new(&self.text))
    }
}

const HINT_EXPORT: &str = "download it in the portal (Provisioning, Mappings, Show advanced options, Review your schema \
                           here) or with `GET …/synchronization/jobs/{id}/schema`";

fn json_error(text: &str, error: &serde_json::Error) -> Diagnostic {
    let reason = error.to_string();
    let message = reason.rsplit_once(" at line ").map_or(reason.as_str(), |(message, _)| message);
    let hint = if error.is_eof() {
        "the file ends too early; download it again"
    } else if text.trim_start().starts_with("@{") {
        "this is how PowerShell shows an object; save it with `ConvertTo-Json -Depth 50`"
    } else {
        "the file isn't valid JSON; download it again, or mend the place that is named"
    };
    Diagnostic::error(format!("invalid JSON: {message}"))
        .at_line(error.line())
        .at_column(error.column().max(1))
        .with_hint(hint)
}

/// Where a schema may be in a document.
const POINTERS: [&str; 7] = ["", "/schema", "/value/0/schema", "/value/0", "/0/schema", "/0", "/value"];

/// The JSON pointer of the schema in a document.
fn find_schema(json: &Value) -> Option<&'static str> {
    let is_schema =
        |value: &Value| ["synchronizationRules", "SynchronizationRules"].iter().any(|name| value.get(name).is_some());
    POINTERS.into_iter().find(|pointer| json.pointer(pointer).is_some_and(is_schema))
}

/// A text in place of the schema that holds JSON itself.
fn json_in_text(json: &Value) -> Option<&str> {
    let texts = POINTERS.into_iter().filter_map(|pointer| json.pointer(pointer)?.as_str());
    texts.into_iter().find(|text| text.trim_start().starts_with(['{', '[', '"']))
}

//! Messages of the protocol: lists and errors, built as the RFC says and read as endpoints send them.

use std::fmt::{self, Write as _};

use serde_json::{Map, Value, json};

use super::resource::get;
use super::{Resource, urn};

/// The answer to a query (RFC 7644 section 3.4.2).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ListResponse {
    /// How many resources match in all.
    pub total_results: u64,
    /// Position of the first resource of this page, from 1.
    pub start_index: Option<u64>,
    /// How many resources this page has.
    pub items_per_page: Option<u64>,
    /// The resources of this page.
    pub resources: Vec<Resource>,
}

/// Says why a document isn't a list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// It isn't a JSON object.
    #[error("a ListResponse is a JSON object, this is {0}")]
    NotAnObject(&'static str),
    /// It has neither `totalResults` nor `Resources`.
    #[error("neither `totalResults` nor `Resources` is there, so this isn't a ListResponse")]
    NotAList,
    /// `totalResults` is no count.
    #[error("`totalResults` is {0}, not a count")]
    Total(String),
    /// `Resources` isn't an array.
    #[error("`Resources` is {0}, not an array")]
    Resources(&'static str),
    /// An entry of `Resources` isn't an object.
    #[error("entry {0} of `Resources` isn't an object")]
    Entry(usize),
}

impl ListResponse {
    /// Reads a list as endpoints send it: member names in any letter case, counts as text,
    /// `Resources` missing or null, `totalResults` missing where `Resources` is there.
    pub fn parse(document: Value) -> Result<Self, ListError> {
        let Value::Object(mut members) = document else { return Err(ListError::NotAnObject(kind(&document))) };
        let resources = take(&mut members, "Resources");
        let total = get(&members, "totalResults");
        if resources.is_none() && total.is_none() {
            return Err(ListError::NotAList);
        }
        let resources = match resources {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(entries)) => entries
                .into_iter()
                .enumerate()
                .map(|(index, entry)| Resource::from_value(entry).ok_or(ListError::Entry(index)))
                .collect::<Result<_, _>>()?,
            Some(other) => return Err(ListError::Resources(kind(&other))),
        };
        let total_results = match total {
            None | Some(Value::Null) => resources.len() as u64,
            Some(value) => count(value).ok_or_else(|| ListError::Total(shortened(&value.to_string(), 100)))?,
        };
        let start_index = get(&members, "startIndex").and_then(count);
        let items_per_page = get(&members, "itemsPerPage").and_then(count);
        Ok(Self { total_results, start_index, items_per_page, resources })
    }

    /// Appends the document's text up to the first resource: `]}` has to follow the last.
    pub fn write_head(total_results: u64, start_index: u64, items_per_page: u64, text: &mut String) {
        // a text takes whatever is written to it
        let _infallible: fmt::Result = write!(
            text,
            "{{\"schemas\":[\"{}\"],\"totalResults\":{total_results},\"startIndex\":{start_index},\
             \"itemsPerPage\":{items_per_page},\"Resources\":[",
            urn::LIST_RESPONSE
        );
    }

    /// The document.
    pub fn into_value(self) -> Value {
        let mut members = Map::new();
        members.insert("schemas".to_owned(), json!([urn::LIST_RESPONSE]));
        members.insert("totalResults".to_owned(), self.total_results.into());
        if let Some(index) = self.start_index {
            members.insert("startIndex".to_owned(), index.into());
        }
        if let Some(items) = self.items_per_page {
            members.insert("itemsPerPage".to_owned(), items.into());
        }
        members.insert("Resources".to_owned(), self.resources.into_iter().map(Resource::into_value).collect());
        Value::Object(members)
    }
}

/// What kind of error it is (RFC 7644 section 3.12, table 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScimType {
    /// The filter can't be read, or isn't supported for the attribute.
    InvalidFilter,
    /// The answer would be too large.
    TooMany,
    /// Another resource has the value already.
    Uniqueness,
    /// The attribute can't be written, or not any more.
    Mutability,
    /// The request's body can't be read.
    InvalidSyntax,
    /// The path can't be read or names nothing.
    InvalidPath,
    /// The path matches nothing to work on.
    NoTarget,
    /// A value is missing or doesn't fit its attribute.
    InvalidValue,
    /// The protocol's version isn't supported.
    InvalidVers,
    /// The request would put personal data into a URL.
    Sensitive,
}

impl ScimType {
    /// Every type.
    pub const ALL: [Self; 10] = [
        Self::InvalidFilter,
        Self::TooMany,
        Self::Uniqueness,
        Self::Mutability,
        Self::InvalidSyntax,
        Self::InvalidPath,
        Self::NoTarget,
        Self::InvalidValue,
        Self::InvalidVers,
        Self::Sensitive,
    ];

    /// As in an error.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidFilter => "invalidFilter",
            Self::TooMany => "tooMany",
            Self::Uniqueness => "uniqueness",
            Self::Mutability => "mutability",
            Self::InvalidSyntax => "invalidSyntax",
            Self::InvalidPath => "invalidPath",
            Self::NoTarget => "noTarget",
            Self::InvalidValue => "invalidValue",
            Self::InvalidVers => "invalidVers",
            Self::Sensitive => "sensitive",
        }
    }

    /// Reads a type in any letter case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(text))
    }
}

impl fmt::Display for ScimType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The body of an error answer (RFC 7644 section 3.12).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ErrorBody {
    /// HTTP status, where the body tells it.
    pub status: Option<u16>,
    /// Kind of error, where it is one of the RFC's.
    pub scim_type: Option<ScimType>,
    /// What went wrong, in the endpoint's words, at most 2 KiB.
    pub detail: Option<String>,
}

const MAX_DETAIL: usize = 2048;

impl ErrorBody {
    /// An error to be sent.
    pub fn new(status: u16, scim_type: Option<ScimType>, detail: impl Into<String>) -> Self {
        Self { status: Some(status), scim_type, detail: Some(detail.into()) }
    }

    /// Makes the best of whatever came: a SCIM error, other JSON with a message, plain text, HTML (its
    /// title), nothing.
    pub fn parse(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.is_empty() {
            return Self::default();
        }
        match serde_json::from_str(text) {
            Ok(Value::Object(members)) => Self::from_members(&members),
            Ok(Value::String(detail)) => Self::only(&detail),
            _ if is_html(text) => Self::only(&html_title(text)),
            _ => Self::only(text),
        }
    }

    /// The document.
    pub fn to_value(&self) -> Value {
        let mut members = Map::new();
        members.insert("schemas".to_owned(), json!([urn::ERROR]));
        if let Some(status) = self.status {
            members.insert("status".to_owned(), status.to_string().into());
        }
        if let Some(scim_type) = self.scim_type {
            members.insert("scimType".to_owned(), scim_type.as_str().into());
        }
        if let Some(detail) = &self.detail {
            members.insert("detail".to_owned(), detail.as_str().into());
        }
        Value::Object(members)
    }

    fn only(detail: &str) -> Self {
        let detail = shortened(detail.trim(), MAX_DETAIL);
        Self { detail: (!detail.is_empty()).then_some(detail), ..Self::default() }
    }

    fn from_members(members: &Map<String, Value>) -> Self {
        // SCIM 1.1 wraps errors in a list
        if let Some(Value::Array(errors)) = get(members, "Errors")
            && let Some(Value::Object(first)) = errors.first()
        {
            return Self::from_members(first);
        }
        let status = ["status", "code"].iter().find_map(|name| get(members, name).and_then(count));
        let scim_type = get(members, "scimType").and_then(Value::as_str).and_then(ScimType::parse);
        let names = ["detail", "description", "error_description", "message", "title", "error"];
        let detail = names.iter().find_map(|name| match get(members, name)? {
            Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            Value::Object(inner) => Self::from_members(inner).detail,
            _ => None,
        });
        let detail = detail.or_else(|| scim_type.is_none().then(|| Value::Object(members.clone()).to_string()));
        Self {
            status: status.and_then(|status| u16::try_from(status).ok()),
            scim_type,
            detail: detail.map(|detail| shortened(&detail, MAX_DETAIL)),
        }
    }
}

fn is_html(text: &str) -> bool {
    let start = text.get(..text.floor_char_boundary(256)).unwrap_or_default().to_ascii_lowercase();
    start.starts_with("<!doctype html") || start.contains("<html") || start.contains("<body") || start.contains("<head")
}

fn html_title(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let title = lower.find("<title").and_then(|tag| {
        let start = tag + lower[tag..].find('>')? + 1;
        let end = start + lower[start..].find('<')?;
        let words = text[start..end].split_whitespace().collect::<Vec<_>>().join(" ");
        (!words.is_empty()).then_some(words)
    });
    title.map_or_else(|| "an HTML page".to_owned(), |title| format!("an HTML page titled \"{title}\""))
}

fn shortened(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    format!("{}…", &text[..text.floor_char_boundary(limit - '…'.len_utf8())])
}

fn count(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn take(members: &mut Map<String, Value>, name: &str) -> Option<Value> {
    let key = super::resource::spelling(members, name)?;
    members.shift_remove(&key)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests;

//! Attribute paths (RFC 7644 section 3.10, `PATH` of section 3.5.2).

use std::fmt;

use serde_json::Value;

use super::{Filter, Resource};

/// `urn:attribute[filter].subAttribute`, each part but the attribute optional.
#[derive(Debug, Clone, PartialEq)]
pub struct AttributePath {
    /// Schema URN before the attribute.
    pub urn: Option<String>,
    /// Attribute name as spelt; a whole URN when the path names an extension itself.
    pub attribute: String,
    /// Value filter in brackets.
    pub filter: Option<Box<Filter>>,
    /// Sub-attribute name as spelt.
    pub sub_attribute: Option<String>,
}

/// Where and why a path or filter can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} at column {}", .offset + 1)]
pub struct SyntaxError {
    /// Byte offset into the text.
    pub offset: usize,
    /// What was expected or found, without a full stop.
    pub message: String,
}

//! An answer as checks look at it.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::scim::{ErrorBody, HttpExchange, ListResponse, Resource, get, urn};

/// An answer, and where it stands among the exchanges of its check.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    /// Its place among the exchanges of the check that asked.
    pub(super) at: usize,
    pub(super) status: u16,
    /// The body where it is JSON, a byte order mark before it left aside.
    pub(super) json: Option<Value>,
    pub(super) exchange: Arc<HttpExchange>,
}

impl Answer {
    pub(super) fn new(at: usize, exchange: Arc<HttpExchange>) -> Self {
        let bytes = &exchange.response_body.bytes;
        let json = serde_json::from_slice(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)).ok();
        Self { at, status: exchange.status.unwrap_or_default(), json, exchange }
    }

    /// Whether the status is 2xx.
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as an object.
    pub(super) fn object(&self) -> Option<&Map<String, Value>> {
        self.json.as_ref()?.as_object()
    }

    /// The body as a resource: an object that is neither a list nor an error.
    pub(super) fn resource(&self) -> Option<Resource> {
        let members = self.object()?;
        let is = |schema: &str| match get(members, "schemas") {
            Some(Value::Array(schemas)) => schemas.iter().any(|known| known.as_str() == Some(schema)),
            _ => false,
        };
        (!is(urn::LIST_RESPONSE) && !is(urn::ERROR)).then(|| Resource::new(members.clone()))
    }

    /// The body as a list, read as tolerantly as the client of a run does.
    pub(super) fn list(&self) -> Option<ListResponse> {
        ListResponse::parse(self.json.clone()?).ok()
    }

    /// `scimType` of an error.
    pub(super) fn scim_type(&self) -> Option<&str> {
        get(self.object()?, "scimType")?.as_str()
    }

    /// What an error says, however it says it; JSON without a message says nothing.
    pub(super) fn detail(&self) -> Option<String> {
        let detail = ErrorBody::parse(&self.exchange.response_body.bytes).detail?;
        let is_document = self.json.is_some() && detail.starts_with(['{', '[']);
        (!detail.trim().is_empty() && !is_document).then_some(detail)
    }

    /// Its status, kind of error and words, for sentences: `400 (noTarget): the path matches nothing`.
    pub(super) fn told(&self) -> String {
        let mut told = self.status.to_string();
        if let Some(kind) = self.scim_type() {
            told = format!("{told} ({kind})");
        }
        match self.detail().filter(|_| !self.is_success()) {
            Some(detail) => {
                let line = detail.split_whitespace().collect::<Vec<_>>().join(" ");
                let short: String = line.chars().take(200).collect();
                let more = if short.len() < line.len() { "…" } else { "" };
                format!("{told}: {}{more}", short.trim_end_matches('.'))
            }
            None => told,
        }
    }

    /// A header of the answer, its name in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.exchange.response_header(name)
    }
}

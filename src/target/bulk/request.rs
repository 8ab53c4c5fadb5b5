//! A bulk request as operations.

use std::collections::HashSet;

use axum::http::StatusCode;
use serde_json::{Map, Value};

use crate::scim::{Method, ScimType, get, urn};
use crate::target::Kind;
use crate::target::answer::Problem;

/// How many operations are taken in one request.
pub(in crate::target) const MAX_OPERATIONS: usize = 1000;

/// How long a request may be, in bytes: as long as the longest single one.
pub(in crate::target) const MAX_PAYLOAD_SIZE: usize = Kind::Group.max_size();

/// Many operations.
#[derive(Debug)]
pub(super) struct BulkRequest {
    /// After how many errors the rest is left undone.
    pub(super) fail_on_errors: Option<u64>,
    pub(super) operations: Vec<Operation>,
}

/// One operation, or why it is none.
#[derive(Debug)]
pub(super) struct Operation {
    /// As it was sent, for the answer.
    pub(super) method: Option<String>,
    pub(super) bulk_id: Option<String>,
    pub(super) call: Result<Call, Problem>,
}

/// A request that an operation stands for.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    /// `/Users` to create something, otherwise `/Users/{id}`.
    pub(super) path: String,
    pub(super) version: Option<String>,
    pub(super) data: Option<Value>,
}

impl BulkRequest {
    /// Reads a request. What is wrong with a single operation is that operation's failure.
    pub(super) fn read(body: Value) -> Result<Self, Problem> {
        let Value::Object(members) = body else { return Err(syntax("a bulk request is a JSON object")) };
        let is_bulk = |name: &Value| name.as_str().is_some_and(|name| name.eq_ignore_ascii_case(urn::BULK_REQUEST));
        if !get(&members, "schemas").and_then(Value::as_array).is_some_and(|schemas| schemas.iter().any(is_bulk)) {
            return Err(syntax(format!("`schemas` of a bulk request has to name {}", urn::BULK_REQUEST)));
        }
        let fail_on_errors = match get(&members, "failOnErrors") {
            None | Some(Value::Null) => None,
            Some(value) => Some(
                value.as_u64().ok_or_else(|| syntax(format!("`failOnErrors` is a number of errors, not {value}")))?,
            ),
        };
        let Some(Value::Array(operations)) = get(&members, "Operations") else {
            return Err(syntax("`Operations` of a bulk request has to be an array"));
        };
        if operations.len() > MAX_OPERATIONS {
            let detail = format!("{} operations are more than maxOperations ({MAX_OPERATIONS})", operations.len());
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
        }
        let operations: Vec<_> = operations.iter().map(operation).collect();
        let mut seen = HashSet::new();
        if let Some(twice) =
            operations.iter().filter_map(|operation| operation.bulk_id.as_ref()).find(|id| !seen.insert(*id))
        {
            let detail = format!("more than one operation has the bulkId `{twice}`");
            return Err(Problem::bad_request(ScimType::InvalidValue, detail));
        }
        Ok(Self { fail_on_errors, operations })
    }
}

impl Operation {
    /// Whether it makes a resource that others may refer to.
    pub(super) fn creates(&self) -> bool {
        matches!(&self.call, Ok(call) if call.method == Method::Post)
    }
}

fn operation(value: &Value) -> Operation {
    let none = Map::new();
    let members = value.as_object().unwrap_or(&none);
    let text = |name| get(members, name).and_then(Value::as_str).map(str::to_owned);
    Operation { method: text("method"), bulk_id: text("bulkId"), call: call(value) }
}

fn call(value: &Value) -> Result<Call, Problem> {
    let Value::Object(members) = value else { return Err(syntax("an operation is a JSON object")) };
    let text = |name: &str| match get(members, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(syntax(format!("`{name}` of an operation is a text, not {other}"))),
    };
    let method = text("method")?.ok_or_else(|| syntax("`method` of an operation is missing"))?;
    let method = match Method::parse(&method) {
        Some(method) if method != Method::Get => method,
        _ => return Err(syntax(format!("`method` of an operation is POST, PUT, PATCH or DELETE, not `{method}`"))),
    };
    let bulk_id = text("bulkId")?.filter(|id| !id.is_empty());
    let path = text("path")?.ok_or_else(|| syntax("`path` of an operation is missing"))?;
    let version = text("version")?;
    let data = get(members, "data").filter(|data| !data.is_null()).cloned();
    check_path(method, &path)?;
    if method == Method::Post && bulk_id.is_none() {
        return Err(Problem::bad_request(ScimType::InvalidValue, "an operation with POST needs a `bulkId`"));
    }
    if method != Method::Delete && data.is_none() {
        return Err(Problem::bad_request(ScimType::InvalidValue, format!("an operation with {method} needs `data`")));
    }
    Ok(Call { method, path, version, data: data.filter(|_| method != Method::Delete) })
}

/// Lets paths through that lead to resources, and to nothing else: not to `/Bulk` itself, for one.
fn check_path(method: Method, path: &str) -> Result<(), Problem> {
    let id = Kind::ALL.into_iter().find_map(|kind| {
        let rest = path.strip_prefix(kind.path())?;
        if rest.is_empty() { Some(None) } else { rest.strip_prefix('/').map(Some) }
    });
    let plain = |id: &str| !id.is_empty() && !id.starts_with('.') && !id.contains(['/', '?', '#']);
    match (method, id) {
        (_, None) => {
            let detail = format!("there is nothing at `{path}` that an operation could work on");
            Err(Problem::new(StatusCode::NOT_FOUND, detail))
        }
        (Method::Post, Some(None)) => Ok(()),
        (Method::Post, Some(Some(_))) => Err(syntax(format!("POST works on a resource type, not on `{path}`"))),
        (_, Some(Some(id))) if plain(id) => Ok(()),
        (_, Some(_)) => Err(syntax(format!("{method} works on one resource, not on `{path}`"))),
    }
}

fn syntax(detail: impl Into<String>) -> Problem {
    Problem::bad_request(ScimType::InvalidSyntax, detail)
}

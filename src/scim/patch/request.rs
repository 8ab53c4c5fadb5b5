//! A PATCH body as operations.

use serde_json::{Map, Value};

use crate::scim::resource::get;
use crate::scim::{AttributePath, ErrorBody, Leniencies, Leniency, ScimType, urn};

/// One operation.
#[derive(Debug, Clone, PartialEq)]
pub enum PatchOperation {
    /// Adds a value or values.
    Add {
        /// Where; without it the value is an object of attributes.
        path: Option<AttributePath>,
        /// What.
        value: Value,
    },
    /// Replaces what is there.
    Replace {
        /// Where; without it the value is an object of attributes.
        path: Option<AttributePath>,
        /// What.
        value: Value,
    },
    /// Removes what is there.
    Remove {
        /// Where.
        path: AttributePath,
        /// Entries to remove, an extension of the service's.
        value: Option<Value>,
    },
}

/// A PATCH body.
#[derive(Debug, Clone, PartialEq)]
pub struct PatchRequest {
    /// Applied in order, all or none.
    pub operations: Vec<PatchOperation>,
}

/// Why a document or operation is refused: what the error answer says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct PatchError {
    /// HTTP status.
    pub status: u16,
    /// Kind of error.
    pub scim_type: Option<ScimType>,
    /// What is wrong and where, without a full stop.
    pub detail: String,
}

impl PatchError {
    pub(in crate::scim) fn new(scim_type: ScimType, detail: impl Into<String>) -> Self {
        Self { status: 400, scim_type: Some(scim_type), detail: detail.into() }
    }

    /// Says which operation is meant, from 1.
    pub(super) fn in_operation(mut self, number: usize) -> Self {
        self.detail = format!("operation {number}: {}", self.detail);
        self
    }
}

impl From<PatchError> for ErrorBody {
    fn from(error: PatchError) -> Self {
        Self::new(error.status, error.scim_type, error.detail)
    }
}

const MAX_OPERATIONS: usize = 1000;

impl PatchRequest {
    /// Reads a PATCH body of up to 1000 operations. Whether the attributes exist is only known when it
    /// is applied.
    pub fn parse(body: Value, leniencies: Leniencies) -> Result<Self, PatchError> {
        let syntax = |detail: &str| PatchError::new(ScimType::InvalidSyntax, detail);
        let Value::Object(members) = body else { return Err(syntax("a PATCH body is a JSON object")) };
        let is_patch = |name: &Value| name.as_str().is_some_and(|name| name.eq_ignore_ascii_case(urn::PATCH_OP));
        if !get(&members, "schemas").and_then(Value::as_array).is_some_and(|schemas| schemas.iter().any(is_patch)) {
            return Err(syntax(&format!("`schemas` of a PATCH body has to name {}", urn::PATCH_OP)));
        }
        let Some(Value::Array(operations)) = get(&members, "Operations") else {
            return Err(syntax("`Operations` of a PATCH body has to be an array"));
        };
        if operations.is_empty() {
            return Err(syntax("`Operations` is empty"));
        }
        if operations.len() > MAX_OPERATIONS {
            let detail = format!("{} operations are too many, at most {MAX_OPERATIONS} are taken", operations.len());
            return Err(PatchError { status: 413, scim_type: None, detail });
        }
        let operations = operations
            .iter()
            .enumerate()
            .map(|(index, operation)| read(operation, leniencies).map_err(|error| error.in_operation(index + 1)))
            .collect::<Result<_, _>>()?;
        Ok(Self { operations })
    }
}

fn read(operation: &Value, leniencies: Leniencies) -> Result<PatchOperation, PatchError> {
    let syntax = |detail: &str| PatchError::new(ScimType::InvalidSyntax, detail);
    let Value::Object(members) = operation else { return Err(syntax("an operation is a JSON object")) };
    let Some(Value::String(op)) = get(members, "op") else { return Err(syntax("`op` is missing")) };
    let op = if leniencies.allow(Leniency::OperationCase) { op.to_ascii_lowercase() } else { op.clone() };
    let path = read_path(members)?;
    let value = get(members, "value").cloned();
    match (op.as_str(), path, value) {
        ("add", path, Some(value)) => Ok(PatchOperation::Add { path, value }),
        ("replace", path, Some(value)) => Ok(PatchOperation::Replace { path, value }),
        ("add" | "replace", _, None) => Err(PatchError::new(ScimType::InvalidValue, format!("`{op}` needs a `value`"))),
        ("remove", Some(path), value) => Ok(PatchOperation::Remove { path, value }),
        ("remove", None, _) => Err(PatchError::new(ScimType::NoTarget, "`remove` needs a `path`")),
        _ => Err(syntax("`op` is `add`, `replace` or `remove`")),
    }
}

fn read_path(members: &Map<String, Value>) -> Result<Option<AttributePath>, PatchError> {
    match get(members, "path") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => match AttributePath::parse(text) {
            Ok(path) => Ok(Some(path)),
            Err(error) => Err(PatchError::new(ScimType::InvalidPath, format!("the path can't be read: {error}"))),
        },
        Some(_) => Err(PatchError::new(ScimType::InvalidPath, "`path` has to be a text")),
    }
}

//! What `changes.html` is given beside its headings: attributes with their values before and after.

use serde::Serialize;
use serde_json::Value;

use crate::report::prose::{one_line, printable};

/// An attribute that changes.
#[derive(Serialize)]
pub(in crate::report) struct ChangeView {
    attribute: String,
    /// Before and after, in the order of the headings; where there are but two of these, only after is shown.
    values: [Option<String>; 2],
}

impl ChangeView {
    /// An attribute with its two values, where it has them.
    pub(in crate::report) fn new(attribute: &str, values: [&Option<Value>; 2]) -> Self {
        let shown = |value: &Option<Value>| value.as_ref().map(|value| printable(&value.to_string()));
        Self { attribute: one_line(attribute), values: values.map(shown) }
    }
}

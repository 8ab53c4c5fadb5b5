//! Tables over reading and compiling schemas.

use super::*;
use crate::base::{Diagnostic, Severity};
use crate::directory::Slot;

mod checking;
mod compiling;
mod filtering;
mod groups;
mod reading;

/// The built-in schema, changed.
fn wedo(change: impl FnOnce(&mut serde_json::Value)) -> Document {
    let mut json = serde_json::from_str(template("wedo").unwrap().text).unwrap();
    change(&mut json);
    read(&serde_json::to_string_pretty(&json).unwrap(), "schema.json").unwrap()
}

fn options() -> CompileOptions {
    CompileOptions { name: "wedo".into(), filterable: Some(vec!["userName".into()]), ..CompileOptions::default() }
}

/// The messages of everything that is wrong.
fn errors(document: &Document, options: &CompileOptions) -> Vec<String> {
    compile(document, options).unwrap_err().iter().map(Diagnostic::to_string).collect()
}

/// Pointer of the user mapping.
const MAPPING: &str = "/synchronizationRules/0/objectMappings/0";

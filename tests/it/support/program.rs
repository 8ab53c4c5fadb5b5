//! The program as a user runs it.

use std::process::{Command, Output};

use serde_json::Value;

/// The built program, in an environment that neither configures it nor sends it through a proxy.
pub(crate) fn scimulate() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scimulate"));
    for (name, _) in std::env::vars_os() {
        let upper = name.to_string_lossy().to_uppercase();
        if upper.starts_with("SCIMULATE_") || upper.ends_with("_PROXY") {
            command.env_remove(name);
        }
    }
    command
}

/// The JSON on standard output of a run that went well.
pub(crate) fn json(output: &Output) -> Value {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}\n{stderr}\n{stdout}", output.status);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}\n{stderr}\n{stdout}"))
}

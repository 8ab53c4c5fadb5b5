//! `scimulate apply`.

use std::path::PathBuf;

use super::context::Context;
use super::error::Error;
use super::exit::Exit;

/// Executes a saved plan and nothing else
///
/// Refuses (exit code 2) when the export, the mapping or the state moved since the plan was saved.
/// Each account is read again right before it is written; one that changed meanwhile fails as
/// `TargetMoved`, and the rest goes on.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Plan saved by `scimulate plan --out FILE`
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

/// Runs the command.
pub(crate) fn run(_args: Args, _context: &Context) -> Result<Exit, Error> {
    Err(anyhow::anyhow!("`apply` is still missing").into())
}

//! `scimulate demo`.

use std::path::PathBuf;

use super::context::Context;
use super::error::Error;
use super::exit::Exit;

/// Shows everything once: endpoint, test connection, plan and two cycles
///
/// Plays the Contoso scenario that is compiled into the program, in a temporary folder: no file, no
/// network and no config is needed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Play the scenario in this folder instead
    #[arg(value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(_args: Args, _context: &Context) -> Result<Exit, Error> {
    Err(anyhow::anyhow!("`demo` is still missing").into())
}

//! `scimulate inspect`.

use super::context::Context;
use super::error::Error;
use super::exit::Exit;

/// Reads the export and shows what is there
///
/// Counts users, roles, assignments and groups, and lists missing columns and problems by file and
/// row. Nothing is contacted, no state is read or written.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// End with exit code 2 if there is any problem
    #[arg(long)]
    pub(crate) strict: bool,
}

/// Runs the command.
pub(crate) fn run(_args: Args, _context: &Context) -> Result<Exit, Error> {
    Err(anyhow::anyhow!("`inspect` is still missing").into())
}

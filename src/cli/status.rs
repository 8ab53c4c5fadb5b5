//! `scimulate status`.

use super::context::Context;
use super::error::Error;
use super::exit::Exit;

/// Shows the state of the job: its cycles, links, failures that wait, and the lock
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Runs the command.
pub(crate) fn run(_args: Args, _context: &Context) -> Result<Exit, Error> {
    Err(anyhow::anyhow!("`status` is still missing").into())
}

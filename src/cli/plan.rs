//! `scimulate plan`.

use std::path::PathBuf;

use super::args::instant;
use super::context::Context;
use super::error::Error;
use super::exit::Exit;
use crate::base::Timestamp;

/// Shows what a cycle would do, and why; writes nothing
///
/// The dry run: the target is really queried (only GETs), and every create, update, disable and
/// delete is shown attribute by attribute. Those who are skipped are listed with the reason.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Contact nothing and assume an empty target
    #[arg(long)]
    pub(crate) offline: bool,
    /// Print the exact requests with their bodies
    #[arg(long)]
    pub(crate) show_requests: bool,
    /// Save the plan for `scimulate apply`
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Only these users: userPrincipalName, object id or mail
    #[arg(long, value_name = "NAME", num_args = 1..)]
    pub(crate) only: Vec<String>,
    /// End with exit code 3 if there are changes
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,
    /// Go on although this many known objects are missing from the export
    #[arg(long, value_name = "N")]
    pub(crate) accept_missing: Option<u64>,
    /// Take this for the current time, such as 2026-03-01T10:00:00Z
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    pub(crate) now: Option<Timestamp>,
}

/// Runs the command.
pub(crate) fn run(_args: Args, _context: &Context) -> Result<Exit, Error> {
    Err(anyhow::anyhow!("`plan` is still missing").into())
}

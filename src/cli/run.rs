//! `scimulate run`.

use std::time::Duration;

use super::args::{duration, instant, positive_duration};
use super::context::Context;
use super::error::Error;
use super::exit::Exit;
use crate::base::Timestamp;

/// Runs provisioning cycles: one, unless told otherwise
///
/// The first cycle of a job is initial and looks at every object; later ones are incremental and
/// send nothing for what did not change. Ctrl-C lets requests under way finish and stores the state;
/// a second one stops at once.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// This many cycles, back to back unless there is an interval
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) cycles: Option<u64>,
    /// From the start of one cycle to the next, such as 40m; until stopped, or until --cycles
    #[arg(long, value_name = "DURATION", value_parser = positive_duration)]
    pub(crate) interval: Option<Duration>,
    /// End after a cycle that wrote nothing
    #[arg(long)]
    pub(crate) until_idle: bool,
    /// Write nothing; the same as `scimulate plan`
    #[arg(long, conflicts_with_all = ["cycles", "interval", "until_idle"])]
    pub(crate) dry_run: bool,
    /// Go on although this many known objects are missing from the export
    #[arg(long, value_name = "N")]
    pub(crate) accept_missing: Option<u64>,
    /// How long to wait for another run of this job, such as 5m
    #[arg(long, value_name = "DURATION", default_value = "0", value_parser = duration)]
    pub(crate) lock_timeout: Duration,
    /// Take this for the current time at the start, such as 2026-03-01T10:00:00Z
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    pub(crate) now: Option<Timestamp>,
}

/// Runs the command.
pub(crate) fn run(_args: Args, _context: &Context) -> Result<Exit, Error> {
    Err(anyhow::anyhow!("`run` is still missing").into())
}

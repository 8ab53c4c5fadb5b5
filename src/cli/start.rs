//! `scimulate start`.

use super::context::Context;
use super::error::Error;
use super::exit::Exit;
use super::lever::tell;
use crate::store::{JobMemory, JobState, Store};

/// Makes a paused, disabled or quarantined job active again
///
/// Nothing is forgotten: the next cycle goes on from the watermark. A quarantine is lifted; if its
/// cause is still there, the next cycle brings it back.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Runs the command.
pub(crate) fn run(_args: &Args, context: &Context) -> Result<Exit, Error> {
    let settings = context.settings()?;
    let mut store = Store::open(&settings.state_dir, &settings.job)?;
    let before = store.job()?;
    let sentence = match &before.state {
        JobState::NotRun => "The job has not run yet, and nothing holds it: `scimulate run` runs its first cycle.",
        JobState::Active => "The job was active already.",
        JobState::Paused | JobState::Disabled => "The job is active: `scimulate run` goes on from the last cycle.",
        JobState::Quarantine { .. } => "The quarantine is lifted: `scimulate run` goes on from the last cycle.",
    };
    if !matches!(before.state, JobState::NotRun | JobState::Active) {
        store.set_job(&JobMemory { state: JobState::Active, notified: None, failures_in_a_row: 0, ..before })?;
    }
    tell(&store, &settings.job, sentence, context)
}

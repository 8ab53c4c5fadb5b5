//! `scimulate pause`.

use super::context::Context;
use super::error::Error;
use super::exit::Exit;
use super::lever::{existing, tell};
use crate::base::Diagnostic;
use crate::store::JobState;

/// Pauses the job: no cycle runs until `start` or `restart`
///
/// A cycle that is under way ends first. Links, watermark and failures are kept.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Runs the command.
pub(crate) fn run(_args: &Args, context: &Context) -> Result<Exit, Error> {
    let settings = context.settings()?;
    let Some(mut store) = existing(&settings)? else {
        let text = format!("the job \"{}\" has not run yet, so there is nothing to pause", settings.job);
        return Err(Diagnostic::error(text).with_hint("check --job and --state").into());
    };
    let sentence = match store.job_state()? {
        JobState::Paused => "The job was paused already.",
        JobState::Disabled => "The job is disabled, so no cycle runs anyway; `scimulate start` makes it active again.",
        JobState::NotRun | JobState::Active | JobState::Quarantine { .. } => {
            store.set_job_state(&JobState::Paused)?;
            match store.lock_holder() {
                Some(_) => "The job is paused; the cycle that is under way ends first. `scimulate start` goes on.",
                None => "The job is paused; `scimulate start` goes on.",
            }
        }
    };
    tell(Some(&store), &settings.job, sentence, context)
}

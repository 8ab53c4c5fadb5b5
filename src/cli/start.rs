//! `scimulate start`.

use std::borrow::Cow;

use super::context::Context;
use super::error::Error;
use super::exit::Exit;
use super::job::holder;
use super::lever::{existing, tell};
use crate::clock::Clock;
use crate::store::{JobMemory, JobState, Store};

/// Makes a paused, disabled or quarantined job active again
///
/// Nothing is forgotten: the next cycle goes on from the watermark. A quarantine is lifted; if its
/// cause is still there, the next cycle brings it back. Refused while a cycle is under way, whose end
/// says how the job stands.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Runs the command.
pub(crate) fn run(_args: &Args, context: &Context) -> Result<Exit, Error> {
    let settings = context.settings()?;
    let mut store = existing(&settings)?;
    let mut before = store.as_ref().map_or_else(|| Ok(JobMemory::default()), Store::job)?;
    if let Some(store) = store.as_mut().filter(|_| is_held(&before.state)) {
        let _lock = store.lock(&holder(Clock::real().now()))?;
        before = store.job()?;
        if is_held(&before.state) {
            let state = JobState::Active;
            store.set_job(&JobMemory { state, notified: None, failures_in_a_row: 0, ..before.clone() })?;
        }
    }
    let sentence = match &before.state {
        JobState::NotRun => Cow::from(format!(
            "The job \"{}\" has not run yet, and nothing holds it: `scimulate run` runs its first cycle.",
            settings.job
        )),
        JobState::Active => "The job was active already.".into(),
        JobState::Paused | JobState::Disabled => {
            "The job is active: `scimulate run` goes on from the last cycle.".into()
        }
        JobState::Quarantine { .. } => "The quarantine is lifted: `scimulate run` goes on from the last cycle.".into(),
    };
    tell(store.as_ref(), &settings.job, &sentence, context)
}

const fn is_held(state: &JobState) -> bool {
    !matches!(state, JobState::NotRun | JobState::Active)
}

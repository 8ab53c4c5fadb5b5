//! `scimulate restart`.

use std::time::Duration;

use serde_json::json;

use super::context::Context;
use super::error::Error;
use super::exit::Exit;
use super::job::{Job, Narrowed};
use super::runtime::block_on;
use crate::clock::Clock;
use crate::report::FORMAT_VERSION;
use crate::store::JobState;

/// Restarts provisioning: the next cycle is initial again
///
/// Does what the portal's Restart provisioning does: forgets the watermark, the failures that wait
/// and a quarantine. Links stay, so that nobody is created twice.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Runs the command.
pub(crate) fn run(_args: &Args, context: &Context) -> Result<Exit, Error> {
    let job = Job::load(context, Narrowed::default())?;
    let export = job.open_export(context)?;
    let mut store = job.open_store(&export)?;
    let lock = block_on(job.lock(&store, &Clock::real(), Duration::ZERO))?;
    job.bind(&mut store, &export)?;
    store.clear_watermark()?;
    store.clear_failures()?;
    store.set_job_state(&JobState::Active)?;
    drop(lock);
    if !context.printer.is_human() {
        let job = json!({ "id": job.id(&export).as_str(), "state": JobState::Active.as_str() });
        context.printer.json(&json!({ "formatVersion": FORMAT_VERSION, "job": job }))?;
    }
    context.printer.talk("Provisioning restarts: the next cycle is initial and looks at every object. Links stay.");
    Ok(Exit::Done)
}

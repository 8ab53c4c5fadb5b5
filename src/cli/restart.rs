//! `scimulate restart`.

use serde_json::json;

use super::context::Context;
use super::error::Error;
use super::exit::Exit;
use super::job::{Job, Narrowed, holder};
use crate::clock::Clock;
use crate::report::FORMAT_VERSION;
use crate::store::{JobState, ResetScope, ResetScopes};

/// Restarts provisioning: the next cycle is initial again
///
/// Does what the portal's Restart provisioning does: forgets the watermark, the failures that wait
/// and a quarantine. Links stay, so that nobody is created twice. A paused or disabled job becomes
/// active.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What is forgotten instead, as in Graph: a comma list of `None`, `ConnectorDataStore` (objects, links and
    /// references), `Escrows` (failures), `Watermark`, `QuarantineState`, `Full` (all of these), and
    /// `ForceDeletes`, which lets held-back deletions through [default: `Escrows,Watermark,QuarantineState`]
    #[arg(long, value_name = "LIST")]
    pub(crate) reset_scope: Option<ResetScopes>,
}

/// Runs the command.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Error> {
    let job = Job::load(context, Narrowed::default())?;
    let export = job.open_export(context)?;
    let clock = Clock::real();
    let scopes = args.reset_scope.clone().unwrap_or_default();
    let mut store = job.open_store(&export)?;
    let lock = store.lock(&holder(clock.now()))?;
    job.bind(&mut store, &export)?;
    store.restart(&scopes, clock.now())?;
    drop(lock);
    let state = store.job_state()?;
    if !context.printer.is_human() {
        let words: Vec<_> = scopes.iter().map(ResetScope::as_str).collect();
        context.printer.json(&json!({
            "formatVersion": FORMAT_VERSION,
            "job": { "id": job.id(&export).as_str(), "state": state.as_str() },
            "resetScope": words.join(","),
        }))?;
    }
    let cycle = match store.watermark()? {
        None => "the next cycle is initial and looks at every object.",
        Some(_) => "the next cycle goes on from the watermark.",
    };
    let links = if scopes.contains(ResetScope::ConnectorDataStore) {
        "Links are forgotten: everyone is matched again."
    } else {
        "Links stay."
    };
    context.printer.talk(format_args!("Provisioning restarts: {cycle} {links}"));
    if matches!(state, JobState::Quarantine { .. }) {
        let text = "The job stays in quarantine, since QuarantineState isn't among the reset scopes.";
        context.printer.talk(text);
    }
    Ok(Exit::Done)
}

//! `scimulate restart`.

use serde_json::json;

use super::context::Context;
use super::error::Error;
use super::exit::Exit;
use super::job::holder;
use super::lever::existing;
use crate::base::JobId;
use crate::clock::Clock;
use crate::report::FORMAT_VERSION;
use crate::store::{JobState, ResetScope, ResetScopes, Store};

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
    let settings = context.settings()?;
    let scopes = args.reset_scope.clone().unwrap_or_default();
    let mut store = existing(&settings)?;
    if let Some(store) = &mut store {
        let now = Clock::real().now();
        let _lock = store.lock(&holder(now))?;
        store.restart(&scopes, now)?;
    }
    let state = store.as_ref().map_or(Ok(JobState::NotRun), Store::job_state)?;
    let printer = &context.printer;
    if !printer.is_human() {
        let id = store.as_ref().map(Store::binding).transpose()?.flatten().map(|binding| binding.job_id);
        let words: Vec<_> = scopes.iter().map(ResetScope::as_str).collect();
        printer.json(&json!({
            "formatVersion": FORMAT_VERSION,
            "job": { "id": id.as_ref().map(JobId::as_str), "state": state.as_str() },
            "resetScope": words.join(","),
        }))?;
    }
    let Some(store) = store else {
        printer.talk(format_args!(
            "The job \"{}\" has not run yet, and there is nothing to forget: `scimulate run` runs its first cycle.",
            settings.job
        ));
        return Ok(Exit::Done);
    };
    let cycle = match store.watermark()? {
        None => "the next cycle is initial and looks at every object.",
        Some(_) => "the next cycle goes on from the watermark.",
    };
    let links = if scopes.contains(ResetScope::ConnectorDataStore) {
        "Links are forgotten: everyone is matched again."
    } else {
        "Links stay."
    };
    printer.talk(format_args!("Provisioning restarts: {cycle} {links}"));
    if matches!(state, JobState::Quarantine { .. }) {
        printer.talk("The job stays in quarantine, since QuarantineState isn't among the reset scopes.");
    }
    Ok(Exit::Done)
}

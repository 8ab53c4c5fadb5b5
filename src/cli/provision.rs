//! `scimulate provision`.

mod document;
mod text;

pub(crate) use document::{exchange_json, step_json};

use std::sync::Arc;
use std::time::Duration;

use super::args::{duration, instant};
use super::context::Context;
use super::error::Error;
use super::exit::Exit;
use super::job::{Job, Narrowed, Reading, seed};
use super::recording::RecordArgs;
use super::run::remedy;
use super::runtime::{Interrupt, block_on};
use crate::base::{Diagnostic, Random, Timestamp};
use crate::clock::Clock;
use crate::engine::{Demand, EngineError, OnDemand, find_objects};
use crate::schema::ObjectKind;
use crate::source::Export;
use crate::store::Store;

/// Provisions one user or group now, and shows each step
///
/// Provision on demand, as in the portal: import, scope, match and action, each with what it looked at.
/// The link and the outcome are stored; the job may be paused or in quarantine. PATCH is always written in
/// the `scim` dialect. Users who are disabled in or deleted from the directory are left to the cycles.
/// Ends with 4 if something failed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// userPrincipalName, object id or mail of a user, display name or object id of a group
    #[arg(value_name = "USER|GROUP")]
    pub(crate) name: String,
    /// Members that are sent with the group, at most five: userPrincipalName, object id or mail
    #[arg(long, value_name = "NAME", num_args = 1..)]
    pub(crate) member: Vec<String>,
    /// If the PATCH is refused, find the operation that poisons it. Parts of the PATCH are sent one after the
    /// other; those that are accepted take effect on the account
    #[arg(long)]
    pub(crate) bisect: bool,
    /// Read back what was written, and say where it isn't as it was sent
    #[arg(long)]
    pub(crate) verify: bool,
    #[command(flatten)]
    pub(crate) reading: Reading,
    /// How long to wait for a run of this job, such as 5m
    #[arg(long, value_name = "DURATION", default_value = "0", value_parser = duration)]
    pub(crate) lock_timeout: Duration,
    /// Take this for the current time, such as 2026-03-01T10:00:00Z
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    pub(crate) now: Option<Timestamp>,
    #[command(flatten)]
    pub(crate) record: RecordArgs,
}

/// Runs the command.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Error> {
    let narrowed = Narrowed { only: Vec::new(), reading: args.reading, verify: args.verify.into() };
    let mut job = Job::load(context, narrowed)?;
    let clock = args.now.map_or_else(Clock::real, Clock::real_from);
    let export = job.open_export_at(clock.now(), context)?;
    let demand = demand(args, &job, &export, &clock)?;
    let recorder = args.record.record_job(&mut job, "provision", &clock, context)?;
    let (done, interrupted) = block_on(provision(args, &job, export, &clock, &demand, context))?;
    for warning in &done.warnings {
        context.printer.diagnostic(&Diagnostic::warning(warning.as_str()));
    }
    if context.printer.is_human() {
        text::print(&done, &job.rules, &context.printer)?;
    } else {
        context.printer.json(&document::document(&done))?;
    }
    if let (Some(failure), Some(error)) = (&done.unreachable, &done.error) {
        let error = anyhow::anyhow!("{}: {}", error.code, error.message);
        return Err(Error::new(interrupted.unwrap_or(Exit::Unreachable), error).with_hint(remedy(failure)));
    }
    if args.bisect && !done.succeeded() && done.poison.is_none() {
        let text = "There is nothing to take apart: what failed isn't a PATCH of the object that the endpoint refused.";
        context.printer.talk(text);
    }
    let exit = if done.succeeded() { Exit::Done } else { Exit::ObjectsFailed };
    Ok(recorder.end(interrupted.unwrap_or(exit)))
}

/// What the names mean; nothing is made before that is known.
fn demand(args: &Args, job: &Job, export: &Export, clock: &Clock) -> Result<Demand, Error> {
    let store = Store::open_existing(&job.settings.state_dir, &job.settings.job)?;
    let kind = (!args.member.is_empty()).then_some(ObjectKind::Group);
    let object = find_objects(export, store.as_ref(), kind, &[&args.name])?;
    let names: Vec<_> = args.member.iter().map(String::as_str).collect();
    let mut members = find_objects(export, store.as_ref(), None, &names)?;
    let mut seen = Vec::new();
    members.retain(|member| {
        let is_new = !seen.contains(&member.id);
        seen.push(member.id.clone());
        is_new
    });
    let [object] = <[_; 1]>::try_from(object).expect("one name means one object");
    let mut demand = Demand::new(export, object, members, clock.origin())?;
    demand.bisect = args.bisect;
    Ok(demand)
}

/// Gives what came of it, and the exit code of a signal that was heard.
async fn provision(
    args: &Args,
    job: &Job,
    export: Arc<Export>,
    clock: &Clock,
    demand: &Demand,
    context: &Context,
) -> Result<(OnDemand, Option<Exit>), Error> {
    let interrupt = Interrupt::listen()?;
    let connection = job.connect(context, clock, true)?.ended_by(&interrupt);
    let mut store = job.open_store(&export)?;
    let lock = tokio::select! {
        lock = job.lock(&store, clock, args.lock_timeout) => lock?,
        () = interrupt.token().cancelled_owned() => {
            let exit = interrupt.exit().unwrap_or(Exit::Interrupted);
            return Err(Error::new(exit, EngineError::Interrupted));
        }
    };
    job.bind(&mut store, &export)?;
    if args.bisect {
        let text = "If the PATCH is refused, parts of it are sent; those that are accepted take effect.";
        context.printer.talk(text);
    }
    let cycle = job.cycle(export, connection.client, clock);
    let mut random = Random::seeded(seed(clock.origin()));
    let done = cycle.provision(store, demand, &mut random, &interrupt.token()).await;
    drop(lock);
    match (done, interrupt.exit()) {
        (Err(error @ EngineError::Interrupted), Some(exit)) => Err(Error::new(exit, error)),
        (done, exit) => Ok((done?, exit)),
    }
}

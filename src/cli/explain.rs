//! `scimulate explain`.

mod document;
mod everyone;
mod text;

use super::args::instant;
use super::context::Context;
use super::error::Error;
use super::exit::Exit;
use super::job::{Job, Narrowed, Reading, seed};
use super::recording::RecordArgs;
use super::run::remedy;
use super::runtime::{Interrupt, block_on};
use crate::base::{Diagnostic, Random, Timestamp};
use crate::clock::Clock;
use crate::engine::{EngineError, Explanation, explain_everyone, find_objects};
use crate::event::LogEntry;
use crate::plan::ActionKind;
use crate::store::{LogQuery, Store};

/// Explains what would be done with a user or a group, and why; writes nothing
///
/// The steps of provision on demand, each with its evidence: what was read, every condition of the scope and the one
/// that decides, what was asked of the target and what came back, each attribute with its source, expression, old and
/// new value, and the requests that would go out. For somebody who is skipped, the shortest way in. The target is only
/// read, and only where the decision hangs on it. Ends with 4 for an object that would fail.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// userPrincipalName, object id or mail of a user, display name or object id of a group
    #[arg(value_name = "NAME", required_unless_present = "all", conflicts_with = "all")]
    pub(crate) name: Option<String>,
    /// Everybody, grouped by the rule that decides; the target isn't asked
    #[arg(long)]
    pub(crate) all: bool,
    /// With --all: only those with this code, such as `NotEffectivelyEntitled` or `InScope`
    #[arg(long, value_name = "CODE", requires = "all")]
    pub(crate) reason: Option<String>,
    /// Contact nothing and assume an empty target
    #[arg(long, conflicts_with_all = ["all", "record"])]
    pub(crate) offline: bool,
    /// Show the requests in both dialects of PATCH, not only in that of the tenant URL
    #[arg(long, conflicts_with = "all")]
    pub(crate) both_dialects: bool,
    #[command(flatten)]
    pub(crate) reading: Reading,
    /// Take this for the current time, such as 2026-03-01T10:00:00Z
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    pub(crate) now: Option<Timestamp>,
    #[command(flatten)]
    pub(crate) record: RecordArgs,
}

/// Runs the command.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Error> {
    let narrowed = Narrowed { reading: args.reading, ..Narrowed::default() };
    let mut job = Job::load(context, narrowed)?;
    let clock = args.now.map_or_else(Clock::real, Clock::real_from);
    let export = job.open_export_at(clock.now(), context)?;
    let store = Store::open_existing(&job.settings.state_dir, &job.settings.job)?;
    if let Some(store) = &store {
        store.check(&job.binding(&export))?;
    }
    let Some(name) = &args.name else {
        let everyone = explain_everyone(&job.policy, &job.rules, &export, store.as_ref(), clock.now())?;
        if let Some(warning) = everyone.warning {
            context.printer.diagnostic(&Diagnostic::warning(warning));
        }
        return everyone::show(everyone.groups, args.reason.as_deref(), context);
    };
    let [object] =
        <[_; 1]>::try_from(find_objects(&export, store.as_ref(), None, &[name])?).expect("one name means one object");
    let recorder = args.record.record_job(&mut job, "explain", &clock, context)?;
    let last = last_entry(store.as_ref(), &object.id.to_string())?;
    let explained = block_on(async {
        let interrupt = Interrupt::listen()?;
        let connection = job.connect(context, &clock, false)?.ended_by(&interrupt);
        let cycle = job.cycle(export, connection.client, &clock);
        let mut random = Random::seeded(seed(clock.origin()));
        let token = interrupt.token();
        let explained = cycle.explain(store.as_ref(), &object, clock.origin(), args.offline, &mut random, &token).await;
        match (explained, interrupt.exit()) {
            (Err(error @ EngineError::Interrupted), Some(exit)) => Err(Error::new(exit, error)),
            (explained, _) => Ok::<_, Error>(explained?),
        }
    })?;
    for warning in &explained.warnings {
        context.printer.diagnostic(&Diagnostic::warning(warning.as_str()));
    }
    if context.printer.is_human() {
        text::print(&explained, last.as_ref(), args.both_dialects, &context.printer)?;
    } else {
        context.printer.json(&document::document(&explained, last.as_ref(), args.both_dialects))?;
    }
    if args.offline {
        context.printer.talk("Offline: nothing was asked of the target, which is taken for empty.");
    }
    if let (Some(failure), Some(error)) = (&explained.unreachable, &explained.error) {
        let error = anyhow::anyhow!("{}: {}", error.code, error.message);
        return Err(Error::new(Exit::Unreachable, error).with_hint(remedy(failure)));
    }
    Ok(recorder.end(exit(&explained)))
}

fn exit(explained: &Explanation) -> Exit {
    if explained.action == ActionKind::Fail { Exit::ObjectsFailed } else { Exit::Done }
}

/// What the log said of the object last; what was said of its references doesn't count.
fn last_entry(store: Option<&Store>, id: &str) -> Result<Option<LogEntry>, Error> {
    let Some(store) = store else { return Ok(None) };
    let query = LogQuery { name: Some(id.to_owned()), latest_first: true, ..LogQuery::default() };
    let mut last = None;
    store.each_log_entry(&query, &mut |entry| {
        if entry.is_reference() {
            return std::ops::ControlFlow::Continue(());
        }
        last = Some(entry);
        std::ops::ControlFlow::Break(())
    })?;
    Ok(last)
}

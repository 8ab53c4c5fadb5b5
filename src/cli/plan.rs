//! `scimulate plan`.

mod reports;
mod view;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;

use super::args::{Output, instant};
use super::context::Context;
use super::error::Error;
use super::exit::Exit;
use super::inspect;
use super::job::{Job, Narrowed, Reading, seed};
use super::output_file::{OutputFile, Readers};
use super::recording::RecordArgs;
use super::reports::{ReportTo, Reports};
use super::run::ended;
use super::runtime::{Interrupt, block_on};
use crate::base::{Diagnostic, Random, Timestamp};
use crate::clock::Clock;
use crate::engine::{CycleOptions, Mode, Offline, Processed, Sink as _};
use crate::plan::{PlanFile, PlannedObject};
use crate::source::Export;
use crate::store::Store;
pub(crate) use reports::FORMS as REPORTS;
use view::{Shows, View};

/// Shows what a cycle would do, and why; writes nothing
///
/// The dry run: the target is really queried (only GETs), and every create, update, disable and
/// delete is shown attribute by attribute. Those who are skipped are listed with the reason.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Args {
    /// Contact nothing and assume an empty target
    #[arg(long, conflicts_with = "record")]
    pub(crate) offline: bool,
    /// Print the exact requests with their bodies
    #[arg(long)]
    pub(crate) show_requests: bool,
    /// Save the plan for `scimulate apply`
    #[arg(long, value_name = "FILE", conflicts_with = "offline")]
    pub(crate) out: Option<PathBuf>,
    /// Only these users (userPrincipalName, object id or mail) and groups (display name or object id), with the
    /// managers and members of these alone
    #[arg(long, value_name = "NAME", num_args = 1..)]
    pub(crate) only: Vec<String>,
    /// End with exit code 3 if there are changes
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,
    /// Write the plan to a file: html for a change request, markdown for the comment of a pull request, or json; `-` is
    /// stdout, then the text for people goes to stderr
    #[arg(long, value_name = "FORM=FILE", value_parser = super::reports::parser(&REPORTS))]
    pub(crate) report: Vec<ReportTo>,
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
    // What can't be written is found before anything is asked of the target.
    let out = args.out.as_deref().map(|path| OutputFile::create(path, Readers::UserAlone)).transpose()?;
    let reports = Reports::open(&args.report, Readers::UserAlone, context)?;
    if !reports.is_empty() {
        context.printer.keep_warnings();
    }
    let narrowed = Narrowed { only: args.only.clone(), reading: args.reading, ..Narrowed::default() };
    let mut job = Job::load(context, narrowed)?;
    let clock = args.now.map_or_else(Clock::real, Clock::real_from);
    let export = job.open_export_at(clock.now(), context)?;
    let recorder = args.record.record_job(&mut job, "plan", &clock, context)?;
    let keeps = out.is_some() || !reports.is_empty() || context.printer.output() == Output::Json;
    let shows = Shows { requests: args.show_requests, keeps, aside: reports.stdout().is_some() };
    let mut view = View::new(context, shows);
    view.start(clock.now())?;
    let last_cycle = if args.offline {
        offline(&job, &export, &clock, context, &mut view)?;
        None
    } else {
        online(&job, &export, &clock, context, &mut view)?
    };
    view.finish()?;
    if !args.only.is_empty() && view.summary.is_empty() {
        let text = format!("--only {}: nothing is due for such a user or group", args.only.join(" "));
        let hint = "users are named by userPrincipalName, object id or mail, groups by display name or object id; what is \
             linked and did not change isn't due";
        context.printer.diagnostic(&Diagnostic::warning(text).with_hint(hint));
    }
    let notes = inspect::notes(&job, &export, view.only_default_access);
    for note in &notes {
        context.printer.talk(note);
    }
    let mut objects = std::mem::take(&mut view.objects);
    if !reports.is_empty() {
        let planned = reports::Planned { view: &view, objects, notes, offline: args.offline };
        objects = reports::write(reports, planned, &job, &export, &clock, context)?;
    }
    if let Some(file) = out {
        save(file, &job, &export, &clock, last_cycle, objects, context)?;
    }
    let exit = match (args.detailed_exitcode, view.summary.failures(), view.summary.writes()) {
        (false, ..) | (true, 0, 0) => Exit::Done,
        (true, 0, _) => Exit::Changes,
        (true, ..) => Exit::ObjectsFailed,
    };
    Ok(recorder.end(exit))
}

/// Plans against an empty target; nothing is contacted, no state is looked at.
fn offline(job: &Job, export: &Export, clock: &Clock, context: &Context, view: &mut View<'_>) -> Result<(), Error> {
    let (policy, rules) = (&job.policy, &job.rules);
    let offline = Offline { policy, rules, export, now: clock.now(), evaluated_at: clock.origin() };
    let index = offline.index()?;
    if let Some(sentence) = index.users.findings() {
        context.printer.diagnostic(&Diagnostic::warning(sentence));
    }
    for sentence in &index.users.shared {
        context.printer.diagnostic(&Diagnostic::warning(sentence.as_str()));
    }
    offline.plan(&index, &mut |processed| {
        view.processed(&processed);
        if view.has_failed() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(())
}

/// Plans with real GETs; gives the last cycle that the state knows.
fn online(
    job: &Job,
    export: &Arc<Export>,
    clock: &Clock,
    context: &Context,
    view: &mut View<'_>,
) -> Result<Option<String>, Error> {
    let store = Store::open_existing(&job.settings.state_dir, &job.settings.job)?;
    if let Some(store) = &store {
        store.check(&job.binding(export))?;
    }
    let last_cycle = last_cycle(store.as_ref())?;
    block_on(async {
        let interrupt = Interrupt::listen()?;
        let connection = job.connect(context, clock, false)?.ended_by(&interrupt);
        let cycle = job.cycle(Arc::clone(export), connection.client, clock);
        let options = dry_run(job, clock, &interrupt);
        let mut random = Random::seeded(seed(clock.origin()));
        let (_, result) = cycle.run(store, &options, &mut random, view).await;
        result.map_err(|error| ended(error, &interrupt))?;
        if let Some(exit) = interrupt.exit() {
            return Err(Error::new(exit, anyhow::anyhow!("interrupted: the plan isn't complete")));
        }
        Ok(())
    })?;
    Ok(last_cycle)
}

/// How a cycle is run that only looks.
pub(crate) fn dry_run(job: &Job, clock: &Clock, interrupt: &Interrupt) -> CycleOptions {
    CycleOptions {
        mode: Mode::DryRun,
        concurrency: job.settings.target.concurrency,
        planned: None,
        whole: false,
        evaluated_at: Some(clock.origin()),
        cancel: interrupt.token(),
    }
}

/// Id of the last cycle that the state knows.
pub(crate) fn last_cycle(store: Option<&Store>) -> Result<Option<String>, Error> {
    let Some(store) = store else { return Ok(None) };
    Ok(store.cycles(1)?.into_iter().next().map(|row| row.start.id.to_string()))
}

fn save(
    file: OutputFile,
    job: &Job,
    export: &Export,
    clock: &Clock,
    last_cycle: Option<String>,
    objects: Vec<PlannedObject>,
    context: &Context,
) -> Result<(), Error> {
    let plan = PlanFile {
        created: clock.origin().to_string(),
        job: job.id(export).to_string(),
        target: job.settings.target.tenant.to_string(),
        export: export.digest()?,
        rules: job.policy.digest(&job.rules),
        last_cycle,
        partial: !job.policy.only.is_empty(),
        objects,
    };
    let shown = file.shown();
    file.write(&plan.to_text()).with_context(|| format!("the plan can't be saved as {shown}"))?;
    context.printer.talk(format_args!("Saved. To do exactly this: scimulate apply {shown}"));
    Ok(())
}

/// A processed object as a plan has it.
pub(crate) fn planned(processed: &Processed) -> PlannedObject {
    let record = &processed.record;
    PlannedObject {
        source_id: record.source_id.clone(),
        name: record.name.clone(),
        kind: record.kind,
        action: record.action,
        reason_code: String::new(),
        reason: String::new(),
        target_id: record.target_id.clone(),
        changes: record.changes.clone(),
        unknown: processed.unknown.clone(),
        requests: processed.requests.clone(),
    }
    .because(&record.reason)
}

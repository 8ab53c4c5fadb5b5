//! `scimulate apply`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::Output;
use super::context::Context;
use super::error::Error;
use super::exit::Exit;
use super::job::{Job, Narrowed, Reading, holder, seed};
use super::plan;
use super::progress::{Past, Progress};
use super::recording::RecordArgs;
use super::run::{Notifications, Work, one_cycle, refuse};
use super::runtime::{Interrupt, block_on};
use crate::base::{Diagnostic, Random, Timestamp};
use crate::clock::Clock;
use crate::engine::Planned;
use crate::plan::PlanFile;
use crate::report;
use crate::source::Export;
use crate::store::Store;

/// Executes a saved plan and nothing else
///
/// Refuses (exit code 2) when the export, the mapping or the state moved since the plan was saved.
/// Each account is read again right before it is written; one that changed meanwhile fails as
/// `TargetMoved`, and the rest goes on.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Plan saved by `scimulate plan --out FILE`
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Regular expressions of scoping filters must match the whole value, as they did for the plan
    #[arg(long)]
    pub(crate) anchor_scope_regex: bool,
    /// Read each account and group back after it was written and say where it isn't as it was sent. What is found
    /// fails no object and changes no exit code
    #[arg(long)]
    pub(crate) verify: bool,
    #[command(flatten)]
    pub(crate) record: RecordArgs,
}

/// Runs the command.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Error> {
    let mut saved = read(&args.file)?;
    let reading = Reading { anchor_scope_regex: args.anchor_scope_regex, ..Reading::default() };
    let narrowed = Narrowed { reading, verify: args.verify.into(), ..Narrowed::default() };
    let mut job = Job::load(context, narrowed)?;
    let export = job.open_export(context)?;
    let known = Store::open_existing(&job.settings.state_dir, &job.settings.job)?;
    let last_cycle = plan::last_cycle(known.as_ref())?;
    drop(known);
    check(&saved, &job, &export, last_cycle.as_deref())
        .map_err(|diagnostic| diagnostic.in_file(args.file.display().to_string()))?;
    let clock = Clock::real();
    let recorder = args.record.record_job(&mut job, "apply", &clock, context)?;
    let planned = Arc::new(Planned::new(std::mem::take(&mut saved.objects)));
    let mut notifications = Notifications::new(&job, false, context)?;
    let (ended, state, report, exit) = block_on(async {
        let interrupt = Interrupt::listen()?;
        let mut random = Random::seeded(seed(clock.origin()));
        let connection = job.connect(context, &clock, true)?.ended_by(&interrupt);
        let mut store = job.open_store(&export)?;
        notifications.deliver_waiting(clock.now(), &interrupt).await;
        let lock = store.lock(&holder(clock.now()))?;
        job.bind(&mut store, &export)?;
        refuse(&job, &store, clock.now())?;
        // A cycle of another process may have ended since the first look.
        check(&saved, &job, &export, plan::last_cycle(Some(&store))?.as_deref())
            .map_err(|diagnostic| diagnostic.in_file(args.file.display().to_string()))?;
        let work = Work {
            job: &job,
            export: Arc::clone(&export),
            client: connection.client,
            clock: &clock,
            planned: Some(planned),
            whole: !saved.partial,
            concurrency: job.settings.target.concurrency,
            evaluated_at: saved.created.parse().ok(),
        };
        let mut view = Progress::new(context, &clock).after(Past::read(&store, &job.id(&export), false, context)?);
        let (store, ended) =
            one_cycle(&work, store, &interrupt, &mut random, &mut view, Some(&mut notifications)).await?;
        if let Some(notice) = ended.as_ref().ok().and_then(|ended| ended.notice.as_ref()) {
            context.printer.diagnostic(notice);
        }
        drop(lock);
        notifications.deliver().await;
        let state = store.job_state()?;
        let report = ended.as_ref().map_or_else(|_| view.cut_off(), |ended| Some(ended.report.clone()));
        Ok((ended, state, report, interrupt.exit()))
    })?;
    if context.printer.output() == Output::Json {
        let id = job.id(&export).to_string();
        context.printer.json(&report::run_json(&id, state.as_str(), report.as_slice()))?;
    }
    let ended = ended?;
    Ok(recorder.end(exit.unwrap_or(ended.exit)))
}

fn read(path: &Path) -> Result<PlanFile, Error> {
    let place = |diagnostic: Diagnostic| diagnostic.in_file(path.display().to_string());
    let text = std::fs::read_to_string(path).map_err(|error| {
        place(Diagnostic::error(format!("the plan can't be read: {error}")))
            .with_hint("save one with `scimulate plan --out FILE`")
    })?;
    Ok(PlanFile::parse(&text).map_err(|error| {
        place(Diagnostic::error(error.to_string())).with_hint("make the plan again with `scimulate plan --out FILE`")
    })?)
}

/// A plan holds only for what it was made from.
fn check(plan: &PlanFile, job: &Job, export: &Export, last_cycle: Option<&str>) -> Result<(), Box<Diagnostic>> {
    let moved = |what: &str| {
        let diagnostic = Diagnostic::error(format!("{what} since the plan was made at {}", made(plan)));
        Err(Box::new(diagnostic.with_hint("make the plan again with `scimulate plan --out FILE`")))
    };
    let digest = export.digest().map_err(|error| Box::new(error.diagnostic().clone()))?;
    if plan.job != job.id(export).as_str() || plan.target != job.settings.target.tenant.to_string() {
        let diagnostic = Diagnostic::error(format!("the plan is for the job {} at {}", plan.job, plan.target));
        return Err(Box::new(diagnostic.with_hint("use the config that it was made with")));
    }
    if plan.export != digest {
        return moved("the export changed");
    }
    if plan.rules != job.policy.digest(&job.rules) {
        return moved("the mapping or the settings changed");
    }
    if plan.last_cycle.as_deref() != last_cycle {
        return moved("a cycle ran");
    }
    Ok(())
}

/// When a plan was made, to the second.
fn made(plan: &PlanFile) -> String {
    plan.created.parse().map_or_else(|_| plan.created.clone(), |at: Timestamp| format!("{at:.0}"))
}

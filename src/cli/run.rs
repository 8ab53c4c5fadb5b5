//! `scimulate run`.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use super::args::{Output, duration, instant, positive_duration};
use super::context::Context;
use super::error::Error;
use super::exit::Exit;
use super::job::{Job, Narrowed, seed};
use super::lever::held;
use super::plan;
use super::progress::Progress;
use super::runtime::{Interrupt, block_on};
use crate::base::{Diagnostic, Random, Timestamp};
use crate::client::{self, Client};
use crate::clock::Clock;
use crate::engine::{Cycle, CycleOptions, EngineError, Mode, Planned};
use crate::event::{CycleKind, CycleReport};
use crate::plan::ActionKind;
use crate::plan::quarantine::QuarantineReason;
use crate::report;
use crate::source::Export;
use crate::store::{JobMemory, JobState, Store};

/// The longest interval of a job in quarantine.
const LONGEST_INTERVAL: Duration = Duration::from_hours(24);

/// Runs provisioning cycles: one, unless told otherwise
///
/// The first cycle of a job is initial and looks at every object; later ones are incremental and
/// send nothing for what did not change. Ctrl-C lets requests under way finish and stores the state;
/// a second one stops at once.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// This many cycles, back to back unless there is an interval
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) cycles: Option<u64>,
    /// From the start of one cycle to the next, such as 40m; until stopped, or until --cycles. Without
    /// a duration, the interval of the config file
    #[arg(long, value_name = "DURATION", num_args = 0..=1, value_parser = positive_duration)]
    #[expect(clippy::option_option, reason = "the flag may stand without a value")]
    pub(crate) interval: Option<Option<Duration>>,
    /// End after a cycle that wrote nothing
    #[arg(long)]
    pub(crate) until_idle: bool,
    /// Write nothing; the same as `scimulate plan`
    #[arg(long, conflicts_with_all = ["cycles", "interval", "until_idle"])]
    pub(crate) dry_run: bool,
    /// Go on although this many known objects are missing from the export
    #[arg(long, value_name = "N")]
    pub(crate) accept_missing: Option<u64>,
    /// Regular expressions of scoping filters must match the whole value
    #[arg(long)]
    pub(crate) anchor_scope_regex: bool,
    /// How long to wait for another run of this job, such as 5m
    #[arg(long, value_name = "DURATION", default_value = "0", value_parser = duration)]
    pub(crate) lock_timeout: Duration,
    /// Take this for the current time at the start, such as 2026-03-01T10:00:00Z
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    pub(crate) now: Option<Timestamp>,
}

/// Runs the command.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Error> {
    if args.dry_run {
        let dry = plan::Args {
            accept_missing: args.accept_missing,
            anchor_scope_regex: args.anchor_scope_regex,
            now: args.now,
            ..plan::Args::default()
        };
        return plan::run(&dry, context);
    }
    let narrowed =
        Narrowed { only: Vec::new(), accept_missing: args.accept_missing, anchor_scope_regex: args.anchor_scope_regex };
    let job = Job::load(context, narrowed)?;
    let clock = args.now.map_or_else(Clock::real, Clock::real_from);
    let schedule = Schedule {
        cycles: args.cycles.unwrap_or(if args.interval.is_some() || args.until_idle { u64::MAX } else { 1 }),
        interval: match args.interval {
            Some(given) => given.unwrap_or(job.settings.provisioning.interval),
            None => Duration::ZERO,
        },
        until_idle: args.until_idle,
        patience: args.lock_timeout,
    };
    let ran = block_on(cycles(&job, &clock, &schedule, context))?;
    if context.printer.output() == Output::Json {
        context.printer.json(&report::run_json(&ran.job, ran.state, &ran.cycles))?;
    }
    ran.error.map_or(Ok(ran.exit), Err)
}

/// When cycles run.
struct Schedule {
    cycles: u64,
    interval: Duration,
    until_idle: bool,
    patience: Duration,
}

/// What several cycles came to.
struct Ran {
    job: String,
    state: &'static str,
    cycles: Vec<CycleReport>,
    exit: Exit,
    /// What ended them before their time.
    error: Option<Error>,
}

async fn cycles(job: &Job, clock: &Clock, schedule: &Schedule, context: &Context) -> Result<Ran, Error> {
    let interrupt = Interrupt::listen()?;
    let mut random = Random::seeded(seed(clock.origin()));
    let mut opened = Some(first_export(job, context)?);
    let connection = job.connect(context, clock, true)?;
    let mut ran = Ran { job: String::new(), state: "active", cycles: Vec::new(), exit: Exit::Done, error: None };
    for number in 1..=schedule.cycles {
        let begun = clock.now();
        let export = match opened.take() {
            Some(export) => export,
            None => job.open_export(context)?,
        };
        ran.job = job.id(&export).to_string();
        let mut store = job.open_store(&export)?;
        let lock = tokio::select! {
            lock = job.lock(&store, clock, schedule.patience) => lock?,
            () = interrupt.token().cancelled_owned() => {
                ran.exit = interrupt.exit().unwrap_or(ran.exit);
                break;
            }
        };
        job.bind(&mut store, &export)?;
        refuse(&store, clock.now())?;
        let work = Work {
            job,
            export,
            client: connection.client.clone(),
            clock,
            planned: None,
            whole: true,
            // A plan with the same `--now` shows the same values.
            evaluated_at: (number == 1).then(|| clock.origin()),
        };
        let ended = one_cycle(&work, store, &interrupt, &mut random, context).await;
        drop(lock);
        let idle = match ended {
            Ok(CycleEnd { report, state, exit }) => {
                let wrote = report.summary.writes() + report.summary.references();
                let idle = wrote == 0 && failures(&report) == 0;
                ran.exit = exit;
                ran.state = state.as_str();
                ran.cycles.push(report);
                idle
            }
            // A target that was there at first may come back: in quarantine the service goes on trying too.
            Err(error) if number > 1 && !schedule.interval.is_zero() && error.exit() == Exit::Unreachable => {
                error.diagnostics().iter().for_each(|diagnostic| context.printer.diagnostic(diagnostic));
                ran.exit = Exit::JobHeld;
                ran.state = "quarantine";
                false
            }
            Err(error) => {
                if error.exit() == Exit::Unreachable {
                    ran.state = "quarantine";
                }
                ran.error = Some(error);
                break;
            }
        };
        if let Some(exit) = interrupt.exit() {
            ran.exit = exit;
            break;
        }
        if number == schedule.cycles || (schedule.until_idle && idle) {
            break;
        }
        let due = next_cycle(job, begun, schedule.interval, clock.now())?;
        wait(due, clock, &interrupt, context).await;
        if let Some(exit) = interrupt.exit() {
            ran.exit = exit;
            break;
        }
    }
    Ok(ran)
}

/// Opens the export before anything is made. Where there is no state yet it is read through as well:
/// the cycle finds what is wrong with it before it writes, but not before the state is there.
fn first_export(job: &Job, context: &Context) -> Result<Arc<Export>, Error> {
    let export = job.open_export(context)?;
    if Store::open_existing(&job.settings.state_dir, &job.settings.job)?.is_none() {
        export.each_user(&job.rules.attributes, &mut |_| ControlFlow::Continue(()))?;
    }
    Ok(export)
}

/// Waits until the next cycle is due, or until a signal.
async fn wait(due: Timestamp, clock: &Clock, interrupt: &Interrupt, context: &Context) {
    if due > clock.now() {
        context.printer.talk(format_args!("The next cycle begins at {due:.0}."));
    }
    tokio::select! {
        () = clock.sleep_until(due) => {}
        () = interrupt.token().cancelled_owned() => {}
    }
}

/// A paused or disabled job runs no cycle, one in quarantine none before its time.
pub(crate) fn refuse(store: &Store, now: Timestamp) -> Result<(), Error> {
    match store.job_state()? {
        state @ (JobState::Paused | JobState::Disabled) => {
            let text = format!("the job is {}: no cycle runs", state.as_str());
            Err(held(text, "`scimulate start` makes it active again"))
        }
        JobState::Quarantine { reason, message, since, next_attempt, .. } if !is_due(next_attempt, now) => {
            let text = format!(
                "the job is in quarantine since {since:.0}: {reason}: {message}; nothing is sent before the next attempt, \
                 which is due at {next_attempt:.0}"
            );
            Err(held(text, "mend the cause, then lift the quarantine with `scimulate start`"))
        }
        JobState::NotRun | JobState::Active | JobState::Quarantine { .. } => Ok(()),
    }
}

/// Whether the next attempt of a quarantined job may be made. One that is further away than the longest interval was
/// set by a clock that has jumped back since.
fn is_due(next_attempt: Timestamp, now: Timestamp) -> bool {
    let latest = now.checked_add(LONGEST_INTERVAL).unwrap_or(Timestamp::MAX);
    next_attempt <= now || next_attempt > latest
}

/// When the next cycle begins: an interval after the last one, in quarantine not before its time. Without an interval
/// it begins at once, or is refused.
fn next_cycle(job: &Job, begun: Timestamp, interval: Duration, now: Timestamp) -> Result<Timestamp, Error> {
    let regular = begun.checked_add(interval).unwrap_or(Timestamp::MAX);
    let store = Store::open_existing(&job.settings.state_dir, &job.settings.job)?;
    Ok(match store.map(|store| store.job_state()).transpose()? {
        Some(JobState::Quarantine { next_attempt, .. }) if !interval.is_zero() && !is_due(next_attempt, now) => {
            regular.max(next_attempt)
        }
        _ => regular,
    })
}

/// What one cycle works on.
pub(crate) struct Work<'a> {
    pub(crate) job: &'a Job,
    pub(crate) export: Arc<Export>,
    pub(crate) client: Client,
    pub(crate) clock: &'a Clock,
    pub(crate) planned: Option<Arc<Planned>>,
    pub(crate) whole: bool,
    /// What `Now()` and random functions go by; none for the cycle's beginning.
    pub(crate) evaluated_at: Option<Timestamp>,
}

/// A cycle that ended.
pub(crate) struct CycleEnd {
    pub(crate) report: CycleReport,
    /// What the job is now.
    pub(crate) state: JobState,
    /// With what a command ends that ran this cycle last.
    pub(crate) exit: Exit,
}

impl CycleEnd {
    /// Says what the cycle made of the job, where that is no good news.
    fn of(report: CycleReport, job: JobMemory, context: &Context) -> Self {
        let is_held = match &job.state {
            JobState::Quarantine { .. } | JobState::Disabled => true,
            // Otherwise somebody has paused it meanwhile.
            JobState::Paused => job.escrows_pruned && report.kind == CycleKind::Initial,
            JobState::NotRun | JobState::Active => false,
        };
        let (text, hint) = match &job.state {
            JobState::Quarantine { reason, message, next_attempt, .. } => {
                let lever = if reason == QuarantineReason::TooManyDeletes.code() {
                    "`scimulate allow-deletes` lets them through; otherwise mend the source and restart"
                } else {
                    "`scimulate status` says more"
                };
                let hint = format!("the next attempt is due at {next_attempt:.0}; {lever}");
                (format!("the job is in quarantine: {reason}: {message}"), hint)
            }
            state => {
                let text = format!("the job is {} now: no further cycle runs", state.as_str());
                (text, "mend the cause; `scimulate start` makes it active again".to_owned())
            }
        };
        if is_held {
            context.printer.diagnostic(&Diagnostic::warning(text).with_hint(hint));
        }
        let exit = match failures(&report) {
            _ if is_held => Exit::JobHeld,
            0 => Exit::Done,
            _ => Exit::ObjectsFailed,
        };
        Self { report, state: job.state, exit }
    }
}

/// Objects that failed, and references.
fn failures(report: &CycleReport) -> u64 {
    report.summary.count(ActionKind::Fail) + report.summary.reference_failures()
}

/// Runs one cycle and shows it.
pub(crate) async fn one_cycle(
    work: &Work<'_>,
    store: Store,
    interrupt: &Interrupt,
    random: &mut Random,
    context: &Context,
) -> Result<CycleEnd, Error> {
    let cycle = Cycle {
        policy: Arc::clone(&work.job.policy),
        rules: Arc::clone(&work.job.rules),
        export: Arc::clone(&work.export),
        client: work.client.clone(),
        clock: work.clock.clone(),
    };
    let options = CycleOptions {
        mode: Mode::Run,
        concurrency: work.job.settings.target.concurrency,
        planned: work.planned.clone(),
        whole: work.whole,
        evaluated_at: work.evaluated_at,
        cancel: interrupt.token(),
    };
    let mut view = Progress::new(context, work.clock);
    let (store, result) = cycle.run(Some(store), &options, random, &mut view).await;
    view.finish()?;
    let report = match result {
        Ok(report) => report,
        Err(error) => return Err(explain(error)),
    };
    let mut job = JobMemory::default();
    if let Some(mut store) = store {
        if let Some(keep) = work.job.settings.log_keep {
            store.prune_log(work.clock.now().checked_sub(keep).unwrap_or(Timestamp::MIN))?;
        }
        job = store.job()?;
    }
    if report.completed {
        context.printer.detail(format_args!("the watermark moved to {}", work.clock.now()));
    }
    Ok(CycleEnd::of(report, job, context))
}

/// Adds what to do about a failing test query.
pub(crate) fn explain(error: EngineError) -> Error {
    match &error {
        EngineError::Quarantine { failure, .. } => {
            let verdict = client::judge(Err(failure), &[]);
            let hint = format!("{} {} `scimulate test-connection` says more.", verdict.explanation(), verdict.remedy());
            Error::new(Exit::Unreachable, error).with_hint(hint)
        }
        _ => error.into(),
    }
}

//! `scimulate run`.

mod cycles;
mod ending;
mod monitor;
mod notifications;
mod waiting;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::args::{Output, address, duration, instant, instant_or_date, positive_duration};
use super::context::Context;
use super::error::Error;
use super::exit::Exit;
use super::job::{Job, Narrowed, Reading};
use super::lever::held;
use super::plan;
use super::progress::Progress;
use super::recording::RecordArgs;
use super::reports::ReportTo;
use super::runtime::{Interrupt, block_on};
use crate::base::{Diagnostic, Random, Timestamp};
use crate::client::{self, Client, Failure};
use crate::clock::Clock;
use crate::config::Tenant;
use crate::engine::{CycleOptions, EngineError, Mode, Planned};
use crate::plan::quarantine::is_due;
use crate::report;
use crate::schema::ObjectKind;
use crate::source::Export;
use crate::store::{JobState, Store};
use cycles::Schedule;
pub(crate) use ending::CycleEnd;
pub(crate) use monitor::Monitor;
pub(crate) use notifications::Notifications;

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
    /// Run no cycle that would begin later than this, such as 2026-12-24, which stands for its beginning (UTC)
    #[arg(long, value_name = "INSTANT", value_parser = instant_or_date)]
    pub(crate) until: Option<Timestamp>,
    /// Let virtual time pass instead of waiting: a month of cycles in a second, over the export and the faults of
    /// [source] timeline. Only with the built-in endpoint, and with --until or --cycles
    #[arg(long)]
    pub(crate) simulate_clock: bool,
    /// End after a cycle that wrote nothing
    #[arg(long)]
    pub(crate) until_idle: bool,
    /// Write nothing; the same as `scimulate plan`
    #[arg(long, conflicts_with_all = ["cycles", "interval", "until_idle", "until", "simulate_clock", "metrics"])]
    pub(crate) dry_run: bool,
    /// Write the plan of a dry run to a file, as with `scimulate plan`: html, markdown or json
    #[arg(long, value_name = "FORM=FILE", value_parser = super::reports::parser(&plan::REPORTS), requires = "dry_run")]
    pub(crate) report: Vec<ReportTo>,
    #[command(flatten)]
    pub(crate) reading: Reading,
    /// Read each account and group back after it was written and say where it isn't as it was sent. What is found
    /// fails no object and changes no exit code. Costs one GET for each write, of a group with all its members
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) verify: bool,
    /// How long to wait for another run of this job, such as 5m
    #[arg(long, value_name = "DURATION", default_value = "0", value_parser = duration)]
    pub(crate) lock_timeout: Duration,
    /// Take this for the current time at the start, such as 2026-03-01T10:00:00Z
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    pub(crate) now: Option<Timestamp>,
    /// Tell Prometheus how the run gets on, at /metrics of this address, and whoever watches over it at /healthz;
    /// port 0 picks a free one. Needs --interval or --until
    #[arg(long, value_name = "ADDRESS", value_parser = address, conflicts_with = "simulate_clock")]
    pub(crate) metrics: Option<SocketAddr>,
    /// How long entries of the provisioning log are kept, such as 30d, or unlimited [default: `[log] keep`, or 30d]
    #[arg(long, value_name = "DURATION", value_parser = keep, conflicts_with = "dry_run")]
    pub(crate) keep_logs: Option<Keep>,
    #[command(flatten)]
    pub(crate) record: RecordArgs,
}

/// How long entries of the log are kept; `None` keeps them for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Keep(Option<Duration>);

fn keep(text: &str) -> Result<Keep, String> {
    if text == "unlimited" {
        return Ok(Keep(None));
    }
    positive_duration(text).map(|duration| Keep(Some(duration))).map_err(|error| format!("{error}, or unlimited"))
}

/// Runs the command.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Error> {
    if args.dry_run {
        let dry = plan::Args {
            reading: args.reading,
            now: args.now,
            record: args.record.clone(),
            report: args.report.clone(),
            ..plan::Args::default()
        };
        return plan::run(&dry, context);
    }
    let narrowed = Narrowed { only: Vec::new(), reading: args.reading, verify: args.verify.into() };
    let mut job = Job::load(context, narrowed)?;
    if let Some(Keep(keep)) = args.keep_logs {
        job.settings.log.keep = keep;
    }
    let clock =
        if args.simulate_clock { simulated(args, &job)? } else { args.now.map_or_else(Clock::real, Clock::real_from) };
    if let Some(until) = args.until.filter(|until| *until < clock.now()) {
        let error = Diagnostic::error(format!("--until {until:.0} is over, so no cycle would run"));
        return Err(error.with_hint("name an instant to come; a date stands for its beginning (UTC)").into());
    }
    let repeats = args.interval.is_some() || args.until_idle || args.until.is_some() || args.simulate_clock;
    let schedule = Schedule {
        cycles: args.cycles.unwrap_or(if repeats { u64::MAX } else { 1 }),
        interval: match args.interval {
            Some(given) => given.unwrap_or(job.settings.provisioning.interval),
            None if args.until.is_some() || args.simulate_clock => job.settings.provisioning.interval,
            None => Duration::ZERO,
        },
        until: args.until,
        until_idle: args.until_idle,
        simulated: args.simulate_clock,
        patience: args.lock_timeout,
    };
    if args.metrics.is_some() && schedule.interval.is_zero() {
        let error = Diagnostic::error("--metrics needs a run that goes on: there would be nobody to ask after a cycle");
        return Err(error.with_hint("add --interval").into());
    }
    let recorder = args.record.record_job(&mut job, "run", &clock, context)?;
    let monitor = args.metrics.map(|address| (Monitor::watch(&mut job), address));
    let ran = block_on(cycles::run(&job, &clock, &schedule, monitor, context))?;
    let exit = recorder.end(ran.exit);
    if context.printer.output() == Output::Json {
        context.printer.json(&report::run_json(&ran.job, ran.state.as_str(), &ran.cycles))?;
    }
    ran.error.map_or(Ok(exit), Err)
}

/// The virtual clock, where one makes sense.
fn simulated(args: &Args, job: &Job) -> Result<Clock, Error> {
    let refused = |text: &str, hint: &str| Err(Diagnostic::error(text).with_hint(hint).into());
    if let Tenant::Remote(_) = job.settings.target.tenant {
        return refused(
            "virtual time can't pass for an endpoint outside of this program",
            "leave tenant_url out of [target], so that the built-in endpoint is the target, or run without \
             --simulate-clock",
        );
    }
    if args.until.is_none() && args.cycles.is_none() {
        return refused("virtual time would never end", "add --until INSTANT or --cycles N");
    }
    Ok(Clock::starting_at(args.now.unwrap_or_else(|| Clock::real().now())))
}

/// A paused or disabled job runs no cycle, one in quarantine none before its time.
pub(crate) fn refuse(job: &Job, store: &Store, now: Timestamp) -> Result<(), Error> {
    match store.job_state()? {
        state @ (JobState::Paused | JobState::Disabled) => {
            let text = format!("the job is {}: no cycle runs", state.as_str());
            Err(held(text, "`scimulate start` makes it active again"))
        }
        JobState::Quarantine { reason, message, since, next_attempt, .. }
            if !is_due(next_attempt, job.policy.quarantine.longest, now) =>
        {
            let text = format!(
                "the job is in quarantine since {since:.0}: {reason}: {message}; nothing is sent before the next attempt, \
                 which is due at {next_attempt:.0}"
            );
            Err(held(text, ending::way_out(&reason)))
        }
        JobState::NotRun | JobState::Active | JobState::Quarantine { .. } => Ok(()),
    }
}

/// What one cycle works on.
pub(crate) struct Work<'a> {
    pub(crate) job: &'a Job,
    pub(crate) export: Arc<Export>,
    pub(crate) client: Client,
    pub(crate) clock: &'a Clock,
    pub(crate) planned: Option<Arc<Planned>>,
    pub(crate) whole: bool,
    /// Objects under way at once.
    pub(crate) concurrency: usize,
    /// What `Now()` and random functions go by; none for the cycle's beginning.
    pub(crate) evaluated_at: Option<Timestamp>,
}

/// Runs one cycle and shows it; what somebody is to be told of it is in the outbox as soon as the cycle's end is stored.
/// Gives the store back with how the cycle ended. An error of its own says that the store
/// is lost.
pub(crate) async fn one_cycle(
    work: &Work<'_>,
    store: Store,
    interrupt: &Interrupt,
    random: &mut Random,
    view: &mut Progress<'_>,
    notifications: Option<&mut Notifications<'_>>,
) -> Result<(Store, Result<CycleEnd, Error>), Error> {
    let cycle = work.job.cycle(Arc::clone(&work.export), work.client.clone(), work.clock);
    let options = CycleOptions {
        mode: Mode::Run,
        concurrency: work.concurrency,
        planned: work.planned.clone(),
        whole: work.whole,
        evaluated_at: work.evaluated_at,
        cancel: interrupt.token(),
    };
    let (store, result) = cycle.run(Some(store), &options, random, view).await;
    let shown = view.finish();
    let ended = shown.and_then(|()| result.map_err(|error| ended(error, interrupt)));
    let Some(mut store) = store else {
        return Err(ended.expect_err("a cycle that doesn't give its store back has failed"));
    };
    if let Some(notifications) = notifications {
        let (job_id, state) = (work.job.id(&work.export), store.job_state().ok());
        notifications.post(view, &job_id, state, work.clock.now()).await;
    }
    let ended = ended.and_then(|report| {
        if let Some(keep) = work.job.settings.log.keep {
            store.prune_log(work.clock.now().checked_sub(keep).unwrap_or(Timestamp::MIN))?;
        }
        Ok(CycleEnd::of(report, &store.job()?))
    });
    Ok((store, ended))
}

/// The error that ended a cycle: a signal, or what [`explain`] says of it.
pub(crate) fn ended(error: EngineError, interrupt: &Interrupt) -> Error {
    match interrupt.exit() {
        Some(exit) if matches!(error, EngineError::Interrupted) => Error::new(exit, error),
        _ => explain(error),
    }
}

/// Adds what to do about a failing test query.
fn explain(error: EngineError) -> Error {
    match &error {
        EngineError::Quarantine { kind: ObjectKind::Group, failure, .. } if !matches!(**failure, Failure::Token(_)) => {
            let hint = "The test query on /Users was answered as it should be, the one on /Groups wasn't. Have the endpoint \
                        answer it with 200, a ListResponse and `totalResults` 0, and the token's account read groups; or \
                        leave groups out with `groups = false` in [provisioning].";
            Error::new(Exit::Unreachable, error).with_hint(hint)
        }
        EngineError::Quarantine { failure, .. } => {
            let hint = remedy(failure);
            Error::new(Exit::Unreachable, error).with_hint(hint)
        }
        _ => error.into(),
    }
}

/// What to do about a target that fails the test query.
pub(crate) fn remedy(failure: &Failure) -> String {
    let verdict = client::judge(Err(failure), &[]);
    format!("{} {} `scimulate test-connection` says more.", verdict.explanation(), verdict.remedy())
}

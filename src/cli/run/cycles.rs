//! Cycle after cycle, in real or in virtual time.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::waiting::{Waiting, next_cycle};
use super::{Monitor, Notifications, Work, ending, one_cycle, refuse};
use crate::base::{Random, Timestamp};
use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::job::{Connection, Job, seed};
use crate::cli::lever::held;
use crate::cli::progress::{Past, Progress};
use crate::cli::runtime::Interrupt;
use crate::cli::scenario;
use crate::clock::Clock;
use crate::event::CycleReport;
use crate::plan::{ActionKind, FailedPart};
use crate::report;
use crate::source::{Export, SourcePaths};
use crate::store::{JobState, Store};

/// When cycles run.
pub(super) struct Schedule {
    /// At most this many.
    pub(super) cycles: u64,
    /// From the beginning of one to that of the next.
    pub(super) interval: Duration,
    /// None begins later than this.
    pub(super) until: Option<Timestamp>,
    /// A cycle that wrote nothing is the last one.
    pub(super) until_idle: bool,
    /// Time is virtual.
    pub(super) simulated: bool,
    /// How long to wait for the job's lock.
    pub(super) patience: Duration,
}

/// What several cycles came to.
pub(super) struct Ran {
    pub(super) job: String,
    /// How the job stands after the last of them.
    pub(super) state: JobState,
    pub(super) cycles: Vec<CycleReport>,
    pub(super) exit: Exit,
    /// What ended them before their time.
    pub(super) error: Option<Error>,
}

/// Runs cycles until the schedule, a signal, or the job's state ends them.
pub(super) async fn run(
    job: &Job,
    clock: &Clock,
    schedule: &Schedule,
    monitor: Option<(Monitor, SocketAddr)>,
    context: &Context,
) -> Result<Ran, Error> {
    let interrupt = Interrupt::listen()?;
    let mut random = Random::seeded(seed(clock.origin()));
    let mut directory = Directory { job, context, opened: None, told: BTreeSet::new(), faults: None };
    let mut notifications = Notifications::new(job, schedule.simulated, context)?;
    let first = directory.first_export(clock.now())?;
    let monitor = match monitor {
        None => None,
        Some((monitor, address)) => {
            monitor.listen(address, context).await?;
            monitor.job_id(&job.id(&first));
            Some(monitor)
        }
    };
    let connection = job.connect(context, clock, true)?.ended_by(&interrupt);
    let mut store = job.open_store(&first)?;
    let mut ran = Ran {
        job: job.id(&first).to_string(),
        state: store.job_state()?,
        cycles: Vec::new(),
        exit: Exit::Done,
        error: None,
    };
    let waiting = Waiting { job, clock, schedule, interrupt: &interrupt, monitor: monitor.as_ref(), context };
    let read = |store: &Store| monitor.iter().for_each(|monitor| monitor.read(store, clock.now()));
    read(&store);
    let waited = match waiting.first(&store, &mut notifications).await? {
        ControlFlow::Continue(waited) => waited,
        ControlFlow::Break(exit) => {
            ran.exit = exit;
            return Ok(ran);
        }
    };
    // Cycles that began.
    let mut number = 0;
    let mut has_failed = false;
    let mut told = None;
    loop {
        // Also of a job that runs no cycle any more.
        notifications.deliver_waiting(clock.now(), &interrupt).await;
        let was_quarantined = matches!(ran.state, JobState::Quarantine { .. });
        let begun = clock.now();
        let next = async {
            let position = store.cycle_count()? + 1;
            let export = directory.export(position, begun)?;
            directory.faults(&connection, position, begun)?;
            let lock = tokio::select! {
                lock = job.lock(&store, clock, schedule.patience) => lock?,
                () = interrupt.token().cancelled_owned() => return Ok(None),
            };
            job.bind(&mut store, &export)?;
            refuse(job, &store, clock.now())?;
            let past = Past::read(&store, &job.id(&export), schedule.simulated, context)?;
            Ok::<_, Error>(Some((export, lock, past)))
        };
        let (export, lock, past) = match next.await {
            Ok(Some(next)) => next,
            Ok(None) => {
                ran.exit = interrupt.exit().unwrap_or(ran.exit);
                break;
            }
            // Said before anything ran, it is the command's error; later, what ran is still to be told.
            Err(error) if number == 0 => return Err(error),
            Err(error) => {
                // Somebody may have paused the job while the run waited.
                if let Ok(state) = store.job_state() {
                    ran.state = state;
                }
                ran.error = Some(error);
                break;
            }
        };
        number += 1;
        ran.job = job.id(&export).to_string();
        let work = Work {
            job,
            export,
            client: connection.client.clone(),
            clock,
            planned: None,
            whole: true,
            concurrency: if schedule.simulated { 1 } else { job.settings.target.concurrency },
            // A plan with the same `--now` shows the same values.
            evaluated_at: (number == 1 && !waited).then(|| clock.origin()),
        };
        let mut view = Progress::new(context, clock).after(past).watched_by(monitor.clone());
        if schedule.simulated {
            view = view.in_virtual_time();
        }
        let ended = one_cycle(&work, store, &interrupt, &mut random, &mut view, Some(&mut notifications)).await;
        drop(lock);
        let (kept, ended) = match ended {
            Ok(kept) => kept,
            Err(error) => {
                ran.error = Some(error);
                break;
            }
        };
        store = kept;
        read(&store);
        let state = store.job_state();
        if let Ok(state) = &state {
            ran.state = state.clone();
        }
        notifications.deliver().await;
        ran.cycles.extend(view.cut_off().filter(|_| ended.is_err()));
        let goes_on = !schedule.interval.is_zero() && (number > 1 || schedule.simulated);
        let mut idle = false;
        match ended {
            Ok(ended) => {
                idle = ended.is_idle();
                has_failed |= ended.report.summary.failures() > 0;
                ran.exit = match ended.exit {
                    // Who failed in a cycle before and waits for the next try isn't done.
                    Exit::Done if has_failed && waits(&store)? => Exit::ObjectsFailed,
                    exit => exit,
                };
                if let Some(notice) = &ended.notice {
                    view.notice(notice);
                }
                ran.cycles.push(ended.report);
            }
            // A target that was there at first may come back: in quarantine the service goes on trying too.
            Err(error) if goes_on && error.exit() == Exit::Unreachable => {
                tell_failure(&error, &ran.state, &mut told, &mut view);
                ran.exit = Exit::JobHeld;
            }
            Err(error) => {
                ran.error = Some(error);
                break;
            }
        }
        if let Some(exit) = interrupt.exit() {
            ran.exit = exit;
            break;
        }
        let state = state?;
        if was_quarantined && state == JobState::Active {
            view.talk("The job left quarantine.");
        }
        let regular = begun.checked_add(schedule.interval).unwrap_or(Timestamp::MAX);
        let due = next_cycle(job, schedule, &state, regular, clock.now());
        let is_last = number == schedule.cycles
            || (schedule.until_idle && idle)
            || schedule.until.is_some_and(|until| due > until);
        if let (JobState::Paused | JobState::Disabled, false) = (&state, is_last) {
            if ran.exit != Exit::JobHeld {
                ran.error = Some(held(ending::notice(&state).message, "`scimulate start` makes it active again"));
            }
            break;
        }
        if is_last {
            break;
        }
        waiting.until_due(&store, &state, regular, due, &mut notifications).await;
        if let Some(exit) = interrupt.exit() {
            ran.exit = exit;
            break;
        }
    }
    if schedule.simulated {
        simulated_summary(&ran, number, clock, context)?;
    }
    Ok(ran)
}

/// Whether anything waits in escrow.
fn waits(store: &Store) -> Result<bool, Error> {
    Ok(store.failing(FailedPart::Export)? + store.failing(FailedPart::Reference)? > 0)
}

/// Says why an attempt failed whose like is repeated, and what the job is by it. What the attempt before met as well,
/// as `told` keeps it, isn't told in full again.
fn tell_failure(error: &Error, state: &JobState, told: &mut Option<String>, view: &mut Progress<'_>) {
    let text = error.diagnostics().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    let again = told.as_ref() == Some(&text);
    if !again {
        view.tell(error);
    }
    match state {
        JobState::Quarantine { attempts, next_attempt, .. } => {
            let how = if again { "failed as before" } else { "failed, the job is in quarantine" };
            view.talk(&format!("Attempt {attempts} {how}; the next one is due at {next_attempt:.0}."));
        }
        JobState::Paused | JobState::Disabled => view.notice(&ending::notice(state)),
        JobState::NotRun | JobState::Active => {}
    }
    *told = Some(text);
}

/// What all the cycles of virtual time came to.
fn simulated_summary(ran: &Ran, cycles: u64, clock: &Clock, context: &Context) -> Result<(), Error> {
    if !context.printer.is_human() {
        return Ok(());
    }
    let sum = |action| ran.cycles.iter().map(|report| report.summary.count(action)).sum::<u64>();
    context.printer.sentences(&format!(
        "\n{} in virtual time until {:.0}: {} created, {} updated, {} disabled, {} deleted, {} failed. The job is {}.",
        report::count(cycles, "cycle"),
        clock.now(),
        sum(ActionKind::Create),
        sum(ActionKind::Update),
        sum(ActionKind::Disable),
        sum(ActionKind::Delete),
        sum(ActionKind::Fail),
        ran.state.described(),
    ))?;
    Ok(())
}

/// The export, and how the built-in endpoint misbehaves, as they are at each cycle.
struct Directory<'a> {
    job: &'a Job,
    context: &'a Context,
    opened: Option<(SourcePaths, Arc<Export>)>,
    /// What exports lack, said once however many of them there are.
    told: BTreeSet<String>,
    /// Where the faults in force come from.
    faults: Option<PathBuf>,
}

impl Directory<'_> {
    /// The export of the first cycle, before anything is made. Where there is no state yet it is read through as
    /// well: the cycle finds what is wrong with it before it writes, but not before the state is there.
    fn first_export(&mut self, now: Timestamp) -> Result<Arc<Export>, Error> {
        let settings = &self.job.settings;
        let known = Store::open_existing(&settings.state_dir, &settings.job)?;
        let begun = known.as_ref().map_or(Ok(0), Store::cycle_count)?;
        let export = self.export(begun + 1, now)?;
        if known.is_none() {
            export.each_user(&self.job.rules.attributes, &mut |_| ControlFlow::Continue(()))?;
        }
        Ok(export)
    }

    /// The export at a cycle; the one before, where its files are the same.
    fn export(&mut self, cycle: u64, now: Timestamp) -> Result<Arc<Export>, Error> {
        let paths = self.job.paths_at(cycle, now);
        if let Some((opened, export)) = &self.opened
            && *opened == paths
            && export.is_current()
        {
            return Ok(Arc::clone(export));
        }
        let export = Arc::new(Export::open(&paths)?);
        for warning in self.job.lacks(&export)? {
            if self.told.insert(warning.to_string()) {
                self.context.printer.diagnostic(&warning);
            }
        }
        self.opened = Some((paths, Arc::clone(&export)));
        Ok(export)
    }

    /// Lets the built-in endpoint misbehave as the timeline says.
    fn faults(&mut self, connection: &Connection, cycle: u64, now: Timestamp) -> Result<(), Error> {
        let file = self.job.faults_at(cycle, now);
        if file != self.faults {
            scenario::misbehave(connection.endpoint.as_ref(), file.as_deref())?;
            self.faults = file;
        }
        Ok(())
    }
}

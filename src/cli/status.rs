//! `scimulate status`.

mod document;

use std::time::Duration;

use super::context::Context;
use super::error::Error;
use super::exit::Exit;
use super::job::signed;
use super::table::{Align, seen_width, table, wrap};
use crate::base::{SignedDuration, Timestamp, grouped};
use crate::clock::Clock;
use crate::config::{Mapping, Settings};
use crate::plan::quarantine::is_due;
use crate::plan::{ActionKind, Reason};
use crate::report::{count, counted, dim, heading};
use crate::store::{Binding, CycleEnd, CycleRow, Holder, JobMemory, JobState, StagedObject, Store, Totals};

/// Shows the state of the job: its cycles, links, failures that wait, and the lock
///
/// Also whether deletions are held back, why the job is in quarantine and when it is tried again, and
/// how far a cycle is that runs in another process. `--output json` has the shape of Graph's
/// synchronizationJob. Ends with 5 for a job that is in quarantine, paused or disabled.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Cycles that are listed.
const CYCLES: usize = 10;
/// Columns of a terminal.
const WIDTH: usize = 80;

/// How many error codes of the provisioning log begin.
const LONG_PREFIX: &str = "SystemForCrossDomainIdentityManagement";

/// Everything that is shown.
pub(crate) struct Snapshot {
    pub(crate) name: String,
    template: String,
    interval: Duration,
    /// The longest distance of two attempts in quarantine.
    longest: SignedDuration,
    pub(crate) now: Timestamp,
    pub(crate) binding: Option<Binding>,
    pub(crate) job: JobMemory,
    pub(crate) totals: Totals,
    pub(crate) watermark: Option<Timestamp>,
    pub(crate) holder: Option<Holder>,
    /// All of them, latest first.
    pub(crate) cycles: Vec<CycleRow>,
    /// Groups that the cycle under way is done with.
    groups_done: u64,
    pub(crate) staged: Vec<StagedObject>,
}

/// Runs the command.
pub(crate) fn run(_args: &Args, context: &Context) -> Result<Exit, Error> {
    let settings = context.settings()?;
    let store = Store::open_existing(&settings.state_dir, &settings.job)?;
    let snapshot = snapshot(&settings, store.as_ref())?;
    if !context.printer.is_human() {
        context.printer.json(&document::document(&snapshot))?;
    } else if store.is_none() {
        context.printer.line(format_args!("The job \"{}\" has not run yet.", settings.job))?;
    } else {
        print(&snapshot, context)?;
    }
    Ok(match snapshot.job.state {
        JobState::Quarantine { .. } | JobState::Paused | JobState::Disabled => Exit::JobHeld,
        JobState::NotRun | JobState::Active => Exit::Done,
    })
}

/// Reads all of it; without a state the job has not run yet.
pub(crate) fn snapshot(settings: &Settings, store: Option<&Store>) -> Result<Snapshot, Error> {
    let template = match &settings.provisioning.mapping {
        Mapping::Template(name) => name.clone(),
        Mapping::File(path) => path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
    };
    let empty = Snapshot {
        name: settings.job.clone(),
        template,
        interval: settings.provisioning.interval,
        longest: signed(settings.quarantine.longest_interval),
        now: Clock::real().now(),
        binding: None,
        job: JobMemory::default(),
        totals: Totals::default(),
        watermark: None,
        holder: None,
        cycles: Vec::new(),
        groups_done: 0,
        staged: Vec::new(),
    };
    let Some(store) = store else { return Ok(empty) };
    let mut snapshot = Snapshot {
        binding: store.binding()?,
        job: store.job()?,
        totals: store.totals()?,
        watermark: store.watermark()?.map(|watermark| watermark.ended),
        holder: store.lock_holder(),
        cycles: store.cycles(usize::MAX)?,
        staged: store.staged()?,
        ..empty
    };
    if let Some(cycle) = snapshot.running() {
        snapshot.groups_done = store.groups_done(&cycle.start.id)?;
    }
    Ok(snapshot)
}

impl Snapshot {
    /// When the next cycle is due; `None` while none is to come, and while one is under way.
    pub(crate) fn next_cycle(&self) -> Option<Timestamp> {
        match &self.job.state {
            _ if self.holder.is_some() => None,
            JobState::Paused | JobState::Disabled => None,
            JobState::Quarantine { next_attempt, .. } => Some(self.due(*next_attempt)),
            JobState::NotRun | JobState::Active => {
                self.cycles.first().and_then(|last| last.start.started.checked_add(self.interval).ok())
            }
        }
    }

    /// When an attempt in quarantine is due: now, if only a clock that has jumped back puts it off.
    pub(crate) fn due(&self, next_attempt: Timestamp) -> Timestamp {
        if is_due(next_attempt, self.longest, self.now) { next_attempt.min(self.now) } else { next_attempt }
    }

    /// What the last cycle of a disabled job met.
    pub(crate) fn why_disabled(&self) -> Option<String> {
        let end = self.cycles.first().filter(|_| self.job.state == JobState::Disabled)?.end.as_ref()?;
        let given_up = end.skipped.get(Reason::EscrowPruned.code());
        match (&end.quarantine, given_up) {
            (Some(error), _) => Some(format!("in quarantine for too long: {}: {}", error.code, error.message)),
            (None, Some(objects)) => Some(format!("{} failed for too long and given up", count(*objects, "object"))),
            (None, None) => None,
        }
    }

    /// The latest cycle that ended.
    fn last_ended(&self) -> Option<(&CycleRow, &CycleEnd)> {
        self.cycles.iter().find_map(|cycle| Some((cycle, cycle.end.as_ref()?)))
    }

    /// The cycle that is under way: the latest one, while somebody holds the lock.
    pub(crate) fn running(&self) -> Option<&CycleRow> {
        self.cycles.first().filter(|cycle| cycle.end.is_none() && self.holder.is_some())
    }
}

fn print(snapshot: &Snapshot, context: &Context) -> Result<(), Error> {
    let Snapshot { name, job, totals, .. } = snapshot;
    let printer = &context.printer;
    printer.line(format_args!("{} {name}: {}", heading("Job"), job.state.as_str()))?;
    if let JobState::Quarantine { reason, message, since, attempts, next_attempt } = &job.state {
        for line in wrap(&format!("{reason} since {since:.0}: {message}"), WIDTH - 2) {
            printer.line(format_args!("  {line}"))?;
        }
        let attempts = count(u64::from(*attempts), "attempt");
        printer.line(format_args!("  {attempts} so far, the next is due at {:.0}", snapshot.due(*next_attempt)))?;
    }
    for line in snapshot.why_disabled().iter().flat_map(|why| wrap(why, WIDTH - 2)) {
        printer.line(format_args!("  {line}"))?;
    }
    if let Some(binding) = &snapshot.binding {
        let tenant = binding.tenant.as_deref().unwrap_or("not known");
        let target = &binding.target;
        let mut place = format!("target {target}, tenant {tenant}");
        if seen_width(&place) > WIDTH - 2 {
            place = format!("target {target}\n  tenant {tenant}");
        }
        printer.line(dim(format_args!("  {}\n  {place}", binding.job_id)))?;
    }
    let groups = match totals.linked_groups {
        0 => String::new(),
        groups => format!(" ({})", count(groups, "group")),
    };
    let oldest = totals.failing_since.map_or_else(String::new, |since| format!(" since {since:.0}"));
    let counts = format!("{}{groups} linked, {} waiting after a failure{oldest}", totals.linked, totals.failing);
    for line in wrap(&counts, WIDTH - 2) {
        printer.line(format_args!("  {line}"))?;
    }
    if job.escrows_pruned {
        printer.line("  so many failed in the initial cycle that their failures were cleared")?;
    }
    print_staged(&snapshot.staged, snapshot.now, context)?;
    match snapshot.watermark {
        Some(ended) => printer.line(format_args!("  watermark {ended:.0}: the next cycle is incremental"))?,
        None => printer.line("  no watermark: the next cycle is initial")?,
    }
    if let (Some(first), Some(last)) = (job.steady_first, job.steady_last) {
        printer.line(format_args!("  steady state reached {first:.0}, last {last:.0}"))?;
    }
    if let Some(next) = snapshot.next_cycle().filter(|_| !matches!(job.state, JobState::Quarantine { .. })) {
        printer.line(format_args!("  next cycle due at {next:.0}"))?;
    }
    if let Some(holder) = &snapshot.holder {
        printer.line(format_args!("  a cycle is under way: process {} since {:.0}", holder.pid, holder.since))?;
        if let Some(cycle) = snapshot.running() {
            print_running(cycle, snapshot.groups_done, context)?;
        }
    }
    if let Some((cycle, end)) = snapshot.last_ended() {
        let (kind, ended, took) = (cycle.start.kind.as_str(), ended(cycle, end), end.duration.as_secs_f64());
        printer.line(format_args!("  last cycle: {kind}, ended {ended:.0}, took {took:.1} s"))?;
        printer.line(dim(format_args!("    activity {}", cycle.start.id.as_str())))?;
    }
    if snapshot.cycles.is_empty() {
        return Ok(());
    }
    printer.line(format_args!("\n{}", heading("Last cycles")))?;
    let cycles = snapshot.cycles.iter().take(CYCLES).enumerate();
    let rows: Vec<_> = cycles.flat_map(|(at, cycle)| rows(cycle, at == 0 && snapshot.holder.is_some())).collect();
    printer.text(&table(&[Align::Left, Align::Left, Align::Right, Align::Left], &rows))?;
    Ok(())
}

/// How far the cycle under way is.
fn print_running(cycle: &CycleRow, groups: u64, context: &Context) -> Result<(), Error> {
    let kind = cycle.start.kind.as_str();
    let how_far = match cycle.progress {
        None => format!("{kind} cycle, reading the export"),
        Some(progress) => {
            let (done, due) = (grouped(progress.done), counted(progress.due, "object"));
            let (users, groups) = (counted(progress.done.saturating_sub(groups), "user"), counted(groups, "group"));
            format!("{kind} cycle, {} %: {done} of {due} done, {users} and {groups}", progress.percent())
        }
    };
    for line in wrap(&how_far, WIDTH - 4) {
        context.printer.line(format_args!("    {line}"))?;
    }
    Ok(context.printer.line(dim(format_args!("    activity {}", cycle.start.id.as_str())))?)
}

/// When a cycle ended.
fn ended(cycle: &CycleRow, end: &CycleEnd) -> Timestamp {
    cycle.start.started.checked_add(end.duration).unwrap_or(cycle.start.started)
}

fn print_staged(staged: &[StagedObject], now: Timestamp, context: &Context) -> Result<(), Error> {
    let Some(since) = staged.iter().map(|object| object.staged.since).min() else { return Ok(()) };
    let deletions = count(staged.len() as u64, "deletion");
    context.printer.line(format_args!("  {deletions} held back since {since:.0}"))?;
    let allowed = staged.iter().filter(|object| object.staged.is_allowed(now)).count();
    let whose = if allowed == staged.len() { String::new() } else { format!("{allowed} of them ") };
    match staged.iter().filter_map(|object| object.staged.allowed_until).max() {
        None => {}
        Some(until) if until == Timestamp::MAX => context.printer.line(format_args!("    {whose}allowed"))?,
        Some(until) if allowed == 0 => context.printer.line(format_args!("    the permission ended {until:.0}"))?,
        Some(until) => context.printer.line(format_args!("    {whose}allowed until {until:.0}"))?,
    }
    if allowed < staged.len() {
        context.printer.line("    `scimulate allow-deletes` lets them through")?;
    }
    Ok(())
}

/// A cycle as lines of the table: what doesn't fit goes below.
fn rows(cycle: &CycleRow, under_way: bool) -> Vec<Vec<String>> {
    /// Columns of the first three cells, of a cycle that takes less than a day.
    const BEFORE: usize = 47;
    let begun = format!("  {:.0}", cycle.start.started);
    let kind = cycle.start.kind.as_str().to_owned();
    let Some(end) = &cycle.end else {
        let how = if under_way { "under way" } else { "cut off" };
        return vec![vec![begun, kind, String::new(), how.to_owned()]];
    };
    let actions = ActionKind::ALL.into_iter().filter(|action| end.count(*action) > 0);
    let mut counts: Vec<_> = actions.map(|action| format!("{} {}", end.count(action), action.as_str())).collect();
    let references = [(end.references, "reference"), (end.reference_failures, "failed reference")];
    counts.extend(references.into_iter().filter(|(number, _)| *number > 0).map(|(number, what)| count(number, what)));
    let counts = if counts.is_empty() { "nothing to do".to_owned() } else { counts.join(", ") };
    let how = match (&end.quarantine, end.completed) {
        // The longest codes don't fit beside the other cells; what they begin with says nothing.
        (Some(error), _) => format!("quarantine: {}", error.code.strip_prefix(LONG_PREFIX).unwrap_or(&error.code)),
        (None, false) => format!("{counts} (not finished)"),
        (None, true) => counts,
    };
    let mut cells = vec![begun, kind, format!("{:.1} s", end.duration.as_secs_f64())];
    let mut rows = Vec::new();
    for line in wrap(&how, WIDTH - BEFORE) {
        cells.resize(3, String::new());
        cells.push(line);
        rows.push(std::mem::take(&mut cells));
    }
    rows
}

//! `scimulate plan`.

use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::args::{Output, instant};
use super::context::Context;
use super::error::Error;
use super::exit::Exit;
use super::inspect;
use super::job::{Job, Narrowed, Reading, seed};
use super::printer::OutputError;
use super::recording::RecordArgs;
use super::run::ended;
use super::runtime::{Interrupt, block_on};
use crate::base::{Diagnostic, Random, Timestamp};
use crate::clock::Clock;
use crate::engine::{CycleOptions, Mode, Offline, Processed, Sink};
use crate::event::{CycleKind, Event, Summary};
use crate::plan::{PlanFile, PlannedObject, Reason};
use crate::report;
use crate::scoping::ONLY_DEFAULT_ACCESS;
use crate::source::Export;
use crate::store::Store;

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
    if let Some(path) = &args.out {
        check_place(path)?;
    }
    let narrowed = Narrowed { only: args.only.clone(), reading: args.reading, ..Narrowed::default() };
    let mut job = Job::load(context, narrowed)?;
    let clock = args.now.map_or_else(Clock::real, Clock::real_from);
    let export = job.open_export_at(clock.now(), context)?;
    let recorder = args.record.record_job(&mut job, "plan", &clock, context)?;
    let keep = args.out.is_some() || context.printer.output() == Output::Json;
    let mut view = View::new(context, args.show_requests, keep);
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
    for note in inspect::notes(&job, &export, view.only_default_access) {
        context.printer.talk(note);
    }
    if let Some(path) = &args.out {
        let objects = std::mem::take(&mut view.objects);
        save(path, &job, &export, &clock, last_cycle, objects, context)?;
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
        if view.error.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
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
    path: &Path,
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
    write_private(path, &plan.to_text()).with_context(|| format!("the plan can't be saved as {}", path.display()))?;
    context.printer.talk(format_args!("Saved. To do exactly this: scimulate apply {}", path.display()));
    Ok(())
}

/// Says before anything is asked of the target that a plan can't be saved there.
fn check_place(path: &Path) -> Result<(), Error> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if folder.is_dir() && !path.is_dir() {
        return Ok(());
    }
    let text = format!("the plan can't be saved as {}: there is no such folder, or it is one itself", path.display());
    Err(Diagnostic::error(text).with_hint("name a file in a folder that is there").into())
}

/// Writes a file that only the user may read: a plan holds personal data.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// What is shown of a plan, object by object.
struct View<'a> {
    context: &'a Context,
    requests: bool,
    keep: bool,
    summary: Summary,
    objects: Vec<PlannedObject>,
    only_default_access: u64,
    /// Id of the dry cycle; an offline plan has none.
    cycle: Option<String>,
    kind: CycleKind,
    /// When the last object was planned.
    at: Option<Timestamp>,
    error: Option<OutputError>,
}

impl<'a> View<'a> {
    fn new(context: &'a Context, requests: bool, keep: bool) -> Self {
        Self {
            context,
            requests,
            keep,
            summary: Summary::default(),
            objects: Vec::new(),
            only_default_access: 0,
            cycle: None,
            kind: CycleKind::Initial,
            at: None,
            error: None,
        }
    }

    /// The first line of the stream says which format it has.
    fn start(&mut self, now: Timestamp) -> Result<(), Error> {
        self.at = Some(now);
        if self.context.printer.output() == Output::Jsonl {
            self.stream("planStarted", &json!({ "formatVersion": report::FORMAT_VERSION }))?;
        }
        Ok(())
    }

    /// One line of the stream: `type`, `at`, `cycleId`, then what belongs to it.
    fn stream(&self, kind: &str, members: &Value) -> Result<(), OutputError> {
        let at = self.at.map(|at| at.to_string());
        let mut line = json!({ "type": kind, "at": at, "cycleId": self.cycle });
        if let (Value::Object(line), Value::Object(members)) = (&mut line, members) {
            line.extend(members.clone());
        }
        self.context.printer.json_line(&line)
    }

    fn show(&self, object: &PlannedObject) -> Result<(), OutputError> {
        let printer = &self.context.printer;
        match printer.output() {
            Output::Human if printer.is_quiet() => Ok(()),
            Output::Human => printer.text(&report::planned_object(object, self.requests)),
            Output::Json => Ok(()),
            Output::Jsonl => self.stream("plannedObject", &object.to_json()),
        }
    }

    fn finish(&mut self) -> Result<(), Error> {
        if let Some(error) = self.error.take() {
            return Err(error.into());
        }
        let printer = &self.context.printer;
        match printer.output() {
            Output::Human => {
                let gap = if printer.is_quiet() || self.summary.is_empty() { "" } else { "\n" };
                printer.sentences(&format!("{gap}{}", report::plan_summary(&self.summary)))?;
                let estimate = report::plan_estimate(self.kind, &self.summary);
                if let Some(estimate) = estimate.filter(|_| !printer.is_quiet()) {
                    printer.sentences(&estimate)?;
                }
            }
            Output::Json => printer.json(&report::planned_json(&self.summary, &self.objects))?,
            Output::Jsonl => {
                let estimate = report::estimate_json(&self.summary);
                let members = json!({ "summary": report::summary_json(&self.summary), "estimate": estimate });
                self.stream("planEnded", &members)?;
            }
        }
        Ok(())
    }
}

impl Sink for View<'_> {
    fn event(&mut self, event: &Event) {
        match event {
            Event::Warning(text) => self.context.printer.diagnostic(&Diagnostic::warning(text.as_str())),
            Event::CycleStarted { id, kind, .. } => {
                self.cycle = Some(id.to_string());
                self.kind = *kind;
                self.context.printer.detail(format_args!("the next cycle is {}", kind.as_str()));
            }
            Event::Evaluated { .. }
            | Event::Object(_)
            | Event::Deviation { .. }
            | Event::Notification { .. }
            | Event::CycleEnded(_) => {}
        }
    }

    fn processed(&mut self, processed: &Processed) {
        let record = &processed.record;
        self.at = Some(record.at);
        self.summary.add_record(record);
        if matches!(&record.reason, Reason::NotEffectivelyEntitled(why) if &**why == ONLY_DEFAULT_ACCESS) {
            self.only_default_access += 1;
        }
        let quiet = self.context.printer.is_quiet() && self.context.printer.is_human();
        if self.error.is_some() || (quiet && !self.keep) {
            return;
        }
        let object = planned(processed);
        if let Err(error) = self.show(&object) {
            self.error = Some(error);
        }
        if self.keep {
            self.objects.push(object);
        }
    }
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

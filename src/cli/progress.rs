//! Shows a cycle while it runs: a bar on a terminal, plain lines otherwise, JSON lines for programs.

mod bar;
mod tally;

use serde_json::{Value, json};

use super::args::Output;
use super::context::Context;
use super::error::Error;
use super::printer::OutputError;
use super::run::Monitor;
use crate::base::{CycleId, Diagnostic, Timestamp, grouped};
use crate::clock::Clock;
use crate::engine::{Processed, Sink};
use crate::event::{CycleKind, CycleReport, Event, ObjectRecord};
use crate::plan::{ActionKind, Reason};
use crate::report::{self, Deviations, count};
use bar::Bar;
pub(crate) use bar::Past;
use tally::{Phase, Tally};

/// A plain line is printed each time that this share of the work is done.
const STEPS: u64 = 10;
/// Work that is smaller than this needs no plain lines.
const LITTLE: u64 = 200;

/// Consumes the events of a cycle.
pub(crate) struct Progress<'a> {
    context: &'a Context,
    clock: &'a Clock,
    bar: Option<Bar>,
    past: Option<Past>,
    cycle: Option<CycleId>,
    kind: CycleKind,
    /// Whether the export was read and nothing held the cycle back.
    begun: bool,
    tally: Tally,
    /// How virtual time is shown.
    time: Time,
    deviations: Deviations,
    /// Reason and message of what an admin is to be told.
    notifications: Vec<(String, String)>,
    /// Who counts the events.
    monitor: Option<Monitor>,
    /// When the cycle began.
    begun_at: Timestamp,
    /// What a cycle did that didn't run to its end.
    cut_off: Option<CycleReport>,
    error: Option<OutputError>,
}

/// Whether the instant stands above what a cycle says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Time {
    /// It is the real one: no.
    Real,
    /// It will, as soon as there is something to say.
    Pending,
    /// It does.
    Shown,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(context: &'a Context, clock: &'a Clock) -> Self {
        Self {
            context,
            clock,
            bar: None,
            past: None,
            cycle: None,
            kind: CycleKind::Initial,
            begun: false,
            tally: Tally::default(),
            time: Time::Real,
            begun_at: clock.now(),
            deviations: Deviations::default(),
            notifications: Vec::new(),
            monitor: None,
            cut_off: None,
            error: None,
        }
    }

    /// Shows what was before as well.
    pub(crate) fn after(mut self, past: Past) -> Self {
        self.past = Some(past);
        self
    }

    /// Has the events counted as well.
    pub(crate) fn watched_by(mut self, monitor: Option<Monitor>) -> Self {
        self.monitor = monitor;
        self
    }

    /// Puts the virtual instant above what the cycle says; a cycle that did nothing isn't told at all.
    pub(crate) fn in_virtual_time(mut self) -> Self {
        self.time = Time::Pending;
        self
    }

    /// Says why the cycle failed.
    pub(crate) fn tell(&mut self, error: &Error) {
        self.head();
        error.diagnostics().iter().for_each(|diagnostic| self.context.printer.diagnostic(diagnostic));
    }

    /// Says what a cycle made of the job: in virtual time a line of the story.
    pub(crate) fn notice(&mut self, notice: &Diagnostic) {
        if self.time == Time::Real {
            self.context.printer.diagnostic(notice);
        } else {
            self.talk(&notice.message);
        }
    }

    /// Says something about the cycle: as talk, in virtual time as part of the story.
    pub(crate) fn talk(&mut self, text: &str) {
        let printer = &self.context.printer;
        if self.time != Time::Real && printer.is_human() {
            return self.print(text);
        }
        match &self.bar {
            Some(bar) => bar.suspend(|| printer.talk(text)),
            None => printer.talk(text),
        }
    }

    /// What a cycle did that didn't run to its end, be it that the test query failed.
    pub(crate) fn cut_off(&mut self) -> Option<CycleReport> {
        self.cut_off.take()
    }

    /// The cycle that is shown, once it has begun.
    pub(crate) fn cycle(&self) -> Option<&CycleId> {
        self.cycle.as_ref()
    }

    /// Reason and message of the notifications so far.
    pub(crate) fn take_notifications(&mut self) -> Vec<(String, String)> {
        std::mem::take(&mut self.notifications)
    }

    fn head(&mut self) {
        if self.time == Time::Pending {
            self.time = Time::Shown;
            if self.context.printer.is_human() && !self.context.printer.is_quiet() {
                let heading = report::heading(format!("{:.0}", self.begun_at));
                self.print(&heading);
            }
        }
    }

    /// Ends the bar; says whether stdout could be written.
    pub(crate) fn finish(&mut self) -> Result<(), Error> {
        if let Some(bar) = self.bar.take() {
            bar.clear();
        }
        self.error.take().map_or(Ok(()), |error| Err(error.into()))
    }

    /// Writes a line of the stream; every one says when it was and in which cycle.
    fn stream(&mut self, mut line: Value) {
        if let Value::Object(members) = &mut line {
            members.entry("at").or_insert_with(|| json!(self.clock.now().to_string()));
            members.entry("cycleId").or_insert_with(|| json!(self.cycle.as_ref().map(CycleId::as_str)));
        }
        if let Err(error) = self.context.printer.json_line(&line) {
            self.error.get_or_insert(error);
        }
    }

    fn begin(&mut self, due: u64) {
        self.begun = true;
        self.tally = Tally::of(due, self.past.as_ref().map_or([0, 0], |past| past.linked));
        if self.time != Time::Real {
            return;
        }
        let printer = &self.context.printer;
        if let (Some(past), Some(cycle), LITTLE..) = (&self.past, &self.cycle, due) {
            printer.talk(format_args!("Job {}\nActivity {}", past.job_id.as_str(), cycle.as_str()));
        }
        if printer.shows_progress() && due > 0 {
            self.bar = Some(Bar::new(self.kind, self.tally, self.past.as_ref(), printer.talk_width()));
        }
    }

    fn step(&mut self, record: &ObjectRecord) {
        let before = self.tally.done();
        let is_worth_a_line = self.tally.add(record);
        let Tally { due, users, groups, linked, phase, .. } = self.tally;
        let (done, percent) = (self.tally.done(), self.tally.percent());
        if is_worth_a_line && self.context.printer.output() == Output::Jsonl {
            self.stream(json!({
                "type": "progress",
                "kind": self.kind.as_str(),
                "phase": phase.map(Phase::as_str),
                "percent": percent,
                "done": done,
                "due": due,
                "users": users,
                "groups": groups,
                "linkedUsers": linked[0],
                "linkedGroups": linked[1],
            }));
        }
        if done == before {
            return;
        }
        if let Some(bar) = &self.bar {
            bar.show(&self.tally);
        } else if self.time == Time::Real && due >= LITTLE && done * STEPS / due > before * STEPS / due {
            let so_far = format!("{} and {}", count(users, "user"), count(groups, "group"));
            let (kind, done, due) = (self.kind.as_str(), grouped(done), grouped(due));
            self.context.printer.talk(format_args!("{kind} cycle: {done} of {due} objects, {percent} % ({so_far})"));
        }
    }

    fn warn(&mut self, text: &str) {
        self.head();
        let (printer, diagnostic) = (&self.context.printer, Diagnostic::warning(text));
        match &self.bar {
            Some(bar) => bar.suspend(|| printer.diagnostic(&diagnostic)),
            None => printer.diagnostic(&diagnostic),
        }
    }

    fn print(&mut self, text: &str) {
        self.head();
        let printer = &self.context.printer;
        let printed = match &self.bar {
            Some(bar) => bar.suspend(|| printer.sentences(text)),
            None => printer.sentences(text),
        };
        if let Err(error) = printed {
            self.error.get_or_insert(error);
        }
    }
}

impl Sink for Progress<'_> {
    fn processed(&mut self, processed: &Processed) {
        self.tally.link(processed.record.kind, processed.link);
    }

    fn event(&mut self, event: &Event) {
        if let Event::CycleStarted { id, kind, .. } = event {
            self.cycle = Some(id.clone());
            self.kind = *kind;
        }
        if let Some(monitor) = &self.monitor {
            monitor.event(event);
        }
        if self.context.printer.output() == Output::Jsonl {
            let mut line = report::event_json(event);
            if let (Event::CycleStarted { .. } | Event::Notification { .. }, Some(past)) = (event, &self.past) {
                line["jobId"] = json!(past.job_id.as_str());
            }
            if let (Event::CycleStarted { .. }, Some(past)) = (event, &self.past) {
                line["lastCycle"] =
                    past.last.map_or(Value::Null, |(kind, ended, took)| report::last_cycle_json(kind, ended, took));
            }
            self.stream(line);
        }
        let printer = &self.context.printer;
        match event {
            Event::CycleStarted { .. } => {}
            Event::Evaluated { due, .. } => self.begin(*due),
            Event::Warning(text) => self.warn(text),
            Event::Deviation { source_id, name, deviation, .. } => {
                if self.deviations.add(source_id, name, deviation) {
                    self.warn(&format!("{name}: {deviation}"));
                }
            }
            Event::Notification { reason, message, to } => {
                self.talk(&format!("Notification to {to}: {reason}: {message}"));
                self.notifications.push((reason.clone(), message.clone()));
            }
            Event::Object(record) => {
                let shown = record.action.writes()
                    || matches!(record.action, ActionKind::Fail | ActionKind::StagedDelete)
                    // It goes unnoticed otherwise, and the job is disabled for it.
                    || record.reason == Reason::EscrowPruned
                    || printer.is_verbose();
                if printer.is_human() && !printer.is_quiet() && shown {
                    let line = report::record_line(record);
                    self.print(&line);
                }
                self.step(record);
            }
            Event::CycleEnded(ended) => {
                if let Some(bar) = self.bar.take() {
                    bar.clear();
                }
                let is_telling = self.time != Time::Pending || !ended.summary.is_empty();
                self.cut_off = (!ended.completed).then(|| ended.clone());
                if printer.is_human() && self.begun && is_telling {
                    self.print(&report::run_summary(ended));
                    if let Some(deviations) = ended.deviations {
                        self.print(&self.deviations.summary(ended.summary.writes(), deviations));
                    }
                }
            }
        }
    }
}

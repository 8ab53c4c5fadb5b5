//! What is shown of a plan while it is made, and kept of it.

use serde_json::{Value, json};

use super::planned;
use crate::base::{Diagnostic, Timestamp};
use crate::cli::args::Output;
use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::cli::printer::OutputError;
use crate::engine::{Processed, Sink};
use crate::event::{CycleKind, Event, Summary};
use crate::plan::{PlannedObject, Reason};
use crate::report;
use crate::scoping::ONLY_DEFAULT_ACCESS;

/// What is wanted of a plan.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shows {
    /// The exact requests, in the text for people.
    pub(super) requests: bool,
    /// Whether the objects are kept to the end.
    pub(super) keeps: bool,
    /// Whether the text for people goes to stderr, since a report goes to stdout.
    pub(super) aside: bool,
}

/// What is shown of a plan, object by object.
pub(super) struct View<'a> {
    context: &'a Context,
    shows: Shows,
    pub(super) summary: Summary,
    pub(super) objects: Vec<PlannedObject>,
    pub(super) only_default_access: u64,
    /// Id of the dry cycle; an offline plan has none.
    cycle: Option<String>,
    pub(super) kind: CycleKind,
    /// When the last object was planned.
    at: Option<Timestamp>,
    error: Option<OutputError>,
}

impl<'a> View<'a> {
    pub(super) fn new(context: &'a Context, shows: Shows) -> Self {
        Self {
            context,
            shows,
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
    pub(super) fn start(&mut self, now: Timestamp) -> Result<(), Error> {
        self.at = Some(now);
        if self.context.printer.output() == Output::Jsonl {
            self.stream("planStarted", &json!({ "formatVersion": report::FORMAT_VERSION }))?;
        }
        Ok(())
    }

    /// Whether nobody can be shown anything any more.
    pub(super) fn has_failed(&self) -> bool {
        self.error.is_some()
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

    /// Text for people, on stderr where something else goes to stdout.
    fn say(&self, text: &str) -> Result<(), OutputError> {
        if self.shows.aside {
            self.context.printer.talk(text);
            return Ok(());
        }
        self.context.printer.sentences(text)
    }

    fn show(&self, object: &PlannedObject) -> Result<(), OutputError> {
        let printer = &self.context.printer;
        match printer.output() {
            Output::Human if printer.is_quiet() => Ok(()),
            Output::Human => {
                let text = report::planned_object(object, self.shows.requests);
                if !self.shows.aside {
                    return printer.text(&text);
                }
                printer.talk(text.trim_end());
                Ok(())
            }
            Output::Json => Ok(()),
            Output::Jsonl => self.stream("plannedObject", &object.to_json()),
        }
    }

    pub(super) fn finish(&mut self) -> Result<(), Error> {
        if let Some(error) = self.error.take() {
            return Err(error.into());
        }
        let printer = &self.context.printer;
        match printer.output() {
            Output::Human => {
                let gap = if printer.is_quiet() || self.summary.is_empty() { "" } else { "\n" };
                self.say(&format!("{gap}{}", report::plan_summary(&self.summary)))?;
                let estimate = report::plan_estimate(self.kind, &self.summary);
                if let Some(estimate) = estimate.filter(|_| !printer.is_quiet()) {
                    self.say(&estimate)?;
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
        if self.error.is_some() || (quiet && !self.shows.keeps) {
            return;
        }
        let object = planned(processed);
        if let Err(error) = self.show(&object) {
            self.error = Some(error);
        }
        if self.shows.keeps {
            self.objects.push(object);
        }
    }
}

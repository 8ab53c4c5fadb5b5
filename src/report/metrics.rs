//! What a run of many cycles has done so far, as numbers for Prometheus (text format 0.0.4) and as a state of health.
//!
//! Labels name kinds, actions, reasons and states, never a user or a group.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::time::Duration;

use serde_json::{Value, json};

use crate::base::{CycleId, Timestamp};
use crate::event::{ActionKind, CycleKind, CycleReport, Event};
use crate::schema::ObjectKind;

/// Upper bounds of the histogram's buckets, in seconds.
const BOUNDS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// How a cycle can end.
const OUTCOMES: [&str; 4] = ["completed", "objects-failed", "quarantined", "stopped"];
/// Classes of answers; `none` for a request that wasn't answered.
const STATUSES: [&str; 5] = ["2xx", "3xx", "4xx", "5xx", "none"];
/// What the service sends.
const METHODS: [&str; 4] = ["GET", "POST", "PATCH", "DELETE"];
/// How a job can stand.
const STATES: [&str; 5] = ["not-run", "active", "paused", "quarantine", "disabled"];

/// Counts since the start of the process, and how things stand.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    /// Name of the job.
    pub job: String,
    /// Its id.
    pub job_id: String,
    /// The tenant URL without flags.
    pub target: String,
    /// How the job stands now.
    pub standing: Standing,
    cycles: BTreeMap<(&'static str, &'static str), u64>,
    objects: BTreeMap<(&'static str, &'static str), u64>,
    skipped: BTreeMap<&'static str, u64>,
    references: [u64; 2],
    requests: BTreeMap<(&'static str, &'static str), u64>,
    durations: BTreeMap<&'static str, Histogram>,
    notifications: u64,
    running: Option<Running>,
    last: Option<LastCycle>,
    got_through: Option<Timestamp>,
}

/// How a job stands, as its state says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// `not-run`, `active`, `paused`, `quarantine`, `disabled`.
    pub state: &'static str,
    /// Reason and message of a quarantine.
    pub quarantine: Option<(String, String)>,
    /// Linked users and groups.
    pub linked: [u64; 2],
    /// Objects that wait after a failure: of their own, and of their references.
    pub waiting: [u64; 2],
    /// Deletions that are held back and not allowed.
    pub held_back: u64,
    /// When the next cycle is due; none while one runs, and where none is to come: of a job that is paused or disabled.
    pub next_cycle: Option<Timestamp>,
}

/// A cycle that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastCycle {
    /// Its id.
    pub id: CycleId,
    /// Initial or incremental.
    pub kind: CycleKind,
    /// When it began.
    pub started: Timestamp,
    /// How long it took.
    pub duration: Duration,
    /// Whether it ran to its end.
    pub completed: bool,
    /// How many objects and references failed.
    pub failed: u64,
}

impl LastCycle {
    fn ended(&self) -> Timestamp {
        self.started.checked_add(self.duration).unwrap_or(self.started)
    }
}

#[derive(Debug, Clone)]
struct Running {
    started: Timestamp,
    kind: CycleKind,
    due: u64,
    done: u64,
}

#[derive(Debug, Clone, Default)]
struct Histogram {
    buckets: [u64; BOUNDS.len()],
    sum: Duration,
    count: u64,
}

impl Metrics {
    /// Counts from zero for a job, whose state isn't known yet.
    pub fn new(job: String, target: String) -> Self {
        Self { job, target, standing: Standing { state: STATES[0], ..Standing::default() }, ..Self::default() }
    }

    /// Takes up what the state knows of cycles that another process ran, or this job's run before: which ended last,
    /// and when one last got through. What is known and later stays.
    pub fn remember(&mut self, last: Option<LastCycle>, got_through: Option<Timestamp>) {
        let known = self.last.as_ref().map(LastCycle::ended);
        if let Some(last) = last.filter(|last| Some(last.ended()) > known) {
            self.last = Some(last);
        }
        self.got_through = self.got_through.max(got_through);
    }

    /// Counts a request and its answer. Methods that the service doesn't send are left out.
    pub fn count_request(&mut self, method: &str, status: Option<u16>, duration: Duration) {
        let Some(method) = METHODS.into_iter().find(|known| *known == method) else { return };
        let status = match status {
            Some(300..=399) => "3xx",
            Some(400..=499) => "4xx",
            Some(500..) => "5xx",
            Some(_) => "2xx",
            None => "none",
        };
        *self.requests.entry((method, status)).or_default() += 1;
        let histogram = self.durations.entry(method).or_default();
        let bucket = BOUNDS.iter().position(|bound| duration.as_secs_f64() <= *bound);
        if let Some(bucket) = bucket {
            histogram.buckets[bucket] += 1;
        }
        histogram.sum += duration;
        histogram.count += 1;
    }

    /// Counts what the engine says.
    pub fn count(&mut self, event: &Event) {
        match event {
            Event::CycleStarted { kind, at, .. } => {
                self.running = Some(Running { started: *at, kind: *kind, due: 0, done: 0 });
                self.standing.next_cycle = None;
            }
            Event::Evaluated { due, .. } => {
                if let Some(running) = &mut self.running {
                    running.due = *due;
                }
            }
            Event::Object(record) => match (record.reason.is_reference(), record.action) {
                (true, ActionKind::Fail) => self.references[1] += 1,
                (true, action) => self.references[0] += u64::from(action.writes()),
                (false, action) => {
                    *self.objects.entry((record.kind.as_str(), action.as_str())).or_default() += 1;
                    if action == ActionKind::Skip {
                        *self.skipped.entry(record.reason.code()).or_default() += 1;
                    }
                    if let Some(running) = &mut self.running {
                        running.done += 1;
                    }
                }
            },
            Event::Notification { .. } => self.notifications += 1,
            Event::CycleEnded(report) => {
                self.running = None;
                *self.cycles.entry((report.kind.as_str(), outcome(report))).or_default() += 1;
                let last = LastCycle {
                    id: report.id.clone(),
                    kind: report.kind,
                    started: report.started,
                    duration: report.duration,
                    completed: report.completed,
                    failed: report.summary.failures(),
                };
                if report.completed && report.quarantine.is_none() {
                    self.got_through = Some(last.ended());
                }
                self.last = Some(last);
            }
            Event::Deviation { .. } | Event::Warning(_) => {}
        }
    }

    /// Whether cycles get through, and why not: a document for whoever watches the process.
    pub fn health(&self) -> (bool, Value) {
        let is_held = matches!(self.standing.state, "quarantine" | "paused" | "disabled");
        let status = match (self.cycles.is_empty(), is_held) {
            (_, true) => "failing",
            (true, false) => "starting",
            (false, false) => "ok",
        };
        let (reason, message) = self.standing.quarantine.clone().unzip();
        let last = self.last.as_ref().map(|last| {
            json!({
                "id": last.id.as_str(),
                "kind": last.kind.as_str(),
                "endedAt": last.ended().to_string(),
                "completed": last.completed,
                "failed": last.failed,
            })
        });
        let document = json!({
            "status": status,
            "job": self.job,
            "state": self.standing.state,
            "reason": reason,
            "message": message,
            "lastCycle": last,
            "nextCycle": self.standing.next_cycle.map(|at| at.to_string()),
        });
        (!is_held, document)
    }
}

/// The text format of Prometheus: each family with its help and its type.
impl fmt::Display for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut page = Page(f);
        page.family("build_info", "gauge", "Version of the program.")?;
        page.sample("build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1)?;
        page.family("job_info", "gauge", "The job and its target.")?;
        page.sample("job_info", &[("job", &self.job), ("job_id", &self.job_id), ("target", &self.target)], 1)?;
        page.family("job_state", "gauge", "1 for the state that the job is in.")?;
        for state in STATES {
            page.sample("job_state", &[("state", state)], u8::from(state == self.standing.state))?;
        }
        self.write_cycles(&mut page)?;
        self.write_objects(&mut page)?;
        self.write_requests(&mut page)
    }
}

impl Metrics {
    fn write_cycles(&self, page: &mut Page<'_, '_>) -> fmt::Result {
        page.family("cycles_total", "counter", "Cycles that ended, by kind and outcome.")?;
        for kind in [CycleKind::Initial, CycleKind::Incremental] {
            for outcome in OUTCOMES {
                let count = self.cycles.get(&(kind.as_str(), outcome)).copied().unwrap_or(0);
                page.sample("cycles_total", &[("kind", kind.as_str()), ("outcome", outcome)], count)?;
            }
        }
        let due_at = self.standing.next_cycle.map(seconds);
        page.optional("next_cycle_timestamp_seconds", "When the next cycle is due.", due_at)?;
        let last = self.last.as_ref();
        page.optional(
            "last_cycle_start_timestamp_seconds",
            "When the last cycle that ended began.",
            last.map(|last| seconds(last.started)),
        )?;
        page.optional(
            "last_cycle_end_timestamp_seconds",
            "When the last cycle ended.",
            last.map(|last| seconds(last.ended())),
        )?;
        page.optional(
            "last_cycle_duration_seconds",
            "How long the last cycle took.",
            last.map(|last| last.duration.as_secs_f64()),
        )?;
        page.optional(
            "last_completed_cycle_end_timestamp_seconds",
            "When a cycle last ran to its end without a quarantine.",
            self.got_through.map(seconds),
        )?;
        page.family("cycle_running", "gauge", "1 while a cycle of this kind is under way.")?;
        for kind in [CycleKind::Initial, CycleKind::Incremental] {
            let runs = self.running.as_ref().is_some_and(|running| running.kind == kind);
            page.sample("cycle_running", &[("kind", kind.as_str())], u8::from(runs))?;
        }
        let running = self.running.as_ref();
        page.optional(
            "cycle_start_timestamp_seconds",
            "When the cycle under way began.",
            running.map(|running| seconds(running.started)),
        )?;
        page.single(
            "cycle_due_objects",
            "gauge",
            "Objects due in the cycle under way.",
            running.map_or(0, |it| it.due),
        )?;
        page.single(
            "cycle_done_objects",
            "gauge",
            "Objects of these that are done.",
            running.map_or(0, |it| it.done.min(it.due)),
        )
    }

    fn write_objects(&self, page: &mut Page<'_, '_>) -> fmt::Result {
        let kinds = [ObjectKind::User, ObjectKind::Group];
        page.family("objects_total", "counter", "Objects that were worked on, by type and action.")?;
        for kind in kinds {
            for action in ActionKind::ALL {
                let count = self.objects.get(&(kind.as_str(), action.as_str())).copied().unwrap_or(0);
                page.sample("objects_total", &[("type", kind.as_str()), ("action", action.as_str())], count)?;
            }
        }
        page.family("skipped_objects_total", "counter", "Objects that were skipped, by reason.")?;
        for (reason, count) in &self.skipped {
            page.sample("skipped_objects_total", &[("reason", reason)], count)?;
        }
        page.family("references_total", "counter", "Requests for managers and members, by outcome.")?;
        for (outcome, count) in ["written", "failed"].into_iter().zip(self.references) {
            page.sample("references_total", &[("outcome", outcome)], count)?;
        }
        page.family("linked_objects", "gauge", "Objects with an account.")?;
        for (kind, count) in kinds.into_iter().zip(self.standing.linked) {
            page.sample("linked_objects", &[("type", kind.as_str())], count)?;
        }
        page.family(
            "escrow_objects",
            "gauge",
            "Objects that wait after a failure of their own, or of their references.",
        )?;
        for (part, count) in ["export", "reference"].into_iter().zip(self.standing.waiting) {
            page.sample("escrow_objects", &[("part", part)], count)?;
        }
        page.single(
            "held_back_deletions",
            "gauge",
            "Deletions that are held back and not allowed.",
            self.standing.held_back,
        )?;
        page.single("notifications_total", "counter", "Notifications, whatever became of them.", self.notifications)
    }

    fn write_requests(&self, page: &mut Page<'_, '_>) -> fmt::Result {
        page.family("requests_total", "counter", "Requests to the target, by method and class of the answer.")?;
        for method in METHODS {
            for status in STATUSES {
                let count = self.requests.get(&(method, status)).copied().unwrap_or(0);
                page.sample("requests_total", &[("method", method), ("status", status)], count)?;
            }
        }
        let name = "request_duration_seconds";
        page.family(name, "histogram", "How long the target took to answer.")?;
        let unused = Histogram::default();
        for method in METHODS {
            let Histogram { buckets, sum, count } = self.durations.get(method).unwrap_or(&unused);
            let mut so_far = 0;
            for (bound, within) in BOUNDS.into_iter().zip(buckets) {
                so_far += within;
                page.sample(&format!("{name}_bucket"), &[("method", method), ("le", &bound.to_string())], so_far)?;
            }
            page.sample(&format!("{name}_bucket"), &[("method", method), ("le", "+Inf")], count)?;
            page.sample(&format!("{name}_sum"), &[("method", method)], sum.as_secs_f64())?;
            page.sample(&format!("{name}_count"), &[("method", method)], count)?;
        }
        Ok(())
    }
}

/// Writes the text format; every name begins with the program's.
struct Page<'f, 't>(&'f mut fmt::Formatter<'t>);

impl Page<'_, '_> {
    fn family(&mut self, name: &str, kind: &str, help: &str) -> fmt::Result {
        writeln!(self.0, "# HELP scimulate_{name} {help}\n# TYPE scimulate_{name} {kind}")
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl fmt::Display) -> fmt::Result {
        write!(self.0, "scimulate_{name}")?;
        for (index, (label, text)) in labels.iter().enumerate() {
            let before = if index == 0 { '{' } else { ',' };
            write!(self.0, "{before}{label}=\"{}\"", Escaped(text))?;
        }
        let after = if labels.is_empty() { "" } else { "}" };
        writeln!(self.0, "{after} {value}")
    }

    fn single(&mut self, name: &str, kind: &str, help: &str, value: impl fmt::Display) -> fmt::Result {
        self.family(name, kind, help)?;
        self.sample(name, &[], value)
    }

    /// A gauge that has no value yet is left out.
    fn optional(&mut self, name: &str, help: &str, value: Option<f64>) -> fmt::Result {
        value.map_or(Ok(()), |value| self.single(name, "gauge", help, value))
    }
}

/// The value of a label.
struct Escaped<'t>(&'t str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '\\' => f.write_str("\\\\"),
            '"' => f.write_str("\\\""),
            '\n' => f.write_str("\\n"),
            c => f.write_char(c),
        })
    }
}

fn outcome(report: &CycleReport) -> &'static str {
    if report.quarantine.is_some() {
        "quarantined"
    } else if !report.completed {
        "stopped"
    } else if report.summary.failures() > 0 {
        "objects-failed"
    } else {
        "completed"
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds have room in a double for 285,000 years")]
fn seconds(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1_000.0
}

#[cfg(test)]
mod tests;

//! What a report of a job is made from.

use std::time::Duration;

use super::overview::LogOverview;
use super::quarantines::Quarantine;
use crate::base::{CycleId, SourceId, Timestamp, grouped};
use crate::event::{CycleKind, LogEntry, ObjectError};
use crate::plan::ActionKind;
use crate::report::counted;
use crate::report::prose::instant;
use crate::schema::ObjectKind;

/// A job with its history.
#[derive(Debug)]
pub struct JobReport {
    /// Name of the job.
    pub job: String,
    /// Its id; `None` before the first cycle.
    pub job_id: Option<String>,
    /// Origin and path of the target, or what it is.
    pub target: String,
    /// The tenant, where it is known.
    pub tenant: Option<String>,
    /// When the report was made.
    pub made: Timestamp,
    /// How the job stands.
    pub state: ReportedState,
    /// Since when a cycle is under way, if one is.
    pub under_way: Option<Timestamp>,
    /// Users with an account.
    pub linked_users: u64,
    /// Groups with one.
    pub linked_groups: u64,
    /// Objects that wait after a failure.
    pub failing: u64,
    /// When the oldest of these failures was.
    pub failing_since: Option<Timestamp>,
    /// Disables and deletes that are held back.
    pub held_back: u64,
    /// How many of them are allowed now.
    pub allowed: u64,
    /// When the last complete cycle ended.
    pub watermark: Option<Timestamp>,
    /// When everything was exported for the first and for the last time.
    pub steady: Option<(Timestamp, Timestamp)>,
    /// When the next cycle is due.
    pub next_cycle: Option<Timestamp>,
    /// What the cycles and the log were narrowed to.
    pub narrowed: Narrowing,
    /// The latest first.
    pub cycles: Vec<ReportedCycle>,
    /// The latest first, whatever the rest is narrowed to.
    pub quarantines: Vec<Quarantine>,
    /// Who is in scope, and why.
    pub scope: ReportedScope,
    /// What the log tells.
    pub log: LogOverview,
}

/// How a job stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportedState {
    /// There is no state: no cycle has begun.
    NotRun,
    /// Cycles run.
    Active,
    /// Nothing runs until somebody starts it.
    Paused,
    /// Cycles are tried at growing intervals.
    Quarantine {
        /// Code.
        reason: String,
        /// What happened.
        message: String,
        /// Since when.
        since: Timestamp,
        /// Cycles that ended in it.
        attempts: u32,
        /// When the next one is due.
        next_attempt: Timestamp,
    },
    /// Nothing runs until somebody starts it; the text says why, where that is known.
    Disabled(Option<String>),
}

impl ReportedState {
    /// The word of `status`.
    pub(super) const fn as_str(&self) -> &'static str {
        match self {
            Self::NotRun => "not-run",
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Quarantine { .. } => "quarantine",
            Self::Disabled(_) => "disabled",
        }
    }

    /// The same as a title.
    pub(super) const fn title(&self) -> &'static str {
        match self {
            Self::NotRun => "Never ran",
            Self::Active => "Active",
            Self::Paused => "Paused",
            Self::Quarantine { .. } => "In quarantine",
            Self::Disabled(_) => "Disabled",
        }
    }
}

/// What cycles and log were narrowed to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Narrowing {
    /// Everything that is kept.
    #[default]
    Nothing,
    /// One cycle.
    Cycle(CycleId),
    /// What was not before an instant.
    Since(Timestamp),
}

/// A cycle as it is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedCycle {
    /// Its id.
    pub id: CycleId,
    /// Initial or incremental.
    pub kind: CycleKind,
    /// When it began.
    pub started: Timestamp,
    /// How it ended; `None` while it is under way, and where it was cut off.
    pub end: Option<ReportedEnd>,
    /// Whether it is under way.
    pub under_way: bool,
}

/// How a cycle ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedEnd {
    /// How long it took.
    pub duration: Duration,
    /// Whether it ran to its end.
    pub completed: bool,
    /// Objects by action, those that occur.
    pub actions: Vec<(ActionKind, u64)>,
    /// Requests for references that succeeded.
    pub references: u64,
    /// Requests for references that failed.
    pub reference_failures: u64,
    /// Requests by method, those that occur.
    pub requests: Vec<(String, u64)>,
    /// Why the job went into quarantine, or stayed there.
    pub quarantine: Option<ObjectError>,
}

impl ReportedCycle {
    /// When it ended, if it did.
    pub(super) fn ended(&self) -> Option<Timestamp> {
        let end = self.end.as_ref()?;
        Some(self.started.checked_add(end.duration).unwrap_or(self.started))
    }

    /// What became of it, as `status` says it.
    pub(super) fn outcome(&self) -> String {
        let Some(end) = &self.end else {
            return if self.under_way { "under way" } else { "cut off" }.to_owned();
        };
        let mut counts: Vec<_> =
            end.actions.iter().map(|(action, number)| format!("{} {}", grouped(*number), action.as_str())).collect();
        let references = [(end.references, "reference"), (end.reference_failures, "failed reference")];
        counts.extend(
            references.into_iter().filter(|(number, _)| *number > 0).map(|(number, what)| counted(number, what)),
        );
        let mut text = if counts.is_empty() { "nothing to do".to_owned() } else { counts.join(", ") };
        if !end.completed && end.quarantine.is_none() {
            text.push_str(" (not finished)");
        }
        text
    }
}

impl ReportedEnd {
    /// Objects of one action.
    pub(super) fn count(&self, action: ActionKind) -> u64 {
        self.actions.iter().find(|(known, _)| *known == action).map_or(0, |(_, count)| *count)
    }

    /// All objects.
    pub(super) fn total(&self) -> u64 {
        self.actions.iter().map(|(_, count)| count).sum()
    }
}

/// Who is in scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedScope {
    /// From where this is known.
    pub source: ScopeSource,
    /// Those about whom one rule decides, those in scope first, then the largest first.
    pub groups: Vec<ScopeGroup>,
}

/// From where it is known who is in scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScopeSource {
    /// The export as it is now.
    Export,
    /// The latest entry of each object in the log; the text says why the export couldn't be read.
    Log(String),
}

/// Those about whom one rule decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeGroup {
    /// Whether they are in scope.
    pub in_scope: bool,
    /// `InScope`, or the reason's code.
    pub code: String,
    /// The rule in words.
    pub rule: String,
    /// Users or groups.
    pub kind: ObjectKind,
    /// Who they are.
    pub objects: Vec<(SourceId, Box<str>)>,
}

/// Gives the entry of the log with this number; `None` where it is gone by now.
pub type EntryOf<'e> = dyn FnMut(u64) -> Option<LogEntry> + 'e;

impl JobReport {
    /// Whether there is anything to report: cycles, or what was provisioned on demand before the first.
    pub(super) fn has_run(&self) -> bool {
        self.state != ReportedState::NotRun || !self.cycles.is_empty() || self.log.entries() > 0
    }

    /// How it stands, in one sentence.
    pub(super) fn sentence(&self) -> String {
        match &self.state {
            ReportedState::NotRun if self.has_run() => "No cycle of this job has begun yet.".to_owned(),
            ReportedState::NotRun => "No cycle of this job has begun yet, so there is nothing to report.".to_owned(),
            ReportedState::Active => match self.watermark {
                Some(ended) => format!("Cycles run. The last complete one ended {}.", instant(ended)),
                None => "Cycles run; none has ended completely yet, so the next one is initial.".to_owned(),
            },
            ReportedState::Paused => "No cycle runs until `scimulate start`.".to_owned(),
            ReportedState::Quarantine { since, attempts, next_attempt, .. } => format!(
                "Since {}, {} so far. The next is due at {}.",
                instant(*since),
                counted(u64::from(*attempts), "attempt"),
                instant(*next_attempt)
            ),
            ReportedState::Disabled(_) => "No cycle runs until `scimulate start` or `scimulate restart`.".to_owned(),
        }
    }

    /// Why it stands like that, where that needs words.
    pub(super) fn why(&self) -> Option<String> {
        match &self.state {
            ReportedState::Quarantine { reason, message, .. } => Some(format!("{reason}: {message}")),
            ReportedState::Disabled(why) => why.clone(),
            ReportedState::NotRun | ReportedState::Active | ReportedState::Paused => None,
        }
    }

    /// What waits for somebody: failures and what is held back.
    pub(super) fn waiting(&self) -> Vec<String> {
        let mut waiting = Vec::new();
        if self.failing > 0 {
            let since = self.failing_since.map_or_else(String::new, |since| format!(" since {}", instant(since)));
            waiting.push(format!("{} after a failure{since} to be tried again.", waits(self.failing, "object")));
        }
        if self.held_back > 0 {
            let how = match self.allowed {
                0 => "`scimulate allow-deletes` lets them through.".to_owned(),
                all if all == self.held_back => "They are allowed, and go with the next cycle.".to_owned(),
                some => format!("{} of them are allowed.", grouped(some)),
            };
            let what = if self.held_back == 1 { "disable or delete is" } else { "disables and deletes are" };
            waiting.push(format!("{} {what} held back. {how}", grouped(self.held_back)));
        }
        waiting
    }

    /// What of the history it covers.
    pub(super) fn coverage(&self) -> String {
        let entries = match self.log.entries() {
            1 => "1 entry".to_owned(),
            entries => format!("{} entries", grouped(entries)),
        };
        let range = match &self.narrowed {
            Narrowing::Nothing => format!("all that the log keeps: {entries}"),
            Narrowing::Cycle(id) => format!("cycle {id}: {entries}"),
            Narrowing::Since(since) => format!("since {}: {entries}", instant(*since)),
        };
        match self.log.left_out() {
            0 => range,
            left_out => format!(
                "{range}; of each object the last {} are shown, {} earlier ones aren’t",
                super::overview::KEPT,
                grouped(left_out)
            ),
        }
    }
}

fn waits(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun} waits") } else { format!("{} {noun}s wait", grouped(number)) }
}

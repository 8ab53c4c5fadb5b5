//! The contract between the engine and all that shows or stores what it does.

pub mod discovery;
mod fact;
mod personal;
mod step;
mod telling;
mod trace;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::base::{CycleId, SourceId, TargetId, Timestamp};
pub use crate::plan::ActionKind;
use crate::plan::verify::Deviation;
use crate::plan::{AttributeChange, Estimate, Reason, Workload};
use crate::schema::ObjectKind;
use crate::scim::Method;
pub use fact::{Asked, Attempt, Condition, Fact, Found};
pub use personal::{HIDDEN, without_personal_data};
pub use step::{Detail, ProvisioningStep, StepName, StepStatus, StepType};
pub use telling::{SOURCE, StepOrder, TARGET, connection_step, left_out_step, logged_value, reference_step};
pub use trace::{ChangeId, LogEntry, LoggedBody, LoggedExchange, Retry, Trace};

/// Initial or incremental.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CycleKind {
    /// Every object is evaluated.
    Initial,
    /// Only what changed since the watermark, and failures that are due.
    Incremental,
}

impl CycleKind {
    /// `initial` or `incremental`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Initial => "initial",
            Self::Incremental => "incremental",
        }
    }
}

/// Why an operation failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectError {
    /// Error code of the provisioning log: `InvalidAnchor`, `DuplicateTargetEntries` …
    pub code: String,
    /// What happened, with the answer's detail; secrets masked, at most 2 KiB.
    pub message: String,
}

/// One object in one cycle: what the provisioning log keeps.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectRecord {
    /// Joins it with its entry in the log.
    pub change: ChangeId,
    /// When it was finished.
    pub at: Timestamp,
    /// Source object; the target's id as text where the source is gone and unknown.
    pub source_id: SourceId,
    /// User principal name or group display name.
    pub name: String,
    /// Users or groups.
    pub kind: ObjectKind,
    /// What was done.
    pub action: ActionKind,
    /// Why.
    pub reason: Reason,
    /// The account, where there is one.
    pub target_id: Option<TargetId>,
    /// Attributes sent, or attempted.
    pub changes: Vec<AttributeChange>,
    /// Set when `action` is `Fail`.
    pub error: Option<ObjectError>,
    /// Time spent in requests.
    pub duration: Duration,
}

/// Counts of one cycle or plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    counts: [u64; ActionKind::ALL.len()],
    skipped: BTreeMap<&'static str, u64>,
    references: u64,
    reference_failures: u64,
    /// Members of groups that were sent, or tried.
    members: u64,
}

impl Summary {
    /// Counts one object.
    pub fn add(&mut self, action: ActionKind, reason: &Reason) {
        self.counts[Self::index(action)] += 1;
        if action == ActionKind::Skip {
            *self.skipped.entry(reason.code()).or_default() += 1;
        }
    }

    /// How many objects had this action.
    pub fn count(&self, action: ActionKind) -> u64 {
        self.counts[Self::index(action)]
    }

    /// Skipped objects by reason code.
    pub fn skipped(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.skipped.iter().map(|(code, count)| (*code, *count))
    }

    /// Counts one record: an object by its action, a request for references apart.
    pub fn add_record(&mut self, record: &ObjectRecord) {
        if record.reason.is_reference() && record.kind == ObjectKind::Group {
            self.members += record.changes.len() as u64;
        }
        match (record.reason.is_reference(), record.action) {
            (false, action) => self.add(action, &record.reason),
            (true, ActionKind::Fail) => self.reference_failures += 1,
            (true, ActionKind::Skip) => self.add(ActionKind::Skip, &record.reason),
            // The target has it already.
            (true, ActionKind::None) => {}
            (true, _) => self.references += 1,
        }
    }

    /// How many requests for references succeeded.
    pub fn references(&self) -> u64 {
        self.references
    }

    /// How many requests for references failed.
    pub fn reference_failures(&self) -> u64 {
        self.reference_failures
    }

    /// How long the real service would take for the same; `None` where nothing was to be done.
    pub fn estimate(&self) -> Option<Estimate> {
        let count = |actions: &[ActionKind]| actions.iter().map(|action| self.count(*action)).sum();
        let workload = Workload {
            creates: self.count(ActionKind::Create),
            matches: count(&[ActionKind::Update, ActionKind::Disable, ActionKind::Delete, ActionKind::None]),
            others: self.count(ActionKind::Fail) + self.members,
        };
        (workload != Workload::default()).then(|| Estimate::new(&workload))
    }

    /// How many objects were looked at.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Whether nothing was looked at, no reference either.
    pub fn is_empty(&self) -> bool {
        self.total() + self.references + self.reference_failures == 0
    }

    /// How many objects change at the target, and requests for references.
    pub fn writes(&self) -> u64 {
        let actions = ActionKind::ALL.into_iter().filter(|action| action.writes());
        actions.map(|action| self.count(action)).sum::<u64>() + self.references
    }

    /// How many objects failed, and requests for references.
    pub fn failures(&self) -> u64 {
        self.count(ActionKind::Fail) + self.reference_failures
    }

    fn index(action: ActionKind) -> usize {
        ActionKind::ALL.iter().position(|kind| *kind == action).expect("ALL lists every action")
    }
}

/// Requests sent, by method; the test query included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestCounts(BTreeMap<Method, u64>);

impl RequestCounts {
    /// Counts one request.
    pub fn add(&mut self, method: Method) {
        *self.0.entry(method).or_default() += 1;
    }

    /// How many with this method.
    pub fn count(&self, method: Method) -> u64 {
        self.0.get(&method).copied().unwrap_or(0)
    }

    /// All requests.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }
}

/// How a cycle ended.
#[derive(Debug, Clone, PartialEq)]
pub struct CycleReport {
    /// Its id.
    pub id: CycleId,
    /// Initial or incremental.
    pub kind: CycleKind,
    /// When it began.
    pub started: Timestamp,
    /// How long it took by the clock.
    pub duration: Duration,
    /// Objects by action.
    pub summary: Summary,
    /// Requests by method.
    pub requests: RequestCounts,
    /// How often the target wasn't as it was sent; `None` where what was written wasn't verified.
    pub deviations: Option<u64>,
    /// Whether it ran to its end: the watermark moved.
    pub completed: bool,
    /// Set when the job went into quarantine: code and message.
    pub quarantine: Option<ObjectError>,
}

/// What the engine says while it works.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A cycle begins.
    CycleStarted {
        /// Its id.
        id: CycleId,
        /// Initial or incremental.
        kind: CycleKind,
        /// When.
        at: Timestamp,
    },
    /// The export was evaluated; this many objects are to be exported.
    Evaluated {
        /// Objects read.
        objects: u64,
        /// Objects that are new, changed or due.
        due: u64,
    },
    /// One object is done.
    Object(ObjectRecord),
    /// An object of which the last event spoke isn't at the target as it was sent.
    Deviation {
        /// The object.
        source_id: SourceId,
        /// User principal name or group display name.
        name: String,
        /// User or group.
        kind: ObjectKind,
        /// What is otherwise.
        deviation: Deviation,
    },
    /// Something that the user should know.
    Warning(String),
    /// The admin is told that the job needs attention.
    Notification {
        /// Why: `EncounteredQuarantineException`, `TooManyDeletes` …
        reason: String,
        /// What the notification says.
        message: String,
        /// Address of the one who gets it.
        to: String,
    },
    /// The cycle is over.
    CycleEnded(CycleReport),
}

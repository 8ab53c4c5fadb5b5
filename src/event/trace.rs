//! What the provisioning log keeps of one object beside its outcome: the steps, and what went over the wire.

use std::time::Duration;

use uuid::Uuid;

use super::{Attempt, Fact, ObjectError, ObjectRecord, StepStatus};
use crate::base::{CycleId, SourceId, TargetId, Timestamp, guid_of};
use crate::plan::{ActionKind, AttributeChange, Reason, Reference};
use crate::schema::ObjectKind;
use crate::scim::{AttributePath, Method, creation};

/// The number that joins everything about one change of one object in one cycle; support asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChangeId(pub Uuid);

impl ChangeId {
    /// The same cycle, object and operation always give the same id. `operation` keeps several operations on one
    /// object apart.
    pub fn of(cycle: &CycleId, source: &SourceId, operation: &str) -> Self {
        Self(guid_of(format!("{cycle} {source} {operation}").as_bytes()))
    }

    /// The log's id of the event, which belongs to this change alone.
    pub fn event_id(self) -> Uuid {
        guid_of(self.0.as_bytes())
    }
}

impl std::fmt::Display for ChangeId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// How one object was worked on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace {
    /// What happened, in order; nothing for references.
    pub facts: Vec<Fact>,
    /// Every request for the object, in the order in which they were sent.
    pub exchanges: Vec<LoggedExchange>,
    /// Set where it failed.
    pub attempt: Option<Attempt>,
    /// Set after a failure: when it is tried again.
    pub retry: Option<Retry>,
}

/// How often an object has failed, and when it is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Failures so far, at least 1.
    pub failures: u32,
    /// The first cycle from then on tries again.
    pub next: Timestamp,
}

/// A request as the log keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedExchange {
    /// HTTP method.
    pub method: Method,
    /// Path and query after the tenant URL.
    pub path: Box<str>,
    /// HTTP status; `None` when no answer came.
    pub status: Option<u16>,
    /// From the first byte sent to the last byte read.
    pub duration: Duration,
    /// What was sent.
    pub body: LoggedBody,
}

/// The body of a request as the log keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoggedBody {
    /// None was sent, or a value of it isn't to be shown.
    None,
    /// JSON.
    Json(Box<str>),
    /// The creation of this target object with the entry's changes.
    Creation(Box<str>),
}

/// An entry of the provisioning log, as it is read back.
#[derive(Debug, Clone, PartialEq)]
pub struct LogEntry {
    /// Grows from entry to entry.
    pub number: u64,
    /// The cycle; `None` for what was done outside of one.
    pub cycle: Option<CycleId>,
    /// Joins what belongs to one change.
    pub change: ChangeId,
    /// When the object was finished, to the microsecond.
    pub at: Timestamp,
    /// Source object.
    pub source_id: SourceId,
    /// User principal name or group display name.
    pub name: String,
    /// Users or groups.
    pub kind: ObjectKind,
    /// What was done.
    pub action: ActionKind,
    /// Code of the reason.
    pub reason_code: String,
    /// What decided it, where that varies.
    pub reason_detail: Option<String>,
    /// The account, where there is one.
    pub target_id: Option<TargetId>,
    /// Attributes sent, or attempted.
    pub changes: Vec<AttributeChange>,
    /// Why it failed, if it did.
    pub error: Option<ObjectError>,
    /// Time spent in requests, to the microsecond.
    pub duration: Duration,
    /// `None` for entries of versions that kept none.
    pub trace: Option<Trace>,
}

impl LogEntry {
    /// `success`, `failure` or `skipped`.
    pub const fn status(&self) -> StepStatus {
        match self.action {
            ActionKind::Create | ActionKind::Update | ActionKind::Disable | ActionKind::Delete => StepStatus::Success,
            ActionKind::Fail => StepStatus::Failure,
            ActionKind::None | ActionKind::Skip | ActionKind::StagedDelete => StepStatus::Skipped,
        }
    }

    /// What was done, or tried where it failed.
    pub fn attempted(&self) -> ActionKind {
        let attempt = self.trace.as_ref().and_then(|trace| trace.attempt.as_ref());
        attempt.map_or(self.action, |attempt| attempt.action)
    }

    /// An entry that was never stored.
    pub fn of(record: &ObjectRecord, trace: Option<Trace>) -> Self {
        Self {
            number: 0,
            cycle: None,
            change: record.change,
            at: record.at,
            source_id: record.source_id.clone(),
            name: record.name.clone(),
            kind: record.kind,
            action: record.action,
            reason_code: record.reason.code().to_owned(),
            reason_detail: record.reason.detail().map(str::to_owned),
            target_id: record.target_id.clone(),
            changes: record.changes.clone(),
            error: record.error.clone(),
            duration: record.duration,
            trace,
        }
    }

    /// The body of one of its requests as JSON.
    pub fn body(&self, exchange: &LoggedExchange) -> Option<String> {
        match &exchange.body {
            LoggedBody::None => None,
            LoggedBody::Json(body) => Some(body.to_string()),
            LoggedBody::Creation(object) => {
                let value = |change: &AttributeChange| {
                    Some((AttributePath::parse(&change.attribute).ok()?, change.new.clone()?))
                };
                let values: Vec<_> = self.changes.iter().filter_map(value).collect();
                Some(creation(object, values.iter().map(|(path, value)| (path, value.clone()))).to_string())
            }
        }
    }

    /// Whether it is about a reference, not about the object itself.
    pub fn is_reference(&self) -> bool {
        Reason::is_reference_code(&self.reason_code)
    }

    /// Why, as a sentence fragment for people.
    pub fn reason(&self) -> String {
        self.error.as_ref().map_or_else(|| self.decided_because(), |error| error.message.clone())
    }

    /// The reason as a sentence fragment.
    pub(super) fn decided_because(&self) -> String {
        let detail = self.reason_detail.as_deref().unwrap_or_default();
        let known = match self.kind {
            ObjectKind::User => Reason::parse(&self.reason_code, detail, Reference::Manager),
            ObjectKind::Group => {
                let count = self.changes.len().max(1);
                Reason::parse(&self.reason_code, detail, |names| Reference::Members(count, names))
            }
        };
        known.map_or_else(|| format!("{}: {detail}", self.reason_code), |reason| reason.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn change_ids_are_stable_and_differ() {
        let (cycle, source) = (CycleId::new("c"), SourceId::parse("a").unwrap());
        let one = ChangeId::of(&cycle, &source, "");
        assert_eq!(one, ChangeId::of(&cycle, &source, ""));
        assert_ne!(one, ChangeId::of(&cycle, &source, "manager ann set"));
        assert_ne!(one, ChangeId::of(&CycleId::new("d"), &source, ""));
        assert_ne!(one.0, one.event_id());
        assert_eq!(one.0.get_version_num(), 4);
    }
}

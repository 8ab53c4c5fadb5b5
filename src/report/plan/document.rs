//! What a report of a plan is made from.

use std::fmt::Write as _;

use crate::base::{Diagnostic, Digest, Timestamp, grouped};
use crate::event::{CycleKind, Summary};
use crate::plan::{ActionKind, PlannedObject, Reason};
use crate::schema::ObjectKind;
use crate::scim::{Dialect, Method};
use crate::scoping::{DefaultAccess, Scope, ScopePolicy};

/// A plan with what it was made from.
#[derive(Debug, Clone)]
pub struct PlanReport {
    /// Name of the job.
    pub job: String,
    /// Its id.
    pub job_id: String,
    /// Origin and path of the target, or what it is.
    pub target: String,
    /// The mapping's name.
    pub mapping: String,
    /// Who is in scope.
    pub scope: ScopePolicy,
    /// How PATCH is written.
    pub dialect: Dialect,
    /// When the plan was made.
    pub made: Timestamp,
    /// What kind of cycle the next one is.
    pub kind: CycleKind,
    /// Whether the target was taken for empty, and nothing was contacted.
    pub offline: bool,
    /// To whom the plan was narrowed; empty for everybody.
    pub only: Vec<String>,
    /// More disables and deletes than this are held back.
    pub deletion_threshold: Option<u64>,
    /// Digest of all files of the export.
    pub digest: Digest,
    /// The files.
    pub files: Vec<ExportFile>,
    /// What the user was warned of.
    pub warnings: Vec<Diagnostic>,
    /// What an admin should know beside.
    pub notes: Vec<String>,
    /// Objects by action.
    pub summary: Summary,
    /// What would be done, object by object.
    pub objects: Vec<PlannedObject>,
}

/// A file of the export.
#[derive(Debug, Clone)]
pub struct ExportFile {
    /// Its key in the configuration.
    pub source: &'static str,
    /// Its path, as configured.
    pub path: String,
    /// What was recognised.
    pub format: String,
    /// Rows or objects in it.
    pub rows: Option<u64>,
    /// When it was changed last; of several files the latest.
    pub changed: Option<Timestamp>,
}

/// What an entry of a plan is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::report) enum Subject {
    User,
    Group,
    /// The manager of a user.
    Manager,
    /// Members of a group.
    Members,
}

impl Subject {
    pub(super) const ALL: [Self; 4] = [Self::User, Self::Group, Self::Manager, Self::Members];

    pub(super) fn of(object: &PlannedObject) -> Self {
        Self::new(&object.reason_code, object.kind)
    }

    pub(in crate::report) fn new(reason_code: &str, kind: ObjectKind) -> Self {
        match (Reason::is_reference_code(reason_code), kind) {
            (false, ObjectKind::User) => Self::User,
            (false, ObjectKind::Group) => Self::Group,
            (true, ObjectKind::User) => Self::Manager,
            (true, ObjectKind::Group) => Self::Members,
        }
    }

    pub(in crate::report) const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::Manager => "manager",
            Self::Members => "members",
        }
    }

    /// Heads a column of numbers.
    pub(super) const fn plural(self) -> &'static str {
        match self {
            Self::User => "users",
            Self::Group => "groups",
            Self::Manager => "managers",
            Self::Members => "memberships",
        }
    }
}

/// The actions, what needs the most attention first.
pub(in crate::report) const BY_WEIGHT: [ActionKind; 8] = [
    ActionKind::Fail,
    ActionKind::StagedDelete,
    ActionKind::Delete,
    ActionKind::Disable,
    ActionKind::Create,
    ActionKind::Update,
    ActionKind::Skip,
    ActionKind::None,
];

/// Sorts actions, what needs the most attention first.
pub(in crate::report) fn weight(action: ActionKind) -> usize {
    BY_WEIGHT.iter().position(|known| *known == action).unwrap_or(BY_WEIGHT.len())
}

/// An action as a plan says it.
pub(in crate::report) const fn word(action: ActionKind) -> &'static str {
    match action {
        ActionKind::StagedDelete => "hold back",
        ActionKind::None => "unchanged",
        other => other.as_str(),
    }
}

/// The same behind a number: `3 to create`.
pub(super) const fn counted(action: ActionKind) -> &'static str {
    match action {
        ActionKind::Create => "to create",
        ActionKind::Update => "to update",
        ActionKind::Disable => "to disable",
        ActionKind::Delete => "to delete",
        ActionKind::StagedDelete => "held back",
        ActionKind::None => "unchanged",
        ActionKind::Skip => "skipped",
        ActionKind::Fail => "can’t be done",
    }
}

impl PlanReport {
    /// The objects with this action, in the order of the plan.
    pub(super) fn with(&self, action: ActionKind) -> impl Iterator<Item = &PlannedObject> {
        self.objects.iter().filter(move |object| object.action == action)
    }

    /// How many there are of an action and a kind.
    pub(super) fn count(&self, action: ActionKind, subject: Option<Subject>) -> u64 {
        let is_it = |object: &&PlannedObject| subject.is_none_or(|subject| Subject::of(object) == subject);
        self.with(action).filter(is_it).count() as u64
    }

    /// The actions that occur, what needs the most attention first, with how often.
    pub(super) fn actions(&self) -> Vec<(ActionKind, u64)> {
        let counted = BY_WEIGHT.into_iter().map(|action| (action, self.count(action, None)));
        counted.filter(|(_, count)| *count > 0).collect()
    }

    /// What the entries are about.
    pub(super) fn subjects(&self) -> Vec<Subject> {
        let is_there = |subject: &Subject| self.objects.iter().any(|object| Subject::of(object) == *subject);
        Subject::ALL.into_iter().filter(is_there).collect()
    }

    /// `48 changes`, or that there is nothing to do.
    pub(super) fn title(&self) -> String {
        match self.summary.writes() {
            0 => "Nothing to change".to_owned(),
            1 => "1 change".to_owned(),
            changes => format!("{} changes", grouped(changes)),
        }
    }

    /// `46 to create, 2 to update; 20 skipped`.
    pub(super) fn sentence(&self) -> String {
        let parts = self.actions().into_iter().map(|(action, count)| format!("{} {}", grouped(count), counted(action)));
        let parts: Vec<_> = parts.collect();
        if parts.is_empty() { "Nothing is due.".to_owned() } else { format!("{}.", parts.join(", ")) }
    }

    /// That nothing was written, and what else must be known to read it.
    pub(super) fn caveats(&self) -> Vec<String> {
        let mut caveats = vec!["This is a plan: nothing was written.".to_owned()];
        if self.offline {
            caveats.push(
                "Nothing was contacted either: the target is taken for empty, so whoever has an account already is \
                 shown as one to create."
                    .to_owned(),
            );
        }
        if !self.only.is_empty() {
            caveats.push(format!("It is narrowed to {}; others would be provisioned too.", self.only.join(", ")));
        }
        caveats
    }

    /// What was held back, if anything.
    pub(super) fn held_back(&self) -> Option<String> {
        let held = self.count(ActionKind::StagedDelete, None);
        let more = match self.deletion_threshold {
            Some(threshold) => {
                format!("more than the {} that prevent_accidental_deletions lets through at once", grouped(threshold))
            }
            None => "as they were in an earlier cycle".to_owned(),
        };
        (held > 0).then(|| {
            format!(
                "{} {} would be held back, {more}. `scimulate allow-deletes` lets exactly these through.",
                grouped(held),
                if held == 1 { "disable or delete" } else { "disables and deletes" }
            )
        })
    }

    /// The warnings that stand nowhere else.
    pub(super) fn other_warnings(&self) -> impl Iterator<Item = &Diagnostic> {
        // What is held back is told apart, with what lets it through.
        self.warnings.iter().filter(|warning| !warning.message.ends_with("(TooManyDeletes)"))
    }

    /// The requests by method: `46 POST, 2 PATCH`.
    pub(super) fn requests(&self) -> (String, u64) {
        let count = |method: Method| {
            let requests = self.objects.iter().flat_map(|object| &object.requests);
            requests.filter(|request| request.method == method).count() as u64
        };
        let mut text = String::new();
        for method in [Method::Post, Method::Put, Method::Patch, Method::Delete] {
            let number = count(method);
            if number > 0 {
                let comma = if text.is_empty() { "" } else { ", " };
                let _infallible = write!(text, "{comma}{} {method}", grouped(number));
            }
        }
        (if text.is_empty() { "none".to_owned() } else { text }, count(Method::Get))
    }

    /// Who is in scope, by the portal's names.
    pub(super) fn scope_text(&self) -> String {
        match (self.scope.scope, self.scope.default_access) {
            (Scope::All, _) => "Sync all users and groups".to_owned(),
            (Scope::Assigned, DefaultAccess::Exclude) => {
                "Sync only assigned users and groups; Default Access isn’t enough".to_owned()
            }
            (Scope::Assigned, DefaultAccess::Include) => {
                "Sync only assigned users and groups; Default Access is enough".to_owned()
            }
        }
    }
}

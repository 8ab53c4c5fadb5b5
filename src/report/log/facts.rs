//! What is the same for every entry of a job's log.

use uuid::Uuid;

use crate::event::{Fact, LogEntry, logged_value};
use crate::plan::{ActionKind, AttributeChange};
use crate::schema::ObjectKind;

/// Who starts cycles.
pub(super) const INITIATOR: &str = "Azure AD Provisioning Service";

/// The job that a log belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFacts {
    /// `scim.<tenant id, 32 hex>.<service principal id>`; empty for a job that never ran.
    pub job_id: String,
    /// The application's name, or the job's.
    pub application: String,
    /// Target object of the mapping of users: a URN or `User`.
    pub user_object: String,
    /// The same of groups.
    pub group_object: String,
}

impl LogFacts {
    /// Id of the tenant, as the job's id has it.
    pub(super) fn tenant_id(&self) -> String {
        let hex = self.job_id.split('.').nth(1).unwrap_or_default();
        Uuid::try_parse(hex).map_or_else(|_| hex.to_owned(), |id| id.hyphenated().to_string())
    }

    /// Id of the service principal, as the job's id has it.
    pub(super) fn service_principal_id(&self) -> String {
        self.job_id.splitn(3, '.').nth(2).unwrap_or_default().to_owned()
    }

    pub(super) fn target_object(&self, kind: ObjectKind) -> &str {
        match kind {
            ObjectKind::User => &self.user_object,
            ObjectKind::Group => &self.group_object,
        }
    }
}

/// `provisioningAction`.
pub(super) fn action(entry: &LogEntry) -> String {
    portal_action(entry).to_ascii_lowercase()
}

/// The same in the older spelling of downloads.
pub(super) fn portal_action(entry: &LogEntry) -> &'static str {
    match entry.attempted() {
        ActionKind::Create => "Create",
        ActionKind::Update => "Update",
        ActionKind::Disable => "Disable",
        ActionKind::Delete => "Delete",
        ActionKind::StagedDelete => "StagedDelete",
        ActionKind::None | ActionKind::Skip | ActionKind::Fail => "Other",
    }
}

/// What people call the source object: its display name where a mapping reads it.
pub(in crate::report) fn display_name(entry: &LogEntry) -> &str {
    let imported = entry.trace.iter().flat_map(|trace| &trace.facts).find_map(|fact| match fact {
        Fact::Imported { values, .. } => values.iter().find(|(name, _)| &**name == "displayName")?.1.as_deref(),
        _ => None,
    });
    imported.filter(|name| !name.is_empty()).unwrap_or(&entry.name)
}

/// Old and new value of a property; `None` for null.
pub(super) fn values(change: &AttributeChange) -> [Option<String>; 2] {
    [&change.old, &change.new]
        .map(|value| value.as_ref().filter(|value| !value.is_null()).map(|value| logged_value(value).into_owned()))
}

/// Milliseconds, at most what Graph's type holds.
pub(super) fn milliseconds(entry: &LogEntry) -> i32 {
    i32::try_from(entry.duration.as_millis()).unwrap_or(i32::MAX)
}

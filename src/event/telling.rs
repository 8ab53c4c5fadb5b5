//! Makes the steps of the provisioning log of what it keeps.

use std::borrow::Cow;

use serde_json::Value;

use super::{
    Asked, Condition, Detail, Fact, Found, LogEntry, ObjectError, ObjectRecord, ProvisioningStep, StepName, StepStatus,
    StepType,
};
use crate::plan::{ActionKind, AttributeChange};
use crate::schema::ObjectKind;

/// The source as the log names it.
pub const SOURCE: &str = "Microsoft Entra ID";
/// A SCIM endpoint without a connector of its own, as the log names it.
pub const TARGET: &str = "customappsso";
/// The reason for which the scope isn't looked at.
const IMPORT_SKIPPED: &str = "ImportSkipped";

/// Where the scope stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepOrder {
    /// After the account that a link leads to, as the log has it.
    Log,
    /// Before any account, as provision on demand shows it.
    Portal,
}

impl LogEntry {
    /// Whether this text stands anywhere in what is told of it, in any letter case.
    pub fn contains(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let has = |place: &str| place.to_lowercase().contains(&text);
        let value = |value: &Option<Value>| value.as_ref().is_some_and(|value| has(&logged_value(value)));
        has(&self.name)
            || has(&self.source_id.to_string())
            || self.target_id.as_ref().is_some_and(|id| has(id.as_str()))
            || has(&self.reason())
            || has(&self.reason_code)
            || self.error.as_ref().is_some_and(|error| has(&error.code))
            || self.changes.iter().any(|change| has(&change.attribute) || value(&change.old) || value(&change.new))
            || self.trace.iter().flat_map(|trace| &trace.exchanges).any(|exchange| {
                has(&format!("{} {}", exchange.method, exchange.path))
                    || self.body(exchange).is_some_and(|body| has(&body))
            })
            || self.steps(StepOrder::Portal).iter().any(|step| {
                let shown = |text: &Option<String>| text.as_deref().is_some_and(has);
                has(step.name.as_str())
                    || has(&step.description)
                    || step
                        .details
                        .iter()
                        .any(|detail| has(&detail.name) || shown(&detail.value) || shown(&detail.evidence))
            })
    }

    /// Every step. An entry that kept nothing of its way has none.
    pub fn steps(&self, order: StepOrder) -> Vec<ProvisioningStep> {
        let Some(trace) = &self.trace else { return Vec::new() };
        if self.is_reference() || trace.facts.is_empty() {
            return self.of_references();
        }
        let mut steps: Vec<_> = trace.facts.iter().flat_map(|fact| self.told(fact)).collect();
        if self.reason_code == IMPORT_SKIPPED {
            steps.retain(|step| step.kind != StepType::Scoping);
        }
        let is_linked = |step: &ProvisioningStep| step.detail("link").is_some();
        if order == StepOrder::Log
            && let [_, scope, read, ..] = steps.as_mut_slice()
            && scope.kind == StepType::Scoping
            && is_linked(read)
        {
            std::mem::swap(scope, read);
        }
        if !matches!(trace.facts.last(), Some(Fact::LookedUp { found: Found::Failed, .. })) {
            steps.extend(self.ending());
        }
        steps
    }

    /// `User 'ann@contoso.com'`.
    fn who(&self) -> String {
        who(self.kind, &self.name)
    }

    fn told(&self, fact: &Fact) -> Vec<ProvisioningStep> {
        let (kind, success) = (self.kind, StepStatus::Success);
        let id = || Detail::new("objectId", self.source_id.to_string());
        vec![match fact {
            Fact::Imported { known, values } => {
                let name = if *known { StepName::EntryImportUpdate } else { StepName::EntryImportAdd };
                let shown = |(name, value): &(Box<str>, Option<Box<str>>)| Detail {
                    name: Cow::Owned(name.to_string()),
                    value: value.as_deref().map(str::to_owned),
                    evidence: value.is_none().then(|| "not in the export".to_owned()),
                };
                let details = std::iter::once(id()).chain(values.iter().map(shown)).collect();
                let description = received(&self.who(), if *known { "Update" } else { "Add" });
                step(name, StepType::Import, success, description, details)
            }
            Fact::Absent => {
                let description = received(&self.who(), "Delete");
                step(StepName::EntryImportDelete, StepType::Import, success, description, vec![id()])
            }
            Fact::Retried { count, first, next, action } => {
                let modification = match action {
                    ActionKind::Create => "Add",
                    ActionKind::Delete => "Delete",
                    _ => "Update",
                };
                let details = vec![
                    Detail::new("CountProcessed", count.to_string()),
                    Detail::new("CreationTime", first.to_string()),
                    Detail::new("Identifier", self.source_id.to_string()),
                    Detail::new("ModificationType", modification),
                    Detail::new("NextAttempt", next.to_string()),
                    Detail::new("Origin", "Export"),
                    Detail::new("TypeName", "EscrowedEntryDefault"),
                ];
                let description = format!("{} failed before and is tried again", self.who());
                step(StepName::EntryEscrowRetry, StepType::Import, success, description, details)
            }
            Fact::Scoped { in_scope, conditions, clauses } => {
                let mut details: Vec<_> = conditions.iter().zip(titles(kind)).map(condition).collect();
                details.push(Detail::new("ScopeEvaluationResult", if clauses.is_empty() { "{}" } else { clauses }));
                let status = if *in_scope { success } else { StepStatus::Skipped };
                let description = format!("Determine if {kind} in scope by evaluating against each scoping filter");
                step(StepName::EntrySynchronizationScoping, StepType::Scoping, status, description, details)
            }
            Fact::LookedUp { asked, found } => self.looked_up(asked, found),
            Fact::Refused { code, message } => {
                let error = ObjectError { code: code.to_string(), message: message.to_string() };
                return vec![self.decided(ActionKind::Create, ""), self.exported(ActionKind::Create, Some(&error))];
            }
        }]
    }

    fn looked_up(&self, asked: &Asked, found: &Found) -> ProvisioningStep {
        let kind = self.kind;
        let mut details = vec![match asked {
            Asked::Filter(filter) => Detail::new("filter", &**filter),
            Asked::Link(id) => Detail::new("link", &**id),
        }];
        let failure = StepStatus::Failure;
        let (name, status, description) = match found {
            Found::Account(shown) => {
                let detail = |(name, value): &(Box<str>, Box<str>)| Detail::new(name.to_string(), &**value);
                details.extend(shown.iter().map(detail));
                let text = format!("Retrieved {} from {TARGET}", self.who());
                (StepName::EntryImport, StepStatus::Success, text)
            }
            Found::Nothing => {
                let text = format!("No matching {kind} was found in {TARGET}");
                (StepName::EntryImportObjectNotFound, StepStatus::Success, text)
            }
            Found::Gone => {
                let text = format!("The linked {kind} is gone from {TARGET}");
                (StepName::EntryImportObjectNotFound, failure, text)
            }
            Found::Several(ids) => {
                details.push(Detail::new("found", ids.join(", ")));
                (StepName::EntryImport, failure, format!("{} accounts match in {TARGET}", ids.len()))
            }
            Found::Taken(owner) => {
                details.push(Detail::new("linkedTo", &**owner));
                (StepName::EntryImport, failure, format!("The matching account is linked to {owner}"))
            }
            Found::Others(count) => {
                let text = format!("{TARGET} ignores the filter: it answered with {count} other accounts");
                (StepName::EntryImport, failure, text)
            }
            Found::Failed => {
                let error = self.error.as_ref();
                details.extend(error.map(|error| Detail::new("ErrorCode", &*error.code)));
                let why = error.map_or("", |error| &error.message);
                (StepName::EntryImport, failure, format!("Failed to retrieve {} from {TARGET}: {why}", self.who()))
            }
        };
        step(name, StepType::Matching, status, description, details)
    }

    /// What was decided last, and what came of it.
    fn ending(&self) -> Vec<ProvisioningStep> {
        let attempt = self.trace.as_ref().and_then(|trace| trace.attempt.as_ref());
        match (self.action, attempt) {
            (ActionKind::Fail, Some(attempt)) if attempt.sent => {
                vec![self.decided(attempt.action, &attempt.reason), self.exported(attempt.action, self.error.as_ref())]
            }
            (ActionKind::Fail, _) => {
                let code = self.error.as_ref().map_or(&self.reason_code, |error| &error.code);
                let details = vec![Detail::new("ErrorCode", &**code), self.reportable()];
                let description = format!("{} can't be provisioned: {}", self.who(), self.reason());
                let (name, kind) = (StepName::EntrySynchronizationSkip, StepType::Processing);
                vec![step(name, kind, StepStatus::Failure, description, details)]
            }
            (ActionKind::None | ActionKind::Skip | ActionKind::StagedDelete, _) => {
                let details = vec![Detail::new("SkipReason", &*self.reason_code), self.reportable()];
                let description = format!("{} is skipped: {}", self.who(), self.decided_because());
                let (name, kind) = (StepName::EntrySynchronizationSkip, StepType::Processing);
                vec![step(name, kind, StepStatus::Skipped, description, details)]
            }
            (action, _) => vec![self.decided(action, &self.decided_because()), self.exported(action, None)],
        }
    }

    fn reportable(&self) -> Detail {
        Detail::new("ReportableIdentifier", &*self.name)
    }

    fn decided(&self, action: ActionKind, reason: &str) -> ProvisioningStep {
        let (who, kind) = (self.who(), self.kind);
        let (name, description) = match action {
            ActionKind::Create => (
                StepName::EntrySynchronizationAdd,
                format!(
                    "{who} will be created in {TARGET} ({kind} is active and assigned in {SOURCE}, but no matching \
                     {kind} was found in {TARGET})"
                ),
            ),
            ActionKind::Disable => {
                (StepName::EntrySynchronizationUpdate, format!("{who} will be disabled in {TARGET}: {reason}"))
            }
            ActionKind::Delete => {
                (StepName::EntrySynchronizationDelete, format!("{who} will be deleted in {TARGET}: {reason}"))
            }
            _ => (StepName::EntrySynchronizationUpdate, format!("{who} will be updated in {TARGET}: {reason}")),
        };
        step(name, StepType::Matching, StepStatus::Success, description, Vec::new())
    }

    fn exported(&self, action: ActionKind, error: Option<&ObjectError>) -> ProvisioningStep {
        let (name, verb, done) = match action {
            ActionKind::Create => (StepName::EntryExportAdd, "create", "created"),
            ActionKind::Disable => (StepName::EntryExportUpdateSoftDelete, "disable", "disabled"),
            ActionKind::Delete => (StepName::EntryExportDelete, "delete", "deleted"),
            _ => (StepName::EntryExportUpdate, "update", "updated"),
        };
        let mut details = exported_attributes(&self.changes);
        details.push(self.reportable());
        let (status, description) = match error {
            None => (StepStatus::Success, format!("{} was {done} in {TARGET}", self.who())),
            Some(error) => {
                details.push(Detail::new("ErrorCode", &*error.code));
                (StepStatus::Failure, format!("Failed to {verb} {} in {TARGET}: {}", self.who(), error.message))
            }
        };
        step(name, StepType::Export, status, description, details)
    }

    fn of_references(&self) -> Vec<ProvisioningStep> {
        let ids = self.changes.iter().filter_map(|change| change.new.as_ref().or(change.old.as_ref()));
        let mut details = vec![Detail::new("objectId", self.source_id.to_string())];
        if let Some(change) = self.changes.first() {
            details
                .push(Detail::new(change.attribute.to_string(), ids.map(logged_value).collect::<Vec<_>>().join(", ")));
        }
        let description = received(&self.who(), "Update");
        let imported = step(StepName::EntryImportUpdate, StepType::Import, StepStatus::Success, description, details);
        let last = if self.reason_code == "UnableToResolveReferenceAttributeValue" {
            let names = self.reason_detail.as_deref().unwrap_or_default();
            left_out_step(&self.name, names, "without an account, or out of scope")
        } else {
            let because = match self.trace.as_ref().and_then(|trace| trace.attempt.as_ref()) {
                Some(attempt) => attempt.reason.to_string(),
                None => self.decided_because(),
            };
            reference(self.kind, &self.name, &because, &self.changes, self.error.as_ref())
        };
        vec![imported, last]
    }
}

/// The test query failed.
pub fn connection_step(error: &ObjectError) -> ProvisioningStep {
    let kind = StepType::TestConnection;
    let details = vec![Detail::new("ErrorCode", &*error.code)];
    let description = format!("The test query failed: {}", error.message);
    step(StepName::TestConnection, kind, StepStatus::Failure, description, details)
}

/// A request for references: the manager, or members.
pub fn reference_step(record: &ObjectRecord) -> ProvisioningStep {
    reference(record.kind, &record.name, &record.reason.to_string(), &record.changes, record.error.as_ref())
}

fn reference(
    kind: ObjectKind,
    name: &str,
    because: &str,
    changes: &[AttributeChange],
    error: Option<&ObjectError>,
) -> ProvisioningStep {
    let mut details = exported_attributes(changes);
    details.push(Detail::new("ReportableIdentifier", name));
    let what = format!("{} {because}", who(kind, name));
    let (status, description) = match error {
        None => (StepStatus::Success, format!("{what} in {TARGET}")),
        Some(error) => {
            details.push(Detail::new("ErrorCode", &*error.code));
            (StepStatus::Failure, format!("Failed in {TARGET}: {what}: {}", error.message))
        }
    };
    step(StepName::EntryExportUpdate, StepType::ReferenceResolution, status, description, details)
}

/// A reference that isn't sent.
pub fn left_out_step(name: &str, referenced: &str, why: &str) -> ProvisioningStep {
    let details = vec![
        Detail::new("SkipReason", "UnableToResolveReferenceAttributeValue"),
        Detail::new("ReportableIdentifier", name),
    ];
    let description = format!("{referenced} is left out: {why}");
    let kind = StepType::ReferenceResolution;
    step(StepName::EntrySynchronizationSkip, kind, StepStatus::Skipped, description, details)
}

fn step(
    name: StepName,
    kind: StepType,
    status: StepStatus,
    description: String,
    details: Vec<Detail>,
) -> ProvisioningStep {
    ProvisioningStep { name, kind, status, description, details }
}

fn titles(kind: ObjectKind) -> [&'static str; 4] {
    let role = match kind {
        ObjectKind::User => "User has the required role",
        ObjectKind::Group => "Group has the required role",
    };
    ["Active in the source system", "Assigned to the application", role, "Scoping filter evaluation passed"]
}

fn condition((condition, title): (&Condition, &'static str)) -> Detail {
    let value = Some(truth(condition.holds).to_owned());
    Detail { name: Cow::Borrowed(title), value, evidence: Some(condition.evidence.to_string()) }
}

fn who(kind: ObjectKind, name: &str) -> String {
    format!("{kind} '{name}'")
}

fn received(who: &str, change: &str) -> String {
    format!("Received {who} change of type ({change}) from {SOURCE}")
}

/// What was exported; the log's keys lose their dots, those of extensions their colons as well.
fn exported_attributes(changes: &[AttributeChange]) -> Vec<Detail> {
    let key = |name: &str| {
        let name = name.replace('.', "");
        if name.starts_with("urn:") { name.replace(':', "") } else { name }
    };
    changes
        .iter()
        .map(|change| Detail::new(key(&change.attribute), change.new.as_ref().map_or(Cow::Borrowed(""), logged_value)))
        .collect()
}

/// A JSON value as the log writes it: a text as it is, empty for null, booleans as `True` and `False`.
pub fn logged_value(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        Value::Bool(value) => Cow::Borrowed(truth(*value)),
        Value::Null => Cow::Borrowed(""),
        other => Cow::Owned(other.to_string()),
    }
}

const fn truth(holds: bool) -> &'static str {
    if holds { "True" } else { "False" }
}

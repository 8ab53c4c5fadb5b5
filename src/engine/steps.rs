//! Tells the steps of one provisioning operation as it goes on.
//!
//! After Microsoft, *How to analyze the Microsoft Entra provisioning logs*, and recorded entries.

use serde_json::{Map, Value};

use super::lookup::Reply;
use crate::base::SourceId;
use crate::directory::{AttributeNames, AttributeValue, Entitlements, Slot, User};
use crate::event::{
    Detail, LoggedExchange, ObjectError, ObjectRecord, ProvisioningStep, StepName, StepStatus, StepType,
};
use crate::expression::role_name;
use crate::matching::Candidates;
use crate::plan::{
    Action, ActionKind, Answer, AttributeChange, Effect, EscrowSchedule, Failure, Lookup, REDACTED, Reason,
};
use crate::schema::{ObjectKind, ObjectMapping};
use crate::scim::{Request, Resource};
use crate::scoping::{ClauseVerdict, Decision, clause_verdicts};

/// The source as the log names it.
const SOURCE: &str = "Microsoft Entra ID";
/// A SCIM endpoint without a connector of its own, as the log names it.
const TARGET: &str = "customappsso";

/// The detail that names the account that a link leads to.
const LINK: &str = "link";

/// The source attributes that a mapping shows in the log: slot, name, and whether `Redact` hides it.
pub(super) struct Imported<'a> {
    kind: ObjectKind,
    shown: Vec<(Slot, &'a str, bool)>,
}

impl<'a> Imported<'a> {
    pub(super) fn new(mapping: &'a ObjectMapping, names: &'a AttributeNames) -> Self {
        // Members aren't values of a group: each is told of by itself.
        let is_shown =
            |attribute: &str| attribute != "objectId" && !(mapping.kind == ObjectKind::Group && attribute == "members");
        let shown = names.iter().filter(|(_, attribute)| is_shown(attribute)).filter_map(|(slot, attribute)| {
            let mut used = mapping.attributes.iter().filter(|mapping| mapping.slots.contains(&slot)).peekable();
            used.peek()?;
            Some((slot, attribute, used.any(|mapping| mapping.redacted)))
        });
        Self { kind: mapping.kind, shown: shown.collect() }
    }

    /// The object as it was read, with the values that the mappings use.
    pub(super) fn step(&self, user: &User<'_>, name: &str, known: bool) -> ProvisioningStep {
        let (step, change) =
            if known { (StepName::EntryImportUpdate, "Update") } else { (StepName::EntryImportAdd, "Add") };
        let mut details = Vec::with_capacity(self.shown.len() + 1);
        details.push(Detail::new("objectId", user.id.to_string()));
        details.extend(self.shown.iter().map(|(slot, attribute, redacted)| {
            let value = source_text(user, *slot).map(|text| if *redacted { REDACTED.to_owned() } else { text });
            let evidence = value.is_none().then(|| "not in the export".to_owned());
            Detail { name: (*attribute).to_owned().into(), value, evidence }
        }));
        let description = received(&who(self.kind, name), change);
        ProvisioningStep { name: step, kind: StepType::Import, status: StepStatus::Success, description, details }
    }
}

/// The source doesn't have the object any more.
pub(super) fn import_absent(kind: ObjectKind, id: &SourceId, name: &str) -> ProvisioningStep {
    ProvisioningStep {
        name: StepName::EntryImportDelete,
        kind: StepType::Import,
        status: StepStatus::Success,
        description: received(&who(kind, name), "Delete"),
        details: vec![Detail::new("objectId", id.to_string())],
    }
}

/// An object that failed before is tried again as it was.
pub(super) fn import_retried(
    kind: ObjectKind,
    id: &SourceId,
    name: &str,
    failure: &Failure,
    schedule: &EscrowSchedule,
) -> ProvisioningStep {
    let modification = match failure.action {
        ActionKind::Create => "Add",
        ActionKind::Delete => "Delete",
        _ => "Update",
    };
    let next = schedule.next_try(failure.first_at, failure.last_at, failure.count);
    let who = who(kind, name);
    ProvisioningStep {
        name: StepName::EntryEscrowRetry,
        kind: StepType::Import,
        status: StepStatus::Success,
        description: format!("{who} failed before and is tried again"),
        details: vec![
            Detail::new("CountProcessed", failure.count.to_string()),
            Detail::new("CreationTime", failure.first_at.to_string()),
            Detail::new("Identifier", id.to_string()),
            Detail::new("ModificationType", modification),
            Detail::new("NextAttempt", next.to_string()),
            Detail::new("Origin", "Export"),
            Detail::new("TypeName", "EscrowedEntryDefault"),
        ],
    }
}

/// Each condition of the scope with its evidence.
pub(super) fn scope(
    mapping: &ObjectMapping,
    entitlements: &Entitlements,
    user: &User<'_>,
    decision: &Decision,
) -> ProvisioningStep {
    let kind = mapping.kind;
    let explained = decision.explain(kind, entitlements, &mapping.filters);
    let mut details: Vec<_> = explained
        .into_iter()
        .map(|each| Detail {
            name: each.step.into(),
            value: Some(truth(each.holds).to_owned()),
            evidence: Some(each.evidence),
        })
        .collect();
    let result = if mapping.filters.is_empty() {
        "{}".to_owned()
    } else {
        let verdict = |(clause, verdict)| {
            let verdict = match verdict {
                ClauseVerdict::True => Value::Bool(true),
                ClauseVerdict::False => Value::Bool(false),
                ClauseVerdict::Unknown | ClauseVerdict::Undecided => Value::Null,
            };
            (clause, verdict)
        };
        let verdicts = clause_verdicts(&mapping.filters, &user.values);
        Value::Object(verdicts.into_iter().map(verdict).collect::<Map<_, _>>()).to_string()
    };
    details.push(Detail::new("ScopeEvaluationResult", result));
    ProvisioningStep {
        name: StepName::EntrySynchronizationScoping,
        kind: StepType::Scoping,
        status: if decision.in_scope() { StepStatus::Success } else { StepStatus::Skipped },
        description: format!("Determine if {kind} in scope by evaluating against each scoping filter"),
        details,
    }
}

/// Writes the steps of one object as it is worked on, from those of import and scope on.
pub(super) struct Steps<'a> {
    name: Box<str>,
    mapping: &'a ObjectMapping,
    told: Vec<ProvisioningStep>,
    /// Whether a lookup failed, which is the end.
    ended: bool,
}

impl<'a> Steps<'a> {
    /// `None` where nobody wants them: nothing was told of the import.
    pub(super) fn begin(mapping: &'a ObjectMapping, name: &str, told: Vec<ProvisioningStep>) -> Option<Self> {
        (!told.is_empty()).then(|| Self { name: name.into(), mapping, told, ended: false })
    }

    /// The steps in the order of the portal: the scope comes before the account is looked at.
    pub(super) fn finish(self) -> Vec<ProvisioningStep> {
        self.told
    }

    fn push(&mut self, name: StepName, kind: StepType, status: StepStatus, description: String, details: Vec<Detail>) {
        self.told.push(ProvisioningStep { name, kind, status, description, details });
    }

    /// `User 'ann@contoso.com'`.
    fn who(&self) -> String {
        who(self.mapping.kind, &self.name)
    }

    /// Nothing is done.
    pub(super) fn skip(&mut self, reason: &Reason) {
        if matches!(reason, Reason::ImportSkipped(_)) {
            // The scope isn't looked at then.
            self.told.retain(|step| step.kind != StepType::Scoping);
        }
        let details = vec![Detail::new("SkipReason", reason.code()), Detail::new("ReportableIdentifier", &*self.name)];
        let description = format!("{} is skipped: {reason}", self.who());
        self.push(StepName::EntrySynchronizationSkip, StepType::Processing, StepStatus::Skipped, description, details);
    }

    /// What was asked, and what came back.
    pub(super) fn looked_up(&mut self, lookup: &Lookup, answer: &Answer) {
        let mut details = self.asked(lookup);
        let kind = self.mapping.kind;
        let (name, status, description) = match answer {
            Answer::Read(account) | Answer::Matched(Candidates::One(account)) => {
                details.extend(self.account(account));
                (StepName::EntryImport, StepStatus::Success, format!("Retrieved {} from {TARGET}", self.who()))
            }
            Answer::Matched(Candidates::None) => {
                let text = format!("No matching {kind} was found in {TARGET}");
                (StepName::EntryImportObjectNotFound, StepStatus::Success, text)
            }
            Answer::Vanished => {
                let text = format!("The linked {kind} is gone from {TARGET}");
                (StepName::EntryImportObjectNotFound, StepStatus::Failure, text)
            }
            Answer::Matched(Candidates::Several(ids)) => {
                details.push(Detail::new("found", ids.join(", ")));
                (StepName::EntryImport, StepStatus::Failure, format!("{} accounts match in {TARGET}", ids.len()))
            }
            Answer::Matched(Candidates::Taken(owner)) => {
                details.push(Detail::new("linkedTo", owner.as_str()));
                (StepName::EntryImport, StepStatus::Failure, format!("The matching account is linked to {owner}"))
            }
            Answer::Matched(Candidates::FilterIgnored(count)) => {
                let text = format!("{TARGET} ignores the filter: it answered with {count} other accounts");
                (StepName::EntryImport, StepStatus::Failure, text)
            }
            Answer::Conflict { detail, .. } => (StepName::EntryImport, StepStatus::Failure, detail.to_string()),
        };
        self.push(name, StepType::Matching, status, description, details);
    }

    /// What was asked had no usable answer.
    pub(super) fn lookup_failed(&mut self, lookup: &Lookup, code: &str, why: &str) {
        let mut details = self.asked(lookup);
        details.push(Detail::new("ErrorCode", code));
        let description = format!("Failed to retrieve {} from {TARGET}: {why}", self.who());
        self.ended = true;
        self.push(StepName::EntryImport, StepType::Matching, StepStatus::Failure, description, details);
    }

    /// The filter or the id that was asked for.
    fn asked(&self, lookup: &Lookup) -> Vec<Detail> {
        match lookup {
            Lookup::Match(query) => {
                let attribute = &self.mapping.attributes[query.mapping];
                let value = if attribute.redacted { REDACTED } else { &query.value };
                let filter = format!("{} eq {}", attribute.target.name, Value::String(value.to_owned()));
                vec![Detail::new("filter", filter)]
            }
            Lookup::Read(target) => vec![Detail::new(LINK, target.as_str())],
        }
    }

    /// What tells an account from others: its id and the matching attributes.
    fn account(&self, account: &Resource) -> Vec<Detail> {
        let mut details: Vec<_> = account.id().map(|id| Detail::new("id", id)).into_iter().collect();
        let matching = self.mapping.matching.iter().map(|index| &self.mapping.attributes[*index]);
        for attribute in matching.filter(|attribute| !attribute.redacted) {
            let value = attribute.target.path.get(account).map(plain);
            details.extend(value.map(|value| Detail::new(attribute.target.name.clone(), value)));
        }
        if !details.iter().any(|detail| detail.name == "externalId") {
            details.extend(account.get("externalId").map(|value| Detail::new("externalId", plain(value))));
        }
        details
    }

    /// The creation was refused because there is such an account: it is matched again.
    pub(super) fn conflicted(&mut self, action: &Action, code: &str, detail: &str) {
        self.decided(action.kind, action, None);
        self.exported(action.kind, action, Err((code, detail)));
    }

    /// The last decision with what came of it.
    pub(super) fn acted(&mut self, planned: ActionKind, action: &Action, error: Option<&ObjectError>) {
        if self.ended {
            return;
        }
        self.decided(planned, action, error);
        match (&action.effect, error) {
            (Effect::Nothing | Effect::Link(_), _) => {}
            (_, Some(error)) => self.exported(planned, action, Err((&error.code, &error.message))),
            (_, None) => self.exported(planned, action, Ok(())),
        }
    }

    fn decided(&mut self, planned: ActionKind, action: &Action, error: Option<&ObjectError>) {
        let (who, kind) = (self.who(), self.mapping.kind);
        let matching = StepType::Matching;
        let (name, description) = match planned {
            ActionKind::Create => (
                StepName::EntrySynchronizationAdd,
                format!(
                    "{who} will be created in {TARGET} ({kind} is active and assigned in {SOURCE}, but no matching \
                     {kind} was found in {TARGET})"
                ),
            ),
            ActionKind::Update => {
                (StepName::EntrySynchronizationUpdate, format!("{who} will be updated in {TARGET}: {}", action.reason))
            }
            ActionKind::Disable => {
                (StepName::EntrySynchronizationUpdate, format!("{who} will be disabled in {TARGET}: {}", action.reason))
            }
            ActionKind::Delete => {
                (StepName::EntrySynchronizationDelete, format!("{who} will be deleted in {TARGET}: {}", action.reason))
            }
            ActionKind::Fail => {
                let details = vec![
                    Detail::new("ErrorCode", error.map_or(action.reason.code(), |error| error.code.as_str())),
                    Detail::new("ReportableIdentifier", &*self.name),
                ];
                let description = format!("{who} can't be provisioned: {}", action.reason);
                let name = StepName::EntrySynchronizationSkip;
                return self.push(name, StepType::Processing, StepStatus::Failure, description, details);
            }
            ActionKind::None | ActionKind::Skip | ActionKind::StagedDelete => return self.skip(&action.reason),
        };
        self.push(name, matching, StepStatus::Success, description, Vec::new());
    }

    fn exported(&mut self, planned: ActionKind, action: &Action, result: Result<(), (&str, &str)>) {
        let (name, verb, done) = match planned {
            ActionKind::Create => (StepName::EntryExportAdd, "create", "created"),
            ActionKind::Disable => (StepName::EntryExportUpdateSoftDelete, "disable", "disabled"),
            ActionKind::Delete => (StepName::EntryExportDelete, "delete", "deleted"),
            _ => (StepName::EntryExportUpdate, "update", "updated"),
        };
        let mut details = exported_attributes(&action.changes);
        details.push(Detail::new("ReportableIdentifier", &*self.name));
        let (status, description) = match result {
            Ok(()) => (StepStatus::Success, format!("{} was {done} in {TARGET}", self.who())),
            Err((code, message)) => {
                details.push(Detail::new("ErrorCode", code));
                (StepStatus::Failure, format!("Failed to {verb} {} in {TARGET}: {message}", self.who()))
            }
        };
        self.push(name, StepType::Export, status, description, details);
    }
}

/// The test query failed.
pub(super) fn connection(error: &ObjectError) -> ProvisioningStep {
    ProvisioningStep {
        name: StepName::TestConnection,
        kind: StepType::TestConnection,
        status: StepStatus::Failure,
        description: format!("The test query failed: {}", error.message),
        details: vec![Detail::new("ErrorCode", &error.code)],
    }
}

/// A request for references: the manager, or members.
pub(super) fn reference(record: &ObjectRecord) -> ProvisioningStep {
    let mut details = exported_attributes(&record.changes);
    details.push(Detail::new("ReportableIdentifier", &*record.name));
    let what = format!("{} {}", who(record.kind, &record.name), record.reason);
    let (status, description) = match &record.error {
        None => (StepStatus::Success, format!("{what} in {TARGET}")),
        Some(error) => {
            details.push(Detail::new("ErrorCode", &error.code));
            (StepStatus::Failure, format!("Failed in {TARGET}: {what}: {}", error.message))
        }
    };
    ProvisioningStep {
        name: StepName::EntryExportUpdate,
        kind: StepType::ReferenceResolution,
        status,
        description,
        details,
    }
}

/// A reference that isn't sent.
pub(super) fn left_out(name: &str, referenced: &str, why: &str) -> ProvisioningStep {
    ProvisioningStep {
        name: StepName::EntrySynchronizationSkip,
        kind: StepType::ReferenceResolution,
        status: StepStatus::Skipped,
        description: format!("{referenced} is left out: {why}"),
        details: vec![
            Detail::new("SkipReason", "UnableToResolveReferenceAttributeValue"),
            Detail::new("ReportableIdentifier", name),
        ],
    }
}

/// The steps of a record about references, in the order of the log.
pub(super) fn of_references(record: &ObjectRecord) -> Vec<ProvisioningStep> {
    let ids = record.changes.iter().filter_map(|change| change.new.as_ref().or(change.old.as_ref()));
    let mut details = vec![Detail::new("objectId", record.source_id.to_string())];
    if let Some(change) = record.changes.first() {
        details.push(Detail::new(change.attribute.to_string(), ids.map(plain).collect::<Vec<_>>().join(", ")));
    }
    let imported = ProvisioningStep {
        name: StepName::EntryImportUpdate,
        kind: StepType::Import,
        status: StepStatus::Success,
        description: received(&who(record.kind, &record.name), "Update"),
        details,
    };
    let last = match &record.reason {
        Reason::ReferenceLeftOut(reference) => {
            left_out(&record.name, reference.names(), "without an account, or out of scope")
        }
        _ => reference(record),
    };
    vec![imported, last]
}

/// The same steps in the order of the log: the account that a link leads to is read before the scope is told.
pub(super) fn in_log_order(mut steps: Vec<ProvisioningStep>) -> Vec<ProvisioningStep> {
    if let [_, scope, read, ..] = steps.as_mut_slice()
        && scope.kind == StepType::Scoping
        && read.detail(LINK).is_some()
    {
        std::mem::swap(scope, read);
    }
    steps
}

/// The steps of the log in the order of the portal: the scope comes before the account.
pub(super) fn in_portal_order(mut steps: Vec<ProvisioningStep>) -> Vec<ProvisioningStep> {
    if let [_, read, scope, ..] = steps.as_mut_slice()
        && scope.kind == StepType::Scoping
        && read.detail(LINK).is_some()
    {
        std::mem::swap(scope, read);
    }
    steps
}

/// What went over the wire, without the bodies where a value of them isn't to be shown.
pub(super) fn logged(requests: &[Request], replies: &[Reply], mapping: &ObjectMapping) -> Vec<LoggedExchange> {
    let is_redacted = mapping.attributes.iter().any(|attribute| attribute.redacted);
    let one = |(request, reply): (&Request, &Reply)| {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let path = if is_redacted && !query.is_empty() { format!("{path}?{REDACTED}") } else { request.path.clone() };
        let body = request.body.as_ref().filter(|_| !is_redacted);
        LoggedExchange {
            method: request.method,
            path: path.into(),
            status: reply.status,
            duration: reply.duration,
            body: body.map(|body| body.to_string().into()),
        }
    };
    requests.iter().zip(replies).map(one).collect()
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
        .map(|change| Detail::new(key(&change.attribute), change.new.as_ref().map_or_else(String::new, plain)))
        .collect()
}

/// A JSON value as the log writes it.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(value) => truth(*value).to_owned(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

const fn truth(holds: bool) -> &'static str {
    if holds { "True" } else { "False" }
}

/// A source value as the log writes it; `None` where the export doesn't contain it.
fn source_text(user: &User<'_>, slot: Slot) -> Option<String> {
    match &user.values[usize::from(slot.0)] {
        AttributeValue::Unknown => None,
        AttributeValue::Null => Some(String::new()),
        AttributeValue::String(text) => Some(text.to_string()),
        AttributeValue::Bool(value) => Some(truth(*value).to_owned()),
        AttributeValue::Strings(texts) => Some(texts.join(", ")),
        AttributeValue::Roles(roles) => Some(roles.iter().map(|role| role_name(role)).collect::<Vec<_>>().join(", ")),
    }
}

//! The steps of one provisioning operation as data, with the names and types of the provisioning log.
//!
//! After Microsoft, *How to analyze the Microsoft Entra provisioning logs*, and recorded entries.

use serde_json::{Map, Value};

use crate::directory::{AttributeNames, AttributeValue, Entitlements, Slot, User};
use crate::engine::{Due, NamedObject};
use crate::event::{ObjectError, ObjectRecord};
use crate::expression::role_name;
use crate::matching::Candidates;
use crate::plan::{
    Action, ActionKind, Answer, AttributeChange, Effect, Lookup, PlanContext, REDACTED, Reason, Step, plan_one,
};
use crate::schema::{ObjectKind, ObjectMapping};
use crate::scim::Resource;
use crate::scoping::{ClauseVerdict, Decision, clause_verdicts};

/// The source as the log names it.
const SOURCE: &str = "Microsoft Entra ID";
/// A SCIM endpoint without a connector of its own, as the log names it.
const TARGET: &str = "customappsso";

/// One step, as the provisioning log has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvisioningStep {
    /// `EntryImportAdd`, `EntrySynchronizationScoping` …
    pub name: &'static str,
    /// What kind of step it is.
    pub kind: StepType,
    /// How it ended.
    pub status: StepStatus,
    /// One sentence for people, without a full stop.
    pub description: String,
    /// What it looked at, or what it did.
    pub details: Vec<Detail>,
}

/// `provisioningStepType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepType {
    /// The test query; the log has no such step.
    TestConnection,
    /// The object is read from the source.
    Import,
    /// It is decided whether the object is in scope.
    Scoping,
    /// Its account is looked for.
    Matching,
    /// It is decided what is to be done.
    Processing,
    /// References to other objects.
    ReferenceResolution,
    /// Something is written to the target.
    Export,
}

impl StepType {
    /// The word of the log: `import`, `referenceResolution` …
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TestConnection => "testConnection",
            Self::Import => "import",
            Self::Scoping => "scoping",
            Self::Matching => "matching",
            Self::Processing => "processing",
            Self::ReferenceResolution => "referenceResolution",
            Self::Export => "export",
        }
    }
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepStatus {
    /// As it should.
    Success,
    /// Nothing was to be done, or nothing may be done.
    Skipped,
    /// It failed.
    Failure,
}

impl StepStatus {
    /// The word of the log: `success`, `skipped`, `failure`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Skipped => "skipped",
            Self::Failure => "failure",
        }
    }
}

/// One thing that a step looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// What it is.
    pub name: String,
    /// Its value as text, empty for null; `None` where the export doesn't contain it.
    pub value: Option<String>,
    /// Why it is so, where that isn't plain; the log has no such thing.
    pub evidence: Option<String>,
}

impl Detail {
    fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: Some(value.into()), evidence: None }
    }
}

/// Writes the steps of one object.
pub(super) struct Steps<'a> {
    object: &'a NamedObject,
    mapping: &'a ObjectMapping,
    names: &'a AttributeNames,
    entitlements: &'a Entitlements,
    told: Vec<ProvisioningStep>,
}

impl<'a> Steps<'a> {
    pub(super) const fn new(
        object: &'a NamedObject,
        mapping: &'a ObjectMapping,
        names: &'a AttributeNames,
        entitlements: &'a Entitlements,
    ) -> Self {
        Self { object, mapping, names, entitlements, told: Vec::new() }
    }

    pub(super) const fn mapping(&self) -> &'a ObjectMapping {
        self.mapping
    }

    pub(super) fn finish(self) -> Vec<ProvisioningStep> {
        self.told
    }

    fn push(
        &mut self,
        name: &'static str,
        kind: StepType,
        status: StepStatus,
        description: String,
        details: Vec<Detail>,
    ) {
        self.told.push(ProvisioningStep { name, kind, status, description, details });
    }

    /// `User 'ann@contoso.com'`.
    fn who(&self) -> String {
        who(self.object)
    }

    /// The source attributes that the mappings use.
    pub(super) fn import(&mut self, user: &User<'_>, known: bool) {
        let (name, change) = if known { ("EntryImportUpdate", "Update") } else { ("EntryImportAdd", "Add") };
        let mut details = vec![Detail::new("objectId", user.id.to_string())];
        // Members aren't values of a group: those that were named are told of by themselves.
        let is_shown = |attribute: &str| {
            attribute != "objectId" && !(self.object.kind == ObjectKind::Group && attribute == "members")
        };
        for (slot, attribute) in self.names.iter().filter(|(_, attribute)| is_shown(attribute)) {
            let mut used = self.mapping.attributes.iter().filter(|mapping| mapping.slots.contains(&slot)).peekable();
            if used.peek().is_none() {
                continue;
            }
            let redacted = used.any(|mapping| mapping.redacted);
            let value = source_text(user, slot).map(|text| if redacted { REDACTED.to_owned() } else { text });
            let evidence = value.is_none().then(|| "not in the export".to_owned());
            details.push(Detail { name: attribute.to_owned(), value, evidence });
        }
        let description = format!("Received {} change of type ({change}) from {SOURCE}", self.who());
        self.push(name, StepType::Import, StepStatus::Success, description, details);
    }

    /// The source doesn't have the object any more.
    pub(super) fn import_absent(&mut self) {
        let details = vec![Detail::new("objectId", self.object.id.to_string())];
        let description = format!("Received {} change of type (Delete) from {SOURCE}", self.who());
        self.push("EntryImportDelete", StepType::Import, StepStatus::Success, description, details);
    }

    /// Each condition with its evidence.
    pub(super) fn scope(&mut self, user: &User<'_>, decision: &Decision) {
        let kind = self.object.kind;
        let explained = decision.explain(kind, self.entitlements, &self.mapping.filters);
        let mut details: Vec<_> = explained
            .into_iter()
            .map(|each| Detail {
                name: each.step.to_owned(),
                value: Some(truth(each.holds).to_owned()),
                evidence: Some(each.evidence),
            })
            .collect();
        let verdicts = clause_verdicts(&self.mapping.filters, &user.values);
        let verdict = |(clause, verdict)| {
            let verdict = match verdict {
                ClauseVerdict::True => Value::Bool(true),
                ClauseVerdict::False => Value::Bool(false),
                ClauseVerdict::Unknown | ClauseVerdict::Undecided => Value::Null,
            };
            (clause, verdict)
        };
        let result: Map<String, Value> = verdicts.into_iter().map(verdict).collect();
        details.push(Detail::new("ScopeEvaluationResult", Value::Object(result).to_string()));
        let status = if decision.in_scope() { StepStatus::Success } else { StepStatus::Skipped };
        let description = format!("Determine if {kind} in scope by evaluating against each scoping filter");
        self.push("EntrySynchronizationScoping", StepType::Scoping, status, description, details);
    }

    /// Nothing is done.
    pub(super) fn skip(&mut self, reason: &Reason) {
        let details =
            vec![Detail::new("SkipReason", reason.code()), Detail::new("ReportableIdentifier", &self.object.name)];
        let description = format!("{} is skipped: {reason}", self.who());
        self.push("EntrySynchronizationSkip", StepType::Processing, StepStatus::Skipped, description, details);
    }

    /// What was asked and answered, what followed from it, and what came of it. The planner is a pure function:
    /// given the same answers it says again what it said then.
    pub(super) fn answers(&mut self, context: &PlanContext<'_>, due: &Due, answers: &[Answer], record: &ObjectRecord) {
        for known in 0..=answers.len() {
            let next = answers.get(known);
            match (plan_one(context, &due.subject, due.prior.as_ref(), &answers[..known]), next) {
                (Step::Need(lookup), Some(answer)) => self.looked_up(&lookup, answer),
                (Step::Need(lookup), None) => self.lookup_failed(&lookup, record),
                // The creation was refused because there is such an account: it is matched again.
                (Step::Act(action), Some(Answer::Conflict { code, detail })) => {
                    self.decided(&action, None);
                    self.exported(&action, Err((code, detail)));
                }
                (Step::Act(action), _) => self.acted(&action, record),
            }
        }
    }

    fn looked_up(&mut self, lookup: &Lookup, answer: &Answer) {
        let mut details = self.asked(lookup);
        let kind = self.object.kind;
        let (name, status, description) = match answer {
            Answer::Read(account) | Answer::Matched(Candidates::One(account)) => {
                details.extend(self.account(account));
                ("EntryImport", StepStatus::Success, format!("Retrieved {} from {TARGET}", self.who()))
            }
            Answer::Matched(Candidates::None) => {
                let text = format!("No matching {kind} was found in {TARGET}");
                ("EntryImportObjectNotFound", StepStatus::Success, text)
            }
            Answer::Vanished => {
                let text = format!("The linked {kind} is gone from {TARGET}");
                ("EntryImportObjectNotFound", StepStatus::Failure, text)
            }
            Answer::Matched(Candidates::Several(ids)) => {
                details.push(Detail::new("found", ids.join(", ")));
                ("EntryImport", StepStatus::Failure, format!("{} accounts match in {TARGET}", ids.len()))
            }
            Answer::Matched(Candidates::Taken(owner)) => {
                details.push(Detail::new("linkedTo", owner));
                ("EntryImport", StepStatus::Failure, format!("The matching account is linked to {owner}"))
            }
            Answer::Matched(Candidates::FilterIgnored(count)) => {
                let text = format!("{TARGET} ignores the filter: it answered with {count} other accounts");
                ("EntryImport", StepStatus::Failure, text)
            }
            Answer::Conflict { detail, .. } => ("EntryImport", StepStatus::Failure, detail.to_string()),
        };
        self.push(name, StepType::Matching, status, description, details);
    }

    fn lookup_failed(&mut self, lookup: &Lookup, record: &ObjectRecord) {
        let mut details = self.asked(lookup);
        let why = record.error.as_ref().map_or("", |error| {
            details.push(Detail::new("ErrorCode", &error.code));
            &error.message
        });
        let description = format!("Failed to retrieve {} from {TARGET}: {why}", self.who());
        self.push("EntryImport", StepType::Matching, StepStatus::Failure, description, details);
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
            Lookup::Read(target) => vec![Detail::new("link", target.as_str())],
        }
    }

    /// What tells an account from others: its id and the matching attributes.
    fn account(&self, account: &Resource) -> Vec<Detail> {
        let mut details: Vec<_> = account.id().map(|id| Detail::new("id", id)).into_iter().collect();
        let matching = self.mapping.matching.iter().map(|index| &self.mapping.attributes[*index]);
        for attribute in matching.filter(|attribute| !attribute.redacted) {
            let value = attribute.target.path.get(account).map(plain);
            details.extend(value.map(|value| Detail::new(&attribute.target.name, value)));
        }
        if !details.iter().any(|detail| detail.name == "externalId") {
            details.extend(account.get("externalId").map(|value| Detail::new("externalId", plain(value))));
        }
        details
    }

    /// The last decision with what came of it.
    fn acted(&mut self, action: &Action, record: &ObjectRecord) {
        self.decided(action, record.error.as_ref());
        match (&action.effect, &record.error) {
            (Effect::Nothing | Effect::Link(_), _) => {}
            (_, Some(error)) => self.exported(action, Err((&error.code, &error.message))),
            (_, None) => self.exported(action, Ok(())),
        }
    }

    fn decided(&mut self, action: &Action, error: Option<&ObjectError>) {
        let (who, kind) = (self.who(), self.object.kind);
        let matching = StepType::Matching;
        let (name, description) = match action.kind {
            ActionKind::Create => (
                "EntrySynchronizationAdd",
                format!(
                    "{who} will be created in {TARGET} ({kind} is active and assigned in {SOURCE}, but no matching \
                     {kind} was found in {TARGET})"
                ),
            ),
            ActionKind::Update => {
                ("EntrySynchronizationUpdate", format!("{who} will be updated in {TARGET}: {}", action.reason))
            }
            ActionKind::Disable => {
                ("EntrySynchronizationUpdate", format!("{who} will be disabled in {TARGET}: {}", action.reason))
            }
            ActionKind::Delete => {
                ("EntrySynchronizationDelete", format!("{who} will be deleted in {TARGET}: {}", action.reason))
            }
            ActionKind::Fail => {
                let details = vec![
                    Detail::new("ErrorCode", error.map_or(action.reason.code(), |error| &error.code)),
                    Detail::new("ReportableIdentifier", &self.object.name),
                ];
                let description = format!("{who} can't be provisioned: {}", action.reason);
                let name = "EntrySynchronizationSkip";
                return self.push(name, StepType::Processing, StepStatus::Failure, description, details);
            }
            ActionKind::None | ActionKind::Skip | ActionKind::StagedDelete => return self.skip(&action.reason),
        };
        self.push(name, matching, StepStatus::Success, description, Vec::new());
    }

    fn exported(&mut self, action: &Action, result: Result<(), (&str, &str)>) {
        let (name, verb, done) = match action.kind {
            ActionKind::Create => ("EntryExportAdd", "create", "created"),
            ActionKind::Disable => ("EntryExportUpdateSoftDelete", "disable", "disabled"),
            ActionKind::Delete => ("EntryExportDelete", "delete", "deleted"),
            _ => ("EntryExportUpdate", "update", "updated"),
        };
        let mut details = exported_attributes(&action.changes);
        details.push(Detail::new("ReportableIdentifier", &self.object.name));
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
        name: "TestConnection",
        kind: StepType::TestConnection,
        status: StepStatus::Failure,
        description: format!("The test query failed: {}", error.message),
        details: vec![Detail::new("ErrorCode", &error.code)],
    }
}

/// A request for references: the manager, or members.
pub(super) fn reference(object: &NamedObject, record: &ObjectRecord) -> ProvisioningStep {
    let mut details = exported_attributes(&record.changes);
    details.push(Detail::new("ReportableIdentifier", &object.name));
    let what = format!("{} {}", who(object), record.reason);
    let (status, description) = match &record.error {
        None => (StepStatus::Success, format!("{what} in {TARGET}")),
        Some(error) => {
            details.push(Detail::new("ErrorCode", &error.code));
            (StepStatus::Failure, format!("Failed in {TARGET}: {what}: {}", error.message))
        }
    };
    ProvisioningStep { name: "EntryExportUpdate", kind: StepType::ReferenceResolution, status, description, details }
}

/// A reference that isn't sent.
pub(super) fn left_out(object: &NamedObject, referenced: &str, why: &str) -> ProvisioningStep {
    ProvisioningStep {
        name: "EntrySynchronizationSkip",
        kind: StepType::ReferenceResolution,
        status: StepStatus::Skipped,
        description: format!("{referenced} is left out: {why}"),
        details: vec![
            Detail::new("SkipReason", "UnableToResolveReferenceAttributeValue"),
            Detail::new("ReportableIdentifier", &object.name),
        ],
    }
}

fn who(object: &NamedObject) -> String {
    format!("{} '{}'", object.kind, object.name)
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

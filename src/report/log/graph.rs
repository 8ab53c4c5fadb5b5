//! Graph's `provisioningObjectSummary` (v1.0).

use serde_json::{Map, Value, json};

use super::advice::advice;
use super::facts::{INITIATOR, LogFacts, action, display_name, milliseconds, values};
use crate::base::{CycleId, TargetId};
use crate::event::{LogEntry, ProvisioningStep, SOURCE, StepOrder, TARGET};
use crate::plan::AttributeChange;
use crate::schema::ObjectKind;

/// One entry as Graph's `GET /auditLogs/provisioning` has it. `cycleId` is null for what was done on demand.
pub fn graph(entry: &LogEntry, facts: &LogFacts) -> Value {
    let information = advice(entry).map(|advice| {
        json!({
            "errorCode": advice.code,
            "reason": advice.reason,
            "additionalDetails": advice.details,
            "errorCategory": advice.category.as_str(),
            "recommendedAction": advice.action,
        })
    });
    let principal = facts.service_principal_id();
    json!({
        "id": entry.change.event_id().to_string(),
        "activityDateTime": entry.at.to_string(),
        "tenantId": facts.tenant_id(),
        "jobId": facts.job_id,
        "cycleId": entry.cycle.as_ref().map(CycleId::as_str),
        "changeId": entry.change.to_string(),
        "provisioningAction": action(entry),
        "durationInMilliseconds": milliseconds(entry),
        "servicePrincipal": { "id": principal, "displayName": facts.application },
        "sourceSystem": { "id": facts.tenant_id(), "displayName": SOURCE, "details": {} },
        "targetSystem": {
            "id": principal,
            "displayName": TARGET,
            "details": {
                "ApplicationId": "",
                "ServicePrincipalId": principal,
                "ServicePrincipalDisplayName": facts.application,
            },
        },
        "initiatedBy": { "id": "", "displayName": INITIATOR, "initiatorType": "system" },
        "sourceIdentity": {
            "id": entry.source_id.to_string(),
            "displayName": display_name(entry),
            "identityType": entry.kind.as_str(),
            "details": source_details(entry),
        },
        "targetIdentity": {
            "id": entry.target_id.as_ref().map_or("", TargetId::as_str),
            "displayName": "",
            "identityType": facts.target_object(entry.kind),
            "details": {},
        },
        "provisioningStatusInfo": { "status": entry.status().as_str(), "errorInformation": information },
        "provisioningSteps": steps(entry).iter().map(step).collect::<Vec<_>>(),
        "modifiedProperties": entry.changes.iter().map(property).collect::<Vec<_>>(),
    })
}

pub(super) fn steps(entry: &LogEntry) -> Vec<ProvisioningStep> {
    entry.steps(StepOrder::Log)
}

pub(super) fn source_details(entry: &LogEntry) -> Value {
    let mut details = json!({
        "id": entry.source_id.to_string(),
        "odatatype": entry.kind.as_str(),
        "DisplayName": display_name(entry),
    });
    if entry.kind == ObjectKind::User {
        details["UserPrincipalName"] = json!(entry.name);
    }
    details
}

fn step(step: &ProvisioningStep) -> Value {
    json!({
        "name": step.name.as_str(),
        "provisioningStepType": step.kind.as_str(),
        "status": step.status.as_str(),
        "description": step.description,
        "details": step_details(step),
    })
}

/// Every value is a text; what the export doesn't contain is `None`, as the service writes it.
pub(super) fn step_details(step: &ProvisioningStep) -> Map<String, Value> {
    let value = |value: &Option<String>| json!(value.as_deref().unwrap_or("None"));
    step.details.iter().map(|detail| (detail.name.to_string(), value(&detail.value))).collect()
}

pub(super) fn property(change: &AttributeChange) -> Value {
    let [old, new] = values(change);
    json!({ "displayName": &*change.attribute, "oldValue": old, "newValue": new })
}

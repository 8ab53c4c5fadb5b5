//! The record that diagnostic settings send to Azure Monitor, an event hub or a storage account.

use serde_json::{Value, json};

use super::advice::advice;
use super::facts::{INITIATOR, LogFacts, action, display_name, milliseconds, portal_action};
use super::graph::{property, source_details, step_details, steps};
use crate::base::{CycleId, TargetId};
use crate::event::{LogEntry, SOURCE, StepStatus, TARGET};

/// One entry in its envelope. Identities are spelt in `PascalCase` there, types and status of steps are numbers.
pub fn azure_monitor(entry: &LogEntry, facts: &LogFacts) -> Value {
    let advice = advice(entry);
    let tenant = facts.tenant_id();
    let principal = facts.service_principal_id();
    let result = match entry.status() {
        StepStatus::Success => "Success",
        StepStatus::Failure => "Failure",
        StepStatus::Skipped => "Skipped",
    };
    let information = advice.as_ref().map(|advice| {
        json!({
            "ErrorCode": advice.code,
            "Reason": advice.reason,
            "AdditionalDetails": advice.details,
            "ErrorCategory": advice.category.as_str(),
            "RecommendedAction": advice.action,
        })
    });
    let steps = steps(entry);
    let steps = steps.iter().map(|step| {
        json!({
            "name": step.name.as_str(),
            "provisioningStepType": step.kind as u8,
            "status": step.status as u8,
            "description": step.description,
            "details": step_details(step),
        })
    });
    let properties = entry.changes.iter().map(property);
    json!({
        "time": entry.at.to_string(),
        "resourceId": format!("/tenants/{tenant}/providers/Microsoft.aadiam"),
        "operationName": "Provisioning activity",
        "operationVersion": "1.0",
        "category": "ProvisioningLogs",
        "tenantId": tenant,
        "resultType": result,
        "resultSignature": advice.as_ref().map_or("None", |advice| &advice.code),
        "resultDescription": advice.as_ref().map_or("", |advice| &advice.reason),
        "durationMs": milliseconds(entry),
        "correlationId": entry.change.to_string(),
        "identity": entry.change.event_id().to_string(),
        "Level": 4,
        "properties": {
            "id": entry.change.event_id().to_string(),
            "activityDateTime": entry.at.to_string(),
            "tenantId": tenant,
            "jobId": facts.job_id,
            "cycleId": entry.cycle.as_ref().map(CycleId::as_str),
            "changeId": entry.change.to_string(),
            "action": portal_action(entry),
            "provisioningAction": action(entry),
            "durationInMilliseconds": milliseconds(entry),
            "initiatedBy": { "Id": "", "Name": INITIATOR, "Type": "system" },
            "servicePrincipal": { "Id": principal, "Name": facts.application },
            "sourceSystem": { "Id": tenant, "Name": SOURCE, "Details": {} },
            "targetSystem": {
                "Id": principal,
                "Name": TARGET,
                "Details": {
                    "ApplicationId": "",
                    "ServicePrincipalId": principal,
                    "ServicePrincipalDisplayName": facts.application,
                },
            },
            "sourceIdentity": {
                "Id": entry.source_id.to_string(),
                "Name": display_name(entry),
                "Type": entry.kind.as_str(),
                "Details": source_details(entry),
            },
            "targetIdentity": {
                "Id": entry.target_id.as_ref().map_or("", TargetId::as_str),
                "Name": "",
                "Type": facts.target_object(entry.kind),
                "Details": {},
            },
            "provisioningStatusInfo": { "Status": entry.status().as_str(), "errorInformation": information },
            "statusInfo": { "Status": entry.status() as u8 },
            "provisioningSteps": steps.collect::<Vec<_>>(),
            "modifiedProperties": properties.collect::<Vec<_>>(),
        },
    })
}

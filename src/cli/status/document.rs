//! The job as JSON: Graph's `synchronizationJob`, with keys of our own beside it.
//!
//! The names are those of Graph's resources `synchronizationJob`, `synchronizationSchedule`, `synchronizationStatus`,
//! `synchronizationTaskExecution`, `synchronizationProgress` and `synchronizationQuarantine`. What a simulator can't
//! know is null.

use serde_json::{Value, json};

use super::{CYCLES, Snapshot, ended};
use crate::base::Timestamp;
use crate::cli::job::signed;
use crate::event::CycleKind;
use crate::plan::ActionKind;
use crate::report::FORMAT_VERSION;
use crate::schema::ObjectKind;
use crate::store::{CycleEnd, CycleRow, JobState};

/// `{"formatVersion", "job", "cycles"}`.
pub(super) fn document(snapshot: &Snapshot) -> Value {
    let Snapshot { job, totals, binding, .. } = snapshot;
    let quarantine = match &job.state {
        JobState::Quarantine { reason, message, since, .. } => {
            json!({ "reason": reason, "message": message, "since": since.to_string() })
        }
        _ => Value::Null,
    };
    let allowed = snapshot.staged.iter().filter(|object| object.staged.is_allowed(snapshot.now));
    json!({
        "formatVersion": FORMAT_VERSION,
        "job": {
            "id": binding.as_ref().map(|binding| binding.job_id.as_str()),
            "templateId": snapshot.template,
            "schedule": {
                "expiration": null,
                "interval": signed(snapshot.interval).to_string(),
                "state": match &job.state {
                    JobState::Paused => "Paused",
                    JobState::Disabled => "Disabled",
                    JobState::NotRun | JobState::Active | JobState::Quarantine { .. } => "Active",
                },
            },
            "status": status(snapshot),
            "synchronizationJobSettings": [],
            "name": snapshot.name,
            "state": job.state.as_str(),
            "target": binding.as_ref().map(|binding| &binding.target),
            "tenant": binding.as_ref().and_then(|binding| binding.tenant.as_ref()),
            "quarantine": quarantine,
            "linked": totals.linked,
            "failing": totals.failing,
            "failingSince": time(totals.failing_since),
            "staged": snapshot.staged.len(),
            "allowed": allowed.count(),
            "watermark": time(snapshot.watermark),
            "nextCycle": time(snapshot.next_cycle()),
        },
        "cycles": snapshot.cycles.iter().take(CYCLES).map(cycle).collect::<Vec<_>>(),
    })
}

fn time(instant: Option<Timestamp>) -> Option<String> {
    instant.map(|instant| instant.to_string())
}

fn status(snapshot: &Snapshot) -> Value {
    let Snapshot { job, totals, cycles, .. } = snapshot;
    let execution = |wanted: fn(&CycleEnd) -> bool| {
        let mut ended = cycles.iter().filter_map(|cycle| cycle.end.as_ref().map(|end| (cycle, end)));
        ended.find(|(_, end)| wanted(end)).map(|(cycle, end)| execution(cycle, end))
    };
    let progress = snapshot.running().and_then(|cycle| cycle.progress).map(|progress| {
        json!({
            "completedUnits": progress.done,
            "progressObservationDateTime": snapshot.now.to_string(),
            "totalUnits": progress.due,
            "units": "objects",
            "percent": progress.percent(),
            "users": progress.done.saturating_sub(snapshot.groups_done),
            "groups": snapshot.groups_done,
        })
    });
    let linked = [(ObjectKind::User, totals.linked_users()), (ObjectKind::Group, totals.linked_groups)];
    json!({
        "code": match &job.state {
            JobState::NotRun => "NotRun",
            JobState::Active => "Active",
            JobState::Paused | JobState::Disabled => "Paused",
            JobState::Quarantine { .. } => "Quarantine",
        },
        "countSuccessiveCompleteFailures": job.failures_in_a_row,
        "escrowsPruned": job.escrows_pruned,
        "lastExecution": execution(|_| true),
        "lastSuccessfulExecution": execution(|end| result(end) == "Succeeded"),
        "lastSuccessfulExecutionWithExports": execution(|end| result(end) == "Succeeded" && end.writes() > 0),
        "progress": progress.into_iter().collect::<Vec<_>>(),
        "quarantine": quarantine(snapshot),
        "steadyStateFirstAchievedTime": time(job.steady_first),
        "steadyStateLastAchievedTime": time(job.steady_last),
        "synchronizedEntryCountByType":
            linked.map(|(kind, count)| json!({ "key": kind.as_str(), "value": count })),
        "troubleshootingUrl": null,
    })
}

/// A quarantine that was imposed again is one of a series; it began with the first.
fn quarantine(snapshot: &Snapshot) -> Value {
    let JobState::Quarantine { reason, message, since, attempts, next_attempt } = &snapshot.job.state else {
        return Value::Null;
    };
    let last = snapshot.cycles.iter().find_map(|cycle| {
        let end = cycle.end.as_ref().filter(|end| end.quarantine.is_some())?;
        Some((ended(cycle, end), end.quarantine.as_ref()?))
    });
    let (code, text) = last.map_or((reason, message), |(_, error)| (&error.code, &error.message));
    json!({
        "currentBegan": last.map_or(*since, |(ended, _)| ended).to_string(),
        "error": { "code": code, "message": text, "tenantActionable": true },
        "nextAttempt": next_attempt.to_string(),
        "reason": reason,
        "seriesBegan": since.to_string(),
        "seriesCount": attempts,
    })
}

fn result(end: &CycleEnd) -> &'static str {
    if end.quarantine.is_some() || !end.completed {
        "Failed"
    } else if end.failures() > 0 {
        "EntryLevelErrors"
    } else {
        "Succeeded"
    }
}

fn execution(cycle: &CycleRow, end: &CycleEnd) -> Value {
    let failed = end.count(ActionKind::Fail);
    let imported: u64 = end.actions.values().sum();
    json!({
        "activityIdentifier": cycle.start.id.as_str(),
        "countEntitled": null,
        "countEntitledForProvisioning": null,
        "countEscrowed": failed,
        "countEscrowedRaw": end.failures(),
        "countExported": end.objects_written(),
        "countExports": end.objects_written() + failed + end.count(ActionKind::StagedDelete),
        "countImported": imported,
        "countImportedDeltas": if cycle.start.kind == CycleKind::Incremental { imported } else { 0 },
        "countImportedReferenceDeltas": null,
        "error": end.quarantine.as_ref().map(
            |error| json!({ "code": error.code, "message": error.message, "tenantActionable": true })
        ),
        "state": result(end),
        "timeBegan": cycle.start.started.to_string(),
        "timeEnded": ended(cycle, end).to_string(),
    })
}

fn cycle(cycle: &CycleRow) -> Value {
    let end = cycle.end.as_ref();
    json!({
        "id": cycle.start.id.as_str(),
        "kind": cycle.start.kind.as_str(),
        "startedAt": cycle.start.started.to_string(),
        "durationMs": end.map(|end| u64::try_from(end.duration.as_millis()).unwrap_or(u64::MAX)),
        "completed": end.is_some_and(|end| end.completed),
        "actions": end.map(|end| &end.actions),
        "requests": end.map(|end| &end.requests),
        "references": end.map(|end| end.references),
        "referenceFailures": end.map(|end| end.reference_failures),
        "quarantine": end.and_then(|end| end.quarantine.as_ref()).map(
            |error| json!({ "code": error.code, "message": error.message })
        ),
        "progress": cycle.progress.map(|progress| json!({ "done": progress.done, "due": progress.due })),
    })
}

//! From the state of a job to what its report is made from.

use std::ops::ControlFlow;
use std::path::Path;

use anyhow::anyhow;

use crate::base::{Diagnostic, Timestamp};
use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::cli::job::{Job, Narrowed};
use crate::cli::runtime::Interrupt;
use crate::cli::status::Snapshot;
use crate::config::{Settings, Tenant};
use crate::engine::{IN_SCOPE, RuleGroup, explain_everyone};
use crate::plan::ActionKind;
use crate::report::{
    JobReport, LogOverview, Narrowing, ReportedCycle, ReportedEnd, ReportedScope, ReportedState, ScopeGroup,
    ScopeSource, quarantines,
};
use crate::store::{CycleRow, JobState, LogQuery, Store};

/// Everything but the objects, which are read as they are written.
pub(super) fn report(
    settings: &Settings,
    store: Option<&Store>,
    snapshot: Snapshot,
    narrowed: Narrowing,
    interrupt: &Interrupt,
    context: &Context,
) -> Result<JobReport, Error> {
    let log = overview(store, &narrowed, interrupt)?;
    let scope = match store {
        Some(store) => scope(settings, store, &log, snapshot.now, context),
        None => ReportedScope::new(ScopeSource::Export, Vec::new()),
    };
    let state = match store {
        Some(_) => state(&snapshot),
        None => ReportedState::NotRun,
    };
    let running = snapshot.running().map(|cycle| cycle.start.id.clone());
    let cycles = snapshot.cycles.iter().map(|row| cycle(row, running.as_ref() == Some(&row.start.id)));
    let mut cycles: Vec<_> = cycles.collect();
    let quarantines = quarantines(&cycles, &state);
    cycles.retain(|cycle| match &narrowed {
        Narrowing::Nothing => true,
        Narrowing::Cycle(id) => cycle.id == *id,
        Narrowing::Since(since) => cycle.started >= *since,
    });
    let next_cycle = snapshot.next_cycle();
    let Snapshot { job, totals, binding, staged, now, .. } = snapshot;
    let (job_id, tenant) = binding.map_or((None, None), |binding| (Some(binding.job_id.to_string()), binding.tenant));
    Ok(JobReport {
        job: settings.job.clone(),
        job_id,
        target: match &settings.target.tenant {
            Tenant::Embedded { .. } => "the built-in endpoint".to_owned(),
            Tenant::Remote(url) => url.to_string(),
        },
        tenant,
        made: now,
        state,
        under_way: snapshot.holder.map(|holder| holder.since),
        linked_users: totals.linked_users(),
        linked_groups: totals.linked_groups,
        failing: totals.failing,
        failing_since: totals.failing_since,
        held_back: staged.len() as u64,
        allowed: staged.iter().filter(|object| object.staged.is_allowed(now)).count() as u64,
        watermark: snapshot.watermark,
        steady: job.steady_first.zip(job.steady_last),
        next_cycle,
        narrowed,
        cycles,
        quarantines,
        scope,
        log,
    })
}

fn state(snapshot: &Snapshot) -> ReportedState {
    match &snapshot.job.state {
        JobState::NotRun => ReportedState::NotRun,
        JobState::Active => ReportedState::Active,
        JobState::Paused => ReportedState::Paused,
        JobState::Disabled => ReportedState::Disabled(snapshot.why_disabled()),
        JobState::Quarantine { reason, message, since, attempts, next_attempt } => ReportedState::Quarantine {
            reason: reason.clone(),
            message: message.clone(),
            since: *since,
            attempts: *attempts,
            next_attempt: snapshot.due(*next_attempt),
        },
    }
}

fn cycle(row: &CycleRow, under_way: bool) -> ReportedCycle {
    let end = row.end.as_ref().map(|end| ReportedEnd {
        duration: end.duration,
        completed: end.completed,
        actions: ActionKind::ALL
            .into_iter()
            .map(|action| (action, end.count(action)))
            .filter(|(_, count)| *count > 0)
            .collect(),
        references: end.references,
        reference_failures: end.reference_failures,
        requests: end.requests.iter().map(|(method, count)| (method.clone(), *count)).collect(),
        quarantine: end.quarantine.clone(),
    });
    let start = &row.start;
    ReportedCycle { id: start.id.clone(), kind: start.kind, started: start.started, end, under_way }
}

/// Goes through the log once, the latest entry first.
fn overview(store: Option<&Store>, narrowed: &Narrowing, interrupt: &Interrupt) -> Result<LogOverview, Error> {
    let mut log = LogOverview::default();
    let Some(store) = store else { return Ok(log) };
    let query = match narrowed {
        Narrowing::Nothing => LogQuery::default(),
        Narrowing::Cycle(id) => LogQuery { cycle: Some(id.clone()), ..LogQuery::default() },
        Narrowing::Since(since) => LogQuery { since: Some(*since), ..LogQuery::default() },
    };
    store.each_log_entry(&LogQuery { latest_first: true, ..query }, &mut |entry| {
        log.add(&entry);
        if interrupt.exit().is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    interrupt.exit().map_or(Ok(log), |exit| Err(Error::new(exit, anyhow!("interrupted"))))
}

/// Who is in scope: by the export where it can be read, else as the log says.
fn scope(settings: &Settings, store: &Store, log: &LogOverview, now: Timestamp, context: &Context) -> ReportedScope {
    let everyone = || -> Result<Vec<RuleGroup>, Error> {
        let job = Job::from_settings(settings.clone(), Narrowed::default(), context)?;
        let export = job.open_export_at(now, context)?;
        store.check(&job.binding(&export))?;
        let everyone = explain_everyone(&job.policy, &job.rules, &export, Some(store), now)?;
        if let Some(warning) = everyone.warning {
            context.printer.diagnostic(&Diagnostic::warning(warning));
        }
        Ok(everyone.groups)
    };
    let group = |group: RuleGroup| ScopeGroup {
        in_scope: group.code == IN_SCOPE,
        code: group.code.to_owned(),
        rule: group.rule,
        kind: group.kind,
        objects: group.objects,
    };
    match everyone() {
        Ok(groups) => ReportedScope::new(ScopeSource::Export, groups.into_iter().map(group).collect()),
        Err(error) => {
            let why = error.diagnostics().into_iter().next().map_or_else(String::new, |first| told(first, settings));
            let text = format!("the export can't be read, so who is in scope is told as the log says: {why}");
            context.printer.diagnostic(&Diagnostic::warning(text));
            log.scope(format!("the export can't be read now ({why})"))
        }
    }
}

/// What is wrong with the export. The file is told as it stands in the configuration: nobody else's business is where
/// that lies.
fn told(mut diagnostic: Diagnostic, settings: &Settings) -> String {
    let short = |file: String| {
        let inside = Path::new(&file).strip_prefix(&settings.config_dir).map(|inside| inside.display().to_string());
        inside.unwrap_or(file)
    };
    diagnostic.file = diagnostic.file.map(short);
    diagnostic.to_string()
}

//! `scimulate status`.

use serde_json::{Value, json};

use super::context::Context;
use super::error::Error;
use super::exit::Exit;
use super::table::{Align, table};
use crate::plan::ActionKind;
use crate::report::{FORMAT_VERSION, dim, heading};
use crate::store::{CycleRow, JobState, Store};

/// Shows the state of the job: its cycles, links, failures that wait, and the lock
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Cycles that are listed.
const CYCLES: usize = 10;

/// Runs the command.
pub(crate) fn run(_args: &Args, context: &Context) -> Result<Exit, Error> {
    let settings = context.settings()?;
    let Some(store) = Store::open_existing(&settings.state_dir, &settings.job)? else {
        if context.printer.is_human() {
            context.printer.line(format_args!("The job \"{}\" has not run yet.", settings.job))?;
        } else {
            let job = json!({ "id": null, "name": settings.job, "state": JobState::NotRun.as_str() });
            context.printer.json(&json!({ "formatVersion": FORMAT_VERSION, "job": job, "cycles": [] }))?;
        }
        return Ok(Exit::Done);
    };
    let state = store.job_state()?;
    let held = matches!(state, JobState::Quarantine { .. } | JobState::Paused | JobState::Disabled);
    if context.printer.is_human() {
        print(&store, &settings.job, &state, context)?;
    } else {
        context.printer.json(&document(&store, &settings.job, &state)?)?;
    }
    Ok(if held { Exit::JobHeld } else { Exit::Done })
}

fn print(store: &Store, name: &str, state: &JobState, context: &Context) -> Result<(), Error> {
    let printer = &context.printer;
    printer.line(format_args!("{} {name}: {}", heading("Job"), state.as_str()))?;
    if let JobState::Quarantine { reason, message, since, .. } = state {
        printer.line(format_args!("  {reason} since {since:.0}: {message}"))?;
    }
    if let Some(binding) = store.binding()? {
        let tenant = binding.tenant.as_deref().unwrap_or("not known");
        printer.line(dim(format_args!("  {}\n  target {}, tenant {tenant}", binding.job_id, binding.target)))?;
    }
    let totals = store.totals()?;
    printer.line(format_args!("  {} linked, {} waiting after a failure", totals.linked, totals.failing))?;
    match store.watermark()? {
        Some(watermark) => {
            printer.line(format_args!("  watermark {:.0}: the next cycle is incremental", watermark.ended))?;
        }
        None => printer.line("  no watermark: the next cycle is initial")?,
    }
    let holder = store.lock_holder();
    if let Some(holder) = &holder {
        printer.line(format_args!("  a cycle is under way: process {} since {:.0}", holder.pid, holder.since))?;
    }
    printer.line(format_args!("\n{}", heading("Last cycles")))?;
    let cycles = store.cycles(CYCLES)?;
    let rows: Vec<_> = cycles.iter().enumerate().map(|(at, cycle)| row(cycle, at == 0 && holder.is_some())).collect();
    printer.text(&table(&[Align::Left, Align::Left, Align::Right, Align::Left], &rows))?;
    Ok(())
}

fn row(cycle: &CycleRow, under_way: bool) -> Vec<String> {
    let begun = format!("  {:.0}", cycle.start.started);
    let kind = cycle.start.kind.as_str().to_owned();
    let Some(end) = &cycle.end else {
        let how = if under_way { "under way" } else { "cut off" };
        return vec![begun, kind, String::new(), how.to_owned()];
    };
    let actions = ActionKind::ALL.into_iter().filter(|action| end.count(*action) > 0);
    let counts: Vec<_> = actions.map(|action| format!("{} {}", end.count(action), action.as_str())).collect();
    let counts = if counts.is_empty() { "nothing to do".to_owned() } else { counts.join(", ") };
    let how = match (&end.quarantine, end.completed) {
        (Some(error), _) => format!("quarantine: {}", error.code),
        (None, false) => format!("{counts} (not finished)"),
        (None, true) => counts,
    };
    vec![begun, kind, format!("{:.1} s", end.duration.as_secs_f64()), how]
}

fn document(store: &Store, name: &str, state: &JobState) -> Result<Value, Error> {
    let binding = store.binding()?;
    let totals = store.totals()?;
    let quarantine = match state {
        JobState::Quarantine { reason, message, since, .. } => {
            json!({ "reason": reason, "message": message, "since": since.to_string() })
        }
        _ => Value::Null,
    };
    let cycles: Vec<_> = store
        .cycles(CYCLES)?
        .iter()
        .map(|cycle| {
            json!({
                "id": cycle.start.id.as_str(),
                "kind": cycle.start.kind.as_str(),
                "startedAt": cycle.start.started.to_string(),
                "durationMs": cycle.end.as_ref().map(|end| u64::try_from(end.duration.as_millis()).unwrap_or(u64::MAX)),
                "completed": cycle.end.as_ref().is_some_and(|end| end.completed),
                "actions": cycle.end.as_ref().map(|end| &end.actions),
                "requests": cycle.end.as_ref().map(|end| &end.requests),
            })
        })
        .collect();
    Ok(json!({
        "formatVersion": FORMAT_VERSION,
        "job": {
            "id": binding.as_ref().map(|binding| binding.job_id.as_str()),
            "name": name,
            "state": state.as_str(),
            "target": binding.as_ref().map(|binding| &binding.target),
            "tenant": binding.as_ref().and_then(|binding| binding.tenant.as_ref()),
            "quarantine": quarantine,
            "linked": totals.linked,
            "failing": totals.failing,
            "watermark": store.watermark()?.map(|watermark| watermark.ended.to_string()),
        },
        "cycles": cycles,
    }))
}

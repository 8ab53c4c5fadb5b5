//! Every object with its entries in the log.

use rustc_hash::FxHashMap;
use serde::Serialize;

use super::super::JobReport;
use super::super::document::{EntryOf, ReportedCycle};
use super::super::overview::LoggedObject;
use crate::base::{CycleId, grouped};
use crate::event::{LogEntry, StepOrder, StepStatus};
use crate::plan::AttributeChange;
use crate::report::log::{advice, display_name, shown_details};
use crate::report::page::{ChangeView, ExchangeView, Facet, Frame, Listed, ObjectList, Row};
use crate::report::plan::{rule, word};
use crate::report::prose::{instant, one_line, printable, sentence, time};

/// What was done outside of cycles, as a filter has it.
const ON_DEMAND: &str = "on demand";

/// What `entries.html` is given.
#[derive(Serialize)]
struct Inside {
    ids: Vec<(&'static str, String)>,
    latest: Option<EntryView>,
    older: Vec<EntryView>,
    /// How many aren't shown; empty for none.
    left_out: String,
    /// What shows them.
    command: String,
}

/// What `entry.html` is given.
#[derive(Serialize)]
struct EntryView {
    class: &'static str,
    word: &'static str,
    at: String,
    /// Cycle, change and time in requests.
    facts: Vec<(&'static str, String)>,
    reason: String,
    code: String,
    retry: String,
    advice: Option<&'static str>,
    steps: Vec<StepView>,
    /// Why there are none.
    without_steps: Option<&'static str>,
    changes: Vec<ChangeView>,
    requests: Vec<ExchangeView>,
}

#[derive(Serialize)]
struct StepView {
    name: &'static str,
    kind: &'static str,
    status: &'static str,
    description: String,
    details: Vec<(String, Option<String>, Option<String>)>,
}

/// The list, made object by object.
pub(super) fn list(report: &JobReport, order: &[usize], frame: &Frame, entry: &mut EntryOf<'_>) -> Listed {
    let names: FxHashMap<&CycleId, String> = report.cycles.iter().map(|cycle| (&cycle.id, name(cycle))).collect();
    let of_entry = |entry: &LogEntry| match &entry.cycle {
        None => ON_DEMAND.to_owned(),
        Some(cycle) => names.get(cycle).cloned().unwrap_or_else(|| cycle.to_string()),
    };
    let offered = report.cycles.iter().map(name).chain([ON_DEMAND.to_owned()]);
    let mut list = ObjectList::of(order.len())
        .and_by(Facet::new("Status", "status"))
        .and_by(Facet::ordered("Cycle", "cycle", offered));
    for place in order {
        let object = &report.log.objects()[*place];
        let entries: Vec<LogEntry> = object.entries.iter().filter_map(|number| entry(*number)).collect();
        let Some(latest) = entries.first() else {
            list.push_with(&cleared(object), &[&[], &[]], "<div class=\"inside\"></div>");
            continue;
        };
        let mut cycles: Vec<String> = entries.iter().map(of_entry).collect();
        cycles.dedup();
        let cycles: Vec<&str> = cycles.iter().map(String::as_str).collect();
        let (why, source) = (why(latest), latest.source_id.to_string());
        let shown = display_name(latest);
        let note = match entries.len() as u64 + object.left_out {
            1 => String::new(),
            entries => format!("{} entries", grouped(entries)),
        };
        let row = Row {
            class: latest.action.as_str(),
            action: word(latest.action),
            name: &latest.name,
            kind: object.subject.as_str(),
            reason: &why,
            rule: &rule_of(latest),
            note: &note,
            ids: &[
                // The name of most is another already.
                if shown == latest.name { "" } else { shown },
                &source,
                latest.target_id.as_ref().map_or("", |id| id.as_str()),
                &latest.reason_code,
                latest.error.as_ref().map_or("", |error| error.code.as_str()),
            ],
            failed: latest.status() == StepStatus::Failure,
        };
        let inside = frame.render("entries.html", inside(object, &entries, &of_entry));
        list.push_with(&row, &[&[latest.status().as_str()], &cycles], &inside);
    }
    list.finish()
}

/// An object whose entries were cleared in this very moment: others count on its row.
fn cleared(object: &LoggedObject) -> Row<'_> {
    Row {
        class: object.action.as_str(),
        action: word(object.action),
        name: &object.name,
        kind: object.subject.as_str(),
        reason: "its entries were cleared while this was made",
        rule: "",
        note: "",
        ids: &[],
        failed: false,
    }
}

/// A cycle as the filter names it.
fn name(cycle: &ReportedCycle) -> String {
    instant(cycle.started)
}

/// Why, with the code of an error.
fn why(entry: &LogEntry) -> String {
    match &entry.error {
        Some(error) => format!("{}: {}", error.code, error.message),
        None => entry.reason(),
    }
}

/// What decided; of a request that failed the error's code.
fn rule_of(entry: &LogEntry) -> String {
    match &entry.error {
        Some(error) if entry.reason_code == "RequestFailed" => error.code.clone(),
        _ => rule(&entry.reason_code, &entry.reason()).into_owned(),
    }
}

fn inside(object: &LoggedObject, entries: &[LogEntry], cycle: &dyn Fn(&LogEntry) -> String) -> Inside {
    let mut views = entries.iter().map(|entry| view(entry, cycle));
    let latest = views.next();
    let account = entries.iter().find_map(|entry| entry.target_id.as_ref());
    let account = account.map(|id| ("Account", one_line(id.as_str())));
    Inside {
        ids: [Some(("Source object", one_line(&object.source_id.to_string()))), account]
            .into_iter()
            .flatten()
            .collect(),
        latest,
        older: views.collect(),
        left_out: if object.left_out == 0 { String::new() } else { grouped(object.left_out) },
        command: format!("scimulate logs {}", object.source_id),
    }
}

fn view(entry: &LogEntry, cycle: &dyn Fn(&LogEntry) -> String) -> EntryView {
    let advice = advice(entry);
    let step = |step: crate::event::ProvisioningStep| StepView {
        name: step.name.as_str(),
        kind: step.kind.as_str(),
        status: step.status.as_str(),
        description: one_line(&step.description),
        details: shown_details(&step)
            .map(|detail| {
                let value = detail.value.as_deref().map(printable);
                (one_line(&detail.name), value, detail.evidence.as_deref().map(one_line))
            })
            .collect(),
    };
    let change = |change: &AttributeChange| ChangeView::new(&change.attribute, [&change.old, &change.new]);
    let exchanges = entry.trace.iter().flat_map(|trace| &trace.exchanges);
    EntryView {
        class: entry.action.as_str(),
        word: word(entry.action),
        at: instant(entry.at),
        facts: vec![
            ("Cycle", cycle(entry)),
            ("In requests", time(entry.duration)),
            ("Change id", entry.change.to_string()),
        ],
        reason: sentence(&one_line(&entry.reason())),
        code: one_line(entry.error.as_ref().map_or(&entry.reason_code, |error| &error.code)),
        retry: advice.as_ref().map_or_else(String::new, |advice| advice.details.clone()),
        advice: advice.and_then(|advice| advice.action),
        steps: entry.steps(StepOrder::Portal).into_iter().map(step).collect(),
        without_steps: entry.trace.is_none().then_some("An earlier version logged this without its steps."),
        changes: entry.changes.iter().map(change).collect(),
        requests: exchanges.map(|exchange| ExchangeView::logged(exchange, entry.body(exchange).as_deref())).collect(),
    }
}

//! A plan as Markdown for the comment of a pull request: what comes of it in a table, then each action folded away.
//!
//! GitHub takes no comment of more than 65,536 characters. So values are shortened, of each action so many objects are
//! listed as there is room for, and what is left out is counted.

use std::fmt::Write as _;

use super::document::{PlanReport, Subject, counted, word};
use super::rule::by_rule;
use crate::base::grouped;
use crate::plan::{ActionKind, AttributeChange, PlannedObject, Reason};
use crate::report::markdown::{escaped, prose, span};
use crate::report::prose::{cut, one_line, sentence};
use crate::report::{before_after, count, plan_estimate, symbol};

/// What GitHub takes, less a margin for what a workflow puts around it. Counted in UTF-16, the longest of the ways in which
/// characters can be counted.
const ROOM: usize = 65_536 - 1_536;
/// So many objects of an action are listed where there is room.
const LISTED: usize = 100;
/// So many of those whom one rule skips are named.
const NAMED: usize = 20;
/// So many warnings are told.
const WARNINGS: usize = 20;
/// As much of a name, a value or a reason is shown, in characters.
const COLUMNS: usize = 160;

/// The plan as a comment.
pub fn plan_markdown(report: &PlanReport) -> String {
    let mut text = String::new();
    let signs = match () {
        () if report.count(ActionKind::Fail, None) > 0 => "❌",
        () if report.count(ActionKind::StagedDelete, None) > 0 => "⚠️",
        () => "📋",
    };
    let _infallible = writeln!(text, "## {signs} Provisioning plan: {}\n", report.title().to_lowercase());
    let _infallible = writeln!(
        text,
        "Job {} → {}, {} cycle. {}\n",
        short(&report.job),
        if report.target.contains("://") { short(&report.target) } else { cut_prose(&report.target, COLUMNS) },
        report.kind.as_str(),
        cut_prose(&report.caveats().join(" "), 4 * COLUMNS),
    );
    table(&mut text, report);
    if let Some(estimate) = plan_estimate(report.kind, &report.summary) {
        let _infallible = writeln!(text, "{}\n", escaped(&estimate));
    }
    if let Some(held) = report.held_back() {
        let _infallible = writeln!(text, "> [!WARNING]\n> {}\n", prose(&held));
    }
    warnings(&mut text, report);
    let end = format!(
        "Made {:.0} by scimulate {} from the export with SHA-256 `{}`.\n",
        report.made,
        env!("CARGO_PKG_VERSION"),
        report.digest
    );
    let sections: Vec<_> = report.actions();
    for (index, (action, number)) in sections.iter().enumerate() {
        let left = ROOM.saturating_sub(length(&text) + length(&end));
        let room = left / (sections.len() - index);
        text.push_str(&section(report, *action, *number, room));
    }
    text.push_str(&end);
    text
}

fn table(text: &mut String, report: &PlanReport) {
    let subjects = report.subjects();
    if subjects.is_empty() {
        text.push_str("Nothing is due.\n\n");
        return;
    }
    let names: Vec<_> = subjects.iter().map(|subject| subject.plural()).collect();
    let _infallible = writeln!(text, "| | {} |\n| --- |{}", names.join(" | "), " ---: |".repeat(subjects.len()));
    for (action, _) in report.actions() {
        let count = |subject: &Subject| match report.count(action, Some(*subject)) {
            0 => String::new(),
            count => grouped(count),
        };
        let counts = subjects.iter().map(count).collect::<Vec<_>>().join(" | ");
        let _infallible = writeln!(text, "| `{}` {} | {counts} |", symbol(action), word(action));
    }
    text.push('\n');
}

fn warnings(text: &mut String, report: &PlanReport) {
    let told = report.other_warnings().map(ToString::to_string).chain(report.notes.iter().cloned());
    let told: Vec<String> = told.collect();
    if told.is_empty() {
        return;
    }
    let _infallible = writeln!(text, "**Warnings**\n");
    for warning in told.iter().take(WARNINGS) {
        let _infallible = writeln!(text, "* {}", cut_prose(&sentence(&one_line(warning)), 2 * COLUMNS));
    }
    if let Some(more) = told.len().checked_sub(WARNINGS).filter(|more| *more > 0) {
        let _infallible = writeln!(text, "* … and {more} more");
    }
    text.push('\n');
}

/// Ends what is folded.
const END: &str = "\n</details>\n\n";

/// One action, folded, in no more than this room.
fn section(report: &PlanReport, action: ActionKind, number: u64, room: usize) -> String {
    let mut text = format!("<details><summary>{} {}</summary>\n\n", grouped(number), counted(action));
    let entries: Vec<(String, u64)> = match action {
        ActionKind::Skip | ActionKind::None => by_rule(report.with(action))
            .iter()
            .map(|group| (rule_entry(&group.rule, &group.objects), group.objects.len() as u64))
            .collect(),
        _ => report.with(action).take(LISTED).map(|object| (entry(object), 1)).collect(),
    };
    let mut told = 0;
    let mut used = length(&text) + END.len() + length(&more(number));
    for (entry, objects) in &entries {
        used += length(entry);
        if used > room {
            break;
        }
        text.push_str(entry);
        told += objects;
    }
    if told < number {
        text.push_str(&more(number - told));
    }
    text + END
}

fn more(count: u64) -> String {
    format!("* … and {} more; `scimulate plan --report html=FILE` shows all\n", grouped(count))
}

fn entry(object: &PlannedObject) -> String {
    let about = match Subject::of(object) {
        Subject::User => String::new(),
        subject => format!("{} ", subject.as_str()),
    };
    let (name, reason) = (short(&object.name), cut_prose(&object.reason, COLUMNS));
    if object.action == ActionKind::Create && object.reason_code == Reason::NoMatch.code() {
        // What is to be said of nearly all of them is said by the heading.
        return match object.changes.len() as u64 {
            0 => format!("* {about}{name}\n"),
            changes => format!("* {about}{name} ({})\n", count(changes, "attribute")),
        };
    }
    let mut text = format!("* {about}{name}: {reason}\n");
    for change in &object.changes {
        let AttributeChange { attribute, .. } = change;
        let _infallible = writeln!(text, "  * {}: {}", short(attribute), short(&before_after(change)));
    }
    text
}

fn rule_entry(rule: &str, objects: &[&PlannedObject]) -> String {
    let names: Vec<_> = objects.iter().take(NAMED).map(|object| short(&object.name)).collect();
    let more = match objects.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {} more", grouped(more as u64)),
    };
    let count = grouped(objects.len() as u64);
    format!("* {count} × {}: {}{more}\n", cut_prose(rule, COLUMNS), names.join(", "))
}

/// As code, shortened.
fn short(text: &str) -> String {
    span(&cut(&one_line(text), COLUMNS))
}

fn cut_prose(text: &str, columns: usize) -> String {
    prose(&cut(&one_line(text), columns))
}

fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

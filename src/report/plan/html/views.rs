//! What the templates are given.

use rustc_hash::FxHashMap;
use serde::Serialize;

use super::super::document::{ExportFile, PlanReport, Subject, counted, weight, word};
use super::super::rule::{Group, by_rule, rule};
use crate::base::{Diagnostic, grouped};
use crate::plan::{ActionKind, AttributeChange, PlannedObject};
use crate::report::page::{
    Bar, ChangeView, ExchangeView, Frame, Key, LONGEST, Listed, ObjectList, ObjectsView, PRINTED, Row, RuleView,
    has_pattern,
};
use crate::report::prose::{instant, one_line, sentence};
use crate::report::{count, plan_estimate};
use crate::scim::Dialect;

#[derive(Serialize)]
pub(super) struct Page {
    title: String,
    verdict: &'static str,
    job: String,
    target: String,
    sentence: String,
    caveats: Vec<String>,
    facts: Vec<(&'static str, String)>,
    bar: Bar,
    kinds: Vec<&'static str>,
    table: Vec<TableRow>,
    estimate: Option<String>,
    held_back: Option<String>,
    warnings: Vec<Warning>,
    notes: Vec<String>,
    rules: Vec<Rules>,
    written: Vec<Written>,
    objects_title: &'static str,
    objects: ObjectsView,
    without_script: &'static str,
    prints_all: bool,
    files: Vec<FileView>,
    digest: String,
}

#[derive(Serialize)]
struct TableRow {
    action: &'static str,
    word: &'static str,
    counts: Vec<String>,
}

#[derive(Serialize)]
struct Warning {
    message: String,
    hint: Option<String>,
}

/// Objects with one action, by what decided.
#[derive(Serialize)]
struct Rules {
    id: &'static str,
    title: &'static str,
    groups: Vec<RuleView>,
}

/// An attribute, and of how many objects it would be written.
#[derive(Serialize)]
struct Written {
    attribute: String,
    count: String,
    width: f64,
}

#[derive(Serialize)]
struct FileView {
    source: &'static str,
    path: String,
    format: String,
    rows: String,
    changed: String,
}

/// What `object.html` is given.
#[derive(Serialize)]
struct Inside {
    ids: Vec<(&'static str, String)>,
    has_before: bool,
    changes: Vec<ChangeView>,
    unknown: Vec<String>,
    requests: Vec<ExchangeView>,
}

/// Everything that the page shows.
pub(super) fn page(report: &PlanReport, frame: &Frame) -> Page {
    let mut ordered: Vec<&PlannedObject> = report.objects.iter().collect();
    ordered.sort_by_key(|object| weight(object.action));
    let subjects = report.subjects();
    let mut listed = objects(&ordered, frame);
    Page {
        title: report.title(),
        verdict: verdict(report),
        job: one_line(&report.job),
        target: one_line(&report.target),
        sentence: report.sentence(),
        caveats: report.caveats().iter().map(|text| one_line(text)).collect(),
        facts: facts(report),
        bar: bar(report),
        kinds: if subjects.len() > 1 { subjects.iter().map(|subject| subject.plural()).collect() } else { Vec::new() },
        table: if subjects.len() > 1 { table(report, &subjects) } else { Vec::new() },
        estimate: plan_estimate(report.kind, &report.summary),
        held_back: report.held_back(),
        warnings: report.other_warnings().map(warning).collect(),
        notes: report.notes.iter().map(|note| one_line(note)).collect(),
        rules: rules(report, &ordered, &mut listed),
        written: written(report),
        objects_title: "Every object",
        objects: listed.view(),
        without_script: "`scimulate plan --show-requests` shows the same in a terminal, `--only NAME` of one object.",
        prints_all: report.objects.len() <= PRINTED,
        files: report.files.iter().map(file).collect(),
        digest: report.digest.to_string(),
    }
}

fn verdict(report: &PlanReport) -> &'static str {
    let has = |action| report.count(action, None) > 0;
    match () {
        () if has(ActionKind::Fail) => "failing",
        () if has(ActionKind::StagedDelete) => "held",
        () => "plain",
    }
}

fn facts(report: &PlanReport) -> Vec<(&'static str, String)> {
    let (writes, reads) = report.requests();
    let dialect = match report.dialect {
        Dialect::Scim => "the service’s own",
        Dialect::Compliant => "aadOptscim062020",
    };
    vec![
        ("Made", format!("{}, by scimulate {}", instant(report.made), env!("CARGO_PKG_VERSION"))),
        ("Next cycle", report.kind.as_str().to_owned()),
        ("Requests that write", writes),
        ("Look-ups before", grouped(reads)),
        ("Scope", report.scope_text()),
        ("Mapping", one_line(&report.mapping)),
        ("Writing of PATCH", dialect.to_owned()),
        ("Job", one_line(&report.job)),
        ("Job id", one_line(&report.job_id)),
    ]
}

fn bar(report: &PlanReport) -> Bar {
    let key =
        |(action, count): (ActionKind, u64)| Key::new((action.as_str(), counted(action)), count, has_pattern(action));
    Bar::new("Objects by action", report.actions().into_iter().map(key))
}

fn table(report: &PlanReport, subjects: &[Subject]) -> Vec<TableRow> {
    let cell = |count: u64| if count == 0 { String::new() } else { grouped(count) };
    let row = |(action, _): (ActionKind, u64)| TableRow {
        action: action.as_str(),
        word: word(action),
        counts: subjects.iter().map(|subject| cell(report.count(action, Some(*subject)))).collect(),
    };
    report.actions().into_iter().map(row).collect()
}

fn warning(warning: &Diagnostic) -> Warning {
    Warning {
        message: sentence(&one_line(&warning.to_string())),
        hint: warning.hint.as_deref().map(|hint| sentence(&one_line(hint))),
    }
}

fn rules(report: &PlanReport, ordered: &[&PlannedObject], listed: &mut Listed) -> Vec<Rules> {
    let mut numbers: FxHashMap<*const PlannedObject, usize> = FxHashMap::default();
    numbers.extend(ordered.iter().enumerate().map(|(number, object)| (std::ptr::from_ref(*object), number)));
    let sections = [
        ("failing", "What can’t be done", ActionKind::Fail),
        ("held-back", "What would be held back", ActionKind::StagedDelete),
        ("deleted", "Who would be deleted, and why", ActionKind::Delete),
        ("disabled", "Who would be disabled, and why", ActionKind::Disable),
        ("skipped", "Who is skipped, and why", ActionKind::Skip),
    ];
    let section = |(id, title, action)| Rules { id, title, groups: rule_views(report, action, &numbers, listed) };
    sections.into_iter().map(section).filter(|rules| !rules.groups.is_empty()).collect()
}

fn rule_views(
    report: &PlanReport,
    action: ActionKind,
    numbers: &FxHashMap<*const PlannedObject, usize>,
    listed: &mut Listed,
) -> Vec<RuleView> {
    let groups = by_rule(report.with(action));
    let most = groups.first().map_or(1, |group| group.objects.len());
    let view = |group: &Group<'_>| {
        let names = group.objects.iter();
        let names = names.map(|&object| (&*object.name, Some(numbers[&std::ptr::from_ref(object)])));
        RuleView::new((&group.rule, group.code), (group.objects.len(), most), names)
            .shown_by(listed.link(&[("action", word(action)), ("reason", &one_line(&group.rule))]))
    };
    groups.iter().map(view).collect()
}

#[expect(clippy::cast_precision_loss, reason = "it is drawn, not counted")]
fn written(report: &PlanReport) -> Vec<Written> {
    let mut places: FxHashMap<&str, usize> = FxHashMap::default();
    let mut counts: Vec<(&str, u64)> = Vec::new();
    let objects = report.objects.iter().filter(|object| object.action.writes());
    for change in objects.flat_map(|object| &object.changes) {
        let place = *places.entry(&change.attribute).or_insert_with(|| {
            counts.push((&change.attribute, 0));
            counts.len() - 1
        });
        counts[place].1 += 1;
    }
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(1) as f64;
    let view = |(attribute, count): (&str, u64)| Written {
        attribute: one_line(attribute),
        count: grouped(count),
        width: count as f64 * LONGEST / most,
    };
    counts.into_iter().map(view).collect()
}

fn objects(ordered: &[&PlannedObject], frame: &Frame) -> Listed {
    let mut list = ObjectList::of(ordered.len());
    for object in ordered {
        let note = match object.changes.len() as u64 {
            0 => String::new(),
            changes => count(changes, "attribute"),
        };
        let source = object.source_id.to_string();
        let target = object.target_id.as_ref().map_or("", |target| target.as_str());
        let row = Row {
            class: object.action.as_str(),
            action: word(object.action),
            name: &object.name,
            kind: Subject::of(object).as_str(),
            reason: &object.reason,
            rule: &rule(&object.reason_code, &object.reason),
            note: &note,
            ids: &[&source, target, &object.reason_code],
            failed: object.action == ActionKind::Fail,
        };
        list.push(&row, &frame.render("object.html", inside(object, source.clone())));
    }
    list.finish()
}

fn inside(object: &PlannedObject, source: String) -> Inside {
    let target = object.target_id.as_ref().map(|target| ("Account", one_line(target.as_str())));
    let ids = [Some(("Source object", source)), target, Some(("Reason code", one_line(&object.reason_code)))];
    let change = |change: &AttributeChange| ChangeView::new(&change.attribute, [&change.old, &change.new]);
    Inside {
        ids: ids.into_iter().flatten().collect(),
        has_before: object.changes.iter().any(|change| change.old.is_some()) || object.action != ActionKind::Create,
        changes: object.changes.iter().map(change).collect(),
        unknown: object.unknown.iter().filter(|_| object.action.writes()).map(|name| one_line(name)).collect(),
        requests: object.requests.iter().map(ExchangeView::planned).collect(),
    }
}

fn file(file: &ExportFile) -> FileView {
    FileView {
        source: file.source,
        path: one_line(&file.path),
        format: one_line(&file.format),
        rows: file.rows.map_or_else(String::new, grouped),
        changed: file.changed.map_or_else(String::new, instant),
    }
}

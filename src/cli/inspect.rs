//! `scimulate inspect`.

use std::ops::ControlFlow;

use rustc_hash::FxHashSet;
use serde_json::{Value, json};

use super::context::Context;
use super::error::Error;
use super::exit::Exit;
use super::job::{Job, Narrowed};
use super::table::{Align, table, wrap};
use crate::base::{Diagnostic, SourceId};
use crate::directory::{AttributeNames, Deletion, Known};
use crate::report::{count, dim, heading};
use crate::scoping::{Cause, DefaultAccess, Scope, decide};
use crate::source::{DIAGNOSTIC_LIMIT, Export, SourceKind};

/// Reads the export and shows what is there
///
/// Counts users, roles, assignments and groups, and lists missing columns and problems by file and
/// row. Nothing is contacted, no state is read or written.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// End with exit code 2 if there is any problem
    #[arg(long)]
    pub(crate) strict: bool,
}

/// How many of each.
#[derive(Debug, Default)]
struct Counts {
    users: u64,
    deleted: u64,
    disabled: u64,
    guests: u64,
    in_scope: u64,
    not_assigned: u64,
    default_access: u64,
    filtered: u64,
}

/// Columns of a terminal that are taken before the remarks about the directory.
const BEFORE: usize = 28;

/// Runs the command.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Error> {
    let job = Job::load(context, Narrowed::default())?;
    let export = job.open_export(context)?;
    let mut counts = Counts::default();
    let mut known: FxHashSet<SourceId> = FxHashSet::default();
    let names: &AttributeNames = &job.rules.attributes;
    let summary = export.each_user(names, &mut |user| {
        counts.users += 1;
        counts.deleted += u64::from(matches!(user.deletion, Deletion::Soft(_)));
        counts.disabled += u64::from(user.account_enabled == Known::Known(false));
        counts.guests += u64::from(user.name.contains("#EXT#"));
        let decision = decide(job.policy.scope, export.entitlements(), &job.rules.users.filters, &user);
        match decision.cause() {
            None => counts.in_scope += 1,
            Some(Cause::NotAssigned) => counts.not_assigned += 1,
            Some(Cause::OnlyDefaultAccess) => counts.default_access += 1,
            Some(Cause::FilteredOut | Cause::FilterUnknown) => counts.filtered += 1,
            Some(Cause::AccountDisabled | Cause::SoftDeleted) => {}
        }
        known.insert(user.id);
        ControlFlow::Continue(())
    })?;
    let unknown = export.unknown_principals(&|id| known.contains(id));
    let mut problems: Vec<Diagnostic> = export.diagnostics().to_vec();
    problems.extend(summary.diagnostics);
    problems.extend(unknown.iter().take(DIAGNOSTIC_LIMIT).map(|id| unknown_principal(id, &export)));
    let problem_count = export.diagnostic_count() + summary.diagnostic_count + unknown.len() as u64;
    if context.printer.is_human() {
        print(&job, &export, &counts, unknown.len(), context)?;
        print_problems(&problems, problem_count, context)?;
    } else {
        let document = document(&export, &counts, &unknown, &problems, problem_count);
        context.printer.json(&document)?;
    }
    Ok(if args.strict && problem_count > 0 { Exit::Usage } else { Exit::Done })
}

/// An assignment to somebody outside the export: of no use, and perhaps a sign that a file is missing.
fn unknown_principal(id: &SourceId, export: &Export) -> Diagnostic {
    let text = format!("the assigned principal {id} is neither in the user list nor in the groups");
    let hint = "export it too; if it is a group, name the groups in [source] groups";
    let assignments = export.files().into_iter().find(|file| file.kind == SourceKind::Assignments);
    let diagnostic = Diagnostic::warning(text).with_hint(hint);
    match assignments {
        Some(file) => diagnostic.in_file(file.path.display().to_string()),
        None => diagnostic,
    }
}

fn print(job: &Job, export: &Export, counts: &Counts, unknown: usize, context: &Context) -> Result<(), Error> {
    let printer = &context.printer;
    printer.line(heading("Files"))?;
    let rows: Vec<[String; 4]> = export
        .files()
        .into_iter()
        .map(|file| {
            let rows = file.rows.map_or_else(String::new, |rows| count(rows, "row"));
            [format!("  {}", file.kind.key()), file.path.display().to_string(), file.format, rows]
        })
        .collect();
    printer.text(&table(&[Align::Left, Align::Left, Align::Left, Align::Right], &rows))?;

    let entitlements = export.entitlements();
    printer.line(format_args!("\n{}", heading("Directory")))?;
    let mut rows = vec![
        row(
            "users",
            counts.users,
            &format!(
                "{}, {} disabled, {} in the recycle bin",
                count(counts.guests, "guest"),
                counts.disabled,
                counts.deleted
            ),
        ),
        row("groups", entitlements.groups().len() as u64, &groups_text(export)),
        row("assigned principals", entitlements.direct_count() as u64, &unknown_text(unknown)),
        row("app roles", entitlements.roles().iter().count() as u64, &roles_text(export)),
    ];
    let columns = export.columns();
    let names = columns.join(", ");
    let mut lines =
        printer.width().map_or_else(|| vec![names.clone()], |width| wrap(&names, width - BEFORE)).into_iter();
    rows.push(row("attributes", columns.len() as u64, &lines.next().unwrap_or_default()));
    rows.extend(lines.map(|line| [String::new(), String::new(), dim(line)]));
    printer.text(&table(&[Align::Left, Align::Right, Align::Left], &rows))?;

    printer.line(format_args!("\n{}", heading("Scope")))?;
    let rows = [
        row("in scope", counts.in_scope, &format!("scope = \"{}\"", job.policy.scope.scope.as_str())),
        row("not assigned", counts.not_assigned, ""),
        row("only Default Access", counts.default_access, ""),
        row("filtered out", counts.filtered, &count(job.rules.users.filters.len() as u64, "scoping filter")),
    ];
    printer.text(&table(&[Align::Left, Align::Right, Align::Left], &rows))?;
    for note in notes(job, export, counts.default_access) {
        printer.sentences(&format!("\n{note}"))?;
    }
    Ok(())
}

/// What an admin should know about roles before the first cycle.
pub(crate) fn notes(job: &Job, export: &Export, only_default_access: u64) -> Vec<String> {
    let mut notes = Vec::new();
    if job.policy.scope.scope == Scope::All {
        return notes;
    }
    let excluded = job.policy.scope.default_access == DefaultAccess::Exclude;
    if excluded && export.application().is_some() && export.entitlements().roles().only_default_access() {
        notes.push(
            "The application has no app role but Default Access, so everyone would be skipped: add app roles to its \
             manifest and assign them."
                .to_owned(),
        );
    }
    if only_default_access > 0 && excluded {
        notes.push(format!(
            "default_access = \"exclude\" decides for {}: the service itself has let Default Access through since 2020, \
             set it to \"include\" to do the same.",
            count(only_default_access, "user")
        ));
    }
    notes
}

fn row(name: &str, number: u64, rest: &str) -> [String; 3] {
    [format!("  {name}"), number.to_string(), if rest.is_empty() { String::new() } else { dim(rest) }]
}

fn groups_text(export: &Export) -> String {
    let entitlements = export.entitlements();
    let assigned = entitlements.assignments().filter(|(id, _)| entitlements.find_group(id).is_some()).count();
    let insecure = entitlements.groups().iter().filter(|group| group.security_enabled == Known::Known(false)).count();
    let unlisted = entitlements.groups().iter().filter(|group| !group.is_listed).count();
    let notes = [
        (insecure, "without security (their members don't count)"),
        (unlisted, "only in the memberships (not provisioned)"),
    ];
    let notes = notes.into_iter().filter(|(number, _)| *number > 0);
    notes.fold(format!("{assigned} assigned"), |text, (number, what)| format!("{text}, {number} {what}"))
}

fn unknown_text(unknown: usize) -> String {
    match unknown {
        0 => String::new(),
        unknown => format!("{unknown} of them in no file: outside the export, or gone"),
    }
}

fn roles_text(export: &Export) -> String {
    let roles = export.entitlements().roles();
    let names = roles.iter().map(|(_, role)| {
        if role.enabled { role.display_name.clone() } else { format!("{} (disabled)", role.display_name) }
    });
    names.collect::<Vec<_>>().join(", ")
}

fn print_problems(problems: &[Diagnostic], total: u64, context: &Context) -> Result<(), Error> {
    const SHOWN: usize = 20;
    if total == 0 {
        return Ok(());
    }
    context.printer.line(format_args!("\n{}", heading(count(total, "problem"))))?;
    for problem in problems.iter().take(SHOWN) {
        context.printer.line(format_args!("  {problem}"))?;
    }
    let more = total.saturating_sub(SHOWN.min(problems.len()) as u64);
    if more > 0 {
        context.printer.line(dim(format_args!("  … and {more} more; `--output json` has up to 1,000 of each kind")))?;
    }
    Ok(())
}

fn document(export: &Export, counts: &Counts, unknown: &[SourceId], problems: &[Diagnostic], total: u64) -> Value {
    let files: Vec<_> = export
        .files()
        .into_iter()
        .map(|file| {
            json!({
                "source": file.kind.key(), "path": file.path.display().to_string(),
                "format": file.format, "rows": file.rows,
            })
        })
        .collect();
    let entitlements = export.entitlements();
    let roles: Vec<_> = entitlements
        .roles()
        .iter()
        .map(|(_, role)| {
            json!({
                "id": role.id.to_string(), "value": role.value,
                "displayName": role.display_name, "isEnabled": role.enabled,
            })
        })
        .collect();
    let problems: Vec<_> = problems
        .iter()
        .map(|problem| {
            json!({
                "file": problem.file, "line": problem.line, "column": problem.column,
                "field": problem.field, "message": problem.message, "hint": problem.hint,
            })
        })
        .collect();
    json!({
        "formatVersion": crate::report::FORMAT_VERSION,
        "files": files,
        "users": {
            "total": counts.users, "guests": counts.guests, "disabled": counts.disabled, "deleted": counts.deleted,
        },
        "attributes": export.columns(),
        "groups": entitlements.groups().len(),
        "assignedPrincipals": entitlements.direct_count(),
        "unknownPrincipals": unknown.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "roles": roles,
        "scope": {
            "inScope": counts.in_scope, "notAssigned": counts.not_assigned,
            "onlyDefaultAccess": counts.default_access, "filteredOut": counts.filtered,
        },
        "problems": problems,
        "problemCount": total,
    })
}

//! A plan as documents: what they are made from.

use std::fs;
use std::path::Path;

use super::view::View;
use crate::base::Timestamp;
use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::cli::job::Job;
use crate::cli::reports::{Form, Reports};
use crate::clock::Clock;
use crate::config::Tenant;
use crate::plan::PlannedObject;
use crate::report::{ExportFile, PlanReport, plan_html, plan_markdown, planned_json};
use crate::source::{Export, FileSummary};

/// The forms that there are.
pub(crate) const FORMS: [Form; 3] = [Form::Html, Form::Markdown, Form::Json];

/// A plan that was made.
pub(super) struct Planned<'v> {
    pub(super) view: &'v View<'v>,
    pub(super) objects: Vec<PlannedObject>,
    pub(super) notes: Vec<String>,
    pub(super) offline: bool,
}

/// Writes the reports; gives the objects back.
pub(super) fn write(
    reports: Reports,
    planned: Planned<'_>,
    job: &Job,
    export: &Export,
    clock: &Clock,
    context: &Context,
) -> Result<Vec<PlannedObject>, Error> {
    let Planned { view, objects, notes, offline } = planned;
    let settings = &job.settings;
    let report = PlanReport {
        job: settings.job.clone(),
        job_id: job.id(export).to_string(),
        target: match &settings.target.tenant {
            Tenant::Embedded { .. } => "the built-in endpoint".to_owned(),
            Tenant::Remote(url) => url.to_string(),
        },
        mapping: job.rules.name.clone(),
        scope: job.policy.scope,
        dialect: job.policy.dialect,
        made: clock.origin(),
        kind: view.kind,
        offline,
        only: job.policy.only.clone(),
        deletion_threshold: job.policy.deletion_threshold,
        digest: export.digest()?,
        files: export.files().into_iter().map(|file| export_file(file, &settings.config_dir)).collect(),
        warnings: context.printer.kept_warnings(),
        notes,
        summary: view.summary.clone(),
        objects,
    };
    let text = |form| match form {
        Form::Markdown => plan_markdown(&report),
        Form::Json => format!("{:#}\n", planned_json(&report.summary, &report.objects)),
        _ => plan_html(&report),
    };
    if let Some(form) = reports.stdout() {
        context.printer.text(&text(form))?;
    }
    reports.write(&text)?.tell(context);
    Ok(report.objects)
}

/// Its path is told as it stands in the configuration: nobody else's business is where that lies.
fn export_file(file: FileSummary, config_dir: &Path) -> ExportFile {
    let path = file.path.strip_prefix(config_dir).unwrap_or(&file.path);
    ExportFile {
        source: file.kind.key(),
        path: path.display().to_string(),
        format: file.format,
        rows: file.rows,
        changed: changed(&file.path),
    }
}

/// When a file, or the latest of a folder, was changed; none of a pattern.
fn changed(path: &Path) -> Option<Timestamp> {
    let of = |metadata: fs::Metadata| Timestamp::try_from(metadata.modified().ok()?).ok();
    let metadata = fs::metadata(path).ok()?;
    if metadata.is_dir() {
        return fs::read_dir(path).ok()?.filter_map(|entry| of(entry.ok()?.metadata().ok()?)).max();
    }
    of(metadata)
}

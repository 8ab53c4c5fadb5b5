//! From a file to [`Settings`].

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use toml::de::DeTable;

use super::document::{Report, Section};
use super::{
    ConfigError, Mapping, Scope, Settings, escrow, log, notification, provisioning, quarantine, source, target,
};
use crate::base::{Diagnostic, Severity};

/// Name of the config file.
pub const FILE_NAME: &str = "scimulate.toml";
/// Name of the state folder beside it.
pub const STATE_DIR: &str = ".scimulate";
const LONGEST_FILE: u64 = 1024 * 1024;
const LONGEST_JOB: usize = 64;

/// What flags and variables say about settings of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Name of the job.
    pub job: Option<String>,
    /// State folder.
    pub state_dir: Option<PathBuf>,
}

/// The config file in a folder or the nearest one above it.
pub fn discover(start: &Path) -> Result<PathBuf, ConfigError> {
    start
        .ancestors()
        .map(|folder| folder.join(FILE_NAME))
        .find(|path| path.is_file())
        .ok_or_else(|| ConfigError::NotFound(start.to_owned()))
}

/// Reads and validates a config file.
pub fn load(path: &Path, overrides: &Overrides) -> Result<Settings, ConfigError> {
    let unreadable = |error| ConfigError::Unreadable(path.to_owned(), error);
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(unreadable(io::ErrorKind::IsADirectory.into()));
    }
    if metadata.len() > LONGEST_FILE {
        return Err(unreadable(io::Error::new(io::ErrorKind::FileTooLarge, "it is over 1 MiB")));
    }
    let text = fs::read_to_string(path).map_err(unreadable)?;
    parse(&text, path, overrides)
}

/// Validates the text of a config file; `path` names it in messages, and its folder is where
/// relative paths start.
pub fn parse(text: &str, path: &Path, overrides: &Overrides) -> Result<Settings, ConfigError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let report = Report::new(text, path.display().to_string());
    // Empty for a bare file name, which keeps `./` out of every path that is shown.
    let folder = path.parent().unwrap_or(Path::new(""));
    let (table, syntax_errors) = DeTable::parse_recoverable(text);
    if let Some(error) = syntax_errors.first() {
        report.syntax_error(error);
        return Err(ConfigError::Invalid(report.into_problems()));
    }
    let mut top = Section::top(&report, &table);
    let job = top.text("job");
    let target = target::read(top.section("target"), folder);
    let source = source::read(&report, top.section("source"), folder);
    let provisioning = provisioning::read(top.section("provisioning"), folder);
    let quarantine = quarantine::read(top.section("quarantine"));
    let escrow = escrow::read(top.section("escrow"));
    let notification = notification::read(top.section("notification"), folder);
    let log = log::read(top.section("log"));
    if provisioning.settings.scope == Scope::Assigned && source.assignments.is_none() {
        let message = "`scope = \"assigned\"` needs `assignments` in [source]";
        let hint = "name the file, assignments = \"export/appRoleAssignedTo.json\", or set scope = \"all\"";
        match provisioning.scope_span {
            Some(span) => report.error(span, message, hint),
            None => report.file_error(
                "without `scope = \"all\"` only assigned users are provisioned, which needs `assignments` in [source]",
                hint,
            ),
        }
    }
    let from_file = job.as_ref().map(|job| job.value.to_owned());
    if let Some(found) = job.filter(|job| !is_job_name(job.value)) {
        report.error(found.span, format!("`job` \"{}\" can't name a job", found.value), JOB_HINT);
    }
    top.finish();
    let (mut errors, warnings): (Vec<_>, Vec<_>) =
        report.into_problems().into_iter().partition(|problem| problem.severity == Severity::Error);
    if let Some(job) = overrides.job.as_ref().filter(|job| !is_job_name(job)) {
        errors.push(Diagnostic::error(format!("--job: \"{job}\" can't name a job")).with_hint(JOB_HINT));
    }
    if !errors.is_empty() {
        return Err(ConfigError::Invalid(errors));
    }
    let provisioning = provisioning.settings;
    let job = overrides.job.clone().or(from_file).unwrap_or_else(|| default_job(&provisioning.mapping));
    let state_dir = overrides.state_dir.clone().unwrap_or_else(|| folder.join(STATE_DIR));
    let config_dir = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.to_owned() };
    Ok(Settings {
        job,
        config_dir,
        state_dir,
        target,
        source,
        provisioning,
        quarantine,
        escrow,
        notification,
        log,
        warnings,
    })
}

const JOB_HINT: &str = "letters, digits, `-`, `_` and `.`, at most 64 of them, beginning with a letter or digit";

fn is_job_name(text: &str) -> bool {
    text.len() <= LONGEST_JOB
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

fn default_job(mapping: &Mapping) -> String {
    match mapping {
        Mapping::Template(name) => name.clone(),
        Mapping::File(path) => path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .filter(|stem| is_job_name(stem))
            .unwrap_or("scimulate")
            .to_owned(),
    }
}

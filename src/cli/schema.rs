//! `scimulate schema`: the mapping in force, and schemas from the portal or Graph.

mod import;
mod show;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::args::Output;
use super::context::Context;
use super::error::Error;
use super::exit::Exit;
use super::job::{compile_options, document, read_schema};
use crate::base::{Diagnostic, Severity};
use crate::config::Settings;
use crate::report::{FORMAT_VERSION, count};
use crate::schema::{self, Checked, CompileOptions, Document};

/// Shows, checks and imports synchronization schemas
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    Show(show::Args),
    Check(CheckArgs),
    Import(import::Args),
}

/// Says everything that would go wrong with a schema, with place and remedy
///
/// Ends with 2 if there are errors.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// Schema file; `-` is standard input [default: the mapping in force]
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// End with 2 for warnings too
    #[arg(long)]
    pub(crate) strict: bool,
    /// Regular expressions of scoping filters must match the whole value
    #[arg(long)]
    pub(crate) anchor_scope_regex: bool,
}

/// Runs the command.
pub(crate) fn run(command: &Command, context: &Context) -> Result<Exit, Error> {
    match command {
        Command::Show(args) => show::run(args, context),
        Command::Check(args) => check(args, context),
        Command::Import(args) => import::run(args, context),
    }
}

/// The settings; none where there is no config file and none was asked for.
fn settings(context: &Context) -> Result<Option<Settings>, Error> {
    match context.settings() {
        Err(error) if context.global.config.is_none() && error.is_no_config() => Ok(None),
        settings => settings.map(Some),
    }
}

/// A schema file, or the mapping in force, with what the settings say beside it.
fn open(file: Option<&Path>, context: &Context) -> Result<(Document, CompileOptions), Error> {
    let settings = settings(context)?;
    let options = |name: &str| match &settings {
        Some(settings) => compile_options(settings, name.to_owned()),
        None => CompileOptions { name: name.to_owned(), ..CompileOptions::default() },
    };
    match (file, &settings) {
        (Some(path), settings) => {
            let document = if path == Path::new("-") { read_stdin()? } else { read_schema(path)? };
            let mut options = options("mapping");
            // What the endpoint can filter on is known for the mapping in force alone.
            if settings.as_ref().is_none_or(|settings| settings.target.profile.is_none()) {
                options.filterable = None;
            }
            Ok((document, options))
        }
        (None, Some(settings)) => {
            let (name, document) = document(&settings.provisioning.mapping)?;
            Ok((document, options(&name)))
        }
        (None, None) => {
            let error = Diagnostic::error("there is no config file here, so no mapping is in force");
            Err(error.with_hint("name a schema file, or run `scimulate init` first").into())
        }
    }
}

fn read_stdin() -> Result<Document, Error> {
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes).context("the schema can't be read from standard input")?;
    let text = schema::decode(&bytes).map_err(|error| error.in_file("standard input"))?;
    Ok(schema::read(&text, "standard input").map_err(|error| error.0)?)
}

fn check(args: &CheckArgs, context: &Context) -> Result<Exit, Error> {
    let (document, mut options) = open(args.file.as_deref(), context)?;
    options.anchor_scope_regex |= args.anchor_scope_regex;
    let Checked { findings, .. } = schema::check(&document, &options);
    let counts = Counts::of(&findings);
    let printer = &context.printer;
    match printer.output() {
        Output::Human => {
            for finding in &findings {
                printer.finding(finding);
            }
            printer.line(format_args!("{}: {}", document.file(), counts.text()))?;
        }
        Output::Json => printer.json(&json!({
            "formatVersion": FORMAT_VERSION,
            "file": document.file(),
            "summary": counts.json(),
            "findings": findings.iter().map(finding_json).collect::<Vec<_>>(),
        }))?,
        Output::Jsonl => {
            for finding in &findings {
                printer.json_line(&finding_json(finding))?;
            }
            printer.json_line(&json!({
                "formatVersion": FORMAT_VERSION,
                "file": document.file(),
                "summary": counts.json(),
            }))?;
        }
    }
    let bad = counts.errors > 0 || (args.strict && counts.warnings > 0);
    Ok(if bad { Exit::Usage } else { Exit::Done })
}

/// How many findings there are of each severity.
#[derive(Debug, Default)]
struct Counts {
    errors: u64,
    warnings: u64,
    notes: u64,
}

impl Counts {
    fn of(findings: &[Diagnostic]) -> Self {
        let mut counts = Self::default();
        for finding in findings {
            match finding.severity {
                Severity::Error => counts.errors += 1,
                Severity::Warning => counts.warnings += 1,
                Severity::Note => counts.notes += 1,
            }
        }
        counts
    }

    fn text(&self) -> String {
        let Self { errors, warnings, notes } = *self;
        format!("{}, {}, {}", count(errors, "error"), count(warnings, "warning"), count(notes, "note"))
    }

    fn json(&self) -> Value {
        json!({ "errors": self.errors, "warnings": self.warnings, "notes": self.notes })
    }
}

fn finding_json(finding: &Diagnostic) -> Value {
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    json!({
        "severity": severity,
        "message": finding.message,
        "file": finding.file,
        "line": finding.line,
        "column": finding.column,
        "field": finding.field,
        "hint": finding.hint,
    })
}

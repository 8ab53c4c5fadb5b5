//! `--report FORM=FILE`, and what goes to stdout.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::Args;
use crate::base::{Diagnostic, nearest};
use crate::check::CheckReport;
use crate::cli::args::Output;
use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::cli::output_file::{OutputFile, Readers};
use crate::report::{CheckText, check_html, check_json, check_junit, check_markdown, check_tap, check_text, count};

/// A report that is wanted, and where.
#[derive(Debug, Clone)]
pub(super) struct ReportTo {
    form: Form,
    file: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Junit,
    Tap,
    Markdown,
    Html,
    Text,
}

impl Form {
    const ALL: [Self; 6] = [Self::Json, Self::Junit, Self::Tap, Self::Markdown, Self::Html, Self::Text];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Junit => "junit",
            Self::Tap => "tap",
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Text => "text",
        }
    }
}

/// Reads `junit=report.xml`.
pub(super) fn report(text: &str) -> Result<ReportTo, String> {
    let names = Form::ALL.map(Form::as_str);
    let (name, file) =
        text.split_once('=').ok_or_else(|| "write a form and a file, such as junit=report.xml".to_owned())?;
    let form = Form::ALL.into_iter().find(|form| form.as_str() == name).ok_or_else(|| match nearest(name, names) {
        Some(near) => format!("there is no form `{name}`, did you mean `{near}`?"),
        None => format!("there is no form `{name}`; the forms are {}", names.join(", ")),
    })?;
    if file.is_empty() {
        return Err(format!("write a file behind `{name}=`, or `-` for stdout"));
    }
    Ok(ReportTo { form, file: file.into() })
}

/// The reports that will be written.
pub(super) struct Reports {
    files: Vec<(Form, OutputFile)>,
    stdout: Option<Form>,
}

impl Reports {
    /// Makes sure that all can be written.
    pub(super) fn open(wanted: &[ReportTo], context: &Context) -> Result<Self, Error> {
        let mut reports = Self { files: Vec::new(), stdout: None };
        for ReportTo { form, file } in wanted {
            if file != Path::new("-") {
                reports.files.push((*form, OutputFile::create(file, Readers::ByMask)?));
                continue;
            }
            let taken = match (reports.stdout, context.printer.output()) {
                (Some(other), _) => format!("--report {}=-", other.as_str()),
                (None, Output::Json) => "--output json".to_owned(),
                (None, Output::Jsonl) => "--output jsonl".to_owned(),
                (None, Output::Human) => {
                    reports.stdout = Some(*form);
                    continue;
                }
            };
            let text = format!("--report {}=- and {taken} would both go to stdout", form.as_str());
            return Err(Diagnostic::error(text).with_hint("name a file for one of them").into());
        }
        Ok(reports)
    }

    /// Writes them, and what goes to stdout; says what is still at the endpoint.
    pub(super) fn write(self, report: &CheckReport, args: &Args, context: &Context) -> Result<(), Error> {
        let printer = &context.printer;
        let shows = CheckText { gallery: args.gallery, validator: args.validator, verbose: printer.is_verbose() };
        let mut written = Vec::new();
        for (form, file) in self.files {
            let shown = file.shown();
            file.write(&text(form, report, shows)).with_context(|| format!("{shown} can't be written"))?;
            written.push(shown);
        }
        match (self.stdout, printer.output()) {
            (Some(form), _) => {
                printer.text(&text(form, report, shows))?;
                printer.talk(check_text(report, shows));
            }
            (None, Output::Human) => printer.sentences(&check_text(report, shows))?,
            (None, Output::Json) => printer.json(&check_json(report))?,
            (None, Output::Jsonl) => printer.json_line(&as_line(check_json(report)))?,
        }
        if self.stdout.is_none() {
            tell_leftovers(report, context);
        }
        if !written.is_empty() {
            printer.talk(format_args!("{} written: {}", count(written.len() as u64, "report"), written.join(", ")));
        }
        Ok(())
    }
}

/// A report as its file holds it.
fn text(form: Form, report: &CheckReport, shows: CheckText) -> String {
    match form {
        Form::Json => format!("{:#}\n", check_json(report)),
        Form::Junit => check_junit(report),
        Form::Tap => check_tap(report),
        Form::Markdown => check_markdown(report),
        Form::Html => check_html(report),
        Form::Text => format!("{}\n", anstream::adapter::strip_str(&check_text(report, shows))),
    }
}

/// The document as the last line of the stream.
fn as_line(document: Value) -> Value {
    let mut line = json!({ "type": "report" });
    if let (Value::Object(line), Value::Object(members)) = (&mut line, document) {
        line.extend(members);
    }
    line
}

/// So many objects are named.
const NAMED: usize = 10;

/// What couldn't be removed is a warning too: stdout may go to a file that nobody reads.
fn tell_leftovers(report: &CheckReport, context: &Context) {
    if report.leftovers.is_empty() || report.kept {
        return;
    }
    let names: Vec<_> = report
        .leftovers
        .iter()
        .take(NAMED)
        .map(|left| match &left.id {
            Some(id) => format!("{} {} (id {id})", left.kind, left.name),
            None => format!("{} {}", left.kind, left.name),
        })
        .collect();
    let more = match report.leftovers.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let objects = count(report.leftovers.len() as u64, "object");
    let text = format!("{objects} couldn't be removed from the endpoint: {}{more}", names.join(", "));
    let warning = Diagnostic::warning(text).with_hint("remove them by hand; the report says why it failed");
    context.printer.diagnostic(&warning);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_and_files_are_read() {
        let read = |text: &str| report(text).map(|to| (to.form.as_str(), to.file.display().to_string()));
        assert_eq!(read("junit=a=b.xml"), Ok(("junit", "a=b.xml".to_owned())));
        assert_eq!(read("html=-"), Ok(("html", "-".to_owned())));
        for (text, expected) in [
            ("report.xml", "write a form and a file, such as junit=report.xml"),
            ("junti=a", "there is no form `junti`, did you mean `junit`?"),
            ("pdf=a", "there is no form `pdf`; the forms are json, junit, tap, markdown, html, text"),
            ("tap=", "write a file behind `tap=`, or `-` for stdout"),
        ] {
            assert_eq!(read(text), Err(expected.to_owned()), "{text}");
        }
    }
}

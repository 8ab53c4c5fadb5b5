//! `--report FORM=FILE`, and JSON on stdout.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::base::{Diagnostic, nearest};
use crate::cli::args::Output;
use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::cli::output_file::{OutputFile, Readers};
use crate::cli::printer::{OutputError, Printer};
use crate::event::discovery::Discovery;
use crate::report::{DiscoveryJson, count, discovery_csv};

/// A report that is wanted, and where.
#[derive(Debug, Clone)]
pub(super) struct ReportTo {
    form: Form,
    file: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Csv,
    Json,
}

impl Form {
    const ALL: [Self; 2] = [Self::Csv, Self::Json];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }

    fn write(self, discovery: &Discovery, to: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Csv => discovery_csv(discovery, to),
            Self::Json => {
                serde_json::to_writer_pretty(&mut *to, &DiscoveryJson(discovery))?;
                to.write_all(b"\n")
            }
        }
    }
}

/// Reads `csv=accounts.csv`.
pub(super) fn report(text: &str) -> Result<ReportTo, String> {
    let names = Form::ALL.map(Form::as_str);
    let (name, file) =
        text.split_once('=').ok_or_else(|| "write a form and a file, such as csv=accounts.csv".to_owned())?;
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
                reports.files.push((*form, OutputFile::create(file, Readers::UserAlone)?));
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

    /// Writes them; says whether stdout has one of them, the text for people went to stderr then.
    pub(super) fn write(
        self,
        discovery: &Discovery,
        text: impl FnOnce(&Discovery) -> String,
        context: &Context,
    ) -> Result<bool, Error> {
        let printer = &context.printer;
        let mut written = Vec::new();
        for (form, file) in self.files {
            let shown = file.shown();
            let mut file = BufWriter::new(file);
            let whole = form.write(discovery, &mut file).and_then(|()| file.into_inner().map_err(io::Error::from));
            whole.and_then(OutputFile::finish).with_context(|| format!("{shown} can't be written"))?;
            written.push(shown);
        }
        if let Some(form) = self.stdout {
            form.write(discovery, &mut Printed(printer)).map_err(OutputError::from)?;
            printer.talk(text(discovery));
        }
        if !written.is_empty() {
            printer.talk(format_args!("{} written: {}", count(written.len() as u64, "report"), written.join(", ")));
        }
        Ok(self.stdout.is_some())
    }
}

/// The document on stdout.
pub(super) fn print_json(discovery: &Discovery, printer: &Printer) -> Result<(), Error> {
    Ok(Form::Json.write(discovery, &mut Printed(printer)).map_err(OutputError::from)?)
}

/// Writes to stdout, which is buffered.
struct Printed<'a>(&'a Printer);

impl Write for Printed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.bytes(bytes).map_err(io::Error::from)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(io::Error::from)
    }
}

//! `--report FORM=FILE`, for every command that has it.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::args::Output;
use super::context::Context;
use super::error::Error;
use super::output_file::{OutputFile, Readers};
use crate::base::{Diagnostic, nearest};
use crate::report::count;

/// A report that is wanted, and where.
#[derive(Debug, Clone)]
pub(crate) struct ReportTo {
    form: Form,
    file: PathBuf,
}

/// What a report is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Csv,
    Json,
    Junit,
    Tap,
    Markdown,
    Html,
    Text,
}

impl Form {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Junit => "junit",
            Self::Tap => "tap",
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Text => "text",
        }
    }
}

/// Reads `junit=report.xml`, for a command that has these forms.
pub(crate) fn parser(forms: &'static [Form]) -> impl Fn(&str) -> Result<ReportTo, String> + Clone {
    move |text| {
        let names = || forms.iter().map(|form| form.as_str());
        let (name, file) = text.split_once('=').ok_or_else(|| {
            let first = names().next().unwrap_or_default();
            format!("write a form and a file, such as {first}=report.{first}")
        })?;
        let form = forms.iter().find(|form| form.as_str() == name).ok_or_else(|| match nearest(name, names()) {
            Some(near) => format!("there is no form `{name}`, did you mean `{near}`?"),
            None => format!("there is no form `{name}`; the forms are {}", names().collect::<Vec<_>>().join(", ")),
        })?;
        if file.is_empty() {
            return Err(format!("write a file behind `{name}=`, or `-` for stdout"));
        }
        Ok(ReportTo { form: *form, file: file.into() })
    }
}

/// The reports that will be written.
pub(crate) struct Reports {
    files: Vec<(Form, OutputFile)>,
    stdout: Option<Form>,
}

impl Reports {
    /// Makes sure that all can be written.
    pub(crate) fn open(wanted: &[ReportTo], readers: Readers, context: &Context) -> Result<Self, Error> {
        let mut reports = Self { files: Vec::new(), stdout: None };
        for ReportTo { form, file } in wanted {
            if file != Path::new("-") {
                reports.files.push((*form, OutputFile::create(file, readers)?));
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

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty() && self.stdout.is_none()
    }

    /// The one that goes to stdout; the text for people goes to stderr then.
    pub(crate) fn stdout(&self) -> Option<Form> {
        self.stdout
    }

    /// Writes those that go to files.
    pub(crate) fn write(self, text: &dyn Fn(Form) -> String) -> Result<Written, Error> {
        self.write_with(&mut |form, to| to.write_all(text(form).as_bytes()))
    }

    /// The same piece by piece.
    pub(crate) fn write_with(
        self,
        write: &mut dyn FnMut(Form, &mut dyn Write) -> io::Result<()>,
    ) -> Result<Written, Error> {
        let mut written = Vec::new();
        for (form, mut file) in self.files {
            let shown = file.shown();
            write(form, &mut file).and_then(|()| file.finish()).with_context(|| format!("{shown} can't be written"))?;
            written.push(shown);
        }
        Ok(Written(written))
    }
}

/// The names of files that were written.
#[must_use]
pub(crate) struct Written(Vec<String>);

impl Written {
    /// Says which they are.
    pub(crate) fn tell(&self, context: &Context) {
        if !self.0.is_empty() {
            let reports = count(self.0.len() as u64, "report");
            context.printer.talk(format_args!("{reports} written: {}", self.0.join(", ")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_and_files_are_read() {
        let read = |text: &str| {
            let read = parser(&[Form::Json, Form::Junit, Form::Tap])(text);
            read.map(|to| (to.form.as_str(), to.file.display().to_string()))
        };
        assert_eq!(read("junit=a=b.xml"), Ok(("junit", "a=b.xml".to_owned())));
        assert_eq!(read("json=-"), Ok(("json", "-".to_owned())));
        for (text, expected) in [
            ("report.json", "write a form and a file, such as json=report.json"),
            ("junti=a", "there is no form `junti`, did you mean `junit`?"),
            ("pdf=a", "there is no form `pdf`; the forms are json, junit, tap"),
            ("tap=", "write a file behind `tap=`, or `-` for stdout"),
        ] {
            assert_eq!(read(text), Err(expected.to_owned()), "{text}");
        }
    }
}

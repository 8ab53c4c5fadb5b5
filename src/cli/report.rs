//! `scimulate report`.

mod document;

use std::io;

use super::context::Context;
use super::error::Error;
use super::exit::Exit;
use super::lever::known;
use super::logs::{When, facts, find_cycle, when};
use super::output_file::Readers;
use super::printer::{OutputError, Printed};
use super::reports::{Form, ReportTo, Reports, parser};
use super::runtime::{Interrupt, block_on};
use super::status::{Snapshot, snapshot};
use crate::event::LogEntry;
use crate::report::{JobReport, LogFacts, Narrowing, job_html, job_json, job_markdown};
use crate::store::{LogQuery, Store};

/// The forms that there are.
const FORMS: [Form; 3] = [Form::Html, Form::Json, Form::Markdown];

/// Writes a page about the job: its cycles, who is in and why, what fails
///
/// Also how it stands, its quarantines, its slowest requests, and every object with its steps and requests.
///
/// One file with nothing outside of it, made from the job's state alone: nothing is contacted, nothing is written but
/// the file, which the user alone may read. Charts of the cycles, quarantines, failures by cause with what to do, the
/// slowest requests, and every object with its steps, modified properties and requests. `--report markdown=FILE` is a
/// summary for a ticket.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Write the report to a file: html for everybody, markdown for a ticket, json for programs; `-` is stdout
    #[arg(long, required = true, value_name = "FORM=FILE", value_parser = parser(&FORMS))]
    pub(crate) report: Vec<ReportTo>,
    /// Only this cycle: its id, or `last`
    #[arg(long, value_name = "ID", conflicts_with = "since")]
    pub(crate) cycle: Option<String>,
    /// Only what was not before this instant or date, or this long ago, such as 7d
    #[arg(long, value_name = "WHEN", value_parser = when)]
    pub(crate) since: Option<When>,
}

/// Runs the command.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Error> {
    block_on(async {
        // A signal leaves what was there, and no half of a file beside it.
        let interrupt = Interrupt::listen()?;
        let reports = Reports::open(&args.report, Readers::UserAlone, context)?;
        match write(args, reports, &interrupt, context) {
            Err(_) if interrupt.exit().is_some() => {
                let exit = interrupt.exit().expect("it was looked at");
                Err(Error::new(exit, anyhow::anyhow!("interrupted: no report was written")))
            }
            written => written,
        }
    })
}

fn write(args: &Args, reports: Reports, interrupt: &Interrupt, context: &Context) -> Result<Exit, Error> {
    let settings = context.settings()?;
    let store = known(&settings)?;
    let snapshot = snapshot(&settings, store.as_ref())?;
    let narrowed = narrowing(args, &snapshot)?;
    let facts = facts(&settings, store.as_ref())?;
    let report = document::report(&settings, store.as_ref(), snapshot, narrowed, interrupt, context)?;
    let entries = Entries { store: store.as_ref(), interrupt };
    let write = |form, to: &mut dyn io::Write| entries.write(form, &report, &facts, to);
    if let Some(form) = reports.stdout() {
        write(form, &mut Printed(&context.printer)).map_err(|error| Error::from(OutputError::from(error)))?;
    }
    reports.write_with(&mut |form, to| write(form, to))?.tell(context);
    if store.is_none() {
        context.printer.talk(format_args!("The job \"{}\" has not run yet.", settings.job));
    }
    Ok(Exit::Done)
}

/// What the report is narrowed to; a cycle has to be one of the job's.
fn narrowing(args: &Args, snapshot: &Snapshot) -> Result<Narrowing, Error> {
    if let Some(since) = args.since {
        return Ok(Narrowing::Since(since.instant(snapshot.now)));
    }
    let Some(wanted) = &args.cycle else { return Ok(Narrowing::Nothing) };
    Ok(Narrowing::Cycle(find_cycle(wanted, &snapshot.cycles, &snapshot.name)?))
}

/// The entries of the log, read one by one.
struct Entries<'a> {
    store: Option<&'a Store>,
    interrupt: &'a Interrupt,
}

impl Entries<'_> {
    /// Writes one form.
    fn write(&self, form: Form, report: &JobReport, facts: &LogFacts, to: &mut dyn io::Write) -> io::Result<()> {
        let mut failed = None;
        let mut entry = |number| {
            if failed.is_some() {
                return None;
            }
            self.entry(number).unwrap_or_else(|error| {
                failed = Some(error);
                None
            })
        };
        let written = match form {
            Form::Markdown => to.write_all(job_markdown(report).as_bytes()),
            Form::Json => job_json(report, facts, &mut entry, to),
            _ => to.write_all(job_html(report, &mut entry).as_bytes()),
        };
        failed.map_or(written, Err)
    }

    fn entry(&self, number: u64) -> io::Result<Option<LogEntry>> {
        if self.interrupt.exit().is_some() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let Some(store) = self.store else { return Ok(None) };
        let query = LogQuery { after: number.saturating_sub(1), ..LogQuery::default() };
        let found = store.log(&query, 1).map_err(io::Error::other)?.pop();
        Ok(found.filter(|entry| entry.number == number))
    }
}

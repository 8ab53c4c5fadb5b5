//! Writes the entries of the log, one after the other.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value;

use super::Format;
use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::output_file::{OutputFile, Readers};
use crate::cli::printer::{OutputError, Printed, Printer};
use crate::cli::table::{fold, seen_width};
use crate::event::LogEntry;
use crate::report::{LogCsv, LogCsvFiles, LogFacts, azure_monitor, graph, log_details, log_line};
use crate::store::{LogQuery, Store};

/// How entries look.
pub(super) struct Form {
    pub(super) format: Format,
    pub(super) steps: bool,
    pub(super) facts: LogFacts,
}

/// Columns of the widest name that others are lined up with.
const LONGEST: usize = 36;

impl Form {
    /// Prints what a query finds, the last `limit` of it; gives the number of the last entry.
    pub(super) fn print(
        &self,
        store: Option<&Store>,
        query: &LogQuery,
        limit: usize,
        context: &Context,
    ) -> Result<u64, Error> {
        let printer = &context.printer;
        let mut last = 0;
        match self.format {
            Format::Table => {
                let (entries, more) = latest(store, query, limit)?;
                last = entries.last().map_or(0, |entry| entry.number);
                if more {
                    printer.talk(format_args!("Earlier entries aren't shown; --limit N shows more."));
                }
                self.print_table(&entries, printer)?;
            }
            Format::Csv => {
                let mut csv = LogCsv::new(LogCsvFiles::Main, Printed(printer)).map_err(printed)?;
                each(store, query, limit, &mut |entry| {
                    last = entry.number;
                    csv.add(entry, &self.facts).map_err(printed)
                })?;
                csv.finish().map_err(printed)?;
                printer.talk("Steps and modified properties are in files of their own: --out FILE writes all three.");
            }
            Format::Graph | Format::Ndjson | Format::AzureMonitor => {
                self.write_json(store, query, limit, (&mut Printed(printer), &printed), &mut last)?;
                printer.flush()?;
            }
        }
        Ok(last)
    }

    /// Writes a file, or three.
    pub(super) fn write_files(
        &self,
        store: Option<&Store>,
        query: &LogQuery,
        limit: usize,
        path: &Path,
        context: &Context,
    ) -> Result<Exit, Error> {
        let files: Vec<_> = match self.format {
            Format::Csv => LogCsvFiles::ALL.into_iter().map(|file| suffixed(path, file.suffix())).collect(),
            _ => vec![path.to_owned()],
        };
        let mut opened = Vec::new();
        for file in &files {
            opened.push(OutputFile::create(file, Readers::UserAlone)?);
        }
        let mut opened = opened.into_iter();
        let mut next = || opened.next().expect("one for each path");
        let mut done = Vec::new();
        if self.format == Format::Csv {
            let mut writers = Vec::new();
            for file in LogCsvFiles::ALL {
                writers.push(LogCsv::new(file, next()).context("the CSV files can't be written")?);
            }
            each(store, query, limit, &mut |entry| {
                for writer in &mut writers {
                    writer.add(entry, &self.facts).context("the CSV files can't be written")?;
                }
                Ok(())
            })?;
            for writer in writers {
                done.push(writer.finish().context("the CSV files can't be written")?);
            }
        } else {
            let mut output = next();
            if self.format == Format::Table {
                let (entries, _) = latest(store, query, limit)?;
                let text = anstream::adapter::strip_str(&self.table(&entries, None)).to_string();
                output.write_all(text.as_bytes()).with_context(|| format!("{} can't be written", path.display()))?;
            } else {
                let failed = |error: io::Error| {
                    anyhow::Error::from(error).context(format!("{} can't be written", path.display())).into()
                };
                self.write_json(store, query, limit, (&mut output, &failed), &mut 0)?;
            }
            done.push(output);
        }
        for output in done {
            let shown = output.shown();
            output.finish().with_context(|| format!("{shown} can't be written"))?;
            context.printer.talk(format_args!("wrote {shown}"));
        }
        Ok(Exit::Done)
    }

    fn write_json(
        &self,
        store: Option<&Store>,
        query: &LogQuery,
        limit: usize,
        (to, failed): (&mut dyn Write, &dyn Fn(io::Error) -> Error),
        last: &mut u64,
    ) -> Result<(), Error> {
        let is_document = self.format == Format::Graph;
        if is_document {
            to.write_all(b"{\"@odata.context\":\"https://graph.microsoft.com/v1.0/$metadata#auditLogs/provisioning\",\"value\":[")
                .map_err(failed)?;
        }
        let mut separator: &[u8] = if is_document { b"\n" } else { b"" };
        each(store, query, limit, &mut |entry| {
            *last = entry.number;
            let record: Value = match self.format {
                Format::AzureMonitor => azure_monitor(entry, &self.facts),
                _ => graph(entry, &self.facts),
            };
            let mut line = separator.to_vec();
            line.extend(record.to_string().into_bytes());
            if is_document {
                separator = b",\n";
            } else {
                line.push(b'\n');
            }
            to.write_all(&line).map_err(failed)
        })?;
        if is_document {
            to.write_all(b"\n]}\n").map_err(failed)?;
        }
        Ok(())
    }

    fn print_table(&self, entries: &[LogEntry], printer: &Printer) -> Result<(), Error> {
        printer.text(&self.table(entries, printer.width()))?;
        Ok(printer.flush()?)
    }

    /// On a terminal, lines are broken between words.
    fn table(&self, entries: &[LogEntry], width: Option<usize>) -> String {
        if self.steps {
            return entries.iter().map(log_details).collect::<Vec<_>>().join("\n");
        }
        let lines: Vec<_> = entries.iter().map(log_line).collect();
        // Longer names push the reason out.
        let names = lines.iter().map(|line| seen_width(&line[3])).max().unwrap_or(0).min(LONGEST);
        let mut text = String::new();
        for [at, action, status, name, why] in lines {
            let padding = |cell: &str, width: usize| " ".repeat(width.saturating_sub(seen_width(cell)));
            let line = [&at, "  ", &action, &padding(&action, 14), &status, "  ", &name, &padding(&name, names), "  "];
            let line = line.concat() + &why;
            match width {
                Some(width) => text.push_str(&fold(&line, width, 4)),
                None => text.push_str(&line),
            }
            text.push('\n');
        }
        text
    }
}

/// The last entries that a query finds, oldest first, and whether there are more.
fn latest(store: Option<&Store>, query: &LogQuery, limit: usize) -> Result<(Vec<LogEntry>, bool), Error> {
    let Some(store) = store else { return Ok((Vec::new(), false)) };
    let query = LogQuery { latest_first: true, ..query.clone() };
    let mut entries = store.log(&query, limit.saturating_add(1))?;
    let more = entries.len() > limit;
    entries.truncate(limit);
    entries.reverse();
    Ok((entries, more))
}

/// The same one by one: all of them without a limit, so that a long log needs no memory.
fn each(
    store: Option<&Store>,
    query: &LogQuery,
    limit: usize,
    each: &mut dyn FnMut(&LogEntry) -> Result<(), Error>,
) -> Result<(), Error> {
    if limit < usize::MAX {
        return latest(store, query, limit)?.0.iter().try_for_each(each);
    }
    let Some(store) = store else { return Ok(()) };
    let mut result = Ok(());
    store.each_log_entry(query, &mut |entry| {
        result = each(&entry);
        if result.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    result
}

/// `logs.csv` becomes `logs_ProvisioningSteps.csv`; a folder gets the portal's names.
fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    if path.is_dir() {
        return path.join(format!("ProvisioningLogs{suffix}.csv"));
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let ending = path.extension().map_or_else(String::new, |ending| format!(".{}", ending.to_string_lossy()));
    path.with_file_name(format!("{stem}{suffix}{ending}"))
}

fn printed(error: io::Error) -> Error {
    OutputError::from(error).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_three_files() {
        let check = |path: &str, suffix: &str, expected: &str| {
            assert_eq!(suffixed(Path::new(path), suffix), Path::new(expected));
        };
        check("a/logs.csv", "", "a/logs.csv");
        check("a/logs.csv", "_ProvisioningSteps", "a/logs_ProvisioningSteps.csv");
        check("logs", "_ModifiedProperties", "logs_ModifiedProperties");
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(suffixed(folder.path(), ""), folder.path().join("ProvisioningLogs.csv"));
    }
}

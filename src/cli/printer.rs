//! The only place that prints: data to stdout, talk to stderr.

use std::fmt;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anstream::{AutoStream, ColorChoice};
use serde_json::Value;
use terminal_size::terminal_size_of;

use super::args::{Color, Global, Output};
use super::render_diagnostic::render;
use super::table::fold;
use crate::base::{Diagnostic, Severity};

/// Narrower terminals are taken for this wide.
const NARROWEST: usize = 40;

/// Says that stdout can't be written: a full disk, or nobody reads any more.
#[derive(Debug, thiserror::Error)]
#[error("the output can't be written")]
pub(crate) struct OutputError(#[from] io::Error);

impl From<OutputError> for io::Error {
    fn from(error: OutputError) -> Self {
        error.0
    }
}

impl OutputError {
    /// Whether the reader of a pipe has gone, as `head` does: no failure.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        self.0.kind() == io::ErrorKind::BrokenPipe
    }
}

/// Prints with the global flags in mind. Colours are cut off where nobody sees them.
pub(crate) struct Printer {
    out: Mutex<Box<dyn Write + Send>>,
    err: Mutex<Box<dyn Write + Send>>,
    /// Whether every line of data goes out at once: somebody is watching.
    live: bool,
    progress: bool,
    /// Columns of the terminals that data and talk go to; none where they go elsewhere.
    widths: [Option<usize>; 2],
    output: Output,
    quiet: bool,
    verbose: u8,
    /// What was warned of, where that is wanted.
    warnings: Mutex<Option<Vec<Diagnostic>>>,
}

/// Stdout as something that is written to; it is buffered.
pub(crate) struct Printed<'a>(pub(crate) &'a Printer);

impl Write for Printed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.bytes(bytes).map_err(io::Error::from)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(io::Error::from)
    }
}

/// More warnings than this aren't kept.
const KEPT: usize = 1000;

impl Printer {
    /// Prints to this process's stdout and stderr.
    pub(crate) fn new(global: &Global) -> Self {
        let choice = match global.color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        choice.write_global();
        let talk_to_terminal = io::stderr().is_terminal();
        Self {
            out: Mutex::new(Box::new(BufWriter::with_capacity(64 * 1024, AutoStream::new(io::stdout(), choice)))),
            err: Mutex::new(Box::new(AutoStream::new(io::stderr(), choice))),
            live: io::stdout().is_terminal(),
            progress: talk_to_terminal && !global.no_progress && !global.quiet && global.verbose == 0,
            widths: [terminal_size_of(io::stdout()), terminal_size_of(io::stderr())]
                .map(|size| size.map(|(width, _)| usize::from(width.0).max(NARROWEST))),
            output: global.output,
            quiet: global.quiet,
            verbose: global.verbose,
            warnings: Mutex::new(None),
        }
    }

    /// What goes to stdout.
    pub(crate) fn output(&self) -> Output {
        self.output
    }

    /// Whether text for people is wanted on stdout.
    pub(crate) fn is_human(&self) -> bool {
        self.output == Output::Human
    }

    /// Whether only data and errors are wanted.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether more than usual is wanted.
    pub(crate) fn is_verbose(&self) -> bool {
        self.verbose > 0
    }

    /// Whether progress bars may be drawn on stderr.
    pub(crate) fn shows_progress(&self) -> bool {
        self.progress
    }

    /// Columns of the terminal that data goes to; none where it goes elsewhere.
    pub(crate) fn width(&self) -> Option<usize> {
        self.widths[0]
    }

    /// Columns of the terminal that talk goes to, or of the narrowest where it goes elsewhere.
    pub(crate) fn talk_width(&self) -> usize {
        self.widths[1].unwrap_or(NARROWEST)
    }

    /// A line of data.
    pub(crate) fn line(&self, text: impl fmt::Display) -> Result<(), OutputError> {
        let mut out = lock(&self.out);
        writeln!(out, "{text}")?;
        if self.live {
            out.flush()?;
        }
        Ok(())
    }

    /// A few lines of data that read as sentences: on a terminal they are broken between words.
    pub(crate) fn sentences(&self, text: &str) -> Result<(), OutputError> {
        let Some(width) = self.widths[0] else { return self.line(text) };
        text.split('\n').try_for_each(|line| {
            let margin = line.len() - line.trim_start().len();
            self.line(fold(line, width, margin + 2))
        })
    }

    /// Lines of data that end with a line break of their own.
    pub(crate) fn text(&self, text: &str) -> Result<(), OutputError> {
        self.bytes(text.as_bytes())
    }

    /// A JSON document: indented, or on one line with `--output jsonl`.
    pub(crate) fn json(&self, document: &Value) -> Result<(), OutputError> {
        match self.output {
            Output::Jsonl => self.json_line(document),
            Output::Json | Output::Human => self.line(format_args!("{document:#}")),
        }
    }

    /// A JSON object on one line, which goes out at once.
    pub(crate) fn json_line(&self, object: &Value) -> Result<(), OutputError> {
        self.line(object)?;
        self.flush()
    }

    /// Bytes of data as they are.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Result<(), OutputError> {
        Ok(lock(&self.out).write_all(bytes)?)
    }

    /// Sends out what is buffered; done for every command at its end.
    pub(crate) fn flush(&self) -> Result<(), OutputError> {
        Ok(lock(&self.out).flush()?)
    }

    /// A line of talk, unless quiet.
    pub(crate) fn talk(&self, text: impl fmt::Display) {
        if !self.quiet {
            self.say(text);
        }
    }

    /// A line of talk that only `-v` shows.
    pub(crate) fn detail(&self, text: impl fmt::Display) {
        if self.verbose > 0 && !self.quiet {
            self.say(text);
        }
    }

    /// From now on warnings are kept, said or not: a report tells them again.
    pub(crate) fn keep_warnings(&self) {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default();
    }

    /// The warnings that were kept, in their order.
    pub(crate) fn kept_warnings(&self) -> Vec<Diagnostic> {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or_default()
    }

    /// A finding; below an error only unless quiet, notes only with `-v`.
    pub(crate) fn diagnostic(&self, diagnostic: &Diagnostic) {
        if diagnostic.severity == Severity::Warning
            && let Some(kept) = &mut *self.warnings.lock().unwrap_or_else(PoisonError::into_inner)
            && kept.len() < KEPT
        {
            kept.push(diagnostic.clone());
        }
        let shown = match diagnostic.severity {
            Severity::Error => true,
            Severity::Warning => !self.quiet,
            Severity::Note => self.verbose > 0 && !self.quiet,
        };
        if shown {
            self.say(render(diagnostic, self.widths[1]));
        }
    }

    /// A finding that the command was asked for; below an error only unless quiet.
    pub(crate) fn finding(&self, diagnostic: &Diagnostic) {
        if diagnostic.severity == Severity::Error || !self.quiet {
            self.say(render(diagnostic, self.widths[1]));
        }
    }

    /// Writes to stderr after what stdout holds, so that both are in order on a terminal. Where
    /// stderr can't be written, nobody could be told.
    fn say(&self, text: impl fmt::Display) {
        let _ignored: io::Result<()> = lock(&self.out).flush();
        let _ignored: io::Result<()> = writeln!(lock(&self.err), "{text}");
    }
}

fn lock(sink: &Mutex<Box<dyn Write + Send>>) -> MutexGuard<'_, Box<dyn Write + Send>> {
    sink.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Sink {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    struct Gone;

    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn printer(quiet: bool, verbose: u8) -> (Printer, Sink, Sink) {
        let (out, err) = (Sink::default(), Sink::default());
        let printer = Printer {
            out: Mutex::new(Box::new(out.clone())),
            err: Mutex::new(Box::new(err.clone())),
            live: false,
            progress: false,
            widths: [None; 2],
            output: Output::Human,
            quiet,
            verbose,
            warnings: Mutex::new(None),
        };
        (printer, out, err)
    }

    #[test]
    fn data_and_talk_go_separate_ways() {
        for (quiet, verbose, expected) in
            [(false, 0, "hello\n"), (false, 1, "hello\nmore\n"), (true, 0, ""), (true, 3, "")]
        {
            let (printer, out, err) = printer(quiet, verbose);
            printer.line("data").unwrap();
            printer.json_line(&serde_json::json!({"a": 1})).unwrap();
            printer.talk("hello");
            printer.detail("more");
            assert_eq!(out.text(), "data\n{\"a\":1}\n");
            assert_eq!(err.text(), expected, "quiet {quiet}, verbose {verbose}");
        }
    }

    #[test]
    fn errors_are_said_even_when_quiet() {
        let (printer, _, err) = printer(true, 0);
        printer.diagnostic(&Diagnostic::warning("odd"));
        printer.diagnostic(&Diagnostic::error("wrong"));
        assert!(err.text().contains("wrong") && !err.text().contains("odd"));
    }

    #[test]
    fn a_reader_that_is_gone_is_told_apart() {
        let (mut printer, _, _) = printer(false, 0);
        printer.out = Mutex::new(Box::new(Gone));
        assert!(printer.line("x").unwrap_err().is_broken_pipe());
    }
}

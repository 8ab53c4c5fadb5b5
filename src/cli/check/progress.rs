//! Shows checks while they are tried: a bar on a terminal, a line now and then elsewhere, JSON lines for programs.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::base::{SignedDuration, Timestamp};
use crate::check::{CheckEvent, Status};
use crate::cli::args::Output;
use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::cli::printer::OutputError;
use crate::cli::runtime::Interrupt;
use crate::clock::Clock;
use crate::report::{check_event_json, count};

/// Without a terminal a line is said after so long.
const QUIET: SignedDuration = SignedDuration::from_secs(10);

/// Consumes the events of checks.
pub(super) struct Progress<'a> {
    context: &'a Context,
    clock: &'a Clock,
    interrupt: &'a Interrupt,
    bar: Option<ProgressBar>,
    checks: usize,
    done: usize,
    failed: u64,
    said: Timestamp,
    error: Option<OutputError>,
}

impl<'a> Progress<'a> {
    pub(super) fn new(context: &'a Context, clock: &'a Clock, interrupt: &'a Interrupt) -> Self {
        let said = clock.now();
        Self { context, clock, interrupt, bar: None, checks: 0, done: 0, failed: 0, said, error: None }
    }

    /// Takes an event up. What was found isn't masked yet, so nothing of it is shown.
    pub(super) fn take(&mut self, event: &CheckEvent<'_>) {
        if self.context.printer.output() == Output::Jsonl && self.error.is_none() {
            self.error = self.context.printer.json_line(&check_event_json(event)).err();
        }
        match event {
            CheckEvent::Begun { checks } => self.begin(*checks),
            CheckEvent::Started(check) => self.show(check.id),
            CheckEvent::Done(result) => {
                self.done += 1;
                self.failed += u64::from(result.status == Status::Failed);
                let milliseconds = result.duration.as_millis();
                self.detail(&format!("{} {} in {milliseconds} ms", result.check.id, result.status.as_str()));
                self.step();
            }
            CheckEvent::CleaningUp { objects } => {
                let text = format!("removing {}", count(*objects as u64, "object"));
                self.show(&text);
                if self.interrupt.exit().is_some() {
                    self.talk(&format!("Interrupted: {text}; a second signal ends it at once"));
                }
            }
        }
    }

    /// Ends the bar; says whether stdout could be written.
    pub(super) fn finish(&mut self) -> Result<(), Error> {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        self.error.take().map_or(Ok(()), |error| Err(error.into()))
    }

    fn begin(&mut self, checks: usize) {
        self.checks = checks;
        if self.context.printer.shows_progress() {
            let style = ProgressStyle::with_template("checks [{wide_bar}] {pos}/{len}  {msg}");
            let bar = ProgressBar::with_draw_target(Some(checks as u64), ProgressDrawTarget::stderr());
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
            self.bar = Some(bar);
        }
    }

    fn show(&self, what: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(what.to_owned());
        }
    }

    fn step(&mut self) {
        if let Some(bar) = &self.bar {
            bar.set_position(self.done as u64);
        } else if self.clock.now().duration_since(self.said) >= QUIET {
            self.said = self.clock.now();
            let failed = if self.failed == 0 { String::new() } else { format!(", {} failed so far", self.failed) };
            self.context.printer.talk(format_args!("{} of {} checks{failed}", self.done, self.checks));
        }
    }

    fn talk(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| self.context.printer.talk(text)),
            None => self.context.printer.talk(text),
        }
    }

    fn detail(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| self.context.printer.detail(text)),
            None => self.context.printer.detail(text),
        }
    }
}

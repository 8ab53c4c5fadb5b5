//! Shows how far the list is: a bar on a terminal, a line now and then elsewhere, JSON lines for programs.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use crate::base::{SignedDuration, Timestamp, grouped};
use crate::cli::args::Output;
use crate::cli::context::Context;
use crate::cli::error::Error;
use crate::cli::printer::OutputError;
use crate::clock::Clock;
use crate::engine::DiscoverProgress;
use crate::report::FORMAT_VERSION;
use crate::schema::ObjectKind;

/// Without a terminal a line is said after so long.
const QUIET: SignedDuration = SignedDuration::from_secs(10);

/// Consumes what is told on the way.
pub(super) struct Progress<'a> {
    context: &'a Context,
    clock: &'a Clock,
    /// With what it counts.
    bar: Option<(&'static str, ProgressBar)>,
    said: Timestamp,
    error: Option<OutputError>,
}

impl<'a> Progress<'a> {
    pub(super) fn new(context: &'a Context, clock: &'a Clock) -> Self {
        Self { context, clock, bar: None, said: clock.now(), error: None }
    }

    /// The first line of the stream says which format it has.
    pub(super) fn start(&mut self, tenant_url: &str) -> Result<(), Error> {
        if self.context.printer.output() == Output::Jsonl {
            let at = self.clock.now().to_string();
            let line = json!({ "type": "discoveryStarted", "formatVersion": FORMAT_VERSION, "at": at, "tenantUrl": tenant_url });
            self.context.printer.json_line(&line)?;
        }
        Ok(())
    }

    pub(super) fn take(&mut self, step: DiscoverProgress) {
        let (what, kind, done, total) = match step {
            DiscoverProgress::Listed { kind: ObjectKind::User, listed, total } => {
                ("users", ObjectKind::User, listed, total)
            }
            DiscoverProgress::Listed { kind, listed, total } => ("groups", kind, listed, total),
            DiscoverProgress::AskedAgain { kind, done, total } => ("asked by id", kind, done, total),
        };
        if self.context.printer.output() == Output::Jsonl && self.error.is_none() {
            let line = step_json(step, kind, done, total);
            self.error = self.context.printer.json_line(&line).err();
        }
        if self.context.printer.shows_progress() {
            self.bar(what, total).set_position(done);
        } else if self.clock.now().duration_since(self.said) >= QUIET {
            self.said = self.clock.now();
            self.context.printer.talk(format_args!("{what}: {} of {}", grouped(done), grouped(total)));
        }
    }

    /// Ends the bar; says whether stdout could be written.
    pub(super) fn finish(&mut self) -> Result<(), Error> {
        if let Some((_, bar)) = self.bar.take() {
            bar.finish_and_clear();
        }
        self.error.take().map_or(Ok(()), |error| Err(error.into()))
    }

    fn bar(&mut self, what: &'static str, total: u64) -> &ProgressBar {
        if let Some((_, bar)) = self.bar.take_if(|(of, _)| *of != what) {
            bar.finish_and_clear();
        }
        let (_, bar) = self.bar.get_or_insert_with(|| {
            let style = ProgressStyle::with_template("{msg} [{wide_bar}] {pos}/{len}, {eta} left");
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
            bar.set_message(what);
            (what, bar)
        });
        bar
    }
}

fn step_json(step: DiscoverProgress, kind: ObjectKind, done: u64, total: u64) -> Value {
    let word = match step {
        DiscoverProgress::Listed { .. } => "listed",
        DiscoverProgress::AskedAgain { .. } => "askedAgain",
    };
    json!({ "type": word, "objectType": kind.as_str(), "done": done, "total": total })
}

//! The bar on a terminal: what the portal's *Current cycle status* shows, in three lines.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use unicode_width::UnicodeWidthChar as _;

use super::tally::Tally;
use crate::base::{JobId, Timestamp, grouped};
use crate::cli::args::Output;
use crate::cli::context::Context;
use crate::event::CycleKind;
use crate::report::counted;
use crate::store::{Store, StoreError};

const TEMPLATE: &str =
    "{kind} cycle {percent:>3} % [{wide_bar}] {human_pos}/{human_len}, {rate}, {eta} left\n{done}\n{last}";

/// What was before a cycle.
#[derive(Debug, Clone)]
pub(crate) struct Past {
    pub(super) job_id: JobId,
    /// Linked users and groups.
    pub(super) linked: [u64; 2],
    /// The cycle before: kind, end and duration.
    pub(super) last: Option<(CycleKind, Timestamp, Duration)>,
}

impl Past {
    /// Reads it, as far as somebody will see it: on a bar, which there is none of in virtual time, or in JSON lines.
    pub(crate) fn read(
        store: &Store,
        job_id: &JobId,
        is_simulated: bool,
        context: &Context,
    ) -> Result<Self, StoreError> {
        let mut past = Self { job_id: job_id.clone(), linked: [0, 0], last: None };
        let has_bar = context.printer.shows_progress() && !is_simulated;
        if has_bar || context.printer.output() == Output::Jsonl {
            past.linked = store.linked()?;
            let last = store.last_ended()?;
            past.last = last.and_then(|cycle| Some((cycle.start.kind, cycle.ended()?, cycle.end?.duration)));
        }
        Ok(past)
    }
}

/// A bar, and what it shows beside how far it is.
pub(super) struct Bar {
    bar: ProgressBar,
    tally: Arc<Mutex<Tally>>,
}

impl Bar {
    /// Draws it, no wider than so many columns.
    pub(super) fn new(kind: CycleKind, tally: Tally, past: Option<&Past>, width: usize) -> Self {
        let due = tally.due;
        let tally = Arc::new(Mutex::new(tally));
        let shown = Arc::clone(&tally);
        let done = move |_: &ProgressState, out: &mut dyn fmt::Write| {
            let tally = *shown.lock().unwrap_or_else(PoisonError::into_inner);
            write(out, &cut(&done(&tally), width));
        };
        let last = cut(&last(past), width);
        let rate = |state: &ProgressState, out: &mut dyn fmt::Write| {
            write(out, &format!("{}/s", grouped(rounded(state.per_sec()))));
        };
        let style = ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
        let style = style
            .with_key("kind", move |_: &ProgressState, out: &mut dyn fmt::Write| write(out, kind.as_str()))
            .with_key("rate", rate)
            .with_key("done", done)
            .with_key("last", move |_: &ProgressState, out: &mut dyn fmt::Write| write(out, &last));
        let bar = ProgressBar::with_draw_target(Some(due), ProgressDrawTarget::stderr());
        bar.set_style(style.progress_chars("=> "));
        Self { bar, tally }
    }

    /// It is that far now.
    pub(super) fn show(&self, tally: &Tally) {
        *self.tally.lock().unwrap_or_else(PoisonError::into_inner) = *tally;
        self.bar.set_position(tally.done());
    }

    /// Takes it away while something else is written.
    pub(super) fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    /// Takes it away.
    pub(super) fn clear(self) {
        self.bar.finish_and_clear();
    }
}

fn write(out: &mut dyn fmt::Write, text: &str) {
    let _infallible: fmt::Result = out.write_str(text);
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate is no negative number")]
fn rounded(rate: f64) -> u64 {
    rate.round() as u64
}

/// So far in this cycle, and to date.
fn done(tally: &Tally) -> String {
    let both = |[users, groups]: [u64; 2]| format!("{}, {}", counted(users, "user"), counted(groups, "group"));
    format!("  done {}; linked to date {}", both([tally.users, tally.groups]), both(tally.linked))
}

fn last(past: Option<&Past>) -> String {
    past.and_then(|past| past.last).map_or_else(
        || "  the first cycle of this job".to_owned(),
        |(kind, ended, took)| {
            format!("  last cycle: {}, ended {ended:.0}, took {:.1} s", kind.as_str(), took.as_secs_f64())
        },
    )
}

/// A line that fits: a longer one couldn't be taken away again.
fn cut(line: &str, width: usize) -> String {
    let mut left = width.saturating_sub(1);
    let mut text = String::with_capacity(line.len());
    for c in line.chars() {
        let Some(rest) = left.checked_sub(c.width().unwrap_or(0)) else {
            text.push('…');
            break;
        };
        left = rest;
        text.push(c);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_eighty_columns() {
        let mut tally = Tally::of(200_000, [198_765, 1_234]);
        (tally.users, tally.groups) = (198_765, 1_234);
        let line = done(&tally);
        assert_eq!(line, "  done 198,765 users, 1,234 groups; linked to date 198,765 users, 1,234 groups");
        assert_eq!(cut(&line, 80), line);
        assert_eq!(cut(&line, 20), "  done 198,765 user…");
        let mut one = Tally::of(1, [0, 1]);
        one.users = 1;
        assert_eq!(done(&one), "  done 1 user, 0 groups; linked to date 0 users, 1 group");
        let ended = "2026-11-27T02:45:02Z".parse().unwrap();
        let last_cycle = Some((CycleKind::Incremental, ended, Duration::from_millis(3_210)));
        let past = Past { job_id: JobId::new("x"), linked: [0, 0], last: last_cycle };
        assert_eq!(last(Some(&past)), "  last cycle: incremental, ended 2026-11-27T02:45:02Z, took 3.2 s");
        assert_eq!(last(None), "  the first cycle of this job");
    }
}

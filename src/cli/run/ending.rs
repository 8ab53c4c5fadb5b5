//! How a cycle leaves the job, and what is to be said of it.

use crate::base::Diagnostic;
use crate::cli::exit::Exit;
use crate::event::{CycleKind, CycleReport};
use crate::plan::quarantine::QuarantineReason;
use crate::store::{JobMemory, JobState};

/// What is to be done about a quarantine.
pub(super) fn way_out(reason: &str) -> &'static str {
    if reason == QuarantineReason::TooManyDeletes.code() {
        "`scimulate allow-deletes` lets them through; otherwise mend the source and restart"
    } else {
        "mend the cause, then lift the quarantine with `scimulate start`"
    }
}

/// A cycle that ended.
pub(crate) struct CycleEnd {
    pub(crate) report: CycleReport,
    /// With what a command ends that ran this cycle last.
    pub(crate) exit: Exit,
    /// What the cycle made of the job, where that is no good news.
    pub(crate) notice: Option<Diagnostic>,
}

impl CycleEnd {
    pub(super) fn of(report: CycleReport, job: &JobMemory) -> Self {
        let is_held = match &job.state {
            JobState::Quarantine { .. } | JobState::Disabled => true,
            // Otherwise somebody has paused it meanwhile.
            JobState::Paused => job.escrows_pruned && report.kind == CycleKind::Initial,
            JobState::NotRun | JobState::Active => false,
        };
        let exit = match report.summary.failures() {
            _ if is_held => Exit::JobHeld,
            0 => Exit::Done,
            _ => Exit::ObjectsFailed,
        };
        Self { exit, notice: is_held.then(|| notice(&job.state)), report }
    }

    /// Whether the cycle wrote nothing and nothing failed.
    pub(super) fn is_idle(&self) -> bool {
        self.report.summary.writes() + self.report.summary.failures() == 0
    }
}

/// What is said of a job that runs no cycle, or not soon.
pub(super) fn notice(state: &JobState) -> Diagnostic {
    let JobState::Quarantine { reason, message, next_attempt, .. } = state else {
        let text = format!("the job is {} now: no further cycle runs", state.as_str());
        return Diagnostic::warning(text).with_hint("mend the cause; `scimulate start` makes it active again");
    };
    Diagnostic::warning(format!("the job is in quarantine: {reason}: {message}"))
        .with_hint(format!("the next attempt is due at {next_attempt:.0}; {}", way_out(reason)))
}

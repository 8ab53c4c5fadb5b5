//! What a notification is about.

use crate::base::{CycleId, JobId, Timestamp};

/// Something that an admin has to know of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What became of the job.
    pub happened: Happened,
    /// Code: `EncounteredQuarantineException`, `TooManyDeletes`, `Disabled` …
    pub reason: String,
    /// What brought it about, with what the target said; of others, and of any length.
    pub message: String,
    /// Name of the job.
    pub job: String,
    /// Its id.
    pub job_id: JobId,
    /// Host of the target; none for the built-in endpoint.
    pub target: Option<String>,
    /// When it happened.
    pub at: Timestamp,
    /// The cycle in which it did.
    pub cycle: Option<CycleId>,
    /// How the program is called for this job, as a shell takes it: `scimulate`, with the global arguments that say
    /// which job it is.
    pub program: String,
    /// Whether that means the same in every folder; otherwise it is called in the one of `scimulate.toml`.
    pub in_any_folder: bool,
    /// Whether time was simulated.
    pub is_simulated: bool,
}

/// What became of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// It is in quarantine.
    Quarantined {
        /// Whether it was there before, for another reason.
        again: bool,
        /// When the next attempt is due.
        next_attempt: Timestamp,
        /// When it is disabled if no cycle gets through.
        disabled_at: Timestamp,
    },
    /// It is paused: by too many failures in an initial cycle that held deletions back as well, or by somebody.
    Paused,
    /// It is disabled.
    Disabled,
    /// How it stands can't be read.
    Unknown,
}

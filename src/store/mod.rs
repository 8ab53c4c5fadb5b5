//! What a job remembers from one cycle to the next, in one `SQLite` file per job.
//!
//! `<state folder>/<job>.db` holds the links and the standing of every object, the references that
//! were sent, the watermark, the cycles, the provisioning log and the state of the job; `<job>.lock` beside it is locked while a
//! cycle runs. The file is in WAL mode with `synchronous=NORMAL`, its tables are `STRICT`, instants
//! are microseconds since 1970 (UTC), so that `sqlite3 FILE` is all that support needs.
//!
//! # What survives
//! An outcome, its link and its log record, is committed in one transaction. A commit survives the
//! end of the process, however it ends; after a loss of power the last few may be missing, but the
//! file is never damaged. [`Writer`] commits at the latest every 200 ms, so that a killed process
//! loses at most that much. Nothing is lost with it: an object without a link is matched again at
//! the next cycle, its account is found and linked, and no second one is created.

mod cycle;
mod database;
mod error;
mod job;
mod known;
mod link;
mod lock;
mod log;
mod migration;
mod object;
mod reference;
mod reset;
mod row;
mod snapshot;
mod staged;
mod trace;
mod watermark;
mod writer;

#[cfg(test)]
mod tests;

pub use cycle::{CycleEnd, CycleRow, CycleStart, Progress};
pub use database::{Store, Totals};
pub use error::StoreError;
pub use job::{Binding, JobMemory, JobState};
pub use known::KnownSet;
pub use link::Link;
pub use lock::{CycleLock, Holder};
pub use log::LogQuery;
pub use object::{ObjectStates, PriorView};
pub use reference::{ReferenceChange, References, ReferencesOf};
pub use reset::{ResetScope, ResetScopes, UnknownResetScope};
pub use snapshot::{Snapshot, Stamp};
pub use staged::StagedObject;
pub use trace::{TraceText, TraceWriter};
pub use watermark::Watermark;
pub use writer::{Outcome, StateChange, Writer};

//! What ends a cycle before its end.

use crate::base::Diagnostic;
use crate::client::Failure;
use crate::event::ObjectError;
use crate::schema::ObjectKind;
use crate::source::SourceError;
use crate::store::StoreError;

/// A cycle that can't begin or can't go on.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The export can't be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The state can't be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The settings don't fit the export.
    #[error("{0}")]
    Settings(Box<Diagnostic>),
    /// The export lacks too much of what was known.
    #[error("{0}")]
    Incomplete(Box<Diagnostic>),
    /// A name means nothing, or several things.
    #[error("{0}")]
    Name(Box<Diagnostic>),
    /// The test query failed: the job is in quarantine.
    #[error("{}: {}", .error.code, .error.message)]
    Quarantine {
        /// What the status keeps.
        error: ObjectError,
        /// The failure behind it.
        failure: Box<Failure>,
        /// Whether it was asked for a user or for a group.
        kind: ObjectKind,
    },
    /// It was cancelled before anything was written.
    #[error("interrupted: nothing was written")]
    Interrupted,
    /// A task of this process died.
    #[error("a worker stopped unexpectedly: {0}")]
    Worker(String),
}

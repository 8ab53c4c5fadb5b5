//! What can go wrong with the saved state, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::ErrorCode;

use super::Holder;

/// Why saved state can't be read or written.
///
/// It can be cloned, because the writer's thread and whoever waits for it report the same one.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The job's name can't be part of a file name.
    #[error("the job name {name:?} can't name a file, because {why}: choose another (--job, or job in the config)")]
    JobName {
        /// As given.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The state folder is something else.
    #[error("the state folder {} is a file: name a folder with --state", path.display())]
    NotAFolder {
        /// The folder as given.
        path: PathBuf,
    },
    /// The state file is something else.
    #[error("the state file {} is a folder: move it away, or name another folder with --state", path.display())]
    NotAFile {
        /// The file.
        path: PathBuf,
    },
    /// No permission, or a read-only disk.
    #[error("{} can't be written: mend its permissions, or name another folder with --state", path.display())]
    NotWritable {
        /// The folder or file.
        path: PathBuf,
        /// What the system said, where it said anything.
        source: Option<Arc<io::Error>>,
    },
    /// The file belongs to another program.
    #[error("{} isn't state of scimulate: move it away, or name another folder with --state", path.display())]
    NotScimulate {
        /// The file.
        path: PathBuf,
    },
    /// A later version of this program has written it.
    #[error(
        "the state {} was written by scimulate {written_by} (format {found}; this version reads up to {supported}): \
         use that version or a later one, or name another folder with --state",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Format of the file.
        found: i64,
        /// Latest format that this version reads.
        supported: i64,
        /// Version that wrote the format, or `of a later version` where it doesn't say.
        written_by: String,
    },
    /// The content can't be true.
    #[error(
        "the state {} is damaged ({what}): restore a copy, or delete the file; \
         the next run then is an initial cycle that finds the accounts again by matching",
        path.display()
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What was noticed.
        what: String,
    },
    /// No space left. What was committed stays.
    #[error("no space is left for the state {}: what was done so far is kept, make room and run again", path.display())]
    DiskFull {
        /// The file.
        path: PathBuf,
    },
    /// Another connection wouldn't let go of the file.
    #[error("the state {} is being written by another program: try again when it has finished", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The state belongs to another endpoint.
    #[error(
        "the state {} belongs to the target {known}, not to {given}: \
         use another --job or another --state, or delete the file to start afresh",
        path.display()
    )]
    OtherTarget {
        /// The file.
        path: PathBuf,
        /// Origin and path of the first run.
        known: String,
        /// Origin and path now.
        given: String,
    },
    /// The state belongs to another directory.
    #[error(
        "the state {} belongs to the tenant {known}, not to {given}: \
         use another --job or another --state, or delete the file to start afresh",
        path.display()
    )]
    OtherTenant {
        /// The file.
        path: PathBuf,
        /// Tenant id of an earlier run.
        known: String,
        /// Tenant id now.
        given: String,
    },
    /// Another run is in the middle of a cycle.
    #[error("another run holds the lock {}: {}; wait for it or stop it", path.display(), held_by(holder.as_ref()))]
    Held {
        /// The lock file.
        path: PathBuf,
        /// Who it is; `None` when it can't be read at this moment.
        holder: Option<Holder>,
    },
    /// The system failed in another way.
    #[error("{what} {} failed", path.display())]
    Io {
        /// What was tried: `reading`, `locking` …
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// `SQLite` failed in another way.
    #[error("the state {} can't be used", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What `SQLite` said.
        source: Arc<rusqlite::Error>,
    },
    /// The writer has ended, so nothing can be handed to it.
    #[error("the writer of the state has stopped")]
    WriterStopped,
}

impl StoreError {
    /// Whether the user can mend it with flags, the config or the state folder (exit code 2).
    pub const fn is_usage(&self) -> bool {
        match self {
            Self::JobName { .. }
            | Self::NotAFolder { .. }
            | Self::NotAFile { .. }
            | Self::NotWritable { .. }
            | Self::NotScimulate { .. }
            | Self::Newer { .. }
            | Self::Corrupt { .. }
            | Self::OtherTarget { .. }
            | Self::OtherTenant { .. } => true,
            Self::DiskFull { .. }
            | Self::Busy { .. }
            | Self::Held { .. }
            | Self::Io { .. }
            | Self::Sqlite { .. }
            | Self::WriterStopped => false,
        }
    }

    /// Sorts what `SQLite` says into what the user can do.
    pub(super) fn of(path: &Path, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match &source {
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::Utf8Error(..) => Self::Corrupt { path, what: source.to_string() },
            _ => match source.sqlite_error_code() {
                Some(ErrorCode::DiskFull) => Self::DiskFull { path },
                Some(ErrorCode::NotADatabase) => Self::NotScimulate { path },
                Some(ErrorCode::DatabaseCorrupt) => Self::Corrupt { path, what: source.to_string() },
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { path },
                Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                    Self::NotWritable { path, source: None }
                }
                _ => Self::Sqlite { path, source: Arc::new(source) },
            },
        }
    }

    /// Sorts what the file system says.
    pub(super) fn of_io(what: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::NotWritable { path, source: Some(Arc::new(source)) }
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            io::ErrorKind::NotADirectory => Self::NotAFolder { path },
            io::ErrorKind::IsADirectory => Self::NotAFile { path },
            _ => Self::Io { what, path, source: Arc::new(source) },
        }
    }
}

fn held_by(holder: Option<&Holder>) -> String {
    holder.map_or_else(
        || "which one can't be read".to_owned(),
        |holder| format!("process {} ({}), since {}", holder.pid, holder.command, holder.since),
    )
}

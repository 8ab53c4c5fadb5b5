//! Why resources can't be kept or read.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::ErrorCode;

/// Why a file can't be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StorageError {
    /// It can't be opened.
    #[error("the endpoint's data in `{path}` can't be opened; check that the folder exists and can be written to")]
    Open {
        /// The file.
        path: PathBuf,
        /// What `SQLite` says.
        #[source]
        source: Arc<rusqlite::Error>,
    },
    /// It is something else.
    #[error("`{0}` isn't an endpoint's data; name another file")]
    Foreign(PathBuf),
    /// It was one, but isn't whole any more.
    #[error("the endpoint's data in `{0}` is damaged; put back a copy, or name another file")]
    Damaged(PathBuf),
    /// It can only be read.
    #[error("the endpoint's data in `{0}` can't be written; make the file writable, or name another one")]
    ReadOnly(PathBuf),
    /// Other rules hold for letter case than when it was written, by which two resources have the same name.
    #[error(
        "`{first}` and `{second}` in the endpoint's data have the same {attribute} by the mapping in force; use the \
         mapping that it was written with and rename one of them, or name another file"
    )]
    Collision {
        /// What has to be unique.
        attribute: &'static str,
        /// The one's.
        first: String,
        /// The other's.
        second: String,
    },
    /// It was written with attributes that are unknown now.
    #[error(
        "the endpoint's data was written with attributes of {noun}s that aren't known here ({attributes}); use the \
         profile or the mapping that it was written with, or name another file"
    )]
    Attributes {
        /// `user` or `group`.
        noun: &'static str,
        /// Their names.
        attributes: String,
    },
    /// A newer version wrote it.
    #[error("`{path}` has format {found}, this version reads up to {known}; use the newer version that wrote it")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest format that is known here.
        known: i64,
    },
    /// There is no room for what was to be written; nothing of it was.
    #[error("the disk that holds the endpoint's data is full; make room")]
    Full,
    /// Another process kept the file for too long.
    #[error("another process is writing the endpoint's data")]
    Busy,
    /// The endpoint has ended.
    #[error("the endpoint's data was closed")]
    Closed,
    /// It was given up in the middle; nothing of it was written.
    #[error("the write was broken off")]
    Interrupted,
    /// It can't be opened a second time, to look how long it is and to have it written to the disk.
    #[error("the file of the endpoint's data can't be opened once more; check how many files a process may have open")]
    Reopen(#[source] Arc<std::io::Error>),
    /// There can't be another thread.
    #[error("the thread that keeps the endpoint's data can't be started")]
    Thread(#[source] Arc<std::io::Error>),
    /// Reading or writing failed later on.
    #[error("the endpoint's data can't be read or written")]
    Sqlite(#[source] Arc<rusqlite::Error>),
}

impl StorageError {
    pub(super) fn opening(path: &Path, source: rusqlite::Error) -> Self {
        Self::Open { path: path.to_owned(), source: Arc::new(source) }
    }
}

impl From<rusqlite::Error> for StorageError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseBusy) => Self::Busy,
            _ => Self::Sqlite(Arc::new(error)),
        }
    }
}

//! What stops the reading of an export.

use std::io;
use std::path::Path;

use crate::base::Diagnostic;

/// Why an export can't be used at all; each variant carries the place and the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// There is no such file or folder.
    #[error("{0}")]
    Missing(Box<Diagnostic>),
    /// The file is there and can't be read.
    #[error("{0}")]
    Unreadable(Box<Diagnostic>),
    /// A folder or pattern without a readable file, or an empty file.
    #[error("{0}")]
    Empty(Box<Diagnostic>),
    /// The header of a CSV file: no delimiter, a needed column missing, a column twice.
    #[error("{0}")]
    Header(Box<Diagnostic>),
    /// The file ends too early, or a page is missing.
    #[error("{0}")]
    CutOff(Box<Diagnostic>),
    /// JSON that isn't valid, or not of the shape that is needed.
    #[error("{0}")]
    Json(Box<Diagnostic>),
    /// Files were changed between two readings.
    #[error("{0}")]
    Changed(Box<Diagnostic>),
    /// A timeline whose folders aren't cycles or instants.
    #[error("{0}")]
    Timeline(Box<Diagnostic>),
}

impl SourceError {
    /// The finding with its place and hint.
    pub fn diagnostic(&self) -> &Diagnostic {
        match self {
            Self::Missing(it)
            | Self::Unreadable(it)
            | Self::Empty(it)
            | Self::Header(it)
            | Self::CutOff(it)
            | Self::Json(it)
            | Self::Changed(it)
            | Self::Timeline(it) => it,
        }
    }

    pub(super) fn io(path: &Path, key: &str, error: &io::Error) -> Self {
        let file = path.display().to_string();
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing(Box::new(
                Diagnostic::error("there is no such file or folder")
                    .in_file(file)
                    .with_hint(format!("check `{key}` under [source]; paths are relative to the configuration file")),
            )),
            io::ErrorKind::PermissionDenied => Self::Unreadable(Box::new(
                Diagnostic::error("permission to read it is denied")
                    .in_file(file)
                    .with_hint("give the account that runs scimulate read access to it"),
            )),
            _ => Self::unreadable(&file, error),
        }
    }

    pub(super) fn unreadable(file: &str, error: &io::Error) -> Self {
        Self::Unreadable(Box::new(
            Diagnostic::error(format!("reading failed: {error}"))
                .in_file(file)
                .with_hint("copy the file to a local disk, or export it again"),
        ))
    }

    pub(super) fn header(diagnostic: Diagnostic) -> Self {
        Self::Header(Box::new(diagnostic))
    }

    pub(super) fn cut_off(diagnostic: Diagnostic) -> Self {
        Self::CutOff(Box::new(diagnostic))
    }

    pub(super) fn json(diagnostic: Diagnostic) -> Self {
        Self::Json(Box::new(diagnostic))
    }
}

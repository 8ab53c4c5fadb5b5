//! Messages as files: those that nobody sends, and those that a mail server hasn't taken yet.
//!
//! `<instant>-<job>-<reason>.eml` is for whoever looks into the folder, and `….waiting.eml` for the mail server as well.
//! The names sort by time. Folder and files are for their owner alone, and a file is whole or isn't there.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::Notice;
use crate::base::{SignedDuration, Timestamp};

const END: &str = ".eml";
const WAITING: &str = ".waiting.eml";
/// What has waited for so long isn't news any more, and stays where it is.
const STALE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Instants in names: no colons, which not every file system takes.
const INSTANT: &str = "%Y-%m-%dT%H-%M-%SZ";
/// Messages of one reason within a second.
const MOST: u32 = 1_000;

/// The folder.
#[derive(Debug, Clone)]
pub(super) struct Outbox(PathBuf);

impl Outbox {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// Puts a message into the folder, which is made where it is missing.
    pub(super) fn put(&self, notice: &Notice, bytes: &[u8], waits: bool) -> io::Result<PathBuf> {
        make_folder(&self.0)?;
        let mut file = tempfile::Builder::new().prefix(".scimulate-").tempfile_in(&self.0)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        let stem = format!("{}-{}-{}", notice.at.strftime(INSTANT), name_of(&notice.job), name_of(&notice.reason));
        for number in 1..=MOST {
            let number = if number == 1 { String::new() } else { format!(".{number}") };
            let path = self.0.join(format!("{stem}{number}{}", if waits { WAITING } else { END }));
            match file.persist_noclobber(&path) {
                Ok(_) => return Ok(path),
                Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => file = error.file,
                Err(error) => return Err(error.error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// The messages of a job that a mail server is still to take, oldest first.
    pub(super) fn waiting(&self, job: &str, now: Timestamp) -> io::Result<Vec<PathBuf>> {
        let entries = match fs::read_dir(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry?;
            if entry.file_name().to_str().is_some_and(|name| is_waiting(name, job, now)) {
                found.push(entry.path());
            }
        }
        found.sort();
        Ok(found)
    }
}

/// Whether a file of this name is a message of a job that is still to be sent.
fn is_waiting(name: &str, job: &str, now: Timestamp) -> bool {
    let Some(rest) = name.strip_suffix(WAITING) else { return false };
    let Some((instant, rest)) = rest.split_at_checked("2026-11-27T02-45-02Z".len()) else { return false };
    let Ok(at) = Timestamp::strptime("%Y-%m-%dT%H-%M-%S%:z", instant.replace('Z', "+00:00")) else { return false };
    let of_job = rest.strip_prefix('-').and_then(|rest| rest.strip_prefix(&name_of(job))?.strip_prefix('-'));
    of_job.is_some_and(|reason| !reason.contains('-')) && now.duration_since(at) <= STALE
}

/// A name of the job or a reason, as a part of a file's name.
fn name_of(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect()
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

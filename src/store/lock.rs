//! The lock that a run holds while a cycle is under way.

use std::fmt;
use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use super::StoreError;
use super::database::private_file;
use crate::base::Timestamp;

/// Who holds the lock, as written into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Process id.
    pub pid: u32,
    /// What it was called with: `scimulate run --cycles 2`. No secrets are on a command line.
    pub command: String,
    /// When it took the lock.
    pub since: Timestamp,
}

/// Three lines: `pid`, `command`, `since`.
impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let command = self.command.replace(['\n', '\r'], " ");
        write!(f, "pid {}\ncommand {command}\nsince {}\n", self.pid, self.since)
    }
}

impl Holder {
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let pid = lines.next()?.strip_prefix("pid ")?.parse().ok()?;
        let command = lines.next()?.strip_prefix("command ")?.to_owned();
        let since = lines.next()?.strip_prefix("since ")?.parse().ok()?;
        Some(Self { pid, command, since })
    }
}

/// Held for the length of one cycle. Dropping it lets the next run in; the system does the same when
/// the process ends in whatever way.
#[derive(Debug)]
#[must_use = "the lock is released when this is dropped"]
pub struct CycleLock(File);

impl CycleLock {
    /// Takes the lock at once, or says who has it.
    pub(super) fn take(path: PathBuf, holder: &Holder) -> Result<Self, StoreError> {
        let mut file = private_file(&path)?;
        match file.try_lock() {
            Ok(()) => {
                write_holder(&mut file, holder).map_err(|error| StoreError::of_io("writing", &path, error))?;
                Ok(Self(file))
            }
            Err(TryLockError::WouldBlock) => {
                let holder = read_holder(&path);
                Err(StoreError::Held { path, holder })
            }
            Err(TryLockError::Error(error)) => Err(StoreError::of_io("locking", &path, error)),
        }
    }
}

impl Drop for CycleLock {
    fn drop(&mut self) {
        // Only what it says is lost when this fails: the lock goes with the handle.
        drop(self.0.set_len(0));
    }
}

fn write_holder(file: &mut File, holder: &Holder) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(holder.to_string().as_bytes())
}

/// Who is in the middle of a cycle; `None` when nobody is.
pub(super) fn current_holder(path: &Path) -> Option<Holder> {
    let file = File::open(path).ok()?;
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)).then(|| read_holder(path)).flatten()
}

/// Reads who it is; `None` while the file is being written, and where the system locks reading too.
fn read_holder(path: &Path) -> Option<Holder> {
    let mut text = String::new();
    File::open(path).ok()?.take(64 * 1024).read_to_string(&mut text).ok()?;
    Holder::parse(&text)
}

//! What changed last at the endpoint: the newest writes by name, for those who watch.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::Kind;
use crate::base::Timestamp;

/// What became of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    Created,
    Changed,
    Deleted,
}

impl Deed {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Changed => "changed",
            Self::Deleted => "deleted",
        }
    }
}

/// One write that was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ChangeNote {
    pub(super) at: Timestamp,
    pub(super) deed: Deed,
    pub(super) kind: Kind,
    pub(super) id: String,
    /// Its `userName` or `displayName`, or the beginning of that.
    pub(super) name: String,
}

/// The newest writes. Until somebody watches, nothing is kept.
#[derive(Debug, Default)]
pub(super) struct Changes {
    watched: AtomicBool,
    written: AtomicU64,
    newest: Mutex<VecDeque<ChangeNote>>,
}

/// How many writes are remembered.
const KEPT: usize = 200;
/// The longest name and id that are remembered, in characters.
const LONGEST: usize = 256;

impl Changes {
    /// Remembers writes from now on.
    pub(super) fn watch(&self) {
        self.watched.store(true, Ordering::Relaxed);
    }

    /// Whether what [`Self::note`] is given is kept; finding a name may cost something.
    pub(super) fn is_watched(&self) -> bool {
        self.watched.load(Ordering::Relaxed)
    }

    /// Remembers a write.
    pub(super) fn note(&self, at: Timestamp, deed: Deed, kind: Kind, id: &str, name: &str) {
        self.written.fetch_add(1, Ordering::Release);
        if !self.is_watched() {
            return;
        }
        let note = ChangeNote { at, deed, kind, id: clip(id), name: clip(name) };
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if newest.len() == KEPT {
            newest.pop_back();
        }
        newest.push_front(note);
    }

    /// Says that resources came or went without a name being known.
    pub(super) fn touch(&self) {
        self.written.fetch_add(1, Ordering::Release);
    }

    /// A number that grows with every write.
    pub(super) fn version(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// The newest writes, the newest first.
    pub(super) fn newest(&self, limit: usize) -> Vec<ChangeNote> {
        let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        newest.iter().take(limit).cloned().collect()
    }
}

fn clip(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_come_first_and_only_so_many_are_kept() {
        let changes = Changes::default();
        changes.note(Timestamp::UNIX_EPOCH, Deed::Created, Kind::User, "0", "nobody watches");
        assert_eq!((changes.newest(9).len(), changes.version()), (0, 1));
        changes.watch();
        for number in 0..KEPT + 5 {
            changes.note(Timestamp::UNIX_EPOCH, Deed::Changed, Kind::Group, &number.to_string(), &"x".repeat(999));
        }
        let newest = changes.newest(usize::MAX);
        assert_eq!((newest.len(), newest[0].id.as_str()), (KEPT, "204"));
        assert_eq!(newest[0].name.chars().count(), LONGEST + 1);
    }
}

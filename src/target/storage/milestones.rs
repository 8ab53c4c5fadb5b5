//! Where every so manieth row of a table is, so that a page far back is found without walking to it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::target::Kind;

/// From one mark to the next, in rows.
pub(super) const DISTANCE: u64 = 1024;

/// Marks of both kinds. New rows come at the end, so that only deletions move them.
#[derive(Default)]
pub(super) struct Milestones {
    users: Mutex<Known>,
    groups: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// How many rows had been deleted.
    deleted: u64,
    /// The last row of each distance.
    rows: Vec<i64>,
}

impl Milestones {
    fn of(&self, kind: Kind) -> MutexGuard<'_, Known> {
        let known = match kind {
            Kind::User => &self.users,
            Kind::Group => &self.groups,
        };
        known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those that hold after so many deletions.
    pub(super) fn known(&self, kind: Kind, deleted: u64) -> Vec<i64> {
        let known = self.of(kind);
        if known.deleted == deleted { known.rows.clone() } else { Vec::new() }
    }

    pub(super) fn learn(&self, kind: Kind, deleted: u64, rows: Vec<i64>) {
        let mut known = self.of(kind);
        if known.deleted < deleted || (known.deleted == deleted && known.rows.len() < rows.len()) {
            *known = Known { deleted, rows };
        }
    }
}

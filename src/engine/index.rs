//! What the first pass over the export found.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::SourceId;
use crate::store::KnownSet;

/// What the first pass found.
#[derive(Debug, Default)]
pub struct Index {
    /// Objects read, those in the recycle bin included.
    pub objects: u64,
    /// How many objects are due, absent ones included.
    pub due: u64,
    /// What a later read is measured by; empty in the index of groups.
    pub known: KnownSets,
    /// Findings in the rows of this kind of object.
    pub finding_count: u64,
    /// Findings in assignments, groups and application.
    pub other_finding_count: u64,
    /// Sentences about users that are to share an account.
    pub shared: Vec<String>,
    /// Objects with an account that is to be disabled or deleted, without those whose removal was allowed.
    pub leaving: u64,
    /// Users in scope whose manager was sent, and who have none any more.
    pub managers_gone: usize,
    due_rows: Vec<u64>,
    pub(super) duplicates: FxHashMap<SourceId, Box<str>>,
    /// Users that share the account of another one, which is worked on first.
    pub(super) followers: FxHashMap<SourceId, SourceId>,
    pub(super) leaders: FxHashSet<SourceId>,
    pub(super) absent: Vec<SourceId>,
}

/// Everything of an export whose disappearance would be noticed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownSets {
    /// Ids of every user.
    pub users: KnownSet,
    /// Ids of every group.
    pub groups: KnownSet,
    /// Every direct assignment.
    pub assignments: KnownSet,
    /// Every membership.
    pub memberships: KnownSet,
}

/// A user with a matching value that others have too: id, name, whether it is due.
pub(super) type Sharer = (SourceId, String, bool);

impl Index {
    /// Says how many rows of the export couldn't be used.
    pub fn findings(&self) -> Option<String> {
        let counts = [("the user list", self.finding_count), ("the other files", self.other_finding_count)];
        let found: Vec<_> = counts
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(file, count)| format!("{count} in {file}"))
            .collect();
        (!found.is_empty()).then(|| {
            format!(
                "rows of the export couldn't be used and were left out: {} (`scimulate inspect` lists them)",
                found.join(", ")
            )
        })
    }

    pub(super) fn is_due(&self, row: usize) -> bool {
        self.due_rows.get(row / 64).is_some_and(|bits| bits >> (row % 64) & 1 == 1)
    }

    pub(super) fn mark_due(&mut self, row: usize) {
        if self.due_rows.len() <= row / 64 {
            self.due_rows.resize(row / 64 + 1, 0);
        }
        self.due_rows[row / 64] |= 1 << (row % 64);
        self.due += 1;
    }

    /// What the second pass needs of it; the rest stays for the watermark.
    pub(crate) fn take_rows(&mut self) -> Self {
        Self {
            due_rows: std::mem::take(&mut self.due_rows),
            duplicates: std::mem::take(&mut self.duplicates),
            followers: std::mem::take(&mut self.followers),
            leaders: std::mem::take(&mut self.leaders),
            absent: std::mem::take(&mut self.absent),
            finding_count: self.finding_count,
            ..Self::default()
        }
    }

    /// Lets a group of users with one matching value, sorted by id, share the account of the first.
    pub(super) fn share(&mut self, group: &[Sharer]) {
        self.leaders.insert(group[0].0.clone());
        for (id, ..) in &group[1..] {
            self.followers.entry(id.clone()).or_insert_with(|| group[0].0.clone());
        }
        if group.iter().any(|(.., due)| *due) {
            let names: Vec<String> = group.iter().map(|(id, name, _)| format!("{name} ({id})")).collect();
            self.shared.push(format!("{} have the same matching value and share one account", names.join(", ")));
        }
    }
}

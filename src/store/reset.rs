//! What a restart of provisioning forgets.

use std::collections::BTreeSet;
use std::str::FromStr;

use super::{JobMemory, JobState, Store, StoreError, job, object, staged};
use crate::base::{Timestamp, nearest};

/// One word of Graph's `resetScope`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResetScope {
    /// Nothing.
    None,
    /// Objects with their links and references.
    ConnectorDataStore,
    /// Failures that wait.
    Escrows,
    /// The watermark: the next cycle is initial.
    Watermark,
    /// The quarantine with its schedule and its notification.
    QuarantineState,
    /// Lets deletions through that are held back.
    ForceDeletes,
    /// Everything but `ForceDeletes`.
    Full,
}

impl ResetScope {
    const ALL: [Self; 7] = [
        Self::None,
        Self::ConnectorDataStore,
        Self::Escrows,
        Self::Watermark,
        Self::QuarantineState,
        Self::ForceDeletes,
        Self::Full,
    ];

    /// Graph's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::ConnectorDataStore => "ConnectorDataStore",
            Self::Escrows => "Escrows",
            Self::Watermark => "Watermark",
            Self::QuarantineState => "QuarantineState",
            Self::ForceDeletes => "ForceDeletes",
            Self::Full => "Full",
        }
    }
}

/// A set of reset scopes, read from a comma list in any case. The default is that of the portal's button: escrows,
/// watermark and quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResetScopes(BTreeSet<ResetScope>);

/// A word that is no reset scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no reset scope {given:?}; {}", hint(nearest.as_deref()))]
pub struct UnknownResetScope {
    given: String,
    nearest: Option<String>,
}

impl ResetScopes {
    /// Whether this is forgotten: named, or part of `Full`.
    pub fn contains(&self, scope: ResetScope) -> bool {
        let in_full = !matches!(scope, ResetScope::None | ResetScope::ForceDeletes);
        self.0.contains(&scope) || in_full && self.0.contains(&ResetScope::Full)
    }

    /// The words as they were given, without repetition.
    pub fn iter(&self) -> impl Iterator<Item = ResetScope> {
        self.0.iter().copied()
    }
}

impl Default for ResetScopes {
    fn default() -> Self {
        Self(BTreeSet::from([ResetScope::Escrows, ResetScope::Watermark, ResetScope::QuarantineState]))
    }
}

impl FromStr for ResetScopes {
    type Err = UnknownResetScope;

    fn from_str(list: &str) -> Result<Self, Self::Err> {
        let words = list.split(',').map(str::trim).filter(|word| !word.is_empty());
        words
            .map(|word| {
                let same = |scope: &ResetScope| scope.as_str().eq_ignore_ascii_case(word);
                ResetScope::ALL.into_iter().find(same).ok_or_else(|| UnknownResetScope {
                    given: word.to_owned(),
                    nearest: nearest(word, ResetScope::ALL.map(ResetScope::as_str)).map(str::to_owned),
                })
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

fn hint(nearest: Option<&str>) -> String {
    nearest.map_or_else(
        || format!("there are {}", ResetScope::ALL.map(ResetScope::as_str).join(", ")),
        |nearest| format!("did you mean {nearest}?"),
    )
}

impl Store {
    /// Restarts provisioning: forgets what the scopes name, all or nothing. A job that is new, paused or disabled
    /// becomes active in every case, a quarantined one only with `QuarantineState`.
    pub fn restart(&mut self, scopes: &ResetScopes, now: Timestamp) -> Result<(), StoreError> {
        self.transaction(|sql| {
            if scopes.contains(ResetScope::ConnectorDataStore) {
                sql.execute_batch("DELETE FROM object; DELETE FROM reference;")?;
            }
            if scopes.contains(ResetScope::Escrows) {
                object::forget_failures(sql)?;
            }
            if scopes.contains(ResetScope::Watermark) {
                sql.execute("DELETE FROM watermark", [])?;
            }
            if scopes.contains(ResetScope::ForceDeletes) {
                staged::allow(sql, None, now)?;
            }
            let before = job::read(sql)?;
            let after = if scopes.contains(ResetScope::QuarantineState) {
                JobMemory { state: JobState::Active, notified: None, failures_in_a_row: 0, ..before }
            } else if matches!(before.state, JobState::Quarantine { .. }) {
                before
            } else {
                JobMemory { state: JobState::Active, ..before }
            };
            job::write(sql, &after)
        })
    }
}

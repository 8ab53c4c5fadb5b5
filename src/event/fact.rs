//! What the provisioning log keeps of the way of one object, without what follows from the rest of its entry.
//!
//! [`LogEntry::steps`](super::LogEntry::steps) makes the steps of it. So an entry costs little while a cycle runs, and
//! the wording of steps is no part of what is stored.

use crate::base::Timestamp;
use crate::plan::ActionKind;

/// Something that happened on the way of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// It was read from the source.
    Imported {
        /// Whether it was exported before.
        known: bool,
        /// The attributes that the mapping uses: empty for null, `None` where the export doesn't contain it.
        values: Vec<(Box<str>, Option<Box<str>>)>,
    },
    /// The source doesn't have it any more.
    Absent,
    /// It failed before and is tried again as it was.
    Retried {
        /// Failures so far.
        count: u32,
        /// When the first was.
        first: Timestamp,
        /// From when on it was to be tried again.
        next: Timestamp,
        /// What was tried.
        action: ActionKind,
    },
    /// The scope was decided.
    Scoped {
        /// Whether it is in scope.
        in_scope: bool,
        /// The four conditions of the portal in their order.
        conditions: Vec<Condition>,
        /// Clause → whether it holds, as JSON; empty without scoping filters.
        clauses: Box<str>,
    },
    /// An account was looked for.
    LookedUp {
        /// How.
        asked: Asked,
        /// What was found.
        found: Found,
    },
    /// A creation was refused because there is such an account.
    Refused {
        /// Error code.
        code: Box<str>,
        /// What the target said.
        message: Box<str>,
    },
}

/// One condition of the scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Whether it holds.
    pub holds: bool,
    /// Why.
    pub evidence: Box<str>,
}

/// How an account was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// By a filter: `userName eq "ann"`.
    Filter(Box<str>),
    /// By the link, which has this id.
    Link(Box<str>),
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// This account: its id and what tells it from others.
    Account(Vec<(Box<str>, Box<str>)>),
    /// The linked account is gone.
    Gone,
    /// Several accounts: their ids.
    Several(Vec<Box<str>>),
    /// An account that is linked to this object.
    Taken(Box<str>),
    /// So many other accounts: the filter was ignored.
    Others(usize),
    /// The request failed; the entry's error says how.
    Failed,
}

/// What was tried when an object failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// What was to be done.
    pub action: ActionKind,
    /// Why; empty where it wasn't decided yet.
    pub reason: Box<str>,
    /// Whether it was sent.
    pub sent: bool,
}

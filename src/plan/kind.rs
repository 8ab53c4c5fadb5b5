//! The kinds of action.

/// What was done, or would be done, to one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ActionKind {
    /// A new account.
    Create,
    /// Attributes of an account change, or a match is linked.
    Update,
    /// The account is deactivated.
    Disable,
    /// The account is removed.
    Delete,
    /// A disable or delete that was held back.
    StagedDelete,
    /// Source and target agree: nothing is sent.
    None,
    /// Out of scope, or nothing may be done.
    Skip,
    /// It can't be done, or it was tried and failed.
    Fail,
}

impl ActionKind {
    /// Every kind, in the order of the summary.
    pub const ALL: [Self; 8] = [
        Self::Create,
        Self::Update,
        Self::Disable,
        Self::Delete,
        Self::None,
        Self::StagedDelete,
        Self::Skip,
        Self::Fail,
    ];

    /// The word of the JSON output: `create`, `stagedDelete`, `none` …
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Disable => "disable",
            Self::Delete => "delete",
            Self::StagedDelete => "stagedDelete",
            Self::None => "none",
            Self::Skip => "skip",
            Self::Fail => "fail",
        }
    }

    /// Reads the word back.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Whether something is sent that changes the target.
    pub const fn writes(self) -> bool {
        matches!(self, Self::Create | Self::Update | Self::Disable | Self::Delete)
    }
}

//! The list of faults.

use std::fmt;

use super::misbehaviour::Misbehaviour;
use super::{patches, reads, refusals, storing};
use crate::base::nearest;
use crate::scim::Method;

/// A named way to misbehave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// 401 to everything.
    TokenExpired,
    /// 403.
    Forbidden,
    /// 503.
    Unavailable,
    /// 500.
    Error,
    /// 429 with `Retry-After`.
    TooManyRequests,
    /// 400 to a POST.
    RefuseCreate,
    /// 500 to a PATCH.
    RefusePatch,
    /// 409 to a POST although nothing is found.
    ConflictOnCreate,
    /// 404 where a list is empty.
    EmptyList404,
    /// Filters are ignored.
    IgnoreFilter,
    /// Answers come late.
    Slow,
    /// An HTML page in place of an answer.
    Html,
    /// A PATCH with a value path for the work address is refused.
    RejectWorkEmailPath,
    /// Some attributes aren't stored.
    DropAttribute,
    /// Dotted keys are stored as they are.
    LiteralDottedKeys,
    /// `active` is stored as the text that was sent.
    StringBooleans,
    /// Removing some members removes all.
    RemoveMembersWipesGroup,
    /// A removal with a value filter does nothing.
    NoopOnFilteredRemove,
    /// `displayName` is stored in upper case.
    ChangeCase,
    /// Resources aren't found by id.
    ForgetOnRead,
}

impl Fault {
    /// Every fault, in the order in which they are shown.
    pub const ALL: [Self; 20] = [
        Self::TokenExpired,
        Self::Forbidden,
        Self::Unavailable,
        Self::Error,
        Self::TooManyRequests,
        Self::RefuseCreate,
        Self::RefusePatch,
        Self::ConflictOnCreate,
        Self::EmptyList404,
        Self::IgnoreFilter,
        Self::Slow,
        Self::Html,
        Self::RejectWorkEmailPath,
        Self::DropAttribute,
        Self::LiteralDottedKeys,
        Self::StringBooleans,
        Self::RemoveMembersWipesGroup,
        Self::NoopOnFilteredRemove,
        Self::ChangeCase,
        Self::ForgetOnRead,
    ];

    /// As in rules: `empty-list-404`.
    pub fn name(self) -> &'static str {
        self.behaviour().about().name
    }

    /// Where such behaviour was seen, or is described.
    pub fn source(self) -> &'static str {
        self.behaviour().about().source
    }

    /// What it does, in one sentence.
    pub fn explanation(self) -> &'static str {
        self.behaviour().about().explanation
    }

    /// The methods of the requests that it can happen to.
    pub fn methods(self) -> &'static [Method] {
        self.behaviour().methods()
    }

    /// Finds a fault by its name; the error says what could have been meant.
    pub fn parse(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|fault| fault.name() == name).ok_or_else(|| {
            let names = Self::ALL.map(Self::name);
            match nearest(name, names) {
                Some(near) => format!("there is no fault `{name}`, did you mean `{near}`?"),
                None => format!("there is no fault `{name}`, only {}", names.join(", ")),
            }
        })
    }

    pub(super) fn behaviour(self) -> &'static dyn Misbehaviour {
        match self {
            Self::TokenExpired => &refusals::TokenExpired,
            Self::Forbidden => &refusals::Forbidden,
            Self::Unavailable => &refusals::Unavailable,
            Self::Error => &refusals::Error,
            Self::TooManyRequests => &refusals::TooManyRequests,
            Self::RefuseCreate => &refusals::RefuseCreate,
            Self::RefusePatch => &refusals::RefusePatch,
            Self::ConflictOnCreate => &refusals::ConflictOnCreate,
            Self::EmptyList404 => &reads::EmptyList404,
            Self::IgnoreFilter => &reads::IgnoreFilter,
            Self::Slow => &reads::Slow,
            Self::Html => &reads::Html,
            Self::RejectWorkEmailPath => &patches::RejectWorkEmailPath,
            Self::DropAttribute => &storing::DropAttribute,
            Self::LiteralDottedKeys => &patches::LiteralDottedKeys,
            Self::StringBooleans => &storing::StringBooleans,
            Self::RemoveMembersWipesGroup => &patches::RemoveMembersWipesGroup,
            Self::NoopOnFilteredRemove => &patches::NoopOnFilteredRemove,
            Self::ChangeCase => &storing::ChangeCase,
            Self::ForgetOnRead => &reads::ForgetOnRead,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

//! The list of faults.

use std::fmt;

use super::misbehaviour::Misbehaviour;
use super::{patches, reads, refusals, storing};
use crate::base::nearest;
use crate::scim::Method;

/// Makes [`Fault`] of all faults, each with what it does, in the order in which they are shown.
macro_rules! faults {
    ($($(#[$doc:meta])* $fault:ident => $behaviour:path,)*) => {
        /// A named way to misbehave.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Fault {
            $($(#[$doc])* $fault,)*
        }

        impl Fault {
            /// Every fault, in the order in which they are shown.
            pub const ALL: [Self; [$(Self::$fault),*].len()] = [$(Self::$fault),*];

            pub(super) fn behaviour(self) -> &'static dyn Misbehaviour {
                match self {
                    $(Self::$fault => &$behaviour,)*
                }
            }
        }
    };
}

faults! {
    /// 401 to everything.
    TokenExpired => refusals::TOKEN_EXPIRED,
    /// 403.
    Forbidden => refusals::FORBIDDEN,
    /// 503.
    Unavailable => refusals::UNAVAILABLE,
    /// 500.
    Error => refusals::ERROR,
    /// 429 with `Retry-After`.
    TooManyRequests => refusals::TOO_MANY_REQUESTS,
    /// 400 to a POST.
    RefuseCreate => refusals::REFUSE_CREATE,
    /// 500 to a PATCH.
    RefusePatch => refusals::REFUSE_PATCH,
    /// 409 to a POST although nothing is found.
    ConflictOnCreate => refusals::CONFLICT_ON_CREATE,
    /// 404 where a list is empty.
    EmptyList404 => reads::EmptyList404,
    /// Filters are ignored.
    IgnoreFilter => reads::IgnoreFilter,
    /// Answers come late.
    Slow => reads::Slow,
    /// An HTML page in place of an answer.
    Html => reads::Html,
    /// A PATCH with a value path for the work address is refused.
    RejectWorkEmailPath => patches::RejectWorkEmailPath,
    /// Some attributes aren't stored.
    DropAttribute => storing::DropAttribute,
    /// Dotted keys are stored as they are.
    LiteralDottedKeys => patches::LiteralDottedKeys,
    /// `active` is stored as the text that was sent.
    StringBooleans => storing::StringBooleans,
    /// Removing some members removes all.
    RemoveMembersWipesGroup => patches::RemoveMembersWipesGroup,
    /// A removal with a value filter does nothing.
    NoopOnFilteredRemove => patches::NoopOnFilteredRemove,
    /// `displayName` is stored in upper case.
    ChangeCase => storing::ChangeCase,
    /// Resources aren't found by id.
    ForgetOnRead => reads::ForgetOnRead,
}

impl Fault {
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
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

//! The list of faults, by theme.

use std::fmt;
use std::sync::Arc;

use super::family::Family;
use super::misbehaviour::Misbehaviour;
use super::{
    connections, creations, documents, errors, groups, headers, keeping, lists, patches, queries, reads, statuses,
    storing,
};
use crate::base::nearest;
use crate::scim::Method;

/// A named way to misbehave.
#[derive(Clone)]
pub struct Fault {
    name: Arc<str>,
    theme: &'static str,
    behaviour: Behaviour,
}

#[derive(Clone)]
enum Behaviour {
    One(&'static dyn Misbehaviour),
    Made(Arc<dyn Misbehaviour>),
}

/// An entry of the list.
enum Entry {
    One(&'static dyn Misbehaviour),
    Many(&'static Family),
}

use Entry::{Many, One};

/// Every fault, in the order in which they are shown.
static FAULTS: &[(&str, &[Entry])] = &[
    (
        "Statuses",
        &[
            Many(&statuses::STATUS),
            One(&keeping::AcceptAnyToken),
            One(&statuses::TokenExpired),
            One(&statuses::TokenExpiresMidRun),
            Many(&statuses::TOO_MANY_REQUESTS),
            One(&statuses::WithoutRetryAfter),
            Many(&statuses::RETRY_DATE),
            One(&statuses::ListUnavailable),
            One(&statuses::RefuseCreate),
            One(&statuses::ConflictOnCreate),
            One(&statuses::DeleteUnsupported),
            One(&statuses::NoDiscovery),
        ],
    ),
    (
        "Time and connections",
        &[
            Many(&connections::SLOW),
            Many(&connections::TRICKLED_BODY),
            One(&connections::DropConnection),
            One(&connections::DropAfterWrite),
            One(&connections::ErrorAfterWrite),
            One(&connections::HalfBody),
            One(&connections::HalfJson),
            One(&connections::ConnectionClose),
        ],
    ),
    (
        "Headers and redirects",
        &[
            One(&headers::NotAcceptable),
            One(&headers::ForbiddenWithoutUserAgent),
            One(&headers::CharsetRefused),
            One(&headers::JsonContentType),
            One(&headers::HtmlContentType),
            One(&headers::RelativeLocation),
            One(&headers::RedirectToSlash),
            One(&headers::RedirectToLogin),
        ],
    ),
    (
        "Queries",
        &[
            One(&queries::EmptyList404),
            One(&queries::HideInactive),
            One(&queries::CaseSensitiveUserName),
            One(&queries::IgnoreFilter),
            One(&queries::RejectExternalIdFilter),
            One(&queries::RejectAndFilters),
            One(&queries::NoPlusDecoding),
            One(&queries::IgnoreExcludedAttributes),
        ],
    ),
    (
        "Lists",
        &[
            Many(&lists::TRUNCATED),
            One(&lists::TotalOfPage),
            One(&lists::TotalLies),
            One(&lists::TotalAsText),
            One(&lists::LowercaseResources),
            One(&lists::NullResources),
            One(&lists::RepeatLastPage),
            One(&lists::IgnorePaging),
        ],
    ),
    ("Reading", &[One(&reads::StaleRead), One(&reads::ForgetOnRead), One(&reads::Html)]),
    (
        "Creating",
        &[
            One(&creations::CreatedWithoutBody),
            One(&creations::CreatedWithoutId),
            One(&creations::OkOnCreate),
            One(&creations::IntegerIds),
            One(&creations::OddIds),
            One(&creations::ExternalIdTaken),
            One(&keeping::DeletedNamesStayTaken),
        ],
    ),
    (
        "PATCH",
        &[
            One(&patches::RejectCapitalOps),
            One(&patches::IgnoreCapitalOps),
            One(&patches::RejectStringBool),
            One(&patches::RejectOpAddActive),
            One(&patches::NoTarget),
            One(&patches::RejectUnknownPath),
            One(&patches::ManagerMustBeObject),
            One(&patches::ReordersPatchOps),
            One(&patches::BadRequestOnNoop),
            One(&patches::NoContentOnPatch),
            One(&keeping::OtherIdOnPatch),
            One(&keeping::RejectNull),
            One(&keeping::ImmutableUserName),
        ],
    ),
    (
        "Groups",
        &[
            One(&groups::RemoveMembersWipesGroup),
            One(&groups::PathlessReplaceWipesGroup),
            One(&groups::NoopOnFilteredRemove),
            One(&groups::RejectValueListRemoval),
            One(&groups::ConflictOnRepeatedMember),
            One(&groups::DuplicateMembers),
            One(&groups::DropMembers),
            One(&groups::LostUpdate),
        ],
    ),
    (
        "What is stored",
        &[
            One(&storing::StringBoolTruthy),
            One(&storing::StringBooleans),
            One(&storing::LiteralDottedKeys),
            One(&storing::SplitUrnOnDot),
            One(&storing::DropAttribute),
            One(&storing::ChangeCase),
            One(&keeping::OneEntryPerList),
            One(&keeping::AsciiOnly),
        ],
    ),
    (
        "What resources look like",
        &[
            One(&documents::Bom),
            One(&documents::CapitalisedAttributes),
            One(&documents::ActiveAsText),
            One(&documents::ActiveAsNumber),
            One(&documents::NoActiveWhenDisabled),
            One(&documents::EmailsAsObject),
            One(&documents::ExtraAttributes),
            One(&documents::NoMeta),
            One(&documents::NoSchemas),
        ],
    ),
    (
        "What errors look like",
        &[
            One(&errors::HtmlErrors),
            One(&errors::TextErrors),
            One(&errors::EmptyErrors),
            One(&errors::NumericStatus),
            One(&errors::ErrorsWithSuccess),
        ],
    ),
];

impl Fault {
    /// Every fault, in the order in which they are shown; of those with a number in their name the usual one.
    pub fn all() -> Vec<Self> {
        FAULTS.iter().flat_map(|(theme, entries)| entries.iter().map(|entry| Self::of(theme, entry))).collect()
    }

    fn of(theme: &'static str, entry: &'static Entry) -> Self {
        match entry {
            One(behaviour) => Self::new(theme, Behaviour::One(*behaviour)),
            Many(family) => match (family.make)(family.usual) {
                Some(Ok(made)) => Self::new(theme, Behaviour::Made(made)),
                _ => unreachable!("the usual fault of a family can be made: a test makes all"),
            },
        }
    }

    fn new(theme: &'static str, behaviour: Behaviour) -> Self {
        let mut fault = Self { name: Arc::from(""), theme, behaviour };
        fault.name = fault.behaviour().about().name.into();
        fault
    }

    /// As in rules: `empty-list-404`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Under what it is shown in lists.
    pub fn theme(&self) -> &'static str {
        self.theme
    }

    /// Where such behaviour was seen, or is described.
    pub fn source(&self) -> &'static str {
        self.behaviour().about().source
    }

    /// What it does, in one sentence.
    pub fn explanation(&self) -> String {
        self.behaviour().about().explanation.into_owned()
    }

    /// How it is written where other numbers are possible too: `slow-TIME`.
    pub fn shape(&self) -> Option<&'static str> {
        let families = FAULTS.iter().flat_map(|(_, entries)| entries.iter());
        families
            .filter_map(|entry| if let Many(family) = entry { Some(family) } else { None })
            .find(|family| (family.make)(&self.name).is_some())
            .map(|family| family.shape)
    }

    /// The methods of the requests that it can happen to.
    pub fn methods(&self) -> &'static [Method] {
        self.behaviour().methods()
    }

    pub(super) fn behaviour(&self) -> &dyn Misbehaviour {
        match &self.behaviour {
            Behaviour::One(behaviour) => *behaviour,
            Behaviour::Made(behaviour) => behaviour.as_ref(),
        }
    }

    /// Finds a fault by its name; the error says what could have been meant.
    pub fn parse(name: &str) -> Result<Self, String> {
        for (theme, entries) in FAULTS {
            for entry in *entries {
                match entry {
                    One(behaviour) if behaviour.about().name == name => {
                        return Ok(Self::new(theme, Behaviour::One(*behaviour)));
                    }
                    One(_) => {}
                    Many(family) => {
                        if let Some(made) = (family.make)(name) {
                            return Ok(Self::new(theme, Behaviour::Made(made?)));
                        }
                    }
                }
            }
        }
        let all = Self::all();
        let begins = |known: &&str| name.len() > 3 && known.starts_with(name);
        Err(match nearest(name, all.iter().map(Self::name)).or_else(|| all.iter().map(Self::name).find(begins)) {
            Some(near) => format!("there is no fault `{name}`, did you mean `{near}`?"),
            None => format!("there is no fault `{name}`; `serve --list-faults` names them all"),
        })
    }
}

impl PartialEq for Fault {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Fault {}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fault({})", self.name)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

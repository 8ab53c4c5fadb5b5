//! What a check is, before it is tried.

use std::fmt;

use futures_util::future::LocalBoxFuture;

use super::probe::{Probe, Stop};

/// One check of an endpoint.
///
/// All texts are sentences for the owner of the endpoint, who needn't know SCIM.
pub struct Check {
    /// Stable name, `family.what`: for `--only`, `--skip`, baselines and test reports.
    pub id: &'static str,
    /// How much it weighs.
    pub category: Category,
    /// What holds when it passes.
    pub holds: &'static str,
    /// The section of an RFC or the requirement of Microsoft behind it.
    pub reference: &'static str,
    /// How a failure shows with the real service.
    pub effect: &'static str,
    /// What to change.
    pub remedy: &'static str,
    /// What has to be there for it to be tried.
    pub needs: &'static [Need],
    /// When it is tried.
    pub(super) turn: Turn,
    /// Tries it.
    pub(super) run: Run,
}

/// Tries a check: what it finds goes to the probe, an error is why it ended early.
pub(super) type Run = for<'p> fn(&'p Probe) -> LocalBoxFuture<'p, Result<(), Stop>>;

/// How much a check weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    /// The service needs it: a failure fails the run.
    Mandatory,
    /// Mandatory where the mapping or the endpoint's discovery says that the feature exists, otherwise skipped.
    Capability,
    /// The service can do without it: a failure is a warning.
    Recommended,
}

impl Category {
    /// `mandatory`, `capability` or `recommended`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mandatory => "mandatory",
            Self::Capability => "capability",
            Self::Recommended => "recommended",
        }
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a check needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// It writes: left out with `--read-only`.
    Writes,
    /// A user of its own.
    User,
    /// A group of its own.
    Group,
    /// Groups: in the mapping, or among the resource types of the endpoint.
    Groups,
    /// A manager: in the mapping, or in the endpoint's schemas.
    Manager,
    /// Attributes of the enterprise user.
    Enterprise,
    /// Mapped attributes of another extension.
    Extension,
    /// Two mapped values of one attribute that differ by their type.
    Multivalue,
    /// App roles in the mapping.
    Roles,
    /// The combination of comparisons with `and`, which WEDO hasn't.
    AndFilter,
}

impl Need {
    /// As in the list of checks.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Writes => "writes",
            Self::User => "a user",
            Self::Group => "a group",
            Self::Groups => "groups",
            Self::Manager => "a manager",
            Self::Enterprise => "enterprise attributes",
            Self::Extension => "an extension",
            Self::Multivalue => "several values",
            Self::Roles => "app roles",
            Self::AndFilter => "`and` in filters",
        }
    }
}

/// When a check is tried. They run side by side only in [`Turn::Together`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Turn {
    /// First, one after the other: without a connection nothing else makes sense.
    Connect,
    /// What the endpoint says about itself decides what is tried.
    Discovery,
    /// Before the others that write: what can be made decides what they are tried on. One after the other.
    Create,
    /// Any time.
    Together,
    /// While nothing else goes on.
    Alone,
    /// At the end, over everything that went over the wire.
    Last,
}

impl Check {
    /// `users` of `users.patch.add`.
    pub fn family(&self) -> &'static str {
        self.id.split('.').next().unwrap_or(self.id)
    }

    /// Whether `--only` and `--skip` mean it: its id, or one that it lies under, such as `users.patch` or `groups`.
    pub fn is_meant_by(&self, pattern: &str) -> bool {
        let pattern = pattern.trim_end_matches(".*").trim_end_matches('.');
        self.id.strip_prefix(pattern).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    /// Whether it writes to the target.
    pub fn writes(&self) -> bool {
        self.needs.iter().any(|need| matches!(need, Need::Writes | Need::User | Need::Group))
    }
}

#[cfg(test)]
impl Check {
    /// A check for tests of what is made of results; nothing is tried.
    pub(crate) const fn untried(id: &'static str, category: Category, holds: &'static str) -> Self {
        Self {
            id,
            category,
            holds,
            reference: "RFC 7644 section 3",
            effect: "accounts aren't kept up to date",
            remedy: "do as RFC 7644 says",
            needs: &[],
            turn: Turn::Together,
            run: |_| Box::pin(async { Ok(()) }),
        }
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Check({})", self.id)
    }
}

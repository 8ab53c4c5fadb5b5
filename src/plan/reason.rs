//! Why an object is treated as it is.

use std::fmt;

/// The reason behind an action, with what decided it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// In scope, and no account matches.
    NoMatch,
    /// An account matches: it is linked, and changed where it differs.
    Matched,
    /// Mapped attributes changed.
    Changed,
    /// It is in scope again.
    InScopeAgain,
    /// It left the scope; the text says how.
    LeftScope(Box<str>),
    /// Gone from the directory for good.
    HardDeleted,
    /// Source and target agree.
    RedundantExport,
    /// Not in scope: inactive, not assigned, only Default Access, or filtered out.
    NotEffectivelyEntitled(Box<str>),
    /// No value for any matching attribute.
    ImportSkipped(Box<str>),
    /// *Target object actions* switch this kind of request off.
    ActionOff(&'static str),
    /// Out of scope, and `skip_out_of_scope_deletions` leaves its account alone.
    OutOfScopeIgnored(Box<str>),
    /// Out of scope, and no mapping of `active` could say so to the target.
    NoActiveMapping(Box<str>),
    /// Hard-deleted after it had been unassigned: no longer managed.
    Unmanaged,
    /// Another source object has the same matching value.
    DuplicateSourceEntries(Box<str>),
    /// The matching query found several accounts.
    DuplicateTargetEntries(Box<str>),
    /// The linked account is gone.
    InvalidAnchor(Box<str>),
    /// The endpoint's answer can't be used.
    UnusableAnswer(Box<str>),
    /// An expression can't be evaluated.
    InvalidValue(Box<str>),
    /// The account isn't any more as the plan saw it.
    TargetMoved(Box<str>),
    /// A request failed; the code and text are the record's error.
    RequestFailed(Box<str>),
    /// Held back by accidental deletion prevention; the text says why it would go.
    HeldBack(Box<str>),
    /// It failed for so long that it isn't tried any more.
    EscrowPruned,
    /// Provision on demand leaves it to the cycles; the text says why.
    NotOnDemand(Box<str>),
    /// References to other objects were added or changed.
    ReferenceSet(Reference),
    /// The target said, asked before it was to be added, that it has this reference.
    ReferenceFound(Reference),
    /// References to other objects were removed.
    ReferenceRemoved(Reference),
    /// References to objects without an account in scope: nothing is sent.
    ReferenceLeftOut(Reference),
}

/// Whom an object refers to, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// A user's manager.
    Manager(Box<str>),
    /// Members of a group: how many, and their names with commas.
    Members(usize, Box<str>),
}

impl Reference {
    /// The names.
    pub fn names(&self) -> &str {
        match self {
            Self::Manager(names) | Self::Members(_, names) => names,
        }
    }

    /// The same with other names.
    #[must_use]
    pub fn renamed(&self, names: &str) -> Self {
        match self {
            Self::Manager(_) => Self::Manager(names.into()),
            Self::Members(count, _) => Self::Members(*count, names.into()),
        }
    }

    /// What was done to them, in words.
    fn describe(&self, f: &mut fmt::Formatter<'_>, done: &str) -> fmt::Result {
        match self {
            Self::Manager(name) => write!(f, "manager {name} {done}"),
            Self::Members(1, name) => write!(f, "member {name} {done}"),
            Self::Members(count, names) => write!(f, "{count} members {done}: {names}"),
        }
    }
}

impl Reason {
    /// The code of the provisioning log where it has one, else a word in the same style.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoMatch => "NoMatch",
            Self::Matched => "Matched",
            Self::Changed => "Changed",
            Self::InScopeAgain => "InScopeAgain",
            Self::LeftScope(_) => "LeftScope",
            Self::HardDeleted => "HardDeleted",
            Self::RedundantExport => "RedundantExport",
            Self::NotEffectivelyEntitled(_) => "NotEffectivelyEntitled",
            Self::ImportSkipped(_) => "ImportSkipped",
            Self::ActionOff(_) => "ActionOff",
            Self::OutOfScopeIgnored(_) => "SkipOutOfScopeDeletions",
            Self::NoActiveMapping(_) => "NoActiveMapping",
            Self::Unmanaged => "Unmanaged",
            Self::DuplicateSourceEntries(_) => "DuplicateSourceEntries",
            Self::DuplicateTargetEntries(_) => "DuplicateTargetEntries",
            Self::InvalidAnchor(_) => "InvalidAnchor",
            Self::UnusableAnswer(_) => "ServiceIncompatible",
            Self::InvalidValue(_) => "AttributeValidationFailed",
            Self::TargetMoved(_) => "TargetMoved",
            Self::RequestFailed(_) => "RequestFailed",
            Self::HeldBack(_) => "TooManyDeletes",
            Self::EscrowPruned => "EscrowPruned",
            Self::NotOnDemand(_) => "NotOnDemand",
            Self::ReferenceSet(_) => "ReferenceSet",
            Self::ReferenceFound(_) => "ReferenceFound",
            Self::ReferenceRemoved(_) => "ReferenceRemoved",
            Self::ReferenceLeftOut(_) => "UnableToResolveReferenceAttributeValue",
        }
    }

    /// Reads code and detail back; `reference` makes whom it is about of their names. `None` for an unknown code.
    pub fn parse(code: &str, detail: &str, reference: impl FnOnce(Box<str>) -> Reference) -> Option<Self> {
        let text = || detail.into();
        Some(match code {
            "NoMatch" => Self::NoMatch,
            "Matched" => Self::Matched,
            "Changed" => Self::Changed,
            "InScopeAgain" => Self::InScopeAgain,
            "LeftScope" => Self::LeftScope(text()),
            "HardDeleted" => Self::HardDeleted,
            "RedundantExport" => Self::RedundantExport,
            "NotEffectivelyEntitled" => Self::NotEffectivelyEntitled(text()),
            "ImportSkipped" => Self::ImportSkipped(text()),
            "ActionOff" => Self::ActionOff(["create", "update", "delete"].into_iter().find(|known| *known == detail)?),
            "SkipOutOfScopeDeletions" => Self::OutOfScopeIgnored(text()),
            "NoActiveMapping" => Self::NoActiveMapping(text()),
            "Unmanaged" => Self::Unmanaged,
            "DuplicateSourceEntries" => Self::DuplicateSourceEntries(text()),
            "DuplicateTargetEntries" => Self::DuplicateTargetEntries(text()),
            "InvalidAnchor" => Self::InvalidAnchor(text()),
            "ServiceIncompatible" => Self::UnusableAnswer(text()),
            "AttributeValidationFailed" => Self::InvalidValue(text()),
            "TargetMoved" => Self::TargetMoved(text()),
            "RequestFailed" => Self::RequestFailed(text()),
            "TooManyDeletes" => Self::HeldBack(text()),
            "EscrowPruned" => Self::EscrowPruned,
            "NotOnDemand" => Self::NotOnDemand(text()),
            "ReferenceSet" => Self::ReferenceSet(reference(text())),
            "ReferenceFound" => Self::ReferenceFound(reference(text())),
            "ReferenceRemoved" => Self::ReferenceRemoved(reference(text())),
            "UnableToResolveReferenceAttributeValue" => Self::ReferenceLeftOut(reference(text())),
            _ => return None,
        })
    }

    /// Whether it is about a reference, not about the object itself.
    pub fn is_reference(&self) -> bool {
        Self::is_reference_code(self.code())
    }

    /// The same for a code.
    pub fn is_reference_code(code: &str) -> bool {
        matches!(
            code,
            "ReferenceSet" | "ReferenceFound" | "ReferenceRemoved" | "UnableToResolveReferenceAttributeValue"
        )
    }

    /// What decided it, where that varies from object to object.
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::LeftScope(text)
            | Self::NotEffectivelyEntitled(text)
            | Self::ImportSkipped(text)
            | Self::OutOfScopeIgnored(text)
            | Self::NoActiveMapping(text)
            | Self::DuplicateSourceEntries(text)
            | Self::DuplicateTargetEntries(text)
            | Self::InvalidAnchor(text)
            | Self::UnusableAnswer(text)
            | Self::InvalidValue(text)
            | Self::TargetMoved(text)
            | Self::RequestFailed(text)
            | Self::HeldBack(text)
            | Self::NotOnDemand(text) => Some(text),
            Self::ReferenceSet(reference)
            | Self::ReferenceFound(reference)
            | Self::ReferenceRemoved(reference)
            | Self::ReferenceLeftOut(reference) => Some(reference.names()),
            Self::ActionOff(action) => Some(action),
            Self::NoMatch
            | Self::Matched
            | Self::Changed
            | Self::InScopeAgain
            | Self::HardDeleted
            | Self::RedundantExport
            | Self::EscrowPruned
            | Self::Unmanaged => None,
        }
    }
}

/// A sentence fragment for people.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoMatch => f.write_str("no account matches"),
            Self::Matched => f.write_str("an account matches"),
            Self::Changed => f.write_str("attributes changed"),
            Self::InScopeAgain => f.write_str("in scope again"),
            Self::LeftScope(how) => f.write_str(how),
            Self::HardDeleted => f.write_str("deleted from the directory for good"),
            Self::RedundantExport => f.write_str("source and target agree"),
            Self::NotEffectivelyEntitled(why) => write!(f, "not effectively entitled: {why}"),
            Self::ImportSkipped(attribute) => write!(f, "no value for the matching attribute {attribute}"),
            Self::ActionOff(action) => write!(f, "the target object action {action} is switched off"),
            Self::OutOfScopeIgnored(why) => write!(f, "left alone by skip_out_of_scope_deletions: {why}"),
            Self::NoActiveMapping(why) => {
                write!(f, "no mapping of the account's enabled state could disable it: {why}")
            }
            Self::Unmanaged => f.write_str("deleted from the directory, but no longer managed since it left the scope"),
            Self::DuplicateSourceEntries(others) => write!(f, "same matching value as {others}"),
            Self::DuplicateTargetEntries(what) => write!(f, "several accounts match: {what}"),
            Self::InvalidAnchor(id) => write!(f, "the linked account {id} is gone from the target"),
            Self::HeldBack(why) => write!(f, "too many would go at once: {why}"),
            Self::EscrowPruned => f.write_str("failed for too long: it isn't tried any more until it changes"),
            Self::ReferenceSet(manager @ Reference::Manager(_)) => manager.describe(f, "set"),
            Self::ReferenceSet(members @ Reference::Members(..)) => members.describe(f, "added"),
            Self::ReferenceFound(reference) => reference.describe(f, "there already"),
            Self::ReferenceRemoved(reference) => reference.describe(f, "removed"),
            Self::ReferenceLeftOut(reference) => reference.describe(f, "left out, without an account in scope"),
            Self::NotOnDemand(what)
            | Self::UnusableAnswer(what)
            | Self::InvalidValue(what)
            | Self::TargetMoved(what)
            | Self::RequestFailed(what) => f.write_str(what),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_and_detail_can_be_read_back() {
        let manager = || Reference::Manager("x".into());
        let all: [fn(Box<str>) -> Reason; 14] = [
            Reason::LeftScope,
            Reason::NotEffectivelyEntitled,
            Reason::ImportSkipped,
            Reason::OutOfScopeIgnored,
            Reason::NoActiveMapping,
            Reason::DuplicateSourceEntries,
            Reason::DuplicateTargetEntries,
            Reason::InvalidAnchor,
            Reason::UnusableAnswer,
            Reason::InvalidValue,
            Reason::TargetMoved,
            Reason::RequestFailed,
            Reason::HeldBack,
            Reason::NotOnDemand,
        ];
        let mut all: Vec<_> = all.into_iter().map(|reason| reason("x".into())).collect();
        all.extend([
            Reason::NoMatch,
            Reason::Matched,
            Reason::Changed,
            Reason::InScopeAgain,
            Reason::HardDeleted,
            Reason::RedundantExport,
            Reason::ActionOff("update"),
            Reason::Unmanaged,
            Reason::EscrowPruned,
            Reason::ReferenceSet(manager()),
            Reason::ReferenceFound(manager()),
            Reason::ReferenceRemoved(manager()),
            Reason::ReferenceLeftOut(manager()),
        ]);
        for reason in all {
            let detail = reason.detail().unwrap_or_default();
            assert_eq!(Reason::parse(reason.code(), detail, Reference::Manager), Some(reason.clone()));
        }
        assert_eq!(Reason::parse("Else", "", Reference::Manager), None);
    }

    #[test]
    fn references_in_words() {
        let (manager, one) = (Reference::Manager("ann".into()), Reference::Members(1, "ann".into()));
        for (reason, expected) in [
            (Reason::ReferenceSet(manager.clone()), "manager ann set"),
            (Reason::ReferenceFound(manager.clone()), "manager ann there already"),
            (Reason::ReferenceRemoved(manager), "manager ann removed"),
            (Reason::ReferenceSet(one.clone()), "member ann added"),
            (Reason::ReferenceRemoved(one), "member ann removed"),
            (Reason::ReferenceSet(Reference::Members(2, "ann, bob".into())), "2 members added: ann, bob"),
        ] {
            assert_eq!(reason.to_string(), expected);
        }
    }
}

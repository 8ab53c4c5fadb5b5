//! Which source attribute a name in a rule means.

use crate::directory::{canonical_name, is_known_attribute};

/// A source attribute as rules name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceAttribute<'n> {
    /// The Entra user has it, or it is an extension.
    Known(&'n str),
    /// Only the letter case differs from a known one, which is meant.
    OtherCase(&'n str),
    /// Nobody knows it; it may still be a column of the export.
    Unknown(&'n str),
}

impl<'n> SourceAttribute<'n> {
    /// The name to look up.
    pub const fn name(self) -> &'n str {
        match self {
            Self::Known(name) | Self::OtherCase(name) | Self::Unknown(name) => name,
        }
    }
}

/// Finds the attribute that a mapping or filter names: the same spelling first, then any letter case.
/// `IsSoftDeleted` is one attribute in either of the two spellings that schemas have.
pub fn source_attribute(name: &str) -> SourceAttribute<'_> {
    if name.eq_ignore_ascii_case("IsSoftDeleted") {
        return SourceAttribute::Known("IsSoftDeleted");
    }
    if is_known_attribute(name) {
        return SourceAttribute::Known(name);
    }
    let canonical = canonical_name(name);
    if canonical.eq_ignore_ascii_case(name) && is_known_attribute(canonical) {
        return SourceAttribute::OtherCase(canonical);
    }
    SourceAttribute::Unknown(name)
}

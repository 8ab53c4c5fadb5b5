//! Identifiers, each a type of its own.

use std::fmt;
use std::hash::{Hash, Hasher};

use uuid::Uuid;

/// Identifies an object of the source directory: its `objectId`.
///
/// A GUID in any spelling is kept in 16 bytes and printed in lower case; other texts, as hand-made
/// lists have them, are kept as they are.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceId(Repr);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Repr {
    Guid(Uuid),
    Text(Box<str>),
}

/// Says that a text can't be an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an id can't be empty")]
pub struct ParseIdError;

impl SourceId {
    /// Reads an id; blanks around it don't count.
    pub fn parse(text: &str) -> Result<Self, ParseIdError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(ParseIdError);
        }
        Ok(match text.len() {
            36 => Uuid::try_parse(text).map_or_else(|_| Repr::Text(text.into()), Repr::Guid).into(),
            _ => Repr::Text(text.into()).into(),
        })
    }

    /// Wraps a GUID.
    pub const fn from_guid(guid: Uuid) -> Self {
        Self(Repr::Guid(guid))
    }

    /// The GUID, where it is one.
    pub const fn guid(&self) -> Option<Uuid> {
        match self.0 {
            Repr::Guid(guid) => Some(guid),
            Repr::Text(_) => None,
        }
    }
}

impl From<Repr> for SourceId {
    fn from(repr: Repr) -> Self {
        Self(repr)
    }
}

impl Hash for SourceId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match &self.0 {
            Repr::Guid(guid) => {
                let (high, low) = guid.as_u64_pair();
                state.write_u64(high ^ low.rotate_left(32));
            }
            Repr::Text(text) => text.hash(state),
        }
    }
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Guid(guid) => guid.hyphenated().fmt(f),
            Repr::Text(text) => f.write_str(text),
        }
    }
}

impl fmt::Debug for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// Wraps a text as it was given.
            pub fn new(text: impl Into<Box<str>>) -> Self {
                Self(text.into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id! {
    /// The `id` that the target gave an account; opaque, in the target's own letter case.
    TargetId
}
text_id! {
    /// `<mapping>.<tenant id, 32 hex>.<service principal id>`.
    JobId
}
text_id! {
    /// One cycle of a job.
    CycleId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guids_are_equal_in_any_spelling() {
        let lower = SourceId::parse("0b4d5a6e-0001-4000-8000-0000000000ab").unwrap();
        let upper = SourceId::parse(" 0B4D5A6E-0001-4000-8000-0000000000AB ").unwrap();
        assert_eq!(lower, upper);
        assert_eq!(upper.to_string(), "0b4d5a6e-0001-4000-8000-0000000000ab");
    }

    #[test]
    fn other_texts_stay_as_they_are() {
        assert_eq!(SourceId::parse("Ann-42").unwrap().to_string(), "Ann-42");
        assert_ne!(SourceId::parse("ann-42").unwrap(), SourceId::parse("Ann-42").unwrap());
        assert_eq!(SourceId::parse("  "), Err(ParseIdError));
    }

    #[test]
    fn it_is_compact() {
        assert!(size_of::<SourceId>() <= 24);
    }
}

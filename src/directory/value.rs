//! Attribute values of the source, where unknown, null and empty are three different things.

use std::borrow::Cow;

use rustc_hash::FxHashMap;

use super::AppRole;
use crate::base::Fingerprint;

/// Place of an attribute in a user's values: an index into [`AttributeNames`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u16);

/// The attributes that a run looks at, each with its slot.
///
/// Rules are compiled against it, then the reader fills a user's values in this order and leaves
/// everything else unread.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AttributeNames {
    names: Vec<String>,
    slots: FxHashMap<String, Slot>,
}

impl AttributeNames {
    /// The slot of a name as the schema spells it; a new one where it wasn't asked for before.
    pub fn slot(&mut self, name: &str) -> Slot {
        if let Some(slot) = self.get(name) {
            return slot;
        }
        let slot = Slot(u16::try_from(self.names.len()).expect("a schema has fewer than 65,536 attributes"));
        self.names.push(name.to_owned());
        self.slots.insert(name.to_owned(), slot);
        slot
    }

    /// The slot of a name, if anything asked for it.
    pub fn get(&self, name: &str) -> Option<Slot> {
        self.slots.get(name).copied()
    }

    /// The name of a slot.
    pub fn name(&self, slot: Slot) -> &str {
        &self.names[usize::from(slot.0)]
    }

    /// All names in slot order.
    pub fn iter(&self) -> impl Iterator<Item = (Slot, &str)> {
        (0..).map(Slot).zip(self.names.iter().map(String::as_str))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether nothing was asked for.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

/// One value as the export has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum AttributeValue<'a> {
    /// The export doesn't contain the attribute: nobody knows whether there is a value.
    #[default]
    Unknown,
    /// The export contains the attribute and there is no value.
    Null,
    /// One text; numbers and dates are texts too, as spelt in the export.
    String(Cow<'a, str>),
    /// A JSON boolean.
    Bool(bool),
    /// Several values in order.
    Strings(Vec<Cow<'a, str>>),
    /// `appRoleAssignments`: the roles of a user's assignments, *Default Access* included.
    Roles(Vec<Cow<'a, AppRole>>),
}

impl AttributeValue<'_> {
    /// Copies borrowed texts.
    pub fn into_owned(self) -> AttributeValue<'static> {
        match self {
            Self::Unknown => AttributeValue::Unknown,
            Self::Null => AttributeValue::Null,
            Self::String(text) => AttributeValue::String(Cow::Owned(text.into_owned())),
            Self::Bool(value) => AttributeValue::Bool(value),
            Self::Strings(values) => {
                AttributeValue::Strings(values.into_iter().map(|text| Cow::Owned(text.into_owned())).collect())
            }
            Self::Roles(roles) => {
                AttributeValue::Roles(roles.into_iter().map(|role| Cow::Owned(role.into_owned())).collect())
            }
        }
    }

    /// Whether the export has the attribute and it is null or empty.
    pub fn is_null_or_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::String(text) => text.is_empty(),
            Self::Strings(values) => values.is_empty(),
            Self::Roles(roles) => roles.is_empty(),
            Self::Unknown | Self::Bool(_) => false,
        }
    }

    /// What to compare with in the next cycle; `None` for an unknown value.
    pub fn fingerprint(&self) -> Option<Fingerprint> {
        match self {
            Self::Unknown => None,
            Self::Null => Some(Fingerprint::of(1, b"")),
            Self::String(text) => Some(Fingerprint::of(2, text.as_bytes())),
            // Same kind and spelling as in a CSV, so that a change of the export's format changes nothing.
            Self::Bool(value) => Some(Fingerprint::of(2, if *value { b"True" } else { b"False" })),
            Self::Strings(values) => Some(
                values.iter().fold(Fingerprint::of(3, b""), |all, text| all.then(Fingerprint::of(2, text.as_bytes()))),
            ),
            Self::Roles(roles) => Some(
                roles
                    .iter()
                    .fold(Fingerprint::of(8, b""), |all, role| all.then(Fingerprint::of(7, role.id.as_bytes()))),
            ),
        }
    }
}

//! The liberties that the provisioning service takes, each allowed or not by its name.

use std::fmt;

use crate::base::nearest;

/// Makes [`Leniency`] and its table: what each is called, and what is taken where it is allowed.
macro_rules! leniencies {
    ($($(#[$doc:meta])* $leniency:ident => $name:literal, $explanation:literal;)*) => {
        /// Something that RFC 7643 and RFC 7644 don't ask an endpoint to take, and that the service or other clients
        /// send.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Leniency {
            $($(#[$doc])* $leniency,)*
        }

        impl Leniency {
            /// Every leniency, in the order in which they are shown.
            pub const ALL: [Self; [$(Self::$leniency),*].len()] = [$(Self::$leniency),*];

            /// As on the command line.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$leniency => $name,)*
                }
            }

            /// What is taken, in one sentence.
            pub const fn explanation(self) -> &'static str {
                match self {
                    $(Self::$leniency => $explanation,)*
                }
            }
        }
    };
}

leniencies! {
    /// `Add` for `add`.
    OperationCase => "operation-case", "`op` of a PATCH in any letter case: Add, Replace, Remove.";
    /// `"True"` for `true`.
    StringBooleans => "string-booleans", "The texts \"True\" and \"False\", in any letter case, for booleans.";
    /// `"5"` for `5`.
    StringNumbers => "string-numbers", "Texts for numbers.";
    /// `emails[type eq "work"].value` where there is no such entry.
    FilteredEntries => "filtered-entries",
        "An add or replace with a value filter that no entry matches makes one, with the values that the filter names.";
    /// `{"op": "Remove", "path": "members", "value": [{"value": "1"}]}`.
    ValueListRemoval => "value-list-removal",
        "A remove with a list of values removes those entries alone, though the RFC has all of them go.";
    /// `remove` with `emails[type eq "fax"]` where there is no such entry.
    MissingRemovals => "missing-removals", "A remove with a value filter that no entry matches has nothing to do.";
    /// `{"name.givenName": "Ann"}`.
    DottedKeys => "dotted-keys", "Keys such as name.givenName in an operation without a path.";
    /// `manager` for `urn:…:enterprise:2.0:User:manager`.
    BareNames => "bare-names", "Attributes of an extension without its URN, where the resource itself has none of that name.";
    /// `"manager": "7"` for `"manager": {"value": "7"}`.
    BareReferences => "bare-references", "A text for a complex value is its `value`: the manager as an id.";
    /// `{"value": "{\"value\":\"Admin\"}"}`.
    JsonInStrings => "json-in-strings", "Objects that were serialised into texts, as app roles are sent.";
    /// `"title": [{"value": "Boss"}]`.
    WrappedValues => "wrapped-values",
        "A single value in an array or in {\"value\": …}, as all values were sent in 2017.";
    /// `"emails": {"value": "a@b"}`.
    SingleValues => "single-values", "A value by itself for a list of one.";
    /// `"active": ""`.
    EmptyTexts => "empty-texts", "An empty text for a value of another type, which it unassigns.";
    /// `http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group`.
    LooseSchemas => "loose-schemas", "URNs in `schemas` that the resource type doesn't have, and URNs named twice.";
    /// A custom extension, which the service doesn't add to `schemas`.
    UnlistedExtensions => "unlisted-extensions", "Attributes of an extension that `schemas` doesn't name.";
    /// `{"shoeSize": 43}`.
    UnknownAttributes => "unknown-attributes", "Attributes in a document that the schema doesn't have; they aren't kept.";
    /// `"type": "office"`.
    OtherValues => "other-values", "Values other than the canonical ones, where the schema names such.";
    /// `"photos": [{"value": "no picture"}]`.
    LooseFormats => "loose-formats", "Any text for a reference, and for binary data, whether it is a URI or base64.";
}

impl Leniency {
    /// Finds a leniency by its name; the error says what could have been meant.
    pub fn parse(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|leniency| leniency.name() == name).ok_or_else(|| {
            let names = Self::ALL.map(Self::name);
            match nearest(name, names) {
                Some(near) => format!("there is no leniency `{name}`, did you mean `{near}`?"),
                None => format!("there is no leniency `{name}`, only {}", names.join(", ")),
            }
        })
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl fmt::Display for Leniency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which leniencies are allowed; all by default.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Leniencies(u32);

impl Leniencies {
    /// All of them.
    pub const ALL: Self = Self((1 << Leniency::ALL.len()) - 1);

    /// Nothing but what the RFCs say.
    pub const STRICT: Self = Self(0);

    /// Those that are allowed, but one.
    #[must_use]
    pub const fn without(self, leniency: Leniency) -> Self {
        Self(self.0 & !leniency.bit())
    }

    /// Whether this one is allowed.
    pub const fn allow(self, leniency: Leniency) -> bool {
        self.0 & leniency.bit() != 0
    }
}

impl Default for Leniencies {
    fn default() -> Self {
        Self::ALL
    }
}

impl fmt::Debug for Leniencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(Leniency::ALL.into_iter().filter(|leniency| self.allow(*leniency))).finish()
    }
}

#[cfg(test)]
mod tests;

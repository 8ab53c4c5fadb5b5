//! One attribute and its characteristics (RFC 7643 section 2.2).

use std::borrow::Cow;

use serde_json::{Map, Value, json};

/// Data type of an attribute (RFC 7643 section 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttributeType {
    /// Unicode text.
    String,
    /// `true` or `false`.
    Boolean,
    /// Whole number.
    Integer,
    /// Number with a fraction.
    Decimal,
    /// Instant as RFC 3339 text.
    DateTime,
    /// Bytes as base64 text.
    Binary,
    /// URI.
    Reference,
    /// Object of sub-attributes.
    Complex,
}

impl AttributeType {
    /// As in a schema document.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Decimal => "decimal",
            Self::DateTime => "dateTime",
            Self::Binary => "binary",
            Self::Reference => "reference",
            Self::Complex => "complex",
        }
    }
}

/// When an attribute can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Mutability {
    /// By the server alone.
    ReadOnly,
    /// Any time.
    #[default]
    ReadWrite,
    /// Once.
    Immutable,
    /// Any time, never returned.
    WriteOnly,
}

impl Mutability {
    /// As in a schema document.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "readOnly",
            Self::ReadWrite => "readWrite",
            Self::Immutable => "immutable",
            Self::WriteOnly => "writeOnly",
        }
    }
}

/// When an attribute is returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Returned {
    /// Even when excluded.
    Always,
    /// Under no circumstances.
    Never,
    /// Unless excluded.
    #[default]
    Default,
    /// Only when asked for.
    Request,
}

impl Returned {
    /// As in a schema document.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Never => "never",
            Self::Default => "default",
            Self::Request => "request",
        }
    }
}

/// How far a value is unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Uniqueness {
    /// Not at all.
    #[default]
    None,
    /// Among the resources of one type at one endpoint.
    Server,
    /// Everywhere.
    Global,
}

impl Uniqueness {
    /// As in a schema document.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Server => "server",
            Self::Global => "global",
        }
    }
}

/// One attribute or sub-attribute.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribute {
    /// Name in its canonical spelling.
    pub name: Cow<'static, str>,
    /// Data type.
    pub kind: AttributeType,
    /// Whether its value is an array.
    pub multi_valued: bool,
    /// One sentence for the schema document.
    pub description: Cow<'static, str>,
    /// Whether it can't be left out.
    pub required: bool,
    /// Whether letter case counts when its values are compared.
    pub case_exact: bool,
    /// When it can be written.
    pub mutability: Mutability,
    /// When it is returned.
    pub returned: Returned,
    /// How far its values are unique.
    pub uniqueness: Uniqueness,
    /// Suggested values.
    pub canonical_values: Vec<Cow<'static, str>>,
    /// What a reference may point to.
    pub reference_types: Vec<Cow<'static, str>>,
    /// Parts of a complex attribute.
    pub sub_attributes: Vec<Attribute>,
}

impl Attribute {
    /// A single-valued, optional, writable attribute whose letter case doesn't count.
    pub fn new(name: impl Into<Cow<'static, str>>, kind: AttributeType) -> Self {
        Self {
            name: name.into(),
            kind,
            multi_valued: false,
            description: Cow::Borrowed(""),
            required: false,
            case_exact: matches!(kind, AttributeType::Binary | AttributeType::Reference),
            mutability: Mutability::default(),
            returned: Returned::default(),
            uniqueness: Uniqueness::default(),
            canonical_values: Vec::new(),
            reference_types: Vec::new(),
            sub_attributes: Vec::new(),
        }
    }

    /// A sub-attribute by name, in any letter case.
    pub fn sub_attribute(&self, name: &str) -> Option<&Self> {
        self.sub_attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
    }

    /// Whether its value stays with the resource. One that is never returned is forgotten at once: nobody could tell
    /// that it is there.
    pub fn is_kept(&self) -> bool {
        self.returned != Returned::Never && self.mutability != Mutability::WriteOnly
    }

    /// The attribute's description as a schema document has it (RFC 7643 section 7).
    pub fn to_value(&self) -> Value {
        let mut members = Map::new();
        let mut add = |name: &str, value: Value| {
            members.insert(name.to_owned(), value);
        };
        add("name", json!(self.name));
        add("type", json!(self.kind.as_str()));
        add("multiValued", json!(self.multi_valued));
        add("description", json!(self.description));
        add("required", json!(self.required));
        if !self.canonical_values.is_empty() {
            add("canonicalValues", json!(self.canonical_values));
        }
        if self.kind != AttributeType::Complex {
            add("caseExact", json!(self.case_exact));
        }
        add("mutability", json!(self.mutability.as_str()));
        add("returned", json!(self.returned.as_str()));
        add("uniqueness", json!(self.uniqueness.as_str()));
        if !self.reference_types.is_empty() {
            add("referenceTypes", json!(self.reference_types));
        }
        if self.kind == AttributeType::Complex {
            add("subAttributes", self.sub_attributes.iter().map(Self::to_value).collect());
        }
        Value::Object(members)
    }
}

/// An attribute as a row of a constant table.
#[derive(Clone, Copy)]
pub(super) struct Row {
    name: &'static str,
    kind: AttributeType,
    description: &'static str,
    multi_valued: bool,
    required: bool,
    case_exact: bool,
    mutability: Mutability,
    returned: Returned,
    uniqueness: Uniqueness,
    canonical: &'static [&'static str],
    references: &'static [&'static str],
    parts: &'static [Row],
}

/// Starts a row with the defaults of RFC 7643 section 2.2.
pub(super) const fn row(name: &'static str, kind: AttributeType, description: &'static str) -> Row {
    Row {
        name,
        kind,
        description,
        multi_valued: false,
        required: false,
        case_exact: matches!(kind, AttributeType::Binary | AttributeType::Reference),
        mutability: Mutability::ReadWrite,
        returned: Returned::Default,
        uniqueness: Uniqueness::None,
        canonical: &[],
        references: &[],
        parts: &[],
    }
}

impl Row {
    pub(super) const fn many(mut self) -> Self {
        self.multi_valued = true;
        self
    }

    pub(super) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub(super) const fn case_exact(mut self) -> Self {
        self.case_exact = true;
        self
    }

    pub(super) const fn mutability(mut self, mutability: Mutability) -> Self {
        self.mutability = mutability;
        self
    }

    pub(super) const fn returned(mut self, returned: Returned) -> Self {
        self.returned = returned;
        self
    }

    pub(super) const fn unique(mut self) -> Self {
        self.uniqueness = Uniqueness::Server;
        self
    }

    pub(super) const fn canonical(mut self, values: &'static [&'static str]) -> Self {
        self.canonical = values;
        self
    }

    pub(super) const fn references(mut self, types: &'static [&'static str]) -> Self {
        self.references = types;
        self
    }

    pub(super) const fn parts(mut self, parts: &'static [Self]) -> Self {
        self.parts = parts;
        self
    }

    pub(super) fn build(&self) -> Attribute {
        Attribute {
            name: Cow::Borrowed(self.name),
            kind: self.kind,
            multi_valued: self.multi_valued,
            description: Cow::Borrowed(self.description),
            required: self.required,
            case_exact: self.case_exact,
            mutability: self.mutability,
            returned: self.returned,
            uniqueness: self.uniqueness,
            canonical_values: self.canonical.iter().copied().map(Cow::Borrowed).collect(),
            reference_types: self.references.iter().copied().map(Cow::Borrowed).collect(),
            sub_attributes: self.parts.iter().map(Self::build).collect(),
        }
    }
}

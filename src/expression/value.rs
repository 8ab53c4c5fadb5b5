//! What an expression evaluates to.

use std::borrow::Cow;
use std::fmt;

use jiff::civil::DateTime;

use crate::directory::{AppRole, AttributeValue};

/// A value inside the language, borrowed from the source object or the expression where it can be.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// No value.
    Null,
    /// One text; `""` isn't null.
    String(Cow<'a, str>),
    /// Several texts in order.
    Strings(Vec<Cow<'a, str>>),
    /// Printed as `True` and `False`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A date with its time in UTC, printed as `M/d/yyyy h:mm:ss tt`.
    DateTime(DateTime),
    /// App roles, and what becomes of them at the target.
    Roles(RoleShape, Vec<Cow<'a, AppRole>>),
    /// The attribute doesn't flow at all, not even its default (`IgnoreFlowIfNullOrEmpty`).
    NoFlow,
}

/// What becomes of app roles at the target; the function that gave them decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleShape {
    /// `[appRoleAssignments]` and `AppRoleAssignments`: their names.
    Names,
    /// `SingleAppRoleAssignment`: the name of one.
    Single,
    /// `AppRoleAssignmentsComplex`: objects that are added.
    Complex,
    /// `AssertiveAppRoleAssignmentsComplex`: objects that replace what is there.
    Assertive,
}

/// A number of the language.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// Whole.
    Integer(i64),
    /// With decimals, or too large to be whole.
    Decimal(f64),
}

impl Number {
    /// Reads a number as literals and quoted numbers have it: `12`, `-1.5`, `&HF7`; blanks around it
    /// don't count.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(hex) = text.strip_prefix("&H").or_else(|| text.strip_prefix("&h")) {
            let plain = !hex.is_empty() && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
            return i64::from_str_radix(hex, 16).ok().filter(|_| plain).map(Self::Integer);
        }
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        if [whole, fraction].iter().any(|part| part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit())) {
            return None;
        }
        match text.parse() {
            Ok(integer) => Some(Self::Integer(integer)),
            Err(_) => text.parse().ok().filter(|decimal: &f64| decimal.is_finite()).map(Self::Decimal),
        }
    }

    /// The whole number, where it is one.
    pub const fn integer(self) -> Option<i64> {
        match self {
            Self::Integer(integer) => Some(integer),
            Self::Decimal(_) => None,
        }
    }

    /// Compares by value.
    pub fn compare(self, other: Self) -> std::cmp::Ordering {
        #[expect(clippy::cast_precision_loss, reason = "only against decimals, which have no more precision")]
        let decimal = |number| match number {
            Self::Integer(integer) => integer as f64,
            Self::Decimal(decimal) => decimal,
        };
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a.cmp(&b),
            (a, b) => decimal(a).total_cmp(&decimal(b)),
        }
    }
}

/// Without grouping; whole numbers without decimals.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(integer) => integer.fmt(f),
            Self::Decimal(decimal) => decimal.fmt(f),
        }
    }
}

impl<'a> Value<'a> {
    /// A borrowed text.
    pub const fn borrowed(text: &'a str) -> Self {
        Self::String(Cow::Borrowed(text))
    }

    /// Takes over a source value without copying texts; an unknown one is null, and so is an empty list.
    pub fn from_attribute(value: &'a AttributeValue<'a>) -> Self {
        match value {
            AttributeValue::Unknown | AttributeValue::Null => Self::Null,
            AttributeValue::String(text) => Self::borrowed(text),
            AttributeValue::Bool(value) => Self::Bool(*value),
            AttributeValue::Strings(values) if values.is_empty() => Self::Null,
            AttributeValue::Strings(values) => {
                Self::Strings(values.iter().map(|text| Cow::Borrowed(text.as_ref())).collect())
            }
            AttributeValue::Roles(roles) if roles.is_empty() => Self::Null,
            AttributeValue::Roles(roles) => {
                Self::Roles(RoleShape::Names, roles.iter().map(|role| Cow::Borrowed(role.as_ref())).collect())
            }
        }
    }

    /// The text of a single value: `True` and `False`, numbers without grouping, the only one of
    /// several. `None` for null and for several values.
    pub fn to_text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::String(text) => Some(Cow::Borrowed(text)),
            Self::Strings(values) => match values.as_slice() {
                [only] => Some(Cow::Borrowed(only)),
                _ => None,
            },
            Self::Bool(value) => Some(Cow::Borrowed(bool_text(*value))),
            Self::Number(number) => Some(Cow::Owned(number.to_string())),
            Self::DateTime(at) => Some(Cow::Owned(date_text(*at))),
            Self::Roles(_, roles) => match roles.as_slice() {
                [only] => Some(Cow::Borrowed(role_name(only))),
                _ => None,
            },
            Self::Null | Self::NoFlow => None,
        }
    }

    /// Whether there is no value; a list without values has none.
    pub fn is_null(&self) -> bool {
        match self {
            Self::Null | Self::NoFlow => true,
            Self::Strings(values) => values.is_empty(),
            Self::Roles(_, roles) => roles.is_empty(),
            Self::String(_) | Self::Bool(_) | Self::Number(_) | Self::DateTime(_) => false,
        }
    }

    /// Whether it is null, `""`, or a list of nothing but `""`.
    pub fn is_null_or_empty(&self) -> bool {
        match self {
            Self::Null | Self::NoFlow => true,
            Self::String(text) => text.is_empty(),
            Self::Strings(values) => values.iter().all(|text| text.is_empty()),
            Self::Roles(_, roles) => roles.is_empty(),
            Self::Bool(_) | Self::Number(_) | Self::DateTime(_) => false,
        }
    }
}

/// `True` or `False`, as .NET prints them.
pub(super) const fn bool_text(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}

/// A source value as the provisioning log writes it: empty for null, `None` where the export doesn't contain it.
pub fn attribute_text<'v>(value: &'v AttributeValue<'_>) -> Option<Cow<'v, str>> {
    Some(match value {
        AttributeValue::Unknown => return None,
        AttributeValue::Null => Cow::Borrowed(""),
        AttributeValue::String(text) => Cow::Borrowed(text),
        AttributeValue::Bool(value) => Cow::Borrowed(bool_text(*value)),
        AttributeValue::Strings(texts) => texts.join(", ").into(),
        AttributeValue::Roles(roles) => roles.iter().map(|role| role_name(role)).collect::<Vec<_>>().join(", ").into(),
    })
}

/// How a role is named: its `value`, where it has none its display name.
pub fn role_name(role: &AppRole) -> &str {
    role.value.as_deref().filter(|value| !value.is_empty()).unwrap_or(&role.display_name)
}

/// `M/d/yyyy h:mm:ss tt`, as .NET prints a date in US English.
pub(super) fn date_text(at: DateTime) -> String {
    at.strftime("%-m/%-d/%Y %-I:%M:%S %p").to_string()
}

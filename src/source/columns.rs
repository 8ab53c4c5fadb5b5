//! Which column or member fills which slot of a user's values.

use std::borrow::Cow;

use super::SourceError;
use super::csv_file::Header;
use crate::base::{Diagnostic, SourceId, Timestamp};
use crate::directory::{AttributeNames, AttributeValue, Deletion, Known, User, canonical_name, guest_name};

/// Where a slot's value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fill {
    /// The export doesn't have it, or it is computed elsewhere.
    Unknown,
    /// A column of the file, or a member of the object.
    Column(usize),
    /// `objectId`.
    Id,
    /// `userPrincipalName` as mappings see it.
    Name,
    /// `originalUserPrincipalName`: as the directory has it.
    OriginalName,
    /// `accountEnabled`.
    Enabled,
}

/// Decides for every asked name; `column` finds the place of an attribute that is read as it is.
pub(super) fn fills(names: &AttributeNames, has: &dyn Fn(&str) -> bool, column: &dyn Fn(&str) -> usize) -> Vec<Fill> {
    names
        .iter()
        .map(|(_, name)| match name {
            "IsSoftDeleted" | "isSoftDeleted" | "appRoleAssignments" => Fill::Unknown,
            "objectId" => Fill::Id,
            "userPrincipalName" if has(name) => Fill::Name,
            "originalUserPrincipalName" if has("userPrincipalName") => Fill::OriginalName,
            "accountEnabled" if has(name) => Fill::Enabled,
            name if has(name) => Fill::Column(column(name)),
            _ => Fill::Unknown,
        })
        .collect()
}

/// What every user has, whatever else was asked for.
pub(super) struct Basics<'a> {
    pub(super) id: SourceId,
    /// The id as spelt.
    pub(super) id_text: Cow<'a, str>,
    pub(super) name: Cow<'a, str>,
    pub(super) enabled: Known<bool>,
    pub(super) deletion: Deletion,
    /// Whether the object says only what changed: what is missing then is unknown, not null.
    pub(super) partial: bool,
}

impl<'a> Basics<'a> {
    /// Puts a user together; `value` reads one column.
    pub(super) fn user<E>(
        self,
        fills: &[Fill],
        mut value: impl FnMut(usize) -> Result<AttributeValue<'a>, E>,
    ) -> Result<User<'a>, E> {
        let Self { id, id_text, name, enabled, deletion, partial } = self;
        let mut values = Vec::with_capacity(fills.len());
        for fill in fills {
            values.push(match fill {
                Fill::Unknown => AttributeValue::Unknown,
                Fill::Column(column) => value(*column)?,
                Fill::Id if id.guid().is_some() && id_text.bytes().any(|byte| byte.is_ascii_uppercase()) => {
                    AttributeValue::String(Cow::Owned(id.to_string()))
                }
                Fill::Id => AttributeValue::String(id_text.clone()),
                Fill::Name | Fill::OriginalName if name.is_empty() && partial => AttributeValue::Unknown,
                Fill::Name | Fill::OriginalName if name.is_empty() => AttributeValue::Null,
                Fill::Name => AttributeValue::String(visible_name(&name)),
                Fill::OriginalName => AttributeValue::String(name.clone()),
                Fill::Enabled => match enabled {
                    Known::Known(enabled) => AttributeValue::Bool(enabled),
                    Known::Unknown => AttributeValue::Unknown,
                },
            });
        }
        Ok(User { id, name, account_enabled: enabled, deletion, values })
    }
}

fn visible_name<'a>(name: &Cow<'a, str>) -> Cow<'a, str> {
    match name {
        Cow::Borrowed(name) => guest_name(name),
        Cow::Owned(name) => Cow::Owned(guest_name(name).into_owned()),
    }
}

/// Since when a user has been in the recycle bin; `Err` when the text isn't an instant.
pub(super) fn deleted_since(text: &str) -> Result<Option<Timestamp>, ()> {
    match text.trim() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| ()),
    }
}

/// `True`, `false`, `TRUE`, `Yes`, `0` …
pub(super) fn boolean(text: &str) -> Option<bool> {
    let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is(&["true", "yes", "1"]) {
        Some(true)
    } else if is(&["false", "no", "0"]) {
        Some(false)
    } else {
        None
    }
}

/// The columns of a CSV file of users.
#[derive(Debug, Clone)]
pub(super) struct UserColumns {
    /// Canonical attribute names, in the order of the file; empty where the header is.
    pub(super) attributes: Vec<String>,
    pub(super) id: usize,
    pub(super) name: Option<usize>,
    pub(super) enabled: Option<usize>,
    /// `blockCredential`: the opposite of `accountEnabled`.
    pub(super) blocked: Option<usize>,
    pub(super) deleted: Option<usize>,
}

impl UserColumns {
    pub(super) fn of(file: &str, header: &Header, needs_name: bool) -> Result<Self, SourceError> {
        let mut attributes: Vec<String> = Vec::with_capacity(header.cells.len());
        for (index, cell) in header.cells.iter().enumerate() {
            let attribute = canonical_name(cell);
            let same = |known: &String| !known.is_empty() && known.eq_ignore_ascii_case(attribute);
            if let Some(first) = attributes.iter().position(same) {
                return Err(duplicate(file, header, attribute, first, index));
            }
            attributes.push(attribute.to_owned());
        }
        let find = |name: &str| attributes.iter().position(|known| known == name);
        let missing = |what: &str, spellings: &str| {
            let hint = format!(
                "the file needs a column {spellings}; use the portal's \"Download users\", or add the property to `$select`"
            );
            header.error(file, format!("there is no column for {what}; found: {}", header.list()), &hint)
        };
        let id = find("objectId").ok_or_else(|| missing("the object id", "`id` or `objectId`"))?;
        let name = find("userPrincipalName");
        if name.is_none() && needs_name {
            return Err(missing("the user principal name", "`userPrincipalName`"));
        }
        let enabled = find("accountEnabled");
        let blocked = find("blockCredential");
        let deleted = find("deletedDateTime");
        Ok(Self { attributes, id, name, enabled, blocked, deleted })
    }

    /// Canonical names that this file has values for.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let derived = (self.enabled.is_none() && self.blocked.is_some()).then_some("accountEnabled");
        self.attributes.iter().map(String::as_str).filter(|name| !name.is_empty()).chain(derived)
    }

    pub(super) fn fills(&self, names: &AttributeNames) -> Vec<Fill> {
        let position = |name: &str| self.attributes.iter().position(|known| known == name);
        fills(names, &|name| self.names().any(|known| known == name), &|name| position(name).unwrap_or(usize::MAX))
    }
}

fn duplicate(file: &str, header: &Header, attribute: &str, first: usize, second: usize) -> SourceError {
    let cell = |index: usize| format!("\"{}\" (column {})", header.cells[index], index + 1);
    header.error(
        file,
        format!("two columns mean the attribute {attribute}: {} and {}", cell(first), cell(second)),
        "remove or rename one of them",
    )
}

/// A warning about one cell.
pub(super) fn bad_cell(file: &str, line: usize, field: &str, message: &str) -> Diagnostic {
    Diagnostic::warning(message).in_file(file).at_line(line).in_field(field)
}

//! Users of the source directory.

use std::borrow::Cow;

use super::AttributeValue;
use crate::base::{SourceId, Timestamp};

/// A fact that an export may leave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known<T> {
    /// The export says it.
    Known(T),
    /// The export doesn't contain it.
    Unknown,
}

/// Whether a user is in the recycle bin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// An ordinary user.
    None,
    /// In the recycle bin, since when if the export says it.
    Soft(Option<Timestamp>),
}

/// One user as read from the export; borrows from the reader's buffer.
#[derive(Debug, Clone)]
pub struct User<'a> {
    /// `objectId`.
    pub id: SourceId,
    /// `userPrincipalName` as the directory has it, `#EXT#` included; empty where there is none.
    pub name: Cow<'a, str>,
    /// `accountEnabled`.
    pub account_enabled: Known<bool>,
    /// Whether it is in the recycle bin.
    pub deletion: Deletion,
    /// Values in the slots of the [`super::AttributeNames`] that the reader was given. The
    /// attributes that aren't read but computed (`IsSoftDeleted`, `appRoleAssignments`) are
    /// `Unknown` here.
    pub values: Vec<AttributeValue<'a>>,
}

impl User<'_> {
    /// Copies everything borrowed.
    pub fn into_owned(self) -> User<'static> {
        User {
            id: self.id,
            name: Cow::Owned(self.name.into_owned()),
            account_enabled: self.account_enabled,
            deletion: self.deletion,
            values: self.values.into_iter().map(AttributeValue::into_owned).collect(),
        }
    }
}

/// The `userPrincipalName` that mappings see: a B2B guest's `ann_fabrikam.com#EXT#@contoso…` becomes
/// `ann@fabrikam.com`, other names stay. (Microsoft, *Tutorial: Customize user provisioning
/// attribute-mappings*: guests.)
pub fn guest_name(user_principal_name: &str) -> Cow<'_, str> {
    let Some(at) = find_ext(user_principal_name) else { return Cow::Borrowed(user_principal_name) };
    let home = &user_principal_name[..at];
    match home.rfind('_') {
        Some(last) => Cow::Owned(format!("{}@{}", &home[..last], &home[last + 1..])),
        None => Cow::Borrowed(home),
    }
}

fn find_ext(name: &str) -> Option<usize> {
    const MARK: &[u8] = b"#EXT#";
    name.as_bytes().windows(MARK.len()).position(|window| window.eq_ignore_ascii_case(MARK))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guests() {
        for (input, expected) in [
            ("ann_fabrikam.com#EXT#@contoso.onmicrosoft.com", "ann@fabrikam.com"),
            ("ann_marie_fabrikam.com#EXT#@contoso.onmicrosoft.com", "ann_marie@fabrikam.com"),
            ("ann_fabrikam.com#ext#@contoso.onmicrosoft.com", "ann@fabrikam.com"),
            ("ann@contoso.com", "ann@contoso.com"),
            ("odd#EXT#@contoso.com", "odd"),
            ("", ""),
        ] {
            assert_eq!(guest_name(input), expected);
        }
    }
}

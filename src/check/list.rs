//! The list of checks, in the order in which they are shown.

use super::Check;
use super::family::FAMILIES;

/// Every check, in the order in which they are shown.
pub fn checks() -> impl Iterator<Item = &'static Check> {
    FAMILIES.iter().copied().flatten().copied().flatten()
}

/// The check of this id.
pub fn find(id: &str) -> Option<&'static Check> {
    checks().find(|check| check.id == id)
}

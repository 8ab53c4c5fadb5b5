//! The families of checks.

mod change;
mod connect;
mod discovery;
mod groups;
mod paging;
mod people;
mod users;

pub(super) use discovery::discover;
pub(super) use groups::members_in_dialect;

use super::{Check, CheckResult, DialectOutcome};

/// Every family, in the order in which they are shown.
pub(super) const FAMILIES: &[&[&[Check]]] = &[&[connect::CHECKS, discovery::CHECKS], users::CHECKS, groups::CHECKS];

/// What both dialects came to.
pub(super) fn dialects(_results: &[CheckResult]) -> Vec<DialectOutcome> {
    Vec::new()
}

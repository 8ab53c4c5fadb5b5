//! `groups.*`: groups as the service makes, finds, changes and removes them, and who belongs to them.

mod create;
mod delete;
mod fixture;
mod members;
mod paging;
mod patch;
mod read;

use crate::check::Check;

pub(in crate::check) use members::members_in_dialect;

/// The checks of groups, in the order in which they are shown.
pub(in crate::check) const CHECKS: &[&[Check]] =
    &[create::CHECKS, read::CHECKS, patch::CHECKS, delete::CHECKS, members::CHECKS, paging::CHECKS];

//! `users.*`: accounts as the service makes, finds, changes and removes them.

mod extension;
mod manager;
mod multivalue;
mod roles;
mod unicode;

use crate::check::Check;

pub(in crate::check) use manager::manager_in_dialect;

/// The checks of users, in the order in which they are shown.
pub(in crate::check) const CHECKS: &[&[Check]] =
    &[manager::CHECKS, extension::CHECKS, multivalue::CHECKS, roles::CHECKS, unicode::CHECKS];

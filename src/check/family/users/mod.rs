//! `users.*`: accounts as the service makes, finds, changes and removes them.

mod active;
mod create;
mod culprits;
mod delete;
mod dialects;
mod extension;
mod filter;
mod list;
mod manager;
mod multivalue;
mod patch;
mod patch_operations;
mod read;
mod roles;
mod shape;
mod unicode;

use crate::check::Check;

pub(in crate::check) use dialects::compared;

/// The checks of users, in the order in which they are shown.
pub(in crate::check) const CHECKS: &[&[Check]] = &[
    create::CHECKS,
    read::CHECKS,
    filter::CHECKS,
    list::CHECKS,
    patch::CHECKS,
    patch_operations::CHECKS,
    dialects::CHECKS,
    active::CHECKS,
    delete::CHECKS,
    manager::CHECKS,
    extension::CHECKS,
    multivalue::CHECKS,
    roles::CHECKS,
    unicode::CHECKS,
];

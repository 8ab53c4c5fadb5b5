//! The families of checks.

mod connect;
mod discovery;
mod lifecycle;
mod load;
mod paging;
mod protocol;
mod users;

pub(super) use discovery::discover;
pub(super) use users::compared;

use super::Check;

/// Every family, in the order in which they are shown.
pub(super) fn families() -> impl Iterator<Item = &'static [Check]> {
    let general = [protocol::CHECKS, load::CHECKS, lifecycle::CHECKS];
    [connect::CHECKS, discovery::CHECKS].into_iter().chain(users::CHECKS.iter().copied()).chain(general)
}

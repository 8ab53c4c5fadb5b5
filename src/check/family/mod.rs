//! The families of checks.

mod change;
mod connect;
mod discovery;
mod found;
pub(super) mod groups;
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
    let [users, groups] = [users::CHECKS, groups::CHECKS].map(|lists| lists.iter().copied());
    let first = [connect::CHECKS, discovery::CHECKS].into_iter();
    first.chain(users).chain(groups).chain([protocol::CHECKS, load::CHECKS, lifecycle::CHECKS])
}

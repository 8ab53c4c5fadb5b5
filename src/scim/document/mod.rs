//! Documents that clients want to store: what has to be in them, values that are made to fit, and what PUT may change.

mod admit;
mod complete;
mod fit;
mod format;
mod replace;
mod same;
#[cfg(test)]
mod tests;

pub(super) use fit::{fit, fit_one, is_primary, misfit};
pub(super) use format::instant;
pub(super) use same::{Listed, check_primary, identity, is_same, make_distinct};

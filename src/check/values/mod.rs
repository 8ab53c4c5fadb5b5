//! Made-up values that look like those of real people, one for each mapped attribute.

mod file;
mod person;
mod realistic;
#[cfg(test)]
mod tests;

pub use file::Values;
pub(super) use file::is_settable;
pub(super) use person::Person;
pub(super) use realistic::made_up;

//! Attribute flow: what each mapping gives for one user.

mod flow;
mod roles;

pub use flow::{Desired, Flow, MappingError, evaluate, evaluate_each, matching_text};
pub use roles::Roles;

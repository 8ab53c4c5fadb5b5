//! Attribute flow: what each mapping gives for one user.

mod flow;

pub use flow::{Desired, Flow, MappingError, evaluate, evaluate_each, matching_text};

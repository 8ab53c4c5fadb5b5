//! What is to be done to each object: a pure function of source, saved state and the target's answers.

mod action;
mod compare;
mod kind;
mod planner;
mod reason;
mod saved;
mod state;

pub use crate::scoping::Standing;
pub use action::{Action, AttributeChange, Effect};
pub use compare::differs;
pub use kind::ActionKind;
pub use planner::{Answer, Lookup, PlanContext, Presence, Step, Subject, plan_one};
pub use reason::Reason;
pub use saved::{PlanFile, PlanFileError, PlannedObject};
pub use state::{FailedPart, Failure, PriorState, Staged};

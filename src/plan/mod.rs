//! What is to be done to each object: a pure function of source, saved state and the target's answers.

mod action;
pub mod bisect;
mod compare;
mod drift;
mod escrow;
mod estimate;
mod kind;
mod planner;
pub mod quarantine;
mod reason;
mod references;
mod saved;
mod state;
pub mod verify;

pub use crate::scoping::Standing;
pub use action::{Action, AttributeChange, Effect};
pub use compare::differs;
pub(crate) use compare::truth;
pub use drift::drift;
pub use escrow::EscrowSchedule;
pub use estimate::{Estimate, Workload};
pub use kind::ActionKind;
pub(crate) use planner::REDACTED;
pub use planner::{Answer, Leaving, Lookup, PlanContext, Presence, Step, Subject, plan_one, removes_account};
pub use reason::{Reason, Reference};
pub use references::{
    ReferenceContext, ReferenceStep, Referenced, Sent, is_settled, is_single_open, plan_gone_member, plan_member,
    plan_single,
};
pub use saved::{PlanFile, PlanFileError, PlannedObject};
pub use state::{FailedPart, Failure, PriorState, Staged};

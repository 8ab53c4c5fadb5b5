//! The provisioning cycle: evaluate the export, look up, plan, execute, remember.

mod accounts;
mod columns;
mod computed;
mod cycle;
mod discover;
mod duplicates;
mod error;
mod evaluate;
mod everyone;
mod explain;
mod find;
mod fingerprints;
mod guard;
mod index;
mod inputs;
mod job;
mod links;
mod lookup;
mod offline;
mod on_demand;
mod outcome;
mod planned;
mod policy;
mod progress;
mod references;
mod stages;
mod steps;
mod verify;

pub use columns::{MissingColumn, missing_columns};
pub use computed::fill_computed;
pub use cycle::{Cycle, CycleOptions, Mode};
pub use discover::{
    Asked, Discover, DiscoverError, DiscoverOptions, DiscoverProgress, ListFlaw, ListProblem, discover_unsorted,
};
pub use error::EngineError;
pub use evaluate::{Due, Evaluator, Manager};
pub use everyone::{Everyone, IN_SCOPE, RuleGroup, explain_everyone};
pub use explain::{AttributeOutcome, ExplainedAttribute, Explanation};
pub use find::{NamedObject, find_objects};
pub use index::{Index, KnownSets};
pub use offline::{Offline, OfflineIndex};
pub use on_demand::{Culprit, Demand, LeftActive, OnDemand, Poison, Verdict};
pub use planned::Planned;
pub use policy::{Policy, QuarantineIntervals};
pub use progress::{LinkChange, Processed, Sink};
pub use verify::Verify;

#[cfg(test)]
mod tests;

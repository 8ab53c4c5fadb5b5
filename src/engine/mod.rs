//! The provisioning cycle: evaluate the export, look up, plan, execute, remember.

mod columns;
mod computed;
mod cycle;
mod error;
mod evaluate;
mod guard;
mod links;
mod lookup;
mod offline;
mod policy;
mod progress;

pub use columns::{MissingColumn, missing_columns};
pub use computed::fill_computed;
pub use cycle::{Cycle, CycleOptions, Mode};
pub use error::EngineError;
pub use evaluate::{Due, Evaluator, Index};
pub use offline::plan_offline;
pub use policy::Policy;
pub use progress::{Processed, Sink};

#[cfg(test)]
mod tests;

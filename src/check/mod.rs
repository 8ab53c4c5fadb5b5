//! Checks of an endpoint: would Microsoft accept it?
//!
//! A [`Check`] says what holds, where that is asked for, how a failure shows with the real service and what to change. The
//! runner (`run.rs`) orders the checks and gives each a probe, with which it sends requests, makes objects to try things
//! on and takes up what is wrong. The families of checks stand in `family/`. What comes of all is a [`CheckReport`]: plain
//! data, from which `report` makes every form.

mod answer;
mod bench;
mod cleanup;
mod definition;
mod family;
mod features;
mod finding;
mod list;
mod made;
mod masking;
mod measure;
mod options;
mod probe;
mod result;
mod run;
mod snapshot;
#[cfg(test)]
mod tests;
mod values;

pub use definition::{Category, Check, Need};
pub use list::{checks, find};
pub use options::{CheckOptions, Connect};
pub use result::{
    CheckReport, CheckResult, DialectOutcome, Finding, Latencies, Leftover, Load, Severity, Skipped, Status,
};
pub use run::{CheckEvent, run};
pub use values::Values;

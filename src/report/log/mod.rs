//! The provisioning log in the forms that Microsoft has for it, and as a table for people.

mod advice;
mod azure_monitor;
mod csv;
mod facts;
mod graph;
mod text;

pub use advice::{advice, recommended_action};
pub use azure_monitor::azure_monitor;
pub(super) use csv::harmless;
pub use csv::{LogCsv, LogCsvFiles};
pub use facts::LogFacts;
pub(super) use facts::display_name;
pub use graph::graph;
pub(super) use text::shown_details;
pub use text::{log_details, log_line};

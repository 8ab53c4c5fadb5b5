//! What account discovery found, a file for each form: text for people, JSON for programs, CSV for spreadsheets.

mod csv;
mod json;
mod text;
mod words;

pub use csv::discovery_csv;
pub use json::{DiscoveryJson, discovered_account_json, discovery_summary_json};
pub use text::{DiscoveryGroup, discovery_groups, discovery_summary};

#[cfg(test)]
mod tests;

//! What account discovery found, a file for each form: text for people, JSON for programs, CSV for
//! spreadsheets, a page of HTML.

mod csv;
mod html;
mod json;
mod text;
mod words;

pub use csv::discovery_csv;
pub use html::discovery_html;
pub use json::{DiscoveryJson, discovered_account_json, discovery_summary_json};
pub use text::{DiscoveryGroup, discovery_groups, discovery_summary};

#[cfg(test)]
mod tests;

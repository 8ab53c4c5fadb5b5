//! A job as a document: how it stands, its cycles, who is in and out and why, what was slow, what failed, every object.
//!
//! All forms are made from a [`JobReport`] and, of each object, the entries of the log, which are asked for one by one:
//! in memory is the one that is written just now.

mod document;
mod gist;
mod html;
mod json;
mod markdown;
mod overview;
mod quarantines;

#[cfg(test)]
mod tests;

pub use document::{
    EntryOf, JobReport, Narrowing, ReportedCycle, ReportedEnd, ReportedScope, ReportedState, ScopeGroup, ScopeSource,
};
pub use html::job_html;
pub use json::job_json;
pub use markdown::job_markdown;
pub use overview::LogOverview;
pub use quarantines::quarantines;

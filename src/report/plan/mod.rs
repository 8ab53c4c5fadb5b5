//! Plans as documents: one page of HTML for a change request, Markdown for a pull request.
//!
//! Both are made from a [`PlanReport`]. Values of the directory and of the target are taken for nothing but text.

mod document;
mod html;
mod markdown;
mod rule;

#[cfg(test)]
mod tests;

pub(super) use document::{BY_WEIGHT, Subject, weight, word};
pub use document::{ExportFile, PlanReport};
pub use html::plan_html;
pub use markdown::plan_markdown;
pub(super) use rule::rule;

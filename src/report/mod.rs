//! Renderers over plans and events: text for people, JSON for programs.

mod deviations;
mod expression;
mod json;
mod recording;
mod style;
mod text;

pub use deviations::Deviations;
pub use expression::{public_error, result_texts, source_tree, tree_text, type_name};
pub use json::{
    FORMAT_VERSION, estimate_json, event_json, planned_json, record_json, report_json, run_json, summary_json,
};
pub use recording::{HAR_END, Recording, RecordingOf, RecordingTexts, Side};
pub use style::{dim, heading, sign, style, symbol};
pub use text::{
    before_after, count, done, plan_estimate, plan_summary, planned_object, record_line, run_summary, status_text,
};

#[cfg(test)]
mod tests;

//! Renderers over plans, events and what came of checks: text for people, JSON for programs, reports of tests.

mod check;
mod deviations;
mod discover;
mod exchange;
mod expression;
mod job;
mod json;
mod log;
mod markdown;
mod markup;
mod metrics;
mod page;
mod plan;
mod prose;
mod recording;
mod style;
mod text;

pub use check::{
    Baseline, CheckText, UnknownCheck, check_event_json, check_html, check_json, check_junit, check_list,
    check_list_json, check_markdown, check_tap, check_text, explain_check, explain_check_json,
};
pub use deviations::Deviations;
pub use discover::{
    DiscoveryGroup, DiscoveryJson, discovered_account_json, discovery_csv, discovery_groups, discovery_html,
    discovery_summary, discovery_summary_json,
};
pub use expression::{public_error, result_texts, source_tree, tree_text, type_name};
pub use job::{
    EntryOf, JobReport, LogOverview, Narrowing, ReportedCycle, ReportedEnd, ReportedScope, ReportedState, ScopeGroup,
    ScopeSource, job_html, job_json, job_markdown, quarantines,
};
pub use json::{
    FORMAT_VERSION, estimate_json, event_json, last_cycle_json, planned_json, record_json, report_json, run_json,
    summary_json,
};
pub use log::{LogCsv, LogCsvFiles, LogFacts, advice, azure_monitor, graph, log_details, log_line, recommended_action};
pub use metrics::{LastCycle, Metrics, Standing};
pub use plan::{ExportFile, PlanReport, plan_html, plan_markdown};
pub use recording::{HAR_END, Recording, RecordingOf, RecordingTexts, Side};
pub use style::{bad, dim, doubtful, good, heading, sign, style, symbol};
pub use text::{
    before_after, count, counted, done, plan_estimate, plan_summary, planned_object, record_line, run_summary,
    status_text,
};

#[cfg(test)]
mod tests;

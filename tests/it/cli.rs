//! The program as a process: what it prints, how it ends, what it leaves behind.

mod apply;
mod bad_input;
mod check;
mod clock;
mod commands;
#[cfg(unix)]
mod data;
mod discover;
mod exit_codes;
mod explain;
mod expr;
mod faults;
mod groups;
mod killed;
mod levers;
mod lies;
mod locked;
#[cfg(unix)]
mod logs;
mod metrics;
mod missing;
mod notifications;
mod oauth;
mod output;
mod page;
mod plan_reports;
mod progress;
mod provision;
mod recording;
mod report;
mod schema;
mod secrets;
mod serve;
mod simulated;
mod strict;
mod verify;

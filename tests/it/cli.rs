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
mod expr;
mod faults;
mod groups;
mod killed;
mod levers;
mod lies;
mod locked;
mod missing;
mod oauth;
mod output;
mod page;
mod provision;
mod recording;
mod schema;
mod secrets;
mod serve;
mod simulated;
mod strict;
mod verify;

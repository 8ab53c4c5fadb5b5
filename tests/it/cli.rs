//! The program as a process: what it prints, how it ends, what it leaves behind.

mod apply;
mod bad_input;
mod clock;
mod commands;
mod exit_codes;
mod expr;
mod groups;
mod killed;
mod levers;
mod lies;
mod locked;
mod missing;
mod output;
mod page;
mod provision;
mod schema;
mod secrets;
mod simulated;
mod verify;

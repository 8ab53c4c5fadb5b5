//! The command line: clap tree, one file per subcommand, the printer, errors to text and exit code.
//!
//! stdout is data, stderr is talk. Only `printer` prints; `exit` has the exit codes. Flags have
//! environment variables, see `variables`.

mod allow_deletes;
mod apply;
mod args;
mod check;
mod completions;
mod context;
mod credentials;
mod demo;
mod discover;
mod error;
mod exit;
mod explain;
mod expr;
mod init;
mod inspect;
mod job;
mod lever;
mod links;
mod logging;
mod logs;
mod main;
mod man;
mod output_file;
mod pause;
mod plan;
mod printer;
mod progress;
mod provision;
mod recording;
mod render_diagnostic;
mod report;
mod reports;
mod restart;
mod run;
mod runtime;
mod scenario;
mod schema;
mod serve;
mod start;
mod status;
mod steps;
mod table;
mod target_flags;
mod test_connection;
mod variables;

pub use main::main;

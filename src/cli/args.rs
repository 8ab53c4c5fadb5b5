//! What can be typed: the global flags and the list of commands.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{CommandFactory as _, Parser, Subcommand, ValueEnum};

use super::{
    allow_deletes, apply, check, completions, demo, discover, explain, expr, init, inspect, links, logs, man, pause,
    plan, provision, report, restart, run, schema, serve, start, status, test_connection, variables,
};
use crate::base::Timestamp;
use crate::config::parse_duration;

/// Stands in for the Azure side of automatic user provisioning
///
/// Reads a directory export, decides who is in scope, maps attributes, matches accounts in a SCIM
/// target, and creates, patches and deactivates them in initial and incremental cycles, as the
/// Microsoft Entra provisioning service does.
#[derive(Debug, Parser)]
#[command(name = "scimulate", version, max_term_width = 100, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER_HELP: &str = "\
Start with `scimulate demo`, then `scimulate init` and `scimulate plan --offline`.

Exit codes: 0 done, 1 unexpected failure, 2 usage, configuration or export is wrong,
3 `plan --detailed-exitcode` found changes, 4 some objects failed or `discover --fail-on` found
some, 5 job quarantined, paused or disabled, or deletions held back, 6 target unreachable or
credentials refused, 7 `check`: a mandatory check failed, 8 another run holds the job's lock,
130 Ctrl-C, 143 SIGTERM";

/// Flags that every command takes.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Config file [default: scimulate.toml here or above]
    #[arg(short, long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Folder of the state [default: .scimulate beside the config file]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
    /// Name of the job, instead of the config file's
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) job: Option<String>,
    /// What goes to stdout: text, one JSON document, or one JSON object a line
    #[arg(long, global = true, value_enum, value_name = "FORMAT", default_value_t = Output::Human)]
    pub(crate) output: Output,
    /// When to use colours; `NO_COLOR` counts too
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    pub(crate) color: Color,
    /// Say nothing but data and errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Say more; twice for debugging, three times for every request
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Show no progress bars
    #[arg(long, global = true)]
    pub(crate) no_progress: bool,
}

/// What goes to stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// Text for people
    Human,
    /// One JSON document
    Json,
    /// One JSON object a line, as things happen
    Jsonl,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(init::Args),
    Inspect(inspect::Args),
    TestConnection(test_connection::Args),
    Check(Box<check::Args>),
    Plan(plan::Args),
    Apply(apply::Args),
    Run(run::Args),
    Provision(provision::Args),
    Explain(explain::Args),
    Status(status::Args),
    Start(start::Args),
    Pause(pause::Args),
    Restart(restart::Args),
    AllowDeletes(allow_deletes::Args),
    Logs(logs::Args),
    Report(report::Args),
    Discover(Box<discover::Args>),
    #[command(subcommand)]
    Links(links::Command),
    #[command(subcommand)]
    Schema(schema::Command),
    Expr(expr::Args),
    Serve(Box<serve::Args>),
    Demo(demo::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// The whole tree with the environment variables of its flags.
pub(crate) fn command() -> clap::Command {
    variables::name(Cli::command())
}

/// Reads `40m`, `30s` …
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(|error| error.to_string())
}

/// Reads a duration above zero.
pub(crate) fn positive_duration(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("it has to be above zero".to_owned()),
        duration => Ok(duration),
    }
}

/// Reads an instant such as `2026-03-01T10:00:00Z`.
pub(crate) fn instant(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| "write an instant with its offset, such as 2026-03-01T10:00:00Z".to_owned())
}

/// Reads an instant, or a date for its beginning in UTC.
pub(crate) fn instant_or_date(text: &str) -> Result<Timestamp, String> {
    let date = format!("{text}T00:00:00Z");
    instant(text).or_else(|error| date.parse().map_err(|_| format!("{error}, or a date such as 2026-12-24")))
}

/// Reads an address with its port.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    let numeric = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    let wrong =
        "write an address of this machine and a port, such as 127.0.0.1:8080, localhost:0, 0.0.0.0:8080 or [::1]:8080";
    numeric.as_deref().unwrap_or(text).parse().map_err(|_| wrong.to_owned())
}

#[cfg(test)]
mod tests;

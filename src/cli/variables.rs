//! Environment variables of flags: `SCIMULATE_<FLAG>` for global ones, `SCIMULATE_<COMMAND>_<FLAG>`
//! for a command's; a flag beats its variable.

use clap::builder::BoolishValueParser;
use clap::{Arg, ArgAction, Command};

/// Flags that approve something are typed each time, never left lying in an environment.
const APPROVALS: &[&str] = &["accept-missing", "force", "reset-scope", "update-baseline", "yes"];

/// Commands that approve something with whatever flag.
const APPROVING: &[&str] = &["allow-deletes"];

/// Names the variable of every flag in the tree.
pub(super) fn name(command: Command) -> Command {
    let command = command.mut_args(|arg| name_one(arg, "SCIMULATE"));
    command.mut_subcommands(|subcommand| name_below(subcommand, "SCIMULATE"))
}

fn name_below(command: Command, prefix: &str) -> Command {
    if APPROVING.contains(&command.get_name()) {
        return command;
    }
    let prefix = format!("{prefix}_{}", upper(command.get_name()));
    let command = command.mut_args(|arg| name_one(arg, &prefix));
    command.mut_subcommands(|subcommand| name_below(subcommand, &prefix))
}

fn name_one(arg: Arg, prefix: &str) -> Arg {
    let Some(flag) = arg.get_long().filter(|flag| !APPROVALS.contains(flag)) else { return arg };
    // clap wants names that live as long as the program; there is one tree per process.
    let variable: &'static str = format!("{prefix}_{}", upper(flag)).leak();
    let arg = arg.env(variable).hide_env_values(true);
    match arg.get_action() {
        ArgAction::SetTrue => arg.value_parser(BoolishValueParser::new()),
        _ => arg,
    }
}

fn upper(name: &str) -> String {
    name.replace('-', "_").to_ascii_uppercase()
}

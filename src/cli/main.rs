//! From the command line to the exit code.

use std::process::ExitCode;

use clap::FromArgMatches as _;

use super::args::{Cli, Command, command};
use super::context::Context;
use super::error::Error;
use super::exit::Exit;
use super::{
    allow_deletes, apply, check, completions, demo, discover, explain, expr, init, inspect, links, logging, logs, man,
    pause, plan, provision, report, restart, run, schema, serve, start, status, test_connection,
};

/// Runs the program on this process's command line and says how it ended.
pub fn main() -> ExitCode {
    let cli = match command().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => {
            // Help goes to stdout, usage errors to stderr; where neither can be written, nobody is told.
            let _ignored: std::io::Result<()> = error.print();
            return if error.exit_code() == 0 { Exit::Done } else { Exit::Usage }.into();
        }
    };
    let context = Context::new(cli.global);
    logging::start(&context.global);
    let ended = dispatch(cli.command, &context);
    let flushed = context.printer.flush().map_err(Error::from);
    let exit = match ended.and_then(|exit| flushed.map(|()| exit)) {
        Ok(exit) => exit,
        Err(error) => {
            error.diagnostics().iter().for_each(|diagnostic| context.printer.diagnostic(diagnostic));
            error.exit()
        }
    };
    exit.into()
}

/// Runs a command.
pub(super) fn dispatch(command: Command, context: &Context) -> Result<Exit, Error> {
    match command {
        Command::Init(args) => init::run(&args, context),
        Command::Inspect(args) => inspect::run(&args, context),
        Command::TestConnection(args) => test_connection::run(&args, context),
        Command::Check(args) => check::run(&args, context),
        Command::Plan(args) => plan::run(&args, context),
        Command::Apply(args) => apply::run(&args, context),
        Command::Run(args) => run::run(&args, context),
        Command::Provision(args) => provision::run(&args, context),
        Command::Explain(args) => explain::run(&args, context),
        Command::Status(args) => status::run(&args, context),
        Command::Start(args) => start::run(&args, context),
        Command::Pause(args) => pause::run(&args, context),
        Command::Restart(args) => restart::run(&args, context),
        Command::AllowDeletes(args) => allow_deletes::run(&args, context),
        Command::Logs(args) => logs::run(&args, context),
        Command::Report(args) => report::run(&args, context),
        Command::Discover(args) => discover::run(&args, context),
        Command::Links(command) => links::run(&command, context),
        Command::Schema(command) => schema::run(&command, context),
        Command::Expr(args) => expr::run(&args, context),
        Command::Serve(args) => serve::run(&args, context),
        Command::Demo(args) => demo::run(&args, context),
        Command::Completions(args) => completions::run(&args, context),
        Command::Man(args) => man::run(&args, context),
    }
}

//! `scimulate completions`.

use clap_complete::{Shell, generate};

use super::args::command;
use super::context::Context;
use super::error::Error;
use super::exit::Exit;

/// Prints the completion script of a shell
///
/// For bash: `scimulate completions bash > ~/.local/share/bash-completion/completions/scimulate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which shell
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

/// Runs the command.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Error> {
    context.printer.bytes(&script(args.shell))?;
    Ok(Exit::Done)
}

fn script(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    generate(shell, &mut command(), "scimulate", &mut script);
    script
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shell_learns_the_flags() {
        for shell in [Shell::Bash, Shell::Elvish, Shell::Fish, Shell::PowerShell, Shell::Zsh] {
            let script = String::from_utf8(script(shell)).unwrap();
            assert!(script.contains("detailed-exitcode") && script.contains("test-connection"), "{shell}");
        }
    }
}

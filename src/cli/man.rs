//! `scimulate man`.

use std::io;

use clap_mangen::Man;

use super::args::command;
use super::context::Context;
use super::error::Error;
use super::exit::Exit;

/// Prints the manual in roff: the program's page, then one for each command
///
/// To read it: `scimulate man | man -l -`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Runs the command.
pub(crate) fn run(_: &Args, context: &Context) -> Result<Exit, Error> {
    context.printer.bytes(&pages()?)?;
    Ok(Exit::Done)
}

fn pages() -> io::Result<Vec<u8>> {
    let mut tree = command();
    tree.build();
    let mut pages = Vec::new();
    Man::new(tree.clone()).render(&mut pages)?;
    for subcommand in tree.get_subcommands().filter(|subcommand| subcommand.get_name() != "help") {
        let name = format!("scimulate-{}", subcommand.get_name());
        Man::new(subcommand.clone().display_name(name)).render(&mut pages)?;
    }
    Ok(pages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_its_page() {
        let pages = String::from_utf8(pages().unwrap()).unwrap();
        let titles = pages.lines().filter(|line| line.starts_with(".TH ")).count();
        assert_eq!(titles, 1 + command().get_subcommands().count());
        assert!(pages.contains(".TH scimulate-test-connection"), "{pages}");
    }
}

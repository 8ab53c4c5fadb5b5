//! Diagnostic logging to stderr, by `-v`. The provisioning log is something else.

use std::io;

use anstream::{AutoStream, ColorChoice};
use tracing_subscriber::EnvFilter;

use super::args::Global;

/// Starts logging; once per process.
pub(super) fn start(global: &Global) {
    let subscriber = tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(AutoStream::choice(&io::stderr()) != ColorChoice::Never)
        .with_env_filter(EnvFilter::new(directives(global.quiet, global.verbose)))
        .finish();
    // A second subscriber in one process is refused; the first one goes on.
    let _refused: Result<(), _> = tracing::subscriber::set_global_default(subscriber);
}

/// What is logged; other crates speak up late, for theirs is seldom what is looked for.
const fn directives(quiet: bool, verbose: u8) -> &'static str {
    match (quiet, verbose) {
        (true, _) => "error",
        (false, 0) => "warn",
        (false, 1) => "warn,scimulate=info",
        (false, 2) => "info,scimulate=debug",
        (false, _) => "info,scimulate=trace",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_is_a_valid_filter() {
        for (quiet, verbose, expected) in [(true, 2, "error"), (false, 0, "warn"), (false, 9, "info,scimulate=trace")] {
            assert_eq!(directives(quiet, verbose), expected);
        }
        for verbose in 0..4 {
            assert!(EnvFilter::builder().parse(directives(false, verbose)).is_ok());
        }
    }
}

//! Writing to an endpoint on another machine has to be allowed.

use std::io::{IsTerminal as _, stderr, stdin};

use super::Args;
use super::target::Target;
use crate::base::Diagnostic;
use crate::check::Check;
use crate::cli::context::Context;
use crate::cli::error::Error;

/// Asks whether the endpoint may be written to, where that isn't known.
pub(super) fn ask(args: &Args, target: &Target, selected: &[&Check], context: &Context) -> Result<(), Error> {
    let writes = !args.read_only && selected.iter().any(|check| check.writes());
    if !writes || args.yes || target.is_here {
        return Ok(());
    }
    let printer = &context.printer;
    let asks = stdin().is_terminal() && stderr().is_terminal() && !printer.is_quiet();
    if asks {
        let what = if args.keep { "leaves them there" } else { "removes them again" };
        printer.talk(format_args!(
            "This makes at most {} users and groups at {}, whose names begin with a random prefix, and {what}. Nobody \
             else's data is written to. Write yes to go on:",
            args.max_objects, target.shown
        ));
        let mut answer = String::new();
        stdin().read_line(&mut answer)?;
        if matches!(answer.trim().to_lowercase().as_str(), "yes" | "y") {
            return Ok(());
        }
        return Err(Diagnostic::error("nothing was sent: it wasn't allowed").into());
    }
    let text = format!("users and groups would be made at {}, which is on another machine", target.shown);
    let hint = "add --yes to allow that: what is made is removed again, and nothing else is written to; or add --read-only \
                for the checks that only read";
    Err(Diagnostic::error(text).with_hint(hint).into())
}

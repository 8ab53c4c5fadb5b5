//! `scimulate allow-deletes`.

use serde_json::json;

use super::args::instant;
use super::context::Context;
use super::error::Error;
use super::exit::Exit;
use super::job::holder;
use super::lever::{existing, object_json};
use crate::base::{Diagnostic, Timestamp};
use crate::clock::Clock;
use crate::report::{FORMAT_VERSION, count};
use crate::store::{JobState, StagedObject, Store};

/// Objects that are named.
const NAMED: usize = 20;

/// Lets the deletions through that accidental deletion prevention holds back
///
/// Does what the portal's Allow deletes does, for exactly the objects that are held back now; they are
/// disabled or deleted in the next cycle, which is due at once. To reject them instead, mend the
/// source and restart.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The permission ends then: a day such as 2026-03-01, which counts in full (UTC), or an instant
    #[arg(long, value_name = "DATE", value_parser = end)]
    pub(crate) until: Option<Timestamp>,
    /// Refuse unless this many are held back
    #[arg(long, value_name = "N")]
    pub(crate) expect: Option<u64>,
    /// Take this for the current time, such as 2026-03-01T10:00:00Z
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    pub(crate) now: Option<Timestamp>,
}

/// Runs the command.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Error> {
    let settings = context.settings()?;
    let now = args.now.unwrap_or_else(|| Clock::real().now());
    if let Some(until) = args.until.filter(|until| *until <= now) {
        let error = Diagnostic::error(format!("--until {until:.0} is over, so nothing would be allowed"));
        return Err(error.with_hint("name a day or an instant to come").into());
    }
    let mut store = existing(&settings)?;
    let lock = store.as_ref().map(|store| store.lock(&holder(now))).transpose()?;
    let staged = store.as_ref().map_or_else(|| Ok(Vec::new()), Store::staged)?;
    let found = staged.len() as u64;
    if let Some(expected) = args.expect.filter(|expected| *expected != found) {
        let text = format!("{} held back, not {expected}{}", count(found, "deletion"), listed(&staged));
        return Err(Diagnostic::error(text).with_hint("nothing was allowed; look at `scimulate status`").into());
    }
    if let Some(store) = store.as_mut().filter(|_| found > 0) {
        store.allow_deletes(args.until, now)?;
    }
    drop(lock);
    let printer = &context.printer;
    if !printer.is_human() {
        let object = |staged: &StagedObject| object_json(&staged.name, staged.kind, &staged.source_id, None);
        printer.json(&json!({
            "formatVersion": FORMAT_VERSION,
            "allowed": staged.iter().map(object).collect::<Vec<_>>(),
            "until": args.until.map(|until| until.to_string()),
        }))?;
    }
    if found == 0 {
        printer.talk("No deletion is held back.");
    } else {
        let until = args.until.map_or_else(String::new, |until| format!(" until {until:.0}"));
        let deletions = count(found, "deletion");
        printer.talk(format_args!("Allowed{until}, for the next cycle: {deletions}{}", listed(&staged)));
        if let Some(state @ (JobState::Paused | JobState::Disabled)) =
            store.as_ref().map(Store::job_state).transpose()?
        {
            let stands = state.described();
            printer.talk(format_args!("The job is {stands}; `scimulate start` makes it active again."));
        }
    }
    Ok(Exit::Done)
}

/// The first of them, one a line.
fn listed(staged: &[StagedObject]) -> String {
    let mut text = String::new();
    for object in staged.iter().take(NAMED) {
        text.extend(["\n  ", &object.name]);
    }
    if staged.len() > NAMED {
        text.extend(["\n  … and ", &(staged.len() - NAMED).to_string(), " more"]);
    }
    text
}

/// A day ends with its last second.
fn end(text: &str) -> Result<Timestamp, String> {
    instant(text)
        .or_else(|_| instant(&format!("{text}T23:59:59Z")))
        .map_err(|_| "write a day such as 2026-03-01, or an instant such as 2026-03-01T10:00:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_instants_are_read() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(end(text).ok().map(|instant| instant.to_string()).as_deref(), expected, "{text}");
        };
        check("2026-03-01", Some("2026-03-01T23:59:59Z"));
        check("2026-03-01T10:00:00+01:00", Some("2026-03-01T09:00:00Z"));
        check("2026-02-30", None);
        check("tomorrow", None);
        check("", None);
    }
}

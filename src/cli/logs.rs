//! `scimulate logs`.

mod entries;
mod facts;

use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use uuid::Uuid;

use self::entries::Form;
pub(crate) use self::facts::facts;
use super::args::{Output, instant_or_date};
use super::context::Context;
use super::error::Error;
use super::exit::Exit;
use super::lever::known;
use super::runtime::{Interrupt, block_on};
use crate::base::{CycleId, Diagnostic, Timestamp};
use crate::clock::Clock;
use crate::config::{Settings, parse_duration};
use crate::event::{ChangeId, StepStatus};
use crate::plan::ActionKind;
use crate::store::{CycleRow, LogQuery, Store};

/// Entries of a table, unless told otherwise.
const SHOWN: usize = 200;
/// How often somebody who follows looks.
const LOOK: Duration = Duration::from_millis(500);

/// Shows the provisioning log: every object that a cycle looked at
///
/// Also those that were skipped. Oldest first. With --steps every step is shown, with its details, the modified properties and the
/// requests. The other forms are those of Microsoft Graph, of Azure Monitor and of the portal's
/// download; `changeId` joins them. `[log] keep` and `run --keep-logs` say how long entries stay.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only this user or group: user principal name, display name of a group, id of the object or of the account
    #[arg(value_name = "NAME|ID")]
    pub(crate) name: Option<String>,
    /// Only where this was done or tried: create, update, disable, delete, stagedDelete, other
    #[arg(long, value_name = "ACTION", value_delimiter = ',')]
    pub(crate) action: Vec<LoggedAction>,
    /// Only those that ended like this
    #[arg(long, value_name = "STATUS", value_delimiter = ',')]
    pub(crate) status: Vec<Status>,
    /// Only this cycle: its id, or `last`
    #[arg(long, value_name = "ID")]
    pub(crate) cycle: Option<String>,
    /// Only this change
    #[arg(long, value_name = "ID")]
    pub(crate) change: Option<Uuid>,
    /// Not before this instant or date, or this long ago, such as 2h
    #[arg(long, value_name = "WHEN", value_parser = when)]
    pub(crate) since: Option<When>,
    /// Before this instant or date, or this long ago
    #[arg(long, value_name = "WHEN", value_parser = when)]
    pub(crate) until: Option<When>,
    /// Only those that have this text anywhere, in any letter case
    #[arg(long, value_name = "TEXT")]
    pub(crate) text: Option<String>,
    /// At most so many, the latest [default: 200 in a table, else all]
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// Every step with its details, modified properties and requests
    #[arg(long)]
    pub(crate) steps: bool,
    /// Go on with new entries as they come, until stopped
    #[arg(short, long, conflicts_with_all = ["out", "until"])]
    pub(crate) follow: bool,
    /// Form of the entries [default: table; with --output json graph, with --output jsonl ndjson]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) format: Option<Format>,
    /// Write to this file; of csv three, with `_ProvisioningSteps` and `_ModifiedProperties` in the names of two; `-` is
    /// stdout
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// How entries are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// One JSON document, as Graph's `GET /auditLogs/provisioning` answers
    Graph,
    /// The same records, one a line
    Ndjson,
    /// The portal's download: three files, joined by the change id
    Csv,
    /// Records as diagnostic settings send them, one a line
    AzureMonitor,
}

/// What was done, in the words of the portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LoggedAction {
    /// An account was created
    Create,
    /// An account was changed
    Update,
    /// An account was deactivated
    Disable,
    /// An account was deleted
    Delete,
    /// Held back by accidental deletion prevention
    #[value(name = "stagedDelete", alias = "stageddelete")]
    StagedDelete,
    /// Nothing was done
    Other,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Status {
    /// As it should
    Success,
    /// It failed
    Failure,
    /// Nothing was to be done, or nothing may be done
    Skipped,
}

/// An instant, or how long ago it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    At(Timestamp),
    Ago(Duration),
}

/// Reads an instant, a date, or how long ago.
pub(crate) fn when(text: &str) -> Result<When, String> {
    match (parse_duration(text), instant_or_date(text)) {
        (Ok(duration), _) => Ok(When::Ago(duration)),
        (Err(_), Ok(instant)) => Ok(When::At(instant)),
        (Err(_), Err(error)) => Err(format!("{error}, or how long ago, such as 2h")),
    }
}

impl When {
    pub(crate) fn instant(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(instant) => instant,
            Self::Ago(duration) => now.checked_sub(duration).unwrap_or(Timestamp::MIN),
        }
    }
}

/// Runs the command.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Error> {
    let settings = context.settings()?;
    let store = known(&settings)?;
    let query = query(args, store.as_ref(), &settings.job, Clock::real().now())?;
    let format = args.format.unwrap_or(match context.printer.output() {
        Output::Human => Format::Table,
        Output::Json => Format::Graph,
        Output::Jsonl => Format::Ndjson,
    });
    if args.follow && matches!(format, Format::Graph | Format::Csv) {
        let text = format!("--follow has no end, and {} is written whole", name(format));
        return Err(Diagnostic::error(text).with_hint("use the formats table, ndjson or azure-monitor").into());
    }
    let form = Form { format, steps: args.steps, facts: facts(&settings, store.as_ref())? };
    let limit = args.limit.or_else(|| (format == Format::Table).then_some(SHOWN)).unwrap_or(usize::MAX);
    if store.is_none() && !args.follow {
        context.printer.talk(format_args!("The job \"{}\" has not run yet.", settings.job));
    }
    if let Some(path) = args.out.as_ref().filter(|path| path.as_os_str() != "-") {
        return form.write_files(store.as_ref(), &query, limit, path, context);
    }
    if args.follow {
        return follow(form, query, limit, &settings, context);
    }
    form.print(store.as_ref(), &query, limit, context)?;
    Ok(Exit::Done)
}

/// The name of a format as it is typed.
fn name(format: Format) -> String {
    format.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

fn query(args: &Args, store: Option<&Store>, job: &str, now: Timestamp) -> Result<LogQuery, Error> {
    let actions = args.action.iter().flat_map(|action| match action {
        LoggedAction::Create => vec![ActionKind::Create],
        LoggedAction::Update => vec![ActionKind::Update],
        LoggedAction::Disable => vec![ActionKind::Disable],
        LoggedAction::Delete => vec![ActionKind::Delete],
        LoggedAction::StagedDelete => vec![ActionKind::StagedDelete],
        LoggedAction::Other => vec![ActionKind::None, ActionKind::Skip, ActionKind::Fail],
    });
    let statuses = args.status.iter().map(|status| match status {
        Status::Success => StepStatus::Success,
        Status::Failure => StepStatus::Failure,
        Status::Skipped => StepStatus::Skipped,
    });
    let cycle = match args.cycle.as_deref() {
        Some(wanted) => {
            let cycles = store.map(|store| store.cycles(usize::MAX)).transpose()?.unwrap_or_default();
            Some(find_cycle(wanted, &cycles, job)?)
        }
        None => None,
    };
    Ok(LogQuery {
        cycle,
        change: args.change.map(ChangeId),
        name: args.name.clone(),
        actions: actions.collect(),
        statuses: statuses.collect(),
        since: args.since.map(|since| since.instant(now)),
        until: args.until.map(|until| until.instant(now)),
        text: args.text.clone(),
        after: 0,
        latest_first: false,
    })
}

/// The cycle with this id, or the latest for `last`; of a job without cycles whatever is wanted, which nothing belongs
/// to. They come with the latest first.
pub(crate) fn find_cycle(wanted: &str, cycles: &[CycleRow], job: &str) -> Result<CycleId, Error> {
    let found = cycles.iter().find(|cycle| wanted == "last" || cycle.start.id.as_str() == wanted);
    match found {
        Some(cycle) => Ok(cycle.start.id.clone()),
        None if cycles.is_empty() => Ok(CycleId::new(wanted)),
        None => {
            let text = format!("the job \"{job}\" has no cycle {wanted:?}");
            let hint = "`scimulate status --output json` lists the last ones, `last` is the latest";
            Err(Diagnostic::error(text).with_hint(hint).into())
        }
    }
}

/// Prints the last entries, then new ones until a signal comes. A state that is made meanwhile is found.
fn follow(
    mut form: Form,
    query: LogQuery,
    mut limit: usize,
    settings: &Settings,
    context: &Context,
) -> Result<Exit, Error> {
    block_on(async {
        let interrupt = Interrupt::listen()?;
        let token = interrupt.token();
        let mut query = query;
        let mut store = None;
        loop {
            if store.is_none() {
                store = known(settings)?;
                if let Some(store) = &store {
                    form.facts = facts(settings, Some(store))?;
                }
            }
            // What is there before it is looked through needn't be looked at again, whether it was wanted or not.
            let known = store.as_ref().map_or(Ok(0), Store::last_log_number)?;
            if known < query.after {
                // All was cleared meanwhile, and numbers begin anew.
                query.after = 0;
            }
            query.after = form.print(store.as_ref(), &query, limit, context)?.max(known);
            limit = usize::MAX;
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = token.cancelled() => return Ok(interrupt.exit().unwrap_or(Exit::Done)),
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_and_how_long_ago() {
        let now: Timestamp = "2026-03-02T10:00:00Z".parse().unwrap();
        let check = |text: &str, expected: &str| {
            let expected: Timestamp = expected.parse().unwrap();
            assert_eq!(when(text).unwrap().instant(now), expected, "{text}");
        };
        check("2h", "2026-03-02T08:00:00Z");
        check("2026-03-01", "2026-03-01T00:00:00Z");
        check("2026-03-01T10:00:00+01:00", "2026-03-01T09:00:00Z");
        assert!(when("yesterday").unwrap_err().contains("2h"));
    }
}

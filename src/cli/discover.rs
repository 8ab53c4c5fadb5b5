//! `scimulate discover`.

mod failure;
mod progress;
mod reports;

use std::sync::Arc;

use serde_json::json;

use super::args::Output;
use super::context::Context;
use super::error::Error;
use super::exit::Exit;
use super::job::{Job, Narrowed, Reading};
use super::output_file::Readers;
use super::recording::{RecordArgs, Recorder};
use super::reports::{ReportTo, Reports, parser};
use super::runtime::{Interrupt, block_on};
use super::table::{Align, fold, seen_width, table};
use super::target_flags::TargetFlags;
use crate::base::{Diagnostic, nearest};
use crate::client::{Client, ClientOptions};
use crate::clock::Clock;
use crate::engine::{Discover, DiscoverError, DiscoverOptions, discover_unsorted};
use crate::event::discovery::{Category, Discovery, DriftCheck, Flag, Mark};
use crate::report::{
    DiscoveryGroup, FORMAT_VERSION, RecordingOf, Side, dim, discovered_account_json, discovery_groups,
    discovery_summary, discovery_summary_json,
};
use crate::scim::KnownSecrets;
use crate::store::Store;
use failure::told;
use progress::Progress;

/// Lists the accounts of the target and says whose they are; writes nothing
///
/// Local accounts match nobody in the directory, unassigned ones somebody who isn't in scope, assigned ones
/// somebody who is. Those are marked that the next cycle would adopt, that collide, and that stay active although
/// nobody in scope owns them. Nothing but GETs is sent. A list that may lack somebody is an error. With
/// `--tenant-url` no config file is needed: then nothing can be sorted.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: TargetFlags,
    /// Compare linked accounts with what was exported: which were changed, deactivated or activated at the target?
    /// Nothing is repaired
    #[arg(long, conflicts_with = "tenant_url")]
    drift: bool,
    /// Show only accounts of these categories (local, unassigned, assigned, unsorted, gone) or with these flags
    /// (linked, adoptable, colliding, orphaned, unlisted, drifted, deactivated, reactivated, pending)
    #[arg(long, value_name = "WHAT", value_delimiter = ',', value_parser = mark)]
    category: Vec<Mark>,
    /// End with exit code 4 if there are accounts of these categories or with these flags
    #[arg(long, value_name = "WHAT", value_delimiter = ',', value_parser = mark)]
    fail_on: Vec<Mark>,
    /// Accounts that each page is asked for
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    page_size: u64,
    /// Write a report to a file: csv for spreadsheets, json, or html; `-` is stdout, then the text for people goes to
    /// stderr
    #[arg(long, value_name = "FORM=FILE", value_parser = parser(&reports::FORMS))]
    report: Vec<ReportTo>,
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    record: RecordArgs,
}

/// What recordings of this command are called.
const COMMAND: &str = "discover";
/// Columns that are left for what is told of an account.
const LEAST_ROOM: usize = 30;
/// What nobody can tell without comparing.
const OF_DRIFT: [Flag; 3] = [Flag::Drifted, Flag::Deactivated, Flag::Reactivated];
/// What can be told without an export.
const WITHOUT_EXPORT: [Mark; 2] = [Mark::Category(Category::Unsorted), Mark::Flag(Flag::Colliding)];

/// Reads `local`, `orphaned` …
fn mark(word: &str) -> Result<Mark, String> {
    let words: Vec<_> = Mark::all().map(Mark::as_str).collect();
    Mark::parse(word).ok_or_else(|| match nearest(word, words.iter().copied()) {
        Some(near) => format!("there is no `{word}`, did you mean `{near}`?"),
        None => format!("there is no `{word}`; there are {}", words.join(", ")),
    })
}

/// Runs the command.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Error> {
    let clock = Clock::real();
    let target = if let Some(options) = args.target.client_options(context)? {
        Target::Flags(Box::new(options))
    } else {
        let narrowed = Narrowed { reading: args.reading, ..Narrowed::default() };
        Target::Config(Box::new(Job::load(context, narrowed)?))
    };
    check_marks(args, &target)?;
    // What can't be written is found before anything is asked.
    let reports = Reports::open(&args.report, Readers::UserAlone, context)?;
    let mut progress = Progress::new(context, &clock);
    progress.start(&target.shown())?;
    let found = match target {
        Target::Flags(options) => unsorted(args, *options, &clock, context, &mut progress),
        Target::Config(job) => sorted(args, *job, &clock, context, &mut progress),
    };
    progress.finish()?;
    let (mut discovery, recorder) = found?;
    discovery.show_only(&args.category);
    for warning in &discovery.warnings {
        context.printer.diagnostic(&Diagnostic::warning(warning.as_str()));
    }
    let stdout = reports.stdout();
    let written = reports.write(&|form| reports::report(form, &discovery))?;
    if let Some(form) = stdout {
        context.printer.text(&reports::report(form, &discovery))?;
        context.printer.talk(text(&discovery, args, context));
    } else {
        show(&discovery, args, context)?;
    }
    written.tell(context);
    Ok(recorder.end(verdict(&discovery, args, context)))
}

/// Which target is asked.
enum Target {
    Flags(Box<ClientOptions>),
    Config(Box<Job>),
}

impl Target {
    fn shown(&self) -> String {
        match self {
            Self::Flags(options) => options.tenant_url.to_string(),
            Self::Config(job) => job.settings.target.tenant.to_string(),
        }
    }
}

/// Refuses to look for what can't be found: a job that waits for it would never fail.
fn check_marks(args: &Args, target: &Target) -> Result<(), Error> {
    let refused = |mark: Mark, text: &str, hint: &str| {
        Err(Diagnostic::error(format!("`{}` {text}", mark.as_str())).with_hint(hint.to_owned()).into())
    };
    for wanted in args.category.iter().chain(&args.fail_on) {
        if matches!(target, Target::Flags(_)) && !WITHOUT_EXPORT.contains(wanted) {
            let hint = "leave --tenant-url out and name the export in scimulate.toml; without one there are `unsorted` \
                        and `colliding`";
            return refused(*wanted, "can't be told without an export", hint);
        }
        if !args.drift && OF_DRIFT.iter().any(|flag| *wanted == Mark::Flag(*flag)) {
            return refused(*wanted, "is only told where accounts are compared", "add --drift");
        }
    }
    Ok(())
}

/// Lists the accounts of a target without an export.
fn unsorted(
    args: &Args,
    mut options: ClientOptions,
    clock: &Clock,
    context: &Context,
    progress: &mut Progress<'_>,
) -> Result<(Discovery, Recorder), Error> {
    let (shown, tenant_url) = (options.tenant_url.to_string(), options.tenant_url.base().to_owned());
    let of = RecordingOf { command: COMMAND, side: Side::Client, tenant_url, started: clock.now() };
    let recorder = args.record.record(of, KnownSecrets::default(), context)?;
    options.observer = recorder.observer();
    let client = Client::http(options, clock.clone())?;
    let found = block_on(async {
        let interrupt = Interrupt::listen()?;
        let client = client.ended_by(interrupt.token());
        let options = asked(args, shown, &interrupt);
        let found = discover_unsorted(&client, clock, &options, &mut |step| progress.take(step)).await;
        found.map_err(|error| told(error, &interrupt))
    })?;
    Ok((found, recorder))
}

/// Sorts the accounts of the configured target.
fn sorted(
    args: &Args,
    mut job: Job,
    clock: &Clock,
    context: &Context,
    progress: &mut Progress<'_>,
) -> Result<(Discovery, Recorder), Error> {
    let export = job.open_export_at(clock.now(), context)?;
    let store = Store::open_existing(&job.settings.state_dir, &job.settings.job)?;
    if let Some(store) = &store {
        store.check(&job.binding(&export))?;
    }
    let recorder = args.record.record_job(&mut job, COMMAND, clock, context)?;
    let found = block_on(async {
        let interrupt = Interrupt::listen()?;
        let connection = job.connect(context, clock, false)?.ended_by(&interrupt);
        let discover = Discover {
            policy: Arc::clone(&job.policy),
            rules: Arc::clone(&job.rules),
            export,
            client: connection.client,
            clock: clock.clone(),
            options: asked(args, job.settings.target.tenant.to_string(), &interrupt),
        };
        let found = discover.run(store, &mut |step| progress.take(step)).await;
        found.map_err(|error: DiscoverError| told(error, &interrupt))
    })?;
    Ok((found, recorder))
}

fn asked(args: &Args, target: String, interrupt: &Interrupt) -> DiscoverOptions {
    DiscoverOptions { target, page_size: args.page_size, drift: args.drift, cancel: interrupt.token() }
}

/// Shows what was found on stdout.
fn show(discovery: &Discovery, args: &Args, context: &Context) -> Result<(), Error> {
    let printer = &context.printer;
    match printer.output() {
        Output::Human => printer.sentences(&text(discovery, args, context))?,
        Output::Json => reports::print_json(discovery, printer)?,
        Output::Jsonl => {
            for account in &discovery.accounts {
                let mut line = json!({ "type": "account" });
                extend(&mut line, discovered_account_json(account));
                printer.json_line(&line)?;
            }
            printer.json_line(&json!({
                "type": "discoveryEnded",
                "formatVersion": FORMAT_VERSION,
                "at": discovery.at.to_string(),
                "driftCheck": discovery.drift.as_str(),
                "summary": discovery_summary_json(&discovery.summary),
                "warnings": discovery.warnings,
            }))?;
        }
    }
    Ok(())
}

fn extend(line: &mut serde_json::Value, members: serde_json::Value) {
    if let (serde_json::Value::Object(line), serde_json::Value::Object(members)) = (line, members) {
        line.extend(members);
    }
}

/// The accounts as text for people, and how many there are.
fn text(discovery: &Discovery, args: &Args, context: &Context) -> String {
    let summary = discovery_summary(discovery);
    if context.printer.is_quiet() {
        return summary;
    }
    let mut text = String::new();
    for group in discovery_groups(discovery, context.printer.is_verbose() || !args.category.is_empty()) {
        text.extend([group.heading.as_str(), "\n"]);
        let widths = context.printer.width().map(|width| (width, indent(&group, width)));
        for line in table(&[Align::Left; 3], &group.rows).lines() {
            let line = format!("  {line}");
            let folded = widths.map(|(width, indent)| fold(&line, width, indent));
            text.extend([folded.as_ref().unwrap_or(&line), "\n"]);
        }
        if let Some(remark) = group.remark {
            text.extend(["  ", &dim(remark), "\n"]);
        }
        text.push('\n');
    }
    text + &summary
}

/// Where a line goes on that is too long: below what is told of the account, if there is room.
fn indent(group: &DiscoveryGroup, width: usize) -> usize {
    let column = |at: usize| group.rows.iter().map(|row| seen_width(&row[at])).max().unwrap_or(0);
    let indent = 2 + column(0) + 2 + column(1) + 2;
    if indent + LEAST_ROOM <= width { indent } else { 4 }
}

/// The exit code, and what it is about.
fn verdict(discovery: &Discovery, args: &Args, context: &Context) -> Exit {
    let counts = args.fail_on.iter().map(|mark| (mark.as_str(), discovery.summary.count(*mark)));
    let found: Vec<_> = counts.filter(|(_, count)| *count > 0).map(|(mark, count)| format!("{count} {mark}")).collect();
    let wants_drift = || args.fail_on.iter().any(|mark| OF_DRIFT.iter().any(|flag| *mark == Mark::Flag(*flag)));
    let text = if !found.is_empty() {
        format!("--fail-on: there are accounts that are {}", found.join(", "))
    } else if discovery.drift == DriftCheck::Impossible && wants_drift() {
        "--fail-on: nothing could be compared with what was exported".to_owned()
    } else {
        return Exit::Done;
    };
    context.printer.diagnostic(&Diagnostic::error(text));
    Exit::ObjectsFailed
}

//! `scimulate check`.

mod approval;
mod progress;
mod reports;
mod target;

use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::Context as _;

use super::context::Context;
use super::error::Error;
use super::exit::Exit;
use super::job::seed;
use super::output_file::{OutputFile, Readers};
use super::recording::RecordArgs;
use super::reports::{ReportTo, Reports};
use super::runtime::{Interrupt, block_on};
use super::target_flags::TargetFlags;
use crate::base::{Diagnostic, nearest};
use crate::check::{self, Check, CheckOptions, CheckReport, Connect, Values, checks};
use crate::clock::Clock;
use crate::report::{Baseline, UnknownCheck, check_list, check_list_json, explain_check, explain_check_json};
use crate::schema::CompiledSchema;
use progress::Progress;
use target::{Profile, Target};

/// Checks whether Microsoft would accept an endpoint, and says what to change
///
/// Makes users and groups whose names begin with a random prefix, and removes them again, after a failure and a signal
/// too; nothing else is written to. Without a mapping the endpoint's own schemas decide whether it is checked like WEDO
/// or like any application. With `--tenant-url` no config file is needed. A mandatory check that fails is exit code 7.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: TargetFlags,
    /// Check what this built-in mapping needs [default: the config file's mapping, or what fits the endpoint]
    #[arg(long, value_enum, conflicts_with = "mapping")]
    profile: Option<Profile>,
    /// Check what this synchronization schema needs
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// Take values from this TOML file where the endpoint has rules of its own, such as domains of user names
    #[arg(long, value_name = "FILE")]
    values: Option<PathBuf>,
    /// Only these checks: ids, or what they lie under, such as `users.patch`
    #[arg(long, value_name = "ID", num_args = 1..)]
    only: Vec<String>,
    /// All but these checks
    #[arg(long, value_name = "ID", num_args = 1..)]
    skip: Vec<String>,
    /// Write nothing: only checks that read
    #[arg(long, conflicts_with_all = ["keep", "yes"])]
    read_only: bool,
    /// Leave what was made at the endpoint
    #[arg(long)]
    keep: bool,
    /// Write to an endpoint on another machine without asking
    #[arg(long)]
    yes: bool,
    /// Users and groups that may be made in all
    #[arg(long, value_name = "N", default_value_t = 250, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    max_objects: u32,
    /// Requests a second, or `unlimited` [default: the config file's; 25, on this machine unlimited]
    #[arg(long, value_name = "N", value_parser = target::rate)]
    rate: Option<crate::client::Rate>,
    /// Checks, and requests, under way at once [default: the config file's; 8]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=100))]
    concurrency: Option<u16>,
    /// How long 25 requests a second are held; 0 leaves that out
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=600))]
    load_seconds: u32,
    /// Also show the result under the names of Microsoft's gallery validation; groups must be there
    #[arg(long)]
    gallery: bool,
    /// Also show the result under the names of Microsoft's SCIM Validator
    #[arg(long)]
    validator: bool,
    /// Write a report to a file: json, junit, tap, markdown, html or text; `-` is stdout, then the text for people goes
    /// to stderr
    #[arg(long, value_name = "FORM=FILE", value_parser = super::reports::parser(&reports::FORMS))]
    report: Vec<ReportTo>,
    /// Known failures, which don't fail the run
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write what fails now to the baseline
    #[arg(long, requires = "baseline")]
    update_baseline: bool,
    /// List all checks and try none
    #[arg(long, conflicts_with = "explain")]
    list: bool,
    /// Explain a check and try none
    #[arg(long, value_name = "ID")]
    explain: Option<String>,
    #[command(flatten)]
    record: RecordArgs,
}

/// A terminal of so many columns shows the list of checks as a table.
const WIDE: usize = 160;
/// What recordings of this command are called.
const COMMAND: &str = "check";

/// Runs the command.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Error> {
    if args.list {
        return list(context);
    }
    if let Some(id) = &args.explain {
        return explain(id, context);
    }
    let selected = selected(args)?;
    let clock = Clock::real();
    let mut target = Target::read(args, context)?;
    let values = values(args, target.rules.as_deref())?;
    let baseline = baseline(args, context)?;
    approval::ask(args, &target, &selected, context)?;
    // What can't be written is found before anything is sent.
    let reports = Reports::open(&args.report, Readers::ByMask, context)?;
    let update = match (&args.baseline, args.update_baseline) {
        (Some(path), true) => Some(OutputFile::create(path, Readers::ByMask)?),
        _ => None,
    };
    let recorder = target.record(&args.record, &clock, context)?;
    let (client, connect) = target.connect(args, &clock, context)?;
    let options = CheckOptions {
        tenant_url: target.shown.clone(),
        rules: target.rules.clone(),
        values,
        only: args.only.clone(),
        skip: args.skip.clone(),
        read_only: args.read_only,
        keep: args.keep,
        gallery: args.gallery,
        max_objects: args.max_objects as usize,
        load_seconds: args.load_seconds,
        concurrency: client.concurrency,
        secrets: target::secrets(&client.credentials),
        seed: seed(clock.origin()) ^ u64::from(std::process::id()),
        ..CheckOptions::new(client)
    };
    let (mut report, signal) = block_on(tried(options, connect, clock, context))?;
    if let Some(baseline) = &baseline {
        baseline.apply(&mut report);
    }
    if let (Some(file), Some(baseline)) = (update, &baseline) {
        write_baseline(file, baseline, &mut report, context)?;
    }
    reports::write(reports, &report, args, context)?;
    Ok(recorder.end(exit(&report, signal)))
}

/// Tries the checks; a signal lets them end.
async fn tried(
    options: CheckOptions,
    connect: Rc<Connect>,
    clock: Clock,
    context: &Context,
) -> Result<(CheckReport, Option<Exit>), Error> {
    let interrupt = Interrupt::listen()?;
    let mut progress = Progress::new(context, &clock, &interrupt);
    let report = {
        let mut sink = |event: check::CheckEvent<'_>| progress.take(&event);
        Box::pin(check::run(options, connect, clock.clone(), interrupt.token(), &mut sink)).await
    };
    progress.finish()?;
    Ok((report?, interrupt.exit()))
}

fn exit(report: &CheckReport, signal: Option<Exit>) -> Exit {
    match signal {
        Some(exit) if report.interrupted => exit,
        _ if report.unreachable => Exit::Unreachable,
        _ if report.passed() => Exit::Done,
        _ => Exit::CheckFailed,
    }
}

fn list(context: &Context) -> Result<Exit, Error> {
    if context.printer.is_human() {
        let is_narrow = context.printer.width().is_some_and(|width| width < WIDE);
        context.printer.sentences(&check_list(is_narrow))?;
    } else {
        context.printer.json(&check_list_json())?;
    }
    Ok(Exit::Done)
}

fn explain(id: &str, context: &Context) -> Result<Exit, Error> {
    if context.printer.is_human() {
        context.printer.sentences(&explain_check(id).map_err(unknown)?)?;
    } else {
        context.printer.json(&explain_check_json(id).map_err(unknown)?)?;
    }
    Ok(Exit::Done)
}

fn unknown(error: UnknownCheck) -> Error {
    Error::new(Exit::Usage, error).with_hint("`scimulate check --list` lists all checks")
}

/// The checks that are meant; a misspelt one is an error.
fn selected(args: &Args) -> Result<Vec<&'static Check>, Error> {
    for id in args.only.iter().chain(&args.skip) {
        if !checks().any(|check| check.is_meant_by(id)) {
            return Err(unknown(UnknownCheck::new(id)));
        }
    }
    let is_meant = |ids: &[String], check: &Check| ids.iter().any(|id| check.is_meant_by(id));
    let selected: Vec<_> = checks()
        .filter(|check| args.only.is_empty() || is_meant(&args.only, check))
        .filter(|check| !is_meant(&args.skip, check))
        .collect();
    if selected.is_empty() {
        let text = "no check is left: all that --only selects is skipped by --skip";
        return Err(Diagnostic::error(text).with_hint("leave one of them out").into());
    }
    Ok(selected)
}

/// The values of a file; attributes that the mapping doesn't have are an error.
fn values(args: &Args, rules: Option<&CompiledSchema>) -> Result<Values, Error> {
    let Some(path) = &args.values else { return Ok(Values::default()) };
    let file = path.display().to_string();
    let values = Values::parse(&read(path, "the values")?, &file)?;
    let Some(rules) = rules else { return Ok(values) };
    let unknown = values.unknown(&rules.users, rules.groups.as_ref());
    let Some(name) = unknown.first() else { return Ok(values) };
    let mapped = [Some(&rules.users), rules.groups.as_ref()].into_iter().flatten();
    let mapped: Vec<&str> =
        mapped.flat_map(|mapping| &mapping.attributes).map(|mapping| mapping.target.name.as_str()).collect();
    let hint = match nearest(name, mapped.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("these are mapped: {}", mapped.join(", ")),
    };
    let text = format!("the mapping has no attribute `{name}`");
    Err(Diagnostic::error(text).in_file(file).with_hint(hint).into())
}

/// The known failures; a file that is to be written needn't be there.
fn baseline(args: &Args, context: &Context) -> Result<Option<Baseline>, Error> {
    let Some(path) = &args.baseline else { return Ok(None) };
    if args.update_baseline && !path.exists() {
        return Ok(Some(Baseline::default()));
    }
    let baseline = Baseline::parse(&read(path, "the baseline")?, &path.display().to_string())?;
    for id in baseline.ids().filter(|id| check::find(id).is_none()) {
        let text = UnknownCheck::new(id).to_string();
        context.printer.diagnostic(&Diagnostic::warning(text).in_file(path.display().to_string()));
    }
    Ok(Some(baseline))
}

fn read(path: &Path, what: &str) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|error| {
        let hint = match (what, error.kind()) {
            ("the baseline", std::io::ErrorKind::NotFound) => "add --update-baseline to write what fails now to it",
            _ => "name a file that can be read",
        };
        let text = format!("{what} can't be read: {error}");
        Diagnostic::error(text).in_file(path.display().to_string()).with_hint(hint).into()
    })
}

/// Writes what fails to the baseline, from then on known.
fn write_baseline(
    file: OutputFile,
    baseline: &Baseline,
    report: &mut CheckReport,
    context: &Context,
) -> Result<(), Error> {
    if report.interrupted || report.unreachable {
        let text = "the baseline stays as it was: not everything was tried";
        context.printer.diagnostic(&Diagnostic::warning(text));
        return Ok(());
    }
    let updated = baseline.updated(report);
    updated.apply(report);
    let shown = file.shown();
    file.write(&updated.to_text()).context("the baseline can't be written")?;
    context.printer.talk(format_args!("Baseline written: {shown}"));
    Ok(())
}

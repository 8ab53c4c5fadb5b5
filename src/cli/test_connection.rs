//! `scimulate test-connection`.

use serde_json::{Value, json};

use super::context::Context;
use super::error::Error;
use super::exit::Exit;
use super::job::{Job, Narrowed, seed};
use super::recording::{RecordArgs, Recorder};
use super::runtime::block_on;
use super::target_flags::TargetFlags;
use crate::base::{Diagnostic, Random};
use crate::client::{Client, ConnectionReport, TokenExchange, test_connection};
use crate::clock::Clock;
use crate::report::{FORMAT_VERSION, RecordingOf, Side, dim, heading, status_text};
use crate::scim::KnownSecrets;

/// Does what the portal's Test Connection button does, and explains a failure
///
/// Sends one query for a user that cannot exist. Good is exactly: HTTP 200, a `ListResponse`,
/// `totalResults` 0. Everything else gets its own diagnosis and what to do about it; exit code 6.
/// With `--tenant-url` no config file is needed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) target: TargetFlags,
    #[command(flatten)]
    pub(crate) record: RecordArgs,
}

/// How the built-in endpoint shows as a tenant URL.
const EMBEDDED: &str = "embedded";
/// What recordings of this command are called.
const COMMAND: &str = "test-connection";

/// Runs the command.
pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Error> {
    let clock = Clock::real();
    let (client, attribute, url, recorder) = connect(args, context, &clock)?;
    let mut random = Random::seeded(seed(clock.origin()));
    let guid = random.guid();
    let report = block_on(async { Ok(test_connection(&client, &attribute, guid).await) })?;
    if context.printer.is_human() {
        print(&report, &url, context)?;
    } else {
        context.printer.json(&document(&report, &url))?;
    }
    Ok(recorder.end(if report.is_good() { Exit::Done } else { Exit::Unreachable }))
}

/// The client, the matching attribute, the tenant URL for people, and the recording.
fn connect(args: &Args, context: &Context, clock: &Clock) -> Result<(Client, String, String, Recorder), Error> {
    let Some(mut options) = args.target.client_options(context)? else {
        let mut job = Job::load(context, Narrowed::default())?;
        let recorder = args.record.record_job(&mut job, COMMAND, clock, context)?;
        let users = &job.rules.users;
        let attribute = users.attributes[users.matching[0]].target.name.clone();
        let connection = job.connect(context, clock, false)?;
        return Ok((connection.client, attribute, job.settings.target.tenant.to_string(), recorder));
    };
    let shown = options.tenant_url.to_string();
    let (tenant_url, started) = (options.tenant_url.base().to_owned(), clock.now());
    let of = RecordingOf { command: COMMAND, side: Side::Client, tenant_url, started };
    let recorder = args.record.record(of, KnownSecrets::default(), context)?;
    options.observer = recorder.observer();
    Ok((Client::http(options, clock.clone())?, "userName".to_owned(), shown, recorder))
}

fn print(report: &ConnectionReport, url: &str, context: &Context) -> Result<(), Error> {
    let printer = &context.printer;
    for warning in &report.warnings {
        printer.diagnostic(&Diagnostic::warning(warning.as_str()));
    }
    let verdict = report.verdict;
    let (who, prefix) = if url == EMBEDDED { ("the built-in endpoint", "") } else { (url, url) };
    if report.is_good() {
        printer.line(format_args!("{} {who} answers as the service expects.", heading("Connection good:")))?;
    } else {
        printer.line(format_args!("{} {}", heading("Connection failed:"), verdict.title()))?;
        printer.line(format_args!("\n{}", verdict.explanation()))?;
        printer.line(format_args!("\n{} {}", heading("What to do:"), verdict.remedy()))?;
        if let Some(failure) = &report.failure {
            printer.line(format_args!("\n{} {failure}", heading("Answer:")))?;
        }
    }
    for exchange in &report.token_exchanges {
        print_token_exchange(exchange, context)?;
    }
    for exchange in &report.exchanges {
        let status = status_text(exchange.status);
        let milliseconds = exchange.duration.as_millis();
        printer.line(dim(format_args!(
            "{} {prefix}{} → {status} in {milliseconds} ms",
            exchange.request.method, exchange.request.path
        )))?;
    }
    Ok(())
}

/// What was sent to the token endpoint and what came back, secrets masked.
fn print_token_exchange(exchange: &TokenExchange, context: &Context) -> Result<(), Error> {
    let printer = &context.printer;
    let (status, milliseconds) = (status_text(exchange.status), exchange.duration.as_millis());
    printer.line(dim(format_args!("POST {} → {status} in {milliseconds} ms", exchange.url)))?;
    if let Some(authorization) = &exchange.authorization {
        printer.line(dim(format_args!("  Authorization: {authorization}")))?;
    }
    printer.line(dim(format_args!("  {}", exchange.form)))?;
    if !exchange.answer.is_empty() {
        printer.line(dim(format_args!("  → {}", exchange.answer)))?;
    }
    Ok(())
}

fn document(report: &ConnectionReport, url: &str) -> Value {
    let exchanges: Vec<_> = report
        .exchanges
        .iter()
        .map(|exchange| {
            json!({
                "method": exchange.request.method.as_str(), "path": exchange.request.path,
                "status": exchange.status,
                "durationMs": u64::try_from(exchange.duration.as_millis()).unwrap_or(u64::MAX),
            })
        })
        .collect();
    let token_exchanges: Vec<_> = report
        .token_exchanges
        .iter()
        .map(|exchange| {
            json!({
                "method": "POST", "url": exchange.url, "authorization": exchange.authorization, "form": exchange.form,
                "status": exchange.status, "answer": exchange.answer,
                "durationMs": u64::try_from(exchange.duration.as_millis()).unwrap_or(u64::MAX),
            })
        })
        .collect();
    json!({
        "formatVersion": FORMAT_VERSION,
        "tenantUrl": url,
        "good": report.is_good(),
        "verdict": report.verdict.code(),
        "title": report.verdict.title(),
        "explanation": report.verdict.explanation(),
        "remedy": report.verdict.remedy(),
        "errorCode": report.error_code(),
        "answer": report.failure.as_ref().map(ToString::to_string),
        "warnings": report.warnings,
        "tokenExchanges": token_exchanges,
        "exchanges": exchanges,
    })
}

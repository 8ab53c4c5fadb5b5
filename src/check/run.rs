//! Tries the checks: in turns, side by side where they don't get in each other's way.

use std::rc::Rc;
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio_util::sync::CancellationToken;

use super::answer::Answer;
use super::bench::Bench;
use super::definition::Turn;
use super::finding::shown_path;
use super::options::{CheckOptions, Connect};
use super::probe::{Probe, Stop};
use super::result::{Finding, Severity, Skipped};
use super::{Check, CheckReport, CheckResult, Status, checks, cleanup, masking, measure};
use crate::client::ClientError;
use crate::clock::Clock;
use crate::scim::HttpExchange;

/// What happens while checks are tried.
#[derive(Debug)]
pub enum CheckEvent<'r> {
    /// So many checks are to be tried.
    Begun {
        /// How many.
        checks: usize,
    },
    /// A check begins.
    Started(&'static Check),
    /// A check came to something; exchanges aren't masked yet.
    Done(&'r CheckResult),
    /// What was made is removed now.
    CleaningUp {
        /// How many objects.
        objects: usize,
    },
}

/// Without a connection these are the only ones that make sense.
const CONNECTION: &str = "connect.test-connection";

/// Tries the selected checks and removes what they made.
///
/// Cancelling lets requests under way finish, skips what wasn't tried, and cleans up all the same.
pub async fn run(
    options: CheckOptions,
    connect: Rc<Connect>,
    clock: Clock,
    cancel: CancellationToken,
    sink: &mut dyn FnMut(CheckEvent<'_>),
) -> Result<CheckReport, ClientError> {
    let bench = Rc::new(Bench::new(options, connect, clock, cancel)?);
    let started = bench.clock.now();
    let selected: Vec<_> = checks().filter(|check| is_selected(&bench.options, check)).collect();
    sink(CheckEvent::Begun { checks: selected.len() });
    let mut results = Vec::with_capacity(selected.len());
    for turn in [Turn::Connect, Turn::Discovery, Turn::Create, Turn::Together, Turn::Alone, Turn::Last] {
        if turn == Turn::Discovery && is_cut_off(&results).is_none() {
            super::family::discover(&bench).await;
        }
        let mut due = selected.iter().copied().filter(|check| check.turn == turn);
        let at_once = if turn == Turn::Together { bench.options.concurrency.max(1) } else { 1 };
        let mut running = FuturesUnordered::new();
        let mut troubled = Vec::new();
        loop {
            while running.len() < at_once
                && let Some(check) = due.next()
            {
                sink(CheckEvent::Started(check));
                running.push(one(&bench, check, is_cut_off(&results)));
            }
            let Some(result) = running.next().await else { break };
            if at_once > 1 && is_in_trouble(&result) {
                troubled.push(result);
                continue;
            }
            sink(CheckEvent::Done(&result));
            results.push(result);
        }
        // What came before ran alone: where the endpoint failed there too, it has nothing to do with what goes on beside.
        let is_worth_it = !results.iter().any(|result| result.check.turn < turn && is_in_trouble(result));
        for result in troubled {
            let result = if is_worth_it { again_alone(&bench, result).await } else { result };
            sink(CheckEvent::Done(&result));
            results.push(result);
        }
    }
    let place = |result: &CheckResult| selected.iter().position(|check| check.id == result.check.id);
    results.sort_by_key(place);
    let objects = bench.made.left().len();
    if objects > 0 && !bench.options.keep {
        sink(CheckEvent::CleaningUp { objects });
    }
    let mut leftovers = cleanup::clean_up(&bench).await;
    let latencies = measure::latencies(&bench.wire.borrow());
    masking::mask(&bench, &mut results, &mut leftovers);
    let dialects = super::family::compared(&results);
    Ok(CheckReport {
        tenant_url: bench.options.tenant_url.clone(),
        mapping: mapping_text(&bench),
        dialect: bench.options.client.tenant_url.dialect(),
        prefix: bench.prefix.clone(),
        started,
        duration: bench.clock.now().duration_since(started).try_into().unwrap_or_default(),
        unreachable: is_cut_off(&results).is_some() || lets_nobody_in(&bench, &results),
        results,
        dialects,
        latencies,
        requests: bench.requests.get(),
        made: bench.made.count(),
        leftovers,
        kept: bench.options.keep,
        interrupted: bench.cancel.is_cancelled(),
        healed: Vec::new(),
        has_baseline: false,
    })
}

fn is_selected(options: &CheckOptions, check: &Check) -> bool {
    let is_meant = |patterns: &[String]| patterns.iter().any(|pattern| check.is_meant_by(pattern));
    (options.only.is_empty() || is_meant(&options.only)) && !is_meant(&options.skip)
}

/// Why nothing else can be tried: nobody answers, or nobody is let in.
fn is_cut_off(results: &[CheckResult]) -> Option<String> {
    let result = results.iter().find(|result| result.check.id == CONNECTION && result.status == Status::Failed)?;
    let last = result.exchanges.last().and_then(|exchange| exchange.status);
    match last {
        None => Some("the endpoint can't be reached".to_owned()),
        Some(status @ (401 | 403)) => Some(format!("the endpoint refuses the credentials with {status}")),
        Some(_) => None,
    }
}

/// Whether nothing was answered but with refusals, where the connection itself isn't checked.
fn lets_nobody_in(bench: &Bench, results: &[CheckResult]) -> bool {
    let wire = bench.wire.borrow();
    let is_refused = |status: Option<u16>| matches!(status, None | Some(401 | 403));
    results.iter().any(|result| result.check.turn != Turn::Connect)
        && !wire.is_empty()
        && wire.iter().all(|(_, exchange)| is_refused(exchange.status))
}

fn mapping_text(bench: &Bench) -> String {
    let name = &bench.rules().name;
    match (&bench.options.rules, bench.snapshot.get()) {
        (Some(_), _) => name.clone(),
        (None, Some(snapshot)) if snapshot.is_plain() => {
            format!("{name} (the endpoint's schemas have neither groups nor enterprise users)")
        }
        (None, _) => format!("{name} (what an application without a gallery entry begins with)"),
    }
}

/// Whether the endpoint failed during a check, and not for what was asked.
fn is_in_trouble(result: &CheckResult) -> bool {
    result.status != Status::Passed && result.exchanges.iter().any(|exchange| has_failed(exchange))
}

/// Whether nothing was answered, or an error of the server; what it doesn't support is none.
fn has_failed(exchange: &HttpExchange) -> bool {
    exchange.status.is_none_or(|status| status >= 500 && status != 501)
}

/// Tries a check once more while nothing else goes on. If the endpoint fails no more, that is what is wrong with it.
async fn again_alone(bench: &Rc<Bench>, before: CheckResult) -> CheckResult {
    let mut alone = one(bench, before.check, None).await;
    if is_in_trouble(&alone) || matches!(alone.skipped, Some(Skipped::Interrupted)) {
        return alone;
    }
    let failed = before.exchanges.into_iter().find(|exchange| has_failed(exchange));
    let Some(answer) = failed.map(|exchange| Answer::new(alone.exchanges.len(), exchange)) else { return alone };
    let request = format!("{} {}", answer.exchange.method, shown_path(&answer.exchange));
    let told = if answer.status == 0 { "nothing".to_owned() } else { answer.told() };
    alone.exchanges.push(Arc::clone(&answer.exchange));
    alone.findings.push(Finding {
        severity: Severity::Warning,
        cause: "fails-beside-others".to_owned(),
        about: Vec::new(),
        observed: format!(
            "while other requests were under way, {request} was answered with {told}; alone, the endpoint doesn't fail so"
        ),
        expected: "requests that come at the same time are answered like others".to_owned(),
        effect:
            "the service sends several requests at the same time: people fail at random, and wait for a later cycle"
                .to_owned(),
        remedy:
            "answer requests in parallel; where the database can't, let them wait for each other instead of failing"
                .to_owned(),
        exchange: Some(answer.at),
        known: false,
    });
    if alone.status == Status::Passed {
        alone.status = Status::Warned;
    }
    alone
}

/// Tries one check.
async fn one(bench: &Rc<Bench>, check: &'static Check, cut_off: Option<String>) -> CheckResult {
    let started = bench.clock.now();
    let probe = Probe::new(Rc::clone(bench), check);
    let stop = match applies(bench, check, cut_off) {
        Err(stop) => Err(stop),
        Ok(()) => (check.run)(&probe).await,
    };
    let Probe { findings, notes, exchanges, load, .. } = probe;
    let mut findings = findings.into_inner();
    findings.sort_by_key(|finding| finding.severity);
    let worst = findings.first().map(|finding| finding.severity);
    let (status, skipped) = match (worst, stop) {
        (Some(Severity::Error), _) => (Status::Failed, None),
        (Some(Severity::Warning), _) => (Status::Warned, None),
        (None, Err(Stop::Interrupted)) => (Status::Skipped, Some(Skipped::Interrupted)),
        (None, Err(Stop::NotApplicable(why))) => (Status::Skipped, Some(Skipped::NotApplicable(why))),
        (None, Err(Stop::Blocked { by, why })) => (Status::Skipped, Some(Skipped::Blocked { by, why })),
        (None, Ok(()) | Err(Stop::Failed)) => (Status::Passed, None),
    };
    CheckResult {
        check,
        status,
        skipped,
        findings,
        notes: notes.into_inner(),
        exchanges: exchanges.into_inner(),
        duration: bench.clock.now().duration_since(started).try_into().unwrap_or_default(),
        load: load.into_inner(),
        known: false,
    }
}

/// Whether a check can be tried at all.
fn applies(bench: &Bench, check: &'static Check, cut_off: Option<String>) -> Result<(), Stop> {
    if bench.cancel.is_cancelled() {
        return Err(Stop::Interrupted);
    }
    if let Some(why) = cut_off.filter(|_| check.turn != Turn::Connect) {
        return Err(Stop::Blocked { by: CONNECTION, why });
    }
    if bench.options.read_only && check.writes() {
        return Err(Stop::NotApplicable("it writes, and nothing may be written".to_owned()));
    }
    if check.turn == Turn::Connect {
        return Ok(());
    }
    let features = bench.features();
    let unmet = check.needs.iter().find_map(|need| features.meets(*need).err());
    unmet.map_or(Ok(()), |why| Err(Stop::NotApplicable(why.to_owned())))
}

//! One cycle, from the test query to the watermark.

use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::ready;
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::evaluate::fingerprint_names;
use super::links::Links;
use super::lookup::{Worked, Worker, find_planned};
use super::{Due, EngineError, Evaluator, Index, Policy, Processed, Sink, guard};
use crate::base::{CycleId, Random, Timestamp};
use crate::client::{CallOutcome, Client, Failure, Operation};
use crate::clock::Clock;
use crate::config::Duplicates;
use crate::event::{CycleKind, CycleReport, Event, ObjectError, RequestCounts, Summary};
use crate::plan::PlannedObject;
use crate::schema::{CompiledSchema, ObjectKind};
use crate::scim::Request;
use crate::scoping::Scope;
use crate::source::Export;
use crate::store::{CycleStart, JobMemory, JobState, ObjectStates, Store, Watermark, Writer};

/// Due objects that wait between reading and sending.
const QUEUE: usize = 1_024;

/// Failures in a row that make the cycle ask whether the target is still there.
const SUSPICIOUS: u32 = 3;

/// From a cycle that ended in quarantine to the next attempt.
const QUARANTINE_INTERVAL: Duration = Duration::from_mins(40);

/// Whether a cycle writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Reads and writes.
    Run,
    /// Reads only: nothing is sent that changes the target, nothing is remembered.
    DryRun,
}

/// How a cycle is run.
#[derive(Debug, Clone)]
pub struct CycleOptions {
    /// Whether it writes.
    pub mode: Mode,
    /// Objects under way at once, at least 1. With 1 the order of requests is fixed.
    pub concurrency: usize,
    /// Binds the cycle to a saved plan, sorted by source id: nothing else is done.
    pub planned: Option<Arc<[PlannedObject]>>,
    /// Whether the cycle covers the whole export, so that the watermark moves.
    pub whole: bool,
    /// What `Now()` and random functions go by, instead of the cycle's beginning: with the same instant a plan
    /// and its execution give the same values.
    pub evaluated_at: Option<Timestamp>,
    /// Ends the cycle early: requests under way finish, the state is stored.
    pub cancel: CancellationToken,
}

/// Everything that a cycle works with.
pub struct Cycle {
    /// Settings.
    pub policy: Arc<Policy>,
    /// Mapping and filters.
    pub rules: Arc<CompiledSchema>,
    /// The export.
    pub export: Arc<Export>,
    /// The target.
    pub client: Client,
    /// Time.
    pub clock: Clock,
}

/// What was remembered when the cycle began.
struct Remembered {
    prior: Arc<ObjectStates>,
    /// What the cycle goes on from; without it the cycle is initial.
    watermark: Option<Arc<Watermark>>,
    /// A watermark of other rules: it still says what was known.
    outdated: Option<Watermark>,
}

impl Cycle {
    /// Runs one cycle and gives the store back.
    ///
    /// Outcomes are committed as they come; whatever ends the cycle, what was committed stays and
    /// the next cycle goes on from there. A failing test query puts the job into quarantine.
    /// Without a store the job is taken for a new one.
    pub async fn run(
        &self,
        store: Option<Store>,
        options: &CycleOptions,
        random: &mut Random,
        sink: &mut dyn Sink,
    ) -> (Option<Store>, Result<CycleReport, EngineError>) {
        let remembered = match remembered(&self.rules, store.as_ref()) {
            Ok(remembered) => remembered,
            Err(error) => return (store, Err(error)),
        };
        let running = Running {
            cycle: self,
            options,
            kind: if remembered.watermark.is_some() { CycleKind::Incremental } else { CycleKind::Initial },
            id: CycleId::new(random.guid().to_string()),
            started: self.clock.now(),
            remembered,
            random,
            sink,
            tally: Tally::default(),
        };
        running.run(store).await
    }
}

fn remembered(rules: &CompiledSchema, store: Option<&Store>) -> Result<Remembered, EngineError> {
    let Some(store) = store else {
        return Ok(Remembered { prior: Arc::default(), watermark: None, outdated: None });
    };
    let prior = Arc::new(store.objects(ObjectKind::User)?);
    let Some(watermark) = store.watermark()? else { return Ok(Remembered { prior, watermark: None, outdated: None }) };
    if watermark.rules == rules.digest && watermark.attributes == fingerprint_names(rules) {
        return Ok(Remembered { prior, watermark: Some(Arc::new(watermark)), outdated: None });
    }
    Ok(Remembered { prior, watermark: None, outdated: Some(watermark) })
}

/// A cycle under way.
struct Running<'a> {
    cycle: &'a Cycle,
    options: &'a CycleOptions,
    kind: CycleKind,
    id: CycleId,
    started: Timestamp,
    remembered: Remembered,
    random: &'a mut Random,
    sink: &'a mut dyn Sink,
    tally: Tally,
}

impl Running<'_> {
    async fn run(mut self, store: Option<Store>) -> (Option<Store>, Result<CycleReport, EngineError>) {
        self.sink.event(&Event::CycleStarted { id: self.id.clone(), kind: self.kind, at: self.started });
        if self.remembered.outdated.is_some() {
            let text = "the mapping or a scoping filter changed since the last cycle: this cycle is initial again";
            self.sink.event(&Event::Warning(text.to_owned()));
        }
        let mut writes = self.options.mode == Mode::Run;
        let (mut store, result) = match self.prepare().await {
            Err(error) => {
                // What is wrong with the export leaves the state as it is; a target that refuses doesn't.
                writes &= matches!(error, EngineError::Quarantine { .. });
                (store, Err(error))
            }
            Ok((inputs, mut index)) if writes => match store {
                None => (None, self.work(inputs, &mut index, None).await.map(|completed| (completed, index))),
                Some(store) => match self.work_and_write(store, inputs, &mut index).await {
                    Ok((store, worked)) => (Some(store), worked.map(|completed| (completed, index))),
                    Err(error) => return (None, Err(error)),
                },
            },
            Ok((inputs, mut index)) => {
                (store, self.work(inputs, &mut index, None).await.map(|completed| (completed, index)))
            }
        };
        let report = self.report(&result);
        if let (true, Some(store)) = (writes, store.as_mut()) {
            let watermark = match &result {
                Ok((true, index)) if self.options.whole => Some(self.watermark(index)),
                _ => None,
            };
            let ended =
                store.job().and_then(|job| store.end_cycle(&report, watermark.as_ref(), &job_after(job, &report)));
            if let Err(error) = ended {
                return (None, Err(error.into()));
            }
        }
        self.sink.event(&Event::CycleEnded(report.clone()));
        (store, result.map(|_| report))
    }

    /// The test query, then the first pass over the export.
    async fn prepare(&mut self) -> Result<(Inputs, Index), EngineError> {
        self.test().await?;
        self.index().await
    }

    async fn test(&mut self) -> Result<(), EngineError> {
        match self.test_query().await {
            Ok(()) => Ok(()),
            Err(failure) if self.options.mode == Mode::DryRun && failure.status() == Some(404) => {
                let text = "the test query was answered with 404, taken as \"no account\"; the real service would go \
                            into quarantine";
                self.sink.event(&Event::Warning(text.to_owned()));
                Ok(())
            }
            Err(failure) => Err(quarantine(failure)),
        }
    }

    async fn test_query(&mut self) -> Result<(), Failure> {
        let (endpoint, attribute) = test_of(&self.cycle.rules);
        let guid = self.random.guid();
        let outcome = self.cycle.client.test_query(endpoint, attribute, guid).await;
        self.tally.count(outcome.exchanges.iter().map(|exchange| &exchange.request));
        outcome.result
    }

    /// Evaluates the export, on a thread of its own.
    async fn index(&mut self) -> Result<(Inputs, Index), EngineError> {
        let inputs = Inputs {
            policy: self.policy_in_force(),
            rules: Arc::clone(&self.cycle.rules),
            export: Arc::clone(&self.cycle.export),
            prior: Arc::clone(&self.remembered.prior),
            watermark: self.remembered.watermark.clone(),
            now: self.cycle.clock.now(),
            evaluated_at: self.options.evaluated_at.unwrap_or(self.started),
        };
        let reading = inputs.clone();
        let indexed = tokio::task::spawn_blocking(move || reading.evaluator().index()).await;
        let mut index = indexed.map_err(|error| EngineError::Worker(error.to_string()))??;
        let Remembered { prior, watermark, outdated } = &self.remembered;
        guard::check(&self.cycle.policy, watermark.as_deref().or(outdated.as_ref()), prior, &index)?;
        if let Some(planned) = &self.options.planned {
            index.due = planned.len() as u64;
        }
        for sentence in std::mem::take(&mut index.shared) {
            self.sink.event(&Event::Warning(sentence));
        }
        if let Some(sentence) = index.findings() {
            self.sink.event(&Event::Warning(sentence));
        }
        self.sink.event(&Event::Evaluated { objects: index.objects, due: index.due });
        Ok((inputs, index))
    }

    /// A new scope counts from the next restart on, as with the service.
    fn policy_in_force(&mut self) -> Arc<Policy> {
        let policy = &self.cycle.policy;
        let given = policy.scope.scope;
        let Some(watermark) = self.remembered.watermark.as_ref().filter(|old| old.scope != given.as_str()) else {
            return Arc::clone(policy);
        };
        self.sink.event(&Event::Warning(format!(
            "the scope changed from \"{}\" to \"{}\", which counts only once provisioning is restarted \
             (`scimulate restart`), as with the service",
            watermark.scope,
            given.as_str()
        )));
        let mut old = (**policy).clone();
        old.scope.scope = if watermark.scope == Scope::All.as_str() { Scope::All } else { Scope::Assigned };
        Arc::new(old)
    }

    async fn work_and_write(
        &mut self,
        mut store: Store,
        inputs: Inputs,
        index: &mut Index,
    ) -> Result<(Store, Result<bool, EngineError>), EngineError> {
        store.begin_cycle(&CycleStart { id: self.id.clone(), kind: self.kind, started: self.started })?;
        if self.remembered.outdated.is_some() {
            // Should this cycle be cut off and the old rules come back, what it wrote must be compared again.
            store.outdate_watermark()?;
        }
        let writer = store.writer()?;
        writer.set_due(index.due).await?;
        let worked = self.work(inputs, index, Some(&writer)).await;
        Ok((writer.finish()?, worked))
    }

    /// Works on everything that is due; `Ok(true)` when nothing was left.
    async fn work(&mut self, inputs: Inputs, index: &mut Index, writer: Option<&Writer>) -> Result<bool, EngineError> {
        let cycle = self.cycle;
        let stop = self.options.cancel.child_token();
        let planned = self.options.planned.clone();
        let links = Links::new(Arc::clone(&self.remembered.prior));
        let worker = Worker {
            context: cycle.policy.context(&cycle.rules.users, self.kind == CycleKind::Initial),
            client: &cycle.client,
            clock: &cycle.clock,
            dry: self.options.mode == Mode::DryRun,
            expected: &Mutex::default(),
            links: (cycle.policy.duplicates == Duplicates::Fail).then_some(&links),
        };
        let (due, reading) = read_due(inputs, index.take_rows(), planned.clone());
        let task = |due: Due| {
            let bound = planned.as_deref().and_then(|planned| find_planned(planned, &due.subject.id));
            worker.work(due, bound)
        };
        let followers = Mutex::new(Vec::new());
        let tasks = due
            .take_until(stop.clone().cancelled_owned())
            .filter_map(|due| {
                ready(if due.follows.is_none() {
                    Some(due)
                } else {
                    lock(&followers).push(due);
                    None
                })
            })
            .map(task);
        // Who shares an account is looked at once the account is there, one after the other.
        let later = stream::once(async { stream::iter(std::mem::take(&mut *lock(&followers))) })
            .flatten()
            .take_until(stop.clone().cancelled_owned())
            .then(task);
        let concurrency = self.options.concurrency.max(1);
        // A plan is shown in the order of the export; a run takes what is ready.
        let mut finished: Pin<Box<dyn Stream<Item = Worked> + Send + '_>> = match self.options.mode {
            Mode::DryRun => Box::pin(tasks.buffered(concurrency).chain(later)),
            Mode::Run => Box::pin(tasks.buffer_unordered(concurrency).chain(later)),
        };
        let (mut aborted, mut in_a_row, mut drained) = (None, 0_u32, false);
        let mut probe: Option<Pin<Box<dyn Future<Output = CallOutcome<()>> + Send + '_>>> = None;
        loop {
            // Objects under way go on while the target is asked whether it is still there.
            let worked = tokio::select! {
                biased;
                outcome = async { probe.as_mut().expect("only polled where there is one").await }, if probe.is_some() => {
                    probe = None;
                    self.tally.count(outcome.exchanges.iter().map(|exchange| &exchange.request));
                    if let Err(failure) = outcome.result {
                        aborted.get_or_insert(quarantine(failure));
                        stop.cancel();
                    }
                    if drained {
                        break;
                    }
                    continue;
                }
                worked = finished.next(), if !drained => worked,
            };
            let Some(Worked { processed, outcome, failure }) = worked else {
                drained = true;
                if probe.is_none() {
                    break;
                }
                continue;
            };
            self.tally.add(&processed);
            if let Some(writer) = writer {
                writer.send(outcome).await?;
            }
            self.sink.processed(&processed);
            self.sink.event(&Event::Object(processed.record));
            let unauthorized = failure.as_ref().is_some_and(Failure::is_unauthorized);
            in_a_row = if matches!(failure, Some(Failure::Transport { .. })) { in_a_row + 1 } else { 0 };
            if (unauthorized || in_a_row >= SUSPICIOUS) && aborted.is_none() && probe.is_none() {
                in_a_row = 0;
                let (client, guid) = (&cycle.client, self.random.guid());
                let (endpoint, attribute) = test_of(&cycle.rules);
                probe = Some(Box::pin(client.test_query(endpoint, attribute, guid)));
            }
        }
        drop(finished);
        let read = reading.await.map_err(|error| EngineError::Worker(error.to_string()))?;
        match aborted {
            Some(error) => Err(error),
            None => read.map(|()| !self.options.cancel.is_cancelled()),
        }
    }

    fn report(&self, result: &Result<(bool, Index), EngineError>) -> CycleReport {
        CycleReport {
            id: self.id.clone(),
            kind: self.kind,
            started: self.started,
            duration: Duration::try_from(self.cycle.clock.now().duration_since(self.started)).unwrap_or_default(),
            summary: self.tally.summary.clone(),
            requests: self.tally.requests.clone(),
            completed: matches!(result, Ok((true, _))),
            quarantine: match result {
                Err(EngineError::Quarantine { error, .. }) => Some(error.clone()),
                _ => None,
            },
        }
    }

    fn watermark(&self, index: &Index) -> Watermark {
        let before = self.remembered.watermark.as_deref();
        let scope = self.cycle.policy.scope.scope.as_str();
        Watermark {
            attributes: fingerprint_names(&self.cycle.rules),
            rules: self.cycle.rules.digest,
            scope: before.map_or(scope, |before| &before.scope).to_owned(),
            ended: self.cycle.clock.now(),
            users: index.users.clone(),
            assignments: index.assignments.clone(),
            memberships: index.memberships.clone(),
        }
    }
}

/// What becomes of the job: a report with a quarantine puts it there (it keeps the instant when it first went in), a
/// cycle that completed makes a new or quarantined one active.
fn job_after(job: JobMemory, report: &CycleReport) -> JobMemory {
    let state = match (job.state, &report.quarantine) {
        (state @ (JobState::Paused | JobState::Disabled), _) => state,
        (state, Some(why)) => {
            let ended = report.started.checked_add(report.duration).unwrap_or(report.started);
            let (since, attempts) = match state {
                JobState::Quarantine { since, attempts, .. } => (since, attempts),
                JobState::NotRun | JobState::Active | JobState::Paused | JobState::Disabled => (ended, 0),
            };
            JobState::Quarantine {
                // Thresholds aren't judged yet: what leads here is a test query that failed.
                reason: "EncounteredQuarantineException".to_owned(),
                message: format!("{}: {}", why.code, why.message),
                since,
                attempts: attempts.saturating_add(1),
                next_attempt: ended.checked_add(QUARANTINE_INTERVAL).unwrap_or(ended),
            }
        }
        (JobState::NotRun | JobState::Quarantine { .. }, None) if report.completed => JobState::Active,
        (state @ (JobState::NotRun | JobState::Quarantine { .. } | JobState::Active), None) => state,
    };
    JobMemory { state, ..job }
}

/// Endpoint and matching attribute of the test query.
fn test_of(rules: &CompiledSchema) -> (&'static str, &str) {
    let mapping = &rules.users;
    (mapping.kind.endpoint(), &mapping.attributes[mapping.matching[0]].target.name)
}

fn lock(followers: &Mutex<Vec<Due>>) -> MutexGuard<'_, Vec<Due>> {
    followers.lock().unwrap_or_else(PoisonError::into_inner)
}

fn quarantine(failure: Failure) -> EngineError {
    let error = ObjectError { code: failure.error_code(Operation::Test).to_owned(), message: failure.to_string() };
    EngineError::Quarantine { error, failure: Box::new(failure) }
}

/// What the reading thread owns.
#[derive(Clone)]
struct Inputs {
    policy: Arc<Policy>,
    rules: Arc<CompiledSchema>,
    export: Arc<Export>,
    prior: Arc<ObjectStates>,
    watermark: Option<Arc<Watermark>>,
    now: Timestamp,
    evaluated_at: Timestamp,
}

impl Inputs {
    fn evaluator(&self) -> Evaluator<'_> {
        Evaluator {
            policy: &self.policy,
            rules: &self.rules,
            export: &self.export,
            prior: Some(&self.prior),
            known_users: self.watermark.as_deref().map(|watermark| &watermark.users),
            now: self.now,
            evaluated_at: self.evaluated_at,
        }
    }
}

/// Reads what is due on a thread of its own, as far ahead as the queue is long.
fn read_due(
    inputs: Inputs,
    index: Index,
    planned: Option<Arc<[PlannedObject]>>,
) -> (impl Stream<Item = Due>, JoinHandle<Result<(), EngineError>>) {
    let (sender, receiver) = mpsc::channel(QUEUE);
    let reading = tokio::task::spawn_blocking(move || {
        inputs.evaluator().each_due(&index, &mut |due| {
            if planned.as_deref().is_some_and(|planned| find_planned(planned, &due.subject.id).is_none()) {
                return ControlFlow::Continue(());
            }
            // The other end hangs up when the cycle is to end.
            if sender.blocking_send(due).is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })
    });
    let due = stream::unfold(receiver, |mut receiver| async move { Some((receiver.recv().await?, receiver)) });
    (due, reading)
}

/// Counts what happened.
#[derive(Default)]
struct Tally {
    summary: Summary,
    requests: RequestCounts,
}

impl Tally {
    fn add(&mut self, processed: &Processed) {
        self.summary.add(processed.record.action, &processed.record.reason);
        self.count(&processed.requests);
    }

    fn count<'r>(&mut self, requests: impl IntoIterator<Item = &'r Request>) {
        for request in requests {
            self.requests.add(request.method);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_job_moves_between_its_states() {
        let started: Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
        let report = |completed: bool, quarantine: Option<&str>| CycleReport {
            id: CycleId::new("c"),
            kind: CycleKind::Initial,
            started,
            duration: Duration::from_secs(5),
            summary: Summary::default(),
            requests: RequestCounts::default(),
            completed,
            quarantine: quarantine.map(|code| ObjectError { code: code.into(), message: "401".into() }),
        };
        let ended = started + Duration::from_secs(5);
        let quarantine = |code: &str, since, attempts| JobState::Quarantine {
            reason: "EncounteredQuarantineException".into(),
            message: format!("{code}: 401"),
            since,
            attempts,
            next_attempt: ended + QUARANTINE_INTERVAL,
        };
        let check = |state: JobState, completed, code: Option<&str>, expected: &JobState| {
            let before = JobMemory { state, failures_in_a_row: 7, ..JobMemory::default() };
            let after = job_after(before.clone(), &report(completed, code));
            assert_eq!(after, JobMemory { state: expected.clone(), ..before });
        };
        check(JobState::NotRun, true, None, &JobState::Active);
        check(JobState::NotRun, false, None, &JobState::NotRun);
        check(JobState::Active, false, None, &JobState::Active);
        check(JobState::Active, false, Some("A"), &quarantine("A", ended, 1));
        check(quarantine("A", started, 1), false, Some("B"), &quarantine("B", started, 2));
        check(quarantine("A", started, 1), false, None, &quarantine("A", started, 1));
        check(quarantine("A", started, 1), true, None, &JobState::Active);
        check(JobState::Paused, true, Some("A"), &JobState::Paused);
        check(JobState::Disabled, true, None, &JobState::Disabled);
    }
}

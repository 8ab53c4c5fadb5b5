//! One cycle, from the test query to the watermark.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::fingerprints::fingerprint_names;
use super::inputs::Inputs;
use super::job::{self, Ending};
use super::{EngineError, Index, Planned, Policy, Processed, Sink, Verify, guard};
use crate::base::{CycleId, Random, Timestamp};
use crate::client::{Client, Failure, Operation};
use crate::clock::Clock;
use crate::event::{CycleKind, CycleReport, Event, ObjectError, RequestCounts, Summary};
use crate::plan::quarantine::{CycleCounts, QuarantineReason};
use crate::plan::{ActionKind, FailedPart, Reason};
use crate::schema::{CompiledSchema, ObjectKind, ObjectMapping};
use crate::scim::Request;
use crate::scoping::Scope;
use crate::source::Export;
use crate::store::{CycleStart, JobMemory, ObjectStates, References, Snapshot, Store, Watermark, Writer};

/// Said where nothing is written and the test query was answered with 404.
pub(super) const TAKEN_FOR_NO_ACCOUNT: &str = "the test query was answered with 404, taken as \"no account\"; the real \
    service would go into quarantine";

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
    /// Binds the cycle to a saved plan: nothing else is done.
    pub planned: Option<Arc<Planned>>,
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
#[derive(Default)]
pub(super) struct Remembered {
    pub(super) users: Arc<ObjectStates>,
    pub(super) groups: Arc<ObjectStates>,
    pub(super) references: Arc<References>,
    /// What the cycle goes on from; without it the cycle is initial.
    pub(super) watermark: Option<Arc<Watermark>>,
    /// A watermark of other rules: it still says what was known.
    pub(super) outdated: Option<Arc<Watermark>>,
    job: JobMemory,
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
        let remembered = match Remembered::read(&self.rules, store.as_ref()) {
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

impl Remembered {
    pub(super) fn read(rules: &CompiledSchema, store: Option<&Store>) -> Result<Self, EngineError> {
        let Some(store) = store else { return Ok(Self::default()) };
        let Snapshot { users, groups, references, watermark } = store.snapshot()?;
        let is_current = |old: &Watermark| old.rules == rules.digest && old.attributes == fingerprint_names(rules);
        let (watermark, outdated) = match watermark {
            Some(watermark) if is_current(&watermark) => (Some(watermark), None),
            outdated => (None, outdated),
        };
        Ok(Self { users, groups, references, watermark, outdated, job: store.job()? })
    }

    /// A new scope counts from the next restart on, as with the service; the text says so.
    pub(super) fn policy_in_force(&self, policy: &Arc<Policy>) -> (Arc<Policy>, Option<String>) {
        let given = policy.scope.scope;
        let Some(watermark) = self.watermark.as_ref().filter(|old| old.scope != given.as_str()) else {
            return (Arc::clone(policy), None);
        };
        let warning = format!(
            "the scope changed from \"{}\" to \"{}\", which counts only once provisioning is restarted \
             (`scimulate restart`), as with the service",
            watermark.scope,
            given.as_str()
        );
        let mut old = (**policy).clone();
        old.scope.scope = if watermark.scope == Scope::All.as_str() { Scope::All } else { Scope::Assigned };
        (Arc::new(old), Some(warning))
    }
}

/// A cycle under way.
pub(super) struct Running<'a> {
    pub(super) cycle: &'a Cycle,
    pub(super) options: &'a CycleOptions,
    pub(super) kind: CycleKind,
    pub(super) id: CycleId,
    started: Timestamp,
    pub(super) remembered: Remembered,
    pub(super) random: &'a mut Random,
    pub(super) sink: &'a mut dyn Sink,
    pub(super) tally: Tally,
}

/// What the first pass over the export gives.
pub(super) struct Prepared {
    pub(super) inputs: Inputs,
    pub(super) users: Index,
    /// None where no group mapping is in force.
    pub(super) groups: Option<Index>,
    /// Disables and deletes that nobody has allowed.
    leaving: u64,
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
            Ok(prepared) if self.is_idle(&prepared) => {
                let completed = !self.options.cancel.is_cancelled();
                (store, Ok((completed, prepared)))
            }
            Ok(mut prepared) if writes => match store {
                None => (None, self.work(&mut prepared, None).await.map(|completed| (completed, prepared))),
                Some(store) => match self.work_and_write(store, &mut prepared).await {
                    Ok((store, worked)) => (Some(store), worked.map(|completed| (completed, prepared))),
                    Err(error) => return (None, Err(error)),
                },
            },
            Ok(mut prepared) => {
                let worked = self.work(&mut prepared, None).await;
                (store, worked.map(|completed| (completed, prepared)))
            }
        };
        let mut report = self.report(&result);
        if let (true, Some(store)) = (writes, store.as_mut()) {
            let watermark = match &result {
                Ok((true, prepared)) if self.options.whole => Some(self.watermark(prepared)),
                _ => None,
            };
            if let Err(error) = self.end(store, &mut report, &result, watermark) {
                return (None, Err(error));
            }
        }
        self.sink.event(&Event::CycleEnded(report.clone()));
        (store, result.map(|_| report))
    }

    /// Notes the cycle's end, and what the job becomes by it.
    fn end(
        &mut self,
        store: &mut Store,
        report: &mut CycleReport,
        result: &Result<(bool, Prepared), EngineError>,
        watermark: Option<Watermark>,
    ) -> Result<(), EngineError> {
        let policy = &self.cycle.policy;
        let held_back = match result {
            Ok((_, prepared)) if prepared.inputs.hold_back => Some(prepared.leaving),
            _ => None,
        };
        let summary = &report.summary;
        let counts = CycleCounts {
            failed: summary.count(ActionKind::Fail),
            succeeded: self.tally.exported,
            reference_failed: summary.reference_failures(),
        };
        let ending = Ending {
            kind: self.kind,
            completed: report.completed && self.options.whole,
            counts,
            held_back,
            pruned: self.tally.pruned,
            waiting: store.failing(FailedPart::Export)?,
            references_waiting: store.failing(FailedPart::Reference)?,
        };
        let refused = match result {
            Err(EngineError::Quarantine { error, .. }) => Some(error),
            _ => None,
        };
        let verdict = job::after_cycle(&self.remembered.job, policy, &ending, refused, self.cycle.clock.now());
        if report.quarantine.is_none() {
            report.quarantine =
                verdict.quarantine.map(|(reason, message)| ObjectError { code: reason.code().to_owned(), message });
        }
        store.end_cycle(report, watermark, &verdict.memory, verdict.clears_failures)?;
        if let (Some((reason, message)), Some(to)) = (verdict.notification, policy.notify.clone()) {
            self.sink.event(&Event::Notification { reason, message, to });
        }
        Ok(())
    }

    /// The test query, then the first pass over the export.
    async fn prepare(&mut self) -> Result<Prepared, EngineError> {
        let rules = Arc::clone(&self.cycle.rules);
        for mapping in std::iter::once(&rules.users).chain(&rules.groups) {
            self.test(mapping).await?;
        }
        self.index().await
    }

    async fn test(&mut self, mapping: &ObjectMapping) -> Result<(), EngineError> {
        match self.test_query(mapping).await {
            Ok(()) => Ok(()),
            Err(failure) if self.options.mode == Mode::DryRun && failure.status() == Some(404) => {
                self.sink.event(&Event::Warning(TAKEN_FOR_NO_ACCOUNT.to_owned()));
                Ok(())
            }
            // It might have been answered well after a wait, for which there was no time.
            Err(_) if self.options.cancel.is_cancelled() => Err(EngineError::Interrupted),
            Err(failure) => Err(quarantine(failure, mapping.kind)),
        }
    }

    async fn test_query(&mut self, mapping: &ObjectMapping) -> Result<(), Failure> {
        let (endpoint, attribute) = test_of(mapping);
        let guid = self.random.guid();
        let outcome = self.cycle.client.test_query(endpoint, attribute, guid).await;
        self.tally.count(outcome.exchanges.iter().map(|exchange| &exchange.request));
        outcome.result
    }

    /// Evaluates the export, on a thread of its own.
    async fn index(&mut self) -> Result<Prepared, EngineError> {
        let cycle = self.cycle;
        let mut inputs = Inputs {
            watermark: self.remembered.watermark.clone(),
            evaluated_at: self.options.evaluated_at.unwrap_or(self.started),
            traced: self.options.mode == Mode::Run,
            ..Inputs::new(self.policy_in_force(), &cycle.rules, &cycle.export, &self.remembered, cycle.clock.now())
        };
        let reading = inputs.clone();
        let indexed = tokio::task::spawn_blocking(move || {
            let of = |kind| reading.evaluator(kind).map(|evaluator| evaluator.index()).transpose();
            Ok::<_, EngineError>((of(ObjectKind::User)?.unwrap_or_default(), of(ObjectKind::Group)?))
        });
        let (mut users, groups) = indexed.await.map_err(|error| EngineError::Worker(error.to_string()))??;
        let Remembered { users: prior, groups: prior_groups, references, watermark, outdated, .. } = &self.remembered;
        let known = guard::Known {
            watermark: watermark.as_deref().or(outdated.as_deref()),
            users: prior,
            groups: groups.as_ref().map(|_| &**prior_groups),
            references,
        };
        guard::check(&self.cycle.policy, known, &users)?;
        for sentence in std::mem::take(&mut users.shared) {
            self.sink.event(&Event::Warning(sentence));
        }
        if let Some(sentence) = users.findings() {
            self.sink.event(&Event::Warning(sentence));
        }
        let leaving = users.leaving + groups.as_ref().map_or(0, |groups| groups.leaving);
        inputs.hold_back = self.cycle.policy.deletion_threshold.is_some_and(|threshold| leaving > threshold);
        if inputs.hold_back {
            self.sink.event(&Event::Warning(held_back_text(leaving, self.cycle.policy.deletion_threshold)));
        }
        let objects = users.objects + groups.as_ref().map_or(0, |groups| groups.objects);
        let due = match &self.options.planned {
            Some(planned) => planned.len(),
            None => users.due + groups.as_ref().map_or(0, |groups| groups.due),
        };
        self.sink.event(&Event::Evaluated { objects, due });
        self.tally.due = due;
        Ok(Prepared { inputs, users, groups, leaving })
    }

    fn policy_in_force(&mut self) -> Arc<Policy> {
        let (policy, warning) = self.remembered.policy_in_force(&self.cycle.policy);
        if let Some(warning) = warning {
            self.sink.event(&Event::Warning(warning));
        }
        policy
    }

    async fn work_and_write(
        &mut self,
        mut store: Store,
        prepared: &mut Prepared,
    ) -> Result<(Store, Result<bool, EngineError>), EngineError> {
        store.begin_cycle(&CycleStart { id: self.id.clone(), kind: self.kind, started: self.started })?;
        if self.remembered.outdated.is_some() {
            // Should this cycle be cut off and the old rules come back, what it wrote must be compared again.
            store.outdate_watermark()?;
        }
        let writer = store.writer()?;
        let worked = self.work_with(prepared, &writer).await;
        Ok((writer.finish()?, worked))
    }

    async fn work_with(&mut self, prepared: &mut Prepared, writer: &Writer) -> Result<bool, EngineError> {
        writer.set_due(self.tally.due).await?;
        self.work(prepared, Some(writer)).await
    }

    fn report(&self, result: &Result<(bool, Prepared), EngineError>) -> CycleReport {
        CycleReport {
            id: self.id.clone(),
            kind: self.kind,
            started: self.started,
            duration: Duration::try_from(self.cycle.clock.now().duration_since(self.started)).unwrap_or_default(),
            summary: self.tally.summary.clone(),
            requests: self.tally.requests.clone(),
            deviations: (self.cycle.policy.verify == Verify::On && self.options.mode == Mode::Run)
                .then_some(self.tally.deviations),
            completed: matches!(result, Ok((true, _))),
            quarantine: match result {
                Err(EngineError::Quarantine { error, .. }) => Some(error.clone()),
                _ => None,
            },
        }
    }

    fn watermark(&self, prepared: &Prepared) -> Watermark {
        let before = self.remembered.watermark.as_deref();
        let scope = self.cycle.policy.scope.scope.as_str();
        let known = prepared.users.known.clone();
        Watermark {
            attributes: fingerprint_names(&self.cycle.rules),
            rules: self.cycle.rules.digest,
            scope: before.map_or(scope, |before| &before.scope).to_owned(),
            ended: self.cycle.clock.now(),
            users: known.users,
            groups: known.groups,
            assignments: known.assignments,
            memberships: known.memberships,
        }
    }
}

/// Endpoint and matching attribute of the test query.
pub(super) fn test_of(mapping: &ObjectMapping) -> (&'static str, &str) {
    (mapping.kind.endpoint(), &mapping.attributes[mapping.matching[0]].target.name)
}

pub(super) fn quarantine(failure: Failure, kind: ObjectKind) -> EngineError {
    let message = match kind {
        ObjectKind::User => failure.to_string(),
        ObjectKind::Group => format!("{failure} (the test query on {})", kind.endpoint()),
    };
    let error = ObjectError { code: failure.error_code(Operation::Test).to_owned(), message };
    EngineError::Quarantine { error, failure: Box::new(failure), kind }
}

fn held_back_text(leaving: u64, threshold: Option<u64>) -> String {
    format!(
        "{} would be disabled or deleted, more than the {} that accidental deletion prevention allows: they are \
         held back, everything else is sent ({})",
        job::accounts(leaving),
        threshold.unwrap_or_default(),
        QuarantineReason::TooManyDeletes.code()
    )
}

/// Counts what happened.
#[derive(Default)]
pub(super) struct Tally {
    summary: Summary,
    requests: RequestCounts,
    /// Where the target isn't as it was sent.
    deviations: u64,
    due: u64,
    /// Objects that were given up.
    pruned: u64,
    /// Objects that were exported, or found to be as they should.
    exported: u64,
}

impl Tally {
    pub(super) fn add(&mut self, processed: &Processed) {
        let record = &processed.record;
        self.summary.add_record(record);
        let sent = record.action.writes() || record.action == ActionKind::None;
        self.exported += u64::from(sent && !record.reason.is_reference());
        self.pruned += u64::from(record.reason == Reason::EscrowPruned);
        self.deviations += processed.deviations.len() as u64;
        self.count(&processed.requests);
    }

    pub(super) fn count<'r>(&mut self, requests: impl IntoIterator<Item = &'r Request>) {
        for request in requests {
            self.requests.add(request.method);
        }
    }
}

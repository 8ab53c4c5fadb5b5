//! The stages of a cycle: users, then groups, then managers and members. Each works on many objects at once.

use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::ready;
use futures_util::{Stream, StreamExt, stream};
use rustc_hash::FxHashSet;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::accounts::Accounts;
use super::cycle::{Prepared, Running, quarantine};
use super::inputs::Inputs;
use super::lookup::{PendingManager, Worked, Worker};
use super::references::{ReferencePass, ReferenceWorker};
use super::{Due, EngineError, Index, Mode, Planned};
use crate::base::SourceId;
use crate::client::{CallOutcome, Failure};
use crate::event::{CycleKind, Event, ObjectRecord};
use crate::plan::{FailedPart, ReferenceContext};
use crate::schema::ObjectKind;
use crate::store::{Outcome, StateChange, Writer};

/// Due objects that wait between reading and sending.
const QUEUE: usize = 1_024;

/// Failures in a row that make the cycle ask whether the target is still there.
const SUSPICIOUS: u32 = 3;

type Tasks<'t> = Pin<Box<dyn Stream<Item = Worked> + Send + 't>>;
type Probe<'t> = Pin<Box<dyn Future<Output = CallOutcome<()>> + Send + 't>>;

/// What the stages hand on to the last one.
#[derive(Default)]
pub(super) struct Handed {
    pub(super) accounts: Accounts,
    pub(super) managers: Vec<PendingManager>,
}

impl Running<'_> {
    /// Works on everything that is due; `Ok(true)` when nothing was left.
    pub(super) async fn work(&mut self, prepared: &mut Prepared, writer: Option<&Writer>) -> Result<bool, EngineError> {
        let stop = self.options.cancel.child_token();
        let (users, groups) = (Arc::clone(&self.remembered.users), Arc::clone(&self.remembered.groups));
        let mut handed = Handed { accounts: Accounts::new(users, groups), managers: Vec::new() };
        let inputs = prepared.inputs.clone();
        self.stage(ObjectKind::User, inputs.clone(), &mut prepared.users, &mut handed, writer, &stop).await?;
        if let Some(groups) = prepared.groups.as_mut().filter(|_| !stop.is_cancelled()) {
            self.stage(ObjectKind::Group, inputs.clone(), groups, &mut handed, writer, &stop).await?;
        }
        if self.cycle.rules.has_references() && !stop.is_cancelled() {
            self.references(&inputs, handed, writer, &stop).await?;
        }
        Ok(!self.options.cancel.is_cancelled())
    }

    /// Whether there is nothing to send, to report or to remember: no object is due, and no reference either.
    pub(super) fn is_idle(&self, prepared: &Prepared) -> bool {
        let Prepared { inputs, users, groups, .. } = prepared;
        if users.due + groups.as_ref().map_or(0, |groups| groups.due) > 0 {
            return false;
        }
        let accounts = Accounts::new(Arc::clone(&inputs.users), Arc::clone(&inputs.groups));
        let pass = self.reference_pass(inputs, &accounts);
        pass.members().next().is_none() && pass.tried_again().next().is_none()
    }

    /// All due users, or all due groups.
    async fn stage(
        &mut self,
        kind: ObjectKind,
        inputs: Inputs,
        index: &mut Index,
        handed: &mut Handed,
        writer: Option<&Writer>,
        stop: &CancellationToken,
    ) -> Result<(), EngineError> {
        let cycle = self.cycle;
        let Some((mapping, _)) = cycle.rules.mapping(kind).filter(|_| index.due > 0) else { return Ok(()) };
        let planned = self.options.planned.clone();
        let links = inputs.links(kind);
        let mut context = inputs.policy.context(mapping, self.kind == CycleKind::Initial);
        context.hold_back = inputs.hold_back;
        let cycle_id = self.id.clone();
        let worker = Worker {
            context,
            cycle: &cycle_id,
            escrow: &inputs.policy.escrow,
            client: &cycle.client,
            clock: &cycle.clock,
            dry: self.options.mode == Mode::DryRun,
            verify: inputs.policy.verify,
            expected: &Mutex::default(),
            links: links.as_ref(),
        };
        let (due, reading) = read_due(kind, inputs.clone(), index.take_rows(), planned.clone());
        let task = |due: Due| {
            let bound = planned.as_deref().and_then(|planned| planned.object(&due.subject.id));
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
        let finished: Tasks<'_> = match self.options.mode {
            Mode::DryRun => Box::pin(tasks.buffered(concurrency).chain(later)),
            Mode::Run => Box::pin(tasks.buffer_unordered(concurrency).chain(later)),
        };
        let tracks = self.cycle.rules.has_references();
        let mut note = |worked: &mut Worked| {
            if tracks {
                handed.accounts.note(&worked.outcome.source_id, worked.account.take());
                handed.managers.extend(worked.manager.take());
            }
        };
        let aborted = self.drain(finished, writer, stop, &mut note).await;
        let read = reading.await.map_err(|error| EngineError::Worker(error.to_string()))?;
        aborted.and(read)
    }

    /// Managers, then members.
    async fn references(
        &mut self,
        inputs: &Inputs,
        handed: Handed,
        writer: Option<&Writer>,
        stop: &CancellationToken,
    ) -> Result<(), EngineError> {
        let cycle = self.cycle;
        let Handed { accounts, managers } = handed;
        let pass = self.reference_pass(inputs, &accounts);
        let cycle_id = self.id.clone();
        let worker = ReferenceWorker {
            cycle: &cycle_id,
            policy: &inputs.policy,
            rules: &cycle.rules,
            client: &cycle.client,
            clock: &cycle.clock,
            dry: self.options.mode == Mode::DryRun,
        };
        let planned = self.options.planned.clone();
        let bound = |task: &_| planned.as_deref().is_none_or(|planned| planned.has_reference(task));
        let managers = managers.into_iter().filter_map(|pending| pass.manager(pending));
        let tasks = managers.chain(pass.members()).filter(bound);
        let tasks = stream::iter(tasks).take_until(stop.clone().cancelled_owned()).map(|task| worker.work(task));
        let concurrency = self.options.concurrency.max(1);
        let finished: Tasks<'_> = match self.options.mode {
            Mode::DryRun => Box::pin(tasks.buffered(concurrency)),
            Mode::Run => Box::pin(tasks.buffer_unordered(concurrency)),
        };
        let mut failed = FxHashSet::default();
        self.drain(finished, writer, stop, &mut |worked| {
            if worked.failure.is_some() {
                failed.insert(worked.outcome.source_id.clone());
            }
        })
        .await?;
        // A plan may be for a part of the members only.
        if let Some(writer) = writer.filter(|_| !stop.is_cancelled() && self.options.planned.is_none()) {
            for id in pass.tried_again().filter(|id| !failed.contains(id)) {
                writer.send(recovered(id)).await?;
            }
        }
        Ok(())
    }

    fn reference_pass<'p>(&self, inputs: &'p Inputs, accounts: &'p Accounts) -> ReferencePass<'p> {
        let (compare_all, resolve_late) = (self.kind == CycleKind::Initial, inputs.policy.resolve_late_references);
        inputs.reference_pass(ReferenceContext { compare_all, resolve_late }, accounts)
    }

    /// Takes what is finished until nothing is left; watches whether the target is still there.
    async fn drain(
        &mut self,
        mut finished: Tasks<'_>,
        writer: Option<&Writer>,
        stop: &CancellationToken,
        note: &mut (dyn FnMut(&mut Worked) + Send),
    ) -> Result<(), EngineError> {
        let cycle = self.cycle;
        let (mut aborted, mut in_a_row, mut drained) = (None, 0_u32, false);
        let mut probe: Option<Probe<'_>> = None;
        loop {
            // Objects under way go on while the target is asked whether it is still there.
            let worked = tokio::select! {
                biased;
                outcome = async { probe.as_mut().expect("only polled where there is one").await }, if probe.is_some() => {
                    probe = None;
                    self.tally.count(outcome.exchanges.iter().map(|exchange| &exchange.request));
                    if let Err(failure) = outcome.result
                        && !self.options.cancel.is_cancelled()
                    {
                        aborted.get_or_insert(quarantine(failure, ObjectKind::User));
                        stop.cancel();
                    }
                    if drained {
                        break;
                    }
                    continue;
                }
                worked = finished.next(), if !drained => worked,
            };
            let Some(mut worked) = worked else {
                drained = true;
                if probe.is_none() {
                    break;
                }
                continue;
            };
            // Nothing was sent for it that could be remembered.
            if let Some(Failure::Ended) = worked.failure {
                continue;
            }
            note(&mut worked);
            let Worked { processed, outcome, failure, .. } = worked;
            if let Some(writer) = writer {
                writer.send(outcome).await?;
            }
            if let Some(processed) = processed {
                self.tally.add(&processed);
                self.sink.processed(&processed);
                let ObjectRecord { source_id, name, kind, .. } = &processed.record;
                let told = |deviation| Event::Deviation {
                    source_id: source_id.clone(),
                    name: name.clone(),
                    kind: *kind,
                    deviation,
                };
                let deviations: Vec<_> = processed.deviations.into_iter().map(told).collect();
                self.sink.event(&Event::Object(processed.record));
                for deviation in &deviations {
                    self.sink.event(deviation);
                }
            }
            let unauthorized = failure.as_ref().is_some_and(Failure::is_unauthorized);
            in_a_row = if matches!(failure, Some(Failure::Transport { .. })) { in_a_row + 1 } else { 0 };
            if (unauthorized || in_a_row >= SUSPICIOUS) && aborted.is_none() && probe.is_none() {
                in_a_row = 0;
                let guid = self.random.guid();
                let (endpoint, attribute) = super::cycle::test_of(&cycle.rules.users);
                probe = Some(Box::pin(cycle.client.test_query(endpoint, attribute, guid)));
            }
        }
        aborted.map_or(Ok(()), Err)
    }
}

/// A group whose members all arrived this time.
fn recovered(id: SourceId) -> Outcome {
    let state = StateChange::Recover(FailedPart::Reference);
    Outcome { kind: ObjectKind::Group, source_id: id, state, record: None, trace: None, references: Vec::new() }
}

fn lock(followers: &Mutex<Vec<Due>>) -> MutexGuard<'_, Vec<Due>> {
    followers.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads what is due on a thread of its own, as far ahead as the queue is long.
fn read_due(
    kind: ObjectKind,
    inputs: Inputs,
    index: Index,
    planned: Option<Arc<Planned>>,
) -> (impl Stream<Item = Due>, JoinHandle<Result<(), EngineError>>) {
    let (sender, receiver) = mpsc::channel(QUEUE);
    let reading = tokio::task::spawn_blocking(move || {
        let Some(evaluator) = inputs.evaluator(kind) else { return Ok(()) };
        evaluator.each_due(&index, &mut |due| {
            if planned.as_deref().is_some_and(|planned| planned.object(&due.subject.id).is_none()) {
                return ControlFlow::Continue(());
            }
            // The other end hangs up when the cycle is to end.
            if sender.blocking_send(due).is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })
    });
    let due = stream::unfold(receiver, |mut receiver| async move { Some((receiver.recv().await?, receiver)) });
    (due, reading)
}

//! The one thread that writes outcomes, batch by batch.

use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use super::{ReferenceChange, Store, StoreError, TraceText, log, object, reference, row};
use crate::base::{SourceId, TargetId};
use crate::event::{ObjectRecord, without_personal_data};
use crate::plan::{FailedPart, Failure, PriorState};
use crate::schema::ObjectKind;

/// Outcomes in one transaction, at most; also how many may wait for it.
const BATCH: usize = 500;
/// How long an outcome waits for others, at most.
const PATIENCE: Duration = Duration::from_millis(200);

/// What became of one object: its new state and its record, written together.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Users or groups.
    pub kind: ObjectKind,
    /// Whose state it is.
    pub source_id: SourceId,
    /// What is remembered from now on.
    pub state: StateChange,
    /// How its references change; none for an object that is removed.
    pub references: Vec<ReferenceChange>,
    /// What the log says; `None` for nothing.
    pub record: Option<ObjectRecord>,
    /// How the object was worked on, for the log.
    pub trace: Option<TraceText>,
}

impl Outcome {
    /// Whether it ends an object of those that were due, and not only one of its references.
    fn ends_object(&self) -> bool {
        match &self.record {
            Some(record) => !record.reason.is_reference() && !matches!(self.state, StateChange::Recover(_)),
            None => matches!(self.state, StateChange::Put(_) | StateChange::Remove),
        }
    }
}

/// How the saved state of an object changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateChange {
    /// Not at all.
    Keep,
    /// It is this now. Where that is another account than before, its references and those to it are forgotten, so
    /// that they are sent again.
    Put(PriorState),
    /// Sending its references failed; the rest stays as it is.
    Fail(Failure),
    /// A failure of this part is over; the rest stays as it is.
    Recover(FailedPart),
    /// Nothing is remembered any more of it and its references; those to it count as not sent.
    Remove,
}

enum Message {
    Outcome(Box<Outcome>),
    Due(u64),
    Flush(oneshot::Sender<()>),
}

impl Message {
    const fn is_flush(&self) -> bool {
        matches!(self, Self::Flush(_))
    }
}

/// Hands outcomes to the thread that owns the store.
///
/// At most 500 outcomes, and none for longer than 200 ms, wait before they are committed in one
/// transaction; as many may queue up before a sender has to wait. When a commit fails (disk full), its
/// batch is rolled back, what was committed before stays, and every later call fails with that error.
/// Dropping the writer commits what it was handed; only [`Self::finish`] says whether that went well.
#[derive(Debug)]
pub struct Writer {
    sender: Option<mpsc::Sender<Message>>,
    thread: Option<JoinHandle<Result<Store, StoreError>>>,
    failure: Arc<OnceLock<StoreError>>,
}

impl Store {
    /// Moves the store to a thread of its own until [`Writer::finish`] gives it back.
    pub fn writer(self) -> Result<Writer, StoreError> {
        let path = self.path().to_owned();
        let failed = |error| StoreError::of_io("starting the writer of", &path, error);
        // The thread's own timer: it follows real time also where the program simulates it.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(failed)?;
        let (sender, receiver) = mpsc::channel(BATCH);
        let failure = Arc::new(OnceLock::new());
        let told = Arc::clone(&failure);
        let work = move || runtime.block_on(write(self, receiver, &told));
        let thread = thread::Builder::new().name("store".to_owned()).spawn(work).map_err(failed)?;
        Ok(Writer { sender: Some(sender), thread: Some(thread), failure })
    }
}

impl Writer {
    /// Hands an outcome over; waits while the queue is full.
    pub async fn send(&self, outcome: Outcome) -> Result<(), StoreError> {
        let sender = self.sender()?;
        sender.send(Message::Outcome(Box::new(outcome))).await.map_err(|_| self.why_stopped())
    }

    /// The same for threads outside of the async runtime. Inside an async task it panics, as
    /// [`mpsc::Sender::blocking_send`] does.
    pub fn send_blocking(&self, outcome: Outcome) -> Result<(), StoreError> {
        let sender = self.sender()?;
        sender.blocking_send(Message::Outcome(Box::new(outcome))).map_err(|_| self.why_stopped())
    }

    /// Notes how many objects are due in the cycle that has begun, for [`Progress`](super::Progress).
    pub async fn set_due(&self, objects: u64) -> Result<(), StoreError> {
        self.sender()?.send(Message::Due(objects)).await.map_err(|_| self.why_stopped())
    }

    /// Waits until all that was handed over is committed.
    pub async fn flush(&self) -> Result<(), StoreError> {
        let (done, committed) = oneshot::channel();
        self.sender()?.send(Message::Flush(done)).await.map_err(|_| self.why_stopped())?;
        committed.await.map_err(|_| self.why_stopped())
    }

    /// Commits the rest and gives the store back. It waits for a batch or two, some milliseconds.
    pub fn finish(mut self) -> Result<Store, StoreError> {
        self.sender = None;
        let thread = self.thread.take().ok_or(StoreError::WriterStopped)?;
        thread.join().unwrap_or(Err(StoreError::WriterStopped))
    }

    fn sender(&self) -> Result<&mpsc::Sender<Message>, StoreError> {
        self.sender.as_ref().ok_or(StoreError::WriterStopped)
    }

    fn why_stopped(&self) -> StoreError {
        self.failure.get().cloned().unwrap_or(StoreError::WriterStopped)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.sender = None;
        if let Some(thread) = self.thread.take() {
            // `finish` tells what happened; whoever drops the writer doesn't ask.
            drop(thread.join());
        }
    }
}

/// The thread's work. The failure is set before the channel closes, so that senders find it.
async fn write(
    mut store: Store,
    mut receiver: mpsc::Receiver<Message>,
    failure: &OnceLock<StoreError>,
) -> Result<Store, StoreError> {
    let mut messages = Vec::with_capacity(BATCH);
    while receiver.recv_many(&mut messages, BATCH).await > 0 {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = 0;
        while messages.len() < BATCH && !messages[seen..].iter().any(Message::is_flush) {
            seen = messages.len();
            match timeout_at(deadline, receiver.recv_many(&mut messages, BATCH - seen)).await {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
        }
        if let Err(error) = commit(&mut store, &messages) {
            failure.get_or_init(|| error.clone());
            return Err(error);
        }
        for message in messages.drain(..) {
            if let Message::Flush(done) = message {
                // Nobody may be waiting any more.
                done.send(()).ok();
            }
        }
    }
    Ok(store)
}

fn commit(store: &mut Store, messages: &[Message]) -> Result<(), StoreError> {
    let (cycle, hides) = (store.cycle, store.hides_personal_data);
    if messages.iter().all(Message::is_flush) {
        return Ok(());
    }
    store.transaction(|sql| {
        let mut put = sql.prepare_cached(object::PUT)?;
        let mut moves = sql.prepare_cached(object::MOVES)?;
        let mut remove = sql.prepare_cached(object::REMOVE)?;
        let mut insert = sql.prepare_cached(log::INSERT)?;
        let mut insert_trace = sql.prepare_cached(log::INSERT_TRACE)?;
        let (mut id, mut packed, mut done) = (String::new(), Vec::new(), 0_i64);
        for message in messages {
            let outcome = match message {
                Message::Outcome(outcome) => outcome,
                Message::Due(objects) => {
                    let due = rusqlite::params![cycle, row::whole(*objects)];
                    sql.prepare_cached("UPDATE cycle SET due = ?2 WHERE number = ?1")?.execute(due)?;
                    continue;
                }
                Message::Flush(_) => continue,
            };
            done += i64::from(outcome.ends_object());
            print_id(&outcome.source_id, &mut id);
            match &outcome.state {
                StateChange::Keep => {}
                StateChange::Fail(failure) => object::set_failure(sql, outcome.kind, &id, Err(failure))?,
                StateChange::Recover(part) => object::set_failure(sql, outcome.kind, &id, Ok(*part))?,
                StateChange::Put(state) => {
                    if moves.exists((&id, outcome.kind.as_str(), state.target.as_ref().map(TargetId::as_str)))? {
                        reference::forget(sql, outcome.kind, &id)?;
                    }
                    object::put(&mut put, outcome.kind, &id, state, &mut packed)?;
                }
                StateChange::Remove => {
                    remove.execute((&id, outcome.kind.as_str()))?;
                    reference::lose(sql, outcome.kind, &id)?;
                }
            }
            if outcome.state != StateChange::Remove {
                reference::apply(sql, outcome.kind, &id, &outcome.references)?;
            }
            if let Some(record) = &outcome.record {
                if record.source_id != outcome.source_id {
                    print_id(&record.source_id, &mut id);
                }
                let hidden = hides.then(|| {
                    let trace = outcome.trace.as_ref().map(TraceText::read);
                    let (record, trace) = without_personal_data(record, trace.as_ref());
                    (record, trace.as_ref().map(TraceText::from))
                });
                let (record, trace) = match &hidden {
                    Some((record, trace)) => (record, trace),
                    None => (record, &outcome.trace),
                };
                let number = log::insert(&mut insert, cycle, &id, record)?;
                if let Some(trace) = trace {
                    insert_trace.execute((number, trace.as_str()))?;
                }
            }
        }
        if done > 0 {
            sql.prepare_cached("UPDATE cycle SET done = done + ?2 WHERE number = ?1")?.execute((cycle, done))?;
        }
        Ok(())
    })
}

fn print_id(id: &SourceId, text: &mut String) {
    text.clear();
    write!(text, "{id}").expect("a string takes everything");
}

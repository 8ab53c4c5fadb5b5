//! The thread that writes a file: units of work that wait are committed together.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::checkpoint::Checkpoints;
use super::sql::Sql;
use super::{Durability, StorageError, Transaction};

/// How many units of work wait before those who bring more have to.
const QUEUE: usize = 1024;
/// How many are committed together at most.
const BATCH: usize = 256;

/// A unit of work, and who waits for it.
trait Unit: Send {
    /// Runs it on a connection, or is told why it can't be. Whether what it wrote is to stand, and what failed in the
    /// file.
    fn run(&mut self, connection: Result<&Connection, StorageError>) -> (bool, Option<StorageError>);

    /// Tells whoever waits how the commit went.
    fn tell(self: Box<Self>, committed: Result<(), StorageError>);
}

struct Waiting<F, T, E> {
    unit: F,
    outcome: Option<Result<T, E>>,
    answer: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Unit for Waiting<F, T, E>
where
    F: FnMut(&mut Transaction<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<StorageError> + Send,
{
    fn run(&mut self, connection: Result<&Connection, StorageError>) -> (bool, Option<StorageError>) {
        let (outcome, failure) = match connection {
            Ok(connection) => {
                let mut transaction = Transaction::file(Sql::new(connection));
                ((self.unit)(&mut transaction), transaction.failure)
            }
            Err(error) => (Err(error.clone().into()), Some(error)),
        };
        let is_kept = outcome.is_ok();
        self.outcome = Some(outcome);
        (is_kept, failure)
    }

    fn tell(self: Box<Self>, committed: Result<(), StorageError>) {
        let Some(outcome) = self.outcome else { return };
        let outcome = outcome.and_then(|value| committed.map(|()| value).map_err(E::from));
        // Whoever asked may have gone away.
        drop(self.answer.send(outcome));
    }
}

/// The way to the thread.
pub(super) struct Writer {
    queue: Mutex<Option<mpsc::Sender<Box<dyn Unit>>>>,
    thread: Mutex<Option<JoinHandle<Result<(), StorageError>>>>,
}

impl Writer {
    pub(super) fn start(connection: Connection, path: &Path, durability: Durability) -> Result<Self, StorageError> {
        let (queue, units) = mpsc::channel(QUEUE);
        let checkpoints = Checkpoints::of(&connection, path, durability)?;
        let thread = std::thread::Builder::new()
            .name("storage".to_owned())
            .spawn(move || serve(connection, units, checkpoints))
            .map_err(|error| StorageError::Thread(Arc::new(error)))?;
        Ok(Self { queue: Mutex::new(Some(queue)), thread: Mutex::new(Some(thread)) })
    }

    /// Runs a unit of work, and comes back when what it wrote is committed.
    pub(super) async fn write<T, E>(
        &self,
        unit: impl FnMut(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
    {
        let (answer, outcome) = oneshot::channel();
        let unit = Box::new(Waiting { unit, outcome: None, answer });
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let queue = queue.ok_or(StorageError::Closed)?;
        queue.send(unit).await.map_err(|_| StorageError::Closed)?;
        outcome.await.unwrap_or_else(|_| Err(StorageError::Interrupted.into()))
    }

    /// Lets the thread do what waits, and end. Doing it twice does nothing.
    pub(super) fn close(&self) -> Result<(), StorageError> {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        thread.map_or(Ok(()), |thread| thread.join().unwrap_or(Err(StorageError::Interrupted)))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::error!(error = &error as &dyn std::error::Error, "the endpoint's data wasn't closed properly");
        }
    }
}

fn serve(
    connection: Connection,
    mut units: mpsc::Receiver<Box<dyn Unit>>,
    mut checkpoints: Checkpoints,
) -> Result<(), StorageError> {
    let mut batch = Vec::new();
    while units.blocking_recv_many(&mut batch, BATCH) > 0 {
        let mut committed = run(&connection, &mut batch);
        if matches!(committed, Err(StorageError::Full)) {
            Checkpoints::make_room(&connection);
            committed = run(&connection, &mut batch);
        }
        let count = batch.len();
        for unit in batch.drain(..) {
            unit.tell(committed.clone());
        }
        checkpoints.committed(&connection, count);
    }
    checkpoints.end();
    // The log is folded into the file, and goes; where somebody still reads, the next one who opens the file does it.
    let folded = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    connection.close().map_err(|(_, error)| error)?;
    Ok(folded?)
}

/// Runs units of work in one transaction, and commits it. Those that panic are dropped, of which whoever waits for them
/// hears by their sender's end.
fn run(connection: &Connection, units: &mut Vec<Box<dyn Unit>>) -> Result<(), StorageError> {
    let is_alone = units.len() == 1;
    let mut state = execute(connection, "BEGIN IMMEDIATE");
    let mut is_kept = false;
    units.retain_mut(|unit| {
        if let Err(error) = &state {
            unit.run(Err(error.clone()));
            return true;
        }
        // One alone is taken back with the transaction.
        let before = if is_alone { Ok(()) } else { execute(connection, "SAVEPOINT unit") };
        let ready = before.clone().map(|()| connection);
        let ran = catch_unwind(AssertUnwindSafe(|| unit.run(ready))).ok();
        let has_panicked = ran.is_none();
        let (stands, failure) = ran.unwrap_or((false, None));
        let after = if is_alone || before.is_err() {
            Ok(())
        } else if stands {
            execute(connection, "RELEASE unit")
        } else {
            execute(connection, "ROLLBACK TO unit").and_then(|()| execute(connection, "RELEASE unit"))
        };
        is_kept |= stands;
        state = match failure {
            Some(StorageError::Full) => Err(StorageError::Full),
            // After some failures SQLite has taken back everything, and nothing more can join in.
            failure if connection.is_autocommit() => Err(failure.unwrap_or(StorageError::Interrupted)),
            _ => before.and(after),
        };
        !has_panicked
    });
    if !connection.is_autocommit() {
        let ended = execute(connection, if state.is_ok() && is_kept { "COMMIT" } else { "ROLLBACK" });
        if ended.is_err() && !connection.is_autocommit() {
            // Where that fails too, the next transaction can't begin, and says so.
            drop(execute(connection, "ROLLBACK"));
        }
        state = state.and(ended);
    }
    state
}

fn execute(connection: &Connection, sql: &str) -> Result<(), StorageError> {
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}

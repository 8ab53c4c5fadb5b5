//! The thread that writes a file: units of work that wait are committed together.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::checkpoint::Checkpoints;
use super::sql::Sql;
use super::{StorageError, Transaction};

/// How many units of work wait before those who bring more have to.
const QUEUE: usize = 1024;
/// How many are committed together at most.
const BATCH: usize = 256;

/// A unit of work: it is given the connection to work on, or why nothing can be worked on.
type Unit = Box<dyn FnOnce(Result<&Connection, StorageError>) -> Done + Send>;

/// A unit of work that has run.
struct Done {
    /// Whether what it wrote is to stand.
    is_kept: bool,
    /// What failed in the file while it ran.
    failure: Option<StorageError>,
    /// Tells whoever waits for it how the commit went.
    tell: Box<dyn FnOnce(Result<(), StorageError>) + Send>,
}

/// The way to the thread.
pub(super) struct Writer {
    queue: Mutex<Option<mpsc::Sender<Unit>>>,
    thread: Mutex<Option<JoinHandle<Result<(), StorageError>>>>,
}

impl Writer {
    pub(super) fn start(connection: Connection, path: &Path) -> Result<Self, StorageError> {
        let (queue, units) = mpsc::channel(QUEUE);
        let checkpoints = Checkpoints::of(&connection, path)?;
        let thread = std::thread::Builder::new()
            .name("storage".to_owned())
            .spawn(move || serve(connection, units, checkpoints))
            .map_err(|error| StorageError::Thread(Arc::new(error)))?;
        Ok(Self { queue: Mutex::new(Some(queue)), thread: Mutex::new(Some(thread)) })
    }

    /// Runs a unit of work, and comes back when what it wrote is committed.
    pub(super) async fn write<T, E>(
        &self,
        unit: impl FnOnce(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StorageError> + Send + 'static,
    {
        let (answer, outcome) = oneshot::channel();
        let unit: Unit = Box::new(move |connection| {
            let (outcome, failure) = match connection {
                Ok(connection) => {
                    let mut transaction = Transaction::file(Sql::new(connection));
                    (unit(&mut transaction), transaction.failure)
                }
                Err(error) => (Err(error.clone().into()), Some(error)),
            };
            let is_kept = outcome.is_ok();
            let tell = move |committed: Result<(), StorageError>| {
                let outcome = outcome.and_then(|value| committed.map(|()| value).map_err(E::from));
                // Whoever asked may have gone away.
                drop(answer.send(outcome));
            };
            Done { is_kept, failure, tell: Box::new(tell) }
        });
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
    mut units: mpsc::Receiver<Unit>,
    mut checkpoints: Checkpoints,
) -> Result<(), StorageError> {
    let mut batch = Vec::new();
    while units.blocking_recv_many(&mut batch, BATCH) > 0 {
        let count = batch.len();
        run(&connection, batch.drain(..));
        checkpoints.committed(&connection, count);
    }
    checkpoints.end();
    // The log is folded into the file, and goes; where somebody still reads, the next one who opens the file does it.
    let folded = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    connection.close().map_err(|(_, error)| error)?;
    Ok(folded?)
}

/// Runs units of work in one transaction, commits, and then tells all of them how that went.
fn run(connection: &Connection, units: impl ExactSizeIterator<Item = Unit>) {
    let is_alone = units.len() == 1;
    let mut state = execute(connection, "BEGIN IMMEDIATE");
    let mut is_kept = false;
    let mut done = Vec::with_capacity(units.len());
    for unit in units {
        if let Err(error) = &state {
            done.push(unit(Err(error.clone())));
            continue;
        }
        // One alone is taken back with the transaction.
        let before = if is_alone { Ok(()) } else { execute(connection, "SAVEPOINT unit") };
        let unit = attempt(connection, unit, before.clone());
        let stands = unit.as_ref().is_some_and(|unit| unit.is_kept);
        let after = if is_alone || before.is_err() {
            Ok(())
        } else if stands {
            execute(connection, "RELEASE unit")
        } else {
            execute(connection, "ROLLBACK TO unit").and_then(|()| execute(connection, "RELEASE unit"))
        };
        is_kept |= stands;
        // After some failures SQLite has taken back everything, and nothing more can join in.
        state = if connection.is_autocommit() {
            Err(unit.as_ref().and_then(|unit| unit.failure.clone()).unwrap_or(StorageError::Interrupted))
        } else {
            before.and(after)
        };
        done.extend(unit);
    }
    if !connection.is_autocommit() {
        let ended = execute(connection, if state.is_ok() && is_kept { "COMMIT" } else { "ROLLBACK" });
        if ended.is_err() && !connection.is_autocommit() {
            // Where that fails too, the next transaction can't begin, and says so.
            drop(execute(connection, "ROLLBACK"));
        }
        state = state.and(ended);
    }
    for Done { tell, .. } in done {
        tell(state.clone());
    }
}

/// Runs a unit of work; `None` where it panics, of which whoever waits hears by its sender's end.
fn attempt(connection: &Connection, unit: Unit, ready: Result<(), StorageError>) -> Option<Done> {
    catch_unwind(AssertUnwindSafe(|| unit(ready.map(|()| connection)))).ok()
}

fn execute(connection: &Connection, sql: &str) -> Result<(), StorageError> {
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}

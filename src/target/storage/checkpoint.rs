//! The thread that folds the log of a `SQLite` file into it, so that those who write don't wait for the disk.
//!
//! What is committed goes to the end of the log, which costs little. From time to time its pages have to be copied to
//! their places in the file, and the disk be waited for, twice. `SQLite` would do that within some commit; here it is
//! done beside them. The log begins anew when all of it was copied and nobody reads in it. While others write or read
//! that never happens by itself: so once it is long, the thread catches up, for which the writer commits less often; then
//! the writer copies the small rest, and waits a little for those who read.
//!
//! On a full disk the log can't grow, but what it holds may have its places in the file already: it is folded, and the
//! write goes on. So that it has them, the log of a small file is folded early.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

use super::file::{PATIENCE, WRITING, force};
use super::{Durability, StorageError};

/// How long the log of a new file gets before its pages are copied, in bytes.
const FEW: i64 = 1 << 20;
/// How long that of a large one does; until then it is a part of the file.
const MANY: i64 = 32 << 20;
const PART: i64 = 4;
/// How long it gets before the writer helps, if it can do so at once. A longer one is cut back when it begins anew.
const LONG: i64 = if cfg!(test) { 2 << 20 } else { 512 << 20 };
/// How long it gets before the writer waits for those who read in the log, or copy it.
const ENDLESS: i64 = 2 * LONG;
/// How long it waits.
const WAIT: Duration = Duration::from_millis(200);
/// After how many looks it may wait again.
const PAUSE: u32 = if cfg!(test) { 0 } else { 16 };
/// How much may be left to the writer.
const REST: i64 = 1 << 20;
/// How often it is tried to leave no more than that.
const TRIES: usize = 8;
/// How long the writer waits after each commit meanwhile. What comes in this time is committed together, and so makes the
/// log less longer.
const NAP: Duration = Duration::from_millis(2);
/// After how many commits it is worth looking.
const COMMITS: u32 = 64;
/// After how many units of work it is.
const UNITS: usize = 512;

/// The writer's end.
pub(super) struct Checkpoints {
    wanted: Option<SyncSender<()>>,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
    commits: u32,
    units: usize,
    pause: u32,
}

/// What the thread lets the writer know.
#[derive(Default)]
struct State {
    /// How long the log is, once that is too long and as much of it as can be was copied; otherwise 0.
    length: AtomicI64,
    /// Whether it copies what is left of a log that is too long.
    catches_up: AtomicBool,
}

/// What the log is like: how many pages it has, and how many of them were copied.
#[derive(Debug, Clone, Copy, Default)]
struct Log {
    pages: i64,
    copied: i64,
}

impl Checkpoints {
    /// Takes them off a writer.
    pub(super) fn of(writer: &Connection, path: &Path, durability: Durability) -> Result<Self, StorageError> {
        let connection = Connection::open_with_flags(path, WRITING)?;
        force(&connection, durability)?;
        writer.pragma_update(None, "wal_autocheckpoint", 0)?;
        writer.pragma_update(None, "journal_size_limit", LONG)?;
        let (wanted, wishes) = sync_channel(1);
        let state = Arc::new(State::default());
        let told = Arc::clone(&state);
        // Whoever closes a file lets go of all locks that the process has on it: so it is never closed.
        let file = File::open(path).map_err(|error| StorageError::Reopen(Arc::new(error)))?;
        let file: &'static File = Box::leak(Box::new(file));
        let thread = std::thread::Builder::new()
            .name("checkpoint".to_owned())
            .spawn(move || serve(&connection, file, &wishes, &told))
            .map_err(|error| StorageError::Thread(Arc::new(error)))?;
        Ok(Self { wanted: Some(wanted), state, thread: Some(thread), commits: 0, units: 0, pause: 0 })
    }

    /// Says that so many units of work were committed.
    pub(super) fn committed(&mut self, writer: &Connection, units: usize) {
        if self.state.catches_up.load(Ordering::Relaxed) {
            std::thread::sleep(NAP);
        }
        let length = if self.pause == 0 { self.state.length.swap(0, Ordering::Relaxed) } else { 0 };
        if length > LONG {
            note(restart(writer, if length > ENDLESS { WAIT } else { Duration::ZERO }));
            self.pause = PAUSE;
        }
        (self.commits, self.units) = (self.commits + 1, self.units + units);
        if self.commits < COMMITS && self.units < UNITS {
            return;
        }
        (self.commits, self.units) = (0, 0);
        self.pause = self.pause.saturating_sub(1);
        if let Some(wanted) = &self.wanted {
            // one wish is as good as several
            let _waiting: Result<(), _> = wanted.try_send(());
        }
    }

    /// Folds all of the log on a full disk, as far as the file can take it.
    pub(super) fn make_room(writer: &Connection) {
        note(copy(writer, "TRUNCATE"));
    }

    /// Ends the thread.
    pub(super) fn end(&mut self) {
        drop(self.wanted.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that folds the log of the endpoint's data broke off");
        }
    }
}

fn serve(connection: &Connection, file: &File, wishes: &Receiver<()>, state: &State) {
    let size = connection.pragma_query_value(None, "page_size", |row| row.get::<_, i64>(0)).unwrap_or(4096);
    while wishes.recv().is_ok() {
        let mut log = note(copy(connection, "NOOP")).unwrap_or_default();
        let whole = file.metadata().map_or(0, |file| i64::try_from(file.len()).unwrap_or(i64::MAX));
        if (log.pages - log.copied) * size < (whole / PART).clamp(FEW, MANY) {
            continue;
        }
        let is_beyond = log.pages * size > LONG;
        state.catches_up.store(is_beyond, Ordering::Relaxed);
        for _ in 0..if is_beyond { TRIES } else { 1 } {
            let before = log.copied;
            log = note(copy(connection, "PASSIVE")).unwrap_or_default();
            // so that the writer has little to wait for; where it fails, it fails for the writer too, and is told there
            if is_beyond && let Err(error) = file.sync_data() {
                tracing::debug!(error = &error as &dyn std::error::Error, "the endpoint's data can't be synchronised");
            }
            // what came meanwhile
            log = note(copy(connection, "NOOP")).unwrap_or(log);
            // somebody reads in the log where no more of it can be copied
            if (log.pages - log.copied) * size < REST || log.copied <= before {
                break;
            }
        }
        state.length.store(if is_beyond { log.pages * size } else { 0 }, Ordering::Relaxed);
        state.catches_up.store(false, Ordering::Relaxed);
    }
}

fn copy(connection: &Connection, how: &str) -> rusqlite::Result<Log> {
    let read = |row: &rusqlite::Row<'_>| Ok(Log { pages: row.get(1)?, copied: row.get(2)? });
    connection.prepare_cached(&format!("PRAGMA wal_checkpoint({how})"))?.query_row([], read)
}

/// Copies what is left, and lets the log begin anew, unless somebody reads in it, or copies it, for too long.
fn restart(writer: &Connection, patience: Duration) -> rusqlite::Result<Log> {
    writer.busy_timeout(patience)?;
    let log = copy(writer, "RESTART");
    writer.busy_timeout(PATIENCE)?;
    log
}

/// What can't be copied now stays in the log, which is as safe.
fn note(log: rusqlite::Result<Log>) -> Option<Log> {
    log.inspect_err(|error| {
        tracing::warn!(error = error as &dyn std::error::Error, "the log of the endpoint's data can't be folded");
    })
    .ok()
}

//! Cycles: begun, ended, listed.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{OptionalExtension as _, params};

use super::snapshot::Stamp;
use super::{JobMemory, JobState, Store, StoreError, Watermark, job, object, row, watermark};
use crate::base::{CycleId, Timestamp};
use crate::event::{ActionKind, CycleKind, CycleReport, ObjectError};
use crate::plan::Reason;
use crate::schema::ObjectKind;
use crate::scim::Method;

/// What [`read`] reads.
const COLUMNS: &str = "id, kind, started, duration, completed, actions, skipped, requests, quarantine_code,
                       quarantine_message, reference_requests, reference_failures, done, due";

/// A cycle that begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CycleStart {
    /// Its id.
    pub id: CycleId,
    /// Initial or incremental.
    pub kind: CycleKind,
    /// When.
    pub started: Timestamp,
}

/// A cycle as it is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CycleRow {
    /// How it began.
    pub start: CycleStart,
    /// How it ended; `None` while it runs, and for good when it was killed.
    pub end: Option<CycleEnd>,
    /// How far it is, or was when it ended; `None` before that is known.
    pub progress: Option<Progress>,
}

impl CycleRow {
    /// When it ended; `None` where it hasn't.
    pub fn ended(&self) -> Option<Timestamp> {
        let end = self.end.as_ref()?;
        Some(self.start.started.checked_add(end.duration).unwrap_or(self.start.started))
    }
}

/// How far a cycle is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Objects that are done.
    pub done: u64,
    /// Objects that were due when it began to work on them.
    pub due: u64,
}

impl Progress {
    /// The share that is done, rounded down: 100 is all.
    pub fn percent(&self) -> u64 {
        (self.done.min(self.due) * 100).checked_div(self.due).unwrap_or(100)
    }
}

/// How a cycle ended. Counts of zero are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CycleEnd {
    /// How long it took by the clock, in microseconds at the finest.
    pub duration: Duration,
    /// Whether it ran to its end.
    pub completed: bool,
    /// Objects by the word of their action: `create`, `stagedDelete` …
    pub actions: BTreeMap<String, u64>,
    /// Skipped objects by reason code.
    pub skipped: BTreeMap<String, u64>,
    /// Requests by method: `GET`, `POST` …
    pub requests: BTreeMap<String, u64>,
    /// Requests for references that succeeded.
    pub references: u64,
    /// Requests for references that failed.
    pub reference_failures: u64,
    /// Set when the job went into quarantine.
    pub quarantine: Option<ObjectError>,
}

impl CycleEnd {
    /// How many objects had this action.
    pub fn count(&self, action: ActionKind) -> u64 {
        self.actions.get(action.as_str()).copied().unwrap_or(0)
    }

    /// How many objects were written.
    pub fn objects_written(&self) -> u64 {
        ActionKind::ALL.into_iter().filter(|action| action.writes()).map(|action| self.count(action)).sum()
    }

    /// How many objects were written, and references.
    pub fn writes(&self) -> u64 {
        self.objects_written() + self.references
    }

    /// How many objects failed, and requests for references.
    pub fn failures(&self) -> u64 {
        self.count(ActionKind::Fail) + self.reference_failures
    }
}

impl Store {
    /// Notes that a cycle begins; what the writer logs from now on belongs to it. A job is active from its first
    /// cycle on.
    pub fn begin_cycle(&mut self, start: &CycleStart) -> Result<(), StoreError> {
        let number = self.transaction(|sql| {
            if job::read(sql)?.state == JobState::NotRun {
                job::write_state(sql, &JobState::Active)?;
            }
            insert(sql, start)
        })?;
        self.cycle = Some(number);
        Ok(())
    }

    /// Notes how the cycle ended, moves the watermark if one is given, sets what the job remembers of itself, and
    /// forgets the failures that wait if it is told to, all in one transaction. Objects whose failure is forgotten are
    /// tried again as if for the first time.
    ///
    /// A job that another process paused or disabled in the meantime stays so, unless the cycle itself pauses
    /// or disables it.
    pub fn end_cycle(
        &mut self,
        report: &CycleReport,
        watermark: Option<Watermark>,
        job: &JobMemory,
        forget_failures: bool,
    ) -> Result<(), StoreError> {
        let begun = self.cycle;
        let kept = self.kept.take();
        let kept = self.transaction(|sql| {
            let now = Stamp::of(sql)?;
            let kept = kept.filter(|(stamp, _)| *stamp == now && !forget_failures);
            let number = match begun {
                Some(number) => number,
                None => insert(sql, &CycleStart { id: report.id.clone(), kind: report.kind, started: report.started })?,
            };
            finish(sql, number, report)?;
            if forget_failures {
                object::forget_failures(sql)?;
            }
            if let Some(watermark) = &watermark {
                let before = kept.as_ref().and_then(|(_, snapshot)| snapshot.watermark.as_deref());
                watermark::write(sql, watermark, before)?;
            }
            let held = |state: &JobState| matches!(state, JobState::Paused | JobState::Disabled);
            let now = job::read(sql)?.state;
            if held(&now) && !held(&job.state) {
                job::write(sql, &JobMemory { state: now, ..job.clone() })?;
            } else {
                job::write(sql, job)?;
            }
            Ok(kept)
        })?;
        if let Some((stamp, mut snapshot)) = kept {
            snapshot.watermark = watermark.map(Arc::new).or(snapshot.watermark);
            self.kept = RefCell::new(Some((stamp.after_own(&self.connection), snapshot)));
        }
        self.cycle = None;
        Ok(())
    }

    /// How many cycles have begun so far.
    pub fn cycle_count(&self) -> Result<u64, StoreError> {
        let select = "SELECT ifnull(max(number), 0) FROM cycle";
        self.try_sql(|sql| sql.prepare_cached(select)?.query_row([], |row| row::count(row, 0)))
    }

    /// The latest cycle that ended.
    pub fn last_ended(&self) -> Result<Option<CycleRow>, StoreError> {
        self.latest("duration IS NOT NULL")
    }

    /// The latest cycle that got through: it ran to its end, and no quarantine came of it.
    pub fn last_through(&self) -> Result<Option<CycleRow>, StoreError> {
        self.latest("completed AND quarantine_code IS NULL")
    }

    fn latest(&self, condition: &str) -> Result<Option<CycleRow>, StoreError> {
        let select = format!("SELECT {COLUMNS} FROM cycle WHERE {condition} ORDER BY number DESC LIMIT 1");
        self.try_sql(|sql| sql.prepare_cached(&select)?.query_row([], read).optional())
    }

    /// How many groups a cycle is done with; the rest of [`Progress::done`] are users. Those come first, so that the
    /// log of their stage isn't read.
    pub fn groups_done(&self, cycle: &CycleId) -> Result<u64, StoreError> {
        const OF_CYCLE: &str = "FROM log WHERE cycle = (SELECT max(number) FROM cycle WHERE id = ?1)";
        let latest = format!("SELECT kind, reason {OF_CYCLE} ORDER BY number DESC LIMIT 1");
        let groups = format!("SELECT reason, count(*) {OF_CYCLE} AND kind = 'Group' GROUP BY reason");
        self.try_sql(|sql| {
            let read = |row: &rusqlite::Row<'_>| Ok((row::object_kind(row, 0)?, row.get::<_, String>(1)?));
            let latest = sql.prepare_cached(&latest)?.query_row([cycle.as_str()], read).optional()?;
            if latest.is_none_or(|(kind, reason)| kind == ObjectKind::User && !Reason::is_reference_code(&reason)) {
                return Ok(0);
            }
            let mut statement = sql.prepare_cached(&groups)?;
            let counts = statement.query_map([cycle.as_str()], |row| {
                let is_reference = Reason::is_reference_code(&row.get::<_, String>(0)?);
                Ok(if is_reference { 0 } else { row::count(row, 1)? })
            })?;
            counts.sum()
        })
    }

    /// The latest cycles, latest first, at most `limit`.
    pub fn cycles(&self, limit: usize) -> Result<Vec<CycleRow>, StoreError> {
        let select = format!("SELECT {COLUMNS} FROM cycle ORDER BY number DESC LIMIT ?1");
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.try_sql(|sql| sql.prepare(&select)?.query_map([limit], read)?.collect())
    }
}

fn insert(sql: &rusqlite::Connection, start: &CycleStart) -> rusqlite::Result<i64> {
    let values = params![start.id.as_str(), start.kind.as_str(), start.started.as_microsecond()];
    sql.prepare_cached("INSERT INTO cycle (id, kind, started) VALUES (?1, ?2, ?3)")?.execute(values)?;
    Ok(sql.last_insert_rowid())
}

fn finish(sql: &rusqlite::Connection, number: i64, report: &CycleReport) -> rusqlite::Result<()> {
    let json = |counts: BTreeMap<&str, u64>| serde_json::to_string(&counts).expect("words and numbers are JSON");
    let counts = |pairs: &mut dyn Iterator<Item = (&'static str, u64)>| json(pairs.filter(|(_, n)| *n > 0).collect());
    let summary = &report.summary;
    let quarantine = report.quarantine.as_ref();
    let update = "UPDATE cycle SET duration = ?2, completed = ?3, actions = ?4, skipped = ?5, requests = ?6,
                         quarantine_code = ?7, quarantine_message = ?8, reference_requests = ?9,
                         reference_failures = ?10, due = ifnull(due, iif(?3, 0, NULL))
                  WHERE number = ?1";
    sql.prepare_cached(update)?
        .execute(params![
            number,
            row::micros(report.duration),
            report.completed,
            counts(&mut ActionKind::ALL.iter().map(|action| (action.as_str(), summary.count(*action)))),
            counts(&mut summary.skipped()),
            counts(&mut Method::ALL.iter().map(|method| (method.as_str(), report.requests.count(*method)))),
            quarantine.map(|why| &why.code),
            quarantine.map(|why| &why.message),
            row::whole(summary.references()),
            row::whole(summary.reference_failures()),
        ])
        .map(drop)
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<CycleRow> {
    let id: String = row.get(0)?;
    let start = CycleStart { id: CycleId::new(id), kind: row::cycle_kind(row, 1)?, started: row::timestamp(row, 2)? };
    let end = match row.get::<_, Option<bool>>(4)? {
        None => None,
        Some(completed) => Some(CycleEnd {
            duration: row::duration(row, 3)?,
            completed,
            actions: row::json(row, 5, "counts of actions")?,
            skipped: row::json(row, 6, "counts of skipped objects")?,
            requests: row::json(row, 7, "counts of requests")?,
            quarantine: row::object_error(row, 8)?,
            references: row::count(row, 10)?,
            reference_failures: row::count(row, 11)?,
        }),
    };
    let progress = match row.get::<_, Option<i64>>(13)? {
        None => None,
        Some(_) => Some(Progress { done: row::count(row, 12)?, due: row::count(row, 13)? }),
    };
    Ok(CycleRow { start, end, progress })
}

//! What a job is bound to, and how it stands.

use rusqlite::params;

use super::{Store, StoreError, row};
use crate::base::{JobId, Timestamp};

/// What the state of a job belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// Id of the job.
    pub job_id: JobId,
    /// Origin and path of the tenant URL.
    pub target: String,
    /// Tenant id of the directory; `None` where the export doesn't say.
    pub tenant: Option<String>,
}

/// The state of a job, as the portal shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum JobState {
    /// No cycle has ended yet.
    #[default]
    NotRun,
    /// Cycles run.
    Active,
    /// The admin, or the service, has stopped it.
    Paused,
    /// Cycles run once a day at the most.
    Quarantine {
        /// Code: `EncounteredQuarantineException` …
        reason: String,
        /// What happened.
        message: String,
        /// Since when, whatever the reason was at first.
        since: Timestamp,
        /// Cycles that ended in it since then.
        attempts: u32,
        /// When the next one is due.
        next_attempt: Timestamp,
    },
    /// 28 days of quarantine, or of a failing object, are over.
    Disabled,
}

impl JobState {
    /// A stable word for storage: `not-run`, `active`, `paused`, `quarantine`, `disabled`.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::NotRun => "not-run",
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Quarantine { .. } => "quarantine",
            Self::Disabled => "disabled",
        }
    }

    /// How a job stands, after "the job is": `in quarantine`, or the word for storage.
    pub const fn described(&self) -> &'static str {
        match self {
            Self::Quarantine { .. } => "in quarantine",
            state => state.as_str(),
        }
    }
}

/// What a job remembers of itself from one cycle to the next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobMemory {
    /// How it stands.
    pub state: JobState,
    /// Reason that the last notification named: it isn't sent twice.
    pub notified: Option<String>,
    /// When a cycle first ended with everything exported.
    pub steady_first: Option<Timestamp>,
    /// When a cycle last did.
    pub steady_last: Option<Timestamp>,
    /// Whether the initial cycle had so many failures that they were cleared.
    pub escrows_pruned: bool,
    /// Cycles in a row that failed as a whole.
    pub failures_in_a_row: u64,
}

impl Store {
    /// What the state belongs to; `None` before the first [`Self::bind`].
    pub fn binding(&self) -> Result<Option<Binding>, StoreError> {
        let read = |row: &rusqlite::Row<'_>| {
            let Some(job_id) = row.get::<_, Option<String>>(0)? else { return Ok(None) };
            Ok(Some(Binding { job_id: JobId::new(job_id), target: row.get(1)?, tenant: row.get(2)? }))
        };
        self.try_sql(|sql| sql.prepare_cached("SELECT job_id, target, tenant FROM job")?.query_row([], read))
    }

    /// Checks that the state belongs to a target and a tenant, or to nothing yet: nothing is
    /// remembered of any object, as after a first run that only met a mistyped tenant URL.
    pub fn check(&self, given: &Binding) -> Result<(), StoreError> {
        self.check_target(&given.target, given.tenant.as_deref())
    }

    /// The same for those who don't know the job's id, which takes the export.
    pub fn check_target(&self, target: &str, tenant: Option<&str>) -> Result<(), StoreError> {
        let Some(known) = self.binding()? else { return Ok(()) };
        if self.is_empty()? {
            return Ok(());
        }
        let path = self.path().to_owned();
        if known.target != target {
            return Err(StoreError::OtherTarget { path, known: known.target, given: target.to_owned() });
        }
        match (known.tenant, tenant) {
            (Some(known), Some(given)) if !known.eq_ignore_ascii_case(given) => {
                Err(StoreError::OtherTenant { path, known, given: given.to_owned() })
            }
            _ => Ok(()),
        }
    }

    /// Binds the state to a target and a tenant, or checks that it is bound to these.
    ///
    /// A tenant that wasn't known is added; one that isn't known now is let pass. The job id follows
    /// what is given, because it names the mapping too, which may change. Another target, which can only
    /// come while nothing is remembered, ends a quarantine: that was for the one before.
    pub fn bind(&mut self, given: &Binding) -> Result<(), StoreError> {
        self.check(given)?;
        let known = self.binding()?;
        if let Some(known) = &known
            && known.job_id == given.job_id
            && known.target == given.target
            && (known.tenant.is_some() || given.tenant.is_none())
        {
            return Ok(());
        }
        let update = "UPDATE job SET job_id = ?1, target = ?2, tenant = ifnull(?3, tenant)";
        let moved = known.is_some_and(|known| known.target != given.target);
        self.transaction(|sql| {
            sql.execute(update, params![given.job_id.as_str(), given.target, given.tenant])?;
            let before = read(sql)?;
            if moved && matches!(before.state, JobState::Quarantine { .. }) {
                return write(sql, &JobMemory { state: JobState::NotRun, notified: None, ..before });
            }
            Ok(())
        })
    }

    /// How the job stands.
    pub fn job_state(&self) -> Result<JobState, StoreError> {
        self.job().map(|job| job.state)
    }

    /// Sets how the job stands; what it remembers beside that is kept.
    pub fn set_job_state(&mut self, state: &JobState) -> Result<(), StoreError> {
        self.try_sql(|sql| write_state(sql, state))
    }

    /// What the job remembers of itself.
    pub fn job(&self) -> Result<JobMemory, StoreError> {
        self.try_sql(read)
    }

    /// Sets what the job remembers of itself.
    pub fn set_job(&mut self, job: &JobMemory) -> Result<(), StoreError> {
        self.transaction(|sql| write(sql, job))
    }
}

pub(super) fn read(sql: &rusqlite::Connection) -> rusqlite::Result<JobMemory> {
    let select = "SELECT state, state_reason, state_message, state_since, state_attempts, next_attempt, notified,
                         steady_first, steady_last, escrows_pruned, failures_in_a_row FROM job";
    sql.prepare_cached(select)?.query_row([], |row| {
        Ok(JobMemory {
            state: state(row)?,
            notified: row.get(6)?,
            steady_first: row::optional_timestamp(row, 7)?,
            steady_last: row::optional_timestamp(row, 8)?,
            escrows_pruned: row.get(9)?,
            failures_in_a_row: row::count(row, 10)?,
        })
    })
}

fn state(row: &rusqlite::Row<'_>) -> rusqlite::Result<JobState> {
    let word: String = row.get(0)?;
    Ok(match word.as_str() {
        "not-run" => JobState::NotRun,
        "active" => JobState::Active,
        "paused" => JobState::Paused,
        "disabled" => JobState::Disabled,
        "quarantine" => JobState::Quarantine {
            reason: row.get(1)?,
            message: row.get(2)?,
            since: row::timestamp(row, 3)?,
            attempts: row.get(4)?,
            next_attempt: row::timestamp(row, 5)?,
        },
        other => return Err(row::unreadable(0, "a job state", other)),
    })
}

pub(super) fn write(sql: &rusqlite::Connection, job: &JobMemory) -> rusqlite::Result<()> {
    write_state(sql, &job.state)?;
    let update = "UPDATE job SET notified = ?1, steady_first = ?2, steady_last = ?3, escrows_pruned = ?4,
                         failures_in_a_row = ?5";
    let values = params![
        job.notified,
        job.steady_first.map(Timestamp::as_microsecond),
        job.steady_last.map(Timestamp::as_microsecond),
        job.escrows_pruned,
        row::whole(job.failures_in_a_row),
    ];
    sql.prepare_cached(update)?.execute(values).map(drop)
}

pub(super) fn write_state(sql: &rusqlite::Connection, state: &JobState) -> rusqlite::Result<()> {
    let (reason, message, since, attempts, next_attempt) = match state {
        JobState::Quarantine { reason, message, since, attempts, next_attempt } => (
            Some(reason),
            Some(message),
            Some(since.as_microsecond()),
            Some(*attempts),
            Some(next_attempt.as_microsecond()),
        ),
        JobState::NotRun | JobState::Active | JobState::Paused | JobState::Disabled => (None, None, None, None, None),
    };
    let update = "UPDATE job SET state = ?1, state_reason = ?2, state_message = ?3, state_since = ?4,
                         state_attempts = ?5, next_attempt = ?6";
    let values = params![state.as_str(), reason, message, since, attempts, next_attempt];
    sql.prepare_cached(update)?.execute(values).map(drop)
}

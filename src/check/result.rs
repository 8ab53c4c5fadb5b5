//! What came of checks: plain data, from which every report is made.

use std::sync::Arc;
use std::time::Duration;

use super::{Category, Check};
use crate::base::Timestamp;
use crate::scim::{Dialect, HttpExchange};

/// What came of all checks. Nothing in it is secret; personal data of others is masked.
#[derive(Debug, Clone)]
pub struct CheckReport {
    /// Tenant URL as given, its flags among it.
    pub tenant_url: String,
    /// Name of the mapping, and why it is that one where nobody chose it.
    pub mapping: String,
    /// The dialect that the tenant URL's flags ask for.
    pub dialect: Dialect,
    /// Begins the names of everything that was made.
    pub prefix: String,
    /// When the first request was sent.
    pub started: Timestamp,
    /// Until everything was removed again.
    pub duration: Duration,
    /// In the order of the list; checks that weren't selected aren't there.
    pub results: Vec<CheckResult>,
    /// What both dialects came to, where both were tried.
    pub dialects: Vec<DialectOutcome>,
    /// Latencies by kind of request, load checks left out.
    pub latencies: Vec<Latencies>,
    /// Requests that were sent, of every kind.
    pub requests: u64,
    /// Users and groups that were made.
    pub made: usize,
    /// What was made and couldn't be removed, or was kept.
    pub leftovers: Vec<Leftover>,
    /// Whether they were kept because `--keep` says so.
    pub kept: bool,
    /// Whether a signal ended the checks early.
    pub interrupted: bool,
    /// Set where nothing but the connection could be tried: nobody answers, or credentials are refused.
    pub unreachable: bool,
    /// Known failures that have healed: ids of the baseline whose checks pass now.
    pub healed: Vec<String>,
    /// Whether a baseline was given.
    pub has_baseline: bool,
}

impl CheckReport {
    /// How many results have this status.
    pub fn count(&self, status: Status) -> usize {
        self.results.iter().filter(|result| result.status == status).count()
    }

    /// Whether Microsoft would accept the endpoint as far as this was tried: no check failed but for known failures, and
    /// none that the service needs was kept from being tried by something that isn't told.
    pub fn passed(&self) -> bool {
        let is_fine = |result: &CheckResult| match &result.skipped {
            Some(Skipped::Blocked { by, .. }) => {
                let is_told = self.result(by).is_some_and(|blocking| blocking.status != Status::Passed);
                is_told || result.check.category == Category::Recommended
            }
            _ => result.status != Status::Failed || result.known,
        };
        !self.interrupted && self.results.iter().all(is_fine)
    }

    /// The result of a check, if it was selected.
    pub fn result(&self, id: &str) -> Option<&CheckResult> {
        self.results.iter().find(|result| result.check.id == id)
    }
}

/// What came of one check.
#[derive(Debug, Clone)]
pub struct CheckResult {
    /// The check.
    pub check: &'static Check,
    /// What it came to.
    pub status: Status,
    /// Why it was skipped; `None` for other statuses.
    pub skipped: Option<Skipped>,
    /// What is wrong, worst first.
    pub findings: Vec<Finding>,
    /// What else is worth knowing, such as a liberty that was taken; sentences without a full stop.
    pub notes: Vec<String>,
    /// What went over the wire for it, in order.
    pub exchanges: Vec<Arc<HttpExchange>>,
    /// From its first request to its verdict.
    pub duration: Duration,
    /// Measurements of load checks.
    pub load: Option<Load>,
    /// Whether all its findings stand in the baseline.
    pub known: bool,
}

/// What a check came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// It failed, and the service needs it.
    Failed,
    /// Something is wrong that the service can do without.
    Warned,
    /// It holds.
    Passed,
    /// It wasn't tried.
    Skipped,
}

impl Status {
    /// Every status, worst first.
    pub const ALL: [Self; 4] = [Self::Failed, Self::Warned, Self::Passed, Self::Skipped];

    /// `failed`, `warned`, `passed` or `skipped`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Warned => "warned",
            Self::Passed => "passed",
            Self::Skipped => "skipped",
        }
    }
}

/// Why a check wasn't tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Skipped {
    /// It doesn't apply: the sentence says why.
    NotApplicable(String),
    /// Another check failed that it builds on: what it asks couldn't be asked.
    Blocked {
        /// Id of that check.
        by: &'static str,
        /// What couldn't be done.
        why: String,
    },
    /// A signal came first.
    Interrupted,
}

impl Skipped {
    /// The reason as a sentence without a full stop.
    pub fn text(&self) -> String {
        match self {
            Self::NotApplicable(why) => why.clone(),
            Self::Blocked { by, why } => format!("{why} (see {by})"),
            Self::Interrupted => "the checks were interrupted before".to_owned(),
        }
    }
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It fails the check.
    Error,
    /// It is worth mending.
    Warning,
}

/// One thing that isn't as it should be.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// How bad it is, the check's category considered.
    pub severity: Severity,
    /// What is behind it, the same in each run and in each check that meets it: findings of several checks with one
    /// cause are shown together. Words with hyphens, such as `patch-refused-400`.
    pub cause: String,
    /// What in particular it is about, such as attributes; empty where the cause says it all.
    pub about: Vec<String>,
    /// What the endpoint did; a sentence without a full stop.
    pub observed: String,
    /// What was expected instead.
    pub expected: String,
    /// How it shows with the real service.
    pub effect: String,
    /// What to change.
    pub remedy: String,
    /// The exchange that shows it, an index into those of the result.
    pub exchange: Option<usize>,
    /// Whether it stands in the baseline.
    pub known: bool,
}

impl Finding {
    /// What it is known by in a baseline: its cause, and what it is about.
    pub fn key(&self) -> String {
        if self.about.is_empty() { self.cause.clone() } else { format!("{}: {}", self.cause, self.about.join(", ")) }
    }
}

/// What a dialect came to when it was tried.
#[derive(Debug, Clone)]
pub struct DialectOutcome {
    /// The dialect.
    pub dialect: Dialect,
    /// Whether everything that was written in it took effect.
    pub passed: bool,
    /// What didn't, in short sentences without a full stop.
    pub lost: Vec<String>,
}

/// Something that was made and is still there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// `User` or `Group`.
    pub kind: &'static str,
    /// Its id; `None` where its creation wasn't answered.
    pub id: Option<String>,
    /// Its user name or display name.
    pub name: String,
    /// Why it is still there.
    pub why: String,
}

/// How long requests of one kind took.
#[derive(Debug, Clone, PartialEq)]
pub struct Latencies {
    /// `filter`, `get`, `list`, `create`, `patch`, `delete`, `discovery`, or `all`.
    pub of: &'static str,
    /// How many there were.
    pub requests: usize,
    /// Half of them took no longer.
    pub p50: Duration,
    /// 95 of 100 took no longer.
    pub p95: Duration,
    /// 99 of 100 took no longer.
    pub p99: Duration,
    /// The longest.
    pub max: Duration,
    /// Upper bounds with how many lie below them and above the one before; the last one holds all the rest.
    pub histogram: Vec<(Duration, usize)>,
}

/// What a load check measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    /// Requests a second that were wanted; `None` where they went out in parallel, as fast as they were answered.
    pub wanted_rate: Option<f64>,
    /// Requests a second that were answered.
    pub rate: f64,
    /// Answers by status; transport failures are 0.
    pub statuses: Vec<(u16, usize)>,
    /// How long they took.
    pub latencies: Latencies,
}

/// Category and finding together: what is an error in a check of this category, and what a warning.
pub(super) const fn severity(category: Category) -> Severity {
    match category {
        Category::Mandatory | Category::Capability => Severity::Error,
        Category::Recommended => Severity::Warning,
    }
}

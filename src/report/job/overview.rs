//! What the log tells as a whole, gathered entry by entry.
//!
//! Of each object a few bytes and the numbers of its last entries are kept, of each request its duration, of the slowest
//! requests and the causes of failures what is shown.

use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use rustc_hash::{FxHashMap, FxHashSet};

use super::document::{ReportedScope, ScopeGroup, ScopeSource};
use super::gist::gist;
use crate::base::{SourceId, Timestamp};
use crate::event::{LogEntry, StepStatus};
use crate::plan::ActionKind;
use crate::report::log::advice;
use crate::report::plan::{Subject, rule, weight};
use crate::schema::ObjectKind;
use crate::scim::Method;

/// Entries of one object that are shown.
pub(super) const KEPT: usize = 10;
/// Requests in the list of the slowest.
const SLOWEST: usize = 20;
/// Causes of failures that are told apart, so that an endpoint whose answers all differ doesn't fill the memory.
const CAUSES: usize = 500;
/// Stands for the causes beyond.
const OTHER: &str = "other messages";

/// Code of those who share a matching value.
const DUPLICATES: &str = "DuplicateSourceEntries";

/// What the log tells. Entries are added with the latest first.
#[derive(Debug, Default)]
pub struct LogOverview {
    entries: u64,
    left_out: u64,
    objects: Vec<LoggedObject>,
    places: FxHashMap<(SourceId, Subject), usize>,
    /// Durations in microseconds.
    durations: BTreeMap<Method, Vec<u32>>,
    slowest: BinaryHeap<Reverse<SlowRequest>>,
    causes: Vec<Cause>,
    known_causes: FxHashMap<(String, String), usize>,
    rules: Vec<(String, String)>,
    known_rules: FxHashMap<(String, String), usize>,
}

/// An object, or its references, with its last entries.
#[derive(Debug)]
pub(super) struct LoggedObject {
    pub(super) source_id: SourceId,
    pub(super) subject: Subject,
    pub(super) name: Box<str>,
    /// Of the latest entry.
    pub(super) action: ActionKind,
    /// Numbers of its entries, the latest first.
    pub(super) entries: Vec<u64>,
    /// Entries that aren't shown.
    pub(super) left_out: u64,
    /// Place of the rule that decided the latest entry.
    rule: usize,
}

/// A request that took long; the order is by duration.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SlowRequest {
    pub(super) took: Duration,
    /// When the entry that it belongs to was finished.
    pub(super) at: Timestamp,
    /// Place of its object.
    pub(super) object: usize,
    pub(super) method: Method,
    pub(super) path: Box<str>,
    pub(super) status: Option<u16>,
}

/// How long requests of one method took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Latency {
    pub(super) method: Method,
    pub(super) count: u64,
    pub(super) median: Duration,
    pub(super) p95: Duration,
    pub(super) longest: Duration,
}

/// Failures with one cause.
#[derive(Debug)]
pub(super) struct Cause {
    pub(super) code: String,
    /// What their messages have in common.
    pub(super) gist: String,
    /// What to do.
    pub(super) advice: Option<&'static str>,
    /// Entries of the log.
    pub(super) count: u64,
    /// When it was last.
    pub(super) last: Timestamp,
    /// Places of the objects, those that failed last first.
    pub(super) objects: Vec<usize>,
    known: FxHashSet<usize>,
}

impl LogOverview {
    /// Takes an entry into account.
    pub fn add(&mut self, entry: &LogEntry) {
        self.entries += 1;
        let object = self.object(entry);
        for exchange in entry.trace.iter().flat_map(|trace| &trace.exchanges) {
            let micros = u32::try_from(exchange.duration.as_micros()).unwrap_or(u32::MAX);
            self.durations.entry(exchange.method).or_default().push(micros);
            let is_full = self.slowest.len() == SLOWEST;
            if is_full && self.slowest.peek().is_some_and(|Reverse(least)| exchange.duration <= least.took) {
                continue;
            }
            if is_full {
                self.slowest.pop();
            }
            self.slowest.push(Reverse(SlowRequest {
                took: exchange.duration,
                at: entry.at,
                object,
                method: exchange.method,
                path: exchange.path.clone(),
                status: exchange.status,
            }));
        }
        if entry.status() == StepStatus::Failure {
            self.failed(entry, object);
        }
    }

    /// The place of an entry's object.
    fn object(&mut self, entry: &LogEntry) -> usize {
        let subject = Subject::new(&entry.reason_code, entry.kind);
        let key = (entry.source_id.clone(), subject);
        if let Some(place) = self.places.get(&key) {
            let object = &mut self.objects[*place];
            if object.entries.len() < KEPT {
                object.entries.push(entry.number);
            } else {
                object.left_out += 1;
                self.left_out += 1;
            }
            return *place;
        }
        let reason = (entry.reason_code.clone(), rule(&entry.reason_code, &entry.reason()).into_owned());
        let rule = *self.known_rules.entry(reason).or_insert_with_key(|reason| {
            self.rules.push(reason.clone());
            self.rules.len() - 1
        });
        self.objects.push(LoggedObject {
            source_id: entry.source_id.clone(),
            subject,
            name: entry.name.as_str().into(),
            action: entry.action,
            entries: vec![entry.number],
            left_out: 0,
            rule,
        });
        self.places.insert(key, self.objects.len() - 1);
        self.objects.len() - 1
    }

    fn failed(&mut self, entry: &LogEntry, object: usize) {
        let Some(advice) = advice(entry) else { return };
        let mut key = (advice.code, gist(&advice.reason));
        if self.causes.len() >= CAUSES && !self.known_causes.contains_key(&key) {
            OTHER.clone_into(&mut key.1);
        }
        let place = *self.known_causes.entry(key).or_insert_with_key(|(code, gist)| {
            self.causes.push(Cause {
                code: code.clone(),
                gist: gist.clone(),
                advice: advice.action,
                count: 0,
                last: entry.at,
                objects: Vec::new(),
                known: FxHashSet::default(),
            });
            self.causes.len() - 1
        });
        let cause = &mut self.causes[place];
        cause.count += 1;
        if cause.known.insert(object) {
            cause.objects.push(object);
        }
    }

    /// How many entries there are.
    pub(super) const fn entries(&self) -> u64 {
        self.entries
    }

    /// How many of them aren't shown.
    pub(super) const fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Every object.
    pub(super) fn objects(&self) -> &[LoggedObject] {
        &self.objects
    }

    /// The places of all objects, those that need the most attention first, then the latest.
    pub(super) fn ordered(&self) -> Vec<usize> {
        let mut places: Vec<_> = (0..self.objects.len()).collect();
        places.sort_by_key(|place| weight(self.objects[*place].action));
        places
    }

    /// The place of an object itself, not of its references.
    pub(super) fn place(&self, source_id: &SourceId, kind: ObjectKind) -> Option<usize> {
        self.places.get(&(source_id.clone(), Subject::new("", kind))).copied()
    }

    /// Whether a latest entry was decided by this rule.
    pub(super) fn has_rule(&self, code: &str, rule: &str) -> bool {
        self.known_rules.contains_key(&(code.to_owned(), rule.to_owned()))
    }

    /// Whether the latest entry of the object at this place is a failure.
    pub(super) fn is_failing(&self, place: usize) -> bool {
        self.objects[place].action == ActionKind::Fail
    }

    /// The slowest requests, the slowest first.
    pub(super) fn slowest(&self) -> Vec<&SlowRequest> {
        let mut slowest: Vec<_> = self.slowest.iter().map(|Reverse(request)| request).collect();
        slowest.sort_by_key(|request| Reverse(*request));
        slowest
    }

    /// How long requests took, by method.
    pub(super) fn latencies(&self) -> Vec<Latency> {
        let latency = |(method, durations): (&Method, &Vec<u32>)| {
            let mut sorted = durations.clone();
            sorted.sort_unstable();
            Latency {
                method: *method,
                count: sorted.len() as u64,
                median: rank(&sorted, 50),
                p95: rank(&sorted, 95),
                longest: rank(&sorted, 100),
            }
        };
        self.durations.iter().map(latency).collect()
    }

    /// The causes of failures, the most frequent first.
    pub(super) fn causes(&self) -> Vec<&Cause> {
        let mut causes: Vec<_> = self.causes.iter().collect();
        causes.sort_by_key(|cause| Reverse(cause.count));
        causes
    }

    /// Who is in scope as far as the latest entries tell; `why` says why nothing better is known.
    pub fn scope(&self, why: String) -> ReportedScope {
        let mut groups: Vec<ScopeGroup> = Vec::new();
        let mut places: FxHashMap<(Option<usize>, ObjectKind), usize> = FxHashMap::default();
        for object in &self.objects {
            let kind = match object.subject {
                Subject::User => ObjectKind::User,
                Subject::Group => ObjectKind::Group,
                Subject::Manager | Subject::Members => continue,
            };
            let rule = match object.action {
                // Nobody can tell which of them an account belongs to.
                ActionKind::Fail if self.rules[object.rule].0 == DUPLICATES => Some(object.rule),
                ActionKind::Create | ActionKind::Update | ActionKind::None | ActionKind::Fail => None,
                ActionKind::Disable | ActionKind::Delete | ActionKind::StagedDelete | ActionKind::Skip => {
                    Some(object.rule)
                }
            };
            let place = *places.entry((rule, kind)).or_insert_with(|| {
                let (code, text) =
                    rule.map_or_else(|| ("InScope".to_owned(), String::new()), |rule| self.rules[rule].clone());
                groups.push(ScopeGroup { in_scope: rule.is_none(), code, rule: text, kind, objects: Vec::new() });
                groups.len() - 1
            });
            groups[place].objects.push((object.source_id.clone(), object.name.clone()));
        }
        ReportedScope::new(ScopeSource::Log(why), groups)
    }
}

impl ReportedScope {
    /// Those in scope first, then the largest groups first; what one rule says of one object or another is one group.
    pub fn new(source: ScopeSource, given: Vec<ScopeGroup>) -> Self {
        let mut groups: Vec<ScopeGroup> = Vec::new();
        let mut places: FxHashMap<(String, String, ObjectKind), usize> = FxHashMap::default();
        for group in given {
            let rule = rule(&group.code, &group.rule).into_owned();
            match places.entry((group.code.clone(), rule.clone(), group.kind)) {
                Entry::Occupied(place) => groups[*place.get()].objects.extend(group.objects),
                Entry::Vacant(place) => {
                    place.insert(groups.len());
                    groups.push(ScopeGroup { rule, ..group });
                }
            }
        }
        groups.sort_by_key(|group| (!group.in_scope, Reverse(group.objects.len())));
        Self { source, groups }
    }
}

/// The duration that so many of a hundred don't exceed.
fn rank(sorted: &[u32], percent: usize) -> Duration {
    let place = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    Duration::from_micros(sorted.get(place).copied().unwrap_or_default().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks() {
        let sorted: Vec<u32> = (1..=20).collect();
        for (percent, expected) in [(50, 10), (95, 19), (100, 20)] {
            assert_eq!(rank(&sorted, percent), Duration::from_micros(expected));
        }
        assert_eq!((rank(&[7], 50), rank(&[], 50)), (Duration::from_micros(7), Duration::ZERO));
    }
}

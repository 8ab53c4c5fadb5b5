//! The rules in force, how often each was needed, and what resources were like before.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::call::{Act, Call};
use super::{Fault, FaultRule};
use crate::scim::Resource;
use crate::target::storage::Stored;
use crate::target::{Endpoint, Kind};

/// A fault in force, for those who watch.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultStatus {
    /// What happens when, and to whom.
    pub rule: FaultRule,
    /// How many requests it has befallen.
    pub befell: u64,
}

/// A rule in force.
#[derive(Debug)]
pub(super) struct Armed {
    pub(super) rule: FaultRule,
    /// Requests that it concerns.
    concerned: AtomicU64,
    /// Requests that it befell, those under way included.
    befell: AtomicU64,
}

impl Armed {
    fn new(rule: FaultRule) -> Self {
        Self { rule, concerned: AtomicU64::new(0), befell: AtomicU64::new(0) }
    }

    /// Whether it happens to one more request that it concerns. Whether one with a rate does is drawn last, so that
    /// requests that are spared draw nothing.
    pub(super) fn draw(self: &Arc<Self>, endpoint: &Endpoint) -> Option<Drawn> {
        let spared = self.rule.after.unwrap_or_else(|| self.rule.fault.behaviour().spares());
        if self.concerned.fetch_add(1, Ordering::Relaxed) < spared || !endpoint.happens(self.rule.rate) {
            return None;
        }
        let times = self.rule.times.unwrap_or(u64::MAX);
        let next = |befell| (befell < times).then(|| befell + 1);
        self.befell.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).ok()?;
        Some(Drawn { armed: Arc::clone(self), happened: AtomicBool::new(false) })
    }
}

/// A rule that may befall a request. One without an effect in the end isn't counted.
#[derive(Debug)]
pub(super) struct Drawn {
    armed: Arc<Armed>,
    happened: AtomicBool,
}

impl Drawn {
    pub(super) fn fault(&self) -> &Fault {
        &self.armed.rule.fault
    }

    /// Notes that it had an effect.
    pub(super) fn happens(&self) {
        self.happened.store(true, Ordering::Relaxed);
    }

    pub(super) fn has_happened(&self) -> bool {
        self.happened.load(Ordering::Relaxed)
    }
}

impl Drop for Drawn {
    fn drop(&mut self) {
        if !self.has_happened() {
            self.armed.befell.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// The faults of an endpoint.
#[derive(Debug, Default)]
pub(in crate::target) struct Faults {
    /// Whether there are any: each request asks.
    any: AtomicBool,
    rules: RwLock<Arc<[Arc<Armed>]>>,
    history: Mutex<History>,
}

impl Faults {
    pub(super) fn are_none(&self) -> bool {
        !self.any.load(Ordering::Acquire)
    }

    pub(super) fn rules(&self) -> Arc<[Arc<Armed>]> {
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes other rules of those in force, while nobody else does. One that was there before goes on counting.
    fn change(&self, change: impl FnOnce(Vec<FaultRule>) -> Vec<FaultRule>) {
        let mut current = self.rules.write().unwrap_or_else(PoisonError::into_inner);
        let rules = change(current.iter().map(|armed| armed.rule.clone()).collect());
        let mut before: Vec<_> = current.to_vec();
        let mut again = |rule: &FaultRule| {
            let at = before.iter().position(|armed| armed.rule == *rule)?;
            Some(before.swap_remove(at))
        };
        *current = rules.into_iter().map(|rule| again(&rule).unwrap_or_else(|| Arc::new(Armed::new(rule)))).collect();
        self.any.store(!current.is_empty(), Ordering::Release);
        if !current.iter().any(|armed| armed.rule.fault.behaviour().looks_back()) {
            *self.history() = History::default();
        }
    }

    fn history(&self) -> std::sync::MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn older(&self, kind: Kind, id: &str) -> Option<Stored> {
        self.history().of(kind).by_id.get(id).cloned()
    }

    pub(super) fn all_older(&self, kind: Kind) -> BTreeMap<String, Stored> {
        let mut history = self.history();
        let states = &history.of(kind).by_id;
        states.iter().map(|(id, stored)| (id.clone(), stored.clone())).collect()
    }

    /// Whether something of this kind had the name, and was deleted.
    pub(super) fn is_gone(&self, kind: Kind, name: &str) -> bool {
        self.history().of(kind).gone.contains(&name.to_lowercase())
    }

    /// Remembers what a resource was like before a request that went well.
    pub(super) fn remember(&self, call: &Call) {
        let (Some(kind), Some(id)) = (call.kind, &call.id) else { return };
        let mut history = self.history();
        match (call.act, &call.before) {
            (Act::Replace | Act::Patch, Some(before)) if call.stored().as_ref() != Some(before) => {
                history.of(kind).add(id, before);
            }
            (Act::Delete, _) => {
                let states = history.of(kind);
                states.by_id.remove(id);
                states.forget(call.resource().as_ref().and_then(|resource| name_of(kind, resource)));
            }
            _ => {}
        }
    }
}

/// The userName of a user, the displayName of a group, in lower case.
fn name_of(kind: Kind, resource: &Resource) -> Option<String> {
    let name = match kind {
        Kind::User => "userName",
        Kind::Group => "displayName",
    };
    Some(resource.get(name)?.as_str()?.to_lowercase())
}

/// What resources were like before their last change.
#[derive(Debug, Default)]
struct History {
    users: States,
    groups: States,
}

impl History {
    fn of(&mut self, kind: Kind) -> &mut States {
        match kind {
            Kind::User => &mut self.users,
            Kind::Group => &mut self.groups,
        }
    }
}

/// States by id, and the ids in the order in which they came.
#[derive(Debug, Default)]
struct States {
    by_id: HashMap<String, Stored>,
    order: VecDeque<String>,
    /// Names of what was deleted, in lower case.
    gone: VecDeque<String>,
}

impl States {
    /// Older ones are forgotten, so that an endpoint that misbehaves for long doesn't grow without end.
    const MOST: usize = 10_000;

    fn forget(&mut self, name: Option<String>) {
        self.gone.extend(name);
        if self.gone.len() > Self::MOST {
            self.gone.pop_front();
        }
    }

    fn add(&mut self, id: &str, stored: &Stored) {
        if self.by_id.insert(id.to_owned(), stored.clone()).is_none() {
            self.order.push_back(id.to_owned());
        }
        if self.order.len() > Self::MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_id.remove(&oldest);
        }
    }
}

impl Endpoint {
    /// Puts these faults in force instead of those before. One that was in force already goes on counting.
    pub fn set_faults(&self, rules: Vec<FaultRule>) {
        self.faults_in_force().change(|_| rules);
    }

    /// The faults in force, in the order in which they were given.
    pub fn faults(&self) -> Vec<FaultStatus> {
        let status =
            |armed: &Arc<Armed>| FaultStatus { rule: armed.rule.clone(), befell: armed.befell.load(Ordering::Relaxed) };
        self.faults_in_force().rules().iter().map(status).collect()
    }

    /// Makes other faults of those in force, while nobody else does.
    pub(in crate::target) fn change_faults(&self, change: impl FnOnce(Vec<FaultRule>) -> Vec<FaultRule>) {
        self.faults_in_force().change(change);
    }

    /// Switches a fault on for every request, or off with all its rules; the others stay as they are.
    pub fn switch_fault(&self, fault: &Fault, on: bool) {
        self.faults_in_force().change(|mut rules| {
            if !on {
                rules.retain(|rule| rule.fault != *fault);
            } else if !rules.iter().any(|rule| rule.fault == *fault) {
                rules.push(FaultRule::new(fault.clone()));
            }
            rules
        });
    }
}

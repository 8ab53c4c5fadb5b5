//! Who has which account by now: what was remembered when the cycle began, and what has happened since.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::base::{SourceId, TargetId};
use crate::plan::{FailedPart, Referenced, Standing};
use crate::store::{ObjectStates, PriorView};

/// How an object came out of this cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    /// User principal name or display name.
    pub(crate) name: Box<str>,
    /// Its account; the source id stands for one that a dry run would create.
    pub(crate) target: Option<TargetId>,
    pub(crate) situation: Situation,
}

/// Whether references to an object make sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Situation {
    InScope,
    OutOfScope,
    /// In the recycle bin: groups list it no more, though it hasn't left them.
    Recycled,
    /// Its export failed.
    Failed,
    /// The export can't tell.
    Uncertain,
}

/// Accounts for references. Only what this cycle worked on takes memory of its own, about 150 bytes each.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    users: Arc<ObjectStates>,
    groups: Arc<ObjectStates>,
    now: FxHashMap<SourceId, Option<Account>>,
}

impl Accounts {
    pub(crate) fn new(users: Arc<ObjectStates>, groups: Arc<ObjectStates>) -> Self {
        Self { users, groups, now: FxHashMap::default() }
    }

    /// Takes over what became of an object; `None` when nothing is known of it any more.
    pub(crate) fn note(&mut self, id: &SourceId, account: Option<Account>) {
        let says_nothing = account.as_ref().is_none_or(|account| {
            account.target.is_none() && !matches!(account.situation, Situation::InScope | Situation::Failed)
        });
        if !says_nothing || self.prior(id).is_some() {
            self.now.insert(id.clone(), account);
        }
    }

    /// How a reference to an object is to be taken.
    pub(crate) fn referenced(&self, id: &SourceId) -> Referenced {
        match self.now.get(id) {
            Some(None) => Referenced::Unlinked,
            Some(Some(account)) => as_referenced(account.target.clone(), account.situation),
            None => self.prior(id).map_or(Referenced::Unlinked, referenced_before),
        }
    }

    /// The account of an object that may have references: it is in scope, and its own export didn't fail.
    pub(crate) fn exported(&self, id: &SourceId) -> Option<TargetId> {
        if let Some(account) = self.now.get(id) {
            return account.as_ref().filter(|account| account.situation == Situation::InScope)?.target.clone();
        }
        let prior = self.prior(id).filter(|prior| situation(*prior) == Situation::InScope)?;
        let is_fine = prior.failure().is_none_or(|failure| failure.part == FailedPart::Reference);
        prior.target().filter(|_| is_fine).map(TargetId::new)
    }

    /// Whether this cycle has worked on an object.
    pub(crate) fn is_worked_on(&self, id: &SourceId) -> bool {
        self.now.contains_key(id)
    }

    /// Whether an object has another account than before: what was sent to the old one, or of it, doesn't count.
    pub(crate) fn has_moved(&self, id: &SourceId) -> bool {
        let Some(Some(Account { target: Some(now), .. })) = self.now.get(id) else { return false };
        self.prior(id).and_then(PriorView::target).is_some_and(|before| before != now.as_str())
    }

    /// Whether an object is in the recycle bin, or may be.
    pub(crate) fn is_in_recycle_bin(&self, id: &SourceId) -> bool {
        match self.now.get(id) {
            Some(account) => account
                .as_ref()
                .is_some_and(|account| matches!(account.situation, Situation::Recycled | Situation::Uncertain)),
            None => self.prior(id).is_some_and(|prior| situation(prior) == Situation::Recycled),
        }
    }

    /// The account of an object, whether it is in scope or not.
    pub(crate) fn target(&self, id: &SourceId) -> Option<TargetId> {
        match self.now.get(id) {
            Some(account) => account.as_ref()?.target.clone(),
            None => self.prior(id)?.target().map(TargetId::new),
        }
    }

    /// What people call an object; the id where nothing is known of it.
    pub(crate) fn name(&self, id: &SourceId) -> String {
        match self.now.get(id) {
            Some(Some(account)) => account.name.to_string(),
            _ => self.prior(id).map_or_else(|| id.to_string(), |prior| prior.name().to_owned()),
        }
    }

    fn prior(&self, id: &SourceId) -> Option<PriorView<'_>> {
        self.users.view(id).or_else(|| self.groups.view(id))
    }
}

/// How a reference to an object was to be taken when the cycle began.
pub(crate) fn referenced_before(prior: PriorView<'_>) -> Referenced {
    as_referenced(prior.target().map(TargetId::new), situation(prior))
}

fn as_referenced(target: Option<TargetId>, situation: Situation) -> Referenced {
    match (target, situation) {
        (Some(target), Situation::InScope | Situation::Failed) => Referenced::Linked(target),
        (None, Situation::Failed) | (_, Situation::Uncertain) => Referenced::Waiting,
        _ => Referenced::Unlinked,
    }
}

/// How an object stood when the cycle began.
pub(crate) fn situation(prior: PriorView<'_>) -> Situation {
    match (prior.standing(), prior.target(), prior.failure()) {
        _ if prior.deleted_since().is_some() => Situation::Recycled,
        (Standing::InScope, None, Some(_)) => Situation::Failed,
        (Standing::InScope, ..) => Situation::InScope,
        _ => Situation::OutOfScope,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_references_make_of_an_account() {
        let id = SourceId::parse("ann").unwrap();
        let check = |target: Option<&str>, situation, referenced: Referenced, exported: bool, recycled: bool| {
            let mut accounts = Accounts::default();
            let target = target.map(TargetId::new);
            accounts.note(&id, Some(Account { name: "Ann".into(), target, situation }));
            let found = (accounts.referenced(&id), accounts.exported(&id).is_some(), accounts.is_in_recycle_bin(&id));
            assert_eq!(found, (referenced, exported, recycled), "{situation:?}");
        };
        let linked = || Referenced::Linked(TargetId::new("T"));
        check(Some("T"), Situation::InScope, linked(), true, false);
        check(None, Situation::InScope, Referenced::Unlinked, false, false);
        check(Some("T"), Situation::Failed, linked(), false, false);
        check(None, Situation::Failed, Referenced::Waiting, false, false);
        check(Some("T"), Situation::OutOfScope, Referenced::Unlinked, false, false);
        check(Some("T"), Situation::Recycled, Referenced::Unlinked, false, true);
        check(Some("T"), Situation::Uncertain, Referenced::Waiting, false, true);
        // Nothing is kept of these.
        check(None, Situation::OutOfScope, Referenced::Unlinked, false, false);
        check(None, Situation::Recycled, Referenced::Unlinked, false, false);
        check(None, Situation::Uncertain, Referenced::Unlinked, false, false);
    }

    #[test]
    fn who_is_not_known() {
        let (accounts, id) = (Accounts::default(), SourceId::parse("ann").unwrap());
        assert_eq!(accounts.referenced(&id), Referenced::Unlinked);
        assert_eq!((accounts.exported(&id), accounts.target(&id), accounts.name(&id)), (None, None, "ann".to_owned()));
        assert!(!accounts.is_worked_on(&id) && !accounts.has_moved(&id));
    }
}

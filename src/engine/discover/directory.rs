//! The objects that an account could belong to: what the export, the rules and the links say of each.
//!
//! An object takes about 150 bytes (ids, name, hashes), with a comparison in view also the values that its account
//! was given, packed: some 300 to 500 bytes.

use std::borrow::Cow;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::wanted::Wanted;
use crate::base::{Fingerprint, SourceId, TargetId};
use crate::directory::User;
use crate::engine::fingerprints::{id_fingerprint, matching_fingerprint};
use crate::engine::{Due, EngineError, Evaluator, Index};
use crate::event::discovery::Owner;
use crate::matching;
use crate::plan::{Action, ActionKind, PlanContext, Presence, Reason, Step, plan_one};
use crate::schema::ObjectMapping;
use crate::scim::Resource;
use crate::store::ObjectStates;

/// Every object of one kind.
#[derive(Debug, Default)]
pub(super) struct Directory {
    pub(super) objects: Vec<Object>,
    /// Of every object the values that it is matched by, in precedence.
    keys: Vec<Fingerprint>,
    /// Of the objects that share an account the one that stands best; of equals the last, whose values are sent last.
    by_account: FxHashMap<Fingerprint, u32>,
    /// The others, each after the one that stands best; sorted.
    sharers: Vec<(u32, u32)>,
}

/// One object.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) owner: Arc<Owner>,
    pub(super) stands: Stands,
    pub(super) fate: Fate,
    /// What decided, in words; none for an object in scope that is worked on.
    pub(super) why: Option<Arc<str>>,
    /// The account that it is linked to.
    pub(super) target: Option<TargetId>,
    /// What its account is compared with.
    pub(super) wanted: Option<Wanted>,
    keys: Range<u32>,
}

/// How an object stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stands {
    InScope,
    /// The export can't tell.
    Uncertain,
    OutOfScope,
    /// Gone from the directory for good.
    Deleted,
}

/// What the service does when it comes to an object, before it has asked the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It asks for the account, and does what is to be done.
    Asked,
    /// It deletes the account, or would if that weren't held back.
    Removed,
    /// Nothing.
    Left,
}

/// What an object is read with.
pub(super) struct Reading<'a> {
    pub(super) evaluator: Evaluator<'a>,
    /// What the next cycle's first pass finds.
    pub(super) index: &'a Index,
    pub(super) context: PlanContext<'a>,
    /// Whether linked accounts will be compared.
    pub(super) compares: bool,
}

impl Directory {
    /// Reads every object that the export has, and those that are linked and gone from it.
    pub(super) fn read(reading: &Reading<'_>) -> Result<Self, EngineError> {
        let mut builder = Builder { reading, directory: Self::default(), reasons: FxHashSet::default() };
        let evaluator = &reading.evaluator;
        let mut here = FxHashSet::default();
        evaluator.each(&mut |user| {
            let mut user: User<'_> = user;
            let decision = evaluator.decide(&mut user);
            if evaluator.prior.is_some_and(|prior| prior.view(&user.id).is_some()) {
                here.insert(id_fingerprint(&user.id));
            }
            let values = evaluator.matching_values(&user);
            let due = evaluator.due(&user, &decision, reading.index);
            builder.add(due, values.into_iter().map(|(_, value)| value));
            ControlFlow::Continue(())
        })?;
        for (id, prior) in evaluator.prior.into_iter().flat_map(ObjectStates::iter) {
            if prior.target().is_some() && !here.contains(&id_fingerprint(id)) {
                builder.add(evaluator.absent(id, prior.to_prior_state(), reading.index), std::iter::empty());
            }
        }
        let mut directory = builder.directory;
        directory.find_sharers();
        Ok(directory)
    }

    /// The object that an account is linked to.
    pub(super) fn linked(&self, account: &str) -> Option<u32> {
        let object = *self.by_account.get(&account_fingerprint(account))?;
        let target = self.object(object).target.as_ref()?;
        (target.as_str() == account).then_some(object)
    }

    /// Whether an object speaks for the account that it is linked to, and no other one that shares it.
    pub(super) fn speaks(&self, index: u32, account: &TargetId) -> bool {
        self.linked(account.as_str()).is_none_or(|speaker| speaker == index)
    }

    /// Those that share the account of the one that speaks for it.
    pub(super) fn sharers(&self, speaker: u32) -> impl Iterator<Item = u32> {
        let start = self.sharers.partition_point(|(known, _)| *known < speaker);
        self.sharers[start..].iter().take_while(move |(known, _)| *known == speaker).map(|(_, sharer)| *sharer)
    }

    /// Tells all who share an account that it is gone, once it is known of those that speak for it.
    pub(super) fn tell_sharers(&self, gone: &mut [bool]) {
        for (speaker, sharer) in &self.sharers {
            gone[*sharer as usize] |= gone[*speaker as usize];
        }
    }

    /// Finds who shares an account with the one that speaks for it.
    fn find_sharers(&mut self) {
        let linked = (0..).zip(&self.objects).filter_map(|(index, object)| Some((index, object.target.as_ref()?)));
        if linked.clone().count() == self.by_account.len() {
            return;
        }
        let sharer = |(index, account): (u32, &TargetId)| {
            let speaker = self.linked(account.as_str()).filter(|speaker| *speaker != index)?;
            Some((speaker, index))
        };
        let mut sharers: Vec<_> = linked.filter_map(sharer).collect();
        sharers.sort_unstable();
        self.sharers = sharers;
    }

    pub(super) fn object(&self, index: u32) -> &Object {
        &self.objects[index as usize]
    }

    /// The values that an object is matched by, in precedence.
    pub(super) fn keys(&self, object: &Object) -> &[Fingerprint] {
        &self.keys[object.keys.start as usize..object.keys.end as usize]
    }
}

/// The values that an account is matched by, each with its place in the precedence.
pub(super) fn keys_of(mapping: &ObjectMapping, account: &Resource) -> Vec<(u16, Fingerprint)> {
    let key = |(place, index): (u16, &usize)| {
        let attribute = &mapping.attributes[*index].target;
        let value = matching::value_of(attribute, account)?;
        Some((place, matching_fingerprint(*index, attribute, Cow::Owned(value))))
    };
    (0..).zip(&mapping.matching).filter_map(key).collect()
}

fn account_fingerprint(account: &str) -> Fingerprint {
    Fingerprint::of(40, account.as_bytes())
}

struct Builder<'r, 'a> {
    reading: &'r Reading<'a>,
    directory: Directory,
    /// Texts that many objects share.
    reasons: FxHashSet<Arc<str>>,
}

impl Builder<'_, '_> {
    fn add(&mut self, due: Due, keys: impl Iterator<Item = Fingerprint>) {
        let target = due.prior.as_ref().and_then(|prior| prior.target.clone());
        let start = index_of(self.directory.keys.len());
        self.directory.keys.extend(keys);
        let keys = start..index_of(self.directory.keys.len());
        if target.is_none() && keys.is_empty() {
            return;
        }
        let Reading { context, compares, .. } = self.reading;
        let (fate, said) = match plan_one(context, &due.subject, due.prior.as_ref(), &[]) {
            Step::Need(_) => (Fate::Asked, None),
            Step::Act(Action { kind: ActionKind::Delete | ActionKind::StagedDelete, reason, .. }) => {
                (Fate::Removed, Some(reason))
            }
            Step::Act(action) => (Fate::Left, Some(action.reason)),
        };
        let (stands, why) = match (&due.subject.presence, said) {
            (Presence::InScope, said) => (Stands::InScope, said.map(|reason| reason.to_string())),
            (Presence::Uncertain(why), _) => (Stands::Uncertain, Some(why.to_string())),
            (Presence::Out(..), Some(said)) if !matches!(said, Reason::NotEffectivelyEntitled(_)) => {
                (Stands::OutOfScope, Some(said.to_string()))
            }
            (Presence::Out(_, why), _) => (Stands::OutOfScope, Some(why.to_string())),
            (Presence::HardDeleted, said) => (Stands::Deleted, said.map(|reason| reason.to_string())),
        };
        let wanted = (*compares && target.is_some()).then(|| Wanted::of(context, &due)).flatten();
        let index = index_of(self.directory.objects.len());
        if let Some(target) = &target {
            let Directory { objects, by_account, .. } = &mut self.directory;
            let speaker = by_account.entry(account_fingerprint(target.as_str())).or_insert(index);
            if objects.get(*speaker as usize).is_some_and(|other| stands <= other.stands) {
                *speaker = index;
            }
        }
        let Due { subject, .. } = due;
        let owner = Arc::new(Owner { id: subject.id, name: subject.name });
        let why = why.map(|why| self.share(why));
        self.directory.objects.push(Object { owner, stands, fate, why, target, wanted, keys });
    }

    fn share(&mut self, text: String) -> Arc<str> {
        if let Some(known) = self.reasons.get(text.as_str()) {
            return Arc::clone(known);
        }
        let text: Arc<str> = text.into();
        self.reasons.insert(Arc::clone(&text));
        text
    }
}

/// Memory ends before four billion of anything.
pub(super) fn index_of(index: usize) -> u32 {
    u32::try_from(index).expect("fewer than four billion")
}

impl Object {
    pub(super) fn id(&self) -> &SourceId {
        &self.owner.id
    }
}

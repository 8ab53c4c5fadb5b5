//! Reads the export twice: once to see what is due, once to prepare what is due.
//!
//! The first pass keeps a few bytes for each object (a fingerprint of the id, one for each matching
//! value, a bit for "due"); the second hands out the due objects one by one. Memory doesn't grow
//! with the size of the export beyond that. Users and groups go the same way: a group stands here
//! as a [`User`] that is never disabled nor in a recycle bin.

use std::ops::ControlFlow;

use super::accounts::referenced_before;
use super::computed::fill_computed;
use super::fingerprints::{
    FACTS, all_of, any_changed, carry, changed, deletion_fingerprint, enabled_fingerprint, id_fingerprint,
    matching_fingerprint,
};
use super::references::reference_name;
use super::steps::Imported;
use super::{EngineError, Index, KnownSets, Policy};
use crate::base::{Fingerprint, SignedDuration, SourceId, Timestamp};
use crate::directory::{AttributeNames, AttributeValue, Deletion, Known, RoleIndex, Slot, User};
use crate::event::Fact;
use crate::expression::Environment;
use crate::mapping::{self, Flow};
use crate::matching::{self, Query};
use crate::plan::{
    FailedPart, Failure, Leaving, PlanContext, Presence, PriorState, Reason, ReferenceContext, Referenced, Sent,
    Staged, Standing, Subject, is_single_open, removes_account,
};
use crate::schema::{AttributeSource, ObjectKind, ObjectMapping};
use crate::scoping::{Decision, decide, decide_group};
use crate::source::Export;
use crate::store::{KnownSet, ObjectStates, PriorView, References, TraceWriter};

/// Error code of a linked account that is gone.
const INVALID_ANCHOR: &str = "InvalidAnchor";

/// How long a user stays in the recycle bin.
const RECYCLE_BIN: SignedDuration = SignedDuration::from_hours(30 * 24);

/// One object that is due, with what is to be remembered of it.
#[derive(Debug, Clone)]
pub struct Due {
    /// For the planner.
    pub subject: Subject,
    /// How it stands now.
    pub standing: Standing,
    /// Fingerprints of its source data, in the watermark's order.
    pub fingerprints: Vec<Option<Fingerprint>>,
    /// All of them and the scope in one; see [`Failure::seen`].
    pub seen: Fingerprint,
    /// Since when it has been seen as soft-deleted.
    pub deleted_since: Option<Timestamp>,
    /// Its manager.
    pub manager: Manager,
    /// What was remembered of it.
    pub prior: Option<PriorState>,
    /// Target attributes that can't be told because the export lacks a column.
    pub unknown: Vec<String>,
    /// The user whose account it is to share.
    pub follows: Option<SourceId>,
    /// Whether others are to share its account.
    pub leads: bool,
    /// How it was read and what decided about its scope; empty where nobody asks.
    pub told: TraceWriter,
}

/// What the source says of a user's manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manager {
    /// Nothing: it isn't mapped, or the export doesn't contain it.
    Unknown,
    /// The user has none.
    Nobody,
    /// This user.
    Is(SourceId),
}

/// Evaluates the users or the groups of an export against the rules and the saved state.
#[derive(Debug, Clone, Copy)]
pub struct Evaluator<'a> {
    /// What decides, apart from the mapping.
    pub policy: &'a Policy,
    /// Mapping and filters of this kind of object.
    pub mapping: &'a ObjectMapping,
    /// The source attributes that they look at.
    pub names: &'a AttributeNames,
    /// The export.
    pub export: &'a Export,
    /// The saved states of this kind of object; `None` assumes a new job.
    pub prior: Option<&'a ObjectStates>,
    /// Which references were sent.
    pub references: Option<&'a References>,
    /// Ids known at the last watermark; `Some` makes the cycle incremental.
    pub known: Option<&'a KnownSet>,
    /// The cycle's beginning.
    pub now: Timestamp,
    /// What `Now()` and random functions go by.
    pub evaluated_at: Timestamp,
    /// Whether the steps are told, for the provisioning log.
    pub traced: bool,
}

impl Evaluator<'_> {
    /// The first pass: who is due, who shares a matching value, who is gone.
    pub fn index(&self) -> Result<Index, EngineError> {
        let mut index = Index::default();
        let mut ids = Vec::new();
        let mut values: Vec<(u64, u32)> = Vec::new();
        let mut row = 0_usize;
        let context = self.policy.context(self.mapping, self.known.is_none());
        index.finding_count = self.each(&mut |user| {
            let mut user: User<'_> = user;
            let decision = self.decide(&mut user);
            ids.push(id_fingerprint(&user.id).0);
            if decision.in_scope() {
                for (_, value) in self.matching_values(&user) {
                    values.push((value.0, u32::try_from(row).unwrap_or(u32::MAX)));
                }
            }
            index.managers_gone += usize::from(decision.in_scope() && self.lost_manager(&user));
            let due = self.is_due(&user, &decision);
            if due && !decision.in_scope() && self.leaves(&context, &user.id, &decision) {
                index.leaving += 1;
            }
            if due && self.selected(&user) {
                index.mark_due(row);
            }
            row += 1;
            ControlFlow::Continue(())
        })?;
        index.objects = row as u64;
        index.other_finding_count = self.export.diagnostic_count();
        let here = KnownSet::from_unsorted(ids);
        self.find_duplicates(&mut index, values)?;
        self.find_absent(&mut index, &here);
        index.known = self.known_now(here);
        Ok(index)
    }

    /// What a later read is measured by; groups, which are all in memory, are told with the users.
    fn known_now(&self, users: KnownSet) -> KnownSets {
        if self.mapping.kind == ObjectKind::Group {
            return KnownSets::default();
        }
        let entitlements = self.export.entitlements();
        let groups = entitlements.listed_groups().map(|group| id_fingerprint(&group.id).0);
        let assignments = entitlements.assignments().flat_map(|(principal, roles)| {
            let principal = id_fingerprint(principal);
            let role = |role: &RoleIndex| Fingerprint::of(12, entitlements.roles().get(*role).id.as_bytes());
            roles.iter().map(move |of| principal.then(role(of)).0)
        });
        let memberships = entitlements.groups().iter().flat_map(|group| {
            let id = id_fingerprint(&group.id);
            group.members.iter().map(move |member| id.then(id_fingerprint(member)).0)
        });
        KnownSets {
            users,
            groups: KnownSet::from_unsorted(groups.collect()),
            assignments: KnownSet::from_unsorted(assignments.collect()),
            memberships: KnownSet::from_unsorted(memberships.collect()),
        }
    }

    /// The second pass: every due object in the order of the export, then those who share the account of
    /// another one, then the absent ones by id.
    pub fn each_due(&self, index: &Index, each: &mut dyn FnMut(Due) -> ControlFlow<()>) -> Result<(), EngineError> {
        let mut row = 0_usize;
        let mut stopped = false;
        let mut followers = Vec::new();
        let imported = self.traced.then(|| Imported::new(self.mapping, self.names));
        self.each(&mut |user| {
            let mut user: User<'_> = user;
            let at = row;
            row += 1;
            if !index.is_due(at) {
                return ControlFlow::Continue(());
            }
            let decision = self.decide(&mut user);
            let mut due = self.due(&user, &decision, index);
            if let Some(imported) = &imported {
                self.tell(imported, &user, &decision, &mut due);
            }
            if due.follows.is_some() {
                followers.push(due);
                return ControlFlow::Continue(());
            }
            let flow = each(due);
            stopped = flow.is_break();
            flow
        })?;
        for due in followers {
            if stopped {
                break;
            }
            stopped = each(due).is_break();
        }
        for id in &index.absent {
            if stopped {
                break;
            }
            if let Some(prior) = self.prior.and_then(|prior| prior.get(id)) {
                stopped = each(self.absent(id, prior, index)).is_break();
            }
        }
        Ok(())
    }

    /// Hands out every object of this kind; gives the number of rows that couldn't be used.
    pub(super) fn each(&self, each: &mut dyn FnMut(User<'_>) -> ControlFlow<()>) -> Result<u64, EngineError> {
        match self.mapping.kind {
            ObjectKind::User => Ok(self.export.each_user(self.names, each)?.diagnostic_count),
            ObjectKind::Group => {
                self.export.each_group(self.names, each);
                Ok(self.export.group_finding_count())
            }
        }
    }

    /// Decides, and fills in what follows from the decision.
    pub(super) fn decide<'u>(&'u self, user: &mut User<'u>) -> Decision {
        if user.account_enabled == Known::Unknown && self.was_disabled(&user.id) {
            user.account_enabled = Known::Known(false);
        }
        let entitlements = self.export.entitlements();
        let decision = match self.mapping.kind {
            ObjectKind::User => decide(self.policy.scope, entitlements, &self.mapping.filters, user),
            ObjectKind::Group => decide_group(self.policy.scope, entitlements, &self.mapping.filters, user),
        };
        fill_computed(user, self.names, &decision, self.export.entitlements());
        decision
    }

    /// Whether the user was disabled when an export last said so: a column that is missing now is no
    /// change.
    fn was_disabled(&self, id: &SourceId) -> bool {
        let Some(prior) = self.prior.and_then(|prior| prior.view(id)) else { return false };
        let fingerprints: Vec<_> = prior.fingerprints().collect();
        // Facts stand last, whatever attributes there were.
        let fact = fingerprints.len().checked_sub(FACTS.len() - 1).and_then(|at| fingerprints[at]);
        fact == Some(enabled_fingerprint(false))
    }

    fn environment<'v>(&'v self, id: &SourceId, values: &'v [AttributeValue<'v>]) -> Environment<'v> {
        Environment {
            values,
            default_domain: self.policy.default_domain.as_deref(),
            now: self.evaluated_at,
            seed: self.seed(id),
        }
    }

    /// One number for each object and instant; it is mixed where it is used.
    fn seed(&self, id: &SourceId) -> u64 {
        let id = id.guid().map_or_else(
            || id_fingerprint(id).0,
            |guid| {
                let (high, low) = guid.as_u64_pair();
                high ^ low.rotate_left(32)
            },
        );
        let instant = self.evaluated_at.as_second().wrapping_mul(1_000_000_007);
        id ^ instant.wrapping_add(i64::from(self.evaluated_at.subsec_nanosecond())).cast_unsigned()
    }

    /// Fingerprints of the values that an account would be matched by, with the mapping's index.
    pub(super) fn matching_values(&self, user: &User<'_>) -> Vec<(usize, Fingerprint)> {
        let environment = self.environment(&user.id, &user.values);
        let mapping = self.mapping;
        let one = |index: &usize| {
            let attribute = &mapping.attributes[*index];
            let text = mapping::matching_text(attribute, &environment)?;
            Some((*index, matching_fingerprint(*index, &attribute.target, text)))
        };
        mapping.matching.iter().filter_map(one).collect()
    }

    fn selected(&self, user: &User<'_>) -> bool {
        let mail = self.names.get("mail").map(|slot| &user.values[usize::from(slot.0)]);
        let has_mail =
            |name: &String| matches!(mail, Some(AttributeValue::String(mail)) if mail.eq_ignore_ascii_case(name));
        self.policy.selects(&user.id, &user.name) || self.policy.only.iter().any(has_mail)
    }

    /// Whether leaving the scope removes its account, and nobody has allowed that yet.
    fn leaves(&self, context: &PlanContext<'_>, id: &SourceId, decision: &Decision) -> bool {
        let Some(prior) = self.prior.and_then(|prior| prior.view(id)) else { return false };
        prior.target().is_some()
            && !decision.is_uncertain()
            && !self.is_removal_allowed(prior.staged())
            && removes_account(context, prior.standing(), Leaving::Out)
    }

    fn is_removal_allowed(&self, staged: Option<Staged>) -> bool {
        staged.is_some_and(|staged| staged.is_allowed(self.now))
    }

    fn is_due(&self, user: &User<'_>, decision: &Decision) -> bool {
        let Some(known) = self.known else { return true };
        let Some(prior) = self.prior.and_then(|prior| prior.view(&user.id)) else {
            // Never exported: in scope it is new; out of scope it only counts when it is new.
            return decision.in_scope() || !known.contains(id_fingerprint(&user.id).0);
        };
        let fingerprints = self.fingerprints(user);
        if let Some(failure) = self.own_failure(prior) {
            return self.is_retried(failure) || failure.seen != all_of(&fingerprints, decision.in_scope());
        }
        let moved = (prior.standing() == Standing::InScope) != decision.in_scope();
        (moved && !decision.is_uncertain())
            // Held back when it left the scope, and perhaps back in it by now.
            || prior.staged().is_some()
            || prior.deleted_since().is_some() != matches!(user.deletion, Deletion::Soft(_))
            || any_changed(prior.fingerprints(), &fingerprints)
            || self.has_vanished(prior)
            || (decision.in_scope() && self.has_open_manager(user, prior))
    }

    /// Whether a PATCH of references found the account gone, and it is to be matched again now.
    fn has_vanished(&self, prior: PriorView<'_>) -> bool {
        let found_gone = |failure: &Failure| failure.code == INVALID_ANCHOR && self.is_retried(failure);
        self.policy.rematch_vanished && prior.failure().is_some_and(found_gone)
    }

    /// The failure that says when an object is tried again. The members of a group wait on their own.
    pub(super) fn own_failure<'p>(&self, prior: PriorView<'p>) -> Option<&'p Failure> {
        prior.failure().filter(|failure| self.is_own(failure))
    }

    fn is_own(&self, failure: &Failure) -> bool {
        failure.part == FailedPart::Export || self.mapping.kind == ObjectKind::User
    }

    /// Whether the time of an object in escrow has come, for another try or to be given up.
    fn is_retried(&self, failure: &Failure) -> bool {
        let escrow = &self.policy.escrow;
        escrow.is_pruned(failure.first_at, self.now)
            || escrow.is_due(failure.first_at, failure.last_at, failure.count, self.now)
    }

    /// Whether something is to be done about the manager of a user who didn't change.
    fn has_open_manager(&self, user: &User<'_>, prior: PriorView<'_>) -> bool {
        let Some(states) = self.prior else { return false };
        if prior.target().is_none() || !self.mapping.actions.update {
            return false;
        }
        let desired = match self.manager(user) {
            Manager::Unknown => return false,
            Manager::Nobody => None,
            Manager::Is(manager) => Some(manager),
        };
        let context = ReferenceContext { compare_all: false, resolve_late: self.policy.resolve_late_references };
        is_single_open(context, desired.as_ref(), self.known_manager(user), |manager| {
            states.view(manager).map_or(Referenced::Unlinked, referenced_before)
        })
    }

    /// What was sent of the user's manager.
    fn known_manager(&self, user: &User<'_>) -> Option<(&SourceId, Sent)> {
        let name = reference_name(self.mapping).unwrap_or_default();
        let known = self.references?.of(ObjectKind::User, &user.id, name);
        known.first().map(|(id, sent)| (id, *sent))
    }

    /// Whether the user's manager was sent, and there is none any more.
    fn lost_manager(&self, user: &User<'_>) -> bool {
        self.manager(user) == Manager::Nobody && matches!(self.known_manager(user), Some((_, Sent::Yes | Sent::Maybe)))
    }

    fn manager(&self, user: &User<'_>) -> Manager {
        let source = self.mapping.reference.map(|index| &self.mapping.attributes[index].source);
        match source {
            Some(AttributeSource::Direct(slot)) if self.mapping.kind == ObjectKind::User => {
                match &user.values[usize::from(slot.0)] {
                    AttributeValue::Unknown => Manager::Unknown,
                    AttributeValue::String(id) => SourceId::parse(id).map_or(Manager::Nobody, Manager::Is),
                    _ => Manager::Nobody,
                }
            }
            _ => Manager::Unknown,
        }
    }

    fn fingerprints(&self, user: &User<'_>) -> Vec<Option<Fingerprint>> {
        let assignments = self.export.entitlements().fingerprint(&user.id);
        let enabled = match user.account_enabled {
            Known::Known(enabled) => Some(enabled_fingerprint(enabled)),
            Known::Unknown => None,
        };
        let deletion = deletion_fingerprint(matches!(user.deletion, Deletion::Soft(_)));
        let facts = [Some(assignments), enabled, Some(deletion)];
        user.values.iter().map(AttributeValue::fingerprint).chain(facts).collect()
    }

    /// What is known of an object of the export, due or not.
    pub(super) fn due(&self, user: &User<'_>, decision: &Decision, index: &Index) -> Due {
        let mapping = self.mapping;
        let prior = self.prior.and_then(|prior| prior.get(&user.id));
        // Without a state to compare with or to write to, nobody asks what changed.
        let fingerprints = if self.prior.is_some() { self.fingerprints(user) } else { Vec::new() };
        let (desired, error) = mapping::evaluate_each(mapping, &self.environment(&user.id, &user.values));
        let mut defect = error.map(|error| Reason::InvalidValue(error.to_string().into()));
        let queries: Vec<Query> = if defect.is_none() { matching::queries(mapping, &desired) } else { Vec::new() };
        if defect.is_none() && queries.is_empty() {
            let names = mapping.matching.iter().map(|index| mapping.attributes[*index].target.name.as_str());
            defect = Some(Reason::ImportSkipped(names.collect::<Vec<_>>().join(", ").into()));
        }
        if let Some(others) = index.duplicates.get(&user.id) {
            defect.get_or_insert_with(|| Reason::DuplicateSourceEntries(others.clone()));
        }
        let mut standing = decision.standing();
        if let Some(prior) = prior.as_ref().filter(|prior| prior.standing.is_unmanaged())
            && standing == Standing::SoftDeleted
        {
            standing = prior.standing;
        }
        let seen = all_of(&fingerprints, decision.in_scope());
        let why = || decision.deciding(&mapping.filters).into_boxed_str();
        let presence = match decision {
            decision if decision.is_uncertain() => Presence::Uncertain(why()),
            decision if decision.in_scope() => Presence::InScope,
            _ => Presence::Out(standing, why()),
        };
        let old = prior.as_ref().map_or(&[][..], |prior| &prior.fingerprints);
        let slots: Vec<bool> = changed(old, &fingerprints).collect();
        let slot_changed = |slot: &Slot| slots.get(usize::from(slot.0)).copied().unwrap_or(true);
        let changed = mapping.attributes.iter().map(|attribute| attribute.slots.iter().any(slot_changed)).collect();
        let unknown = mapping
            .attributes
            .iter()
            .zip(&desired)
            .filter(|(_, flow)| **flow == Flow::Unknown)
            .map(|(attribute, _)| attribute.target.name.clone())
            .collect();
        let deleted_since = match user.deletion {
            Deletion::None => None,
            Deletion::Soft(since) => {
                since.or_else(|| prior.as_ref().and_then(|prior| prior.deleted_since)).or(Some(self.now))
            }
        };
        Due {
            subject: Subject {
                id: user.id.clone(),
                name: name_of(user),
                presence,
                desired,
                queries,
                changed,
                defect,
                removal_allowed: self.is_removal_allowed(prior.as_ref().and_then(|prior| prior.staged)),
                pruned: self.is_pruned(prior.as_ref(), seen),
            },
            standing,
            seen,
            manager: self.manager(user),
            fingerprints: carry(old, fingerprints),
            deleted_since,
            prior,
            unknown,
            follows: index.followers.get(&user.id).cloned(),
            leads: index.leaders.contains(&user.id),
            told: TraceWriter::default(),
        }
    }

    /// An object that was exported once and that the export doesn't contain any more.
    pub(super) fn absent(&self, id: &SourceId, prior: PriorState, index: &Index) -> Due {
        let mapping = self.mapping;
        let mut values = vec![AttributeValue::Unknown; self.names.len()];
        if let Some(slot) = self.names.get("IsSoftDeleted") {
            values[usize::from(slot.0)] = AttributeValue::Bool(true);
        }
        if let Some(slot) = self.names.get("accountEnabled") {
            values[usize::from(slot.0)] = AttributeValue::Bool(false);
        }
        let (desired, error) = mapping::evaluate_each(mapping, &self.environment(id, &values));
        // What is assumed here counts as exported: whoever comes back differs from it.
        let facts = [None, None, Some(deletion_fingerprint(true))];
        let fingerprints = values.iter().map(AttributeValue::fingerprint).chain(facts).collect();
        let fingerprints = carry(&prior.fingerprints, fingerprints);
        let deleted_since = prior.deleted_since.unwrap_or(self.now);
        let (presence, standing) = if let Some(why) = self.doubt(index) {
            (Presence::Uncertain(why.into()), prior.standing)
        } else if self.is_hard_deleted(prior.deleted_since) {
            (Presence::HardDeleted, prior.standing)
        } else {
            let standing = match prior.standing {
                Standing::OutOfScope | Standing::LeftAlone => prior.standing,
                Standing::InScope | Standing::Disabled | Standing::SoftDeleted => Standing::SoftDeleted,
            };
            (Presence::Out(standing, "no longer in the export, so in the recycle bin".into()), standing)
        };
        let mut told = TraceWriter::default();
        if self.traced {
            told.fact(&Fact::Absent);
        }
        Due {
            subject: Subject {
                id: id.clone(),
                name: prior.name.clone(),
                presence,
                changed: vec![false; desired.len()],
                desired,
                queries: Vec::new(),
                defect: error.map(|error| Reason::InvalidValue(error.to_string().into())),
                removal_allowed: self.is_removal_allowed(prior.staged),
                pruned: self.is_pruned(Some(&prior), Fingerprint(0)),
            },
            standing,
            seen: Fingerprint(0),
            manager: Manager::Unknown,
            fingerprints,
            deleted_since: Some(deleted_since),
            prior: Some(prior),
            unknown: Vec::new(),
            follows: None,
            leads: false,
            told,
        }
    }

    /// Why an object that isn't in the export may be there all the same: that is nobody's leaving.
    fn doubt(&self, index: &Index) -> Option<String> {
        let (list, is_listed) = match self.mapping.kind {
            ObjectKind::User => ("user", true),
            ObjectKind::Group => ("group", self.export.has_group_list()),
        };
        if index.finding_count > 0 {
            return Some(format!(
                "not in the {list} list, but {} of its rows couldn't be used; left alone until they are mended",
                index.finding_count
            ));
        }
        (!is_listed).then(|| "a list of memberships doesn't say which groups there are; left alone".to_owned())
    }

    /// Whether an object is given up. What is new about it since the last try is tried first.
    fn is_pruned(&self, prior: Option<&PriorState>, seen: Fingerprint) -> bool {
        let failure = prior.and_then(|prior| prior.failure.as_ref()).filter(|failure| self.is_own(failure));
        failure.is_some_and(|failure| self.policy.escrow.is_pruned(failure.first_at, self.now) && failure.seen == seen)
    }

    /// With a list of deleted users, who is in neither list is gone; without one, who has been
    /// missing for 30 days. Groups have no recycle bin.
    fn is_hard_deleted(&self, deleted_since: Option<Timestamp>) -> bool {
        self.mapping.kind == ObjectKind::Group
            || self.export.has_deleted_users()
            || deleted_since.is_some_and(|since| self.now.duration_since(since) >= RECYCLE_BIN)
    }

    fn find_absent(&self, index: &mut Index, here: &KnownSet) {
        let Some(prior) = self.prior else { return };
        let context = self.policy.context(self.mapping, self.known.is_none());
        let mut absent = Vec::new();
        let is_sure = self.doubt(index).is_none();
        for (id, prior) in prior.iter().filter(|(id, _)| !here.contains(id_fingerprint(id).0)) {
            let gone = self.is_hard_deleted(prior.deleted_since());
            let allowed = self.is_removal_allowed(prior.staged());
            let leaving = if gone { Leaving::HardDeleted } else { Leaving::Out };
            let settled = self.known.is_some()
                && prior.deleted_since().is_some()
                // Whose leaving failed is in scope still.
                && prior.standing() != Standing::InScope
                && prior.staged().is_none()
                && !gone;
            // Who was still there at the last try has left since.
            let is_retried = |failure: &Failure| failure.seen != Fingerprint(0) || self.is_retried(failure);
            if !self.own_failure(prior).map_or(!settled, is_retried) {
                continue;
            }
            // Deletions are counted over everybody, whoever is looked at.
            if self.policy.only.is_empty() {
                absent.push(id.clone());
            }
            if is_sure && prior.target().is_some() && !allowed && removes_account(&context, prior.standing(), leaving) {
                index.leaving += 1;
            }
        }
        absent.sort_unstable();
        index.due += absent.len() as u64;
        index.absent = absent;
    }
}

/// What people call a user: without a name, the id.
fn name_of(user: &User<'_>) -> Box<str> {
    if user.name.is_empty() { user.id.to_string().into() } else { user.name.as_ref().into() }
}

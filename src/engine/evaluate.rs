//! Reads the export twice: once to see what is due, once to prepare what is due.
//!
//! The first pass keeps a few bytes for each user (a fingerprint of the id, one for each matching
//! value, a bit for "due"); the second hands out the due users one by one. Memory doesn't grow
//! with the size of the export beyond that.

use std::borrow::Cow;
use std::ops::ControlFlow;

use rustc_hash::{FxHashMap, FxHashSet};

use super::computed::fill_computed;
use super::{EngineError, Policy};
use crate::base::{Fingerprint, SignedDuration, SourceId, Timestamp};
use crate::config::Duplicates;
use crate::directory::{AttributeValue, Deletion, Known, Slot, User};
use crate::expression::Environment;
use crate::mapping::{self, Flow};
use crate::matching::{self, Query};
use crate::plan::{Presence, PriorState, Reason, Standing, Subject};
use crate::schema::CompiledSchema;
use crate::scoping::{Decision, decide};
use crate::source::Export;
use crate::store::{KnownSet, ObjectStates};

/// How long a user stays in the recycle bin.
const RECYCLE_BIN: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Facts beside the attributes that make an object change.
pub(crate) const FACTS: &[&str] = &["@assignments", "@accountEnabled", "@deletion"];

/// What the first pass found.
#[derive(Debug, Default)]
pub struct Index {
    /// Users read, the ones in the recycle bin included.
    pub objects: u64,
    /// How many objects are due, absent ones included.
    pub due: u64,
    /// Ids of every user.
    pub users: KnownSet,
    /// Every direct assignment.
    pub assignments: KnownSet,
    /// Every membership.
    pub memberships: KnownSet,
    /// Findings in the rows of users and deleted users.
    pub finding_count: u64,
    /// Findings in assignments, groups and application.
    pub other_finding_count: u64,
    /// Sentences about users that are to share an account.
    pub shared: Vec<String>,
    due_rows: Vec<u64>,
    duplicates: FxHashMap<SourceId, Box<str>>,
    /// Users that share the account of another one, which is worked on first.
    followers: FxHashMap<SourceId, SourceId>,
    leaders: FxHashSet<SourceId>,
    absent: Vec<SourceId>,
}

/// A user with a matching value that others have too: id, name, whether it is due.
type Sharer = (SourceId, String, bool);

impl Index {
    /// Says how many rows of the export couldn't be used.
    pub fn findings(&self) -> Option<String> {
        let counts = [("the user list", self.finding_count), ("the other files", self.other_finding_count)];
        let found: Vec<_> = counts
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(file, count)| format!("{count} in {file}"))
            .collect();
        (!found.is_empty()).then(|| {
            format!(
                "rows of the export couldn't be used and were left out: {} (`scimulate inspect` lists them)",
                found.join(", ")
            )
        })
    }

    fn is_due(&self, row: usize) -> bool {
        self.due_rows.get(row / 64).is_some_and(|bits| bits >> (row % 64) & 1 == 1)
    }

    fn mark_due(&mut self, row: usize) {
        if self.due_rows.len() <= row / 64 {
            self.due_rows.resize(row / 64 + 1, 0);
        }
        self.due_rows[row / 64] |= 1 << (row % 64);
        self.due += 1;
    }

    /// What the second pass needs of it; the rest stays for the watermark.
    pub(crate) fn take_rows(&mut self) -> Self {
        Self {
            due_rows: std::mem::take(&mut self.due_rows),
            duplicates: std::mem::take(&mut self.duplicates),
            followers: std::mem::take(&mut self.followers),
            leaders: std::mem::take(&mut self.leaders),
            absent: std::mem::take(&mut self.absent),
            finding_count: self.finding_count,
            ..Self::default()
        }
    }

    /// Lets a group of users with one matching value, sorted by id, share the account of the first.
    fn share(&mut self, group: &[Sharer]) {
        self.leaders.insert(group[0].0.clone());
        for (id, ..) in &group[1..] {
            self.followers.entry(id.clone()).or_insert_with(|| group[0].0.clone());
        }
        if group.iter().any(|(.., due)| *due) {
            let names: Vec<String> = group.iter().map(|(id, name, _)| format!("{name} ({id})")).collect();
            self.shared.push(format!("{} have the same matching value and share one account", names.join(", ")));
        }
    }
}

/// One object that is due, with what is to be remembered of it.
#[derive(Debug, Clone)]
pub struct Due {
    /// For the planner.
    pub subject: Subject,
    /// How it stands now.
    pub standing: Standing,
    /// Fingerprints of its source data, in the watermark's order.
    pub fingerprints: Vec<Option<Fingerprint>>,
    /// Since when it has been seen as soft-deleted.
    pub deleted_since: Option<Timestamp>,
    /// What was remembered of it.
    pub prior: Option<PriorState>,
    /// Target attributes that can't be told because the export lacks a column.
    pub unknown: Vec<String>,
    /// The user whose account it is to share.
    pub follows: Option<SourceId>,
    /// Whether others are to share its account.
    pub leads: bool,
}

/// Evaluates the users of an export against the rules and the saved state.
#[derive(Debug, Clone, Copy)]
pub struct Evaluator<'a> {
    /// What decides, apart from the mapping.
    pub policy: &'a Policy,
    /// Mapping and filters.
    pub rules: &'a CompiledSchema,
    /// The export.
    pub export: &'a Export,
    /// The saved state; `None` assumes a new job.
    pub prior: Option<&'a ObjectStates>,
    /// Ids known at the last watermark; `Some` makes the cycle incremental.
    pub known_users: Option<&'a KnownSet>,
    /// The cycle's beginning.
    pub now: Timestamp,
    /// What `Now()` and random functions go by.
    pub evaluated_at: Timestamp,
}

/// Names of the fingerprints, in their order.
pub(crate) fn fingerprint_names(rules: &CompiledSchema) -> Vec<String> {
    rules.attributes.iter().map(|(_, name)| name).chain(FACTS.iter().copied()).map(str::to_owned).collect()
}

/// Fingerprint of an id, as known sets keep it.
pub(crate) fn id_fingerprint(id: &SourceId) -> Fingerprint {
    match id.guid() {
        Some(guid) => Fingerprint::of(10, guid.as_bytes()),
        None => Fingerprint::of(11, id.to_string().as_bytes()),
    }
}

impl Evaluator<'_> {
    /// The first pass: who is due, who shares a matching value, who is gone.
    pub fn index(&self) -> Result<Index, EngineError> {
        let mut index = Index::default();
        let mut ids = Vec::new();
        let mut values: Vec<(u64, u32)> = Vec::new();
        let mut row = 0_usize;
        let summary = self.export.each_user(&self.rules.attributes, &mut |user| {
            let mut user: User<'_> = user;
            let decision = self.decide(&mut user);
            ids.push(id_fingerprint(&user.id).0);
            if decision.in_scope() {
                for (_, value) in self.matching_values(&user) {
                    values.push((value.0, u32::try_from(row).unwrap_or(u32::MAX)));
                }
            }
            if self.selected(&user) && self.user_is_due(&user, &decision) {
                index.mark_due(row);
            }
            row += 1;
            ControlFlow::Continue(())
        })?;
        index.objects = row as u64;
        index.finding_count = summary.diagnostic_count;
        index.other_finding_count = self.export.diagnostic_count();
        index.users = KnownSet::from_unsorted(ids);
        let entitlements = self.export.entitlements();
        index.assignments = KnownSet::from_unsorted(
            entitlements
                .assignments()
                .flat_map(|(principal, roles)| {
                    let principal = id_fingerprint(principal);
                    roles.iter().map(move |role| {
                        let role = entitlements.roles().get(*role).id;
                        principal.then(Fingerprint::of(12, role.as_bytes())).0
                    })
                })
                .collect(),
        );
        index.memberships = KnownSet::from_unsorted(
            entitlements
                .groups()
                .iter()
                .flat_map(|group| {
                    let id = id_fingerprint(&group.id);
                    group.members.iter().map(move |member| id.then(id_fingerprint(member)).0)
                })
                .collect(),
        );
        self.find_duplicates(&mut index, values)?;
        self.find_absent(&mut index);
        Ok(index)
    }

    /// The second pass: every due user in the order of the export, then those who share the account of
    /// another one, then the absent ones by id.
    pub fn each_due(&self, index: &Index, each: &mut dyn FnMut(Due) -> ControlFlow<()>) -> Result<(), EngineError> {
        let mut row = 0_usize;
        let mut stopped = false;
        let mut followers = Vec::new();
        self.export.each_user(&self.rules.attributes, &mut |user| {
            let mut user: User<'_> = user;
            let at = row;
            row += 1;
            if !index.is_due(at) {
                return ControlFlow::Continue(());
            }
            let decision = self.decide(&mut user);
            let due = self.due(&user, &decision, index);
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

    /// Decides, and fills in what follows from the decision.
    fn decide<'u>(&'u self, user: &mut User<'u>) -> Decision {
        if user.account_enabled == Known::Unknown && self.was_disabled(&user.id) {
            user.account_enabled = Known::Known(false);
        }
        let decision = decide(self.policy.scope, self.export.entitlements(), &self.rules.users.filters, user);
        fill_computed(user, &self.rules.attributes, &decision, self.export.entitlements());
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
    fn matching_values(&self, user: &User<'_>) -> Vec<(usize, Fingerprint)> {
        let environment = self.environment(&user.id, &user.values);
        let mapping = &self.rules.users;
        let one = |index: &usize| {
            let attribute = &mapping.attributes[*index];
            let text = mapping::matching_text(attribute, &environment)?;
            let text = if attribute.target.case_exact { text } else { lower_case(text) };
            let kind = u8::try_from(index % 200).unwrap_or(0);
            Some((*index, Fingerprint::of(20 + kind, text.as_bytes())))
        };
        mapping.matching.iter().filter_map(one).collect()
    }

    fn selected(&self, user: &User<'_>) -> bool {
        if self.policy.only.is_empty() {
            return true;
        }
        let mail = self.rules.attributes.get("mail").map(|slot| &user.values[usize::from(slot.0)]);
        self.policy.only.iter().any(|name| {
            name.eq_ignore_ascii_case(&user.name)
                || SourceId::parse(name).is_ok_and(|id| id == user.id)
                || matches!(mail, Some(AttributeValue::String(mail)) if mail.eq_ignore_ascii_case(name))
        })
    }

    fn user_is_due(&self, user: &User<'_>, decision: &Decision) -> bool {
        let Some(known) = self.known_users else { return true };
        match self.prior.and_then(|prior| prior.view(&user.id)) {
            Some(prior) => {
                let moved = (prior.standing() == Standing::InScope) != decision.in_scope();
                prior.failure().is_some()
                    || (moved && !decision.is_uncertain())
                    || prior.deleted_since().is_some() != matches!(user.deletion, Deletion::Soft(_))
                    || any_changed(prior.fingerprints(), &self.fingerprints(user))
            }
            // Never exported: in scope it is new; out of scope it only counts when it is new.
            None => decision.in_scope() || !known.contains(id_fingerprint(&user.id).0),
        }
    }

    fn fingerprints(&self, user: &User<'_>) -> Vec<Option<Fingerprint>> {
        let assignments = self.export.entitlements().fingerprint(&user.id);
        let enabled = match user.account_enabled {
            Known::Known(enabled) => Some(enabled_fingerprint(enabled)),
            Known::Unknown => None,
        };
        let deletion = deletion(matches!(user.deletion, Deletion::Soft(_)));
        let facts = [Some(assignments), enabled, Some(deletion)];
        user.values.iter().map(AttributeValue::fingerprint).chain(facts).collect()
    }

    fn due(&self, user: &User<'_>, decision: &Decision, index: &Index) -> Due {
        let mapping = &self.rules.users;
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
        if prior.as_ref().is_some_and(|prior| prior.standing == Standing::OutOfScope)
            && standing == Standing::SoftDeleted
        {
            standing = Standing::OutOfScope;
        }
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
            subject: Subject { id: user.id.clone(), name: name_of(user), presence, desired, queries, changed, defect },
            standing,
            fingerprints: carry(old, fingerprints),
            deleted_since,
            prior,
            unknown,
            follows: index.followers.get(&user.id).cloned(),
            leads: index.leaders.contains(&user.id),
        }
    }

    /// An object that was exported once and that the export doesn't contain any more.
    fn absent(&self, id: &SourceId, prior: PriorState, index: &Index) -> Due {
        let mapping = &self.rules.users;
        let mut values = vec![AttributeValue::Unknown; self.rules.attributes.len()];
        if let Some(slot) = self.rules.attributes.get("IsSoftDeleted") {
            values[usize::from(slot.0)] = AttributeValue::Bool(true);
        }
        if let Some(slot) = self.rules.attributes.get("accountEnabled") {
            values[usize::from(slot.0)] = AttributeValue::Bool(false);
        }
        let (desired, error) = mapping::evaluate_each(mapping, &self.environment(id, &values));
        // What is assumed here counts as exported: whoever comes back differs from it.
        let facts = [None, None, Some(deletion(true))];
        let fingerprints = values.iter().map(AttributeValue::fingerprint).chain(facts).collect();
        let fingerprints = carry(&prior.fingerprints, fingerprints);
        let deleted_since = prior.deleted_since.unwrap_or(self.now);
        let (presence, standing) = if index.finding_count > 0 {
            // The row may be there and merely unusable: that is nobody's leaving.
            let why = format!(
                "not in the user list, but {} of its rows couldn't be used; left alone until they are mended",
                index.finding_count
            );
            (Presence::Uncertain(why.into()), prior.standing)
        } else if self.is_hard_deleted(prior.deleted_since) {
            (Presence::HardDeleted, prior.standing)
        } else {
            let standing = match prior.standing {
                Standing::OutOfScope => Standing::OutOfScope,
                Standing::InScope | Standing::Disabled | Standing::SoftDeleted => Standing::SoftDeleted,
            };
            (Presence::Out(standing, "no longer in the export, so in the recycle bin".into()), standing)
        };
        Due {
            subject: Subject {
                id: id.clone(),
                name: prior.name.clone(),
                presence,
                changed: vec![false; desired.len()],
                desired,
                queries: Vec::new(),
                defect: error.map(|error| Reason::InvalidValue(error.to_string().into())),
            },
            standing,
            fingerprints,
            deleted_since: Some(deleted_since),
            prior: Some(prior),
            unknown: Vec::new(),
            follows: None,
            leads: false,
        }
    }

    /// With a list of deleted users, who is in neither list is gone; without one, who has been
    /// missing for 30 days.
    fn is_hard_deleted(&self, deleted_since: Option<Timestamp>) -> bool {
        self.export.has_deleted_users()
            || deleted_since.is_some_and(|since| self.now.duration_since(since) >= RECYCLE_BIN)
    }

    fn find_absent(&self, index: &mut Index) {
        let Some(prior) = self.prior else { return };
        if !self.policy.only.is_empty() {
            return;
        }
        let mut absent: Vec<SourceId> = prior
            .iter()
            .filter(|(id, _)| !index.users.contains(id_fingerprint(id).0))
            .filter(|(_, prior)| {
                self.known_users.is_none()
                    || prior.deleted_since().is_none()
                    || prior.failure().is_some()
                    || self.is_hard_deleted(prior.deleted_since())
            })
            .map(|(id, _)| id.clone())
            .collect();
        absent.sort_unstable();
        index.due += absent.len() as u64;
        index.absent = absent;
    }

    /// Objects that share a matching value: the one that is linked stays, else the first by id; the
    /// others are named together.
    fn find_duplicates(&self, index: &mut Index, mut values: Vec<(u64, u32)>) -> Result<(), EngineError> {
        values.sort_unstable();
        let suspects: FxHashSet<u32> =
            values.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1).flatten().map(|(_, row)| *row).collect();
        drop(values);
        if suspects.is_empty() {
            return Ok(());
        }
        let mut groups: FxHashMap<(usize, u64), Vec<Sharer>> = FxHashMap::default();
        let mut row = 0_u32;
        self.export.each_user(&self.rules.attributes, &mut |user| {
            let mut user: User<'_> = user;
            if suspects.contains(&row) {
                let _in_scope = self.decide(&mut user);
                let due = index.is_due(usize::try_from(row).unwrap_or(usize::MAX));
                for (mapping, value) in self.matching_values(&user) {
                    let group = groups.entry((mapping, value.0)).or_default();
                    group.push((user.id.clone(), user.name.to_string(), due));
                }
            }
            row = row.saturating_add(1);
            ControlFlow::Continue(())
        })?;
        let is_linked =
            |id: &SourceId| self.prior.and_then(|prior| prior.view(id)).is_some_and(|prior| prior.target().is_some());
        for mut group in groups.into_values().filter(|group| group.len() > 1) {
            // Who has the account keeps it; apart from that the order of the ids decides.
            group.sort_by(|a, b| is_linked(&b.0).cmp(&is_linked(&a.0)).then_with(|| a.cmp(b)));
            if self.policy.duplicates == Duplicates::Link {
                index.share(&group);
                continue;
            }
            for later in 1..group.len() {
                let others: Vec<String> = group
                    .iter()
                    .enumerate()
                    .filter(|(at, _)| *at != later)
                    .map(|(_, (id, name, _))| format!("{name} ({id})"))
                    .collect();
                index.duplicates.insert(group[later].0.clone(), others.join(", ").into());
            }
        }
        index.shared.sort();
        Ok(())
    }
}

/// What people call a user: without a name, the id.
fn name_of(user: &User<'_>) -> Box<str> {
    if user.name.is_empty() { user.id.to_string().into() } else { user.name.as_ref().into() }
}

/// In lower case, without a copy where it is already.
fn lower_case(text: Cow<'_, str>) -> Cow<'_, str> {
    let is_lower = text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    if is_lower { text } else { Cow::Owned(text.to_lowercase()) }
}

fn enabled_fingerprint(enabled: bool) -> Fingerprint {
    Fingerprint::of(30, &[u8::from(enabled)])
}

/// Fingerprint of being in the recycle bin or not.
fn deletion(deleted: bool) -> Fingerprint {
    Fingerprint::of(31, &[u8::from(deleted)])
}

/// For each fingerprint, whether it is another one than before. What is unknown now isn't a change.
fn changed<'f>(old: &'f [Option<Fingerprint>], new: &'f [Option<Fingerprint>]) -> impl Iterator<Item = bool> + 'f {
    new.iter().enumerate().map(|(at, new)| new.is_some() && old.get(at).copied().flatten() != *new)
}

fn any_changed(old: impl Iterator<Item = Option<Fingerprint>>, new: &[Option<Fingerprint>]) -> bool {
    let mut old = old.fuse();
    new.iter().any(|new| {
        let old = old.next().flatten();
        new.is_some() && old != *new
    })
}

/// The new fingerprints, with the old one where the export lacks the attribute now.
fn carry(old: &[Option<Fingerprint>], new: Vec<Option<Fingerprint>>) -> Vec<Option<Fingerprint>> {
    new.into_iter().enumerate().map(|(at, new)| new.or_else(|| old.get(at).copied().flatten())).collect()
}

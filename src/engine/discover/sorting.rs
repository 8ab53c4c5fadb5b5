//! Whose each account is, by the links and by the rules of matching.
//!
//! What claims an account is worked out by value, not by account: however many objects and accounts share one, each
//! is looked at once.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::directory::{Directory, Fate, Object, Stands, index_of};
use crate::base::{Fingerprint, SourceId, TargetId};
use crate::event::discovery::{Category, Collision, CollisionKind, DiscoveredAccount, Flag, Flags};
use crate::matching;
use crate::schema::{ObjectKind, ObjectMapping};

/// An account as it was listed.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) account: DiscoveredAccount,
    /// The object that it is linked to.
    pub(super) object: Option<u32>,
    /// The values that it is matched by, each with its place in the precedence.
    pub(super) keys: Box<[(u16, Fingerprint)]>,
}

/// How the accounts of one kind are sorted.
pub(super) struct Sorting<'a> {
    pub(super) directory: &'a Directory,
    pub(super) mapping: &'a ObjectMapping,
    /// Whether objects may share an account.
    pub(super) may_share: bool,
    /// Whether an object whose account is gone is matched again.
    pub(super) rematches: bool,
    /// Of every object whether the account that it is linked to isn't there any more.
    pub(super) gone: &'a [bool],
}

/// The objects that look for accounts by one value.
#[derive(Debug, Default)]
struct Claim {
    /// The one that has the best claim.
    best: Option<u32>,
    /// The first of those in scope that aren't linked.
    seekers: Vec<u32>,
    /// How many these are.
    seeker_count: u64,
}

/// A claim on one account.
struct Claimed<'a> {
    /// Which of the matching attributes.
    place: u16,
    claim: &'a Claim,
    /// The accounts that have the value.
    holders: &'a [(Fingerprint, u32)],
}

impl Sorting<'_> {
    /// Sorts accounts, and adds those that are gone.
    pub(super) fn sort(&self, mut listed: Vec<Listed>) -> Vec<DiscoveredAccount> {
        let holders = holders(&listed);
        let claims = self.claims(&holders);
        let attributes = self.mapping.matching.iter().map(|index| &self.mapping.attributes[*index].target);
        let names: Vec<Arc<str>> = attributes.map(|attribute| attribute.name.as_str().into()).collect();
        for at in 0..listed.len() {
            let claimed = |(place, key): &(u16, Fingerprint)| {
                Some(Claimed { place: *place, claim: claims.get(key)?, holders: held_by(&holders, *key) })
            };
            let claimed: Vec<_> = listed[at].keys.iter().filter_map(claimed).collect();
            let object = listed[at].object;
            let account = std::mem::replace(&mut listed[at].account, blank(TargetId::new(""), self.mapping.kind));
            listed[at].account = match object {
                Some(object) => self.linked(account, object, &claimed),
                None => self.unlinked(account, (at, &listed), &claimed, &names),
            };
        }
        let mut accounts: Vec<_> = listed.into_iter().map(|listed| listed.account).collect();
        let gone = self.directory.objects.iter().zip(self.gone).filter(|(_, gone)| **gone);
        accounts.extend(gone.filter_map(|(object, _)| self.vanished(object)));
        accounts
    }

    /// What each value is claimed by: an object looks only for the first of its values that any account has.
    fn claims(&self, holders: &[(Fingerprint, u32)]) -> FxHashMap<Fingerprint, Claim> {
        let mut claims: FxHashMap<Fingerprint, Claim> = FxHashMap::default();
        for (index, object) in (0..).zip(&self.directory.objects) {
            let keys = self.directory.keys(object);
            let Some(key) = keys.iter().find(|key| !held_by(holders, **key).is_empty()) else { continue };
            let claim = claims.entry(*key).or_default();
            claim.best = claim.best.filter(|best| self.rank(*best) <= self.rank(index)).or(Some(index));
            if is_seeker(object) {
                claim.seeker_count += 1;
                // One of them may be the owner, who isn't told of.
                if claim.seekers.len() <= Collision::NAMED {
                    claim.seekers.push(index);
                }
            }
        }
        claims
    }

    /// Who goes first of several objects with one value; of equals the first by id.
    fn rank(&self, index: u32) -> (Stands, bool, bool, &SourceId) {
        let object = self.directory.object(index);
        let is_elsewhere = object.target.is_some() && !self.looks_again(index);
        (object.stands, is_elsewhere, object.fate == Fate::Left, object.id())
    }

    /// Whether an object that was linked is matched again.
    fn looks_again(&self, index: u32) -> bool {
        self.rematches && self.gone[index as usize]
    }

    fn linked(&self, account: DiscoveredAccount, index: u32, claimed: &[Claimed<'_>]) -> DiscoveredAccount {
        let object = self.directory.object(index);
        let mut account = belonging_to(object, account);
        account.flags.set(Flag::Linked);
        if !self.may_share {
            self.note_seekers(&mut account, CollisionKind::LinkedToAnother, index, claimed);
        }
        if matches!(object.stands, Stands::OutOfScope | Stands::Deleted) {
            match object.fate {
                Fate::Left if is_active(&account) => account.flags.set(Flag::Orphaned),
                Fate::Asked if is_active(&account) => account.flags.set(Flag::Pending),
                Fate::Removed => account.flags.set(Flag::Pending),
                Fate::Left | Fate::Asked => {}
            }
        }
        account
    }

    /// Sorts an account that stands at a place among all.
    fn unlinked(
        &self,
        mut account: DiscoveredAccount,
        (at, listed): (usize, &[Listed]),
        claimed: &[Claimed<'_>],
        names: &[Arc<str>],
    ) -> DiscoveredAccount {
        let best = claimed.iter().filter_map(|claimed| Some((claimed, claimed.claim.best?)));
        let Some((claim, index)) = best.min_by_key(|(claimed, best)| (self.rank(*best), claimed.place)) else {
            account.category = Category::Local;
            if is_active(&account) {
                account.flags.set(Flag::Orphaned);
            }
            return account;
        };
        let object = self.directory.object(index);
        account = belonging_to(object, account);
        account.matched_by = Some(Arc::clone(&names[usize::from(claim.place)]));
        match object.stands {
            Stands::InScope => {}
            Stands::Uncertain => return account,
            Stands::OutOfScope | Stands::Deleted => {
                if is_active(&account) {
                    account.flags.set(Flag::Orphaned);
                }
                return account;
            }
        }
        let looks_again = self.looks_again(index);
        if let Some(target) = object.target.as_ref().filter(|_| !looks_again) {
            let gone = if self.gone[index as usize] { " (gone)" } else { "" };
            collide(&mut account, CollisionKind::LinkedElsewhere, vec![format!("{target}{gone}")], 1);
        } else if claim.holders.len() > 1 {
            let others = claim.holders.iter().map(|(_, other)| *other as usize).filter(|other| *other != at);
            let others = others.take(Collision::NAMED).map(|other| described(&listed[other].account)).collect();
            collide(&mut account, CollisionKind::SeveralAccounts, others, claim.holders.len() - 1);
        } else if object.fate == Fate::Asked {
            account.flags.set(Flag::Adoptable);
        }
        if !self.may_share {
            self.note_seekers(&mut account, CollisionKind::SeveralObjects, index, claimed);
        }
        account
    }

    /// Notes the other objects in scope that look for an account.
    fn note_seekers(&self, account: &mut DiscoveredAccount, kind: CollisionKind, owner: u32, claimed: &[Claimed<'_>]) {
        let count: u64 = claimed.iter().map(|claimed| claimed.claim.seeker_count).sum();
        let count = count - u64::from(is_seeker(self.directory.object(owner)));
        let seekers = claimed.iter().flat_map(|claimed| &claimed.claim.seekers).filter(|index| **index != owner);
        let others = seekers.take(Collision::NAMED).map(|index| self.directory.object(*index).owner.to_string());
        if count > 0 {
            collide(account, kind, others.collect(), usize::try_from(count).unwrap_or(usize::MAX));
        }
    }

    /// What is said of an object whose account isn't there any more.
    fn vanished(&self, object: &Object) -> Option<DiscoveredAccount> {
        let mut account = belonging_to(object, blank(object.target.clone()?, self.mapping.kind));
        account.name.clone_from(&object.owner.name);
        account.category = Category::Gone;
        Some(account)
    }
}

/// An account of which nothing is known yet.
pub(super) fn blank(id: TargetId, kind: ObjectKind) -> DiscoveredAccount {
    DiscoveredAccount {
        id,
        kind,
        name: "".into(),
        active: None,
        category: Category::Unsorted,
        flags: Flags::default(),
        owner: None,
        matched_by: None,
        reason: None,
        collisions: Vec::new(),
        drift: Vec::new(),
    }
}

fn belonging_to(object: &Object, account: DiscoveredAccount) -> DiscoveredAccount {
    let category = match object.stands {
        Stands::InScope => Category::Assigned,
        Stands::Uncertain => Category::Unsorted,
        Stands::OutOfScope => Category::Unassigned,
        Stands::Deleted => Category::Local,
    };
    DiscoveredAccount { category, owner: Some(Arc::clone(&object.owner)), reason: object.why.clone(), ..account }
}

/// Whether an object is in scope and has no account yet.
fn is_seeker(object: &Object) -> bool {
    object.stands == Stands::InScope && object.target.is_none()
}

/// Whether somebody can sign in with an account, as far as is known: one of which the target doesn't say counts as
/// active.
fn is_active(account: &DiscoveredAccount) -> bool {
    account.kind == ObjectKind::User && account.active != Some(false)
}

fn collide(account: &mut DiscoveredAccount, kind: CollisionKind, with: Vec<String>, count: usize) {
    account.flags.set(Flag::Colliding);
    let more = count.saturating_sub(with.len()) as u64;
    account.collisions.push(Collision { kind, with, more });
}

fn described(account: &DiscoveredAccount) -> String {
    format!("{} ({})", account.shown_name(), account.id)
}

/// Every value with the accounts that have it, sorted.
fn holders(listed: &[Listed]) -> Vec<(Fingerprint, u32)> {
    let of_one = |(at, listed): (usize, &Listed)| {
        let at = index_of(at);
        listed.keys.iter().map(move |(_, key)| (*key, at)).collect::<Vec<_>>()
    };
    let mut holders: Vec<_> = listed.iter().enumerate().flat_map(of_one).collect();
    holders.sort_unstable();
    holders
}

fn held_by(holders: &[(Fingerprint, u32)], key: Fingerprint) -> &[(Fingerprint, u32)] {
    let start = holders.partition_point(|(value, _)| *value < key);
    let length = holders[start..].partition_point(|(value, _)| *value == key);
    &holders[start..start + length]
}

/// Says of accounts without an export which of them share a name, letter case aside.
pub(super) fn note_same_names(accounts: &mut [DiscoveredAccount]) {
    let key = |account: &DiscoveredAccount| {
        let folded = matching::lower_case((&*account.name).into());
        (!folded.is_empty()).then(|| Fingerprint::of(20, folded.as_bytes()))
    };
    let mut holders: Vec<_> = (0..).zip(&*accounts).filter_map(|(at, account)| Some((key(account)?, at))).collect();
    holders.sort_unstable();
    for group in holders.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1) {
        // The first ones are named; each is left out where it is told of itself.
        let named: Vec<_> = group.iter().take(Collision::NAMED + 1).collect();
        let named: Vec<(u32, String)> =
            named.into_iter().map(|(_, at)| (*at, described(&accounts[*at as usize]))).collect();
        for (_, at) in group {
            let others = named.iter().filter(|(other, _)| other != at).take(Collision::NAMED);
            let others = others.map(|(_, text)| text.clone()).collect();
            collide(&mut accounts[*at as usize], CollisionKind::SameName, others, group.len() - 1);
        }
    }
}

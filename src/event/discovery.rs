//! What account discovery found at a target: plain data, for whoever shows it.

use std::fmt;
use std::sync::Arc;

use crate::base::{SourceId, TargetId, Timestamp};
use crate::plan::AttributeChange;
use crate::schema::ObjectKind;

/// The accounts of a target, sorted by whose they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Discovery {
    /// When the list was read.
    pub at: Timestamp,
    /// The target for people.
    pub target: String,
    /// What was listed: users, and groups where they are provisioned.
    pub kinds: Vec<ObjectKind>,
    /// Whether linked accounts were compared with what was exported.
    pub drift: DriftCheck,
    /// Counts over all accounts, whichever are shown.
    pub summary: Counts,
    /// Which accounts are shown; all of them where it is empty.
    pub shown: Vec<Mark>,
    /// The accounts: users before groups, by name.
    pub accounts: Vec<DiscoveredAccount>,
    /// What the reader should know, in sentences without a full stop.
    pub warnings: Vec<String>,
}

impl Discovery {
    /// Leaves only the accounts that have one of these marks; none of them leaves all.
    pub fn show_only(&mut self, marks: &[Mark]) {
        if !marks.is_empty() {
            self.accounts.retain(|account| marks.iter().any(|mark| account.has(*mark)));
        }
        marks.clone_into(&mut self.shown);
    }
}

/// Whether linked accounts were compared with what was exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DriftCheck {
    /// Nobody asked.
    NotAsked,
    /// They were.
    Compared,
    /// Nobody knows what was exported: no cycle has ended since the mapping is in force, or the next one compares
    /// everything anyway.
    Impossible,
}

impl DriftCheck {
    /// `notAsked`, `compared` or `impossible`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotAsked => "notAsked",
            Self::Compared => "compared",
            Self::Impossible => "impossible",
        }
    }
}

/// Whose an account is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    /// No object of the directory matches it.
    Local,
    /// Its object isn't in scope.
    Unassigned,
    /// Its object is in scope.
    Assigned,
    /// Nobody can tell: there is no export, or it lacks what a scoping filter needs.
    Unsorted,
    /// It was linked, and isn't there any more.
    Gone,
}

impl Category {
    /// Every category, in the order in which they are shown.
    pub const ALL: [Self; 5] = [Self::Local, Self::Unassigned, Self::Assigned, Self::Unsorted, Self::Gone];

    /// The word of the JSON output and of the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Unassigned => "unassigned",
            Self::Assigned => "assigned",
            Self::Unsorted => "unsorted",
            Self::Gone => "gone",
        }
    }
}

/// What is to be known of an account beside its category.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flag {
    /// It is linked to an object.
    Linked,
    /// It isn't linked yet, and the next look-up of its object links it.
    Adoptable,
    /// Several accounts, or several objects, claim each other.
    Colliding,
    /// It is active although its object is gone, out of scope or was never there, and the service leaves it alone.
    Orphaned,
    /// The list left it out; it is there all the same when it is asked for by its id.
    Unlisted,
    /// It isn't as it was exported.
    Drifted,
    /// It was deactivated behind the service's back.
    Deactivated,
    /// It was activated again behind the service's back.
    Reactivated,
    /// The next cycle changes it anyway, or tries to.
    Pending,
}

impl Flag {
    /// Every flag, in the order in which they are shown.
    pub const ALL: [Self; 9] = [
        Self::Linked,
        Self::Adoptable,
        Self::Colliding,
        Self::Orphaned,
        Self::Unlisted,
        Self::Drifted,
        Self::Deactivated,
        Self::Reactivated,
        Self::Pending,
    ];

    /// The word of the JSON output and of the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Linked => "linked",
            Self::Adoptable => "adoptable",
            Self::Colliding => "colliding",
            Self::Orphaned => "orphaned",
            Self::Unlisted => "unlisted",
            Self::Drifted => "drifted",
            Self::Deactivated => "deactivated",
            Self::Reactivated => "reactivated",
            Self::Pending => "pending",
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// A set of flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags(u16);

impl Flags {
    /// Puts a flag in.
    pub const fn set(&mut self, flag: Flag) {
        self.0 |= flag.bit();
    }

    /// Whether a flag is in it.
    pub const fn has(self, flag: Flag) -> bool {
        self.0 & flag.bit() != 0
    }

    /// The flags, in the order in which they are shown.
    pub fn iter(self) -> impl Iterator<Item = Flag> {
        Flag::ALL.into_iter().filter(move |flag| self.has(*flag))
    }
}

/// A category or a flag: what accounts are chosen by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Accounts of this category.
    Category(Category),
    /// Accounts with this flag.
    Flag(Flag),
}

impl Mark {
    /// Every mark, in the order in which they are shown.
    pub fn all() -> impl Iterator<Item = Self> {
        Category::ALL.into_iter().map(Self::Category).chain(Flag::ALL.into_iter().map(Self::Flag))
    }

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Category(category) => category.as_str(),
            Self::Flag(flag) => flag.as_str(),
        }
    }

    /// Reads the word back.
    pub fn parse(word: &str) -> Option<Self> {
        Self::all().find(|mark| mark.as_str() == word)
    }
}

/// The object that an account belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Its id.
    pub id: SourceId,
    /// User principal name or display name.
    pub name: Box<str>,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self.name == *self.id.to_string() {
            f.write_str(&self.name)
        } else {
            write!(f, "{} ({})", self.name, self.id)
        }
    }
}

/// One account, or one group, of the target.
#[derive(Debug, Clone, PartialEq)]
pub struct DiscoveredAccount {
    /// Its id at the target.
    pub id: TargetId,
    /// User or group.
    pub kind: ObjectKind,
    /// `userName` or `displayName`; of an account that is gone the name of its object.
    pub name: Box<str>,
    /// Whether it is active; `None` where the target doesn't say. Groups aren't.
    pub active: Option<bool>,
    /// Whose it is.
    pub category: Category,
    /// What else is to be known.
    pub flags: Flags,
    /// The object that it is linked to or matches.
    pub owner: Option<Arc<Owner>>,
    /// The target attribute by which it matches; `None` where it is linked, or nothing matches.
    pub matched_by: Option<Arc<str>>,
    /// What decided about its object, or why the service does nothing about it.
    pub reason: Option<Arc<str>>,
    /// Who else claims it, or is claimed.
    pub collisions: Vec<Collision>,
    /// Attributes that aren't as they were exported: `old` is what the account has, `new` what was exported.
    pub drift: Vec<AttributeChange>,
}

impl DiscoveredAccount {
    /// Whether it has a mark.
    pub fn has(&self, mark: Mark) -> bool {
        match mark {
            Mark::Category(category) => self.category == category,
            Mark::Flag(flag) => self.flags.has(flag),
        }
    }

    /// What people call it: its id where it has no name.
    pub fn shown_name(&self) -> &str {
        if self.name.is_empty() { self.id.as_str() } else { &self.name }
    }
}

/// How accounts and objects claim each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CollisionKind {
    /// Its object matches other accounts too: the service links none of them (`DuplicateTargetEntries`).
    SeveralAccounts,
    /// Other objects in scope match it too: the service links it to one (`DuplicateSourceEntries`).
    SeveralObjects,
    /// It is linked to one object, and another one in scope matches it (`DuplicateSourceEntries`).
    LinkedToAnother,
    /// The object that it matches is linked to another account.
    LinkedElsewhere,
    /// Other accounts have the same name; said where there is no export.
    SameName,
}

impl CollisionKind {
    /// A word for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SeveralAccounts => "severalAccounts",
            Self::SeveralObjects => "severalObjects",
            Self::LinkedToAnother => "linkedToAnother",
            Self::LinkedElsewhere => "linkedElsewhere",
            Self::SameName => "sameName",
        }
    }
}

/// One way in which an account collides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collision {
    /// How.
    pub kind: CollisionKind,
    /// Objects or accounts of the other side, each with its id; no more than [`Collision::NAMED`].
    pub with: Vec<String>,
    /// How many more there are.
    pub more: u64,
}

impl Collision {
    /// So many others are named.
    pub const NAMED: usize = 5;

    /// The others in a list.
    pub fn names(&self) -> String {
        let names = self.with.join(", ");
        if self.more == 0 { names } else { format!("{names} and {} more", self.more) }
    }
}

/// One sentence without a full stop.
impl fmt::Display for Collision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.names();
        match self.kind {
            CollisionKind::SeveralAccounts => {
                write!(f, "its object matches other accounts too, so none is linked: {names}")
            }
            CollisionKind::SeveralObjects => write!(f, "other objects match it too, only one gets it: {names}"),
            CollisionKind::LinkedToAnother => write!(f, "another object matches it and can't get it: {names}"),
            CollisionKind::LinkedElsewhere => write!(f, "its object is linked to another account: {names}"),
            CollisionKind::SameName => write!(f, "other accounts have the same name: {names}"),
        }
    }
}

/// How many accounts there are, in all and by mark.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// Users at the target.
    pub users: u64,
    /// Groups at the target.
    pub groups: u64,
    categories: [u64; Category::ALL.len()],
    flags: [u64; Flag::ALL.len()],
}

impl Counts {
    /// Counts accounts.
    pub fn of(accounts: &[DiscoveredAccount]) -> Self {
        let mut counts = Self::default();
        for account in accounts {
            counts.categories[account.category as usize] += 1;
            account.flags.iter().for_each(|flag| counts.flags[flag as usize] += 1);
            match account.kind {
                _ if account.category == Category::Gone => {}
                ObjectKind::User => counts.users += 1,
                ObjectKind::Group => counts.groups += 1,
            }
        }
        counts
    }

    /// How many have a mark.
    pub const fn count(&self, mark: Mark) -> u64 {
        match mark {
            Mark::Category(category) => self.categories[category as usize],
            Mark::Flag(flag) => self.flags[flag as usize],
        }
    }

    /// How many accounts of this category there are.
    pub const fn category(&self, category: Category) -> u64 {
        self.count(Mark::Category(category))
    }

    /// How many accounts have this flag.
    pub const fn flag(&self, flag: Flag) -> u64 {
        self.count(Mark::Flag(flag))
    }

    /// How many accounts and groups the target has.
    pub const fn total(&self) -> u64 {
        self.users + self.groups
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn marks_have_words_of_their_own_and_places_in_the_counts() {
        let words: BTreeSet<_> = Mark::all().map(Mark::as_str).collect();
        assert_eq!(words.len(), Mark::all().count());
        for mark in Mark::all() {
            assert_eq!(Mark::parse(mark.as_str()), Some(mark));
        }
        assert_eq!(Mark::parse("Local"), None);
        for (at, category) in Category::ALL.into_iter().enumerate() {
            assert_eq!(category as usize, at);
        }
        for (at, flag) in Flag::ALL.into_iter().enumerate() {
            assert_eq!(flag as usize, at);
        }
    }

    fn account(category: Category, flags: &[Flag]) -> DiscoveredAccount {
        let mut set = Flags::default();
        for flag in flags {
            set.set(*flag);
        }
        DiscoveredAccount {
            id: TargetId::new("7"),
            kind: ObjectKind::User,
            name: "ann".into(),
            active: Some(true),
            category,
            flags: set,
            owner: None,
            matched_by: None,
            reason: None,
            collisions: Vec::new(),
            drift: Vec::new(),
        }
    }

    #[test]
    fn the_counts_stay_whatever_is_shown() {
        let accounts = vec![
            account(Category::Local, &[Flag::Orphaned]),
            account(Category::Assigned, &[Flag::Linked, Flag::Drifted]),
            account(Category::Gone, &[]),
        ];
        let mut discovery = Discovery {
            at: Timestamp::UNIX_EPOCH,
            target: String::new(),
            kinds: vec![ObjectKind::User],
            drift: DriftCheck::NotAsked,
            summary: Counts::of(&accounts),
            shown: Vec::new(),
            accounts,
            warnings: Vec::new(),
        };
        discovery.show_only(&[]);
        assert_eq!(discovery.accounts.len(), 3);
        discovery.show_only(&[Mark::Category(Category::Gone), Mark::Flag(Flag::Orphaned)]);
        let left: Vec<_> = discovery.accounts.iter().map(|account| account.category).collect();
        assert_eq!(left, [Category::Local, Category::Gone]);
        let counts = &discovery.summary;
        assert_eq!((counts.total(), counts.category(Category::Assigned), counts.flag(Flag::Linked)), (2, 1, 1));
    }

    #[test]
    fn collisions_name_some_of_the_others() {
        let collision =
            Collision { kind: CollisionKind::SameName, with: vec!["a (1)".into(), "b (2)".into()], more: 3 };
        assert_eq!(collision.to_string(), "other accounts have the same name: a (1), b (2) and 3 more");
    }
}

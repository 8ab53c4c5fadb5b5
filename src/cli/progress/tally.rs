//! How far a cycle is: counts as they come, and when they are worth a line.

use crate::engine::LinkChange;
use crate::event::ObjectRecord;
use crate::schema::ObjectKind;
use crate::store::Progress;

/// What a cycle is busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Users,
    Groups,
    /// Managers and members.
    References,
}

impl Phase {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Groups => "groups",
            Self::References => "references",
        }
    }

    fn of(record: &ObjectRecord) -> Self {
        match (record.reason.is_reference(), record.kind) {
            (true, _) => Self::References,
            (false, ObjectKind::User) => Self::Users,
            (false, ObjectKind::Group) => Self::Groups,
        }
    }
}

/// Counts of a cycle under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tally {
    pub(super) due: u64,
    pub(super) users: u64,
    pub(super) groups: u64,
    /// Linked users and groups, now.
    pub(super) linked: [u64; 2],
    pub(super) phase: Option<Phase>,
    /// Percentage of the last line.
    told: Option<u64>,
}

impl Tally {
    /// Begins to work on so many objects, with so many users and groups linked.
    pub(super) fn of(due: u64, linked: [u64; 2]) -> Self {
        Self { due, linked, ..Self::default() }
    }

    /// Objects that are done. References come on top of them.
    pub(super) fn done(&self) -> u64 {
        self.users + self.groups
    }

    /// The share that is done, rounded down: 100 is all.
    pub(super) fn percent(&self) -> u64 {
        Progress { done: self.done(), due: self.due }.percent()
    }

    /// Notes what became of the link of a user or a group.
    pub(super) fn link(&mut self, kind: ObjectKind, change: LinkChange) {
        let linked = &mut self.linked[usize::from(kind == ObjectKind::Group)];
        *linked = match change {
            LinkChange::None => *linked,
            LinkChange::Made => *linked + 1,
            LinkChange::Gone => linked.saturating_sub(1),
        };
    }

    /// Counts a record; says whether a phase or a whole percent has begun with it.
    pub(super) fn add(&mut self, record: &ObjectRecord) -> bool {
        let phase = Phase::of(record);
        match phase {
            Phase::Users => self.users += 1,
            Phase::Groups => self.groups += 1,
            Phase::References => {}
        }
        let (before, now) = ((self.phase, self.told), (Some(phase), Some(self.percent())));
        (self.phase, self.told) = now;
        before != now
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::base::SourceId;
    use crate::event::ChangeId;
    use crate::plan::{ActionKind, Reason, Reference};

    fn record(kind: ObjectKind, action: ActionKind, reason: Reason) -> ObjectRecord {
        ObjectRecord {
            change: ChangeId(uuid::Uuid::nil()),
            at: "2026-03-01T10:00:00Z".parse().unwrap(),
            source_id: SourceId::parse("ann").unwrap(),
            name: "ann".to_owned(),
            kind,
            action,
            reason,
            target_id: None,
            changes: Vec::new(),
            error: None,
            duration: Duration::ZERO,
        }
    }

    #[test]
    fn a_line_for_each_percent_and_each_phase() {
        let mut tally = Tally::of(1_000, [5, 0]);
        let user = record(ObjectKind::User, ActionKind::Create, Reason::NoMatch);
        let group = record(ObjectKind::Group, ActionKind::None, Reason::Matched);
        let manager = Reason::ReferenceSet(Reference::Manager("bob".into()));
        let reference = record(ObjectKind::User, ActionKind::Update, manager);
        let mut lines = Vec::new();
        for (count, record) in [(990, &user), (10, &group), (500, &reference)] {
            for _ in 0..count {
                if tally.add(record) {
                    lines.push((tally.phase.unwrap().as_str(), tally.percent()));
                }
            }
        }
        let users = (0..=99).map(|percent| ("users", percent));
        let expected: Vec<_> = users.chain([("groups", 99), ("groups", 100), ("references", 100)]).collect();
        assert_eq!(lines, expected);
        assert_eq!((tally.users, tally.groups, tally.done()), (990, 10, 1_000));
    }

    #[test]
    fn odd_counts() {
        let gone = record(ObjectKind::User, ActionKind::Delete, Reason::HardDeleted);
        let mut tally = Tally::of(0, [0, 1]);
        assert_eq!(tally.percent(), 100, "nothing is all");
        tally.add(&gone);
        tally.link(ObjectKind::User, LinkChange::Gone);
        assert_eq!((tally.percent(), tally.linked), (100, [0, 1]), "more than was due, and than was there");
        tally.link(ObjectKind::Group, LinkChange::Made);
        tally.link(ObjectKind::Group, LinkChange::None);
        assert_eq!(tally.linked, [0, 2]);
    }
}

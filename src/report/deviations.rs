//! Where a target isn't as it was sent, gathered over a cycle: what happens to each account is told once.

use std::collections::HashSet;
use std::fmt::Write as _;

use super::count;
use super::style::heading;
use crate::base::SourceId;
use crate::plan::verify::{Deviation, DeviationKind};

/// So many objects are named.
const NAMED: usize = 3;

/// What was found in a cycle, by attribute and kind, in the order in which it came up.
#[derive(Debug, Default)]
pub struct Deviations {
    found: Vec<Found>,
}

#[derive(Debug)]
struct Found {
    attribute: String,
    kind: DeviationKind,
    /// A user comes up in the stage of users and again in that of references.
    objects: HashSet<SourceId>,
    names: Vec<String>,
}

impl Deviations {
    /// Takes one up; says whether it is the first of its attribute and kind.
    pub fn add(&mut self, id: &SourceId, name: &str, deviation: &Deviation) -> bool {
        let Deviation { attribute, kind, .. } = deviation;
        let known = self.found.iter_mut().find(|found| found.kind == *kind && found.attribute == *attribute);
        if let Some(found) = known {
            if found.objects.insert(id.clone()) && found.names.len() < NAMED {
                found.names.push(name.to_owned());
            }
            return false;
        }
        let (objects, names) = (HashSet::from([id.clone()]), vec![name.to_owned()]);
        self.found.push(Found { attribute: attribute.clone(), kind: *kind, objects, names });
        true
    }

    /// The lines below a verified cycle that wrote so much, with so many deviations.
    pub fn summary(&self, written: u64, total: u64) -> String {
        let title = heading("Verification:");
        if written + total == 0 {
            return format!("{title} no write was answered with success, so there is nothing to compare.");
        }
        if total == 0 {
            return format!("{title} everything is as it was sent.");
        }
        let mut text = format!("{title} {} from what was sent.", count(total, "deviation"));
        for found in &self.found {
            let what = match found.kind {
                DeviationKind::Dropped => format!("{} isn't stored", found.attribute),
                DeviationKind::Changed => format!("{} has another value", found.attribute),
                DeviationKind::CaseChanged => format!("{} has another letter case", found.attribute),
                DeviationKind::StoredLiterally => format!("{} is stored under its path as a name", found.attribute),
                DeviationKind::StringForBoolean => format!("{} is a text, not a boolean", found.attribute),
                DeviationKind::NoOp => format!("a PATCH of {} changes nothing", found.attribute),
                DeviationKind::MemberMissing => "members are missing".to_owned(),
                DeviationKind::MemberStays => "removed members stay".to_owned(),
                DeviationKind::MemberRepeated => "members are listed more than once".to_owned(),
                DeviationKind::GroupEmptied => "no members are left after some were removed".to_owned(),
                DeviationKind::StillThere => "still there after the DELETE".to_owned(),
                DeviationKind::Unreadable => "can't be read back".to_owned(),
            };
            let names = found.names.join(", ");
            let more = match found.objects.len() - found.names.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let objects = count(found.objects.len() as u64, "object");
            let _infallible = write!(text, "\n  {what}: {objects} ({names}{more})");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_told_once() {
        let mut deviations = Deviations::default();
        let of = |attribute: &str, kind| Deviation { attribute: attribute.to_owned(), sent: None, found: None, kind };
        for (number, name, deviation, is_first) in [
            (1, "ann", of("title", DeviationKind::Dropped), true),
            (1, "ann", of("active", DeviationKind::StringForBoolean), true),
            (2, "bob", of("title", DeviationKind::Dropped), false),
            (2, "bob", of("title", DeviationKind::Changed), true),
            (2, "bob", of("userName", DeviationKind::CaseChanged), true),
            (3, "eve", of("title", DeviationKind::Dropped), false),
            (4, "dan", of("title", DeviationKind::Dropped), false),
            (2, "bob", of("title", DeviationKind::Dropped), false),
            (5, "Design", of("members", DeviationKind::MemberMissing), true),
            (5, "Design", of("members", DeviationKind::MemberMissing), false),
            (6, "Design", of("members", DeviationKind::MemberMissing), false),
            (5, "Design", of("members", DeviationKind::MemberMissing), false),
        ] {
            let id = SourceId::parse(&format!("0b4d5a6e-0001-4000-8000-{number:012}")).expect("a GUID");
            assert_eq!(deviations.add(&id, name, &deviation), is_first, "{name} {deviation:?}");
        }
        let summary = |deviations: &Deviations, written, total| {
            let text = deviations.summary(written, total);
            text.split_once(' ').expect("a blank after the title").1.to_owned()
        };
        assert_eq!(
            summary(&deviations, 6, 12),
            "12 deviations from what was sent.\n  \
             title isn't stored: 4 objects (ann, bob, eve and 1 more)\n  \
             active is a text, not a boolean: 1 object (ann)\n  \
             title has another value: 1 object (bob)\n  \
             userName has another letter case: 1 object (bob)\n  \
             members are missing: 2 objects (Design, Design)"
        );
        assert_eq!(summary(&Deviations::default(), 1, 0), "everything is as it was sent.");
        assert_eq!(
            summary(&Deviations::default(), 0, 0),
            "no write was answered with success, so there is nothing to compare."
        );
    }
}

//! Where a target isn't as it was sent, gathered over a cycle: what happens to each account is told once.

use std::fmt::Write as _;

use super::count;
use super::style::heading;
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
    objects: u64,
    /// The object that came last; its deviations come in a row.
    last: String,
    names: Vec<String>,
}

impl Deviations {
    /// Takes one up; says whether it is the first of its attribute and kind.
    pub fn add(&mut self, name: &str, deviation: &Deviation) -> bool {
        let Deviation { attribute, kind, .. } = deviation;
        let known = self.found.iter_mut().find(|found| found.kind == *kind && found.attribute == *attribute);
        if let Some(found) = known {
            if found.last != name {
                found.objects += 1;
                name.clone_into(&mut found.last);
                if found.names.len() < NAMED {
                    found.names.push(name.to_owned());
                }
            }
            return false;
        }
        let (attribute, last) = (attribute.clone(), name.to_owned());
        self.found.push(Found { attribute, kind: *kind, objects: 1, names: vec![last.clone()], last });
        true
    }

    /// The lines below a verified cycle that wrote so much, with so many deviations.
    pub fn summary(&self, written: u64, total: u64) -> String {
        let title = heading("Verification:");
        if written + total == 0 {
            return format!("{title} nothing was written.");
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
                DeviationKind::GroupEmptied => "removing a member empties the group".to_owned(),
                DeviationKind::StillThere => "still there after the DELETE".to_owned(),
                DeviationKind::Unreadable => "can't be read back".to_owned(),
            };
            let names = found.names.join(", ");
            let more = match found.objects.saturating_sub(found.names.len() as u64) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let objects = count(found.objects, "object");
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
        for (name, deviation, is_first) in [
            ("ann", of("title", DeviationKind::Dropped), true),
            ("ann", of("active", DeviationKind::StringForBoolean), true),
            ("bob", of("title", DeviationKind::Dropped), false),
            ("bob", of("title", DeviationKind::Changed), true),
            ("bob", of("userName", DeviationKind::CaseChanged), true),
            ("eve", of("title", DeviationKind::Dropped), false),
            ("dan", of("title", DeviationKind::Dropped), false),
            ("Design", of("members", DeviationKind::MemberMissing), true),
            ("Design", of("members", DeviationKind::MemberMissing), false),
        ] {
            assert_eq!(deviations.add(name, &deviation), is_first, "{name} {deviation:?}");
        }
        let summary = |deviations: &Deviations, written, total| {
            let text = deviations.summary(written, total);
            text.split_once(' ').expect("a blank after the title").1.to_owned()
        };
        assert_eq!(
            summary(&deviations, 5, 9),
            "9 deviations from what was sent.\n  \
             title isn't stored: 4 objects (ann, bob, eve and 1 more)\n  \
             active is a text, not a boolean: 1 object (ann)\n  \
             title has another value: 1 object (bob)\n  \
             userName has another letter case: 1 object (bob)\n  \
             members are missing: 1 object (Design)"
        );
        assert_eq!(summary(&Deviations::default(), 1, 0), "everything is as it was sent.");
        assert_eq!(summary(&Deviations::default(), 0, 0), "nothing was written.");
    }
}

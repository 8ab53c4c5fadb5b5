//! Source objects that share a matching value.

use std::ops::ControlFlow;

use rustc_hash::{FxHashMap, FxHashSet};

use super::index::{Index, Sharer};
use super::{EngineError, Evaluator};
use crate::base::SourceId;
use crate::config::Duplicates;
use crate::directory::User;
use crate::schema::ObjectKind;

impl Evaluator<'_> {
    /// Objects that share a matching value: the one that is linked stays, else the first by id; the
    /// others are named together.
    pub(super) fn find_duplicates(&self, index: &mut Index, mut values: Vec<(u64, u32)>) -> Result<(), EngineError> {
        values.sort_unstable();
        let suspects: FxHashSet<u32> =
            values.chunk_by(|a, b| a.0 == b.0).filter(|group| group.len() > 1).flatten().map(|(_, row)| *row).collect();
        drop(values);
        if suspects.is_empty() {
            return Ok(());
        }
        let mut groups: FxHashMap<(usize, u64), Vec<Sharer>> = FxHashMap::default();
        let mut row = 0_u32;
        self.each(&mut |user| {
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
        let linked = |id: &SourceId| self.prior?.view(id).filter(|prior| prior.target().is_some());
        let is_linked = |sharer: &Sharer| linked(&sharer.0).is_some();
        for mut group in groups.into_values().filter(|group| group.len() > 1) {
            if self.policy.duplicates == Duplicates::Link && self.mapping.kind == ObjectKind::User {
                group.sort_by(|a, b| is_linked(b).cmp(&is_linked(a)).then_with(|| a.cmp(b)));
                index.share(&group);
                continue;
            }
            // Who has the account keeps it, before those who are only now to get that value; apart from that the order
            // of the ids decides.
            let comes_late = |(id, _, due): &Sharer| linked(id).map(|prior| *due || self.own_failure(prior).is_some());
            let rank = |sharer: &Sharer| comes_late(sharer).map_or(2, u8::from);
            group.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.cmp(b)));
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

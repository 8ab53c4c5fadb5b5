//! Sorted pages of resources, without all of them in memory.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::query::Sort;
use crate::scim::{Resource, ResourceSchema, SortKey};

/// Where a resource stands in the order that is asked for.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Ascending(SortKey),
    Descending(Reverse<SortKey>),
}

/// The first resources of a sorted list: never more than the pages up to the one that is asked for, and of each only its
/// id and what it is sorted by. Resources of the same rank stay in the order in which they are stored.
pub(super) struct Sorted<'q> {
    sort: &'q Sort,
    limit: usize,
    seen: u64,
    first: BinaryHeap<(Rank, u64, usize, String)>,
}

impl<'q> Sorted<'q> {
    pub(super) fn new(sort: &'q Sort, limit: usize) -> Self {
        Self { sort, limit, seen: 0, first: BinaryHeap::new() }
    }

    /// Takes a resource of the collection of this number.
    pub(super) fn add(&mut self, collection: usize, schema: &ResourceSchema, resource: &Resource) {
        let place = self.seen;
        self.seen += 1;
        if self.limit == 0 {
            return;
        }
        let key = self.sort.by.key(resource, schema);
        let rank = if self.sort.descending { Rank::Descending(Reverse(key)) } else { Rank::Ascending(key) };
        if self.first.len() == self.limit {
            // what comes later in the order of storage comes later among equals
            if self.first.peek().is_some_and(|(last, ..)| *last <= rank) {
                return;
            }
            self.first.pop();
        }
        self.first.push((rank, place, collection, resource.id().unwrap_or_default()));
    }

    /// The numbers of collections and the ids, in order.
    pub(super) fn finish(self) -> impl Iterator<Item = (usize, String)> {
        self.first.into_sorted_vec().into_iter().map(|(_, _, collection, id)| (collection, id))
    }
}

//! What `bar.html` and `legend.html` are given: how many there are of each kind, as one bar and in words.

use serde::Serialize;

use super::LONGEST;
use crate::base::grouped;

/// A bar that is cut into kinds.
#[derive(Serialize)]
pub(in crate::report) struct Bar {
    title: &'static str,
    slices: Vec<Slice>,
}

#[derive(Serialize)]
struct Slice {
    key: Key,
    at: f64,
    width: f64,
}

/// One kind in a legend.
#[derive(Serialize)]
pub(in crate::report) struct Key {
    class: &'static str,
    /// Colours alone don't tell it from its neighbours.
    has_pattern: bool,
    word: &'static str,
    /// What the word means; empty where it says so itself.
    meaning: &'static str,
    count: String,
    #[serde(skip)]
    number: u64,
}

impl Key {
    /// So many of a kind, by its class in the style sheet and its word.
    pub(in crate::report) fn new((class, word): (&'static str, &'static str), number: u64, has_pattern: bool) -> Self {
        Self { class, has_pattern, word, meaning: "", count: grouped(number), number }
    }

    /// Says what the word means.
    pub(in crate::report) const fn meaning(mut self, meaning: &'static str) -> Self {
        self.meaning = meaning;
        self
    }
}

impl Bar {
    /// A bar of what there is at all.
    #[expect(clippy::cast_precision_loss, reason = "it is drawn, not counted")]
    pub(in crate::report) fn new(title: &'static str, keys: impl IntoIterator<Item = Key>) -> Self {
        let keys: Vec<_> = keys.into_iter().filter(|key| key.number > 0).collect();
        let all = keys.iter().map(|key| key.number).sum::<u64>().max(1) as f64;
        let mut at = 0.0;
        let slice = |key: Key| {
            let width = key.number as f64 * LONGEST / all;
            at += width;
            Slice { key, at: at - width, width }
        };
        Self { title, slices: keys.into_iter().map(slice).collect() }
    }
}

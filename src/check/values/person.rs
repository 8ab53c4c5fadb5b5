//! Somebody who doesn't exist.

/// Given names, in several scripts' transliterations that every endpoint can store.
const GIVEN: [&str; 12] =
    ["Ada", "Grace", "Alan", "Barbara", "Edsger", "Frances", "Donald", "Radia", "Niklaus", "Hedy", "John", "Karen"];
/// Family names.
const FAMILY: [&str; 11] =
    ["Lovelace", "Hopper", "Turing", "Liskov", "Dijkstra", "Allen", "Knuth", "Perlman", "Wirth", "Lamarr", "Backus"];

/// Somebody who doesn't exist.
#[derive(Debug, Clone)]
pub(in crate::check) struct Person {
    /// Begins everything that has to be unique.
    pub(in crate::check) prefix: String,
    /// Tells people of one run apart.
    pub(in crate::check) number: u32,
}

impl Person {
    pub(in crate::check) fn new(prefix: &str, number: u32) -> Self {
        Self { prefix: prefix.to_owned(), number }
    }

    /// What is unique about them: `scimulate-1f3a9c-7`.
    pub(in crate::check) fn unique(&self) -> String {
        format!("{}-{}", self.prefix, self.number)
    }

    /// Given name; another one in each round.
    pub(super) fn given(&self, round: u32) -> &'static str {
        pick(&GIVEN, self.number + round)
    }

    /// Family name; another one in each round.
    pub(super) fn family(&self, round: u32) -> &'static str {
        pick(&FAMILY, self.number + round)
    }
}

/// One of several, in turn.
pub(super) fn pick<T: Copy>(of: &[T], number: u32) -> T {
    of[number as usize % of.len()]
}

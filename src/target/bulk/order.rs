//! In which order operations are done.

use std::collections::BTreeSet;

/// An operation to be done, and what it can't refer to yet.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// Its place in the request.
    pub(super) operation: usize,
    /// Operations whose resources it refers to and that are done later, because they refer to it in turn.
    pub(super) detached: Vec<usize>,
}

/// Orders operations, each given by those that it has to come after: as they come, but one that comes too early as soon as
/// it can. In a circle one has to be done without what it refers to.
pub(super) fn order(references: &[Vec<usize>]) -> Vec<Step> {
    let mut ordering = Ordering::new(references);
    for operation in 0..references.len() {
        ordering.reach(operation);
    }
    for operation in 0..references.len() {
        ordering.visit(operation);
    }
    ordering.steps
}

struct Ordering<'r> {
    references: &'r [Vec<usize>],
    /// For each operation those that come after it.
    waiting: Vec<Vec<usize>>,
    /// How many operations each still waits for.
    missing: Vec<usize>,
    states: Vec<State>,
    steps: Vec<Step>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    /// It waits for what it refers to.
    Open,
    Done,
}

impl<'r> Ordering<'r> {
    fn new(references: &'r [Vec<usize>]) -> Self {
        let mut waiting = vec![Vec::new(); references.len()];
        for (operation, others) in references.iter().enumerate() {
            for &other in others {
                waiting[other].push(operation);
            }
        }
        let missing = references.iter().map(Vec::len).collect();
        Self { references, waiting, missing, states: vec![State::New; references.len()], steps: Vec::new() }
    }

    /// It is an operation's turn; with it come those before it that waited for it alone.
    fn reach(&mut self, operation: usize) {
        let mut ready: BTreeSet<_> = (self.missing[operation] == 0).then_some(operation).into_iter().collect();
        while let Some(next) = ready.pop_first() {
            self.finish(next, Vec::new());
            for &waiting in &self.waiting[next] {
                self.missing[waiting] -= 1;
                if self.missing[waiting] == 0 && waiting < operation {
                    ready.insert(waiting);
                }
            }
        }
    }

    /// Does what is left, which circles hold up. As deep as there are operations at most, which are limited.
    fn visit(&mut self, operation: usize) {
        if self.states[operation] != State::New {
            return;
        }
        self.states[operation] = State::Open;
        let mut detached = Vec::new();
        for &other in &self.references[operation] {
            self.visit(other);
            if self.states[other] == State::Open {
                detached.push(other);
            }
        }
        self.finish(operation, detached);
    }

    fn finish(&mut self, operation: usize, detached: Vec<usize>) {
        self.states[operation] = State::Done;
        self.steps.push(Step { operation, detached });
    }
}

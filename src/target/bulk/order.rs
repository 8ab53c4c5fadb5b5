//! In which order operations are done.

/// An operation to be done, and what it can't refer to yet.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// Its place in the request.
    pub(super) operation: usize,
    /// Operations whose resources it refers to and that are done later, because they refer to it in turn.
    pub(super) detached: Vec<usize>,
}

/// Orders operations, each given by those that it refers to: as they come, but after what they refer to. In a circle of
/// references one has to wait.
pub(super) fn order(references: &[Vec<usize>]) -> Vec<Step> {
    let mut ordering = Ordering { references, states: vec![State::New; references.len()], steps: Vec::new() };
    for operation in 0..references.len() {
        ordering.visit(operation);
    }
    ordering.steps
}

struct Ordering<'r> {
    references: &'r [Vec<usize>],
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

impl Ordering<'_> {
    /// As deep as there are operations at most, which are limited.
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
        self.states[operation] = State::Done;
        self.steps.push(Step { operation, detached });
    }
}
